"""What a run asks of the response cache (`caching.CachedAnswers` is one)."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from evalkit.engine.work import PlannedModel
from evalkit.records import Request, Response
from evalkit.store.answer_codec import CachedAnswer


class AnswerCache(Protocol):
    """Answers bought in earlier runs, keyed by everything that could change them."""

    def get(self, model: PlannedModel, request: Request) -> CachedAnswer | None: ...

    def put(self, model: PlannedModel, request: Request, response: Response, row: HasBill) -> None: ...

    def sent(self, model: PlannedModel, request: Request) -> None: ...

    def is_elsewhere(self, model: PlannedModel, request: Request) -> bool: ...

    def given_up(self, model: PlannedModel, request: Request) -> int: ...

    def give_up(self, model: PlannedModel, request: Request, n: int) -> None: ...

    def keep(self) -> None: ...


class HasBill(Protocol):
    """What the cache keeps beside an answer: a row, or a step of an agent."""

    @property
    def started_at(self) -> float: ...

    @property
    def cost_usd(self) -> Decimal | None: ...

    @property
    def given_up(self) -> int | None: ...
