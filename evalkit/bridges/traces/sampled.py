"""A drawn call as two records: what the suite asks, and what was answered at the time.

{"id": "r0007", "task": "support", "messages": [...], "answer": "...", "weight": 41.7, "stratum": "support, de, short"}
{"id": "r0007", "text": "...", "input_tokens": 120, "cost_usd": 0.0001, "total_s": 1.5, ...}

A suite sends turns of the system, the user and the assistant. Calls of functions and their results in the history are
written as text, with a mark, and the record says so (`history`: as text).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from evalkit.bridges.traces.calls import Call, LoggedMessage
from evalkit.bridges.traces.free_running import RecordedWay, conduct_of
from evalkit.bridges.traces.taking_out import TakingOut
from evalkit.bridges.traces.traits import Traits
from evalkit.bridges.traces.values import decoded
from evalkit.records import ToolCall

if TYPE_CHECKING:  # whoever reads one file of their own takes no numpy
    from evalkit.bridges.traces.strata import Drawn


@dataclass(slots=True)
class SampledCall:
    """One sample of the suite."""

    id: str
    task: str
    traits: Traits
    drawn: Drawn
    call: Call
    """With personal data taken out."""
    slices: dict[str, str]
    way: RecordedWay | None = None
    """The trajectory that is run freely; `call` is then its last request, with what all of it took. None: a request by
    itself."""

    def item(self, *, offers: bool = False) -> dict[str, object]:
        """What the suite asks; `offers`: its task offers functions, so a history with calls goes through their
        interface."""
        call, way = self.call, self.way
        asked = call.messages if way is None else way.asked
        return {
            "id": self.id,
            "task": self.task,
            "weight": round(self.drawn.weight, 6),
            "stratum": self.drawn.stratum,
            "inclusion": round(self.drawn.inclusion, 9),
            "alike": self.drawn.n_alike,
            **self.slices,
            "conversation": call.session or call.trace or self.id,
            "log_id": call.id or None,
            "messages": (called_turns(asked) if offers else None)
            or [{"role": one[0], "content": one[1]} for one in turns(asked)],
            **({"tools": list(call.tools)} if call.tools and way is None else {}),
            "answer": call.answer.text or "",
            **({"expected": call.expected} if call.expected else {}),
            **({"ground_truth": [accepted(one) for one in call.answer.calls]} if call.tools and way is None else {}),
            **({"conduct": conduct_of(way)} if way is not None else {}),
        }

    def answers(self) -> Iterator[dict[str, object]]:
        """The records of what was answered: one, or one for each request of a trajectory (`r7`, `r7:step2`)."""
        if self.way is None:
            yield _answered(self.id, self.call.answer.text or "", self.call.answer.calls, self.call)
            return
        for n, step in enumerate(self.way.steps, start=1):
            yield _answered(self.id if n == 1 else f"{self.id}:step{n}", step.text, step.calls, step.took)


def _answered(name: str, text: str, calls: tuple[ToolCall, ...], took: Call | None) -> dict[str, object]:
    """What was answered at the time, and what it took. null: the log does not say."""
    call = Call("") if took is None else took
    usage, at = call.usage, call.started_at
    return {
        "id": name,
        "text": text,
        "calls": [{"name": one.name, "arguments": decoded(one.arguments)} for one in calls],
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
        "cost_usd": usage.cost_usd,
        "total_s": None if call.total_s is None else round(call.total_s, 6),
        "ttft_s": None if call.ttft_s is None else round(call.ttft_s, 6),
        "started_at": None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "model": call.called,
        "finish": call.answer.finish,
    }


def redacted(call: Call, out: TakingOut) -> Call:
    """The call with personal data taken out of all that is written of it."""
    call.messages = tuple(LoggedMessage(one.role, out.text(one.text), _calls(one.calls, out)) for one in call.messages)
    call.answer.text = None if call.answer.text is None else _text(call.answer.text, out)
    call.answer.calls = _calls(call.answer.calls, out)
    call.answer.finish = None if call.answer.finish is None else out.text(call.answer.finish)
    call.model, call.served = (None if one is None else out.text(one) for one in (call.model, call.served))
    call.settings = out.value(call.settings)
    call.tools = tuple(out.value(one) for one in call.tools)
    call.slices = {name: out.text(value) for name, value in call.slices.items()}
    call.expected = None if call.expected is None else out.text(call.expected)
    call.session = None if call.session is None else _name(call.session, out)
    call.trace = _name(call.trace, out)
    call.name = out.text(call.name)
    call.id = _name(call.id, out)
    return call


_ID = re.compile(
    r"(?:(?:tr|run|req|resp|msg|call|gen|chatcmpl|trace|span)[-_])?"
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{16,64}|0000[0-9a-f]{4,60})(?:#[0-9]{1,9})?"
)
"""A drawn or counted name of a call, perhaps with its number in a conversation; a part of it may look like the number
of a card. Other digits alone are none: session ids are phone numbers, too."""


def _name(name: str, out: TakingOut) -> str:
    return name if _ID.fullmatch(name) else out.name(name)


def _calls(calls: tuple[ToolCall, ...], out: TakingOut) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(out.text(one.name), _text(one.arguments, out)) for one in calls)


def _text(text: str, out: TakingOut) -> str:
    """The text without personal data; one that is JSON stays JSON, also where a number was taken out."""
    said = decoded(text)
    if isinstance(said, str):
        return out.text(text)
    counts = out.counts.copy()
    made = out.text(text)
    if made == text or not isinstance(decoded(made), str):
        return made
    out.counts = counts  # else what is taken out would count twice
    return orjson.dumps(out.value(said), default=str).decode()


def turns(messages: tuple[LoggedMessage, ...]) -> list[tuple[str, str]]:
    """Roles and texts that a suite can send: the results of functions are the user's turns, marked as such."""
    said: list[tuple[str, str]] = []
    for one in messages:
        if one.role == "tool":
            said.append(("user", f"[result of the function]\n{one.text}"))
            continue
        text = one.text
        for call in one.calls:
            text += f"{chr(10) if text else ''}[calls {call.name}({call.arguments})]"
        if text:
            said.append((one.role, text))
    while said and said[-1][0] != "user":  # the beginning of an answer that was put into the model's mouth
        said.pop()
    return said


def called_turns(messages: tuple[LoggedMessage, ...]) -> list[dict[str, object]] | None:
    """The history with its calls and results as a tool interface has them; None where it has none, or where results
    and calls do not belong together: then it is asked in words."""
    said: list[dict[str, object]] = []
    n_open = 0
    for one in messages:
        calls = [{"name": call.name, "arguments": decoded(call.arguments)} for call in one.calls]
        if (one.role == "tool") != (n_open > 0) or not all(isinstance(call["arguments"], Mapping) for call in calls):
            return None
        n_open = n_open - 1 if one.role == "tool" else len(calls)
        if one.text or calls or one.role == "tool":
            said.append({"role": one.role, "content": one.text, **({"tool_calls": calls} if calls else {})})
    whole = n_open == 0 and bool(said) and said[-1]["role"] in ("user", "tool")
    return said if whole and any("tool_calls" in one for one in said) else None


def accepted(call: ToolCall) -> dict[str, object]:
    """A call as the scorer `tools` wants it: each argument with the list of accepted values."""
    arguments = decoded(call.arguments)
    return {call.name: _accepted_fields(arguments) if isinstance(arguments, Mapping) else {}}


def _accepted_fields(said: Mapping[str, object]) -> dict[str, list[Any]]:
    return {str(name): [_accepted(value)] for name, value in said.items()}


def _accepted(value: object) -> Any:
    if isinstance(value, Mapping):
        return _accepted_fields(value)
    return [_accepted(one) for one in value] if isinstance(value, list) else value
