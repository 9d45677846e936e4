"""Hostile servers of every dialect: what they send back of a key, and what they make evalkit keep of a reply."""

from __future__ import annotations

import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.registry import make_adapter
from evalkit.errors import BadReply, RequestError, Unfit, Unsupported
from evalkit.records import Message, Request, Settings
from tests.faults.replies import ASK, DIALECTS, Served, adapter_at, as_stream, good, http, serving
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
CANARY = "canary-7f3a9b2c4d5e6f708192"
WEIGH = Request((Message("user", "2 + 2 ="),), Settings(), continuations=(" 4", " 5"))
JSON = "application/json"


@contextmanager
def answering(answer: Callable[[str, dict[str, Any]], dict[str, Any]], status: int = 200) -> Iterator[str]:
    """A server in a thread: `answer` gets the key that came along and the request, and gives the JSON of the reply."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.say(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self.say({})

        def say(self, asked: dict[str, Any]) -> None:
            sent = (
                self.headers.get("Authorization") or self.headers.get("x-api-key") or self.headers.get("x-goog-api-key")
            )
            said = json.dumps(answer(str(sent).split(" ")[-1], asked)).encode()
            self.send_response(status)
            self.send_header("Content-Type", JSON)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            """Nothing on stderr: the tests look at it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def echoing_chat(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    usage = {
        "prompt_tokens": 3, "completion_tokens": 1, "inference_geo": key, "iterations": [{"type": key}],
        "prompt_details": [{"modality": key, "tokenCount": 4}], f"{key}_search": 2, "odd": {"deep": [key]},
    }  # fmt: skip
    shown = {"token": key, "logprob": -0.1, "top_logprobs": [{"token": key, "logprob": -0.1}]}
    choice = {"index": 0, "message": {"content": f"4 {key}"}, "finish_reason": "stop", "logprobs": {"content": [shown]}}
    told = {"model": key, "service_tier": key, "system_fingerprint": key}
    return {**told, "choices": [choice], "usage": usage}


def echoing_messages(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 1, "service_tier": key, "inference_geo": key}
    said = [{"type": "text", "text": f"4 {key}"}, {"type": "thinking", "thinking": key}]
    return {"model": key, "content": said, "stop_reason": "end_turn", "usage": usage}


def echoing_gemini(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 1, "serviceTier": key,
             "candidatesTokensDetails": [{"modality": key, "tokenCount": 9}]}  # fmt: skip
    return {
        "modelVersion": key, "usageMetadata": usage,
        "candidates": [{"content": {"parts": [{"text": f"4 {key}"}]}, "finishReason": "STOP"}],
    }  # fmt: skip


def echoing_responses(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 1, "details": [{"modality": key, "tokenCount": 2}]}
    part = {"type": "output_text", "text": f"4 {key}", "logprobs": []}
    return {
        "status": "completed", "model": key, "service_tier": key, "usage": usage,
        "output": [{"type": "message", "content": [part]}],
    }  # fmt: skip


def echoing_tokens(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    prompts = asked["prompt"]
    if isinstance(prompts, str):
        return {"choices": [{"text": " x", "logprobs": {"tokens": [" x"], "token_logprobs": [-0.5]}}]}
    if len(prompts) == 1:
        head = prompts[0][:-2]
        return {"choices": [{"text": "", "logprobs": {"tokens": [head, " x"], "token_logprobs": [None, -0.5]}}]}
    odd = {"tokens": [key + "x" * 60, key], "token_logprobs": [-1, -1]}
    return {"choices": [{"index": at, "logprobs": odd} for at, _ in enumerate(prompts)]}


def echoing_ollama(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Of an answer, of /api/version and of /api/tags alike."""
    details = {"quantization_level": key, "parameter_size": f"{key} B", "format": key}
    about = {"version": f"0.33 {key}", "models": [{"name": "m", "digest": f"sha256:{key}", "details": details}]}
    message = {"role": "assistant", "content": f"4 {key}", "thinking": key}
    return {**about, "model": key, "message": message, "done": True, "done_reason": key, "eval_count": 1, key: key}


@pytest.mark.parametrize(
    ("adapter", "variable", "answer", "more"),
    [
        ("ollama-native", "OLLAMA_API_KEY", echoing_ollama, ""),
        ("openai_chat", "OPENAI_API_KEY", echoing_chat, ", key_env: OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY", echoing_messages, ""),
        ("gemini", "GEMINI_API_KEY", echoing_gemini, ""),
        ("openai", "OPENAI_API_KEY", echoing_responses, ""),
        ("openai_chat", "OPENAI_API_KEY", echoing_tokens, ", key_env: OPENAI_API_KEY, likelihood: true"),
    ],
)
def test_a_key_that_a_server_sends_back_in_any_field_is_written_nowhere(
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    adapter: str,
    variable: str,
    answer: Any,
    more: str,
) -> None:
    monkeypatch.setenv(variable, CANARY)
    monkeypatch.setenv("EVALKIT_ALLOWED_ENV", variable)
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", f"{variable}@127.0.0.1")
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "2 + 2 ="}\n')
    mode = ", mode: likelihood" if "likelihood" in more else ""
    with answering(answer) as url:
        base = f"{url}/v1" if adapter.startswith("openai") else url
        (tmp_path / "s.yaml").write_text(
            f'name: s\nmodels: {{m: {{adapter: {adapter}, model: m, base_url: "{base}"{more}}}}}\n'
            'tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: "{{ q }}", choices: ["4", "5"], '
            f'target: "4", score: choice{mode}}}\n'
        )
        ran = evalkit(capsys, "run", tmp_path / "s.yaml", "--results", tmp_path / "r")
    assert ran.code in {0, 4}, ran.err
    assert CANARY not in ran.out + ran.err
    looked_at = 0
    for path in (one for one in tmp_path.rglob("*") if one.is_file()):
        said = (
            str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_bytes().decode("latin-1")
        )
        assert CANARY not in said, path
        looked_at += 1
    assert looked_at > 5


def of_completions(logprobs: Any, **more: Any) -> bytes:
    return json.dumps({"choices": [{"text": "zzz", "logprobs": logprobs, **more} for _ in range(2)]}).encode()


ODD_FIGURES = {
    "alternatives that are no numbers": of_completions(
        {"tokens": ["2", " 4"], "token_logprobs": [-1, -1], "top_logprobs": [{"a": "x"}, {"a": "x", "b": None}]}
    ),
    "an index without bound": of_completions({}, index=0, odd="\ud800").replace(b'"index": 0', b'"index": 1e999'),
    "tokens that are an object": of_completions({"tokens": {"a": 1}, "token_logprobs": {"a": 1}}),
    "tokens that are a number": of_completions({"tokens": 5, "token_logprobs": 5}),
    "figures that are texts": of_completions({"tokens": ["2", " 4"], "token_logprobs": ["a", "b"]}),
    "choices that are a text": b'{"choices": "abc"}',
    "a choice that is a number": b'{"choices": [1, 2]}',
}


@pytest.mark.parametrize("body", ODD_FIGURES.values(), ids=ODD_FIGURES)
async def test_odd_figures_of_a_prompt_are_an_error_of_that_row(body: bytes) -> None:
    async with serving(Served([http(body, kind=JSON)])) as url:
        spec = ModelSpec(name="m", adapter="openai_chat", model="m", base_url=f"{url}/v1", options={"likelihood": True})
        adapter: Any = make_adapter(spec)
        with pytest.raises((BadReply, Unsupported)):
            await adapter.respond(WEIGH)
        with suppress(Unfit, BadReply):
            assert await adapter.probe_likelihood() is not None
        await adapter.aclose()


@pytest.mark.long
async def test_a_probe_does_not_wait_for_tokens_without_end() -> None:
    n = 200_000
    body = of_completions({"tokens": ["a"] * n, "token_logprobs": [-0.1] * n})
    async with serving(Served([http(body, kind=JSON)])) as url:
        spec = ModelSpec(name="m", adapter="openai_chat", model="m", base_url=f"{url}/v1", options={"likelihood": True})
        adapter: Any = make_adapter(spec)
        began = time.process_time()
        with suppress(RequestError):
            await adapter.probe_likelihood()
        assert time.process_time() - began < 10
        await adapter.aclose()


JUNK = [{}] * 40_000


def keeps_values(dialect: str, at: int) -> dict[str, Any]:
    """An event that is small enough by itself, and whose values a reader may want to keep."""
    match dialect:
        case "openai":
            return {"type": "response.output_item.done", "item": {"type": "message", "x": JUNK}}
        case "anthropic":
            return {"type": "message_delta", "delta": {f"d{at}": JUNK}, "usage": {f"k{at}": JUNK}}
        case "openai_chat":
            return {"choices": [{"index": 0, "delta": {"content": "a"}}], "usage": {f"k{at}": {"deep": JUNK}}}
        case "ollama-native":
            return {"message": {"content": "a"}, "done": False, f"k{at}": JUNK}
        case "bedrock-converse":
            return {"metadata": {"usage": {f"k{at}": JUNK}}}
        case _:
            return {"candidates": [{"content": {"parts": [{"text": "a"}]}}], "usageMetadata": {f"k{at}": JUNK}}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_kept_from_event_to_event_is_bounded(dialect: str) -> None:
    """Each event holds 40,000 values, which are 2.8 MB; twenty of them are read."""
    events = [good(dialect)[0], *(keeps_values(dialect, at) for at in range(20))]
    async with serving(Served([http(as_stream(dialect, events, done=False))])) as url:
        adapter = adapter_at(dialect, url, idle_timeout_s=20)
        tracemalloc.start()
        try:
            with pytest.raises(RequestError):
                await adapter.respond(ASK)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            await adapter.aclose()
    assert peak < 60 * 2**20


async def test_a_bill_in_every_event_is_not_copied_each_time() -> None:
    wide = {f"k{at}": 1 for at in range(100_000)}
    events = [{"choices": [{"index": 0, "delta": {"content": "a"}}], "usage": wide}]
    events += [{"choices": [], "usage": {"prompt_tokens": at}} for at in range(10_000)]
    async with serving(Served([http(as_stream("openai_chat", events))])) as url:
        adapter = adapter_at("openai_chat", url, idle_timeout_s=20)
        began = time.process_time()
        response = await adapter.respond(ASK)
        assert time.process_time() - began < 5
        assert response.usage is not None and response.usage.input == 9_999
        await adapter.aclose()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_ordinary_bills_and_items_are_read_as_before(dialect: str) -> None:
    async with serving(Served([http(as_stream(dialect, good(dialect)))])) as url:
        adapter = adapter_at(dialect, url)
        response = await adapter.respond(ASK)
        assert response.usage is not None and response.usage.output == 7 and response.raw_usage
        await adapter.aclose()


async def test_what_aiohttp_cut_out_of_a_reply_is_quoted_nowhere() -> None:
    """It quotes a header from where the packet began, or its first bytes: half a number is known as none."""
    wrong = {
        "a header": [b"HTTP/1.1 200 OK\r\nX-Note: call +49 30 ", b"7654321 now\x00\r\n\r\n"],
        "a status": [b"HTTP/1.1 200 ", b"7654321\x00\r\n\r\n"],
        "a long header": [b"HTTP/1.1 200 OK\r\nX-Note: 7654321 " + b"a" * 200_000 + b"\r\n\r\n"],
        "a chunk": [
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7654321x\r\n"
        ],
        "no HTTP": [b"7654321\r\n\r\n"],
    }
    for what, writes in wrong.items():
        async with serving(Served(writes, pause_s=0.05)) as url:
            adapter = adapter_at("openai_chat", url)
            with pytest.raises(RequestError) as raised:
                await adapter.respond(ASK)
            await adapter.aclose()
        assert "7654321" not in str(raised.value), what
