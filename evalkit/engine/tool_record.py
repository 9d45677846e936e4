"""What live servers answered in a run, as the recorded server that a suite names instead: CI then needs no server.

    write_record(Path("weather.json"), folder, suite)      # {"tools": [...], "results": [{"session": ..., ...}]}

Made from the stored rows, so what a suite redacts is redacted here too. Sessions that say the same are written once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from evalkit.errors import UserError
from evalkit.facts.base import Json, JsonMap
from evalkit.records import Row
from evalkit.store import runs
from evalkit.store.sealing import rows_of
from evalkit.suite.environments.arguments import RefusedCall, json_object
from evalkit.suite.environments.reading import LARGEST_RECORD
from evalkit.suite.redaction import Redactor
from evalkit.suite.tasks import ResolvedTask
from evalkit.text import numbers
from evalkit.writing import write_file


@dataclass(frozen=True, slots=True)
class _Sent:
    """A call that the server was sent, and what it said."""

    name: str
    arguments: JsonMap
    text: str
    failed: bool

    @property
    def call(self) -> bytes:
        return orjson.dumps([self.name, dict(self.arguments)], option=orjson.OPT_SORT_KEYS)

    @property
    def result(self) -> tuple[str, bool]:
        return self.text, self.failed


def recorded_tasks(tasks: Iterable[ResolvedTask], file: Path) -> tuple[str, ...]:
    """The tasks whose live server FILE would hold. Raises UserError where it cannot be written."""
    live = [task for task in tasks if task.environment is not None and task.environment.live is not None]
    if not live:
        raise UserError(f"--record-tools {file}: no task of this run has a live MCP server (mcp: in its environment)")
    if len({task.environment.digest for task in live if task.environment is not None}) > 1:
        names = ", ".join(task.name for task in live)
        raise UserError(f"--record-tools {file}: {names} have different servers; a file holds one: choose by --tasks")
    if file.suffix != ".json":
        raise UserError(f"--record-tools {file}: a recorded server is a .json file")
    if file.exists() or file.is_symlink():
        raise UserError(f"--record-tools {file}: there is one already. Name another file, or remove it first.")
    if not file.parent.is_dir():
        raise UserError(f"--record-tools {file}: there is no folder {file.parent}")
    return tuple(task.name for task in live)


def write_record(file: Path, folder: Path, tasks: Mapping[str, ResolvedTask]) -> str:
    """Write what the live server of these tasks answered in a run; a sentence for a person. Raises UserError."""
    told = runs.open_facts(folder).tasks or {}
    tools: tuple[JsonMap, ...] = ()
    sessions: list[tuple[str, list[_Sent]]] = []
    for row in rows_of(folder):
        if row.task in tasks:
            server = told[row.task].tool_server
            tools = tools or (server.tools if server is not None else ())
            sessions.append((row.sample_id, list(_sent(row, tasks[row.task].redactor or tasks[row.task].storing))))
    results, differ = _results(sessions)
    content = orjson.dumps({"tools": [dict(one) for one in tools], "results": results}, option=orjson.OPT_INDENT_2)
    if len(content) > LARGEST_RECORD:
        raise UserError(
            f"--record-tools {file}: the record would be larger than {LARGEST_RECORD:,} bytes: record fewer samples "
            "(--limit), or one task (--tasks)"
        )
    try:
        write_file(file, content + b"\n", new=True)
    except OSError as error:
        raise UserError(f"--record-tools {file}: cannot be written: {error.strerror or error}") from error
    held = f"{numbers.plural(len(tools), 'tool')} and {numbers.plural(len(results), 'call')}"
    said = f"{file} has {held}: name it as environment, and no server is needed"
    if differ:
        said += (
            f". {numbers.plural(differ, 'call was', 'calls were')} answered differently after the same calls before "
            "them: of those it gives each sample the first answer that it got, so scores may differ"
        )
    return said


def _sent(row: Row, redactor: Redactor | None) -> Iterator[_Sent]:
    """The calls of a row that the server was sent: those that took it time."""
    counts: Counter[str] = Counter()
    for step in row.steps or ():
        for call, result in zip(step.calls, step.results, strict=False):
            if result.total_s is None:
                continue
            try:
                arguments = json_object(call.arguments)
            except RefusedCall:  # what was redacted is no call any more
                continue
            text = result.text
            if redactor is not None:
                text = redactor.text(text, counts)
                arguments = json_object(orjson.dumps(redactor.record(arguments, counts)).decode())
            yield _Sent(call.name, arguments, text, result.failed)


def _results(sessions: list[tuple[str, list[_Sent]]]) -> tuple[list[dict[str, Json]], int]:
    """(the entries of the file, how many calls were answered differently after the same calls)."""
    answers: dict[bytes, set[tuple[str, bool]]] = {}
    for _, calls in sessions:
        for before, one in zip(_paths(calls), calls, strict=True):
            answers.setdefault(before, set()).add(one.result)
    found: list[dict[str, Json]] = []
    known: set[tuple[object, ...]] = set()
    numbers: Counter[str] = Counter()
    for sample, calls in sessions:
        paths = list(_paths(calls))
        alike = all(len(answers[path]) == 1 for path in paths)
        told = (None if alike else sample, tuple(paths), tuple(one.result for one in calls))
        if not calls or told in known:
            continue
        known.add(told)
        numbers[sample] += 1
        session = sample if numbers[sample] == 1 else f"{sample} ({numbers[sample]})"
        for one in calls:
            said: dict[str, Json] = {"content": [{"type": "text", "text": one.text}], "isError": one.failed}
            entry: dict[str, Json] = {"session": session, "sample": sample, "name": one.name}
            found.append({**entry, "arguments": dict(one.arguments), "result": said})
    return found, sum(len(one) > 1 for one in answers.values())


def _paths(calls: list[_Sent]) -> Iterator[bytes]:
    """For each call a digest of it and all before it."""
    before = b""
    for one in calls:
        before = hashlib.sha256(before + one.call).digest()
        yield before
