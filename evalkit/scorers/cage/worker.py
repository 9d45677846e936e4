"""The program that builds the cage around itself and then runs the code of a model. Started by `code_worker`.

    python -I -S -B -W ignore worker.py LIMIT_S MEMORY_MB CAGES PARENT    < "WORD\\nprogram"    > "WORD passed"

CAGES: `namespaces,landlock`; tests take one of them away. One of the two must be built, or nothing is run. PARENT: the
number of the process that started it.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import select
import sys

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_MOST_DESCRIPTORS = 64
_MOST_THREADS = 64
_KILLED = 9


class NoCage(Exception):
    """The kernel does not give what the cage needs."""


def limit_resources(limit_s: float, memory_mb: int) -> None:
    """Processor time, memory, descriptors, no core and no byte in any file."""
    cpu = math.ceil(limit_s)
    for kind, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory_mb << 20),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _MOST_DESCRIPTORS),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def build(limit_s: float, memory_mb: int, cages: list[str], parent: int) -> None:
    """Build the cage around this process; it may go on as a child of itself. Raises NoCage.

    `parent`: the number of evalkit's process; where that has ended, so does this.
    """
    alone = enclose(cages, parent)
    shut(limit_s, memory_mb, alone=alone)


def enclose(cages: list[str], parent: int) -> bool:
    """The first half of `build`: no file but the visible ones. Whether there are namespaces too. Raises NoCage."""
    # Neighbours of this file, whose folder `main` put on sys.path: there is no package evalkit in this process.
    # Both now: behind the cage this folder is not seen any more.
    import files  # type: ignore[import-not-found]
    import syscalls  # type: ignore[import-not-found]  # noqa: F401

    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    alone = "namespaces" in cages and files.enter_namespaces(libc)
    _prctl(libc, _PR_SET_PDEATHSIG, _KILLED)  # after the namespaces: a new user namespace forgets it
    if os.getppid() != parent:
        os._exit(1)
    if alone:
        _go_on_as_child(libc)
        alone = files.change_root(libc)
    behind = "landlock" in cages and files.restrict_files(libc)
    if not alone and not behind:
        raise NoCage("neither namespaces nor Landlock")
    return bool(alone)


def shut(limit_s: float, memory_mb: int, *, alone: bool) -> None:
    """The second half: limits, no capability, and no system call but the allowed ones. Raises NoCage.

    `alone`: whether this process is in namespaces of its own.
    """
    import files
    import syscalls

    libc = ctypes.CDLL(None, use_errno=True)
    limit_resources(limit_s, memory_mb)
    if alone:
        resource.setrlimit(resource.RLIMIT_NPROC, (_MOST_THREADS, _MOST_THREADS))  # counted in the namespace only
    if not files.drop_capabilities(libc):
        raise NoCage("capabilities cannot be given up")
    try:
        syscalls.refuse_other_calls(libc)
    except OSError as error:
        raise NoCage(f"seccomp: {error.strerror}") from error


def end_with_parent() -> None:
    """Have the kernel end this process with the one that forked it. Raises NoCage."""
    _prctl(ctypes.CDLL(None, use_errno=True), _PR_SET_PDEATHSIG, _KILLED)


def _go_on_as_child(libc: ctypes.CDLL) -> None:
    """Fork: the child is the first process of the new namespace. The parent ends as the child does."""
    alive, held = os.pipe()
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    os.close(held)
    _prctl(libc, _PR_SET_PDEATHSIG, _KILLED)
    if select.select([alive], [], [], 0)[0]:  # the parent ended before that: its end of the pipe is closed
        os._exit(1)
    os.close(alive)


def _prctl(libc: ctypes.CDLL, what: int, value: int) -> None:
    if libc.prctl(what, value, 0, 0, 0) != 0:
        raise NoCage(os.strerror(ctypes.get_errno()))


def main(limit_s: float, memory_mb: int, cages: list[str], parent: int) -> None:
    """Read a word and a program from standard input, run it, and say under that word how it ended."""
    word, _, program = sys.stdin.buffer.read().decode("utf-8", "replace").partition("\n")
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # what the program prints goes nowhere
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    sys.path.insert(0, _HERE)
    try:
        build(limit_s, memory_mb, cages, parent)
    except (NoCage, OSError) as error:
        os.write(out, f"{word} no cage: {error}".encode()[:400])
        os._exit(0)
    finally:
        sys.path.remove(_HERE)
    try:
        exec(compile(program, "solution", "exec"), {"__name__": "__solution__"})
    except BaseException as error:  # noqa: BLE001 - whatever it raises, SystemExit too, is its result
        os.write(out, f"{word} failed: {type(error).__name__}"[:200].encode("utf-8", "replace"))
    else:
        os.write(out, f"{word} passed".encode())
    os._exit(0)


_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120

if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(","), int(sys.argv[4]))
