"""JSON of other tools, read with bounds: what is no number for us is infinite or NaN, and no error of Python's.

parse(b'{"date": 1e999, "n": 1000 ... 0}')      # {"date": inf, "n": inf}
"""

from __future__ import annotations

import json
from typing import Any

MOST_VALUES = 4_000_000
"""Values that are always read; they take 400 MB at most."""
_BYTES_A_VALUE = 6
"""Beyond these, one for so many bytes of the file."""
_SIGNS = ("[", "{", ",", ":")
_DIGITS = 300
"""Of a whole number that has a float: a longer one is read as one, infinite where no float is so large."""


def parse(text: bytes | str, *, n_bytes: int | None = None) -> Any:
    """The value. Raises ValueError or RecursionError for what is no JSON, or holds too many values for its file.

    `n_bytes`: of the file as it came, where `text` was packed in it; None: the text's own. The standard library's
    reader, since other tools write NaN and halves of characters.
    """
    most = max(MOST_VALUES, (len(text) if n_bytes is None else n_bytes) // _BYTES_A_VALUE)
    if len(text) > most and (n_values := _n_values(text)) > most:
        raise ValueError(f"it holds {n_values:,} values, more than {most:,}, which a file of this size may")
    return json.loads(text, parse_int=_whole)


def _n_values(text: bytes | str) -> int:
    """At most how many values a text of JSON holds: each but the first stands behind one of these signs."""
    if isinstance(text, str):
        return sum(map(text.count, _SIGNS))
    return sum(text.count(sign.encode()) for sign in _SIGNS)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)
