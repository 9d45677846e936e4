"""Whole trajectories of a log as samples: the candidate acts by itself, and its calls return what was recorded.

way = way_of(call, took)        # of the last request of a trajectory: what was called since the user spoke
recorded_tools(tools, ways)     # the environment file of a task: {"apart": true, "tools": [...], "results": [...]}

A trajectory is what a model did between the user's last turn and an answer without a call. Its last request holds all
of it; the requests before that one say what each step took.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import orjson

from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage, LoggedUsage
from evalkit.bridges.traces.spool import Place
from evalkit.bridges.traces.values import decoded
from evalkit.errors import UserError
from evalkit.facts.base import Json
from evalkit.records import ToolCall
from evalkit.suite.environments.conduct import MOST_RULES
from evalkit.suite.environments.reading import LARGEST_RECORD
from evalkit.suite.environments.tool import LONGEST_RESULT

LONGEST_LOGGED = LONGEST_RESULT // 2
"""Characters of a result in the log: taking personal data out can make it longer."""
MOST_STEPS = 100
"""Requests of a trajectory that is asked again; its candidate may take twice as many."""
NOT_THE_END = "a step on the way of a trajectory, or one that never ended: only its last request is a sample"
NO_CALLS = "answered without a call of a function since the user spoke: there is nothing to run freely"
_ODD = "functions called in the log, and what they returned, do not belong together"
N = TypeVar("N", int, float)
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete", "model_length", "content_filter"})


@dataclass(slots=True)
class WayStep:
    """One request of a trajectory."""

    text: str
    calls: tuple[ToolCall, ...]
    results: tuple[str, ...]
    """What the calls returned; () for the last step, which makes none."""
    took: Call | None
    """The logged request. None: the log does not have it, so nobody knows what it took."""


@dataclass(slots=True)
class RecordedWay:
    """What was done between the user's last turn and the end."""

    asked: tuple[LoggedMessage, ...]
    """The conversation up to the user's last turn."""
    steps: tuple[WayStep, ...]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """All calls in their order."""
        return tuple(call for step in self.steps for call in step.calls)


def unfit_way(call: Call) -> str | None:  # noqa: PLR0911  # one return a reason
    """Why the request is not the last one of a trajectory that can be run freely; None: it is."""
    if call.answer.calls or not (call.answer.text or "").strip():
        return NOT_THE_END
    if (call.answer.finish or "").lower() in _CUT:
        return "a trajectory whose last answer was cut off or filtered"
    parts = _parts(call.messages)
    if not parts[1]:
        return NO_CALLS
    if not call.tools:
        return "calls functions, and the log does not say which were on offer"
    declared = {tool.get("name") for tool in call.tools}
    steps = _steps(parts[1])
    if steps is None:
        return _ODD
    if any(one.name not in declared for step in steps for one in step.calls):
        return "calls a function that the log does not declare"
    if any(len(text) > LONGEST_LOGGED for step in steps for text in step.results):
        return f"a function returned more than {LONGEST_LOGGED:,} characters"
    if sum(len(step.calls) for step in steps) > MOST_RULES:
        return f"a trajectory of more than {MOST_RULES} calls"
    return None if len(steps) < MOST_STEPS else f"a trajectory of more than {MOST_STEPS} requests"


def way_of(call: Call, took: Sequence[Call | None]) -> RecordedWay:
    """The way of a request that `unfit_way` finds nothing against. `took`: the logged requests of its steps but the
    last, in their order."""
    asked, behind = _parts(call.messages)
    steps = _steps(behind) or []
    for step, one in zip(steps, took, strict=True):
        step.took = one
    return RecordedWay(asked, (*steps, WayStep(call.answer.text or "", (), (), call)))


def _parts(messages: tuple[LoggedMessage, ...]) -> tuple[tuple[LoggedMessage, ...], tuple[LoggedMessage, ...]]:
    """The conversation up to the user's last turn, and what came behind it."""
    last = max((n for n, turn in enumerate(messages) if turn.role == "user"), default=len(messages) - 1)
    return messages[: last + 1], messages[last + 1 :]


def _steps(behind: tuple[LoggedMessage, ...]) -> list[WayStep] | None:
    """The steps behind the user's last turn; None where calls and results do not belong together."""
    found: list[WayStep] = []
    for n, turn in enumerate(behind):
        if turn.role == "tool" and found and len(found[-1].results) < len(found[-1].calls):
            found[-1].results = (*found[-1].results, turn.text)
        elif turn.role == "assistant" and _goes_on(behind, n):  # one answer, its parts logged as turns
            found[-1].text = "\n".join(one for one in (found[-1].text, turn.text) if one)
            found[-1].calls = (*found[-1].calls, *turn.calls)
        elif turn.role == "assistant":
            found.append(WayStep(turn.text, turn.calls, (), None))
        else:
            return None
    arguments = (decoded(call.arguments) for step in found for call in step.calls)
    whole = all(step.calls and len(step.results) == len(step.calls) for step in found)
    return found if found and whole and all(isinstance(one, Mapping) for one in arguments) else None


def _goes_on(behind: tuple[LoggedMessage, ...], n: int) -> bool:
    """Whether a turn of the model belongs to the answer that the turn before it is of."""
    return n > 0 and behind[n - 1].role == "assistant"


class StepIndex:
    """Where each request of a log lies, by its conversation and all that it sent."""

    def __init__(self) -> None:
        self._places: dict[bytes, Place] = {}

    def add(self, call: Call, place: Place) -> None:
        """Note a request; of two alike in one conversation the last."""
        self._places[_digest(call, call.messages)] = place

    def before(self, call: Call) -> list[Place | None]:
        """The places of the requests before the last one of a trajectory, step by step; None: the log lacks it."""
        asked, behind = _parts(call.messages)
        found = []
        for n, turn in enumerate(behind):
            if turn.role == "assistant" and not _goes_on(behind, n):
                found.append(self._places.get(_digest(call, (*asked, *behind[:n]))))
        return found


def _digest(call: Call, messages: Iterable[LoggedMessage]) -> bytes:
    made = hashlib.blake2b((call.session or call.trace).encode("utf-8", "surrogatepass"), digest_size=12)
    for turn in messages:
        said = repr((turn.role, turn.text, [(one.name, one.arguments) for one in turn.calls]))
        made.update(said.encode("utf-8", "surrogatepass"))
    return made.digest()


def summed(call: Call, way: RecordedWay) -> Call:
    """The last request with what the whole trajectory took; a figure of which one step says nothing is unknown."""
    took = [step.took for step in way.steps]
    return replace(
        call,
        usage=LoggedUsage(
            input=_sum([None if one is None else one.usage.input for one in took]),
            output=_sum([None if one is None else one.usage.output for one in took]),
            cost_usd=_sum([None if one is None else one.usage.cost_usd for one in took]),
        ),
        total_s=_sum([None if one is None else one.total_s for one in took]),
        answer=Answer(call.answer.text, (), call.answer.finish),
    )


def _sum(values: Sequence[N | None]) -> N | None:
    """The sum; None where one is not known."""
    known = [value for value in values if value is not None]
    return sum(known, type(known[0])()) if known and len(known) == len(values) else None


def conduct_of(way: RecordedWay) -> list[dict[str, Json]]:
    """Rules of conduct: each call of production is made, as often as production made it, in any order.

    A rule counts every call that has its arguments, and perhaps more; so `times` is how many of production's did. No
    call returns anything more often than it was recorded, so each is made where all rules hold.
    """
    made: list[tuple[str, dict[str, Json]]] = []
    for call in way.calls:
        arguments = decoded(call.arguments)
        assert isinstance(arguments, dict)
        made.append((call.name, arguments))
    rules: dict[bytes, dict[str, Json]] = {}
    for name, given in made:
        n = sum(
            other == name and all(arguments.get(key) == value for key, value in given.items())
            for other, arguments in made
        )
        key = orjson.dumps([name, given], option=orjson.OPT_SORT_KEYS)
        rules[key] = {"must": name, **({"times": n} if n > 1 else {}), **({"with": given} if given else {})}
    return list(rules.values())


def recorded_tools(tools: Sequence[Mapping[str, object]], ways: Iterable[tuple[str, RecordedWay]]) -> bytes:
    """The environment file: these tools, and by sample what its calls returned. Raises UserError for too large a
    one."""
    results = []
    for sample, way in ways:
        for step in way.steps:
            for call, text in zip(step.calls, step.results, strict=False):
                told = {"content": [{"type": "text", "text": text}], "isError": False}
                named = {"session": sample, "sample": sample, "name": call.name}
                results.append({**named, "arguments": decoded(call.arguments), "result": told})
    listed = [
        {"name": one["name"], "description": one["description"], "inputSchema": one["parameters"]} for one in tools
    ]
    about = "What functions returned in a log, by sample. Made by `evalkit import traces --trajectories free`."
    content = orjson.dumps({"about": about, "apart": True, "tools": listed, "results": results})
    if len(content) > LARGEST_RECORD:
        raise UserError(
            f"what the functions of one task returned is more than {LARGEST_RECORD:,} bytes: draw fewer with --samples"
        )
    return content + b"\n"
