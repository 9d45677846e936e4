"""Values of logs, read leniently: what is not understood is None, never an error and never zero.

count("14")                       # 14: OTLP's JSON writes 64-bit numbers as text
moment("1795881043969653000")     # 1795881043.969653: nanoseconds
decoded('[{"role": "user"}]')     # the list: several tools keep JSON as text inside JSON

with watched(odd := {}):
    count("many")                 # None, and odd == {"tokens": "many"}: what was not understood, by what it is
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import orjson

from evalkit.bridges.external_json import BYTES_A_VALUE, MOST_VALUES, parse
from evalkit.reading import has_more_values
from evalkit.store.dates import unix_time

T = TypeVar("T")
_NUMBER = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?")
MOST_USD = 10**6
"""Of one call; `replay` reads no more."""
_MOST = 10**15
"""A count beyond it is no count of tokens."""
_NOTHING = frozenset({"", "none", "null"})
"""Texts in the place of a figure that say that there is none."""
_odd: ContextVar[dict[str, object] | None] = ContextVar("odd figures", default=None)


@contextmanager
def watched(odd: dict[str, object]) -> Iterator[None]:
    """Note what is not understood in here, the first of each kind: tokens, costs, durations, moments."""
    before = _odd.set(odd)
    try:
        yield
    finally:
        _odd.reset(before)


def understood(found: T | None, value: object, what: str) -> T | None:
    """What a value was read as; where something stands there that is none, it is noted as that."""
    nothing = value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)
    if found is None and not nothing and (odd := _odd.get()) is not None:
        odd.setdefault(what, value)
    return found


def at(record: object, *keys: str) -> Any:
    """What stands at the end of these keys; None where a step is missing."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def first(record: Any, *names: str) -> Any:
    """The value of the first of these keys that has one; None: none has, or it is no mapping."""
    for name in names if isinstance(record, Mapping) else ():
        if (value := record.get(name)) is not None:
            return value
    return None


def number(value: object) -> float | None:
    """A finite number, also written as text; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < _MOST**2 and math.isfinite(value) else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return number(float(value))
    return None


def whole(value: object) -> int | None:
    """A whole number from 0; None where it is none."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < _MOST and found == int(found) else None


def count(value: object) -> int | None:
    """Tokens; None where the value is no whole number from 0."""
    return understood(whole(value), value, "tokens")


def money(value: object) -> float | None:
    """US dollars from 0; None where it is none, or more than a bill can have. LangSmith and Langfuse write text."""
    found = number(value)
    return understood(found if found is not None and 0 <= found <= MOST_USD else None, value, "costs")


def seconds(value: object) -> float | None:
    """A duration from 0 s; None where it is none."""
    found = number(value)
    return understood(found if found is not None and found >= 0 else None, value, "durations")


def text(value: object) -> str | None:
    """Text that is not empty."""
    return value if isinstance(value, str) and value else None


def moment(value: object) -> float | None:
    """Seconds since 1970: of a number (its size tells the unit), ISO text, digits, or JavaScript's [seconds, nanos]."""
    given = value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, int) for one in value):
        value = value[0] + value[1] / 1e9
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:25])
    return understood(unix_time(value) or None, given if value != 0 else None, "moments")


def decoded(value: object) -> Any:
    """What JSON in a text says; every other value, and a text that is no JSON object or list, as it is."""
    if not isinstance(value, str):
        return value
    head = value.lstrip()[:1]
    if head not in ("{", "[", '"'):
        return value
    try:
        return json_of(value.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return value


def json_of(content: bytes) -> Any:
    """A JSON text, within bounds. Raises ValueError or RecursionError."""
    if has_more_values(content, max(MOST_VALUES, len(content) // BYTES_A_VALUE)):
        raise ValueError("it holds more values than a text of its size may")
    try:
        return orjson.loads(content)
    except ValueError:  # other tools write NaN and halves of characters
        return storable(parse(content))


def storable(value: object) -> Any:
    """The value without what cannot be written again: halves of characters, numbers beyond 64 bits."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, dict):
        return {str(storable(key)): storable(inner) for key, inner in value.items()}
    return [storable(one) for one in value] if isinstance(value, list | tuple) else value
