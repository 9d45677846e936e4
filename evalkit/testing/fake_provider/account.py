"""The account of the truth: when each request came, what it got, and how many were there at once.

    {"n":0,"path":"/v1/chat/completions","model":"m","prompt":"9f86...","arrived":8123.4,"arrived_unix":1795168484.2,
     "first_reasoning":null,"first_content":8123.6,"last":8123.61,"status":200,"fault":null,"cut":false}

Times are seconds of the server's monotonic clock, which on Linux is the clock of every process on the machine
(`time.monotonic`, `time.perf_counter`). Rows lie in arrays: 100,000 requests take about 10 MB.
"""

import math
import os
import time
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from evalkit.testing.fake_provider.answer import digest_of
from evalkit.testing.fake_provider.likelihood import continuation_logprob, token_logprobs

__all__ = ["Account", "Record", "continuation_logprob", "token_logprobs"]

_DIGEST_SIZE = 32
_UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Record:
    """One request."""

    n: int
    """Number in order of arrival, from 0."""
    path: str
    """As it was asked for, without the query."""
    model: str
    prompt: str
    """sha256 of the last user message (hex); of several prompts joined by NUL."""
    arrived: float
    """When the whole request had been read, seconds of the monotonic clock."""
    arrived_unix: float
    """The same in Unix seconds."""
    first_reasoning: float | None
    """When its first reasoning was written; None: no reasoning was."""
    first_content: float | None
    """When its first content was written; None: no content was."""
    last: float | None
    """When its last byte was written, or the connection ended; None: it is in flight."""
    status: int
    """The HTTP status it got; 0: not a byte was written."""
    fault: str | None
    """The fault it was dealt ("429", "drop", ...); limits and keys count as "429" and "401". None: none."""
    cut: bool
    """The client left before the answer was complete (or the server was stopped)."""

    @property
    def ttft_s(self) -> float | None:
        """Seconds from arrival to first content."""
        return None if self.first_content is None else self.first_content - self.arrived

    @property
    def total_s(self) -> float | None:
        """Seconds from arrival to the last byte."""
        return None if self.last is None else self.last - self.arrived


class Account:
    """All requests since the start (or the last reset)."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: a file that gets one line for each finished request, at once, so it outlives a kill -9."""
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._unix_offset = time.time() - time.monotonic()
        self.generation = 0
        """Grows with each `clear`, so that a request from before it is told apart."""
        self.clear()

    def clear(self) -> None:
        """Forget every request. Those in flight are no longer followed."""
        self.in_flight = 0
        self.max_in_flight = 0
        self.generation += 1
        self._names: list[str] = [""]
        self._numbers: dict[str, int] = {"": 0}
        self._paths, self._models, self._faults = array("H"), array("H"), array("H")
        self._statuses, self._cuts = array("H"), array("B")
        self._arrived, self._reasoning, self._content, self._last = (array("d") for _ in range(4))
        self._prompts = bytearray()

    # --- written by the server

    def arrive(self, path: str, model: str, prompt_digest: bytes, now: float) -> int:
        """A request has been read; its number."""
        self._paths.append(self._number(path))
        self._models.append(self._number(model))
        self._faults.append(0)
        self._statuses.append(0)
        self._cuts.append(0)
        self._arrived.append(now)
        for times in (self._reasoning, self._content, self._last):
            times.append(_UNKNOWN)
        self._prompts += prompt_digest
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return len(self._arrived) - 1

    def fault(self, n: int, kind: str) -> None:
        """A fault was dealt to it."""
        self._faults[n] = self._number(kind)

    def reasoned(self, n: int, now: float) -> None:
        """Its first reasoning was written."""
        self._reasoning[n] = now

    def spoke(self, n: int, now: float) -> None:
        """Its first content was written."""
        self._content[n] = now

    def finish(self, n: int, now: float, status: int, *, cut: bool = False) -> None:
        """Its last byte was written, or the connection is gone."""
        self._last[n] = now
        self._statuses[n] = status
        self._cuts[n] = cut
        self.in_flight -= 1
        if self._file is not None:
            os.write(self._file, orjson.dumps(asdict(self[n])) + b"\n")

    def close(self) -> None:
        """Close the file; the account stays readable."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    # --- read by tests

    def __len__(self) -> int:
        return len(self._arrived)

    def __getitem__(self, n: int) -> Record:
        if not 0 <= n < len(self):
            raise IndexError(f"no request {n}: there were {len(self)}")
        return Record(
            n=n,
            path=self._names[self._paths[n]],
            model=self._names[self._models[n]],
            prompt=self._prompts[n * _DIGEST_SIZE : (n + 1) * _DIGEST_SIZE].hex(),
            arrived=self._arrived[n],
            arrived_unix=self._arrived[n] + self._unix_offset,
            first_reasoning=_known(self._reasoning[n]),
            first_content=_known(self._content[n]),
            last=_known(self._last[n]),
            status=self._statuses[n],
            fault=self._names[self._faults[n]] or None,
            cut=bool(self._cuts[n]),
        )

    def __iter__(self) -> Iterator[Record]:
        return (self[n] for n in range(len(self)))

    def by_status(self) -> Counter[int]:
        """Status -> finished requests; 0 counts those that never got a byte."""
        return Counter(status for status, last in zip(self._statuses, self._last, strict=True) if not math.isnan(last))

    def asked(self, *, answered: bool = False) -> Counter[str]:
        """sha256 of a prompt -> how often it was asked; `answered` counts only complete answers with status 200."""
        return Counter(
            self._prompts[n * _DIGEST_SIZE : (n + 1) * _DIGEST_SIZE].hex()
            for n in range(len(self))
            if not answered or (self._statuses[n] == 200 and not self._cuts[n] and not math.isnan(self._last[n]))
        )

    def times_asked(self, prompt: str) -> int:
        """How often one prompt (its text) was asked."""
        digest = bytes.fromhex(digest_of(prompt))
        return sum(self._prompts[n * _DIGEST_SIZE : (n + 1) * _DIGEST_SIZE] == digest for n in range(len(self)))

    def summary(self) -> dict[str, object]:
        """Totals, as `GET /_fake/account?summary=1` gives them; `cpu_s` is of the server's whole process."""
        asked = self.asked()
        return {
            "requests": len(self),
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "by_status": {str(status): n for status, n in sorted(self.by_status().items())},
            "cut": sum(self._cuts),
            "prompts": len(asked),
            "prompts_asked_again": sum(n > 1 for n in asked.values()),
            "cpu_s": time.process_time(),
        }

    @classmethod
    def from_rows(cls, rows: Iterable[dict[str, Any]]) -> "Account":
        """An account from the rows of `GET /_fake/account`, or from the lines of an account file."""
        account = cls()
        for row in sorted(rows, key=lambda row: float(row["arrived"])):
            n = account.arrive(row["path"], row["model"], bytes.fromhex(row["prompt"]), row["arrived"])
            account._unix_offset = row["arrived_unix"] - row["arrived"]
            if row["fault"]:
                account.fault(n, row["fault"])
            if row["first_reasoning"] is not None:
                account.reasoned(n, row["first_reasoning"])
            if row["first_content"] is not None:
                account.spoke(n, row["first_content"])
            if row["last"] is not None:
                account.finish(n, row["last"], row["status"], cut=row["cut"])
        account.max_in_flight = _most_at_once(account)
        return account

    @classmethod
    def read(cls, path: Path) -> "Account":
        """An account from its file; a torn last line is left out, and so is what was in flight at a kill."""
        lines = path.read_bytes().split(b"\n")
        return cls.from_rows(orjson.loads(line) for line in lines[:-1])

    def _number(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            if len(self._names) > 0xFFFF:
                # A client that puts an id into every path would fill the table: all later names are one.
                return self._numbers.setdefault("(other)", 0xFFFF)
            number = self._numbers[name] = len(self._names)
            self._names.append("(other)" if number == 0xFFFF else name)
        return number


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _most_at_once(account: Account) -> int:
    changes = []
    for record in account:
        changes.append((record.arrived, 1))
        if record.last is not None:
            changes.append((record.last, -1))
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
