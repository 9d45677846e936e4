"""Recorded trajectories asked again step by step: the recorded history goes through the tool interface, and is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from evalkit.records import Message, ToolCall
from evalkit.store.message_codec import fits, message_entry, message_record, read_entry, read_message
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": name,
            "parameters": {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]},
        },
    }
    for name, key in (("find_parcel", "parcel"), ("refund", "parcel"))
]


def made(name: str, **arguments: Any) -> dict[str, Any]:
    return {"id": f"c-{name}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


ASKED = {"role": "user", "content": "Pay P-1 back, it is lost."}
LOOKED = {"role": "assistant", "content": None, "tool_calls": [made("find_parcel", parcel="P-1")]}
FOUND = {"role": "tool", "tool_call_id": "c-find_parcel", "content": '{"status": "lost"}'}
PAID = {"role": "assistant", "content": None, "tool_calls": [made("refund", parcel="P-1")]}
RECORDS: list[dict[str, Any]] = [
    {"id": "step1", "messages": [ASKED], "ground_truth": [{"find_parcel": {"parcel": ["P-1"]}}]},
    {"id": "step2", "messages": [ASKED, LOOKED, FOUND], "ground_truth": [{"refund": {"parcel": ["P-1"]}}]},
]
SUITE = """
name: steps
models:
  m: {model}
tasks:
  - name: steps
    data: {{path: steps.jsonl, id: id}}
    messages: "{{{{ messages }}}}"
    tools: {tools}
    score: tools
"""


def write(folder: Path, model: dict[str, Any], records: list[dict[str, Any]]) -> Path:
    (folder / "steps.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(model=json.dumps(model), tools=json.dumps(TOOLS)), "utf-8")
    return path


def test_each_step_is_asked_with_the_recorded_calls_and_results_and_both_are_kept(
    tmp_path: Path, capsys: Capture
) -> None:
    looks, pays = (
        {"name": "find_parcel", "arguments": {"parcel": "P-1"}},
        {"name": "refund", "arguments": {"parcel": "P-1"}},
    )
    for adapter in ("openai_chat", "anthropic"):
        folder = tmp_path / adapter
        folder.mkdir()
        with FakeProvider.in_thread(Behaviour(scripts={"P-1": ((looks,), (pays,))})) as provider:
            url = provider.origin if adapter == "anthropic" else provider.base_url
            path = write(folder, {"adapter": adapter, "model": "m", "base_url": url}, RECORDS)
            done = evalkit(capsys, "run", path, "--results", folder / "results", "--no-cache")
        assert done.code == 0, done.err
        (run,) = run_folders(folder / "results")
        rows = {row.sample_id: row for row in rows_of(run)}
        assert {key: str(row.outcome) for key, row in rows.items()} == {"step1": "right", "step2": "right"}, adapter
        assert rows["step2"].prompt == (
            Message("user", "Pay P-1 back, it is lost."),
            Message("assistant", "", (ToolCall("find_parcel", '{"parcel": "P-1"}'),)),
            Message("tool", '{"status": "lost"}'),
        )
        again = evalkit(capsys, "rescore", run, "--suite", path)
        assert again.code == 0, again.err


def test_a_model_that_would_lose_calls_is_not_asked(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bot.py").write_text('import sys\nfor line in sys.stdin: print(\'{"text": "hi"}\', flush=True)\n')
    model = {"adapter": "command", "command": ["python3", "./bot.py"]}
    path = write(tmp_path, model, [{**one, "tools": [tool["function"] for tool in TOOLS]} for one in RECORDS])
    path.write_text(
        path.read_text("utf-8").replace("score: tools", "score: {tools: {functions: tools}}\n    interface: text"),
        "utf-8",
    )
    done = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--allow-suite-code")
    assert done.code == 4
    assert "holds calls and what they returned, which command does not take" in done.err + done.out
    rows = {row.sample_id: row for row in rows_of(run_folders(tmp_path / "results")[0])}
    assert rows["step2"].score is None


def test_a_conversation_whose_calls_and_results_do_not_belong_together_is_refused(
    tmp_path: Path, capsys: Capture
) -> None:
    model = {"adapter": "scripted", "replies": {"x": "hi"}}
    for messages, said in [
        ([ASKED, LOOKED], "last turn"),
        ([ASKED, LOOKED, ASKED], "followed by as many turns of the role tool"),
        ([ASKED, FOUND], "followed by as many turns of the role tool"),
        ([ASKED, LOOKED, FOUND, FOUND], "followed by as many turns of the role tool"),
        ([{**ASKED, "tool_calls": [made("refund")]}], "a turn is {role"),
        ([ASKED, {**LOOKED, "tool_calls": [{"name": ""}]}, FOUND], "a call is {name"),
        ([ASKED, {"role": "function", "content": "x"}], "a turn is {role"),
        (
            [
                ASKED,
                {**LOOKED, "tool_calls": [made("find_parcel"), made("refund")]},
                {**FOUND, "tool_call_id": "c-refund"},
                FOUND,
            ],
            "the result of the call 'c-refund' stands at the place of the call 'c-find_parcel'",
        ),
    ]:
        path = write(tmp_path, model, [{"id": "x", "messages": messages, "ground_truth": []}])
        done = evalkit(capsys, "check", path)
        assert done.code == 2, messages
        assert said in done.err, (said, done.err)


def test_turns_are_stored_as_before_where_they_hold_no_calls_and_read_back_where_they_do() -> None:
    plain, failed = Message("user", "Hi"), Message("tool", "no such parcel", failed=True)
    called = Message("assistant", "", (ToolCall("refund", "{}"), ToolCall("look", "{")))
    assert message_entry(plain) == ("user", "Hi")
    assert message_record(plain) == {"role": "user", "content": "Hi"}
    for one in (plain, failed, called):
        entry = orjson.loads(orjson.dumps(message_entry(one)))
        assert fits(entry)
        assert read_entry(entry) == one
        assert read_message(orjson.loads(orjson.dumps(message_record(one)))) == one
    for odd in (["user"], ["user", 3], ["user", "a", 1], ["user", "a", {"x": 1}], ["a", "b", {"calls": [["x"]]}], "ab"):
        assert not fits(odd), odd
    assert read_message({"role": "assistant", "content": "", "calls": [["a", 1]]}) is None


def test_a_log_of_an_agent_s_requests_becomes_steps_with_their_history_and_calls_to_compare(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "not-asked")
    requests = [
        {"id": "a1", "session_id": "a", "model": "gpt-4o", "tools": TOOLS, "messages": [ASKED, LOOKED]},
        {"id": "a2", "session_id": "a", "model": "gpt-4o", "tools": TOOLS, "messages": [ASKED, LOOKED, FOUND, PAID]},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in requests), "utf-8")
    done = evalkit(capsys, "import", "traces", tmp_path / "log.jsonl", "--out", tmp_path / "suite")
    assert done.code == 0, done.err
    items = [
        json.loads(line) for line in (tmp_path / "suite" / "data" / "requests.jsonl").read_text("utf-8").splitlines()
    ]
    (step2,) = [one for one in items if one["log_id"] == "a2"]
    assert step2["messages"][1]["tool_calls"] == [{"name": "find_parcel", "arguments": {"parcel": "P-1"}}]
    assert step2["messages"][2] == {"role": "tool", "content": '{"status": "lost"}'}
    assert step2["ground_truth"] == [{"refund": {"parcel": ["P-1"]}}]
    ran = evalkit(
        capsys, "run", tmp_path / "suite" / "suite.yaml", "--models", "recorded", "--results", tmp_path / "results"
    )
    assert ran.code == 0, ran.err
    rows = list(rows_of(run_folders(tmp_path / "results")[0]))
    assert {str(row.outcome) for row in rows} == {"right"}, "production's own calls are right, at each step"
    assert {len(row.prompt) for row in rows} == {1, 3}


def steps_of(folder: Path, capsys: Capture, lines: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The samples that plain lines come to, shortest history first, and what was said."""
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    out = folder / "suite"
    done = evalkit(capsys, "import", "traces", folder / "log.jsonl", "--out", out, "--candidate", "scripted:hello")
    assert done.code == 0, done.err
    items = [json.loads(line) for line in (out / "data" / "requests.jsonl").read_text("utf-8").splitlines()]
    return sorted(items, key=lambda one: len(one["messages"])), done.err


THANKS = [{"role": "assistant", "content": "Paid back."}, {"role": "user", "content": "And P-2?"}]


def test_a_line_that_holds_a_whole_conversation_is_asked_step_by_step(tmp_path: Path, capsys: Capture) -> None:
    whole = [{"role": "system", "content": "Help."}, ASKED, LOOKED, FOUND, PAID, {**FOUND, "content": "done"}, *THANKS]
    calls = [{**LOOKED, "tool_calls": [made("find_parcel", parcel="P-2")]}, {**FOUND, "content": "on its way"}]
    items, _ = steps_of(
        tmp_path,
        capsys,
        [{"tools": TOOLS, "messages": [*whole, *calls, {"role": "assistant", "content": "It is on its way."}]}],
    )
    assert [len(one["messages"]) for one in items] == [2, 4, 6, 8, 10]
    assert [one["answer"] for one in items] == ["", "", "Paid back.", "", "It is on its way."]
    called = [one["ground_truth"] for one in items]
    assert called[:2] == [[{"find_parcel": {"parcel": ["P-1"]}}], [{"refund": {"parcel": ["P-1"]}}]]
    assert called[3] == [{"find_parcel": {"parcel": ["P-2"]}}]
    assert items[1]["messages"][2]["tool_calls"] == [{"name": "find_parcel", "arguments": {"parcel": "P-1"}}]
    assert len({one["conversation"] for one in items}) == 1, "steps of one conversation are one cluster"


@pytest.mark.parametrize(
    ("lines", "steps", "said"),
    [
        # tokens, cost or times are those of one request, so the line is one
        ([{"messages": [ASKED, *THANKS, *THANKS[:1]], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}], [3], ""),
        ([{"messages": [ASKED, *THANKS], "response": "It is on its way."}], [3], ""),
        # each request is logged, with its history
        (
            [{"messages": [ASKED, THANKS[0]]}, {"messages": [ASKED, *THANKS, {"role": "assistant", "content": "No."}]}],
            [1, 3],
            "left out: 1 turns of a conversation that a line of their own has, too",
        ),
        # examples that the prompt begins with
        (
            [
                {"messages": [ASKED, *THANKS, {**THANKS[0], "content": f"No {n}."}, {**ASKED, "content": word},
                              {**THANKS[0], "content": "Yes."}]}
                for n, word in enumerate(("Why?", "How come?", "When then?", "Where is it?"))
            ],
            [3, 5, 5, 5, 5],
            "left out: 4 turns that most conversations begin with",
        ),
        # several calls of one answer, as items of their own; the last turn has no answer
        (
            [{"tools": TOOLS, "messages": [ASKED, LOOKED, PAID, FOUND, FOUND, *THANKS]}],
            [1, 4],
            "dropped: 1: no answer",
        ),
    ],
)  # fmt: skip
def test_only_a_whole_conversation_is_taken_apart(
    lines: list[dict[str, Any]], steps: list[int], said: str, tmp_path: Path, capsys: Capture
) -> None:
    items, told = steps_of(tmp_path, capsys, lines)
    assert [len(one["messages"]) for one in items] == steps
    assert said in told


@pytest.mark.long
def test_a_long_conversation_costs_no_square_of_its_length(tmp_path: Path, capsys: Capture) -> None:
    turns = [turn for n in range(300) for turn in ({"role": "user", "content": f"{n} " + "x" * 50},
                                                   {"role": "assistant", "content": f"answer {n}"})]  # fmt: skip
    _, told = steps_of(tmp_path, capsys, [{"messages": turns}])
    assert "a conversation of too many long turns" in told
