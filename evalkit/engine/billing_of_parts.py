"""What an answer was billed: by the prices of its model, or of a pipeline the sum over its parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from evalkit.engine.work import PlannedModel
from evalkit.records import Response, Stage


def billed(model: PlannedModel, response: Response, at: datetime) -> tuple[Decimal | None, tuple[Stage, ...] | None]:
    """(what an answer cost, its stages with what each cost); None where a price or a count is not known."""
    if response.stages is None:
        return model.price(response.usage, response.served_model, at), None
    stages = tuple(
        replace(stage, cost_usd=part.price(stage.usage, stage.served_model, at))
        if (part := model.parts.get(stage.model)) is not None
        else stage
        for stage in response.stages
    )
    costs = [stage.cost_usd for stage in stages]
    return (None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))), stages
