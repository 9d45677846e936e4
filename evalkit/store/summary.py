"""The figures of a run: per model and task, and per model over all tasks. Derived, so it can be rebuilt at any time.

    {"schema_version": 4, "run": "support-swap-...", "n_rows": 6000, "models": {"gpt": {
        "served": ["gpt-6-sol-2026-10-01"],
        "all": {"n": 2000, "outcomes": {"right": 1740, ...},
        "quality": {"mean": 0.87, "low": 0.854, "high": 0.884, ...},
                "cost": {"total_usd": 0.31, ...}, "latency": {"ttft_s": {"p50": 0.21, "p95": 0.4}, ...}, ...},
        "tasks": {"refunds": {..., "slices": {"language=de": {"n": 120, "outcomes": {...}, "quality": {...}}, ...}}}}}}

A figure that is undefined or unknown is null, never zero. Works on columns with numpy: no pandas, no DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evalkit import writing
from evalkit.errors import StoreError
from evalkit.facts import ModelSummary, Summary, parse
from evalkit.facts.summary import (
    SCHEMA_VERSION,
)
from evalkit.reading import read_json
from evalkit.store import integrity, journal, parts, runs, score_table
from evalkit.store.damage import MOST_HASHED
from evalkit.store.summary_figures import pooled_figures, task_figures
from evalkit.store.table import RunTable, read_table

_FILE = "summary.json"


def summarise(folder: Path) -> Summary:
    """The figures of a run, sealed or still running; each row once. Every money figure is a float for display.

    Models and tasks come in the order of the run's facts (`models`, `tasks`) where those name them, else by name.
    Raises StoreError when the run cannot be read.
    """
    facts, sealed = runs.read_facts(folder), parts.part_numbers(folder)
    return _summary(folder, facts, sealed, read_table(folder))


def _summary(folder: Path, facts: Mapping[str, object], sealed: list[int], table: RunTable) -> Summary:
    models = {}
    for model, of_model in table.groups("model", table.everything, facts.get("models")):
        tasks = {task: task_figures(table, rows) for task, rows in table.groups("task", of_model, facts.get("tasks"))}
        pooled = next(iter(tasks.values())) if len(tasks) == 1 else pooled_figures(table, of_model)
        served = sorted(name for name, _ in table.groups("served_model", of_model, None))
        models[model] = ModelSummary(all=pooled, tasks=tasks, served=tuple(served))
    suite = facts.get("suite")
    return Summary(
        schema_version=SCHEMA_VERSION,
        run=folder.resolve().name,
        suite=suite if isinstance(suite, str) else None,
        n_rows=len(table.everything),
        sealed_parts=tuple(sealed),
        models=models,
    )


def prepare() -> None:
    """Import what a summary needs."""
    import numpy  # noqa: F401
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401

    from evalkit.stats import traffic  # noqa: F401


def write_summary(folder: Path) -> Summary:
    """Compute the summary, write it to `summary.json`, and return it; the scores by sample go beside it.

    Raises StoreError or RunIncomplete.
    """
    summary, *content = computed(folder)
    keep(folder, *content)
    return summary


def computed(folder: Path) -> tuple[Summary, bytes, bytes]:
    """The summary, and what is to be kept of it: `summary.json` and the scores by sample. Raises StoreError."""
    import orjson

    facts, sealed = runs.read_facts(folder), parts.part_numbers(folder)
    table = read_table(folder)
    summary = _summary(folder, facts, sealed, table)
    content = orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return summary, content, score_table.scores_content(sealed, table)


def keep(folder: Path, summary: bytes, scores: bytes) -> None:
    """Write what was computed. Raises StoreError or RunIncomplete."""
    writing.write_atomically(folder / _FILE, summary)
    score_table.write_scores(folder, scores)
    integrity.note(folder, _FILE, score_table.FILE)


def read_summary(folder: Path) -> Summary:
    """The stored summary, or a fresh one where it is missing, unreadable, not as evalkit writes it, or older than the
    rows. Changes nothing.

    Raises StoreError when the run cannot be read, also where its rows hold values that none has."""
    try:
        found = read_json(folder / _FILE)
        ours = integrity.as_noted(folder / _FILE) and isinstance(found, dict)
        if ours and found.get("schema_version") == SCHEMA_VERSION:
            summary = parse(Summary, found, folder / _FILE)
            numbers = parts.part_numbers(folder)
            is_current = list(summary.sealed_parts) == numbers and not journal.journals(folder)
            for path in (parts.rows_path(folder, number) for number in numbers):
                if path.stat().st_size <= MOST_HASHED:
                    parts.refuse_odd_values(path)
            if is_current and all(map(_has_all_traffic, summary.models.values())):
                return summary
    except (OSError, ValueError, StoreError):
        pass  # a derived file that is damaged: the rows say it all
    return summarise(folder)


def _has_all_traffic(model: ModelSummary) -> bool:
    """Whether all tasks together have the figures of the traffic that single ones have: until 2026-12 they had none."""
    return model.all.traffic is not None or any(task.traffic is None for task in model.tasks.values())
