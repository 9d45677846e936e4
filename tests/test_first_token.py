"""The time to first token is that of the first token of the answer that a reader sees, in every dialect alike.

A server writes one piece after another with pauses between them. A pause lasts at least as long as was asked for, so
what comes before the first token bounds its moment from below. What comes behind it bounds it from above, unless a
loaded machine reads a piece late: that side is measured again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from evalkit.adapters.moments import Moments
from evalkit.engine.rows import time_per_output_token
from evalkit.records import Request, Response, Timing, Usage
from tests.faults.replies import ASK, DIALECTS, TOOL, Event, Served, adapter_at, as_stream, serving

PAUSE_S = 0.04
Piece = tuple[str, str]
PARIS: list[Piece] = [("text", "Par"), ("text", "is")]

CASES: dict[str, tuple[list[Piece], int | None]] = {
    # what comes, and the piece in which the first token is
    "text": (PARIS, 0),
    "a role": ([("role", ""), *PARIS], 1),
    "empty texts": ([("text", ""), ("text", ""), *PARIS], 2),
    "a blank": ([("text", " "), *PARIS], 1),
    "line breaks": ([("text", "\n"), ("text", "\r\n\n"), *PARIS], 2),
    "a no-break blank": ([("text", "\u00a0"), *PARIS], 1),
    "U+200B": ([("text", "\u200b"), *PARIS], 1),
    "a byte order mark": ([("text", "\ufeff"), *PARIS], 1),
    "zero-width characters and a word joiner": ([("text", "\u200c\u200d"), ("text", "\u2060"), *PARIS], 2),
    "an ideographic blank": ([("text", "\u3000"), *PARIS], 1),
    **{
        f"nothing to see: U+{ord(char):04X}": ([("text", char), *PARIS], 1)
        for char in "\U000e0001\U000e0020\U000e007f\u180b\u0085\ufff9\U0001d173\U0001bca0\U00013430"
    },
    "the halves of a character that shows nothing": ([("text", "\udb40"), ("text", "\udc01"), *PARIS], 2),
    "a Hangul filler, a soft hyphen": ([("text", "\u3164"), ("text", "\u00ad"), *PARIS], 2),
    "a right-to-left mark": ([("text", "\u200f"), ("text", "שלום"), ("text", "!")], 1),
    "a blank before the word in one piece": ([("text", " Par"), ("text", "is")], 0),
    "a full stop": ([("text", "."), *PARIS], 0),
    "an emoji": ([("text", "🙂"), *PARIS], 0),
    "reasoning": ([("thought", "Hm."), ("thought", " Yes."), *PARIS], 2),
    "reasoning, then line breaks": ([("thought", "Hm."), ("text", "\n\n"), *PARIS], 2),
    "reasoning in the text": ([("text", "<think>Hm."), ("text", "</think>\n"), ("text", "\n\u200b"), *PARIS], 3),
    "a call": ([("call", ""), ("text", ""), ("text", "!")], 0),
    "a blank, then a call": ([("text", " "), ("call", ""), ("text", "!")], 1),
    "a blank, a text, then a call": ([("text", " "), ("text", "I look."), ("call", ""), ("text", "!")], 1),
    "blanks only": ([("text", " "), ("text", "\u200b\n")], None),
    "reasoning only": ([("thought", "Hm."), ("thought", "Hm.")], None),
    "nothing": ([("role", ""), ("text", "")], None),
}


def _chat(pieces: list[Piece]) -> list[list[Event]]:
    def delta(kind: str, text: str) -> Event:
        match kind:
            case "role":
                return {"role": "assistant", "content": ""}
            case "thought":
                return {"reasoning_content": text}
            case "call":
                return {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "book", "arguments": "{}"}}]}
        return {"content": text}

    def event(delta: Event, finish: str | None = None) -> Event:
        return {"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    return [*([event(delta(*piece))] for piece in pieces), [event({}, "stop")]]


def _responses(pieces: list[Piece]) -> list[list[Event]]:
    call = {"type": "function_call", "id": "f", "call_id": "t", "name": "book", "arguments": "{}"}
    message = {"type": "message", "role": "assistant"}
    said = "".join(text for kind, text in pieces if kind == "text")
    output = [call] if any(kind == "call" for kind, _ in pieces) else []
    output.append(message | {"content": [{"type": "output_text", "text": said, "logprobs": []}]})

    def events(kind: str, text: str) -> list[Event]:
        match kind:
            case "role":
                return [{"type": "response.output_item.added", "output_index": 0, "item": message | {"content": []}}]
            case "thought":
                return [{"type": "response.reasoning_summary_text.delta", "delta": text}]
            case "call":
                added = {"type": "response.output_item.added", "output_index": 1, "item": call | {"arguments": ""}}
                return [added, {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}]
        return [{"type": "response.output_text.delta", "delta": text, "output_index": 0}]

    usage = {"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 0}}
    whole = {"id": "r", "object": "response", "status": "completed", "model": "m-1", "output": output, "usage": usage}
    return [*(events(*piece) for piece in pieces), [{"type": "response.completed", "response": whole}]]


def _messages(pieces: list[Piece]) -> list[list[Event]]:
    usage = {"input_tokens": 9, "output_tokens": 1}
    start = {"id": "m", "type": "message", "role": "assistant", "model": "m-1", "content": [], "usage": usage}
    writes: list[list[Event]] = []
    for n, (kind, text) in enumerate(pieces):
        block: Event = {"type": "text", "text": ""}
        delta: Event = {"type": "text_delta", "text": text}
        if kind == "thought":
            block, delta = {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": text}
        elif kind == "call":
            block = {"type": "tool_use", "id": "t", "name": "book", "input": {}}
            delta = {"type": "input_json_delta", "partial_json": ""}
        opened = [{"type": "content_block_start", "index": n, "content_block": block}]
        if kind != "role":
            opened.append({"type": "content_block_delta", "index": n, "delta": delta})
        writes.append([*opened, {"type": "content_block_stop", "index": n}])
    writes[0].insert(0, {"type": "message_start", "message": start})
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
    return [*writes, [end, {"type": "message_stop"}]]


def _gemini(pieces: list[Piece]) -> list[list[Event]]:
    def event(parts: list[Event], **more: Any) -> Event:
        return {"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0, **more}]}

    def part(kind: str, text: str) -> Event:
        if kind == "call":
            return {"functionCall": {"name": "book", "args": {}}}
        return {"text": text, "thought": True} if kind == "thought" else {"text": text}

    return [*([event([part(*piece)])] for piece in pieces), [event([], finishReason="STOP")]]


def _ollama(pieces: list[Piece]) -> list[list[Event]]:
    def event(kind: str, text: str) -> Event:
        message: Event = {"role": "assistant", "content": "" if kind in {"role", "thought", "call"} else text}
        if kind == "thought":
            message["thinking"] = text
        elif kind == "call":
            message["tool_calls"] = [{"function": {"name": "book", "arguments": {}}}]
        return {"model": "m-1", "message": message, "done": False}

    end = {"model": "m-1", "message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 5}
    return [*([event(*piece)] for piece in pieces), [end]]


def _converse(pieces: list[Piece]) -> list[list[Event]]:
    def events(at: int, kind: str, text: str) -> list[Event]:
        if kind == "role":
            return [{"messageStart": {"role": "assistant"}}]
        if kind == "call":
            begun = {"toolUse": {"toolUseId": "t", "name": "book"}}
            return [
                {"contentBlockStart": {"start": begun, "contentBlockIndex": at}},
                {"contentBlockDelta": {"delta": {"toolUse": {"input": ""}}, "contentBlockIndex": at}},
            ]
        delta = {"reasoningContent": {"text": text}} if kind == "thought" else {"text": text}
        return [{"contentBlockDelta": {"delta": delta, "contentBlockIndex": at}}]

    usage = {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14}
    end = [{"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": usage}}]
    return [*(events(at, *piece) for at, piece in enumerate(pieces)), end]


def _application(pieces: list[Piece]) -> list[list[Event]]:
    def event(kind: str, text: str) -> Event:
        return {"piece": ""} if kind == "role" else {"thought" if kind == "thought" else "piece": text}

    return [*([event(*piece)] for piece in pieces), [{"kind": "end", "bill": {"tokens_out": 5}}]]


STREAMS = dict(zip(DIALECTS, (_chat, _responses, _messages, _gemini, _application, _ollama, _converse), strict=True))


async def answer(dialect: str, pieces: list[Piece]) -> Response:
    """The answer of a server that sends the pieces one after another."""
    writes = [as_stream(dialect, events, done=False) for events in STREAMS[dialect](pieces)]
    if dialect == "openai_chat":
        writes[-1] += b"data: [DONE]\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    offers = any(kind == "call" for kind, _ in pieces)
    request = Request(ASK.messages, ASK.settings, tools=(TOOL,) if offers else ())
    async with serving(Served([head + writes[0], *writes[1:]], pause_s=PAUSE_S)) as url:
        adapter = adapter_at(dialect, url)
        try:
            return await adapter.respond(request)
        finally:
            await adapter.aclose()


@pytest.mark.long(but=2)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_first_token_is_the_first_that_a_reader_sees(dialect: str) -> None:
    """Some streams at a time: what takes the time are their pauses."""
    turns = asyncio.Semaphore(6)

    async def check(case: str) -> None:
        async with turns:
            await _check_times(dialect, *CASES[case])

    found = await asyncio.gather(*map(check, CASES), return_exceptions=True)
    assert {case: error for case, error in zip(CASES, found, strict=True) if error is not None} == {}


async def _check_times(dialect: str, pieces: list[Piece], first: int | None) -> None:
    if dialect == "http" and any(kind == "call" for kind, _ in pieces):
        return  # an application offers no functions
    timing = (await answer(dialect, pieces)).timing
    if first is None:
        assert (timing.ttft_s, timing.last_s) == (None, None)
        return
    assert timing.ttft_s is not None and timing.ttft_s >= 0.9 * first * PAUSE_S
    after = len(pieces) - 1 - first
    spans = [_span(timing)]
    while spans[-1] < (after - 0.5) * PAUSE_S and len(spans) < 5:
        spans.append(_span((await answer(dialect, pieces)).timing))
    assert spans[-1] >= (after - 0.5) * PAUSE_S, spans
    thought = any(kind == "thought" or "<think>" in text for kind, text in pieces)
    assert (timing.ttfr_s is not None) == thought
    if thought:
        assert timing.ttfr_s is not None and timing.ttft_s - timing.ttfr_s >= (first - 0.5) * PAUSE_S


def _span(timing: Timing) -> float:
    assert timing.ttft_s is not None and timing.last_s is not None
    return timing.last_s - timing.ttft_s


async def test_commentary_is_reasoning_and_no_first_token() -> None:
    said = {"type": "message", "role": "assistant", "phase": "commentary"}
    aside = said | {"content": [{"type": "output_text", "text": "I look.", "logprobs": []}]}
    events = _responses(PARIS)
    events[-1][0]["response"]["output"].insert(0, aside)
    before = [
        {"type": "response.output_item.added", "output_index": 7, "item": said | {"content": []}},
        {"type": "response.output_text.delta", "output_index": 7, "delta": "I look."},
    ]
    writes = [as_stream("openai", one) for one in (before, *events)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    async with serving(Served([head + writes[0], *writes[1:]], pause_s=PAUSE_S)) as url:
        adapter = adapter_at("openai", url)
        try:
            response = await adapter.respond(ASK)
        finally:
            await adapter.aclose()
    timing = response.timing
    assert (response.text, response.reasoning) == ("Paris", "I look.")
    assert timing.ttft_s is not None and timing.ttfr_s is not None
    assert timing.ttft_s - timing.ttfr_s >= 0.5 * PAUSE_S


def test_a_blank_is_a_token_all_the_same_for_the_time_per_token() -> None:
    moments = Moments()
    for n, piece in enumerate(["\n", "\n", "Par", "is"]):
        moments.text(piece, 10.0 + n)
    timing = moments.timing("\n\nParis", 10.0, 4.0)
    assert (timing.ttft_s, timing.began_s, timing.last_s) == (2.0, 0.0, 3.0)
    usage = Usage(input=1, output=4, reasoning=0)
    assert time_per_output_token(Response("\n\nParis", timing=timing, usage=usage)) == 1.0
    plain = Timing(0.0, 4.0, ttft_s=1.0, last_s=4.0)
    assert time_per_output_token(Response("Paris", timing=plain, usage=usage)) == 1.0


def test_a_sent_blank_cannot_make_a_slow_server_look_fast() -> None:
    moments = Moments()
    moments.text("\u200b", 0.001)
    moments.text("Paris", 9.0)
    assert moments.timing("\u200bParis", 0.0, 9.0).ttft_s == 9.0


async def asked_of_responses(*writes: list[Event], tools: bool = False) -> Response:
    """The answer of a server that sends these events of the Responses API, a pause after each write."""
    return await asked_at("openai", *writes, tools=tools)


async def asked_at(dialect: str, *writes: list[Event], tools: bool = False) -> Response:
    sent = [as_stream(dialect, one, done=False) for one in writes]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    async with serving(Served([head + sent[0], *sent[1:]], pause_s=PAUSE_S)) as url:
        adapter = adapter_at(dialect, url)
        try:
            return await adapter.respond(Request(ASK.messages, ASK.settings, tools=(TOOL,) if tools else ()))
        finally:
            await adapter.aclose()


def said(text: str) -> Event:
    return {"type": "response.output_text.delta", "delta": text, "output_index": 0}


def called(name: str, arguments: str = "{}") -> Event:
    return {"type": "function_call", "id": "f", "call_id": "t", "name": name, "arguments": arguments}


def begun(name: str) -> Event:
    return {"type": "response.output_item.added", "output_index": 1, "item": called(name, "")}


def written(arguments: str) -> Event:
    return {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": arguments}


def completed(text: str, *calls: Event) -> Event:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    output = [*([message] if text else []), *calls]
    usage = {"input_tokens": 9, "output_tokens": 5}
    whole = {"id": "r", "object": "response", "status": "completed", "model": "m-1", "output": output, "usage": usage}
    return {"type": "response.completed", "response": whole}


NOT_OF_THE_ANSWER: dict[str, tuple[list[list[Event]], bool]] = {
    "a letter before it": ([[said("y")], [said("Paris")], [completed("Paris")]], False),
    "another answer": ([[said("London")], [completed("Paris")]], False),
    "every answer that there is": ([[said("ParisLondon")], [completed("Paris")]], False),
    "a call that is not made": ([[begun("book")], [said("Paris")], [completed("Paris")]], True),
    "a call of another function": ([[begun("look")], [completed("", called("book"))]], True),
    "other arguments": ([[begun("book"), written('{"a"')], [completed("", called("book", '{"b": 1}'))]], True),
    "arguments of a call that is not made": ([[written("{")], [completed("Paris")]], True),
}


@pytest.mark.parametrize("case", NOT_OF_THE_ANSWER)
async def test_what_was_streamed_and_is_not_what_is_kept_is_no_first_token(case: str) -> None:
    """The last event of the Responses API says the whole answer, and anything may have been sent before it at once."""
    writes, tools = NOT_OF_THE_ANSWER[case]
    timing = (await asked_of_responses(*writes, tools=tools)).timing
    assert (timing.ttft_s, timing.last_s, timing.began_s) == (None, None, None)
    assert timing.total_s >= PAUSE_S * (len(writes) - 1) * 0.9


@pytest.mark.parametrize("piece", [begun("book"), written("{")], ids=["a name", "arguments"])
async def test_a_call_is_no_first_token_where_no_functions_were_offered(piece: Event) -> None:
    timing = (await asked_of_responses([piece], [said("Paris")], [completed("Paris")])).timing
    assert timing.ttft_s is not None and timing.ttft_s >= 0.9 * PAUSE_S


async def test_a_last_event_that_trims_or_says_more_keeps_the_first_token() -> None:
    trimmed = (await asked_of_responses([said("\nPa")], [said("ris \n")], [completed("Paris")])).timing
    assert trimmed.ttft_s is not None and trimmed.last_s is not None
    assert trimmed.ttft_s < trimmed.last_s < trimmed.total_s
    more = (await asked_of_responses([said("Pa")], [completed("Paris")])).timing
    assert more.ttft_s is not None and more.ttft_s < more.last_s == more.total_s
    calls = (await asked_of_responses([begun("book"), written("{")], [written("}")], [completed("", called("book"))],
                                      tools=True)).timing  # fmt: skip
    assert calls.ttft_s is not None and calls.ttft_s < calls.total_s - PAUSE_S


def message_of(text: str) -> list[Event]:
    usage = {"input_tokens": 9, "output_tokens": 1}
    about = {"id": "m", "type": "message", "role": "assistant", "model": "m-1", "content": [], "usage": usage}
    block = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
    ]
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
    return [{"type": "message_start", "message": about}, *(block if text else []), end, {"type": "message_stop"}]


def response_of(text: str) -> list[Event]:
    return [{"type": "response.created", "response": {"id": "r"}}, said(text), completed(text)]


@pytest.mark.parametrize(("dialect", "whole"), [("anthropic", message_of), ("openai", response_of)])
async def test_an_answer_that_begins_anew_behind_its_end_takes_until_its_last_end(dialect: str, whole: Any) -> None:
    response = await asked_at(dialect, whole(""), whole(""), whole("Paris"))
    timing = response.timing
    assert response.text == "Paris"
    assert timing.ttft_s is not None and 1.8 * PAUSE_S <= timing.ttft_s <= timing.total_s
    slowly = await asked_at(dialect, whole(""), *([one] for one in whole("Paris")))
    assert slowly.text == "Paris" and slowly.timing.total_s >= 0.9 * PAUSE_S * len(whole("Paris"))
    assert slowly.timing.ttft_s is not None and slowly.timing.ttft_s <= slowly.timing.total_s
