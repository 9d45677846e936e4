"""What an interval costs at 2,000 items, by kind of data: processor time, median of seven.

    uv run python -m benchmarks.gate_intervals

Goal (issue 16): 100 ms each. Three made candidates of each kind: one as good, one 2 points and one 5 points worse.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from evalkit import stats

N = 2000
MARGIN = 0.02


def cases(seed: int, loss: float) -> Iterator[tuple[str, Callable[[], object]]]:
    rng = np.random.default_rng(seed)
    right = (rng.random(N) < 0.8).astype(float)
    marked = np.where(rng.random(N) < 1.2 * loss, 0, np.where(rng.random(N) < 0.1, 1 - right, right))
    graded = rng.beta(4, 1.5, N)
    regraded = np.clip(graded + rng.normal(-loss, 0.1, N), 0, 1)
    equal, items = np.repeat(np.arange(200), 10), np.repeat(np.arange(500), 4)
    sizes = np.maximum(1, rng.lognormal(1, 1, 400)).astype(int)
    unequal = np.append(np.repeat(np.arange(400), sizes), np.full(N, 399))[:N]
    heavy = rng.lognormal(0, 0.8, N)
    bill = rng.lognormal(-4, 1, N)
    after = bill * rng.lognormal(0, 0.5, N) * (0.8 + loss)
    time_s = rng.lognormal(0, 0.6, N)
    later = time_s * rng.lognormal(0, 0.4, N) * (1 + 2 * loss)

    def scores(name: str, **rows: object) -> Iterator[tuple[str, Callable[[], object]]]:
        yield name, lambda: stats.test(right, marked, MARGIN, **rows)
        yield f"graded, {name}", lambda: stats.test(graded, regraded, MARGIN, **rows)

    yield from scores("single items")
    yield from scores("clusters of 10", clusters=equal)
    yield from scores("clusters of unequal size", clusters=unequal)
    yield from scores("repeats", items=items)
    yield from scores("weighted", weights=heavy)
    yield "min, clusters of 10", lambda: stats.test_floor(marked, 0.8, clusters=equal)
    yield "cost, single items", lambda: stats.cost_ratio(bill, after, 0.9, cap=0.5)
    yield "cost, clusters of 10", lambda: stats.cost_ratio(bill, after, 0.9, clusters=equal, cap=0.5)
    yield "cost, weighted", lambda: stats.cost_ratio(bill, after, 0.9, cap=0.5, weights=heavy)
    for q, limit in ((0.5, 1.0), (0.95, 3.5)):
        for name, groups, weights in (
            ("single items", None, None),
            ("clusters of 10", equal, None),
            ("weighted", None, heavy),
        ):
            more = {"groups": groups, "weights": weights}
            yield (
                f"p{100 * q:g} ratio, {name}",
                lambda q=q, more=more: stats.latency_ratio(time_s, later, q, 1.1, **more),
            )
            yield (
                f"p{100 * q:g} limit, {name}",
                lambda q=q, at=limit, more=more: stats.latency_limit(later, q, at, **more),
            )


def median_ms(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return 1000 * statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7)
    times = parser.parse_args().times
    found: dict[str, list[float]] = {}
    for seed, loss in ((1, 0.0), (2, 0.02), (3, 0.05)):
        for name, work in cases(seed, loss):
            found.setdefault(name, []).append(median_ms(work, times))
    print("| data, 2,000 items | ms, as good | 2 points worse | 5 points worse |\n|---|---|---|---|")
    for name, spent in found.items():
        print(f"| {name} | {' | '.join(f'{ms:.1f}' for ms in spent)} |")


if __name__ == "__main__":
    main()
