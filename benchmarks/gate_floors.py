"""How often a floor (`min`, `max_rate`) is wrong, and how often it sees what is there.

Truth exactly on the floor. Right/wrong scores of independent items: summed from the law. In clusters and with repeats:
each cluster's rate is drawn from a beta or a logit-normal law with the given correlation. Graded: beta scores, many
ties, and a rare collapse to 0.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from benchmarks.gate_dependence import cluster_sizes
from benchmarks.gate_draws import ALPHA, Floats, Rates
from benchmarks.gate_goals import Goal, with_noise
from evalkit import stats
from evalkit.stats.one_sample import binomial_tails

FLOORS = (0.5, 0.7, 0.85, 0.95, 0.98)
SHAPES = (
    *((8, "equal 20"), (8, "geometric 20"), (20, "equal 10"), (20, "geometric 10"), (40, "lognormal 10 1.5")),
    *((80, "geometric 6"), (160, "equal 3"), (160, "lognormal 5 1.0")),
)
REPEATS = ((50, "equal 4"), (127, "equal 4"), (300, "equal 8"))
Codes = npt.NDArray[np.int64]


def floors(reps: int) -> list[Goal]:
    """Every table of this file."""
    return [*_exact(), *_clusters(reps), *_graded(reps), *_dollars(reps)]


def _exact() -> list[Goal]:
    print("\nfloors, right/wrong, exact (no noise): false pass, false fail: mean / worst; power 5 points above, below")
    goals = []
    for n in (50, 100, 200, 500):
        wrong, missed, above, below = Rates(), Rates(), Rates(), Rates()
        for floor in FLOORS:
            law = [binomial_tails(k, n, floor) for k in range(n + 1)]
            passes = next((k for k in range(n + 1) if law[k][0] <= ALPHA), n + 1)
            fails = next((k for k in range(n, -1, -1) if law[k][1] <= ALPHA), -1)
            wrong.add(binomial_tails(passes, n, floor)[0] if passes <= n else 0.0)
            missed.add(binomial_tails(fails, n, floor)[1] if fails >= 0 else 0.0)
            if floor + 0.05 <= 1:
                above.add(binomial_tails(passes, n, floor + 0.05)[0] if passes <= n else 0.0)
            below.add(binomial_tails(fails, n, floor - 0.05)[1] if fails >= 0 else 0.0)
        print(f"{n:>5} {wrong!s:>14} {missed!s:>14} {above.mean:>7.3f} {below.mean:.3f}")
        goals.append(Goal(f"floor, n={n}: wrong, worst cell (exact)", ALPHA, max(wrong.cells + missed.cells)))
    return goals


def clustered_scores(
    rng: np.random.Generator, shape: tuple[int, str], law: str, icc: float, mean: float
) -> tuple[Floats, Codes]:
    """Right/wrong scores with this true mean, and the cluster of each."""
    k, kind = shape
    labels = np.repeat(np.arange(k), cluster_sizes(rng, kind, k))
    if icc <= 0:
        rates = np.full(k, mean)
    elif law == "beta":
        a = (1 - icc) / icc
        rates = rng.beta(mean * a, (1 - mean) * a, k)
    else:
        rates = _logit_normal(rng, icc, mean, k)
    return (rng.random(labels.size) < rates[labels]).astype(np.float64), labels


def _logit_normal(rng: np.random.Generator, icc: float, mean: float, k: int) -> Floats:
    """Rates whose logit is normal, with this mean and about this correlation: the shift is found on a fixed grid."""
    z = np.array([_quantile((i + 0.5) / 400) for i in range(400)])
    best: tuple[float, float, float] = (math.inf, 0.0, 0.0)
    for sigma in (0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 3.5):
        low, high = -12.0, 14.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if (1 / (1 + np.exp(-(middle + sigma * z)))).mean() < mean else (low, middle)
        rates = 1 / (1 + np.exp(-(low + sigma * z)))
        gap = abs(float(rates.var()) / (mean * (1 - mean)) - icc)
        best = min(best, (gap, low, sigma))
    _, shift, sigma = best
    return np.asarray(1 / (1 + np.exp(-(shift + sigma * rng.standard_normal(k)))))


def _quantile(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _clusters(reps: int) -> list[Goal]:
    print(f"\nfloors in clusters and repeats, R={reps}: false pass, false fail: mean / worst cell; power to pass, fail")
    goals = []
    for law in ("beta", "logit-normal"):
        wrong, missed, passing, failing = Rates(), Rates(), Rates(), Rates()
        for n, (shape, icc, floor) in enumerate(_cells()):
            rng = np.random.default_rng([n, len(law)])
            repeated = shape in REPEATS
            counted = [0, 0, 0, 0]
            for r in range(reps):
                verdict = _decided(clustered_scores(rng, shape, law, icc, floor), floor, repeated=repeated)
                counted[0] += verdict == "pass"
                counted[1] += verdict == "fail"
                if r % 4 == 0:
                    away = (1 - floor) * 0.6
                    higher = clustered_scores(rng, shape, law, icc, floor + away)
                    lower = clustered_scores(rng, shape, law, icc, floor - away)
                    counted[2] += _decided(higher, floor, repeated=repeated) == "pass"
                    counted[3] += _decided(lower, floor, repeated=repeated) == "fail"
            wrong.add(counted[0] / reps)
            missed.add(counted[1] / reps)
            passing.add(4 * counted[2] / reps)
            failing.add(4 * counted[3] / reps)
            print(
                f"  {law} {shape} ICC {icc} floor {floor}: false pass {counted[0] / reps:.3f}, false fail "
                f"{counted[1] / reps:.3f}, power {4 * counted[2] / reps:.2f} {4 * counted[3] / reps:.2f}",
                flush=True,
            )
        print(f"{law:<12} {wrong!s:>14} {missed!s:>14} {passing.mean:>7.3f} {failing.mean:.3f}")
        n_cells = 2 * len(_cells())
        worst, allowed = max(wrong.cells + missed.cells), with_noise(0.06, reps, n_cells)
        goals.append(Goal(f"floors in clusters, {law}: wrong, worst of {n_cells}", 0.06, worst, allowed=allowed))
    return goals


def _cells() -> list[tuple[tuple[int, str], float, float]]:
    """(shape, ICC, floor)"""
    found = [(shape, icc, floor) for shape in SHAPES for icc, floor in ((0.05, 0.7), (0.2, 0.85), (0.4, 0.95))]
    return [*found, *((shape, icc, floor) for shape in REPEATS for icc, floor in ((0.3, 0.5), (0.6, 0.85)))]


def _decided(drawn: tuple[Floats, Codes], floor: float, *, repeated: bool) -> str:
    scores, labels = drawn
    where = {"items": labels} if repeated else {"clusters": labels}
    return str(stats.decide_floor(scores, floor, ALPHA, **where))


def graded_scores(rng: np.random.Generator, kind: str, n: int, mean: float) -> Floats:
    """Scores in [0, 1] with this true mean. `collapse`: all alike but for a rare 0 (for failing: a rare 1)."""
    if kind == "noise":
        return rng.beta(6 * mean, 6 * (1 - mean), n)
    if kind == "ties":
        return np.where(rng.random(n) < 0.8, mean, np.where(rng.random(n) < mean, 1.0, 0.0))
    level = mean / 0.97
    return np.where(rng.random(n) < 0.03, 0.0, level)


def _graded(reps: int) -> list[Goal]:
    print(f"\nfloors of graded scores, R={reps}: false pass, false fail: mean / worst cell")
    goals = []
    for kind in ("noise", "ties", "collapse"):
        wrong, missed = Rates(), Rates()
        for n in (50, 100, 300):
            for floor in (0.6, 0.8, 0.9):
                rng = np.random.default_rng([n, int(floor * 100), len(kind)])
                counted = [0, 0]
                for _ in range(reps):
                    counted[0] += stats.decide_floor(graded_scores(rng, kind, n, floor), floor, ALPHA) == "pass"
                    mirrored = 1 - graded_scores(rng, kind, n, floor)  # the mirror: a rare perfect answer
                    counted[1] += stats.decide_floor(mirrored, 1 - floor, ALPHA) == "fail"
                wrong.add(counted[0] / reps)
                missed.add(counted[1] / reps)
        print(f"{kind:<10} {wrong!s:>14} {missed!s:>14}", flush=True)
        worst, allowed = max(wrong.cells + missed.cells), with_noise(0.06, reps, 18)
        goals.append(Goal(f"floors, graded, {kind}: wrong, worst of 18", 0.06, worst, allowed=allowed))
    return goals


def _dollars(reps: int) -> list[Goal]:
    """Bills against an amount of dollars (`max_usd`), the true mean exactly on it; the dearest answer is known."""
    print(f"\nbills against an amount, R={reps}: false pass, false fail: mean / worst cell")
    wrong, missed = Rates(), Rates()
    for n, size in ((30, 1), (127, 1), (500, 1), (40, 10), (127, 4)):
        for share, times in ((0.0, 1.0), (0.05, 10.0), (0.01, 50.0)):
            rng = np.random.default_rng([n, size, int(share * 100)])
            labels, counted = np.repeat(np.arange(n), size), [0, 0]
            groups = labels if size > 1 else None
            mean = math.exp(0.125) * (1 + share * (times - 1))
            for _ in range(reps):
                shared = rng.normal(0, 0.35, n)[labels]
                usual = np.exp(shared + rng.normal(0, math.sqrt(0.25 - 0.35**2), labels.size))
                spent = np.where(rng.random(labels.size) < share, times * math.exp(0.125), usual)
                limit = np.full(labels.size, mean)
                decided = stats.cost_ratio(limit, spent, 1.0, ALPHA, groups, times * math.exp(0.125) * 1.5 + 3)
                counted[0] += decided.verdict == "pass"
                counted[1] += decided.verdict == "fail"
            wrong.add(counted[0] / reps)
            missed.add(counted[1] / reps)
            print(
                f"  n={n} x {size}, {share:.0%} at {times:g}x: {counted[0] / reps:.3f} {counted[1] / reps:.3f}",
                flush=True,
            )
    print(f"{'max_usd':<10} {wrong!s:>14} {missed!s:>14}")
    worst, allowed = max(wrong.cells + missed.cells), with_noise(0.06, reps, 30)
    return [Goal("bills against an amount: wrong, worst of 30", 0.06, worst, allowed=allowed)]
