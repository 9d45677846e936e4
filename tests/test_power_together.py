"""`evalkit power` and `plan --earlier`: how often all rules of a gate pass together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.joint_power import JointRule, JointTrials, WantedFloor
from evalkit.stats.planned_limits import StoredAmounts, WantedLimit
from evalkit.stats.resampling import StoredPair
from evalkit.stats.sample_size import WantedPower, fewest_items, share_of
from evalkit.stats.verdict import Verdict
from tests.test_power_rules import run_of
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


def rules_of(*, long_is_good: bool, n: int = 200) -> list[JointRule]:
    """Where long answers are the good ones, an unlucky draw of easy items is cheap as well."""
    rng = np.random.default_rng(8)
    length = rng.lognormal(0, 0.7, n)
    base = (rng.random(n) < 0.6).astype(float)
    turned = np.argsort(-length)[:30] if long_is_good else rng.permutation(n)[:30]
    cand = base.copy()
    cand[turned] = 1 - cand[turned]
    usd = (length * 0.8 * rng.lognormal(0, 0.3, n), length)
    return [
        JointRule("quality", StoredPair(base[:, None], cand[:, None]), WantedPower(0.06), difference=0.0),
        JointRule("cost", StoredAmounts(usd[0][:, None], usd[1][:, None]), WantedLimit(0.9, supposed=0.8)),
        JointRule("floor", StoredPair(cand[:, None], cand[:, None]), WantedFloor(0.4)),
    ]


def test_what_is_promised_of_all_rules_together_is_kept() -> None:
    rules = rules_of(long_is_good=True)
    trials = JointTrials.of(rules, 1)
    assert trials is not None
    mix = fewest_items(trials, None, WantedPower(0.06), 1, draws=150)
    assert mix is not None
    *each, all_pass = trials.shares(mix.items, 200, seed=4)
    assert all_pass <= min(each) and all_pass == pytest.approx(0.8, abs=0.14)
    assert all_pass == pytest.approx(share_of(trials, mix.items, 200, 9, Verdict.PASS), abs=0.14)


def test_every_supposition_is_true_of_the_runs_that_are_drawn() -> None:
    """A difference of 0 by the weights of the items, and then the ratio of bills of items that are weighed so."""
    trials = JointTrials.of(rules_of(long_is_good=True), 1)
    assert trials is not None
    chosen, *_ = trials._draw(np.random.default_rng(1), 60_000)
    scores, bills = trials.rules[0].stored, trials.rules[1].stored
    assert scores.baseline is not None and bills.baseline is not None
    assert float((scores.candidate - scores.baseline)[chosen].mean()) == pytest.approx(0, abs=0.006)
    assert float(bills.candidate[chosen].mean() / bills.baseline[chosen].mean()) == pytest.approx(0.8, abs=0.01)


def test_rules_of_which_one_cannot_pass_say_so() -> None:
    rules = rules_of(long_is_good=False)
    dear = JointRule("cost", rules[1].stored, WantedLimit(0.7, supposed=0.8))
    assert dear.beyond_limit
    assert JointTrials.of([rules[0], dear], 1) is None
    with pytest.raises(ValueError, match="fewer than 2 answers"):
        JointTrials.of(rules, 2)


TWO = ("--rule", "{quality: all, margin: 0.15}", "--rule", "{cost: usd_per_sample, max_ratio: 0.9}")


def test_the_command_says_how_often_all_rules_pass(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path)
    asked = ("power", folder.name, "--results", tmp_path, "--baseline", "base", "--candidate", "cand", "--draws", 40)
    ran = evalkit(capsys, *asked, *TWO, "--rule", "{rate: refused, max_rate: 0.2}", "--json")
    assert ran.code == 0, ran.err
    found = ran.json["all_rules"]
    assert list(found["each_passes"]) == [
        "quality of all tasks (margin 0.15)",
        "cost of a sample (max ratio 0.9)",
        "rate of refused answers (max rate 0.2)",
    ]
    assert found["mix"]["passes"] == pytest.approx(0.8, abs=0.1)
    assert found["mix"]["items"] >= 0.9 * ran.json["mixes"][0]["items"]
    words = " ".join(evalkit(capsys, *asked, *TWO, "--rule", "{latency: total_p50, max_ratio: 0.1}").out.split())
    assert "All rules together cannot be planned: of p50 of total time (max ratio 0.1) the earlier run's" in words
    alone = evalkit(capsys, *asked, *TWO[:2])
    assert "together" not in alone.out


def test_plan_says_it_of_the_gate_s_required_rules(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_of(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "x", "a": "y"}\n')
    replies = "{adapter: scripted, replies: {'*': y}}"
    (tmp_path / "s.yaml").write_text(
        f"name: s\nmodels:\n  base: {replies}\n  cand: {replies}\n"
        "tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: '{{ a }}', score: exact}\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.25}, {quality: all, min: 0.05}, "
        "{cost: usd_per_sample, max_ratio: 0.8}, {rate: errored, max_rate: 0.1}]}\n"
    )
    ran = evalkit(capsys, "plan", "s.yaml", "--earlier", folder.name, "--results", tmp_path, "--json")
    assert ran.code == 0, ran.err
    found = ran.json["all_rules"]
    assert [words.split(" (")[0] for words in found["each_passes"]] == [
        "quality of all tasks",
        "quality of all tasks",
        "cost of a sample",
    ]
    assert found["left_out"] == ["rate of failed answers (max rate 0.1)"]
