"""Checks of an adapter: is what a provider says read whole, with its bill, its times and its end?"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Any

from evalkit.errors import Rejected, RequestError, UserError
from evalkit.records import Image, Message, Request, Settings, Tool, ToolCall
from evalkit.testing.conformance.bench import ASK, N_INPUT, Bench, Complaint, error_of, expect

PNG = b"\x89PNG\r\n\x1a\n"
"""What a PNG begins with: the fake provider reads no further."""
_SLACK_S = 0.05
"""Sending and receiving on loopback take milliseconds, more on a busy machine."""
_TOOL = Tool("weather", "The weather of a city.", {"type": "object", "properties": {"city": {"type": "string"}}})


async def an_answer_comes_whole_with_its_bill(bench: Bench) -> None:
    """Text, reasoning, stop reason, served model and usage; raw_usage as it came."""
    server = bench.server
    async with bench.served(reply="Paris it is", reasoning="Let me think.", cached_tokens=3) as (adapter, provider):
        response = await adapter.respond(ASK)
        expect(len(provider.account) == 1, f"one respond made {len(provider.account)} requests; it must be one")
    expect(response.text == "Paris it is", f"the text is {response.text!r}, not 'Paris it is'")
    expect(response.stop_reason == "stop", f"stop_reason is {response.stop_reason!r}, not 'stop'")
    if server.shows_reasoning:
        expect(response.reasoning == "Let me think.", f"reasoning is {response.reasoning!r}, not 'Let me think.'")
    if server.names_model:
        expect(response.served_model == server.model, f"served_model is {response.served_model!r}")
    usage = response.usage
    if usage is None:
        raise AssertionError("usage is None, and the provider said it")
    expect(usage.input == N_INPUT, f"usage.input is {usage.input}; {N_INPUT} tokens were sent, cached ones included")
    expect(usage.output == 6, f"usage.output is {usage.output}; 3 tokens of text and 3 of reasoning are billed: 6")
    reasoned = 3 if server.counts_reasoning else None
    expect(usage.reasoning == reasoned, f"usage.reasoning is {usage.reasoning}, not {reasoned}")
    cached = 3 if server.counts_cached else None
    expect(usage.cache_read == cached, f"usage.cache_read is {usage.cache_read}, not {cached}")
    expect(response.raw_usage, "raw_usage is empty: keep what the provider said, as it came")
    expect(response.calls is None, "calls must be None where no functions were offered")


async def times_are_the_servers(bench: Bench) -> None:
    """Times are measured from sending on the monotonic clock, and agree with what the server did.

    Measured up to three times: a busy machine may hold up any of them, a wrong clock is wrong in all.
    """
    for tries_left in (2, 1, 0):
        try:
            await _times(bench)
        except Complaint:
            if not tries_left:
                raise
        else:
            return


async def _times(bench: Bench) -> None:
    behaviour: dict[str, object] = {"reply": "one two three", "reasoning": "hm", "latency_s": 0.1}
    async with bench.served(**behaviour, reasoning_s=0.1, token_interval_s=0.05) as (adapter, provider):
        if not adapter.capabilities.streaming:
            return
        await adapter.respond(ASK)
        timing = (await adapter.respond(ASK)).timing
        truth = list(provider.account)[-1]
    if truth.first_content is None or timing.ttft_s is None or timing.last_s is None:
        raise AssertionError(f"ttft_s and last_s must be known where an answer is streamed: {timing}")
    first_s = truth.first_content - timing.sent_at
    expect(
        abs(timing.ttft_s - first_s) < _SLACK_S,
        f"ttft_s is {timing.ttft_s:.3f}; the first token left {first_s:.3f} s after sending",
    )
    expect(0 <= truth.arrived - timing.sent_at < _SLACK_S, "sent_at is not when the request was handed over")
    expect(timing.ttft_s + 0.09 < timing.last_s <= timing.total_s, f"times are out of order: {timing}")
    if bench.server.shows_reasoning and truth.first_reasoning is not None:
        if timing.ttfr_s is None:
            raise AssertionError("ttfr_s is None though reasoning was shown")
        first_s = truth.first_reasoning - timing.sent_at
        expect(
            abs(timing.ttfr_s - first_s) < _SLACK_S,
            f"ttfr_s is {timing.ttfr_s:.3f}; reasoning began {first_s:.3f} s after sending",
        )
        expect(timing.ttfr_s + 0.09 < timing.ttft_s, f"reasoning must come before the answer: {timing}")


async def an_empty_answer_is_an_answer(bench: Bench) -> None:
    """A finished answer without text has no first token, and is no error."""
    async with bench.served(faults={"empty": 1.0}) as (adapter, _):
        response = await adapter.respond(ASK)
    expect(response.text == "", f"the text is {response.text!r}, not empty")
    expect(response.stop_reason == "stop", f"stop_reason is {response.stop_reason!r}, not 'stop'")
    times = response.timing
    expect((times.ttft_s, times.last_s) == (None, None), f"nothing was said, so no token came: {times}")


async def the_limit_of_output_is_sent_and_reported(bench: Bench) -> None:
    """max_output_tokens reaches the provider, and a cut answer ends with `length`."""
    request = Request(ASK.messages, Settings(max_output_tokens=1))
    async with bench.served(reply="one two three") as (adapter, _):
        response = await adapter.respond(request)
    found = (response.text, response.stop_reason)
    expect(found == ("one", "length"), f"with max_output_tokens 1 came {found}, not ('one', 'length')")


async def a_refusal_is_reported(bench: Bench) -> None:
    """A model that declines, or a filter that stops it, is neither an error nor an ordinary answer."""
    if not bench.server.refusals:
        return
    async with bench.served(refuse_rate=1.0) as (adapter, _):
        response = await adapter.respond(ASK)
    expect(
        response.stop_reason in {"refusal", "content_filter"},
        f"a refusal ended with {response.stop_reason!r}; it must be 'refusal' or 'content_filter'",
    )
    wanted = bench.server.refuses_with
    expect(
        response.text == wanted,
        f"a refusal came with the text {response.text!r}, not {wanted!r}; where the dialect's refusals have a text, "
        "FakeServer(refuses_with=...) says which",
    )
    expect(response.refusal, "Response.refusal is empty; it must hold the provider's words or category")


async def settings_are_sent_or_said_to_be_dropped(bench: Bench) -> None:
    """What the capabilities declare is taken. `dropped` names what was not sent, and nothing that is a capability."""
    asked: dict[str, Any] = {"temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ("END",), "reasoning_effort": "low"}
    asked |= {"json_schema": {"type": "object", "properties": {}}, "top_logprobs": 2}
    for name, value in asked.items():
        async with bench.served(reply="{}") as (adapter, provider):
            can = getattr(adapter.capabilities, name)
            try:
                response = await adapter.respond(Request(ASK.messages, Settings(**{name: value})))
            except (RequestError, UserError) as error:
                expect(not can, f"{name} is a capability, and asking with it raised {type(error).__name__}: {error}")
                expect(not len(provider.account), f"{name} cannot be sent: refuse it before anything is sent")
                continue
        expect(not (can and name in response.dropped), f"{name} is a capability, and was dropped")


async def calls_come_apart_from_the_text(bench: Bench) -> None:
    """Where functions can be offered, calls are in `calls` under the names they were offered by."""
    request = Request(ASK.messages, tools=(_TOOL,))
    made = {"capital of France": ({"name": "weather", "arguments": {"city": "Paris"}},)}
    async with bench.served(calls=made) as (adapter, _):
        if not adapter.capabilities.tools:
            return
        response = await adapter.respond(request)
        none = await adapter.respond(Request((Message("user", "Say something."),), tools=(_TOOL,)))
    calls = [(call.name, call.arguments.replace(" ", "")) for call in response.calls or ()]
    expect(calls == [("weather", '{"city":"Paris"}')], f"calls are {calls}, not one of weather with its arguments")
    expect(response.stop_reason == "tool_use", f"stop_reason is {response.stop_reason!r}, not 'tool_use'")
    expect(none.calls == (), f"functions were offered and none was called: calls must be (), not {none.calls!r}")


async def conversations_go_on_after_calls(bench: Bench) -> None:
    """Where the adapter takes what calls return: each result goes back to its own call, and another call may follow."""
    said = Message("user", "What is the capital of France?")
    calls = (ToolCall("weather", '{"city": "Paris"}'), ToolCall("weather", '{"city": "Rome"}'))
    back = (Message("tool", "sunny"), Message("tool", "Error: no such city", failed=True))
    request = Request((said, Message("assistant", "", calls), *back), tools=(_TOOL,))
    script = (({"name": "weather", "arguments": {"city": "Paris"}},), "It is sunny.")
    async with bench.served(scripts={said.content: script}) as (adapter, _):
        if not adapter.capabilities.tool_results:
            return
        first = await adapter.respond(Request((said,), tools=(_TOOL,)))
        last = await adapter.respond(request)
    expect(len(first.calls or ()) == 1, f"one call was made, and calls are {first.calls!r}")
    expect(last.text == "It is sunny.", f"after the results came {last.text!r}, and not the answer that follows them")


async def pictures_reach_the_model(bench: Bench) -> None:
    """Where the adapter takes pictures: each arrives byte by byte, in its order and before the text.

    What does not say that it takes them is never given any: the engine refuses such a task before it is asked.
    """
    pictures = tuple(
        Image(f"{n}.png", "image/png", len(data), 8, 8, sha256(data).hexdigest(), data)
        for n, data in enumerate((PNG + b"\x00" * 70, PNG + bytes(range(256))))
    )
    async with bench.served(answers="echo") as (adapter, _):
        if not adapter.capabilities.images:
            return
        said = (await adapter.respond(Request((Message("user", (*pictures, "Which is darker?")),)))).text
    places = [said.find(what) for what in (*(one.digest for one in pictures), "Which is darker?")]
    expect(
        -1 not in places and places == sorted(places),
        "images is a capability, and two pictures and a text did not arrive whole and in their order. The fake "
        f"server's dialect tells what it was shown by `shown_text` (evalkit.testing.fake_provider.answer): {said!r}",
    )
    unread = Image("gone.png", "image/png", 1, 8, 8, "0" * 64)
    async with bench.served() as (adapter, provider):
        error = await error_of(adapter, Request((Message("user", (unread, "What is it?")),)))
        expect(not len(provider.account), "a picture without its bytes must be refused before anything is sent")
    expect(not error.retryable, f"{type(error).__name__} is retried; a picture without bytes is Unsupported")


async def likelihoods_are_given_or_refused(bench: Bench) -> None:
    """Log-likelihoods of given continuations: one for each, or refused before anything is sent."""
    request = Request(ASK.messages, continuations=(" Paris", " Rome"))
    async with bench.served() as (adapter, provider):
        if adapter.capabilities.likelihood:
            response = await adapter.respond(request)
            expect(len(response.logliks or ()) == 2, f"2 log-likelihoods were asked for: {response.logliks}")
            return
        error = await error_of(adapter, request)
        expect(not len(provider.account), "likelihoods cannot be given: refuse them before anything is sent")
    expect(not error.retryable, f"{type(error).__name__} is retried; a missing ability is Unsupported")


async def odd_text_is_sent_and_read(bench: Bench) -> None:
    """Every character goes out and comes back; what is no Unicode is refused and no crash."""
    text = "Grüße\u2028\u0085\u202e 東京 🚀 \\n \"quoted\" {'a': 1} data: [DONE]"
    async with bench.served(answers="echo") as (adapter, _):
        response = await adapter.respond(Request((Message("user", text),)))
        expect(response.text == text, f"sent {text!r}, and read {response.text!r}")
        long = "long" * 75_000
        response = await adapter.respond(Request((Message("user", long),)))
        expect(response.text == long, "a prompt of 300,000 characters did not come back whole")
        try:
            await adapter.respond(Request((Message("user", "a \ud800 b"),)))
        except Rejected:
            return
        except RequestError as error:
            expect(not error.retryable, f"a lone surrogate raised {type(error).__name__}, which is retried for nothing")


async def many_requests_run_side_by_side(bench: Bench) -> None:
    """40 requests at once get their own answers; a cancelled one leaves the adapter usable."""
    requests = [Request((Message("user", f"question {n}"),)) for n in range(40)]
    async with bench.served(answers="echo", latency_s=0.05) as (adapter, provider):
        texts = [response.text for response in await asyncio.gather(*map(adapter.respond, requests))]
        expect(texts == [f"question {n}" for n in range(40)], "answers were mixed up between requests")
        width = provider.account.max_in_flight
        expect(
            width > 20, f"at most {width} of 40 requests were open at once; nothing but the engine may hold one back"
        )
        task = asyncio.create_task(adapter.respond(ASK))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        expect(task.cancelled(), "a cancelled respond must raise CancelledError")
        expect((await adapter.respond(requests[0])).text == "question 0", "after a cancelled request it is unusable")
        expect(len(provider.account) == 42, f"42 requests were asked for, and {len(provider.account)} made")
