"""Which files the code may see: Python's library and the system's, by Landlock or by a file system of its own.

    visible_folders()           ["/usr/lib", "/usr/lib64", "/opt/python/lib", ...]
    enter_namespaces(libc)      True: this process is alone, in a root folder that holds nothing else
    restrict_files(libc)        True: the kernel opens no other file for this process (Linux 5.13 and later)

Either keeps /proc, the home folder, the checkout and the suite's data from the code; where the kernel gives both, both
are used.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_NEW_USER, _NEW_OTHERS = 0x10000000, 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
"""CLONE_NEWUSER; CLONE_NEWNS, NEWPID, NEWNET, NEWIPC, NEWUTS, NEWCGROUP."""
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT = 1, 2, 4, 8, 32
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_LANDLOCK = (444, 445, 446)
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}
_RIGHTS_NOW = 0xFFFF
"""Of Landlock's version 5 and later: all that it can refuse about files."""
_OLD = "/.old"


def visible_folders(root: str = "") -> list[str]:
    """Python's own library, the system's libraries and its time zones: those that exist, below `root`."""
    prefix = sys.base_prefix
    named = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/nix/store"]
    named += [f"{prefix}/lib", f"{prefix}/lib64"]
    return [path for path in dict.fromkeys(named) if os.path.isdir(root + path)]  # noqa: PTH112


def restrict_files(libc: ctypes.CDLL) -> bool:
    """Landlock: open files of the visible folders only, for reading. Whether the kernel took it."""
    create, add, restrict = _LANDLOCK
    version = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = ctypes.c_uint64(_RIGHTS.get(version, _RIGHTS_NOW))
    ruleset = libc.syscall(create, ctypes.byref(rights), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    try:
        for folder in visible_folders():
            place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", _READ_FILE | _READ_DIR, place)
            added = libc.syscall(add, ruleset, 1, ctypes.c_char_p(rule), 0)
            os.close(place)
            if added != 0:
                return False
        return bool(libc.syscall(restrict, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def enter_namespaces(libc: ctypes.CDLL) -> bool:
    """Namespaces of its own for this process's children (its own at once, but for process numbers). Whether it worked.

    With a user namespace where the kernel gives one, else as root without.
    """
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_USER | _NEW_OTHERS) == 0:
        try:
            for name, line in (
                ("setgroups", "deny"),
                ("uid_map", f"{user} {user} 1"),
                ("gid_map", f"{group} {group} 1"),
            ):
                _write(f"/proc/self/{name}", line)
        except OSError:
            return False
        return True
    return user == 0 and libc.unshare(_NEW_OTHERS) == 0


def change_root(libc: ctypes.CDLL) -> bool:
    """Make a root folder that holds the visible folders and nothing else, read only. Whether it worked.

    For a process in a mount namespace of its own; there is no /proc and no /dev in the new root.
    """
    base = next((path for path in ("/tmp", "/var/tmp", "/run", "/mnt") if os.path.isdir(path)), None)  # noqa: PTH112
    if base is None or libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        return False
    if libc.mount(b"tmpfs", base.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, b"size=1m,mode=755") != 0:
        return False
    os.mkdir(base + _OLD)  # noqa: PTH102
    number = _PIVOT_ROOT[platform.machine()]
    if libc.syscall(number, ctypes.c_char_p(base.encode()), ctypes.c_char_p((base + _OLD).encode())) != 0:
        return False
    os.chdir("/")
    for folder in visible_folders(_OLD):
        _show(libc, folder)
    if libc.umount2(_OLD.encode(), _MNT_DETACH) != 0:
        return False
    os.rmdir(_OLD)  # noqa: PTH106
    libc.sethostname(b"cage", 4)  # of its own namespace: the machine's name is none of the code's business
    libc.mount(b"none", b"/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV, None)
    return True


def _show(libc: ctypes.CDLL, folder: str) -> None:
    """Bind one folder of the old root at the same place of the new one; a link is made again as a link."""
    source = _OLD + folder
    if os.path.islink(source):  # noqa: PTH114
        os.makedirs(os.path.dirname(folder), exist_ok=True)  # noqa: PTH103, PTH120
        os.symlink(os.readlink(source), folder)  # noqa: PTH115, PTH211
        return
    if os.path.isdir(folder) and os.listdir(folder):  # noqa: PTH112, PTH208  # inside a folder that is shown already
        return
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    if libc.mount(source.encode(), folder.encode(), None, _MS_BIND | _MS_REC, None) == 0:
        kept = os.statvfs(folder).f_flag & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept
        libc.mount(b"none", folder.encode(), None, flags, None)  # the system calls that write are refused anyway


def drop_capabilities(libc: ctypes.CDLL) -> bool:
    """Give up every capability. Whether none is left."""
    header = struct.pack("=Ii", 0x20080522, 0)
    number = _CAPSET[platform.machine()]
    return bool(libc.syscall(number, ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))) == 0)


def _write(path: str, line: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
