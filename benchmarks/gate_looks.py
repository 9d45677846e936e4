"""How often early stopping is wrong, and what it saves: the tables about looks of the gate's calibration.

    python -m benchmarks.gate_calibration --only sequential procedure suite --reps 2000

Right/wrong scores of independent items, N of 100, 200 and 500, four kinds of models, margins of 0 to 5 points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.gate_draws import ALPHA, MARGINS, Floats, Rates, decide_differences, discordance
from benchmarks.gate_goals import Goal, with_noise
from evalkit import stats
from evalkit.decide import sequential_test
from evalkit.decide.rules import RuleResult
from evalkit.suite.schema import GateEntry

MODELS = ((0.6, 0.5), (0.8, 0.6), (0.9, 0.6), (0.95, 0.5))
"""Accuracy of the baseline and correlation of the two models."""


def sequential(reps: int) -> list[Goal]:
    """Early stopping on right/wrong scores against the same test run to the end."""
    print(f"\nsequential, R={reps}, N 100/200/500: wrong: mean / worst; power and mean of median shares by truth")
    print(f"{'rule':<22} {'false pass':>14} {'false fail':>14}  equal  +3     5 worse        10 worse")
    rules: dict[str, tuple[str, str] | None] = {
        "fixed": None,
        "population curtail": ("population", "curtail"),
        "population save": ("population", "save"),
    }
    truths = ("margin", 0.0, 0.03, -0.05, -0.10)
    powers: dict[str, list[float]] = {}
    shares: dict[str, list[float]] = {}
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
        powers[name], shares[name] = ([by[t].mean for t in truths[1:]] for by in (power, share))
    goals = []
    for name, most, ends in (("curtail", 0.003, (0.91, 0.71)), ("save", 0.035, (0.72, 0.57))):
        lost = np.subtract(powers["fixed"], powers[f"population {name}"])
        goals.append(
            Goal(f"{name}: power behind one look, mean of 4 truths (worst {lost.max():.3f})", most, lost.mean())
        )
        for worse, end, used in zip((5, 10), ends, shares[f"population {name}"][2:], strict=True):
            goals.append(Goal(f"{name}: mean of median shares of items, {worse} worse", end, used))
    return goals


def procedure(reps: int) -> list[Goal]:
    """`evalkit run --gate` as a whole: twenty looks, and the rule on all items where none of them settled it."""
    print(
        f"\n`run --gate` as a whole, R={reps}, N 100/200/500: wrong: mean / worst; power of pass at +3, fail at 5 worse"
    )
    goals = []
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
            name = f"run --gate, {plan}, a pass may {how}"
            goals.append(Goal(f"{name}: wrong, mean", ALPHA, max(wrong.mean, missed.mean)))
            worst, most = max(wrong.cells + missed.cells), with_noise(ALPHA, reps, 96)
            goals.append(Goal(f"{name}: worst of 96", ALPHA, worst, allowed=most))
    return goals


def _whole(gate: GateEntry, d: Floats, passes_early: bool) -> str:
    """What `run --gate` says of these pairs in this order, by the rooms that say it."""
    base, cand = (d < 0) * 1.0, (d > 0) * 1.0
    rules = sequential_test.sequential_rules(gate, {"all": len(d)}, passes_early=passes_early)
    for rule in rules:
        rule.update(base, cand)
    settled = sequential_test.SequentialTest(rules, passes_early).verdict
    (rule,) = rules
    if settled is not None and rule.n_used < len(d):
        return settled.value
    at_once = RuleResult(rule.condition, stats.decide(base, cand, rule.condition.at, ALPHA))
    fresh = sequential_test.sequential_rules(gate, {"all": len(d)}, passes_early=passes_early)[0]
    said = fresh.last_look(int(cand.sum()), int(base.sum()), 0)
    return sequential_test.with_last_look(at_once, said, passes_early).verdict.value


def suite(reps: int) -> list[Goal]:
    """Early stopping about a whole suite of N items, against what all of them say."""
    print(f"\nsuite scope, R={reps}, N 100/200/500: wrong where the suite sits on the margin, and share of items used")
    print(
        f"{'plan':<10} {'wrong pass':>14} {'wrong fail':>14} {'pass, 5+ worse':>15}  median share: equal, 5, 10 worse"
    )
    goals = []
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
        worst, most = max(wrong.cells + missed.cells), with_noise(ALPHA, reps, 96)
        goals.append(Goal(f"suite scope, {plan}: wrong on the margin, worst of 96", ALPHA, worst, allowed=most))
    return goals


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
            verdicts.append(decide_differences(d, margin, None))
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
