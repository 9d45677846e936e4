"""Where the patterns of a suite's own find something: RE2, which takes no longer for one text than for another.

spans_of("T-123456 and T-234567", "T-[0-9]{6}")      # [(0, 8), (13, 21)]
"""

from __future__ import annotations

from typing import Any

Span = tuple[int, int]
_BEGINS, _ENDS = "\ufdd0", "\ufdd1"
"""Around what an own pattern finds; no text that is exchanged holds them (Unicode's noncharacters)."""
_NO_MARKS = {ord(_BEGINS): "?", ord(_ENDS): "?"}


def spans_of(text: str, pattern: str) -> list[Span]:
    """Where an own pattern finds something. Raises ValueError as `_counted`."""
    import pyarrow.compute as pc

    if not _counted(text, pattern):
        return []
    read = text.translate(_NO_MARKS)  # as long as the text
    marked = str(pc.replace_substring_regex(_column(read), pattern, rf"{_BEGINS}\0{_ENDS}")[0].as_py())
    before, *pieces = marked.split(_BEGINS)
    spans: list[Span] = []
    at = len(before)
    for said, _, behind in (piece.partition(_ENDS) for piece in pieces):
        spans.append((at, at + len(said)))
        at += len(said) + len(behind)
    return spans


def finds_no_text(text: str, pattern: str) -> bool:
    """Whether the pattern matches here without taking a character. Raises ValueError as `_counted`."""
    import pyarrow.compute as pc

    marked = str(pc.replace_substring_regex(_column(text), pattern, "\x1e")[0].as_py())
    return marked != text and marked.replace("\x1e", "") == text


def _counted(text: str, pattern: str) -> int:
    """Matches in the text. Raises ValueError for a pattern that RE2 does not read."""
    import pyarrow.compute as pc

    return int(pc.count_substring_regex(_column(text), pattern)[0].as_py())


def _column(text: str) -> Any:
    import pyarrow as pa

    return pa.array([text.encode("utf-8", "replace").decode()])
