"""Which versions of other tools' files each reader was tried on, and what is said of others.

    note_of("inspect", 9)          # "version 9 of Inspect's log was never tried; versions 2 and 3 were: look at ..."
    note_of("inspect", 2)          # None

A version that was never tried is read where its reader knows the shape, with a note. One with another first number that
its reader cannot read is refused, by the reader, with `way_out`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.suite.wording import short


@dataclass(frozen=True, slots=True)
class Tried:
    """The versions of one format."""

    format: str
    """In words: the file whose version it is."""
    versions: tuple[str, ...]
    """From the oldest to the newest; what further numbers stand behind (0.3.1) is no other version."""


TRIED: Mapping[str, Tried] = {
    "atif": Tried("ATIF trajectories", ("1.4", "1.5", "1.6", "1.7")),
    "inspect": Tried("Inspect's log", ("2", "3")),
    "every-eval-ever": Tried("Every Eval Ever's schema", ("0.2", "0.3")),
    "promptfoo": Tried("promptfoo's results", ("3",)),
}
"""By reader. EvalScope's reviews, Harbor's results and lm-eval's samples carry no version of their form."""
_NUMBER = re.compile(r"(?i)^(?:ATIF-)?v?([0-9]+(?:\.[0-9]+)*)$")


def note_of(reader: str, version: object) -> str | None:
    """A sentence where this version was never tried; None where it was, or where the file does not say one."""
    tried = TRIED[reader]
    if version is None or was_tried(reader, version):
        return None
    said = _plain(version)
    return (
        f"version {said} of {tried.format} was never tried; {_were(tried)}: look at the figures before you rely on them"
    )


def way_out(reader: str, version: object) -> str:
    """Why such a version is refused, and what to do: the file is older than what is read, or newer."""
    tried = TRIED[reader]
    number = _numbers(version)
    if number is not None and number < (_numbers(tried.versions[0]) or ()):
        todo = "Make the file anew with a newer release of the tool"
    elif number is not None:
        todo = "A newer evalkit may read it; else make the file with the older release of the tool"
    else:
        todo = "Make the file anew with the tool itself"
    return f"version {_plain(version)} of {tried.format} cannot be read; {_were(tried)}. {todo}"


def was_tried(reader: str, version: object) -> bool:
    """Whether it is one of those versions."""
    number = _numbers(version)
    known = [_numbers(one) or () for one in TRIED[reader].versions]
    return number is not None and any(number[: len(one)] == one for one in known)


def _were(tried: Tried) -> str:
    first, last = tried.versions[0], tried.versions[-1]
    if first == last:
        return f"version {first} was"
    return f"versions {first} {'and' if len(tried.versions) == 2 else 'to'} {last} were"


def _plain(version: object) -> str:
    found = _NUMBER.match(version) if isinstance(version, str) else None
    return found[1] if found else short(version)


def _numbers(version: object) -> tuple[int, ...] | None:
    """The version as numbers; None where it is none."""
    if isinstance(version, bool) or not isinstance(version, int | float | str):
        return None
    found = _NUMBER.match(str(version)[:40])
    return tuple(int(one[:9]) for one in found[1].split(".")) if found else None
