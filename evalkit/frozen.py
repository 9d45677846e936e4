"""`dataclass`, made in a seventh of the time.

    from evalkit.frozen import dataclass

    @dataclass(frozen=True, slots=True)
    class Usage: ...

The `dataclass` of the standard library writes and compiles six methods for each class: .6 ms for a small one, a tenth
of a second for those of a plain run, before it asks anything. Here `__init__` is written when the first object is made,
which for most classes never happens, and the others are the same code for all. What comes out is a dataclass: `fields`,
`replace`, `repr`, equality, hashes, pickles and errors are as ever. A class with anything of its own in the way (an
`__init__`, an `__eq__`, another base), or with an order, is made by the standard library.

Docs: docs/decisions/0050-frozen-records-are-made-late.md.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  # what type checkers know
else:

    def dataclass(cls=None, /, **options):
        """As `dataclasses.dataclass`."""
        return _made(cls, options) if cls is not None else lambda cls: _made(cls, options)


_OWN = frozenset(("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__getstate__"))
"""What a class may define so that it is made by the standard library."""
_OPTIONS = frozenset(("frozen", "slots", "kw_only"))
_made_here: dict[type, bool] = {}
"""Whether each class that was made here is frozen."""


class _Factory:
    """Stands in a signature for a default that is made for each object."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _made(cls: type[Any], options: dict[str, Any]) -> type[Any]:
    bases: list[Any] = [] if cls.__bases__ == (object,) else list(cls.__bases__)
    frozen = options.get("frozen", False)
    alike = all(_made_here.get(base) is frozen for base in bases)
    own = vars(cls)
    plain = _OPTIONS.issuperset(options) and _OWN.isdisjoint(own) and "InitVar" not in str(own.get("__annotations__"))
    if not (plain and alike):
        return dataclasses.dataclass(**options)(cls)
    if cls.__doc__ is None:  # else it would be made of the signature, which takes longer than all the rest
        cls.__doc__ = f"{cls.__name__}(...)"
    rest = {key: value for key, value in options.items() if key != "frozen"}
    for base in bases:
        base.__dataclass_params__.frozen = False  # one that is not frozen, as this is for the moment, may not follow
    try:
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, **rest)(cls)
    finally:
        for base in bases:
            base.__dataclass_params__.frozen = frozen
    said = made.__dataclass_params__
    said.init = said.repr = said.eq = True
    said.frozen = frozen
    _equip(made, slots=options.get("slots", False), frozen=frozen)
    made.__init__ = _Unwritten(made)
    _made_here[made] = frozen
    found: type[Any] = made
    return found


class _Unwritten:
    """The `__init__` of a class until somebody asks for it: to make an object, or to look at its signature."""

    def __init__(self, cls: type[Any]) -> None:
        self._cls = cls

    def __get__(self, made: object, owner: type[Any] | None = None) -> Any:
        cls = self._cls
        if type(cls.__dict__["__init__"]) is _Unwritten:
            cls.__init__ = _init_of(cls)
        return cls.__init__.__get__(made, owner)


def _init_of(cls: type[Any]) -> Any:
    """The `__init__`, from the names of the fields, as the standard library writes its own."""
    frozen = cls.__dataclass_params__.frozen
    known: dict[str, Any] = {"_set": object.__setattr__, "_factory": _FACTORY}
    places, by_name, made = ["self"], ["*"], []
    fields = dataclasses.fields(cls)
    for number, one in enumerate(fields):
        said = one.name
        if one.default_factory is not MISSING:
            known[f"_make_{number}"] = one.default_factory
            made.append(f"  if {one.name} is _factory: {one.name} = _make_{number}()")
            said = f"{one.name}=_factory"
        elif one.default is not MISSING:
            known[f"_default_{number}"] = one.default
            said = f"{one.name}=_default_{number}"
        (by_name if one.kw_only else places).append(said)
    lines = [
        f"def write({', '.join(known)}):",
        f" def __init__({', '.join(places + (by_name if len(by_name) > 1 else []))}):",
        *made,
        *(f"  _set(self, {one.name!r}, {one.name})" if frozen else f"  self.{one.name} = {one.name}" for one in fields),
        "  self.__post_init__()" if hasattr(cls, "__post_init__") else "  pass",
        " return __init__",
    ]
    names: dict[str, Any] = {}
    exec("\n".join(lines), vars(sys.modules[cls.__module__]), names)  # names of fields, as dataclass does
    init = names["write"](**known)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {**{one.name: one.type for one in fields}, "return": None}
    return init


def _equip(cls: type[Any], *, slots: bool, frozen: bool) -> None:
    """What a dataclass has besides its `__init__`."""
    fields = dataclasses.fields(cls)
    compared = _values_of([one.name for one in fields if one.compare])
    shown = [one.name for one in fields if one.repr]

    def __eq__(self: Any, other: object) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    @recursive_repr()
    def __repr__(self: object) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    _give(cls, __eq__, __repr__)
    cls.__hash__ = None  # type: ignore[assignment]
    if frozen:
        _freeze(cls, fields)
        if slots:
            _give(cls, *_states([one.name for one in fields]))


def _give(cls: type[Any], *methods: Any) -> None:
    for method in methods:
        method.__qualname__ = f"{cls.__qualname__}.{method.__name__}"
        setattr(cls, method.__name__, method)


def _freeze(cls: type[Any], fields: Sequence[dataclasses.Field[Any]]) -> None:
    """What a frozen one has."""
    names = frozenset(one.name for one in fields)
    hashed = _values_of([one.name for one in fields if (one.compare if one.hash is None else one.hash)])

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    def __hash__(self: object) -> int:
        return hash(hashed(self))

    _give(cls, __setattr__, __delattr__, __hash__)


def _states(stored: list[str]) -> tuple[Any, Any]:
    """How a frozen object with slots is pickled."""

    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, name) for name in stored]

    def __setstate__(self: Any, values: list[Any]) -> None:
        for name, value in zip(stored, values, strict=True):
            object.__setattr__(self, name, value)

    return __getstate__, __setstate__


def _values_of(names: list[str]) -> Any:
    """The values of these attributes as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda one: (getattr(one, names[0]),)) if names else lambda _: ()
