"""The cage around code of a model: attacks on what it could read, reach, start, change or use up.

Each attack is a program that reaches its last line where it succeeds. Those that any process of a user could do are
also run without a cage, so that a test here can fail.
"""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers import code_worker
from evalkit.scorers.code_worker import Ran, run_program
from evalkit.scorers.registry import make_scorer
from tests.scoring import mark, sample

BOTH = "namespaces,landlock"


def has(cages: str) -> bool:
    return sys.platform == "linux" and run_program("", limit_s=20, memory_mb=512, cages=cages).passed


CAGES = [cages for cages in (BOTH, "namespaces", "landlock") if has(cages)]
pytestmark = pytest.mark.skipif(not CAGES, reason="SKIPPED LOUDLY: this kernel gives neither namespaces nor Landlock")


def run(program: str, cages: str = BOTH, *, limit_s: float = 10, memory_mb: int = 512) -> Ran:
    return run_program(program, limit_s=limit_s, memory_mb=memory_mb, cages=cages)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a key, a suite with its right answers."""
    folder = tmp_path_factory.mktemp("victim")
    (folder / ".aws").mkdir()
    (folder / ".aws" / "credentials").write_text("canary")
    (folder / "suite").mkdir()
    (folder / "suite" / "data.jsonl").write_text('{"answer": "canary"}')
    (folder / "suite" / "link").symlink_to(folder / ".aws" / "credentials")
    return folder


SEARCH = """
import os
found = False
for p in os.listdir('/proc'):
    if p.isdigit():
        try: found = found or b'CANARY_OF_CAGE' in open(f'/proc/{{p}}/environ', 'rb').read()
        except OSError: pass
assert found
"""
MEMORY = """
import os
maps = open('/proc/{pid}/maps').read().splitlines()
heap = next(line for line in maps if '[heap]' in line)
start = int(heap.split('-')[0], 16)
with open('/proc/{pid}/mem', 'rb') as f:
    f.seek(start); assert f.read(16)
"""
READS = {
    "every environment in /proc": SEARCH,
    "the parent's environment": "assert b'CANARY' in open('/proc/{pid}/environ', 'rb').read()",
    "its own environment in /proc": "open('/proc/self/environ', 'rb')",
    "the parent's memory": MEMORY,
    "its own memory map": "open('/proc/self/maps').read()",
    "the parent's command line": "open('/proc/{pid}/cmdline').read()",
    "the parent's files": "import os; os.listdir('/proc/{pid}/fd')",
    "the list of processes": "import os; assert [p for p in os.listdir('/proc') if p.isdigit()]",
    "a key in the home folder": "open('{folder}/.aws/credentials').read()",
    "a key by a descriptor": "import os; os.read(os.open('{folder}/.aws/credentials', os.O_RDONLY), 9)",
    "a key by a link": "open('{folder}/suite/link').read()",
    "a key by a folder's descriptor": "import os; d = os.open('{folder}', os.O_RDONLY); "
    "os.open('.aws/credentials', os.O_RDONLY, dir_fd=d)",
    "a key by climbing": "import os; open('/usr/lib/../..{folder}/.aws/credentials').read()",
    "a key by another folder": "import os; os.chdir('{folder}'); open('.aws/credentials').read()",
    "the names in the home folder": "import os; assert os.listdir('{folder}')",
    "the right answers": "assert 'canary' in open('{folder}/suite/data.jsonl').read()",
    "a module of the checkout": "import sys; sys.path.insert(0, {root!r}); import evalkit",
    "users": "open('/etc/passwd').read()",
    "the machine's id and settings": "open('/proc/version').read()",
    "devices of the kernel": "import os; assert os.listdir('/sys')",
    "shared memory": "import os; os.listdir('/dev/shm')",
}


@pytest.mark.long(but=6)
@pytest.mark.parametrize("cages", CAGES)
@pytest.mark.parametrize("kind", READS)
def test_nothing_but_libraries_can_be_read(
    kind: str, cages: str, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_OF_CAGE", "sk-canary")
    root = str(Path(code_worker.__file__).parent.parent.parent)
    helper = subprocess.Popen([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"],
                              stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert helper.stdout is not None
        helper.stdout.readline()
        program = READS[kind].format(pid=helper.pid, folder=victim, root=root)
        plain = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
        assert plain.returncode == 0, f"this attack does not work at all: {plain.stderr[-300:]}"
        ran = run(program, cages)
        assert not ran.passed and not ran.broken, ran
    finally:
        helper.kill()
        helper.communicate()


NAMES = {
    "whether a file is there": "import os; assert os.path.exists('{folder}/suite/data.jsonl')",
    "what a link says": "import os; assert os.readlink('{folder}/suite/link')",
    "the machine's name": "import os; assert os.uname().nodename == {host!r}",
    "the numbers of processes": "import os; assert os.getpid() > 20",
}


@pytest.mark.skipif("namespaces" not in CAGES, reason="no namespaces here; docs/scoring.md says what Landlock leaves")
@pytest.mark.parametrize("kind", NAMES)
def test_in_namespaces_not_even_names_are_seen(kind: str, victim: Path) -> None:
    host = "none of its business" if platform.node() == "cage" else platform.node()
    assert not run(NAMES[kind].format(folder=victim, host=host)).passed


REACHES = {
    "the network": "import socket; socket.create_connection(('127.0.0.1', {port}), 3)",
    "datagrams": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "sockets of the machine": "import socket; socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "import socket; socket.socketpair()",
    "the kernel's sockets": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "a program": "import subprocess; subprocess.run(['/bin/true'], check=True)",
    "a shell": "import os; assert os.system('true') == 0",
    "a spawned program": "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {{}}), 0)",
    "a fork": "import os; pid = os.fork(); pid or os._exit(0)",
    "another program in its place": "import os; os.execv('/bin/true', ['true'])",
    "processes by multiprocessing": "import multiprocessing as m; p = m.Process(target=print); p.start(); p.join(); "
    "assert p.exitcode == 0",
    "a signal to the parent": "import os; os.kill(max(os.getppid(), 1), 0)",
    "a signal to its group": "import os, signal; signal.signal(10, lambda *a: 0); os.killpg(0, 10)",
    "a signal to everybody": "import os; os.kill(-1, 0)",
    "a signal by a pipe": "import fcntl, os; r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, 1); 1 / 0",
    "limits of others": "import resource; resource.prlimit(1, resource.RLIMIT_NOFILE, (10, 10))",
    "a new session": "import os; os.setsid()",
    "a file in /tmp": "open('/tmp/evalkit-cage-test', 'w')",
    "a file beside it": "open('made', 'w')",
    "a file in shared memory": "open('/dev/shm/evalkit-cage-test', 'w')",
    "a nameless file": "import os; os.open('/tmp', os.O_TMPFILE | os.O_RDWR)",
    "a file in memory": "import os; os.memfd_create('x')",
    "a folder": "import os; os.mkdir('/tmp/evalkit-cage-test')",
    "a change of a library": "import os; open(os.__file__, 'r+')",
    "a link": "import os; os.symlink('a', '/tmp/evalkit-cage-test')",
    "another root": "import os; os.chroot('/')",
    "another user": "import os; os.setuid(1)",
    "a terminal": "import pty; pty.openpty()",
    "shared memory by multiprocessing": "from multiprocessing import shared_memory as s; s.SharedMemory(None, True, 9)",
    "higher limits": "import resource as r; r.setrlimit(r.RLIMIT_AS, (1 << 40, 1 << 40))",
    "another priority": "import os; os.setpriority(os.PRIO_PROCESS, 0, 19)",
}


@pytest.mark.long(but=8)
@pytest.mark.parametrize("cages", CAGES)
@pytest.mark.parametrize("kind", REACHES)
def test_nothing_can_be_reached_started_or_changed(kind: str, cages: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ran = run(REACHES[kind].format(port=server.getsockname()[1]), cages)
    assert not ran.passed and not ran.broken, ran
    assert not Path("/tmp/evalkit-cage-test").exists() and not Path("/dev/shm/evalkit-cage-test").exists()
    if kind == "a signal by a pipe":
        assert ran.reason == "PermissionError", "it must stop at the call, before the division"


CALLS = {
    "sethostname": 170, "setdomainname": 171, "clock_settime": 227, "settimeofday": 164, "adjtimex": 159, "keyctl": 250,
    "add_key": 248, "request_key": 249, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "shmget": 29,
    "shmat": 30, "msgget": 68, "semget": 64, "mq_open": 240, "mount": 165, "umount2": 166, "bpf": 321,
    "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "memfd_create": 319, "kill": 62, "tkill": 200,
    "tgkill": 234, "pidfd_open": 434, "pidfd_send_signal": 424, "unshare": 272, "setns": 308, "mknod": 133,
    "chroot": 161, "pivot_root": 155, "reboot": 169, "init_module": 175, "finit_module": 313, "swapon": 167,
    "iopl": 172, "ioperm": 173, "kcmp": 312, "open_by_handle_at": 304, "name_to_handle_at": 303, "seccomp": 317,
    "prctl": 157, "landlock_create_ruleset": 444, "sched_setaffinity": 203, "ioprio_set": 251, "splice": 275,
    "vmsplice": 278, "tee": 276, "sendfile": 40, "socket": 41, "inotify_init": 253, "fanotify_init": 300,
    "timer_create": 222, "syslog": 103, "acct": 163, "setuid": 105, "capset": 126, "signalfd4": 289, "personality": 135,
    "modify_ldt": 154, "quotactl": 179, "kexec_load": 246, "move_pages": 279, "mbind": 237, "fork": 57, "vfork": 58,
    "execve": 59, "execveat": 322, "creat": 85, "truncate": 76, "ftruncate": 77, "fallocate": 285, "utimensat": 280,
    "setxattr": 188, "memfd_secret": 447, "fsopen": 430, "open_tree": 428, "mount_setattr": 442, "process_madvise": 440,
    "pidfd_getfd": 438, "fsmount": 432,
}  # fmt: skip


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
def test_the_kernel_refuses_each_of_these_calls() -> None:
    program = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nbad = []\n"
        f"for name, number in {CALLS!r}.items():\n"
        "    ctypes.set_errno(0)\n    got = libc.syscall(number, 0, 0, 0, 0, 0, 0)\n"
        "    if got != -1 or ctypes.get_errno() != 1: bad.append(name)\n"
        "assert not bad\n"
    )
    assert run(program).passed


@pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code of x86-64")
@pytest.mark.parametrize("code", [b"\xb8\x14\x00\x00\x00\xcd\x80\xc3", b"\xb8\x27\x00\x00\x40\x0f\x05\xc3"])
def test_calls_by_another_table_end_the_process(code: bytes) -> None:
    """`int 0x80` has 32-bit numbers, x32 has a bit of its own: a filter that does not look lets them pass."""
    program = (
        f"import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write({code!r})\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nf()\n"
    )
    ran = run(program)
    assert not ran.passed and "ended before" in ran.reason


BOMBS = {
    "memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "one big piece of memory": "x = bytearray(8 << 30)",
    "mapped memory": "import mmap\nx = []\nwhile True: x.append(mmap.mmap(-1, 1 << 24))",
    "forks": "import os\nwhile True: os.fork()",
    "threads": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
    "descriptors": "import os\nwhile True: os.dup(0)",
    "pipes": "import os\nwhile True: os.pipe()",
    "recursion in C": "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "processor time": "while True: pass",
    "processor time in C": "9 ** (9 ** 9)",
    "sleep": "import time; time.sleep(1000)",
    "sleep that cannot be stopped": "import signal, time\nfor n in (1, 2, 3, 10, 12, 14, 15, 24):\n"
    "    signal.signal(n, signal.SIG_IGN)\nwhile True:\n"
    "    try: time.sleep(1000)\n    except BaseException: pass",
    "printing": "while True: print('x' * 1000)",
    "writing where the result goes": "import os\nwhile True:\n    for n in range(64):\n"
    "        try: os.write(n, b'x' * 65536)\n        except OSError: pass",
}  # fmt: skip


@pytest.mark.long(but=4)
@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_ends_and_is_wrong(kind: str) -> None:
    start = time.monotonic()
    ran = run(BOMBS[kind], limit_s=1, memory_mb=256)
    assert not ran.passed and not ran.broken
    assert time.monotonic() - start < 25


KEY = "sk-7"
LEAK = """
def check(f):
    import os
    text = b''
    for p in os.listdir('/proc'):
        try: d = open('/proc/%s/environ' % p, 'rb').read()
        except Exception: continue
        if b'OPENAI_API_KEY=' in d: text = d.split(b'OPENAI_API_KEY=')[1]; break
    assert text and (text[{index}] >> {bit}) & 1
"""


@pytest.mark.long
def test_a_key_cannot_be_spelled_by_right_and_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    outcomes = set()
    for index in range(len(KEY)):
        for bit in range(7):
            item = sample(prompt="def f():\n", test=LEAK.format(index=index, bit=bit), entry_point="f")
            outcomes.add(mark("code", {}, item, "    return 1").outcome)
    assert outcomes == {Outcome.WRONG}


def test_ordinary_programs_run_in_every_cage() -> None:
    program = (
        "import asyncio, bz2, collections, ctypes, datetime, decimal, fractions, functools, hashlib, heapq, itertools\n"
        "import json, math, os, queue, random, re, statistics, string, sys, threading, time, typing, uuid, zlib\n"
        "assert math.isclose(statistics.mean([1, 2]), 1.5) and random.random() < 1 and os.urandom(4)\n"
        "t = threading.Thread(target=time.sleep, args=(0.01,)); t.start(); t.join()\n"
        "assert hashlib.sha256(b'a').hexdigest().startswith('ca97') and set(os.environ) <= {'LC_CTYPE'}\n"
        "assert datetime.datetime.now() and time.time() and sys.version_info and uuid.uuid4()\n"
    )
    for cages in CAGES:
        assert run(program, cages).passed, cages


def test_without_a_cage_nothing_is_run_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import evalkit.scorers.code  # noqa: F401 - before `run_program` is replaced: what it imports then, it keeps

    ran = run("open('/etc/passwd')", "none")
    assert ran.broken and "neither namespaces nor Landlock" in ran.reason
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    monkeypatch.setattr(code_worker, "run_program", lambda *a, **k: ran)
    code_worker.unsupported.cache_clear()
    try:
        with pytest.raises(SuiteError, match=r"needs Linux with Landlock .* or with user namespaces"):
            make_scorer("code", {})
    finally:
        code_worker.unsupported.cache_clear()


def test_the_code_ends_with_the_process_that_started_it() -> None:
    script = (
        "from evalkit.scorers.code_worker import run_program\n"
        "run_program('import time; time.sleep(300)', limit_s=200, memory_mb=777)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parent.parent) as parent:
        deadline = time.monotonic() + 30
        while not _workers() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _workers()
        parent.kill()
    deadline = time.monotonic() + 10
    while _workers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _workers()


def _workers() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if b"worker.py" in line and b"\x00777\x00" in line:
            found.append(entry.name)
    return found
