"""`adapter: http`: an application of one's own, by the body and the paths that a suite writes."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.adapters.at_hand import AtHand
from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.dialects.http import make
from evalkit.adapters.keys import scrubbed
from evalkit.api.planning import suite_at
from evalkit.decide.gate_trust import GateTrust
from evalkit.errors import BadReply, Overloaded, RateLimited, Rejected, RequestError, ServerError, SuiteError
from evalkit.records import Message, Request, Response, Settings, Usage
from evalkit.results.rows import read_rows
from evalkit.store import runs
from evalkit.testing.conformance import ADAPTER_CHECKS, FakeServer, check_adapter
from evalkit.testing.fake_provider.answer import Ask, FakeAnswer
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.wire import Stream, data_event, dumps, integer_or_none, stops_of
from evalkit.testing.loopback import Sent, loopback, reply
from tests.conftest import REPO
from tests.test_gate_allow_list import is_refused, mutations
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
EXAMPLE = REPO / "examples" / "applications"
TOKEN = "EVALKIT_BOT_TOKEN"  # the name of a variable
REQUEST = {
    "question": "{{ prompt }}",
    "turns": "{{ messages }}",
    "limit": "{{ settings.max_output_tokens }}",
    "heat": "{{ settings.temperature }}",
    "end_at": "{{ settings.stop }}",
    "version": "{{ model }}",
    "stream": True,
}
OPTIONS: dict[str, Any] = {
    "request": REQUEST,
    "answer": "data.text",
    "reasoning": "data.thoughts",
    "usage": {"input": "bill.in", "output": "bill.out", "cached": "bill.again", "reasoning": "bill.thought"},
    "finish": {"path": "end", "said": "why"},
    "served_model": "data.version",
    "events": {"delta": "piece", "reasoning": "thought", "done": {"event": "end"}},
    "header_env": {"Authorization": TOKEN},
}


def read(data: dict[str, Any], path: str) -> Ask:
    turns = [(turn["role"], turn["content"]) for turn in data["turns"]]
    return Ask(
        data["version"],
        (data["question"],),
        stream=data.get("stream", False),
        n_input=sum(len(text.split()) for _, text in turns),
        max_tokens=integer_or_none(data.get("limit")),
        stop=stops_of(data.get("end_at")),
    )


def _told(ask: Ask, answer: FakeAnswer) -> dict[str, Any]:
    finish = {"refusal": "declined", "length": "length"}.get(answer.finish, "done")
    bill = {"in": answer.n_input, "out": answer.n_output + answer.n_reasoning, "thought": answer.n_reasoning}
    bill["again"] = answer.n_cached
    return {"bill": bill, "end": finish, "why": "Not my business." if finish == "declined" else None}


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> dict[str, Any]:
    answer = answers[0]
    data = {"text": answer.text, "thoughts": answer.reasoning or None, "version": answer.model}
    return {"data": data, **_told(ask, answer)}


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    answer = answers[0]
    made = Stream(opening=[data_event({"event": "start", "data": {"version": answer.model}})])
    made.reasoning = [data_event({"event": "thought", "thought": one}) for one in answer.reasoning_pieces]
    made.content = [data_event({"event": "piece", "piece": one}) for one in answer.pieces]
    made.closing = [data_event({"event": "end", **_told(ask, answer)})]
    return made


def error(status: int, message: str, behaviour: Behaviour, **details: str) -> dict[str, Any]:
    return {"error": {"message": message}}


def error_event(behaviour: Behaviour) -> bytes:
    return b"event: error\ndata: " + dumps({"message": "the bot fell over"}) + b"\n\n"


APP = SimpleNamespace(read=read, body=body, stream=stream, error=error, error_event=error_event)
SERVER = FakeServer(
    adapter="http",
    path="/ask",
    endpoint="/ask",
    dialects={"/ask": APP},
    key_env=(TOKEN,),
    options=OPTIONS,
    refuses_with="I can't help with that.",
)


def made(spec: ModelSpec) -> Adapter:
    """An application has no address of its own; one that is no host of this machine wants its key."""
    return make(spec if spec.base_url is not None else replace(spec, base_url="https://bot.example/ask"))


@pytest.mark.parametrize("check", ADAPTER_CHECKS)
async def test_it_conforms(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_ALLOWED_ENV", TOKEN)
    if check == "a_key_that_no_header_can_carry_is_refused":
        monkeypatch.setenv("EVALKIT_KEY_HOSTS", "bot.example")
    assert await check_adapter(made, SERVER, only=check) == []


# One answer at a time

Options = dict[str, Any]
ASK = Request((Message("system", "Be brief."), Message("user", 'Say "hi".')), record={"customer": "c-7", "seats": 3})


async def asked(answer: bytes, options: Options, request: Request = ASK, **fields: Any) -> tuple[Response, Sent]:
    """The response to a server that answers exactly so, and what it was sent."""
    given = {"request": {"q": "{{ prompt }}"}, "answer": "text", **options}
    async with loopback(answer) as server:
        adapter = make(ModelSpec("bot", "http", "", base_url=f"{server.url}/ask", options=given, **fields))
        try:
            return await adapter.respond(request), server.last
        finally:
            await adapter.aclose()


def said(**body: Any) -> bytes:
    return reply(200, json.dumps(body).encode())


async def test_a_body_is_made_of_values_and_never_of_pasted_text() -> None:
    template = {
        "q": "{{ prompt }}",
        "all": {"turns": "{{ messages }}", "n": "{{ messages | length }}"},
        "who": ["{{ record.customer }}", "seats: {{ record.seats }}"],
        "seats": "{{ record.seats }}",
        "heat": "{{ settings.temperature }}",
        "stop": "{{ settings.stop }}",
        "fixed": {"deep": [True, None, 1.5, "as it is"]},
    }
    request = replace(ASK, settings=Settings(temperature=0.5))
    response, sent = await asked(said(text="hi"), {"request": template, "query": {"v": 2, "dry": True}}, request)
    assert response.text == "hi"
    assert sent.path == "/v1/ask?v=2&dry=true"
    assert sent.body == {
        "q": 'Say "hi".',
        "all": {"turns": [{"role": one.role, "content": one.content} for one in ASK.messages], "n": 2},
        "who": ["c-7", "seats: 3"],
        "seats": 3,
        "heat": 0.5,  # and no `stop`, which nobody set
        "fixed": {"deep": [True, None, 1.5, "as it is"]},
    }


async def test_each_attempt_has_an_id_of_its_own_where_it_is_asked_for() -> None:
    options = {"request": {"session": "{{ new_id }}", "q": "{{ prompt }}"}}
    ids = {(await asked(said(text="hi"), options))[1].body["session"] for _ in range(3)}
    assert len(ids) == 3


async def test_what_stands_beside_the_answer_is_kept() -> None:
    options = {
        "answer": "out[-1].text",
        "usage": {"input": "b.i", "output": "b.o"},
        "cost_usd": "b.usd",
        "finish": {"path": "end", "content_filter": ["guarded"], "said": "why"},
        "trace_id": "trace",
    }
    body = {"out": [{"text": "draft"}, {"text": "no"}], "b": {"i": 9, "o": 2, "usd": "0.0002"}, "trace": "t-1"}
    response, _ = await asked(said(**body, end="guarded", why="a secret"), options)
    assert (response.text, response.stop_reason, response.refusal) == ("no", "content_filter", "a secret")
    assert response.usage == Usage(input=9, output=2, provider_cost_usd=Decimal("0.0002"))
    assert response.raw_usage == {"input": 9, "output": 2, "cost_usd": "0.0002", "trace_id": "t-1"}
    response, _ = await asked(said(**body, end="else"), options)
    assert response.stop_reason == "other"


async def test_an_answer_of_another_kind_is_none_unless_the_suite_wants_json() -> None:
    with pytest.raises(BadReply):
        await asked(said(text={"label": 3}), {})
    with pytest.raises(BadReply, match=r"nothing at text \(models\.bot\.answer\); its keys are answer, took"):
        await asked(said(answer="hi", took=3), {})
    response, _ = await asked(said(text={"label": 3, "ok": True}), {"answer_as": "json"})
    assert response.text == '{"label":3,"ok":true}'


async def test_an_answer_beside_words_of_errors_is_an_answer_and_an_error_beside_one_is_none() -> None:
    response, _ = await asked(said(text="hi", code=0, message="ok", detail="served by a-1"), {})
    assert response.text == "hi"
    with pytest.raises(ServerError, match="the index is gone"):
        await asked(said(text="Sorry!", error="the index is gone"), {})
    with pytest.raises(RateLimited, match="too many"):
        odd = {"errors": {"message": "fault.text"}}
        await asked(said(text="", fault={"text": "too many", "code": 429}), odd)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [(420, "rate_limited", RateLimited), (500, "rejected", Rejected), (403, "overloaded", Overloaded)],
)
async def test_a_status_means_what_the_suite_says(status: int, kind: str, error: type[RequestError]) -> None:
    errors = {"errors": {"message": "fault[0]", "statuses": {status: kind}}}
    with pytest.raises(error, match="no room") as caught:
        await asked(reply(status, b'{"fault": ["no room"]}'), errors)
    assert caught.value.status == status
    response, _ = await asked(reply(451, b'{"fault": ["not here"]}'), {"errors": {"statuses": {451: "filtered"}}})
    assert response.stop_reason == "content_filter"


STREAMS: dict[str, tuple[Options, bytes]] = {
    "[DONE]": ({"events": "d"}, b'data: {"d": "Par"}\n\ndata: {"d": "is"}\n\ndata: [DONE]\n\n'),
    "an event": (
        {"events": {"delta": "d", "done": {"type": ["end", "stop"]}}},
        b'data: {"d": "Par"}\n\ndata: {"d": "is"}\n\ndata: {"type": "stop"}\n\n',
    ),
    "a path": ({"events": {"delta": "d", "done": "last"}}, b'data: {"d": "Paris"}\n\ndata: {"last": null}\n\n'),
    "the connection": ({"events": {"delta": "d", "done": "closed"}}, b'data: {"d": "Par"}\n\ndata: {"d": "is"}\n\n'),
    "lines": ({"events": {"delta": "d", "form": "lines", "done": "end"}}, b'{"d": "Par"}\n{"d": "is"}\n{"end": 1}\n'),
    "names": (
        {"events": {"delta": "token.d", "form": "named", "done": "end"}},
        b'event: token\ndata: {"d": "Par"}\n\nevent: ping\n\nevent: token\ndata: {"d": "is"}\n\nevent: end\n\n',
    ),
    "a whole answer after all": ({"events": {"delta": "d"}}, b'{"text": "Paris"}'),
    "a whole answer in one event": ({"events": {"delta": "d"}}, b'data: {"text": "Paris"}\n\ndata: [DONE]\n\n'),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_ends_as_the_suite_says(name: str) -> None:
    options, body = STREAMS[name]
    kind = "application/json" if body[:1] == b"{" else "text/event-stream"
    response, _ = await asked(reply(200, body, kind), options)
    assert response.text == "Paris"
    assert (response.timing.ttft_s is not None) == ("whole" not in name)
    if name != "the connection" and "whole" not in name:
        with pytest.raises(RequestError):
            await asked(reply(200, body[: body.rindex(b"\n", 0, -3)], kind), options)


@pytest.mark.parametrize("name", [name for name in STREAMS if "whole" not in name])
async def test_a_stream_without_anything_at_the_place_of_its_pieces_is_an_error(name: str) -> None:
    """A wrong path is the suite's fault, and no answer that says nothing."""
    options, body = STREAMS[name]
    wrong = options["events"] if isinstance(options["events"], dict) else {}
    options = {**options, "events": {**wrong, "delta": "nope.text"}}
    with pytest.raises(RequestError) as caught:
        await asked(reply(200, body, "text/event-stream"), options)
    if name != "the connection":  # it may have broken before the first piece
        assert "no event has anything at nope.text (models." in str(caught.value)
        assert ".events); the keys of its events are " in str(caught.value)
        assert type(caught.value) is BadReply


async def test_pieces_that_are_not_found_are_told_by_the_bill_too() -> None:
    """Every event names the version, so each says something known; what was billed was said all the same."""
    options: Options = {"events": {"delta": "nope"}, "served_model": "v", "usage": {"output": "u"}}
    with pytest.raises(BadReply, match="no event has anything at nope"):
        await asked(
            reply(200, b'data: {"v": "7", "d": "Paris", "u": 1}\n\ndata: [DONE]\n\n', "text/event-stream"), options
        )
    response, _ = await asked(reply(200, b'data: {"v": "7", "u": 0}\n\ndata: [DONE]\n\n', "text/event-stream"), options)
    assert response.text == "", "an empty answer is an answer"


async def test_a_stream_that_was_turned_away_before_its_first_piece_is_no_error() -> None:
    options: Options = {"events": {"delta": "d", "done": "why"}, "finish": {"path": "why"}}
    response, _ = await asked(reply(200, b'data: {"why": "blocked"}\n\n', "text/event-stream"), options)
    assert (response.text, response.stop_reason) == ("", "content_filter")


async def test_a_bill_after_the_end_and_zeros_after_a_bill() -> None:
    options = {"events": {"delta": "d", "done": "last"}, "usage": {"input": "u.i", "output": "u.o"}}
    events = b'data: {"d": "Paris"}\n\ndata: {"last": 1}\n\ndata: {"u": {"i": 9, "o": 1}}\n\ndata: {"u": {"i": 0}}\n\n'
    response, _ = await asked(reply(200, events, "text/event-stream"), options)
    assert response.usage is not None and (response.usage.input, response.usage.output) == (9, 1)


# Keys

SECRETS = {"EVALKIT_BOT_TOKEN": "bot-canary-6f1d0c9b2a", "EVALKIT_TENANT": "tenant-canary-77aa0b1c2d"}
KEYED: Options = {"header_env": {"Authorization": "EVALKIT_BOT_TOKEN", "X-Tenant": "EVALKIT_TENANT"}}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


async def test_headers_go_only_where_the_person_lets_each_go(secrets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    _, sent = await asked(said(text="hi"), KEYED)
    assert not sent.headers.keys() & {"authorization", "x-tenant"}, "this machine works without, and gets none"
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "EVALKIT_TENANT@127.0.0.1")
    _, sent = await asked(said(text="hi"), KEYED)
    assert (sent.headers.get("authorization"), sent.headers["x-tenant"]) == (None, SECRETS["EVALKIT_TENANT"])
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "EVALKIT_TENANT@127.0.0.1,EVALKIT_BOT_TOKEN@127.0.0.1")
    _, sent = await asked(said(text="hi"), KEYED)
    assert sent.headers["authorization"] == f"Bearer {SECRETS['EVALKIT_BOT_TOKEN']}"
    with pytest.raises(SuiteError, match="EVALKIT_BOT_TOKEN is not sent there"):
        make(ModelSpec("bot", "http", "", base_url="https://collector.example/x", options={**OPTIONS, **KEYED}))


async def test_a_key_that_comes_back_is_in_no_message(secrets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", ",".join(f"{name}@127.0.0.1" for name in SECRETS))
    monkeypatch.setenv("EVALKIT_BOT_TOKEN", f"Basic {SECRETS['EVALKIT_BOT_TOKEN']}")
    echo = f"you sent {' and '.join(SECRETS.values())}, ending in {SECRETS['EVALKIT_TENANT'][-6:]}"
    for answer in (reply(401, echo.encode()), reply(400, json.dumps({"error": {"message": echo}}).encode())):
        with pytest.raises(RequestError) as caught:
            await asked(answer, KEYED)
        assert "canary" not in str(caught.value) and SECRETS["EVALKIT_TENANT"][-6:] not in str(caught.value)
    response, sent = await asked(said(text=echo), KEYED)
    assert sent.headers["authorization"] == f"Basic {SECRETS['EVALKIT_BOT_TOKEN']}"
    assert "canary" not in scrubbed(response).text


# In a suite

SUITE = """
name: app
models:
  bot:
    adapter: http
    base_url: "http://127.0.0.1:9/ask"
    request: {{q: "{{{{ prompt }}}}"{body}}}
    answer: text
{model}
tasks:
  - name: t
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ q }}}}"
    target: "{{{{ a }}}}"
    score: exact
{task}
"""


def written(folder: Path, model: str = "", task: str = "", body: str = "", top: str = "") -> Path:
    items = [{"id": str(n), "q": f"Q{n}?", "a": "yes", "plan": "free", "seats": n} for n in range(4)]
    (folder / "items.jsonl").write_text("".join(f"{json.dumps(item)}\n" for item in items))
    path = folder / "s.yaml"
    path.write_text(top + SUITE.format(model=model, task=task, body=body))
    return path


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"body": ', who: "{{ record.plan }}"'}, "models.bot.request reads record.plan, which the task does not send"),
        ({"body": ', who: "{{ record.plan }}"'}, "write send: [plan] in the task"),
        ({"body": ', who: "{{ prompts }}"'}, "models.bot.request.who: {{ prompts }} is nothing that a request has"),
        ({"body": ', s: "sys: {{ system }}"'}, "models.bot.request.s: {{ system }} is null, which is no text"),
        ({"body": ', all: "{{ settings }}"'}, "reads settings as a whole"),
        ({"body": ', api_key: "sk-1"'}, "header_env names a variable that holds it"),
        ({"model": "    usage: {inptu: a}"}, "s.yaml:9: models.bot.usage: inptu: unknown key; did you mean input?"),
        ({"model": "    answers: x"}, "s.yaml:9: models.bot.answers: unknown key"),
        ({"model": "    finish: {path: 'a b'}"}, "models.bot.finish: path: expected a path in the reply"),
        ({"model": "    settings: {temperature: 0}"}, "Send it in its request: {{ settings.temperature }}"),
        ({"model": "    settings: {max_output_tokens: 9}"}, "models.bot.settings.max_output_tokens: http does not"),
        ({"model": "    settings: {extra: {q: x}}"}, "models.bot.settings.extra.q: evalkit sets this field itself"),
        ({"model": "    model: 'the answer to 1 is yes'"}, "models.bot.model: is a name or a version"),
        ({"task": "    send: [a]"}, "'a' is what the right answer is made of"),
        ({"task": "    send: [nowhere]"}, "the record has no field 'nowhere'"),
        ({"task": "    target: '{{ row }}'"}, "given twice"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_sent(
    parts: dict[str, str], complaint: str, tmp_path: Path, capsys: Capture
) -> None:
    ran = evalkit(capsys, "check", written(tmp_path, **parts))
    assert ran.code == 2, ran.out
    assert complaint in " ".join(ran.err.split())


def test_a_cap_in_dollars_needs_a_limit_that_reaches_the_application(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "check", written(tmp_path, top="run: {max_cost_usd: 1}\n"))
    assert ran.code == 2 and "max_output_tokens does not reach it" in " ".join(ran.err.split())


def test_fields_that_are_sent_are_part_of_what_is_asked(tmp_path: Path) -> None:
    def digests(task: str) -> list[str]:
        return [sample.digest for sample in suite_at(written(tmp_path, task=task)).tasks[0].samples()]

    assert digests("") != digests("    send: [seats]")
    seats = digests("    send: [seats]")
    assert seats != digests("    send: [plan]")


def test_internal_prompts_go_to_no_application_that_the_person_did_not_name(tmp_path: Path, capsys: Capture) -> None:
    suite = written(tmp_path, body=', webhook: "https://elsewhere.example/hook"')
    suite.write_text(suite.read_text().replace("http://127.0.0.1:9/ask", "https://bot.example/ask"))
    ran = evalkit(capsys, "check", suite)
    said = " ".join(ran.err.split())
    assert ran.code == 2
    assert "prompts of a suite with sensitivity: internal may not go to bot.example" in said
    assert "models.bot.request.webhook: address may pass parts of prompts on to elsewhere.example" in said
    allowed = evalkit(capsys, "check", suite, "--allow-key-host", "bot.example", "--allow-callout", "elsewhere.example")
    assert allowed.code == 0, allowed.err
    assert "bot: http, prompts go to bot.example" in allowed.out


_SPELLED = "https%3A%2F%2Felsewhere.example"


@pytest.mark.parametrize(
    "template",
    [
        "{{ record.cb }}",
        "{{ record.kb }}",
        " {{ record.cb }} ",
        "{{ 'kooh/elpmaxe.erehwesle//:sptth' | reverse }}",
        "{{ '" + _SPELLED + "' | replace('%3A', ':') | replace('%2F', '/') }}",
        "{{ ['https:', '', 'elsewhere.example'] | join('/') }}",
        "{% if prompt %}{{ record.a ~ record.b }}{% endif %}",
        "u={{ record.a }}{{ record.b }}",
        "{{ record.a }}elsewhere.example/x",
        "{{ record.a }}\\\\\\\\elsewhere.example/x",
        "a{{ '@' }}elsewhere.example, b{{ '@' }}elsewhere.example",
    ],
)
def test_addresses_that_templates_make_are_seen_before_anything_is_sent(
    tmp_path: Path, capsys: Capture, template: str
) -> None:
    """The words of the template hold no address; what it makes of them, or of the record, is one."""
    suite = written(tmp_path, body=f", to: {json.dumps(template)}", task="    send: [cb, kb, a, b]")
    item = {"q": "Q?", "a": "https:", "b": "//elsewhere.example/hook", "cb": "https://elsewhere.example/hook"}
    item["kb"] = {"deep": {"https://elsewhere.example/hook": ["done"]}}
    (tmp_path / "items.jsonl").write_text(json.dumps({"id": "0", **item, "right": "yes"}) + "\n")
    suite.write_text(suite.read_text().replace("{{ a }}", "{{ right }}"))
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "elsewhere.example" in ran.err and "callout" in ran.err, ran.err
    allowed = evalkit(capsys, "check", suite, "--allow-callout", "elsewhere.example")
    assert allowed.code == 0, allowed.err


def test_an_address_that_the_prompt_or_a_text_of_the_record_holds_is_no_receiver(
    tmp_path: Path, capsys: Capture
) -> None:
    suite = written(
        tmp_path,
        body=', context: "From: {{ record.page }}", found: "{{ record.found }}"',
        task="    send: [page, found]",
    )
    item: dict[str, object] = {"id": "0", "q": "What is https://a.example about?", "a": "yes"}
    item |= {
        "page": "See https://b.example for more, or write to ann@d.example and https%3A%2F%2Fe.example.",
        "found": [{"passage": "It is at https://c.example today."}],
    }
    (tmp_path / "items.jsonl").write_text(json.dumps(item) + "\n")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(("field", "code"), [("question", 0), ("callback", 2)])
def test_a_message_that_is_an_address_is_asked_and_is_no_callback(
    tmp_path: Path, capsys: Capture, field: str, code: int
) -> None:
    suite = written(tmp_path, body=f', {field}: "{{{{ prompt }}}}"')
    (tmp_path / "items.jsonl").write_text(json.dumps({"id": "0", "q": "https://shop.example/1", "a": "yes"}) + "\n")
    assert evalkit(capsys, "check", suite).code == code


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("    request:", '    query: {callback: "https://elsewhere.example/c"}\n    request:', "query.callback"),
        ("    request:", "    query: {webhook: elsewhere.example}\n    request:", "query.webhook"),
        ("127.0.0.1:9/ask", "127.0.0.1:9/ask/https://elsewhere.example/c", "base_url"),
        ("127.0.0.1:9/ask", "127.0.0.1:9/ask/https%3A%2F%2Felsewhere.example/c", "base_url"),
        ("127.0.0.1:9/ask", "127.0.0.1:9/ask/https:/elsewhere.example/c", "base_url"),
        ("127.0.0.1:9/ask", "127.0.0.1:9/ask/elsewhere.example:443/c", "base_url"),
        ("127.0.0.1:9/ask", "127.0.0.1:9/ask/a@elsewhere.example", "base_url"),
        ("    request:", "    query: {u: 'https:elsewhere.example'}\n    request:", "query.u"),
    ],
)
def test_addresses_in_the_query_and_the_path_are_receivers(
    tmp_path: Path, capsys: Capture, old: str, new: str, place: str
) -> None:
    suite = written(tmp_path)
    assert old in suite.read_text()
    suite.write_text(suite.read_text().replace(old, new))
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    said = " ".join(ran.err.split())
    assert f"models.bot.{place}: address may pass parts of prompts on to elsewhere.example" in said


# The example, from question to verdict


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """The example application of examples/applications, running."""
    server = runpy.run_path(str(EXAMPLE / "app.py"))["serve"](0)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.long
def test_two_versions_of_an_application_are_run_shown_and_gated(
    app: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_EXAMPLE_APP", app)
    checked = evalkit(capsys, "check", EXAMPLE / "http.yaml", "--show-prompt")
    assert "v2: http, prompts go to 127.0.0.1, says itself what it costs" in checked.out
    assert '[fields for applications]\n  {"plan": "free"}' in checked.out
    ran = evalkit(capsys, "run", EXAMPLE / "http.yaml", "--gate", "--results", tmp_path)
    assert ran.code == 0, ran.err
    assert "v2: PASS" in ran.out and "v1 is 13.3 points behind" in ran.out
    (folder,) = run_folders(tmp_path)
    rows = read_rows(folder, ["model", "score", "cost_usd", "ttft_s", "served_model", "raw_usage"]).to_pylist()
    assert len(rows) == 60 and sum(row["score"] for row in rows if row["model"] == "v1") == 26
    first = rows[0]
    assert first["cost_usd"] > 0 and first["ttft_s"] > 0 and first["served_model"] == f"sorter-{first['model']}"
    assert json.loads(first["raw_usage"])["trace_id"].startswith("t-")
    sample = read_rows(folder, ["sample_id", "model", "raw_usage"]).to_pylist()[0]
    named = json.loads(sample["raw_usage"])["trace_id"]
    shown = evalkit(capsys, "show", folder, "--sample", sample["sample_id"])
    assert f"  trace: {named}" in shown.out
    told = json.loads(evalkit(capsys, "show", folder, "--sample", sample["sample_id"], "--json").out)["trajectories"]
    assert named in [one["trace"] for one in told]
    page = tmp_path / "report.html"
    assert evalkit(capsys, "report", folder, "--html", page, "--samples").code == 0
    assert f"Trace: {named}" in page.read_text()
    rows_out = tmp_path / "rows.jsonl"
    assert evalkit(capsys, "export", folder, "--to", "jsonl", "--out", rows_out).code == 0
    assert named in rows_out.read_text()


@pytest.mark.parametrize(
    ("said_of_it", "kept"),
    [
        ("https://traces.example/t/1", True),
        (17, True),
        ({"id": "t-1", "spans": [{"name": "retrieve", "ms": 12}]}, True),
        ("t" * 501, False),
        ({"spans": ["x" * 100] * 50}, False),
        ([], False),
        ({}, False),
    ],
)
async def test_a_trace_is_an_id_an_address_or_a_small_tree(said_of_it: object, kept: bool) -> None:
    options = {"answer": "text", "cost_usd": "usd", "trace_id": "trace"}
    response, _ = await asked(said(text="hi", usd=0.5, trace=said_of_it), options)
    assert response.raw_usage == {"cost_usd": 0.5, **({"trace_id": said_of_it} if kept else {})}


@pytest.mark.long
def test_places_at_which_no_reply_had_anything_are_said_once_for_each_model(
    app: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_EXAMPLE_APP", app)
    shutil.copytree(EXAMPLE, tmp_path / "app")
    suite = tmp_path / "app" / "http.yaml"
    text = suite.read_text()
    assert "cost_usd: " in text
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "right")
    assert "has anything at" not in ran.out
    suite.write_text(re.sub(r"cost_usd: [\w.]+", "cost_usd: usage.costs", text))
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "wrong")
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "v1: no reply of 30 has anything at usage.costs (" in said
    assert said.count("has anything at usage.costs") == 2, "once for each model"
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "wrong")
    assert "v1: no reply of 30 has anything at usage.costs (" in " ".join(shown.out.split())


def test_a_header_that_is_not_sent_is_said_with_the_way_to_send_it(
    app: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_EXAMPLE_APP", app)
    monkeypatch.delenv("EVALKIT_TENANT", raising=False)
    shutil.copytree(EXAMPLE, tmp_path / "app")
    suite = tmp_path / "app" / "http.yaml"
    text = suite.read_text().replace(
        "    adapter: http\n", "    adapter: http\n    header_env: {X-Tenant: EVALKIT_TENANT}\n"
    )
    suite.write_text(text)
    unset = "header_env.X-Tenant: EVALKIT_TENANT is not set, so requests to 127.0.0.1 go without this header"
    checked = evalkit(capsys, "check", suite)
    assert checked.code == 0
    assert f"models.v1.{unset}" in checked.out + checked.err
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert unset in ran.out + ran.err
    monkeypatch.setenv("EVALKIT_TENANT", "tenant-canary-77aa0b1c2d")
    kept = evalkit(capsys, "check", suite)
    assert "to allow it: --allow-key-host EVALKIT_TENANT@127.0.0.1" in kept.out + kept.err
    assert "canary" not in kept.out + kept.err
    sent = evalkit(capsys, "check", suite, "--allow-key-host", "EVALKIT_TENANT@127.0.0.1")
    assert "header_env" not in sent.out + sent.err


@pytest.mark.long
def test_answers_are_kept_only_where_a_version_is_named_and_only_for_the_same_request(
    app: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_EXAMPLE_APP", app)
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    shutil.copytree(EXAMPLE, tmp_path / "app")
    suite = tmp_path / "app" / "http.yaml"
    text = suite.read_text()

    def cached(text: str) -> int:
        suite.write_text(text)
        results = tmp_path / f"r{len(list(tmp_path.iterdir()))}"
        ran = evalkit(capsys, "run", suite, "--results", results, "--models", "v1")
        assert ran.code == 0, ran.err
        rows = read_rows(run_folders(results)[0], ["cached"]).to_pylist()
        return sum(row["cached"] for row in rows)

    assert [cached(text), cached(text)] == [0, 0]
    named = text.replace("    adapter: http\n", "    adapter: http\n    weights: build-41\n")
    assert [cached(named), cached(named)] == [0, 30]
    assert cached(named.replace("build-41", "build-42")) == 0
    assert cached(named.replace("stream: true", "stream: true\n      verbose: true")) == 0
    assert cached(named.replace("answer: answer.queue", "answer: app")) == 0


@pytest.mark.long
def test_a_gate_takes_no_request_and_no_reading_of_the_candidate_s_own(
    app: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever single key of the candidate a pull request has otherwise: refused, but for what may differ."""
    monkeypatch.setenv("EVALKIT_EXAMPLE_APP", app)
    ours = EXAMPLE / "http.yaml"
    ran = evalkit(capsys, "run", ours, "--results", tmp_path)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path)
    facts = runs.read_facts(folder)
    trust = GateTrust(
        results=tmp_path, baselines=tmp_path / "b", baselines_named=True, installed=AtHand(), suite=suite_at(ours)
    )
    passed = set()
    entry = facts["suite_resolved"]["models"]["v2"]
    for at, changed in mutations(entry):
        models = {**facts["suite_resolved"]["models"], "v2": changed}
        theirs = {**facts, "suite_resolved": {**facts["suite_resolved"], "models": models}}
        if not is_refused(None, folder, trust, theirs):  # type: ignore[arg-type]
            passed.add(at)
    may_differ = {"base_url", "model", "settings", "variants"}
    assert {at[0] for at in passed} <= may_differ, passed
    for key, value in (
        ("request", {**entry["request"], "hint": "t01 is billing"}),
        ("request", {**entry["request"], "ticket": "{{ prompt }} {% if 'invoice' in prompt %}billing{% endif %}"}),
        ("answer", "app"),
        ("cost_usd", "bill.none"),
        ("header_env", {"X-Hint": "EVALKIT_HINT"}),
        ("query", {"hint": "billing"}),
        ("model", "t01:billing/t02:returns"),
        ("model", "t01 is billing"),
        ("model", "b" * 65),
    ):
        models = {**facts["suite_resolved"]["models"], "v2": {**entry, key: value}}
        theirs = {**facts, "suite_resolved": {**facts["suite_resolved"], "models": models}}
        assert is_refused(None, folder, trust, theirs), key  # type: ignore[arg-type]
    models = {**facts["suite_resolved"]["models"], "v2": {**entry, "model": "build-42.1"}}
    asked = {**facts["models"], "v2": {**facts["models"]["v2"], "model": "build-42.1"}}
    theirs = {**facts, "models": asked, "suite_resolved": {**facts["suite_resolved"], "models": models}}
    assert not is_refused(None, folder, trust, theirs)  # type: ignore[arg-type]
