"""Stored runs for tests of the gate: two models, real rows in real parts, facts as the engine writes them."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from evalkit.facts import RunFacts
from evalkit.records import Outcome, Row
from evalkit.store import integrity, judge_files, runs
from tests.run_facts import made_run, set_facts
from tests.store_rows import a_row, write_sealed
from tests.world import Ran, evalkit

IDENTITY = {
    "messages": [{"role": "user", "content": "{{ question }}"}],
    "choices": None,
    "target": "{{ answer }}",
    "shots": "none",
    "mode": "generate",
    "score": {"name": "exact", "options": {}},
    "settings": {},
    "limit": None,
    "builtin": None,
    "scorer_version": 1,
}
RULE: dict[str, Any] = {"quality": "all", "margin": 0.02}


def gate(*rules: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A gate section: `base` against `cand`, by default on pooled quality with a margin of 2 points."""
    return {"baseline": "base", "candidates": ["cand"], "rules": list(rules) or [RULE], **more}


def scores(n: int, wrong: Iterable[int] = ()) -> list[float]:
    """n right answers but for these."""
    lost = set(wrong)
    return [0.0 if k in lost else 1.0 for k in range(n)]


def one(n: int, model: str, score: float | None, **changes: Any) -> Row:
    """Row n of a model with this score; None: it errored."""
    if score is None:
        values: dict[str, Any] = {"outcome": Outcome.ERRORED, "score": None, "error_kind": "server_error"}
        values |= dict.fromkeys(("cost_usd", "spend_usd", "ttft_s", "total_s"))
    else:
        outcome = Outcome.RIGHT if score == 1 else Outcome.WRONG if score == 0 else Outcome.SCORED
        values = {"outcome": outcome, "score": score}
    # No two calls take equally long to the last bit: rows of two models that did are refused as copies.
    values.setdefault("total_s", 0.4 + n / 1000 + zlib.crc32(model.encode()) / 2**52)
    return a_row(n, model, **{**values, "task": "t", **changes})


def stored(
    results: Path,
    answers: Mapping[str, Sequence[float | None]],
    section: Mapping[str, Any] | None = None,
    *,
    change: Callable[[Row], Row | None] | None = None,
    rows: Iterable[Row] | None = None,
    status: str = "complete",
    tasks: Mapping[str, int] | None = None,
    identity: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Path:
    """A sealed run: `answers` are scores by model, `change` may alter or drop (None) any row."""
    about = {**copy.deepcopy(IDENTITY), **(identity or {})}
    counts = tasks or {"t": max(len(given) for given in answers.values())}
    content = {
        "models": {model: {"adapter": "openai_chat", "model": model, "facts": {}} for model in answers},
        "tasks": {name: {"n": n, "identity": about, "scorer": "exact"} for name, n in counts.items()},
        "repeats": 1,
        "run_version": 1,
        "in_flight": 4,
        "cut_by_limit": None,
        "cut_by_tasks": None,
        "suite_resolved": {"gate": dict(section or gate()), "run": {"max_error_rate": 0.01, "seed": 0}},
        **facts,
    }
    folder = made_run(results, "demo", "0" * 12, content)
    if rows is not None:
        write_sealed(folder, rows)
    elif change is not None:
        write_sealed(folder, [row for row in map(change, _rows(answers)) if row is not None])
    else:
        _write_usual(folder, answers)
    if status != "running":
        set_facts(folder, status=status, reasons=facts.get("reasons", []))
    return folder


_usual = lru_cache(1 << 14)(one)
_PARTS: dict[str, dict[str, bytes]] = {}


def _rows(answers: Mapping[str, Sequence[float | None]]) -> list[Row]:
    return [_usual(n, model, score) for model, given in answers.items() for n, score in enumerate(given)]


def _write_usual(folder: Path, answers: Mapping[str, Sequence[float | None]]) -> None:
    """The same answers make the same part: hundreds of tests ask for a few."""
    if (asked := repr(answers)) not in _PARTS:
        write_sealed(folder, _rows(answers))
        _PARTS[asked] = {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
        return
    for name, content in _PARTS[asked].items():
        (folder / name).write_bytes(content)
    integrity.record(folder, new_part=1)


def open_judged(folder: Path, about: Mapping[str, Any]) -> Path:
    """The folder of the judge `j` of a stored run, whose run.json says that it scored the tasks that `about` names."""
    facts: dict[str, Any] = runs.read_facts(folder)
    for name in about["tasks"]:
        facts["tasks"][name]["identity"]["judge"] = {"judges": {"j": {}}}
    read = {name: [0, task["n"]] for name, task in facts["tasks"].items() if name in about["tasks"]}
    set_facts(folder, tasks=facts["tasks"], judges_unread={"j": dict.fromkeys(facts["models"], read)})
    return judge_files.open_judging(folder, RunFacts.model_validate(about))


class Gate:
    """The command line over one results folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.capsys, self.results, self.baselines = capsys, folder / "results", folder / "baselines"

    def __call__(self, run: Path, *args: object) -> Ran:
        """`evalkit gate RUN`."""
        return self.cli("gate", run, "--baselines", self.baselines, *args)

    def cli(self, command: str, *args: object) -> Ran:
        """Any command over these results."""
        return evalkit(self.capsys, command, *args, "--results", self.results)

    def promote(self, run: Path, model: str = "base", name: str = "prod", *more: object) -> Ran:
        """`evalkit baseline promote`."""
        said = ("--model", model, "--as", name, "--by", "Ada", "--why", "in production")
        return evalkit(
            self.capsys,
            *("baseline", "promote", run, *said, "--results", self.results, "--baselines", self.baselines),
            *more,
        )


def dollars(amount: str | None) -> dict[str, Decimal | None]:
    """The cost of a row."""
    cost = None if amount is None else Decimal(amount)
    return {"cost_usd": cost, "spend_usd": cost}
