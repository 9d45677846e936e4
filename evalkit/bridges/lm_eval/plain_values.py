"""What a template of a task file that is not trusted sees of an item: texts, numbers, lists and mappings.

    plain_fields({"q": "hi", "day": date(2026, 1, 1)}, StrictUndefined)     # {"q": "hi", "day": "2026-01-01"}

A data set may hold pictures, sounds and readers of files, and Jinja's sandbox lets a template call any public method:
`picture.save("/home/me/.bashrc")`. So each value is made plain before a template gets it, and one that cannot be is
absent: its use is a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_PLAIN = frozenset({str, bool, int, float, type(None)})
_AS_TEXT = (date, datetime, time, timedelta, Decimal)
"""What stands in a prompt as its text; so does what Python would print of it."""


class _NotPlain(Exception):
    """`str()` is the name of the type."""


def plain_fields(fields: Mapping[str, object], absent: Callable[..., Any]) -> dict[str, object]:
    """The fields of an item as plain data. `absent` makes what stands for a value that cannot be: Jinja's undefined,
    given a `hint`."""
    made: dict[str, object] = {}
    for name, value in fields.items():
        try:
            made[str(name)] = value if type(value) in _PLAIN else _plain(value)
        except _NotPlain as error:
            made[str(name)] = absent(
                f"the field {str(name)[:80]!r} holds a value of the type {error}, and a template sees texts, numbers, "
                "lists and mappings alone; write the column as text"
            )
    return made


def _plain(value: object) -> object:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, tuple):
        return tuple(_plain(one) for one in value)
    if isinstance(value, dict):
        return {_key(key): _plain(one) for key, one in value.items()}
    if type(value) in _AS_TEXT:
        return str(value)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):  # a number, or an array
        found = value.tolist()
        if type(found) is not type(value):
            return _plain(found)
    raise _NotPlain(type(value).__name__)


def _key(key: object) -> object:
    if type(key) not in _PLAIN:
        raise _NotPlain(type(key).__name__)
    return key
