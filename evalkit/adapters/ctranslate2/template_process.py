"""A chat template of somebody's checkpoint in a process of its own: bounded in time and memory, without keys.

    process = TemplateProcess("{% for m in messages %}...", {"bos_token": "<s>"}, "the chat template of ./mine")
    process.render([{"role": "user", "content": "Hello"}])       # text; ValueError says why not

Asked by one line of JSON, answered by one. A template that took too long once is not asked again.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from evalkit import child

LONGEST = 4_000_000
"""Characters of one rendered conversation: beyond any model's window."""
LIMIT_S = 5.0
MEMORY_BYTES = 2**30
_START_S = 60.0
SUM_S, EACH_S, BYTE_S = 120.0, 0.05, 5e-6
"""Seconds of the processor that all answers of one process may take: so many, and more for each question and for each
of its bytes, five to ten times what those of published checkpoints take."""


class AskedProcess:
    """A child that answers one line of JSON with another, started when it is first asked.

    `serves`: its function, as `child.function` takes it. `given`: the first question, which makes it ready.
    """

    serves = ""
    memory_gib: float = MEMORY_BYTES >> 30

    def __init__(self, given: dict[str, object]) -> None:
        self._given = given
        self._process: child.Process[bytes] | None = None
        self._lock = threading.Lock()
        self._broken: str | None = None
        self._rest = b""
        self._ending: Callable[[], object] = lambda: None
        self._allowed_s = SUM_S

    @property
    def limit_s(self) -> float:
        """Seconds for one answer."""
        return LIMIT_S

    def ask(self, question: dict[str, object]) -> dict[str, Any]:
        """Its answer. Raises ValueError with what it says against the question, or why it cannot be asked any more."""
        with self._lock:
            if self._broken is not None:
                raise ValueError(self._broken)
            self._start()
            reply = self._ask(question, self.limit_s)
            self._refuse_dear(reply)
        if "error" in reply:
            raise ValueError(str(reply["error"]))
        return reply

    def close(self) -> None:
        """End the process. It also ends with this object, and with the interpreter."""
        self._process = None
        self._ending()

    def _start(self) -> None:
        if self._process is not None:
            return
        command = child.function(self.serves, flags=("-W", "ignore"))
        self._process = child.start(command, stdin=child.PIPE, stdout=child.PIPE)
        self._ending = weakref.finalize(self, _end, self._process)
        self._rest = b""
        if self._line(_START_S) is None:
            self._broken = "its process does not start"
            self.close()
            raise ValueError(self._broken)
        said = self._ask(self._given, self.limit_s)
        if "error" in said:
            self._broken = str(said["error"])
            self.close()
            raise ValueError(self._broken)

    def _ask(self, question: dict[str, object], limit_s: float) -> dict[str, object]:
        assert self._process is not None and self._process.stdin is not None
        asked = json.dumps(question).encode() + b"\n"
        self._allowed_s += EACH_S + BYTE_S * len(asked)
        try:
            self._process.stdin.write(asked)
            self._process.stdin.flush()
            line = self._line(limit_s)
        except OSError:
            line = None
        if line is None:
            self._broken = f"it was not done within {limit_s:g} s and {self.memory_gib:g} GiB of memory"
            self.close()
            raise ValueError(self._broken)
        reply: dict[str, object] = json.loads(line)
        return reply

    def _refuse_dear(self, reply: Mapping[str, object]) -> None:
        """Raises ValueError, now and ever after, where its answers took too long in sum."""
        took_s = reply.get("took_s")
        if isinstance(took_s, float) and took_s > self._allowed_s:
            self._broken = (
                f"its answers took {took_s:.0f} s of the processor until now, and {SUM_S:g} s in sum, besides "
                f"{1000 * EACH_S:g} ms a text and {1e6 * BYTE_S:g} s a megabyte, is the limit"
            )
            self.close()
            raise ValueError(self._broken)

    def _line(self, limit_s: float) -> bytes | None:
        """The next line of the process; None when none comes in time, it is too long, or the process has ended."""
        assert self._process is not None and self._process.stdout is not None
        deadline = time.monotonic() + limit_s
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or len(self._rest) > 13 * LONGEST:  # JSON writes a character in at most twelve bytes
                return None
            if select.select([self._process.stdout], [], [], left)[0]:
                piece = os.read(self._process.stdout.fileno(), 2**20)
                if not piece:
                    return None
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _end(process: child.Process[bytes]) -> None:
    child.end(process)
    if process.stdout is not None:
        process.stdout.close()


class TemplateProcess(AskedProcess):
    """One template, compiled in a child process. Raises ValueError when it cannot be, or hangs on one word."""

    serves = "evalkit.adapters.ctranslate2.template_process:serve"

    def __init__(self, source: str, special: Mapping[str, str], name: str) -> None:
        super().__init__({"source": source, "special": dict(special)})
        try:
            self.render([{"role": "user", "content": "word"}])
        except ValueError as error:
            if self._broken is not None:
                raise ValueError(f"{name} cannot be read: {error}") from error

    def render(self, turns: list[dict[str, str]]) -> str:
        """The text for a conversation. Raises ValueError with what the template says against it."""
        return str(self.ask({"turns": turns})["text"])


def serve() -> None:
    """What the process does: compile, then render, until standard input closes."""
    import resource
    import signal

    from evalkit.adapters.ctranslate2.chat_template import compiled

    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    render = None
    out.write(b"{}\n")
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_PROF, 2 * LIMIT_S)  # its default action ends the process, parent or no parent
        try:
            asked = json.loads(line)
            if render is None:
                render = compiled(asked["source"], asked["special"])
                answer: dict[str, object] = {}
            else:
                answer = {"text": render(asked["turns"]), "took_s": time.process_time()}
            said = json.dumps(answer).encode()
        except ValueError as error:
            said = json.dumps({"error": str(error)[:600]}).encode()
        except MemoryError:
            said = b'{"error": "it takes too much memory"}'
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        out.write(said + b"\n")
