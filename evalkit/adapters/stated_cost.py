"""What a provider itself says that one request cost, wherever its usage object says it.

    stated_cost({"cost_in_usd_ticks": 37756000}, None)                                   # $0.0037756, xAI
    stated_cost({"cost": {"total_cost": 0.006, "request_cost": 0.005}}, None)            # $0.006, Perplexity
    stated_cost({"cost": 0.25}, None)                                                    # None: 0.25 of what?
    stated_cost({"cost": 0.25}, "cost")                                                  # $0.25, OpenRouter, LiteLLM
    stated_cost({"estimated_cost": 0.0000268}, "cost")                                   # $0.0000268, DeepInfra

A figure whose field says what it is (ticks of a dollar, the total of an itemised bill in dollars) is read from every
server. A bare number is read where the preset or the suite (`reported_cost: true`) says that it is dollars. Of a server
that nobody vouches for, a cost of 0 beside tokens is not believed: it would pass every cap.

Sources, read 2026-11-28: docs.x.ai/developers/cost-tracking (ticks), Perplexity's Sonar and Agent responses as
promptfoo pull request 10809 and langchain pull request 40285 read them (total_cost), openrouter.ai/docs usage
accounting (cost, is_byok, cost_details), docs.litellm.ai (cost).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from evalkit.adapters.reply_fields import MAX_COST_USD, inner, money

_TICKS_PER_USD = 10_000_000_000
_ESTIMATE = "estimated_cost"
"""DeepInfra's name for what a request cost."""


def stated_cost(usage: Mapping[str, object], path: str | None) -> Decimal | None:
    """USD that the request cost by the provider's own word; None where it says none.

    `path` is where somebody has said that a figure in dollars stands, like `cost`; None: nobody has.
    """
    told = at(usage, path) if path is not None else usage.get("cost")
    if isinstance(told, Mapping):
        itemised = money(told.get("total_cost")) if told.get("currency", "USD") == "USD" else None
        return itemised if itemised or path is not None else None
    if (ticks := _ticks(usage.get("cost_in_usd_ticks"))) is not None and (ticks or path is not None):
        return ticks
    if path is None:
        return None
    if told is None:
        told = usage.get(_ESTIMATE)
    return _with_upstream(money(told), usage)


def at(value: object, path: str) -> Any:
    """What stands at a dotted path of nested objects; None where there is nothing."""
    for key in _keys(path):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


@lru_cache(maxsize=1_000)
def _keys(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _with_upstream(fee: Decimal | None, usage: Mapping[str, object]) -> Decimal | None:
    """Where a key of one's own was used, the cost is the gateway's fee alone and the provider behind it bills the rest;
    a bill without that rest is unknown."""
    if usage.get("is_byok") is not True:
        return fee
    upstream = money(inner(usage.get("cost_details")).get("upstream_inference_cost"))
    return None if upstream is None else upstream + (fee or 0)


def _ticks(value: object) -> Decimal | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    usd = Decimal(value) / _TICKS_PER_USD
    return usd if usd <= MAX_COST_USD else None
