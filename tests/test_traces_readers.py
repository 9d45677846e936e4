"""Formats of logs that shared/data has no file of, and files that are damaged, hostile or something else."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage, unpacked
from evalkit.bridges.traces.conversations import turns_of
from evalkit.bridges.traces.log_reading import LogReading
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.sources import read_sources
from evalkit.bridges.traces.spool import Spool
from evalkit.bridges.traces.token_counts import free_tokens_of, tokens_of
from evalkit.bridges.traces.values import count, moment, number
from evalkit.errors import UserError

FILES = Path(__file__).parent / "payloads" / "traces"


def read(*paths: Path) -> tuple[LogReading, list[Call]]:
    with Spool() as spool:
        reading = read_sources(paths, spool)
        return reading, list(reading.settling.calls())


def test_langfuse_page_of_the_api() -> None:
    reading, (call, failed) = read(FILES / "langfuse_v2_page.json")
    assert (call.usage.input, call.usage.output, call.usage.cached) == (184, 20, 64)  # its own total says so
    assert call.usage.cost_usd == pytest.approx(0.0001056)
    assert call.answer.text == "It arrives on Monday."
    assert (call.total_s, call.ttft_s) == (pytest.approx(1.5), pytest.approx(0.4))
    assert call.settings == {"max_output_tokens": 300, "temperature": 0.3}
    assert (call.name, call.slices["user"]) == ("parcel", "shop-a")
    assert failed.error == "429 rate limit"
    assert failed.usage.is_empty and failed.usage.cost_usd is None
    assert reading.passed_over == {"steps that are no call of a model": 1}


def test_langfuse_blob_export() -> None:
    _, (call,) = read(FILES / "langfuse_blob_export.jsonl")
    assert (call.model, call.answer.text, call.session) == ("mistral-large", "Ja, seit heute.", "s1")
    assert (call.usage.input, call.usage.output, call.usage.cost_usd) == (12, 6, 6e-05)
    assert call.total_s == pytest.approx(0.9)


def test_a_batch_of_openai_joins_answers_and_errors_to_its_requests(tmp_path: Path) -> None:
    names = ("openai_batch_output.jsonl", "openai_batch_errors.jsonl", "openai_batch_input.jsonl")
    _, calls = read(*(FILES / name for name in names))
    said = {call.last_user: (call.answer.text, call.error) for call in calls}
    assert said["Capital of France?"] == ("Paris", None)
    assert said["Capital of Peru?"] == ("Lima", None)
    assert said["Capital of Chad?"] == (None, "Invalid value")
    assert "completion window expired" in (said["Capital of Mali?"][1] or "")
    assert calls[0].settings == {"max_output_tokens": 50, "temperature": 0.0}
    assert (calls[0].usage.input, calls[0].usage.cached, calls[0].usage.reasoning) == (20, 8, 1)
    assert calls[0].total_s is None  # a batch has no time of its own for an answer
    _, calls = read(FILES / "openai_batch_output.jsonl")
    assert all("input file" in (call.withheld or "") for call in calls)


def test_a_cut_answer_of_the_responses_api() -> None:
    _, (call,) = read(FILES / "openai_batch_responses_output.jsonl")
    assert (call.answer.text, call.answer.finish) == ("Once upon a", "max_output_tokens")
    assert (call.usage.output, call.usage.reasoning) == (50, 46)


def test_stored_completions_get_the_messages_that_are_listed_apart() -> None:
    _, (call,) = read(FILES / "openai_stored_completions.json", FILES / "openai_stored_messages.json")
    assert (call.last_user, call.answer.text) == ("write a haiku about ai", "Mind of circuits hum")
    assert call.slices == {"tier": "gold"} and call.withheld is None
    reading, calls = read(FILES / "openai_stored_messages.json")
    assert not calls and reading.settling.unclaimed == {"messages of completions that are not there": 1}


def test_a_batch_of_anthropic() -> None:
    _, (failed, call) = read(FILES / "anthropic_batch_results.jsonl", FILES / "anthropic_batch_input.jsonl")
    assert failed.error == "max_tokens: field required"
    assert [turn.role for turn in call.messages] == ["system", "user"]
    assert call.answer.text == "I book it." and call.answer.calls[0].name == "book_seat"
    assert (call.usage.input, call.usage.cached, call.usage.cache_write) == (1035, 1000, 5)  # its input excludes both
    assert call.tools[0]["parameters"]["properties"] == {"kind": {"type": "string"}}


def test_spans_of_phoenix_come_in_the_order_of_their_numbers() -> None:
    reading, (call,) = read(FILES / "phoenix_spans.json")
    assert [turn.text for turn in call.messages] == [f"turn {n}" for n in range(11)]  # 10 after 9, not after 1
    assert (call.usage.input, call.usage.cached, call.total_s) == (321, 300, 2.25)
    assert call.slices == {"user": "eu-1", "tier": "gold"}
    assert reading.n_spans == 3


def test_a_batch_of_gemini_counts_thoughts_as_output() -> None:
    _, (call, failed) = read(FILES / "gemini_batch.jsonl")
    assert (call.answer.text, call.usage.output, call.usage.reasoning) == ("The Rhine.", 10, 7)
    assert (call.id, failed.error) == ("g-1", "Bad Request: no such model")


def test_plain_records_of_questions_and_answers() -> None:
    _, calls = read(FILES / "exchanges.jsonl")
    assert [(call.last_user, call.answer.text, call.total_s) for call in calls] == [
        ("Hi", "Hello", 0.84),
        ("Hi there", "Hello you", 0.5),
        ("2+2?", "4", None),
    ]
    assert calls[1].usage.cost_usd == 3e-05


@pytest.mark.parametrize(
    ("said", "turns"),
    [
        ("Hi", [("user", "Hi")]),
        ([[{"role": "human", "content": "Hi"}]], [("user", "Hi")]),
        (
            {"system": "Be kind.", "messages": [{"role": "user", "content": "Hi"}]},
            [("system", "Be kind."), ("user", "Hi")],
        ),
        ('{"contents": "Hi"}', [("user", "Hi")]),
        (
            [
                {
                    "lc": 1,
                    "type": "constructor",
                    "id": ["langchain", "schema", "HumanMessage"],
                    "kwargs": {"content": "Hi"},
                }
            ],
            [("user", "Hi")],
        ),
        (
            [
                {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
                {"type": "function_call_output", "call_id": "c", "output": "7"},
            ],
            [("assistant", ""), ("tool", "7")],
        ),
        (
            [{"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "7"}]}]}],
            [("tool", "7")],
        ),
        (
            [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}],
                }
            ],
            [("user", "a")],
        ),
        ({"content": "role"}, []),
        ([1, None, {"x": 1}], []),
        ("{broken", [("user", "{broken")]),
    ],
)
def test_conversations_in_every_shape(said: Any, turns: list[tuple[str, str]]) -> None:
    assert [(one.role, one.text) for one in turns_of(said)] == turns


@pytest.mark.parametrize(
    ("said", "text", "n_calls", "finish"),
    [
        ({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}, "a", 0, "stop"),
        ({"choices": [{"text": "a", "finish_reason": "length"}]}, "a", 0, "length"),
        (
            {
                "type": "message",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}],
                "stop_reason": "end_turn",
            },
            "a",
            0,
            "end_turn",
        ),
        ({"generations": [[{"text": "a", "generation_info": {"finish_reason": "stop"}}]]}, "a", 0, "stop"),
        ([{"toolCallId": "c", "toolName": "f", "input": "{}"}], None, 1, "tool_calls"),
        (
            {
                "choices": [
                    {"message": {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}}
                ]
            },
            None,
            1,
            None,
        ),
        ({}, None, 0, None),
        (None, None, 0, None),
        ("plain", "plain", 0, None),
        ('{"result": "yes", "n": 1}', '{"result": "yes", "n": 1}', 0, None),  # the answer itself is JSON
        ("[1, 2]", "[1, 2]", 0, None),
        ({"order": 7}, '{"order":7}', 0, None),
        ('{"role": "assistant", "content": "{\\"a\\": 1}"}', '{"a": 1}', 0, None),
    ],
)
def test_answers_in_every_shape(said: Any, text: str | None, n_calls: int, finish: str | None) -> None:
    made = answer_of(said)
    assert (made.text or None, len(made.calls), made.finish) == (text, n_calls, finish)


def test_counts_include_their_parts() -> None:
    assert tokens_of({"input_tokens": 3, "cache_read_input_tokens": 11, "output_tokens": 1}).input == 14
    assert tokens_of({"input_tokens": 14, "cache_read_input_tokens": 11, "total_tokens": 15}).input == 14
    assert tokens_of({"prompt_tokens": 14, "prompt_tokens_details": {"cached_tokens": 11}}).input == 14
    assert free_tokens_of({"input": 10, "output": 5, "output_reasoning": 2, "total": 15}).output == 5
    assert free_tokens_of({"input": 10, "output": 5, "output_reasoning": 2, "total": 17}).output == 7
    assert tokens_of({"prompt_tokens": -1, "completion_tokens": "many"}).is_empty


def test_values_that_are_none() -> None:
    assert [number(one) for one in (True, float("nan"), 1e400, "1,2", "", None, [1])] == [None] * 7
    assert [count(one) for one in ("14", 14.0, 14.5, -1, 10**20)] == [14, 14, None, None, None]
    assert moment("1795881043969653000") == pytest.approx(1795881043.969653)
    assert moment([1770131992, 500_000_000]) == 1770131992.5
    assert [moment(one) for one in ("yesterday", 0, -5, "9" * 40, True)] == [None] * 5


def test_tools_in_every_shape() -> None:
    shapes = (
        [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        [{"name": "f", "input_schema": {"type": "object"}}],
        [{"functionDeclarations": [{"name": "f", "parameters": {"type": "object"}}]}],
        {"values": [{"stringValue": '{"type": "function", "name": "f", "inputSchema": {"type": "object"}}'}]},
        [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}],
    )
    for said in shapes:
        assert tools_of(said) == ({"name": "f", "description": "", "parameters": {"type": "object"}},), said


def test_a_call_comes_back_from_the_disk_as_it_was() -> None:
    _, calls = read(FILES / "anthropic_batch_results.jsonl", FILES / "anthropic_batch_input.jsonl")
    odd = Call("otlp", messages=(LoggedMessage("user", '"other":[],"unread":""}', unread="a turn"),))
    odd.answer = Answer('"other":[],"n_others":0}', n_others=2)
    assert all(unpacked(call.packed()) == call for call in (*calls, odd))


# ---- files that are damaged, hostile, or something else


def line(n: int) -> str:
    return json.dumps({"id": n, "prompt": f"question {n}", "completion": "answer"}) + "\n"


def test_half_a_last_line_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("".join(map(line, range(50))) + '{"id": 50, "prom')
    reading, calls = read(tmp_path / "log.jsonl")
    assert len(calls) == 50
    assert reading.notes() == ["not understood: 1 record, no JSON; the first: log.jsonl:51"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.jsonl", b"", "is empty"),
        ("broken.jsonl", "".join(line(n) + "{oops\n" for n in range(20)).encode(), "20 of its 40 lines are no JSON"),
        ("doc.json", b'{"resourceSpans": [{"scopeSpans": [', "is damaged: no JSON"),
        ("cut.jsonl.gz", gzip.compress("".join(map(line, range(5000))).encode())[:-200], "gzip file is damaged"),
        ("a.zip.json", b"PK\x03\x04rest", "is a zip file"),
        ("a.json", b"PAR1rest", "is Parquet"),
        ("spans.pb", b"\x0a\xff\xff\xff\x7f\x01", "neither JSON nor OTLP"),
        ("page.json", b"<html><body>502</body></html>", "neither JSON nor OTLP"),
        ("deep.json", b"[" * 100_000, "is damaged"),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said):
        read(tmp_path / name)


def test_a_packed_file_of_nothing_but_zeros_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.bridges.traces.sources._LEAST_UNPACKED", 2**20)
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress((b"{}" + b" " * 1021 + b"\n") * 2**14 * 2, 9))
    with pytest.raises(UserError, match="times its size"):
        read(tmp_path / "bomb.jsonl.gz")
    monkeypatch.setattr("evalkit.bridges.traces.sources._LEAST_LINES", 1_000)  # 105 million took 140 s
    (tmp_path / "lines.jsonl.gz").write_bytes(gzip.compress(b"[]\n" * 300_000, 9))
    with pytest.raises(UserError, match="unpacks to more lines than it has bytes"):
        read(tmp_path / "lines.jsonl.gz")


def test_what_nobody_understands_is_counted_masked_and_told(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(line(1) + '{"secret": "sk-12345"}\n[1, 2]\n"text"\n' + line(2))
    reading, calls = read(tmp_path / "log.jsonl")
    assert len(calls) == 2
    assert reading.not_understood == {"no format that is known": 4}
    assert "12345" not in str(reading.unread)


def test_a_span_that_is_no_mapping_and_odd_values_do_not_stop_the_rest(tmp_path: Path) -> None:
    good = {"name": "chat m", "traceId": "aa", "spanId": "bb", "attributes": [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "not a number"}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "-4"}},
        {"key": "gen_ai.input.messages", "value": {"stringValue": '[{"role":"user","parts":[{"content":"Hi"}]}]'}},
        {"key": 7, "value": 7}, "odd", {"value": {}}]}  # fmt: skip
    scope = {"scope": None, "spans": [None, 7, "x", good, {**good, "attributes": None, "startTimeUnixNano": {}}]}
    (tmp_path / "spans.json").write_text(json.dumps({"resourceSpans": [None, {"scopeSpans": [scope, None, 3]}, 5]}))
    _, (call,) = read(tmp_path / "spans.json")
    assert call.last_user == "Hi" and call.usage.is_empty and call.total_s is None


def test_turns_in_log_records_of_the_older_kind_join_their_span(tmp_path: Path) -> None:
    def record(name: str, **body: str) -> dict[str, Any]:
        values = [{"key": key, "value": {"stringValue": value}} for key, value in body.items()]
        return {"traceId": "aa", "spanId": "bb", "eventName": name, "body": {"kvlistValue": {"values": values}}}

    told = [{"key": key, "value": {"stringValue": value}} for key, value in
            (("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m"))]  # fmt: skip
    span = {"name": "chat m", "traceId": "aa", "spanId": "bb", "attributes": told}
    records = [
        record("gen_ai.user.message", content="Hi"),
        record("gen_ai.choice", content="Hello", finish_reason="stop"),
    ]
    (tmp_path / "a.json").write_text(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}))
    (tmp_path / "b.json").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    _, (call,) = read(tmp_path)
    assert (call.last_user, call.answer.text, call.model, call.answer.finish) == ("Hi", "Hello", "m", "stop")


def test_a_file_read_twice_counts_once(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes((FILES / "phoenix_spans.json").read_bytes())
    reading, calls = read(tmp_path)
    assert len(calls) == 1
    assert reading.settling.left_out == {"the same call once more": 1}


def test_protobuf_of_several_requests_is_framed_by_length(tmp_path: Path) -> None:
    def field(number: int, content: bytes) -> bytes:
        n, size = len(content), b""
        while n > 127:
            size, n = size + bytes([n & 127 | 128]), n >> 7
        return bytes([number << 3 | 2]) + size + bytes([n]) + content

    def pair(key: str, value: str) -> bytes:
        return field(9, field(1, key.encode()) + field(2, field(1, value.encode())))

    def request(n: int) -> bytes:
        span = field(1, b"\x01" * 16) + field(2, bytes([n]) * 8) + field(5, b"chat m")
        span += b"\x39" + struct.pack("<Q", 10**18) + b"\x41" + struct.pack("<Q", 10**18 + 5 * 10**8)
        span += pair("gen_ai.operation.name", "chat") + pair("gen_ai.request.model", "m")
        span += pair("gen_ai.input.messages", '[{"role":"user","content":"Hi"}]' + " " * 200)
        return field(1, field(2, field(1, field(1, b"app")) + field(2, span)))

    one, two = request(1), request(2)
    (tmp_path / "raw.pb").write_bytes(one + two)
    (tmp_path / "collector.pb").write_bytes(b"".join(struct.pack(">I", len(x)) + x for x in (one, two)))
    for name in ("raw.pb", "collector.pb"):
        _, calls = read(tmp_path / name)
        assert [(call.last_user, call.total_s) for call in calls] == [("Hi", 0.5)] * 2, name


def test_a_folder_without_logs_and_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"x")
    for path, said in ((tmp_path, "holds no log"), (tmp_path / "none.json", "no such file")):
        with pytest.raises(UserError, match=said):
            read(path)


def test_half_a_character_and_numbers_beyond_64_bits_come_through(tmp_path: Path) -> None:
    line_ = '{"prompt": "half \\ud83d of one", "completion": "a", "model": "m", "seed": 1e400, "tools": [{"name": "f", '
    line_ += f'"parameters": {{"most": {10**40}, "least": NaN}}}}], "cost": 1e999, "timestamp": {10**40}}}'
    (tmp_path / "log.jsonl").write_text(line_)
    _, (call,) = read(tmp_path / "log.jsonl")
    assert call.last_user == "half \ufffd of one" and call.usage.cost_usd is None and call.started_at is None
    assert call.tools[0]["name"] == "f"


def test_a_cost_of_nothing_beside_tokens_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"prompt": "Hi", "completion": "a", "input_tokens": 5, "cost_usd": 0}')
    reading, (call,) = read(tmp_path / "log.jsonl")
    assert call.usage.cost_usd is None
    assert "costs of 0 beside tokens" in reading.notes()[0]


def test_a_question_that_is_json_is_asked_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps({"prompt": '{"input": "x", "n": 1}', "completion": "a"}))
    _, (call,) = read(tmp_path / "log.jsonl")
    assert call.last_user == '{"input": "x", "n": 1}'


def test_real_shapes_with_anything_in_any_place_are_read_or_told(tmp_path: Path) -> None:
    """Each file of the payloads with values of every kind put in the place of its own: never an error of Python's."""
    import random

    rng = random.Random(11)
    odd: list[Any] = [None, 7, -1, "", [], {}, True, 1e308, {"a": {}}, [[[]]], "\ud800", 10**30, "{bad", [None]]

    def changed(value: Any) -> Any:
        if rng.random() < 0.05:
            return rng.choice(odd)
        if isinstance(value, dict):
            return {key: changed(inner) for key, inner in value.items() if rng.random() > 0.02}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    path = tmp_path / "log.jsonl"
    for file in sorted(FILES.iterdir()):
        lines = [json.loads(one) for one in file.read_text("utf-8").split("\n") if one]
        path.write_text(
            "\n".join(
                json.dumps({key: changed(inner) for key, inner in one.items()}) for _ in range(40) for one in lines
            )
        )
        reading, calls = read(path)
        assert all(unpacked(call.packed()) == call for call in calls)
        assert "of a shape that its format does not have" not in reading.not_understood
