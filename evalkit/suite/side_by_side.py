"""Numbers directly beside personal data that was found: a find may take their first or last digits along.

    beside("030/2149131 030/3127540", [(0, 15, "phone")], alone, firm)      # the find ran on into the next number
    # [(0, 11, "phone"), (12, 23, "phone")]

A pattern takes as many digits as it may, so a find can hold the head of the next number, whose rest is no number any
more; or a number is none to its pattern because digits stand before it. So each edge of a find is looked at as if the
number beside it stood alone, until nothing more is found. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

Find = tuple[int, int, str]
"""Start, stop, kind."""
Alone = Callable[[str], int]
"""Where the number ends that a text begins with, as if it stood alone; 0: the text begins with none."""
Firm = Callable[[str, str], bool]
"""Of a kind and what was found: whether it is one number exactly, so that nothing in it belongs to a neighbour."""

_LONGEST = 112
"""Characters of the longest number: an IBAN of 34 signs, two blanks between all of them."""
_WIDEST_GAP = 5
_GAP = re.compile(rf"[\W_]{{0,{_WIDEST_GAP}}}")
_NO_SIGNS = re.compile(rf"[\W_]{{0,{_WIDEST_GAP}}}\Z")
_START = re.compile(r"(?<![^\W_])[^\W_]|[+(]|::")
_SIGN = re.compile(r"[^\W_]")
_FEWEST_LEFT = 6
"""Letters and digits that are still a find where another number is cut out of it; fewer become a part of that."""


def beside(text: str, finds: Sequence[Find], alone: Mapping[str, Alone], firm: Firm) -> list[Find]:
    """The finds, which are in order and apart, and those beside them; in order and apart.

    Each stretch of the text is looked at a bounded number of times.
    """
    made: list[Find] = []
    for n, (start, stop, kind) in enumerate(finds):
        floor = made[-1][1] if made else 0
        # What stands beside the find before may reach into this one.
        sign = _SIGN.search(text, floor, stop) if start < floor else None
        if start < floor and sign is None:
            continue
        chain = [(start if sign is None else sign.start(), stop, kind)]
        while (left := _before(text, chain[0], floor, alone, firm)) is not None:
            chain[:1] = _front_given_up(text, chain[0], left)
        made += chain
        ceiling = finds[n + 1][0] if n + 1 < len(finds) else len(text)
        while (right := _behind(text, made[-1], ceiling, alone, firm)) is not None:
            made[-1:] = _end_given_up(text, made[-1], right)
    return made


def rests(text: str, finds: Sequence[Find], others: Sequence[Find]) -> list[Find]:
    """The finds, and what they leave of others that they took a part of; in order and apart, as both are."""
    made: list[Find] = []
    at = 0
    for n, find in enumerate(finds):
        ceiling = finds[n + 1][0] if n + 1 < len(finds) else len(text)
        floor = made[-1][1] if made else 0
        while at < len(others) and others[at][1] <= find[0]:
            at += 1
        if at < len(others) and others[at][0] < find[0] < others[at][1] <= find[1]:
            made += _signs_of(text, max(floor, others[at][0]), find[0], others[at][2])
        made.append(find)
        while at < len(others) and others[at][1] <= find[1]:
            at += 1
        if at < len(others) and find[0] <= others[at][0] < find[1]:
            made += _signs_of(text, find[1], min(ceiling, others[at][1]), others[at][2])
    return made


def _signs_of(text: str, start: int, stop: int, kind: str) -> Iterator[Find]:
    """This stretch without the blanks at its ends; none where nothing else stands in it."""
    said = text[start:stop]
    if said.strip():
        yield start + len(said) - len(said.lstrip()), start + len(said.rstrip()), kind


def _before(text: str, find: Find, floor: int, alone: Mapping[str, Alone], firm: Firm) -> Find | None:
    """The number that ends where a find begins, or within it; None: there is none behind `floor`."""
    start, stop, kind = find
    if start == floor or _SIGN.search(text, max(floor, start - _WIDEST_GAP), start) is None:
        return None
    loose = not firm(kind, text[start:stop])
    for begins in _START.finditer(text, max(floor, start - _LONGEST), start):
        at = begins.start()
        for other, ends in alone.items():
            end = at + ends(text[at:start])
            if end > at and _NO_SIGNS.match(text[end:start]):
                return at, end, other
            end = at + ends(text[at : at + _LONGEST]) if loose else at
            if start < end:
                return at, min(end, stop), other
    return None


def _behind(text: str, find: Find, ceiling: int, alone: Mapping[str, Alone], firm: Firm) -> Find | None:
    """The number that begins where a find ends, or within it; None: there is none before `ceiling`, where the next find
    begins."""
    start, stop, kind = find
    gap = _GAP.match(text, stop, ceiling)
    if gap is None or gap.end() >= ceiling or not _SIGN.match(text, gap.end()):
        return None
    outside = [stop, *(found.start() for found in _START.finditer(text, stop + 1, gap.end() + 1))]
    if (found := _furthest(text, outside, stop, ceiling, alone)) is not None or firm(kind, text[start:stop]):
        return found
    inside = [found.start() for found in _START.finditer(text, max(start + 1, stop - _LONGEST), stop)]
    return _furthest(text, inside, stop, ceiling, alone)


def _furthest(text: str, starts: Sequence[int], stop: int, ceiling: int, alone: Mapping[str, Alone]) -> Find | None:
    """Of the numbers that begin at one of these places the one that reaches furthest behind `stop`."""
    best: Find | None = None
    for at in starts:
        for kind, ends in alone.items():
            end = at + ends(text[at : min(at + _LONGEST, ceiling)])
            if end > max(at, stop) and (best is None or end > best[1] or (end == best[1] and at > best[0])):
                best = (at, end, kind)
    return best


def _front_given_up(text: str, find: Find, left: Find) -> list[Find]:
    """A find without what belongs to the number before it, and that number; one find where too little is left."""
    if left[1] <= find[0]:
        return [left, find]
    signs = list(islice(_SIGN.finditer(text, left[1], find[1]), _FEWEST_LEFT))
    if len(signs) < _FEWEST_LEFT:
        return [(left[0], find[1], left[2])]
    return [left, (signs[0].start(), find[1], find[2])]


def _end_given_up(text: str, find: Find, right: Find) -> list[Find]:
    """A find without what belongs to the number behind it, and that number; one find where too little is left."""
    if find[1] <= right[0]:
        return [find, right]
    if len(list(islice(_SIGN.finditer(text, find[0], right[0]), _FEWEST_LEFT))) < _FEWEST_LEFT:
        return [(find[0], right[1], right[2])]
    stop = right[0]
    while text[stop - 1] not in ")]" and not _SIGN.match(text, stop - 1):
        stop -= 1
    return [(find[0], stop, find[2]), right]
