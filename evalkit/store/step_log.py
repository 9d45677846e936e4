"""The steps of agents' samples that are not over yet: `steps-<writer>.jsonl` in the run folder, one line a step.

    log = StepLog.open(folder, "main")
    log.append(key, 1, step)
    open_steps(folder)[key]             # (step,): what a later session goes on from

A sample's row is written when it is over, and has all of its steps; until then they stand here alone, so that a killed
run does not buy them twice. The files go when the run is complete.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson

from evalkit.errors import RunIncomplete, StoreError
from evalkit.reading import lines_of, open_to_read
from evalkit.records import AgentStep
from evalkit.store.row_codec import Key, to_json
from evalkit.store.step_codec import read_step, step_record
from evalkit.writing import open_descriptor

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class StepLog:
    """One writer's file; made by `open`."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    @classmethod
    def open(cls, folder: Path, writer: str) -> StepLog:
        """The log of this writer. Raises StoreError where the folder cannot be written."""
        if not _NAME.fullmatch(writer):
            raise ValueError(f"a writer is named by letters, digits, dots and dashes, not {writer!r}")
        path = folder / f"steps-{writer}.jsonl"
        try:
            return cls(path, open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_APPEND))
        except OSError as error:
            raise StoreError(
                f"{path} cannot be opened ({error.strerror}). Choose another folder: --results.", path
            ) from error

    def append(self, key: Key, number: int, step: AgentStep) -> None:
        """Write one step, the number-th of its sample. Raises RunIncomplete where it cannot be written whole."""
        line = to_json({"key": key, "n": number, "step": step_record(step)}) + b"\n"
        try:
            done = os.write(self._fd, line)
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except OSError as error:
            raise RunIncomplete(
                f"A step could not be stored in {self.path}: {error.strerror}. Every row before it is kept. Mend it, "
                "and run the same command again: it resumes."
            ) from error

    def close(self) -> None:
        """Give the file back. May be called twice."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def open_steps(folder: Path, done: Callable[[Key], bool]) -> dict[Key, tuple[AgentStep, ...]]:
    """By key the steps of samples that are not done, from their first on; a torn line ends what is known of a sample.

    Raises StoreError where a file cannot be read.
    """
    found: dict[Key, list[AgentStep]] = {}
    for path in _files(folder):
        try:
            with open_to_read(path) as file:
                for line in lines_of(file):
                    with suppress(ValueError, TypeError, KeyError, AttributeError):
                        record = orjson.loads(line or b"")
                        model, task, digest, occurrence, repeat = record["key"]
                        key: Key = (str(model), str(task), str(digest), int(occurrence), int(repeat))
                        steps = found.setdefault(key, [])
                        if record["n"] != len(steps) + 1:
                            steps.clear()  # the sample was begun anew
                        if record["n"] == len(steps) + 1:
                            steps.append(read_step(record["step"]))
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror}).", path) from error
    return {key: tuple(steps) for key, steps in found.items() if steps and not done(key)}


def forget(folder: Path) -> None:
    """Remove the logs of a run that is complete; every step stands in its sample's row."""
    for path in _files(folder):
        with suppress(OSError):
            path.unlink()


def _files(folder: Path) -> list[Path]:
    """Oldest first."""
    found = []
    for path in folder.glob("steps-*.jsonl"):
        with suppress(OSError):
            found.append((path.stat().st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]
