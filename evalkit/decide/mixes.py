"""Before the next run is paid for: the cheapest mix of items, repeats and judges, from what an earlier run stored.

    found = cheapest_mixes(Earlier.of(folder, "gpt", "mine", "all"), WantedPower(margin=0.05), Limits())
    found.mixes[0].items, found.mixes[0].repeats, found.mixes[0].usd, found.mixes[0].passes     # 430, 2, 51.2, .80

Money and minutes are what the answers took in that run. Without a price the mixes are ranked by the number of answers.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from evalkit.decide.earlier_run import Earlier
from evalkit.errors import UserError
from evalkit.stats.history import share_with
from evalkit.stats.repeats import Components
from evalkit.stats.resampling import Population
from evalkit.stats.sample_size import DRAWS, Mix, WantedPower, smallest

REPEATS = (1, 2, 4, 8)
"""Numbers of answers an item that are tried."""


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
    """Empty: no judge marks, or their number was not varied: all mark then, and are paid for."""
    n_answers: int
    """Of both models together."""
    usd: float | None
    """Dollars of all of it: both models' answers, judges, new items. None: some price is unknown."""
    minutes: float | None
    """None: the run has no times."""
    fits: bool
    """Whether there are so many items (`Limits.most_items`)."""


@dataclass(frozen=True, slots=True)
class CheapestMixes:
    """What a plan comes to."""

    earlier: Earlier
    question: WantedPower
    observed: float
    """Candidate minus baseline in the earlier run; the supposed difference is made true by weighing its items."""
    parts: Components | None
    """Variance components of the difference. None: items were asked once."""
    judge_variance: float | None
    """Variance between judges of one answer's mark. None: fewer than two judges."""
    mixes: tuple[PricedMix, ...]
    """Those that fit first, cheapest first."""
    in_vain: tuple[int, ...]
    """Repeats with which no number of items would do."""

    @property
    def why_none(self) -> Literal["beyond margin", "one side", "too many"] | None:
        """Why there is no mix: the supposed difference lies at the margin or beyond it; all items of the earlier run
        lie on one side of it; or more items than are drawn. None: there are mixes."""
        if self.mixes:
            return None
        if self.question.at_margin:
            return "beyond margin"
        tried = [(one, k) for one in self.earlier.by_judges.values() for k in self.in_vain]
        one_sided = any(Population.of(one, k, self.question.difference) is None for one, k in tried)
        return "one side" if one_sided else "too many"

    def as_json(self) -> dict[str, object]:
        """Plain values; null is not known."""
        earlier = self.earlier
        return {
            "baseline": earlier.baseline,
            "candidate": earlier.candidate,
            "about": earlier.subject,
            "question": asdict(self.question),
            "observed_difference": self.observed,
            "n_items": len(earlier.whole.baseline),
            "n_left_out": earlier.n_left_out,
            "repeats": earlier.whole.stored_repeats,
            "variance": None if self.parts is None else asdict(self.parts),
            "judge_variance": self.judge_variance,
            "variance_left_by_history": earlier.history,
            "share_of_items_with_history": share_of_items(earlier),
            "mixes": [
                {
                    **asdict(one.mix),
                    "judges": one.judges,
                    "n_answers": one.n_answers,
                    "usd": one.usd,
                    "minutes": one.minutes,
                    "fits": one.fits,
                }
                for one in self.mixes
            ],
            "in_vain": self.in_vain,
            "why_none": self.why_none,
        }


def cheapest_mixes(
    earlier: Earlier, question: WantedPower, limits: Limits, *, draws: int = DRAWS, seed: int = 0
) -> CheapestMixes:
    """Mixes that pass with the wanted chance, each with as few items as do, cheapest first. `draws`: new runs that each
    rests on, twice as many for the two cheapest. Raises UserError where nothing is stored to vary repeats by."""
    whole = earlier.whole
    repeated = whole.stored_repeats > 1
    repeats = limits.repeats or (REPEATS if repeated else (1,))
    if max(repeats) > 1 and not repeated:
        raise UserError(
            "the earlier run asked each item once, so it does not say how answers to the same item differ: plan with "
            "one answer an item, or run it once more with repeats: 2"
        )
    found: list[PricedMix] = []
    in_vain: list[int] = []
    for k in dict.fromkeys(repeats):
        for judges, pair_ in earlier.by_judges.items():
            mix = smallest(pair_, question, k, seed=seed, draws=draws)
            if mix is None:
                in_vain.append(k)
            else:
                found.append(_priced(earlier, mix, judges, limits))
    found.sort(key=_cost)
    offered = [n for n, one in enumerate(found) if one.fits][:2] or list(range(len(found)))[:1]
    for n in offered:
        one = found[n]
        again = smallest(earlier.by_judges[one.judges], question, one.mix.repeats, seed=seed + 1, draws=2 * draws)
        if again is not None:
            found[n] = _priced(earlier, again, one.judges, limits)
    found.sort(key=_cost)
    return CheapestMixes(
        earlier=earlier,
        question=question,
        observed=float((whole.candidate.mean(axis=1) - whole.baseline.mean(axis=1)).mean()),
        parts=whole.parts()[0],
        judge_variance=_between_judges(earlier),
        mixes=tuple(found),
        in_vain=tuple(dict.fromkeys(in_vain)),
    )


def share_of_items(earlier: Earlier, share: float = 0.5) -> float | None:
    """Where a gate that stops early needs this share of a suite without history, the share it needs with it."""
    return None if earlier.history is None else share_with(earlier.history, share)


def _cost(one: PricedMix) -> tuple[bool, float, int]:
    return not one.fits, math.inf if one.usd is None else one.usd, one.n_answers


def _priced(earlier: Earlier, mix: Mix, judges: tuple[str, ...], limits: Limits) -> PricedMix:
    prices = earlier.prices
    answers = mix.items * mix.repeats
    usd = prices.usd_with(judges)
    if usd is not None:
        usd = answers * usd + max(0, mix.items - len(earlier.whole.baseline)) * limits.usd_per_new_item
    width = limits.in_flight or prices.in_flight
    return PricedMix(
        mix=mix,
        judges=judges,
        n_answers=2 * answers,
        usd=usd,
        minutes=None if prices.seconds is None else answers * prices.seconds / min(width, max(answers, 1)) / 60,
        fits=limits.most_items is None or mix.items <= limits.most_items,
    )


def _between_judges(earlier: Earlier) -> float | None:
    alone = [pair_ for names, pair_ in earlier.by_judges.items() if len(names) == 1]
    if len(alone) < 2:
        return None
    both = np.array([np.stack((one.baseline, one.candidate)) for one in alone])
    return float(both.var(axis=0, ddof=1).mean())
