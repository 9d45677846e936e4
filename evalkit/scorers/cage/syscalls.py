"""Which system calls the code may make: an allow-list as a seccomp filter. Everything else is refused by the kernel.

Allowed is what Python needs to compute: memory, threads, clocks, files opened for reading, pipes it already has. Not
among it: sockets, processes and programs, signals, shared memory, keys, mounts, names of the machine, clocks to set,
tracing, bpf, io_uring, userfaultfd, files made or changed.

Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux.
"""

from __future__ import annotations

import ctypes
import os
import platform

_EPERM, _ENOSYS = 1, 38
_RET_ALLOW, _RET_ERRNO, _RET_KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_CLONE_THREAD = 0x00010000
_PR_SET_SECCOMP = 22
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX: is this a terminal, and flags of one's own descriptors."""
_FCNTLS = (0, 1, 2, 3, 4, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. Not F_SETOWN: it sends signals to other processes."""

# fmt: off
_PLAIN_X86 = (
    0, 1, 3, 4, 5, 6, 7, 8, 17, 19, 20, 21, 23, 32, 33, 78, 79, 80, 89, 137, 138, 217, 221, 232, 233, 262, 267, 269,
    270, 271, 281, 291, 292, 295, 332, 213, 290, 22, 293,                     # files and pipes, read only
    9, 10, 11, 12, 25, 28, 131, 158, 218, 273, 274, 324, 334, 202,       # memory and threads
    13, 14, 15, 34, 127, 128, 130, 219, 36, 37, 38,                      # its own signals and timers
    24, 35, 39, 60, 63, 96, 97, 98, 99, 100, 102, 104, 107, 108, 110, 111, 115, 160, 186, 201, 204, 228, 229, 230,
    231, 309, 318,
)
_PLAIN_ARM = (
    17, 19, 20, 21, 22, 23, 24, 43, 44, 48, 49, 57, 59, 61, 62, 63, 64, 65, 66, 67, 69, 72, 73, 78, 79, 80, 223, 291,
    214, 215, 216, 222, 226, 233, 132, 96, 98, 99, 100, 283, 293,
    133, 134, 135, 136, 137, 139, 128, 102, 103,
    93, 94, 101, 113, 114, 115, 123, 124, 153, 155, 158, 160, 163, 164, 165, 168, 169, 172, 173, 174, 175, 176, 177,
    178, 179, 278,
)
_ARCHES = {
    # machine: (audit number, allowed as they are, open calls as (number, place of the flags),
    #           allowed with one of these values as (number, place, values), clone)
    "x86_64": (0xC000003E, _PLAIN_X86, ((2, 1), (257, 2)), ((16, 1, _IOCTLS), (72, 1, _FCNTLS), (302, 0, (0,))), 56),
    "aarch64": (0xC00000B7, _PLAIN_ARM, ((56, 2),), ((29, 1, _IOCTLS), (25, 1, _FCNTLS), (261, 0, (0,))), 220),
}
_ABSENT = (435, 437, 439, 449, 452, 453, 462)
"""clone3, openat2, faccessat2 and younger ones: libraries that hear of no such call use an older one."""
# fmt: on


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def is_known_machine() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return platform.machine() in _ARCHES


def _steps() -> list[tuple[int, int, int, int]]:
    """The filter: (code, jump if true, jump if false, value); jumps count the steps that are passed over."""
    audit, plain, opens, valued, clone = _ARCHES[platform.machine()]
    allow, refuse = (_RETURN, 0, 0, _RET_ALLOW), (_RETURN, 0, 0, _RET_ERRNO | _EPERM)
    steps = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _RET_KILL),
        (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _RET_KILL),  # the x32 numbers
    ]  # fmt: skip
    for number in plain:
        steps += [(_EQUAL, 0, 1, number), allow]
    for number in _ABSENT:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _RET_ERRNO | _ENOSYS)]
    for number, place in opens:
        steps += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, 16 + 8 * place), (_ANY_BIT, 0, 1, _WRITES), refuse, allow]
    for number, place, values in valued:
        checks = [step for value in values for step in ((_EQUAL, 0, 1, value), allow)]
        steps += [(_EQUAL, 0, 2 + len(checks), number), (_LOAD, 0, 0, 16 + 8 * place), *checks, refuse]
    steps += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, 16), (_ANY_BIT, 1, 0, _CLONE_THREAD), refuse, allow]
    return [*steps, refuse]


def refuse_other_calls(libc: ctypes.CDLL) -> None:
    """Put the filter on this process for good. Raises OSError when the kernel refuses."""
    steps = (_Step * len(_steps()))(*[_Step(*step) for step in _steps()])
    program = _Filter(len(steps), steps)
    if libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
