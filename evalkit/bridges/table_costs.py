"""What the rows of a table cost: what the table says, else by the prices of the day on which each was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evalkit.bridges.table_columns import UNREAD
from evalkit.bridges.table_map import ModelOf
from evalkit.cost.billing import UnitPrices, bill
from evalkit.cost.prices import PriceBook
from evalkit.records import Usage
from evalkit.suite.column_names import COUNTS, parts_exceed
from evalkit.text import numbers

if TYPE_CHECKING:
    from evalkit.cost.column_bill import Whole

_BUCKET_S = 900
"""Prices change at full quarters of an hour only."""


class TableCosts:
    """Prices of the models of one table."""

    def __init__(self, models: Mapping[str, ModelOf], prices: PriceBook) -> None:
        self.models, self.prices = models, prices
        self.n_unbanded = 0
        """Rows of several requests whose price depends on the length of each."""
        self.n_free = 0
        """Rows whose cost is said to be 0 beside tokens."""
        self.n_beyond = 0
        """Rows whose input is less than its cached tokens."""
        self._unit = lru_cache(10_000)(self._unit_at)

    def priced_as(self, model: str) -> tuple[str | None, str]:
        """(provider, model id) of the book of prices; the provider is None where nobody is known to bill."""
        said = self.models.get(model, ModelOf())
        if said.price_as is None:
            return None, said.model or model
        provider, colon, named = said.price_as.partition(":")
        return (provider, named) if colon else (None, said.price_as)

    def unit_prices(self, model: str, at: float, tier: str | None = None) -> UnitPrices | None:
        """The prices of a model at a moment; None where nobody knows them."""
        return self._unit(model, int(at) // _BUCKET_S, tier)

    def _unit_at(self, model: str, bucket: int, tier: str | None) -> UnitPrices | None:
        provider, asked = self.priced_as(model)
        if provider is None and not self.prices.entries:
            return None
        return self.prices.unit_prices(provider, asked, datetime.fromtimestamp(bucket * _BUCKET_S, UTC), tier)

    def held(
        self, counts: Mapping[str, Sequence[int | None]], stated: list[Any] | None
    ) -> tuple[dict[str, Sequence[int | None]], list[Any] | None]:
        """Counts and stated costs without what cannot be: unknown then, and counted.

        Tools write a cost of 0 where they do not know the price, and some an input that leaves out what came from the
        cache or went into it: where both together are more, it plainly does.
        """
        held = dict(counts)
        given = counts.get("input_tokens")
        parts = [counts[name] for name in ("cached_tokens", "cache_write_tokens") if name in counts]
        if given is not None and parts:
            beyond = [parts_exceed(*row) for row in zip(given, *parts, strict=True)]
            self.n_beyond += sum(beyond)
            held["input_tokens"] = [None if odd else n for n, odd in zip(given, beyond, strict=True)]
        if stated is not None and 0 in stated:
            known = [counts[name] for name in ("input_tokens", "output_tokens") if name in counts]
            with_tokens = [any(row) for row in zip(*known, strict=True)] if known else [False] * len(stated)
            free = [cost == 0 and beside for cost, beside in zip(stated, with_tokens, strict=True)]
            self.n_free += sum(free)
            stated = [None if odd else cost for cost, odd in zip(stated, free, strict=True)]
        return held, stated

    def notes(self, *, is_mapped: bool) -> Iterator[str]:
        """Why costs of rows are unknown, as sentences. `is_mapped`: whether a map is a way out."""
        if self.n_free:
            yield (
                f"{numbers.plural(self.n_free, 'row')} with tokens and a cost of 0, which tools write where they do "
                "not know the price: the cost is unknown. What is free indeed has prices of 0 in a file: --prices FILE"
            )
        if self.n_beyond:
            way = (
                ". Where the input leaves those out, in every row then, add them in the map: "
                "`input_tokens: {sum: [INPUT, CACHED, WRITTEN]}`"
            )
            yield (
                f"{numbers.plural(self.n_beyond, 'row')} with less input_tokens than cached and written ones together: "
                f"the input is unknown there{way if is_mapped else ''}"
            )
        if self.n_unbanded:
            yield (
                f"the cost of {numbers.plural(self.n_unbanded, 'row')} is unknown: they add up several requests "
                "(calls), and the price of their model depends on the length of each prompt. Give "
                f"{'cost_usd, or ' if is_mapped else ''}flat prices of your own: --prices FILE"
            )

    def of(
        self,
        models: Sequence[str],
        moments: Sequence[float] | None,
        stated: Sequence[Any] | None,
        counts: Mapping[str, Sequence[int | None]],
        tiers: Sequence[str | None] | None,
    ) -> list[Decimal | None]:
        """What each row costs; None where nobody knows it, or the table says what nobody understands (UNREAD).

        `moments`: when each was made, 0: unknown; `counts`: by the names of `column_names.COUNTS`. None: no
        such column.
        """
        n = len(models)
        found: list[Decimal | None] = [None] * n
        if stated is not None:
            found = [None if value is UNREAD else value for value in stated]
        billed = {model for model in set(models) if self.priced_as(model)[0] is not None or self.prices.entries}
        if moments is None or not billed:
            return found
        at_price: dict[UnitPrices, list[int]] = {}
        for row, (model, at) in enumerate(zip(models, moments, strict=True)):
            if at and model in billed and (stated is None or stated[row] is None):
                unit = self.unit_prices(model, at, None if tiers is None else tiers[row])
                if unit is not None:
                    at_price.setdefault(unit, []).append(row)
        for unit, rows in at_price.items():
            self._price(found, rows, unit, counts)
        return found

    def _price(
        self,
        found: list[Decimal | None],
        rows: list[int],
        unit: UnitPrices,
        counts: Mapping[str, Sequence[int | None]],
    ) -> None:
        """Fill in what these rows cost at these prices."""
        from evalkit.cost.column_bill import PLACES, TooFine, totals

        n = len(found)
        of: dict[str, Sequence[int | None]] = {name: counts.get(name, (None,) * n) for name in COUNTS}
        try:
            known, total = totals(_in_columns(of, rows), unit)
            made = [Decimal(usd).scaleb(-PLACES) if is_known else None
                    for usd, is_known in zip(total.tolist(), known.tolist(), strict=True)]  # fmt: skip
        except (TooFine, OverflowError):
            bills = (bill(_usage(of, row), unit) for row in rows)
            made = [None if one is None else one.total_usd for one in bills]
        for row, usd in zip(rows, made, strict=True):
            if usd is not None and self._is_unbanded(unit, of["input_tokens"][row], of["calls"][row]):
                self.n_unbanded += 1  # the row adds up several prompts, and the price depends on how long each was
            else:
                found[row] = usd

    @staticmethod
    def _is_unbanded(unit: UnitPrices, prompt: int | None, calls: int | None) -> bool:
        return len(unit.bands) > 1 and (prompt or 0) > unit.bands[1][0] and (calls or 1) > 1


_FIELDS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
    "cache_read": "cached_tokens",
    "cache_write_other": "cache_write_tokens",
}
"""Field of `Usage` -> column of a table."""


def _usage(of: Mapping[str, Sequence[int | None]], row: int) -> Usage:
    return Usage(
        input=of["input_tokens"][row],
        output=of["output_tokens"][row],
        reasoning=of["reasoning_tokens"][row],
        cache_read=of["cached_tokens"][row],
        cache_write_other=of["cache_write_tokens"][row],
    )


def _in_columns(of: Mapping[str, Sequence[int | None]], rows: list[int]) -> dict[str, Whole]:
    """The counts of these rows as `column_bill.totals` takes them. Raises OverflowError beyond 64 bits."""
    import numpy as np

    made = {name: np.full(len(rows), -1, dtype=np.int64) for name in ("cache_write_5m", "cache_write_1h")}
    for field, name in _FIELDS.items():
        column = of[name]
        made[field] = np.array([-1 if (count := column[row]) is None else count for row in rows], dtype=np.int64)
    return made
