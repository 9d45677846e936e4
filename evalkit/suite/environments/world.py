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
from evalkit.records import AgentStep, Sample, StopReason, ToolCall, ToolResult
from evalkit.suite.environments.arguments import RefusedCall
from evalkit.suite.environments.reading import Environment
from evalkit.suite.environments.recorded import USED
from evalkit.suite.environments.tool import Called
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.schema.environments import LimitsEntry

CUT: tuple[StopReason, ...] = ("length", "refusal", "content_filter")
"""How an answer ends that is not whole: its calls are not carried out."""
T = TypeVar("T", int, float, Decimal)
MOST_CALLS_IN_ALL = 1_000
"""Calls of one sample; beyond them it is over."""
MOST_SAID = 4_000_000
"""Characters of all answers, calls and results of one sample: each request holds those before it."""
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
            called = self.environment.call(state, call.name, call.arguments) if n < MOST_CALLS else left_out(state)
            state = called.state
            found.append(called)
        return tuple(found), state

    def over(self, steps: Sequence[AgentStep]) -> str | None:
        """Why nothing more is asked after the last of these steps; "" where the agent came to its own end, and None
        where it goes on."""
        last = steps[-1]
        if not last.calls or last.stop_reason in CUT or self.ends(last.calls):
            return ""
        reached = self._reached(steps)
        return None if reached is None else f"it was stopped at the limit of {reached}"

    def _reached(self, steps: Sequence[AgentStep]) -> str | None:
        """The limit that these steps have come to; None where there is none."""
        most, n = self.limits, len(steps)
        spent, tokens = total(steps, lambda step: step.cost_usd), total(steps, tokens_of)
        limits = (
            (n >= most.steps, f"{most.steps} steps"),
            (most.tokens is not None and (tokens or 0) >= most.tokens, f"{most.tokens or 0:,} tokens, after {n} steps"),
            (most.usd is not None and (spent or 0) >= most.usd, f"{most.usd} USD, after {n} steps"),
            (sum(len(step.calls) for step in steps) > MOST_CALLS_IN_ALL, f"{MOST_CALLS_IN_ALL:,} calls"),
            (sum(map(_length, steps)) > MOST_SAID, f"{MOST_SAID:,} characters"),
        )
        return next((said for is_reached, said in limits if is_reached), None)

    def played(
        self,
        answers: Sequence[Sequence[ToolCall]],
        look: Look | None = None,
        told: Sequence[Sequence[ToolResult]] | None = None,
    ) -> Played:
        """The calls of all answers, carried out again; `look` is shown each with the state before it. Raises
        BrokenEnvironment.

        `told`: what they returned. It stands for the calls of a live server, which is never asked again; and a class
        has to return it again, unless the environment is not `held` to it.
        """
        state, calls = self.state, []
        environment = self.environment
        known = [None] * len(answers) if told is None else told
        for step, (made, returned) in enumerate(zip(answers, known, strict=True), start=1):
            before = state
            if returned is None or environment.live is None:
                results, state = self.answer(state, made)
                if returned is not None and environment.code is not None and environment.held:
                    _require_alike(step, made, returned, results)
            elif len(returned) != len(made):
                raise BrokenEnvironment(f"step {step} has {len(made)} calls and {len(returned)} results")
            else:
                results = tuple(Called(one.text, one.failed, state) for one in returned)
            for call, called in zip(made, results, strict=True):
                calls.append(self._told(step, call, called, before))
                if look is not None:
                    look(calls[-1], before)
                before = called.state
        return Played(state, tuple(calls))

    def _told(self, step: int, call: ToolCall, called: Called, before: JsonMap) -> PlayedCall:
        function = self.environment.functions.get(call.name)
        try:
            arguments = function.read(call.arguments) if function is not None else {}
        except RefusedCall:
            arguments = {}
        writes = function is not None and function.writes
        if self.environment.code is not None:  # what a method does is known by what it did
            writes = {**called.state, USED: None} != {**before, USED: None}
        return PlayedCall(step, call.name, arguments, called.text, called.failed, writes)


def _require_alike(
    step: int, made: Sequence[ToolCall], returned: Sequence[ToolResult], again: Sequence[Called]
) -> None:
    """Raises BrokenEnvironment where calls return otherwise when they are carried out again."""
    for call, before, now in zip(made, returned, again, strict=False):
        if (before.text, before.failed) != (now.text, now.failed):
            raise BrokenEnvironment(
                f"step {step}: {call.name[:80]} returned otherwise when the calls were carried out again: a class may "
                "go by its state, its seed and the arguments alone"
            )


def left_out(state: JsonMap) -> Called:
    """What comes of a call beyond the `MOST_CALLS` of one answer."""
    return Called(f"Error: more than {MOST_CALLS} calls in one answer; this one was left out", True, state)


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


Look = Callable[[PlayedCall, JsonMap], None]
"""Is shown a call and the state in which it was made. States are not kept: they may be large, and many."""


@dataclass(frozen=True, slots=True)
class Played:
    """A whole trajectory."""

    state: JsonMap
    """At its end."""
    calls: tuple[PlayedCall, ...]


def _length(step: AgentStep) -> int:
    """Characters that a step adds to the conversation."""
    called = sum(len(call.name) + len(call.arguments) for call in step.calls)
    return len(step.text) + called + sum(len(result.text) for result in step.results) + len(step.carried or "")


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
