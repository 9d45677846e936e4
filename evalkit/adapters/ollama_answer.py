"""What Ollama's own API answers, streamed or whole (`dialects.ollama_native` has what it is asked).

    {"model":"qwen3:4b","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}
    {"model":"qwen3:4b","message":{"role":"assistant","content":"Par"},"done":false}
    {"model":"qwen3:4b","done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":9,"eval_duration":...}

Lines of JSON (`framing`); a whole answer is one of them that says `done`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import bill, count, items, mapping, name, text
from evalkit.adapters.turns import to_carry
from evalkit.records import Response, StopReason, Timing, Tool, Usage

_STOPS: Mapping[str, StopReason] = {"stop": "stop", "length": "length"}
"""Others (`load`, `unload`) are `other`: no answer was made."""
_COUNTS = (
    *("prompt_eval_count", "eval_count", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration"),
)


class OllamaAnswer(ReplyReading):
    """Reads one answer, streamed or whole: both are objects of the same form."""

    __slots__ = ("_finish", "_has_message", "_model", "_usage")
    framing = "lines"
    marks = frozenset({"done"})

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._finish: str | None = None
        self._has_message = False
        self._model: str | None = None
        self._usage: dict[str, object] = {}

    @property
    def is_whole(self) -> bool:
        return self.done

    def take(self, event: dict[str, object], now: float | None) -> None:
        self._model = self._model or name(event.get("model"))
        is_last = event.get("done") is True
        if not self._has_message and is_last:
            now = None  # the whole answer at once, so not streamed: it has no first token
        # An answer without any message is one of another API of the server, such as /api/generate.
        message = mapping(event["message"] if is_last and not self._has_message else event.get("message"))
        self._has_message = self._has_message or "message" in event
        self.thought(message.get("thinking"), now)
        self.content(message.get("content"), now)
        if self.calls_seen is not None:
            for call in items(message.get("tool_calls")):
                function = mapping(mapping(call)["function"])
                self.calls_seen.begin(function["name"], function.get("arguments"))
                self.spoke(now)
        if event.get("logprobs"):
            self.alternatives(_places(items(event["logprobs"])))
        if is_last:
            self._finish = text(event.get("done_reason")) or "stop"  # servers before 0.3 give no reason
            self._usage = bill({key: event[key] for key in _COUNTS if key in event}) or {}
            self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        calls, stop = self.calls, _STOPS.get(self._finish or "", "other")
        if calls and stop == "stop":  # the server names no reason of its own for calls
            stop = "tool_use"
        return self.made(
            stop,
            timing,
            left_out,
            usage=read_usage(self._usage, showed_reasoning=bool(self.thoughts)) if self._usage else None,
            raw=self._usage,
            model=self._model,
            carried=to_carry({"thinking": self.reasoned}) if calls and self.thoughts else None,
        )


def read_usage(raw: Mapping[str, object], *, showed_reasoning: bool) -> Usage:
    """Tokens of the prompt and of the answer. Thinking is part of `eval_count` and not counted apart."""
    return Usage(
        input=count(raw.get("prompt_eval_count")),
        output=count(raw.get("eval_count")),
        reasoning=None if showed_reasoning else 0,
    )


def _places(tokens: list[Any]) -> Iterator[list[tuple[object, object]]]:
    """For each token its alternatives; the token itself where none were asked for."""
    for token in tokens:
        yield [(one["token"], one["logprob"]) for one in items(token.get("top_logprobs")) or [token]]
