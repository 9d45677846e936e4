"""The parts of a pipeline's answer as JSON, in journals, sealed files and the cache: one object for each.

    {"model": "guard", "role": "before", "total_s": 0.08, "usage": {"input": 31, "output": 1}, "said": "safe",
     "cost_usd": "0.0000031"}

What is at its default is left out. A value of another kind makes the row none of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Literal, cast

from evalkit.records import Stage, Timing, Usage
from evalkit.store.amounts import MOST_FIGURE, is_usd

_TIMES = tuple(one.name for one in fields(Timing) if one.name != "sent_at")
_COUNTS = tuple(one.name for one in fields(Usage) if one.name not in {"provider_cost_usd", "service_tier", "beside"})
_TEXTS = ("served_model", "said")
_ROLES = ("before", "model", "behind")
_KNOWN = frozenset(("model", "role", "usage", "blocked", "cost_usd", *_TIMES, *_TEXTS))
MOST_STAGES = 16


def as_json(stages: Iterable[Stage]) -> list[dict[str, object]]:
    """The stages as plain values; money as texts."""
    return [_one(stage) for stage in stages]


def from_json(written: Iterable[Mapping[str, object]]) -> tuple[Stage, ...]:
    """The stages back. Raises ValueError, TypeError or KeyError for what `as_json` does not write."""
    return tuple(_read(one) for one in written)


def fits(written: object) -> bool:
    """Whether these are stages as `as_json` writes them."""
    if not isinstance(written, list) or len(written) > MOST_STAGES:
        return False
    return all(isinstance(one, dict) and one.keys() <= _KNOWN and _is_stage(one) for one in written)


def _one(stage: Stage) -> dict[str, object]:
    usage = stage.usage
    bill: dict[str, object] = {}
    if usage is not None:
        bill = {name: count for name in _COUNTS if (count := getattr(usage, name)) is not None}
        bill |= {} if usage.provider_cost_usd is None else {"provider_cost_usd": str(usage.provider_cost_usd)}
        bill |= {} if usage.service_tier is None else {"service_tier": usage.service_tier}
        bill |= {"beside": list(usage.beside)} if usage.beside else {}
    found: dict[str, object] = {"model": stage.model, "role": stage.role}
    found |= {name: seconds for name in _TIMES if (seconds := getattr(stage.timing, name)) is not None}
    found |= {name: text for name in _TEXTS if (text := getattr(stage, name)) is not None}
    found |= {"usage": bill} if usage is not None else {}
    found |= {"blocked": True} if stage.blocked else {}
    return found | ({} if stage.cost_usd is None else {"cost_usd": str(stage.cost_usd)})


def _read(one: Mapping[str, object]) -> Stage:
    if not _is_stage(one):
        raise ValueError("no part of a pipeline")
    bill = one.get("usage")
    usage = None
    if isinstance(bill, dict):
        cost, beside = bill.get("provider_cost_usd"), bill.get("beside") or ()
        usage = Usage(
            **{name: bill.get(name) for name in _COUNTS},
            provider_cost_usd=None if cost is None else Decimal(cost),
            service_tier=bill.get("service_tier"),
            beside=tuple(beside),
        )
    times = {name: cast("float | None", one.get(name)) for name in _TIMES}
    cost_usd = one.get("cost_usd")
    return Stage(
        model=str(one["model"]),
        role=cast(Literal["before", "model", "behind"], one["role"]),
        timing=Timing(0.0, times.pop("total_s") or 0.0, **times),
        usage=usage,
        served_model=cast("str | None", one.get("served_model")),
        blocked=one.get("blocked") is True,
        said=cast("str | None", one.get("said")),
        cost_usd=None if cost_usd is None else Decimal(str(cost_usd)),
    )


def _is_stage(one: Mapping[str, object]) -> bool:
    texts = all(isinstance(one.get(name), str | None) for name in _TEXTS)
    named = isinstance(one.get("model"), str) and one.get("role") in _ROLES
    times = all(_is_time(one.get(name)) for name in _TIMES) and one.get("total_s") is not None
    return texts and named and times and _is_usd(one.get("cost_usd")) and _is_bill(one.get("usage"))


def _is_usd(value: object) -> bool:
    return value is None or is_usd(value)


def _is_time(value: object) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST_FIGURE
    )


def _is_bill(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict):
        return False
    counts = (value.get(name) for name in _COUNTS)
    beside = value.get("beside") or []
    return (
        all(one is None or (type(one) is int and 0 <= one < 2**63) for one in counts)
        and _is_usd(value.get("provider_cost_usd"))
        and isinstance(value.get("service_tier"), str | None)
        and isinstance(beside, list)
        and all(isinstance(one, str) for one in beside)
    )
