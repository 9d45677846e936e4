"""Early stopping: boundaries against published ones and simulation, and verdicts that batches cannot bend."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from evalkit import stats
from evalkit.stats import Verdict
from evalkit.stats.looks import Sequential
from evalkit.stats.spending import curtailment_boundary, spending_boundary, spent


def scores(differences: list[int] | np.ndarray) -> tuple[list[int], list[int]]:
    """Right/wrong scores with these differences."""
    return [int(d < 0) for d in differences], [int(d > 0) for d in differences]


def run(gate: Sequential, differences: list[int] | np.ndarray, batch: int = 10**9) -> str:
    """Feed everything in batches; what was said last."""
    said: str = "continue"
    for start in range(0, len(differences), batch):
        said = gate.update(*scores(differences[start : start + batch]))
        if said != "continue":
            break
    return str(said)


def test_spending_boundaries_equal_published_ones() -> None:
    """gsDesign: HSD gamma -4, five equal looks, one-sided .025."""
    times = tuple(k / 5 for k in range(1, 6))
    edges = spending_boundary(times, tuple(spent(t, 0.025, -4) for t in times))
    assert [e / math.sqrt(t) for e, t in zip(edges, times, strict=True)] == pytest.approx(
        [3.253, 2.986, 2.692, 2.374, 2.025], abs=2e-3
    )


def test_boundaries_are_crossed_as_often_as_they_may() -> None:
    times = tuple(k / 20 for k in range(1, 21))
    rng = np.random.default_rng(3)
    paths = np.cumsum(rng.standard_normal((100_000, 20)) * math.sqrt(1 / 20), axis=1)
    for edges in (curtailment_boundary(times, 0.05, 0.9), spending_boundary(times, tuple(0.05 * t for t in times))):
        assert (paths >= np.array(edges)).any(axis=1).mean() == pytest.approx(0.05, abs=0.003)
    assert curtailment_boundary(times, 0.05, 0.9)[-1] == pytest.approx(1.658, abs=1e-3)


@pytest.mark.parametrize(
    "rule", [("population", "curtail"), ("population", "save"), ("suite", "curtail"), ("suite", "save")]
)
def test_how_the_pairs_are_batched_changes_nothing(rule: tuple[Any, Any]) -> None:
    rng = np.random.default_rng(5)
    for chances in ([0.05, 0.9, 0.05], [0.2, 0.75, 0.05], [0.02, 0.9, 0.08]):
        d = rng.choice([-1, 0, 1], 300, p=chances)
        gates = [stats.sequential(300, 0.03, 0.05, *rule) for _ in range(3)]
        said = [run(gate, d, batch) for gate, batch in zip(gates, (1, 7, 300), strict=True)]
        assert said[0] == said[1] == said[2] != "continue"
        assert gates[0].n_used == gates[1].n_used == gates[2].n_used


def test_a_collapse_is_seen_long_before_the_end() -> None:
    d = np.random.default_rng(6).choice([-1, 0, 1], 1000, p=[0.25, 0.7, 0.05])
    for plan in ("curtail", "save"):
        gate = stats.sequential(1000, 0.02, plan=plan)
        assert run(gate, d, 20) == "fail"
        assert gate.n_saved >= 500
        assert gate.reason == "shown"


def test_models_near_the_margin_are_given_up_only_by_the_saving_plan() -> None:
    d = np.tile([-1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0], 20)
    saving, curtailing = stats.sequential(400, 0.05, plan="save"), stats.sequential(400, 0.05, plan="curtail")
    assert run(saving, d) == run(curtailing, d) == "inconclusive"
    assert saving.n_saved > 0
    assert "hardly" in saving.reason
    assert curtailing.n_saved == 0


def test_run_to_the_end_the_verdict_is_that_of_the_exact_test() -> None:
    """But for cases within a hair of the limit: twenty looks ask for 1.658 where one asks for 1.645."""
    rng = np.random.default_rng(8)
    same = 0
    for _ in range(60):
        d = rng.choice([-1, 0, 1], 200, p=[0.08, 0.86, 0.06])
        same += run(stats.sequential(200, 0.04), d) == stats.decide(*scores(d), 0.04)
    assert same >= 58


def test_identical_answers_pass_no_earlier_than_the_exact_test_lets_them() -> None:
    for scope, plan in [("population", "curtail"), ("population", "save")]:
        gate = stats.sequential(1000, 0.02, 0.05, scope, plan)  # type: ignore[arg-type]
        assert run(gate, [0] * 1000, 10) == "pass"
        assert gate.n_used is not None
        assert gate.n_used > 149
    assert run(stats.sequential(148, 0.02), [0] * 148) == "inconclusive"
    assert run(stats.sequential(1000, 0.0), [0] * 1000) == "inconclusive"


def test_a_suite_says_what_all_its_items_say() -> None:
    for losses, expected in [(4, "pass"), (5, "fail")]:
        d = [-1] * losses + [0] * (200 - losses)
        gate = stats.sequential(200, 0.02, scope="suite")
        assert run(gate, d[::-1]) == expected
        assert gate.n_used is not None
        assert gate.n_used >= 195


def test_a_suite_with_few_differences_is_not_extrapolated() -> None:
    """Seven losses in the first fifth look like a disaster; the floor waits for an eighth difference."""
    d = [-1] * 7 + [0] * 993
    gate = stats.sequential(1000, 0.0, scope="suite")
    assert gate.update(*scores(d[:200])) == "continue"
    assert run(stats.sequential(1000, 0.02, scope="suite"), d) == "pass"


def test_a_suite_stops_when_the_rest_cannot_change_it() -> None:
    gate = stats.sequential(100, 0.1, scope="suite")
    assert gate.update(*scores([0] * 90)) == "pass"
    assert gate.reason == "the items left cannot change it"
    assert gate.n_saved == 10


def test_suite_verdicts_agree_with_the_full_suite() -> None:
    rng = np.random.default_rng(9)
    wrong = total = 0
    for chances in ([0.1, 0.8, 0.1], [0.15, 0.75, 0.1], [0.08, 0.8, 0.12]):
        for _ in range(70):
            d = rng.choice([-1, 0, 1], 300, p=chances)
            total += 1
            wrong += run(stats.sequential(300, 0.02, scope="suite", plan="save"), d) != stats.decide(
                *scores(d), 0.02, scope="suite"
            )
    assert wrong / total <= 0.03


def test_errored_pairs_count_against_whatever_is_at_stake() -> None:
    gate = stats.sequential(200, 0.02)
    assert gate.update(*scores([0] * 180), n_errored=20) is Verdict.INCONCLUSIVE
    assert gate.n_errored == 20
    suite = stats.sequential(200, 0.02, scope="suite")
    assert suite.update(*scores([0] * 190), n_errored=10) is Verdict.INCONCLUSIVE
    assert "failed pairs" in suite.reason
    assert stats.sequential(200, 0.02).update([], [], n_errored=5) == "continue"


def test_a_settled_verdict_stands_whatever_comes() -> None:
    gate = stats.sequential(400, 0.0)
    assert run(gate, [-1] * 200, 20) == "fail"
    used = gate.n_used
    assert gate.update(*scores([1] * 300)) is Verdict.FAIL
    assert gate.n_used == used


@pytest.mark.parametrize(
    ("baseline", "candidate", "words"),
    [
        ([0.5], [1], "0 or 1"),
        ([1, 0], [1], "2 scores"),
        ([], [], "no pairs"),
        ([math.nan], [1], "nan"),
        ([1] * 51, [1] * 51, "51 pairs have come where 50"),
    ],
)
def test_a_bad_batch_is_refused_and_leaves_no_trace(baseline: list[Any], candidate: list[Any], words: str) -> None:
    gate = stats.sequential(50, 0.02)
    with pytest.raises(ValueError, match=words):
        gate.update(baseline, candidate)
    assert (gate.n, gate.wins, gate.losses, gate.verdict) == (0, 0, 0, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_items": 0}, "at least 1"),
        ({"margin": -1}, "margin"),
        ({"alpha": 0.7}, "alpha"),
        ({"scope": "world"}, "population or suite"),
        ({"plan": "hurry"}, "curtail or save"),
    ],
)
def test_impossible_plans_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stats.sequential(**({"n_items": 10, "margin": 0.02} | options))


@pytest.mark.parametrize("n", [1, 2, 7, 19, 20, 21, 6000])
def test_any_number_of_items_has_its_looks(n: int) -> None:
    gate = stats.sequential(n, 0.02)
    assert gate.looks[-1] == n
    assert len(gate.looks) == min(n, 20)
    assert run(stats.sequential(n, 0.5, scope="suite"), [0] * n) == "pass"


def test_a_suite_just_beyond_or_just_within_the_margin_is_seldom_misjudged() -> None:
    rng = np.random.default_rng(10)
    for total, wrongly in [(-5, "pass"), (-4, "fail")]:  # of 200 items, at a margin of 2 points
        d = np.array([1] * 10 + [-1] * (10 - total) + [0] * (180 + total))
        wrong = sum(
            run(stats.sequential(200, 0.02, 0.05, "suite", "save"), rng.permutation(d)) == wrongly for _ in range(300)
        )
        assert wrong / 300 <= 0.085  # five standard errors above what is measured, .02 to .05
