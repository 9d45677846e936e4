"""`evalkit power` and `plan --earlier` for rules on bills and times, weighted samples, and with history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.decide.earlier_amounts import EarlierAmounts
from evalkit.decide.earlier_run import Earlier
from evalkit.decide.mixes import Limits, cheapest_mixes
from evalkit.decide.rules import conditions
from evalkit.stats.planned_limits import StoredAmounts, WantedLimit, limit_pass_chance, smallest_of_limit
from evalkit.stats.resampling import Population, StoredPair
from evalkit.stats.sample_size import WantedPower, fewest_items, most_drawn, pass_chance, smallest, stopping_early
from evalkit.stats.verdict import Verdict
from evalkit.suite.schema.rules import read_rule
from tests.gate_world import dollars, gate, one, stored
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
Kind = str


def amounts(kind: Kind, n: int = 120, k: int = 3) -> StoredAmounts:
    """Bills or times that hang together by item, the candidate's about .45 of the baseline's."""
    rng = np.random.default_rng(1)
    item = rng.lognormal(0, 0.8, (n, 1))
    base, cand = item * rng.lognormal(0, 0.4, (n, k)), 0.45 * item * rng.lognormal(0, 0.5, (n, k))
    clusters = np.arange(n) // 3 if kind == "clusters" else None
    weights = rng.lognormal(0, 0.6, n) if kind == "weights" else None
    return StoredAmounts(cand, base, clusters, weights)


@pytest.mark.long(but=2)
@pytest.mark.parametrize("kind", ["alone", "clusters", "weights"])
@pytest.mark.parametrize(("at", "quantile"), [(0.6, None), (0.6, 0.5), (0.75, 0.95)])
def test_a_limit_s_promise_is_kept(kind: Kind, at: float, quantile: float | None) -> None:
    pair = amounts(kind)
    question = WantedLimit(at, quantile, supposed=0.45)
    for k in (1, 3) if kind == "alone" else (3,):
        mix = smallest_of_limit(pair, question, k, draws=150)
        assert mix is not None
        got = limit_pass_chance(pair, question, mix.items, k, draws=120, seed=5)
        assert got == pytest.approx(mix.passes, abs=0.14)  # three standard errors: .037 of the 120, .03 of the promise
        assert 0.75 < mix.passes < 0.95
        assert mix.fails > 0.2


def test_a_limit_of_the_candidate_alone_and_a_dear_answer_that_was_not_seen() -> None:
    own = StoredAmounts(amounts("alone").candidate)
    for question in (WantedLimit(1.0), WantedLimit(0.7, 0.5), WantedLimit(3.0, 0.95)):
        mix = smallest_of_limit(own, question, 1, draws=200)
        assert mix is not None and 15 <= mix.items < 400
    plain, guarded = (smallest_of_limit(amounts("alone"), WantedLimit(0.6, cap=cap), 1, draws=200) for cap in (None, 9))
    assert plain is not None and guarded is not None
    assert guarded.items > 1.5 * plain.items
    assert smallest_of_limit(own, WantedLimit(0.5), 1) is None  # the measured mean lies beyond it
    with pytest.raises(ValueError, match="3 answers are stored"):
        smallest_of_limit(own, WantedLimit(1.0), 4)


@pytest.mark.long
def test_weighted_items_are_planned_as_the_gate_reads_them() -> None:
    rng = np.random.default_rng(4)
    chance = rng.beta(0.6, 0.6, (400, 1))
    sides = [(rng.random((400, 1)) < chance).astype(float) for _ in range(2)]
    weights = rng.lognormal(0, 0.9, 400)
    pair, question = StoredPair(*sides, weights=weights), WantedPower(0.2)
    source = Population.of(pair, 1, 0.0)
    assert source is not None
    run = source.draw(rng, 40_000)
    assert np.average(run.candidate - run.baseline, weights=run.weights) == pytest.approx(0, abs=0.015)
    mix, equal = smallest(pair, question, 1, draws=100), smallest(StoredPair(*sides), question, 1, draws=100)
    assert mix is not None and equal is not None
    design_effect = 400 * float((weights**2).sum()) / float(weights.sum()) ** 2
    assert mix.items > 0.6 * design_effect * equal.items
    assert pass_chance(pair, question, mix.items, 1, draws=100, seed=3) == pytest.approx(mix.passes, abs=0.15)


NAMED = ("--baseline", "base", "--candidate", "cand")


def run_of(results: Path, *rules: dict[str, object], older: int = 0, weighted: bool = False, n: int = 150) -> Path:
    rng = np.random.default_rng(3)
    hard = rng.beta(0.5, 0.5, n)
    models = ["base", "cand", *(f"old{k}" for k in range(older))]
    # Of two bills of a size the one that ends in .001 is the candidate's half.
    rows = [
        replace(
            one(i, model, float(rng.random() < hard[i]), **dollars("0.002" if model == "base" else "0.001")),
            total_s=float(rng.lognormal(0, 0.5)) * (1.0 if model == "base" else 0.6),
            weight=float(1 + i % 7) if weighted else None,
        )
        for model in models
        for i in range(n)
    ]
    section = gate(*rules) if rules else None
    return stored(results, {model: [1.0] for model in models}, section, rows=rows, tasks={"t": n}, n_samples=n)


def test_the_command_plans_a_rule_about_times_or_bills(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path)
    asked = ("power", folder.name, "--results", tmp_path, *NAMED, "--draws", 60)
    ran = evalkit(capsys, *asked, "--rule", "{latency: total_p50, max_ratio: 0.9, max_s: 1}", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["rule"] == "latency total_p50 (max_ratio 0.9)"
    assert ran.json["observed"] == pytest.approx(0.6, abs=0.15)
    assert 15 <= ran.json["mixes"][0]["items"] < 150
    assert [one["rule"] for one in ran.json["other_limits"]] == ["latency total_p50 (max_s 1)"]
    ran = evalkit(capsys, *asked, "--rule", "{cost: usd_per_1k_samples, max_usd: 0.9}")
    assert "lies at the limit of $0.0009 an answer or beyond it" in " ".join(ran.out.split()), ran.out
    ran = evalkit(capsys, *asked, "--rule", "{cost: usd_per_1k_samples, max_usd: 0.9}", "--supposed", "0.5")
    assert "cheapest first" in ran.out and "as far" in ran.out, ran.out
    for rule, says in (
        ("{latency: total_p50}", "it limits nothing (max_ratio, max_s)"),
        ("{latency: total_p50, max_ratio: -1}", "greater than 0"),
        ("{cost: usd_per_correct, max_usd: 1}", "there is nothing to plan"),
        ("nothing", "is no rule"),
        ("{rate: refused, max_rate: 0.1}", "cannot be planned"),
    ):
        ran = evalkit(capsys, *asked, "--rule", rule)
        assert ran.code == 2 and says in " ".join(ran.err.split()), (rule, ran.err)


def test_a_plan_reads_waits_as_the_gate_does(tmp_path: Path, capsys: Capture) -> None:
    """What the baseline waited before an attempt makes no candidate faster: a pass holds against its own times."""
    rows = [
        replace(one(n, model, 1.0), total_s=start + n / 100, retry_s=9.0 if model == "base" else None)
        for model, start in (("base", 1.0), ("cand", 1.001))
        for n in range(60)
    ]
    rule = {"latency": "total_p50", "max_ratio": 0.9}
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, gate(rule), rows=rows, tasks={"t": 60}, n_samples=60)
    (condition,) = conditions(read_rule(rule))
    earlier = EarlierAmounts.of(folder, "base", "cand", condition)
    assert earlier.question(0.05, 0.8).observed(earlier.stored) == pytest.approx(1.0, abs=0.01)
    ran = evalkit(capsys, "gate", folder.name, "--results", tmp_path)
    assert ran.code not in {0, 2}, ran.out


@pytest.mark.parametrize("tail", ["strict", "smooth"])
def test_the_gates_own_rule_is_planned_with_its_tail(tail: str, tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path, {"quality": "all", "margin": 0.4, "tail": tail}, n=20)
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path, "--draws", 20, "--json")
    assert ran.code == 0 and ran.json["question"]["tail"] == tail, ran.err


SAVES, BOTH = "{cost: usd_per_sample, max_ratio: 0.8}", "{cost: usd_per_sample, max_ratio: 0.8, max_usd: 0.01}"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("--rule", SAVES, "--margin", 0.1), "--margin is not read beside --rule"),
        (("--rule", SAVES, "--about", "t"), "--about is not read beside --rule"),
        (("--rule", SAVES, "--difference", -0.1), "says nothing of a rule about cost: use --supposed"),
        (("--margin", 0.2, "--supposed", 0.5), "says nothing of a rule about quality: use --difference"),
        (("--rule", BOTH, "--supposed", 0.5), "several limits, each in its own unit"),
    ],
)
def test_an_option_that_would_not_be_read_is_refused(
    asked: tuple[object, ...], says: str, tmp_path: Path, capsys: Capture
) -> None:
    folder = run_of(tmp_path, n=20)
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path, *NAMED, *asked)
    assert ran.code == 2 and says in " ".join(ran.err.split()), ran.err


def test_a_model_that_costs_nothing_is_said_to_teach_no_bills(tmp_path: Path, capsys: Capture) -> None:
    rows = [
        one(n, model, 1.0, **dollars("0.002" if model == "base" else "0"))
        for model in ("base", "cand")
        for n in range(20)
    ]
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 20}, n_samples=20)
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path, *NAMED, "--rule", SAVES)
    said = " ".join(ran.out.split())
    assert ran.code == 0 and "Nothing can be planned: in the earlier run the candidate's answers" in said, ran.err
    assert "multiplied so that" not in said and "near the limit" not in said


@pytest.mark.long
def test_weighted_runs_say_their_design_effect(tmp_path: Path, capsys: Capture) -> None:
    folder = run_of(tmp_path, {"quality": "all", "margin": 0.25}, weighted=True)
    ran = evalkit(capsys, "power", folder.name, "--results", tmp_path, "--draws", 40)
    assert ran.code == 0, ran.err
    weights = 1 + np.arange(150) % 7
    n = weights.sum() ** 2 / (weights**2).sum()
    said = f"150 of them tell as much as {n:.0f} equal ones (design effect {150 / n:.2f})"
    assert said in " ".join(ran.out.split()), ran.out


@pytest.mark.long
def test_the_cheapest_mix_is_offered_with_history(tmp_path: Path) -> None:
    earlier = Earlier.of(run_of(tmp_path, older=5, n=400), "base", "cand")
    found = cheapest_mixes(earlier, WantedPower(0.12), Limits(), draws=20)
    assert found.history is not None and found.history.left < 1
    helped, plain = found.mixes
    assert helped.history and not plain.history
    assert helped.asked is not None and plain.asked is not None
    assert helped.asked < plain.asked <= plain.mix.items
    assert helped.usd == pytest.approx(helped.asked * 0.001)
    seen = plain.mix.seen_to_pass(0.9, 200)
    assert plain.mix.passes_high < 0.9 and seen.passes_low < 0.9 < seen.passes_high, "a range holds its own chance"
    # Of more items than the older models have answered history says nothing.
    assert not any(one.history for one in cheapest_mixes(earlier, WantedPower(0.04), Limits(), draws=20).mixes)
    graded = StoredPair(earlier.whole.baseline * 0.9, earlier.whole.candidate * 0.8)
    assert stopping_early(graded, None, WantedPower(0.1), 200) is None


@pytest.mark.long
def test_plan_takes_every_limit_of_the_gate(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_of(tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "x", "a": "y"}\n')
    replies = "{adapter: scripted, replies: {'*': y}}"
    (tmp_path / "s.yaml").write_text(
        f"name: s\nmodels:\n  base: {replies}\n  cand: {replies}\nrun: {{in_flight: 4}}\n"
        "tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: '{{ a }}', score: exact}\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.25}, "
        "{cost: usd_per_sample, max_ratio: 0.8}, {latency: total_p50, max_ratio: 1.0}]}\n"
    )
    ran = evalkit(capsys, "plan", "s.yaml", "--earlier", folder.name, "--results", tmp_path / "results", "--json")
    assert ran.code == 0, ran.err
    assert [one["rule"] for one in ran.json["mixes"]] == [
        "quality all (margin 0.25)",
        "cost usd_per_sample (max_ratio 0.8)",
        "latency total_p50 (max_ratio 1)",
    ]
    told = evalkit(capsys, "plan", "s.yaml", "--earlier", folder.name, "--results", tmp_path / "results").out
    said = " ".join(told.split())
    for words in ("quality of all tasks (margin 0.25)", "cost of a sample (max ratio 0.8)", "p50 of total time"):
        assert words in said
    assert [key for key in ("quality all", "usd_per_sample", "total_p50") if key in said] == [], "keys are for --json"
    # A run without prices tells nothing of bills: the rest is planned all the same.
    rows = [one(n, model, float(n % 2), **dollars(None)) for model in ("base", "cand") for n in range(40)]
    bare = stored(tmp_path / "results", {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 40}, n_samples=40)
    ran = evalkit(capsys, "plan", "s.yaml", "--earlier", bare.name, "--results", tmp_path / "results", "--json")
    assert ran.code == 0, ran.err
    assert "quality all (margin 0.25)" in [one["rule"] for one in ran.json["mixes"]]
    assert (
        "only 0 of the run's 40 items have a known cost"
        in ran.json["not_planned"]["cost usd_per_sample (max_ratio 0.8)"]
    )
    # One rule of which the run tells too little does not hide the others, and power names the number that plan names.
    short = run_of(tmp_path / "few", n=40)
    p95 = (tmp_path / "s.yaml").read_text().replace("total_p50", "total_p95")
    (tmp_path / "s.yaml").write_text(p95)
    ran = evalkit(capsys, "plan", "s.yaml", "--earlier", short.name, "--results", tmp_path / "few")
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert said.count("cheapest first") == 2 and "In brackets stands how low" in said
    why = "the run has 40 items: too few to plan p95 of total time by (at least 100)"
    assert f"p95 of total time (max ratio 1) cannot be planned from this run: {why}." in said
    assert "cache" not in said.rpartition("cannot be planned")[2]
    asked = ("power", short.name, "--results", tmp_path / "few", "--baseline", "base", "--candidate", "cand")
    assert why in " ".join(evalkit(capsys, *asked, "--rule", "{latency: total_p95, max_ratio: 1.0}").err.split())


def test_no_draw_is_larger_than_said_however_many_items_a_rule_takes() -> None:
    """The chance of a fail was drawn of all planned items, which may be millions."""
    drawn: list[int] = []

    class NormalTest:
        fewest, slope, slope_error = 15, 0.006, 0.0

        def __init__(self, sign: int) -> None:
            self.sign = sign

        def verdict(self, rng: np.random.Generator, items: int) -> Verdict:
            drawn.append(items)
            z = self.sign * rng.normal(self.slope * items**0.5)
            return Verdict.PASS if z > 1.645 else Verdict.FAIL if z < -1.645 else Verdict.INCONCLUSIVE

    mix = fewest_items(NormalTest(1), NormalTest(-1), WantedPower(0.01), 4, draws=1600)
    assert mix is not None and mix.items == pytest.approx((1.645 + 0.842) ** 2 / 0.006**2, rel=0.2)
    assert max(drawn) == most_drawn(4) == 5_000
    assert mix.fails == pytest.approx(0.8, abs=0.12)
