"""The most that one answer of a model can cost: what a cost rule has to count with besides what it saw.

    dearest_answer_usd(run_facts, "cand", dearest_seen=0.004)       # 0.0204, or None where the output has no limit

An answer that runs away stops at its output limit. Limit times price, on top of the dearest answer that was seen (whose
input was paid for too), is therefore an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from evalkit.facts import RunFacts
from evalkit.facts.models import BandFacts
from evalkit.facts.tasks import NO_TEXT_MODES
from evalkit.suite.extra_fields import other_limits


def dearest_answer_usd(facts: RunFacts, model: str, dearest_seen: float) -> float | None:
    """US dollars; None where a task sets no output limit for the model, or the output has no known price."""
    limits = list(_output_limits(facts, model))
    prices = facts.model_facts(model).prices
    price = _dearest_output_price(prices.usd_per_mtok) if prices is not None else None
    if not limits or price is None or not math.isfinite(dearest_seen):
        return None
    known = [limit for limit in limits if limit is not None]
    return dearest_seen + max(known) * price / 1e6 if len(known) == len(limits) else None


def _output_limits(facts: RunFacts, model: str) -> Iterator[int | None]:
    """The limit of output tokens in each task; a task's own setting wins over the model's. None: there is none."""
    entry = facts.suite_resolved.models.get(model) if facts.suite_resolved is not None else None
    own = entry.max_output_tokens if entry is not None else None
    of_model = entry.settings if entry is not None else {}
    for task in (facts.tasks or {}).values():
        if task.identity.mode in NO_TEXT_MODES:
            yield 1
            continue
        limit = task.identity.max_output_tokens
        limit = own if limit is None else limit
        of_task = task.identity.root.get("settings")
        sent = (of_model, of_task if isinstance(of_task, dict) else {})
        extras = [settings["extra"] for settings in sent if isinstance(settings.get("extra"), dict)]
        unlimited = any(other_limits(extra) for extra in extras if isinstance(extra, dict))  # another limit is sent too
        yield limit if limit is not None and limit > 0 and not unlimited else None


def _dearest_output_price(bands: Sequence[BandFacts]) -> float | None:
    """US dollars for a million tokens, the dearest band and kind; None where any band has none."""
    if not bands or any(band.output is None or band.output < 0 for band in bands):
        return None
    return max(float(max(band.output or 0, band.reasoning or 0)) for band in bands)
