"""What each field of a journaled row may hold, so that no reader stumbles over a line that somebody else wrote.

    odd_field({"model": "gpt", ..., "ttft_s": "x"})        # "ttft_s"

Counts that are no counts are unknown, since other tools and providers of old wrote some; anything else that does not
fit makes the line none of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from evalkit.records import HEAVIEST, LIGHTEST, AgentStep, Outcome
from evalkit.store import stage_codec
from evalkit.store.amounts import is_usd

LATEST = 253_402_300_799.0
"""The last second of the year 9999, which is the last that a date can tell."""
EARLIEST = -62_135_596_800.0
"""The first second of the year 1, before which no date can tell one."""
_OUTCOMES = frozenset(Outcome)
_SPELLED = ("inf", "-inf", "nan")


def odd_field(record: Mapping[str, object]) -> str | None:
    """The first field whose value is of another kind than `row_codec.to_line` writes; None where all fit.

    `null` is nothing wherever a value may be absent.
    """
    for name, value in record.items():
        fits = _FITS[name]
        if value is None:
            if name in _ALWAYS:
                return name
        elif not fits(value):
            return name
    return None


def drop_odd_counts(record: dict[str, object]) -> None:
    """Leave out counts that no column holds: a token count of 10^30, or of a text, is unknown."""
    for name in COUNTS:
        value = record.get(name)
        if value is not None and not _count(value):
            del record[name]


def _text(value: object) -> bool:
    return type(value) is str


def _flag(value: object) -> bool:
    return type(value) is bool


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _place(value: object) -> bool:
    """Which repeat, or which of several like samples."""
    return type(value) is int and 0 <= value < 2**31


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -1e300 < value < 1e300


def _share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _weight(value: Any) -> bool:
    return type(value) in (int, float) and LIGHTEST <= value <= HEAVIEST


def _moment(value: Any) -> bool:
    return type(value) in (int, float) and EARLIEST <= value < LATEST


def _spelled(value: Any) -> bool:
    return value in _SPELLED if type(value) is str else type(value) in (int, float) and math.isfinite(value)


def _texts(value: object) -> bool:
    return type(value) is list and all(type(one) is str for one in value)


def _pairs(value: object) -> bool:
    return type(value) is list and all(_texts(one) and len(one) == 2 for one in value)


def _tools(value: object) -> bool:
    return type(value) is list and all(
        type(one) is list and len(one) == 3 and _texts(one[:2]) and type(one[2]) is dict for one in value
    )


def _map_of(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: type(value) is dict and all(map(fits, value.values()))


MOST_STEPS = 10_000
"""Of one row: beyond it a line is damaged or hostile."""


def odd_step(record: Mapping[str, object]) -> str | None:
    """The first field of an agent's step that is of another kind than `step_codec` writes; None where all fit."""
    if "text" not in record or "started_at" not in record:
        return "a step"
    for name, value in record.items():
        fits = _STEP_FITS.get(name)
        if fits is None or not (fits(value) or (value is None and name not in ("text", "started_at"))):
            return name[:80]
    return None


def _results(value: object) -> bool:
    return type(value) is list and all(
        type(one) is list and len(one) in (2, 3) and _text(one[0]) and _flag(one[1]) and all(map(_number, one[2:]))
        for one in value
    )


def _steps(value: object) -> bool:
    return (
        type(value) is list
        and len(value) <= MOST_STEPS
        and all(type(one) is dict and odd_step(one) is None for one in value)
    )


COUNTS = (
    *("attempts", "error_status", "input_tokens", "cache_read_tokens", "cache_write_5m_tokens"),
    *("cache_write_1h_tokens", "cache_write_other_tokens", "output_tokens", "reasoning_tokens"),
)
_TEXTS = (
    *("task", "sample_id", "sample_digest", "target_digest", "model", "error_kind", "stop_reason"),
    *("served_model", "fingerprint", "service_tier", "billed_beside", "cluster", "stratum", "redacted", "text"),
    *("reasoning", "extracted", "target", "reason", "error", "refusal"),
)
_ALWAYS = frozenset(
    ("task", "sample_id", "sample_digest", "target_digest", "occurrence", "model", "repeat", "outcome", "started_at")
)
_FITS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(COUNTS, _count),
    **dict.fromkeys(("occurrence", "repeat"), _place),
    **dict.fromkeys(("cached", "critical", "reasoning_estimated"), _flag),
    **dict.fromkeys(("queue_s", "retry_s", "ttft_s", "ttfr_s", "tpot_s", "total_s"), _number),
    **dict.fromkeys(("cost_usd", "spend_usd"), is_usd),
    **{
        "outcome": lambda v: type(v) is str and v in _OUTCOMES,
        "score": _share,
        "weight": _weight,
        "started_at": _moment,
        "prompt": _pairs,
        "calls": _pairs,
        "tools": _tools,
    },
    **{
        "slices": _map_of(_text),
        "parts": _map_of(_spelled),
        "logliks": lambda v: type(v) is list and all(map(_spelled, v)),
    },
    **{"dropped": _texts, "raw_usage": lambda v: type(v) is dict, "steps": _steps},
    "stages": stage_codec.fits,
}
"""One for every field of `Row`; a test compares the two."""
_STEP_FITS: Mapping[str, Callable[[object], bool]] = {
    **{f.name: _FITS[f.name] for f in fields(AgentStep) if f.name in _FITS},
    **{"carried": _text, "results": _results},
}
