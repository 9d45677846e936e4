"""What each field of a journaled row may hold, so that no reader stumbles over a line that somebody else wrote.

    odd_field({"model": "gpt", ..., "ttft_s": "x"})        # "ttft_s"

Counts that are no counts are unknown, since other tools and providers of old wrote some; anything else that does not
fit makes the line none of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields

from evalkit.records import HEAVIEST, LIGHTEST, AgentStep, Outcome, Row
from evalkit.store import message_codec, stage_codec
from evalkit.store.amounts import MOST_FIGURE, is_usd

LATEST = 253_402_300_799.0
"""The last second of the year 9999, which is the last that a date can tell."""
EARLIEST = -62_135_596_800.0
"""The first second of the year 1, before which no date can tell one."""
MOST_SLICES = 200
"""Slices of a row: a suite's task and an imported table have at most 100, and `permute` adds two. Figures are made of
each, so that a small file with 20,000 in every row would keep `show` busy for half a minute."""
_OUTCOMES = frozenset(Outcome)
MARKED = frozenset({Outcome.RIGHT, Outcome.WRONG})
"""Outcomes of answers that always have a score; an answer of a load sweep is scored without one."""
_SPELLED = ("inf", "-inf", "nan")


def odd_field(record: Mapping[str, object]) -> str | None:
    """The first field whose value is of another kind than `row_codec.to_line` writes; None where all fit.

    `null` is nothing wherever a value may be absent.
    """
    for name, value in record.items():
        kind = type(value)
        if kind is str:
            if name in _TEXTS:
                continue
        elif kind is float:
            if name in _SECONDS and 0 <= value < MOST_FIGURE:  # type: ignore[operator]  # a float
                continue
        elif kind is int and name in _COUNTED and 0 <= value < 2**63:  # type: ignore[operator]  # an int
            continue
        if value is None:
            if name in _ALWAYS:
                return name
        elif not _FITS[name](value):
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


def _seconds(value: object) -> bool:
    return (type(value) is int or type(value) is float) and 0 <= value < MOST_FIGURE


def _figure(value: object) -> bool:
    return (type(value) is int or type(value) is float) and -MOST_FIGURE < value < MOST_FIGURE


def _share(value: object) -> bool:
    return (type(value) is int or type(value) is float) and 0 <= value <= 1


def _weight(value: object) -> bool:
    return (type(value) is int or type(value) is float) and LIGHTEST <= value <= HEAVIEST


def _moment(value: object) -> bool:
    return (type(value) is int or type(value) is float) and EARLIEST <= value < LATEST


def _spelled(value: object) -> bool:
    if type(value) is str:
        return value in _SPELLED
    return (type(value) is int or type(value) is float) and math.isfinite(value)


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
        type(one) is list and len(one) in (2, 3) and _text(one[0]) and _flag(one[1]) and all(map(_seconds, one[2:]))
        for one in value
    )


def _steps(value: object) -> bool:
    return (
        type(value) is list
        and len(value) <= MOST_STEPS
        and all(type(one) is dict and odd_step(one) is None for one in value)
    )


COLUMNS: dict[str, str] = {
    **dict.fromkeys(("model", "task", "sample_digest"), "string"),
    **dict.fromkeys(("occurrence", "repeat"), "int64"),
    **dict.fromkeys(("sample_id", "target_digest", "outcome"), "string"),
    **dict.fromkeys(("score", "started_at"), "double"),
    "cached": "bool",
    "error_kind": "string",
    "error_status": "int64",
    "attempts": "int64",
    **dict.fromkeys(("queue_s", "retry_s", "ttft_s", "ttfr_s", "tpot_s", "total_s"), "double"),
    **dict.fromkeys(("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"), "int64"),
    **dict.fromkeys(("cache_write_other_tokens", "output_tokens", "reasoning_tokens"), "int64"),
    "reasoning_estimated": "bool",
    **dict.fromkeys(("cost_usd", "spend_usd"), "money"),
    **dict.fromkeys(("stop_reason", "served_model", "fingerprint", "service_tier", "cluster"), "string"),
    "billed_beside": "string",  # since November 2026; null in parts of before
    "redacted": "string",  # since November 2026, as above
    "critical": "bool",
    "weight": "double",  # since November 2026, as above
    "stratum": "string",  # since November 2026, as above
    "given_up": "int64",  # since December 2026, as above
    "slices": "map_string",
    "parts": "map_double",
}
"""Kind of each column of `rows-*.parquet`, in their order: the fields of `Row` that are numbers or names."""
TEXT_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("model", "task", "sample_digest"), "string"),
    **dict.fromkeys(("occurrence", "repeat"), "int64"),
    "outcome": "string",  # here too, since an answer wins over an error of the same key
    **dict.fromkeys(("prompt", "tools", "calls", "raw_usage"), "json"),
    **dict.fromkeys(("text", "reasoning", "extracted", "target", "reason", "error", "refusal"), "string"),
    "logliks": "list_double",
    "dropped": "list_string",
    "steps": "steps",  # since November 2026; null in parts of before
    "stages": "stages",  # since November 2026; null in parts of before
}
"""The same of `texts-*.parquet`: the row's key and what was said."""
_OF_KIND: Mapping[str, Callable[[object], bool]] = {
    **{"string": _text, "int64": _count, "bool": _flag, "double": _seconds, "money": is_usd, "list_string": _texts},
    **{"map_string": _map_of(_text), "map_double": _map_of(_figure), "steps": _steps, "stages": stage_codec.fits},
    "list_double": lambda v: type(v) is list and all(map(_spelled, v)),
}
_FITS: Mapping[str, Callable[[object], bool]] = {
    **{name: _OF_KIND[kind] for name, kind in (COLUMNS | TEXT_COLUMNS).items() if kind in _OF_KIND},
    **dict.fromkeys(("occurrence", "repeat"), _place),
    "slices": lambda value: _OF_KIND["map_string"](value) and len(value) <= MOST_SLICES,  # type: ignore[arg-type]
    "prompt": lambda value: type(value) is list and all(map(message_codec.fits, value)),
    "calls": _pairs,
    **{"score": _share, "weight": _weight, "started_at": _moment, "tools": _tools},
    **{"outcome": lambda v: type(v) is str and v in _OUTCOMES, "raw_usage": lambda v: type(v) is dict},
}
"""One for every field of `Row`; a test compares the two."""
_TEXTS = frozenset(name for name, fits in _FITS.items() if fits is _text)
_SECONDS = frozenset(name for name, fits in _FITS.items() if fits is _seconds)
COUNTS = tuple(name for name, kind in COLUMNS.items() if kind == "int64" and _FITS[name] is _count)
_COUNTED = frozenset(COUNTS)
_ALWAYS = frozenset(one.name for one in fields(Row) if one.default is not None) - {"score"}
"""Those that are never null: they have a value, or another default than None."""
_STEP_FITS: Mapping[str, Callable[[object], bool]] = {
    **{f.name: _FITS[f.name] for f in fields(AgentStep) if f.name in _FITS},
    **{"carried": message_codec.carried_fits, "results": _results},
}
