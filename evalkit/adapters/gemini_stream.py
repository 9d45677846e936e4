"""One answer of Gemini's REST API, streamed or whole, put together from its chunks.

    {"candidates":[{"content":{"parts":[{"text":"Par"}],"role":"model"}}],"usageMetadata":{...}}
    {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,...}}

There is no [DONE]: a stream is whole when it has named a finish reason or why the prompt was blocked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.adapters.billed_beside import billed_beside, shown_beside
from evalkit.adapters.chat_usage import UsageSoFar, believed
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import count, inner, items, mapping, name, raw_usage, text
from evalkit.records import Response, StopReason, Timing, Tool, Usage

_FILTERED = {
    *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "MODEL_ARMOR"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER", "JAILBREAK"),
}
"""ai.google.dev/api/generate-content#FinishReason, and Vertex's MODEL_ARMOR."""
_STOPS: dict[str, StopReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "tool_use",
    "UNEXPECTED_TOOL_CALL": "tool_use",
    **dict.fromkeys(_FILTERED, "content_filter"),
}


class GeminiAnswer(ReplyReading):
    """Reads one answer."""

    __slots__ = ("_blocked", "_finish", "_model", "_shown", "_usage", "_why")

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._finish: str | None = None
        self._why: str | None = None
        self._blocked: str | None = None
        self._usage = UsageSoFar()
        self._model: str | None = None
        self._shown: tuple[str, ...] = ()
        """What the answer shows to be billed beside its tokens."""

    @property
    def is_whole(self) -> bool:
        return self._finish is not None or self._blocked is not None

    def take(self, event: dict[str, Any], now: float | None) -> None:
        if usage := event.get("usageMetadata"):
            if inner(usage).get("promptTokenCount") and inner(usage).get("totalTokenCount"):
                self._usage = UsageSoFar()  # it grows from chunk to chunk, and the last whole one is the bill
            self._usage.add(usage)  # a part of one takes no count away
        self._model = name(event.get("modelVersion")) or self._model
        self._blocked = name(inner(event.get("promptFeedback")).get("blockReason")) or self._blocked
        for candidate in items(event.get("candidates")):
            if not candidate.get("index"):
                self._take_candidate(candidate, now)

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        calls = None if self.calls_seen is None else self.calls_seen.calls()
        stop: StopReason = "refusal" if self._blocked is not None else _STOPS.get(self._finish or "", "other")
        if calls and stop == "stop":
            stop = "tool_use"
        usage = None if self._usage.last is None else usage_of(self._usage.last, self._shown)
        return Response(
            text=self.said,
            stop_reason=stop,
            timing=timing,
            reasoning=self.reasoned,
            served_model=self._model,
            usage=believed(usage, has_output=bool(self.pieces or self.thoughts or calls)),
            raw_usage=raw_usage(self._usage.last),
            refusal=self._blocked or (self._why or self._finish if stop == "content_filter" else None),
            calls=calls,
            top_logprobs=None if self.logprobs is None else tuple(self.logprobs),
            dropped=left_out,
        )

    def _take_candidate(self, candidate: Mapping[str, Any], now: float | None) -> None:
        if self._finish is not None and not candidate.get("finishReason"):
            return  # after the end; but old models give a reason with every chunk, and the last one counts
        self._shown = self._shown or shown_beside([candidate])
        for part in items(mapping(candidate.get("content")).get("parts")):
            if said := part.get("text"):
                (self.thought if part.get("thought") else self.content)(said, now)
            if self.calls_seen is not None and (call := part.get("functionCall")):
                self.calls_seen.begin(call["name"], call.get("args"))
                self.spoke(now)
        if finish := candidate.get("finishReason"):
            self._finish = str(finish) if isinstance(finish, int) else text(finish)  # some proxies send the number
        if isinstance(why := candidate.get("finishMessage"), str) and self._finish in _FILTERED:
            self._why = name(f"{self._finish}: {why[:400]}")
        if logprobs := candidate.get("logprobsResult"):
            self.alternatives(_places(mapping(logprobs)))


def _places(result: Mapping[str, Any]) -> Iterator[list[tuple[object, object]]]:
    """For each output token its alternatives."""
    places = [items(place.get("candidates")) for place in items(result.get("topCandidates"))]
    for place in places or [[chosen] for chosen in items(result.get("chosenCandidates"))]:
        yield [(one["token"], one["logProbability"]) for one in place]


def usage_of(raw: Mapping[str, Any], shown: tuple[str, ...] = ()) -> Usage:
    """What is billed: thoughts stand outside candidatesTokenCount and are added; prompts of tools are input.

    The API leaves out counts that are 0, so a missing one is what is left of totalTokenCount, or None without a total.
    """
    prompt, total = count(raw.get("promptTokenCount")), count(raw.get("totalTokenCount"))
    tools = count(raw.get("toolUsePromptTokenCount")) or 0
    candidates, thoughts = count(raw.get("candidatesTokenCount")), count(raw.get("thoughtsTokenCount"))
    given = None if prompt is None else prompt + tools
    output = None if candidates is None else candidates + (thoughts or 0)
    if total is not None and given is not None and total - given >= (output or 0):
        output = total - given
        if thoughts is None and candidates is not None:
            thoughts = output - candidates
    return Usage(
        input=given,
        cache_read=count(raw.get("cachedContentTokenCount")),
        output=output,
        reasoning=thoughts,
        service_tier=name(raw.get("serviceTier")),
        beside=(*billed_beside(raw), *shown),
    )
