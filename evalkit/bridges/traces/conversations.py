"""Conversations, in whatever shape a log keeps them, as turns with a role and a text.

turns_of([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])        # OpenAI, Anthropic
turns_of([{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}])       # OpenTelemetry
turns_of({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]})            # Gemini
turns_of([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}])    # Responses
turns_of('{"messages": [...]}'), turns_of("Hi")                                  # JSON in a text; a bare text
# each: [LoggedMessage("user", "Hi")]

What stands among turns and is none that is understood stays as a turn that says so (`unread`), so that nobody takes the
request without it for another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from evalkit.bridges.traces.calls import LoggedMessage, LoggedRole, in_order
from evalkit.bridges.traces.values import decoded, first
from evalkit.records import ToolCall

_ROLES: Mapping[str, LoggedRole] = {
    "system": "system",
    "developer": "system",
    "systemmessage": "system",
    "systemmessagechunk": "system",
    "user": "user",
    "human": "user",
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "gpt": "assistant",
    "tool": "tool",
    "toolmessage": "tool",
    "toolmessagechunk": "tool",
    "function": "tool",
    "functionmessage": "tool",
    "functionmessagechunk": "tool",
    "observation": "tool",
    "ipython": "tool",
}
_TEXTS = frozenset({"text", "input_text", "output_text", "summary_text", ""})
_REASONING = frozenset(
    {"reasoning", "reasoning_text", "reasoning_content", "thinking", "redacted_thinking", "thought", "signature"}
)
_SILENT = frozenset({"step-start", "cachepoint", "cache_point", "thoughtsignature", "reasoningcontent"})
"""Parts that say nothing to the model, or only what it thought: by their type, or by their only key."""
_CALLS = frozenset(
    {"tool_call", "tool_use", "tool-call", "function_call", "functioncall", "server_tool_call", "custom_tool_call"}
)
_RESULTS = frozenset(
    {
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
        "functionresponse",
        "custom_tool_call_output",
    }
)
_CONTENT = ("content", "contents", "parts", "text", "value", "message")
_CALLED = ("tool_calls", "toolCalls", "function_call", "toolInvocations")
_SAID_APART = frozenset(
    {"refusal", "audio", "additional_kwargs", "reasoning", "reasoning_content", "thinking", *_CALLED}
)
"""Keys of a message that needs no content besides."""
INSTRUCTIONS = ("system", "instructions", "system_instruction", "systemInstruction", "preamble")
"""Keys beside a conversation under which the turns of the system stand."""
_WHOLE = ("messages", "contents", "conversation", "conversations", "chat")
_SAID = _SAID_APART | {*_CONTENT}
HISTORY = ("history", "chat_history", "conversation_history")
"""Keys beside a question under which stands what was said before it."""
_ASKED = ("prompt", "input", "inputs")
_ELSEWHERE = ("previous_response_id", "cachedContent", "cached_content")
"""Of a request: names of what the provider holds of it, and the log does not."""
_NOT_THERE = "{}, which names what the log does not hold"
_WORD = re.compile(r"[A-Za-z][A-Za-z_.-]{0,30}")
_DEEPEST = 6
_MOST_TURNS = 5_000


def turns_of(said: object, *, bare: LoggedRole = "user") -> list[LoggedMessage]:
    """The turns; empty where nothing is understood. `bare`: who says a text that stands alone."""
    found = _turns(decoded(said), bare, 0)
    return found[-_MOST_TURNS:]  # more than any suite asks, so it is left out


def role_of(value: object) -> LoggedRole | None:
    """The role that a word names; None where it names none."""
    return _ROLES.get(value.rpartition(".")[2].lower()) if isinstance(value, str) else None


def _turns(said: object, bare: LoggedRole, depth: int) -> list[LoggedMessage]:  # noqa: PLR0911  # one return a shape
    if depth > _DEEPEST or said is None:
        return []
    if isinstance(said, str):
        return [LoggedMessage(bare, said)] if said.strip() else []
    if isinstance(said, list):
        if said and all(isinstance(one, str) for one in said):
            return [LoggedMessage(bare, one) for one in said]
        if said and bare == "system" and all(_is_part(one) for one in said):
            return _told({"role": bare, "content": said}, bare)
        told = [(one, _turns(one, bare, depth + 1)) for one in said]
        if not all(turns for _, turns in told) and any(turns for _, turns in told):
            called = {call.name for _, turns in told for turn in turns for call in turn.calls}
            told = [(one, turns or _unread(one, called)) for one, turns in told]
        return in_order(told)
    if not isinstance(said, dict):
        return []
    whole = _wrapped(said, bare, depth)
    if whole is not None:
        return whole
    return _told(said, bare)


def _is_part(one: object) -> bool:
    return isinstance(one, dict) and "role" not in one and ("type" in one or "text" in one or _is_silent(one))


def _is_silent(one: Mapping[str, object]) -> bool:
    kind = str(one.get("type") or (next(iter(one)) if len(one) == 1 else "")).lower()
    return kind in _SILENT or (kind in _REASONING and "role" not in one)


def _holds_parts(said: Mapping[str, object]) -> bool:
    """Whether it is one of Gemini's contents, which need no role."""
    parts = said.get("parts")
    parts = parts if isinstance(parts, list) else [parts]
    return all(isinstance(one, str) or (isinstance(one, dict) and "type" not in one) for one in parts)


def _unread(one: object, called: set[str]) -> list[LoggedMessage]:
    """The turn in the place of one that is not understood; none where nothing stands there, or what was thought. A role
    that is the name of a function which was `called` says what it returned."""
    if one in (None, "", [], {}) or (isinstance(one, str) and not one.strip()):
        return []
    if isinstance(one, dict) and _is_silent(one):
        return []
    role = first(one, "role", "from", "author", "sender")
    if isinstance(one, dict) and isinstance(role, str) and role in called:
        return _of_role(one, "tool")
    if role is not None and role_of(role) is None:
        return [not_understood(f"a role that is not known{as_word(role)}")]
    if isinstance(one, dict) and role is None and not one.keys().isdisjoint(_CONTENT):
        return [not_understood("a turn that names no role")]
    return [not_understood(f"a turn that is not understood{as_word(first(one, 'type'))}")]


def as_word(word: object) -> str:
    """The word in brackets; empty where it is none, but perhaps what somebody said."""
    return f" ({word})" if isinstance(word, str) and _WORD.fullmatch(word) else ""


def not_understood(why: str) -> LoggedMessage:
    """A turn in the place of something that is not understood: half a sentence."""
    return LoggedMessage("user", "", (), (), why)


def _wrapped(said: Mapping[str, object], bare: LoggedRole, depth: int) -> list[LoggedMessage] | None:
    """The turns of a whole request, whose conversation stands under a key of its own; None: it is a single turn."""
    if role_of(said.get("role")) is not None:
        return None
    head = _instructions(said, depth)
    head += [not_understood(_NOT_THERE.format(key)) for key in _ELSEWHERE if said.get(key)]
    head += [not_understood(_NOT_THERE.format(key)) for key in ("conversation", "prompt") if _is_name(key, said)]
    for key in _WHOLE:
        if not _is_name(key, said) and (found := _turns(decoded(said.get(key)), bare, depth + 1)):
            return [*head, *found]
    history: list[LoggedMessage] = []
    for key in HISTORY:
        if value := decoded(said.get(key)):
            made = _pairs(value) or _turns(value, bare, depth + 1)
            history += made or [not_understood("a history that is not understood")]
    for key in (*_ASKED, "message", "question", "query") if history else _ASKED:
        if _is_name(key, said) or (key == "input" and "name" in said):
            continue
        if key == "prompt" and _are_several(said.get(key)):
            return [*head, not_understood("several prompts in one request")]
        if found := _turns(decoded(said.get(key)), bare, depth + 1):
            return [*head, *history, *found]
    return [*head, *history] or None


def _instructions(said: Mapping[str, object], depth: int) -> list[LoggedMessage]:
    """The turns of the system that stand apart from the conversation, each once."""
    found: list[LoggedMessage] = []
    config = said.get("config")
    for given in (said, config if isinstance(config, dict) else {}):  # Google's packages put them there
        for key in INSTRUCTIONS:
            if given.get(key) in (None, "", [], {}):
                continue
            made = _turns(decoded(given[key]), "system", depth + 1)
            made = made or [not_understood("instructions that are not understood")]
            made = [LoggedMessage("system", one.text, (), one.other, one.unread) for one in made]
            found += [one for one in made if one not in found]
    return found


def _pairs(said: object) -> list[LoggedMessage]:
    """The turns of a history of questions with their answers, [["Hi", "Hello"], ...]; none where it is no such."""
    if not isinstance(said, list) or not all(isinstance(one, list) and len(one) == 2 for one in said):
        return []
    if not all(isinstance(text, str) for one in said for text in one):
        return []
    roles: tuple[LoggedRole, LoggedRole] = ("user", "assistant")
    return [LoggedMessage(role, text) for one in said for role, text in zip(roles, one, strict=True)]


def _are_several(said: object) -> bool:
    return isinstance(said, list) and len(said) > 1 and all(isinstance(one, str) for one in said)


def _is_name(key: str, said: Mapping[str, object]) -> bool:
    """Whether a key holds the name of a conversation, or of a prompt, that the provider keeps."""
    value = decoded(said.get(key))
    if key == "conversation" and isinstance(value, str):
        return bool(value)
    return key in ("conversation", "prompt") and isinstance(value, dict) and "id" in value and "messages" not in value


def _told(said: Mapping[str, Any], bare: LoggedRole) -> list[LoggedMessage]:  # noqa: PLR0911  # one return a shape
    """The turns of a mapping that is one message; [] where it says nothing that is one. Several results in one message
    (Anthropic's, for calls that were made together) are a turn each, before what the message says besides."""
    if "kwargs" in said and isinstance(said["kwargs"], dict):  # LangChain's serialised messages
        name = said.get("id")
        last = name[-1] if isinstance(name, list) and name else said.get("type")
        return _told({"role": last, **said["kwargs"]}, bare)
    if isinstance(said.get("message"), dict):  # OpenInference, unflattened; a choice
        return _told(said["message"], bare)
    kind = str(said.get("type") or "").lower().replace("_call_item", "_call")
    if kind in _CALLS and "role" not in said:
        made = _call(said)
        return [] if made is None else [LoggedMessage("assistant", "", (made,))]
    if kind in _RESULTS and "role" not in said:
        return [LoggedMessage("tool", _result(said))]
    if "role" not in said and _is_silent(said):
        return []
    named = first(said, "role", "from", "author", "sender")
    role = role_of(named) or (role_of(said.get("type")) if named is None else None)
    if role is None:
        speaks = bare == "assistant" and ("content" in said or "text" in said)
        if speaks or (named is None and (_is_part(said) or ("parts" in said and _holds_parts(said)))):
            role = bare
        else:
            return []
    return _of_role(said, role)


def _of_role(said: Mapping[str, object], role: LoggedRole) -> list[LoggedMessage]:
    """The turns of a message whose role is known."""
    texts: list[str] = []
    calls: list[ToolCall] = []
    other: list[str] = []
    results: list[str] = []
    for key in _CONTENT:
        if said.get(key) is not None:
            _parts(said[key], texts, calls, other, results, 0)
            if texts or calls or other or results:
                break
    for key in _CALLED:
        _listed_calls(said.get(key), calls, other)
    more = said.get("additional_kwargs")
    if isinstance(more, dict) and not calls:
        _listed_calls(more.get("tool_calls") or more.get("function_call"), calls, other)
    if not texts and isinstance(said.get("refusal"), str):
        texts.append(str(said["refusal"]))
    if isinstance(said.get("audio"), dict) and not texts:
        other.append("audio")
    if said.keys().isdisjoint(_SAID):
        why = (
            "a turn without content" if "role" in said else f"a turn that is not understood{as_word(said.get('type'))}"
        )
        return [not_understood(why)]
    if role == "tool" and texts:  # one call's result, whatever its parts
        return [LoggedMessage("tool", "".join([*texts, *results]), tuple(calls), tuple(other))]
    returned = [_result(one) for one in _returned(said.get("toolInvocations"))]
    if returned:  # of the AI SDK: called, returned, and said in the end
        told = [LoggedMessage(role, "", tuple(calls)), *(LoggedMessage("tool", one) for one in returned)]
        return [*told, *([LoggedMessage(role, "".join(texts), (), tuple(other))] if texts or other else [])]
    told = [LoggedMessage("tool", one) for one in results]
    if told and not (texts or calls or other):
        return told
    return [*told, LoggedMessage(role, "".join(texts), tuple(calls), tuple(other))]


def _returned(said: object) -> list[Mapping[str, object]]:
    said = decoded(said)
    return [one for one in said if isinstance(one, dict) and "result" in one] if isinstance(said, list) else []


def _parts(  # noqa: PLR0911, PLR0912  # one return a shape
    said: Any, texts: list[str], calls: list[ToolCall], other: list[str], results: list[str], depth: int
) -> None:
    """Sort the parts of a turn by kind."""
    if said is None:
        return
    if depth > _DEEPEST:
        other.append("a deep nest")
        return
    if isinstance(said, str):
        texts.append(said)
        return
    if isinstance(said, list):
        for one in said:
            _parts(one, texts, calls, other, results, depth + 1)
        return
    if not isinstance(said, dict):
        texts.append(str(said))
        return
    if isinstance(said.get("message_content"), dict):
        said = said["message_content"]
    kind = str(said.get("type") or "").lower()
    if _is_silent(said) or said.get("thought") is True:
        return
    inner = said.get("functionCall") or said.get("function_call") or (said.get("toolUse"))
    if kind in _CALLS or isinstance(inner, dict):
        _listed_calls(inner if isinstance(inner, dict) else said, calls, other)
        return
    inner = said.get("functionResponse") or said.get("function_response") or said.get("toolResult")
    if kind in _RESULTS or isinstance(inner, dict):
        results.append(_result(inner if isinstance(inner, dict) else said))
        return
    if kind in _TEXTS:
        for key in ("text", "content"):
            if isinstance(said.get(key), str):
                texts.append(said[key])
                return
            if isinstance(said.get(key), dict | list):
                _parts(said[key], texts, calls, other, results, depth + 1)
                return
    if isinstance(guarded := said.get("guardContent"), dict):  # Bedrock's
        return _parts(guarded.get("text"), texts, calls, other, results, depth + 1)
    if kind == "refusal" and isinstance(said.get("refusal"), str):
        texts.append(said["refusal"])
        return
    other.append(str(first(said, "modality", "type") or next(iter(said), "part")))


def _listed_calls(said: object, calls: list[ToolCall], other: list[str]) -> None:
    """Add the calls of a list, or of one; what is no call that is understood to what is no text."""
    said = decoded(said)
    for one in said if isinstance(said, list) else () if said is None else (said,):
        made = _call(one) if isinstance(one, dict) else None
        if made is not None:
            calls.append(made)
        elif one:
            other.append("a call that is not understood")


def calls_of(said: object) -> tuple[ToolCall, ...]:
    """The calls of a list of them, in any shape; () where there are none."""
    calls: list[ToolCall] = []
    _listed_calls(said, calls, [])
    return tuple(calls)


def _call(said: Mapping[str, object]) -> ToolCall | None:
    for key in ("tool_call", "function", "custom", "toolInvocation"):
        if isinstance(inner := said.get(key), dict):
            return _call({**said, **inner, key: None})
    name = first(said, "name", "toolName", "tool_name", "function_name")
    if not isinstance(name, str) or not name:
        return None
    given = first(said, "arguments", "input", "args", "parameters")
    if isinstance(given, str):
        return ToolCall(name, given)
    return ToolCall(name, orjson.dumps(given if given is not None else {}, default=str).decode())


def _result(said: Mapping[str, object]) -> str:
    value = first(said, "result", "response", "output", "content", "text")
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "type" in value and value.keys() <= {"type", "value", "providerOptions"}:
        value = value.get("value")  # of the AI SDK
        if isinstance(value, str):
            return value
    texts: list[str] = []
    if isinstance(value, list):
        _parts(value, texts, [], [], [], 1)
    return "".join(texts) or ("" if value is None else orjson.dumps(value, default=str).decode())
