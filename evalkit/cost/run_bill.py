"""The bill of a run: by model, task and kind of token, what caches saved, and what the same answers would cost today.

    tally = RunBill()
    for answer in answers: tally.add(answer, price)
    tally.as_facts()["models"]["gpt"]["total"]["billed_usd"]      # "0.31240000", or None: unknown

Two amounts are never mixed: `billed` is what an answer cost when it was bought (`cost_usd` of its row), `spend` what
this run paid for it (0 where it came from evalkit's response cache or a file). A kind's amount is known only where
the unit prices make the billed amount to the last digit; where they do not (a provider stated a total) it is `unsplit`.
One answer of unknown cost makes a total unknown; `known_usd` then says how much of it is known.
Pure: rows and prices come in, decimals go out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal

from evalkit.cost.billing import Bill, Rates, UnitPrices
from evalkit.cost.reports import AmountFigures, ModelBill
from evalkit.errors import StoreError
from evalkit.facts import PriceFacts, parse
from evalkit.facts.base import JsonMap
from evalkit.records import Usage

ZERO = Decimal(0)
_MOST_DIGITS = 30
"""Before or after the point of a price."""
KINDS = ("input", "cache_read", "cache_write", "output", "reasoning", "request", "unsplit")
"""Kinds of money, in the order in which they are shown; together they make the known part of a bill."""


@dataclass(frozen=True, slots=True)
class BilledAnswer:
    """What a bill needs of a row."""

    model: str
    task: str
    usage: Usage
    started_at: float
    """Unix time when the answer was bought."""
    cost_usd: Decimal | None
    spend_usd: Decimal | None
    cached: bool = False
    attempts: int = 1
    errored: bool = False
    each: tuple[Usage, ...] = ()
    """Of an agent's sample the usage of each request, whose sum `usage` is: prices may rise with the length of a
    prompt, which is a request's. Empty: it is one request."""
    parts: tuple[BilledAnswer, ...] = ()
    """Of a pipeline what each part was billed; empty for any other model."""

    @property
    def requests(self) -> tuple[Usage, ...]:
        """What is billed by itself."""
        return self.each or (self.usage,)


PriceOf = Callable[[BilledAnswer], Bill | None]
"""The bill of one answer at some prices; None where it is unknown."""


@dataclass(slots=True)
class Amounts:
    """A running bill of some answers of one model."""

    n: int = 0
    n_errored: int = 0
    n_cached: int = 0
    """Answers from evalkit's response cache: billed once, in an earlier run."""
    n_unknown: int = 0
    """Answers whose cost is not known."""
    n_spend_unknown: int = 0
    n_lost_attempts: int = 0
    """Failed attempts before an answer, and those of errored rows. Whether they were billed, no provider reports."""
    known_usd: Decimal = ZERO
    spend_usd: Decimal = ZERO
    reused_usd: Decimal = ZERO
    """What the answers from evalkit's response cache cost when they were bought: not paid again."""
    n_reused_unknown: int = 0
    """Of them, those whose cost is not known."""
    prompt_cache_usd: Decimal = ZERO
    """Saved by the provider's prompt cache: input at its plain price less what reads and writes were billed. Negative
    where writing cost more than reading saved."""
    n_prompt_cache_unknown: int = 0
    """Answers with cached tokens whose unit prices are not known."""
    kinds: dict[str, Decimal] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)

    def add(self, answer: BilledAnswer, billed: Decimal | None, split: Bill | None) -> None:
        """Count one answer; `split` is the bill at known unit prices, None where there are none."""
        self.n += 1
        self.n_lost_attempts += max(0, answer.attempts - (0 if answer.errored else 1))
        if answer.errored:
            self.n_errored += 1
            self.spend_usd += answer.spend_usd or ZERO  # for the answers that came before a request failed
            return
        self.n_cached += answer.cached
        for name in ("input", "cache_read", "output", "reasoning"):
            count = getattr(answer.usage, name)
            if count is not None:
                self.tokens[name] = self.tokens.get(name, 0) + count
        if answer.spend_usd is None:
            self.n_spend_unknown += 1
        else:
            self.spend_usd += answer.spend_usd
        if billed is None:
            self.n_unknown += 1
            self.n_reused_unknown += answer.cached
            return
        self.known_usd += billed
        if answer.cached:  # of an agent's sample some steps may have been bought anew
            self.reused_usd += billed - min(billed, answer.spend_usd or ZERO)
        exact = split if split is not None and split.total_usd == billed and split.unit is not None else None
        for kind, amount in _by_kind(exact, billed).items():
            self.kinds[kind] = self.kinds.get(kind, ZERO) + amount
        saved = _saved_by_prompt_cache(answer.requests, exact)
        if saved is None:
            self.n_prompt_cache_unknown += 1
        else:
            self.prompt_cache_usd += saved

    def add_all(self, other: Amounts) -> None:
        """Count what the other one counted."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for kind, amount in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, ZERO) + amount
        for name, count in other.tokens.items():
            self.tokens[name] = self.tokens.get(name, 0) + count

    @property
    def n_answers(self) -> int:
        """Rows that brought an answer."""
        return self.n - self.n_errored

    @property
    def total_usd(self) -> Decimal | None:
        """What all answers were billed; None where any is unknown, or there is none."""
        return self.known_usd if self.n_answers and not self.n_unknown else None

    def as_facts(self) -> AmountFigures:
        """As JSON, money as strings of exact decimals; null: unknown."""
        total = self.total_usd
        paid = bool(self.n_answers or self.spend_usd) and not self.n_spend_unknown
        return {
            "n": self.n,
            "n_answers": self.n_answers,
            "n_errored": self.n_errored,
            "n_from_cache": self.n_cached,
            "n_unknown": self.n_unknown,
            "n_lost_attempts": self.n_lost_attempts,
            "billed_usd": text(total),
            "known_usd": format(self.known_usd, "f"),
            "spend_usd": text(self.spend_usd if paid else None),
            "reused_usd": text(None if self.n_reused_unknown else self.reused_usd),
            "prompt_cache_saved_usd": text(None if self.n_prompt_cache_unknown else self.prompt_cache_usd),
            "usd_by_kind": {kind: format(self.kinds[kind], "f") for kind in KINDS if kind in self.kinds},
            "tokens": dict(self.tokens),
        }


_SUMS = tuple(one.name for one in fields(Amounts) if one.name not in {"kinds", "tokens"})


@dataclass(slots=True)
class RunBill:
    """The bill of a run while its rows are counted."""

    tasks: dict[tuple[str, str], Amounts] = field(default_factory=dict)
    """By (model, task), in the order of their first answers."""

    @property
    def models(self) -> dict[str, Amounts]:
        """By model: all of its tasks together."""
        found: dict[str, Amounts] = {}
        for (model, _), amounts in self.tasks.items():
            found.setdefault(model, Amounts()).add_all(amounts)
        return found

    def add(self, answer: BilledAnswer, price: PriceOf, *, reprice: bool = False) -> None:
        """Count one row. `reprice`: `price` says what it costs; else the row does, and `price` only splits it."""
        split = None if answer.errored else price(answer)
        billed = (None if split is None else split.total_usd) if reprice else answer.cost_usd
        self.tasks.setdefault((answer.model, answer.task), Amounts()).add(answer, billed, split)

    def as_facts(self) -> dict[str, ModelBill]:
        """By model: the total and each task."""
        made: dict[str, ModelBill] = {
            name: {"total": amounts.as_facts(), "tasks": {}} for name, amounts in self.models.items()
        }
        for (model, task), amounts in self.tasks.items():
            made[model]["tasks"][task] = amounts.as_facts()
        return made


def stored_prices(told: PriceFacts | JsonMap | None) -> UnitPrices | None:
    """The unit prices that run.json recorded for a model (`UnitPrices.as_facts`); None where none can be read."""
    try:
        facts = parse(PriceFacts, told, "prices") if isinstance(told, Mapping) else told
    except StoreError:
        return None
    if facts is None or facts.model is None or facts.source is None or not facts.usd_per_mtok:
        return None
    bands = []
    for band in facts.usd_per_mtok:
        known = {name: rate for name in _RATES if (rate := getattr(band, name)) is not None}
        if not {"input", "output"} <= known.keys() or not all(map(_is_rate, known.values())):
            return None
        bands.append((band.above_input_tokens, Rates(**known)))
    return UnitPrices(facts.model, facts.source, tuple(bands), facts.usd_per_request or ZERO)


def _is_rate(usd: Decimal) -> bool:
    """Whether an amount can be a price, and be counted with."""
    return usd.is_finite() and usd >= 0 and (usd == 0 or abs(usd.adjusted()) < _MOST_DIGITS)


def paid_at(answer: BilledAnswer) -> datetime:
    """When the answer was bought, in UTC."""
    return datetime.fromtimestamp(answer.started_at, UTC)


def text(amount: Decimal | None) -> str | None:
    """Money for JSON: plain digits, no exponent, nothing rounded."""
    return None if amount is None else format(amount, "f")


_RATES = tuple({"output": None} | {f.name: None for f in fields(Rates)})


def _by_kind(bill: Bill | None, billed: Decimal) -> dict[str, Decimal]:
    if bill is None:
        return {"unsplit": billed}
    parts = {kind: getattr(bill, f"{kind}_usd") for kind in KINDS if kind != "unsplit"}
    return {kind: amount for kind, amount in parts.items() if amount is not None}


def _saved_by_prompt_cache(requests: Sequence[Usage], bill: Bill | None) -> Decimal | None:
    """Dollars; 0 where nothing was cached, None where something was and the unit prices are not known."""
    plain, is_touched = ZERO, False
    for usage in requests:
        written = sum(n or 0 for n in (usage.cache_write_5m, usage.cache_write_1h, usage.cache_write_other))
        touched = (usage.cache_read or 0) + written
        if not touched:
            continue
        if bill is None or bill.unit is None or usage.input is None:
            return None
        is_touched = True
        plain += (bill.unit.rates_for(usage.input).input * touched).scaleb(-6)
    if not is_touched or bill is None:
        return ZERO
    return plain - (bill.cache_read_usd or ZERO) - (bill.cache_write_usd or ZERO)
