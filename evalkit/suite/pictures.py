"""Pictures that a suite's records name: found among the suite's own files, told by their first bytes, read when sent.

    pictures = Pictures(Path("suites"))
    pictures.find("pages/1.png")     # Image("pages/1.png", "image/png", 12_345, 1240, 1754, "0f3a...", read=...)

A path is as every path of a suite: relative to it, and inside the allowed folders (`evalkit.paths`). Nothing is
fetched: an address is refused. Each file is read once to know its digest, and again when it is sent, by then with the
digest checked; the bytes are not kept in between.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path, PurePosixPath

from evalkit import paths
from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.late import late
from evalkit.paths import Inside
from evalkit.records import Image, Message

MOST_BYTES = 10 * 2**20
"""Bytes of one picture. Providers take less: Bedrock 3.75 MB, Anthropic 5 to 10 MB in base64 (their pages, 2026-11)."""
MOST_BYTES_A_PROMPT = 20 * 2**20
"""Bytes of all pictures of one prompt: in base64 they stay below the 32 MB of a whole request that Anthropic takes
(platform.claude.com, "Vision")."""
MOST_A_PROMPT = 100
"""Pictures of one prompt, the most that Anthropic's models of 200k tokens take (the same page)."""
KINDS = "PNG, JPEG, WebP and GIF"
_ADDRESS = late(r"(?i)\s*(?:[a-z][a-z0-9+.-]+:|//)")
_Stamp = tuple[int, int, int]
_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})
"""Of the JPEG markers C0 to CF those that begin no frame: tables, and what is reserved."""
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


def media_type(start: bytes) -> str | None:
    """The type that the first twelve bytes of a file say, whatever its name is; None for no picture that is sent."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return None


def image_of(data: bytes, name: str, read: Callable[[], bytes] | None = None) -> Image:
    """The picture that these bytes are. Raises ValueError (half a sentence) for other files and for large ones."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"is larger than {MOST_BYTES // 2**20} MB, the most that one picture may have")
    kind = media_type(data[:12])
    if kind is None:
        raise ValueError(f"is no picture by its first bytes; sent are {KINDS}" if data else "is empty")
    size = pixels(data, kind)
    if size is None:
        raise ValueError(f"begins like a picture ({kind}) and says no width and height: it is damaged or cut short")
    return Image(name, kind, len(data), *size, hashlib.sha256(data).hexdigest(), read=read)


@dataclass(frozen=True)
class Pictures:
    """The pictures below a suite's folder. What a file is, is remembered until the file changes."""

    folder: Path
    _known: dict[str, tuple[Inside, _Stamp, Image]] = field(default_factory=dict, compare=False, repr=False)
    _read: dict[tuple[Path, _Stamp], Image] = field(default_factory=dict, compare=False, repr=False)
    """By file: one that is named in a thousand spellings is read once."""

    def find(self, written: str) -> Image:
        """The picture at this path. Raises ValueError with half a sentence that begins with the path."""
        if (known := self._known.get(written)) is not None and _stamp(known[0]) == known[1]:
            return known[2]
        shown = written if written.isprintable() else repr(written)  # a message is one line
        shown = shown if len(shown) <= 300 else f"{shown[:300]}…"
        if _ADDRESS.match(written):
            raise ValueError(
                f"{shown}: is an address, and evalkit fetches no pictures: what is there may change, and the request "
                "would tell that you ask. Save the picture among the suite's files, and name the file"
            )
        try:
            file = paths.find(written, self.folder, label=shown)
            stamp = _stamp(file)
            same = self._read.get((file.real, stamp)) if stamp is not None else None
            data = b"" if same is not None else self._bytes(file, shown)
        except SuiteError as error:
            raise ValueError("; ".join(error.complaints)) from error
        try:
            image = same or image_of(data, _name(written), read=lambda: file.read(MOST_BYTES + 1))
        except ValueError as error:
            raise ValueError(f"{shown}: {error}") from error
        image = replace(image, name=_name(written))
        if stamp is not None:
            self._known[written] = (file, stamp, image)
            self._read[file.real, stamp] = image
        return image

    @staticmethod
    def _bytes(file: Inside, shown: str) -> bytes:
        if file.is_dir():
            raise SuiteError(f"{shown}: is a folder; name one picture in it")
        if not file.exists():
            raise SuiteError(
                f"{shown}: there is no such file (paths of pictures are relative to the suite file, "
                "in Python to the working directory)"
            )
        try:
            return file.read(MOST_BYTES + 1)
        except OSError as error:
            raise SuiteError(f"{shown}: cannot be read: {error.strerror or error}") from error


def check_sum(messages: Iterable[Message]) -> None:
    """Raises ValueError (half a sentence) where the pictures of a prompt are too many, or too large together."""
    found = [image for message in messages for image in message.images]
    check_number(len(found))
    if (total := sum(image.size for image in found)) > MOST_BYTES_A_PROMPT:
        raise ValueError(
            f"have {total / 2**20:.1f} MB together in one prompt; the most is {MOST_BYTES_A_PROMPT // 2**20} MB"
        )


def check_number(n: int) -> None:
    """Raises ValueError (half a sentence) where so many pictures are too many for a prompt."""
    if n > MOST_A_PROMPT:
        raise ValueError(f"are {n:,} pictures in one prompt; the most is {MOST_A_PROMPT}")


def _name(written: str) -> str:
    """What a run folder calls it: no folder outside the suite, as an absolute path would tell."""
    return PurePosixPath(written).name if os.path.isabs(written) or written.startswith("~") else written  # noqa: PTH117


def _stamp(file: Inside) -> _Stamp | None:
    """What the file system says of the file now, which another content changes; None where it says nothing."""
    try:
        found = file.real.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def pixels(data: bytes, media_type: str) -> tuple[int, int] | None:
    """Width and height; None where the file does not say, being cut short or no picture behind its first bytes.

    Nothing is decoded: a few bytes at known places are read, so that a hostile file can do no more than lie.
    """
    found = _READERS[media_type](data)
    return found if found is not None and min(found) > 0 else None


def _png(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif(data: bytes) -> tuple[int, int] | None:
    return None if len(data) < 10 else (_little(data[6:8]), _little(data[8:10]))


_MOST_SEGMENTS = 5_000
"""Of a JPEG before its size: cameras and editors write some hundred, and a file of empty ones took seconds."""


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:
            break
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
