"""Files that are not what their name says, by their first bytes: one sentence with the way out.

other_kind(b"PAR1...", "jsonl")     # 'is a Parquet file; name it .parquet, or write format: parquet'
not_utf8("d.csv", b"\xff\xfei\x00d\x00", error)
"""

from __future__ import annotations

import re
from typing import IO

from evalkit.suite.rendering import TooMuch

HEAD = 512
"""Bytes that are looked at."""
FEWEST = 8
"""Bytes from which on an encoding without a mark is told by its zeros."""
LONGEST_LINE = 64_000_000
"""Bytes of one JSON record: a thousand times a model's window."""
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
    n = 0
    while got := len(file.read(1 << 20)):
        n += got
        if n > most:
            raise TooMuch(
                f"unpacks to more than {most // 1_000_000:,} MB, over {MOST_TIMES} times its size, and is not read; "
                "unpack it yourself if it is meant so"
            )
