"""Conversations, in whatever shape a log keeps them, as turns with a role and a text.

turns_of([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])        # OpenAI, Anthropic
turns_of([{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}])       # OpenTelemetry
turns_of({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]})            # Gemini
turns_of([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}])    # Responses
turns_of('{"messages": [...]}'), turns_of("Hi")                                  # JSON in a text; a bare text
# each: [LoggedMessage("user", "Hi")]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from evalkit.bridges.traces.calls import LoggedMessage, LoggedRole
from evalkit.bridges.traces.values import decoded, first
from evalkit.records import ToolCall

_ROLES: Mapping[str, LoggedRole] = {
    "system": "system",
    "developer": "system",
    "systemmessage": "system",
    "user": "user",
    "human": "user",
    "humanmessage": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "gpt": "assistant",
    "tool": "tool",
    "toolmessage": "tool",
    "function": "tool",
    "ipython": "tool",
}
_TEXTS = frozenset({"text", "input_text", "output_text", "summary_text", ""})
_REASONING = frozenset({"reasoning", "thinking", "redacted_thinking", "thought", "signature"})
_CALLS = frozenset({"tool_call", "tool_use", "tool-call", "function_call", "functioncall", "server_tool_call"})
_RESULTS = frozenset({"tool_call_response", "tool_result", "tool-result", "function_call_output", "functionresponse"})
_DEEPEST = 6
_MOST_TURNS = 5_000
_DEEPEST_ID = 4
_FEWEST_RESULTS = 2
"""Results that can stand in another order than their calls."""
_CALL_IDS = ("call_id", "toolUseId", "tool_call_id", "toolCallId", "id")
_RESULT_IDS = ("tool_use_id", "toolUseId", "tool_call_id", "toolCallId", "call_id", "id")


def turns_of(said: object, *, bare: LoggedRole = "user") -> list[LoggedMessage]:
    """The turns; empty where nothing is understood. `bare`: who says a text that stands alone."""
    return _turns(decoded(said), bare, 0)[:_MOST_TURNS]


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
        return _in_order((one, _turns(one, bare, depth + 1)) for one in said)
    if not isinstance(said, dict):
        return []
    whole = _wrapped(said, bare, depth)
    if whole is not None:
        return whole
    return _told(said, bare)


def _is_part(one: object) -> bool:
    return isinstance(one, dict) and "role" not in one and ("type" in one or "text" in one)


def _wrapped(said: Mapping[str, object], bare: LoggedRole, depth: int) -> list[LoggedMessage] | None:
    """The turns of a whole request, whose conversation stands under a key of its own; None: it is a single turn."""
    if role_of(said.get("role")) is not None:
        return None
    system: list[LoggedMessage] = []
    for key in ("system", "instructions", "system_instruction", "systemInstruction"):
        if said.get(key) is not None:
            system = _turns(decoded(said[key]), "system", depth + 1)
            system = [LoggedMessage("system", one.text, (), one.other) for one in system]
            break
    for key in (
        "messages",
        "contents",
        "conversation",
        "conversations",
        "chat",
        "history",
        "prompt",
        "input",
        "inputs",
    ):
        if key in said and said[key] is not None and not (key == "input" and "name" in said):
            found = _turns(decoded(said[key]), bare, depth + 1)
            if found:
                return [*system, *found]
    return system or None


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
    if kind == "reasoning" and "role" not in said:
        return []
    role = role_of(first(said, "role", "from", "author", "sender")) or role_of(said.get("type"))
    if role is None:
        if _is_part(said) or (bare == "assistant" and ("content" in said or "text" in said)):
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
    for key in ("content", "contents", "parts", "text", "value"):
        if said.get(key) is not None:
            _parts(said[key], texts, calls, other, results, 0)
            if texts or calls or other or results:
                break
    for key in ("tool_calls", "toolCalls", "function_call", "toolInvocations"):
        calls += _listed_calls(said.get(key))
    more = said.get("additional_kwargs")
    if isinstance(more, dict) and not calls:
        calls += _listed_calls(more.get("tool_calls"))
    if role == "tool" and texts:  # one call's result, whatever its parts
        return [LoggedMessage("tool", "".join([*texts, *results]), tuple(calls), tuple(other))]
    told = [LoggedMessage("tool", one) for one in results]
    if told and not (texts or calls or other):
        return told
    return [*told, LoggedMessage(role, "".join(texts), tuple(calls), tuple(other))]


def _parts(  # noqa: PLR0911, PLR0912  # one return a shape
    said: Any, texts: list[str], calls: list[ToolCall], other: list[str], results: list[str], depth: int
) -> None:
    """Sort the parts of a turn by kind."""
    if depth > _DEEPEST or said is None:
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
    if kind in _REASONING or said.get("thought") is True:
        return
    inner = said.get("functionCall") or said.get("function_call") or (said.get("toolUse"))
    if kind in _CALLS or isinstance(inner, dict):
        made = _call(inner if isinstance(inner, dict) else said)
        if made is not None:
            calls.append(made)
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
    if kind == "refusal" and isinstance(said.get("refusal"), str):
        texts.append(said["refusal"])
        return
    other.append(str(first(said, "modality", "type") or next(iter(said), "part")))


def _listed_calls(said: object) -> Iterator[ToolCall]:
    said = decoded(said)
    if isinstance(said, dict):
        said = [said]
    for one in said if isinstance(said, list) else ():
        if isinstance(one, dict) and (made := _call(one)) is not None:
            yield made


def calls_of(said: object) -> tuple[ToolCall, ...]:
    """The calls of a list of them, in any shape; () where there are none."""
    return tuple(_listed_calls(said))


def _call(said: Mapping[str, object]) -> ToolCall | None:
    for key in ("tool_call", "function"):
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
    texts: list[str] = []
    if isinstance(value, list):
        _parts(value, texts, [], [], [], 1)
    return "".join(texts) or ("" if value is None else orjson.dumps(value, default=str).decode())


def tools_of(said: object) -> tuple[dict[str, object], ...]:
    """Functions that were offered, in OpenAI's, Anthropic's, Gemini's or OpenTelemetry's shape, as name, description
    and parameters."""
    said = decoded(said)
    found: list[dict[str, object]] = []
    if isinstance(said, dict):
        said = said.get("values") or said.get("tools") or [said]
    for item in said if isinstance(said, list) else ():
        one = decoded(item.get("stringValue") if isinstance(item, dict) and "stringValue" in item else item)
        if not isinstance(one, dict):
            continue
        inner = decoded(first(one, "json_schema", "function", "toolSpec") or one)
        if isinstance(inner, dict) and isinstance(inner.get("function"), dict):
            inner = inner["function"]
        declared = one.get("functionDeclarations") or one.get("function_declarations")
        if isinstance(declared, list):
            found += tools_of(declared)
            continue
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            continue
        schema = decoded(
            first(inner, "parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema")
        )
        if isinstance(schema, dict) and isinstance(schema.get("json"), dict):
            schema = schema["json"]
        found.append(
            {
                "name": inner["name"],
                "description": str(inner.get("description") or ""),
                "parameters": dict(schema) if isinstance(schema, dict) else {"type": "object", "properties": {}},
            }
        )
    return tuple(found)


def _in_order(told: Iterable[tuple[object, Sequence[LoggedMessage]]]) -> list[LoggedMessage]:
    """The turns of a conversation, each message as the log has it and as it was read. Results of functions stand in the
    order of their calls, where the log names which result belongs to which call.

    Calls and results belong together by place from here on, and logs write results as they came in. Where an id is
    missing or is no call's, they stay as they stand.
    """
    told = list(told)
    found: list[LoggedMessage] = [turn for _, turns in told for turn in turns]
    if sum(turn.role == "tool" for turn in found) < _FEWEST_RESULTS:
        return found
    found = []
    calls: list[str] = []
    n_calls = 0
    results: list[tuple[str, LoggedMessage]] = []
    for raw, turns in told:
        made, answered = _ids_of(raw)
        n = sum(turn.role == "tool" for turn in turns)
        names = iter(answered if len(answered) == n else [""] * n)
        for turn in turns:
            if turn.role == "tool":
                results.append((next(names), turn))
                continue
            if results:
                found += _sorted(results, calls if len(calls) == n_calls else [])
                results, calls, n_calls = [], [], 0
            found.append(turn)
            if turn.calls:
                calls, n_calls = [*calls, *made], n_calls + len(turn.calls)
                made = []
            elif turn.role != "assistant":
                calls, n_calls = [], 0
    return [*found, *_sorted(results, calls if len(calls) == n_calls else [])]


def _sorted(results: Sequence[tuple[str, LoggedMessage]], calls: Sequence[str]) -> list[LoggedMessage]:
    place = {name: n for n, name in enumerate(calls)}
    names = [name for name, _ in results]
    if len(place) != len(calls) or len(set(names)) != len(names) or not place.keys() >= set(names):
        return [turn for _, turn in results]
    return [turn for _, turn in sorted(results, key=lambda one: place[one[0]])]


def _ids_of(raw: object) -> tuple[list[str], list[str]]:
    """(ids of the calls of a message, ids of the calls that its results are of), "" for one without."""
    calls: list[str] = []
    results: list[str] = []
    _find_ids(raw, calls, results, 0)
    if not results and isinstance(raw, Mapping):
        inner = raw.get("kwargs") if isinstance(raw.get("kwargs"), Mapping) else raw.get("message")
        said = inner if isinstance(inner, Mapping) else raw
        results = [_id_of(said, ("tool_call_id", "toolCallId", "tool_use_id", "call_id"))]
        results = [] if results == [""] else results
    return calls, results


def _find_ids(said: object, calls: list[str], results: list[str], depth: int) -> None:
    if depth > _DEEPEST_ID:
        return
    if isinstance(said, list):
        for one in said:
            _find_ids(one, calls, results, depth + 1)
        return
    if not isinstance(said, Mapping):
        return
    kind = str(said.get("type") or "").lower().replace("-", "_")
    use, returned = said.get("toolUse"), said.get("toolResult")
    if kind in ("tool_call", "tool_use", "function_call") and "role" not in said:
        calls.append(_id_of(said, _CALL_IDS))
    elif kind in ("tool_result", "tool_call_response", "function_call_output") and "role" not in said:
        results.append(_id_of(said, _RESULT_IDS))
    elif isinstance(use, Mapping) or isinstance(returned, Mapping):
        if isinstance(use, Mapping):
            calls.append(_id_of(use, _CALL_IDS))
        if isinstance(returned, Mapping):
            results.append(_id_of(returned, _RESULT_IDS))
    else:
        for key in ("kwargs", "message", "content", "contents", "parts"):
            _find_ids(said.get(key), calls, results, depth + 1)
        listed = said.get("tool_calls") or said.get("toolCalls")
        for one in listed if isinstance(listed, list) and not calls else ():
            calls.append(_id_of(one.get("tool_call", one), _CALL_IDS) if isinstance(one, Mapping) else "")


def _id_of(said: object, keys: Sequence[str]) -> str:
    found = first(said, *keys) if isinstance(said, Mapping) else None
    return found if isinstance(found, str) else ""
