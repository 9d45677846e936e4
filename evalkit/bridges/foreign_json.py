"""JSON of other tools, read with bounds: what is no number for us is infinite or NaN, and no error of Python's.

parse(b'{"date": 1e999, "n": 1000 ... 0}')      # {"date": inf, "n": inf}
"""

from __future__ import annotations

import json
from typing import Any

_DIGITS = 300
"""Of a whole number that has a float: a longer one is read as one, infinite where no float is so large."""


def parse(text: bytes | str) -> Any:
    """The value. Raises ValueError or RecursionError for what is no JSON.

    The standard library's reader, since other tools write NaN and halves of characters.
    """
    return json.loads(text, parse_int=_whole)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)
