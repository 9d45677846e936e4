"""Before the next run is paid for: the cheapest mix of items, repeats and judges, from what an earlier run stored.

    found = cheapest_mixes(Earlier.of(folder, "gpt", "mine", "all"), WantedPower(margin=0.05), Limits())
    found.mixes[0].items, found.mixes[0].repeats, found.mixes[0].usd, found.mixes[0].passes     # 430, 2, 51.2, .80

Money and minutes are what the answers took in that run. Without a price the mixes are ranked by the number of answers.
Where older models have answered the same items, the cheapest mix that asks each once is offered with history too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np

from evalkit.decide.earlier_amounts import EarlierAmounts
from evalkit.decide.earlier_run import Earlier, Prices
from evalkit.errors import UserError
from evalkit.stats.history import share_with
from evalkit.stats.planned_limits import StoredAmounts, WantedLimit, smallest_of_limit
from evalkit.stats.repeats import Components
from evalkit.stats.resampling import Population
from evalkit.stats.sample_size import DRAWS, Mix, WantedPower, smallest, stopping_early
from evalkit.text.rule_names import limit_words

REPEATS = (1, 2, 4, 8)
"""Numbers of answers an item that are tried."""
_SCREENING = 0.25
"""Share of the draws by which mixes are ranked; those that are offered get all of them, and half as many again."""
_COVERED = 0.95
"""Share of the items that older models must have answered for history to be used."""
_WALKS = 200
_WORTH = 100
"""Items below which history saves nothing."""


WhyNone = Literal["beyond margin", "one side", "nothing paid", "too many"]
"""Why there is no mix: the supposed truth lies at the limit or beyond it; all items of the earlier run lie on one side
of it; its bills are 0, which no factor changes; or more items than are drawn."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the person can pay for, or have."""

    repeats: tuple[int, ...] = ()
    """Numbers of answers an item to try. Empty: 1, 2, 4 and 8, or 1 alone where items were asked once."""
    most_items: int | None = None
    """Items that there are. None: more can be made."""
    usd_per_new_item: float = 0.0
    """What an item costs beyond those of the earlier run: writing it, and its right answer."""
    in_flight: int | None = None
    """Requests that are open at once. None: as in the earlier run."""


@dataclass(frozen=True, slots=True)
class PricedMix:
    """One way to ask."""

    mix: Mix
    judges: tuple[str, ...]
    """Empty: no judge scores, or their number was not varied: all score then, and are paid for."""
    n_answers: int
    """Of both models together."""
    usd: float | None
    """Dollars of all of it: both models' answers, judges, new items. None: some price is unknown."""
    minutes: float | None
    """None: the run has no times."""
    fits: bool
    """Whether there are so many items (`Limits.most_items`)."""
    asked: int | None = None
    """Items that a gate which stops early asks on average (`save` with history, else `curtail`). None: all, or it does
    not stop early."""
    history: bool = False
    """Whether the older models' stored answers help, and the baseline's are there: only the candidate's `asked` answers
    are paid for then."""


@dataclass(frozen=True, slots=True)
class PlannedFrom:
    """What a plan rests on."""

    baseline: str
    candidate: str
    subject: str
    """A task, a slice, all; or the bill or time of a rule."""
    rule: str
    """Its key."""
    words: str
    """What it is about and its limit, as text shows them."""
    n_items: int
    n_left_out: int
    """Items that some answer, or figure, is missing of."""
    stored_repeats: int
    n_effective: float | None
    """Equal, independent items that would tell as much; None: items are not weighted."""


@dataclass(frozen=True, slots=True)
class HistoryOffered:
    """What stored scores of older models promise."""

    n_older: int
    left: float
    """Share of the difference's variance that predictions leave."""

    @property
    def share_of_half(self) -> float:
        """Where a gate that stops early needs half of a suite without history, the share it needs with it."""
        return share_with(self.left, 0.5)


@dataclass(frozen=True, slots=True)
class CheapestMixes:
    """What a plan comes to."""

    source: PlannedFrom
    question: WantedPower | WantedLimit
    observed: float
    """Difference of scores, ratio, dollars of an answer or seconds in the earlier run."""
    supposed: float
    """What is supposed to be true where it should pass, in the same unit."""
    mixes: tuple[PricedMix, ...]
    """Those that fit first, cheapest first."""
    in_vain: tuple[int, ...]
    """Repeats with which no number of items would do."""
    why_none: WhyNone | None
    """None: there are mixes."""
    parts: Components | None = None
    """Variance components of the difference of scores. None: items were asked once, or it is not about scores."""
    judge_variance: float | None = None
    """Variance between judges of one answer's score. None: fewer than two judges."""
    history: HistoryOffered | None = None

    def as_json(self) -> dict[str, object]:
        """Plain values; null is not known."""
        source, history = self.source, self.history
        return {
            "baseline": source.baseline,
            "candidate": source.candidate,
            "about": source.subject,
            "rule": source.rule,
            "question": asdict(self.question),
            "observed_difference" if isinstance(self.question, WantedPower) else "observed": self.observed,
            "supposed": self.supposed,
            "n_items": source.n_items,
            "n_left_out": source.n_left_out,
            "n_effective": source.n_effective,
            "repeats": source.stored_repeats,
            "variance": None if self.parts is None else asdict(self.parts),
            "judge_variance": self.judge_variance,
            "variance_left_by_history": None if history is None else history.left,
            "share_of_items_with_history": None if history is None else history.share_of_half,
            "mixes": [
                {
                    **asdict(one.mix),
                    "judges": one.judges,
                    "n_answers": one.n_answers,
                    "usd": one.usd,
                    "minutes": one.minutes,
                    "fits": one.fits,
                    "asked": one.asked,
                    "history": one.history,
                }
                for one in self.mixes
            ],
            "in_vain": self.in_vain,
            "why_none": self.why_none,
        }


def cheapest_mixes(
    earlier: Earlier, question: WantedPower, limits: Limits, *, draws: int = DRAWS, seed: int = 0
) -> CheapestMixes:
    """Mixes that pass with the wanted chance, each with as few items as do, cheapest first. `draws`: new runs that the
    two cheapest rest on, the others on a quarter. Raises UserError where nothing is stored to vary repeats by."""
    whole = earlier.whole
    repeated = whole.stored_repeats > 1
    repeats = limits.repeats or (REPEATS if repeated else (1,))
    if max(repeats) > 1 and not repeated:
        raise UserError(
            "the earlier run asked each item once, so it does not say how answers to the same item differ: plan with "
            "one answer an item, or run it once more with repeats: 2"
        )

    def found_by(judges: tuple[str, ...], k: int, seed: int, draws: int, start: int) -> Mix | None:
        return smallest(earlier.by_judges[judges], question, k, seed=seed, draws=draws, start=start)

    bill = MixBill(earlier.prices, len(whole.baseline), limits)
    mixes, in_vain = searched([(j, k) for k in repeats for j in earlier.by_judges], found_by, bill, draws, seed)
    mixes = _with_history(earlier, question, bill, mixes, seed)
    why = None if mixes else _why_none(earlier, question, in_vain)
    return CheapestMixes(
        source=PlannedFrom(
            earlier.baseline,
            earlier.candidate,
            earlier.subject,
            f"quality {earlier.subject} (margin {question.margin:g})",
            limit_words("quality", earlier.subject, "margin", question.margin),
            len(whole.baseline),
            earlier.n_left_out,
            whole.stored_repeats,
            earlier.n_effective,
        ),
        question=question,
        observed=whole.mean_difference,
        supposed=question.difference,
        mixes=mixes,
        in_vain=in_vain,
        why_none=why,
        parts=whole.parts()[0],
        judge_variance=_between_judges(earlier),
        history=None if earlier.history is None else HistoryOffered(earlier.n_older, earlier.history),
    )


def cheapest_mixes_of_limit(
    earlier: EarlierAmounts, question: WantedLimit, limits: Limits, *, draws: int = DRAWS, seed: int = 0
) -> CheapestMixes:
    """The same for a rule about bills or times. Raises UserError for more answers an item than are stored."""
    stored = earlier.stored
    most = stored.stored_repeats
    repeats = limits.repeats or tuple(k for k in REPEATS if k <= most)
    if max(repeats) > most:
        raise UserError(
            f"the earlier run has {most} {'answer' if most == 1 else 'answers'} to each item: bills and times of more "
            f"are not made up. Plan with at most {most}, or run it once more with repeats: {max(repeats)}"
        )

    def found_by(_: tuple[str, ...], k: int, seed: int, draws: int, start: int) -> Mix | None:
        return smallest_of_limit(stored, question, k, seed=seed, draws=draws, start=start)

    bill = MixBill(earlier.prices, len(stored.candidate), limits)
    mixes, in_vain = searched([((), k) for k in repeats], found_by, bill, draws, seed)
    condition = earlier.condition
    return CheapestMixes(
        source=PlannedFrom(
            earlier.baseline,
            earlier.candidate,
            f"{condition.kind} {condition.subject}",
            condition.name,
            condition.words,
            len(stored.candidate),
            earlier.n_left_out,
            most,
            earlier.n_effective,
        ),
        question=question,
        observed=question.observed(stored),
        supposed=question.true_figure(stored),
        mixes=mixes,
        in_vain=in_vain,
        why_none=None if mixes else _why_none_of_limit(stored, question),
    )


_Search = Callable[[tuple[str, ...], int, int, int, int], Mix | None]
"""(judges, answers an item, seed, draws, items near the right number or 0) -> the fewest items."""


def searched(
    ways: list[tuple[tuple[str, ...], int]], found_by: _Search, bill: MixBill, draws: int, seed: int
) -> tuple[tuple[PricedMix, ...], tuple[int, ...]]:
    """The mixes, cheapest first, and the repeats with which no number of items would do."""
    found: list[PricedMix] = []
    in_vain: list[int] = []
    few = max(20, round(_SCREENING * draws))
    for judges, k in dict.fromkeys(ways):
        mix = found_by(judges, k, seed, few, 0)
        if mix is None:
            in_vain.append(k)
        else:
            found.append(bill.of(mix, judges))
    found.sort(key=_cost)
    offered = [n for n, one in enumerate(found) if one.fits][:2] or list(range(len(found)))[:1]
    for n in offered:
        one = found[n]
        again = found_by(one.judges, one.mix.repeats, seed + 1, draws + draws // 2, one.mix.items)
        if again is not None:
            found[n] = bill.of(again, one.judges)
    return tuple(sorted(found, key=_cost)), tuple(dict.fromkeys(in_vain))


@dataclass(frozen=True, slots=True)
class MixBill:
    """What a mix takes in money and minutes."""

    prices: Prices
    n_stored: int
    """Items of the earlier run: further ones have to be made."""
    limits: Limits

    def of(self, mix: Mix, judges: tuple[str, ...]) -> PricedMix:
        """The mix with its price; judges () are all that there are."""
        answers = mix.items * mix.repeats
        usd = self.prices.usd_with(judges)
        if usd is not None:
            usd = answers * usd + max(0, mix.items - self.n_stored) * self.limits.usd_per_new_item
        fits = self.limits.most_items is None or mix.items <= self.limits.most_items
        return PricedMix(mix, judges, 2 * answers, usd, self._minutes(answers, self.prices.seconds), fits)

    def with_history(self, plain: PricedMix, asked: int) -> PricedMix:
        """The candidate's answers to those items alone: the baseline's and the older models' are stored."""
        # A judge marks one answer of each item then, and not two.
        judges = [self.prices.judge_usd.get(judge) for judge in plain.judges or self.prices.judge_usd]
        each = [self.prices.candidate_usd, *(None if one is None else one / 2 for one in judges)]
        known = [price for price in each if price is not None]
        usd = asked * sum(known) if len(known) == len(each) else None
        minutes = self._minutes(asked, self.prices.candidate_s)
        return replace(plain, n_answers=asked, usd=usd, minutes=minutes, asked=asked, history=True)

    def _minutes(self, answers: int, seconds: float | None) -> float | None:
        width = self.limits.in_flight or self.prices.in_flight
        return None if seconds is None else answers * seconds / min(width, max(answers, 1)) / 60


def _with_history(
    earlier: Earlier, question: WantedPower, bill: MixBill, mixes: tuple[PricedMix, ...], seed: int
) -> tuple[PricedMix, ...]:
    """The mixes, with what a gate that stops early asks, and the one that history helps beside its own."""
    last = list(earlier.by_judges)[-1]
    plain = next((one for one in mixes if one.mix.repeats == 1 and one.judges == last), None)
    there = plain is not None and _WORTH <= plain.mix.items <= bill.n_stored / _COVERED
    if plain is None or earlier.older is None or not there:
        return mixes
    n = plain.mix.items
    alone = stopping_early(earlier.whole, None, question, n, draws=_WALKS, seed=seed)
    helped = stopping_early(earlier.whole, earlier.older, question, n, draws=_WALKS, seed=seed)
    if helped is None:
        return mixes
    stopped = plain if alone is None else replace(plain, asked=math.ceil(alone.asked * n))
    made = bill.with_history(plain, math.ceil(helped.asked * n))
    made = replace(made, mix=made.mix.seen_to_pass(helped.passes, helped.n_draws))
    return tuple(sorted([made, *(stopped if one is plain else one for one in mixes)], key=_cost))


def _why_none_of_limit(stored: StoredAmounts, question: WantedLimit) -> WhyNone:
    if not question.observed(stored) > 0:
        return "nothing paid"
    return "beyond margin" if question.beyond(stored) else "too many"


def _why_none(earlier: Earlier, question: WantedPower, in_vain: tuple[int, ...]) -> WhyNone:
    if question.at_margin:
        return "beyond margin"
    tried = [(one, k) for one in earlier.by_judges.values() for k in in_vain]
    one_sided = any(Population.of(one, k, question.difference) is None for one, k in tried)
    return "one side" if one_sided else "too many"


def _cost(one: PricedMix) -> tuple[bool, float, int]:
    return not one.fits, math.inf if one.usd is None else one.usd, one.n_answers


def _between_judges(earlier: Earlier) -> float | None:
    alone = [pair_ for names, pair_ in earlier.by_judges.items() if len(names) == 1]
    if len(alone) < 2:
        return None
    both = np.array([np.stack((one.baseline, one.candidate)) for one in alone])
    return float(both.var(axis=0, ddof=1).mean())
