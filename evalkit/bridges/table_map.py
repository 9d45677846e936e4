"""Which column of a table of outcomes holds what: read from a small YAML, or guessed from the columns' names.

    model: model                          # a column's name
    task: {const: mcpmark}                # the same for every row
    item: task
    repeat: run
    score: {column: points, max: 10}      # divided by 10
    input_tokens: {sum: [prompt_tokens, cache_read]}
    calls: turns                          # requests that the row's tokens are of; 1 where nobody says
    total_s: {column: latency, unit: ms}
    slices: [language, difficulty]        # columns whose values make slices
    times: {measured_by: MCPMark}         # who took the times
    scorer: MCPMark's verifiers           # who gave the scores
    source: eval-sys/mcpmark@8f674f0      # where the table comes from, as readers are told
    models:                               # who bills, where the book of prices should know
      gpt-5-high: {price_as: openai:gpt-5-2025-08-07}

`usage.input_tokens` reads inside an object, where no column has the whole name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from evalkit.errors import SuiteError, UserError
from evalkit.reading import read_file
from evalkit.suite.column_names import (
    GUESSES,
    TableColumn,
    column_of,
    folded_columns,
    guessed_column,
    written_column,
    yaml_name,
)
from evalkit.suite.source_map import SourceMap, parse, without_lines
from evalkit.suite.wording import short

MOST_BYTES = 1_000_000
"""Of the map: a larger file is something else."""
MOST_SLICES = 100
"""Columns of slices: every row keeps a name and a value for each of them."""
REQUIRED = ("model", "item")
"""What a row cannot be without, beside a score or an outcome."""
TEXTS = ("text", "prompt", "target", "extracted", "reason", "error", "served_model", "service_tier")
_SETTINGS = ("times", "scorer", "models", "source")
_MODEL_KEYS = ("model", "price_as")


@dataclass(frozen=True, slots=True)
class ModelOf:
    """What the map says of one model of the table."""

    model: str | None = None
    """The model id that was asked. None: its name in the table."""
    price_as: str | None = None
    """`provider:model` of the book of prices. None: nobody is known to bill."""


@dataclass(frozen=True, slots=True)
class TableMap:
    """The whole map."""

    columns: Mapping[str, TableColumn]
    """By what is read (a key of GUESSES, without `slices`)."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """By the name of the slice, the column."""
    slices_object: str | None = None
    """A column that holds an object of slices (JSONL)."""
    models: Mapping[str, ModelOf] = field(default_factory=dict)
    scorer: str | None = None
    """Who gave the scores; None: not said, so the run compares with no other table."""
    measured_by: str | None = None
    """Who took the times; None: not said, so no ratio of times is decided."""
    in_flight: int | None = None
    """The load under which they were taken, as requests in flight. None: not said."""
    guessed: bool = False
    source: str | None = None
    """Where the table comes from, in words for readers. None: not said."""


def read_map(path: Path) -> TableMap:
    """The map of a file. Raises UserError with every complaint, each with its line."""
    try:
        content = read_file(path)
    except OSError as error:
        raise UserError(f"{path}: the map cannot be read ({error.strerror or error}).") from error
    if len(content) > MOST_BYTES:
        raise UserError(f"{path}: is larger than {MOST_BYTES // 1_000_000} MB, so it is no map of columns.")
    try:
        tree = parse(content.decode(), path.name)
    except (SuiteError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: the map is no YAML: {error}") from error
    reader = _Reader(tree)
    found = reader.read()
    if reader.wrong:
        raise UserError("The map of columns does not read:\n" + "\n".join(f"  {one}" for one in reader.wrong))
    return found


def map_of(given: Mapping[str, object]) -> TableMap:
    """The map that a person gives in Python, with the keys of a file. Raises UserError with every complaint."""
    reader = _Reader(without_lines(_plain(given), "map"))
    found = reader.read()
    if reader.wrong:
        raise UserError("The map of columns does not read:\n" + "\n".join(f"  {one}" for one in reader.wrong))
    return found


def _plain(value: object) -> object:
    """The value as YAML would give it: lists for tuples, texts for dates."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


_IN_A_FILE = "Write it into a small YAML file, and give that with --map FILE:"


def guess(columns: Iterable[str], way_out: str = _IN_A_FILE) -> TableMap:
    """The map that the columns' names suggest. Raises UserError where model, item or score stay unknown, with the
    `way_out` and the beginning of a map."""
    there = list(columns)
    folded = folded_columns(there)
    taken: dict[str, TableColumn] = {}
    used: set[str] = set()
    for field_name in GUESSES:
        column = guessed_column(field_name, {name: one for name, one in folded.items() if one not in used})
        if column is not None:
            used |= {column.name} if column.name is not None else set()  # the parts of a sum are read by themselves too
            taken[field_name] = column
    if "score" in taken:
        taken.pop("outcome", None)  # a status beside a score is seldom about the answer: only a map says so
    if "item" not in taken and "task" in taken:
        taken["item"] = taken.pop("task")
    missing = [name for name in REQUIRED if name not in taken]
    missing += [] if "score" in taken or "outcome" in taken else ["score"]
    if missing:
        lines = [*described(TableMap(taken)), *(f"{name}: NAME_OF_A_COLUMN" for name in missing)]
        raise UserError(
            f"the columns do not say which holds {' and '.join(missing)} (there are: {', '.join(there)[:400]}). "
            f"{way_out}\n  " + "\n  ".join(lines)
        )
    return TableMap(taken, guessed=True)


def described(found: TableMap) -> list[str]:
    """A line for each thing that is read, as a map would say it: for a person to check, and to keep as a file."""
    lines = [f"{name}: {written_column(name, column)}" for name, column in found.columns.items()]
    if found.slices_object:
        lines.append(f"slices: {yaml_name(found.slices_object)}")
    elif found.slices:
        lines.append(
            "slices: {"
            + ", ".join(f"{yaml_name(name)}: {yaml_name(column)}" for name, column in found.slices.items())
            + "}"
        )
    return lines


class _Reader:
    """Reads a map and collects what is wrong with it."""

    def __init__(self, tree: SourceMap) -> None:
        self.tree = tree
        self.wrong = list(tree.complaints)

    def complain(self, loc: tuple[str | int, ...], what: str) -> None:
        place = f"{self.tree.name}:{self.tree.line(loc)}" if self.tree.in_file else self.tree.name
        self.wrong.append(f"{place}: {what}")

    def read(self) -> TableMap:
        data = self.tree.data
        if not isinstance(data, dict):
            self.complain((), "a map names columns: `model: NAME_OF_A_COLUMN`, one a line")
            return TableMap({})
        columns: dict[str, TableColumn] = {}
        slices: dict[str, str] = {}
        slices_object = None
        for key, value in data.items():
            if key == "slices":
                slices, slices_object = self._slices(value)
            elif key in GUESSES:
                if (column := self._column(key, value)) is not None:
                    columns[key] = column
            elif key not in _SETTINGS:
                near = get_close_matches(str(key), [*GUESSES, *_SETTINGS], n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join([*GUESSES, *_SETTINGS])}"
                self.complain((key,), f"{short(str(key))} is nothing that a table of outcomes has; {hint}")
        for name in REQUIRED:
            if name not in data:
                self.complain((), f"{name}: is missing; name the column that holds it, or {{const: ...}}")
        if "score" not in data and "outcome" not in data:
            self.complain((), "score: (or outcome:) is missing; name the column that says how each answer ended")
        measured_by, in_flight = self._times(data.get("times"))
        return TableMap(
            columns,
            slices,
            slices_object,
            self._models(data.get("models")),
            self._named("scorer", data.get("scorer"), "a name: who gave the scores"),
            measured_by,
            in_flight,
            source=self._named("source", data.get("source"), "a text: where the table comes from"),
        )

    def _column(self, key: str, value: object) -> TableColumn | None:
        try:
            return column_of(key, value)
        except ValueError as error:
            self.complain((key,), str(error))
            return None

    def _slices(self, value: object) -> tuple[dict[str, str], str | None]:
        if isinstance(value, str) and value.strip():
            return {}, value
        if isinstance(value, list | dict) and len(value) > MOST_SLICES:
            self.complain(("slices",), f"slices: names {len(value):,} columns, and {MOST_SLICES} are the most")
            return {}, None
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return {one: one for one in value}, None
        if isinstance(value, dict) and value and all(isinstance(one, str) for one in value.values()):
            return {str(name): column for name, column in value.items()}, None
        self.complain(("slices",), "slices: a list of columns, {NAME: COLUMN}, or one column that holds an object")
        return {}, None

    def _times(self, value: object) -> tuple[str | None, int | None]:
        if value is None:
            return None, None
        told = {key.replace("-", "_"): one for key, one in value.items()} if isinstance(value, dict) else {}
        by, load = told.get("measured_by"), told.get("in_flight")
        fits = set(told) <= {"measured_by", "in_flight"} and isinstance(by, str) and by.strip()
        if not fits or isinstance(load, bool) or not (load is None or (isinstance(load, int) and load > 0)):
            self.complain(("times",), "times: {measured_by: NAME}, and in_flight: N where the load is known")
            return None, None
        return by, load

    def _named(self, key: str, value: object, wanted: str) -> str | None:
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.complain((key,), f"{key}: {wanted}")
        return None

    def _models(self, value: object) -> dict[str, ModelOf]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.complain(("models",), "models: by the table's name {model: ID, price_as: PROVIDER:MODEL}")
            return {}
        found = {}
        for name, told in value.items():
            known = isinstance(told, dict) and set(told) <= set(_MODEL_KEYS)
            if not known or not all(isinstance(one, str) and one for one in told.values()):
                self.complain(("models", name), f"{short(str(name))}: {{model: ID, price_as: PROVIDER:MODEL}}")
                continue
            found[str(name)] = ModelOf(told.get("model"), told.get("price_as"))
        return found
