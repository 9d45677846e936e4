"""Samples of a log that stand for different numbers of requests: every figure is that of the traffic."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from evalkit.board.leaderboard_table import frame_of
from evalkit.cli.pricing import bill_of
from evalkit.facts import Summary
from evalkit.records import Row
from evalkit.render import charts
from evalkit.render.cells import correct_text, usd_text
from evalkit.render.comparison import sentence
from evalkit.render.run_history import FIGURES, history_points
from evalkit.results.compare import compare_samples
from evalkit.results.entries import entries_of, standing
from evalkit.results.pairing import pair
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import points_of
from evalkit.stats import comparison
from evalkit.stats.comparison import decide
from evalkit.stats.comparison import test as paired_test
from evalkit.stats.exceedance import latency_limit, latency_ratio
from evalkit.stats.one_sample import test_floor as floor
from evalkit.stats.ratios import cost_ratio, fieller
from evalkit.stats.traffic import Design, quantile, weighted_mean, weighted_ratio
from evalkit.stats.verdict import Verdict
from evalkit.store import integrity, runs, summary, table
from evalkit.text import numbers
from tests.board_world import a_row, a_run
from tests.gate_world import Gate, gate, one, stored
from tests.summaries import mean_of
from tests.world import Ran, evalkit, run_folders

FILE = """
name: log
sensitivity: public
models:
  old: {adapter: replay, path: old.jsonl, id_field: id, text_field: reply}
  new: {adapter: replay, path: new.jsonl, id_field: id, text_field: reply}
tasks:
  - name: support
    data: {path: items.jsonl, id: id}
    prompt: "{{ question }}"
    target: "{{ answer }}"
    score: exact
    weight: weight
    stratum: stratum
gate: {baseline: old, candidates: [new], rules: [{quality: support, margin: 0.05}]}
"""


def _write(folder: Path, weights: list[object], wrong: set[int]) -> Path:
    """Items by weight; `new` answers those of `wrong` wrongly, `old` everything rightly."""
    items, old, new = [], [], []
    for n, weight in enumerate(weights):
        stratum = "often" if n % 2 else "seldom"
        items.append({"id": n, "question": f"q{n}?", "answer": f"a{n}", "weight": weight, "stratum": stratum})
        old.append({"id": n, "reply": f"a{n}"})
        new.append({"id": n, "reply": "no" if n in wrong else f"a{n}"})
    for name, lines in (("items", items), ("old", old), ("new", new)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "suite.yaml").write_text(FILE)
    return folder / "suite.yaml"


def _run(capsys: pytest.CaptureFixture[str], folder: Path, weights: list[object], wrong: set[int]) -> Ran:
    suite = _write(folder, weights, wrong)
    return evalkit(capsys, "run", suite, "--results", folder / "results")


def _figures(folder: Path) -> Summary:
    (run,) = run_folders(folder / "results")
    return summary.read_summary(run)


def test_a_score_is_that_of_the_traffic_in_the_run_the_summary_and_the_comparison(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # Half of the samples stand for one request each, the other half for 99; the new model loses the rare half.
    weights: list[object] = [99.0 if n % 2 else 1.0 for n in range(100)]
    assert _run(capsys, tmp_path, weights, {n for n in range(100) if n % 2 == 0}).code == 0
    model = _figures(tmp_path).models["new"]
    quality = model.tasks["support"].quality
    assert quality.mean == pytest.approx(0.99)
    assert quality.interval == "weighted"
    assert quality.low is not None and quality.low > 0.9
    traffic = model.tasks["support"].traffic
    assert traffic is not None
    assert traffic.n_requests == 5_000
    assert 50 < traffic.k_eff < 52  # the rare half tells little
    said = evalkit(capsys, "compare", "latest:old", "latest:new", "--results", tmp_path / "results", "--json")
    assert json.loads(said.out)["paired"]["differences"][0]["delta"] == pytest.approx(-0.01)
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results")
    assert "5,000 requests" in shown.out


@pytest.mark.long
def test_a_gate_looks_at_the_traffic(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Half of the samples are lost and 1 % of the traffic; unweighted this fails, and the other way round it passes."""
    for name, heavy, code in (("rare", 1, 0), ("often", 0, 1)):
        folder = tmp_path / name
        folder.mkdir()
        weights: list[object] = [99.0 if n % 2 == heavy else 1.0 for n in range(400)]
        assert _run(capsys, folder, weights, {n for n in range(0, 400, 2)}).code == 0
        said = evalkit(capsys, "gate", "latest", "--results", folder / "results")
        assert said.code == code, said.out
        assert "weighted" in said.out


def test_tasks_of_one_log_make_up_the_log_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Ten samples stand for 90 % of the requests and are right, ten for the rest and are wrong: .9, and not .5."""
    _write(tmp_path, [9.0 if n < 10 else 1.0 for n in range(20)], set(range(10, 20)))
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    for name, part in (("often", items[:10]), ("seldom", items[10:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in part))
    task = FILE[FILE.index("  - name: support") : FILE.index("gate:")]
    tasks = "".join(
        task.replace("support", name).replace("items.jsonl", f"{name}.jsonl") for name in ("often", "seldom")
    )
    gate_ = "gate: {baseline: old, candidates: [new], rules: [{quality: all, margin: 0.05}]}\n"
    (tmp_path / "suite.yaml").write_text(FILE[: FILE.index("  - name: support")] + tasks + gate_)
    ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    new = _figures(tmp_path).models["new"]
    assert new.all.quality.mean == pytest.approx(0.9)
    assert [new.tasks[name].quality.mean for name in ("often", "seldom")] == [1.0, 0.0]
    said = evalkit(capsys, "gate", "latest", "--results", tmp_path / "results", "--json")
    assert said.json["candidates"][0]["findings"][0]["value"] == pytest.approx(-0.1)


def test_weights_that_all_are_alike_change_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _run(capsys, tmp_path, [7] * 60, {1, 2}).code == 0
    quality = _figures(tmp_path).models["new"].tasks["support"].quality
    assert quality.mean == pytest.approx(58 / 60)
    same = paired_test([1.0] * 60, [1.0] * 58 + [0.0] * 2, 0.05, weights=[7.0] * 60)
    assert same == paired_test([1.0] * 60, [1.0] * 58 + [0.0] * 2, 0.05)


@pytest.mark.parametrize("bad", [0, -1, None, "many", True, 1e300, [1]])
def test_a_weight_that_is_no_count_of_requests_is_named_before_anything_is_asked(
    bad: object, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = _run(capsys, tmp_path, [1.0, bad, 2.0], set())
    assert said.code == 2
    assert "weight" in said.err and "'weight' must say how many requests the record stands for" in said.err
    assert not run_folders(tmp_path / "results")


def test_other_weights_are_another_suite_for_the_gate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Whoever changes what samples stand for changes the verdict: the suite's gate refuses the run."""
    assert _run(capsys, tmp_path, [1.0, 9.0] * 30, set()).code == 0
    suite = tmp_path / "suite.yaml"
    for change in ("    weight: id\n", "", "    weight: weight\n    cluster: stratum\n"):
        suite.write_text(FILE.replace("    weight: weight\n", change).replace("    stratum: stratum\n", ""))
        refused = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
        assert refused.code == 2, change


def test_rows_of_two_sides_with_other_weights_do_not_compare(tmp_path: Path, gate_of: Gate) -> None:
    def change(row):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        return replace(row, weight=2.0 if row.model == "base" else 3.0)

    said = gate_of(stored(gate_of.results, {"base": [1.0] * 20, "cand": [1.0] * 20}, change=change))
    assert said.code == 2
    assert "weights of 20 of 20 items differ" in said.err


@pytest.fixture
def gate_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Gate:
    """The gate's command line over a folder."""
    return Gate(capsys, tmp_path)


def test_early_stopping_waits_for_every_item_where_items_weigh_differently(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = _write(tmp_path, [1.0, 9.0] * 100, set())
    said = evalkit(capsys, "run", suite, "--gate", "--results", tmp_path / "results")
    assert said.code in {0, 3}, said.err
    assert "the gate does not stop early: items have weights" in said.out + said.err


# The statistics.


def test_a_weight_is_as_good_as_copies_of_the_row_in_every_mean() -> None:
    scores, weights = np.array([1.0, 0.0, 1.0, 0.0, 1.0]), np.array([5.0, 1.0, 2.0, 1.0, 1.0])
    again = np.repeat(scores, weights.astype(int))
    assert mean_of(scores, weights).value == pytest.approx(again.mean())
    base = np.ones(5)
    assert paired_test(base, scores, 0.1, weights=weights).delta == pytest.approx((again - 1).mean())
    assert floor(scores, 0.5, weights=weights).mean == pytest.approx(again.mean())
    times = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    ordered = np.sort(np.repeat(times, weights.astype(int)))
    assert quantile(times, 0.5, Design.of(5, weights)).value == ordered[4]
    assert latency_limit(times, 0.5, 10.0, weights=weights).value == ordered[4]
    many = np.tile(times, 10)
    heavy = np.tile(weights, 10)
    assert cost_ratio(many, 2 * many + many**2, 3.0, weights=heavy).value == pytest.approx(
        float(np.average(2 * many + many**2, weights=heavy) / np.average(many, weights=heavy))
    )
    assert latency_ratio(many, 2 * many, 0.5, 3.0, weights=heavy).value == pytest.approx(2.0)


def test_errored_pairs_count_with_what_they_stand_for() -> None:
    """A failed request of a sample that stands for half of the traffic leaves nothing to decide."""
    right = np.ones(100)
    weights = np.tile([1.0, 2.0], 50)
    assert decide(right, right, 0.05, weights=weights, n_errored=1, errored_weight=1.0) is Verdict.PASS
    assert decide(right, right, 0.05, weights=weights, n_errored=1, errored_weight=150.0) is Verdict.INCONCLUSIVE
    assert decide(right, right, 0.05, weights=np.ones(100), n_errored=1, errored_weight=100.0) is Verdict.INCONCLUSIVE


def test_failed_requests_that_stand_for_much_of_the_traffic_are_an_outage(tmp_path: Path, gate_of: Gate) -> None:
    """One row of 200 is within the allowed share of errors; here it is a third of the traffic."""
    from dataclasses import replace

    def change(row):  # type: ignore[no-untyped-def]
        return replace(row, weight=100.0 if row.sample_id == "q7" else 1.0)

    scores: list[float | None] = [1.0] * 200
    lost = [None if n == 7 else one for n, one in enumerate(scores)]
    said = gate_of(stored(gate_of.results, {"base": scores, "cand": lost}, change=change))
    assert said.code == 4, said.out + said.err
    assert "stand for 33 % of the traffic" in said.out


@pytest.mark.parametrize("weights", [[1.0, 0.0], [1.0, -2.0], [1.0], [1.0, float("nan")]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        comparison.test([1.0, 0.0], [1.0, 1.0], 0.1, weights=weights)


def test_a_few_heavy_samples_are_few_samples() -> None:
    """A hundred right answers of which four stand for nearly everything tell as much as four."""
    weights = np.r_[np.full(4, 1e6), np.full(96, 1.0)]
    found = mean_of(np.ones(100), weights)
    assert found.k_eff == pytest.approx(4, abs=0.01)
    assert found.low is not None and found.low < 0.6
    assert decide(np.ones(100), np.ones(100), 0.05, weights=weights) is Verdict.INCONCLUSIVE


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", ["score", "cost", "p50"])
def test_the_truth_of_a_skewed_and_seasonal_log_is_covered(kind: str) -> None:
    """Logs of 4,000 requests, 240 drawn within strata (1,000 logs: benchmarks.traffic_coverage)."""
    rng = np.random.default_rng(7)
    hits, n_logs = 0, 40 if kind == "p50" else 100  # a quantile's interval takes ten times as long
    for _ in range(n_logs):
        season = 0.5 + 0.5 * np.sin(np.linspace(0, 40, 4_000))
        length = np.exp(rng.normal(5 + 0.4 * season, 1.0))
        dear = rng.random(4_000) < 0.15
        values = {
            "score": (rng.random(4_000) < np.clip(0.95 - 0.05 * np.log(length / 150) - 0.15 * dear, 0.02, 0.99)) * 1.0,
            "cost": length * 2e-6 * np.exp(rng.normal(0, 0.5, 4_000)),
            "p50": 0.2 + length / 500,
        }[kind]
        strata = np.digitize(length, np.quantile(length, [0.5, 0.85])) * 2 + dear
        drawn, weights = [], []
        for number in np.unique(strata):
            pool = np.flatnonzero(strata == number)
            picked = rng.choice(pool, min(40, pool.size), replace=False)
            drawn.append(picked)
            weights.append(np.full(picked.size, pool.size / picked.size))
        rows = np.concatenate(drawn)
        design = Design.of(rows.size, np.concatenate(weights), strata[rows])
        if kind == "p50":
            found, truth = quantile(values[rows], 0.5, design), float(np.median(values))
        else:
            found, truth = weighted_mean(values[rows], design), float(values.mean())
        assert found.low is not None and found.high is not None
        hits += found.low <= truth <= found.high
    assert hits >= (0.93 - 2 * (0.93 * 0.07 / n_logs) ** 0.5) * n_logs - 1  # .93 less two standard errors


def test_a_heavy_pair_without_a_score_is_one_loss_and_not_many_light_ones() -> None:
    weights = np.ones(500)
    weights[:50] = 3.0
    same = np.ones(500)
    lost = paired_test(np.append(same, 1.0), np.append(same, 0.0), 0.3, weights=np.append(weights, 80.0))
    errored = paired_test(same, same, 0.3, weights=weights, n_errored=1, errored_weight=80.0)
    assert errored.p_pass == pytest.approx(lost.p_pass)
    assert errored.verdict is Verdict.INCONCLUSIVE
    below = floor(np.append(same, 0.0), 0.6, weights=np.append(weights, 80.0))
    assert floor(same, 0.6, weights=weights, n_errored=1, errored_weight=80.0).p_pass == pytest.approx(below.p_pass)


def test_dollars_are_no_shares_and_small_ones_have_an_interval() -> None:
    rng = np.random.default_rng(0)
    design = Design.of(50, [1.0, 2.0] * 25)
    free = weighted_mean(np.zeros(50), design, shares=False)
    assert (free.value, free.low, free.high) == (0.0, None, None)
    cheap = mean_of(rng.normal(2.75e-5, 5e-6, 320), rng.uniform(1, 5, 320))
    assert cheap.low is not None and cheap.high is not None and cheap.low < 2.75e-5 < cheap.high


def test_a_cluster_in_two_strata_is_one_cluster() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(0.5, 0.15, 60)
    both, clusters = np.concatenate([common, common]), list(range(60)) * 2
    apart = mean_of(both, [1.0, 1.0] * 60, ["a"] * 60 + ["b"] * 60, clusters)
    once = mean_of(common, [1.0] * 60)
    assert (apart.low, apart.high) == pytest.approx((once.low, once.high))


def _two_runs(capsys: pytest.CaptureFixture[str], folder: Path, second: list[object]) -> list[str]:
    """Two runs of one suite whose samples have other weights in the second; their names, the older first."""
    assert _run(capsys, folder, [1.0] * 60 + [9.0] * 40, {1}).code == 0
    first = {run.name for run in run_folders(folder / "results")}
    assert _run(capsys, folder, second, {1, 2}).code == 0
    last = {run.name for run in run_folders(folder / "results")} - first
    return [*first, *last]


def test_two_runs_of_other_weights_are_not_compared_in_silence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first, second = _two_runs(capsys, tmp_path, [1.0] * 60 + [90.0] * 40)
    reader = ResultsReader(tmp_path / "results")
    found = compare_samples(reader, (first, "old"), (second, "new"))
    assert found.delta is None
    assert found.refused is not None and found.refused.startswith("the weights of 100 of 100 samples differ between")
    assert "are not compared: the weights of 100" in sentence(found, "old", "new")
    assert compare_samples(reader, (first, "old"), (first, "new")).delta is not None
    entries = entries_of(reader, "log", second)
    assert all(entry.comparable for entry in entries)
    said = evalkit(capsys, "compare", f"{first}:old", f"{second}:new", "--results", tmp_path / "results")
    assert said.code == 2 and "The weights of 40 of 100 items differ" in said.err


def test_weights_in_another_unit_are_the_same_weights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A sample of twice the log stands for twice the requests, and for the same share of them."""
    first, second = _two_runs(capsys, tmp_path, [2.0] * 60 + [18.0] * 40)
    found = compare_samples(ResultsReader(tmp_path / "results"), (first, "old"), (second, "new"))
    assert found.refused is None and found.delta is not None


def test_a_leaderboard_ranks_no_model_by_other_weights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _run(capsys, tmp_path, [1.0] * 60 + [9.0] * 40, {1}).code == 0
    suite = _write(tmp_path, [1.0] * 60 + [90.0] * 40, {1, 2})
    suite.write_text(suite.read_text().replace("new:", "newer:").replace("[new]", "[newer]"))
    assert evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--models", "newer").code in {0, 4}
    entries = {entry.model: entry for entry in entries_of(ResultsReader(tmp_path / "results"), "log")}
    assert entries["newer"].comparable != entries["new"].comparable
    other = next(entry for entry in entries.values() if not entry.comparable)
    assert any("not comparable: the weights of" in warning for warning in other.warnings)


def test_weighted_runs_of_one_suite_name_that_share_no_sample_are_set_side_by_side_in_silence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """numpy would warn about the mean of nothing, with a path of ours: the tests take any warning as an error."""
    assert _run(capsys, tmp_path, [1.0, 9.0] * 20, {1}).code == 0
    other = tmp_path / "other"
    other.mkdir()
    suite = _write(other, [1.0, 9.0] * 20, {1})
    for file in other.glob("*.jsonl"):
        file.write_text(file.read_text().replace('{"id": ', '{"id": 9').replace(': "q', ': "Another q'))
    assert evalkit(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    store = ResultsReader(tmp_path / "results")
    first, second = (run.name for run in run_folders(tmp_path / "results"))
    shared = store.sample_join(first, second).lines_left
    assert shared is not None and not len(shared)
    assert store.other_weights(first, second) is None


def test_tasks_with_and_without_weights_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    suite = _write(tmp_path, [9.0 if n < 30 else 1.0 for n in range(60)], {1})
    task = FILE[FILE.index("  - name: support") : FILE.index("gate:")]
    plain = task.replace("support", "plain").replace("    weight: weight\n    stratum: stratum\n", "")
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    more = [{**item, "id": int(f"1000{item['id']}"), "question": f"p{item['id']}?"} for item in items]
    (tmp_path / "plain.jsonl").write_text("".join(json.dumps(item) + "\n" for item in more))
    for name in ("old", "new"):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(path.read_text() + path.read_text().replace('"id": ', '"id": 1000'))
    gate_ = "gate: {baseline: old, candidates: [new], rules: [{quality: all, margin: 0.05}]}\n"
    suite.write_text(FILE[: FILE.index("gate:")] + plain.replace("items.jsonl", "plain.jsonl") + gate_)
    said = evalkit(capsys, "check", suite)
    assert "plain: samples without a weight, beside tasks that have one." in said.out
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    decided = evalkit(capsys, "gate", "latest", "--results", tmp_path / "results")
    assert "plain: samples without a weight. Over all tasks" in " ".join(decided.out.split())
    for alone in ("support", "plain"):
        assert "without a weight" not in evalkit(capsys, "check", suite, "--tasks", alone).out


def test_plan_counts_what_weighted_samples_tell_and_what_the_traffic_costs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Half of 200 samples stand for 99 requests each: they tell as much as some 102 equal ones. The heavy half has
    prompts of 400 words, so a thousand requests cost nearly what a thousand of those do."""
    suite = _write(tmp_path, [99.0 if n % 2 else 1.0 for n in range(200)], set())
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    for item in items:
        item["question"] += " word" * (400 if item["weight"] == 99 else 1)
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    model = "  paid: {adapter: openai, model: gpt-4o-mini, settings: {max_output_tokens: 1}}\n"
    suite.write_text(suite.read_text().replace("tasks:\n", model + "tasks:\n"))
    made = evalkit(capsys, "plan", suite, "--results", tmp_path / "results", "--json").json
    (look,) = made["gate"]
    assert look["n"] == 200 and look["effective"] == pytest.approx(102, abs=0.5)
    paid = next(one for one in made["models"] if one["model"] == "paid")
    each = float(paid["usd"]["value"]) / 200 if paid["usd"]["value"] is not None else float(paid["usd"]["high"]) / 200
    end = "value" if paid["usd"]["value"] is not None else "high"
    assert float(paid["usd_per_1k_requests"][end]) == pytest.approx(1000 * 1.95 * each, rel=0.05)
    told = " ".join(evalkit(capsys, "plan", suite, "--results", tmp_path / "results").out.split())
    assert "on 200 items that tell as much as 102 independent ones" in told
    assert "a thousand requests of the traffic: " in told
    assert next(one for one in made["models"] if one["model"] == "old")["usd_per_1k_requests"] is not None


def test_tokens_of_an_answer_are_those_of_the_traffic(tmp_path: Path) -> None:
    rows = [
        a_row("gpt", "triage", n, weight=9.0 if n < 5 else 1.0, input_tokens=1000 if n < 5 else 100, output_tokens=0)
        for n in range(10)
    ]
    folder = a_run(tmp_path, ("gpt",), rows=rows)
    tokens = summary.read_summary(folder).models["gpt"].all.tokens
    assert tokens.input == 5_500
    assert tokens.per_answer == pytest.approx((9 * 1000 + 100) / 10)
    plain = a_run(tmp_path / "plain", ("gpt",), rows=[replace(row, weight=None) for row in rows])
    assert summary.read_summary(plain).models["gpt"].all.tokens.per_answer == 550


@pytest.mark.parametrize("repeats", [1, 2])
def test_an_error_moves_no_mean_of_what_the_others_stand_for(
    repeats: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A heavy answer of a task with weights errored, beside a task without: every page has one mean of the rest."""

    def row(m: str, task: str, n: int, k: int) -> Row:
        weight = float(40 if n == 0 else 1 + n % 4) if task == "log" else None
        place = n + 100 * (task == "plain")
        if (m, task, n) == ("base", "log", 0):
            return one(place, m, None, task=task, weight=weight, repeat=k)
        took = 0.4 + place / 991 + k / 77 + (m == "cand") / 53
        return one(place, m, float((n + len(m + task)) % 3 > 0), task=task, weight=weight, repeat=k, total_s=took)

    asked = itertools.product(("base", "cand"), ("log", "plain"), range(40), range(repeats))
    rows = [row(*each) for each in asked]
    section = gate({"quality": "all", "margin": 0.3})
    counts = {"log": 40, "plain": 40}
    folder = stored(tmp_path, {"base": [1.0], "cand": [1.0]}, section, rows=rows, tasks=counts, repeats=repeats)
    shown = evalkit(capsys, "show", folder.name, "--results", tmp_path, "--json").json
    base = shown["models"]["base"]["all"]["quality"]["mean"]
    of_pairs = [row for row in rows if row.model == "base" and row.score is not None]
    heavy = [row.weight for row in rows if row.model == "base" and row.weight is not None]
    unit = sum(heavy) / len(heavy)
    stands = [1.0 if row.weight is None else row.weight / unit for row in of_pairs]
    expected = sum(w * (row.score or 0.0) for w, row in zip(stands, of_pairs, strict=True)) / sum(stands)
    assert base == pytest.approx(expected)
    if repeats > 1:
        assert shown["repeats"]["base"]["all"]["pass_1"] == pytest.approx(expected)
    pairs = pair(*(table.model_rows(folder, m) for m in ("base", "cand")))
    assert pairs.weight is not None
    there = pairs.scored
    assert np.average(pairs.baseline.score[there], weights=pairs.weight[there]) == pytest.approx(expected)


def test_the_ends_of_a_mean_move_steadily_with_the_data() -> None:
    """Forty bills of which one grows: no step of it may make the interval jump, and no end lies far out."""
    rng = np.random.default_rng(3)
    usual, weights = rng.uniform(0.5, 1.5, 40), rng.uniform(0.5, 2.0, 40)
    ends = []
    for dearest in np.geomspace(1, 400, 120):
        values = np.append(usual, dearest)
        design = Design.of(41, np.append(weights, 1.0))
        found = weighted_mean(values, design, shares=False)
        assert found.low is not None and found.high is not None
        error = float(np.sqrt(((design.weights * (values - found.value) / design.weights.sum()) ** 2).sum()))
        ends.append(((found.high - found.value) / error, (found.value - found.low) / error))
    high, low = np.array(ends).T
    assert max(np.abs(np.diff(high)).max(), np.abs(np.diff(low)).max()) < 0.15
    assert high.max() < 5 and 1.9 < low.min() <= low.max() < 2.3
    assert high[-1] > low[-1] + 0.5  # a long tail above: the truth may lie further up than down


def test_means_of_skewed_scores_are_covered() -> None:
    """Scores near .9 with one failure in twenty-five: Student's interval covers 87 %, and Hall's ends jump."""
    rng, covered, draws = np.random.default_rng(11), 0, 150
    for _ in range(draws):
        scores = np.where(rng.random(150) < 0.04, 0.0, rng.uniform(0.85, 0.95, 150))
        found = weighted_mean(scores, Design.of(150, np.exp(rng.normal(0, 0.5, 150))))
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.96 * 0.9 <= found.high
    assert covered >= 0.91 * draws


def test_a_very_light_cluster_of_its_stratum_makes_no_endless_interval() -> None:
    """Nine scores, of which the tilted test alone rejects nothing below a mean of ten."""
    scores = np.array([0.06, 0.01, 0.98, 0.15, 0.7, 0.44, 0.63, 0.82, 0.11])
    weights = [0.217, 1.346, 0.917, 0.05, 1.128, 0.513, 2.216, 0.805, 0.408]
    design = Design.of(9, weights, [3, 1, 0, 1, 2, 3, 2, 0, 3])
    usd, score = weighted_mean(scores, design, shares=False), weighted_mean(scores, design)
    assert usd.low is not None and usd.high is not None and score.low is not None and score.high is not None
    assert usd.high < 3
    assert 0 <= score.low < score.value < score.high <= 1


@pytest.fixture
def two_tasks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Path:
    """A finished run of two weighted tasks, whose answers have costs and times; the folder of results."""
    _write(tmp_path, [99.0 if n % 2 else 1.0 for n in range(60)], {2, 3})
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    for name in ("old", "new"):
        lines = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for n, line in enumerate(lines):
            line |= {"cost_usd": 0.001 * (1 + n % 7), "total_s": 0.2 * (1 + n % 5), "ttft_s": 0.1 * (1 + n % 5)}
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    task = FILE[FILE.index("  - name: support") : FILE.index("gate:")]
    tasks = ""
    for name, part in (("one", items[:40]), ("two", items[40:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in part))
        tasks += task.replace("support", name).replace("items.jsonl", f"{name}.jsonl")
    columns = ", columns: {cost_usd: cost_usd, total_s: total_s, ttft_s: ttft_s}}"
    head = FILE[: FILE.index("  - name: support")].replace("text_field: reply}", f"text_field: reply{columns}")
    (tmp_path / "suite.yaml").write_text(head + tasks)
    ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    return tmp_path / "results"


@pytest.mark.long
def test_tasks_together_have_intervals_of_cost_and_time_wherever_a_figure_is_shown(
    capsys: pytest.CaptureFixture[str], two_tasks: Path
) -> None:
    (run,) = run_folders(two_tasks)
    whole = summary.read_summary(run).models["new"].all
    traffic = whole.traffic
    assert traffic is not None
    assert traffic.n_requests == 3_000
    usd, total = traffic.usd_per_1k_requests, traffic.total_p50_s
    assert usd is not None and usd.low is not None and usd.high is not None
    assert total is not None and total.low is not None and total.high is not None
    assert usd.value == pytest.approx(whole.cost.usd_per_1k_samples)
    assert total.value == whole.latency.total_s.p50
    cents = np.array([1.0 + n % 7 for n in range(60)])
    strata = [("one" if n < 40 else "two", n % 2) for n in range(60)]
    weights = [99.0 if n % 2 else 1.0 for n in range(60)]
    by_hand = weighted_mean(cents, Design.of(60, weights, strata), shares=False)
    assert (usd.low, usd.high) == pytest.approx((by_hand.low, by_hand.high)), "the strata of each task, as weighed"
    dollars = f"[{numbers.usd(usd.low)}, {numbers.usd(usd.high)}]"
    seconds = f"[{numbers.time(total.low)}, {numbers.time(total.high)}]"

    def said(*words: object) -> str:
        ran = evalkit(capsys, *words, "--results", two_tasks)
        assert ran.code == 0, ran.err
        return " ".join(ran.out.split())

    shown = said("show", "latest")
    assert dollars in shown.split("overall")[-1] and seconds in shown.split("overall")[-1]
    assert json.loads(said("show", "latest", "--json"))["models"]["new"]["all"]["traffic"]["total_p50_s"]["high"]
    compared = said("compare", "latest:old", "latest:new")
    assert compared.count(dollars) == 2 and seconds in compared
    page = two_tasks.parent / "page.html"
    assert evalkit(capsys, "report", "latest", "--html", page, "--results", two_tasks).code == 0
    written = page.read_text("utf-8")
    assert dollars in written and seconds in written
    store = ResultsReader(two_tasks)
    lines = standing(store, entries_of(store, "log"), None)
    row = frame_of(lines).iloc[0]
    assert row["USD per 1,000, 95 %"] == dollars and row["total p50, 95 %"] == seconds


def test_a_summary_without_intervals_of_all_tasks_is_made_anew(two_tasks: Path) -> None:
    (run,) = run_folders(two_tasks)
    stored_file = run / "summary.json"
    before = summary.read_summary(run)
    told = json.loads(stored_file.read_text())
    for model in told["models"].values():
        del model["all"]["traffic"]
    stored_file.write_text(json.dumps(told))
    integrity.note(run, stored_file.name)
    assert summary.read_summary(run) == before


def test_a_ratio_is_that_of_the_traffic_and_has_no_interval_where_it_is_unbounded() -> None:
    usd, right = np.array([1.0, 3.0, 2.0, 5.0] * 30), np.array([1.0, 0.0, 1.0, 1.0] * 30)
    design = Design.of(120, [9.0, 1.0, 4.0, 2.0] * 30, ["a", "b", "a", "b"] * 30)
    found = weighted_ratio(usd, right, design)
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx((9 + 3 + 8 + 10) / (9 + 4 + 2))
    assert 0 < found.low < found.value < found.high
    assert weighted_ratio(usd, np.zeros(120), design) is None
    rare = np.zeros(120)
    rare[0] = 1.0
    seldom = weighted_ratio(usd, rare, design)
    assert seldom is not None and seldom.low is None and seldom.high is None
    alike = weighted_ratio(right * 2, right, design)
    assert alike is not None and (alike.value, alike.low, alike.high) == (2.0, None, None)


def test_a_ratio_of_equally_weighted_values_agrees_with_fieller() -> None:
    rng = np.random.default_rng(5)
    usd, right = rng.normal(3, 0.3, 400), (rng.random(400) < 0.7).astype(float)
    found, other = weighted_ratio(usd, right, Design.of(400, np.ones(400))), fieller(usd, right)
    assert found is not None and found.low is not None and found.high is not None and other is not None
    assert [found.low, found.high] == pytest.approx([other.low, other.high], rel=0.01)


@pytest.mark.long
def test_dollars_a_right_answer_cover_the_truth_of_a_skewed_log() -> None:
    rng, hits = np.random.default_rng(11), 0
    log = []
    for n, share, skew in ((20_000, 0.8, 0.6), (4_000, 0.5, 1.2), (500, 0.3, 1.2)):
        right = (rng.random(n) < share).astype(float)
        log.append((np.exp(rng.normal(0.5 * (1 - right), skew)), right))
    truth = sum(usd.sum() for usd, _ in log) / sum(right.sum() for _, right in log)
    for _ in range(200):
        places = [rng.choice(len(usd), 40, replace=False) for usd, _ in log]
        usd = np.concatenate([of[0][at] for of, at in zip(log, places, strict=True)])
        right = np.concatenate([of[1][at] for of, at in zip(log, places, strict=True)])
        weights = np.repeat([len(of[0]) / 40 for of in log], 40)
        found = weighted_ratio(usd, right, Design.of(120, weights, np.repeat([0, 1, 2], 40)))
        assert found is not None and found.low is not None and found.high is not None
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 200 <= 0.99  # 95 % to within two and a half standard errors


def test_costs_and_times_of_the_traffic_have_intervals_in_tables_charts_history_and_the_bill(tmp_path: Path) -> None:
    rows = [
        a_row("gpt", "refunds", n, weight=9.0 if n % 2 else 1.0, stratum="long" if n % 2 else "short",
              cost_usd=Decimal(n % 7 + 1) / 1000)
        for n in range(400)
    ]  # fmt: skip
    folder = a_run(tmp_path, ("gpt",), rows=rows)
    store = ResultsReader(tmp_path)
    cell = store.summary(folder.name).models["gpt"].all
    assert cell.traffic is not None and cell.traffic.usd_per_correct is not None
    ends = cell.traffic.usd_per_correct
    assert ends.value == pytest.approx(cell.cost.usd_per_correct)
    assert ends.low is not None and ends.high is not None and 0 < ends.low < ends.value < ends.high
    assert correct_text(cell) == f"{numbers.usd(ends.value)} [{numbers.usd(ends.low)}, {numbers.usd(ends.high)}]"
    lines = standing(store, entries_of(store, store.facts(folder.name).suite or ""), None)
    for axis, which in (("USD per 1,000 samples", cell.traffic.usd_per_1k_requests), ("cost per correct answer", ends)):
        (point,) = points_of(store, lines, axis)
        assert which is not None
        assert (point.as_row()["x_low"], point.as_row()["x_high"]) == (which.low, which.high)
        assert point.x_shown.endswith(f", {numbers.usd(which.high)}]")
    made = charts.leaderboard(lines, figures=True)
    assert made is not None and usd_text(cell) in json.dumps(made.spec)
    infos = [info for info in runs.list_runs(tmp_path) if info.name == folder.name]
    for figure in FIGURES:
        (at,) = history_points(store, infos, None, figure)
        assert at.low is not None and at.high is not None and at.low <= at.value <= at.high, figure
        assert at.shown.count("[") == 1
    spread = bill_of(folder, store.facts(folder.name), tmp_path)["derived"]["gpt"]["usd_per_correct"]
    assert spread is not None and spread["low"] is not None and spread["high"] is not None
    assert [spread["low"], spread["high"]] == pytest.approx([ends.low, ends.high], rel=1e-6)
