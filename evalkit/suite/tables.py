"""Tables as text: CSV by its header, whatever stands between the cells.

    id;q;a            # Excel in most of Europe
    1;1,5 + 1,5?;3,0  -> {"id": "1", "q": "1,5 + 1,5?", "a": "3,0"}

The file's ending says what to expect (a comma, a tab). Where the header is one single column by that, and several by
a semicolon, a tab, a comma or a bar, and the first record agrees, that one is taken. Names lose white space around
them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import IO, Any

from evalkit.errors import SuiteError
from evalkit.suite.wording import columns, word

LONGEST_CELL = 50_000_000
_SEPARATORS = (",", ";", "\t", "|")


def read_table(
    file: IO[bytes], expected: str, place: Callable[[int], str], complain: Callable[[str], None]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every record with the line it begins in; one that does not fit its header goes to `complain`.

    `expected` is the separator by the file's name. Raises SuiteError for a header that does not name every column once,
    and for broken quoting; UnicodeDecodeError for what is not UTF-8.
    """
    csv.field_size_limit(LONGEST_CELL)
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
        head = list(islice(lines, 2))
        n_before = 0
        if head and head[0].strip().lower().startswith("sep=") and len(head[0].strip()) == 5:
            expected, n_before = head[0].strip()[4], 1
            head = [*head[1:], *islice(lines, 1)]
        separator = _separator(head, expected)
        rows = csv.reader(chain(head, lines), delimiter=separator, strict=True)
        try:
            header = [name.strip() for name in next(rows, [])]
            _check_header(header, place(1 + n_before))
            start = rows.line_num + 1
            for cells in rows:
                number, start = start, rows.line_num + 1
                if len(cells) == len(header):
                    yield number + n_before, dict(zip(header, cells, strict=True))
                elif cells:
                    complain(f"{place(number + n_before)}: has {len(cells)} cells; the header has {len(header)}")
        except csv.Error as error:
            open_quote = (
                " (a quotation mark that opens a cell and never closes?)" if "end of data" in str(error) else ""
            )
            raise SuiteError(f"{place(rows.line_num + n_before)}: is not valid CSV: {error}{open_quote}") from error


def _separator(head: list[str], expected: str) -> str:
    """The one that is expected, unless the header is one column by it and the first lines agree on another one."""
    if _n_cells(head[:1], expected) not in {1, None}:
        return expected
    for other in _SEPARATORS:
        n = _n_cells(head[:1], other)
        if (
            n is not None
            and n > 1
            and (len(head) < 2 or not head[1].strip() or _n_cells(head[1:2], other) in {n, None})
        ):
            return other
    return expected


def _n_cells(lines: list[str], separator: str) -> int | None:
    """Cells of one line; None where a quoted cell goes on in the next."""
    try:
        return len(next(csv.reader(lines, delimiter=separator, strict=True), []))
    except csv.Error:
        return None


def _check_header(header: list[str], place: str) -> None:
    if not header:
        raise SuiteError(f"{place}: the file is empty; its first line must name every column once")
    if twice := next((name for name in header if name and header.count(name) > 1), None):
        raise SuiteError(
            f"{place}: the column {word(twice)} stands there twice; the first line must name every column once "
            f"(columns seen: {columns(header)})"
        )
    if "" in header:
        raise SuiteError(
            f"{place}: column {header.index('') + 1} has no name (a separator too many?); the first line must name "
            f"every column once (columns seen: {columns(header)})"
        )
