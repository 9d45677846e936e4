"""Every cell of part A of the gate's calibration (issue GATE II), each with thousands of draws, in pieces.

    nice -n 5 python -m benchmarks.gate_calibration --cells cells.jsonl --draws 3000                # again: it resumes
    python -m benchmarks.gate_calibration --cells cells.jsonl --show                                # the table so far

Truth exactly on the margin or limit; counted are wrong passes and wrong fails.

* clusters: K 8 to 160; sizes equal, geometric, lognormal with spread 1.5; ICC 0, .2, .5 by beta, Dirichlet and
  logit-normal laws; discordance and margin (.02, .01), (.06, .05), (.1, .02), (.25, .1)
* repeats: 40 and 127 items, 1, 2, 4 and 8 answers each, ICC .3 and .6, the same margins
* latency: ratios and limits in seconds of p50 and p95, in clusters of all three kinds of sizes and with 1 to 8 repeats
* bills: lognormal, Pareto and run-away answers, the dearest possible one known; 30 to 1,000 items and two kinds of
  clusters

A line of the file is a batch of 50 draws. Its seed is made of its cell and number, so that a file that was begun
anywhere ends the same. Batches go round by round, so that every cell has as many draws at any time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from benchmarks.gate_dependence import Cell, cluster_sizes, draw
from benchmarks.gate_draws import ALPHA, Floats, decide_differences
from benchmarks.gate_goals import Goal, with_noise
from benchmarks.gate_worst import BATCH, SEED, Tally
from evalkit.stats import decide_cost, decide_quantile

Drawn = Callable[[np.random.Generator], str]
Codes = npt.NDArray[np.int64]
SIZES = ("equal 8", "geometric 10", "lognormal 10 1.5")
MARGINS = ((0.02, 0.01), (0.06, 0.05), (0.1, 0.02), (0.25, 0.1))
"""(share of discordant pairs, margin)"""
LIMIT = 0.8
"""Of bills: the ratio at which the truth lies."""


def in_clusters() -> Iterator[tuple[str, Drawn]]:
    """Right/wrong pairs in clusters."""
    for k in (8, 20, 40, 80, 160):
        for kind in SIZES:
            for share, margin in MARGINS:
                for law, icc in (
                    ("none", 0.0),
                    *((law, icc) for law in ("beta", "dirichlet", "logit") for icc in (0.2, 0.5)),
                ):
                    cell: Cell = (k, kind, icc, margin, share)
                    yield f"{law} K={k} {kind}, ICC {icc}, {share} differ, margin {margin}", partial(_scores, cell, law)


def repeats() -> Iterator[tuple[str, Drawn]]:
    """Right/wrong answers, several of each item."""
    for items in (40, 127):
        for n in (1, 2, 4, 8):
            for share, margin in MARGINS:
                for icc in (0.3, 0.6) if n > 1 else (0.0,):
                    cell: Cell = (items, f"equal {n}", icc, margin, share)
                    yield f"{items} items x {n}, ICC {icc}, {share} differ, margin {margin}", partial(_repeated, cell)


def latencies() -> Iterator[tuple[str, Drawn]]:
    """Percentiles of times."""
    shapes = ((20, "equal 10"), (40, "geometric 10"), (80, "lognormal 10 1.5"), (160, "equal 5"))
    asked = ((300, "equal 1"), (127, "equal 2"), (127, "equal 4"), (127, "equal 8"))
    for quantile in (0.5, 0.95):
        for seconds in (False, True):
            for k, kind in (*shapes, *asked):
                for icc in (0.0, 0.2, 0.5) if kind != "equal 1" else (0.0,):
                    name = f"p{100 * quantile:g} {'seconds' if seconds else 'ratio'} {k} x {kind}, ICC {icc}"
                    repeated = (k, kind) in asked
                    yield name, partial(_times, k, kind, icc, quantile, seconds=seconds, repeated=repeated)


def bills() -> Iterator[tuple[str, Drawn]]:
    """Ratios of bills, the dearest answer known."""
    for law in LAWS:
        for n in (30, 127, 300, 1000):
            yield f"{law}, {n} items", partial(_bills, law, n, "equal 1", 0.0)
        for k, kind in ((30, "equal 10"), (60, "geometric 5")):
            yield f"{law}, {k} clusters, {kind}, ICC .3", partial(_bills, law, k, kind, 0.3)


GROUPS = {"clusters": in_clusters, "repeats": repeats, "latency": latencies, "bills": bills}


def _scores(cell: Cell, law: str, rng: np.random.Generator) -> str:
    if law == "logit":
        differences, labels = _logit_normal(rng, cell)
    else:
        differences, labels = draw(rng, cell, law, 1)
    return decide_differences(differences, cell[3], labels)


def _repeated(cell: Cell, rng: np.random.Generator) -> str:
    differences, labels = draw(rng, cell, "beta", 1)
    return decide_differences(differences, cell[3], None, labels)


def _logit_normal(rng: np.random.Generator, cell: Cell) -> tuple[Floats, Codes]:
    """Rates of each cluster whose logits are normal, with exactly these means and that ICC."""
    k, kind, icc, margin, share = cell
    labels = np.repeat(np.arange(k), cluster_sizes(rng, kind, k))
    lost = (share + margin) / 2
    differs = _rates_of(rng, share, icc, k)
    losing = differs * (_rates_of(rng, lost / share, icc, k) if lost < share else 1.0)
    u = rng.random(labels.size)
    return np.where(u < losing[labels], -1.0, np.where(u < differs[labels], 1.0, 0.0)), labels


def _rates_of(rng: np.random.Generator, mean: float, icc: float, k: int) -> Floats:
    middle, spread = logit_normal(mean, icc)
    return np.asarray(expit(middle + spread * rng.standard_normal(k)))


@lru_cache(maxsize=256)
def logit_normal(mean: float, icc: float) -> tuple[float, float]:
    """Mean and spread of a normal logit whose rates have this mean and the variance ICC x mean x (1 - mean)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()

    def middle_of(spread: float) -> float:
        low, high = -60.0, 60.0
        for _ in range(60):
            at = (low + high) / 2
            low, high = (at, high) if float((weights * expit(at + spread * nodes)).sum()) < mean else (low, at)
        return (low + high) / 2

    least, most = 0.0, 30.0
    for _ in range(50):
        spread = (least + most) / 2
        rates = expit(middle_of(spread) + spread * nodes)
        variance = float((weights * rates**2).sum()) - mean**2
        least, most = (spread, most) if variance < icc * mean * (1 - mean) else (least, spread)
    return middle_of((least + most) / 2), (least + most) / 2


def _times(
    k: int, kind: str, icc: float, quantile: float, rng: np.random.Generator, *, seconds: bool, repeated: bool
) -> str:
    """Lognormal times, a part shared by both sides of a cluster or item and a part of each side's own."""
    labels = np.repeat(np.arange(k), cluster_sizes(rng, kind, k))
    shared = rng.normal(0, 0.5, k)[labels]
    own = [
        rng.normal(0, 0.5 * math.sqrt(icc), k)[labels] + rng.normal(0, 0.5 * math.sqrt(1 - icc), labels.size)
        for _ in range(2)
    ]
    first, second = np.exp(shared + own[0]), np.exp(shared + own[1])
    alone = None if labels.size == k else labels
    together = {"items": alone} if repeated else {"clusters": alone}
    if seconds:
        limit = math.exp(math.sqrt(0.5) * (1.6448536269514722 if quantile == 0.95 else 0.0))
        return str(decide_quantile(first, second, quantile, max_s=limit, alpha=ALPHA, **together))
    return str(decide_quantile(first, 1.2 * second, quantile, max_ratio=1.2, alpha=ALPHA, **together))


def _pareto(rng: np.random.Generator, n: int, shape: float, most: float) -> Floats:
    """Pareto from 1 on, of mean 1 after scaling; what lies beyond `most` is not drawn."""
    u = rng.random(n) * (1 - most**-shape)
    mean = shape / (shape - 1) * (1 - most ** (1 - shape)) / (1 - most**-shape)
    return np.asarray((1 - u) ** (-1 / shape) / mean)


def _run_away(rng: np.random.Generator, n: int, share: float, times: float) -> Floats:
    """Lognormal answers of which a share is so many times dearer; of mean 1."""
    usual = np.minimum(rng.lognormal(-0.125, 0.5, n), 9.0)
    return np.asarray(np.where(rng.random(n) < share, times, usual) / (1 + share * (times - 1)))


LAWS: dict[str, tuple[Callable[[np.random.Generator, int], Floats], float]] = {
    "lognormal .5": (lambda rng, n: rng.lognormal(-0.125, 0.5, n), 15.0),
    "lognormal 1.2": (lambda rng, n: rng.lognormal(-0.72, 1.2, n), 150.0),
    "Pareto 2.5 to 30": (lambda rng, n: _pareto(rng, n, 2.5, 30.0), 30.0 / 1.65),
    "Pareto 1.5 to 50": (lambda rng, n: _pareto(rng, n, 1.5, 50.0), 50.0 / 2.58),
    "5 % at 10 x": (lambda rng, n: _run_away(rng, n, 0.05, 10.0), 10.0),
    "1 % at 50 x": (lambda rng, n: _run_away(rng, n, 0.01, 50.0), 50.0),
    "2 % at 20 x": (lambda rng, n: _run_away(rng, n, 0.02, 20.0), 20.0),
}
"""Bills of mean 1, and the dearest one that there can be (at least)."""


def _bills(law: str, k: int, kind: str, icc: float, rng: np.random.Generator) -> str:
    drawn, dearest = LAWS[law]
    labels = np.repeat(np.arange(k), cluster_sizes(rng, kind, k))
    # What is shared by an item, or a cluster, makes it dear for both: of mean 1, and independent of the rest.
    shared = rng.lognormal(-icc / 2, math.sqrt(icc), k)[labels] if icc else np.ones(labels.size)
    base = shared * rng.lognormal(-0.125, 0.5, labels.size)
    bill = LIMIT * shared * drawn(rng, labels.size)
    cap = LIMIT * dearest * float(shared.max())
    alone = None if labels.size == k else labels
    return str(decide_cost(base, bill, max_ratio=LIMIT, alpha=ALPHA, clusters=alone, cap=max(cap, float(bill.max()))))


def calibrate(path: Path, draws: int, only: list[str], minutes: float | None) -> list[Goal]:
    """Draw what is owed, round by round, until it is there or the minutes are over; then the table."""
    tally, end = Tally(path), math.inf if minutes is None else time.monotonic() + 60 * minutes
    cells = [(f"{group}: {name}", verdict) for group in only for name, verdict in GROUPS[group]()]
    for wanted in range(BATCH, draws + BATCH, BATCH):
        for name, verdict in cells:
            if time.monotonic() > end:
                return table(path, only)
            tally.draw(name, "cells", min(wanted, draws), verdict)
    return table(path, only)


def estimate(draws: int, only: list[str]) -> str:
    """Seconds of the processor that `draws` a cell take, from one batch of every tenth cell; nothing is written."""
    said, total = [], 0.0
    for group in only:
        every = list(GROUPS[group]())
        some = every[::10]
        start = time.process_time()
        for _, verdict in some:
            rng = np.random.default_rng(1)
            for _ in range(20):
                verdict(rng)
        each = (time.process_time() - start) / len(some) / 20
        total += each * draws * len(every)
        said.append(f"{group} {len(every)} cells, {1e3 * each:.2f} ms a draw: {each * draws * len(every) / 60:.0f} min")
    return f"{'; '.join(said)}; together {total / 60:.0f} minutes of one core for {draws:,} draws a cell"


def table(path: Path, only: list[str]) -> list[Goal]:
    """Mean and worst cells of each group, with the seed and the date of the file's last line."""
    tally = Tally(path)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date() if path.is_file() else "never"
    print(f"\npart A, seed {SEED}, {written}: cells, draws a cell; false pass, false fail: mean / worst (its cell)")
    goals = []
    for group in only:
        found = {name: tally.counts[f"{group}: {name}", "cells"] for name, _ in GROUPS[group]()}
        found = {name: counted for name, counted in found.items() if counted.draws}
        if not found:
            continue
        draws = min(counted.draws for counted in found.values())
        said = []
        for kind in ("passes", "fails"):
            rates = {name: getattr(counted, kind) / counted.draws for name, counted in found.items()}
            worst = max(rates, key=lambda name: rates[name])
            said.append(f"{np.mean(list(rates.values())):.3f} / {rates[worst]:.3f} ({worst})")
        print(f"{group}: {len(found)} cells, {draws:,} draws; {said[0]}; {said[1]}")
        for name, counted in sorted(found.items(), key=lambda one: -one[1].worse)[:4]:
            print(f"    {name}: {counted.passes / counted.draws:.3f}, {counted.fails / counted.draws:.3f}")
        worst_rate = max(counted.worse for counted in found.values())
        allowed = with_noise(0.06, draws, 2 * len(found))
        goals.append(Goal(f"{group}: wrong, worst of {2 * len(found)}", 0.06, worst_rate, allowed=allowed))
    return goals
