"""What one answer costs: usage × unit prices, in exact decimals. Pure; where prices come from is `prices`' business.

    unit = UnitPrices("gpt-6-sol", "genai-prices 0.2.3", bands=((0, Rates(input=Decimal(2), output=Decimal(10))),))
    bill(Usage(input=1000, output=50), unit).total_usd      # Decimal('0.002500')

How a token class without a price of its own is billed (None in `Rates`):

* a cache read as ordinary input: no discount is known, so the bill can only be too high;
* a cache write of five minutes or of no stated lifetime at the general write price, and each of these two at the
  other's; where neither is listed, and for a one-hour write without its own price, the bill is unknown, because
  providers charge more than the input price for writing and nobody can say how much;
* reasoning as output.

A provider that reports no cache or reasoning counts at all is billed as if there were none: everything is in the
totals already. A bill is unknown (None) where a needed total is not reported, where the counts contradict each other,
and where something was billed besides text tokens (`Usage.beside`): the price of a token does not cover it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal

from evalkit.frozen import dataclass
from evalkit.records import Usage

_ZERO = Decimal(0)
MOST_TOKENS = 10**12
"""No request is larger; beyond it a count is a fault, and decimals would stop being exact."""


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens of each class; None where the class has no price of its own."""

    input: Decimal
    output: Decimal | None
    """None for models that only read (embeddings): an answer from one has no known price."""
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    """Writes of no stated lifetime, and of five minutes where those have no price of their own."""
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    reasoning: Decimal | None = None

    @property
    def short_write(self) -> Decimal | None:
        """Five-minute writes."""
        return self.cache_write_5m if self.cache_write_5m is not None else self.cache_write

    @property
    def other_write(self) -> Decimal | None:
        """Writes whose lifetime is not stated."""
        return self.cache_write if self.cache_write is not None else self.cache_write_5m

    @property
    def dearest_input(self) -> Decimal:
        """The most that a prompt token can cost: written to a cache, or plain."""
        writes = (self.cache_write, self.cache_write_5m, self.cache_write_1h, self.cache_read)
        return max(self.input, *(rate for rate in writes if rate is not None), _ZERO)


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """The prices of one model at one moment, as stored in run.json."""

    model: str
    """The id that the price list has. It may differ from the model asked for: lists match by prefix and pattern."""
    source: str
    """`genai-prices 0.2.3`, or the name of the user's file."""
    bands: tuple[tuple[int, Rates], ...]
    """(n, rates): from more than n prompt tokens on, the whole request has these rates. The first n is 0."""
    usd_per_request: Decimal = _ZERO
    dearest_output: Decimal = _ZERO
    """USD per million output tokens of the dearest medium (images, audio) that the model may answer with: only worst
    cases use it. 0: it answers with text."""

    @property
    def free(self) -> bool:
        """Whether every price is a stated zero: then the bill is zero even where usage is not reported."""
        if any(band.input or band.output or band.output is None for _, band in self.bands):
            return False  # nearly every price: asked of each answer
        rates = [getattr(band, f.name) for _, band in self.bands for f in fields(band)]
        return not self.usd_per_request and all(band.output == 0 for _, band in self.bands) and not any(rates)

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates of a request with this many prompt tokens."""
        chosen = self.bands[0][1]
        for above, rates in self.bands[1:]:
            if input_tokens > above:
                chosen = rates
        return chosen

    def as_facts(self) -> dict[str, object]:
        """As JSON for run.json; prices are strings, so that no float ever touches them."""
        facts: dict[str, object] = {"model": self.model, "source": self.source}
        if self.usd_per_request:
            facts["usd_per_request"] = str(self.usd_per_request)
        facts["usd_per_mtok"] = [{"above_input_tokens": above, **_known(rates)} for above, rates in self.bands]
        return facts


@dataclass(frozen=True, slots=True)
class Bill:
    """What one answer costs. The parts that are not None add up to the total, exactly.

    A part is None where the provider reports no such class (its tokens are then in `input_usd` or `output_usd`), and
    all parts are None where the provider states a total of its own.
    """

    total_usd: Decimal
    source: str
    """`provider`, `genai-prices 0.2.3`, or the name of the user's file."""
    input_usd: Decimal | None = None
    """Prompt tokens that were neither read from a cache nor written to one."""
    cache_read_usd: Decimal | None = None
    cache_write_usd: Decimal | None = None
    output_usd: Decimal | None = None
    """Billed output without the reasoning that is counted apart."""
    reasoning_usd: Decimal | None = None
    request_usd: Decimal | None = None
    """A fee per request; None where there is none."""
    unit: UnitPrices | None = None
    """The prices used; None where the provider stated the cost."""


def bill(usage: Usage | None, unit: UnitPrices) -> Bill | None:
    """The bill of one answer at these prices; None where it cannot be known (see the top of this file)."""
    if unit.free:
        return Bill(_ZERO, unit.source, unit=unit)
    if usage is None or usage.input is None or usage.output is None or usage.beside or not _consistent(usage):
        return None
    rates = unit.rates_for(usage.input)
    if rates.output is None and usage.output:
        return None
    writes = (
        (usage.cache_write_5m or 0, rates.short_write),
        (usage.cache_write_1h or 0, rates.cache_write_1h),
        (usage.cache_write_other or 0, rates.other_write),
    )
    written, write_cost = 0, _ZERO
    for tokens, rate in writes:
        if tokens:
            if rate is None:
                return None
            written += tokens
            write_cost += rate * tokens
    output_rate = rates.output or _ZERO
    read, reasoning = usage.cache_read or 0, usage.reasoning or 0
    if usage.reasoning is None and usage.output and rates.reasoning not in (None, output_rate):
        return None  # reasoning has a price of its own here, and nobody says how much of the output it was

    input_usd = _usd(rates.input * (usage.input - read - written))
    read_usd = _usd((rates.input if rates.cache_read is None else rates.cache_read) * read)
    write_usd = _usd(write_cost)
    output_usd = _usd(output_rate * (usage.output - reasoning))
    reasoning_usd = _usd((output_rate if rates.reasoning is None else rates.reasoning) * reasoning)
    request_usd = unit.usd_per_request or None
    return Bill(
        total_usd=input_usd + read_usd + write_usd + output_usd + reasoning_usd + (request_usd or _ZERO),
        source=unit.source,
        input_usd=input_usd,
        cache_read_usd=None if usage.cache_read is None else read_usd,
        cache_write_usd=write_usd if _reports_writes(usage) else None,
        output_usd=output_usd,
        reasoning_usd=None if usage.reasoning is None else reasoning_usd,
        request_usd=request_usd,
        unit=unit,
    )


def summed(bills: Sequence[Bill | None]) -> Bill | None:
    """The bill of several requests together; None where one is unknown, or there is none. A part is None where one of
    them has none."""
    known = [one for one in bills if one is not None]
    if not known or len(known) < len(bills):
        return None
    if len(known) == 1:
        return known[0]

    def part(name: str) -> Decimal | None:
        amounts = [getattr(one, name) for one in known]
        return None if None in amounts else sum(amounts, _ZERO)

    named = ("input_usd", "cache_read_usd", "cache_write_usd", "output_usd", "reasoning_usd", "request_usd")
    first = known[0]
    return Bill(
        sum((one.total_usd for one in known), _ZERO),
        first.source,
        **{name: part(name) for name in named},
        unit=first.unit,
    )


def provider_bill(usage: Usage | None) -> Bill | None:
    """The cost that the provider itself states; None where it states none, or one that is no amount of money."""
    cost = None if usage is None else usage.provider_cost_usd
    if cost is None or not cost.is_finite() or cost < 0:
        return None
    return Bill(cost, "provider")


def worst_case(input_tokens: int, max_output_tokens: int, unit: UnitPrices) -> Decimal | None:
    """The most USD that a request can cost: every prompt token newly cached, every output token used.

    Takes the dearest band that a prompt of at most this size can reach. None where output has no known price.
    """
    worst = _ZERO
    for above, rates in unit.bands:
        if above and input_tokens <= above:
            continue
        if rates.output is None:
            return None
        dearest_output = max(rates.output, rates.reasoning or _ZERO, unit.dearest_output)
        worst = max(worst, _usd(rates.dearest_input * input_tokens + dearest_output * max_output_tokens))
    return worst + unit.usd_per_request


def _consistent(usage: Usage) -> bool:
    """Whether parts fit into their totals: where they do not, the provider's counts mean something else."""
    parts = (usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.cache_write_other)
    counts = (usage.input, usage.output, usage.reasoning, *parts)
    return (
        all(count is None or 0 <= count <= MOST_TOKENS for count in counts)
        and sum(part or 0 for part in parts) <= (usage.input or 0)
        and (usage.reasoning or 0) <= (usage.output or 0)
    )


def _reports_writes(usage: Usage) -> bool:
    return not (usage.cache_write_5m is None and usage.cache_write_1h is None and usage.cache_write_other is None)


def _usd(per_million: Decimal) -> Decimal:
    return per_million.scaleb(-6) if per_million else _ZERO


def _known(rates: Rates) -> Mapping[str, str]:
    return {f.name: str(value) for f in fields(rates) if (value := getattr(rates, f.name)) is not None}
