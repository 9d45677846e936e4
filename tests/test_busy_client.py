"""A model that holds the event loop up books evalkit's own queue as its latency: every reader is told."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

import evalkit
from evalkit import Request
from evalkit.facts import ModelFacts, RunFacts
from evalkit.facts.run import LagFacts
from evalkit.results import entries
from evalkit.results.busy_client import busy_client
from evalkit.results.reader import ResultsReader
from tests.door_world import suite
from tests.world import evalkit as command

WORDS = "evalkit itself was busy: half of the looks at its clock came"


async def blocking(request: Request) -> str:
    time.sleep(0.025)  # noqa: ASYNC251 - the mistake that this file is about
    await asyncio.sleep(0.005)
    return "billing"


def test_times_of_a_busy_client_are_told_by_show_board_and_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evalkit.run(suite({"a": blocking}, n=60), results=tmp_path / "results")
    shown = command(capsys, "show", run.folder.name, "--results", tmp_path / "results")
    assert f"a: {WORDS}" in shown.out
    reader = ResultsReader(tmp_path / "results")
    (entry,) = entries.entries_of(reader, reader.readable()[0].suite or "")
    assert any(warning.startswith(WORDS) for warning in entry.warnings)
    decided = evalkit.gate(run, candidates=["a"], rules=[{"latency": "total_p50", "max_s": 60}])
    assert f"a: {WORDS}" in str(decided)


@pytest.mark.parametrize(
    ("p50_s", "n", "told"),
    [(0.0003, 90, False), (0.004, 90, False), (0.02, 90, True), (0.02, 2, False), (None, 0, False)],
)
def test_a_lag_is_told_where_it_matters_beside_the_time(p50_s: float | None, n: int, told: bool) -> None:
    assert (busy_client(RunFacts(client_lag=LagFacts(p50_s=p50_s, n=n)), "a", 0.1) is not None) == told


def test_of_recorded_answers_there_is_no_lag_to_tell() -> None:
    facts = RunFacts(
        client_lag=LagFacts(p50_s=0.05, n=90), models={"old": ModelFacts(facts={"replayed": "true"}), "a": ModelFacts()}
    )
    assert busy_client(facts, "old", 0.1) is None
    assert busy_client(facts, "a", 0.1) is not None
