"""How often the gate is wrong where items move together: unequal clusters, repeats, slow tails, run-away bills.

Truth exactly on the margin or limit. Clusters: beta-distributed discordance by cluster (`law`: beta or Dirichlet),
sizes equal, geometric or lognormal. Latency: lognormal with a part shared by the two sides and a part shared
within a cluster. Bills: lognormal, or with a share of answers that run away to the output limit.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from benchmarks.gate_draws import ALPHA, Floats, Rates, decide_differences
from benchmarks.gate_goals import Goal, with_noise
from evalkit import stats

Cell = tuple[int, str, float, float, float]
CELLS: tuple[Cell, ...] = (
    *((20, "geometric 10", 0.4, 0.05, 0.06), (20, "geometric 10", 0.2, 0.05, 0.06), (8, "equal 50", 0.4, 0.05, 0.20)),
    *((40, "geometric 10", 0.4, 0.05, 0.06), (80, "geometric 10", 0.4, 0.05, 0.06)),
    *((160, "geometric 10", 0.4, 0.05, 0.06), (160, "lognormal 15 1.5", 0.5, 0.02, 0.02)),
    *((40, "lognormal 15 1.5", 0.5, 0.05, 0.06), (40, "equal 30", 0.5, 0.05, 0.06), (15, "equal 30", 0.5, 0.1, 0.25)),
    *((8, "equal 30", 0.3, 0.1, 0.25), (80, "lognormal 10 1.5", 0.45, 0.01, 0.02), (25, "equal 6", 0.2, 0.1, 0.2)),
    *((160, "equal 5", 0.0, 0.01, 0.1), (10, "equal 5", 0.0, 0.05, 0.05), (20, "equal 12", 0.0, 0.02, 0.02)),
    *((150, "equal 3", 0.3, 0.02, 0.1), (100, "equal 8", 0.5, 0.05, 0.1)),
)
"""(clusters, sizes, ICC, margin, share of discordant pairs); the last two are repeats of items."""


def cluster_sizes(rng: np.random.Generator, kind: str, k: int) -> npt.NDArray[np.int64]:
    """int64[k] pairs in each cluster."""
    name, *numbers = kind.split()
    mean = float(numbers[0])
    if name == "equal":
        return np.full(k, int(mean))
    if name == "geometric":
        return np.maximum(1, rng.geometric(1 / mean, k))
    sigma = float(numbers[1])
    return np.maximum(1, rng.lognormal(math.log(mean) - sigma**2 / 2, sigma, k).round()).astype(np.int64)


def draw(rng: np.random.Generator, cell: Cell, law: str, sign: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Differences -1, 0, 1 with true mean -sign × margin, and the cluster of each."""
    k, kind, icc, margin, share = cell
    labels = np.repeat(np.arange(k), cluster_sizes(rng, kind, k))
    lost, won = (share + sign * margin) / 2, (share - sign * margin) / 2
    losing, winning = _rates(rng, law, k, icc, max(lost, 0.0), max(won, 0.0))
    u = rng.random(labels.size)
    return np.where(u < losing[labels], -1.0, np.where(u < (losing + winning)[labels], 1.0, 0.0)), labels


def _rates(rng: np.random.Generator, law: str, k: int, icc: float, lost: float, won: float) -> tuple[Floats, Floats]:
    """Rates of losses and wins of each cluster: float64[k] both."""
    if icc <= 0:
        return np.full(k, lost), np.full(k, won)
    a = (1 - icc) / icc
    both = lost + won
    if law == "dirichlet":
        drawn = rng.dirichlet([max(lost * a, 1e-4), max(won * a, 1e-4), (1 - both) * a], k)
        return drawn[:, 0], drawn[:, 1]
    differs = rng.beta(both * a, (1 - both) * a, k)
    share = rng.beta(max(lost / both * a, 1e-3), max(won / both * a, 1e-3), k)
    return differs * share, differs * (1 - share)


def dependent(reps: int) -> list[Goal]:
    """Right/wrong pairs in unequal clusters and repeats."""
    print(
        f"\nunequal clusters and repeats, R={reps}: false pass, false fail: mean / worst cell; power to pass, to fail"
    )
    goals = []
    for law in ("beta", "dirichlet"):
        wrong, missed, passing, failing = Rates(), Rates(), Rates(), Rates()
        for n, cell in enumerate(CELLS):
            rng = np.random.default_rng([n, len(law)])
            margin = cell[3]
            beyond = (*cell[:3], margin + max(margin, 0.04) * (1 if cell[0] >= 25 else 2))
            worse: Cell = (*beyond, max(cell[4], beyond[3]))  # type: ignore[assignment]
            equal: Cell = (*cell[:3], 0.0, cell[4])
            counted = [0, 0, 0, 0]
            for r in range(reps):
                counted[0] += decide_differences(*_with_margin(draw(rng, cell, law, 1), margin)) == "pass"
                counted[1] += decide_differences(*_with_margin(draw(rng, cell, law, 1), margin)) == "fail"
                if r % 4 == 0:
                    counted[2] += decide_differences(*_with_margin(draw(rng, equal, law, 1), margin)) == "pass"
                    counted[3] += decide_differences(*_with_margin(draw(rng, worse, law, 1), margin)) == "fail"
            wrong.add(counted[0] / reps)
            missed.add(counted[1] / reps)
            passing.add(4 * counted[2] / reps)
            failing.add(4 * counted[3] / reps)
            print(f"  {law} {cell}: false pass {counted[0] / reps:.3f}, false fail {counted[1] / reps:.3f}", flush=True)
        print(f"{law:<10} {wrong!s:>14} {missed!s:>14} {passing.mean:>7.3f} {failing.mean:.3f}")
        allowed = with_noise(0.06, reps, 2 * len(CELLS))
        worst = max(wrong.cells + missed.cells)
        goals.append(Goal(f"unequal clusters, {law}: wrong, worst of {2 * len(CELLS)}", 0.06, worst, allowed=allowed))
    return goals


def _with_margin(
    drawn: tuple[Floats, npt.NDArray[np.int64]], margin: float
) -> tuple[Floats, float, npt.NDArray[np.int64]]:
    return drawn[0], margin, drawn[1]


P95 = math.exp(math.sqrt(0.5) * 1.6448536)
"""Seconds: the true 95th percentile of the candidate where the ratio is 1."""
TIMES: dict[str, tuple[float, dict[str, float]]] = {
    "p50 ratio": (0.5, {"max_ratio": 1.2}),
    "p95 ratio": (0.95, {"max_ratio": 1.2}),
    "p95 seconds": (0.95, {"max_s": P95}),
}
SHAPES = ((300, 1, 0.5), (30, 10, 0.2), (30, 10, 0.5), (60, 5, 0.5), (127, 4, 0.3))
"""(clusters or items, answers of each, ICC)"""


def time_verdict(rng: np.random.Generator, what: str, shape: tuple[int, int, float]) -> str:
    """The verdict on one draw of times whose quantile lies exactly on its limit."""
    (q, limits), (k, size, icc) = TIMES[what], shape
    labels = np.repeat(np.arange(k), size)
    shared = np.repeat(rng.normal(0, 0.5, k), size)
    own = [
        np.repeat(rng.normal(0, 0.5 * math.sqrt(icc), k), size) + rng.normal(0, 0.5 * math.sqrt(1 - icc), labels.size)
        for _ in range(2)
    ]
    first, second = np.exp(shared + own[0]), np.exp(shared + own[1]) * limits.get("max_ratio", 1.0)
    return stats.decide_quantile(first, second, q, alpha=ALPHA, clusters=labels, **limits).value


def dependent_latency(reps: int) -> list[Goal]:
    """Latency quantiles at the limit, in clusters and with repeats."""
    print(f"\nlatency in clusters, R={reps}: false pass / false fail at the limit")
    goals = []
    for what in TIMES:
        wrong, missed = Rates(), Rates()
        for k, size, icc in SHAPES:
            rng = np.random.default_rng([k, size, int(icc * 100), len(what)])
            said = [time_verdict(rng, what, (k, size, icc)) for _ in range(reps)]
            wrong.add(said.count("pass") / reps)
            missed.add(said.count("fail") / reps)
        print(f"{what:<12} {wrong!s:>14} {missed!s:>14}", flush=True)
        worst, allowed = max(wrong.cells + missed.cells), with_noise(0.06, reps, 10)
        goals.append(Goal(f"latency {what} in clusters: wrong, worst of 10", 0.06, worst, allowed=allowed))
    return goals


RUN_AWAYS = ((0.0, 1.0), (0.05, 10.0), (0.01, 50.0), (0.02, 20.0))
"""(share of the answers that run away, how many times dearer they are)"""


def bills(rng: np.random.Generator, share: float, times: float, n: int) -> tuple[Floats, Floats, float]:
    """The baseline's bills, the candidate's, whose true ratio is exactly .8, and the dearest possible answer."""
    scale = 0.8 / (1 + share * (times - 1))
    base = rng.lognormal(0, 0.5, n)
    answer = np.minimum(scale * rng.lognormal(0, 0.5, n), 9 * scale)
    bill = np.where(rng.random(n) < share, scale * math.exp(0.125) * times, answer)
    return base, bill, max(9 * scale, scale * math.exp(0.125) * times)


def run_away_bills(reps: int) -> list[Goal]:
    """Cost ratio at the limit of .8: bills with answers that run away, the dearest possible answer known."""
    print(f"\nrun-away bills, R={reps}: false pass with the cap known, without it; false fail")
    goals, known, unknown, missed = [], Rates(), Rates(), Rates()
    for share, times in RUN_AWAYS:
        for n in (30, 127, 300, 1000):
            rng = np.random.default_rng([n, int(share * 1000), int(times)])
            counted = [0, 0, 0]
            for _ in range(reps):
                base, bill, cap = bills(rng, share, times, n)
                counted[0] += stats.decide_cost(base, bill, max_ratio=0.8, alpha=ALPHA, cap=cap) == "pass"
                found = stats.decide_cost(base, bill, max_ratio=0.8, alpha=ALPHA)
                counted[1] += found == "pass"
                counted[2] += found == "fail"
            known.add(counted[0] / reps)
            unknown.add(counted[1] / reps)
            missed.add(counted[2] / reps)
            rates = ", ".join(f"{c / reps:.3f}" for c in counted)
            print(f"  {share:.0%} at {times:g} x, n={n}: {rates}", flush=True)
    print(f"{'bills':<12} {known!s:>14} {unknown!s:>14} {missed!s:>14}")
    worst, allowed = max(known.cells + missed.cells), with_noise(0.06, reps, 32)
    goals.append(Goal("bills with a known cap: wrong, worst of 32", 0.06, worst, allowed=allowed))
    return goals
