"""A small suite on data that a test writes, through the real command line: what `check` says, what a run makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.world import Ran, evalkit, run_folders

Record = Mapping[str, Any]
TWO: list[dict[str, Any]] = [{"id": "1", "q": "2+2?", "a": "4"}, {"id": "2", "q": "3+3?", "a": "6"}]
TASK: dict[str, Any] = {"name": "t", "data": "d.jsonl", "prompt": "{{ q }}", "target": "{{ a }}", "score": "exact"}


def lines(records: Sequence[Record]) -> bytes:
    """Records as JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


@dataclass(frozen=True, slots=True)
class DataWorld:
    """A folder with one suite of one scripted model."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def suite(
        self,
        records: bytes | Sequence[Record] = TWO,
        *,
        name: str = "d.jsonl",
        reply: str = "x",
        model: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        tasks: Sequence[Mapping[str, Any]] | None = None,
        **task: Any,
    ) -> Path:
        """Write data and suite. Keys of `task` replace those of the plain task; None leaves one out."""
        (self.folder / name).write_bytes(records if isinstance(records, bytes) else lines(records))
        if tasks is None:
            plain = {} if "use" in task else {**TASK, "data": name}
            tasks = [{key: value for key, value in {**plain, **task}.items() if value is not None}]
        whole: dict[str, Any] = {
            "name": "n",
            "models": {"m": model or {"adapter": "scripted", "replies": {"*": reply}}},
            "tasks": list(tasks),
        }
        if run:
            whole["run"] = dict(run)
        path = self.folder / "suite.yaml"
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
        return path

    def check(self, *args: Any, **keys: Any) -> Ran:
        """`evalkit check` of a suite like `suite` writes."""
        return evalkit(self.capsys, "check", self.suite(*args, **keys))

    def said(self, *args: Any, **keys: Any) -> str:
        """What `check` says to refuse it; fails where it does not refuse."""
        ran = self.check(*args, **keys)
        assert ran.code == 2, f"not refused: {ran.out}"
        assert "Traceback" not in ran.err
        return ran.err

    def noted(self, *args: Any, **keys: Any) -> str:
        """The notes of a suite that `check` takes."""
        ran = self.check(*args, **keys)
        assert ran.code == 0, ran.err
        return "\n".join(line for line in ran.out.split("\n") if "note:" in line)

    def shown(self, *args: Any, **keys: Any) -> str:
        """The first prompt as `check --show-prompt` shows it."""
        ran = evalkit(self.capsys, "check", self.suite(*args, **keys), "--show-prompt")
        assert ran.code == 0, ran.err
        return ran.out.partition("[user]\n")[2]

    def run(self, *args: Any, **keys: Any) -> tuple[Ran, list[Row]]:
        """`evalkit run`, with the rows in the order of their ids."""
        suite = self.suite(*args, **keys)
        return self.ran(suite)

    def ran(self, suite: Path, *more: str) -> tuple[Ran, list[Row]]:
        """`evalkit run` of a suite that stands."""
        results = self.folder / "results"
        ran = evalkit(self.capsys, "run", suite, "--results", results, "--no-cache", "--new", *more)
        folders = run_folders(results) if results.is_dir() else []
        newest = max(folders, key=lambda folder: (folder / "run.json").stat().st_mtime_ns) if folders else None
        found = rows_of(newest) if newest is not None and ran.code in {0, 4} else ()
        return ran, sorted(found, key=lambda row: (row.task, row.sample_id, row.repeat))
