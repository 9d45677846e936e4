"""The heads of Parquet pages, read for one number: how many bytes a page takes, without unpacking it.

    with heads_of(path) as heads:
        heads.bound(column)        # 44: no text of this column of a row group is longer; None: one has to look

A part of a million rows has 9,000 columns of texts in its row groups, nearly all of them empty or of a few names.
Opening each by Arrow to see the longest text takes half a second of the one thread that draws the board's pages.

What a footer says of sizes is not believed: nothing stops whoever writes a file from lying there, and no reader looks
at it. A page's own head is what readers allocate by, so it has to say the truth. Only heads that are wholly understood,
as writers of Parquet make them, give a bound; for the rest one has to look.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.frozen import dataclass

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


@contextmanager
def heads_of(path: Path) -> Iterator[PageHeads]:
    """The heads of a file. Raises OSError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield PageHeads(content)


def _number(written: bytes) -> int:
    """A number of up to 32 bits: seven of them a byte, the lowest first, its sign in the lowest of all."""
    found = 0
    for place, byte in enumerate(written):
        found |= (byte & 0x7F) << 7 * place
    return found >> 1
