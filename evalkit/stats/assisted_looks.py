"""`looks.Sequential` for a gate with history: the same walk over items in a random order, and predictions that help.

    gate = Assisted(known, margin=0.02, alpha=0.05, scope="suite", plan="curtail")
    gate.update(baseline_batch, candidate_batch)        # "continue", or a Verdict once it is settled
    gate.basis.spoke, gate.basis.moved                    # "fixed predictions", -0.004

Scores may be graded. Errored pairs are lost for passing and won for failing. `known` has to be frozen before the order
is drawn: whoever changes it afterwards can make anything pass.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from evalkit.stats import assisted, bounded, exact
from evalkit.stats import assisted_population as sample
from evalkit.stats.assisted import PairCounts, ResidualMoments, Sides
from evalkit.stats.history import Predictors
from evalkit.stats.looks import FAR, FUTILE, FUTILE_FROM, hope
from evalkit.stats.scores import Floats, check_alpha, check_margin, check_words, read_pair
from evalkit.stats.tango import normal_quantile, tango
from evalkit.stats.verdict import Scope, Tail, Verdict

Plan = Literal["curtail", "save", "strict"]
_NEAR = 1e-12
COUNTED, BETTING = "counting", "betting"
"""What spoke where no estimate did."""
SHARES = np.geomspace(0.01, 0.95, 12)
"""Of the largest bet that cannot ruin."""
_ENOUGH = 1e100
"""Nobody has to be richer; whoever gives the rest away is no nearer to a wrong verdict."""


class Bets:
    """R players side by side, each of whom bets against "the mean is at most `where`".

    A bound that holds at any number of items and for any scores: who bets against a false null grows rich, and cannot
    against a true one (Waudby-Smith & Ramdas 2020, 2024).

        bets = Bets(1, 1000, -0.02, 0.05, least=-1.2)       # the mean over 1,000 items is at most -.02, says the null
        bets.take(np.array([0.4]))                          # one item more: its difference, less what was predicted
        bets.rich                                           # bool[R]: shown, with an error of at most alpha, proved

    Without replacement (`n_items`): the items left have to make up the mean that the null says, so its mean of the next
    item is known. With replacement (`n_items` None) it is `where` itself. Twelve fixed shares of the largest bet, and
    the mean of their fortunes. Dear: some 20 points of power, or half as many items saved; in return nothing is
    asymptotic.
    """

    def __init__(self, n_players: int, n_items: int | None, where: float, alpha: float, least: float) -> None:
        """`least`: no residual lies below it. Raises ValueError where the null allows nothing else."""
        if least >= where:
            raise ValueError(f"a mean of at most {where} is impossible where nothing lies below {least}")
        self._n_items, self._where, self._least = n_items, where, least
        self._enough = 1 / alpha
        self._sum: Floats = np.zeros(n_players)
        self._n = 0
        self._fortune: Floats = np.ones((n_players, SHARES.size))
        self.rich = np.zeros(n_players, dtype=bool)
        """Whether the null is rejected: once rich, always."""

    def take(self, residual: Floats) -> None:
        """One further item of each player: float64[R]."""
        if self._n_items is None:
            mean = np.full_like(self._sum, self._where)
        else:
            mean = (self._n_items * self._where - self._sum) / (self._n_items - self._n)
        self.rich |= mean < self._least - 1e-9  # the items left cannot be so bad; all of them at the least can
        room = np.maximum(mean - self._least, 1e-6)
        bet = SHARES / room[:, None]
        self._fortune *= np.maximum(1 + bet * (residual - mean)[:, None], 0.0)
        np.minimum(self._fortune, _ENOUGH, out=self._fortune)
        self._sum = self._sum + residual
        self._n += 1
        self.rich |= self._fortune.mean(axis=1) >= self._enough


@dataclass(frozen=True, slots=True)
class KnownItems:
    """What is known of every item before the candidate is asked, in the order in which items are asked."""

    predictors: Predictors
    baseline: Floats | None = None
    """float64[N]: what the baseline scored, NaN where it errored. None: it is asked beside the candidate."""

    def __len__(self) -> int:
        return len(self.predictors.predicted)


@dataclass(frozen=True, slots=True)
class VerdictBasis:
    """What a verdict rests on."""

    spoke: str
    """Which estimate: one of `assisted.ESTIMATES`, counting or betting."""
    plain: float
    """Mean difference of the asked items."""
    estimate: float
    """The estimate that spoke, of the mean difference over all items."""
    left: float | None
    """Share of the difference's variance that the fixed predictions left. None: nothing varied."""

    @property
    def moved(self) -> float:
        """How far predictions moved the estimate."""
        return self.estimate - self.plain


class Assisted:
    """A running comparison with predictions. The public attributes are those of `looks.Sequential`."""

    def __init__(
        self, known: KnownItems, margin: float, alpha: float, scope: Scope, plan: Plan, tail: Tail = "strict"
    ) -> None:
        if not len(known):
            raise ValueError("a gate with history needs the number of items it could ask, at least 1")
        self.n_items, self.margin, self.alpha = len(known), check_margin(margin), check_alpha(alpha)
        check_words(tail=tail, scope=scope)
        if plan not in {"curtail", "save", "strict"}:
            raise ValueError(f"plan is curtail, save or strict, not {plan!r}")
        self.scope, self.plan, self._known, self._tail = scope, plan, known, tail
        least, most = _bounds(known)
        self._left = [np.append(np.cumsum(part[::-1])[::-1], 0.0) for part in (least, most)]
        self._low, self._high = np.zeros(self.n_items), np.zeros(self.n_items)
        self._sums = [0.0, 0.0]
        base = known.baseline
        self._binary = base is None or bool(np.isin(base[~np.isnan(base)], (0.0, 1.0)).all())
        self._suite = assisted.suite_looks(self.n_items, self.alpha)
        self.looks = self._suite.looks if scope == "suite" else sample.population_looks(self.n_items)
        self._use = np.array([assisted.FIXED])
        self._ratio: float | None = None
        self._bets = self._players() if plan == "strict" else None
        self.n = self.wins = self.losses = self.n_errored = 0
        self.verdict: Verdict | None = None
        self.reason = ""
        self.n_used: int | None = None
        self.basis: VerdictBasis | None = None

    @property
    def mean(self) -> float:
        """Mean difference of the pairs so far that have scores."""
        whole = self._low[: self.n] == self._high[: self.n]
        return float(self._low[: self.n][whole].mean()) if whole.any() else 0.0

    def update(
        self, baseline_batch: npt.ArrayLike, candidate_batch: npt.ArrayLike, n_errored: int = 0
    ) -> Literal["continue"] | Verdict:
        """Take in further pairs, then pairs that errored; say if that settles it. Raises ValueError as `Sequential`."""
        if n_errored < 0:
            raise ValueError(f"n_errored counts pairs without a score, so it is not {n_errored}")
        steps = np.empty(0)
        if np.size(baseline_batch) or np.size(candidate_batch) or not n_errored:
            first, second = read_pair(baseline_batch, candidate_batch)
            steps = second - first
            self._binary &= bool(np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all())
        if self.verdict is None and self.n + len(steps) + n_errored > self.n_items:
            raise ValueError(f"{self.n + len(steps) + n_errored} pairs have come where {self.n_items} were announced")
        lost, won = np.full(n_errored, -1.0), np.full(n_errored, 1.0)
        low, high = np.append(steps, lost), np.append(steps, won)
        while self.verdict is None and len(low):
            place = bisect_right(self.looks, self.n)
            until = self.looks[place] if place < len(self.looks) else self.n_items
            take = min(until - self.n, len(low))
            self._walk(low[:take], high[:take])
            low, high = low[take:], high[take:]
        return self.verdict or "continue"

    def _walk(self, low: Floats, high: Floats) -> None:
        """Up to the next look, and that."""
        end = self.n + len(low)
        self._low[self.n : end], self._high[self.n : end] = low, high
        sums = (self._sums[0] + np.cumsum(low), self._sums[1] + np.cumsum(high))
        used = len(low)
        if self.scope == "suite":
            edge = -self.margin * self.n_items - _NEAR * self.n_items
            least = sums[0] + self._left[0][self.n + 1 : end + 1]
            most = sums[1] + self._left[1][self.n + 1 : end + 1]
            settled = np.flatnonzero((least >= edge) | (most < edge))
            used = int(settled[0]) + 1 if len(settled) else used
        self._sums = [float(part[used - 1]) for part in sums]
        start = self.n
        if self._bets is None:
            self._tally(low[:used], high[:used])
        else:
            for step in range(used):
                self._tally(low[step : step + 1], high[step : step + 1])
                if self._bet(start + step):
                    return
        if self.scope == "suite" and used and (len(settled) or self.n == self.n_items):
            self._count(float(least[used - 1]) >= edge, float(most[used - 1]) < edge)
        elif self._bets is None and self.n in self.looks:
            self._look()
        elif self.n == self.n_items:
            self._settle(Verdict.INCONCLUSIVE, "all items leave it open", COUNTED, None)

    def _tally(self, low: Floats, high: Floats) -> None:
        whole = low == high
        self.wins += int((whole & (low > 0)).sum())
        self.losses += int((whole & (low < 0)).sum())
        self.n_errored += int((~whole).sum())
        self.n += len(low)

    def _count(self, passes: bool, fails: bool) -> None:
        why = "every item is counted" if self.n == self.n_items else "the items left cannot change it"
        if passes or fails:
            self._settle(Verdict.PASS if passes else Verdict.FAIL, why, COUNTED, None)
        else:
            self._settle(Verdict.INCONCLUSIVE, "failed pairs leave it open", COUNTED, None)

    @property
    def _where(self) -> float:
        """The difference that parts pass from fail: of right/wrong items, half an item beyond the last that passes."""
        if self.scope != "suite" or not self._binary:
            return -self.margin
        return -min((math.floor(self.margin * self.n_items + 1e-9) + 0.5) / self.n_items, 1.0)

    def _seen(self) -> Sides:
        n, at = self.n, self._known.predictors
        low = assisted.moments_of(self._low[None, :n], at.predicted[None, :n], at.columns[None, :n], self.n_items)
        high = low
        if self.n_errored:
            high = assisted.moments_of(self._high[None, :n], at.predicted[None, :n], at.columns[None, :n], self.n_items)
        counts = [np.array([float(x)]) for x in (self.wins, self.losses, self.n_errored)]
        return Sides(low, high, PairCounts(*counts) if self._binary else None)

    def _look(self) -> None:
        if self.n == self.n_items:
            self._last_look()
            return
        seen = self._seen()
        if self.scope == "suite":
            spoke = self._use
            verdict, self._use = assisted.suite_verdicts(
                self._suite, self.looks.index(self.n), seen, self._where, spoke
            )
            if verdict[0]:
                side = seen.low if verdict[0] > 0 else seen.high
                why = "the items left would hardly change it"
                self._settle(Verdict.PASS if verdict[0] > 0 else Verdict.FAIL, why, int(spoke[0]), side)
            return
        if self._ratio is None:
            self._use, ratios = sample.pilot(seen.low, self._known.predictors.ratio)
            self._ratio = float(ratios[0])
        edges = self._edges()
        edge = edges[self.looks.index(self.n)]
        up, down = self._sample_z(seen.low, 1), self._sample_z(seen.high, -1)
        if (up >= edge) != (down >= edge):
            verdict_ = Verdict.PASS if up >= edge else Verdict.FAIL
            self._settle(verdict_, "shown", int(self._use[0]), seen.low if up >= edge else seen.high)
        elif self.plan == "save" and self.n >= FUTILE_FROM * self.n_items - 1e-9:
            t = sample.information((self.n,), self.n_items, self._ratio)[0]
            if max(hope(z, t, edges[-1]) for z in (up, down)) < FUTILE:
                self._settle(Verdict.INCONCLUSIVE, "the items left would hardly decide it", int(self._use[0]), seen.low)

    def _edges(self) -> tuple[float, ...]:
        return sample.boundary(self.looks, self.n_items, self._ratio or 1.0, self.alpha, self.plan)

    def _sample_z(self, seen: ResidualMoments, side: int) -> float:
        """The statistic for passing (1) or failing (-1) before the last item, on a normal scale."""
        if self._binary and self._use[0] == assisted.PLAIN:
            return min(self._counts_z(side), self._exact_z(side))
        z = float(sample.population_z(seen, self._use, self.n, self.n_items, -self.margin, side)[0])
        if self._binary or self._tail == "smooth":
            return z
        mean = float((self._low if side > 0 else -self._high)[: self.n].mean())
        return min(z, _normal(bounded.unseen(mean, self.n, -side * self.margin)))

    def _counts_z(self, side: int) -> float:
        won, lost = (self.wins, self.losses) if side > 0 else (self.losses, self.wins)
        return tango(won, lost + self.n_errored, self.n, -side * self.margin)

    def _exact_z(self, side: int) -> float:
        won, lost = (self.wins, self.losses) if side > 0 else (self.losses, self.wins)
        if not exact.applies(won + lost + self.n_errored, self.n):
            return math.inf
        z = _normal(exact.p_value(won, lost + self.n_errored, self.n, -side * self.margin))
        return math.inf if z >= FAR else z

    def _last_look(self) -> None:
        """All items of a sample: the plain test, at the last look's own bound."""
        edge = self._edges()[-1]
        if self._binary:
            up, down = (min(self._counts_z(side), self._exact_z(side)) for side in (1, -1))
        else:
            guard = self._tail == "strict"
            tests = (
                bounded.skewed_t(self._low, guard)(-self.margin),
                bounded.skewed_t(-self._high, guard)(self.margin),
            )
            up, down = (_normal(p) for p in tests)
        if (up >= edge) != (down >= edge):
            self._settle(Verdict.PASS if up >= edge else Verdict.FAIL, "shown with all items", assisted.PLAIN, None)
        else:
            self._settle(Verdict.INCONCLUSIVE, "all items leave it open", assisted.PLAIN, None)

    def _players(self) -> tuple[Bets, Bets]:
        """Two that bet: that the mean is above the limit (a pass), and below it (a fail)."""
        predicted = self._known.predictors.predicted
        if self.scope == "suite":
            most, least = float(predicted.max()), float(predicted.min())
            where = -self.margin - 1e-9
            return (
                Bets(1, self.n_items, where, self.alpha, -1.0 - most),
                Bets(1, self.n_items, self.margin, self.alpha, -1.0 + least),
            )
        return (Bets(1, None, -self.margin, self.alpha, -1.0), Bets(1, None, self.margin, self.alpha, -1.0))

    def _bet(self, place: int) -> bool:
        assert self._bets is not None
        predicted = self._known.predictors.predicted[place] if self.scope == "suite" else 0.0
        passing, failing = self._bets
        passing.take(np.array([self._low[place] - predicted]))
        failing.take(np.array([predicted - self._high[place]]))
        if passing.rich[0] == failing.rich[0]:
            return False
        self._settle(Verdict.PASS if passing.rich[0] else Verdict.FAIL, "proved by betting", BETTING, None)
        return True

    def _settle(self, verdict: Verdict, reason: str, spoke: int | str, seen: ResidualMoments | None) -> None:
        self.verdict, self.reason, self.n_used = verdict, reason, self.n
        name = spoke if isinstance(spoke, str) else assisted.ESTIMATES[spoke]
        asked = self._low[: self.n]
        estimate = self.mean if seen is None or isinstance(spoke, str) else float(seen.estimate[0, spoke])
        spread = float(asked.var())
        left = float((asked - self._known.predictors.predicted[: self.n]).var()) / spread if spread > _NEAR else None
        self.basis = VerdictBasis(name, self.mean if seen is None else float(seen.estimate[0, 0]), estimate, left)


def unknown_items(n_items: int) -> KnownItems:
    """Items of which nothing is known: every prediction is 0."""
    nothing = np.zeros(n_items)
    return KnownItems(Predictors(nothing, nothing[:, None], 1.0))


def _bounds(known: KnownItems) -> tuple[Floats, Floats]:
    """The least and the most that the difference of an item can be before it is asked."""
    if known.baseline is None:
        whole = np.ones(len(known))
        return -whole, whole
    base = known.baseline
    errored = np.isnan(base)
    return np.where(errored, -1.0, -base), np.where(errored, 1.0, 1.0 - base)


def _normal(p: float) -> float:
    """The normal value that is exceeded with this chance."""
    return -normal_quantile(min(max(p, 1e-12), 1 - 1e-12))
