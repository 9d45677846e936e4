"""The price book: which unit prices hold for a model at a moment, from the user's file or from `genai-prices`.

    book = PriceBook.load(Path("prices.yaml"))
    book.price("openai", "gpt-6-sol", Usage(input=1000, output=50), at)     # Bill, or None: unknown

Who wins: what the provider itself says the request cost, then the user's file, then the book; a file that the person
named for the run (`named`) goes before what the provider says. What none of them knows is unknown, None, never 0; a
price of 0 counts only where the user wrote it (free trials have no price in the book, and its own arithmetic makes that
0).

`genai-prices` is a 0.x library, so this is the only module that touches it (import: 0.2 s, at the first lookup in it).
It is asked for prices, not for bills: its arithmetic takes 0.1 ms a call, and prices a service tier that it does not
know as the standard one. A model is looked up only where its provider is known, by the book's own provider id:
the book itself would take any address for OpenAI whose name begins so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.cost.billing import Bill, Rates, UnitPrices, bill, provider_bill, worst_case
from evalkit.cost.price_file import PriceEntry, book_provider, day_of, plain_tier, read_prices
from evalkit.frozen import dataclass
from evalkit.paths import Inside
from evalkit.records import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider, TieredPrices


# Prices in the book change at UTC midnight, and for peak hours at full and half hours.
_BUCKET_S = 900

# How the book spells the token classes of a text request.
_BOOK_KEYS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
}
# What the book calls a service tier, by provider.
_TIER_KEYS = ("service_tier", "processing", "speed")
# Prices of things that a text request never has. Any further key means that the price is not just tokens: unknown.
_OTHER_MEDIA = ("audio", "image", "video", "document", "web_searches", "storage_searches", "_tool_")


# Prices that the book goes on stating although their provider changed them: unknown from that day on.
# DeepSeek raised the price of deepseek-chat on 2025-09-05 and served both names no more from 2026-07-24;
# https://api-docs.deepseek.com/quick_start/pricing lists neither (read 2026-11-28).
_ENDED = {
    ("deepseek", "deepseek-chat"): datetime(2025, 9, 5, 16, tzinfo=UTC),
    ("deepseek", "deepseek-reasoner"): datetime(2026, 7, 24, tzinfo=UTC),
}


@dataclass(slots=True)
class PriceBook:
    """Prices by provider, model, service tier and moment. Look-ups are remembered, so a row costs microseconds."""

    entries: tuple[PriceEntry, ...] = ()
    """The user's own prices, which win over the book."""
    named: bool = False
    """Whether the person named the file for this run (--prices). Then it wins over what a provider states, too: the
    provider may be a server that a pull request chose."""
    _found: dict[tuple[str | None, str, str | None, int], UnitPrices | str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, user_file: Path | Inside | None = None, *, named: bool = False) -> PriceBook:
        """The book, with the user's file before it where there is one. Raises UserError for what is wrong with it."""
        return cls(read_prices(user_file) if user_file else (), named)

    def price(
        self, provider: str | None, model: str, usage: Usage | None, at: datetime, tier: str | None = None
    ) -> Bill | None:
        """What an answer cost; None where it is unknown.

        `provider` is the adapter's or preset's price provider, None where nobody is known to bill (an address of one's
        own, the embedded engine); `model` the model id, or what the suite says to `price_as`; `at` when the request was
        sent (with a time zone); `tier` what was asked for, used where the reply does not say which tier it billed.
        """
        stated = provider_bill(usage)
        if stated and not (self.named and any(entry.model == model.lower() for entry in self.entries)):
            return stated
        served = usage.service_tier if usage else None
        unit = self.unit_prices(provider, model, at, served or tier)
        return None if unit is None else bill(usage, unit)

    def unit_prices(self, provider: str | None, model: str, at: datetime, tier: str | None = None) -> UnitPrices | None:
        """The unit prices that hold, for run.json and for planning; None where they are unknown."""
        found = self._look_up(provider, model, at, tier)
        return None if isinstance(found, str) else found

    def known_price(self, provider: str | None, model: str, at: datetime, tier: str | None = None) -> bool:
        """Whether a request can be priced at all. `why_unknown` says why not."""
        return not isinstance(self._look_up(provider, model, at, tier), str)

    def why_unknown(self, provider: str | None, model: str, at: datetime, tier: str | None = None) -> str | None:
        """A sentence on why the price is unknown and what would make it known; None where it is known."""
        found = self._look_up(provider, model, at, tier)
        return found if isinstance(found, str) else None

    def worst_case_usd(
        self,
        provider: str | None,
        model: str,
        input_tokens: int,
        max_output_tokens: int,
        at: datetime,
        tier: str | None = None,
    ) -> Decimal | None:
        """The most that one request can cost, to be reserved from a budget; None where that is unknown."""
        unit = self.unit_prices(provider, model, at, tier)
        return None if unit is None else worst_case(input_tokens, max_output_tokens, unit)

    def says(self, provider: str | None, model: str, at: datetime, tier: str | None = None) -> bool:
        """Whether the user's own file has a price for it, by the model's own name."""
        home, asked, day = book_provider(provider) if provider else None, plain_tier(tier), day_of(at)
        return any(entry.model == model.lower() and entry.holds(home, asked, day) for entry in self.entries)

    def tiers(self) -> list[str]:
        """Every service tier that has a price of its own anywhere, and `standard`; a model knows few of them."""
        own = {entry.tier for entry in self.entries if entry.tier}
        return sorted({"standard"} | own | _book_tiers())

    def _look_up(self, provider: str | None, model: str, at: datetime, tier: str | None) -> UnitPrices | str:
        if at.tzinfo is None:
            raise ValueError("a price needs a moment with a time zone")
        key = (provider, model, tier, int(at.timestamp()) // _BUCKET_S)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._search(provider, model, at, tier)
        return found

    def _search(self, provider: str | None, model: str, at: datetime, tier: str | None) -> UnitPrices | str:
        asked, named = plain_tier(tier), model.lower()
        day = day_of(at)
        home = book_provider(provider) if provider else None
        own = [entry for entry in self.entries if entry.model == named and entry.holds(home, asked, day)]
        if own:  # the entry that says most wins
            return max(own, key=lambda e: (e.provider is not None, e.tier is not None)).prices
        way_out = f"Add {model} to a price file (prices.yaml) to give it one."
        if home is None:
            return f"The price of {model} is unknown: nobody is known to bill for where it runs. {way_out}"
        return _from_book(home, model, at, asked) or (
            f"The price of {model} at {provider} (tier {asked}, {day}) is not in {book_version()}. {way_out}"
        )


@cache
def book_version() -> str:
    """Name and version of the price list, as stored with every run."""
    import genai_prices

    return f"genai-prices {genai_prices.__version__}"


@cache
def _book_tiers() -> frozenset[str]:
    from genai_prices.data_snapshot import get_snapshot

    variants = (v for p in get_snapshot().providers for m in p.models for v in m.price_variants or ())
    named = (name for v in variants for key, name in v.when.items() if key in _TIER_KEYS)
    return frozenset(plain_tier(name) for name in named)


def context_window(provider: str, model: str) -> int | None:
    """Tokens of prompt and answer together that a model takes, as the price list has it; None where it says nothing."""
    found = _listed(book_provider(provider), model)
    window = None if found is None else found[1].context_window
    return window if isinstance(window, int) and window > 0 else None


def _listed(provider: str | None, model: str) -> tuple[Provider, ModelInfo] | None:
    """A provider and a model of the list; None where it does not have both."""
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    home = next((p for p in snapshot.providers if p.id == provider), None)
    if home is None or not model:
        return None
    try:
        return home, snapshot.find_provider_model(model, home, None, None)[1]
    except LookupError:
        return None


def _from_book(provider: str, model: str, at: datetime, tier: str) -> UnitPrices | None:
    """Prices from genai-prices; None where it does not know the provider, the model, the tier, or all of the price."""
    listed = _listed(provider, model)
    ended = _ENDED.get((provider, model.lower()))
    if listed is None or (ended is not None and at >= ended):
        return None
    home, found = listed
    context: dict[str, str] = {}
    if tier != "standard":  # a tier without a price of its own is unknown, not standard
        spellings = tuple({key: tier} for key in _TIER_KEYS)
        own = any(found is listed for listed in home.models)  # a model of another provider: its tiers are not ours
        active = [v.when for v in found.price_variants or () if v.constraint is None or v.constraint.active(at)]
        context = next((when for when in spellings if own and when in active), {})
        if not context:
            return None
    prices = {k: v for k, v in found.get_prices(at, context).__dict__.items() if v is not None}
    if context:
        variants = [v for v in found.price_variants or () if v.when == context]
        prices = _without_inherited(prices, [v.prices.__dict__ for v in variants])
    return _unit_prices(str(found.id), prices)


def _without_inherited(prices: Mapping[str, object], own: list[Mapping[str, object]]) -> dict[str, object]:
    """A tier's prices without those of caches that only the standard tier states.

    The book fills what a tier leaves out with the standard price: half of ordinary input for a cached token of
    gpt-4.1 in a batch, where OpenAI lists no discount for cached input. Without it `billing` takes ordinary input.
    """
    stated = {key for variant in own for key, value in variant.items() if value is not None}
    return {key: value for key, value in prices.items() if not key.startswith("cache_") or key in stated}


def _unit_prices(model: str, prices: dict[str, Any]) -> UnitPrices | None:
    """The book's prices of one model as ours; None where they are not plain token prices, or all zero."""
    per_request = prices.pop("requests_kcount", Decimal(0)) / 1000
    tokens = {k: v for k, v in prices.items() if not any(medium in k for medium in _OTHER_MEDIA)}
    if not tokens.keys() <= _BOOK_KEYS.keys() or "input_mtok" not in tokens:
        return None
    starts = {tier.start for price in tokens.values() for tier in getattr(price, "tiers", ())}
    bands = []
    for above in (0, *sorted(starts)):
        rates: dict[str, Any] = {_BOOK_KEYS[k]: _in_band(price, above) for k, price in tokens.items()}
        bands.append((above, Rates(**({"output": None} | rates))))
    media = [price for key, price in prices.items() if key.startswith("output_") and key not in _BOOK_KEYS]
    dearest = max((_dearest(price) for price in media), default=Decimal(0))
    unit = UnitPrices(model, book_version(), tuple(bands), per_request, dearest)
    worthless = not per_request and not any(rates.input or rates.output for _, rates in unit.bands)
    return None if worthless else unit


def _dearest(price: TieredPrices | Decimal) -> Decimal:
    """The highest price of any band."""
    return price if isinstance(price, Decimal) else max([price.base, *(tier.price for tier in price.tiers)])


def _in_band(price: TieredPrices | Decimal, above: int) -> Decimal:
    """The price that a request of more than `above` prompt tokens has."""
    if isinstance(price, Decimal):
        return price
    chosen: Decimal = price.base
    for tier in price.tiers:
        if tier.start <= above and above:
            chosen = tier.price
    return chosen


def provider_at(host: str | None) -> str | None:
    """Whose list holds at a host, whatever dialect it is asked in: the id in genai-prices, of `api.openai.com` and of
    hosts below it (`eu.api.openai.com`); None where nobody's is known."""
    from genai_prices.data_snapshot import get_snapshot

    name = host or ""
    while name.count("."):
        for provider in get_snapshot().providers:
            if provider.api_pattern and re.match(provider.api_pattern, f"https://{name}/"):
                return provider.id
        name = name.partition(".")[2]
    return None
