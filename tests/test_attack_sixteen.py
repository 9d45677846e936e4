"""What the sixteenth attack found: logs, files of other tools, servers, the cache, and escaped personal data."""

from __future__ import annotations

import gc
import gzip
import json
import socket
import sqlite3
import struct
import time
import weakref
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.keys import scrubbed_error
from evalkit.adapters.reply_fields import parsed
from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage
from evalkit.bridges.traces.receiver import MOST_BODY, Receiver
from evalkit.bridges.traces.settling import Settling, _join
from evalkit.bridges.traces.sources import read_sources
from evalkit.bridges.traces.spool import Spool
from evalkit.bridges.traces.taking_out import TakingOut, names_of
from evalkit.bridges.traces.tracker_runs import merged_rows
from evalkit.bridges.traces.traits import unfit
from evalkit.bridges.traces.values import money
from evalkit.engine.stored import stored
from evalkit.errors import BadReply, RequestError, SuiteError
from evalkit.records import ToolCall
from evalkit.store.cache import ResponseCache
from evalkit.suite.filekinds import read_table
from evalkit.suite.redaction import make_redactor
from evalkit.suite.schema.suite_file import RedactEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.text.escape import json_line
from tests.store_rows import a_row
from tests.test_import_export import INSPECT, inspect_sample
from tests.test_odd_imports import EVALUATION, changed, of_every_eval_ever
from tests.world import evalkit, rows, run_folders, write_suite

Capture = pytest.CaptureFixture[str]


def attributes(**said: str) -> list[dict[str, Any]]:
    """Attributes of OTLP's JSON; `__` stands for a dot."""
    return [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in said.items()]


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def a_span(n: int, **more: Any) -> dict[str, Any]:
    asked = json.dumps([{"role": "user", "content": f"how many pears are {n} pears"}])
    said = json.dumps([{"role": "assistant", "content": "some"}])
    has = attributes(gen_ai__operation__name="chat", gen_ai__input__messages=asked, gen_ai__output__messages=said)
    return {"traceId": "a" * 32, "spanId": f"{n:016x}", "name": "chat", "attributes": has, **more}


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in records)


# ---- personal data behind JSON's escapes


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (r"call \u002B49 30 1234567", "call [PHONE]"),
        (r'{"mail": "ann\u0040example.org"}', '{"mail": "[EMAIL]"}'),
        (r'so: "{\"mail\": \"ann\\\\u0040example.org\"}"', r'so: "{\"mail\": \"[EMAIL]\"}"'),
        (r'{"a": "\u0022\u000a\u005c", "b": "ann\u0040example.org"}', r'{"a": "\u0022\u000a\u005c", "b": "[EMAIL]"}'),
        (r"nothing \u0041 here", r"nothing \u0041 here"),
        (r"\ud83d\ude00 ann@example.org", r"\ud83d\ude00 [EMAIL]"),
        ("\\" * 200_000 + "u", "\\" * 200_000 + "u"),
    ],
)  # fmt: skip
def test_escaped_personal_data_is_found(text: str, made: str) -> None:
    redactor = make_redactor(RedactEntry(what=("email", "phone")))
    assert redactor is not None
    began = time.process_time()
    assert redactor.record({"x": text}, Counter())["x"] == made
    assert redactor.text(text, Counter()) == made
    assert time.process_time() - began < 2
    row = stored(a_row(text=f"Here: {text}", calls=(ToolCall("f", text),)), redactor)
    for word in ("example.org", "1234567"):
        assert word not in str(row.text) + str(row.calls)


def test_own_patterns_and_names_are_found_behind_escapes() -> None:
    redactor = make_redactor(RedactEntry(what=(), patterns={"street": "Gr(ü)ne Stra(ß)e"}))
    taking = TakingOut(redactor, names_of(["Jürgen Müller"]))
    text = json.dumps({"who": "Jürgen Müller", "at": "Grüne Straße 5", "what": 'a "b"'})
    assert json.loads(taking.text(text)) == {"who": "[NAME]", "at": "[STREET] 5", "what": 'a "b"'}
    assert taking.counts == {"street": 1, "name": 1}


def test_logs_hold_no_escaped_personal_data(tmp_path: Path, capsys: Capture) -> None:
    tool = {"name": "mail", "description": "d", "parameters": {"type": "object", "properties": {"who": {}}}}
    call = {"name": "mail", "arguments": r'{"who": "J\u00fcrgen M\u00fcller, ann\u0040example.org"}'}
    asked = [{"role": "user", "content": json.dumps({"from": "Jürgen Müller", "q": "mail her"})}]
    (tmp_path / "names.txt").write_text("Jürgen Müller\n")
    (tmp_path / "l.jsonl").write_text(lines(
        {"messages": [*asked, {"role": "assistant", "tool_calls": [{"function": call}]}], "tools": [tool]},
        {"prompt": "as an object", "completion": r'{"mail": "ann\u0040example.org", "tel": "\u002b49 30 1234567"}'},
    ))  # fmt: skip
    out = tmp_path / "s"
    ran = evalkit(capsys, "import", "traces", tmp_path / "l.jsonl", "--out", out, "--names", tmp_path / "names.txt")
    assert ran.code == 0 and "2 email, 2 name, 1 phone" in ran.err, ran.err
    written = "".join(path.read_text() for path in out.rglob("*") if path.is_file())
    for word in ("rgen", "example.org", "1234567"):
        assert word not in written, word


# ---- logs of production


@pytest.mark.long
def test_time_and_disk_of_logs_grow_with_their_size(tmp_path: Path) -> None:
    """Files of a few hundred kB took minutes: every step repeated all before it, or walked all above it."""
    steps = [{"source": "user", "message": "hello"}, *({"source": "agent", "message": f"m{n}"} for n in range(1_500))]
    (tmp_path / "l.json").write_text(json.dumps({"schema_version": "ATIF-v1.6", "steps": steps}))
    with Spool() as spool:
        calls = list(read_sources([tmp_path / "l.json"], spool).settling.calls())
        assert spool._end < 20_000_000
    assert len(calls) == 1_500 and sum(call.withheld is None for call in calls) > 400

    began = time.process_time()
    with Spool() as spool:
        settling = Settling(spool)
        settling._called = {str(n) for n in range(100_000)}
        settling._parents = {str(n): str(n - 1) for n in range(100_000)} | {"0": "99999"}
        assert len(settling._around()) == 100_000
    call, turn = Call("otlp"), Call("otlp", messages=(LoggedMessage("user", "hi"),), part="turn")
    _join(call, [turn] * 100_000)
    assert len(call.messages) == 100_000
    piece = {"id": "x", "_is_merge": True}
    (merged,) = merged_rows([{**piece, "metadata": {f"k{n}": "v"}} for n in range(30_000)])
    assert isinstance(merged["metadata"], dict) and len(merged["metadata"]) == 30_000
    assert time.process_time() - began < 3


def test_an_odd_span_takes_no_other_along(tmp_path: Path, capsys: Capture) -> None:
    odd = a_span(3)
    odd["attributes"] = attributes(gen_ai__operation__name="chat", **{"gen_ai__prompt__1" + "__1" * 3_000: "x"})
    twice = a_span(4)
    twice["attributes"] = attributes(
        gen_ai__operation__name="chat", gen_ai__prompt__1__content="one", gen_ai__prompt__01__content="two",
        gen_ai__completion__0__content="yes", **{"gen_ai__prompt__²__content": "three"},
    )  # fmt: skip
    (tmp_path / "l.json").write_text(json.dumps(otlp(a_span(1), odd, a_span(2), twice)))
    ran = evalkit(capsys, "import", "traces", tmp_path / "l.json", "--out", tmp_path / "s")
    assert ran.code == 0 and "3 requests" in ran.err and "not understood: 1 record" in ran.err, ran.err


def test_records_of_one_conversation_are_no_copies(tmp_path: Path, capsys: Capture) -> None:
    one = [
        {"prompt": f"what is {n} times {n}", "completion": "a lot", "conversation_id": "c", "id": "form-7"}
        for n in range(5)
    ]
    (tmp_path / "l.jsonl").write_text(lines(*one, one[0]))
    ran = evalkit(capsys, "import", "traces", tmp_path / "l.jsonl", "--out", tmp_path / "s")
    assert "5 requests" in ran.err and "left out: 1 the same call once more" in ran.err, ran.err


def test_a_task_without_samples_is_left_out(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "m")
    monkeypatch.setenv("EVALKIT_JUDGE_MODEL", "m")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-000000000000")
    tool = {"name": "mail", "parameters": {"type": "object", "properties": {"who": {"type": "string"}}}}
    call = {"function": {"name": "mail", "arguments": '{"whom": 3}'}}
    turns = [{"role": "user", "content": "mail her"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    (tmp_path / "l.jsonl").write_text(lines({"messages": turns, "tools": [tool]}))
    ran = evalkit(capsys, "import", "traces", tmp_path / "l.jsonl", "--out", tmp_path / "s")
    assert ran.code == 0 and "0 samples" not in ran.err, ran.err
    checked = evalkit(capsys, "check", tmp_path / "s" / "suite.yaml")
    assert checked.code == 0, checked.err


@pytest.mark.parametrize("odd", [{"type": "yes"}, {"properties": {"a": {"type": ["b"]}}}, "twice"])
def test_a_suite_of_logs_holds_what_it_can_declare(tmp_path: Path, odd: Any) -> None:
    tool: dict[str, Any] = {"name": "mail", "description": "", "parameters": {"type": "object", "properties": {}}}
    bad = [tool, tool] if odd == "twice" else [{**tool, "parameters": odd}]
    message = LoggedMessage("user", "mail her")
    for tools, why in (([tool], None), (bad, "offers functions that a suite cannot declare")):
        call = Call("messages", messages=(message,), tools=tuple(tools), answer=Answer("done"))
        assert (unfit(call) or "").partition(":")[0] == (why or "")


def test_a_call_that_a_suite_cannot_ask_or_hold_is_left_out() -> None:
    for text in ("\ufeff", "\u200b \u2060"):
        assert "no turn of a user" in str(unfit(Call("messages", messages=(LoggedMessage("user", text),))))
    call = Call(
        "messages", messages=(LoggedMessage("user", "mail her"),), answer=Answer("done", (ToolCall("f", "[1]"),))
    )
    assert unfit(call) == "calls functions with arguments that are no object"
    call.answer.calls = (ToolCall("f", '{"a": 1}'), ToolCall("f", ""))
    assert unfit(call) is None


def test_no_call_costs_more_than_a_bill_can_have() -> None:
    assert [money(one) for one in (2**64, "1e9", 10**6, 0.5, -1)] == [None, None, 10**6, 0.5, None]


@pytest.mark.long
def test_a_packed_log_unpacks_to_so_much(tmp_path: Path, capsys: Capture) -> None:
    with gzip.open(tmp_path / "l.json.gz", "wb") as file:
        file.write(b'{"prompt":\n')
        for _ in range(90):
            file.write(b"\n" * 1_000_000)
    ran = evalkit(capsys, "import", "traces", tmp_path / "l.json.gz", "--out", tmp_path / "s")
    assert ran.code == 2 and "unpacks to" in ran.err, ran.err


# ---- the receiver


def sent(port: int, body: bytes, length: str | None = None) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=5)
    head = ["POST /v1/traces HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    head.append(f"Content-Length: {length or len(body)}")
    made.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    return made


def test_the_receiver_is_held_to_its_bounds_and_prints_no_traceback(tmp_path: Path, capsys: Capture) -> None:
    with Receiver(tmp_path, 0) as receiver:
        for length in ("0" * 12 + str(MOST_BODY + 1), "0" * 5_000 + "1", "9" * 5_000, "\u0663", "+1", ""):
            with sent(receiver.port, b"", length or " ") as made:
                assert made.recv(100).startswith(b"HTTP/1.1 413"), length[:20]
        gone = sent(receiver.port, b"abc", "100")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        with sent(receiver.port, b"{}") as made:
            assert made.recv(100).startswith(b"HTTP/1.1 200")
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out


def test_what_one_program_sent_takes_nothing_from_the_others(tmp_path: Path) -> None:
    bodies = [json.dumps(otlp(a_span(1))).encode(), b'{"resourceSpans": [}', b"", b"PK\3\4", b'{"evalId": 1}', b"\xff"]
    for n, body in enumerate(bodies):
        (tmp_path / f"{n}.json").write_bytes(body)
    with Spool() as spool:
        reading = read_sources([tmp_path], spool, received=True)
        assert reading.settling.n_calls == 1 and len(reading.refused) == 5
        assert "not read: 5 of 6 files; the first: 1.json: is damaged" in reading.notes()[0]


# ---- files of other tools


def test_a_log_of_inspect_is_opened_once(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its table of contents was read again for every sample: 3,000 samples took four minutes."""
    opened = Counter[str]()
    there = zipfile.ZipFile.__init__
    monkeypatch.setattr(
        zipfile.ZipFile, "__init__", lambda self, *a, **k: (opened.update(["x"]), there(self, *a, **k))[1]
    )
    with zipfile.ZipFile(tmp_path / "l.eval", "w", zipfile.ZIP_DEFLATED) as log:
        log.writestr("header.json", json.dumps(INSPECT))
        for n in range(50):
            log.writestr(f"samples/{n}.json", json.dumps(inspect_sample(n, "C")))
    before = opened.total()
    ran = evalkit(capsys, "import", "inspect", tmp_path / "l.eval", "--results", tmp_path / "r")
    assert ran.code == 0 and "50 rows" in ran.err, ran.err
    assert opened.total() - before <= 4


@pytest.mark.parametrize(
    ("low", "high", "scored"), [(5, 1, False), (1, 1, False), (0, float("nan"), False), (0, 5, True)]
)
def test_a_scale_that_is_none_gives_no_score(
    tmp_path: Path, capsys: Capture, low: Any, high: Any, scored: bool
) -> None:
    config = ("about", "evaluation_results", 0, "metric_config")
    value = changed(changed(EVALUATION, (*config, "min_score"), low), (*config, "max_score"), high)
    value = changed(value, ("sample", "evaluation", "score"), 0.5)
    value = changed(value, ("sample", "metadata"), {})
    ran = evalkit(capsys, "import", *of_every_eval_ever(tmp_path, value), "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    (row,) = rows(run_folders(tmp_path / "r")[0])
    assert row["score"] == (0.1 if scored else None)


def test_a_table_of_many_columns_is_read_at_once() -> None:
    """Each name was looked for among all: 20,000 columns took minutes."""
    began = time.process_time()
    header = ",".join(f"c{n}" for n in range(50_000))
    with pytest.raises(SuiteError, match="stands there twice"):
        list(read_table(BytesIO(f"{header},c9\n1\n".encode()), ",", str, lambda said: None))
    assert time.process_time() - began < 5


def test_a_file_of_verdicts_is_read_within_bounds(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('{"label": 1, "judge": 1}\n{"label": 1, "judge": 1, "x": [' + "[]," * 1_100_000 + "1]}\n")
    ran = evalkit(capsys, "judge-check", path)
    assert ran.code == 2 and "v.jsonl:2: is longer, or holds more values" in ran.err, ran.err
    path.write_text('{"label": 1, "judge": 1, "more": [1, 2]}\n{"label": 0, "judge": 1}\n')
    assert "rated by the judge          2" in evalkit(capsys, "judge-check", path).out


# ---- replies, and answers of the cache


def test_a_reply_of_many_keys_is_refused() -> None:
    """A name takes memory too: a million of them took 151 MB."""
    parsed(b'{"a":[' + b"1," * 900_000 + b"1]}")
    with pytest.raises(ValueError, match="more than 1,000,000 values"):
        parsed(b"{" + b",".join(b'"k%d":0' % n for n in range(600_000)) + b"}")


def test_an_error_that_is_kept_keeps_no_reply() -> None:
    class Reply(dict[str, int]):
        pass

    replies: list[weakref.ref[Reply]] = []

    def read() -> None:
        body = Reply(a=1)
        replies.append(weakref.ref(body))
        try:
            body["text"]
        except KeyError as error:
            raise BadReply("no answer") from error

    def kept() -> list[RequestError]:
        try:
            read()
        except BadReply as error:
            told = scrubbed_error(error)
            return [told, told]
        return []

    gc.disable()  # a reply in a cycle is kept too
    try:
        held = kept()
        assert str(held[0]) == "no answer" and isinstance(held[0].__cause__, KeyError)
        assert [one() for one in replies] == [None]
    finally:
        gc.enable()


ODD: tuple[tuple[tuple[Any, ...], Any], ...] = (
    (("started_at",), 1e308), (("started_at",), 2**70), (("started_at",), "NaN"), (("cost_usd",), "NaN"),
    (("cost_usd",), "Infinity"), (("timing",), "1e999"), (("timing",), "NaN"), (("timing", 1), None),
    (("timing", 1), {"a": [1]}), (("timing", 1), -1), (("timing", 2), [[]]), (("timing", 2), 1e308),
    (("logliks",), [[]]), (("logliks_greedy",), ["x"]), (("loglik_tokens",), [1.5]), (("top_logprobs",), [[]]),
    (("stop_reason",), "x\x1b[31m"), (("stop_reason",), 7), (("text",), ["B"]), (("dropped",), [3]), (("dropped",), 3),
    (("calls",), [[1, 2]]), (("calls",), [["f"]]), (("stages",), [{}]), (("stages",), 3), (("carried",), 5),
    (("usage", "beside"), [5]), (("usage", "provider_cost_usd"), "Infinity"), (("usage", "input"), True),
    (("usage", "zzz"), 1), (("usage",), []), (("raw_usage",), [1]),
)  # fmt: skip


def test_an_edited_cache_breaks_no_run(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "cache" / "responses.sqlite"

    def edit(content: bytes) -> None:
        with sqlite3.connect(file) as cache:
            cache.execute("update answers set answer = ?", (content,))

    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=1)
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
        with sqlite3.connect(file) as cache:
            ((where, packed),) = cache.execute("select key, answer from answers").fetchall()
        edit(json.dumps(changed(json.loads(packed), ("timing", 1), {"a": [1]})).encode())
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r2", "--new")
        assert ran.code == 0, ran.err[-600:]
        (row,) = rows(run_folders(tmp_path / "r2")[0])
        assert row["outcome"] == "right" and not row["cached"]
    for at, odd in ODD:
        edit(json.dumps(changed(json.loads(packed), at, odd)).encode())
        with ResponseCache.open() as cached:
            assert cached.get(where) is None, (at, odd)
    for content in (b"[" * 100_000, b"\xff", b"null"):
        edit(content)
        with ResponseCache.open() as cached:
            assert cached.get(where) is None and cached.problem, content[:9]
    edit(packed)
    with ResponseCache.open() as cached:
        assert cached.get(where) is not None


def test_half_a_character_is_no_defect_of_json_output() -> None:
    assert json_line({"says": "\ud800 ##vso[x] \u202e"}) == '{"says":"\\ud800 \\u0023#vso[x] \\u202e"}\n'
