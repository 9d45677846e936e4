"""The cap of a run in dollars: nothing is sent that could pass it.

Before a request goes out its worst case is reserved (every prompt byte a token, the whole output limit used); when its
answer comes the reservation becomes the true price. An attempt that broke off without an answer may have been billed:
its worst case counts as spent, and a further attempt needs a reservation of its own. A run therefore stops *before* the
cap, never after it. Where an answer cost more than its worst case (a server that puts a long prompt of its own before
ours), every request under way and every later one is held to cost as much more: only what was under way by then can
pass the cap.

A model has its prices bound: what an answer was billed, what a request can cost at most, whether a cap can hold.

    model = priced(entry, adapter, prices, own)       # model.price(usage, served, when), model.worst_case(bytes, limit)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from evalkit.adapters.base import Adapter, WeighsRequests
from evalkit.adapters.billed_beside import SEARCHING_MODEL
from evalkit.adapters.registry import origin_of_model
from evalkit.cost.billing import UnitPrices, bill, provider_bill, worst_case
from evalkit.cost.prices import PriceBook
from evalkit.engine.image_tokens import most_tokens
from evalkit.engine.work import PlannedModel
from evalkit.errors import RequestError
from evalkit.facts import ModelFacts, PriceFacts
from evalkit.frozen import dataclass
from evalkit.records import Message, Request, Settings, Tool, Usage
from evalkit.suite.extra_fields import asked_tier, thinking_budget
from evalkit.suite.schema import ModelEntry

ZERO = Decimal(0)
TOOLS_PREAMBLE = 1_000
"""Tokens of instructions that a provider puts before functions, unseen and billed; above what is published
(Anthropic: 159 to 530 a model, docs.anthropic.com, "Tool use pricing and tokens")."""


def prompt_bytes(messages: Iterable[Message]) -> int:
    """The most tokens a prompt can have: its bytes, and a few for each turn's own markers."""
    return sum(
        len(text.encode("utf-8", "replace")) + 16
        for message in messages
        for text in (message.words, *(f"{call.name} {call.arguments}" for call in message.calls), *_carried(message))
    )


def _carried(message: Message) -> tuple[str, ...]:
    """What a provider gets back of its own, which is input too."""
    return () if message.carried is None else (message.carried,)


def tools_text(tools: Iterable[Tool]) -> str:
    """Functions as they travel, near enough to count their bytes; empty where none are offered."""
    return "".join(
        json.dumps([tool.name, tool.description, tool.parameters], default=str, ensure_ascii=False) for tool in tools
    )


def tools_bytes(tools: Iterable[Tool]) -> int:
    """The most input tokens that offered functions can be billed; 0 for none."""
    text = tools_text(tools)
    return len(text.encode("utf-8", "replace")) + TOOLS_PREAMBLE if text else 0


def request_bytes(request: Request) -> int:
    """The most input tokens a request can be billed: its prompt, functions, a schema and own fields that go with it.

    A likelihood request sends the prompt anew before each continuation.
    """
    settings = request.settings
    own = [dict(part) for part in (settings.json_schema, settings.extra, request.record) if part]
    beside = sum(len(json.dumps(part, default=str, ensure_ascii=False).encode("utf-8", "replace")) for part in own)
    if request.continuations is None:
        return prompt_bytes(request.messages) + tools_bytes(request.tools) + beside
    before = [prompt_bytes(request.messages)] * len(request.continuations)
    if request.contexts is not None:
        before = [len(context.encode("utf-8", "replace")) + 16 for context in request.contexts]
    weighed = sum(len(text.encode("utf-8", "replace")) for text in request.continuations)
    return sum(before) + weighed + beside * len(before)


def sent_bytes(adapter: Adapter, request: Request) -> int:
    """`request_bytes` and the most tokens of its pictures, or what this adapter makes of the request where that is
    more."""
    own = request_bytes(request) + most_tokens(request.messages)
    if not isinstance(adapter, WeighsRequests):
        return own
    try:
        return max(own, adapter.n_bytes(request))
    except RequestError:
        return own  # nothing can be sent, and the attempt says why


def most_output(settings: Settings) -> int | None:
    """The most tokens that an answer can be billed: its limit, and what its thinking may take, which some providers
    count apart. None where nothing limits it."""
    budget = thinking_budget(settings.extra)
    return None if settings.max_output_tokens is None else settings.max_output_tokens + (budget or 0)


class Budget:
    """Dollars spent and reserved in one run. `cap` None means that there is no cap."""

    def __init__(
        self, cap: Decimal | None, spent: Decimal = ZERO, keep: Callable[[Decimal], None] | None = None
    ) -> None:
        """`keep` is told what is spent and reserved together whenever that changes; only where there is a cap."""
        self.cap = cap
        self._keep = keep
        self.spent = spent
        """Paid by this run so far, earlier sessions of a resumed run included."""
        self.reserved = ZERO
        self._n_held = 0
        self._excess = ZERO
        """The most that an answer has cost beyond its worst case."""

    def reserve(self, worst: Decimal | None) -> bool:
        """Set the worst case of one request aside; False when the cap could be passed, and then nothing is reserved.

        False is final only when nothing is in flight: an answer usually costs less than its worst case. A worst case
        of None (unknown) comes only where there is no cap: the plan refuses it otherwise.
        """
        if self.cap is None:
            return True
        if worst is None:
            return False
        if self.spent + self.reserved + worst + self._excess * (self._n_held + 1) > self.cap:
            return False
        self.reserved += worst
        self._n_held += 1
        if self._keep is not None:
            self._keep(self.spent + self.reserved)
        return True

    def settle(self, worst: Decimal | None, paid: Decimal | None) -> None:
        """Turn a reservation into what was really paid; an unknown payment counts as its worst case."""
        if self.cap is not None and worst is not None:
            self.reserved -= worst
            self._n_held -= 1
            if paid is not None:
                self._excess = max(self._excess, paid - worst)
        actual = paid if paid is not None else worst if self.cap is not None else None
        if actual is not None:
            self.spent += actual
        if self._keep is not None and self.cap is not None:
            self._keep(self.spent + self.reserved)


@dataclass(slots=True)
class Reservation:
    """The money of one item, made once its worst case is reserved."""

    budget: Budget
    worst: Decimal | None
    held: bool = True

    def lost(self) -> None:
        """An attempt ended without an answer and may have been billed: its worst case counts as spent."""
        self.budget.settle(self.worst, None)
        self.held = False

    def again(self) -> bool:
        """Whether there is money for another attempt; then it is reserved."""
        self.held = self.held or self.budget.reserve(self.worst)
        return self.held

    def paid(self, cost: Decimal | None) -> None:
        """The answer came and cost this much; None (unknown) counts as the worst case."""
        self.budget.settle(self.worst, cost)
        self.held = False

    def unused(self, but: Decimal | None = ZERO) -> None:
        """No answer came, and of what is still held only `but` was billed; None (unknown) counts as the worst case."""
        if self.held:
            self.budget.settle(self.worst, but)
            self.held = False


def priced(entry: ModelEntry, adapter: Adapter, prices: PriceBook, own: UnitPrices | None) -> PlannedModel:
    """The model with its price bound; `price_as: provider:model` names both where the deployment says nothing."""
    provider, model = adapter.endpoint.price_provider, adapter.spec.model
    tier = asked_tier(entry.settings.extra)
    # What the person says of the model that is asked goes before what the suite takes it for.
    if entry.price_as is not None and not (prices.named and prices.says(provider, model, datetime.now(UTC), tier)):
        named, colon, rest = entry.price_as.partition(":")
        provider, model = (named, rest) if colon else (provider, entry.price_as)
    if own is not None and not prices.known_price(provider, model, datetime.now(UTC)):
        made = _on_own_hardware(adapter, own, model)
        return replace(made, undercut=partial(_undercut, made, entry, prices))
    if provider is None and not prices.entries:
        return PlannedModel(adapter.spec.name, adapter, _stated_only, lambda n_bytes, limit: None, (None, model))

    def price(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
        made = prices.price(provider, model, usage, at, tier)
        return made.total_usd if made else None

    def worst_case(n_bytes: int, limit: int | None) -> Decimal | None:
        if limit is None:
            return None
        return prices.worst_case_usd(provider, model, n_bytes, limit, datetime.now(UTC), tier)

    made = PlannedModel(adapter.spec.name, adapter, price, worst_case, (provider, model))
    return replace(made, undercut=partial(_undercut, made, entry, prices))


def _undercut(model: PlannedModel, entry: ModelEntry, prices: PriceBook) -> str | None:
    """`cap_check.undercut`: it reads the providers' lists, and only a cap asks for it."""
    from evalkit.engine.cap_check import undercut

    return undercut(model, entry, prices)


def _on_own_hardware(adapter: Adapter, own: UnitPrices, model: str) -> PlannedModel:
    """A model whose machine is paid by the hour: its load sweep says what that makes a token."""

    def price(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
        made = bill(usage, own)
        return made.total_usd if made else None

    def worst(n_bytes: int, limit: int | None) -> Decimal | None:
        return None if limit is None else worst_case(n_bytes, limit, own)

    return PlannedModel(adapter.spec.name, adapter, price, worst, (None, model), own_hardware=True)


def _stated_only(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
    """Where nobody is known to bill, only what the endpoint itself says it cost is known."""
    stated = provider_bill(usage)
    return stated.total_usd if stated else None


def searches_unpriced(model: PlannedModel) -> bool:
    """Whether the model searches the web unasked, and its price has no fee of a request that the searches are in."""
    return SEARCHING_MODEL.search(model.adapter.spec.model) is not None and not model.worst_case(0, 0)


def about(model: PlannedModel, entry: ModelEntry, own: UnitPrices | None, prices: PriceBook) -> ModelFacts:
    """What run.json says of a model, of a part of one, or of a judge."""
    endpoint = model.adapter.endpoint
    made_by = origin_of_model(model.adapter.spec)
    unit = None
    if model.priced_as is not None:
        unit = prices.unit_prices(*model.priced_as, datetime.now(UTC), asked_tier(entry.settings.extra))
        unit = unit or own
    return ModelFacts(
        adapter=model.adapter.spec.adapter,
        model=model.adapter.spec.model,
        place=endpoint.place,
        host=endpoint.host,
        facts={**endpoint.facts, **({"plugin": made_by} if made_by is not None else {})},
        prices=None if unit is None else PriceFacts.model_validate(unit.as_facts()),
        priced_as=model.priced_as,
        service_tier=asked_tier(entry.settings.extra),
        streaming=model.adapter.capabilities.streaming,
    )
