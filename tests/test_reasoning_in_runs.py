"""Reasoning in the text of replies, from the wire to the mark, the next turn, the judges and the stored row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialects import openai_chat
from evalkit.adapters.moments import Moments
from evalkit.adapters.presets import load_preset
from evalkit.records import Message, Outcome, Request, Row, Usage
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.scoring import mark, sample
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
CITIES = ("Paris", "Lyon", "Nice", "Lille")
WORDS = [{"kind": "length_constraints:number_words", "relation": "exactly", "num_words": 2}]

MARKS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("choice", {}, "B", "<think>A?</think>B", "right"),
    ("choice", {}, "A", "<think>The answer is A.</think> I do not know.", "unparseable"),
    ("choice", {}, "A", "The answer is A.</think> I do not know.", "unparseable"),
    ("choice", {}, "A", "<reasoning>The answer is A.</reasoning>", "unparseable"),
    ("choice", {}, "A", "<think>The answer is A. But let me", "truncated"),
    ("choice", {}, "A", "[THINK]The answer is A.", "truncated"),
    ("choice", {}, "A", "analysisThe answer is A.assistantfinalThe answer is B.", "wrong"),
    ("numbers", {}, "15", "<think>The answer is 12.</think>\n15", "right"),
    ("numbers", {}, "12", "<think>The answer is 12.</think>\n15", "wrong"),
    ("numbers", {"pick": "first"}, "12", "12</think>15", "wrong"),
    ("numbers", {"pick": "boxed"}, "12", "<think>\\boxed{12}</think>\n\\boxed{15}", "wrong"),
    ("exact", {}, "positive", "<think>\n\n</think>\n\npositive", "right"),
    ("exact", {}, "yes", "◁think▷no◁/think▷yes", "right"),
    ("contains", {}, "Berlin", "<think>Berlin or Paris?</think>\nParis", "wrong"),
    ("contains", {}, "Berlin", "<think>Berlin", "truncated"),
    ("regex", {"pattern": r"\d+"}, "4", "<think>3 or 4</think> 5", "wrong"),
    ("json", {"equals": True}, '{"a": 1}', '<think>{"a": 2}</think>\n{"a": 1}', "right"),
    ("json", {"equals": True, "around": "any"}, '{"a": 2}', '<think>{"a": 2}</think>\n{"a": 1}', "wrong"),
    ("instructions", {}, "", "<think>I write two words.</think>\none two", "right"),
    ("helps", {}, "", "<think>I cannot help with that? I can.</think>\nSure, here it is.", "right"),
    ("regex", {"pattern": r"</think>\s*(\w+)"}, "yes", "<think>no</think>\nyes", "right"),
    ("exact", {"take": {"after": "</think>"}}, "yes", "<think>no</think> yes", "right"),
    ("exact", {"take": {"after": "</think>"}}, "yes", "<think>yes", "unparseable"),
    ("helps", {}, "", "<think>Fine.</think>I cannot help with that.", "refused"),
]


@pytest.mark.parametrize(("scorer", "options", "target", "text", "outcome"), MARKS)
def test_every_scorer_marks_the_answer_alone(
    scorer: str, options: dict[str, Any], target: str, text: str, outcome: str
) -> None:
    item = sample(target or None, CITIES if scorer == "choice" else (), instructions=WORDS)
    assert mark(scorer, options, item, text).outcome is Outcome(outcome)


def test_a_reply_cut_at_the_limit_in_its_reasoning_says_so() -> None:
    found = mark("numbers", {}, sample("12"), "<think>The answer is 12", "length")
    assert (found.outcome, found.score if hasattr(found, "score") else found.value) == (Outcome.TRUNCATED, 0.0)
    assert found.reason == "cut off in its reasoning"


def test_a_mention_of_the_tag_stays_an_answer() -> None:
    assert mark("choice", {}, sample("B", CITIES), "Use the <think> tag. The answer is B.").outcome is Outcome.RIGHT


def suite(folder: Path, replies: dict[str, str], task: str) -> Path:
    (folder / "items.jsonl").write_text('{"id": "q0"}\n', encoding="utf-8")
    path = folder / "suite.yaml"
    path.write_text(
        f"name: s\nmodels: {{m: {json.dumps({'adapter': 'scripted', 'replies': replies})}}}\n"
        f"tasks: [{{name: t, data: items.jsonl, prompt: 'Say {{{{ id }}}}', {task}}}]\n",
        encoding="utf-8",
    )
    return path


def rows(path: Path) -> list[Row]:
    return list(rows_of(run_folders(path.parent / "results")[-1]))


def test_the_raw_text_is_stored_and_the_next_turn_sees_the_answer(tmp_path: Path, capsys: Capture) -> None:
    raw = "<think>no, yes, no</think>\nyes"
    path = suite(tmp_path, {"*": raw}, "turns: ['Sure?'], target: 'yes', score: exact")
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--no-cache")
    assert ran.code == 0, ran.err
    first, second = sorted(rows(path), key=lambda row: row.sample_id)
    assert (first.text, first.outcome, first.score) == (raw, Outcome.RIGHT, 1.0)
    assert [turn.content for turn in second.prompt] == ["Say q0", "yes", "Sure?"]


def test_a_task_about_the_tags_keeps_them(tmp_path: Path, capsys: Capture) -> None:
    raw = "<think>a</think>b"
    path = suite(tmp_path, {"*": raw}, f"reasoning: keep, turns: ['Sure?'], target: '{raw}', score: exact")
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--no-cache")
    assert ran.code == 0, ran.err
    found = sorted(rows(path), key=lambda row: row.sample_id)
    assert [row.outcome for row in found] == [Outcome.RIGHT, Outcome.RIGHT]
    assert found[1].prompt[1].content == raw


def test_stored_answers_are_rescored_by_their_answer(tmp_path: Path, capsys: Capture) -> None:
    path = suite(tmp_path, {"*": "<think>a</think>b"}, "reasoning: keep, target: 'b', score: exact")
    assert evalkit(capsys, "run", path, "--results", tmp_path / "results", "--no-cache").code == 0
    assert rows(path)[0].outcome is Outcome.WRONG
    path.write_text(path.read_text().replace("reasoning: keep, ", ""))
    run = run_folders(tmp_path / "results")[-1]
    ran = evalkit(capsys, "rescore", run, "--suite", path, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    assert rows(path)[0].outcome is Outcome.RIGHT


def test_a_conversation_ends_where_reasoning_never_did(tmp_path: Path, capsys: Capture) -> None:
    path = suite(tmp_path, {"*": "<think>yes, but"}, "turns: ['Sure?'], target: 'yes', score: exact")
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--no-cache")
    assert ran.code == 0, ran.err
    assert [row.outcome for row in rows(path)] == [Outcome.TRUNCATED, Outcome.UNPARSEABLE]


async def test_the_time_to_first_token_is_the_answers() -> None:
    reply = "<think> one two three four </think> Paris it is"
    behaviour = Behaviour(reply=reply, latency_s=0.05, token_interval_s=0.05, chunks=9)
    async with FakeProvider(behaviour) as provider:
        adapter = openai_chat.make(
            ModelSpec(name="m", adapter="openai-chat", model="x", base_url=provider.base_url),
            load_preset("openai-chat"),
        )
        try:
            response = await adapter.respond(Request((Message("user", "Capital?"),)))
        finally:
            await adapter.aclose()
    timing = response.timing
    assert response.text == reply
    assert timing.ttfr_s is not None and timing.ttft_s is not None and timing.last_s is not None
    assert timing.ttft_s - timing.ttfr_s > 0.2  # five or six intervals of reasoning
    assert timing.last_s > timing.ttft_s


def test_moments_find_the_answer_in_a_tag_that_comes_in_pieces() -> None:
    moments = Moments()
    pieces = ["<th", "ink>Hm", ".</thi", "nk>\n", "\n", "Par", "is"]
    for number, piece in enumerate(pieces):
        moments.text(piece, 10.0 + number)
    timing = moments.timing("".join(pieces), 10.0, 9.0)
    assert (timing.ttfr_s, timing.ttft_s, timing.last_s) == (0.0, 5.0, 6.0)


def test_moments_of_a_reply_without_an_answer_have_no_first_token() -> None:
    moments = Moments()
    moments.text("<think>Hm", 1.0)
    timing = moments.timing("<think>Hm", 0.0, 2.0)
    assert (timing.ttfr_s, timing.ttft_s, timing.last_s) == (1.0, None, None)


def test_reasoning_tokens_are_estimated_where_nobody_counted_them_and_said_to_be() -> None:
    from decimal import Decimal

    from evalkit.engine.rows import AttemptInfo, answered
    from tests.scoring import said

    def row(usage: Usage) -> Row:
        text = "<think>" + "a" * 72 + "</think>" + "b" * 13
        response = said(text, usage=usage)
        score = mark("exact", {}, sample("b"), text)
        return answered(sample("b"), "m", 0, AttemptInfo(0.0, None, None, 1), response, score, Decimal(0), ())

    found = row(Usage(output=100))
    assert (found.output_tokens, found.reasoning_tokens, found.reasoning_estimated) == (100, 87, True)
    assert row(Usage(output=100, reasoning=0)).reasoning_estimated
    reported = row(Usage(output=100, reasoning=80))
    assert (reported.reasoning_tokens, reported.reasoning_estimated) == (80, False)
    unknown = row(Usage())
    assert (unknown.reasoning_tokens, unknown.reasoning_estimated) == (None, False)
