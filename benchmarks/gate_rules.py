"""Several rules at once, rates and scans in clusters and with repeats, critical items: how often each is wrong.

    python -m benchmarks.gate_rules --draws 400

*Early fails*: k rules in suite scope, each about 200 items whose whole suite passes exactly (the last net loss that the
margin of 5 points allows), walked in a random order; wrong: any rule fails early. *Rates*: the share of answers that
end badly rises by exactly the 5 points that `max_increase` allows. *Scan*: eight tasks that lose exactly the margin;
wrong: the scan fails. Both in clusters (beta law) and with repeats. *Critical*: 20 items that both models answer right
with the same chance; counted: how often the gate calls one newly failing, by repeats.
"""

from __future__ import annotations

import argparse

import numpy as np
import pyarrow as pa

from benchmarks.gate_draws import Floats
from benchmarks.gate_goals import Goal, with_noise
from evalkit.decide.regression_scan import scan
from evalkit.decide.rules.base import Condition
from evalkit.decide.sequential_test import RuleTest
from evalkit.results.pairs import OUTCOMES, Half, Pairs
from evalkit.stats import decide
from evalkit.stats.verdict import Verdict

SEED = 20261129
MARGIN, ALPHA = 0.05, 0.05


def early_fails(k: int, draws: int, plan: str) -> float:
    """Share of walks in which any of k rules fails early though each whole suite passes."""
    rng = np.random.default_rng([SEED, k])
    n, net = 200, 10
    differences = np.concatenate((-np.ones(net + 10), np.ones(10), np.zeros(n - net - 20)))
    condition = Condition("quality", "all", "margin", MARGIN, scope="suite")
    wrong = 0
    for _ in range(draws):
        for _ in range(k):
            rule = RuleTest(condition, n, ALPHA, k, plan)
            walk = rng.permutation(differences)
            base, cand = np.where(walk < 0, 1.0, np.where(walk > 0, 0.0, 1.0)), np.where(walk < 0, 0.0, 1.0)
            for at in range(0, n, 10):
                rule.update(base[at : at + 10].tolist(), cand[at : at + 10].tolist())
                if rule.verdict is not None:
                    break
            if rule.verdict is Verdict.FAIL:
                wrong += 1
                break
    return wrong / draws


def clustered_losses(rng: np.random.Generator, groups: int, size: int, icc: float, rate: float) -> Floats:
    """float64[groups, size] of 0 and 1: a beta law of each group's rate with this intraclass correlation."""
    spread = (1 - icc) / icc
    chance = rng.beta(rate * spread, (1 - rate) * spread, groups)
    return (rng.random((groups, size)) < chance[:, None]).astype(np.float64)


def rates(groups: int, size: int, icc: float, draws: int, *, repeats: bool) -> tuple[float, float]:
    """False pass and false fail of `max_increase: 0.05` where the increase is .05: from .04 to .09."""
    rng = np.random.default_rng([SEED, groups, size, int(100 * icc)])
    passed = failed = 0
    for _ in range(draws):
        before, after = (clustered_losses(rng, groups, size, icc, rate) for rate in (0.04, 0.09))
        label = np.repeat(np.arange(groups), size)
        how = {"items": label} if repeats else {"clusters": label}
        verdict = decide(1 - before.ravel(), 1 - after.ravel(), MARGIN, ALPHA, **how)
        passed, failed = passed + (verdict is Verdict.PASS), failed + (verdict is Verdict.FAIL)
    return passed / draws, failed / draws


def made_pairs(base: Floats, cand: Floats, task: np.ndarray, item: np.ndarray, cluster: np.ndarray) -> Pairs:
    """Pairs with these scores; every item is critical, and nothing else is known of them."""
    n = len(base)

    def half(score: Floats) -> Half:
        outcome = np.where(score == 1, OUTCOMES.index("right"), OUTCOMES.index("wrong")).astype(np.int64)
        return Half(score, outcome, np.zeros(n, dtype=bool), *[np.full(n, np.nan)] * 7)

    repeat = np.arange(n) - np.searchsorted(item, item)
    names = tuple(f"t{k}" for k in range(int(task.max()) + 1))
    zeros = np.zeros(n, dtype=np.int64)
    digest = pa.array([str(one) for one in item])
    return Pairs(names, task, item, repeat, cluster, np.ones(n, dtype=bool), digest, zeros, half(base), half(cand))


def scans(tasks: int, groups: int, size: int, icc: float, draws: int, *, repeats: bool) -> float:
    """Share of scans that fail where every task has lost exactly the margin."""
    rng = np.random.default_rng([SEED, tasks, groups, size])
    failed = 0
    for _ in range(draws):
        n = tasks * groups * size
        before, after = (clustered_losses(rng, tasks * groups, size, icc, rate).ravel() for rate in (0.1, 0.1 + MARGIN))
        group = np.repeat(np.arange(tasks * groups), size)
        task = np.repeat(np.arange(tasks), groups * size)
        item = group if repeats else np.arange(n)
        cluster = np.full(n, -1) if repeats else group
        failed += scan(made_pairs(1 - before, 1 - after, task, item, cluster), MARGIN, ALPHA).verdict is Verdict.FAIL
    return failed / draws


def critical_fails(chance: float, repeats: int, draws: int) -> float:
    """Share of gates of two equal models that call one of 20 critical items newly failing."""
    rng = np.random.default_rng([SEED, int(1000 * chance), repeats])
    failed = 0
    for _ in range(draws):
        n = 20 * repeats
        base, cand = ((rng.random(n) < chance).astype(np.float64) for _ in range(2))
        before = base.reshape(20, repeats).mean(axis=1)
        after = cand.reshape(20, repeats).mean(axis=1)
        failed += bool(((before >= 0.5) & (after < 0.5)).any())
    return failed / draws


def several(reps: int) -> list[Goal]:
    """The tables; of 2,000 draws a cell each gets 600."""
    draws = max(1, 3 * reps // 10)
    print(f"\nseveral rules, seed {SEED}, {draws} draws")
    goals: list[Goal] = []
    wrong_rates: list[float] = []
    for plan in ("curtail", "save"):
        early = {k: early_fails(k, draws, plan) for k in (1, 2, 3, 5)}
        goals.append(Goal(f"suite rules fail early, {plan}, worst k", 0.05, max(early.values()),
                          allowed=with_noise(0.05, draws, 4)))  # fmt: skip
        figures = ", ".join(f"{k}: {rate:.3f}" for k, rate in early.items())
        print(f"early fail of any of k suite rules, {plan}: {figures}", flush=True)
    for groups, size, icc, again in (
        (20, 10, 0.2, False),
        (60, 5, 0.1, False),
        (127, 4, 0.4, True),
        (40, 8, 0.6, True),
    ):
        passed, failed = rates(groups, size, icc, draws, repeats=again)
        wrong_rates += [passed, failed]
        print(f"rate, {groups} x {size}, ICC {icc}: false pass {passed:.3f}, false fail {failed:.3f}", flush=True)
    for tasks, groups, size, icc, again in ((8, 20, 5, 0.2, False), (8, 40, 4, 0.4, True)):
        wrong = scans(tasks, groups, size, icc, draws // 2, repeats=again)
        print(f"scan of {tasks} tasks, {groups} x {size}, ICC {icc}: false fail {wrong:.3f}", flush=True)
    for chance in (0.99, 0.95, 0.9):
        figures = ", ".join(f"{k}: {critical_fails(chance, k, 10 * draws):.3f}" for k in (1, 3, 5))
        print(f"20 critical items answered right with {chance}: newly failing by repeats {figures}", flush=True)
    goals.append(Goal("rates in clusters and repeats, worst cell", 0.06, max(wrong_rates),
                      allowed=with_noise(0.06, draws, len(wrong_rates))))  # fmt: skip
    return goals


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=600)
    several(10 * parser.parse_args().draws // 3)


if __name__ == "__main__":
    main()
