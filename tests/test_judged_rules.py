"""A judged rule: it says that it rests on the judge, or is put right by people's labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evalkit.decide.gate import decide_gate, gate_of
from evalkit.results import read_facts
from evalkit.stats import judged as judged_test
from evalkit.stats.judged import FEWEST, JudgedPairs, enough_labels
from evalkit.stats.verdict import Verdict
from evalkit.store import judge_files, runs
from tests.gate_world import gate, one, stored
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
decided = judged_test.test_judged


def pairs(n: int, labelled: int, seed: int = 0, delta: float = 0.0, lean: float = 0.0) -> JudgedPairs:
    """A judge that errs on one answer in twenty, and calls some wrong answers of the candidate right."""
    rng = np.random.default_rng(seed)
    base = rng.random(n) < 0.7
    cand = np.where(base, rng.random(n) >= (0.1 - delta) / 2 / 0.7, rng.random(n) < (0.1 + delta) / 2 / 0.3)
    seen_b, seen_c = base ^ (rng.random(n) < 0.05), cand ^ (rng.random(n) < 0.05)
    seen_c |= ~cand & (rng.random(n) < lean)
    labels = cand.astype(float) - base
    labels[labelled:] = np.nan
    return JudgedPairs(seen_c.astype(float) - seen_b, labels, np.zeros(n, dtype=np.intp), np.arange(n))


def test_a_judge_that_prefers_the_candidate_is_put_right() -> None:
    found = decided(pairs(4_000, 1_000, delta=-0.1, lean=0.5), 0.05)
    assert found.judged > 0
    assert found.bias == pytest.approx(found.judged - found.decision.delta, abs=0.05)
    assert found.decision.delta == pytest.approx(-0.1, abs=0.03)
    assert found.decision.verdict is Verdict.FAIL


def test_a_good_judge_makes_few_labels_tell_more() -> None:
    rng = np.random.default_rng(3)
    labels = rng.choice([-1.0, 0.0, 1.0], 2_000, p=[0.15, 0.7, 0.15])
    seen, some = labels.copy(), labels.copy()
    some[150:] = np.nan
    group, stratum = np.arange(2_000), np.zeros(2_000, dtype=np.intp)
    good = decided(JudgedPairs(seen, some, stratum, group), 0.05).decision.interval
    silent = decided(JudgedPairs(rng.permutation(seen), some, stratum, group), 0.05).decision.interval
    assert good is not None
    assert silent is not None
    assert good.high - good.low < 0.5 * (silent.high - silent.low)


@pytest.mark.parametrize("lean", [0.0, 0.4])
def test_a_loss_on_the_margin_passes_rarely(lean: float) -> None:
    passed = sum(
        decided(pairs(600, 100, seed, -0.05, lean), 0.05).decision.verdict is Verdict.PASS for seed in range(120)
    )
    assert passed / 120 <= 0.11  # .05 and three standard errors


def test_the_interval_says_what_the_verdict_says() -> None:
    for delta in (-0.2, -0.05, 0.0, 0.1):
        found = decided(pairs(1_500, 400, 5, delta), 0.05).decision
        assert found.interval is not None
        assert (found.interval.low > -0.05) == (found.verdict is Verdict.PASS)
        assert (found.interval.high < -0.05) == (found.verdict is Verdict.FAIL)


def test_errored_pairs_are_lost_for_passing_and_won_for_failing() -> None:
    whole = pairs(1_000, 400, 7, 0.02)
    lost = JudgedPairs(whole.judged, whole.labels, whole.strata, whole.groups, n_errored=80)
    first, second = decided(whole, 0.05).decision.interval, decided(lost, 0.05).decision.interval
    assert first is not None
    assert second is not None
    assert second.low < first.low
    assert second.high > first.high


def test_few_labels_or_a_task_without_any_correct_nothing() -> None:
    assert not enough_labels(pairs(500, FEWEST - 1))
    some = pairs(500, 100)
    apart = JudgedPairs(some.judged, some.labels, (np.arange(500) >= 250).astype(np.intp), some.groups)
    assert not enough_labels(apart)
    with pytest.raises(ValueError, match="30 labelled groups"):
        decided(apart, 0.05)
    alike = JudgedPairs(some.judged, some.labels, some.strata, np.arange(500) // 10)
    assert not enough_labels(alike)  # ten labelled conversations, whatever the number of turns


JudgedRun = Callable[..., Path]


@pytest.fixture
def judged_run(tmp_path: Path) -> JudgedRun:
    def make(labelled: int, **rule: object) -> Path:
        known = pairs(300, 300, 11)
        rng = np.random.default_rng(1)
        base = np.where(known.labels < 0, 1.0, np.where(known.labels > 0, 0.0, (rng.random(300) < 0.7).astype(float)))
        cand = base + known.labels
        seen = {"base": np.where(rng.random(300) < 0.05, 1 - base, base), "cand": np.ones(300)}
        section = gate({"quality": "t", "margin": 0.1, **rule})
        folder = stored(tmp_path, {m: v.tolist() for m, v in seen.items()}, section)
        inner = judge_files.open_judging(folder, {"tasks": {"t": {"n": 300, "identity": {"judges": ["j"]}}}})
        runs.update_facts(inner, status="complete")
        truth = {"base": base, "cand": cand}
        judge_files.write_labels(
            inner, [(one(n, m, 1.0).key, float(truth[m][n])) for m in truth for n in range(labelled)]
        )
        return folder

    return make


def test_without_labels_a_judged_rule_says_that_it_rests_on_the_judge(
    judged_run: JudgedRun, tmp_path: Path, capsys: Capture
) -> None:
    folder = judged_run(0)
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path)
    assert "this verdict rests on the judge" in " ".join(ran.out.split())
    assert ran.code == 0  # the judge calls everything of the candidate right


def test_with_labels_the_judge_that_likes_everything_is_put_right(
    judged_run: JudgedRun, tmp_path: Path, capsys: Capture
) -> None:
    folder = judged_run(100, labels="random")
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path, "--json")
    assert ran.code in {0, 3}, ran.err
    (rule,) = ran.json["candidates"][0]["findings"]
    assert rule["value"] == pytest.approx(0.0, abs=0.08)
    assert "people labelled both answers of 100 pairs" in " ".join(rule["notes"])


def test_the_two_sides_are_put_right_too_and_are_the_difference_apart(
    judged_run: JudgedRun, tmp_path: Path, capsys: Capture
) -> None:
    folder = judged_run(100, labels="random")
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path, "--json")
    (rule,) = ran.json["candidates"][0]["findings"]
    assert rule["candidate"] - rule["baseline"] == pytest.approx(rule["value"], abs=1e-9)
    assert rule["candidate"] < 0.85  # the judge calls all of its answers right, people some seven in ten


@pytest.mark.parametrize("judge_says", [0.02, 0.9], ids=["the judge sees it", "the judge calls most right"])
def test_a_baseline_that_people_call_all_wrong_cannot_be_passed(
    judge_says: float, tmp_path: Path, capsys: Capture
) -> None:
    rng = np.random.default_rng(2)
    seen = {model: (rng.random(300) < judge_says).astype(float).tolist() for model in ("base", "cand")}
    folder = stored(tmp_path, seen, gate({"quality": "t", "margin": 0.05, "labels": "random"}))
    inner = judge_files.open_judging(folder, {"tasks": {"t": {"n": 300, "identity": {"judges": ["j"]}}}})
    runs.update_facts(inner, status="complete")
    judge_files.write_labels(inner, [(one(n, m, 1.0).key, 0.0) for m in seen for n in range(120)])
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path)
    assert ran.code == 3, ran.out
    assert "no candidate could be worse by more than 0.05" in " ".join(ran.out.split())


def test_too_few_labels_are_inconclusive_and_say_how_many_are_needed(
    judged_run: JudgedRun, tmp_path: Path, capsys: Capture
) -> None:
    folder = judged_run(20, labels="random")
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path)
    assert ran.code == 3
    assert "both answers of at least 30 items drawn at random" in " ".join(ran.out.split())


def test_a_protected_suite_believes_no_labels_of_a_run(judged_run: JudgedRun, tmp_path: Path) -> None:
    folder = judged_run(100, labels="random")
    entry = gate_of(read_facts(folder), folder)
    decided = decide_gate(entry, folder, tmp_path, tmp_path / "baselines", labels_believed=False)
    assert decided.verdict == "inconclusive"
    (finding,) = decided.candidates[0].findings
    assert "not believed where a protected suite decides" in (finding.unmeasured or "")
