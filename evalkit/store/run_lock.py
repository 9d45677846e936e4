"""The lock of a run folder: one process writes a run at a time, and a killed one never blocks the next."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import StoreError
from evalkit.reading import open_to_read
from evalkit.writing import open_descriptor, refuse_links

if TYPE_CHECKING:
    pass


LOCK = ".lock"


@contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Hold the run for writing. Raises StoreError when another process does, naming its process id, and where
    the folder holds a link, through which a file elsewhere would be written.

    The kernel gives the lock back however the process ends, so a leftover lock file never blocks.
    """
    refuse_links(folder)
    path = folder / LOCK
    fd = _take_lock(path)
    try:
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # while it is still held: whoever waits sees that the file is gone and takes a new one
        os.close(fd)


def is_locked(folder: Path) -> bool:
    """Whether a process is writing the run now."""
    try:
        with open_to_read(folder / LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def holder(folder: Path) -> int | None:
    """The process that says it is writing the run; None where none does. Ask `is_locked` whether it still is."""
    try:
        with open_to_read(folder / LOCK) as file:
            return int(file.read(20))
    except (OSError, ValueError):
        return None


def taken_at(folder: Path) -> float | None:
    """When the session that writes the run began, in seconds since 1970; None where none does."""
    with suppress(OSError):
        return (folder / LOCK).stat().st_mtime
    return None


def _take_lock(path: Path) -> int:
    for _ in range(20):
        try:
            fd = open_descriptor(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise StoreError(f"{path.parent} cannot be written ({error.strerror}).", path.parent) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
            os.close(fd)
            time.sleep(0.005)  # `is_locked` of a reader holds it for an instant
            continue
        except OSError as error:
            os.close(fd)
            raise StoreError(
                f"{path.parent} is on a file system without locks ({error.strerror}), so two runs could mix there. "
                "Choose a local folder: --results.",
                path.parent,
            ) from error
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(fd).st_ino:
                return fd
        os.close(fd)  # its last holder removed it meanwhile
        holder = ""
    who = f"process {holder}" if holder else "another process"
    raise StoreError(
        f"{path.parent} is being written by {who}. Wait until it ends, or start a run beside it: --new.", path.parent
    )
