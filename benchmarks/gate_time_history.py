"""Would older models' times make a rule about p50 or p95 cheaper? What they leave of the variance that decides it.

    EVALKIT_TEST_DATA=../shared/data uv run python -m benchmarks.gate_time_history

d of an item: whether the baseline's answer lies above the pooled percentile, less whether the candidate's, divided by
the limit, does; the limit is the pair's own ratio. A ridge regression on older models' log-times and on whether each
lies above its own percentile is fitted to a random half of the items, and foretells the other half. *Half asked*:
variance of the mean of d over half of a suite that is drawn of the set, over that of all its items: plain, adjusted.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np

from benchmarks.gate_draws import Floats

SEED = 20261201
PENALTIES = (30.0, 100.0, 300.0)


def mcpmark(data: Path) -> Floats:
    """float64[models, tasks]: seconds of the first of four runs."""
    found: dict[str, dict[str, list[float]]] = {}
    with gzip.open(data / "mcpmark" / "runs.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["seconds"]:
                found.setdefault(row["model"], {}).setdefault(row["task"], []).append(float(row["seconds"]))
    tasks = sorted({task for by in found.values() for task in by})
    whole = [by for by in found.values() if all(len(by.get(task, [])) >= 4 for task in tasks)]
    return np.array([[by[task][0] for task in tasks] for by in whole])


def llmperf(data: Path) -> Floats:
    """float64[providers, prompts]: those that every provider answered."""
    rows = []
    for path in sorted((data / "llmperf" / "individual").glob("*_70b.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            told = json.load(file)
        rows.append([one["end_to_end_latency_s"] if one.get("error_code") is None else np.nan for one in told])
    times = np.array([row[: min(map(len, rows))] for row in rows])
    return np.asarray(times[:, ~np.isnan(times).any(axis=0)])


class Pair:
    """Two models of a set, at the limit of their own ratio, and the older ones."""

    def __init__(self, times: Floats, q: float, rng: np.random.Generator) -> None:
        first, second, *others = rng.permutation(len(times))
        base, older = times[first], times[others[:16]]
        scaled = times[second] * np.quantile(base, q) / np.quantile(times[second], q)
        threshold = np.quantile(np.concatenate((base, scaled)), q)
        self.d = (base > threshold).astype(float) - (scaled > threshold)
        beyond = older > np.quantile(older, q, axis=1, keepdims=True)
        self.x = _standard(np.vstack([np.log(older), beyond]).T)
        self.x_and_own = np.column_stack([self.x, _standard(np.stack([np.log(base), base > threshold]).T)])


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9))


def slopes(x: Floats, d: Floats, penalty: float) -> Floats:
    centred = x - x.mean(axis=0)
    return np.asarray(np.linalg.solve(centred.T @ centred + penalty * np.eye(x.shape[1]), centred.T @ (d - d.mean())))


def left(x: Floats, d: Floats, rng: np.random.Generator) -> float:
    """Of the variance of d over items that the regression did not see, at the best penalty; at most 1."""
    errors: dict[float, list[float]] = {penalty: [] for penalty in PENALTIES}
    for _ in range(6):
        order = rng.permutation(d.size)
        seen, unseen = order[: d.size // 2], order[d.size // 2 :]
        if d[unseen].var() > 0:
            for penalty, found in errors.items():
                rest = d[unseen] - x[unseen] @ slopes(x[seen], d[seen], penalty)
                found.append(float(rest.var() / d[unseen].var()))
    return min(1.0, *(float(np.mean(found)) for found in errors.values() if found))


def half_asked(pair: Pair, n: int, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """Variance over that of all n items: of the half's own mean, and adjusted to the mean of x over all."""
    means = []
    for _ in range(draws):
        suite = rng.integers(0, pair.d.size, n)
        half = suite[: n // 2]
        x, d = pair.x[half], pair.d[half]
        moved = (pair.x[suite].mean(axis=0) - x.mean(axis=0)) @ slopes(x, d, 100.0)
        means.append((pair.d[suite].mean(), d.mean(), d.mean() + moved))
    whole, plain, adjusted = np.var(means, axis=0)
    return float(plain / whole), float(adjusted / whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--draws", type=int, default=200)
    given = parser.parse_args()
    data = Path(os.environ.get("EVALKIT_TEST_DATA", "../shared/data"))
    print(
        "| times | p | left by older models (80 % of pairs) | with the baseline's own | half asked: plain, adjusted |"
    )
    print("|---|---|---|---|---|")
    for name, times in (("MCPMark", mcpmark(data)), ("LLMPerf", llmperf(data))):
        for q in (0.5, 0.95):
            rng = np.random.default_rng(SEED)
            pairs = [one for one in (Pair(times, q, rng) for _ in range(given.pairs)) if one.d.var() > 0]
            alone, own = (np.array([left(getattr(one, x), one.d, rng) for one in pairs]) for x in ("x", "x_and_own"))
            low, middle, high = np.quantile(alone, (0.1, 0.5, 0.9))
            ratios = np.median([half_asked(one, 127, given.draws, rng) for one in pairs], axis=0)
            size = f"{name}, {len(times)} × {times.shape[1]}"
            told = f"{middle:.2f} ({low:.2f} to {high:.2f}) | {np.median(own):.2f} | {ratios[0]:.2f}, {ratios[1]:.2f}"
            print(f"| {size} | p{100 * q:g} | {told} |", flush=True)


if __name__ == "__main__":
    main()
