"""The names that columns of tables of answers have: what import table, `replay` and `init --from` guess by.

folded_column("Latency (ms)")      # latency_ms
GUESSES["total_s"]                 # ("total_s", "seconds", ..., "latency_ms", ...), the likeliest first
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

COUNTS = (
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "calls",
)
TIMES = ("total_s", "ttft_s")
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
_ANTHROPIC = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""Units of a time -> how many make a second."""
_PLAIN = re.compile(r"[A-Za-z_][\w./()?-]*(?: [\w./()?-]+)*")
"""Names that YAML reads as they stand, in braces too."""
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_BETWEEN = re.compile(r"[\s\-?#.()_]+")


def folded_column(column: str) -> str:
    """A column's name in the spelling of GUESSES: `Latency (ms)` is latency_ms, `Resolved?` is resolved.

    Signs that say what is counted (% and currencies) stay, so that `Cost €` is not taken for dollars.
    """
    return _BETWEEN.sub("_", column.strip().lower()).strip("_")


def folded_columns(columns: Iterable[str]) -> dict[str, str]:
    """Columns by their folded names: of several spellings of one, the name itself, else the first."""
    there = list(columns)
    found = {folded_column(name): name for name in reversed(there)}
    return found | {name: name for name in there if folded_column(name) == name}


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


def column_of(key: str, value: object) -> TableColumn:
    """What a map says of one thing: a name, or a mapping with const, sum, unit or max. Raises ValueError with the
    complaint."""
    if isinstance(value, str) and value.strip():
        return TableColumn(value)
    if not isinstance(value, dict):
        raise ValueError(f"{key}: a column's name, or {{const: ...}}, {{column: NAME, ...}}, {{sum: [...]}}")  # noqa: TRY004
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
        raise ValueError(f"{key}: a column's name, {{const: ...}} or {{column: NAME{extra}}}{more}")
    return TableColumn(value["column"], per=UNITS[unit] if key in TIMES else float(most))


def parts_exceed(whole: int | None, *parts: int | None) -> bool:
    """Whether a count is less than what should be a part of it: cached and written tokens of the input."""
    return whole is not None and sum(part or 0 for part in parts) > whole


def written_column(key: str, column: TableColumn) -> str:
    """The column as a map says it, in YAML: what `column_of` reads back."""
    if column.name is None:
        if column.sum_of:
            return f"{{sum: [{', '.join(map(yaml_name, column.sum_of))}]}}"
        return f"{{const: {yaml_name(column.const) if isinstance(column.const, str) else json.dumps(column.const)}}}"
    if column.per == 1.0:
        return yaml_name(column.name)
    if key in TIMES:
        unit = next(unit for unit, n in UNITS.items() if n == column.per)
        return f"{{column: {yaml_name(column.name)}, unit: {unit}}}"
    return f"{{column: {yaml_name(column.name)}, max: {column.per:g}}}"


def yaml_name(name: str) -> str:
    """The name as YAML reads it back: in quotes where it would read as something else (`Run #`, `a: b`, `yes`)."""
    if _PLAIN.fullmatch(name) and name.lower() not in _YAML_WORDS:
        return name
    return json.dumps(name, ensure_ascii=False)


def guessed_column(key: str, folded: Mapping[str, str], names: tuple[str, ...] = ()) -> TableColumn | None:
    """The likeliest column for this; None where none is named like it. `folded`: columns by their folded names.

    Under the names of Anthropic's usage the input leaves out what came from its cache and went into it: then the
    three are added (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching, *Tracking cache performance*).
    """
    column = next((folded[name] for name in names or GUESSES[key] if name in folded), None)
    if column is None:
        return None
    if key == "input_tokens" and column == folded.get(_ANTHROPIC[0]):
        parts = tuple(folded[name] for name in _ANTHROPIC if name in folded)
        if len(parts) > 1:
            return TableColumn(sum_of=parts)
    return TableColumn(column, per=UNITS["ms"] if folded_column(column).endswith("_ms") else 1.0)


def inside(record: Mapping[str, object], name: str) -> Any:
    """A column, or what a path leads to inside one: `usage.input_tokens`."""
    if name in record or "." not in name:
        return record.get(name)
    here: object = record
    for part in name.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here
