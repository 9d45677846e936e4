"""The user's own prices, `prices.yaml`: what a contract, a private deployment or a model unknown to the book costs.

    - model: our-finetune            # the suite's model id, or its price_as; compared whole, case ignored
      provider: openai               # optional: only there; without it, wherever the model runs
      tier: priority                 # optional: only for this service tier; without it, for every tier
      valid_from: 2026-07-01         # first day, UTC
      until: 2027-01-01              # optional: the first day on which it holds no more
      currency: USD                  # optional; nothing else is understood
      input_per_mtok: 2.50           # USD per million tokens
      cached_input_per_mtok: 0.25    # optional, as are the following; `billing` says what leaving one out means
      cache_write_per_mtok: 3.125
      cache_write_5m_per_mtok: 3.125
      cache_write_1h_per_mtok: 5.00
      output_per_mtok: 10
      reasoning_per_mtok: 10

Prices are read from the text itself into exact decimals, never through a float. A price of 0 is taken at its word.
Every complaint of a file is reported at once, each with its line.
"""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from evalkit.cost.billing import Rates, UnitPrices
from evalkit.errors import UserError
from evalkit.frozen import dataclass
from evalkit.paths import Inside
from evalkit.reading import NotYaml, composed_yaml, read_file

# What providers call ordinary service.
_STANDARD = frozenset({"default", "standard", "auto", "on_demand", "on-demand", "standard_only"})
# Names in use for providers that the price book calls otherwise.
_BOOK_IDS = {"xai": "x-ai", "gemini": "google", "bedrock": "aws"}
_TEXTS = ("model", "provider", "tier", "currency")
_DAYS = ("valid_from", "until")
_PRICES = {
    "input_per_mtok": "input",
    "cached_input_per_mtok": "cache_read",
    "cache_write_per_mtok": "cache_write",
    "cache_write_5m_per_mtok": "cache_write_5m",
    "cache_write_1h_per_mtok": "cache_write_1h",
    "output_per_mtok": "output",
    "reasoning_per_mtok": "reasoning",
}
_REQUIRED = ("model", "valid_from", "input_per_mtok", "output_per_mtok")
# At most nine decimals and six digits before them keep every product with a token count exact in 28 digits.
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{0,9})?|\.[0-9]{1,9}")

PRICE_FILE = "prices.yaml"
"""The file of prices that a suite may have beside it."""


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One entry of the file. Names are lower case; None: holds for every provider, every tier, without end."""

    model: str
    provider: str | None
    tier: str | None
    valid_from: date
    until: date | None
    prices: UnitPrices
    line: int

    def holds(self, provider: str | None, tier: str | None, day: date) -> bool:
        """Whether the entry is for this provider and tier on this day (UTC)."""
        return (
            self.provider in (None, provider)
            and self.tier in (None, tier)
            and self.valid_from <= day
            and (self.until is None or day < self.until)
        )


def read_prices(path: Path | Inside) -> tuple[PriceEntry, ...]:
    """The entries of a price file, in its order.

    Raises UserError with every complaint: unreadable, not YAML, unknown or missing keys, no valid price or day,
    another currency, or two entries for the same thing at the same time.
    """
    try:
        text = path.text() if isinstance(path, Inside) else read_file(path).decode()
    except OSError as error:
        raise UserError(f"The price file {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The price file {path} cannot be read: {error}") from error
    complaints: list[str] = []
    entries = []
    for line, pairs in _items(text, path, complaints):
        entry = _entry(pairs, line, path, complaints)
        if entry:
            entries.append(entry)
    complaints += _overlaps(entries, path)
    if complaints:
        raise UserError("\n".join(complaints))
    return tuple(entries)


def _items(text: str, path: Path | Inside, complaints: list[str]) -> list[tuple[int, dict[str, tuple[str, int]]]]:
    """Each list item as (line, {key: (text of the value, line)}), from the YAML nodes: text and lines are kept."""
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    try:
        root: Any = composed_yaml(text)
    except NotYaml as error:
        raise UserError(f"{error.at(path)}: this is no valid YAML: {error.reason}") from error
    if root is None:
        return []
    if not isinstance(root, SequenceNode):
        raise UserError(f"{path}:{root.start_mark.line + 1}: a price file is a list; start each entry with `- model:`.")
    items = []
    for node in root.value:
        line = node.start_mark.line + 1
        if not isinstance(node, MappingNode):
            complaints.append(f"{path}:{line}: an entry is a group of keys that starts with `- model:`.")
            continue
        pairs: dict[str, tuple[str, int]] = {}
        for key, value in node.value:
            at = key.start_mark.line + 1
            if not (isinstance(key, ScalarNode) and isinstance(value, ScalarNode)):
                complaints.append(f"{path}:{at}: {getattr(key, 'value', key)!s:.40} needs one plain value.")
            elif key.value in pairs:
                complaints.append(f"{path}:{at}: {key.value} is written twice in this entry.")
            else:
                pairs[key.value] = (value.value.strip(), at)
        items.append((line, pairs))
    return items


def _entry(
    pairs: dict[str, tuple[str, int]], line: int, path: Path | Inside, complaints: list[str]
) -> PriceEntry | None:
    """One entry; None where it has a complaint."""
    before = len(complaints)
    rates: dict[str, Decimal] = {}
    days: dict[str, date] = {}
    texts: dict[str, str] = {}
    for key, (value, at) in pairs.items():
        where = f"{path}:{at}: {key}"
        if key in _PRICES:
            if _NUMBER.fullmatch(value):
                rates[_PRICES[key]] = Decimal(value)
            else:
                complaints.append(f"{where} is {value!r}; it needs USD per million tokens as a plain number, like 2.50")
        elif key in _DAYS:
            try:
                days[key] = date.fromisoformat(value)
            except ValueError:
                complaints.append(f"{where} is {value!r}; it needs a day, like 2026-07-01")
        elif key in _TEXTS:
            texts[key] = value.lower()
            if not value:
                complaints.append(f"{where} is empty; write a name, or leave the key out.")
        else:
            near = difflib.get_close_matches(key, [*_TEXTS, *_DAYS, *_PRICES], n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join([*_TEXTS, *_DAYS, *_PRICES])}."
            complaints.append(f"{where} is not a key of a price entry; {hint}")
    complaints += [f"{path}:{line}: this entry needs {key}." for key in _REQUIRED if key not in pairs]
    if texts.get("currency", "usd") != "usd":
        at = pairs["currency"][1]
        complaints.append(f"{path}:{at}: currency is {pairs['currency'][0]!r}; only USD is understood: convert it.")
    if {"valid_from", "until"} <= days.keys() and days["until"] <= days["valid_from"]:
        complaints.append(
            f"{path}:{pairs['until'][1]}: until must be later than valid_from; it is the first day after."
        )
    if len(complaints) > before:
        return None
    prices = UnitPrices(pairs["model"][0], path.name, ((0, Rates(**rates)),))
    provider = book_provider(texts["provider"]) if "provider" in texts else None
    tier = plain_tier(texts["tier"]) if "tier" in texts else None
    return PriceEntry(texts["model"], provider, tier, days["valid_from"], days.get("until"), prices, line)


def _overlaps(entries: list[PriceEntry], path: Path | Inside) -> list[str]:
    """Complaints about entries for the same model, provider and tier whose days overlap."""
    complaints = []
    last: dict[tuple[str, str | None, str | None], PriceEntry] = {}
    for entry in sorted(entries, key=lambda e: (e.valid_from, e.line)):
        key = (entry.model, entry.provider, entry.tier)
        earlier = last.get(key)
        if earlier and (earlier.until is None or entry.valid_from < earlier.until):
            complaints.append(
                f"{path}:{entry.line}: the prices of {entry.prices.model} overlap those of line {earlier.line}; "
                f"end the earlier entry with `until: {entry.valid_from}`."
            )
        last[key] = entry
    return complaints


def book_provider(name: str) -> str:
    """A provider by the price book's id for it, in lower case."""
    return _BOOK_IDS.get(name.lower(), name.lower())


def plain_tier(tier: str | None) -> str:
    """A service tier in lower case; `standard` for every name of ordinary service, and where none is named."""
    name = (tier or "standard").lower()
    return "standard" if name in _STANDARD else name


def day_of(at: datetime) -> date:
    """The UTC day of a moment: the day that `valid_from` and `until` mean."""
    return at.astimezone(UTC).date()
