"""How a value of a record stands in a text: as JSON has it, or not at all.

    text("hi")          # 'hi'
    text(True)          # 'true'
    text([1, None])     # '[1, null]'
    text(None)          # raises Unwritable: null is no word

Python's own spelling (True, None, {'k': 1}, <built-in method ...>) never reaches a prompt or a right answer. What is
made here is bounded in size, so that a few characters of a template cannot fill the memory.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping

LONGEST = 2_000_000
"""Characters of one rendered text: beyond any model's window, so it can only be a mistake."""


_WIDTHLESS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u2800\u3164\uffa0\u115f\u1160"))
"""Characters that show nothing: without width, or blank like U+2800 and the Hangul fillers."""


class Unwritable(Exception):
    """A value that cannot stand in a text. `str()` says what it is: `is null`."""


class TooMuch(Exception):
    """A template that would take too long or too much memory. `str()` is half a sentence."""


class Binary(str):
    """Bytes of a record, as their sha256: they can be told apart, and are no text."""

    __slots__ = ()


def text(value: object) -> str:
    """The value as a prompt shows it. Raises Unwritable, TooMuch, or jinja2's UndefinedError for an absent field."""
    if isinstance(value, str):
        if isinstance(value, Binary):
            raise Unwritable("holds bytes, which are no text; write the column as text (string)")
        return value
    if value is None:
        raise Unwritable("is null")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise Unwritable("is NaN (no number)" if math.isnan(value) else "is infinite")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple | dict):
        return as_json(value)
    if _is_absent(value):
        return str(value)
    raise Unwritable(_what(value))


def _is_absent(value: object) -> bool:
    """Whether it is Jinja's word for an absent field, whose text is an error. Without Jinja there is none."""
    jinja = sys.modules.get("jinja2")
    return isinstance(value, getattr(jinja, "Undefined", ()))


def is_blank(text: str) -> bool:
    """Whether a reader sees nothing: white space and characters without width alone."""
    return not (text if text.isascii() else text.translate(_WIDTHLESS)).strip()


def as_json(value: object) -> str:
    """One line of JSON, non-ASCII characters as they are. Raises like `text` for what JSON does not have."""
    if _is_absent(value):
        return str(value)
    measure(value)
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise Unwritable("holds NaN or an infinite number") from error
    except TypeError as error:
        raise Unwritable(f"holds what JSON does not have ({error})") from error


def joined(pieces: Iterable[object], separator: object) -> str:
    """The texts of these values with the separator between them. Raises as `text` does."""
    between = text(separator)
    texts: list[str] = []
    total = 0
    for piece in pieces:
        texts.append(text(piece))
        total += len(texts[-1]) + len(between)
        if total > LONGEST + len(between):
            raise too_long()
    return between.join(texts)


def replaced(whole: object, old: object, new: object, count: int | None = None) -> str:
    """The text with one part replaced by another. Raises as `text` does."""
    here, part, other = text(whole), text(old), text(new)
    times = here.count(part) if count is None or count < 0 else min(count, here.count(part))
    if len(here) + times * (len(other) - len(part)) > LONGEST:
        raise too_long()
    return here.replace(part, other, -1 if count is None else count)


def bounded(made: object) -> object:
    """The same text, or list of parts. Raises TooMuch for one that is too long."""
    if isinstance(made, str | list) and len(made) > LONGEST:
        raise too_long()
    return made


def too_long() -> TooMuch:
    """The complaint about a text that no model reads."""
    return TooMuch(f"makes a text of more than {LONGEST:,} characters")


def _what(value: object) -> str:
    if callable(value):
        name = getattr(value, "__name__", type(value).__name__)
        return f"is the function {name!r} and no field; call it, or use a filter"
    kind = type(value).__name__
    if hasattr(value, "__next__") or hasattr(value, "__iter__"):
        return f"is a {kind}, which is no text yet; add | list or | join(', ')"
    return f"is a {kind}, which is no text"


def measure(value: object, indent: int = 0) -> None:
    """Raises TooMuch where the JSON would be too long, Unwritable for bytes; a list may stand in itself many times."""
    total = 0
    waiting = [value]
    while waiting:
        here = waiting.pop()
        total += indent + (len(here) + 2 if isinstance(here, str) else 3)  # its comma and space too
        if total > LONGEST:
            raise too_long()
        if isinstance(here, Binary):
            raise Unwritable("holds bytes, which are no text; write the column as text (string)")
        if isinstance(here, Mapping):
            total += len(here)
            waiting += here.values()
        elif isinstance(here, list | tuple):
            waiting += here
        if len(waiting) > LONGEST:
            raise too_long()
