"""The statistics of a gate with history: figures of another implementation, and what must hold of any verdict."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.stats import assisted, history
from evalkit.stats import assisted_population as sample
from evalkit.stats.assisted_looks import Assisted, Bets, KnownItems, unknown_items
from evalkit.stats.part import test_part as part_of


def made(n: int, k: int, seed: int, *, graded: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Candidate, baseline and k - 2 older models, which find the same items hard."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=n)
    scores = np.array([0.6 + 0.1 * j - hard + 0.7 * rng.normal(size=n) for j in range(k)])
    scores = np.clip(np.round(scores / 4 + 0.5, 2), 0, 1) if graded else (scores > 0).astype(float)
    return scores[2], scores[1], np.delete(scores, (1, 2), 0)


FIGURES = [
    # made(...), graded, slopes, expected ratio, (margin, items) of three walks: by the prototype of 2026-11-28
    ((300, 6, 1), False, (-0.873438, 0.599459), 0.468277, (135, 90, 45)),
    ((1000, 4, 2), False, (-0.700902, 0.362290), 0.636327, (650, 300, 40)),
    ((150, 12, 3), False, (-0.910454, 0.779446), 0.478427, (150, 128, 68)),
    ((300, 6, 1), True, (-0.822157, 0.664644), 0.498866, (105, 60, 45)),
    ((1000, 4, 2), True, (-0.628206, 0.432738), 0.673042, (500, 100, 50)),
    ((150, 12, 3), True, (-0.906656, 0.850543), 0.487823, (120, 68, 45)),
]


@pytest.mark.parametrize(("data", "graded", "slopes", "ratio", "used"), FIGURES)
def test_the_walk_is_that_of_the_prototype(
    data: tuple[int, int, int], graded: bool, slopes: tuple[float, float], ratio: float, used: tuple[int, ...]
) -> None:
    cand, base, older = made(*data, graded=graded)
    known = history.predictors(base, older)
    np.testing.assert_allclose(history.slopes(base, older), slopes, atol=1e-6)
    assert known.ratio == pytest.approx(ratio, abs=1e-6)
    order = np.random.default_rng(9).permutation(len(base))
    for margin, items in zip((0.005, 0.035, 0.105), used, strict=True):
        gate = Assisted(KnownItems(known.at(order), base[order]), margin, 0.05, "suite", "curtail")
        assert gate.update(base[order], cand[order]) == "pass"
        # Arithmetic may settle a walk between two looks; the prototype looks at looks only.
        assert items - 0.05 * len(base) - 1 < (gate.n_used or 0) <= items


@pytest.mark.parametrize("scope", ["suite", "population"])
@pytest.mark.parametrize("plan", ["save", "strict"])
def test_batches_do_not_matter(scope: str, plan: str) -> None:
    cand, base, older = made(300, 6, 5)
    known = KnownItems(history.predictors(base, older), base)
    ends = set()
    for size in (1, 7, 300):
        gate = Assisted(known, 0.06, 0.05, scope, plan)  # type: ignore[arg-type]
        for at in range(0, 300, size):
            if gate.update(base[at : at + size], cand[at : at + size]) != "continue":
                break
        ends.add((gate.verdict, gate.n_used, gate.reason))
    assert len(ends) == 1


def test_estimates_are_right_on_average_over_orders() -> None:
    """Each of the three is unbiased by design (the fitted one nearly), whatever history says: here it is nonsense."""
    cand, base, _ = made(200, 6, 7)
    older = np.random.default_rng(1).random((4, 200))
    known = history.predictors(base, older)
    orders = np.argsort(np.random.default_rng(2).random((4000, 200)), axis=1)[:, :60]
    seen = assisted.moments_of((cand - base)[orders], known.predicted[orders], known.columns[orders], 200)
    truth, error = (cand - base).mean(), seen.estimate.std(axis=0) / np.sqrt(4000)
    assert (np.abs(seen.estimate.mean(axis=0) - truth) < 4 * error + 1e-3).all()


def test_leave_one_out_errors_are_those_of_fits_without_the_item() -> None:
    cand, base, older = made(80, 5, 3)
    known = history.predictors(base, older)
    rows = np.arange(30)
    y, x = (cand - base - known.predicted)[rows], known.columns[rows]
    errors = []
    for n in rows:
        rest = rows != n
        # Weights and centre of the whole sample's ridge, without the item: the closed form's own definition.
        xc, yc = x[rest] - x[rest].mean(axis=0), y[rest] - y[rest].mean()
        slope = np.linalg.solve(xc.T @ xc + assisted.PENALTY * np.eye(x.shape[1]), xc.T @ yc)
        errors.append(y[n] - y[rest].mean() - (x[n] - x[rest].mean(axis=0)) @ slope)
    seen = assisted.moments_of((cand - base)[None, :30], known.predicted[None, :30], known.columns[None, :30], 80)
    assert seen.second[0, assisted.RIDGE] == pytest.approx(np.var(errors), rel=1e-9)


@pytest.mark.long
def test_history_saves_items_on_average_and_errs_as_rarely_as_it_says() -> None:
    cand, base, older = made(500, 8, 11)
    truth = float((cand - base).mean())
    rng = np.random.default_rng(3)
    used: dict[bool, list[int]] = {True: [], False: []}
    wrong = {"pass": 0, "fail": 0}
    for _ in range(150):
        order = rng.permutation(500)
        for helped in (True, False):
            known = history.predictors(base, older) if helped else unknown_items(500).predictors
            gate = Assisted(KnownItems(known.at(order), base[order]), 0.04, 0.05, "suite", "save")
            gate.update(base[order], cand[order])
            used[helped].append(gate.n_used or 0)
        # The margin lies half an item on either side of the truth: one of the verdicts is then wrong.
        for name, margin in (("pass", -truth - 1 / 500), ("fail", -truth)):
            if 0 <= margin < 1:
                gate = Assisted(
                    KnownItems(history.predictors(base, older).at(order), base[order]), margin, 0.05, "suite", "save"
                )
                wrong[name] += gate.update(base[order], cand[order]) == name
    assert np.mean(used[True]) < 0.85 * np.mean(used[False])
    assert max(wrong.values()) <= 15  # at most .05 in 150: 7.5, and 15 with a chance below 1 in 100


def test_errored_pairs_are_lost_for_passing_and_won_for_failing() -> None:
    cand, base, older = made(100, 6, 2)
    known = KnownItems(history.predictors(base, older), base)
    gate = Assisted(known, 0.02, 0.05, "suite", "save")
    gate.update([], [], 90)
    assert gate.verdict is None
    gate.update(base[90:], cand[90:])
    assert gate.verdict == "inconclusive"
    assert gate.reason == "failed pairs leave it open"


def test_identical_models_are_settled_by_arithmetic_and_never_by_an_estimate() -> None:
    _, base, older = made(200, 6, 4)
    gate = Assisted(KnownItems(history.predictors(base, older), base), 0.0, 0.05, "suite", "save")
    gate.update(base, base)
    assert gate.verdict == "pass"
    assert gate.basis is not None
    assert gate.basis.plain == 0


def test_a_population_is_decided_no_earlier_than_the_pilot() -> None:
    cand, base, older = made(400, 8, 6)
    worse = np.where(np.random.default_rng(1).random(400) < 0.4, 0.0, cand)
    gate = Assisted(KnownItems(history.predictors(base, older), base), 0.02, 0.05, "population", "save")
    gate.update(base, worse)
    assert gate.verdict == "fail"
    assert (gate.n_used or 0) >= sample.PILOT * 400


def test_information_of_a_sample_grows_faster_where_predictions_leave_less() -> None:
    assert sample.information((250, 500, 1000), 1000, 1.0) == (0.25, 0.5, 1.0)
    assert sample.information((250, 500, 1000), 1000, 0.5) == pytest.approx((0.4, 2 / 3, 1.0))
    assert history.share_with(0.5, 0.5) == pytest.approx(1 / 3)
    assert history.share_with(1.0, 0.4) == pytest.approx(0.4)


def test_whoever_bets_against_the_truth_hardly_grows_rich() -> None:
    rng = np.random.default_rng(8)
    scores = (rng.random(300) < 0.5).astype(float) - (rng.random(300) < 0.5)
    bets = Bets(2000, 300, float(scores.mean()), 0.05, -1.0)
    for residual in scores[np.argsort(rng.random((2000, 300)), axis=1)].T:
        bets.take(residual)
    assert bets.rich.mean() <= 0.06
    sure = Bets(1, None, -0.05, 0.05, -1.0)
    for _ in range(400):
        sure.take(np.zeros(1))
    assert sure.rich[0]  # equal answers pass at a margin of 5 points


@pytest.mark.parametrize("k", [0, 1])
def test_one_older_model_or_none_is_no_forecast(k: int) -> None:
    _, base, older = made(100, 6, 1)
    known = history.predictors(base, older[:k])
    assert known.ratio == 1.0
    assert abs(known.predicted.mean()) < 1e-12


def test_more_pairs_than_announced_are_refused() -> None:
    gate = Assisted(unknown_items(10), 0.02, 0.05, "suite", "save")
    with pytest.raises(ValueError, match="were announced"):
        gate.update([1.0] * 11, [1.0] * 11)
    with pytest.raises(ValueError):
        gate.update([1.2], [1.0])


@pytest.mark.parametrize("scope", ["suite", "population"])
def test_a_part_says_as_much_with_history_as_a_larger_part_without(scope: str) -> None:
    cand, base, older = made(900, 8, 13)
    rng, truth = np.random.default_rng(4), float((cand - base).mean())
    lengths, hits = {True: [], False: []}, 0
    for _ in range(60):
        some = np.full(900, np.nan)
        asked = rng.permutation(900)[:200]
        some[asked] = cand[asked]
        for helped in (True, False):
            found = part_of(base, some, older if helped else older[:0], 0.05, scope=scope)
            lengths[helped].append(found.interval.high - found.interval.low)
            hits += helped and found.interval.low <= truth <= found.interval.high
            assert (found.verdict == "pass") == (found.interval.low >= -0.05)
            assert (found.verdict == "fail") == (found.interval.high < -0.05)
    assert np.mean(lengths[True]) < (0.92 if scope == "suite" else 0.97) * np.mean(lengths[False])
    assert hits >= 46  # of 60 at .90 or more: 45 comes with a chance below 1 in 1,000


def test_what_is_no_part_is_refused() -> None:
    cand, base, older = made(100, 5, 1)
    for some in (cand, np.full(100, np.nan), cand[:50]):
        with pytest.raises(ValueError, match="were asked"):
            part_of(base, some, older, 0.02)
    part = np.where(np.arange(100) < 60, cand, np.nan)
    with pytest.raises(ValueError, match="older has a score"):
        part_of(base, part, older * np.nan, 0.02)
    few = part_of(base, np.where(np.arange(100) < 30, cand, np.nan), older, 0.02)
    assert (few.verdict, few.interval) == ("inconclusive", None)
