"""A judged rule: it says that it rests on the judge, or is put right by people's labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gate_judged import floor_answers
from evalkit.decide.gate import decide_gate, gate_of
from evalkit.decide.power import forecast_power
from evalkit.results import read_facts
from evalkit.stats import judged as judged_test
from evalkit.stats.judged_estimate import FEWEST, JudgedPairs, enough_labels
from evalkit.stats.verdict import Verdict
from evalkit.store import judge_files
from tests.gate_world import gate, one, open_judged, stored
from tests.run_facts import set_facts
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


@pytest.mark.long(but=1)
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
        inner = open_judged(folder, {"tasks": {"t": {"n": 300, "identity": {"judges": ["j"]}}}})
        set_facts(inner, status="complete")
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
    said = " ".join(ran.out.split())
    assert "this verdict rests on the judge" in said
    assert "no pair has labels of both answers; wanted are at least 30" in said and "evalkit judge-data" in said
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
    inner = open_judged(folder, {"tasks": {"t": {"n": 300, "identity": {"judges": ["j"]}}}})
    set_facts(inner, status="complete")
    judge_files.write_labels(inner, [(one(n, m, 1.0).key, 0.0) for m in seen for n in range(120)])
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path)
    assert ran.code == 3, ran.out
    assert "no candidate could be worse by more than 5.0 points" in " ".join(ran.out.split())


def test_too_few_labels_are_inconclusive_and_say_how_many_are_needed(
    judged_run: JudgedRun, tmp_path: Path, capsys: Capture
) -> None:
    folder = judged_run(20, labels="random")
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path)
    assert ran.code == 3
    assert "20 pairs have labels of both answers; wanted are at least 30" in " ".join(ran.out.split())


@pytest.mark.long
def test_power_and_plan_know_that_labels_decide(judged_run: JudgedRun, tmp_path: Path, capsys: Capture) -> None:
    """A thousand judged items with a hundred labels are no thousand items."""
    entry = gate_of(read_facts(judged_run(100, labels="random")), tmp_path)
    (by_people,) = forecast_power(entry, {"t": 1000})
    assert (by_people.labelled, by_people.effective, by_people.n) == (100, 100, 1000)
    plain = entry.model_copy(update={"rules": [rule.model_copy(update={"labels": None}) for rule in entry.rules]})
    (by_judge,) = forecast_power(plain, {"t": 1000})
    assert by_judge.labelled is None
    assert by_people.chance_equal_passes is not None and by_judge.chance_equal_passes is not None
    assert by_people.chance_equal_passes < by_judge.chance_equal_passes
    assert by_people.n_needed == by_judge.n_needed  # so many labelled pairs as it would be items
    run = next(path.name for path in tmp_path.iterdir() if path.name.startswith("demo-"))
    refused = evalkit(capsys, "power", run, "--about", "t", "--results", tmp_path)
    assert refused.code == 2
    assert "labels: random: people's labels decide it" in " ".join(refused.err.split())


def test_a_protected_suite_believes_no_labels_of_a_run(judged_run: JudgedRun, tmp_path: Path) -> None:
    folder = judged_run(100, labels="random")
    entry = gate_of(read_facts(folder), folder)
    decided = decide_gate(entry, folder, tmp_path, tmp_path / "baselines", labels_believed=False)
    assert decided.verdict == "inconclusive"
    (finding,) = decided.candidates[0].findings
    assert "not believed where a protected suite decides" in (finding.unmeasured or "")


def a_judged_run(results: Path, truth: dict[str, np.ndarray], seen: dict[str, np.ndarray], labelled: int) -> Path:
    """A task of 200 judged items, people's labels of the first ones, and a gate that scans."""
    section = gate({"quality": "t", "margin": 0.1, "labels": "random"}, scan={"margin": 0.1})
    n = len(truth["base"])
    folder = stored(results, {model: scores.tolist() for model, scores in seen.items()}, section)
    inner = open_judged(folder, {"tasks": {"t": {"n": n, "identity": {"judges": ["j"]}}}})
    set_facts(inner, status="complete")
    labels = [(one(k, m, 1.0).key, float(truth[m][k])) for m in truth for k in range(labelled)]
    judge_files.write_labels(inner, labels)
    return folder


def test_the_scan_is_put_right_by_people_as_the_rule_is(tmp_path: Path, capsys: Capture) -> None:
    """The judge is harsh on the candidate, people are not; and the other way round."""
    rng = np.random.default_rng(1)
    good = (rng.random(200) < 0.8).astype(float)
    poor = np.where(rng.random(200) < 0.35, 0.0, good)
    harsh = a_judged_run(tmp_path / "a", {"base": good, "cand": good}, {"base": good, "cand": poor}, 200)
    ran = evalkit(capsys, "gate", harsh.name, "--results", tmp_path / "a")
    assert ran.code == 0, ran.out
    assert "towards the baseline" in " ".join(ran.out.split())
    mild = a_judged_run(tmp_path / "b", {"base": good, "cand": poor}, {"base": good, "cand": good[::-1]}, 200)
    (found,) = evalkit(capsys, "gate", mild.name, "--results", tmp_path / "b", "--json").json["candidates"]
    assert [rule["verdict"] for rule in found["findings"]] == ["fail", "fail"], "rule and scan"
    few = a_judged_run(tmp_path / "c", {"base": good, "cand": good}, {"base": good, "cand": poor}, 20)
    ran = evalkit(capsys, "gate", few.name, "--results", tmp_path / "c")
    assert ran.code == 3
    assert "not scanned: t; people's labels are to put the judge right" in " ".join(ran.out.split())


@pytest.mark.long
def test_a_scan_that_fails_by_the_judge_alone_says_so(tmp_path: Path, capsys: Capture) -> None:
    good = np.ones(200)
    seen = {"base": good.tolist(), "cand": [float(k % 3 > 0) for k in range(200)]}
    folder = stored(tmp_path, seen, gate({"quality": "t", "margin": 0.5}, scan={"margin": 0.1}))
    inner = open_judged(folder, {"tasks": {"t": {"n": 200, "identity": {"judges": ["j"]}}}})
    set_facts(inner, status="complete")
    (found,) = evalkit(capsys, "gate", folder.name, "--results", tmp_path, "--json").json["candidates"]
    scanned = next(rule for rule in found["findings"] if rule["condition"]["kind"] == "scan")
    assert scanned["verdict"] == "fail" and "rests on the judge" in " ".join(scanned["notes"])


def test_critical_items_fail_by_people_where_they_labelled_and_by_the_judge_with_a_word(
    tmp_path: Path, capsys: Capture
) -> None:
    """The judge calls the candidate's last answer wrong: people say it is right, or have not seen it."""
    codes = {}
    for labelled in (60, 59):
        rows = [
            one(n, m, float(not (m == "cand" and n == 59) and n % 7 > 0), critical=n == 59)
            for m in ("base", "cand")
            for n in range(60)
        ]
        section = gate({"quality": "t", "margin": 0.2, "labels": "random"}, scan=None)
        results = tmp_path / str(labelled)
        folder = stored(results, {"base": [1.0], "cand": [1.0]}, section, rows=rows, tasks={"t": 60})
        inner = open_judged(folder, {"tasks": {"t": {"n": 60, "identity": {"judges": ["j"]}}}})
        set_facts(inner, status="complete")
        labels = [(one(n, m, 1.0).key, float(n % 7 > 0)) for m in ("base", "cand") for n in range(labelled)]
        judge_files.write_labels(inner, labels)
        ran = evalkit(capsys, "gate", folder.name, "--results", results)
        codes[labelled] = ran.code
    assert codes == {60: 0, 59: 1}
    assert "fail by the judge's word" in " ".join(ran.out.split())


def test_scores_that_no_judge_gave_are_no_labels(tmp_path: Path, capsys: Capture) -> None:
    """400 exact answers beside a judged task with six labels: people labelled six pairs, and that is too few."""
    rows = [one(n, m, float(n % 5 > 0), task="facts") for m in ("base", "cand") for n in range(400)]
    rows += [one(n + 500, m, float(n % 4 > 0), task="t") for m in ("base", "cand") for n in range(60)]
    for labelled, code in ((6, 3), (40, 0)):
        results = tmp_path / str(labelled)
        section = gate({"quality": "all", "margin": 0.1, "labels": "random"})
        folder = stored(results, {"base": [1.0], "cand": [1.0]}, section, rows=rows, tasks={"facts": 400, "t": 60})
        inner = open_judged(folder, {"tasks": {"t": {"n": 60, "identity": {"judges": ["j"]}}}})
        set_facts(inner, status="complete")
        keys = [one(n + 500, m, 1.0).key for m in ("base", "cand") for n in range(labelled)]
        judge_files.write_labels(inner, [(key, 1.0) for key in keys])
        ran = evalkit(capsys, "gate", folder.name, "--results", results)
        shown = " ".join(ran.out.split())
        assert ran.code == code, shown
    assert "people labelled both answers of 40 pairs" in shown


def judged_alone(
    results: Path, rule: dict[str, object], *, lean: float, weighted: bool = False, labels: int = 100
) -> Path:
    """400 judged answers of a model that gets three in four right, people's labels of some drawn at random; the judge
    calls a share `lean` of the wrong ones right. Where weighted, light answers are all right and heavy ones are not."""
    rng = np.random.default_rng(5)
    truth = (rng.random(400) < 0.75).astype(float)
    heavy = np.where(truth == 1, 1.0, 3.0) if weighted else np.ones(400)
    seen = np.where(rng.random(400) < lean, 1.0, truth)
    rows = [
        one(n, m, float(seen[n]), weight=float(heavy[n]) if weighted else None)
        for m in ("base", "cand")
        for n in range(400)
    ]
    folder = stored(results, {"base": [1.0], "cand": [1.0]}, gate(rule), rows=rows, tasks={"t": 400})
    inner = open_judged(folder, {"tasks": {"t": {"n": 400, "identity": {"judges": ["j"]}}}})
    set_facts(inner, status="complete")
    some = rng.permutation(400)[:labels].tolist()
    judge_files.write_labels(inner, [(one(n, m, 1.0).key, float(truth[n])) for m in ("base", "cand") for n in some])
    return folder


def found_in(folder: Path, results: Path, capsys: Capture) -> dict[str, Any]:
    ran = evalkit(capsys, "gate", folder.name, "--results", results, "--json")
    assert ran.code in {0, 1, 3}, ran.err
    found: dict[str, Any] = ran.json["candidates"][0]["findings"][0]
    return found


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("floor", "verdict"), [(0.6, "pass"), (0.76, "inconclusive"), (0.9, "fail")])
def test_labels_put_a_floor_right(floor: float, verdict: str, tmp_path: Path, capsys: Capture) -> None:
    """The judge calls nine in ten wrong answers right: without labels every floor up to .9 passes."""
    rule = {"quality": "t", "min": floor}
    plain = found_in(judged_alone(tmp_path / "a", rule, lean=0.9), tmp_path / "a", capsys)
    assert plain["verdict"] == "pass" and "rests on the judge" in " ".join(plain["notes"])
    found = found_in(judged_alone(tmp_path / "b", {**rule, "labels": "random"}, lean=0.9), tmp_path / "b", capsys)
    assert found["verdict"] == verdict
    assert found["value"] == found["candidate"] == pytest.approx(0.75, abs=0.06)
    assert (found["low"] >= floor) == (verdict == "pass") and (found["high"] <= floor) == (verdict == "fail")
    assert "people labelled 100 answers" in " ".join(found["notes"])
    assert "milder" in " ".join(found["notes"])


def test_a_floor_with_few_labels_says_how_many_are_wanted(tmp_path: Path, capsys: Capture) -> None:
    folder = judged_alone(tmp_path, {"quality": "t", "min": 0.6, "labels": "random"}, lean=0.9, labels=20)
    found = found_in(folder, tmp_path, capsys)
    assert found["verdict"] == "inconclusive"
    assert "20 answers have a label; wanted are at least 30" in found["unmeasured"]


def test_labels_put_weighted_samples_right(tmp_path: Path, capsys: Capture) -> None:
    """Wrong answers stand for three requests each: half of the traffic is answered rightly, not three in four."""
    floor = {"quality": "t", "min": 0.65, "labels": "random"}
    found = found_in(judged_alone(tmp_path / "a", floor, lean=0.9, weighted=True), tmp_path / "a", capsys)
    assert found["verdict"] == "fail"
    assert found["value"] == pytest.approx(0.5, abs=0.08)
    assert found["method"].startswith("weighted: judged scores")
    margin = {"quality": "t", "margin": 0.1, "labels": "random"}
    found = found_in(judged_alone(tmp_path / "b", margin, lean=0.9, weighted=True), tmp_path / "b", capsys)
    assert found["value"] == pytest.approx(0.0, abs=0.01)  # both models answered alike
    assert found["verdict"] == "pass"


def test_equal_weights_change_nothing_and_a_few_heavy_labels_are_not_enough() -> None:
    some = pairs(600, 120, 3, 0.02)
    alike = replace(some, weights=np.full(600, 7.0))
    first, second = decided(some, 0.05), decided(alike, 0.05)
    assert second.decision.delta == pytest.approx(first.decision.delta)
    assert second.decision.p_pass == pytest.approx(first.decision.p_pass, rel=0.1)
    heavy = np.ones(600)
    heavy[:3] = 200.0
    assert not enough_labels(replace(some, weights=heavy))


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", ["plain", "weighted", "tied", "clusters"])
def test_a_floor_that_is_just_missed_passes_rarely(kind: str) -> None:
    """The judge is of the model's family; 150 draws, each .05 to err: three standard errors."""
    rng = np.random.default_rng(11)
    answers = [floor_answers(rng, "family", 0.85, 100, kind) for _ in range(150)]
    said = [judged_test.decide_judged_floor(one_of, 0.85) for one_of in answers]
    assert said.count(Verdict.PASS) / 150 <= 0.105
