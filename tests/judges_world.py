"""Helpers for tests of judges inside a run: a suite of a model and its judges, each a fake provider of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evalkit.records import Row
from evalkit.store.judge_files import judging_of
from evalkit.store.sealing import rows_of

SUITE = """
name: talk
sensitivity: internal
models:
{models}
judges:
{judges}
tasks:
  - name: talk
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ text }}}}"
    target: "{{{{ answer }}}}"
    score: {{judge: {score}}}
    settings: {{max_output_tokens: 64}}
run: {{in_flight: 4{run}}}
"""
PRICES = """
- {model: m, valid_from: 2025-01-01, currency: USD, input_per_mtok: 1, output_per_mtok: 10}
- {model: j, valid_from: 2025-01-01, currency: USD, input_per_mtok: 5, output_per_mtok: 50}
"""


def model(name: str, url: str, *, id: str = "m") -> str:
    """A line of `models:` or `judges:`."""
    where = f'adapter: openai_chat, model: {id}, weights: one, base_url: "{url}"'
    return f"  {name}: {{{where}, settings: {{max_output_tokens: 50}}}}\n"


def write_suite(
    folder: Path, models: str, judges: str, score: str = "{by: strict}", *, n: int = 8, run: str = "", more: str = ""
) -> Path:
    """A suite of n open questions that judges mark, with prices beside it."""
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for k in range(n):
            file.write(json.dumps({"id": f"q{k}", "text": f"Question {k}?", "answer": f"right {k}"}) + "\n")
    (folder / "prices.yaml").write_text(PRICES)
    path = folder / "suite.yaml"
    extra = f", {run}" if run else ""
    path.write_text(SUITE.format(models=models, judges=judges, score=score, run=extra) + more, encoding="utf-8")
    return path


def candidates(folder: Path) -> list[Row]:
    """The models' rows of a run, by key."""
    return sorted(rows_of(folder), key=lambda row: row.key)


def judgments(folder: Path) -> list[Row]:
    """The judges' rows of a run, by key."""
    inner = judging_of(folder)
    return [] if inner is None else sorted(rows_of(inner), key=lambda row: (row.model, row.sample_id))


def facts(folder: Path) -> dict[str, Any]:
    """What run.json says."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found
