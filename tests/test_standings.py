"""The leaderboard: who leads, who is too close to call, who is behind, and who is on the front."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.records import Outcome
from evalkit.render import charts
from evalkit.render.comparison import sentence
from evalkit.render.standings import headline
from evalkit.results.changes import KINDS
from evalkit.results.changes import list_changes as list_flips
from evalkit.results.compare import compare as paired
from evalkit.results.compare import compare_samples as compare
from evalkit.results.entries import entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.run import load_run
from evalkit.results.samples import Pair
from evalkit.results.standings import on_front, standings
from evalkit.stats import best
from evalkit.stats.best import covariance_of
from evalkit.store import runs
from evalkit.text import numbers
from tests.board_world import TASKS, a_row, a_run, an_error
from tests.run_facts import set_facts


def stands(*columns: list[float], joint: bool = True) -> list[str]:
    """The standing of each column of scores, as the leaderboard has them."""
    values = [np.array(column) for column in columns]
    means = [None if np.isnan(column).all() else float(np.nanmean(column)) for column in values]

    def p_worse(i: int, j: int) -> float:
        both = ~(np.isnan(values[i]) | np.isnan(values[j]))
        first, second = values[i][both], values[j][both]
        return Pair(
            int(both.sum()), int((second > first).sum()), int((second < first).sum()), int((~both).sum())
        ).p_worse()

    def covariance(leader: int, others: Sequence[int]) -> Any:
        return covariance_of([np.nan_to_num(values[i] - np.nanmean(values[i])) / 100 for i in (leader, *others)], None)

    found = standings(means, p_worse, covariance if joint else None)
    return [one.state if one else "none" for one in found]


def some(right: int, n: int = 100) -> list[float]:
    return [1.0] * right + [0.0] * (n - right)


def test_who_leads_who_is_too_close_and_who_is_behind() -> None:
    assert stands(some(89), some(90), some(30)) == ["close", "leads", "behind"]


def test_models_far_behind_change_nothing() -> None:
    """A model that is just shown to be behind stays so, however many bad ones stand below it."""
    few = stands(some(95), some(94), some(83))
    assert few == ["leads", "close", "behind"]
    assert stands(some(95), some(94), some(83), *[some(20)] * 40)[:3] == few
    assert stands(some(95), some(94), some(83), *[some(20)] * 40, joint=False)[:3] == few


@pytest.mark.long
def test_two_models_are_told_apart_just_where_versus_does(tmp_path: Path) -> None:
    """One comparison decides everywhere: of two models the leaderboard is Versus' interval."""
    for lost in range(12):
        ours, theirs = some(100), [*[0.0] * lost, *[1.0] * (100 - lost)]
        pair = Pair(100, 0, lost, 0)
        interval = pair.test(0.025).interval
        assert interval is not None
        assert stands(ours, theirs)[1] == ("behind" if interval.high < 0 else "close"), lost


def test_how_far_a_model_is_behind_is_the_same_on_every_page(tmp_path: Path) -> None:
    """Means are over all that each has a score for, the difference over what both have: they are not the same."""
    rows = [a_row(m, t, i) for t in TASKS for i in range(40) for m in ("gpt", "tiny")]
    easy = {row.sample_id for row in rows if row.model == "tiny" and row.outcome is Outcome.RIGHT}
    left = [row for row in rows if not (row.model == "gpt" and row.sample_id in sorted(easy)[:6])]
    a_run(tmp_path, ("gpt", "tiny"), rows=left)
    reader = ResultsReader(tmp_path)
    lines = standing(reader, entries_of(reader, "support"), None)
    sides = [(line.entry.run.name, line.model) for line in lines]
    versus = compare(reader, *sides)
    assert versus.delta is not None and lines[1].standing is not None
    assert lines[1].standing.lacks == pytest.approx(-versus.delta, abs=1e-12)
    means = [line.cell.quality.mean or 0.0 for line in lines]
    assert abs(means[0] - means[1] + versus.delta) > 0.01, "or this says nothing"
    assert f"tiny is {numbers.points(versus.delta)} behind" in headline(lines)
    assert f"tiny is {numbers.points(versus.delta)} worse" in sentence(versus, "gpt", "tiny")


@pytest.mark.parametrize("dependence", [{}, {"clusters": True}, {"weights": True}, {"clusters": True, "weights": True}])
def test_the_difference_of_a_pair_is_that_of_its_test(dependence: dict[str, bool]) -> None:
    rng = np.random.default_rng(3)
    scores = (rng.random(60), rng.random(60))
    known: dict[str, Any] = {}
    if "clusters" in dependence:
        known["clusters"] = np.repeat(np.arange(20), 3)
    if "weights" in dependence:
        known["weights"] = rng.uniform(0.5, 5.0, 60)
    pair = Pair(60, 0, 0, 0, scores, **known)
    assert pair.difference() == pytest.approx(pair.test(0.025).delta, abs=1e-12)


def test_a_model_without_scores_has_no_standing() -> None:
    assert stands(some(50, 50), [float("nan")] * 50, some(0, 50)) == ["leads", "none", "behind"]


def test_models_without_a_sample_in_common_are_not_ranked_against_each_other() -> None:
    nan = float("nan")
    assert stands([1.0] * 50 + [nan] * 50, [nan] * 50 + [0.0] * 50) == ["leads", "close"]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("k", [2, 5, 8])
def test_equal_models_are_rarely_called_behind(k: int) -> None:
    """The promise is 5 % for all models together, though the leader is the one that was luckiest."""
    rng = random.Random(7)
    wrong, draws = 0, 150
    for _ in range(draws):
        hard = [rng.random() for _ in range(120)]
        columns = [[float(rng.random() < 0.4 + 0.5 * h) for h in hard] for _ in range(k)]
        wrong += "behind" in stands(*columns)
    assert wrong <= draws * 0.05 + 2 * (draws * 0.05 * 0.95) ** 0.5  # two standard errors of the count


@pytest.mark.long
def test_equal_models_in_clusters_are_rarely_called_behind() -> None:
    rng = np.random.default_rng(5)
    wrong, draws, k = 0, 100, 4
    labels = np.repeat(np.arange(25), 5)
    for _ in range(draws):
        ease = rng.normal(0, 1, (k, 25))[:, labels] + rng.normal(0, 1, labels.size)
        scores = (ease + rng.normal(0, 1, ease.shape) > 0).astype(float)
        means = scores.mean(axis=1)
        leader = int(means.argmax())
        others = [i for i in range(k) if i != leader]
        pairs = [Pair(labels.size, 0, 0, 0, (scores[leader], scores[i]), 0, labels) for i in others]
        parts = list((scores - means[:, None]) / labels.size)
        behind = best.behind(
            [pair.p_worse() for pair in pairs],
            lambda left, parts=parts, leader=leader, others=others: covariance_of(
                [parts[leader], *(parts[others[i]] for i in left)], labels
            ),
        )
        wrong += any(behind)
    assert wrong <= draws * 0.05 + 2 * (draws * 0.05 * 0.95) ** 0.5


def test_related_models_cost_less_power_than_bonferroni_supposes() -> None:
    """The level of three models lies between Bonferroni's and that of two, and grows where they move together."""
    alone, kin = np.eye(3), np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]])
    levels = [best.level(np.random.default_rng(1).multivariate_normal([0] * 3, c, 20_000)) for c in (alone, kin)]
    assert 0.05 / 6 <= levels[0] < levels[1] <= 0.025
    assert levels[0] == pytest.approx(0.00954, rel=0.08)  # Tukey's q for 3 means is 3.314


def test_the_front_knows_ties_and_unknown_prices() -> None:
    points = [(0.9, 1.0), (0.88, 0.5), (0.7, 2.0), (0.89, 3.0), (0.95, None)]
    behind = {(2, 0), (2, 1)}
    assert on_front(points, lambda i, j: (i, j) in behind) == ["front", "front", "beaten", "possible", "unknown"]


def test_the_newest_complete_run_of_each_model_counts(tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt", "tiny"), n=10)
    newest = a_run(tmp_path, ("gpt",), n=10)
    a_run(tmp_path, ("gpt",), n=10, rows=[a_row("gpt", "triage", 0)], status="interrupted")
    entries = entries_of(ResultsReader(tmp_path), "support")
    assert {entry.model: entry.run.name for entry in entries}["gpt"] == newest.name
    assert {entry.model for entry in entries} == {"gpt", "tiny"}


def test_a_mean_without_an_interval_says_why(tmp_path: Path) -> None:
    for name, score in (("equal", 0.5), ("apart", None)):
        rows = [a_row("gpt", "triage", i, score=score or i / 10) for i in range(5)]
        a_run(tmp_path / name, ("gpt",), n=5, rows=rows)
        (entry,) = entries_of(ResultsReader(tmp_path / name), "support")
        assert ("no interval can be given: its 5 samples" in "; ".join(entry.warnings)) == (score is not None)


@pytest.mark.long
def test_a_whole_run_counts_before_a_newer_one_of_a_part(tmp_path: Path) -> None:
    """Whether a gate stopped a candidate, or somebody cut the run; the same run's baseline is whole."""
    at = {"n_used": 3, "n_items": 10, "items_digest": "sha256:0", "verdict": "fail"}
    stop = {"stopped_early": {"seed": 0, "counts": {"all": 10}, "candidates": {"tiny": at}}}
    for name, cut, warned in (
        ("stopped", stop, "stopped early: 3 of 10 items"),
        ("limited", {"cut_by_limit": 3}, "cut by --limit 3"),
        ("tasks", {"cut_by_tasks": ["triage"]}, "cut by --tasks triage"),
    ):
        results = tmp_path / name
        rows = [a_row(m, t, i) for t in TASKS for m in ("gpt", "tiny") for i in range(3)]
        rows = [row for row in rows if name != "stopped" or row.model == "gpt" or row.sample_id.endswith(("0", "1"))]
        set_facts(a_run(results, ("gpt", "tiny"), n=3, rows=rows), **cut)
        (part,) = {entry.run.name for entry in entries_of(ResultsReader(results), "support")}
        said = {entry.model: "; ".join(entry.warnings) for entry in entries_of(ResultsReader(results), "support", part)}
        assert warned in said["tiny"], name
        assert ("stopped" in said["tiny"], "stopped" in said["gpt"]) == (name == "stopped", False)
        (info,), store = runs.list_runs(results), ResultsReader(results)
        told = warned if name != "stopped" else "tiny stopped early"
        decided = name == "stopped"  # a gate that decided early is a result; a part that somebody cut comes behind
        assert (info.part, info.rank, str(store.state(part))) == (told, 0 if decided else 1, f"complete ({told})")

        # An interval for a fixed number of items does not hold where a gate looked on the way: none is shown anywhere.
        lines = standing(store, entries_of(store, "support", part), None)
        chart = charts.leaderboard(lines)
        assert chart is not None
        drawn = {row["model"]: row["low"] is not None for row in chart.spec["data"]["values"]}
        assert drawn == {"gpt": True, "tiny": name != "stopped"}, name
        side = (part, "gpt"), (part, "tiny")
        versus, run = compare(store, *side), load_run(results / part)
        both = versus.low, paired(run["gpt"], run["tiny"]).differences[0].low
        assert [low is None for low in both] == [name == "stopped"] * 2, name

        whole = a_run(results, ("gpt", "tiny"), n=10)
        newer = a_run(results, ("gpt", "tiny"), n=3, rows=rows)
        set_facts(newer, **cut)
        found = {entry.model: entry.run.name for entry in entries_of(ResultsReader(results), "support")}
        assert found == {"gpt": newer.name if name == "stopped" else whole.name, "tiny": whole.name}, name
        set_facts(whole, status="interrupted")  # what is complete but a part says more than what broke off
        found = {entry.model: entry.run.name for entry in entries_of(ResultsReader(results), "support")}
        assert found == {"gpt": newer.name, "tiny": newer.name}, name


def test_a_stop_at_which_everything_had_been_asked_leaves_a_plain_comparison(tmp_path: Path) -> None:
    """The gate chose no items then: intervals and p are those of any whole run, everywhere."""
    at = {"n_used": 16, "n_items": 20, "items_digest": "sha256:0", "verdict": "pass"}
    run = a_run(tmp_path, ("gpt", "tiny"), n=20)
    plain = paired(load_run(run)["gpt"], load_run(run)["tiny"])
    set_facts(run, stopped_early={"seed": 0, "counts": {"all": 40}, "candidates": {"tiny": at}})
    store, opened = ResultsReader(tmp_path), load_run(run)
    found = paired(opened["gpt"], opened["tiny"])
    assert (found.differences, found.caveats) == (plain.differences, ())
    assert found.differences[0].low is not None
    assert compare(store, (run.name, "gpt"), (run.name, "tiny")).low is not None
    lines = standing(store, entries_of(store, "support"), None)
    assert all(line.cell.quality.low is not None for line in lines)
    assert not any("stopped" in warning for line in lines for warning in line.entry.warnings)


def test_what_was_asked_otherwise_is_shown_but_not_ranked(tmp_path: Path) -> None:
    import json

    old = a_run(tmp_path, ("tiny",), n=10)
    tasks = json.loads((old / "run.json").read_text())["tasks"]
    tasks["triage"]["identity"] = {"messages": "another prompt"}
    set_facts(old, tasks=tasks)
    a_run(tmp_path, ("gpt", "qwen"), n=10)
    lines = standing(ResultsReader(tmp_path), entries_of(ResultsReader(tmp_path), "support"), None)
    assert lines[-1].entry.model == "tiny"
    assert lines[-1].standing is None
    assert "not comparable: triage" in lines[-1].entry.warnings[0]
    assert lines[-1].state == ""


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=4, rows=[a_row("gpt", "triage", 0)], status="running")
    store = ResultsReader(tmp_path)
    assert store.summary(folder.name).n_rows == 1
    from tests.store_rows import write

    write(folder, [a_row("gpt", "triage", 1)], writer="second")
    assert store.summary(folder.name).n_rows == 2
    assert store.query([folder.name], "select count(*) as n from rows")[0]["n"] == 2


def test_a_comparison_says_a_difference_only_where_one_is_shown(tmp_path: Path) -> None:
    run = a_run(tmp_path, ("gpt", "qwen", "tiny"), n=40).name
    store = ResultsReader(tmp_path)
    clear = sentence(compare(store, (run, "gpt"), (run, "tiny")), "gpt", "tiny")
    assert clear.startswith("tiny is ") and "points worse than gpt" in clear and "in 80 samples" in clear
    unclear = sentence(compare(store, (run, "gpt"), (run, "qwen")), "gpt", "qwen")
    assert unclear.startswith("No difference is shown")
    same = compare(store, (run, "gpt"), (run, "gpt"))
    assert same.delta == 0 and same.flips == 0
    assert "measured equal" in sentence(same, "a", "b")


def test_flips_count_the_same_as_the_comparison(tmp_path: Path) -> None:
    rows = [a_row(m, t, i) for t in TASKS for i in range(20) for m in ("gpt", "tiny")][:-1]
    run = a_run(tmp_path, ("gpt", "tiny"), n=20, rows=[*rows, an_error("tiny", "triage", 19)]).name
    store, a, b = ResultsReader(tmp_path), (run, "gpt"), (run, "tiny")
    versus = compare(store, a, b)
    assert versus.n_errored == 1
    assert versus.n == 39
    counted = {kind: list_flips(store, a, b, limit=3, offset=0, kind=kind)[1] for kind in KINDS}
    assert (counted["better"], counted["worse"]) == (versus.gained, versus.lost)
    assert counted["every sample"] == 40
    page, n = list_flips(store, a, b, limit=5, offset=5, kind="every sample")
    assert (len(page), n) == (5, 40)


def test_percent_signs_and_underscores_are_searched_as_they_are(tmp_path: Path) -> None:
    rows = [a_row(m, "triage", i, text="100% sure" if i else "100 sure") for i in range(3) for m in ("gpt", "qwen")]
    run = a_run(tmp_path, ("gpt", "qwen"), n=3, rows=rows).name
    store = ResultsReader(tmp_path)

    def hits(text: str) -> int:
        return list_flips(store, (run, "gpt"), (run, "qwen"), limit=9, offset=0, kind="every sample", text=text)[1]

    assert hits("100%") == 2
    assert hits("1__ sure") == 0


def test_repeats_are_averaged_within_a_sample_first(tmp_path: Path) -> None:
    rows = [a_row("gpt", "triage", 0, repeat=r, score=float(r > 0), outcome=Outcome.RIGHT) for r in range(4)]
    rows += [a_row("qwen", "triage", 0, score=1.0, outcome=Outcome.RIGHT)]
    run = a_run(tmp_path, ("gpt", "qwen"), n=1, rows=rows).name
    assert compare(ResultsReader(tmp_path), (run, "gpt"), (run, "qwen")).delta == 0.25
