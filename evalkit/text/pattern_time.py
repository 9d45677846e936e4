r"""How long RE2 takes to make a program of a pattern, by the size of the program and not by the clock.

    microseconds(r"ticket #\d+")          # 120: as many at most
    microseconds(r"\p{L}{1,300}#")        # 120,000
    complaint([r"\p{L}{1,300}#"])         # "takes RE2 120 ms or more to read, ...", for the person; None: it is fine

pyarrow makes the program anew at every call, for a reply of seven letters too: a count multiplies what it stands
behind, and `\p{L}` alone is some three hundred steps. RE2 refuses programs beyond a size of its own. So what is left of
that size once a pattern stands there many times tells how large it is, on any machine alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MOST_MICROSECONDS = 24_000
"""Of the patterns that are looked for in one text together."""
_LARGEST = 120_000
"""Microseconds of the largest program that RE2 makes, on a slow processor."""
_COPIES = (6, 12, 24, 48, 96, 192, 384, 1_000)
_COUNTED, _CLASS, _OF_CLASS = re.compile(r"\{\d"), re.compile(r"\\[pP]"), 500
"""A count; letters of all scripts and their like, and the microseconds that one of these takes."""
_TOKEN = re.compile(
    r"\\(?:Q(?:[^\\]|\\[^E])*(?P<open>\\E)?|.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?P<name>\?P?<\w+>)", re.DOTALL
)


@lru_cache(maxsize=1_024)
def microseconds(pattern: str, *, roughly: bool = False) -> int:
    """At most so many, about; 0 of what RE2 does not read. `roughly`: whether they are too many for one pattern."""
    if not _is_read(pattern):
        return 0
    if not _COUNTED.search(pattern):  # its size is that of what stands there: no need to measure
        times = 2 if "(?i" in pattern else 1
        return times * (_LARGEST // _COPIES[-1] + _OF_CLASS * len(_CLASS.findall(pattern)))
    plain, quotes = _TOKEN.sub(lambda token: "(" if token["name"] else token[0], pattern), False
    for token in _TOKEN.finditer(pattern):
        quotes = token[0].startswith("\\Q") and not token["open"]
    one = "(?:" + plain + ("\\E" if quotes else "") + ")"
    fits = 1
    for copies in _COPIES[: 2 if roughly else None]:  # the smallest first: what does not fit takes longest
        if not _is_read("\x1d".join([one] * copies)):
            break
        fits = copies
    return _LARGEST // fits


def complaint(patterns: Iterable[str], most: int = MOST_MICROSECONDS) -> str | None:
    """What is wrong with patterns that one text is looked at for; None where nothing is."""
    wanted, took = list(patterns), 0
    for pattern in wanted:
        took += microseconds(pattern, roughly=len(wanted) == 1)
        if took > most:
            break
    else:
        return None
    return (
        f"takes RE2 {took / 1_000:,.0f} ms or more to read, for every text again (at most {most / 1_000:,.0f} ms): "
        "write `+` or `*` in the place of a large count, above all behind letters of all scripts (`\\p{L}+` for "
        "`\\p{L}{1,300}`)"
    )


def _is_read(pattern: str) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.scalar(""), pattern=pattern)
    except ValueError:
        return False
    return True
