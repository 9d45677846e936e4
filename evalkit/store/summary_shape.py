"""Whether a stored summary is made as evalkit makes it: only then are its figures shown, else they are made anew.

fits({"schema_version": 2, "models": {...}, ...})       # False where any figure is of another kind, or is not there
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from evalkit.records import Outcome

_COUNT, _FIGURE, _WORD, _NAME = "count", "figure or null", "text or null", "text"
_QUALITY = {"mean": _FIGURE, "low": _FIGURE, "high": _FIGURE, "n": _COUNT, "interval": _WORD}
_OUTCOMES = {outcome.value: _COUNT for outcome in Outcome}
_PART = {"n": _COUNT, "outcomes": _OUTCOMES, "quality": _QUALITY}
_BLOCK: Mapping[str, Any] = {
    **_PART,
    **dict.fromkeys(("n_samples", "n_answered", "n_unscored"), _COUNT),
    "quality_failures_wrong": _QUALITY,
    "cost": {
        **dict.fromkeys(("total_usd", "known_usd", "usd_per_1k_samples", "usd_per_correct", "spend_usd"), _FIGURE),
        "n_unknown": _COUNT,
    },
    "latency": {
        "n_measured": _COUNT,
        "ttft_s": dict.fromkeys(("p50", "p95"), _FIGURE),
        "tpot_s": dict.fromkeys(("p50", "p95"), _FIGURE),
        "total_s": dict.fromkeys(("p50", "p95", "p99"), _FIGURE),
        **dict.fromkeys(("output_tokens_per_s", "queue_s_mean", "retry_s_mean"), _FIGURE),
        "n_retried": _COUNT,
    },
    "tokens": dict.fromkeys(("input", "output", "reasoning", "cache_read"), _FIGURE),
    "cached_share": _FIGURE,
}
_SPREAD = {"low": _FIGURE, "low_at": _NAME, "high": _FIGURE, "high_at": _NAME, "n": _COUNT}


def fits(summary: Mapping[str, Any]) -> bool:
    """Whether every figure that evalkit writes is there and of its kind."""
    whole = {"run": _NAME, "suite": _WORD, "n_rows": _COUNT}
    models = summary.get("models")
    return _is(summary, whole) and isinstance(models, dict) and all(map(_model, models.values()))


def _model(found: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("tasks"), dict):
        return False
    served = found.get("served")
    named = isinstance(served, list) and all(isinstance(name, str) for name in served)
    return named and _is(found.get("all"), _BLOCK) and all(map(_task, found["tasks"].values()))


def _task(found: Any) -> bool:
    if not _is(found, _BLOCK) or not isinstance(found.get("slices"), dict):
        return False
    spread = found.get("spread", {})
    slices = found["slices"].values()
    return (
        all(_is(part, _PART) for part in slices)
        and isinstance(spread, dict)
        and all(_is(one, _SPREAD) for one in spread.values())
    )


def _is(found: Any, shape: Any) -> bool:
    if isinstance(shape, Mapping):
        return isinstance(found, dict) and all(name in found and _is(found[name], shape[name]) for name in shape)
    if shape == _NAME or (shape == _WORD and found is not None):
        return isinstance(found, str)
    if found is None:
        return bool(shape != _COUNT)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return isinstance(found, int) and found >= 0 if shape == _COUNT else math.isfinite(found)
