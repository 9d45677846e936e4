"""The process in which a model's code runs, and the walls around it.

    run_program("assert 1 + 1 == 2", limit_s=10, memory_mb=1024)      # Ran(passed=True, ...)

The walls are the kernel's (seccomp, Linux on x86-64 and ARM64; no privilege needed): no socket, no new process or
program, no signal to another process, no file opened for writing, made, moved or removed. Beside them: an empty
environment, limits on processor time and memory, wall time kept by the parent, and death with the parent. Files may be
read, but nothing can leave the process except whether the tests passed.
"""

from __future__ import annotations

import builtins
import ctypes
import math
import os
import platform
import resource
import secrets
import sys
from dataclasses import dataclass

_EPERM, _ENOSYS = 1, 38
_RET_ALLOW, _RET_ERRNO, _RET_KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_CLONE_THREAD = 0x00010000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22

# fmt: off
_ARCHES = {
    # machine: (audit number, open calls as (number, place of the flags), clone, everything refused)
    "x86_64": (0xC000003E, ((2, 1), (257, 2)), 56, (
        41, 42, 43, 44, 46, 49, 50, 53, 288, 299, 307,          # sockets
        57, 58, 59, 322, 62, 200, 234, 424, 434, 101, 310, 311,  # fork, exec, kill, ptrace, other processes' memory
        109, 112, 302, 425, 426, 321, 298, 323, 165, 272, 308,   # sessions, limits of others, io_uring, bpf, mounts
        76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 133, 188, 189, 235, 132, 161,
        258, 259, 260, 263, 264, 265, 266, 268, 280, 316, 452,   # files made, moved, removed, changed
    )),
    "aarch64": (0xC00000B7, ((56, 2),), 220, (
        198, 199, 200, 201, 202, 203, 206, 211, 242, 243, 269,
        221, 281, 129, 130, 131, 138, 424, 434, 117, 270, 271,
        154, 157, 261, 425, 426, 280, 241, 282, 40, 97, 268,
        45, 33, 34, 35, 36, 37, 38, 5, 6, 53, 54, 88, 276, 452, 51,
    )),
}
_ABSENT = (435, 437)  # clone3, openat2: their flags lie in memory, so libraries are told to use the older calls
# fmt: on

_permission = {"allowed": False}


def allow() -> None:
    """The person running evalkit allows code to be run in this process's life."""
    _permission["allowed"] = True


def allowed() -> bool:
    """Whether `allow` was called."""
    return _permission["allowed"]


def unsupported() -> str | None:
    """Why the walls cannot be built on this machine; None when they can."""
    if sys.platform != "linux" or platform.machine() not in _ARCHES:
        return f"it needs Linux on {' or '.join(_ARCHES)}, and this is {sys.platform} on {platform.machine()}"
    return None


SAID_BYTES = 1000
"""What the process may say: a word and the name of an error."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    passed: bool
    reason: str
    broken: bool = False
    """The walls could not be built: nothing was run, and nothing may be said about the code."""


def run_program(program: str, *, limit_s: float, memory_mb: int) -> Ran:
    """Run a program to its end. It passed when its last line was reached; `limit_s` is wall time."""
    from evalkit import child  # here: the process that runs the code starts this very file, without site-packages

    word = secrets.token_hex(16)
    command = child.python("-S", "-B", "-W", "ignore", __file__, str(limit_s), str(memory_mb))
    given = f"{word}\n{program}".encode("utf-8", "replace")
    try:
        ran = child.run(command, timeout_s=limit_s + 5, stdin=given, environment={}, most_bytes=SAID_BYTES)
    except child.ChildTooSlow:
        return Ran(False, f"not done within {limit_s:g} s")
    except child.ChildFailed as error:
        loud = isinstance(error, child.ChildTooLoud)
        return Ran(False, "it wrote more than a result" if loud else f"it could not be run: {error}", broken=not loud)
    said = ran.out.decode("utf-8", "replace").strip()
    if said == f"{word} passed":
        return Ran(True, "the tests passed")
    why = f"the program ended before its tests did (exit {ran.code})"
    if said.startswith(f"{word} failed: "):
        why = _known_error(said.removeprefix(f"{word} failed: "))
    broken = said.startswith(f"{word} no walls: ")
    return Ran(False, "the kernel refused the walls around the code (seccomp)" if broken else why, broken)


def _known_error(name: str) -> str:
    """The name where it is one of Python's own errors. Anything else could be text that the code chose.

    The code may read files, this process's environment among them; what it says must not reach a stored result.
    """
    kind = getattr(builtins, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else "an error of its own"


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def _steps() -> list[tuple[int, int, int, int]]:
    """The filter: (code, jump if true, jump if false, value); jumps count the steps that are passed over."""
    audit, opens, clone, refused = _ARCHES[platform.machine()]
    steps = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _RET_KILL),
        (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _RET_KILL),
    ]  # fmt: skip
    for number in refused:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _RET_ERRNO | _EPERM)]
    for number in _ABSENT:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _RET_ERRNO | _ENOSYS)]
    for number, place in opens:
        steps += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, 16 + 8 * place), (_ANY_BIT, 0, 1, _WRITES),
                  (_RETURN, 0, 0, _RET_ERRNO | _EPERM), (_RETURN, 0, 0, _RET_ALLOW)]  # fmt: skip
    steps += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, 16), (_ANY_BIT, 1, 0, _CLONE_THREAD),
              (_RETURN, 0, 0, _RET_ERRNO | _EPERM), (_RETURN, 0, 0, _RET_ALLOW)]  # fmt: skip
    return [*steps, (_RETURN, 0, 0, _RET_ALLOW)]


def _build_walls(limit_s: float, memory_mb: int) -> None:
    """Everything above, for this process. Raises OSError when the kernel refuses."""
    cpu = math.ceil(limit_s)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    libc = ctypes.CDLL(None, use_errno=True)
    steps = (_Step * len(_steps()))(*[_Step(*step) for step in _steps()])
    program = _Filter(len(steps), steps)
    for call in (
        (_PR_SET_PDEATHSIG, 9, 0, 0, 0),
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


def _serve(limit_s: float, memory_mb: int) -> None:
    """Read a word and a program from standard input, run it, and say under that word how it ended."""
    word, _, program = sys.stdin.buffer.read().decode("utf-8", "replace").partition("\n")
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the program prints goes nowhere
    try:
        _build_walls(limit_s, memory_mb)
    except OSError as error:
        os.write(out, f"{word} no walls: {error.strerror}".encode())
        return
    try:
        exec(compile(program, "solution", "exec"), {"__name__": "__solution__"})
    except BaseException as error:  # noqa: BLE001 - whatever it raises, SystemExit too, is its result
        os.write(out, f"{word} failed: {type(error).__name__}"[:200].encode("utf-8", "replace"))
    else:
        os.write(out, f"{word} passed".encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
