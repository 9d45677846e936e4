"""Helpers for end-to-end tests: a suite against the fake provider, and the command line in this process or its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import run_command

SUITE = """
name: {name}
sensitivity: internal
models:
{models}
tasks:
  - name: letters
    data: {{path: items.jsonl, id: id}}
    prompt: |-
      {{{{ question }}}}
      {{{{ options }}}}
    choices: "{{{{ choices }}}}"
    target: "{{{{ letters[answer] }}}}"
    score: choice
    settings: {{max_output_tokens: {max_output_tokens}}}
run: {{in_flight: {in_flight}{run}}}
"""


def write_suite(
    folder: Path,
    base_url: str,
    *,
    n: int = 20,
    models: str | None = None,
    adapter: str = "openai_chat",
    in_flight: int | str = 4,
    run: str = "",
    max_output_tokens: int = 64,
    name: str = "letters",
) -> Path:
    """A suite of `n` four-option questions for one model, `fake`, unless `models` (YAML) names others."""
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n):
            item = {"id": f"q{number}", "question": f"Question {number}?", "choices": ["w", "x", "y", "z"], "answer": 1}
            file.write(json.dumps(item) + "\n")
    models = models or f'  fake: {{adapter: {adapter}, model: fake, weights: fake-1, base_url: "{base_url}"}}'
    extra = f", {run}" if run else ""
    path = folder / "suite.yaml"
    path.write_text(
        SUITE.format(name=name, models=models, in_flight=in_flight, run=extra, max_output_tokens=max_output_tokens),
        encoding="utf-8",
    )
    return path


def prompt_of(number: int) -> str:
    """The prompt of item `number` as it is sent."""
    return f"Question {number}?\nA. w\nB. x\nC. y\nD. z"


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def evalkit(capsys: pytest.CaptureFixture[str], *args: object) -> Ran:
    """Run the command line in this process."""
    capsys.readouterr()
    code = run_command([str(arg) for arg in args])
    said = capsys.readouterr()
    return Ran(code, said.out, said.err)


def start(*args: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    command = [sys.executable, "-m", "evalkit", *(str(arg) for arg in args)]
    return subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str], timeout_s: float = 60.0) -> Ran:
    """Wait for a started command."""
    out, err = process.communicate(timeout=timeout_s)
    return Ran(process.returncode, out, err)


_MADE: dict[object, Path] = {}


def made_once(name: object, make: Callable[[Path], None], here: Path, factory: pytest.TempPathFactory) -> None:
    """Fill `here` with what `make` writes into a folder: it is made once a process, and copied for each test after."""
    if name not in _MADE:
        kept = factory.mktemp("made")
        make(kept)
        _MADE[name] = kept
    shutil.copytree(_MADE[name], here, dirs_exist_ok=True)


def run_folders(results: Path) -> list[Path]:
    """Run folders, oldest first: two of one second too, whose names end in chance."""
    return sorted((path.parent for path in results.glob("*/run.json")), key=lambda folder: (_started(folder), folder))


def _started(folder: Path) -> str:
    """When a run began, and nothing where its run.json cannot be read."""
    try:
        return str(json.loads((folder / "run.json").read_bytes())["started_at"])
    except (ValueError, KeyError, TypeError):
        return ""


def rows(folder: Path) -> list[dict[str, Any]]:
    """Every row of a run with its texts, by key, as plain values."""
    from evalkit.store.sealing import rows_of

    found = [
        {
            "key": row.key,
            "outcome": str(row.outcome),
            "score": row.score,
            "text": row.text,
            "extracted": row.extracted,
            "cached": row.cached,
            "error_kind": row.error_kind,
            "attempts": row.attempts,
            "cost_usd": row.cost_usd,
            "spend_usd": row.spend_usd,
            "ttft_s": row.ttft_s,
            "dropped": row.dropped,
        }
        for row in rows_of(folder)
    ]
    return sorted(found, key=lambda row: str(row["key"]))
