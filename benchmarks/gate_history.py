"""How often a gate with history is wrong, and how many items it saves: the tables of docs/gate-statistics.md.

    EVALKIT_TEST_DATA=../shared/data uv run python -m benchmarks.gate_history --draws 400 --pairs 8
    ... --only suite --sets routerbench_mbpp --seed 7

Scores of real models (`gate_history_data`). A pair is a baseline and a candidate; the other models of the set are its
history, at most sixteen. Wrong verdicts are counted with the margin exactly on the pair's own difference, where they
are most frequent. Saved is against the rule without history: the same plan, on the same random orders.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from benchmarks.gate_draws import ALPHA, Floats
from benchmarks.gate_history_data import sets
from evalkit.stats import assisted, assisted_population, bounded, exact, history, part
from evalkit.stats.assisted import Codes, LookPlan, PairCounts, ResidualMoments, Sides
from evalkit.stats.assisted_looks import Bets
from evalkit.stats.looks import sequential
from evalkit.stats.tango import normal_quantile, normal_tail, tango, tango_of

MARGINS = (0.02, 0.05)
MOST_OLDER = 16
_CELLS = 12_000_000
"""Numbers that a look holds at once."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One candidate against one baseline, with the models that are its history."""

    baseline: Floats
    candidate: Floats
    older: Floats

    @property
    def truth(self) -> float:
        return float((self.candidate - self.baseline).mean())

    @property
    def binary(self) -> bool:
        return bool(np.isin(self.baseline, (0, 1)).all() and np.isin(self.candidate, (0, 1)).all())


@dataclass(frozen=True, slots=True)
class Look:
    """What R orders show after n items."""

    n: int
    seen: ResidualMoments
    wins: Floats
    losses: Floats


def pairs_of(scores: Floats, rng: np.random.Generator, most: int) -> Iterator[Pair]:
    """Random ordered pairs of models whose means are at most .12 apart and which get something right."""
    means = scores.mean(axis=1)
    known = [
        (i, j)
        for i in range(len(scores))
        for j in range(len(scores))
        if i != j and abs(means[i] - means[j]) <= 0.12 and min(means[i], means[j]) > 0.02
    ]
    for place in rng.permutation(len(known))[:most].tolist():
        i, j = known[place]
        others = rng.permutation([k for k in range(len(scores)) if k not in (i, j)])[:MOST_OLDER]
        yield Pair(scores[j], scores[i], scores[others])


def look_at(pair: Pair, orders: Codes, looks: tuple[int, ...], known: history.Predictors) -> Iterator[Look]:
    """The looks of a walk over `orders` (int64[R, N])."""
    difference = pair.candidate - pair.baseline
    for n in looks:
        parts = []
        size = max(1, _CELLS // (n * known.columns.shape[1]))
        for start in range(0, len(orders), size):
            some = orders[start : start + size, :n]
            parts.append(
                assisted.moments_of(difference[some], known.predicted[some], known.columns[some], orders.shape[1])
            )
        seen = ResidualMoments(
            *(np.concatenate([getattr(p, name) for p in parts]) for name in ResidualMoments.__slots__)
        )
        ahead = difference[orders[:, :n]]
        yield Look(n, seen, (ahead > 0).sum(axis=1).astype(float), (ahead < 0).sum(axis=1).astype(float))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How R walks ended."""

    verdict: Codes
    used: Floats
    """Share of the items."""


def settled(n_items: int, at: list[tuple[int, Codes]], counted: tuple[Codes, Codes]) -> Outcome:
    """The first verdict of each walk: at its looks, or by arithmetic (verdict, items)."""
    verdict, used = counted[0].copy(), counted[1].astype(float)
    for n, said in reversed(at):
        first = (said != 0) & (n < used)
        verdict, used = np.where(first, said, verdict), np.where(first, n, used)
    return Outcome(verdict, used / n_items)


def counted(pair: Pair, orders: Codes, where: float, *, exactly: bool) -> tuple[Codes, Codes]:
    """When the items left cannot change the answer. `exactly`: the baseline's answers to them are known."""
    n = pair.baseline.size
    got = np.cumsum((pair.candidate - pair.baseline)[orders], axis=1)
    asked = np.arange(1, n + 1)
    if exactly:
        left = pair.baseline.sum() - np.cumsum(pair.baseline[orders], axis=1)
        least, most = got - left, got - left + (n - asked)
    else:
        least, most = got - (n - asked), got + (n - asked)
    edge = where * n
    passes, fails = least >= edge - 1e-9, most < edge - 1e-9
    ends = passes | fails
    ends[:, -1] = True
    first = ends.argmax(axis=1)
    rows = np.arange(len(orders))
    # At the margin itself the last item tells nothing about an error: it is arithmetic.
    return np.where(passes[rows, first], 1, np.where(fails[rows, first], -1, 0)), first + 1


def with_history(pair: Pair, looks: list[Look], plan: LookPlan, where: float, done: tuple[Codes, Codes]) -> Outcome:
    use = np.full(len(done[0]), assisted.FIXED if len(pair.older) else assisted.PLAIN, dtype=np.int64)
    found = []
    for k, look in enumerate(looks):
        counts = PairCounts(look.wins, look.losses, np.zeros_like(look.wins)) if pair.binary else None
        said, use = assisted.suite_verdicts(plan, k, Sides(look.seen, look.seen, counts), where, use)
        found.append((look.n, said))
    return settled(plan.n_items, found, done)


def without(pair: Pair, looks: list[Look], where: float, done: tuple[Codes, Codes]) -> Outcome:
    """Today's rule in suite scope (`early_stop: save`); for graded scores its nearest relative, a t test."""
    n_items = pair.baseline.size
    test = sequential(n_items, 0.0, ALPHA, "suite", "save")
    edges = dict(zip(test.looks, test._edges, strict=True))
    found = []
    for look in looks:
        if look.n not in edges:
            continue
        reach = edges[look.n] * math.sqrt(1 - look.n / n_items)
        if pair.binary:
            up = tango_of(look.wins, look.losses, look.n, where) >= reach
            down = tango_of(look.losses, look.wins, look.n, -where) >= reach
            ready = look.wins + look.losses >= assisted.FLOOR
        else:
            spread = np.sqrt(np.maximum(look.seen.second[:, 0], 1e-12) / (look.n - 1))
            z = (look.seen.estimate[:, 0] - where) / spread
            up, down = z >= reach, -z >= reach
            ready = look.n * look.seen.second[:, 0] ** 2 / np.maximum(look.seen.fourth[:, 0], 1e-12) >= assisted.FLOOR
        found.append((look.n, np.where(ready & up, 1, np.where(ready & down, -1, 0))))
    return settled(n_items, found, done)


@dataclass
class Table:
    """One set's figures."""

    wrong_pass: list[float] = field(default_factory=list)
    wrong_fail: list[float] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)
    """Mean items against the rule without history, of each pair and margin."""
    share: list[float] = field(default_factory=list)
    expected: list[tuple[float, float]] = field(default_factory=list)
    """Residual variance as history foretold it, and as it came."""
    power: list[tuple[float, float]] = field(default_factory=list)
    """Population: verdicts with and without history."""

    def line(self, name: str) -> str:
        ratio = np.array(self.ratio)
        said = np.array(self.expected) if self.expected else np.full((1, 2), np.nan)
        text = (
            f"{name:<28} wrong pass {np.mean(self.wrong_pass):.3f} / {max(self.wrong_pass):.3f}"
            f"  fail {np.mean(self.wrong_fail):.3f} / {max(self.wrong_fail):.3f}"
            f"  items {np.mean(self.share):.3f}, against without: median {np.median(ratio):.2f}"
            f" ({np.quantile(ratio, 0.1):.2f} to {np.quantile(ratio, 0.9):.2f}, most {ratio.max():.3f})"
            f"  left {np.median(said[:, 0]):.2f} foretold, {np.median(said[:, 1]):.2f} came"
        )
        if self.power:
            text += f"  verdicts {np.mean([p[0] for p in self.power]):.3f} ({np.mean([p[1] for p in self.power]):.3f})"
        return text


def suite_scope(scores: Floats, draws: int, most: int, rng: np.random.Generator) -> Table:
    """Exactly these items, without replacement."""
    table = Table()
    for pair in pairs_of(scores, rng, most):
        n = pair.baseline.size
        known = history.predictors(pair.baseline, pair.older)
        plan = assisted.suite_looks(n, ALPHA)
        orders = np.argsort(rng.random((draws, n)), axis=1)
        looks = list(look_at(pair, orders, plan.looks, known))
        truth = pair.truth
        open_ = (np.zeros(draws, dtype=np.int64), np.full(draws, n))
        at_margin = with_history(pair, looks, plan, truth, open_)
        table.wrong_pass.append(float((at_margin.verdict > 0).mean()))
        table.wrong_fail.append(float((at_margin.verdict < 0).mean()))
        d = pair.candidate - pair.baseline
        table.expected.append((known.ratio, float((d - known.predicted).var() / d.var())))
        for margin in MARGINS:
            where = -(math.floor(margin * n + 1e-9) + 0.5) / n if pair.binary else -margin
            ours = with_history(pair, looks, plan, where, counted(pair, orders, where, exactly=True))
            theirs = without(pair, looks, where, counted(pair, orders, where, exactly=False))
            table.share.append(float(ours.used.mean()))
            table.ratio.append(float(ours.used.mean() / theirs.used.mean()))
    return table


def population_scope(scores: Floats, draws: int, most: int, rng: np.random.Generator, plan: str) -> Table:
    """Suites of 300 and 1,000 items drawn from the set, with replacement: the truth is the set's own difference."""
    table = Table()
    for pair in pairs_of(scores, rng, most):
        d = pair.candidate - pair.baseline
        for n in (300, 1000):
            looks = assisted_population.population_looks(n)
            drawn = rng.integers(0, d.size, (draws, n))
            found = [_resampled(pair, rows, looks) for rows in np.array_split(drawn, max(1, draws * n // 100_000))]
            for one in found:
                table.expected.extend(one[0][:1])
            seen = [_joined([one[1][k] for one in found]) for k in range(len(looks))]
            forecast = np.concatenate([[ratio for ratio, _ in one[0]] for one in found])
            last = Last(pair, drawn)
            wrong = population_walk(pair, seen, forecast, last, pair.truth, plan, assist=True)
            table.wrong_pass.append(float((wrong.verdict == 1).mean()))
            table.wrong_fail.append(float((wrong.verdict == -1).mean()))
            for where in (pair.truth - 0.05, pair.truth + 0.05):
                ours = population_walk(pair, seen, forecast, last, where, plan, assist=True)
                theirs = population_walk(pair, seen, forecast, last, where, plan, assist=False)
                table.share.append(float(ours.used.mean()))
                table.ratio.append(float(ours.used.mean() / theirs.used.mean()))
                table.power.append((float((ours.verdict != 0).mean()), float((theirs.verdict != 0).mean())))
    return table


def _resampled(pair: Pair, rows: Codes, looks: tuple[int, ...]) -> tuple[list[tuple[float, float]], list[Look]]:
    """What each draw foretells and what came, and its looks; the items of a draw come in their drawn order."""
    d = pair.candidate - pair.baseline
    known = [history.predictors(pair.baseline[row], pair.older[:, row]) for row in rows]
    predicted, columns = (np.stack([getattr(one, name) for one in known]) for name in ("predicted", "columns"))
    foretold = [
        (one.ratio, float((d[row] - one.predicted).var() / max(d[row].var(), 1e-9)))
        for one, row in zip(known, rows, strict=True)
    ]
    found = []
    for n in looks[:-1]:
        ahead = d[rows[:, :n]]
        seen = assisted.moments_of(ahead, predicted[:, :n], columns[:, :n], rows.shape[1])
        found.append(Look(n, seen, (ahead > 0).sum(axis=1).astype(float), (ahead < 0).sum(axis=1).astype(float)))
    ahead, nothing = d[rows], np.zeros((len(rows), 3))
    whole = ResidualMoments(np.repeat(ahead.mean(axis=1)[:, None], 3, axis=1), nothing, nothing, nothing)
    wins, losses = (ahead > 0).sum(axis=1).astype(float), (ahead < 0).sum(axis=1).astype(float)
    return foretold, [*found, Look(rows.shape[1], whole, wins, losses)]


def _joined(parts: list[Look]) -> Look:
    seen = ResidualMoments(
        *(np.concatenate([getattr(p.seen, name) for p in parts]) for name in ResidualMoments.__slots__)
    )
    return Look(parts[0].n, seen, np.concatenate([p.wins for p in parts]), np.concatenate([p.losses for p in parts]))


@dataclass(frozen=True, slots=True)
class Last:
    """The test on all items."""

    pair: Pair
    rows: Codes

    def z(self, where: float, side: int) -> Floats:
        found = []
        for row in self.rows:
            d = side * (self.pair.candidate - self.pair.baseline)[row]
            if self.pair.binary:
                p = _exact(int((d > 0).sum()), int((d < 0).sum()), d.size, side * where)
            else:
                p = bounded.skewed_t(d, guard=True)(side * where)
            found.append(-normal_quantile(min(max(p, 1e-12), 1 - 1e-12)))
        return np.array(found)


@lru_cache(maxsize=100_000)
def _exact(won: int, lost: int, n: int, where: float) -> float:
    return (
        normal_tail(tango(won, lost, n, where))
        if not exact.applies(won + lost, n)
        else exact.p_value(won, lost, n, where)
    )


def population_walk(
    pair: Pair, looks: list[Look], forecast: Floats, last: Last, where: float, plan: str, *, assist: bool
) -> Outcome:
    """Verdicts (2: given up) and the share of items; without history today's rule, for graded scores its t relative."""
    n_items, draws = looks[-1].n, len(forecast)
    steps = tuple(look.n for look in looks)
    if assist:
        use, ratios = assisted_population.pilot(looks[0].seen, forecast)
    else:
        use, ratios = np.zeros(draws, dtype=np.int64), np.ones(draws)
        steps = tuple(sorted({math.ceil(n_items * k / 20) for k in range(1, 21)}))
    edges = np.array([assisted_population.boundary(steps, n_items, float(r), ALPHA, plan) for r in ratios])
    edges = edges[:, len(steps) - len(looks) :]
    verdict, used = np.zeros(draws, dtype=np.int64), np.full(draws, float(n_items))
    for k, look in enumerate(looks):
        share = look.n / n_items
        t = share / (share + ratios * (1 - share))
        if look.n == n_items:
            up, down = last.z(where, 1), last.z(where, -1)
        elif assist or not pair.binary:
            up, down = (assisted_population.population_z(look.seen, use, look.n, n_items, where, s) for s in (1, -1))
            if assist and pair.binary:
                plain = use == assisted.PLAIN
                up = np.where(plain, tango_of(look.wins, look.losses, look.n, where), up)
                down = np.where(plain, tango_of(look.losses, look.wins, look.n, -where), down)
        else:
            up = tango_of(look.wins, look.losses, look.n, where)
            down = tango_of(look.losses, look.wins, look.n, -where)
        said = np.where((up >= edges[:, k]) & (down < edges[:, k]), 1, 0)
        said = np.where((down >= edges[:, k]) & (up < edges[:, k]), -1, said)
        if plan == "save" and share >= 0.25 and look.n < n_items:
            ahead = np.maximum(up, down)
            hope = 1 - ndtr((edges[:, -1] - ahead / np.sqrt(t)) / np.sqrt((1 - t) / t))
            said = np.where((said == 0) & (hope < 0.05), 2, said)
        new = (verdict == 0) & (said != 0)
        verdict, used = np.where(new, said, verdict), np.where(new, look.n, used)
    verdict = np.where(verdict == 2, 0, verdict)
    return Outcome(verdict, used / n_items)


def fixed_part(scores: Floats, draws: int, most: int, rng: np.random.Generator) -> Table:
    """A random part is asked once (`stats.test_part`), of 100 or 300 items: about the suite, and about items like
    these. `ratio`: the interval's length squared against that of no history, which is the share of items needed."""
    table = Table()
    for pair in pairs_of(scores, rng, most):
        size = pair.baseline.size
        for n in (100, 300):
            if 3 * n > 2 * size:
                continue
            known = history.predictors(pair.baseline, pair.older)
            orders = np.argsort(rng.random((draws, size)), axis=1)[:, :n]
            d = pair.candidate - pair.baseline
            seen = assisted.moments_of(d[orders], known.predicted[orders], known.columns[orders], size)
            use = np.where(seen.second[:, 1] <= seen.second[:, 2], 1, 2)
            rows = np.arange(draws)
            critical = assisted.suite_looks(size, ALPHA, n).critical[0]
            for side, rates in ((1, table.wrong_pass), (-1, table.wrong_fail)):
                z = assisted.hall(side * (seen.estimate - pair.truth), seen, side, n, n / size, part.UNSEEN)[rows, use]
                rates.append(float((z >= critical).mean()))
            table.share.append(n / size)
            table.ratio.append(float((seen.second[rows, use] / np.maximum(seen.second[:, 0], 1e-9)).mean()))
            table.expected.append((known.ratio, table.ratio[-1]))
    return table


def strict_suite(scores: Floats, draws: int, most: int, rng: np.random.Generator) -> Table:
    """`early_stop: strict` with history, in suite scope: betting without replacement."""
    table = Table()
    for pair in pairs_of(scores, rng, most):
        n = pair.baseline.size
        known = history.predictors(pair.baseline, pair.older)
        orders = np.argsort(rng.random((draws, n)), axis=1)
        d = pair.candidate - pair.baseline
        left = (d - known.predicted)[orders]
        at_margin = _bet(left, n, pair.truth, known)
        table.wrong_pass.append(float((at_margin[1] > 0).mean()))
        table.wrong_fail.append(float((at_margin[1] < 0).mean()))
        table.expected.append((known.ratio, float((d - known.predicted).var() / d.var())))
        plan = assisted.suite_looks(n, ALPHA)
        looks = list(look_at(pair, orders, plan.looks, history.predictors(pair.baseline, pair.older)))
        for margin in MARGINS:
            where = -(math.floor(margin * n + 1e-9) + 0.5) / n if pair.binary else -margin
            done = counted(pair, orders, where, exactly=True)
            used = np.minimum(_bet(left, n, where, known)[0], done[1]) / n
            theirs = without(pair, looks, where, counted(pair, orders, where, exactly=False))
            table.share.append(float(used.mean()))
            table.ratio.append(float(used.mean() / theirs.used.mean()))
    return table


def _bet(left: Floats, n_items: int, where: float, known: history.Predictors) -> tuple[Codes, Codes]:
    """(items after which somebody was rich, or all; 1 for a pass, -1 for a fail, 0) of each draw."""
    draws = len(left)
    passing = Bets(draws, n_items, where, ALPHA, -1.0 - float(known.predicted.max()))
    failing = Bets(draws, n_items, -where, ALPHA, -1.0 + float(known.predicted.min()))
    used, said = np.full(draws, n_items), np.zeros(draws, dtype=np.int64)
    for k, residual in enumerate(left.T):
        passing.take(residual)
        failing.take(-residual)
        new = (said == 0) & (passing.rich != failing.rich)
        said = np.where(new, np.where(passing.rich, 1, -1), said)
        used = np.where(new, k + 1, used)
    return used, said


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--draws", type=int, default=400)
    ask.add_argument("--pairs", type=int, default=8, help="of each set")
    ask.add_argument("--seed", type=int, default=20261129)
    ask.add_argument("--sets", nargs="*")
    ask.add_argument("--exactly", action="store_true", help="as many draws for large sets too")
    ask.add_argument("--only", nargs="*", default=["suite"])
    given = ask.parse_args()
    folder = os.environ.get("EVALKIT_TEST_DATA")
    if not folder:
        sys.exit("set EVALKIT_TEST_DATA to the folder of published outputs")
    found = {k: v for k, v in sets(Path(folder)).items() if not given.sets or k in given.sets}
    print(f"{datetime.now(UTC):%Y-%m-%d}, seed {given.seed}, {given.draws} draws, {given.pairs} pairs of each set")
    for name in given.only:
        every = Table()
        for number, (label, scores) in enumerate(found.items()):
            if name == "fixed" and scores.shape[1] < 150:
                continue
            began = time.perf_counter()
            rng = np.random.default_rng([given.seed, number])
            draws = given.draws if given.exactly else max(given.draws // max(1, scores.shape[1] // 2000), 60)
            if name == "strict":
                if scores.shape[1] > 1500:
                    continue
                made = strict_suite(scores, draws, given.pairs, rng)
            elif name == "fixed":
                made = fixed_part(scores, draws, given.pairs, rng)
            elif name == "suite":
                made = suite_scope(scores, draws, given.pairs, rng)
            else:
                made = population_scope(scores, given.draws, given.pairs, rng, name.removeprefix("population "))
            print(f"{made.line(f'{name}: {label}')}  {time.perf_counter() - began:.0f} s", flush=True)
            for key in ("wrong_pass", "wrong_fail", "ratio", "share", "expected", "power"):
                getattr(every, key).extend(getattr(made, key))
        print(every.line(f"{name}: all"), flush=True)


if __name__ == "__main__":
    main()
