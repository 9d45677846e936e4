"""What the heads of a Parquet file's pages say of sizes, without unpacking a page.

    with heads_of(path) as heads:
        heads.bound(column)        # 44: no text of this column of a row group is longer; None: one has to look
        heads.sizes(column)        # (4000, 32000): values that a reader takes of it, and bytes once they are unpacked

A part of a million rows has 9,000 columns of texts in its row groups, nearly all of them empty or of a few names.
Opening each by Arrow to see the longest text takes half a second of the one thread that draws the board's pages, so the
heads of pages are read first.

What a footer says of sizes is not believed: nothing stops whoever writes a file from lying there, and no reader looks
at it. A page's own head is what readers allocate by, so it has to say the truth. Only heads that are wholly understood,
as writers of Parquet make them, give a bound.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.frozen import dataclass
from evalkit.reading import open_to_read

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# Thrift's compact protocol: 0x15 is the next field, a number; a struct's last byte is 0.
_NUMBER = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
_SIZES = rb"\x15(" + _NUMBER + rb")\x15(" + _NUMBER + rb")(?:\x15" + _NUMBER + rb")?"
_DICTIONARY = re.compile(
    rb"\x15\x04" + _SIZES + rb"[\x3c\x4c]\x15" + _NUMBER + rb"\x15" + _NUMBER + rb"[\x11\x12]?\x00\x00"
)
"""Kind 2, its sizes unpacked and packed, maybe a checksum, then how many values in which encoding, maybe sorted."""
_VALUES = re.compile(
    rb"\x15\x00" + _SIZES + rb"[\x1c\x2c](?:\x15" + _NUMBER + rb"){4}(?:\x1c(?:\x36" + _NUMBER + rb")?\x00)?\x00\x00",
)
"""Kind 0: the same, with at most the number of missing values as its statistics: those of texts quote them."""
_UNKNOWN = 2**62


@dataclass(frozen=True, slots=True)
class PageHeads:
    """A file whose heads are read."""

    bytes: mmap.mmap

    def bound(self, column: pq.ColumnChunkMetaData) -> int | None:
        """Bytes that no text is longer than in the dictionary of a column of a row group or, where it has none, in its
        first page; None: one has to look."""
        at, first = column.dictionary_page_offset, column.data_page_offset
        if at is not None and not 0 < at < first:
            return None  # readers differ in where such a column begins
        head = (_VALUES if at is None else _DICTIONARY).match(self.bytes, first if at is None else at)
        return None if head is None else max(_number(head[1]), _number(head[2]))

    def sizes(self, column: pq.ColumnChunkMetaData) -> tuple[int, int]:
        """Values that a reader takes of a column of a row group, missing ones included, and the bytes that its pages
        take unpacked, by their heads: it stops behind the page with which it has as many as the footer says. Very many
        where a head does not say it."""
        first = column.dictionary_page_offset
        at = column.data_page_offset if first is None or not 0 < first < column.data_page_offset else first
        end, n, n_bytes = at + column.total_compressed_size, 0, 0
        try:
            while n < column.num_values and at < end:
                head, at = _record(self.bytes, at)
                held = [head[one][1] for one in _PAGES if one in head]
                if min(head[2], head[3], *held, 0) < 0 or (not held and head[1] != _KIND_OF_DICTIONARY):
                    return _UNKNOWN, _UNKNOWN
                n, n_bytes, at = n + max(held, default=0), n_bytes + head[2], at + head[3]
        except (IndexError, KeyError, ValueError, TypeError):
            return _UNKNOWN, _UNKNOWN
        return n, n_bytes


@contextmanager
def heads_of(path: Path) -> Iterator[PageHeads]:
    """The heads of a file. Raises OSError."""
    with open_to_read(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield PageHeads(content)


_KIND_OF_DICTIONARY = 2
_PAGES = (5, 8)
"""The fields of a head that are records of a page of values: of version 1, of version 2."""


def _record(content: mmap.mmap, at: int, *, depth: int = 0) -> tuple[dict[int, Any], int]:
    """A record in Thrift's compact protocol, its fields by number (texts left out), and where it ends. Raises
    ValueError or IndexError for what no head of a page has."""
    found: dict[int, Any] = {}
    number = 0
    while (byte := content[at]) != 0:
        kind, step, at = byte & 0x0F, byte >> 4, at + 1
        if step == 0:
            value, at = _varint(content, at)
            number = (value >> 1) ^ -(value & 1)
        else:
            number += step
        if number in found or depth > _MOST_DEPTH:
            raise ValueError("a field comes twice, or records stand in each other without an end")
        if kind in _NUMBERS:
            value, at = _varint(content, at)
            found[number] = (value >> 1) ^ -(value & 1)
        elif kind == _TEXT:
            value, at = _varint(content, at)
            found[number], at = None, at + value
        elif kind == _RECORD:
            found[number], at = _record(content, at, depth=depth + 1)
        elif kind in _TRUTHS:
            found[number] = None
        else:
            raise ValueError("a field of a kind that no head has")
    return found, at + 1


_TRUTHS, _NUMBERS, _TEXT, _RECORD, _MOST_DEPTH = (1, 2), (4, 5, 6), 8, 12, 4


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first, and where it ends."""
    found = shift = 0
    while True:
        byte = content[at]
        found, at = found | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return found, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _number(written: bytes) -> int:
    """A number of up to 32 bits: seven of them a byte, the lowest first, its sign in the lowest of all."""
    found = 0
    for place, byte in enumerate(written):
        found |= (byte & 0x7F) << 7 * place
    return found >> 1
