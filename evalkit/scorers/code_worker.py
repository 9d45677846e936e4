"""Running a model's code in a process of its own, inside a cage (`evalkit.scorers.cage`).

    run_program("assert 1 + 1 == 2", limit_s=10, memory_mb=1024)      # Ran(passed=True, ...)

The cage is the kernel's (Linux on x86-64 and ARM64; no privilege needed). Files: Python's library and the system's
libraries can be read, nothing else, not /proc either, by namespaces with a root folder of their own, by Landlock, or
by both. System calls: an allow-list (seccomp) without sockets, processes, signals, shared memory, or any change to a
file. Beside them: an empty environment, no capability, limits on memory, processor time, threads and descriptors, wall
time kept by the parent, and death with the parent. Where the kernel gives neither namespaces nor Landlock nothing is
run. What leaves the process is whether the tests passed, and the name of one of Python's own errors.
"""

from __future__ import annotations

import builtins
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from evalkit import child
from evalkit.memory import memory_bytes
from evalkit.scorers.cage import worker
from evalkit.scorers.cage.syscalls import is_known_machine

SAID_BYTES = 1000
"""What the process may say: a word and the name of an error."""
_here = ContextVar("code_execution", default=False)
_permission = {"allowed": False}


def allow() -> None:
    """The person running evalkit allows code to be run in this process's life."""
    _permission["allowed"] = True


@contextmanager
def allowed_here() -> Iterator[None]:
    """The person allows code to be run within this block, and in what it starts."""
    before = _here.set(True)
    try:
        yield
    finally:
        _here.reset(before)


def allowed() -> bool:
    """Whether the person allowed it."""
    return _permission["allowed"] or _here.get()


class MemoryRoom:
    """Memory for code under way, a model's and a suite's together: half of the machine's, or what one process may have
    where that is more. Each has a limit of its own, and a hundred at once would have it a hundred times."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._taken_mb = 0

    @contextmanager
    def of(self, mb: int) -> Iterator[None]:
        """So many megabytes, waited for until there is room."""
        most = memory_bytes() // 2 >> 20
        with self._free:
            self._free.wait_for(lambda: self._taken_mb == 0 or self._taken_mb + mb <= most)
            self._taken_mb += mb
        try:
            yield
        finally:
            with self._free:
                self._taken_mb -= mb
                self._free.notify_all()


ROOM = MemoryRoom()


@cache
def unsupported() -> str | None:
    """Why no cage can be built on this machine; None when one can. Builds one, the first time."""
    if sys.platform != "linux" or not is_known_machine():
        return f"it needs Linux on x86_64 or aarch64, and this is {sys.platform} on {os.uname().machine}"
    ran = run_program("", limit_s=20, memory_mb=1024)
    return ran.reason if ran.broken or not ran.passed else None


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    passed: bool
    reason: str
    broken: bool = False
    """No cage could be built: nothing was run, and nothing may be said about the code."""


def run_program(program: str, *, limit_s: float, memory_mb: int, cages: str = "namespaces,landlock") -> Ran:
    """Run a program to its end. It passed when its last line was reached; `limit_s` is wall time.

    `cages`: what keeps files from it, where the kernel has it; a test leaves one out.
    """
    word = secrets.token_hex(16)
    arguments = [str(limit_s), str(memory_mb), cages, str(os.getpid())]
    command = child.python("-S", "-B", "-W", "ignore", worker.__file__, *arguments)
    given = f"{word}\n{program}".encode("utf-8", "replace")
    try:
        with ROOM.of(memory_mb):
            ran = child.run(command, timeout_s=limit_s + 5, stdin=given, environment={}, most_bytes=SAID_BYTES)
    except child.ChildTooSlow:
        return Ran(False, f"not done within {limit_s:g} s")
    except child.ChildFailed as error:
        loud = isinstance(error, child.ChildTooLoud)
        return Ran(False, "it wrote more than a result" if loud else f"it could not be run: {error}", broken=not loud)
    said = ran.out.decode("utf-8", "replace").strip()
    if said == f"{word} passed":
        return Ran(True, "the tests passed")
    if said.startswith(f"{word} no cage: "):
        why = said.removeprefix(f"{word} no cage: ")
        return Ran(False, f"the kernel gives no cage for code ({why})", broken=True)
    why = f"the program ended before its tests did (exit {ran.code})"
    if said.startswith(f"{word} failed: "):
        why = _known_error(said.removeprefix(f"{word} failed: "))
    return Ran(False, why)


def _known_error(name: str) -> str:
    """The name where it is one of Python's own errors. Anything else could be text that the code chose."""
    kind = getattr(builtins, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else "an error of its own"
