"""A run folder that a pull request brought along may say anything; reading it never ends in a defect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.test_writing import SUITE
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
ODD: list[Any] = [None, "", "x", {}, [], [{}], [1, None], {"a": None}, -1, 2**63, 1e308, True]
KEYS = ["reasons", "cut_by_tasks", "cut_by_limit", "repeats", "status", "models", "tasks", "n_rows", "sealed", "told"]


@pytest.mark.parametrize("key", KEYS)
def test_odd_facts_are_no_defect(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALKIT_RESULTS", str(tmp_path / "results"))
    Path("s.yaml").write_text(SUITE, "utf-8")
    Path("d.jsonl").write_text('{"id": "1", "q": "x"}\n', "utf-8")
    assert evalkit(capsys, "run", "s.yaml").code == 0
    path = next(Path("results").iterdir()) / "run.json"
    facts = orjson.loads(path.read_bytes())
    for value in ODD:
        path.write_bytes(orjson.dumps({**facts, key: value}))
        for command in (
            ("list",),
            ("show", "latest"),
            ("gate", "latest"),
            ("gate", "latest", "--suite", "s.yaml", "--allow-recorded"),
            ("baseline", "promote", "latest", "--model", "a", "--as", "p", "--by", "me", "--why", "x", "--replace"),
        ):
            ran = evalkit(capsys, *command)
            assert ran.code != 70 and "Traceback" not in ran.err, (key, value, command, ran.err[-300:])
