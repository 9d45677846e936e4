"""The door for files that are read, other than those that a suite names (`evalkit.paths`, which asks here too).

    read_file(Path("results/run/run.json"))       # its bytes; OSError where it is a device or a pipe, or hollow
    with open_to_read(path) as file: ...          # the same for a reader that takes it piece by piece
    pq.ParquetFile(looked_at(path))               # for a library that opens the file itself
    composed_yaml(text)                           # the nodes of a text; NotYaml with its line, whatever is wrong

No other module opens a file to read it; tests/test_reading_door.py walks the code for it, and names what does with the
reason why.

A checkout may bring links along under the names that evalkit reads (`results/RUN/run.json` to `/dev/zero`): whoever
read on would fill the memory, or wait for ever. Links to ordinary files are followed. A file of terabytes may be a hole
that takes a few kilobytes of an archive: nothing that evalkit or another tool writes is mostly holes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

import orjson

from evalkit.errors import UserError

MOST_BYTES = 128 * 2**20
"""Of a file, or of one line of it, that is read at once."""
MOST_VALUES = 1_000_000
"""Of one JSON text. Each takes up to 80 bytes once it is read, and a record made of them as much again; run.json of a
suite with a thousand tasks has 200,000."""
MOST_OBJECTS = 100_000
"""Of one JSON file: a record made of an object takes up to 2 kB."""
_SIGNS = (b"[", b"{", b",", b":")
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A text of JSON, also one without its end: no input makes this take more than one look at each byte."""
_SOME_TEXTS = re.compile(rb'(?:[^"]*+"(?:[^"\\]++|\\.)*+"?){1,10000}+', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_STEP, _PAGE = 2**20, 2**12
_SMALL = 16 * 2**20
"""A file up to this size is not looked through: it fills no memory."""
_MOST_ZEROS = 0.76
"""Of a megabyte of text. In UTF-16 half of its bytes are zeros, in UTF-32 three quarters."""
BLANKS = b"\0 \t\r\n"
NOTHING = "it holds a megabyte of zeros or blanks, so it is damaged or was never written; take it from its tool anew"
HOLLOW = "it is mostly a hole that was never written, so it is damaged; take it from its tool anew"
MOST_HOLES = _SMALL
"""Bytes of holes that a file may always have; beyond them it may have as many as it has bytes on the disk. A copy that
leaves zeros out (`cp --sparse=always`, a file system that packs) makes a few of a good file."""
HOLES_OF_NUMBERS = 2**30
"""The same of weights and other numbers, which may all be 0: a second or two to hash."""


class OddFile(OSError):
    """What is no ordinary file, is larger than any of ours, is mostly holes, or holds nothing but zeros for a megabyte.
    `strerror` and `str()` say so."""

    def __str__(self) -> str:
        return str(self.strerror)


def open_to_read(path: Path, *, most_holes: int = MOST_HOLES) -> BufferedReader:
    """An ordinary file, opened to read its bytes. Raises OSError where it cannot be read, or is something else."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        refuse_odd(file, path, most_holes=most_holes)
    except OSError:
        os.close(file)
        raise
    return os.fdopen(file, "rb")


def looked_at(path: Path, *, most_holes: int = MOST_HOLES) -> Path:
    """The path, for a library or a program that opens the file itself. Raises OSError as `open_to_read`."""
    open_to_read(path, most_holes=most_holes).close()
    return path


def opened_for_person(path: Path) -> BufferedReader:
    """The same of a file that the person named; below /dev is what their shell hands over: `<(...)`. Raises OSError."""
    return path.open("rb") if path.is_relative_to("/dev") else open_to_read(path)


def refuse_odd(file: int, path: Path, *, most_holes: int = MOST_HOLES) -> None:
    """Raises OddFile where what is open is no ordinary file, or is mostly holes."""
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        raise OddFile(errno.EINVAL, "it is no ordinary file", str(path))
    if about.st_size - 512 * about.st_blocks > most_holes:  # which a file system that packs says of others too
        enough = max(most_holes, about.st_size // 2)
        if _bytes_of_holes(file, about.st_size, enough) > enough:
            raise OddFile(errno.EINVAL, HOLLOW, str(path))


def _bytes_of_holes(file: int, size: int, enough: int) -> int:
    """How much of an open file was never written, counted up to `enough`; 0 where its file system does not say."""
    found = at = hole = 0
    with suppress(OSError):  # ENXIO: the hole goes on to the end
        while at < size and found <= enough:
            hole = size  # what is left where the file system knows of no holes
            hole = os.lseek(file, at, os.SEEK_HOLE)
            at = size
            at = os.lseek(file, hole, os.SEEK_DATA)
            found += at - hole
    if at == size > hole:
        found += size - hole
    os.lseek(file, 0, os.SEEK_SET)
    return found


def read_small_text(path: Path, what: str, most_bytes: int) -> tuple[bytes, str]:
    """The bytes of a person's own UTF-8 file, and its text. Raises UserError; `what`: "the policy"."""
    try:
        with opened_for_person(path) as file:
            content = file.read(most_bytes + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{what} {path} is not UTF-8; save it as UTF-8") from error
    if len(content) > most_bytes:
        size = f"{most_bytes // 1_000_000} MB" if most_bytes >= 1_000_000 else f"{most_bytes // 1000} kB"
        raise UserError(f"{what} {path} is larger than {size}")
    return content, text


def read_file(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """The bytes of an ordinary file. Raises OSError as `open_to_read`, and where it has more than `most` bytes: a file
    of zeros takes no room in an archive, and all of the memory that there is."""
    with open_to_read(path) as file:
        refuse_large(file, most)
        look_through(file)
        size = min(most, os.fstat(file.fileno()).st_size)
        content = file.read(size + 1)  # a buffer is made of as many bytes as are asked for
        while size < len(content) <= most and (more := file.read(_STEP)):  # it grew, or is of /proc
            content += more
    if len(content) > most:
        raise OddFile(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return content


def refuse_large(file: BufferedReader, most: int) -> None:
    """Raises OSError for a file of more than so many bytes, however few of them lie on the disk."""
    if os.fstat(file.fileno()).st_size > most:
        raise OddFile(errno.EFBIG, f"it has more than {most:,} bytes", str(file.name))


def look_through(file: BufferedReader, *, longest_line: int | None = None) -> None:
    """Raises OSError for text that is nothing but zeros or blanks for a megabyte, or has a longer line: a file of zeros
    takes no room on the disk or in an archive, and all of the memory that there is. Leaves it at its start.

    Looked at before anything is read whole, a megabyte at a time; small files are not."""
    if os.fstat(file.fileno()).st_size <= _SMALL:
        return
    n_line = 0
    while piece := file.read(_STEP):
        if is_nothing(piece):
            raise OddFile(errno.EINVAL, NOTHING, str(file.name))
        if longest_line is not None:
            n_line = refuse_long_line(piece, n_line, longest_line)
    file.seek(0)


def sha256_of(path: Path, *, most_nothing: int = 0) -> str:
    """The digest of an ordinary file's bytes, in hex. Raises OSError as `open_to_read`, and as `digest_in`."""
    with open_to_read(path, most_holes=max(MOST_HOLES, most_nothing)) as file:
        return digest_in(file, most_nothing=most_nothing)


def digest_in(file: BufferedReader, *, most_nothing: int = 0) -> str:
    """The digest of an open file's bytes, in hex. Raises OddFile for a large one that holds more than so many bytes
    of zeros, a megabyte at a time: they take no room in an archive, and hours to hash."""
    if os.fstat(file.fileno()).st_size <= _SMALL:
        return hashlib.file_digest(file, "sha256").hexdigest()
    found, n_nothing, piece = hashlib.sha256(), 0, bytearray(_STEP)
    while n := file.readinto(piece):
        begin = piece[::_PAGE] if n == _STEP else b""  # a hole is one of pages; to look at each byte takes as long
        if begin.count(0) > _MOST_ZEROS * _STEP / _PAGE and is_nothing(bytes(piece)):
            n_nothing += _STEP
        if n_nothing > most_nothing:
            raise OddFile(errno.EINVAL, NOTHING, str(file.name))
        found.update(piece if n == _STEP else piece[:n])
    return found.hexdigest()


def is_nothing(piece: bytes) -> bool:
    """Whether a megabyte of a file is blank, or has more zeros than any text; a shorter piece never is."""
    return len(piece) >= _STEP and (not piece.strip(BLANKS) or piece.count(0) > _MOST_ZEROS * len(piece))


def refuse_long_line(piece: bytes, n_before: int, most: int) -> int:
    """How many bytes the last line of a piece has so far, the first of which began so many bytes before the piece.

    Raises OSError where that one is longer than `most`; lines inside a piece are not looked at, being shorter."""
    ends = [at for at in (piece.find(b"\n"), piece.find(b"\r")) if at >= 0]
    if n_before + (min(ends) if ends else len(piece)) > most:
        raise OddFile(errno.EFBIG, f"it has a line of more than {most // 1_000_000} MB; write one record a line")
    last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
    return len(piece) - 1 - last if last >= 0 else n_before + len(piece)


def read_json(path: Path) -> Any:
    """What a JSON file of ours says. Raises OSError as `read_file`, ValueError for what is no JSON or holds more values
    or objects than any of ours."""
    content = read_file(path)
    if has_more_values(content, MOST_VALUES):
        raise ValueError(f"it holds more than {MOST_VALUES:,} values")
    if _has_more(content, MOST_OBJECTS, (b"{",)):
        raise ValueError(f"it holds more than {MOST_OBJECTS:,} objects")
    return orjson.loads(content)


def has_more_values(content: bytes, most: int) -> bool:
    """Whether a JSON text holds more than so many values: each but the first stands behind a sign outside its texts."""
    return _has_more(content, most, _SIGNS)


def _has_more(content: bytes, most: int, signs: tuple[bytes, ...]) -> bool:
    if len(content) <= most or sum(map(content.count, signs)) <= most:
        return False
    n = at = 0
    while n <= most and at < len(content):
        found = _SOME_TEXTS.match(content, at)  # each text takes memory until they are counted
        end = len(content) if found is None else found.end()
        n += sum(map(_TEXT.sub(b"", content[at:end]).count, signs))
        at = end
    return n > most


def lines_of(file: BufferedReader) -> Iterator[bytes | None]:
    """The lines of a file with their ends, and None for one that is longer than any of ours, or holds more values."""
    while line := file.readline(MOST_BYTES):
        if len(line) < MOST_BYTES or line.endswith(b"\n"):
            yield None if has_more_values(line, MOST_VALUES) else line
            continue
        while line and not line.endswith(b"\n"):
            _skip_hole(file)
            line = file.readline(_STEP)
        yield None


def _skip_hole(file: BufferedReader) -> None:
    """Go on where the file has something on the disk: a hole of it reads as zeros, gigabytes of them."""
    fd, at = file.fileno(), file.tell()
    raw = os.lseek(fd, 0, os.SEEK_CUR)
    try:
        found = os.lseek(fd, at, os.SEEK_DATA)
    except OSError as error:  # ENXIO: nothing but a hole is left; else this file system does not say
        found = os.fstat(fd).st_size if error.errno == errno.ENXIO else at
    os.lseek(fd, raw, os.SEEK_SET)
    file.seek(found)


def nests_deeper(text: str, most: int = 500) -> bool:
    """Whether a YAML or JSON text opens more than so many brackets inside each other.

    A reader of YAML takes time by the square of that: 20 kB of brackets were 20 s. Brackets in quotes count as well.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(0, depth - 1)
        if depth > most:
            return True
    return False


MOST_LEVELS = 100
"""Of a record, as of a suite: what walks over its values takes some calls for each, and Python allows 1,000."""


def has_more_levels(value: object, n_brackets: int) -> bool:
    """Whether lists and mappings stand in each other deeper than `MOST_LEVELS`. `n_brackets`: how many open in the text
    that it was read from, texts in quotes included; few are not looked through."""
    level, depth = [value], 0
    while n_brackets > MOST_LEVELS and level:
        depth += 1
        if depth > MOST_LEVELS + 1:
            return True
        inner = ([*one.values()] if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [one for items in inner for one in items if isinstance(one, dict | list)]
    return False


class NotYaml(ValueError):
    """A text that is no YAML.

    ruamel says most of what is wrong with a text by YAMLError. Not all: an escape beyond Unicode is a ValueError, one
    of 32 bits an OverflowError, a version that it does not know an AssertionError or a KeyError. A suite, a price file
    or a policy is anybody's text, so all of them are the text's fault, and no other module calls ruamel to read."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        """Without a full stop."""
        self.line = line
        """From 1. None: the reader does not say."""

    def at(self, name: object) -> str:
        """`prices.yaml:3`, without a line where there is none."""
        return f"{name}" if self.line is None else f"{name}:{self.line}"


def composed_yaml(text: str) -> Any:
    """The nodes of the one document; None where there is none. Raises NotYaml."""
    return _read_yaml(text, "compose")


def loaded_yaml(text: str) -> Any:
    """The document as plain values, by YAML 1.2. Raises NotYaml."""
    return _read_yaml(text, "load")


def _read_yaml(text: str, how: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.reader import Reader, ReaderError

    class Counting(Reader):
        """Keeps the line at which it stopped: ruamel puts a reader back to the beginning before it raises."""

        stopped = 0

        def reset_reader(self) -> None:
            self.stopped = getattr(self, "line", 0)
            super().reset_reader()

    yaml = YAML(typ="safe", pure=True)
    yaml.Reader = Counting
    try:
        return getattr(yaml, how)(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise NotYaml(str(error).splitlines()[0], line) from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = getattr(error, "problem", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise NotYaml(str(said), None if mark is None else mark.line + 1) from error
    except RecursionError as error:
        raise NotYaml("it is nested too deeply", None) from error
    except MemoryError:  # of the machine, not of the text
        raise
    except Exception as error:  # whatever its reader stumbles over: the text is not what it can read
        stopped = yaml.reader.stopped + 1
        raise NotYaml(
            f"an escape, a version or a tag that none has ({type(error).__name__}: {error})", stopped
        ) from error
