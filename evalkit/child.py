"""The one door to child processes. No other module of evalkit starts one; tests/test_child.py walks the code for it.

    run(["/usr/bin/nvidia-smi", "-L"], timeout_s=10).out      # bytes; raises ChildFailed
    run(function("evalkit.decide.stored:answer", "results", "r1"), timeout_s=60)

A suite comes from a pull request, and so does the folder where somebody stands. Therefore a child gets

- an environment made from an allow-list: no key, no PYTHON*, no GIT_* variable, no relative entry in PATH;
- `/` as its working directory, so that no program finds settings or modules in a checkout;
- for Python: isolated mode, and the import path of this process without the working directory;
- limits on its time and on what it may say, and an end of its whole process group when it passes them.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from evalkit.frozen import dataclass
from evalkit.late import late

MOST_BYTES = 2**20
"""What a child may write to its standard output, unless the caller says otherwise."""
_KEPT = frozenset({"LANG", "LANGUAGE", "TZ", "SYSTEMROOT", "WINDIR"})
_KEPT_PLACES = frozenset({"PATH", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
"""Lists of folders. Only absolute ones are kept: a relative one means the working directory."""
_CREDENTIAL = late(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|PASSCODE|PINCODE|CREDENTIAL|AUTH|BEARER|COOKIE|SESSION|PRIVATE|SIGNATURE|JWT|PW$"
    r"|(?<!BY)(?<!COM)PASS\d*$|CONN(ECTION)?_?STR(ING)?$|(^|_)ID_(RSA|DSA|ECDSA|ED25519)"
    r"|(^|_)(CREDS?|HMAC|PWD|PAT|DSN|T?OTP|PSK|MNEMONIC|NPMRC|NETRC)\d*(_|$)"
    r"|(^|_)(SAS|PIN|PEM|P12|PFX|CERTS?|MFA|WEBHOOK|SID|SIG)_?\d*$",
    re.IGNORECASE,
)
_MAY_BE_ONE = late("PASS|DSN|WEBHOOK", re.IGNORECASE)
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); sys.argv[:2] = []; import importlib; "
    "module, _, name = sys.argv[0].partition(':'); "
    "sys.exit(getattr(importlib.import_module(module), name)(*sys.argv[1:]))"
)
_BEHIND = 10
_GRACE_S = 2.0
"""How long a killed child's output may take to end."""


class ChildFailed(Exception):
    """A child process that gave no usable answer. `str()` says why; what it said itself is not repeated."""


class ChildTooSlow(ChildFailed):
    """It was not done in time, and was killed."""


class ChildTooLoud(ChildFailed):
    """It wrote more than it may, and was killed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A child process that ended within its limits."""

    code: int
    """Its exit status; negative: the signal that ended it."""
    out: bytes


def run(
    command: Sequence[str],
    *,
    timeout_s: float,
    most_bytes: int = MOST_BYTES,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    show_errors: bool = False,
) -> Finished:
    """Run a program to its end. `show_errors`: its standard error is this process's; otherwise it is dropped.

    Raises ChildFailed where it cannot be started, ChildTooSlow past `timeout_s`, ChildTooLoud past `most_bytes`.
    """
    process = start(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if show_errors else subprocess.DEVNULL,
        environment=environment,
    )
    assert process.stdin is not None and process.stdout is not None
    said: list[bytes] = []
    reader = threading.Thread(target=_read, args=(process.stdout, most_bytes + 1, said), daemon=True)
    writer = threading.Thread(target=_write, args=(process.stdin, stdin), daemon=True)
    late = True
    try:
        reader.start()
        writer.start()
        reader.join(timeout_s)
        late = reader.is_alive()
        if not late and said and len(said[0]) <= most_bytes:
            late = not _ended(process, timeout_s)
    finally:  # also on Ctrl-C, which does not reach the child
        end(process)
    reader.join(_GRACE_S)
    writer.join(_GRACE_S)
    name = Path(command[0]).name
    if late or not said:
        raise ChildTooSlow(f"{name} was not done within {timeout_s:g} s")
    if len(said[0]) > most_bytes:
        raise ChildTooLoud(f"{name} wrote more than {most_bytes:,} bytes")
    return Finished(process.returncode, said[0])


def start(
    command: Sequence[str],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.DEVNULL,
    stderr: int | IO[bytes] | None = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own; the caller ends it with `end`. `environment`: by `environment()`.

    Raises ChildFailed where it cannot be started; ValueError for a program that is not named by an absolute path.
    """
    if not Path(command[0]).is_absolute():
        raise ValueError(f"{command[0]!r} is not an absolute path; find_program gives one")
    try:
        return subprocess.Popen(
            list(command),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=dict(_environment() if environment is None else environment),
            cwd=os.path.abspath(os.sep),  # noqa: PTH100  # the root of the disk
            start_new_session=True,  # a Ctrl-C of the terminal is for evalkit to pass on
            close_fds=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
        why = getattr(error, "strerror", None) or str(error)
        raise ChildFailed(f"{Path(command[0]).name} cannot be started: {why}") from error


DEVNULL = subprocess.DEVNULL
PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
Process = subprocess.Popen
Slow = subprocess.TimeoutExpired
"""What `Process.wait` raises."""


def end(process: subprocess.Popen[bytes], *, within_s: float = 0.0) -> None:
    """Kill a child with its whole process group, and wait for it. Nothing happens where it was waited for before.

    `within_s`: how long it may take to end by itself.
    """
    if within_s and process.returncode is None:
        _ended(process, within_s)
    if process.returncode is None:  # until somebody waits for it, its number belongs to nobody else
        end_group(process.pid)
        process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):  # bytes that it never read
            process.stdin.close()


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child has ended. What it left of its process group is killed, and it is waited for."""
    if process.returncode is None and _ended(process, 0.0):
        end(process)
    return process.returncode is not None


def end_group(leader: int) -> None:
    """Kill what is left of a process group: workers outlive a leader that was killed."""
    with suppress(ProcessLookupError, PermissionError, AttributeError):
        os.killpg(leader, signal.SIGKILL)


def environment(
    keep: Collection[str] = (), prefixes: Sequence[str] = (), give: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a child: language, PATH and temporary folder; beyond them what is named here.

    `keep`: further variables by name. `prefixes`: further variables by the start of their name, unless the name looks
    like a secret's. `give`: set as given.
    """
    found = {}
    for name, value in os.environ.items():
        if name in _KEPT_PLACES:
            places = [place for place in value.split(os.pathsep) if Path(place).is_absolute()]
            if places:
                found[name] = os.pathsep.join(places)
        elif name in _KEPT or name in keep or (name.startswith(("LC_", *prefixes)) and not is_secret(name)):
            found[name] = value
    return {**found, **(give or {})}


_environment = environment  # `start` has a parameter of that name


def is_secret(name: str) -> bool:
    """Whether the name of an environment variable looks like that of a key, token, password or address with one."""
    return looks_like_a_credential(name) or _MAY_BE_ONE.search(name) is not None


def looks_like_a_credential(name: str) -> bool:
    """Whether a variable of this name may hold a key, a password or a token."""
    return _CREDENTIAL.search(name) is not None


def secrets_at_hand(shortest: int = 8) -> frozenset[str]:
    """Values of this process's environment that look like secrets by their name; for removing them from a log."""
    return frozenset(value for name, value in os.environ.items() if is_secret(name) and len(value) >= shortest)


def keep_path_absolute() -> None:
    """Take relative entries out of this process's PATH: libraries start programs by name too, such as `uname`."""
    places = os.environ.get("PATH", "").split(os.pathsep)
    kept = os.pathsep.join(place for place in places if Path(place).is_absolute())
    if kept != os.environ.get("PATH"):
        os.environ["PATH"] = kept or os.defpath.lstrip(os.pathsep)


def know_processor() -> None:
    """Answer `platform.processor()` beforehand: it starts `uname -p` with the whole environment, and SDKs call it."""
    with suppress(TypeError, AttributeError):  # another Python: then it is asked as ever
        vars(platform.uname()).setdefault("processor", "")


def find_program(name: str, *, outside: Collection[Path] = ()) -> str | None:
    """The absolute path of a program in PATH; None where there is none.

    Relative entries of PATH are passed over, and so is a program inside one of the folders `outside`: a pull request
    could have put it there.
    """
    barred = [folder.resolve() for folder in outside]
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for place in places:
        if not Path(place).is_absolute():
            continue
        found = shutil.which(name, path=place)
        if found and not any(_inside(Path(found).absolute(), folder) for folder in barred):
            return found
    return None


def python(*arguments: str) -> list[str]:
    """The command line of an isolated Python: no PYTHON* variable, no working directory, no folder of the user."""
    return [sys.executable, "-I", *arguments]


FIXED_HASHES = {"PYTHONHASHSEED": "0"}
"""The whole environment for `alike`."""


def alike(*arguments: str) -> list[str]:
    """The command line of a Python that orders its sets alike each time, with `environment=FIXED_HASHES`.

    Isolated like `python`'s: with nothing but that variable in its environment, and without the folder of the user and
    the one of the program.
    """
    return [sys.executable, "-s", "-P", *arguments]


def function(target: str, *arguments: str, flags: Sequence[str] = (), behind: bool = False) -> list[str]:
    """The command line of a Python that calls a function, `package.module:name`, with text arguments.

    It imports what this process would import, except from the working directory. `flags` are Python's own. `behind`: it
    stands back behind others from its first import on.
    """
    return python(
        *flags,
        "-c",
        f"import os; os.nice({_BEHIND}); {_BOOT}" if behind else _BOOT,
        json.dumps(import_path()),
        target,
        *arguments,
    )


def import_path() -> list[str]:
    """`sys.path` for a child: absolute folders, without the working directory and what lies in it.

    Folders of the Python installation, and the one that evalkit itself comes from, stay: they may lie inside.
    """
    home = Path(__file__).resolve().parent.parent
    installed = [Path(place).resolve() for place in {sys.prefix, sys.base_prefix, sys.exec_prefix}]
    try:
        here: Path | None = Path.cwd().resolve()
    except OSError:  # the folder was removed
        here = None
    found = []
    for entry in sys.path:
        place = Path(entry)
        if not entry or not place.is_absolute() or place.resolve() == home:
            continue
        inside = here is not None and here != Path(here.anchor) and _inside(place, here)
        if not inside or any(_inside(place, folder) for folder in installed):
            found.append(entry)
    return [*found, str(home)]  # last: beside evalkit may lie modules with the names of others


def _ended(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Whether a child ends in time. It is not waited for, so that its process group keeps its number."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.0005
    while True:
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
        elif process.poll() is not None:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
        pause_s = min(0.05, 2 * pause_s)


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder) or path.is_relative_to(folder)


def _read(pipe: IO[bytes], most: int, said: list[bytes]) -> None:
    with suppress(OSError, ValueError):  # the pipe was closed
        said.append(pipe.read(most))
    pipe.close()


def _write(pipe: IO[bytes], given: bytes) -> None:
    with suppress(OSError, ValueError):  # the child does not read, or has ended
        pipe.write(given)
        pipe.close()
