"""What an environment file writes with templates: values, conditions and paths, compiled once.

    Value({"sum": "{{ state.n + 1 }}"}, "returns").of({"state": {"n": 2}})            # {"sum": 3}
    Path("parcels.{{ args.id }}.status", "set").of({"args": {"id": "P.1"}})           # ("parcels", "P.1", "status")

A text that is one expression gives the value itself, any other its text. A path is divided at its dots before anything
is filled in, so that an argument of the model's is one step of the way, whatever it holds.
"""

from __future__ import annotations

import math
import re

from evalkit.facts.base import Json
from evalkit.suite.rendering import TooMuch, Unwritable, measure
from evalkit.suite.templates import BadTemplate, Expression, Template
from evalkit.suite.wording import short

DEEPEST = 24
"""Levels of a state, of an argument and of a value."""
_PARTS = re.compile(r"\{\{.*?\}\}|\.|[^.{]+|\{", re.DOTALL)

Names = dict[str, Json]
"""What templates read: `state`, `args`, and what `let` and `find` named."""


class BrokenEnvironment(Exception):
    """The environment file cannot do what it says: the suite's fault, and never the model's. `str()` is half a
    sentence."""


LONGEST_PATH = 1_000
"""Characters of a path with its templates."""


class Value:
    """A JSON value whose texts are templates."""

    __slots__ = ("_node",)

    def __init__(self, written: Json, where: str) -> None:
        """Raises BadTemplate."""
        self._node = _compiled(written, where, 0)

    def of(self, names: Names) -> Json:
        """The value. Raises BrokenEnvironment."""
        return _value(self._node, names)


class StateCondition:
    """An expression that is true or false."""

    __slots__ = ("_expression",)

    def __init__(self, written: str, where: str) -> None:
        """Raises BadTemplate."""
        self._expression = Expression(written, where)

    def holds(self, names: Names) -> bool:
        """Raises BrokenEnvironment, also where the expression gives anything but true or false."""
        found = _evaluated(self._expression, names)
        if not isinstance(found, bool):
            raise BrokenEnvironment(f"{self._expression.source} gives {short(found)}, and a condition is true or false")
        return found


class Path:
    """A place in the state, `parcels.{{ args.id }}.status`."""

    __slots__ = ("_parts", "source")

    def __init__(self, written: str, where: str) -> None:
        """Raises BadTemplate."""
        self.source = written
        self._parts = tuple(_compiled(part, where, 0) for part in _divided(written))

    def of(self, names: Names) -> tuple[str | int, ...]:
        """Its steps. Raises BrokenEnvironment for a step that is neither a text nor a whole number."""
        found: list[str | int] = []
        for part in self._parts:
            step = _value(part, names)
            if isinstance(step, bool) or not isinstance(step, str | int):
                raise BrokenEnvironment(f"the path {self.source!r} has the step {short(step)}, which is no key")
            found.append(step)
        return tuple(found)


_Node = "Template | Expression | _Constant | list[_Node] | dict[str, _Node]"


class _Constant:
    __slots__ = ("value",)

    def __init__(self, value: Json) -> None:
        self.value = value


def _compiled(written: Json, where: str, depth: int) -> object:
    if depth > DEEPEST:
        raise BadTemplate(f"is nested more than {DEEPEST} deep")
    if isinstance(written, str) and ("{{" in written or "{%" in written):
        inner = written.strip()
        if inner.startswith("{{") and inner.endswith("}}") and "{{" not in inner[2:] and "{%" not in inner:
            return Expression(written, where)
        return Template(written, where)
    if isinstance(written, list):
        return [_compiled(one, where, depth + 1) for one in written]
    if isinstance(written, dict):
        return {key: _compiled(one, where, depth + 1) for key, one in written.items()}
    return _Constant(written)


def _value(node: object, names: Names) -> Json:
    if isinstance(node, _Constant):
        return node.value
    if isinstance(node, Template):
        try:
            return node.render(names)
        except BadTemplate as error:
            raise BrokenEnvironment(f"{node.where}: {error}") from error
    if isinstance(node, list):
        return [_value(one, names) for one in node]
    if isinstance(node, dict):
        return {key: _value(one, names) for key, one in node.items()}
    assert isinstance(node, Expression)
    return _evaluated(node, names)


def _evaluated(expression: Expression, names: Names) -> Json:
    try:
        found = expression.value(names)
        measure(found)
        return as_plain(found)
    except (TooMuch, Unwritable, BadTemplate) as error:
        raise BrokenEnvironment(f"{expression.where}: {expression.source} {error}") from error
    except ValueError as error:
        raise BrokenEnvironment(f"{expression.where}: {expression.source} gives what {error}") from error


def as_plain(value: object, depth: int = 0) -> Json:
    """The value as JSON has it. Raises ValueError (half a sentence) for what JSON has not, or what is too deep."""
    if depth > DEEPEST:
        raise ValueError(f"is nested more than {DEEPEST} deep")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("is no finite number")
        return value
    if isinstance(value, list | tuple):
        return [as_plain(one, depth + 1) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: as_plain(one, depth + 1) for key, one in value.items()}
    raise ValueError(f"is no JSON value ({type(value).__name__}); add | list, or write it out")


def _divided(written: str) -> list[str]:
    """The steps of a path as they are written; a dot inside `{{ }}` divides nothing."""
    if len(written) > LONGEST_PATH:
        raise BadTemplate(f"has a path of more than {LONGEST_PATH:,} characters: {short(written)}")
    steps = [""]
    for part in _PARTS.findall(written):
        if part == ".":
            steps.append("")
        else:
            steps[-1] += part
    if not all(steps):
        raise BadTemplate(f"has a path with an empty step: {short(written)}")
    return steps
