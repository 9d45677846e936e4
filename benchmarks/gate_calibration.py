"""How often the gate is wrong, and how often it sees what is there: the tables of docs/gate-statistics.md.

    python -m benchmarks.gate_calibration --reps 2000            # all tables: a quarter of an hour; --reps 200 to look
    python -m benchmarks.gate_calibration --only exact degenerate    # no chance involved: seconds
    python -m benchmarks.gate_calibration --cells cells.jsonl --draws 3000    # every cell of part A; resumes

Wrong verdicts are counted where the truth lies exactly on the margin, which is where they are most frequent. The first
table sums the law of the data and has no noise; the others draw, with seeds, through `evalkit.stats` itself. A rate of
.05 from R draws has a standard error of .005 at R = 2000; `worst` is the largest of many cells and so lies above.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import gate_cells
from benchmarks.degenerate import CASES, outcome
from benchmarks.gate_axes import axes
from benchmarks.gate_dependence import dependent, dependent_latency, run_away_bills
from benchmarks.gate_draws import (
    ALPHA,
    MARGINS,
    Floats,
    Rates,
    clustered_differences,
    decide_differences,
    discordance,
    graded_pair,
)
from benchmarks.gate_floors import floors
from benchmarks.gate_goals import Goal, print_goals, with_noise
from benchmarks.gate_judged import judged
from benchmarks.gate_looks import procedure, sequential, suite
from benchmarks.gate_rules import several
from evalkit import stats
from evalkit.stats import exact
from evalkit.stats.tango import normal_quantile

ACCURACIES = (0.55, 0.65, 0.75, 0.85, 0.9, 0.95, 0.97)
CORRELATIONS = (0.3, 0.5, 0.65, 0.8)


def exact_grid(_: int) -> list[Goal]:
    """Right/wrong scores: the law of the tables summed over what `decide` passes and fails."""
    print("\nright/wrong, exact (no noise): mean / worst cell; power: mean, evalkit against Tango")
    print(
        f"{'n':>5} {'false pass':>14} {'false fail':>14} {'Tango pass':>14} {'Tango fail':>14} {'power pass':>16} fail"
    )
    goals, lost = [], {"pass": Rates(), "fail": Rates()}
    for n in (50, 100, 200, 500):
        wrong = {key: Rates() for key in ("pass", "fail", "tango pass", "tango fail")}
        power = {key: Rates() for key in ("pass", "fail", "tango pass", "tango fail")}
        for margin in MARGINS:
            for side, name, sign in ((-margin, "pass", 1), (margin, "fail", -1)):
                ours = _region(n, side)
                tangos = exact.boundary(normal_quantile(1 - ALPHA), n, side, n)
                truths = (0.0, margin) if sign > 0 else (-margin - 0.05, -margin - 0.10)
                for accuracy in ACCURACIES:
                    for correlation in CORRELATIONS:
                        for truth, table in ((-margin, wrong), *((t, power) for t in truths)):
                            share = discordance(accuracy, correlation, truth)
                            if share is not None:
                                at = np.array([max(share, abs(truth))])
                                table[name].add(float(exact.rejection(ours, n, at, sign * truth)[0]))
                                table[f"tango {name}"].add(float(exact.rejection(tangos, n, at, sign * truth)[0]))
        print(
            f"{n:>5} {wrong['pass']!s:>14} {wrong['fail']!s:>14} {wrong['tango pass']!s:>14}"
            f" {wrong['tango fail']!s:>14} {power['pass'].mean:>7.3f} : {power['tango pass'].mean:.3f}"
            f" {power['fail'].mean:>7.3f} : {power['tango fail'].mean:.3f}"
        )
        for name, most in (("pass", 0.005), ("fail", 0.035)):
            goals.append(Goal(f"n={n}: false {name}, worst cell (exact)", ALPHA, max(wrong[name].cells)))
            gaps = np.subtract(power[f"tango {name}"].cells, power[name].cells)
            goals.append(Goal(f"n={n}: power to {name} behind Tango (worst cell {gaps.max():.3f})", most, gaps.mean()))
            lost[name].cells.extend(gaps.tolist())
    goals.append(Goal("power to pass behind Tango, whole grid", 0.005, lost["pass"].mean))
    return [*goals, Goal("power to fail behind Tango, whole grid", 0.035, lost["fail"].mean)]


def _region(n: int, side: float) -> exact.Boundary:
    """The fewest wins that the exact test rejects "at most `side`" with, for each number of discordant pairs."""
    edge = np.zeros(n + 1, dtype=np.int64)
    wins = 0
    for d in range(n + 1):
        while wins <= d and exact.p_value(wins, d - wins, n, side) > ALPHA:
            wins += 1
        edge[d] = wins
    if not set(np.diff(edge).tolist()) <= {0, 1}:
        raise RuntimeError(f"one more discordant pair changed the verdict by more than one win at n={n}, {side}")
    return edge


def graded(reps: int) -> list[Goal]:
    """Scores between 0 and 1, at the margin and 5 points above (pass) or below (fail) it."""
    print(f"\ngraded scores, R={reps}: false pass, false fail: mean / worst cell; power of pass at equality")
    print(f"{'data':<16} {'tail':<7} {'false pass':>14} {'false fail':>14} {'power n<=100':>13} {'n>=300':>7}")
    goals = []
    for kind in ("noise", "ties", "collapse"):
        for tail in ("strict", "smooth"):
            wrong, missed, small, large = Rates(), Rates(), Rates(), Rates()
            for n in (30, 60, 100, 300):
                for margin in (0.02, 0.05, 0.1):
                    rng = np.random.default_rng([n, int(margin * 1000), len(kind)])
                    passed = failed = equal = 0
                    for _ in range(reps):
                        b, c = graded_pair(rng, kind, n, -margin)
                        passed += stats.decide(b, c, margin, ALPHA, tail=tail) == "pass"
                        # The mirror: the baseline is the one that collapses.
                        c, b = graded_pair(rng, kind, n, margin)
                        failed += stats.decide(b, c, margin, ALPHA, tail=tail) == "fail"
                        b, c = graded_pair(rng, kind, n, 0.0)
                        equal += stats.decide(b, c, margin, ALPHA, tail=tail) == "pass"
                    wrong.add(passed / reps)
                    missed.add(failed / reps)
                    (large if n >= 300 else small).add(equal / reps)
            print(f"{kind:<16} {tail:<7} {wrong!s:>14} {missed!s:>14} {small.mean:>13.3f} {large.mean:>7.3f}")
            if tail == "strict":
                worst, most = max(wrong.cells + missed.cells), with_noise(0.06, reps, 24)
                goals.append(Goal(f"graded, {kind}, strict: wrong, worst of 24 cells", 0.06, worst, allowed=most))
    return goals


def clusters(reps: int) -> list[Goal]:
    """Right/wrong scores of items that move together, and repeats."""
    print(f"\nclusters and repeats, R={reps}: false pass, false fail: mean / worst cell; power of pass at equality")
    print(f"{'K':>9} {'false pass':>14} {'false fail':>14} {'power':>7}")
    goals = []
    for k in (8, 15, 30, 60):
        wrong, missed, power = Rates(), Rates(), Rates()
        for sizes in (np.full(k, 8), np.maximum(1, np.geomspace(2, 24, k).round().astype(int))):
            labels = np.repeat(np.arange(k), sizes)
            for icc in (0.05, 0.3):
                for margin, share in ((0.0, 0.2), (0.02, 0.1), (0.05, 0.2), (0.05, 0.1)):
                    rng = np.random.default_rng([k, int(sizes[0]), int(icc * 100), int(margin * 1000 + share * 10)])
                    counted = [0, 0, 0]
                    for _ in range(reps):
                        d = clustered_differences(rng, labels, k, icc, share, -margin)
                        verdict = decide_differences(d, margin, labels)
                        counted[0] += verdict == "pass"
                        counted[1] += verdict == "fail"
                        if margin:
                            d = clustered_differences(rng, labels, k, icc, share, 0.0)
                            counted[2] += decide_differences(d, margin, labels) == "pass"
                    wrong.add(counted[0] / reps)
                    missed.add(counted[1] / reps)
                    if margin:
                        power.add(counted[2] / reps)
        print(f"{k:>9} {wrong!s:>14} {missed!s:>14} {power.mean:>7.3f}")
        worst, most = max(wrong.cells + missed.cells), with_noise(0.06, reps, 32)
        goals.append(Goal(f"{k} clusters: wrong, worst of 32 cells", 0.06, worst, allowed=most))
    wrong, missed, power = Rates(), Rates(), Rates()
    for items in (50, 150):
        labels = np.repeat(np.arange(items), 3)
        for icc in (0.3, 0.8):
            for margin in (0.0, 0.02, 0.05):
                rng = np.random.default_rng([items, int(icc * 100), int(margin * 1000)])
                counted = [0, 0, 0]
                for _ in range(reps):
                    d = clustered_differences(rng, labels, items, icc, 0.2, -margin)
                    verdict = decide_differences(d, margin, None, labels)
                    counted[0] += verdict == "pass"
                    counted[1] += verdict == "fail"
                    d = clustered_differences(rng, labels, items, icc, 0.2, 0.0)
                    counted[2] += decide_differences(d, margin, None, labels) == "pass"
                wrong.add(counted[0] / reps)
                missed.add(counted[1] / reps)
                if margin:
                    power.add(counted[2] / reps)
    print(f"{'3 repeats':>9} {wrong!s:>14} {missed!s:>14} {power.mean:>7.3f}")
    worst, most = max(wrong.cells + missed.cells), with_noise(0.07, reps, 24)
    return [*goals, Goal("3 repeats an item: wrong, worst of 24 cells", 0.07, worst, allowed=most)]


def cost_and_latency(reps: int) -> list[Goal]:
    """Lognormal costs and latencies with correlation .6, at the limit."""
    print(f"\ncost and latency ratios, R={reps}: mean / worst cell at the limit; power of pass 20 % below it")
    print(f"{'rule':<14} {'false pass':>14} {'false fail':>14} {'power':>7}")
    rules: dict[str, Callable[[Floats, Floats], str]] = {
        "cost": lambda b, c: stats.cost_ratio(b, c, 1.2, ALPHA).verdict.value,
        "latency p50": lambda b, c: stats.latency_ratio(b, c, 0.5, 1.2, ALPHA).verdict.value,
        "latency p95": lambda b, c: stats.latency_ratio(b, c, 0.95, 1.2, ALPHA).verdict.value,
    }
    for name, rule in rules.items():
        wrong, missed, power = Rates(), Rates(), Rates()
        for n in (100, 300, 1000):
            for sigma in (0.5, 1.0):
                rng = np.random.default_rng([n, int(sigma * 10)])
                counted = [0, 0, 0]
                for _ in range(reps):
                    z = rng.standard_normal((2, n))
                    b, c = np.exp(sigma * z[0]), np.exp(sigma * (0.6 * z[0] + 0.8 * z[1]))
                    verdict = rule(b, 1.2 * c)
                    counted[0] += verdict == "pass"
                    counted[1] += verdict == "fail"
                    counted[2] += rule(b, 0.96 * c) == "pass"
                wrong.add(counted[0] / reps)
                missed.add(counted[1] / reps)
                power.add(counted[2] / reps)
        print(f"{name:<14} {wrong!s:>14} {missed!s:>14} {power.mean:>7.3f}")
    return []


def equal_models(reps: int) -> list[Goal]:
    """Twenty tasks, two equal models: how often any of them seems to have failed."""
    print(f"\nequal models over 20 tasks of 100 items, margin 0, R={reps}: any fail")
    rng = np.random.default_rng(20)
    raw = holm = 0
    for _ in range(reps):
        ps = []
        for _ in range(20):
            d = rng.choice([-1, 0, 1], size=100, p=[0.1, 0.8, 0.1])
            ps.append(exact.p_value(int((d < 0).sum()), int((d > 0).sum()), 100, 0.0))
        raw += min(ps) <= ALPHA
        holm += any(p is not None and p <= ALPHA for p in stats.holm(ps))
    print(f"uncorrected {raw / reps:.3f}   Holm {holm / reps:.3f}")
    return [Goal("20 equal tasks: any fail", 0.05, holm / reps, allowed=with_noise(0.05, reps, 1))]


def degenerate(_: int) -> list[Goal]:
    """Data that make careless gates pass."""
    right = sum(outcome(case) == case.expected for case in CASES)
    print(f"\ndegenerate cases: {right} of {len(CASES)} right")
    for case in CASES:
        if outcome(case) != case.expected:
            print(f"  WRONG: {case.name}: {outcome(case)} instead of {case.expected}")
    return [Goal("degenerate cases right", 25, right, at_least=True)]


TABLES: dict[str, Callable[[int], list[Goal]]] = {
    "exact": exact_grid,
    "degenerate": degenerate,
    "graded": graded,
    "clusters": clusters,
    "dependent": dependent,
    "dependent latency": dependent_latency,
    "bills": run_away_bills,
    "floors": floors,
    "ratios": cost_and_latency,
    "sequential": sequential,
    "procedure": procedure,
    "suite": suite,
    "equal": equal_models,
    "three axes": axes,
    "judged": judged,
    "several rules": several,
}


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; without arguments (under `python -m benchmarks`) with 200 draws a cell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_calibration", description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=200, help="draws for each cell (default 200)")
    parser.add_argument("--only", nargs="+", choices=tuple(TABLES), default=list(TABLES), help="tables to print")
    parser.add_argument("--cells", type=Path, metavar="FILE", help="draw every cell of part A into this file instead")
    parser.add_argument("--draws", type=int, default=3000, help="with --cells: for each cell (default 3000)")
    parser.add_argument("--groups", nargs="+", choices=tuple(gate_cells.GROUPS), default=list(gate_cells.GROUPS))
    parser.add_argument("--minutes", type=float, help="with --cells: stop after so long; the same command goes on")
    parser.add_argument("--show", action="store_true", help="with --cells: only the table of what there is")
    parser.add_argument("--estimate", action="store_true", help="with --cells: only what the draws would take")
    options = parser.parse_args([] if arguments is None else arguments)
    goals: list[Goal] = []
    if options.cells is not None:
        if options.estimate:
            print(gate_cells.estimate(options.draws, options.groups))
            return
        minutes = 0.0 if options.show else options.minutes
        print_goals(gate_cells.calibrate(options.cells, options.draws, options.groups, minutes))
        return
    for name in options.only:
        start = time.perf_counter()
        goals += TABLES[name](options.reps)
        print(f"({time.perf_counter() - start:.0f} s)", flush=True)
    print_goals(goals)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
