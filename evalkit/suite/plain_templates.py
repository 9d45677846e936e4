"""Templates that only name variables, like `Question: {{ question }}`: what most are, read without Jinja.

    plain("Hello {{ name }}!")      # ("Hello ", Read("name"), "!")
    plain("Hello {{ name | upper }}")       # None: Jinja reads it

To import Jinja takes a twentieth of the time to a run's first request. What is read here is what Jinja would read (a
test compares both); everything else, and every record without one of the variables, is Jinja's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import kwlist
from typing import Any

from evalkit.frozen import dataclass

ROW = frozenset({"row", "record"})
"""What templates call the whole record."""
EVERY_FIELD = "*"
"""Stands among the fields of a template that reads the record as a whole."""
_NAMED = re.compile(
    r"\{\{ *(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"(?:\[(?:(?P<by>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>0|[1-9][0-9]{0,8})|'(?P<key>[A-Za-z0-9_ .?-]*)')\])? *\}\}"
)
"""A variable, or an item of one, as a template writes it."""
_WORDS_OF_JINJA = {*kwlist, *ROW, "block", "call", "caller", "extends", "filter", "include", "kwargs", "loop", "macro"}
_WORDS_OF_JINJA |= {"self", "set", "super", "varargs", "true", "false", "none", "range", "dict"}
"""What is no variable, or one that Jinja has its own ideas of."""


class BadTemplate(Exception):
    """A template that cannot be compiled, or not rendered for this record. `str()` is half a sentence."""

    def __init__(self, reason: str, *, null: bool = False) -> None:
        self.null = null
        """The record says null where the template writes a value."""
        super().__init__(reason)


class EndlessTemplate(BadTemplate):
    """One that takes too long or too much memory: no other record is tried."""


_JINJAS_OWN = frozenset({"and", "or", "not", "in", "is", "if", "elif", "else", "for", "set", "self", "loop"}) | {
    *("true", "false", "none", "True", "False", "None", "recursive")
}
"""Words that a template reads as its own, whatever the fields are called."""


def field_reading(name: str) -> str:
    """How a template reads this field: `{{ q }}`, or `{{ row['Question Text'] }}`."""
    plain = name.isidentifier() and name not in _JINJAS_OWN
    return f"{{{{ {name} }}}}" if plain else f"{{{{ row[{name!r}] }}}}"


@dataclass(frozen=True, slots=True)
class Read:
    """A variable, `{{ name }}`, or one item of it, `{{ name[place] }}`, read as the sandbox reads it."""

    name: str
    place: object = None
    """A key or a number; None: the variable itself."""
    by: str | None = None
    """The variable that holds the place."""

    def of(self, values: Mapping[str, object]) -> Any:
        """The value, or Jinja's word for an absent one. Raises KeyError for an absent variable."""
        whole = values[self.name]
        place = self.place if self.by is None else values[self.by]
        if place is None and self.by is None:
            return whole
        if type(whole) is list and type(place) is int and 0 <= place < len(whole):
            return whole[place]  # as the sandbox has it
        from evalkit.suite.sandbox import environment

        return environment().getitem(whole, place)


Parts = tuple[str | Read, ...]
"""Texts and variables in their order."""


def plain(source: str) -> Parts | None:
    """What a template is made of, where it has nothing but texts and variables; None where Jinja has to read it."""
    if "{%" in source or "{#" in source or "\r" in source:
        return None
    parts: list[str | Read] = []
    at, source = 0, source.removesuffix("\n")  # as Jinja does
    for found in _NAMED.finditer(source):
        said = source[at : found.start()]
        names = {found["name"], found["by"]}
        if "{{" in said or said.endswith("{") or not names.isdisjoint(_WORDS_OF_JINJA):
            return None
        if said:
            parts.append(said)
        place = int(found["number"]) if found["number"] is not None else found["key"]
        parts.append(Read(found["name"], place, found["by"]))
        at = found.end()
    if "{{" in (said := source[at:]):
        return None
    if said:
        parts.append(said)
    return tuple(parts)


def names_in(parts: Parts) -> frozenset[str]:
    """The variables that are read."""
    reads = [part for part in parts if isinstance(part, Read)]
    return frozenset([part.name for part in reads] + [part.by for part in reads if part.by is not None])
