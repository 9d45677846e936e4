"""What a broken or hostile server can send, and what it costs: bounded bytes, memory and time in every dialect."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from evalkit.adapters import held, http_session, reply_fields, reply_reader
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.registry import make_adapter
from evalkit.adapters.tool_calls import CallCollector
from evalkit.errors import BadReply, Rejected, RequestError, UserError
from evalkit.records import Tool
from evalkit.testing.fake_provider.dialects.bedrock_converse import frame
from tests.faults.replies import ASK, DIALECTS, Served, adapter_at, as_stream, good, http, serving

MIB = 2**20


@cache
def _packed(n_mib: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b"a" * MIB) for _ in range(n_mib)) + packer.flush()


async def _peak(dialect: str, served: Served) -> tuple[RequestError, int]:
    """The error, and the most bytes that Python held while the reply was read."""
    async with serving(served) as url:
        adapter = adapter_at(dialect, url, idle_timeout_s=20)
        try:
            tracemalloc.start()
            with pytest.raises(RequestError) as caught:
                await adapter.respond(ASK)
            return caught.value, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            await adapter.aclose()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_body_that_unpacks_to_hundreds_of_megabytes_is_cut(dialect: str) -> None:
    served = Served([http(_packed(300), "400 Bad Request", "application/json", more="Content-Encoding: gzip\r\n")])
    error, peak = await _peak(dialect, served)
    assert isinstance(error, Rejected) and peak < 10 * MIB


@pytest.mark.long(but=3)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_stream_that_unpacks_to_hundreds_of_megabytes_ends_at_the_limit(dialect: str) -> None:
    error, peak = await _peak(dialect, Served([http(_packed(300), more="Content-Encoding: gzip\r\n")]))
    assert isinstance(error, BadReply) and peak < 120 * MIB


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_without_end_stops_at_the_limit_of_text(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", "1")
    events = good(dialect)
    grown = json.dumps(next(event for event in events if "no, " in json.dumps(event))).replace("no, ", "word " * 2_000)
    body = as_stream(dialect, [*events[:1], *[json.loads(grown)] * 150], done=False)
    error, peak = await _peak(dialect, Served([http(body, length=10**12)]))
    assert isinstance(error, BadReply) and "1 MiB" in str(error) and "EVALKIT_MAX_REPLY_MB" in str(error)
    assert peak < 30 * MIB


def _growing(dialect: str) -> bytes:
    """900 kB of an answer that does not end."""
    grown = json.dumps(next(event for event in good(dialect) if "no, " in json.dumps(event)))
    return as_stream(
        dialect, [*good(dialect)[:1], *[json.loads(grown.replace("no, ", "word " * 2_000))] * 90], done=False
    )


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_answers_that_are_under_way_at_once_are_bounded_in_sum(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is within its limits; 300 of 15 MiB that were held open took three gigabytes."""
    monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", "1")
    monkeypatch.setattr(held, "TIMES", 4)
    monkeypatch.setattr(held, "PATIENCE_S", 0.3)
    largest = 0

    async def look() -> None:
        nonlocal largest
        while True:
            largest = max(largest, held.in_sum()[0])
            await asyncio.sleep(0.01)

    async with serving(Served([http(_growing(dialect), length=10**12)], hang=True)) as url:
        adapter = adapter_at(dialect, url, idle_timeout_s=1)
        looking = asyncio.create_task(look())
        try:
            with held.answers_kept():
                ended = await asyncio.gather(*(adapter.respond(ASK) for _ in range(24)), return_exceptions=True)
        finally:
            looking.cancel()
            await adapter.aclose()
    assert {error.kind for error in ended if isinstance(error, RequestError)} == {"stalled"}
    assert len([error for error in ended if "together" in str(error)]) >= 9
    assert largest < 14 * MIB and held.in_sum() == (0, 0)


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_large_answers_follow_one_another_and_none_is_thrown_away(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 answers with 20 log-probabilities for each of 2,000 tokens: over half were broken off and paid twice."""
    monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", "1")
    monkeypatch.setattr(held, "TIMES", 2)
    whole = _growing(dialect) + as_stream(dialect, good(dialect)[1:])
    async with serving(Served([http(whole, more="Connection: close\r\n")])) as url:
        adapter = adapter_at(dialect, url)

        async def item() -> int:
            with held.answers_kept():
                return len((await adapter.respond(ASK)).text)

        try:
            assert min(await asyncio.gather(*(item() for _ in range(6)))) > 800_000
        finally:
            await adapter.aclose()
    assert held.in_sum() == (0, 0)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_document_of_a_million_tiny_values_is_refused_unread(dialect: str) -> None:
    body = b'data: {"choices": [' + b"[]," * 1_500_000 + b"[]]}\n\n"
    error, peak = await _peak(dialect, Served([http(body)]))
    assert isinstance(error, BadReply) and peak < 60 * MIB


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_headers_without_end_are_no_reply(dialect: str) -> None:
    served = Served([b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n"])
    error, _ = await _peak(dialect, served)
    assert isinstance(error, BadReply) and "no valid HTTP" in str(error)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_line_without_end_is_given_up(dialect: str) -> None:
    error, peak = await _peak(dialect, Served([http(b"data: " + b"x" * (22 * MIB))]))
    assert isinstance(error, BadReply) and peak < 100 * MIB


def test_the_limit_of_text_is_a_number_of_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reply_fields.text_limit() == 16 * MIB
    for said, limit in (("40", 40 * MIB), ("0", 16 * MIB), ("-3", 16 * MIB), ("lots", 16 * MIB), ("99999", 16 * MIB)):
        monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", said)
        assert reply_fields.text_limit() == limit


@pytest.mark.parametrize("adapter", ["openai", "anthropic", "gemini", "deepseek"])
@pytest.mark.parametrize(
    ("variable", "value"), [("SSL_CERT_FILE", "/nowhere/ca.pem"), ("SSL_CERT_DIR", "/nowhere"), ("SSL_CERT_FILE", "/")]
)
def test_certificates_that_are_not_there_are_named_before_the_run(
    adapter: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI", "ANTHROPIC", "GEMINI", "DEEPSEEK"):
        monkeypatch.setenv(f"{name}_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=f"{variable} is '{value}'"):
        make_adapter(ModelSpec(name="m", adapter=adapter, model="m-1"))


@pytest.mark.parametrize("adapter", ["openai", "anthropic"])
def test_a_file_that_holds_no_certificate_is_a_sentence(
    adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{adapter.upper()}_API_KEY", "sk-canary-0123456789")
    junk = tmp_path / "ca.pem"
    junk.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(junk))
    with pytest.raises(UserError, match=r"named by SSL_CERT_FILE.* cannot be read"):
        make_adapter(ModelSpec(name="m", adapter=adapter, model="m-1"))


@asynccontextmanager
async def _proxy(status: str) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize("adapter", ["openai", "anthropic", "gemini", "deepseek"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("407 Proxy Authentication Required", "rejected"),
        ("403 Forbidden", "rejected"),
        ("502 Bad", "connection_failed"),
    ],
)
async def test_an_error_of_the_proxy_names_the_proxy(
    adapter: str, status: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI", "ANTHROPIC", "GEMINI", "DEEPSEEK"):
        monkeypatch.setenv(f"{name}_API_KEY", "sk-canary-0123456789")
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with _proxy(status) as address:
        monkeypatch.setenv("https_proxy", address)  # without http://, as curl takes it
        made = make_adapter(ModelSpec(name="m", adapter=adapter, model="m-1"))
        try:
            with pytest.raises(RequestError) as caught:
                await made.respond(ASK)
        finally:
            await made.aclose()
    assert caught.value.kind == kind and not caught.value.may_be_billed
    assert f"the proxy {address}" in str(caught.value) and status[:3] in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_proxy_without_a_scheme_is_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.example.com:3128")
    assert http_session.proxy_for("https://api.example.com/v1") == "http://proxy.example.com:3128"


def test_names_of_calls_count_against_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", "1")
    calls = CallCollector((Tool("f", "", {}),))
    calls.begin("n" * 600_000)
    with pytest.raises(BadReply, match="more than 1 MiB"):
        calls.begin("n" * 600_000)


SAYS_NOTHING = [
    ("openai_chat", b"\n"),
    ("openai", b": ping\n"),
    ("anthropic", b"event: ping\n"),
    ("gemini", b"\r"),
    ("ollama-native", b"  \n"),
    ("bedrock-converse", frame("", {})),
    ("bedrock-converse", frame("initial-response", {"a": 1})),
]


@pytest.mark.parametrize(("dialect", "piece"), SAYS_NOTHING, ids=lambda value: repr(value)[:30])
async def test_lines_and_frames_that_say_nothing_count_too(
    dialect: str, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_reader, "MAX_EVENTS", 2_000)
    monkeypatch.setattr(reply_reader, "MAX_LINES", 8_000)
    body = as_stream(dialect, good(dialect)[:1], done=False) + piece * 9_000
    error, _ = await _peak(dialect, Served([http(body, length=10**12)], hang=True))
    assert isinstance(error, BadReply) and "lines or frames" in str(error), error


@pytest.mark.parametrize(("dialect", "piece"), SAYS_NOTHING, ids=lambda value: repr(value)[:30])
async def test_a_few_of_them_are_passed_over(dialect: str, piece: bytes) -> None:
    events = good(dialect)
    body = as_stream(dialect, events[:1], done=False) + piece * 500 + as_stream(dialect, events[1:])
    async with serving(Served([http(body)])) as url:
        adapter = adapter_at(dialect, url)
        assert (await adapter.respond(ASK)).text
        await adapter.aclose()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_host_of_every_adapter_is_written_in_one_way(dialect: str) -> None:
    adapter = adapter_at(dialect, "http://LocalHost:9")  # nothing listens there
    with pytest.raises(RequestError) as caught:
        await adapter.respond(ASK)
    assert "localhost:9" in str(caught.value) and "LocalHost" not in str(caught.value)
    await adapter.aclose()
