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
    models:                               # who bills, where the book of prices should know
      gpt-5-high: {price_as: openai:gpt-5-2025-08-07}

`usage.input_tokens` reads inside an object, where no column has the whole name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from evalkit.errors import SuiteError, UserError
from evalkit.reading import read_file
from evalkit.suite.source_map import SourceMap, parse, without_lines
from evalkit.suite.wording import short

MOST_BYTES = 1_000_000
"""Of the map: a larger file is something else."""
MOST_SLICES = 100
"""Columns of slices: every row keeps a name and a value for each of them."""
REQUIRED = ("model", "item")
"""What a row cannot be without, beside a score or an outcome."""
COUNTS = (
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "calls",
)
TIMES = ("total_s", "ttft_s")
TEXTS = ("text", "prompt", "target", "extracted", "reason", "error", "served_model", "service_tier")
GUESSES: Mapping[str, tuple[str, ...]] = {
    "model": ("model", "model_name", "model_id"),
    "task": ("task", "task_name", "suite", "benchmark", "dataset", "category"),
    "item": ("item", "item_id", "sample_id", "sample", "example_id", "question_id", "instance_id", "case",
             "case_id", "id", "doc_id"),
    "repeat": ("repeat", "epoch", "trial", "attempt", "run", "run_id", "seed"),
    "score": ("score", "correct", "success", "passed", "pass", "is_correct", "accuracy", "acc", "reward", "resolved",
              "solved"),
    "outcome": ("outcome", "status", "result", "verdict"),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_in", "n_input_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out", "n_output_tokens"),
    "reasoning_tokens": ("reasoning_tokens", "thinking_tokens"),
    "cached_tokens": ("cached_tokens", "cache_read_tokens", "cached_input_tokens", "cache_read_input_tokens"),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_input_tokens"),
    "calls": ("calls", "n_calls", "turns", "n_turns", "steps", "n_requests"),
    "total_s": ("total_s", "seconds", "duration_s", "latency_s", "elapsed_s", "time_s", "duration_seconds",
                "took_s", "latency_ms", "duration_ms", "elapsed_ms", "total_ms", "took_ms"),
    "ttft_s": ("ttft_s", "time_to_first_token_s", "ttft_ms", "time_to_first_token_ms"),
    "cost_usd": ("cost_usd", "usd", "cost", "total_cost", "price_usd"),
    "started_at": ("started_at", "start_time", "timestamp", "created_at", "date"),
    "cluster": ("cluster", "cluster_id", "conversation_id", "group_id"),
    "slices": (),
    "critical": ("critical",),
    "from_cache": ("from_cache",),
    "text": ("text", "output", "answer", "response", "completion", "prediction"),
    "prompt": ("prompt", "question", "input"),
    "target": ("target", "expected", "reference", "gold", "ideal"),
    "extracted": ("extracted",),
    "reason": ("reason", "explanation"),
    "error": ("error", "error_message", "exception"),
    "served_model": ("served_model", "actual_model_name"),
    "service_tier": ("service_tier",),
}  # fmt: skip
"""By what is read: the names of columns that are taken for it, the likeliest first."""
UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""Units of a time -> how many make a second."""
_BETWEEN = re.compile(r"[\s\-?#.()_]+")
_PLAIN = re.compile(r"[A-Za-z_][\w./()?-]*(?: [\w./()?-]+)*")
"""Names that YAML reads as they stand, in braces too."""
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_SETTINGS = ("times", "scorer", "models")
_MODEL_KEYS = ("model", "price_as")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """Where one thing stands. Exactly one of `name`, `sum_of` and `const` says it."""

    name: str | None = None
    sum_of: tuple[str, ...] = ()
    """Columns whose numbers are added; unknown where any of them is."""
    const: object = None
    per: float = 1.0
    """What a number is divided by: 1000 for milliseconds, 10 for points of 10."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.sum_of if self.name is None else (self.name,)


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
    folded = {folded_column(name): name for name in reversed(there)}
    taken: dict[str, TableColumn] = {}
    used: set[str] = set()
    for field_name, names in GUESSES.items():
        column = next((folded[name] for name in names if name in folded and folded[name] not in used), None)
        if column is not None:
            used.add(column)
            taken[field_name] = TableColumn(column, per=UNITS["ms"] if folded_column(column).endswith("_ms") else 1.0)
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


def folded_column(column: str) -> str:
    """A column's name in the spelling of GUESSES: `Latency (ms)` is latency_ms, `Resolved?` is resolved.

    Signs that say what is counted (% and currencies) stay, so that `Cost €` is not taken for dollars.
    """
    return _BETWEEN.sub("_", column.strip().lower()).strip("_")


def described(found: TableMap) -> list[str]:
    """A line for each thing that is read, as a map would say it: for a person to check, and to keep as a file."""
    lines = [f"{name}: {_said(column, name)}" for name, column in found.columns.items()]
    if found.slices_object:
        lines.append(f"slices: {_yaml(found.slices_object)}")
    elif found.slices:
        lines.append(
            "slices: {" + ", ".join(f"{_yaml(name)}: {_yaml(column)}" for name, column in found.slices.items()) + "}"
        )
    return lines


def _said(column: TableColumn, name: str) -> str:
    if column.name is None:
        return f"{{sum: [{', '.join(map(_yaml, column.sum_of))}]}}" if column.sum_of else f"{{const: {column.const}}}"
    if column.per == 1.0:
        return _yaml(column.name)
    if name in TIMES:
        unit = next(unit for unit, n in UNITS.items() if n == column.per)
        return f"{{column: {_yaml(column.name)}, unit: {unit}}}"
    return f"{{column: {_yaml(column.name)}, max: {column.per:g}}}"


def _yaml(name: str) -> str:
    """The name as YAML reads it back: in quotes where it would read as something else (`Run #`, `a: b`, `yes`)."""
    if _PLAIN.fullmatch(name) and name.lower() not in _YAML_WORDS:
        return name
    return json.dumps(name, ensure_ascii=False)


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
            self._scorer(data.get("scorer")),
            measured_by,
            in_flight,
        )

    def _column(self, key: str, value: object) -> TableColumn | None:
        if isinstance(value, str) and value.strip():
            return TableColumn(value)
        if not isinstance(value, dict):
            self.complain((key,), f"{key}: a column's name, or {{const: ...}}, {{column: NAME, ...}}, {{sum: [...]}}")
            return None
        if set(value) == {"const"} and isinstance(value["const"], str | int | float | bool):
            return TableColumn(const=value["const"])
        names = value.get("sum")
        if (
            set(value) == {"sum"}
            and key in COUNTS
            and isinstance(names, list)
            and names
            and all(isinstance(name, str) for name in names)
        ):
            return TableColumn(sum_of=tuple(names))
        allowed = {"column", "unit"} if key in TIMES else {"column", "max"} if key == "score" else {"column"}
        unit, most = value.get("unit", "s"), value.get("max", 1)
        wrong = (
            not set(value) <= allowed
            or not isinstance(value.get("column"), str)
            or not isinstance(unit, str)
            or unit not in UNITS
            or isinstance(most, bool)
            or not isinstance(most, int | float)
            or not most > 0
        )
        if wrong:
            extra = ", unit: ms" if key in TIMES else ", max: 10" if key == "score" else ""
            more = ", or {sum: [NAME, NAME]}" if key in COUNTS else ""
            more += f"; unit is one of {', '.join(UNITS)}" if key in TIMES else ""
            more += "; max is the most points there are, a number above 0" if key == "score" else ""
            self.complain((key,), f"{key}: a column's name, {{const: ...}} or {{column: NAME{extra}}}{more}")
            return None
        return TableColumn(value["column"], per=UNITS[unit] if key in TIMES else float(most))

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

    def _scorer(self, value: object) -> str | None:
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.complain(("scorer",), "scorer: a name: who gave the scores")
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
