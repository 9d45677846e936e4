"""The options of a scorer, read from a suite: unknown names and wrong values are refused, all of them at once.

    read("exact", {"ignore_case": True}, {"strip": Flag(True), "ignore_case": Flag(False)})
    # {"strip": True, "ignore_case": True, "refusal": "wrong"}

What comes out is complete (defaults filled in), because it becomes part of the task's identity.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.suite.wording import short

_LARGEST = sys.float_info.max
_Kind = TypeVar("_Kind")


class OptionRule(Protocol):
    """What one option may be."""

    @property
    def default(self) -> Any:
        """What it is when the suite does not say."""

    def complaint(self, value: object) -> str | None:
        """What is wrong with the value, to follow 'must be'; None when it is fine."""


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    default: bool

    def complaint(self, value: object) -> str | None:
        return None if isinstance(value, bool) else "true or false"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    names: tuple[str, ...]
    default: str

    def complaint(self, value: object) -> str | None:
        if value in self.names and isinstance(value, str):
            return None
        return f"one of {', '.join(self.names)}{did_you_mean(value, self.names)}"


@dataclass(frozen=True, slots=True)
class Text:
    """Some text, not empty. A default of None means that the option may be left out."""

    default: str | None = None

    def complaint(self, value: object) -> str | None:
        return None if isinstance(value, str) and value else "text that is not empty"


@dataclass(frozen=True, slots=True)
class Texts:
    """A text or a list of texts; None where it is not given."""

    default: None = None

    def complaint(self, value: object) -> str | None:
        several = value if isinstance(value, list) else [value]
        good = bool(several) and all(isinstance(one, str) and one for one in several)
        return None if good else "a text or a list of texts"


@dataclass(frozen=True, slots=True)
class Amount:
    """A finite number that is not negative, and between bounds where the amount is time or memory."""

    default: float
    least: float = 0
    most: float | None = None

    def complaint(self, value: object) -> str | None:
        most = _LARGEST if self.most is None else min(self.most, _LARGEST)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and max(self.least, -_LARGEST) <= value <= most
        ):
            return None
        return (
            f"a number from {self.least:g} to {self.most:,}" if self.most is not None else "a number that is 0 or more"
        )


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names; the default is none."""

    default: tuple[str, ...] = ()

    def complaint(self, value: object) -> str | None:
        fine = isinstance(value, list | tuple) and value and all(isinstance(name, str) and name for name in value)
        return None if fine else "a list of names"


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, left to the scorer to read. None means that there is none."""

    default: Mapping[str, object] | None = None

    def complaint(self, value: object) -> str | None:
        return None if isinstance(value, Mapping) else "a mapping"


@dataclass(frozen=True, slots=True)
class Entries:
    """A list, left to the scorer to read; the default is none."""

    default: tuple[object, ...] = ()

    def complaint(self, value: object) -> str | None:
        return None if isinstance(value, list | tuple) else "a list"


REFUSAL = OneOf(("wrong", "right"), "wrong")
"""Every scorer takes it: `refusal: right` where declining is what the task asks for."""


class OptionValues(dict[str, object]):
    """Every option of a scorer with its value, as `read` checked it; the getters say of what type one is.

    They raise TypeError where a scorer asks for an option as another type than its rule allows: a defect of the scorer.
    """

    def flag(self, name: str) -> bool:
        """An option whose rule is `Flag`."""
        return self._of(name, bool)

    def text(self, name: str) -> str:
        """An option whose rule is `OneOf`, or `Text` with a default."""
        return self._of(name, str)

    def optional_text(self, name: str) -> str | None:
        """An option whose rule is `Text`; None where the suite does not say."""
        return None if self[name] is None else self._of(name, str)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """An option of the rule `Texts`, as several; None where it is not given."""
        value = self[name]
        return None if value is None else tuple(value) if isinstance(value, list) else (str(value),)

    def amount(self, name: str) -> float:
        """An option whose rule is `Amount`."""
        value = self[name]
        return float(value) if isinstance(value, int) else self._of(name, float)

    def names(self, name: str) -> tuple[str, ...]:
        """An option whose rule is `Names`."""
        value = self[name]
        return tuple(map(str, value)) if isinstance(value, list | tuple) else self._of(name, tuple)

    def numbers(self, name: str) -> tuple[float, ...]:
        """An option that is a list of numbers."""
        value = self[name]
        return tuple(map(float, value)) if isinstance(value, list | tuple) else self._of(name, tuple)

    def table(self, name: str) -> Mapping[str, object] | None:
        """An option whose rule is `Table`; None where the suite does not say."""
        value = self[name]
        return value if value is None or isinstance(value, Mapping) else self._of(name, dict)

    def entries(self, name: str) -> list[object]:
        """An option whose rule is `Entries`."""
        value = self[name]
        return list(value) if isinstance(value, list | tuple) else self._of(name, list)

    def _of(self, name: str, kind: type[_Kind]) -> _Kind:
        value = self[name]
        if not isinstance(value, kind):
            raise TypeError(f"option {name!r} is no {kind.__name__}: {value!r}")
        return value


def read(scorer: str, given: Mapping[str, object], rules: Mapping[str, OptionRule]) -> OptionValues:
    """Every option of the scorer with its value. Raises SuiteError with one complaint for each that is wrong."""
    rules = {**rules, "refusal": REFUSAL}
    complaints = []
    for name, value in given.items():
        if name not in rules:
            complaints.append(
                f"scorer {scorer}: there is no option {name!r}{did_you_mean(name, rules)}; "
                f"it takes {', '.join(sorted(rules))}"
            )
        elif (value is not None or rules[name].default is not None) and (wanted := rules[name].complaint(value)):
            complaints.append(f"scorer {scorer}: option {name!r} must be {wanted}; it is {short(value)}")
    if complaints:
        raise SuiteError(complaints)
    return OptionValues({name: given.get(name, rule.default) for name, rule in rules.items()})


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`(did you mean 'x'?)` with a space before it, or nothing when no known name is near."""
    near = difflib.get_close_matches(str(name)[:80], list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
