"""What independent servers do, as short replies: each stands for a kind that `make test-servers` met in a real one."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialects import openai_chat
from evalkit.adapters.dialects.openai_chat import OpenAIChat
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.errors import KeyRefused, OutOfCredit, RateLimited, Rejected, RequestError, ServerError, Unfit
from evalkit.records import Message, Request

ASK = Request((Message("user", "What is the capital of France?"),))
WHERE = Where("m", "model-1", "127.0.0.1:1", ("PROXY_API_KEY",), None)


@asynccontextmanager
async def served(bodies: Sequence[bytes], kind: str, **options: Any) -> AsyncIterator[tuple[OpenAIChat, list[bytes]]]:
    """An adapter before a server that answers with these bodies in turn, in chunks, and closes without a word."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            asked.append(await reader.readexactly(length))
            body = bodies[(len(asked) - 1) % len(bodies)]
            writer.write(
                f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n"
                f"keep-alive: timeout=5, max=100\r\n\r\n{len(body):x}\r\n".encode()
                + body
                + b"\r\n0\r\n\r\n"
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    adapter = openai_chat.make(ModelSpec(name="m", adapter="openai-chat", model="m", base_url=url, options=options))
    try:
        yield adapter, asked
    finally:
        await adapter.aclose()
        server.close()


def stream(text: str) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
    return f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()


async def test_a_server_that_closes_after_each_answer_loses_none() -> None:
    """llama.cpp promises to keep the connection and closes it: each next request met a connection that was closing."""
    async with served([stream("Paris")], "text/event-stream") as (adapter, asked):
        texts = [(await adapter.respond(ASK)).text for _ in range(20)]
        several = await asyncio.gather(*(adapter.respond(ASK) for _ in range(20)))
    assert texts == ["Paris"] * 20
    assert [one.text for one in several] == ["Paris"] * 20
    assert len(asked) == 40, "none was asked twice"


@contextmanager
def closing_in_a_thread(body: bytes) -> Iterator[str]:
    """The address of a server outside the event loop that answers each connection once and closes it."""

    def serve() -> None:
        while True:
            try:
                peer = server.accept()[0]
            except OSError:  # the test is over
                return
            with peer, peer.makefile("rb") as asked:
                head = list(iter(asked.readline, b"\r\n"))
                asked.read(next(int(line[15:]) for line in head if line.lower().startswith(b"content-length:")))
                peer.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    + f"content-length: {len(body)}\r\n\r\n".encode()
                    + body
                )

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


async def test_a_connection_whose_end_the_event_loop_has_not_seen_yet_is_not_written_to() -> None:
    """From Python 3.12 on aiohttp writes at once: the request went into the closed connection and was lost."""
    with closing_in_a_thread(stream("Paris")) as url:
        adapter = openai_chat.make(ModelSpec(name="m", adapter="openai-chat", model="m", base_url=url))
        for _ in range(5):
            assert (await adapter.respond(ASK)).text == "Paris"
            time.sleep(0.01)  # noqa: ASYNC251 (the server closes while the loop looks at nothing)
        await adapter.aclose()


def completion(logprobs: Any, text: str = " Paris") -> bytes:
    return json.dumps({"choices": [{"index": 0, "text": text, "logprobs": logprobs}]}).encode()


IN_CHAT_FORM = {"content": [{"token": " Paris", "logprob": -0.1, "top_logprobs": []}]}


@pytest.mark.parametrize(
    "logprobs", [IN_CHAT_FORM, None, {}, {"tokens": [], "token_logprobs": []}, {"token_logprobs": [-0.1]}, []]
)
async def test_a_completions_endpoint_without_figures_of_the_prompt_is_given_up(logprobs: Any) -> None:
    """llama.cpp answers /completions in the form of a chat: every row ended as bad_reply before."""
    async with served([completion(logprobs)], "application/json", likelihood=True) as (adapter, _):
        with pytest.raises(Unfit, match="log-probabilities"):
            await adapter.probe_likelihood()


async def test_a_server_that_says_nothing_is_not_given_up_for_it() -> None:
    figures = {"tokens": ["The", " capital"], "token_logprobs": [None, -1.0]}
    async with served([completion(figures, "")], "application/json", likelihood=True) as (adapter, _):
        told = await adapter.probe_likelihood()
    assert told is not None and "could not be proved" in told


def events(*objects: Any, before: str = "") -> bytes:
    return (before + "".join(f"data: {json.dumps(one)}\n\n" for one in objects) + "data: [DONE]\n\n").encode()


def meaning(status: int, body: bytes) -> RequestError | Declined:
    return error_from_status(status, {}, body, "/v1/responses", WHERE)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (500, events({"error": {"message": "no stream", "code": "500"}}), ServerError, "no stream"),
        (500, events({"error": {"message": "too long", "code": "context_length_exceeded"}}), Rejected, "too long"),
        (500, events({"error": {"message": "slow down", "code": 429}}), RateLimited, "slow down"),
        (429, events({"error": {"message": "no", "code": "insufficient_quota"}}), OutOfCredit, "no"),
        (400, events({"error": {"message": "no", "code": "invalid_api_key"}}, before="event: x\n"), KeyRefused, "no"),
        (400, events({"detail": "messages is missing"}, before=": a comment\n\n"), Rejected, "messages is missing"),
        (503, b"data: nothing that can be read\n\n", RequestError, "nothing that can be read"),
    ],
)  # fmt: skip
def test_an_error_that_is_written_as_events_is_read(status: int, body: bytes, kind: type, words: str) -> None:
    """LiteLLM writes an error that met a stream before it began as events, with the status of an error."""
    error = meaning(status, body)
    assert isinstance(error, kind)
    assert words in str(error) and "{" not in str(error)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, {"message": "No connected db.", "type": "no_db_connection", "param": None, "code": "400"}),
        (400, {"message": "No connected db.", "type": "no_db_connection", "code": 400}),
        (401, {"message": "Invalid proxy server token passed.", "type": "token_not_found_in_db", "code": "401"}),
        (400, {"message": "Key has expired.", "type": "expired_key", "code": "400"}),
    ],
)
def test_litellm_that_does_not_know_the_key_stops_the_model(status: int, said: dict[str, Any]) -> None:
    error = meaning(status, json.dumps({"error": said}).encode())
    assert isinstance(error, KeyRefused) and error.stops_model
    assert "PROXY_API_KEY" in str(error)
