"""One tool of an environment: what a call of it does to the state, and what it returns.

    tool = EnvironmentFunction(entry)
    tool.call(state, '{"parcel": "P-1"}')     # Called(text='{"refunded": 1250}', failed=False, state={...})

A call either does all that it says or nothing. What the model did wrong comes back to it as an error; what the file
cannot do is a BrokenEnvironment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from evalkit.facts.base import Json, JsonMap
from evalkit.suite.environments import state as states
from evalkit.suite.environments.arguments import ArgumentCheck, RefusedCall
from evalkit.suite.environments.values import BrokenEnvironment, Names, Path, StateCondition, Value
from evalkit.suite.metering import Spent
from evalkit.suite.rendering import TooMuch
from evalkit.suite.schema.environments import ActionEntry, EnvironmentTool, RemoveEntry
from evalkit.suite.templates import BadTemplate
from evalkit.suite.tools import read_tools
from evalkit.suite.wording import short

MOST_ACTIONS = 50
"""Of one tool."""
MOST_ENTRIES = 10_000
"""That one `find` or `remove` looks at."""
LONGEST_CALL_S = 5.0
"""Seconds of the processor that one call may take: a thousand times what a tool of a dozen actions needs."""
MOST_TOOLS = 100
"""Of one environment."""
LONGEST_RESULT = 100_000
"""Characters that one call returns."""
RESERVED = frozenset({"state", "args", "item", "key"})
_KINDS = ("require", "let", "find", "set", "append", "increment", "remove")
_WRITES = frozenset({"set", "append", "increment", "remove"})


@dataclass(frozen=True, slots=True)
class Called:
    """What a call came to."""

    text: str
    """What the model is told."""
    failed: bool
    """Whether it was refused: then the state is as before."""
    state: JsonMap
    """The state afterwards."""


class EnvironmentFunction:
    """One tool, compiled."""

    __slots__ = ("_actions", "_arguments", "_returns", "_spent", "ends", "tool", "writes")

    def __init__(self, entry: EnvironmentTool) -> None:
        """Raises ValueError or BadTemplate (half a sentence) for what cannot be carried out."""
        declared = {"name": entry.name, "description": entry.description, "parameters": dict(entry.parameters)}
        (self.tool,) = read_tools([declared])
        if len(entry.do) > MOST_ACTIONS:
            raise ValueError(f"{entry.name} does {len(entry.do)} things, and the most is {MOST_ACTIONS}")
        self._arguments = ArgumentCheck(cast(JsonMap, self.tool.parameters), entry.name)
        self._actions = tuple(_Action(one, f"{entry.name}.do[{n}]") for n, one in enumerate(entry.do))
        self._returns = Value(entry.returns, f"{entry.name}.returns")
        self._spent = Spent()
        self.ends = entry.ends
        self.writes = any(action.writes for action in self._actions)
        """Whether a call may change the state."""

    def read(self, arguments: str) -> dict[str, Json]:
        """The arguments of a call as a model wrote them. Raises RefusedCall."""
        return self._arguments.read(arguments)

    def call(self, state: JsonMap, arguments: str) -> Called:
        """Carry out a call. Raises BrokenEnvironment."""
        try:
            with self._spent.counted():  # besides each template: a condition is asked of thousands of entries
                text, after = self._carry_out(state, arguments)
        except RefusedCall as error:
            return Called(f"Error: {error}", failed=True, state=state)
        except TooMuch as error:
            raise BrokenEnvironment(f"{self.tool.name} {error}") from error
        return Called(text, failed=False, state=after)

    def _carry_out(self, state: JsonMap, arguments: str) -> tuple[str, JsonMap]:
        """What the model is told, and the state afterwards. Raises RefusedCall, BrokenEnvironment."""
        names: Names = {"state": dict(state), "args": self.read(arguments)}
        until = time.thread_time() + LONGEST_CALL_S
        for action in self._actions:
            action.carry_out(names, until)
        if self.writes and states.size(names["state"]) > states.MOST_STATE:
            raise RefusedCall("there is no room for so much")
        returned = self._returns.of(names)
        text = "ok" if returned in (None, "") else returned if isinstance(returned, str) else _json(returned)
        if len(text) > LONGEST_RESULT:
            raise RefusedCall(f"the result would be longer than {LONGEST_RESULT:,} characters")
        after = names["state"]
        assert isinstance(after, dict)
        return text, after


class _Action:
    """One thing that a tool does."""

    __slots__ = ("_find", "_let", "_paths", "_remove", "_require", "_says", "_when", "_where", "kind")

    def __init__(self, entry: ActionEntry, where: str) -> None:
        kinds = [kind for kind in _KINDS if getattr(entry, kind) is not None]
        if len(kinds) != 1:
            said = f"it says {' and '.join(kinds)}" if kinds else "it says none"
            raise ValueError(f"{where} must say exactly one of {', '.join(_KINDS)} ({said})")
        self.kind = kinds[0]
        if entry.otherwise is not None and self.kind != "require":
            raise ValueError(f"{where}: `else` belongs to require")
        self._where = where
        self._when = None if entry.when is None else StateCondition(entry.when, where)
        self._require = None if entry.require is None else StateCondition(entry.require, where)
        self._says = Value(entry.otherwise or "this is not possible", where)
        self._let = [(name, Value(value, where)) for name, value in (entry.let or {}).items()]
        self._find: tuple[Value, StateCondition | None, str] | None = None
        self._remove: tuple[Path, StateCondition] | None = None
        self._paths: list[tuple[Path, Value]] = []
        if entry.find is not None:
            inner = entry.find.where
            condition = None if inner is None else StateCondition(inner, where)
            self._find = (Value(entry.find.within, where), condition, entry.find.name)
        if isinstance(entry.remove, RemoveEntry):
            self._remove = (Path(entry.remove.within, where), StateCondition(entry.remove.where, where))
        elif entry.remove is not None:
            self._paths = [(Path(path, where), Value(None, where)) for path in entry.remove]
        for named in (entry.set, entry.append, entry.increment):
            self._paths += [(Path(path, where), Value(value, where)) for path, value in (named or {}).items()]
        taken = [name for name, _ in self._let] + ([self._find[2]] if self._find else [])
        if wrong := [name for name in taken if name in RESERVED]:
            raise ValueError(f"{where}: {wrong[0]!r} has a meaning of its own; choose another name")

    @property
    def writes(self) -> bool:
        return self.kind in _WRITES

    def carry_out(self, names: Names, until: float) -> None:
        """Change the names, the state among them. Raises RefusedCall, and BrokenEnvironment, also where the thread's
        processor time has passed `until`."""
        try:
            if self._when is None or self._when.holds(names):
                self._carry_out(names, until)
        except BrokenEnvironment as error:
            told = str(error)
            raise BrokenEnvironment(told if told.startswith(self._where) else f"{self._where}: {told}") from error

    def _carry_out(self, names: Names, until: float) -> None:
        _in_time(until)
        if self._require is not None and not self._require.holds(names):
            raise RefusedCall(str(self._says.of(names)))
        for name, value in self._let:
            _in_time(until)
            names[name] = value.of(names)
        if self._find is not None:
            within, condition, name = self._find
            found = _entries(within.of(names))
            names[name] = [item for key, item in found if _holds(condition, names, key, item, until)]
        if self._remove is not None:
            path, condition = self._remove
            steps = path.of(names)
            names["state"] = states.kept(
                names["state"], steps, lambda key, item: not _holds(condition, names, key, item, until)
            )
        for path, value in self._paths:
            _in_time(until)
            names["state"] = self._changed(names["state"], path.of(names), value.of(names))

    def _changed(self, state: Json, steps: states.Steps, value: Json) -> Json:
        match self.kind:
            case "set":
                return states.put(state, steps, value)
            case "append":
                return states.appended(state, steps, value)
            case "increment":
                return states.increased(state, steps, value)
            case _:
                return states.without(state, steps)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entries(within: Json) -> Iterator[tuple[str | int, Json]]:
    """(key or place, entry). Raises BrokenEnvironment for what holds none, or too many."""
    if isinstance(within, list | Mapping) and len(within) > MOST_ENTRIES:
        raise BrokenEnvironment(f"{len(within):,} entries are looked through, and the most is {MOST_ENTRIES:,}")
    if isinstance(within, list):
        return iter(enumerate(within))
    if isinstance(within, dict):
        return iter(within.items())
    raise BrokenEnvironment(f"{short(within)} is no list and no mapping to look through")


def _holds(condition: StateCondition | None, names: Names, key: str | int, item: Json, until: float) -> bool:
    if condition is None:
        return True
    _in_time(until)
    return condition.holds({**names, "item": item, "key": key})


def _in_time(until: float) -> None:
    if time.thread_time() > until:
        raise BrokenEnvironment(f"the call takes more than {LONGEST_CALL_S:g} s of the processor: look through less")


def functions(entries: tuple[EnvironmentTool, ...]) -> dict[str, EnvironmentFunction]:
    """The tools by name. Raises ValueError (half a sentence)."""
    found: dict[str, EnvironmentFunction] = {}
    for entry in entries:
        if entry.name in found:
            raise ValueError(f"there are two tools {entry.name!r}")
        try:
            found[entry.name] = EnvironmentFunction(entry)
        except BadTemplate as error:
            raise ValueError(f"{entry.name}: {error}") from error
    return found
