"""What log records say of a span: instrumentations that keep content apart from spans write it there.

gen_ai.client.inference.operation.details   one record a call, its messages as structured attributes
gen_ai.user.message, gen_ai.choice ...      the older way: one record a message, its text in the body
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.conversations import role_of, turns_of
from evalkit.bridges.traces.span_calls import call_of_span
from evalkit.bridges.traces.spans import LoggedEvent, LoggedSpan
from evalkit.bridges.traces.values import decoded

DETAILS = "gen_ai.client.inference.operation.details"
_TURN, _CHOICE = ("gen_ai.", ".message"), "gen_ai.choice"


def part_of_event(event: LoggedEvent) -> Call | None:
    """The part of a call that a log record holds; None where it holds none."""
    if event.name == DETAILS:
        span = LoggedSpan(trace=event.trace, span=event.span, attributes=event.attributes)
        span.attributes.setdefault("gen_ai.operation.name", "chat")
        made = call_of_span(span)
        if made is not None:
            made.part = "content"
        return made
    turn = turn_of(event.name, event.body)
    if turn is None:
        return None
    turn.trace, turn.span, turn.part = event.trace, event.span, "turn"
    return turn


def turn_of(name: str, body: object) -> Call | None:
    """A call with the one turn, or the answer, that an event of the older conventions holds."""
    body = decoded(body)
    if name == _CHOICE:
        inner = body.get("message", body) if isinstance(body, Mapping) else body
        made = Call("otlp", answer=answer_of(inner))
        if isinstance(body, Mapping) and isinstance(body.get("finish_reason"), str):
            made.answer.finish = body["finish_reason"]
        return made
    if not (name.startswith(_TURN[0]) and name.endswith(_TURN[1])):
        return None
    role = role_of(name[len(_TURN[0]) : -len(_TURN[1])])
    if role is None:
        return None
    turns = turns_of([{"role": role, **body, **{"role": role}}]) if isinstance(body, Mapping) else turns_of(body)
    return Call("otlp", messages=tuple(turns))
