"""What a suite's gate will not be able to decide, said before anybody pays: sentences for check, plan and run.

gate, latency ttft_p95 (max_ratio 1.2): can only be inconclusive: times compare only at one declared load: ...
gate, cost usd_per_sample (max_ratio 0.5): the price of qwen is unknown, so ...
gate, quality tickets (margin 0.02): labels: random changes nothing here: ...
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evalkit.engine.plan import Plan
from evalkit.engine.work import PlannedModel
from evalkit.suite.schema import GateEntry

if TYPE_CHECKING:
    from evalkit.decide.rules import Condition

_OWN_COST = ("cost_usd",)
"""Options by which an adapter says itself what an answer costs."""


def gate_warnings(plan: Plan) -> list[str]:
    """One sentence for each condition of the gate that cannot be decided, or has a key that does nothing; [] without a
    gate, or where its models are not asked."""
    gate = plan.suite.gate
    if gate is None:
        return []
    from evalkit.decide.reasons import IDLE_LABELS
    from evalkit.decide.rules import conditions

    models = {model.name: model for model in plan.work.models}
    found = []
    for rule in gate.rules:
        for condition in conditions(rule):
            if condition.kind == "latency":
                found += [f"{_of(condition)} can only be inconclusive: {why}" for why in _no_ratio(condition, plan)]
            elif condition.kind == "cost":
                found += _unpriced(condition, gate, models)
        if getattr(rule, "labels", None) is not None and not _judged(rule.subjects, plan):
            found.append(f"{_of(next(iter(conditions(rule))))} {IDLE_LABELS}")
    return found


def _of(condition: Condition) -> str:
    return f"gate, {condition.name}:"


def _no_ratio(condition: Condition, plan: Plan) -> Iterator[str]:
    """Why two times will not be put into a ratio; nothing where they will."""
    from evalkit.decide.reasons import NO_DECLARED_LOAD, STORED_BASELINE, is_replayed, recorded_ratio

    gate = plan.suite.gate
    if gate is None or condition.limit != "max_ratio":
        return
    sides = {gate.baseline, *gate.candidates}
    asked = [model for model in plan.work.models if model.name in sides]
    if gate.baseline is not None and gate.baseline.startswith("baseline@"):
        yield STORED_BASELINE
    elif any(is_replayed(model.adapter.endpoint.facts) for model in asked):
        why = recorded_ratio(*(model.adapter.endpoint.facts for model in asked))
        yield from () if why is None else (why,)
    elif plan.work.settings.in_flight is None:
        yield NO_DECLARED_LOAD


def _unpriced(condition: Condition, gate: GateEntry, models: dict[str, PlannedModel]) -> Iterator[str]:
    """A sentence where a model that is asked has no price and is not known to say itself what it costs."""
    from evalkit.decide.reasons import GIVE_PRICE

    sides = [*([gate.baseline] if condition.limit == "max_ratio" else []), *gate.candidates]
    lacking = [name for name in sides if name in models and not _has_price(models[name])]
    if lacking:
        yield (
            f"{_of(condition)} the price of {', '.join(lacking)} is unknown, so the rule can only be inconclusive, "
            f"unless the answers themselves say what they cost: {GIVE_PRICE}"
        )


def _has_price(model: PlannedModel) -> bool:
    """Whether an answer has a price, or a cost of its own."""
    from evalkit.records import Usage

    if model.parts:
        return all(_has_price(part) for part in model.parts.values())
    adapter = model.adapter
    if adapter.endpoint.facts.get("replayed") == "true" or any(adapter.spec.options.get(key) for key in _OWN_COST):
        return True
    return model.price(Usage(input=1, output=1, reasoning=0), None, datetime.now(UTC)) is not None


def _judged(subjects: tuple[str, ...], plan: Plan) -> bool:
    """Whether a judge marks an answer that the rule is about; True where its task is not asked now."""
    judged = set(plan.panel.tasks) if plan.panel is not None else set()
    planned = {task.name for task in plan.work.tasks}
    named = {subject.partition("/")[0] for subject in subjects}
    if "all" in named:
        return bool(judged) or planned != {task.name for task in plan.suite.tasks}
    return bool(named & judged) or not named <= planned
