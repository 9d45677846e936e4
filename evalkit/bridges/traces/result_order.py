"""Results of functions in the order of their calls: from there on calls and results belong together by place.

in_order([(message as the log has it, its turns), ...])      # the turns
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evalkit.bridges.traces.calls import LoggedMessage
from evalkit.bridges.traces.values import first

_DEEPEST_ID = 4
_FEWEST_RESULTS = 2
"""Results that can stand in another order than their calls."""
_CALL_IDS = ("call_id", "toolUseId", "tool_call_id", "toolCallId", "id")
_RESULT_IDS = ("tool_use_id", "toolUseId", "tool_call_id", "toolCallId", "call_id", "id")


def in_order(told: Iterable[tuple[object, Sequence[LoggedMessage]]]) -> list[LoggedMessage]:
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
    if kind in ("tool_call", "tool_use", "function_call", "custom_tool_call") and "role" not in said:
        calls.append(_id_of(said, _CALL_IDS))
    elif (
        kind in ("tool_result", "tool_call_response", "function_call_output", "custom_tool_call_output")
        and "role" not in said
    ):
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
