"""Records that are made quickly are dataclasses in everything that anybody can see of them."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, field, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit import compiling_ahead, frozen
from evalkit.records import AgentStep, Row, Usage
from tests.conftest import REPO
from tests.store_rows import a_hostile_row, a_row


class _Plain:
    """One."""

    a: int
    b: str = "x"
    c: Mapping[str, int] = field(default_factory=dict)
    d: float | None = field(default=None, repr=False, compare=False)
    k: tuple[int, ...] = field(default=(), kw_only=True)

    @property
    def twice(self) -> int:
        return 2 * self.a


class _Nothing:
    """None."""


class _Single:
    x: float


def _both(cls: type[Any], **options: bool) -> tuple[Any, Any]:
    """The class by the standard library and by ours. Type checkers see but one `dataclass`."""
    made = []
    for make in (dataclasses.dataclass, typing.cast(Any, frozen).dataclass):
        own = {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
        one = type(cls.__name__, (), own)
        made.append(make(**({"frozen": True, "slots": True} | options))(one))
    return made[0], made[1]


STD, OURS = _both(_Plain)


def _told(act: Callable[[], object]) -> object:
    try:
        return act()
    except Exception as error:  # noqa: BLE001  # its kind and its words are compared
        return type(error), re.sub(r"^.*?__init__", "__init__", str(error))


@pytest.mark.parametrize(
    "given",
    [((1,), {}), ((1, "y", {"z": 1}, 2.0), {"k": (1,)}), ((), {"a": 1}), ((), {}), ((1,), {"a": 1}), ((1,), {"q": 1})],
)
def test_objects_are_made_shown_and_compared_as_by_the_standard_library(given: tuple[Any, Any]) -> None:
    places, names = given
    std, ours = _told(lambda: STD(*places, **names)), _told(lambda: OURS(*places, **names))
    if isinstance(std, tuple):
        assert ours == std
        return
    assert repr(ours) == repr(std) and ours != std
    assert [getattr(ours, one.name) for one in dataclasses.fields(OURS)] == list(dataclasses.astuple(std))  # type: ignore[call-overload]
    assert ours == OURS(*places, **names) and replace(ours, d=9.0) == ours and replace(ours, a=7) != ours  # type: ignore[type-var]
    assert _told(lambda: hash(ours)) == _told(lambda: hash(std))  # a mapping has none
    assert ours.twice == std.twice  # type: ignore[attr-defined]


def test_a_class_looks_as_by_the_standard_library() -> None:
    assert str(inspect.signature(OURS)) == str(inspect.signature(STD))
    assert [str(one) for one in dataclasses.fields(OURS)] == [str(one) for one in dataclasses.fields(STD)]
    assert (OURS.__match_args__, OURS.__slots__, OURS.__doc__) == (STD.__match_args__, STD.__slots__, STD.__doc__)
    assert repr(OURS.__dataclass_params__) == repr(STD.__dataclass_params__)
    assert typing.get_type_hints(Usage.__init__)["input"] == int | None
    for cls in (_Nothing, _Single):
        std, ours = _both(cls)
        values = () if cls is _Nothing else (float("nan"),)
        assert repr(ours(*values)) == repr(std(*values))
        assert (ours(*values) == ours(*values)) == (std(*values) == std(*values))
        assert hash(ours(*values)) == hash(std(*values))


class _Checked(_Single):
    """Says what its values may be."""

    x: float
    y: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


@pytest.mark.parametrize("options", [{"frozen": False}, {"slots": False}, {"frozen": False, "slots": False}, {}])
def test_other_kinds_are_as_by_the_standard_library_too(options: dict[str, bool]) -> None:
    for cls, values in ((_Plain, (1, "y")), (_Checked, (1.0,))):
        std, ours = _both(cls, **options)
        assert type(ours.__dict__["__init__"]) is frozen._Unwritten
        one, other = std(*values), ours(*values)
        assert repr(other) == repr(one) and other == ours(*values) != one
        assert str(inspect.signature(ours)) == str(inspect.signature(std))
        assert repr(ours.__dataclass_params__) == repr(std.__dataclass_params__)
        assert (ours.__hash__ is None) == (std.__hash__ is None)
        own = {"__module__", "__dict__", "__weakref__", "__annotations__", "__doc__"}
        assert {*vars(ours)} - own == {*vars(std)} - own
        assert copy.copy(other) == other
        first = dataclasses.fields(ours)[0].name
        told = [_told(lambda one=one: setattr(one, first, 5)) for one in (one, other)]  # type: ignore[misc]  # noqa: B023
        assert told[0] == told[1]
    with pytest.raises(ValueError, match="x is negative"):
        _both(_Checked, **options)[1](-1.0)


def test_nothing_of_an_object_can_be_changed() -> None:
    one = OURS(1)
    for act in (lambda: setattr(one, "a", 2), lambda: setattr(one, "new", 2), lambda: delattr(one, "a")):
        with pytest.raises(FrozenInstanceError):
            act()
    assert type(one) is OURS and one.a == 1


def test_records_of_evalkit_are_copied_pickled_and_inherited() -> None:
    row = a_hostile_row()
    assert pickle.loads(pickle.dumps(row)) == row and copy.deepcopy(row) == row and copy.copy(row) == row
    step = AgentStep(text="x", started_at=1.0)
    assert step != a_row() and step == AgentStep(started_at=1.0, text="x") and step.attempts == 1

    class Own(Usage):
        """Somebody's own."""

    assert type(Own(input=3)) is Own and Own(input=3).input == 3 and repr(Own()).startswith("test_records")
    match Usage(input=4):
        case Usage(input=n):
            assert n == 4
    assert [one.name for one in dataclasses.fields(Row)][:2] == ["started_at", "cached"]


def test_what_a_plain_run_imports_makes_its_frozen_records_so() -> None:
    """The standard library takes .5 ms a class, at every start."""
    slow = []
    for line in Path(compiling_ahead.LIST).read_text(encoding="ascii").splitlines():
        file = REPO.joinpath(*line.split(".")).with_suffix(".py")
        if line.startswith("evalkit.") and file.is_file():
            text = file.read_text(encoding="utf-8")
            if "@dataclass(" in text and "order=" not in text and "from evalkit.frozen import dataclass" not in text:
                slow.append(line)
    assert slow == [], "from evalkit.frozen import dataclass"
