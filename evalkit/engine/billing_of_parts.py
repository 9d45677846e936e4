"""What an answer was billed, by the prices of its model or of a pipeline the sum over its parts, and what of that this
run pays: nothing for what is read from a file of answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from evalkit.engine.work import PlannedModel
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
