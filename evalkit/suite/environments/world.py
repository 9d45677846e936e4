"""What one sample's agent acts in: an environment, the state that this sample begins with, and how far it may go.

    world.played([[ToolCall("refund", '{"parcel": "P-1"}')]])      # Played(state={...}, calls=(PlayedCall(...),))

The same calls give the same state and the same results, always: a stored trajectory can be scored again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from evalkit.facts.base import Json, JsonMap
from evalkit.records import AgentStep, Sample, StopReason, ToolCall
from evalkit.suite.environments.arguments import RefusedCall
from evalkit.suite.environments.reading import Environment
from evalkit.suite.environments.tool import Called
from evalkit.suite.schema.environments import LimitsEntry

CUT: tuple[StopReason, ...] = ("length", "refusal", "content_filter")
"""How an answer ends that is not whole: its calls are not carried out."""
T = TypeVar("T", int, float, Decimal)
MOST_CALLS = 50
"""Calls of one answer that are carried out; the model is told so of the others."""


@dataclass(frozen=True, slots=True)
class World:
    """See the module."""

    environment: Environment
    state: JsonMap
    """What there is before the first call of this sample."""
    limits: LimitsEntry
    native: bool
    """Whether calls come through the provider's tool interface; False: in the text."""

    def ends(self, calls: Iterable[ToolCall]) -> bool:
        """Whether one of these calls is of a tool that ends the sample."""
        functions = self.environment.functions
        return any(call.name in functions and functions[call.name].ends for call in calls)

    def answer(self, state: JsonMap, calls: Sequence[ToolCall]) -> tuple[tuple[Called, ...], JsonMap]:
        """What the calls of one answer come to, one after another, and the state behind them. Raises
        BrokenEnvironment."""
        found: list[Called] = []
        for n, call in enumerate(calls):
            if n < MOST_CALLS:
                called = self.environment.call(state, call.name, call.arguments)
            else:
                called = Called(
                    f"Error: more than {MOST_CALLS} calls in one answer; this one was left out", True, state
                )
            state = called.state
            found.append(called)
        return tuple(found), state

    def over(self, steps: Sequence[AgentStep]) -> str | None:
        """Why nothing more is asked after the last of these steps; "" where the agent came to its own end, and None
        where it goes on."""
        last, most = steps[-1], self.limits
        if not last.calls or last.stop_reason in CUT or self.ends(last.calls):
            return ""
        if len(steps) >= most.steps:
            return f"it was stopped at the limit of {most.steps} steps"
        if most.tokens is not None and (n := total(steps, tokens_of)) is not None and n >= most.tokens:
            return f"it was stopped at the limit of {most.tokens:,} tokens, after {len(steps)} steps"
        if most.usd is not None and (usd := total(steps, lambda step: step.cost_usd)) is not None and usd >= most.usd:
            return f"it was stopped at the limit of {most.usd} USD, after {len(steps)} steps"
        return None

    def played(self, answers: Iterable[Sequence[ToolCall]]) -> Played:
        """The calls of all answers, carried out again. Raises BrokenEnvironment."""
        state, calls = self.state, []
        for step, made in enumerate(answers, start=1):
            before = state
            results, state = self.answer(state, made)
            for call, called in zip(made, results, strict=True):
                calls.append(self._told(step, call, called, before))
                before = called.state
        return Played(state, tuple(calls))

    def _told(self, step: int, call: ToolCall, called: Called, before: JsonMap) -> PlayedCall:
        function = self.environment.functions.get(call.name)
        try:
            arguments = function.read(call.arguments) if function is not None else {}
        except RefusedCall:
            arguments = {}
        writes = function is not None and function.writes
        return PlayedCall(step, call.name, arguments, called.text, called.failed, writes, before)


@dataclass(frozen=True, slots=True)
class PlayedCall:
    """One call and what it came to."""

    step: int
    """Which answer made it, from 1."""
    name: str
    arguments: dict[str, Json]
    """Those left out included; {} where they could not be read."""
    text: str
    failed: bool
    writes: bool
    """Whether the tool is one that changes the state."""
    before: JsonMap
    """The state in which it was made."""


@dataclass(frozen=True, slots=True)
class Played:
    """A whole trajectory."""

    state: JsonMap
    """At its end."""
    calls: tuple[PlayedCall, ...]


def total(steps: Sequence[AgentStep], of: Callable[[AgentStep], T | None]) -> T | None:
    """The sum over the steps; None where one is unknown."""
    known = [value for step in steps if (value := of(step)) is not None]
    return None if len(known) < len(steps) or not known else sum(known[1:], known[0])


def tokens_of(step: AgentStep) -> int | None:
    """Input and output of a step; None where one is unknown."""
    given, made = step.input_tokens, step.output_tokens
    return None if given is None or made is None else given + made


def world_of(sample: Sample) -> World | None:
    """What the sample's agent acts in; None for a sample that takes one answer."""
    return sample.world if isinstance(sample.world, World) else None
