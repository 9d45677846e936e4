"""A part of the items was asked: how often is what it says of the bill for all of them wrong (`stats.test_bill_part`)?

    EVALKIT_TEST_DATA=../shared/data uv run python -m benchmarks.gate_bill_parts --draws 500

Bills of real models (MCPMark's tokens at a price, RouterBench's dollars) on the suite as it is, and on 1,000 items
drawn from it; made bills with long tails, run-aways, and with an output limit near the mean. In each cell six pairs of
models, the others (at most 16) as history, random parts. At the limit: the bills of all items are in that ratio.
The dearest possible answer is taken as 1.5 times the candidate's dearest, where a limit cuts it as that limit.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.gate_draws import Floats
from evalkit.stats.bill_part import BillTest

PARTS = (60, 100, 300)
LIMITS = (1.0, 1.11, 1.25, 0.8)
"""The limit over the true ratio: exactly at it, two candidates that should pass, and one that should fail."""
ALPHA = 0.05


@dataclass(frozen=True)
class Cell:
    name: str
    bills: Floats
    """float64[models, items]"""
    capped: bool = False
    drawn: int | None = None
    """Items that a suite is drawn of, with replacement; None: the suite is the set itself."""


def cells(data: Path | None) -> Iterator[Cell]:
    if data is not None:
        for name, bills in _real(data).items():
            yield Cell(name, bills)
            if bills.shape[1] < 1000:
                yield Cell(name, bills, drawn=1000)
    rng = np.random.default_rng(7)
    hard = rng.normal(size=1000)
    models = np.exp(rng.normal(0, 0.8, (10, 1)))
    long = np.exp(0.8 * hard + 0.5 * rng.normal(size=(10, 1000)))
    yield Cell("lognormal", models * long)
    for share, times in ((0.02, 20), (0.005, 50)):
        yield Cell(f"{share:.1%} at {times} x", models * np.where(rng.random(long.shape) < share, times * long, long))
    yield Cell("Pareto 2.2", models * np.exp(0.5 * hard) * (rng.pareto(2.2, long.shape) + 1))
    short = np.exp(0.6 * hard + 0.5 * rng.normal(size=long.shape))
    for most in (2.5, 4.0):
        yield Cell(f"cut at {most:g} x", models * np.minimum(short, most * short.mean()), capped=True)


def _real(data: Path) -> dict[str, Floats]:
    found = {}
    for name in ("mbpp", "arc_challenge"):
        with gzip.open(data / "history" / f"routerbench_{name}.csv.gz", "rt", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        places = [n for n, column in enumerate(head) if column.endswith("|usd")]
        bills = np.array([[float(row[n] or "nan") for row in rows] for n in places])
        found[f"RouterBench {name}"] = bills[:, ~np.isnan(bills).any(axis=0)]
    runs: dict[tuple[str, str], list[float]] = {}
    with gzip.open(data / "mcpmark" / "runs.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["input_tokens"] and row["output_tokens"]:
                bill = 0.2 * float(row["input_tokens"]) + float(row["output_tokens"])
                runs.setdefault((row["model"], row["task"]), []).append(bill)
    tasks = sorted({task for _, task in runs})
    models = [m for m in sorted({m for m, _ in runs}) if all(len(runs.get((m, t), [])) >= 4 for t in tasks)]
    each = np.array([[runs[model, task][:4] for task in tasks] for model in models])
    return {**found, "MCPMark, one run": each[:, :, 0], "MCPMark, four runs": each.mean(axis=2)}


def shares(cell: Cell, n: int, times: float, draws: int, rng: np.random.Generator) -> Iterator[list[float]]:
    """For each pair: passes and fails with history, without it, and the variance that predictions left."""
    for _ in range(6):
        places = None if cell.drawn is None else rng.integers(0, cell.bills.shape[1], cell.drawn)
        bills = cell.bills if places is None else cell.bills[:, places]
        one, two, *others = rng.permutation(len(bills)).tolist()
        base, cand = bills[one], bills[two]
        limit, cap = times * cand.mean() / base.mean(), cand.max() * (1.0 if cell.capped else 1.5)
        parts = np.array([rng.permutation(base.size)[:n] for _ in range(draws)])
        line = []
        for older in (bills[others[:16]], bills[:0]):
            test = BillTest(base, older, parts, cand[parts], float(cap))
            line += [float((test.p_value(limit, side) <= ALPHA).mean()) for side in (1, -1)]
            line += [float(np.median(test.left))]
        yield line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20261130)
    wanted = parser.parse_args()
    at = os.environ.get("EVALKIT_TEST_DATA")
    powers = "passes 11 % below (without) | 25 % below | fails 20 % above"
    print(f"| bills, items, asked | false pass | false fail | left | {powers} |")
    print("|---|---|---|---|---|---|---|")
    sizes = []
    for cell in cells(Path(at) if at else None):
        n_items = cell.drawn or cell.bills.shape[1]
        for n in (n for n in PARTS if n <= 0.75 * n_items):
            rng = np.random.default_rng((wanted.seed, n, n_items))
            found = [
                np.array(list(shares(cell, n, x, wanted.draws if x == 1 else max(100, wanted.draws // 3), rng)))
                for x in LIMITS
            ]
            wrong = found[0][:, :2]
            sizes.append(wrong)
            told = [
                f"{x[:, k].mean():.2f} ({x[:, k + 3].mean():.2f})" for x, k in zip(found[1:], (0, 0, 1), strict=True)
            ]
            size = [f"{wrong[:, k].mean():.3f} / {wrong[:, k].max():.3f}" for k in (0, 1)]
            left = f"{np.median(found[0][:, 2]):.2f}"
            print(f"| {cell.name}, {n_items:,}, {n} | {' | '.join([*size, left, *told])} |", flush=True)
    every = np.concatenate(sizes)
    print(f"all {len(every)} pairs: mean {every.mean(axis=0).round(3)}, worst {every.max(axis=0).round(3)}")


if __name__ == "__main__":
    main()
