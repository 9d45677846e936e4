"""Answers from a file, and the scripted model that tests stand on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters import recorded_answers, replay, scripted
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.replay import ReplayAdapter
from evalkit.adapters.scripted import ScriptedAdapter
from evalkit.errors import RateLimited, Rejected, Stalled, SuiteError, Unsupported
from evalkit.records import Message, Request

TURNS = (Message("user", "approve or deny?"),)


def ask(sample_id: str, **fields: Any) -> Request:
    return Request(TURNS, sample_id=sample_id, **fields)


def recorded(folder: Path, lines: list[dict[str, Any]], **options: Any) -> ReplayAdapter:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "answers.jsonl").write_text(text, encoding="utf-8")
    return replaying(folder, path="answers.jsonl", **options)


def replaying(folder: Path, **options: Any) -> ReplayAdapter:
    return replay.make(ModelSpec(name="logs", adapter="replay", model="", options=options, folder=str(folder)))


async def test_an_answer_is_found_by_its_sample_id(tmp_path: Path) -> None:
    adapter = recorded(tmp_path, [{"id": "t1", "text": "deny\u2028 now"}, {"id": 7, "text": ""}])
    assert (await adapter.respond(ask("t1"))).text == "deny\u2028 now"
    assert (await adapter.respond(ask("7"))).text == ""


async def test_columns_may_have_other_names_and_the_file_other_formats(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('ticket,reply,latency_ms\nt1,"approve, gladly",840\n')
    adapter = replaying(tmp_path, path="a.csv", id_field="ticket", text_field="reply")
    assert (await adapter.respond(ask("t1"))).text == "approve, gladly"


async def test_nothing_is_invented_beside_the_text(tmp_path: Path) -> None:
    adapter = recorded(tmp_path, [{"id": "t1", "text": "deny", "latency_s": 0.8, "usage": {"output": 3}}])
    response = await adapter.respond(ask("t1"))
    assert response.usage is None and response.served_model is None
    assert response.timing.ttft_s is None
    able = adapter.capabilities
    assert not able.streaming and not able.usage and not able.timing and not able.temperature
    assert adapter.endpoint.facts["replayed"] == "true"
    assert not adapter.endpoint.cacheable and not adapter.endpoint.network


async def test_a_sample_without_an_answer_is_rejected_and_never_scored(tmp_path: Path) -> None:
    adapter = recorded(tmp_path, [{"id": "t1", "text": None}])
    with pytest.raises(Rejected, match="'t2' is asked"):
        await adapter.respond(ask("t2"))
    with pytest.raises(Rejected, match="no answer text"):
        await adapter.respond(ask("t1"))


async def test_one_answer_is_not_counted_twice(tmp_path: Path) -> None:
    adapter = recorded(tmp_path, [{"id": "t1", "text": "deny"}])
    with pytest.raises(Rejected, match="repeats"):
        await adapter.respond(ask("t1", repeat=1))
    with pytest.raises(Unsupported, match="log-likelihoods"):
        await adapter.respond(ask("t1", continuations=(" a",)))


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    lines = [{"id": "t1", "text": "a"}, {"id": "t1", "text": "b"}, {"key": "t2"}, {"id": "t3", "text": 7}]
    with pytest.raises(SuiteError) as caught:
        recorded(tmp_path, lines)
    told = caught.value.complaints
    assert ["'t1' stood already in line 1" in told[0], "no column 'id'" in told[1], "text is int" in told[2]] == [
        True
    ] * 3
    assert all(f":{line}:" in complaint for line, complaint in zip((2, 3, 4), told, strict=True))


def test_a_file_that_is_missing_or_empty_is_a_complaint(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text("")
    for options in ({}, {"path": "answer.jsonl"}, {"path": "answers.jsonl"}, {"path": "answers.jsonl", "paht": 1}):
        with pytest.raises(SuiteError, match=r"models\.logs"):
            replaying(tmp_path, **options)


async def test_a_changed_file_is_another_place(tmp_path: Path) -> None:
    first = recorded(tmp_path, [{"id": "t1", "text": "deny"}]).endpoint.place
    assert recorded(tmp_path, [{"id": "t1", "text": "approve"}]).endpoint.place != first


def script(**options: Any) -> ScriptedAdapter:
    return scripted.make(ModelSpec(name="fake", adapter="scripted", model="", options=options))


async def test_the_script_answers_by_id_and_then_by_star() -> None:
    adapter = script(replies={"t1": "deny", "*": "approve"})
    assert [(await adapter.respond(ask(one))).text for one in ("t1", "t2")] == ["deny", "approve"]
    with pytest.raises(Rejected, match="no reply"):
        await script(replies={"t1": "deny"}).respond(ask("t2"))


async def test_the_script_fails_as_told_and_counts() -> None:
    adapter = script(replies={"*": "ok"}, fail={"t1": "rate_limited*2", "t2": "stalled"}, delay_s=0.001)
    for _ in range(2):
        with pytest.raises(RateLimited):
            await adapter.respond(ask("t1"))
    assert (await adapter.respond(ask("t1"))).text == "ok"
    for _ in range(3):
        with pytest.raises(Stalled):
            await adapter.respond(ask("t2"))
    assert adapter.asked == {"t1": 3, "t2": 3}


async def test_the_script_scores_the_shortest_continuation_best() -> None:
    response = await script().respond(ask("t1", continuations=(" red", " a")))
    assert response.logliks == (-4.0, -2.0)


def test_a_script_that_makes_no_sense_is_refused() -> None:
    for options in (
        {"fail": {"t1": "fire"}},
        {"fail": {"t1": "stalled*x"}},
        {"delay_s": -1},
        {"replies": "x"},
        {"reply": 1},
    ):
        with pytest.raises(SuiteError, match=r"models\.fake"):
            script(**options)


def test_more_answers_than_memory_should_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_answers, "MOST_HELD", 5_000)
    lines = [{"id": str(n), "text": "x" * 100} for n in range(20)]
    with pytest.raises(SuiteError, match=r"more than 0 million characters, and all are kept in memory"):
        recorded(tmp_path, lines)
    assert recorded(tmp_path, lines[:9])
