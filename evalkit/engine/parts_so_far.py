"""What the parts of a pipeline have answered for the request that is being asked.

    with parts_kept() as parts:                      # as long as one request is asked, over all its attempts
        response = await pipeline.respond(request)   # fails: the guard behind is out
        parts.stages                                 # the model has answered; it is billed, and not asked again

A part that has answered is paid for, whether or not a later part fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal

from evalkit.engine.billing_of_parts import paid_for_stages, priced_stages
from evalkit.engine.work import PlannedModel
from evalkit.frozen import dataclass
from evalkit.records import Response, Stage


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
