"""The bills of many single requests at once, in exact integers: what `billing.bill` and `run_bill.Amounts.add` say row
by row, a hundred times faster.

    columns.n, columns.counts["input"]           # 19_431, int64[n]: -1 where a row does not report it
    splits = Splits.of(columns.n)
    splits.price(rows, unit, columns)            # those of the rows whose bill is known are given it
    amounts(columns, rows, splits, reprice=True)

Amounts are whole numbers of 1e-15 USD, the last place that a stored row keeps. Prices or counts that such numbers do
not hold raise `TooFine`: then the caller goes row by row. `tests/test_column_bill.py` holds both ways together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from evalkit.cost.billing import MOST_TOKENS, Rates, UnitPrices
from evalkit.cost.run_bill import ZERO, Amounts

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
PLACES = 15
"""Decimals of a dollar that a unit of money has here."""
_MOST = 2**62
"""No product of a count and a rate is larger, so that sums of a bill's parts stay within 64 bits."""
_WRITES = ("cache_write_5m", "cache_write_1h", "cache_write_other")
COUNTS = ("input", "cache_read", *_WRITES, "output", "reasoning")
"""Fields of `Usage` that are counts."""


class TooFine(ValueError):
    """A price, count or amount that whole numbers of 1e-15 USD in 64 bits do not hold."""


@dataclass(frozen=True, slots=True)
class BilledColumns:
    """What a bill needs of n rows, each of one request."""

    counts: Mapping[str, Whole]
    """By field of `Usage`: int64[n], -1 where a row does not report it."""
    beside: Flags
    """Rows in which something was billed besides text tokens."""
    cost: Whole
    """int64[n], units of 1e-15 USD; 0 where it is not known."""
    cost_known: Flags
    spend: Whole
    spend_known: Flags
    cached: Flags
    attempts: Whole
    errored: Flags

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.cost)


@dataclass(frozen=True, slots=True)
class Splits:
    """By which prices each row is billed, and what that makes."""

    unit_of: Whole
    """int64[n]: place in `units`, -1 where no bill is known."""
    total: Whole
    """int64[n], units of 1e-15 USD; 0 where no bill is known."""
    units: list[UnitPrices]

    @classmethod
    def of(cls, n: int) -> Splits:
        """For n rows, none of which has a bill yet."""
        return cls(np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64), [])

    def price(self, rows: Rows, unit: UnitPrices, columns: BilledColumns, *, wanted: Whole | None = None) -> Rows:
        """Give these rows their bill at these prices; those that stay without one come back.

        `wanted`: what each row of the run was billed, int64[n]; a bill of another total is none. Raises TooFine.
        """
        known, total = totals({name: count[rows] for name, count in columns.counts.items()}, unit)
        known &= unit.free | ~columns.beside[rows]
        if wanted is not None:
            known &= total == wanted[rows]
        made = rows[known]
        self.unit_of[made], self.total[made] = len(self.units), total[known]
        self.units.append(unit)
        return rows[~known]


def amounts(columns: BilledColumns, rows: Rows, splits: Splits, *, reprice: bool) -> Amounts:
    """The running bill of these rows, in their order. `reprice`: the splits say what a row costs; else the row does,
    and a split whose total it has divides it by kinds. Raises TooFine."""
    if reprice and (columns.cached[rows] & ~columns.errored[rows]).any():
        raise TooFine("what the response cache saved at other prices is counted row by row")
    made = Amounts(n=len(rows))
    errored = columns.errored[rows]
    made.n_errored = int(errored.sum())
    lost = columns.attempts[rows] - np.where(errored, 0, 1)
    made.n_lost_attempts = int(np.maximum(lost, 0).sum())
    made.spend_usd = _usd(columns.spend, rows[errored])
    answered = rows[~errored]
    cached = columns.cached[answered]
    made.n_cached = int(cached.sum())
    made.tokens = _tokens(columns, answered)
    made.spend_usd += _usd(columns.spend, answered)
    made.n_spend_unknown = int((~columns.spend_known[answered]).sum())
    known = splits.unit_of[answered] >= 0 if reprice else columns.cost_known[answered]
    made.n_unknown = int((~known).sum())
    made.n_reused_unknown = int((cached & ~known).sum())
    billed = answered[known]
    exact = splits.unit_of[billed] >= 0
    if not reprice:
        exact &= splits.total[billed] == columns.cost[billed]
        made.known_usd = _usd(columns.cost, billed)
        made.reused_usd = _reused(columns, billed[columns.cached[billed]], columns.cost)
        if not exact.all():
            made.kinds["unsplit"] = _usd(columns.cost, billed[~exact])
    unsplit = {name: count[billed[~exact]] for name, count in columns.counts.items()}
    made.n_prompt_cache_unknown = int((_touched(unsplit) > 0).sum())
    for unit, band, of_band in _by_band(columns, billed[exact], splits):
        _add_kinds(made, columns, unit, band, of_band, reprice=reprice)
    return made


def _add_kinds(
    made: Amounts, columns: BilledColumns, unit: UnitPrices, rates: Rates, rows: Rows, *, reprice: bool
) -> None:
    """Add what these rows cost at these rates, by kinds. The exponents are those that a sum row by row would have."""
    if unit.free:
        return
    sums = {name: _whole_sum(np.maximum(columns.counts[name][rows], 0)) for name in COUNTS}
    reported = {name: bool((columns.counts[name][rows] >= 0).any()) for name in COUNTS}
    written = sum(sums[name] for name in _WRITES)
    output = rates.output or ZERO
    read_usd = _per_million(rates.input if rates.cache_read is None else rates.cache_read, sums["cache_read"])
    write_usd = sum((_per_million(rate, sums[name]) for name, rate in _write_rates(rates)), ZERO)
    fee = unit.usd_per_request * len(rows) if unit.usd_per_request else None
    parts = {
        "input": _per_million(rates.input, sums["input"] - sums["cache_read"] - written),
        "cache_read": read_usd if reported["cache_read"] else None,
        "cache_write": write_usd if any(reported[name] for name in _WRITES) else None,
        "output": _per_million(output, sums["output"] - sums["reasoning"]),
        "reasoning": (
            _per_million(output if rates.reasoning is None else rates.reasoning, sums["reasoning"])
            if reported["reasoning"]
            else None
        ),
        "request": fee,
    }
    for kind, amount in parts.items():
        if amount is not None:
            made.kinds[kind] = made.kinds.get(kind, ZERO) + amount
            if reprice:
                made.known_usd += amount
    touched = sums["cache_read"] + written
    if touched:
        made.prompt_cache_usd += (rates.input * touched).scaleb(-6) - read_usd - write_usd


def _by_band(columns: BilledColumns, rows: Rows, splits: Splits) -> Iterator[tuple[UnitPrices, Rates, Rows]]:
    """The rows by the rates that hold for them: by their prices and the length of their prompt."""
    of = splits.unit_of[rows]
    for place in np.unique(of).tolist():
        unit, mine = splits.units[place], rows[of == place]
        for rates, here in _bands(columns.counts["input"][mine], unit):
            if here.any():
                yield unit, rates, mine[here]


def _bands(prompt: Whole, unit: UnitPrices) -> Iterator[tuple[Rates, Flags]]:
    """Each band's rates, and for which of these prompts (tokens) they hold."""
    starts = [above for above, _ in unit.bands[1:]]
    if starts != sorted(starts):
        raise TooFine("bands that are not in order are looked up row by row")
    chosen = np.searchsorted(np.array(starts, dtype=np.int64), prompt, side="left")
    for place, (_, rates) in enumerate(unit.bands):
        yield rates, chosen == place


def totals(counts: Mapping[str, Whole], unit: UnitPrices) -> tuple[Flags, Whole]:
    """Whether the bill of each row is known at these prices, and its total in units of 1e-15 USD (`billing.bill`).

    `counts`: int64[n] by field of `Usage`, -1 where a row does not report it. Raises TooFine.
    """
    n = len(counts["input"])
    total = np.zeros(n, dtype=np.int64)
    if unit.free:
        if (_touched(counts) > 0).any():
            raise TooFine("cached tokens at a price of 0 are looked at row by row")
        return np.ones(n, dtype=bool), total
    known = (counts["input"] >= 0) & (counts["output"] >= 0)
    known &= np.all([count <= MOST_TOKENS for count in counts.values()], axis=0)
    of = {name: np.where(known, np.maximum(count, 0), 0) for name, count in counts.items()}
    written = of["cache_write_5m"] + of["cache_write_1h"] + of["cache_write_other"]
    known &= (of["cache_read"] + written <= of["input"]) & (of["reasoning"] <= of["output"])
    fee = _unit(unit.usd_per_request, PLACES)
    for rates, here in _bands(counts["input"], unit):
        known, made = _in_band(known, here, rates, counts, of, written)
        total += np.where(here, made + fee, 0)
    return known, np.where(known, total, 0)


def _in_band(
    known: Flags, here: Flags, rates: Rates, counts: Mapping[str, Whole], of: Mapping[str, Whole], written: Whole
) -> tuple[Flags, Whole]:
    """Which bills are known, where those of this band may be not; and what tokens cost at its rates."""
    if rates.output is None:
        known = known & ~(here & (of["output"] > 0))
    output = rates.output or ZERO
    if rates.reasoning not in (None, output):
        known = known & ~(here & (counts["reasoning"] < 0) & (of["output"] > 0))
    made = _times(rates.input, of["input"] - of["cache_read"] - written, here & known)
    made += _times(rates.input if rates.cache_read is None else rates.cache_read, of["cache_read"], here & known)
    for name, rate in _write_rates(rates):
        if rate is None:
            known = known & ~(here & (of[name] > 0))
        else:
            made += _times(rate, of[name], here & known)
    made += _times(output, of["output"] - of["reasoning"], here & known)
    made += _times(output if rates.reasoning is None else rates.reasoning, of["reasoning"], here & known)
    return known, made


def _write_rates(rates: Rates) -> tuple[tuple[str, Decimal | None], ...]:
    return tuple(zip(_WRITES, (rates.short_write, rates.cache_write_1h, rates.other_write), strict=True))


def _times(rate: Decimal, tokens: Whole, here: Flags) -> Whole:
    """What so many tokens cost at dollars a million; 0 where `here` is false."""
    whole = _unit(rate, PLACES - 6)
    taken = np.where(here, tokens, 0)
    if whole and int(taken.max(initial=0)) > _MOST // 8 // whole:
        raise TooFine("a bill of this size is counted row by row")
    return taken * whole


def _unit(amount: Decimal, places: int) -> int:
    """So many dollars in whole numbers of this many decimals. Raises TooFine where it has more."""
    made = amount.scaleb(places)
    whole = int(made)
    if whole != made or not 0 <= whole < _MOST // 8:
        raise TooFine(f"{amount} has more than {places} decimals, or is too large")
    return whole


def _per_million(rate: Decimal | None, tokens: int) -> Decimal:
    made = rate * tokens if rate and tokens else ZERO
    return made.scaleb(-6) if made else ZERO


def _touched(counts: Mapping[str, Whole]) -> Whole:
    """int64[n]: tokens that the provider's prompt cache read or wrote. Exact below 2**60, and never 0 for more."""
    made: Whole = np.zeros(len(counts["input"]), dtype=np.int64)
    for name in ("cache_read", *_WRITES):
        made += np.minimum(np.maximum(counts[name], 0), 2**60)
    return made


def _tokens(columns: BilledColumns, rows: Rows) -> dict[str, int]:
    """Tokens by kind; kinds stand in the order in which rows first report them."""
    found: list[tuple[int, int, str, int]] = []
    for place, name in enumerate(("input", "cache_read", "output", "reasoning")):
        count = columns.counts[name][rows]
        known = count >= 0
        if known.any():
            found.append((int(known.argmax()), place, name, _whole_sum(count[known])))
    return {name: count for _, _, name, count in sorted(found)}


def _whole_sum(values: Whole) -> int:
    """The sum, however large."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def _usd(units: Whole, rows: Rows) -> Decimal:
    """The dollars of these rows, with as many decimals as the finest amount among them has."""
    taken = units[rows]
    total, places = _whole_sum(taken), PLACES
    while places and not (taken % 10 ** (PLACES - places + 1)).any():
        places -= 1
    return Decimal(total // 10 ** (PLACES - places)).scaleb(-places) if places else Decimal(total // 10**PLACES)


def _reused(columns: BilledColumns, rows: Rows, billed: Whole) -> Decimal:
    """What answers of the response cache cost when they were bought, less what of it was paid again."""
    total = ZERO
    for row in rows.tolist():
        once, again = (_usd(units, np.array([row])) for units in (billed, columns.spend))
        total += once - min(once, again)
    return total
