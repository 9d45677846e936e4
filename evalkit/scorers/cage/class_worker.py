"""The program that calls the methods of one class of a suite, each call in a process of its own inside the cage.

    python -s -S -B -P -W ignore class_worker.py SECONDS MEMORY_MB CAGES PARENT

The first line of its input is {"source": ..., "file": "desk.py", "name": "Desk"}; it answers `ready 0`, or `no-cage N`
and why. Each further line is one request, {"seed", "state", "tool", "arguments"}, and is answered by a line `STATUS N`
and N bytes: `said` (JSON), `late`, `loud` or `died`. It ends with its input, and after a minute without a request.

This process sees no file but Python's library, and runs nothing of the suite: it forks for each request, and the child
gives up what is left before it runs the class. So no call can leave anything behind for another one.
"""

from __future__ import annotations

import dataclasses  # noqa: F401  # what most classes need is imported once, before the forks
import datetime  # noqa: F401
import json
import math
import os
import random
import re  # noqa: F401
import select
import signal
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator

IDLE_S = 60.0
MOST_BYTES = 8_000_000
"""Of one answer."""
DEEPEST = 50
LONGEST_TEXT = 2_000
"""Characters of what an error says."""


def main(seconds: float, memory_mb: int, cages: list[str], parent: int) -> None:
    """See the module."""
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):  # what the class prints goes nowhere
        os.dup2(nowhere, descriptor)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    import worker  # type: ignore[import-not-found]

    lines = _lines()
    about = json.loads(next(lines))
    try:
        alone = worker.enclose(cages, parent)
    except (worker.NoCage, OSError) as error:
        _answer(out, "no-cage", str(error).encode()[:400])
        return
    sys.path.pop(0)
    _answer(out, "ready", b"")

    def shut() -> None:
        """In a child: nothing is left of this process's line to evalkit, nor of the cage's own modules."""
        os.close(out)
        worker.end_with_parent()
        worker.shut(seconds, memory_mb, alone=alone)
        for name in ("worker", "files", "syscalls"):
            sys.modules.pop(name, None)

    for line in lines:
        _answer(out, *_forked(about, line, nowhere, shut, seconds))


def _lines() -> Iterator[bytes]:
    """The lines of standard input; ends with it, and where none has come for a while."""
    held = b""
    while select.select([0], [], [], IDLE_S)[0]:
        piece = os.read(0, 1 << 20)
        if not piece:
            return
        *whole, held = (held + piece).split(b"\n")
        yield from whole


def _answer(out: int, status: str, said: bytes) -> None:
    whole = f"{status} {len(said)}\n".encode() + said
    while whole:
        whole = whole[os.write(out, whole) :]


def _forked(
    about: dict[str, str], line: bytes, nowhere: int, shut: Callable[[], None], seconds: float
) -> tuple[str, bytes]:
    """(status, what it said) of one request, carried out in a child."""
    here, there = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(here)
        os.dup2(nowhere, 0)
        _carry_out(about, line, there, shut)
    os.close(there)
    said, status = bytearray(), "said"
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([here], [], [], left)[0]:
            status = "late"
            break
        piece = os.read(here, 1 << 20)
        if not piece:
            break
        said += piece
        if len(said) > MOST_BYTES:
            status = "loud"
            break
    os.close(here)
    os.kill(pid, signal.SIGKILL)  # not waited for yet, so its number is its own; one that has ended keeps its status
    _, how = os.waitpid(pid, 0)
    ended = os.waitstatus_to_exitcode(how)
    if status == "said" and (ended or not said):
        return "died", str(ended).encode()
    return status, bytes(said) if status == "said" else b""


def _carry_out(about: dict[str, str], line: bytes, there: int, shut: Callable[[], None]) -> None:
    """In the child: shut the cage, run the request, say what came of it. Never returns."""
    try:
        shut()
    except BaseException:  # noqa: BLE001 - nothing of the suite has run
        os._exit(3)
    try:
        said = json.dumps(_result(about, json.loads(line)), allow_nan=False).encode()
        while said:
            said = said[os.write(there, said) :]
    except BaseException:  # noqa: BLE001 - no memory even for the error
        os._exit(4)
    os._exit(0)


def _result(about: dict[str, str], asked: dict[str, object]) -> dict[str, object]:
    """What a request came to: {returned, state}, {refused} or {broken}; of a look {missing}."""
    file = about["file"]
    try:
        seed = asked["seed"]
        assert isinstance(seed, int)
        random.seed(seed)
        module = types.ModuleType("environment")
        module.__file__ = file
        sys.modules["environment"] = module
        exec(compile(about["source"], file, "exec"), module.__dict__)
        kind = getattr(module, about["name"], None)
        if not isinstance(kind, type):
            return {"broken": f"it has no class {about['name']}"}
        if "tools" in asked:
            tools = asked["tools"]
            assert isinstance(tools, list)
            return {"missing": [tool for tool in tools if not callable(getattr(kind, tool, None))]}
        made = kind(asked["state"], seed)
        arguments = asked["arguments"]
        assert isinstance(arguments, dict)
        returned = getattr(made, str(asked["tool"]))(**arguments)
        return {"returned": _plain(returned, "what it returned"), "state": _state(made)}
    except BaseException as error:  # noqa: BLE001 - whatever it raises, SystemExit too, is its result
        if type(error).__name__ == "Refused":
            return {"refused": _text(error)}
        return {"broken": f"{_place(error, file)}{type(error).__name__}: {_text(error)}"}


def _state(made: object) -> object:
    state = getattr(made, "state", None)
    if not isinstance(state, dict):
        raise TypeError(f"its state must be a dict in self.state; it is {type(state).__name__}")
    return _plain(state, "its state")


def _plain(value: object, what: str, depth: int = 0) -> object:
    """The value where JSON has it as it is. Raises TypeError, ValueError."""
    if depth > DEEPEST:
        raise ValueError(f"{what} is nested more than {DEEPEST} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        value.encode()  # half a character is none
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{what} holds {value}, which JSON has not")
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(one, what, depth + 1) for one in value]
    if isinstance(value, dict):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"{what} has the key {str(wrong[0])[:40]!r}; keys of JSON are texts")
        return {str(key): _plain(one, what, depth + 1) for key, one in value.items()}
    raise TypeError(f"{what} holds a value of the type {type(value).__name__}, which JSON has not")


def _text(error: BaseException) -> str:
    try:
        return str(error)[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    except Exception:  # noqa: BLE001 - an error may not even say what it is
        return ""


def _place(error: BaseException, file: str) -> str:
    """`line 12: ` where the class raised it or called what did."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"line {error.lineno}: "
    lines = [n for frame, n in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return f"line {lines[-1]}: " if lines else ""


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(","), int(sys.argv[4]))
