"""A good reply of every dialect as events and as one body, and a server that sends exactly given bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.registry import make_adapter
from evalkit.records import Message, Request, Settings, Tool
from evalkit.testing.fake_provider.dialects.bedrock_converse import frame
from evalkit.testing.loopback import on_loopback

SSE = ("openai_chat", "openai", "anthropic", "gemini", "http")
"""Dialects whose streams are server-sent events."""
LINES, FRAMES = ("ollama-native",), ("bedrock-converse",)
"""Lines of JSON, and AWS's binary frames."""
DIALECTS = (*SSE, *LINES, *FRAMES)
TEXT = "no, yes"
TOOL = Tool("book", "Books a table.", {"type": "object", "properties": {"guests": {"type": "integer"}}})
ASK = Request((Message("user", "Is it Lyon?"),), Settings(max_output_tokens=64))

Event = dict[str, Any]


def good(dialect: str) -> list[Event]:  # noqa: PLR0911 (one for each dialect)
    """The events of a streamed answer `TEXT` with reasoning, usage and a call."""
    match dialect:
        case "openai_chat":
            return [
                _chunk({"role": "assistant", "content": ""}),
                _chunk({"reasoning_content": "hm"}),
                _chunk({"content": "no, "}, logprobs={"content": [{"token": "no", "logprob": -0.5}]}),
                _chunk({"content": "yes"}),
                _chunk({"tool_calls": [_call(0)]}),
                _chunk({}, finish_reason="stop"),
                {"id": "c", "model": "m-1", "choices": [], "usage": _CHAT_USAGE, "service_tier": "default"},
            ]
        case "openai":
            return [
                {"type": "response.created", "response": {"id": "r", "status": "in_progress"}},
                {"type": "response.reasoning_summary_text.delta", "delta": "hm"},
                {"type": "response.output_text.delta", "delta": "no, ", "output_index": 1},
                {"type": "response.output_text.delta", "delta": "yes", "output_index": 1},
                {"type": "response.completed", "response": whole("openai")},
            ]
        case "anthropic":
            message = {"id": "m", "type": "message", "role": "assistant", "model": "m-1", "content": []}
            usage = {"input_tokens": 15, "output_tokens": 1, "cache_read_input_tokens": 3, "service_tier": "standard"}
            return [
                {"type": "message_start", "message": message | {"usage": usage}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
                {"type": "content_block_stop", "index": 0},
                {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "no, "}},
                {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "yes"}},
                {"type": "content_block_stop", "index": 1},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
                {"type": "message_stop"},
            ]
        case "ollama-native":
            return [
                _ollama({"content": "", "thinking": "hm"}),
                _ollama({"content": "no, "}),
                _ollama({"content": "yes"}),
                _ollama({"content": "", "tool_calls": [{"function": _call(0)["function"] | {"arguments": {}}}]}),
                _ollama({"content": ""}) | _OLLAMA_END,
            ]
        case "bedrock-converse":
            return [
                {"messageStart": {"role": "assistant"}},
                {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 0}},
                {"contentBlockDelta": {"delta": {"text": "no, "}, "contentBlockIndex": 1}},
                {"contentBlockDelta": {"delta": {"text": "yes"}, "contentBlockIndex": 1}},
                {"contentBlockStop": {"contentBlockIndex": 1}},
                {"contentBlockStart": {"start": {"toolUse": _BEDROCK_CALL}, "contentBlockIndex": 2}},
                {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"guests": 2}'}}, "contentBlockIndex": 2}},
                {"messageStop": {"stopReason": "end_turn"}},
                {"metadata": {"usage": _BEDROCK_USAGE, "metrics": {"latencyMs": 3}, "trace": _BEDROCK_TRACE}},
            ]
        case "http":
            return [
                {"kind": "thought", "thought": "hm", "model": "m-1"},
                {"kind": "piece", "piece": "no, "},
                {"kind": "piece", "piece": "yes"},
                {"kind": "end", "bill": _APP_BILL, "why": "stop"},
            ]
        case _:
            return [
                _candidate([{"text": "hm", "thought": True}]),
                _candidate([{"text": "no, "}]),
                _candidate([{"text": "yes"}], finishReason="STOP") | {"usageMetadata": _GEMINI_USAGE},
            ]


def whole(dialect: str) -> Event:  # noqa: PLR0911 (one for each dialect)
    """The same answer as one JSON body."""
    match dialect:
        case "openai_chat":
            message = {"role": "assistant", "content": TEXT, "reasoning_content": "hm"}
            return {
                "id": "c",
                "model": "m-1",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": _CHAT_USAGE,
                "service_tier": "default",
                "system_fingerprint": "fp",
            }
        case "openai":
            part = {"type": "output_text", "text": TEXT, "logprobs": []}
            return {
                "id": "r",
                "object": "response",
                "status": "completed",
                "model": "m-1",
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
                    {"type": "message", "role": "assistant", "content": [part]},
                ],
                "service_tier": "default",
                "usage": {
                    "input_tokens": 15,
                    "input_tokens_details": {"cached_tokens": 3},
                    "output_tokens": 7,
                    "output_tokens_details": {"reasoning_tokens": 2},
                },
            }
        case "anthropic":
            return {
                "id": "m",
                "type": "message",
                "role": "assistant",
                "model": "m-1",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": TEXT}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 15, "output_tokens": 7, "cache_read_input_tokens": 3},
            }
        case "ollama-native":
            return _ollama({"content": TEXT, "thinking": "hm"}) | _OLLAMA_END
        case "bedrock-converse":
            content = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": TEXT}]
            return {
                "output": {"message": {"role": "assistant", "content": content}},
                "stopReason": "end_turn",
                "usage": _BEDROCK_USAGE,
                "metrics": {"latencyMs": 3},
                "trace": _BEDROCK_TRACE,
            }
        case "http":
            return {"data": {"answer": TEXT, "thoughts": "hm"}, "model": "m-1", "bill": _APP_BILL, "why": "stop"}
        case _:
            parts = [{"text": "hm", "thought": True}, {"text": TEXT}]
            return _candidate(parts, finishReason="STOP") | {"usageMetadata": _GEMINI_USAGE}


def as_stream(dialect: str, events: list[Event], *, done: bool = True) -> bytes:
    """The events on the wire, as this dialect's providers write them."""
    pieces = []
    for event in events:
        if dialect in FRAMES:
            pieces.append(_framed(event))
            continue
        if dialect in LINES:
            pieces.append(json.dumps(event).encode("utf-8", "replace") + b"\n")
            continue
        named = f"event: {event['type']}\n" if dialect in {"openai", "anthropic"} and "type" in event else ""
        pieces.append(f"{named}data: {json.dumps(event)}\n\n".encode("utf-8", "replace"))
    if done and dialect == "openai_chat":
        pieces.append(b"data: [DONE]\n\n")
    return b"".join(pieces)


def raw_event(dialect: str, data: bytes) -> bytes:
    """One event whose data are exactly these bytes."""
    if dialect in FRAMES:
        return frame("contentBlockDelta", data)
    return data + b"\n" if dialect in LINES else b"data: " + data + b"\n\n"


def _framed(event: Event) -> bytes:
    """An event of AWS's, by its one key; an error is an exception, named by what it says of its kind."""
    if isinstance(event, dict) and set(event) == {"error"} and isinstance(error := event["error"], dict):
        kind = str(error.get("type") or error.get("code") or "internalServerException")
        return frame(kind, json.dumps(error).encode(), kind="exception")
    if not isinstance(event, dict) or len(event) != 1:
        return frame("contentBlockDelta", json.dumps(event).encode("utf-8", "replace"))
    ((name, payload),) = event.items()
    return frame(str(name)[:200].encode("utf-8", "replace").decode(), json.dumps(payload).encode("utf-8", "replace"))


def failing(dialect: str, error: Event) -> Event:
    """An error inside a stream, in the form that the dialect has for it."""
    match dialect:
        case "openai":
            return {"type": "response.failed", "response": {"status": "failed", "model": "m-1", "error": error}}
        case "anthropic":
            return {"type": "error", "error": error}
        case _:
            return {"error": error}


@dataclass
class Served:
    """What a server sends to a request, in these writes, and how it ends the connection."""

    writes: list[bytes] = field(default_factory=list)
    pause_s: float = 0.0
    hang: bool = False
    """Keep the connection open without another byte."""
    reset: bool = False


def http(
    body: bytes,
    status: str = "200 OK",
    kind: str | None = "text/event-stream",
    *,
    length: int | None = None,
    more: str = "",
) -> bytes:
    """A reply with a content-length (the body's, or a false one)."""
    named = f"Content-Type: {kind}\r\n" if kind is not None else ""
    n = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\n{named}{more}Content-Length: {n}\r\n\r\n".encode("latin-1") + body


@asynccontextmanager
async def serving(served: Served) -> AsyncIterator[str]:
    """An address on loopback that answers every request so."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
        for chunk in served.writes:
            writer.write(chunk)
            await writer.drain()
            if served.pause_s:
                await asyncio.sleep(served.pause_s)
        if served.hang:
            await reader.read()
        if served.reset:
            writer.transport.abort()

    async with on_loopback(talk) as address:
        yield address


def adapter_at(dialect: str, url: str, *, idle_timeout_s: float = 5.0) -> Adapter:
    """The adapter of a dialect for a server on loopback; it needs no key there."""
    base = f"{url}/v1" if dialect.startswith("openai") else url
    options = _APP if dialect == "http" else {}
    spec = ModelSpec(
        name="m", adapter=dialect, model="m-1", base_url=base, idle_timeout_s=idle_timeout_s, options=options
    )
    return make_adapter(spec)


_APP_BILL = {"tokens_in": 15, "tokens_out": 7, "tokens_again": 3, "tokens_thought": 2}
_APP: dict[str, Any] = {
    "request": {"question": "{{ prompt }}", "limit": "{{ settings.max_output_tokens }}", "stream": True},
    "answer": "data.answer",
    "reasoning": "data.thoughts",
    "usage": {
        "input": "bill.tokens_in",
        "output": "bill.tokens_out",
        "cached": "bill.tokens_again",
        "reasoning": "bill.tokens_thought",
    },
    "finish": "why",
    "served_model": "model",
    "events": {"delta": "piece", "reasoning": "thought", "done": {"kind": "end"}},
}
"""An application of one's own (`adapter: http`)."""


_CHAT_USAGE = {
    "prompt_tokens": 15,
    "completion_tokens": 7,
    "total_tokens": 22,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
_OLLAMA_END = {"done": True, "done_reason": "stop", "prompt_eval_count": 15, "eval_count": 7, "load_duration": 9}
_BEDROCK_USAGE = {"inputTokens": 12, "outputTokens": 7, "totalTokens": 22, "cacheReadInputTokens": 3}
_BEDROCK_TRACE = {"promptRouter": {"invokedModelId": "m-1"}}
_BEDROCK_CALL = {"toolUseId": "t", "name": "book"}
_GEMINI_USAGE = {
    "promptTokenCount": 15,
    "cachedContentTokenCount": 3,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "totalTokenCount": 22,
}


def _chunk(delta: Event, **more: Any) -> Event:
    return {"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": None, **more}]}


def _call(index: int) -> Event:
    return {"index": index, "id": "t", "function": {"name": "book", "arguments": '{"guests": 2}'}}


def _ollama(message: Event) -> Event:
    return {"model": "m-1", "created_at": "t", "message": {"role": "assistant", **message}, "done": False}


def _candidate(parts: list[Event], **more: Any) -> Event:
    return {"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0, **more}], "modelVersion": "m-1"}
