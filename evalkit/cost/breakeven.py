"""Where the lines cross: the yearly cost of a closed API, of own GPUs, and of open weights at a provider, by volume.

    api = Billed("gpt", "api", Range.of(Decimal("7.5e-6")))                     # USD a unit
    own = Own("two H100", machine_usd_per_year=Range.of(Decimal(60_000)))
    crossover(own, api)                                                         # 21,917,808.2 units a day

The unit of volume is a request, or whatever a scenario says. An API's line is straight: 365 x units a day x USD a unit.
Own GPUs are stairs: engineering + copies x (machines + power), with

    copies = max(fewest, ceil(units a day x peak factor / units a day that one copy serves when full))

sized for the peak and not for the mean. Machines without a throughput are a stated cost at any volume; machines paid
only while busy (`elastic`) cost per unit, like an API. Every uncertain input is a `Range`; a band takes all of them at
their good, or all at their bad ends at once, so it is wider than a 95 % interval and never narrower. Pure, in decimals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from evalkit.cost.hosting import HOURS_PER_YEAR, Throughput, curve
from evalkit.cost.reports import BreakEvenReport, CrossoverFigures, LineFigures, Sensitivity, VolumeCosts, YearCost

DAYS = Decimal(365)
ONE = Decimal(1)
WHAT_IF = Decimal("0.2")
"""How far an input of no stated uncertainty is moved to see what it does to the answer."""

End = Literal["value", "low", "high"]


@dataclass(frozen=True, slots=True)
class Range:
    """A figure and how far it may be off; both ends are the value where it is stated without doubt."""

    value: Decimal
    low: Decimal
    high: Decimal

    @classmethod
    def of(cls, value: Decimal) -> Range:
        """A figure without doubt."""
        return cls(value, value, value)

    @classmethod
    def between(cls, low: Decimal, high: Decimal) -> Range:
        """Somewhere between; its value is the middle. Raises ValueError where low is above high."""
        if low > high:
            raise ValueError(f"a range goes from the lower to the higher figure, not from {low} to {high}")
        return cls((low + high) / 2, low, high)

    @property
    def sure(self) -> bool:
        """Whether there is no doubt."""
        return self.low == self.high

    def at(self, end: End) -> Decimal:
        """One of the three."""
        return {"value": self.value, "low": self.low, "high": self.high}[end]

    def times(self, factor: Decimal) -> Range:
        """Scaled by a positive factor."""
        return Range(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Billed:
    """A line that is billed by use."""

    name: str
    kind: Literal["api", "hosted"]
    price: Range
    """USD a unit at the mean number of tokens."""
    tokens: Range = Range(ONE, ONE, ONE)
    """How far the tokens of a unit may be off, as a factor of the mean."""

    def usd_per_unit(self, dear: End) -> Decimal:
        """At the low or high end of price and tokens."""
        return self.price.at(dear) * self.tokens.at(dear)


@dataclass(frozen=True, slots=True)
class Own:
    """A line of own GPUs."""

    name: str
    machine_usd_per_year: Range
    """One copy of the model: GPUs and power, up all year."""
    people_usd_per_year: Range = Range(Decimal(0), Decimal(0), Decimal(0))
    tokens_per_s: Range | None = None
    """What one copy serves when full, input and output together; None: a stated cost at any volume."""
    tokens_per_unit: Range = Range(ONE, ONE, ONE)
    """Tokens of a unit as this model counts them."""
    gpus: Range | None = None
    """Of one copy; None: not stated."""
    peak_factor: Range = Range(ONE, ONE, ONE)
    """Peak over mean traffic."""
    fewest: int = 1
    """Copies that are up whatever the traffic."""
    elastic: bool = False
    """Only busy hours are paid, as with on-demand GPUs that come and go with the traffic."""
    kind: Literal["own"] = "own"

    def units_per_day(self, good: End) -> Decimal | None:
        """What one full copy serves at the peak's pace; `good` is `high` for the best case, `low` for the worst."""
        if self.tokens_per_s is None:
            return None
        bad: End = "low" if good == "high" else "high" if good == "low" else "value"
        peak = ONE if self.elastic else self.peak_factor.at(bad)
        return self.tokens_per_s.at(good) * 86_400 / (self.tokens_per_unit.at(bad) * peak)

    def copies(self, units_per_day: Decimal, good: End = "value") -> int | None:
        """Copies for the peak that are paid all year; None where the machines are stated, or come and go."""
        full = self.units_per_day(good)
        if full is None or self.elastic:
            return None
        return max(self.fewest, math.ceil(units_per_day / full))

    def open_at_peak(self, units_per_day: Decimal) -> int | None:
        """Copies that are open at the peak, whoever pays for how long; None where the machines are stated."""
        full = self.units_per_day("value")
        if full is None or not self.elastic:
            return self.copies(units_per_day)
        return max(self.fewest, math.ceil(units_per_day * self.peak_factor.value / full))


Line = Billed | Own


def usd_per_year(line: Line, units_per_day: Decimal, end: End = "value") -> Decimal:
    """Yearly cost at a volume; `end` is `low` for the cheapest that the ranges allow, `high` for the dearest."""
    if isinstance(line, Billed):
        return DAYS * units_per_day * line.usd_per_unit(end)
    good: End = "high" if end == "low" else "low" if end == "high" else "value"
    machine, people = line.machine_usd_per_year.at(end), line.people_usd_per_year.at(end)
    full = line.units_per_day(good)
    if full is None:
        return people + machine
    if line.elastic:
        return people + machine * units_per_day / full
    return people + machine * (line.copies(units_per_day, good) or 0)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where own GPUs begin to cost no more than a billed line, in units a day."""

    first: Decimal
    stays: Decimal
    """From here on they never cost more again: each further copy is a stair up, which may lift them above once more."""


def crossover(own: Own, billed: Billed, *, good: End = "value") -> Crossing | None:
    """The crossing, with the ranges at the end that is good (`high`) or bad (`low`) for own GPUs; None: never."""
    cheap: End = "low" if good == "high" else "high" if good == "low" else "value"
    unit = billed.usd_per_unit(good) * DAYS
    machine, people = own.machine_usd_per_year.at(cheap), own.people_usd_per_year.at(cheap)
    if unit <= 0:
        return None
    full = own.units_per_day(good)
    if full is None:
        at = (people + machine) / unit
        return Crossing(at, at)
    saved = unit * full - machine  # by one full copy in a year
    if saved <= 0:
        return None
    if own.elastic:
        at = people * full / saved
        return Crossing(at, at)
    first = max(own.fewest, math.ceil(people / saved))
    last = math.ceil((people + unit * full) / saved) - 1
    at = (people + first * machine) / unit
    return Crossing(at, (people + last * machine) / unit if last > first else at)


def sensitivity(own: Own, billed: Billed) -> list[Sensitivity]:
    """What each input alone does to the crossing, the strongest first.

    Inputs in doubt are moved to their ends, the others by 20 % either way (`what_if`). null: no crossing at that end.
    """
    inputs: list[tuple[str, Range, Callable[[Range], tuple[Own, Billed]]]] = [
        (f"price of {billed.name}", billed.price, lambda r: (own, replace(billed, price=r))),
        (f"tokens of {billed.name}", billed.tokens, lambda r: (own, replace(billed, tokens=r))),
        (f"machines of {own.name}", own.machine_usd_per_year, lambda r: (replace(own, machine_usd_per_year=r), billed)),
    ]
    if own.people_usd_per_year.value:
        inputs.append(
            (f"engineering of {own.name}", own.people_usd_per_year,
             lambda r: (replace(own, people_usd_per_year=r), billed))
        )  # fmt: skip
    if own.tokens_per_s is not None:
        inputs += [
            (f"throughput of {own.name}", own.tokens_per_s, lambda r: (replace(own, tokens_per_s=r), billed)),
            (f"tokens of {own.name}", own.tokens_per_unit, lambda r: (replace(own, tokens_per_unit=r), billed)),
        ]
        if not own.elastic:
            inputs.append(("peak factor", own.peak_factor, lambda r: (replace(own, peak_factor=r), billed)))
    found: list[tuple[float, Sensitivity]] = []
    for name, held, put in inputs:
        ends = Range(held.value, held.value * (1 - WHAT_IF), held.value * (1 + WHAT_IF)) if held.sure else held
        at = [crossover(*put(Range.of(end))) for end in (ends.low, ends.high)]
        moved: Sensitivity = {
            "input": name,
            "from": _text(ends.low),
            "to": _text(ends.high),
            "what_if": held.sure,
            "crossover_from": _at(at[0]),
            "crossover_to": _at(at[1]),
        }
        found.append((_reach(at), moved))
    return [moved for _, moved in sorted(found, key=lambda one: -one[0])]


def compare(lines: Sequence[Line], volumes: Sequence[Decimal]) -> BreakEvenReport:
    """Every line at every volume, every crossing of own GPUs with a billed line, and what moves it. As JSON."""
    own = [line for line in lines if isinstance(line, Own)]
    billed = [line for line in lines if isinstance(line, Billed)]
    crossings: list[CrossoverFigures] = []
    for one in own:
        for other in billed:
            found, best, worst = (crossover(one, other, good=end) for end in ("value", "high", "low"))
            crossings.append({
                "own": one.name, "against": other.name, "units_per_day": _at(found),
                "low": _at(best), "high": _at(worst),
                "stays_from": None if found is None else _text(found.stays),
                "sensitivity": sensitivity(one, other),
            })  # fmt: skip
    return {
        "lines": [_line(line) for line in lines],
        "volumes": [_volume(lines, volume) for volume in volumes],
        "crossovers": crossings,
    }


def _volume(lines: Sequence[Line], volume: Decimal) -> VolumeCosts:
    rows = [_year(line, volume) for line in lines]
    cheapest = min(lines, key=lambda line: usd_per_year(line, volume)).name if lines else None
    return {"units_per_day": _text(volume), "lines": rows, "cheapest": cheapest}


def _year(line: Line, volume: Decimal) -> YearCost:
    """What a line costs at a volume, with copies, GPUs and the mean busy share; null: does not apply, or not stated."""
    year: dict[End, Decimal] = {end: usd_per_year(line, volume, end) for end in ("value", "low", "high")}
    made: YearCost = {
        "name": line.name,
        "usd_per_day": _text(year["value"] / DAYS),
        "usd_per_year": {str(end): _text(amount) for end, amount in year.items()},
        "copies": None,
        "gpus": None,
        "busy_share": None,
    }
    if isinstance(line, Billed):
        return made
    copies, full = line.copies(volume), line.units_per_day("value")
    if line.gpus is not None:
        n = line.open_at_peak(volume) or 1
        made["gpus"] = {"low": _text(line.gpus.low * n), "high": _text(line.gpus.high * n)}
    if copies is not None and full is not None:
        made["busy_share"] = float(volume / (copies * full * line.peak_factor.value))
    made["copies"] = copies
    return made


def _line(line: Line) -> LineFigures:
    if isinstance(line, Billed):
        return {"name": line.name, "kind": line.kind, "usd_per_unit": _text(line.usd_per_unit("value"))}
    made: LineFigures = {
        "name": line.name,
        "kind": line.kind,
        "machine_usd_per_year": _text(line.machine_usd_per_year.value),
        "people_usd_per_year": _text(line.people_usd_per_year.value),
        "peak_factor": _text(line.peak_factor.value),
        "tokens_per_s": None,
        "usd_per_mtok_by_utilisation": None,
    }
    if line.tokens_per_s is not None:
        served = Throughput(line.tokens_per_s.value, line.tokens_per_s.low, line.tokens_per_s.high, line.name)
        made["tokens_per_s"] = _text(line.tokens_per_s.value)
        hour = (line.machine_usd_per_year.value + line.people_usd_per_year.value) / HOURS_PER_YEAR
        made["usd_per_mtok_by_utilisation"] = curve(hour, served)
    return made


def _reach(at: Sequence[Crossing | None]) -> float:
    """How far the ends lie apart, as a ratio's logarithm; infinite where one end never crosses, 0 where both do not."""
    if all(one is None for one in at):
        return 0.0
    if any(one is None or not one.first for one in at):
        return math.inf
    low, high = (float(one.first) for one in at if one is not None)
    return abs(math.log(high / low))


def _at(crossing: Crossing | None) -> str | None:
    return None if crossing is None else _text(crossing.first)


def _text(amount: Decimal) -> str:
    """Plain digits; what division made endless ends after twelve."""
    if amount == amount.to_integral_value():
        return format(amount.quantize(ONE), "f")
    short = Decimal(f"{amount:.12g}") if amount.as_tuple().exponent not in range(-9, 0) else amount
    return format(short.normalize(), "f")
