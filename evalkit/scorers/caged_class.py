"""A class of a suite whose methods are the tools of agents, called inside the cage (`evalkit.scorers.cage`).

    caged = CagedClass(code)
    caged.lacking(["refund"])                                   # [], or the tools that it has no method for
    caged.call("refund", {"cents": 9}, {"paid": 10}, seed=7)    # CodeReply(state={"paid": 1}, returned="ok")

Each call is a process of its own, forked from one that holds the source and has never run it: what a call leaves in
memory is gone with it, and nothing but the state goes on. The cage is that of a model's code: no file but Python's
library, no network, no new process, limits on time, memory and what it says. Sets are ordered alike in all of them.
"""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Sequence
from typing import IO, Any

from evalkit import child
from evalkit.errors import SuiteError
from evalkit.facts.base import JsonMap
from evalkit.scorers.cage import class_worker
from evalkit.scorers.code_worker import ROOM, unsupported
from evalkit.suite.environments.coded import ClassCode, CodeReply
from evalkit.suite.environments.values import BrokenEnvironment, as_plain

_GRACE_S = 20.0
"""Seconds beyond the limit of a call after which the process that forks is given up; a busy machine starts it late."""
_KEPT, _KEPT_IN_ALL = 4, 16
"""Processes that wait for the next call: of one class, and of all classes of this process."""


class _Waiting:
    """Processes that wait for the next call of their class: a suite of a thousand classes keeps no thousand of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: list[tuple[object, child.Process[bytes]]] = []
        """By class; the one that has waited longest first."""

    def take(self, whose: object) -> child.Process[bytes] | None:
        """The latest of that class."""
        with self._lock:
            for i in reversed(range(len(self._processes))):
                if self._processes[i][0] is whose:
                    return self._processes.pop(i)[1]
        return None

    def keep(self, whose: object, process: child.Process[bytes]) -> None:
        """Have it wait; ends the one that has waited longest where there are too many."""
        with self._lock:
            self._processes.append((whose, process))
            own = [i for i, (one, _) in enumerate(self._processes) if one is whose]
            over = own[0] if len(own) > _KEPT else 0 if len(self._processes) > _KEPT_IN_ALL else None
            ended = None if over is None else self._processes.pop(over)[1]
        if ended is not None:
            _end(ended)

    def end(self, whose: object) -> None:
        """End those of that class."""
        while (process := self.take(whose)) is not None:
            _end(process)


_waiting = _Waiting()


def caged(code: ClassCode, tools: Sequence[str], place: str) -> CagedClass:
    """The class, with a method for each of its tools. Raises SuiteError where it has not, and where no cage can be
    built on this machine."""
    if why := unsupported():
        raise SuiteError(
            f"{place}: a class of a suite runs in a cage alone, and there is none here: {why}. It needs Linux with "
            "Landlock (5.13 or later) or with user namespaces; tools of an MCP server (mcp) need none"
        )
    made = CagedClass(code)
    try:
        lacking = made.lacking(tools)
    except BrokenEnvironment as error:
        raise SuiteError(f"{place}: {error}") from error
    if lacking:
        raise SuiteError(f"{place}: {code.written} has no method {lacking[0]!r}, and a tool of that name is declared")
    return made


class CagedClass:
    """See the module. For several threads at once."""

    def __init__(self, code: ClassCode, cages: str = "namespaces,landlock") -> None:
        """`cages`: what keeps files from it, where the kernel has it; a test leaves one out."""
        self.code = code
        self._cages = cages
        self._key = object()
        self.close = weakref.finalize(self, _waiting.end, self._key)
        """Ends the processes that wait. They end by themselves after a minute, and with this process."""

    def lacking(self, tools: Sequence[str]) -> list[str]:
        """Those of the tools that the class has no method for. Raises BrokenEnvironment where it cannot be loaded."""
        said = self._asked({"seed": 0, "tools": list(tools)})
        missing = said.get("missing")
        if not isinstance(missing, list):
            raise BrokenEnvironment(self._told(said))
        return [str(one) for one in missing]

    def call(self, tool: str, arguments: JsonMap, state: JsonMap, seed: int) -> CodeReply:
        """What one call comes to. Raises BrokenEnvironment where the class fails."""
        said = self._asked({"seed": seed, "tool": tool, "arguments": arguments, "state": state})
        if isinstance(refused := said.get("refused"), str):
            return CodeReply(refused=refused or "this is not possible")
        try:
            after, returned = as_plain(said["state"]), as_plain(said["returned"])
        except (KeyError, ValueError) as error:
            raise BrokenEnvironment(self._told(said, tool)) from error
        if not isinstance(after, dict):
            raise BrokenEnvironment(self._told(said, tool))
        return CodeReply(state=after, returned=returned)

    def _told(self, said: dict[str, object], tool: str | None = None) -> str:
        where = self.code.written if tool is None else f"{self.code.written}.{tool}"
        return f"{where}: {said.get('broken') or 'it gave no answer'}"

    def _asked(self, request: dict[str, object]) -> dict[str, Any]:
        """The answer of a child. Raises BrokenEnvironment where there is none."""
        line = json.dumps(request).encode() + b"\n"
        with ROOM.of(self.code.memory_mb):
            return self._answered(line)

    def _answered(self, line: bytes) -> dict[str, Any]:
        process = _waiting.take(self._key)
        status, said = ("gone", b"") if process is None else self._exchange(process, line)
        if status == "gone":  # it had waited too long for a request, or there was none
            process = self._started()
            status, said = self._exchange(process, line)
        assert process is not None
        if status == "gone":
            raise BrokenEnvironment(f"{self.code.written}: it was not done in time, and its process was ended")
        _waiting.keep(self._key, process)
        match status:
            case "late":
                raise BrokenEnvironment(f"{self.code.written}: not done within {self.code.timeout_s:g} s")
            case "loud":
                raise BrokenEnvironment(f"{self.code.written}: its state and result are too long")
            case "died":
                raise BrokenEnvironment(
                    f"{self.code.written}: its process ended in the middle of the call (exit {said.decode()}); it may "
                    f"have {self.code.memory_mb:,} MB and {self.code.timeout_s:g} s of the processor"
                )
        try:
            found = json.loads(said)
        except ValueError as error:
            raise BrokenEnvironment(f"{self.code.written}: it wrote into its own answer") from error
        return found if isinstance(found, dict) else {}

    def _started(self) -> child.Process[bytes]:
        """A process that holds the source, in its cage. Raises BrokenEnvironment."""
        arguments = [str(self.code.timeout_s), str(self.code.memory_mb), self._cages, str(os.getpid())]
        command = child.alike("-S", "-B", "-W", "ignore", class_worker.__file__, *arguments)
        try:
            process = child.start(command, stdin=child.PIPE, stdout=child.PIPE, environment=child.FIXED_HASHES)
        except child.ChildFailed as error:
            raise BrokenEnvironment(f"{self.code.written}: {error}") from error
        about = {"source": self.code.source, "file": self.code.file, "name": self.code.name}
        status, said = self._exchange(process, json.dumps(about).encode() + b"\n")
        if status != "ready":
            child.end(process)
            why = said.decode("utf-8", "replace") or "its process did not start"
            raise BrokenEnvironment(f"{self.code.written}: no cage could be built ({why})")
        return process

    def _exchange(self, process: child.Process[bytes], line: bytes) -> tuple[str, bytes]:
        """(status, bytes) of what the process answers; (`gone`, nothing) where it has ended or had to be ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(self.code.timeout_s + _GRACE_S, child.end_group, (process.pid,))
        watch.daemon = True
        watch.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            head = process.stdout.readline(100).split()
            if len(head) == 2:  # status and length
                said = _whole(process.stdout, int(head[1]))
                if said is not None:
                    return head[0].decode(), said
        except (OSError, ValueError):
            pass
        finally:
            watch.cancel()
        child.end(process)
        process.stdout.close()
        return "gone", b""


def _end(process: child.Process[bytes]) -> None:
    child.end(process)
    if process.stdout is not None:
        process.stdout.close()


def _whole(pipe: IO[bytes], length: int) -> bytes | None:
    said = pipe.read(length)
    return said if len(said) == length else None
