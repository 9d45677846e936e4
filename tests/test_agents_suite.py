"""suites/agents.yaml: forty tasks of two desks, offline by a script, and through every tool interface."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.test_agents import DIALECTS, WITHOUT_V1
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
SUITE = REPO / "suites" / "agents.yaml"
DATA = REPO / "suites" / "data" / "agents"
WRONG = {  # what the careful one does wrong, and why
    "parcel-07": "damage is paid back for 14 days after delivery; parcels.P-202.refunds is [3100], and should be []",
    "parcel-08": "a parcel is paid back once; parcels.P-302.refunds is [700, 700], and should be [700]",
    "loan-10": "patrons.L-3.fines is 0, and should be 500; paid is [900], and should be [400]",
    "loan-14": "a book that somebody waits for is not renewed; patrons.L-2.loans.B-3.renewed is 2, and should be 1",
}


def lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


@pytest.mark.long
def test_the_scripted_agents_solve_some_tasks_and_fail_others(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "run", SUITE, "--results", tmp_path, "--no-cache")
    assert ran.code == 0, ran.err
    rows = list(rows_of(run_folders(tmp_path)[-1]))
    assert len(rows) == 80
    assert Counter((row.model, str(row.outcome)) for row in rows) == {
        ("careful", "right"): 36, ("careful", "wrong"): 4, ("hasty", "right"): 12, ("hasty", "wrong"): 28
    }  # fmt: skip
    assert {row.sample_id: row.reason for row in rows if row.model == "careful" and row.score == 0} == WRONG
    hasty = {row.sample_id: str(row.reason) for row in rows if row.model == "hasty" and row.score == 0}
    assert hasty["parcel-03"].startswith("a refund was issued twice; it acted before the customer had said yes")
    assert hasty["loan-20"].startswith("it was stopped at the limit of 12 steps")
    assert hasty["loan-08"] == ("it took money before the patron had said yes; it lent before the fine was paid"), (
        "the end is right, the way is not"
    )


def test_every_solution_is_right_and_every_file_is_plain() -> None:
    records = [*lines("parcels.jsonl"), *lines("library.jsonl")]
    assert len(records) == 40
    assert len({record["request"] for record in records}) == 40
    assert all(record["solution"] for record in records)
    for name in ("careful.jsonl", "hasty.jsonl"):
        assert [one["id"] for one in lines(name)] == [record["id"] for record in records]


def test_the_gate_fails_the_hasty_one(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "run", SUITE, "--gate", "--results", tmp_path, "--no-cache")
    assert ran.code == 1, ran.out + ran.err


@pytest.mark.long
def test_the_forty_tasks_end_alike_through_every_tool_interface(tmp_path: Path, capsys: Capture) -> None:
    shutil.copytree(DATA, tmp_path / "data" / "agents")
    replies = {one["id"]: one["replies"] for one in lines("careful.jsonl")}
    scripts = {}
    for record in (*lines("parcels.jsonl"), *lines("library.jsonl")):
        steps = replies[record["id"]]
        assert isinstance(steps, list)
        scripts[record["request"]] = tuple(tuple(json.loads(one)) if one.startswith("[") else one for one in steps)
    with FakeProvider.in_thread(Behaviour(scripts=scripts)) as provider:  # type: ignore[arg-type]
        models = {}
        for dialect in DIALECTS:
            url = provider.origin if dialect in WITHOUT_V1 else provider.base_url
            models[dialect] = {"adapter": dialect, "model": f"m-{dialect}", "base_url": url}
        models["openai_chat"]["probe_tools"] = False  # type: ignore[assignment]
        text = SUITE.read_text("utf-8")
        start, stop, gate = text.index("models:"), text.index("tasks:"), text.index("gate:")
        suite = tmp_path / "suite.yaml"
        suite.write_text(f"{text[:start]}models: {json.dumps(models)}\n\n{text[stop:gate]}", "utf-8")
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--no-cache")
        assert ran.code == 0, ran.err
    rows = list(rows_of(run_folders(tmp_path / "results")[-1]))
    assert len(rows) == 240
    for dialect in DIALECTS:
        mine = {row.sample_id: row for row in rows if row.model == dialect}
        assert {name: row.reason for name, row in mine.items() if row.score != 1.0} == WRONG, dialect
        assert all(row.input_tokens and row.output_tokens and row.total_s for row in mine.values())
