"""What a model answered, in whatever shape a log keeps it.

answer_of({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})          # OpenAI
answer_of({"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"})        # Anthropic
answer_of({"output": [{"type": "message", "content": [...]}], "status": "completed"})      # Responses
answer_of([{"role": "assistant", "parts": [...], "finish_reason": "stop"}])                # OpenTelemetry
answer_of("Hi")                                                                            # a bare text
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from evalkit.bridges.traces.calls import Answer, LoggedMessage
from evalkit.bridges.traces.conversations import calls_of, turns_of
from evalkit.bridges.traces.values import at, decoded, first, text

_FINISH = ("finish_reason", "finishReason", "stop_reason", "stopReason")


def answer_of(said: object) -> Answer:
    """The answer; an empty one where nothing is understood."""
    if isinstance(said, str):
        inner = decoded(said)
        if not _is_envelope(inner):  # also where the answer itself is JSON
            return Answer(said) if said else Answer()
        return answer_of(inner)
    if isinstance(said, dict):
        made = _of_mapping(said)
        nothing = not (made.text or made.calls or made.refusal or made.other)
        if (
            nothing and said.keys() - {"content", "text"} and not _is_envelope(said)
        ):  # an object that was asked for, logged as one
            return Answer(orjson.dumps(said, default=str).decode())
        return made
    if isinstance(said, list):
        return _of_list(said)
    return Answer()


def refusal_of(said: object) -> str | None:
    """The words with which a message refuses, where the provider marks them as such; None: it does not."""
    said = decoded(said)
    if isinstance(said, list):
        return next((found for one in said if (found := refusal_of(one)) is not None), None)
    if not isinstance(said, dict):
        return None
    return text(said.get("refusal")) or refusal_of(first(said, "kwargs", "additional_kwargs", "content", "parts"))


def _is_envelope(said: object) -> bool:
    """Whether a value is what answers come in, and not an answer that is JSON."""
    if isinstance(said, list):
        return bool(said) and all(isinstance(one, dict) and bool(_ITEM & one.keys()) for one in said)
    if not isinstance(said, dict):
        return False
    return bool(_ENVELOPE & said.keys()) or isinstance(said.get("output"), list) or said.get("object") == "response"


_ENVELOPE = frozenset(
    {
        "choices",
        "candidates",
        "generations",
        "role",
        "message",
        "messages",
        "parts",
        "toolCalls",
        "tool_calls",
        "kwargs",
    }
) | frozenset(_FINISH)
_ITEM = frozenset({"role", "parts", "message", "toolCallId", "toolName", "kwargs"})


def _of_mapping(said: Mapping[str, Any]) -> Answer:  # noqa: PLR0911  # one return a shape
    choices = decoded(said.get("choices"))
    if isinstance(choices, list) and choices:
        return _of_choices(choices)
    candidates = said.get("candidates")
    if isinstance(candidates, list) and candidates and isinstance(candidates[0], dict):
        made = _spoken(turns_of([{**_content(candidates[0].get("content")), "role": "model"}], bare="assistant"))
        made.finish = text(first(candidates[0], *_FINISH))
        made.n_others = len(candidates) - 1
        return made
    generations = said.get("generations")
    if isinstance(generations, list) and generations:
        inner = generations[0][0] if isinstance(generations[0], list) and generations[0] else generations[0]
        if isinstance(inner, dict):
            made = _of_mapping(inner["message"]) if isinstance(inner.get("message"), dict) else Answer()
            made.text = made.text or text(inner.get("text"))
            made.finish = made.finish or text(at(inner, "generation_info", "finish_reason"))
            made.n_others = len(generations[0] if isinstance(generations[0], list) else generations) - 1
            return made
    if isinstance(said.get("output"), list) or said.get("object") == "response":
        made = _spoken(turns_of(said.get("output") or [], bare="assistant"))
        made.refusal = refusal_of(said.get("output"))
        made.finish = text(at(said, "incomplete_details", "reason")) or text(said.get("status"))
        return made
    for key in ("message", "response", "output", "outputs", "result", "completion", "generation"):
        if isinstance(said.get(key), dict | list) or (isinstance(said.get(key), str) and "content" not in said):
            made = answer_of(said[key])
            if not made.is_empty:
                made.finish = made.finish or text(first(said, *_FINISH))
                return made
    if isinstance(said.get("messages"), list):
        return _of_list(said["messages"])
    made = _spoken(turns_of([{**said, "role": "assistant"}], bare="assistant"))
    made.finish = text(first(said, *_FINISH))
    made.refusal = refusal_of(said)
    if not made.calls:
        made.calls = calls_of(said.get("toolCalls") or said.get("tool_calls"))
    return made


def _content(said: object) -> Mapping[str, object]:
    return said if isinstance(said, dict) else {"content": said}


def _of_choices(choices: list[Any]) -> Answer:
    """The first of several answers to one request."""
    made = _of_choice(choices[0])
    made.n_others = len(choices) - 1
    return made


def _of_choice(choice: object) -> Answer:
    if not isinstance(choice, dict):
        return answer_of(choice)
    message = decoded(first(choice, "message", "delta"))
    if isinstance(message, dict):
        made = _spoken(turns_of([{**message, "role": "assistant"}], bare="assistant"))
        made.refusal = refusal_of(message)
    else:
        made = Answer(text(first(choice, "text", "content")))
    made.finish = text(first(choice, *_FINISH))
    return made


def _of_list(said: list[Any]) -> Answer:
    ended = [one for one in said if isinstance(one, dict) and "parts" in one and first(one, *_FINISH) is not None]
    if len(ended) > 1 and len(ended) == len(said):  # OpenTelemetry's: each message is an answer of its own
        made = _of_list(said[:1])
        made.n_others = len(said) - 1
        return made
    if said and isinstance(said[0], dict) and ("toolCallId" in said[0] or "toolName" in said[0]):
        return Answer(None, calls_of(said), "tool_calls")
    if said and isinstance(said[0], dict) and isinstance(said[0].get("message"), dict):
        return _of_choices(said)
    made = _spoken(turns_of(said, bare="assistant"))
    for one in reversed(said):
        if isinstance(one, dict) and (finish := text(first(one, *_FINISH))):
            made.finish = finish
            break
    made.refusal = refusal_of(said[-1:])
    return made


def _spoken(turns: list[LoggedMessage]) -> Answer:
    """What the assistant says after everybody else; what is not understood among it is no text."""
    last: list[LoggedMessage] = []
    for turn in reversed(turns):
        if turn.role != "assistant" and not turn.unread:
            break
        last.insert(0, turn)
    if all(turn.unread for turn in last):
        return Answer()
    said = "".join(turn.text for turn in last)
    calls = tuple(one for turn in last for one in turn.calls)
    other = tuple(one for turn in last for one in (*turn.other, *([turn.unread] if turn.unread else [])))
    return Answer(said if said or (not calls and not other) else None, calls, None, None, other)
