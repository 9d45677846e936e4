"""The most that one answer of a model can cost: what a cost rule has to count with besides what it saw.

    dearest_answer_usd(run_facts, "cand", dearest_seen=0.004)       # 0.0204, or None where the output has no limit

An answer that runs away stops at its output limit. Limit times price, on top of the dearest answer that was seen (whose
input was paid for too), is therefore an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.decide.nested import value_at


def dearest_answer_usd(facts: Mapping[str, Any], model: str, dearest_seen: float) -> float | None:
    """US dollars; None where a task sets no output limit for the model, or the output has no known price."""
    limits = list(_output_limits(facts, model))
    price = _dearest_output_price(value_at(facts, "models", model, "prices", "usd_per_mtok"))
    if not limits or price is None or not math.isfinite(dearest_seen):
        return None
    known = [limit for limit in limits if limit is not None]
    return dearest_seen + max(known) * price / 1e6 if len(known) == len(limits) else None


def _output_limits(facts: Mapping[str, Any], model: str) -> Iterator[int | None]:
    """The limit of output tokens in each task; a task's own setting wins over the model's. None: there is none."""
    own = value_at(facts, "suite_resolved", "models", model, "settings", "max_output_tokens")
    tasks = facts.get("tasks")
    for task in tasks.values() if isinstance(tasks, dict) else ():
        identity = value_at(task, "identity")
        if value_at(identity, "mode") in {"likelihood", "first_token"}:
            yield 1
            continue
        limit = value_at(identity, "settings", "max_output_tokens")
        limit = own if limit is None else limit
        yield limit if isinstance(limit, int) and limit > 0 else None


def _dearest_output_price(bands: object) -> float | None:
    """US dollars for a million tokens, the dearest band and kind; None where any band has none."""
    if not isinstance(bands, list) or not bands:
        return None
    prices = []
    for band in bands:
        output = _number(value_at(band, "output"))
        if output is None:
            return None
        prices.append(max(output, _number(value_at(band, "reasoning")) or 0.0))
    return max(prices)


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
