"""When another tool's answers were made, so that an imported run can be priced at its own day.

unix_time("2026-05-03T10:01:55+00:00")    # 1777802515.0
unix_time(None, "2025-01-02T10-11-12.5")  # lm-eval's file names; 0.0 where nobody says when
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from evalkit.store.row_kinds import EARLIEST, LATEST

_UNITS = ((1e17, 10**9), (1e14, 10**6), (1e11, 1000))
"""Above so much a number counts units of which so many make a second."""
_FILE_NAME_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2})-(\d{2})-(\d{2}(?:\.\d+)?)")
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{0,20})?(?:[eE]\+?\d{1,2})?", re.ASCII)
_COMPACT = re.compile(r"((?:19[89]|20\d)\d)(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(?:(\d\d)(\d{3}|\d{6})?)?)?(?:\.0+)?", re.ASCII)
"""A day, a minute, a second, or parts of one, written without signs between them: 20260131, 20260131T1015,
20260131101530. As a count of seconds or their parts it lies before 1980 or far ahead."""
_ZONE = re.compile(r"[ ]?(?:Z|UTC|GMT)$", re.IGNORECASE)
_SLASHES = re.compile(r"(\d{4})/(\d\d?)/(\d\d?)(?=$|[ T])", re.ASCII)
_AHEAD_S = 86_400.0
"""So far ahead a clock may be wrong; what lies beyond was not made yet."""
_OLDEST = 315_532_800.0
"""1980, of a number in a text."""
_LONGEST, _LONGEST_NAME = 64, 1000


def unix_time(*said: object) -> float:
    """The first of these that is a moment, as seconds since 1970 (UTC where no zone is stated); 0.0: none is.

    Takes numbers (seconds; beyond the year 5000 milliseconds, then microseconds, then nanoseconds), also as texts; ISO
    texts, with `UTC` or `GMT` at the end too; `2026/01/31`; days and moments without signs (20260131, 20260131101530);
    dates of e-mails and HTTP; and times as lm-eval writes file names. What lies more than a day ahead is no moment of
    an answer, and neither is a day of which nobody knows the month (`01/02/2026`).
    """
    return next((found for one in said if (found := _moment(one)) is not None), 0.0)


def _moment(said: object) -> float | None:
    if isinstance(said, bool):
        return None
    if isinstance(said, int | float):
        seconds = _counted(said)
    elif isinstance(said, str):
        seconds = _written(said.strip())
    else:
        return None
    return seconds if seconds is not None and 0 < seconds < min(LATEST, time.time() + _AHEAD_S) else None


def _counted(said: float) -> float | None:
    if 0 < said < 1e21 and said == int(said) and (compact := _COMPACT.fullmatch(str(int(said)))):
        return _compact(compact)
    return said / next((units for most, units in _UNITS if said > most), 1)


def _written(text: str) -> float | None:
    if named := _FILE_NAME_TIME.search(text[:_LONGEST_NAME]):
        text = f"{named[1]}:{named[2]}:{named[3]}"
    if len(text) > _LONGEST:
        return None
    if compact := _COMPACT.fullmatch(text):
        return _compact(compact)
    if _NUMBER.fullmatch(text):
        seconds = _counted(float(text))
        return seconds if seconds is not None and seconds > _OLDEST else None  # "2026" is a year, "12" nothing
    text = _SLASHES.sub(lambda day: f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}", _ZONE.sub("+00:00", text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    return _since_1970(moment)


def _compact(found: re.Match[str]) -> float | None:
    day, part = [int(one or 0) for one in found.groups()[:6]], (found[7] or "").ljust(6, "0")
    try:
        return _since_1970(datetime(*day, int(part), tzinfo=UTC))  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def _since_1970(moment: datetime) -> float | None:
    try:
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError:
        return None
    return seconds if seconds >= EARLIEST else None
