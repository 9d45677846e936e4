"""Width and height of a picture, from the beginning of its file.

    pixels(data, "image/png")      # (1240, 1754)

Nothing is decoded: a few bytes at known places are read, so that a hostile file can do no more than lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})
"""Of the JPEG markers C0 to CF those that begin no frame: tables, and what is reserved."""
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


def pixels(data: bytes, media_type: str) -> tuple[int, int] | None:
    """Width and height; None where the file does not say, being cut short or no picture behind its first bytes."""
    found = _READERS[media_type](data)
    return found if found is not None and min(found) > 0 else None


def _png(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif(data: bytes) -> tuple[int, int] | None:
    return None if len(data) < 10 else (_little(data[6:8]), _little(data[8:10]))


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF or marker in _BARE:  # padding, or a marker that stands alone
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if len(data) < 30:
        return None
    if kind == b"VP8X":
        return 1 + _little(data[24:27]), 1 + _little(data[27:30])
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    if kind == b"VP8L" and data[20] == 0x2F:
        both = _little(data[21:25])
        return 1 + (both & 0x3FFF), 1 + ((both >> 14) & 0x3FFF)
    return None


def _little(number: bytes) -> int:
    return int.from_bytes(number, "little")


_READERS: Mapping[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
}
