"""The border: every field of a reply is checked here, once for each kind of field and for all dialects alike.

    count(30) -> 30     count(-7) -> None     count("9") -> None     name({"a": 1}) -> None     text(5) -> TypeError

What a reply is *for* (its text, its calls, log-probabilities that were asked for) has to be of its kind: anything else
raises TypeError or ValueError, which the readers turn into `BadReply` for that row. What stands *beside* the answer
(the model's name, the tier, the counts of tokens, the cost) is unknown where it is of no such kind: the answer is
sound, and a wrong count is worse than none. Unknown is `None`, never zero.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from json import JSONDecoder
from typing import Any

import orjson

from evalkit.errors import BadReply

MAX_TEXT_BYTES = 16 * 2**20
"""Of one answer: text, reasoning and calls together. EVALKIT_MAX_REPLY_MB sets another number of MiB."""
A_PIECE, AN_ALTERNATIVE, LARGE_EVENT = 60, 150, 4_096
"""Bytes of memory that a short text takes besides its letters, and a log-probability; and of an event from which on it
counts as it is, since something else of it may be kept than its text."""
MAX_JSON_NODES = 1_000_000
"""Values in one JSON document with names of its objects: the smallest take 100 bytes of memory for two of the reply."""
MAX_COUNT = 10**10
"""Tokens; no reply has more, and what says so is broken."""
MAX_COST_USD = Decimal(10**6)
_LONGEST_SUM = 60
_MAX_NAME = 500
_MAX_USAGE_BYTES = 32 * 2**10
_MAX_USAGE_VALUES = 2_000
_MAX_DEPTH = 100
_LONGEST_TRACE, _MAX_TRACE_BYTES = 500, 4_000
_HALF = re.compile("[\ud800-\udfff]")
_STRUCTURE = (b",", b":", b"[", b"{")


def text_limit() -> int:
    """Bytes that the text of one answer may have."""
    said = os.environ.get("EVALKIT_MAX_REPLY_MB", "")
    return int(said) * 2**20 if said.isascii() and said.isdigit() and 0 < int(said) <= 1024 else MAX_TEXT_BYTES


def parsed(data: bytes) -> Any:
    """JSON as plain values. Raises ValueError for what is none, and for what would take too much memory.

    Numbers beyond 64 bits come as floats, of two keys alike the last counts, NaN and infinities are refused. Halves of
    surrogate pairs, which some servers send in two events, are kept for `joined` to put together.
    """
    if len(data) > MAX_JSON_NODES and sum(map(data.count, _STRUCTURE)) > MAX_JSON_NODES:
        raise ValueError(f"more than {MAX_JSON_NODES:,} values")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        if b"\\ud" not in data and b"\\uD" not in data:
            raise
    try:
        return _LENIENT.decode(data.decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


_LENIENT = JSONDecoder(parse_constant=_no_number, parse_int=_whole_number)


def text(value: object) -> str:
    """A piece of text; "" for None. Raises TypeError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{_kind(value)} where a text belongs")
    return value


def mapping(value: object) -> Mapping[str, object]:
    """An object; {} for None. Raises TypeError for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"{_kind(value)} where an object belongs")
    return value


def items(value: object) -> list[Any]:
    """A list; [] for None. Raises TypeError for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{_kind(value)} where a list belongs")
    return value


_KINDS = {"str": "a text", "int": "a number", "float": "a number", "bool": "true or false", "NoneType": "null"}
_KINDS |= {"dict": "an object", "list": "a list"}
_OWN = re.compile(r"where an? [a-z-]+ belongs|is no log-probability|more than [0-9,]+ values|nested too deeply")


def _kind(value: object) -> str:
    return _KINDS.get(type(value).__name__, "another value")


def odd(error: Exception) -> str:
    """What is odd about a reply, in words of its JSON; the interpreter's own say nothing to whoever reads them."""
    if isinstance(error, KeyError) and error.args and str(error.args[0]).isidentifier():
        return f"{str(error.args[0])[:80]} is missing"
    said = str(error)
    return said[:200] if _OWN.search(said) else "a value of another kind than belongs there"


def inner(value: object) -> Mapping[str, object]:
    """An object beside the answer, such as the details of a usage; {} for everything else."""
    return value if isinstance(value, dict) else {}


def name(value: object) -> str | None:
    """A model, fingerprint, tier or category as the provider names it; None for what is no name."""
    if not isinstance(value, str) or not value or len(value) > _MAX_NAME:
        return None
    return _HALF.sub("\ufffd", value)


def count(value: object) -> int | None:
    """A number of tokens; None for anything but a whole number from 0 on that is not absurd."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MAX_COUNT else None


def money(value: object) -> Decimal | None:
    """USD; through str, so that 0.1 stays 0.1. None for anything but a sum from 0 on that is not absurd."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal) or "_" in str(value):
        return None  # Python reads "1_0" as 10; no provider writes so
    if len(text := str(value)) > _LONGEST_SUM:
        return None
    try:
        sum_usd = Decimal(text)
    except InvalidOperation:
        return None
    if not sum_usd.is_finite() or not 0 <= sum_usd <= MAX_COST_USD:
        return None
    # "0e999999999" and "1e-999999999" are numbers that have no room where rows are kept.
    return sum_usd if abs(sum_usd.adjusted()) <= _LONGEST_SUM else Decimal(0)


def log_probability(value: object) -> float:
    """A log-probability. Raises TypeError or ValueError for what is none; -inf and servers' -9999 are some."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{_kind(value)} where a log-probability belongs")
    if math.isnan(value) or value > 1:
        raise ValueError(f"{value} is no log-probability")
    return float(value)


def raw_usage(value: object) -> Mapping[str, object] | None:
    """The usage object as it came, for the record; None where there is none, or one that is no plain bill."""
    if not isinstance(value, dict) or not value:
        return None
    try:
        written = orjson.dumps(value)
    except TypeError:  # half a character, too deep
        return None
    if len(written) > _MAX_USAGE_BYTES:
        return None
    # No value is deeper than there are brackets.
    is_flat = written.count(b"{") + written.count(b"[") <= _MAX_DEPTH
    return value if is_flat or _depth(value) <= _MAX_DEPTH else None


def trace(value: object) -> object:
    """What names the trace of an application: an id or an address of at most 500 characters, or a tree of at most 4,000
    bytes as JSON. None for anything else."""
    if isinstance(value, str | int | float):
        return value if not isinstance(value, str) or len(value) <= _LONGEST_TRACE else None
    if not isinstance(value, dict | list) or not value or n_values(value, _MAX_TRACE_BYTES) > _MAX_TRACE_BYTES:
        return None
    try:
        return value if len(orjson.dumps(value)) <= _MAX_TRACE_BYTES and _depth(value) <= _MAX_DEPTH else None
    except TypeError:  # half a character, too deep
        return None


def bill(value: object) -> dict[str, object] | None:
    """A usage object that may be kept while more of the reply comes; None for what is none, or is larger than any bill.

    Each event is bounded by itself, but a reply has millions: what stays from event to event has to be bounded too.
    """
    return value if isinstance(value, dict) and n_values(value, _MAX_USAGE_VALUES) <= _MAX_USAGE_VALUES else None


def n_values(value: object, most: int) -> int:
    """How many values a JSON value holds, itself included; counting stops beyond `most`."""
    n, waiting = 0, [value]
    while waiting and n <= most:
        one = waiting.pop()
        n += 1
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return n


def is_too_deep(value: object) -> bool:
    """Whether a JSON value is nested more deeply than any provider takes back (100 levels)."""
    return _depth(value) > _MAX_DEPTH


def _depth(value: object, depth: int = 0) -> int:
    if depth > _MAX_DEPTH or not isinstance(value, dict | list):
        return depth
    children = value.values() if isinstance(value, dict) else value
    return max((_depth(child, depth + 1) for child in children), default=depth)


def joined(pieces: list[str]) -> str:
    """The pieces as one text. Characters that came in two halves are put together; a lone half is U+FFFD."""
    whole = "".join(pieces)
    if whole.isascii() or not _HALF.search(whole):
        return whole
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def too_long(n_bytes: int) -> BadReply:
    """The error for an answer beyond the limit."""
    return BadReply(
        f"The answer has more than {n_bytes // 2**20} MiB of text; reading stopped. EVALKIT_MAX_REPLY_MB allows more."
    )
