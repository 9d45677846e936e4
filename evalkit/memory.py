"""How much memory there is and is left, and a bound on what one JSON document takes of it.

    refuse_beyond(n_bytes, times=4)     # OddFile where so many times a file's bytes are more than is left
    with within_left(n_bytes): ...      # MemoryError, and not the kernel's killer of processes, beyond 3/4 of it

A document of a gigabyte takes three to four gigabytes once Python has read it, and eight where it is made to. Beyond
what the machine has, the kernel ends the process without a word, or another one.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evalkit.reading import OddFile, read_file

_NO_BOUND = 2**63
_LARGE = 64 * 2**20
"""Bytes of a document up to which nobody looks: it takes half a gigabyte at most."""
_SHARE = 0.75
_GROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
"""What a control group may have, what it has, and what of that is a cache of files: of version 2, of version 1."""
_PLACE, _STATUS, _MACHINE = Path("/sys/fs/cgroup"), Path("/proc/self/status"), Path("/proc/meminfo")


def memory_bytes() -> int:
    """Of this machine, or what its control group may have where that is less; without a word of either 2**63."""
    found = [_NO_BOUND]
    with suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    found += [most for name, _, _ in _GROUPS if (most := _number(name)) is not None]  # "max": none
    return min(found)


def memory_left() -> int:
    """What this process may still take: of the machine, and of its control group. Without a word of either 2**63."""
    found = [_NO_BOUND]
    if (free := _figures(_MACHINE).get("MemAvailable")) is not None:
        found.append(free)
    for most_name, used_name, kept in _GROUPS:
        most, used = _number(most_name), _number(used_name)
        if most is not None and used is not None:
            said = _figures((_PLACE / most_name).with_name("memory.stat"), unit=1)
            found.append(max(0, most - used + said.get(kept, 0)))
    return min(found)


def refuse_beyond(n_bytes: int, *, times: int, name: str = "") -> None:
    """Raises OddFile where so many times these bytes are more than is left; a small document is not looked at."""
    if n_bytes > _LARGE and times * n_bytes > (left := memory_left()):
        raise OddFile(
            errno.ENOMEM,
            f"it has {n_bytes // 1_000_000:,} MB, which take some {times * n_bytes / 1e9:.1f} GB once they are read, "
            f"and {left / 1e9:.1f} GB of memory are left; read a part of it, or on a machine with more",
            name,
        )


@contextmanager
def within_left(n_bytes: int) -> Iterator[None]:
    """While a document of so many bytes is read: beyond 3/4 of the memory that is left comes MemoryError.

    Only for Python's own objects. Arrow, DuckDB and threads reserve far more than they ever use, which counts here; so
    nothing is bounded where other threads run. Nor where the document is small, or the system does not say.
    """
    taken, left = _figures(_STATUS).get("VmData"), memory_left()
    if n_bytes <= _LARGE or taken is None or left == _NO_BOUND or threading.active_count() > 1:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    most = taken + int(_SHARE * left)
    if before[0] != resource.RLIM_INFINITY and before[0] <= most:
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _number(name: str) -> int | None:
    try:
        return int(read_file(_PLACE / name, most=100))
    except (OSError, ValueError):
        return None


def _figures(path: Path, *, unit: int = 1024) -> dict[str, int]:
    """Lines such as `MemAvailable:  2048 kB`, in bytes."""
    found = {}
    with suppress(OSError):
        for line in read_file(path).split(b"\n"):
            name, _, said = line.decode("ascii", "replace").replace(":", " ").partition(" ")
            words = said.split()
            if words and words[0].isdigit():
                found[name] = int(words[0]) * unit
    return found
