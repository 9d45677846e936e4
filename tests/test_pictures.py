"""Pictures in prompts: found among the suite's files, sent through every dialect, and known by their bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.picture_world import KEYS, PNG, TASK, picture, served_models, write
from tests.world import evalkit, rows, run_folders

Capture = pytest.CaptureFixture[str]
ECHO = Behaviour(answers="echo")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "canary-that-is-no-key")


def test_six_dialects_show_the_very_bytes_and_a_second_run_buys_nothing(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(ECHO) as provider:
        suite = write(tmp_path, served_models(provider.origin))
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert ran.code == 0, ran.err
        assert len(provider.account) == 24
        found = rows(Path(ran.json["folder"]))
        assert {str(row["outcome"]) for row in found} == {"right"}, [row["error"] for row in found][:3]

        (tmp_path / "pages" / "0.png").rename(tmp_path / "pages" / "renamed.png")
        items = (tmp_path / "items.jsonl").read_text().replace("pages/0.png", "pages/renamed.png")
        (tmp_path / "items.jsonl").write_text(items)
        again = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--json")
        assert again.code == 0, again.err
        assert len(provider.account) == 24, "the same bytes under another name are the same request"
        assert {row["key"] for row in rows(Path(again.json["folder"]))} == {row["key"] for row in found}
