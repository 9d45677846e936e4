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
import os
from io import BufferedWriter
from pathlib import Path

from evalkit.errors import StoreError

_DEVICES = ("/dev/", "/proc/self/fd/")
"""`/dev/stdout`, or a pipe of the shell: links of the system's own, which no checkout can bring."""


def open_to_write(path: Path, *, append: bool = False, new: bool = False) -> BufferedWriter:
    """A file to write, made where it is missing and emptied unless `append`; with `new` it may not be there yet.

    Raises OSError where it cannot be written, or is a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else 0 if new else os.O_TRUNC)
    return os.fdopen(open_descriptor(path, flags | (os.O_EXCL if new else 0)), "ab" if append else "wb")


def open_descriptor(path: Path, flags: int) -> int:
    """As os.open with these flags, closed in children, but not through a link. Raises OSError."""
    if not str(path).startswith(_DEVICES):
        flags |= os.O_NOFOLLOW
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a link, and evalkit writes through none", str(path)) from error
        raise


def write_file(path: Path, content: str | bytes, *, new: bool = False) -> None:
    """Write a whole file (text as UTF-8). Raises OSError as `open_to_write`."""
    with open_to_write(path, new=new) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


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
