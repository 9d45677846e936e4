"""Logs that are tables: CSV, TSV or Parquet (with a map JSON lines too), one row a call.

    question: customer_message            # or messages: a column with the whole conversation, as JSON or as lists
    answer: reply
    system: {const: Be brief.}
    input_tokens: {sum: [prompt, cached]}
    total_s: {column: took, unit: ms}
    slices: [customer, language]

Columns are named in a small YAML, or guessed by the names that `import table` and the plain records of `exchanges`
know. A row becomes such a plain record; what is no figure is unknown, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from evalkit.bridges.table_columns import unread_note, unused_note
from evalkit.bridges.traces.exchanges import ASKED, REPLIED, SLICES, WHOLE
from evalkit.errors import SuiteError, UserError
from evalkit.paths import named
from evalkit.reading import read_file
from evalkit.store.table_values import Unread, reader_of, words
from evalkit.suite.column_names import (
    GUESSES,
    TableColumn,
    column_of,
    folded_column,
    guessed_column,
    inside,
    written_column,
    yaml_name,
)
from evalkit.suite.datasets import FORMATS, Data
from evalkit.suite.source_map import parse
from evalkit.suite.wording import masked, near

TABLES = tuple(ending for ending, kind in FORMATS.items() if kind != "jsonl")
_FIGURES = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens",
            "cost_usd", "total_s", "ttft_s", "started_at")  # fmt: skip
_NAMES: Mapping[str, tuple[str, ...]] = {
    "messages": WHOLE,
    "question": ("question", "prompt", "user_message", "customer_message", "user_prompt", "user_input", "message",
                 "query", "input", *ASKED),
    "answer": ("answer", "assistant_message", "bot_message", "model_output", "reply", *GUESSES["text"], *REPLIED),
    "system": ("system", "system_prompt", "system_message"),
    "tools": ("tools", "functions"),
    "model": GUESSES["model"],
    "provider": ("provider",),
    "id": ("id", "request_id", "call_id"),
    "session": ("session_id", "conversation_id", "thread_id"),
    "template": ("template", "prompt_name", "prompt_id"),
    "expected": ("expected", "target", "reference", "label", "ground_truth"),
    "error": ("error", "error_message", "exception"),
    "calls": ("tool_calls", "function_calls"),
}  # fmt: skip
"""By what is read, beside figures: the names that columns have, the likeliest first."""
_MOST_MAP = 1_000_000


@dataclass(frozen=True, slots=True)
class LogMap:
    """Which column of a log holds what."""

    columns: Mapping[str, TableColumn]
    slices: Mapping[str, str] = field(default_factory=dict)
    """By the name of the group, the column."""

    def names(self) -> list[str]:
        """The columns, and the paths inside them, that are read."""
        return [*(one for column in self.columns.values() for one in column.columns), *self.slices.values()]

    def described(self) -> str:
        """The map in one line, as YAML."""
        said = [f"{which}: {written_column(which, column)}" for which, column in self.columns.items()]
        said += [f"slices: [{', '.join(map(yaml_name, self.slices))}]"] if self.slices else []
        return "{" + ", ".join(said) + "}"


def read_log_map(path: Path) -> LogMap:
    """The map of a file. Raises UserError with every complaint, each with its line."""
    try:
        content = read_file(path)
        if len(content) > _MOST_MAP:
            raise UserError(f"{path}: is larger than {_MOST_MAP // 1_000_000} MB, so it is no map of columns.")
        tree = parse(content.decode(), path.name)
    except OSError as error:
        raise UserError(f"{path}: the map cannot be read ({error.strerror or error}).") from error
    except (SuiteError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: the map is no YAML: {error}") from error
    columns: dict[str, TableColumn] = {}
    slices: dict[str, str] = {}
    wrong = list(tree.complaints)
    data = tree.data if isinstance(tree.data, dict) else {}
    known = [*_NAMES, *_FIGURES, "slices"]
    for key, value in data.items():
        if key not in known:
            where = f"{path.name}:{tree.line((key,))}"
            wrong.append(f"{where}: {str(key)[:80]!r} is nothing that a log has; {near(str(key), known)}")
            continue
        try:
            if key == "slices":
                slices = _slices(value)
            else:
                columns[key] = column_of(key, value)
        except ValueError as error:
            wrong.append(f"{path.name}:{tree.line((key,))}: {error}")
    if "messages" not in data and "question" not in data:
        wrong.append(f"{path.name}: messages: (or question:) is missing; name the column that holds what was asked")
    if wrong:
        raise UserError("The map of columns does not read:\n" + "\n".join(f"  {one}" for one in wrong))
    return LogMap(columns, slices)


def _slices(value: object) -> dict[str, str]:
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return {one: one for one in value}
    if isinstance(value, dict) and value and all(isinstance(one, str) for one in value.values()):
        return {str(name): column for name, column in value.items()}
    raise ValueError("slices: a list of columns, or {NAME: COLUMN}")


def guessed_map(columns: list[str], file: str) -> LogMap:
    """The map that the columns' names suggest. Raises UserError where none is named like a question or an answer."""
    folded = {folded_column(name): name for name in reversed(columns)}
    taken: dict[str, TableColumn] = {}
    free = dict(folded)
    for which in (*_NAMES, *_FIGURES):
        if which == "question" and "messages" in taken:
            continue
        found = guessed_column(which, free, _NAMES.get(which, ()))
        if found is not None:
            taken[which] = found
            free = {name: column for name, column in free.items() if column != found.name}
    slices = {free[name]: free[name] for name in SLICES if name in free}
    if "messages" not in taken and ("question" not in taken or "answer" not in taken):
        lacks = "what was asked" if "question" not in taken else "what was answered"
        raise UserError(
            f"{file}: no column is named like {lacks} (there are: {', '.join(columns)[:400]}). Write a small YAML and "
            f"give it with --map FILE:\n  {'messages: COLUMN' if 'question' not in taken else 'answer: COLUMN'}"
            f"\nFound so far: {LogMap(taken, slices).described()}"
        )
    return LogMap(taken, slices)


@dataclass(slots=True)
class TableOfCalls:
    """One table, read row by row as plain records."""

    data: Data
    map: LogMap
    unused: tuple[str, ...] = ()
    """Columns whose names say nothing that is known, where the map was guessed."""
    unread: Counter[str] = field(default_factory=Counter)
    first_unread: dict[str, str] = field(default_factory=dict)

    def records(self) -> Iterator[tuple[str, dict[str, object]]]:
        """(place, record) of each row. Raises UserError."""
        try:
            for number, row in self.data.records():
                place = self.data.place(number)
                yield place, self._record(row, place)
        except SuiteError as error:
            raise UserError(f"{error}; nothing is imported") from error

    def _record(self, row: Mapping[str, object], place: str) -> dict[str, object]:
        found = {which: self._value(row, which, place) for which in self.map.columns}
        record: dict[str, object] = {
            "messages": found.get("messages"),
            "prompt": found.get("question"),
            "completion": _with_calls(found.get("answer"), found.get("calls")),
            "session_id": found.get("session"),
            "usage": _usage(found),
        }
        same = ("system", "tools", "model", "provider", "id", "template", "expected", "error", "cost_usd", "total_s")
        record |= {which: found.get(which) for which in (*same, "ttft_s", "started_at")}
        groups = {name: _cell(inside(row, column)) for name, column in self.map.slices.items()}
        record["metadata"] = {name: value for name, value in groups.items() if value not in (None, "")}
        return {name: value for name, value in record.items() if value not in (None, "", {}, [])}

    def _value(self, row: Mapping[str, object], which: str, place: str) -> Any:
        column = self.map.columns[which]
        if which not in _FIGURES:
            return _cell(column.const if column.name is None else inside(row, column.name))
        try:
            found = reader_of(which, column)(row)
        except Unread:
            self.unread[which] += 1
            seen = inside(row, column.columns[0]) if column.columns else column.const
            self.first_unread.setdefault(which, f"{place}: looks like {masked(seen)}")
            return None
        return float(found) if which == "cost_usd" and found is not None else found

    def notes(self) -> Iterator[str]:
        """What a person should know of the table, as sentences."""
        if self.unused:
            yield unused_note(self.unused)
        if self.unread:
            yield unread_note(self.unread, self.first_unread)


def _cell(value: object) -> object:
    """A cell that is no figure: numbers and truth values as texts, since an answer of 7 is one; NaN, by which Parquet
    may say that nothing stands there, as None."""
    if value != value:  # noqa: PLR0124
        return None
    return words(value) if isinstance(value, bool | int | float | Decimal) else value


def _with_calls(answer: object, calls: object) -> object:
    """The answer; with the functions that it called, as OpenAI writes a turn."""
    if calls in (None, "", [], "[]"):
        return answer
    return {"role": "assistant", "content": answer or None, "tool_calls": calls}


def _usage(found: Mapping[str, object]) -> dict[str, object]:
    """Counts that include their parts, as OpenAI names them."""
    usage: dict[str, object] = {
        "prompt_tokens": found.get("input_tokens"),
        "completion_tokens": found.get("output_tokens"),
        "prompt_tokens_details": {"cached_tokens": found.get("cached_tokens")},
        "completion_tokens_details": {"reasoning_tokens": found.get("reasoning_tokens")},
        "cache_write_tokens": found.get("cache_write_tokens"),
    }
    return {name: value for name, value in usage.items() if value is not None}


def table_of_calls(path: Path, given: LogMap | None) -> TableOfCalls:
    """The table in this file under a map, or under the one that its columns suggest. Raises UserError."""
    kind = FORMATS[Path(path.name.lower().removesuffix(".gz")).suffix]
    if kind == "parquet" and path.name.lower().endswith(".gz"):
        raise UserError(f"{path.name}: Parquet is packed inside; unpack the outer layer: gunzip FILE")
    data = Data(named(path), path.name, kind, {})
    try:
        columns = list(next((record for _, record in data.records()), {}))
    except SuiteError as error:
        raise UserError(f"{error}; nothing is imported") from error
    if not columns:
        raise UserError(f"{path.name}: holds no row, so there is nothing to import")
    if given is None:
        guessed = guessed_map(columns, path.name)
        read = guessed.names()
        return TableOfCalls(data, guessed, tuple(name for name in columns if name not in read))
    wanted = given.names()
    absent = [name for name in wanted if name is not None and name not in columns and "." not in name]
    if absent and kind != "jsonl":
        raise UserError(f"{path.name}: has no column {absent[0]!r}; it has {', '.join(columns)[:400]}")
    return TableOfCalls(data, given)


def is_table(path: Path, given: LogMap | None) -> bool:
    """Whether a file is read as a table: by its name, or JSON lines for which somebody gave a map."""
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    return ending in TABLES or (given is not None and ending in FORMATS)
