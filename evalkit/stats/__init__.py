"""The statistics of the gate. Each name is imported when first asked for, so that intervals alone stay cheap."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Assisted": "assisted_looks",
    "BillPart": "bill_part",
    "Counts": "comparison",
    "Decision": "verdict",
    "Needs": "power",
    "FloorDecision": "one_sample",
    "Interval": "intervals",
    "KnownItems": "assisted_looks",
    "LimitDecision": "verdict",
    "PartDecision": "part",
    "Sequential": "looks",
    "Verdict": "verdict",
    "cost_per_correct": "ratios",
    "cost_ratio": "ratios",
    "decide": "comparison",
    "decide_cost": "limit_verdicts",
    "decide_counts": "comparison",
    "decide_floor": "one_sample",
    "decide_quantile": "limit_verdicts",
    "fieller": "ratios",
    "holm": "multiplicity",
    "latency_limit": "exceedance",
    "latency_ratio": "exceedance",
    "mcnemar": "sign_flips",
    "power_of": "power",
    "predictors": "history",
    "sequential": "looks",
    "smallest_regression": "power",
    "test": "comparison",
    "test_bill_part": "bill_part",
    "test_counts": "comparison",
    "test_floor": "one_sample",
    "test_part": "part",
    "wilson": "intervals",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"evalkit.stats has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"evalkit.stats.{_HOMES[name]}"), name)
