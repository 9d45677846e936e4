"""docs/agents.md as written: its files are checked and run."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from evalkit.scorers.code_worker import unsupported
from evalkit.store.sealing import rows_of
from tests.conftest import REPO
from tests.world import evalkit, run_folders

PAGE = (REPO / "docs" / "agents.md").read_text("utf-8")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The files of the page."""
    for name, body in re.findall(r"^In `([\w.]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(body, "utf-8")
    return tmp_path / "desk.yaml"


def test_the_page_s_agents_do_what_it_says(suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked = evalkit(capsys, "check", suite)
    assert checked.code == 0 and "of the weight" not in checked.out + checked.err, "two samples are half each"
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    rows = {(row.model, row.sample_id): row for row in rows_of(run_folders(tmp_path / "results")[-1])}
    assert [rows["careful", name].score for name in ("lost", "early")] == [1.0, 1.0]
    assert [rows["hasty", name].score for name in ("lost", "early")] == [0.0, 0.0]
    assert f"its row says `{rows['hasty', 'lost'].reason}`" in PAGE
    told = "it paid without asking; a parcel that is on its way is not paid back"
    assert str(rows["hasty", "early"].reason).startswith(told)
    shown = evalkit(capsys, "show", "latest", "--sample", "lost", "--results", tmp_path / "results")
    assert 'find_parcel({"parcel": "P-1"}) -> {"status": "lost"' in " ".join(shown.out.split())


@pytest.mark.skipif(unsupported() is not None, reason="SKIPPED LOUDLY: no cage can be built on this machine")
def test_the_page_s_class_carries_its_tools_out(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite.with_name("loans.yaml")
    checked = evalkit(capsys, "check", suite, "--allow-suite-code")
    assert checked.code == 0, checked.err
    ran = evalkit(capsys, "run", suite, "--allow-suite-code", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    (row,) = rows_of(run_folders(tmp_path / "results")[-1])
    assert row.score == 1.0, row.reason
    assert [one.text for step in row.steps or () for one in step.results] == ['{"cents": 105000}', "ok"]


@pytest.mark.long
def test_the_page_s_live_server_is_recorded_and_not_needed_again(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed: the page's live server is not run")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    suite = suite.with_name("weather.yaml")
    results = ("--results", tmp_path / "results")
    slow = tmp_path / "weather.environment.yaml"
    slow.write_text(slow.read_text("utf-8") + "  timeout_s: 120\n", "utf-8")  # a busy machine starts it slowly
    ran = evalkit(capsys, "run", suite, *results, "--allow-suite-code", "--record-tools", tmp_path / "weather.json")
    assert ran.code == 0, ran.err
    suite.write_text(suite.read_text("utf-8").replace(slow.name, "weather.json"), "utf-8")
    again = evalkit(capsys, "run", suite, *results)
    assert again.code == 0, again.err
    for folder in run_folders(tmp_path / "results"):
        assert [row.outcome for row in rows_of(folder)] == ["right", "right"]
