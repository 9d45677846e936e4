"""What an answer was billed, by the prices of its model or of a pipeline the sum over its parts, and what of that this
run pays: nothing for what is read from a file of answers.

A part that has answered is paid for, whether or not a later part fails:

    with parts_kept() as parts:                      # as long as one request is asked, over all its attempts
        response = await pipeline.respond(request)   # fails: the guard behind is out
        parts.stages                                 # the model has answered; it is billed, and not asked again
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from evalkit.engine.work import PlannedModel
from evalkit.frozen import dataclass
from evalkit.records import Response, Stage


def billed(model: PlannedModel, response: Response, at: datetime) -> tuple[Decimal | None, tuple[Stage, ...] | None]:
    """(what an answer cost, its stages with what each cost); None where a price or a count is not known."""
    if response.stages is None:
        return model.price(response.usage, response.served_model, at), None
    stages = priced_stages(model, response.stages, at)
    return cost_of_stages(stages), stages


def priced_stages(model: PlannedModel, stages: Iterable[Stage], at: datetime) -> tuple[Stage, ...]:
    """The stages with what each cost, by the prices of its part."""
    return tuple(
        replace(stage, cost_usd=part.price(stage.usage, stage.served_model, at))
        if (part := model.parts.get(stage.model)) is not None
        else stage
        for stage in stages
    )


def paid_by_run(model: PlannedModel, response: Response, cost: Decimal | None) -> Decimal | None:
    """US dollars that this run pays for an answer that it did not have; None where that is not known.

    `cost`: what the answer was billed. Recorded answers cost what they cost, and are not paid again.
    """
    if response.stages is not None:
        return paid_for_stages(model, response.stages)
    return Decimal(0) if model.asks_nobody else cost


def paid_for_stages(model: PlannedModel, stages: Iterable[Stage]) -> Decimal | None:
    """US dollars that this run pays for priced stages of `model`: as `cost_of_stages`, without the recorded ones."""
    return cost_of_stages(
        stage for stage in stages if (part := model.parts.get(stage.model)) is None or not part.asks_nobody
    )


def cost_of_stages(stages: Iterable[Stage]) -> Decimal | None:
    """US dollars of priced stages together; 0 for none, None where one is not known."""
    total = Decimal(0)
    for stage in stages:
        if stage.cost_usd is None:
            return None
        total += stage.cost_usd
    return total


@dataclass(slots=True)
class PartsSoFar:
    """The parts that have answered."""

    before: Stage | None = None
    """What the guard before said."""
    answer: tuple[Response, Stage] | None = None
    """What the model said, for the guard behind to see."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order in which they answered; empty for what is no pipeline, and where none has answered."""
        made = None if self.answer is None else self.answer[1]
        return tuple(stage for stage in (self.before, made) if stage is not None)

    def billed(self, model: PlannedModel) -> Decimal | None:
        """US dollars that the parts of `model` are paid, by today's prices; 0 where none has answered, None where a
        price or a count is not known. A part that reads a file of answers is paid nothing."""
        return paid_for_stages(model, priced_stages(model, self.stages, datetime.now(UTC)))

    def note_about(self, model: PlannedModel) -> str:
        """A sentence for the failure of a later part, with a space before it; "" where no part has answered."""
        if not self.stages:
            return ""
        names, cost = " and ".join(stage.model for stage in self.stages), self.billed(model)
        return f" {names} had answered before" + (" and may be billed." if cost is None else f", at ${cost}.")


_kept: ContextVar[PartsSoFar | None] = ContextVar("parts_so_far", default=None)


@contextmanager
def parts_kept() -> Iterator[PartsSoFar]:
    """Keeps what parts answer to one request until it is left. The request is asked in this task."""
    parts = PartsSoFar()
    token = _kept.set(parts)
    try:
        yield parts
    finally:
        _kept.reset(token)


def parts_so_far() -> PartsSoFar:
    """What is kept of the request that this task asks; nothing, where nobody keeps it."""
    return _kept.get() or PartsSoFar()
