"""When another tool's answers were made, so that an imported run can be priced at its own day.

unix_time("2026-05-03T10:01:55+00:00")    # 1777802515.0
unix_time(None, "2025-01-02T10-11-12.5")  # lm-eval's file names; 0.0 where nobody says when
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from evalkit.store.row_kinds import EARLIEST, LATEST

_UNITS = ((1e17, 10**9), (1e14, 10**6), (1e11, 1000))
"""Above so much a number counts units of which so many make a second."""
_FILE_NAME_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2})-(\d{2})-(\d{2}(?:\.\d+)?)")


def unix_time(*said: object) -> float:
    """The first of these that is a moment, as seconds since 1970 (UTC where no zone is stated); 0.0: none is.

    Takes numbers (seconds; beyond the year 5000 milliseconds, then microseconds, then nanoseconds), ISO texts, and
    times as lm-eval writes file names. What lies beyond the year 9999 is no moment.
    """
    return next((found for one in said if (found := _moment(one)) is not None), 0.0)


def _moment(said: object) -> float | None:
    if isinstance(said, bool):
        return None
    if isinstance(said, int | float):
        seconds = said / next((units for most, units in _UNITS if said > most), 1)
        return seconds if 0 < seconds < LATEST else None
    if not isinstance(said, str):
        return None
    text = said.strip()
    if named := _FILE_NAME_TIME.search(text):
        text = f"{named[1]}:{named[2]}:{named[3]}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if EARLIEST <= seconds < LATEST else None
