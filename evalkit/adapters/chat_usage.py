"""What the Chat Completions dialects bill, in one form.

    {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39, "prompt_cache_hit_tokens": 20}    DeepSeek
    {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 339,
     "completion_tokens_details": {"reasoning_tokens": 300}}                            xAI, which bills 309

Counts that a provider leaves out stay None; nothing is guessed, but what follows from its own sums is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from evalkit.adapters.billed_beside import billed_beside
from evalkit.adapters.presets import Preset
from evalkit.records import Usage


def usage_of(raw: Any, preset: Preset, *, tier: str | None, showed_reasoning: bool) -> Usage | None:
    """The usage object of a reply, normalised; None where there is none with a count in it.

    `tier` is the reply's service_tier. `showed_reasoning`: whether reasoning text came with the answer.
    """
    if not isinstance(raw, dict):
        return None
    given = _count(raw.get("prompt_tokens"))
    completion = _count(raw.get("completion_tokens"))
    if given is None and completion is None:
        return None
    reasoning = _count(_at(raw, "completion_tokens_details.reasoning_tokens"))
    if reasoning is None and preset.shows_all_tokens and not showed_reasoning:
        reasoning = 0
    output = completion
    if completion is not None and reasoning and _is_outside(raw, given, completion, reasoning, preset):
        output = completion + reasoning
    details = raw.get("prompt_tokens_details")
    return Usage(
        input=given,
        cache_read=next((n for path in preset.cached_paths if (n := _count(_at(raw, path))) is not None), None),
        cache_write_other=_count(details.get("cache_write_tokens")) if isinstance(details, dict) else None,
        output=output,
        reasoning=reasoning,
        provider_cost_usd=_money(_at(raw, preset.cost_path)) if preset.cost_path else None,
        service_tier=tier,
        beside=billed_beside(raw),
    )


def _is_outside(raw: Mapping[str, Any], given: int | None, completion: int, reasoning: int, preset: Preset) -> bool:
    """Whether reasoning tokens are left out of completion_tokens. The reply's own total decides where it can."""
    total = _count(raw.get("total_tokens"))
    if total is not None and given is not None:
        if total == given + completion + reasoning:
            return True
        if total == given + completion:
            return False
    return reasoning > completion or not preset.reasoning_in_completion


def _at(raw: Mapping[str, Any], path: str) -> Any:
    value: Any = raw
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _count(value: Any) -> int | None:
    """A number of tokens; None for anything else, since a wrong count is worse than none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _money(value: Any) -> Decimal | None:
    """USD; through str, so that 0.1 stays 0.1."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        return None
    return money if money.is_finite() and money >= 0 else None
