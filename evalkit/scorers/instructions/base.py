"""What an instruction kind is: its parameters and a check of a reply. The families beside this file define them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one instruction as its record gives them, checked by the demands of its kind."""

    values: Mapping[str, object]

    def number(self, name: str) -> float:
        """The number that stands under this name. Raises TypeError where the kind's demand let something else in."""
        value = self.values[name]
        if not isinstance(value, int | float):
            raise TypeError(f"{name} is no number")
        return value

    def text(self, name: str) -> str:
        """The text that stands under this name."""
        return str(self.values[name])

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts that stand under this name. Raises TypeError where the kind's demand let something else in."""
        value = self.values[name]
        if not isinstance(value, list | tuple):
            raise TypeError(f"{name} is no list")
        return tuple(map(str, value))


Check = Callable[[str, Parameters], bool]
"""(reply, parameters) -> whether the reply follows the instruction. Never raises for any reply."""

Demand = tuple[Callable[[object], bool], str]
"""A test of a parameter's value, and what to call a good one in a complaint."""

RELATIONS = ("at least", "less than", "exactly", "at most")
"""IFEval knows the first two; the others are evalkit's."""


def _is_count(value: object) -> bool:
    """JSON written by other tools has 3.0 for 3."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == int(value)


COUNT: Demand = (_is_count, "a whole number that is 0 or more")
WORD: Demand = (lambda value: isinstance(value, str) and bool(value.strip()), "text that is not empty")
TEXT: Demand = (lambda value: isinstance(value, str), "text")
WORDS: Demand = (
    lambda value: isinstance(value, list | tuple) and bool(value) and all(WORD[0](word) for word in value),
    "a list of texts",
)
RELATION: Demand = (lambda value: value in RELATIONS, f"one of {', '.join(RELATIONS)}")
LETTER: Demand = (lambda value: isinstance(value, str) and len(value) == 1, "one character")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of instruction."""

    check: Check
    needs: Mapping[str, Demand] = field(default_factory=dict)
    """Parameters that must be there."""
    takes: Mapping[str, Demand] = field(default_factory=dict)
    """Parameters that may be there."""


def alone(check: Callable[[str], bool]) -> Check:
    """The check of a kind that has no parameters."""
    return lambda reply, _parameters: check(reply)


def holds(count: int, relation: str, wanted: float) -> bool:
    """Whether the count stands in the relation to the wanted number."""
    if relation == "at least":
        return count >= wanted
    if relation == "less than":
        return count < wanted
    return count == wanted if relation == "exactly" else count <= wanted
