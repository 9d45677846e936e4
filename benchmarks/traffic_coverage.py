"""How often intervals of weighted samples cover the truth, and how often weighted tests pass what lies on the limit.

    python -m benchmarks.traffic_coverage --logs 1000        # the table of docs/gate-statistics.md

Logs are made: lengths and bills with long tails, waves over the day, customers with habits of their own.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.stats import comparison
from evalkit.stats.ratios import cost_ratio, fieller
from evalkit.stats.traffic import Design, TrafficEstimate, quantile, weighted_mean, weighted_ratio
from evalkit.stats.verdict import Verdict

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One kind of log, and how much of it is drawn."""

    n_log: int
    n_drawn: int
    skew: float
    """Standard deviation of the logarithm of a request's length."""
    season: float
    """How much the time of day moves length and score."""


CELLS = (
    Cell(5_000, 150, 0.8, 0.0),
    Cell(5_000, 300, 1.2, 1.0),
    Cell(20_000, 400, 1.2, 1.0),
    Cell(20_000, 200, 1.0, 1.0),
)


def a_log(rng: np.random.Generator, cell: Cell) -> tuple[dict[str, Floats], npt.NDArray[np.intp]]:
    """Values by name (score, usd, seconds), float64[n_log], and the stratum of each request."""
    n = cell.n_log
    customer = rng.zipf(1.6, n) % 30
    wave = cell.season * (0.5 + 0.5 * np.sin(np.linspace(0, 14 * np.pi, n)))
    length = np.exp(rng.normal(5 + 0.3 * wave, cell.skew))
    right = rng.random(n) < np.clip(
        0.95 - 0.04 * np.log(length / 150) - 0.2 * (customer % 5 == 0) - 0.1 * wave, 0.02, 0.99
    )
    values = {
        "score": right.astype(np.float64),
        "usd": length * 2e-6 * np.exp(rng.normal(0, 0.5, n)),
        "seconds": 0.2 + length / 800 * np.exp(rng.normal(0, 0.4, n)),
    }
    strata = np.digitize(length, np.quantile(length, [0.5, 0.8, 0.95])) * 2 + (customer % 5 == 0)
    return values, strata.astype(np.intp)


def drawn(rng: np.random.Generator, strata: npt.NDArray[np.intp], n: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """Rows that are drawn, equally many of each stratum, and what each stands for."""
    rows, weights = [], []
    numbers = np.unique(strata)
    for number in numbers:
        pool = np.flatnonzero(strata == number)
        k = min(pool.size, max(4, round(n / numbers.size)))
        rows.append(rng.choice(pool, k, replace=False))
        weights.append(np.full(k, pool.size / k))
    return np.concatenate(rows), np.concatenate(weights)


def covers(found: TrafficEstimate, truth: float) -> bool:
    """Whether the interval holds the truth; an open end does."""
    return (found.low is None or found.low <= truth) and (found.high is None or truth <= found.high)


def coverage(cell: Cell, n_logs: int, seed: int) -> dict[str, float]:
    """Share of the logs whose truth is covered, by figure."""
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(("score", "usd", "p50", "p95", "ratio"), 0)
    for _ in range(n_logs):
        values, strata = a_log(rng, cell)
        rows, weights = drawn(rng, strata, cell.n_drawn)
        design = Design.of(rows.size, weights, strata[rows])
        for name in ("score", "usd"):
            hits[name] += covers(weighted_mean(values[name][rows], design), float(values[name].mean()))
        found = weighted_ratio(values["usd"][rows], values["score"][rows], design)
        hits["ratio"] += found is None or covers(found, float(values["usd"].sum() / values["score"].sum()))
        for name, q in (("p50", 0.5), ("p95", 0.95)):
            hits[name] += covers(quantile(values["seconds"][rows], q, design), float(np.quantile(values["seconds"], q)))
    return {name: n / n_logs for name, n in hits.items()}


def false_passes(cell: Cell, n_logs: int, seed: int, margin: float = 0.03) -> dict[str, float]:
    """Share of the draws that pass although the truth lies exactly on the limit."""
    rng = np.random.default_rng(seed)
    passed = {"score": 0, "usd": 0}
    for _ in range(n_logs):
        values, strata = a_log(rng, cell)
        rows, weights = drawn(rng, strata, cell.n_drawn)
        before = values["score"]
        # Lost are some right answers, more often the long ones; exactly `margin` of the log.
        odds = np.where(before == 1, 1 + strata, 0.0)
        lost = rng.choice(before.size, round(margin * before.size), replace=False, p=odds / odds.sum())
        after = before.copy()
        after[lost] = 0
        verdict = comparison.decide(before[rows], after[rows], margin, weights=weights)
        passed["score"] += verdict is Verdict.PASS
        noise = np.exp(rng.normal(0, 0.4, before.size))
        now = values["usd"] * noise * 0.8
        limit = float(now.mean() / values["usd"].mean())
        passed["usd"] += cost_ratio(values["usd"][rows], now[rows], limit, weights=weights).verdict is Verdict.PASS
    return {name: n / n_logs for name, n in passed.items()}


SKEWED = (
    ("lognormal .8", 30, 0.0),
    ("lognormal 1", 100, 1.0),
    ("lognormal 1.5", 100, 0.5),
    ("high scores", 60, 0.5),
    ("rare failures", 150, 0.5),
    ("rare successes", 300, 1.0),
)
"""(values, how many, standard deviation of the logarithm of their weights)"""


def skewed_values(rng: np.random.Generator, kind: str, n: int) -> Floats:
    """Values with a long tail on one side: bills, or graded scores."""
    if kind.startswith("lognormal"):
        return np.exp(rng.normal(0, float(kind.split()[1]), n))
    if kind == "high scores":
        return rng.beta(8, 0.8, n)
    if kind == "rare failures":
        return np.where(rng.random(n) < 0.04, 0.0, np.clip(rng.normal(0.9, 0.03, n), 0, 1))
    return np.where(rng.random(n) < 0.06, rng.random(n), 0.02 * rng.random(n))


def skewed(kind: str, n: int, spread: float, draws: int, seed: int) -> tuple[float, float, float, float]:
    """Share of the draws whose true mean is covered; missed below, missed above; the longest end in standard errors."""
    truth = float(skewed_values(np.random.default_rng(99), kind, 2_000_000).mean())
    rng, below, above, longest = np.random.default_rng(seed), 0, 0, 0.0
    for _ in range(draws):
        values, weights = skewed_values(rng, kind, n), np.exp(rng.normal(0, spread, n))
        design = Design.of(n, weights)
        found = weighted_mean(values, design, shares=False)
        if found.low is None or found.high is None:
            continue
        below, above = below + (truth < found.low), above + (truth > found.high)
        error = float(np.sqrt(((design.weights * (values - found.value) / design.weights.sum()) ** 2).sum()))
        longest = max(longest, (found.high - found.value) / error, (found.value - found.low) / error)
    return 1 - (below + above) / draws, below / draws, above / draws, longest


RATIOS = (
    ("items", 150, 0.0, 0.0, 0.0),
    ("clusters of 10", 300, 0.6, 0.0, 0.0),
    ("clusters of unequal size", 300, 0.6, 0.0, 0.0),
    ("repeats of 4", 160, 0.8, 0.0, 0.0),
    ("repeats of 4", 508, 0.8, 0.0, 0.0),
    ("weighted", 300, 0.0, 0.8, 0.0),
    ("weighted, hard ones more", 300, 0.0, 0.5, 0.6),
)
"""(rows, how many, share of the difficulty that a group has in common, spread of the logarithm of the weights, and what
of it follows difficulty)"""


def answers(
    rng: np.random.Generator, kind: str, n: int, shared: float, spread: float, follows: float
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.intp]]:
    """Dollars, right or wrong, weights, and groups of answers: hard ones are dear and wrong."""
    sizes = np.ones(n) if kind.startswith(("items", "weighted")) else np.full(n, 4 if "of 4" in kind else 10)
    if "unequal" in kind:
        sizes = np.maximum(1, rng.lognormal(1.5, 1, n))
    groups = np.repeat(np.arange(n), sizes.astype(int))[:n]
    hard = np.sqrt(shared) * rng.normal(size=n)[groups] + np.sqrt(1 - shared) * rng.normal(size=n)
    right = (rng.random(n) < 1 / (1 + np.exp(1.2 * hard - 0.6))).astype(np.float64)
    usd = np.exp(-4 + 0.6 * hard + 0.5 * rng.normal(size=n))
    return usd, right, np.exp(follows * hard + spread * rng.normal(size=n)), groups


def per_right(row: tuple[str, int, float, float, float], draws: int, seed: int) -> tuple[float, float, float, float]:
    """Share of the draws whose dollars a right answer are covered; missed below, missed above; and covered by Fieller's
    interval with weights alone."""
    rng = np.random.default_rng(seed)
    sums = np.zeros(2)
    for _ in range(max(1, 400_000 // row[1])):
        usd, right, weights, _ = answers(rng, *row)
        sums += (weights * usd).sum(), (weights * right).sum()
    truth, counts = float(sums[0] / sums[1]), np.zeros(3)
    for _ in range(draws):
        usd, right, weights, groups = answers(rng, *row)
        found = weighted_ratio(usd, right, Design.of(usd.size, weights, clusters=groups))
        plain = fieller(usd, right, weights=weights if np.ptp(weights) else None)
        if found is not None and found.low is not None and found.high is not None:
            counts[:2] += truth < found.low, truth > found.high
        counts[2] += plain is not None and plain.low <= truth <= plain.high
    below, above, covered = counts / draws
    return 1 - below - above, below, above, covered


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--logs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", choices=("covered", "passed", "means", "right"), help="One table; false passes take longest."
    )
    args = parser.parse_args()
    tables = ("covered", "passed", "means", "right") if args.only is None else (args.only,)
    for cell in CELLS:
        told = f"{cell.n_log:,} · {cell.n_drawn} · {cell.skew} · {cell.season}"
        if "covered" in tables:
            found = " ".join(f"{value:.3f}" for value in coverage(cell, args.logs, args.seed).values())
            print(f"{told} | covered: score, usd, p50, p95, usd a right answer: {found}", flush=True)
        if "passed" in tables:
            found = " ".join(f"{value:.3f}" for value in false_passes(cell, args.logs, args.seed).values())
            print(f"{told} | false pass: score, usd: {found}", flush=True)
    if "right" in tables:
        print("dollars a right answer: rows · n | covered, truth below, truth above; Fieller's with weights alone")
        for row in RATIOS:
            figures = " ".join(f"{value:.3f}" for value in per_right(row, args.logs, args.seed))
            print(f"{row[0]} · {row[1]} | {figures}", flush=True)
    if "means" not in tables:
        return

    print("values · n · spread of weights | covered, truth below, truth above, longest end in standard errors")
    for kind, n, spread in SKEWED:
        figures = " ".join(f"{value:.3f}" for value in skewed(kind, n, spread, args.logs, args.seed))
        print(f"{kind} · {n} · {spread} | {figures}", flush=True)


if __name__ == "__main__":
    main()
