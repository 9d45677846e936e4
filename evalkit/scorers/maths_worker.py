"""The process in which math-verify runs: asked by one line of JSON, answered by one line, ended when it takes too long.

    Worker.shared().compare("0.5", "\\\\boxed{\\\\frac12}", 3.0)    # Verdict(same=True, ...)

`serve` is what that process does. It measures its own processor time and gives a question
up past the limit; should it hang beyond that (inside one long multiplication no signal is seen) the kernel ends
it, and the parent starts another for the next question.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import resource
import select
import signal
import sys
import threading
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from evalkit import child

MEMORY_BYTES = 4 << 30
_START_S = 120.0  # importing sympy takes seconds, on a busy machine many


@dataclass(frozen=True, slots=True)
class MathsVerdict:
    """What came of one comparison."""

    same: bool | None
    """None: nothing was read, or it took too long."""
    reason: str
    shown: str | None = None
    gold_unreadable: bool = False


class Worker:
    """One process, started at the first question and again after each one that killed it."""

    def __init__(self) -> None:
        self._process: child.Process[bytes] | None = None
        self._lock = threading.Lock()

    @staticmethod
    @cache
    def shared() -> Worker:
        """The one worker of this process, whatever limits its scorers have; it ends with the process."""
        worker = Worker()
        atexit.register(worker.close)
        return worker

    def compare(self, gold: str, answer: str, limit_s: float) -> MathsVerdict:
        """Whether the answer is the gold one, for `limit_s` of processor time. Never raises for what they hold."""
        with self._lock:
            process = self._running()
            question = json.dumps({"gold": gold, "answer": answer, "limit_s": limit_s}) + "\n"
            try:
                assert process.stdin is not None
                process.stdin.write(question.encode())
                process.stdin.flush()
            except OSError:
                self.close()
                return MathsVerdict(None, "the comparing process ended")
            reply = self._line(process, 10 * limit_s + 20)
            if reply is None:
                self.close()
                return MathsVerdict(None, f"not compared within {limit_s:g} s of processor time")
            return MathsVerdict(**reply)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        child.end(process)
        if process.stdout is not None:
            process.stdout.close()

    def _running(self) -> child.Process[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            command = child.function(f"{__name__}:serve", flags=("-W", "ignore"))
            self._process = child.start(command, stdin=child.PIPE, stdout=child.PIPE)
            if self._line(self._process, _START_S) is None:
                self.close()
                raise RuntimeError("the process for math-verify does not start; try: python -c 'import math_verify'")
        return self._process

    def _line(self, process: child.Process[bytes], limit_s: float) -> Any:
        """The next line of the process as JSON; None when none comes in time, or it has ended."""
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], limit_s)
        line = process.stdout.readline() if ready else b""
        return json.loads(line) if line.endswith(b"\n") else None


class _TooLong(Exception):
    """The limit of processor time was reached."""


def serve() -> None:
    """Answer questions until standard input closes."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever the packages print is no answer
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import math_verify

    def stop(number: int, frame: object) -> None:
        raise _TooLong

    signal.signal(signal.SIGPROF, stop)
    out.write(b'{"ready": true}\n')
    for line in sys.stdin.buffer:
        question = json.loads(line)
        limit_s = question["limit_s"]
        try:
            _end_after(limit_s + 1)
            signal.setitimer(signal.ITIMER_PROF, limit_s)
            try:
                answer = _compare(math_verify, question["gold"], question["answer"])
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        except _TooLong:
            answer = {"same": None, "reason": f"not compared within {limit_s:g} s of processor time"}
        except Exception as error:  # noqa: BLE001 - sympy raises anything; it is recorded as an answer not read
            answer = {"same": None, "reason": f"cannot be compared: {type(error).__name__}"}
        out.write(json.dumps(answer).encode() + b"\n")


def _end_after(seconds: float) -> None:
    """Let the kernel end this process after so much more processor time: one long multiplication sees no signal."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _compare(math_verify: ModuleType, gold: str, answer: str) -> dict[str, object]:
    said = math_verify.parse(answer, parsing_timeout=None, raise_on_error=True)
    right = math_verify.parse(f"\\boxed{{{gold}}}", parsing_timeout=None, raise_on_error=True)
    if not right:
        return {"same": None, "reason": "", "gold_unreadable": True}
    if not said:
        return {"same": None, "reason": "no mathematics was found in the reply"}
    same = bool(math_verify.verify(right, said, timeout_seconds=None, raise_on_error=True))
    shown = str(said[-1])[:500]
    exact = _exactly(right[0], said[0])
    if exact is not None and exact != same:
        return {"same": exact, "reason": "by their values", "shown": shown}
    return {"same": same, "reason": "by math-verify", "shown": shown}


_DIGITS = 150
"""To which irrational values are worked out; they are equal where all but the last thirty agree."""


def _exactly(right: object, said: object) -> bool | None:
    """Whether two values are equal, where both are numbers: math-verify rounds, so 1/2^99 and 1/2^98 are one to it.

    None where either is no number, and where a decimal is near the other value: then math-verify's rounding decides.
    """
    import sympy  # type: ignore[import-untyped]

    def number(value: Any) -> Any:
        if not isinstance(value, sympy.Expr) or value.has(sympy.UnevaluatedExpr):
            return None  # a percentage is left to math-verify: 50% is 50 and 0.5 to it
        names = {str(symbol): symbol for symbol in value.free_symbols}
        if set(names) <= {"i", "e"}:
            value = value.subs({symbol: sympy.I if name == "i" else sympy.E for name, symbol in names.items()})
        return value if value.is_number and value.is_finite is not False else None

    a, b = number(right), number(said)
    if a is None or b is None:
        return None
    if a.has(sympy.Float) or b.has(sympy.Float):
        if a == b:
            return True
        scale = max(abs(sympy.N(a, 60)), abs(sympy.N(b, 60)))
        return None if scale and abs(sympy.N(a, 60) - sympy.N(b, 60)) / scale < sympy.Float("1e-5") else False
    if a.is_Rational and b.is_Rational:
        return bool(a == b)
    apart = abs((a - b).evalf(15, maxn=4000))
    if a.is_integer and b.is_integer:
        return bool(apart < 0.5)
    one, two = sympy.N(a, _DIGITS), sympy.N(b, _DIGITS)
    size = max(abs(one), abs(two))
    return bool(size == 0 or apart / size < sympy.Float(10) ** (30 - _DIGITS))
