"""The door for files that are written: none is written through a link.

    with open_to_write(Path("gate.md")) as file:          # OSError where gate.md is a link
        file.write(b"...")
    refuse_links(Path("results/run"))                      # StoreError where a run holds a link

A checkout may bring links along, under the very names that evalkit writes: `results/RUN/.lock`, `gate.md`. Whoever
followed them would write what a pull request says to a file of the person's, say `~/.bashrc`. The folders on the way to
a file are the person's own affair: results are often kept on another disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path

from evalkit.errors import RunIncomplete, StoreError
from evalkit.reading import refuse_odd

_DEVICES = ("/dev/", "/proc/self/fd/")
"""`/dev/stdout`, or a pipe of the shell: links of the system's own, which no checkout can bring."""
_ENDS_IN_DIGEST = re.compile(r"-[0-9a-f]{8}\Z")
_LONGEST_NAME = 50
"""Letters that a name keeps of another: file systems take 255 bytes, and a letter may have four."""


def open_to_write(path: Path, *, append: bool = False, new: bool = False) -> BufferedWriter:
    """A file to write, made where it is missing and emptied unless `append`; with `new` it may not be there yet.

    Raises OSError where it cannot be written, or is a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else 0 if new else os.O_TRUNC)
    return os.fdopen(open_descriptor(path, flags | (os.O_EXCL if new else 0)), "ab" if append else "wb")


def open_descriptor(path: Path, flags: int) -> int:
    """As os.open with these flags, closed in children, but not through a link, and only an ordinary file: a pipe would
    be waited for. What is written alone may be a device or a pipe of the system's. Raises OSError, also as
    `reading.refuse_odd`."""
    named = not str(path).startswith(_DEVICES)
    kept = named or flags & os.O_RDWR == os.O_RDWR
    flags |= os.O_CLOEXEC | (os.O_NOFOLLOW if named else 0) | (os.O_NONBLOCK | os.O_NOCTTY if kept else 0)
    try:
        file = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a link, and evalkit writes through none", str(path)) from error
        if error.errno == errno.ENXIO:  # a pipe that nobody reads
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path)) from error
        raise
    if kept:
        try:
            refuse_odd(file, path)  # what is there is read too, or kept
        except OSError:
            os.close(file)
            raise
        os.set_blocking(file, True)
    return file


def write_file(path: Path, content: str | bytes, *, new: bool = False) -> None:
    """Write a whole file (text as UTF-8). Raises OSError as `open_to_write`."""
    with open_to_write(path, new=new) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def file_name(text: str) -> str:
    """A name of somebody else's as the name of one file or folder: no slash, no `..`, no sign that acts on a terminal.

    A plain name of letters, digits and `. , _ + - @ : = ( )` stays as it is. Any other, and one that ends as these do,
    gets the beginning of its digest at the end, so that two names never become one.
    """
    plain = re.sub(r"[^\w .,+@:=()-]+", "_", text).lstrip(".")[:_LONGEST_NAME]
    if plain == text and plain and not _ENDS_IN_DIGEST.search(text):
        return text
    return f"{plain or 'unnamed'}-{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"


def refuse_links(folder: Path) -> None:
    """Raises StoreError where a run's folder, or a folder in it, holds a link: evalkit never puts one there."""
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink():
                raise StoreError(
                    f"{path} is a link: evalkit puts none into a run, and would write to what it points to. It may "
                    "have come with a pull request. Remove it, or begin a new run: --new.",
                    path,
                )


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file at once, confirmed by the disk. Raises RunIncomplete when it cannot; the old file then stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.unlink(missing_ok=True)  # of a process of this number before us, or a link that somebody put there
        with open_to_write(draft, new=True) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        barred = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        way = "Move away what lies there" if path.is_dir() else "Make it writable" if barred else "Free some space"
        raise RunIncomplete(
            f"{path} could not be written ({error.strerror}). What it said before is kept. {way} and run the same "
            "command again."
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)  # an interrupt too leaves nothing behind
