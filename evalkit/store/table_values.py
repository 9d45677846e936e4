"""Cells of another tool's table as values: numbers, counts, money, moments and how an answer ended.

    number("0.5")       # 0.5       number("n/a")   # raises Unread
    count("1234.0")     # 1234      count("")       # None: nothing stands there
    ended("pass", None) # (Outcome.RIGHT, 1.0)

Empty is unknown. What stands there and is no value of its kind is `Unread`: the caller counts it, and nobody guesses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from evalkit.records import Outcome
from evalkit.store.dates import unix_time
from evalkit.suite.column_names import COUNTS, TableColumn, inside

_EMPTY = frozenset({"", "null", "none", "nan", "na", "n/a", "-", "nil"})
_LONGEST_EMPTY = 20
_FLAGS = {
    **dict.fromkeys(("true", "yes", "right", "correct", "pass", "passed", "success", "succeeded", "solved",
                     "resolved", "ok"), 1.0),
    **dict.fromkeys(("false", "no", "wrong", "incorrect", "fail", "failed", "failure", "unsolved", "unresolved"), 0.0),
}  # fmt: skip
_ENDS: Mapping[str, Outcome] = {
    **dict.fromkeys(("scored", "graded"), Outcome.SCORED),
    **dict.fromkeys(("unparseable", "unparsable", "invalid", "parse_error"), Outcome.UNPARSEABLE),
    **dict.fromkeys(("refused", "refusal"), Outcome.REFUSED),
    **dict.fromkeys(("truncated", "length", "max_tokens"), Outcome.TRUNCATED),
    **dict.fromkeys(("errored", "error", "exception", "timeout", "timed_out", "crash", "crashed"), Outcome.ERRORED),
}
_DURATION = re.compile(
    r"(?:(?P<d1>\d+) days?,? )?(?P<h1>\d+):(?P<m1>[0-5]?\d):(?P<s1>[0-5]?\d(?:\.\d+)?)"
    r"|P(?:(?P<d2>\d+)D)?(?:T(?:(?P<h2>\d+)H)?(?:(?P<m2>\d+)M)?(?:(?P<s2>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
"""As Python, pandas and ISO 8601 spell durations; none below zero."""
_LONGEST_DURATION = 60
_MOST = 2**53
"""Beyond, a float is no exact count."""
_EARLIEST = 315_532_800.0
"""1980: no model answered before."""


class Unread(Exception):
    """Something stands there that is no value of its kind."""


def empty(cell: object) -> bool:
    """Whether nothing stands there."""
    if cell.__class__ is str:
        return len(cell) < _LONGEST_EMPTY and cell.strip().lower() in _EMPTY
    return cell is None or cell != cell  # noqa: PLR0124


def number(cell: object) -> float | None:
    """A finite number; None where nothing stands there. Raises Unread. True and false are no numbers."""
    if empty(cell):
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise Unread
    try:
        found = float(cell)
    except (ValueError, OverflowError) as error:
        raise Unread from error
    if not math.isfinite(found) or (isinstance(cell, str) and "_" in cell):
        raise Unread
    return found


def count(cell: object) -> int | None:
    """A whole number of things, 0 or more; None where nothing stands there. Raises Unread."""
    found = number(cell)
    if found is None:
        return None
    if found < 0 or found > _MOST or found != int(found):
        raise Unread
    return int(found)


def seconds(cell: object, per: float) -> float | None:
    """A duration in seconds, where `per` units of the cell make one; None where nothing stands there. Raises Unread.

    A duration that says its own unit is read by it: `0:00:01.5`, `0 days 00:00:01.5`, `PT1.5S`.
    """
    if isinstance(cell, str) and (":" in cell or cell.lstrip()[:1] == "P"):
        return _spelt_seconds(cell.strip())
    found = number(cell)
    if found is not None and found < 0:
        raise Unread
    return None if found is None else found / per


def _spelt_seconds(text: str) -> float:
    spelt = _DURATION.fullmatch(text) if len(text) < _LONGEST_DURATION else None
    if spelt is None or not any(spelt.groups()):
        raise Unread
    days, hours, minutes, rest = (Decimal(part or 0) for part in spelt.group("d1", "h1", "m1", "s1"))
    if text[0] == "P":
        days, hours, minutes, rest = (Decimal(part or 0) for part in spelt.group("d2", "h2", "m2", "s2"))
    return float(days * 86_400 + hours * 3_600 + minutes * 60 + rest)


def money(cell: object) -> Decimal | None:
    """US dollars, exactly as written, with or without a dollar sign. Raises Unread."""
    if empty(cell):
        return None
    text = cell.strip().removeprefix("$") if isinstance(cell, str) else repr(cell) if isinstance(cell, float) else cell
    if isinstance(text, bool) or not isinstance(text, int | str | Decimal) or (isinstance(text, str) and "_" in text):
        raise Unread
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise Unread from error
    if not found.is_finite() or found < 0 or found.adjusted() > 12:
        raise Unread
    return found


def moment(cell: object) -> float | None:
    """Unix time; None where nothing stands there. Raises Unread, also for what lies before 1980 (a year alone, a count
    of days, or a duration) and for what has not been yet."""
    if empty(cell):
        return None
    try:
        found = unix_time(cell)
    except (OverflowError, ValueError) as error:
        raise Unread from error
    if found < _EARLIEST:
        raise Unread
    return found


def words(cell: object) -> str | None:
    """Text; None where there is none. Objects and lists are spelt as JSON, halves of surrogate pairs as `\\ud800`."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, str) and cell.isascii():
        return cell
    from evalkit.store.row_codec import readable, to_json

    return readable(cell) if isinstance(cell, str) else to_json(cell).decode()


def flag(cell: object) -> bool:
    """Whether it says yes. Raises Unread for what says neither yes nor no."""
    if empty(cell):
        return False
    found = score(cell, 1.0)
    if found not in {0.0, 1.0}:
        raise Unread
    return found == 1.0


def score(cell: object, per: float) -> float | None:
    """A score from 0 to 1: a number divided by `per`, or a word like pass, true, incorrect. Raises Unread."""
    if empty(cell):
        return None
    if isinstance(cell, bool):
        return float(cell)
    if isinstance(cell, str) and (known := _FLAGS.get(cell.strip().lower())) is not None:
        return known
    found = number(cell)
    if found is None or not 0 <= found / per <= 1:
        raise Unread
    return found / per


def ended(cell: object, scored: float | None) -> tuple[Outcome, float | None]:
    """How an answer ended by its outcome cell and its score, and the score that then holds.

    An answer that was refused, cut off or not read scores 0 unless it has a score. Raises Unread for a word that is
    unknown, for no word without a score, and where word and score contradict each other.
    """
    if empty(cell):
        if scored is None:
            raise Unread
        return {1.0: Outcome.RIGHT, 0.0: Outcome.WRONG}.get(scored, Outcome.SCORED), scored
    end = _ENDS.get(cell.strip().lower()) if isinstance(cell, str) else None
    if end is None:
        by_word = score(cell, 1.0)
        if scored is None:
            return ended(None, by_word)
        if by_word in {0.0, 1.0} and scored in {0.0, 1.0} and by_word != scored:
            raise Unread
        return ended(None, scored)
    if end is Outcome.ERRORED:
        return end, None
    if end is Outcome.SCORED:
        return ended(None, scored)
    return end, 0.0 if scored is None else scored


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(COUNTS, count),
    "cost_usd": money,
    "started_at": moment,
    "critical": flag,
    "from_cache": flag,
}
_SCALED: Mapping[str, Callable[[Any, float], Any]] = {"score": score, "total_s": seconds, "ttft_s": seconds}


def reader_of(which: str, column: TableColumn) -> Callable[[Mapping[str, object]], Any]:
    """How one thing (a key of `column_names.GUESSES`) is read of a record: as its kind; None where unknown. What is
    given raises Unread."""
    if column.sum_of:
        return lambda record: total([count(inside(record, one)) for one in column.sum_of])
    name, kind = column.name, cell_reader(which, column.per)
    if name is None:
        return lambda record: kind(column.const)
    if "." in name:
        return lambda record: kind(inside(record, name))
    return lambda record: kind(record.get(name))


def cell_reader(which: str, per: float) -> Callable[[Any], Any]:
    """How a cell of one thing (a key of `column_names.GUESSES`) is read, where `per` makes one: as its kind; None where
    nothing stands there. What is given raises Unread."""
    scaled = _SCALED.get(which)
    return _KINDS.get(which, words) if scaled is None else lambda cell: scaled(cell, per)


def total(parts: Sequence[int | None]) -> int | None:
    """The sum; None where a part is unknown."""
    return None if None in parts else sum(part or 0 for part in parts)


_NUMBERS = re.compile(r"([0-9]{1,300})")


def natural(text: str) -> list[tuple[int, int, str]]:
    """By which names are sorted so that run-10 is after run-2."""
    pieces = _NUMBERS.split(text)
    return [(0, int(part), "") if n % 2 else (1, 0, part) for n, part in enumerate(pieces)]
