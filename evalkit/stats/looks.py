"""A verdict that may come early: the same question asked at twenty looks, with the error of asking often accounted for.

    gate = sequential(1000, margin=0.02, alpha=0.05)
    gate.update(baseline_batch, candidate_batch)        # "continue", or a Verdict once it is settled

Items must come in a random order. The looks lie at fixed numbers of pairs, so the verdict depends on the order of the
pairs alone, not on how they were cut into batches. Only right/wrong scores of independent items: nothing else has been
shown to keep its error rates when stopped early.

Scope `population` asks about items like these. Plan `curtail` stops when the final verdict is as good as certain (no
power lost); `save` spends error as it goes (HSD, gamma -4) and gives up as inconclusive from a quarter of the way when
neither verdict has a chance of 5 % left (some 3 points of power for a third fewer items). A bound has to be reached by
Tango's statistic and by the normal value of the exact p-value at that many pairs. Scope `suite` asks what all `n_items`
would say: it is settled when the rest cannot change the answer, or hardly could (HSD -4 for `curtail`, +1 for `save`),
with a floor of discordant pairs because an easy suite looks settled too soon; at the end it is arithmetic.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Literal

import numpy as np
import numpy.typing as npt

from evalkit.stats import exact
from evalkit.stats.scores import Floats, check_alpha, check_margin, read_pair
from evalkit.stats.spending import curtailment_boundary, spending_boundary, spent
from evalkit.stats.tango import normal_quantile, normal_tail, tango
from evalkit.stats.verdict import Scope, Verdict

Plan = Literal["curtail", "save"]

LOOKS = 20
CERTAINTY = 0.9
"""Curtailment: stop when, were the truth at the margin, the final verdict would still come with this probability."""
FUTILE = 0.05
"""Saving: give up when pass and fail are each less likely than this."""
FUTILE_FROM = 0.25
"""Share of the items before which nothing is given up."""
FLOOR = 8
"""Discordant pairs before which a suite is not extrapolated."""
FAR = 4.0
"""Normal value that is enough of the exact p-value (1 in 30,000), which has a floor; first looks ask for more than it
could ever show."""

_NEAR = 1e-12  # 0.02 × 150 is not quite 3


class Sequential:
    """A running comparison. `verdict` is None until it is settled; then `reason` says by what and `n_used` when."""

    def __init__(self, n_items: int, margin: float, alpha: float, scope: Scope, plan: Plan) -> None:
        if n_items < 1:
            raise ValueError(f"a sequential gate needs the number of items it could ask, at least 1, not {n_items}")
        if scope not in {"population", "suite"}:
            raise ValueError(f"scope is population or suite, not {scope!r}")
        if plan not in {"curtail", "save"}:
            raise ValueError(f"plan is curtail or save, not {plan!r}")
        self.n_items, self.margin, self.alpha = int(n_items), check_margin(margin), check_alpha(alpha)
        self.scope, self.plan = scope, plan
        # A suite's sum is whole: what parts pass from fail lies half an item beyond the last sum that passes.
        allowed = math.floor(self.margin * self.n_items + 1e-9)
        self._divide = min((allowed + 0.5) / self.n_items, 1.0) if scope == "suite" else self.margin
        self.looks = tuple(sorted({math.ceil(self.n_items * k / LOOKS) for k in range(1, LOOKS + 1)}))
        times = tuple(n / self.n_items for n in self.looks)
        self._at_look = frozenset(self.looks)
        self._edges = _suite_edges(times, self.alpha, plan) if scope == "suite" else _edges(times, self.alpha, plan)
        self.n = self.wins = self.losses = self.n_errored = 0
        """Pairs seen (errored ones included), and what they were."""
        self.verdict: Verdict | None = None
        self.reason = ""
        self.n_used: int | None = None

    def update(
        self, baseline_batch: npt.ArrayLike, candidate_batch: npt.ArrayLike, n_errored: int = 0
    ) -> Literal["continue"] | Verdict:
        """Take in further pairs, then pairs that errored (lost for passing, won for failing); say if that settles it.

        Once settled the verdict stands, whatever comes. Raises ValueError for scores other than 0 and 1, unequal or
        absent ones, and for more pairs than were announced; then nothing has been taken in.
        """
        steps = self._read(baseline_batch, candidate_batch, n_errored)
        if self.verdict is not None or not len(steps):
            return self.verdict or "continue"
        before = (self.n, self.wins, self.losses, self.n_errored)
        stops = self._stops(steps)
        ends = np.array([*stops, len(steps)]) - 1
        counts = [np.cumsum(kind)[ends].tolist() for kind in (steps > 0, steps < 0, np.isnan(steps))]
        for place, upto in enumerate((*stops, len(steps))):
            self.n = before[0] + upto
            self.wins, self.losses, self.n_errored = (
                had + count[place] for had, count in zip(before[1:], counts, strict=True)
            )
            if place == len(stops):
                break
            if self.scope == "suite":
                self._count()
            if self.verdict is None and self.n in self._at_look:
                self._look()
            if self.verdict is not None:
                break
        return self.verdict or "continue"

    def last_look(self, wins: int, losses: int, n_errored: int = 0) -> Verdict:
        """The verdict with all items in, were it still open until then. Raises ValueError for more than there are."""
        if wins + losses + n_errored > self.n_items:
            raise ValueError(f"{wins} wins, {losses} losses and {n_errored} errors are more than {self.n_items} items")
        self.n, self.wins, self.losses, self.n_errored = self.n_items, wins, losses, n_errored
        if self.scope == "suite":
            self._count()
        else:
            self._look()
        return self.verdict or Verdict.INCONCLUSIVE

    @property
    def mean(self) -> float:
        """Mean difference of the pairs so far that have scores."""
        return (self.wins - self.losses) / max(1, self.n - self.n_errored)

    @property
    def n_saved(self) -> int:
        """Items that need not be asked any more; 0 while it goes on."""
        return 0 if self.n_used is None else self.n_items - self.n_used

    def _read(self, baseline: npt.ArrayLike, candidate: npt.ArrayLike, n_errored: int) -> Floats:
        """What each pair brings: 1 won, -1 lost, 0 alike, NaN errored."""
        if n_errored < 0:
            raise ValueError(f"n_errored counts pairs without a score, so it is not {n_errored}")
        steps = np.empty(0)
        if np.size(baseline) or np.size(candidate) or not n_errored:
            first, second = read_pair(baseline, candidate)
            if not (np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all()):
                raise ValueError("a sequential gate takes right/wrong scores (0 or 1) only: run graded ones to the end")
            steps = second - first
        if n_errored:
            steps = np.concatenate((steps, np.full(n_errored, np.nan)))
        if self.verdict is None and self.n + len(steps) > self.n_items:
            raise ValueError(f"{self.n + len(steps)} pairs have come where {self.n_items} were announced")
        return steps

    def _stops(self, steps: Floats) -> list[int]:
        """After how many of these pairs there is something to see, rising."""
        low, high = bisect_right(self.looks, self.n), bisect_right(self.looks, self.n + len(steps))
        stops = {look - self.n for look in self.looks[low:high]}
        if self.scope == "suite" and len(steps):
            left = self.n_items - self.n - np.arange(1, len(steps) + 1)
            ahead = self.wins - self.losses + np.cumsum(np.nan_to_num(steps))
            open_ = left + self.n_errored + np.cumsum(np.isnan(steps))
            least, most = (ahead - open_) / self.n_items, (ahead + open_) / self.n_items
            settled = np.flatnonzero((least >= -self.margin - _NEAR) | (most < -self.margin - _NEAR) | (left == 0))
            stops.update((settled[:1] + 1).tolist())
        return sorted(stops)

    def _count(self) -> None:
        """Suite: settled when the items left cannot change the answer."""
        left = self.n_items - self.n
        least = (self.wins - self.losses - self.n_errored - left) / self.n_items
        most = (self.wins - self.losses + self.n_errored + left) / self.n_items
        why = "every item is counted" if left == 0 else "the items left cannot change it"
        if least >= -self.margin - _NEAR:
            self._settle(Verdict.PASS, why)
        elif most < -self.margin - _NEAR:
            self._settle(Verdict.FAIL, why)
        elif left == 0:
            self._settle(Verdict.INCONCLUSIVE, "failed pairs leave it open")

    def _look(self) -> None:
        look = self.looks.index(self.n)
        t = self.n / self.n_items
        up = tango(self.wins, self.losses + self.n_errored, self.n, -self._divide)
        down = tango(self.losses, self.wins + self.n_errored, self.n, self._divide)
        if self.scope == "suite":
            # Known in full the mean has no error left: of its variance, 1 - t.
            edge = self._edges[look] * math.sqrt(1 - t)
            ready = self.wins + self.losses >= FLOOR
            why = "the items left would hardly change it"
            passes, fails = ready and up >= edge, ready and down >= edge
        else:
            edge = self._edges[look] / math.sqrt(t)
            why = "shown" if t < 1 else "shown with all items"
            passes = up >= edge and self._exact(-1) >= min(edge, FAR)
            fails = down >= edge and self._exact(1) >= min(edge, FAR)
        if passes != fails:
            self._settle(Verdict.PASS if passes else Verdict.FAIL, why)
        elif self.n == self.n_items:
            self._settle(Verdict.INCONCLUSIVE, "all items leave it open")
        elif self.scope == "population" and self.plan == "save" and self._futile(t, up, down):
            self._settle(Verdict.INCONCLUSIVE, "the items left would hardly decide it")

    def _exact(self, side: int) -> float:
        """The normal value whose chance is the exact test's p-value for passing (-1) or failing (1) so far."""
        won, lost = (self.wins, self.losses) if side < 0 else (self.losses, self.wins)
        if not exact.applies(won + lost + self.n_errored, self.n):
            return math.inf
        p = exact.p_value(won, lost + self.n_errored, self.n, side * self.margin)
        return -normal_quantile(min(p, 1 - 1e-12))

    def _futile(self, t: float, up: float, down: float) -> bool:
        return t >= FUTILE_FROM - 1e-9 and not self._hopeful(up, t, -1) and not self._hopeful(down, t, 1)

    def _hopeful(self, statistic: float, t: float, side: int) -> bool:
        """Whether a verdict is still likely enough, by its predictive probability if what was seen goes on."""
        last = self._edges[-1]
        if hope(statistic, t, last) < FUTILE:
            return False
        discordant = round((self.wins + self.losses + self.n_errored) / t)
        if not exact.applies(discordant, self.n_items):
            return True
        asked = exact.critical(self.n_items, side * self.margin, self.alpha, discordant)
        return hope(statistic, t, last * max(1.0, asked / normal_quantile(1 - self.alpha))) >= FUTILE

    def _settle(self, verdict: Verdict, reason: str) -> None:
        self.verdict, self.reason, self.n_used = verdict, reason, self.n


def sequential(
    n_items: int, margin: float, alpha: float = 0.05, scope: Scope = "population", plan: Plan = "curtail"
) -> Sequential:
    """A gate over at most `n_items` pairs that may settle early. Raises ValueError for impossible arguments."""
    return Sequential(n_items, margin, alpha, scope, plan)


def _edges(times: tuple[float, ...], alpha: float, plan: Plan) -> tuple[float, ...]:
    """Boundary of the statistic times sqrt(t)."""
    if plan == "curtail":
        return curtailment_boundary(times, alpha, CERTAINTY)
    return spending_boundary(times, tuple(spent(t, alpha, -4.0) for t in times))


def _suite_edges(times: tuple[float, ...], alpha: float, plan: Plan) -> tuple[float, ...]:
    """Boundary of the statistic of a finite suite, whose information is t / (1 - t); none at the end."""
    early = times[:-1]
    if not early:
        return (math.inf,)
    information = tuple(t / (1 - t) for t in early)
    gamma = -4.0 if plan == "curtail" else 1.0
    edges = spending_boundary(information, tuple(spent(t, alpha, gamma) for t in early))
    return (*(edge / math.sqrt(s) for edge, s in zip(edges, information, strict=True)), math.inf)


def hope(statistic: float, t: float, last: float) -> float:
    """Predictive probability that the statistic ends beyond `last`, if what was seen goes on (flat prior)."""
    return normal_tail((last - statistic / math.sqrt(t)) / math.sqrt((1 - t) / t))
