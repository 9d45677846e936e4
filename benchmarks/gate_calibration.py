"""How often the gate is wrong, and how often it sees what is there: the tables of docs/gate-statistics.md.

    python -m benchmarks.gate_calibration --reps 2000            # all tables (an hour); --reps 200 for a first look
    python -m benchmarks.gate_calibration --only exact degenerate    # no chance involved: seconds

Wrong verdicts are counted where the truth lies exactly on the margin, which is where they are most frequent. The first
table sums the law of the data and has no noise; the others draw, with seeds, through `evalkit.stats` itself. A rate of
.05 from R draws has a standard error of .005 at R = 2000; `worst` is the largest of many cells and so lies above.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.degenerate import CASES, outcome
from benchmarks.gate_draws import Floats, Rates, clustered_differences, discordance, graded_pair
from evalkit import stats
from evalkit.decide import race
from evalkit.decide.rules import Finding
from evalkit.stats import exact
from evalkit.stats.tango import normal_quantile
from evalkit.suite.schema import GateEntry

ALPHA = 0.05
ACCURACIES = (0.55, 0.65, 0.75, 0.85, 0.9, 0.95, 0.97)
CORRELATIONS = (0.3, 0.5, 0.65, 0.8)
MARGINS = (0.0, 0.01, 0.02, 0.05)
MODELS = ((0.6, 0.5), (0.8, 0.6), (0.9, 0.6), (0.95, 0.5))
"""Accuracy of the baseline and correlation of the two models, for early stopping."""


def exact_grid(_: int) -> None:
    """Right/wrong scores: the law of the tables summed over what `decide` passes and fails."""
    print("\nright/wrong, exact (no noise): mean / worst cell; power: mean, evalkit against Tango")
    print(
        f"{'n':>5} {'false pass':>14} {'false fail':>14} {'Tango pass':>14} {'Tango fail':>14} {'power pass':>16} fail"
    )
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


def graded(reps: int) -> None:
    """Scores between 0 and 1, at the margin and 5 points above (pass) or below (fail) it."""
    print(f"\ngraded scores, R={reps}: false pass, false fail: mean / worst cell; power of pass at equality")
    print(f"{'data':<16} {'tail':<7} {'false pass':>14} {'false fail':>14} {'power n<=100':>13} {'n>=300':>7}")
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


def clusters(reps: int) -> None:
    """Right/wrong scores of items that move together, and repeats."""
    print(f"\nclusters and repeats, R={reps}: false pass, false fail: mean / worst cell; power of pass at equality")
    print(f"{'K':>9} {'false pass':>14} {'false fail':>14} {'power':>7}")
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
                        verdict = _decide_differences(d, margin, labels)
                        counted[0] += verdict == "pass"
                        counted[1] += verdict == "fail"
                        if margin:
                            d = clustered_differences(rng, labels, k, icc, share, 0.0)
                            counted[2] += _decide_differences(d, margin, labels) == "pass"
                    wrong.add(counted[0] / reps)
                    missed.add(counted[1] / reps)
                    if margin:
                        power.add(counted[2] / reps)
        print(f"{k:>9} {wrong!s:>14} {missed!s:>14} {power.mean:>7.3f}")
    wrong, missed, power = Rates(), Rates(), Rates()
    for items in (50, 150):
        labels = np.repeat(np.arange(items), 3)
        for icc in (0.3, 0.8):
            for margin in (0.0, 0.02, 0.05):
                rng = np.random.default_rng([items, int(icc * 100), int(margin * 1000)])
                counted = [0, 0, 0]
                for _ in range(reps):
                    d = clustered_differences(rng, labels, items, icc, 0.2, -margin)
                    verdict = _decide_differences(d, margin, None, labels)
                    counted[0] += verdict == "pass"
                    counted[1] += verdict == "fail"
                    d = clustered_differences(rng, labels, items, icc, 0.2, 0.0)
                    counted[2] += _decide_differences(d, margin, None, labels) == "pass"
                wrong.add(counted[0] / reps)
                missed.add(counted[1] / reps)
                if margin:
                    power.add(counted[2] / reps)
    print(f"{'3 repeats':>9} {wrong!s:>14} {missed!s:>14} {power.mean:>7.3f}")


def _decide_differences(
    d: Floats, margin: float, labels: npt.NDArray[np.int64] | None, items: npt.NDArray[np.int64] | None = None
) -> str:
    return stats.decide((d < 0) * 1.0, (d > 0) * 1.0, margin, ALPHA, labels, items=items).value


def cost_and_latency(reps: int) -> None:
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


def sequential(reps: int) -> None:
    """Early stopping on right/wrong scores against the same test run to the end."""
    print(f"\nsequential, R={reps}, N 100/200/500: wrong: mean / worst; power and mean of median shares by truth")
    print(f"{'rule':<22} {'false pass':>14} {'false fail':>14}  equal  +3     5 worse        10 worse")
    rules: dict[str, tuple[str, str] | None] = {
        "fixed": None,
        "population curtail": ("population", "curtail"),
        "population save": ("population", "save"),
    }
    truths = ("margin", 0.0, 0.03, -0.05, -0.10)
    for name, rule in rules.items():
        wrong, missed = Rates(), Rates()
        power = {truth: Rates() for truth in truths[1:]}
        share = {truth: Rates() for truth in truths[1:]}
        for n, margin, (accuracy, correlation) in _cells((100, 200, 500)):
            for truth in truths:
                # "5 worse" is 5 points beyond the margin.
                difference = -margin if truth == "margin" else truth - margin if truth < 0 else truth
                differ = discordance(accuracy, correlation, difference)
                if differ is None or (truth == 0.0 and margin == 0.0):
                    continue  # impossible, or equality at margin 0, which is never shown
                rng = np.random.default_rng([n, int(margin * 1000), int(accuracy * 100), int(difference * 1000) + 500])
                verdicts, used = _many(rng, n, margin, max(differ, abs(difference)), difference, rule, reps)
                if truth == "margin":
                    wrong.add(verdicts.count("pass") / reps)
                    missed.add(verdicts.count("fail") / reps)
                else:
                    power[truth].add(verdicts.count("fail" if truth < 0 else "pass") / reps)
                    share[truth].add(float(np.median(used)) / n)
        figures = "  ".join(f"{power[t].mean:.3f}/{share[t].mean:.2f}" for t in truths[1:])
        print(f"{name:<22} {wrong!s:>14} {missed!s:>14}  {figures}")


def procedure(reps: int) -> None:
    """`evalkit run --gate` as a whole: twenty looks, and the rule on all items where none of them settled it."""
    print(
        f"\n`run --gate` as a whole, R={reps}, N 100/200/500: wrong: mean / worst; power of pass at +3, fail at 5 worse"
    )
    print(f"{'early_stop':<10} {'a pass may':<12} {'false pass':>14} {'false fail':>14} {'pass':>6} {'fail':>6}")
    for plan in ("curtail", "save"):
        for early in (True, False):
            said = {"baseline": "base", "candidates": ["cand"], "early_stop": plan}
            wrong, missed, passing, failing = Rates(), Rates(), Rates(), Rates()
            for n, margin, (accuracy, correlation) in _cells((100, 200, 500)):
                gate = GateEntry.model_validate({**said, "rules": [{"quality": "all", "margin": margin}]})
                for truth in ("margin", 0.03, -0.05):
                    difference = -margin if truth == "margin" else truth - margin if truth < 0 else truth
                    differ = discordance(accuracy, correlation, difference)
                    if differ is None:
                        continue
                    rng = np.random.default_rng(
                        [n, int(margin * 1000), int(accuracy * 100), int(difference * 1000) + 500]
                    )
                    share = max(differ, abs(difference))
                    verdicts = [_whole(gate, d, early) for d in _differences(rng, n, share, difference, reps)]
                    if truth == "margin":
                        wrong.add(verdicts.count("pass") / reps)
                        missed.add(verdicts.count("fail") / reps)
                    else:
                        (passing if truth > 0 else failing).add(verdicts.count("pass" if truth > 0 else "fail") / reps)
            how = "come early" if early else "not"
            print(f"{plan:<10} {how:<12} {wrong!s:>14} {missed!s:>14} {passing.mean:>6.3f} {failing.mean:>6.3f}")


def _whole(gate: GateEntry, d: Floats, passes_early: bool) -> str:
    """What `run --gate` says of these pairs in this order, by the rooms that say it."""
    base, cand = (d < 0) * 1.0, (d > 0) * 1.0
    rules = race.race_rules(gate, {"all": len(d)}, passes_early=passes_early)
    for rule in rules:
        rule.update(base, cand)
    settled = race.Race(rules, passes_early).verdict
    (rule,) = rules
    if settled is not None and rule.n_used < len(d):
        return settled.value
    at_once = Finding(rule.condition, stats.decide(base, cand, rule.condition.value, ALPHA))
    fresh = race.race_rules(gate, {"all": len(d)}, passes_early=passes_early)[0]
    said = fresh.last_look(int(cand.sum()), int(base.sum()), 0)
    return race.held(at_once, said, passes_early).verdict.value


def suite(reps: int) -> None:
    """Early stopping about a whole suite of N items, against what all of them say."""
    print(f"\nsuite scope, R={reps}, N 100/200/500: wrong where the suite sits on the margin, and share of items used")
    print(
        f"{'plan':<10} {'wrong pass':>14} {'wrong fail':>14} {'pass, 5+ worse':>15}  median share: equal, 5, 10 worse"
    )
    for plan in ("curtail", "save"):
        wrong, missed, off = Rates(), Rates(), Rates()
        shares = {truth: Rates() for truth in (0.0, -0.05, -0.10)}
        for n, margin, (accuracy, correlation) in _cells((100, 200, 500)):
            rng = np.random.default_rng([n, int(margin * 1000), int(accuracy * 100)])
            differ = discordance(accuracy, correlation, -margin) or 0.0
            pairs = max(round(differ * n), round(margin * n))
            for kind, total in (("pass", -math.floor(margin * n + 1e-9) - 1), ("fail", -math.floor(margin * n + 1e-9))):
                count = 0
                for _ in range(reps):
                    verdict, _ = _suite_run(rng, n, margin, pairs, total, plan)
                    count += verdict == kind
                (wrong if kind == "pass" else missed).add(count / reps)
            for truth, share in shares.items():
                difference = truth - margin if truth < 0 else truth
                differ_then = discordance(accuracy, correlation, difference)
                if differ_then is None:
                    continue
                total = round(difference * n)
                runs = [
                    _suite_run(rng, n, margin, max(round(differ_then * n), abs(total)), total, plan)
                    for _ in range(reps)
                ]
                share.add(float(np.median([used for _, used in runs])) / n)
                if truth < 0:
                    off.add(sum(verdict == "pass" for verdict, _ in runs) / reps)
        figures = ", ".join(f"{share.mean:.2f}" for share in shares.values())
        print(f"{plan:<10} {wrong!s:>14} {missed!s:>14} {off!s:>15}  {figures}")


def _cells(sizes: tuple[int, ...]) -> Iterator[tuple[int, float, tuple[float, float]]]:
    for n in sizes:
        for margin in MARGINS:
            for model in MODELS:
                yield n, margin, model


def _many(
    rng: np.random.Generator,
    n: int,
    margin: float,
    differ: float,
    difference: float,
    rule: tuple[str, str] | None,
    reps: int,
) -> tuple[list[str], list[int]]:
    verdicts, used = [], []
    for d in _differences(rng, n, differ, difference, reps):
        if rule is None:
            verdicts.append(_decide_differences(d, margin, None))
            used.append(n)
            continue
        gate = stats.sequential(n, margin, ALPHA, *rule)
        verdicts.append(str(gate.update((d < 0) * 1.0, (d > 0) * 1.0)))
        used.append(gate.n_used or n)
    return verdicts, used


def _differences(rng: np.random.Generator, n: int, differ: float, difference: float, reps: int) -> Floats:
    """Rows of n differences -1, 0, 1 of right/wrong scores."""
    chances = [(differ - difference) / 2, 1 - differ, (differ + difference) / 2]
    return rng.choice(3, size=(reps, n), p=chances) - 1.0


def _suite_run(rng: np.random.Generator, n: int, margin: float, pairs: int, total: int, plan: str) -> tuple[str, int]:
    """One random order of a suite with `pairs` discordant items (or one more) whose differences sum to `total`."""
    pairs = max(pairs, abs(total))
    pairs = min(n, pairs + (pairs + total) % 2)
    won = (pairs + total) // 2
    d = rng.permutation(np.concatenate((np.ones(won), -np.ones(pairs - won), np.zeros(n - pairs))))
    gate = stats.sequential(n, margin, ALPHA, "suite", plan)
    return str(gate.update((d < 0) * 1.0, (d > 0) * 1.0)), gate.n_used or n


def equal_models(reps: int) -> None:
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


def degenerate(_: int) -> None:
    """Data that make careless gates pass."""
    right = sum(outcome(case) == case.expected for case in CASES)
    print(f"\ndegenerate cases: {right} of {len(CASES)} right")
    for case in CASES:
        if outcome(case) != case.expected:
            print(f"  WRONG: {case.name}: {outcome(case)} instead of {case.expected}")


TABLES: dict[str, Callable[[int], None]] = {
    "exact": exact_grid,
    "degenerate": degenerate,
    "graded": graded,
    "clusters": clusters,
    "ratios": cost_and_latency,
    "sequential": sequential,
    "procedure": procedure,
    "suite": suite,
    "equal": equal_models,
}


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; without arguments (under `python -m benchmarks`) with 200 draws a cell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_calibration", description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=200, help="draws for each cell (default 200)")
    parser.add_argument("--only", nargs="+", choices=tuple(TABLES), default=list(TABLES), help="tables to print")
    options = parser.parse_args([] if arguments is None else arguments)
    for name in options.only:
        start = time.perf_counter()
        TABLES[name](options.reps)
        print(f"({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
