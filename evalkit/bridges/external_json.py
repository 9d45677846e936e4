"""JSON of other tools, read with bounds: what is no number for us is infinite or NaN, and no error of Python's.

parse(b'{"date": 1e999, "n": 1000 ... 0}')      # {"date": inf, "n": inf}
"""

from __future__ import annotations

import json
import re
from typing import Any

from evalkit.errors import UserError
from evalkit.memory import within_left
from evalkit.reading import has_more_values

MOST_VALUES = 4_000_000
"""Values that are always read; they take 400 MB at most."""
BYTES_A_VALUE = 6
"""Beyond these, one for so many bytes of the file."""
TIMES = 4
"""As many times its bytes a JSON document takes once it is read, the bytes included; some are made to take twice as
many, which `within_left` ends."""
_HALF = re.compile("[\ud800-\udfff]")
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\x00")
"""Bytes of JSON in which a half of a character may stand: escaped, as itself, or in an encoding of two bytes."""
_DIGITS = 300
"""Of a whole number that has a float: a longer one is read as one, infinite where no float is so large."""


def parse(text: bytes, *, n_bytes: int | None = None) -> Any:
    """The value. Raises ValueError or RecursionError for what is no JSON, or holds too many values for its file, and
    UserError for what this machine has no memory for.

    `n_bytes`: of the file as it came, where `text` was packed in it; None: the text's own. The standard library's
    reader, since other tools write NaN and halves of characters: of these, which no file can hold, U+FFFD is made.
    """
    most = max(MOST_VALUES, (len(text) if n_bytes is None else n_bytes) // BYTES_A_VALUE)
    if has_more_values(text, most):
        raise ValueError(f"it holds more than {most:,} values, which is more than a file of this size may")
    try:
        with within_left(len(text)):
            found = json.loads(text, parse_int=_whole)
            return _without_halves(found) if _HALVES.search(text) else found
    except MemoryError:
        raise UserError(
            f"a JSON text of {len(text) // 1_000_000:,} MB takes more memory than is left here. Import a part of it, "
            "or write one record a line"
        ) from None


def _without_halves(value: object) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_halves(one) for one in value]
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", key): _without_halves(one) for key, one in value.items()}
    return value


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)
