"""Kinds of data files: those that are not what their name says, by their first bytes, and tables as text.

other_kind(b"PAR1...", "jsonl")     # 'is a Parquet file; name it .parquet, or write format: parquet'
not_utf8("d.csv", b"\xff\xfei\x00d\x00", error)

CSV is read by its header, whatever stands between the cells:

    id;q;a            # Excel in most of Europe
    1;1,5 + 1,5?;3,0  -> {"id": "1", "q": "1,5 + 1,5?", "a": "3,0"}

The file's ending says what to expect (a comma, a tab). Where the header is one single column by that, and several by
a semicolon, a tab, a comma or a bar, and the first record agrees, that one is taken. Names lose white space around
them. Columns at the end that have no name and no cell (a separator after every line) are passed over.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any

from evalkit.errors import SuiteError
from evalkit.reading import refuse_long_line
from evalkit.suite.rendering import TooMuch
from evalkit.suite.wording import columns, word

HEAD = 512
"""Bytes that are looked at."""
FEWEST = 8
"""Bytes from which on an encoding without a mark is told by its zeros."""
LONGEST_LINE = 32_000_000
"""Bytes of one line, and characters of one record of a table: some times a model's window, with its pictures."""
MOST_CELLS = 1_000_000
"""Of one record of a table that takes many lines, and of its header."""
MOST_UNPACKED = 20_000_000
"""Bytes that a gzip file may always unpack to."""
MOST_TIMES = 100
"""Beyond these bytes it may unpack to so many times its own size: text packs to a third, logs to a fiftieth."""
PACKED = {
    ".zst": "zstd -d FILE",
    ".bz2": "bunzip2 FILE",
    ".xz": "unxz FILE",
    ".lz4": "lz4 -d FILE",
    ".zip": "unzip FILE",
    ".7z": "7z x FILE",
    ".br": "brotli -d FILE",
}
"""Ends of names of packed files that are not read, and what unpacks them."""
_SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "is a gzip file; its name must end in .gz (like data.jsonl.gz)"),
    (b"PAR1", "is a Parquet file; name it .parquet, or write format: parquet"),
    (b"PK\x03\x04", "is a zip file, as Excel's .xlsx is; save it as CSV (UTF-8), or unpack it"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel file; save it as CSV (UTF-8)"),
    (b"\x28\xb5\x2f\xfd", "is packed with Zstandard; unpack it: zstd -d FILE"),
    (b"BZh", "is packed with bzip2; unpack it: bunzip2 FILE"),
    (b"\xfd7zXZ\x00", "is packed with xz; unpack it: unxz FILE"),
    (b"SQLite format 3", "is an SQLite database; export the table as CSV"),
    (b"version https://git-lfs", "is only Git LFS's pointer to the file; fetch it: git lfs pull"),
    (b"%PDF", "is a PDF file; records are read from JSONL, CSV or Parquet"),
)
_ENCODINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def as_sheet(name: str) -> str | None:
    """The refusal of a spreadsheet, by the end of its name; None for other files."""
    return f"{name}: is a spreadsheet; save the sheet as CSV (UTF-8)" if name.lower().endswith(_SHEETS) else None


def other_kind(head: bytes, format: str) -> str | None:
    """Half a sentence where the first bytes are of another kind of file than text of this format; None: they fit."""
    for magic, said in _MAGIC:
        if head.startswith(magic):
            return said
    if encoding := _encoding(head):
        return f'is {encoding} (as Excel\'s "Unicode text" is) and not UTF-8; convert it: {_iconv(encoding)}'
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<(!doctype|html|\?xml)", start, re.IGNORECASE):
        return "is an HTML or XML page and no data (a login page, saved in its place?)"
    if format == "jsonl" and start.startswith(b"[") and not start.startswith(b"[]"):
        return "is one JSON list; write one record per line, for example with: jq -c '.[]' FILE > NEW.jsonl"
    if format == "jsonl" and re.match(rb"\{\s*?\r?\n\s*[\"}]", start):
        return (
            "has its records over several lines; write one record per line, for example with: jq -c . FILE > NEW.jsonl"
        )
    return None


def not_utf8(error: UnicodeDecodeError) -> str:
    """Half a sentence for text that is not UTF-8, with what it most likely is."""
    return (
        f"is not UTF-8 ({error.reason}, byte {error.object[error.start]:#04x}); convert it from the encoding it was "
        f"saved in, in Western Europe most often: {_iconv('WINDOWS-1252')}"
    )


def _encoding(head: bytes) -> str | None:
    for mark, name in _ENCODINGS:
        if head.startswith(mark):
            return name
    first, second = head[::2], head[1::2]  # the two bytes of each character, where it has two
    if len(head) < FEWEST:
        return None
    if second.count(0) > len(second) // 2 and first.count(0) <= len(first) // 8:
        return "UTF-16LE"
    if first.count(0) > len(first) // 2 and second.count(0) <= len(second) // 8:
        return "UTF-16BE"
    return None


def _iconv(encoding: str) -> str:
    return f"iconv -f {encoding} -t UTF-8 FILE > NEW"


def check_unpacked(file: IO[bytes], size: int) -> None:
    """Raises TooMuch for what unpacks to far more than its size: a small file must not become an endless one.

    Reads to the end, or to the bound (MOST_UNPACKED bytes, or MOST_TIMES the size if that is more).
    """
    most = max(MOST_UNPACKED, MOST_TIMES * size)
    n = n_line = 0
    while piece := file.read(1 << 20):
        n += len(piece)
        try:
            n_line = refuse_long_line(piece, n_line, LONGEST_LINE)
        except OSError as error:
            raise TooMuch(str(error.strerror)) from error
        if n > most:
            raise TooMuch(
                f"unpacks to more than {most // 1_000_000:,} MB, over {MOST_TIMES} times its size, and is not read; "
                "unpack it yourself if it is meant so"
            )


_SEPARATORS = (",", ";", "\t", "|")
_BLOCK_LINES, _BLOCK_CHARACTERS = 8_192, 4_000_000
"""Whichever comes first ends a block of lines that are read together."""
Block = tuple[Sequence[int], list[str], list[list[str]]]
"""Records that follow each other: the line each begins in, the columns' names, and the cells of each."""


def read_table(
    file: IO[bytes], expected: str, place: Callable[[int], str], complain: Callable[[str], None]
) -> Iterator[tuple[int, dict[str, object]]]:
    """Every record with the line it begins in. Otherwise as `read_blocks`."""
    for starts, header, rows in read_blocks(file, expected, place, complain):
        for start, cells in zip(starts, rows, strict=True):
            yield start, dict(zip(header, cells, strict=True))


def read_blocks(
    file: IO[bytes], expected: str, place: Callable[[int], str], complain: Callable[[str], None]
) -> Iterator[Block]:
    """Every record, some thousands together; one that does not fit its header goes to `complain`, once those before it
    were given.

    `expected` is the separator by the file's name. Raises SuiteError for a header that does not name every column once,
    and for broken quoting; UnicodeDecodeError for what is not UTF-8.
    """
    csv.field_size_limit(LONGEST_LINE)
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
        head = list(islice(lines, 2))
        n_lines = 0
        if head and head[0].strip().lower().startswith("sep=") and len(head[0].strip()) == 5:
            expected, n_lines = head[0].strip()[4], 1
            head = [*head[1:], *islice(lines, 1)]
        separator = separator_of(head, expected)
        rows = csv.reader(_one_record(chain(head, lines), separator), delimiter=separator, strict=True)
        try:
            header = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise _no_csv(error, place(rows.line_num + n_lines)) from error
        n_unnamed = _unnamed(header)
        del header[len(header) - n_unnamed :]
        _check_header(header, place(1 + n_lines))
        n_lines += rows.line_num
        for block, undecoded in _line_blocks(head[rows.line_num :], lines):
            _refuse_cells(block, separator, place, n_lines)
            rest = _one_record(lines, separator) if undecoded is None else _raised(undecoded)
            rows = csv.reader(chain(block, rest), delimiter=separator, strict=True)
            starts, found, broken = _parsed(rows, block, n_lines + 1)
            if n_unnamed:
                found = [_without_blank_end(cells, len(header)) for cells in found]
            if again := _headers_again(header, found):
                complain(
                    f"{place(starts[again[0]])}: is the header again: were two files joined? Leave out "
                    f"{'this line' if len(again) == 1 else f'these {len(again)} lines'}"
                )
            yield from _fitting(starts, header, found, place, complain)
            n_lines += rows.line_num
            if isinstance(broken, csv.Error):
                raise _no_csv(broken, place(n_lines)) from broken
            if (not_text := broken or undecoded) is not None:
                raise not_text


def _line_blocks(first: list[str], lines: Iterator[str]) -> Iterator[tuple[list[str], UnicodeDecodeError | None]]:
    """The lines in blocks. What is not UTF-8 comes with the lines before it, and ends them."""
    block, error = first, None
    while error is None:
        n_characters = sum(map(len, block))
        try:
            for line in islice(lines, _BLOCK_LINES - len(block)):
                block.append(line)
                n_characters += len(line)
                if n_characters >= _BLOCK_CHARACTERS:
                    break
        except UnicodeDecodeError as found:
            error = found
        if not block and error is None:
            return
        yield block, error
        block = []


_TOO_LONG = f"a record of more than {LONGEST_LINE // 1_000_000} million characters or {MOST_CELLS:,} cells"


def _one_record(lines: Iterator[str], separator: str) -> Iterator[str]:
    """Lines that one record goes on through. Raises csv.Error where it goes on for longer than any: a quotation mark
    that opens would take the rest of the file, and so would ever more cells with a line end in each."""
    n_characters = n_cells = 0
    for line in lines:
        n_characters += len(line)
        n_cells += line.count(separator)
        if n_characters > LONGEST_LINE or n_cells > MOST_CELLS:
            raise csv.Error(
                f"{_TOO_LONG}; does a quotation mark open a cell and never close? Else leave the record out"
            )
        yield line


def _refuse_cells(block: list[str], separator: str, place: Callable[[int], str], n_lines: int) -> None:
    if max(map(len, block), default=0) <= MOST_CELLS:
        return
    for number, line in enumerate(block, n_lines + 1):
        if len(line) > MOST_CELLS and line.count(separator) > MOST_CELLS:
            raise SuiteError(f"{place(number)}: is {_TOO_LONG}; leave it out, or write fewer columns")


def _raised(error: UnicodeDecodeError) -> Iterator[str]:
    """Lines that cannot be read."""
    yield from ()
    raise error


def _parsed(rows: Any, block: list[str], first: int) -> tuple[Sequence[int], list[list[str]], Exception | None]:
    """The records of a block of lines, the first of which is line `first` of the file: where each begins, its cells,
    and what ended them too early. The last one may take lines beyond the block."""
    found: list[list[str]] = []
    starts: list[int] = []
    try:
        if '"' not in "".join(block):  # then each line is a record
            found.extend(islice(rows, len(block)))
        while rows.line_num < len(block):
            starts.append(first + rows.line_num)
            found.append(next(rows))
    except (csv.Error, UnicodeDecodeError) as error:
        return starts[: len(found)] or range(first, first + len(found)), found, error
    return starts or range(first, first + len(found)), found, None


def _fitting(
    starts: Sequence[int],
    header: list[str],
    rows: list[list[str]],
    place: Callable[[int], str],
    complain: Callable[[str], None],
) -> Iterator[Block]:
    """The records that have as many cells as the header; empty lines are none."""
    if set(map(len, rows)) <= {len(header)}:
        if rows:
            yield starts, header, rows
        return
    begun = 0
    for n, cells in enumerate([*rows, []]):
        if len(cells) != len(header):
            if n > begun:
                yield starts[begun:n], header, rows[begun:n]
            begun = n + 1
            if cells:
                complain(f"{place(starts[n])}: has {len(cells)} cells; the header has {len(header)}")


def _headers_again(header: list[str], rows: list[list[str]]) -> list[int]:
    """Which rows are the header once more, as where two exports were put into one file."""
    if len(header) < 2:  # a record of one word may be the column's name
        return []
    return [
        n for n, row in enumerate(rows)
        if row and header[0] in row[0] and [cell.strip(" \t\ufeff") for cell in row] == header
    ]  # fmt: skip


def _no_csv(error: csv.Error, where: str) -> SuiteError:
    open_quote = " (a quotation mark that opens a cell and never closes?)" if "end of data" in str(error) else ""
    return SuiteError(f"{where}: is not valid CSV: {error}{open_quote}")


def separator_of(head: list[str], expected: str) -> str:
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


def _unnamed(header: list[str]) -> int:
    """How many columns at the end have no name, as where a spreadsheet ends every line with a separator."""
    n_named = next((n for n in range(len(header), 0, -1) if header[n - 1]), 0)
    return len(header) - n_named if n_named else 0


def _without_blank_end(cells: list[str], n_named: int) -> list[str]:
    """The cells below names, where those beyond them are blank; else all of them, which then do not fit the header."""
    return cells if any(map(str.strip, cells[n_named:])) else cells[:n_named]


def _check_header(header: list[str], place: str) -> None:
    if not header:
        raise SuiteError(f"{place}: the file is empty; its first line must name every column once")
    if twice := next((name for name, n in Counter(header).items() if name and n > 1), None):
        raise SuiteError(
            f"{place}: the column {word(twice)} stands there twice; the first line must name every column once "
            f"(columns seen: {columns(header)})"
        )
    if "" in header:
        at = header.index("")
        why = "a separator too many?" if at else "an index that pandas wrote? Write the file with to_csv(index=False)"
        raise SuiteError(
            f"{place}: column {at + 1} has no name ({why}); the first line must name every column once "
            f"(columns seen: {columns(header)})"
        )
