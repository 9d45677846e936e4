"""What Bedrock's Converse API answers, streamed or whole (`dialects.bedrock_converse` has what it is asked).

    messageStart {"role":"assistant"} · contentBlockDelta {"delta":{"text":"Par"},"contentBlockIndex":0}
    messageStop {"stopReason":"end_turn"} · metadata {"usage":{"inputTokens":3,"outputTokens":1,"totalTokens":4}}

The stream is of AWS's binary frames (`framing`). Cached input and cache writes stand outside `inputTokens`: the total
is the sum. Converse says nowhere which model answered, but for a prompt router.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.adapters.billed_beside import billed_beside
from evalkit.adapters.chat_usage import UsageSoFar
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import count, inner, items, joined, mapping, name, text
from evalkit.adapters.tool_calls import MAX_CALLS
from evalkit.adapters.turns import to_carry
from evalkit.records import Response, StopReason, Timing, Tool, Usage

_STOPS: Mapping[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_use",
    "malformed_tool_use": "tool_use",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "refusal": "refusal",
}
"""Others (`malformed_model_output`, and what is yet to come) are `other`."""


class ConverseAnswer(ReplyReading):
    """Reads one answer, streamed or whole."""

    __slots__ = ("_called", "_finish", "_model", "_ran", "_signed", "_tier", "_usage")
    framing = "frames"
    marks = frozenset(
        {
            *("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"),
            *("output", "type"),
        }
    )

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._called: dict[Any, int] = {}
        """Index of a block -> number of its call."""
        self._signed: dict[Any, tuple[list[str], list[str]]] = {}
        """By index of a block: the pieces of a signed thought, and of its signature."""
        self._finish: str | None = None
        self._usage = UsageSoFar()
        self._model: str | None = None
        self._tier: str | None = None
        self._ran: dict[str, None] = {}
        """What worked for the answer and is billed apart: guardrails, tools that Bedrock runs itself."""

    @property
    def is_whole(self) -> bool:
        return self._finish is not None

    def take(self, event: dict[str, Any], now: float | None) -> None:
        if (delta := event.get("contentBlockDelta")) is not None:
            self._take_delta(delta.get("contentBlockIndex"), mapping(delta["delta"]), now)
        elif (begun := event.get("contentBlockStart")) is not None:
            self._begin(begun.get("contentBlockIndex"), mapping(mapping(begun["start"]).get("toolUse")), now)
        elif (stopped := event.get("messageStop")) is not None:
            self._finish = text(stopped["stopReason"])
        elif (metadata := event.get("metadata")) is not None:
            self._note(mapping(metadata))
            self.done = self._finish is not None

    def take_whole(self, body: dict[str, object]) -> None:
        """An answer of `converse`, which does not stream."""
        for at, block in enumerate(items(mapping(mapping(body["output"])["message"]).get("content"))):
            self._begin(at, mapping(block.get("toolUse")), None)
            reasoning = mapping(mapping(block.get("reasoningContent")).get("reasoningText"))
            self._sign(at, reasoning)
            cited = items(mapping(block.get("citationsContent")).get("content"))
            self.thought(reasoning.get("text"), None)
            for said in (block, *cited):
                self.content(said.get("text"), None)
        self._finish = text(body["stopReason"])
        self._note(body)
        self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        stop, usage = _STOPS.get(self._finish or "", "other"), self._usage.last
        return self.made(
            stop,
            timing,
            left_out,
            usage=None if usage is None else read_usage(usage, self._tier, tuple(self._ran)),
            raw=usage,
            model=self._model,
            refusal=self._finish if stop in {"content_filter", "refusal"} else None,
            carried=self._signed_thoughts() if self.calls else None,
        )

    def _sign(self, index: object, thought: Mapping[str, object]) -> None:
        """A piece of a thought, or of what proves that it is the model's."""
        if self.calls_seen is None or not thought or len(self._signed) >= MAX_CALLS:
            return
        pieces, signature = self._signed.setdefault(index, ([], []))
        pieces.append(text(thought.get("text")))
        self._grow(signature, text(thought.get("signature")))

    def _signed_thoughts(self) -> str | None:
        """The thoughts as they go back; None for none that is signed."""
        found = [
            {"reasoningContent": {"reasoningText": {"text": joined(pieces), "signature": joined(signature)}}}
            for pieces, signature in self._signed.values()
            if any(signature)
        ]
        return to_carry(found) if found else None

    def _take_delta(self, index: object, delta: Mapping[str, object], now: float | None) -> None:
        self.content(delta.get("text"), now)
        self.thought(mapping(delta.get("reasoningContent")).get("text"), now)
        self._sign(index, mapping(delta.get("reasoningContent")))
        if (piece := delta.get("toolUse")) is not None and self.calls_seen is not None and index in self._called:
            if given := mapping(piece)["input"]:  # the first one may be empty
                self.spoke(now)
            self.calls_seen.add(self._called[index], given)

    def _begin(self, index: object, call: Mapping[str, object], now: float | None) -> None:
        """A block begins; one that is a call of an offered function, and not of a tool that Bedrock runs itself."""
        if call and call.get("type") is not None and len(self._ran) < MAX_CALLS:
            self._ran[name(call.get("name")) or "systemTool"] = None
        elif call and self.calls_seen is not None:
            self.spoke(now)
            self._called[index] = self.calls_seen.begin(call["name"], call.get("input"))

    def _note(self, said: Mapping[str, object]) -> None:
        """What stands beside the answer."""
        if usage := said.get("usage"):
            self._usage.add(usage)
        routed = inner(inner(said.get("trace")).get("promptRouter"))
        self._model = name(routed.get("invokedModelId")) or self._model
        if inner(said.get("trace")).get("guardrail"):  # an account may have guardrails that no request names
            self._ran["guardrail"] = None
        if inner(said.get("performanceConfig")).get("latency") == "optimized":
            self._tier = "optimized"  # has prices of its own, whatever the tier says
        self._tier = self._tier or name(inner(said.get("serviceTier")).get("type"))


def read_usage(usage: Mapping[str, object], service_tier: str | None = None, ran: tuple[str, ...] = ()) -> Usage:
    """Billed tokens: what was read from a cache or written to one is reported beside `inputTokens`. `ran`: what worked
    for the answer and is billed apart."""
    fresh, read = count(usage.get("inputTokens")), count(usage.get("cacheReadInputTokens"))
    written = count(usage.get("cacheWriteInputTokens"))
    lifetimes: dict[Any, int] = {}
    for one in items(usage.get("cacheDetails")) if isinstance(usage.get("cacheDetails"), list) else ():
        if (n := count(inner(one).get("inputTokens"))) is not None:
            lifetimes[str(one.get("ttl"))] = lifetimes.get(str(one.get("ttl")), 0) + n
    short, long = lifetimes.get("5m"), lifetimes.get("1h")
    if lifetimes:  # the details may say more than the sum: then they count
        written = max(written or 0, sum(lifetimes.values()))
    unsaid = (written or 0) - (short or 0) - (long or 0)
    return Usage(
        input=None if fresh is None else fresh + (read or 0) + (written or 0),
        cache_read=read,
        cache_write_5m=short,
        cache_write_1h=long,
        cache_write_other=unsaid if unsaid > 0 or (written is not None and not lifetimes) else None,
        output=count(usage.get("outputTokens")),
        service_tier=service_tier,
        beside=(*billed_beside(usage), *ran),
    )
