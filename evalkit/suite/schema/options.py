"""Keys of a model that its adapter alone reads: each adapter declares its own as a record.

    class Options(AdapterOptions):
        region: Text | None = None
        \"""The region in the endpoint's address.\"""

The record is the one place for an option: `evalkit check` refuses what it does not know, and editors complete its keys
and show the line under each. The suite's reader is told from above which record belongs to which adapter
(`KnownOptions`): it imports no adapter.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, Protocol, Self

from annotated_types import Ge
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evalkit.suite.schema.parts import Part
from evalkit.suite.wording import value_seen

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


PROBLEM = tuple[str, str]
"""(option, what is wrong with it as a message fragment)."""


class DeclaredOptions(Part):
    """Options as a record: one field for each, with one line of text under it. Give every field a default."""

    @classmethod
    def problems(cls, given: Mapping[str, object]) -> Iterator[PROBLEM]:
        """What is wrong with options that the record knows; nothing is said of unknown ones."""
        known = {name: value for name, value in given.items() if name in cls.model_fields}
        try:
            cls.model_validate(known)
        except ValidationError as error:
            details = error.errors()
            for name in dict.fromkeys(str(detail["loc"][0]) for detail in details if detail["loc"]):
                if name not in known:
                    yield name, "is required, and missing"
                    continue
                own = [detail for detail in details if detail["loc"] and detail["loc"][0] == name]
                exact = [said for detail in own if (said := _exactly(detail, known[name], cls)) is not None]
                yield (
                    name,
                    exact[0]
                    if exact
                    else f"expected {expectation(cls.model_fields[name])} {value_seen(known[name], (name,))}",
                )
            for detail in details:
                if not detail["loc"]:
                    yield next(iter(known), ""), str(detail["msg"]).removeprefix("Value error, ")

    @classmethod
    def unknown(cls, given: Mapping[str, object]) -> list[str]:
        """The options that the record does not have."""
        return [name for name in given if name not in cls.model_fields]

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """The record. Raises pydantic's ValidationError: ask `problems` and `unknown` first."""
        return cls.model_validate(dict(given))

    def written(self) -> dict[str, object]:
        """The options that were given, as the record reads them; an option with keys of its own as plain JSON."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return {
            name: value.model_dump(mode="json", exclude_unset=True) if isinstance(value, Part) else value
            for name, value in given.items()
        }


class AdapterOptions(DeclaredOptions):
    """Options of an adapter: keys of a model in a suite. A default of None means that a key may be left out."""


class KnownOptions(Protocol):
    """Which adapter has which options. The registry of adapters has one."""

    def of(self, adapter: str, *, serves: bool) -> type[AdapterOptions] | None:
        """The record of the adapter of this name; None where nobody has the name. `serves`: with `serve:`."""

    def readers(self, option: str) -> Collection[str]:
        """Names of adapters that have this option. Imports all of them: asked only for a message."""


def unknown_option(adapter: str, name: str, record: type[DeclaredOptions], readers: Collection[str] = ()) -> str:
    """Message fragment for an option that an adapter does not have."""
    known = sorted(record.model_fields)
    reads = f" ({_listed(readers)} {'reads' if len(readers) == 1 else 'read'} it)" if readers else ""
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it knows {', '.join(known) or 'none of its own'}"
    return f"{adapter} has no such option{reads}; {hint}"


_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping, {key: value}",
    "model_type": "a mapping, {key: value}",
}


def _exactly(detail: ErrorDetails, value: object, record: type[DeclaredOptions]) -> str | None:
    """What is wrong inside an option, as a message fragment that begins with the place: `inptu: unknown key`; None
    where the option as a whole is of another kind."""
    kind: object = record.model_fields[str(detail["loc"][0])].annotation
    place: list[str] = []
    for part in detail["loc"][1:]:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
            place.append(str(part))
        elif detail["type"] == "missing" and part == detail["loc"][-1]:
            place.append(str(part))
        own = _part_of(kind)
        kind = own.model_fields[str(part)].annotation if own is not None and str(part) in own.model_fields else kind
    before, loc = f"{'.'.join(place)}: " if place else "", (detail["loc"][0], *place)
    if detail["type"] == "value_error":
        return f"{before}{str(detail['msg']).removeprefix('Value error, ')} {value_seen(value, loc)}"
    if not place:
        return None
    if detail["type"] == "extra_forbidden":
        own = _part_of(kind)
        known = sorted(own.model_fields) if own is not None else []
        close = get_close_matches(place[-1], known, n=1)
        return f"{before}unknown key; " + (f"did you mean {close[0]}?" if close else f"it knows {', '.join(known)}")
    if detail["type"] == "missing":
        return f"{before}is required, and missing"
    expected = _KINDS.get(detail["type"])
    said = f"expected {expected}" if expected is not None else str(detail["msg"]).replace("Input should", "must")
    return f"{before}{said} {value_seen(value, loc)}"


def _part_of(kind: object) -> type[Part] | None:
    """The mapping with keys of its own that an annotation is, or one of its members."""
    if isinstance(kind, type) and issubclass(kind, Part):
        return kind
    return next((found for one in typing.get_args(kind) if (found := _part_of(one)) is not None), None)


def expectation(field: FieldInfo) -> str:
    """What an option may be, as words: true or false, a whole number from 1 on, one of a, b."""
    kind = field.annotation
    lowest = next((limit.ge for limit in field.metadata if isinstance(limit, Ge)), None)
    return _words(kind, lowest)


def _words(kind: object, lowest: object) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        limits = [limit for part in arguments[1:] for limit in getattr(part, "metadata", [part])]
        return _words(arguments[0], next((limit.ge for limit in limits if isinstance(limit, Ge)), lowest))
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(_words(one, lowest) for one in arguments if one is not types.NoneType)
    if origin is Literal:
        return " or ".join(str(one) for one in arguments)
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    if kind in names:
        return names[kind] + (f" from {lowest} on" if lowest is not None and kind in {int, float} else "")
    if origin is dict and arguments[1] is str:
        return "a mapping of names to texts, {name: text}"
    own = dict if isinstance(kind, type) and issubclass(kind, Part) else kind
    known: dict[object, str] = {dict: "a mapping, {key: value}", tuple: "a list", list: "a list"}
    return known.get(origin or own, "another kind of value")


def _listed(names: Collection[str], most: int = 3) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    shown = ordered[:most]
    return (", ".join(shown) if more or len(shown) < 2 else f"{', '.join(shown[:-1])} and {shown[-1]}") + more
