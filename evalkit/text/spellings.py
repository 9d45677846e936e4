"""A text as whoever reads it means it: what JSON, addresses and HTML spell otherwise, invisible characters left out.

    read = plainly("ann%40example&#46;org")     # read.text == "ann@example.org"
    read.span((0, 15))                          # (0, 21): where that stands in the text

One spelling in another (`%2540`, `&amp;#64;`) is read four times over. Places in what is read lead back to the text, so
that only a find is replaced and all else stays as it was written. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from html.entities import html5

from evalkit.frozen import dataclass

Span = tuple[int, int]
_DEEPEST = 4
"""Spellings in one another. What is deeper was meant to be hidden."""
_UNSEEN = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What Unicode says is not shown (Default_Ignorable_Code_Point), marks of direction among it, as they come along from
address books and pages in Arabic and Hebrew; beside it control characters, and the key that is drawn around a digit."""
_NEXT = "%[89ABab][0-9A-Fa-f]"
_SPELT = re.compile(
    r"%[0-7][0-9A-Fa-f]"
    rf"|%[C-Dc-d][0-9A-Fa-f]{_NEXT}|%[Ee][0-9A-Fa-f](?:{_NEXT}){{2}}|%[Ff][0-7](?:{_NEXT}){{3}}"
    r"|&#0{0,9}[0-9]{1,7}(?:;|(?![0-9]))|&#[xX]0{0,9}[0-9A-Fa-f]{1,6}(?:;|(?![0-9A-Fa-f]))"
    rf"|&[A-Za-z][A-Za-z0-9]{{1,31}};|[{_UNSEEN}]"
    r"|\\{1,16}(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[nrtfb/])"
)
"""One character as an address, a page or nobody shows it."""
_BEGINS = re.compile(rf"[%&\\{_UNSEEN}]")
_INVISIBLE = re.compile(rf"[{_UNSEEN}]")
_BLANKS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\n", "/": "/"}


@dataclass(frozen=True, slots=True)
class SpellingPass:
    """Which places of a text became which."""

    made: list[int]
    """Where each piece begins in what was made."""
    begun: list[int]
    """Where it begins in the text."""
    ended: list[int]
    """Where it ends in the text."""
    spelt: list[bool]
    """Whether it is one character that was spelt otherwise; else the piece is as it was."""

    def span(self, span: Span) -> Span:
        """Where in the text stands what was made of it."""
        first, last = bisect_right(self.made, span[0]) - 1, bisect_right(self.made, span[1] - 1) - 1
        start = self.begun[first] + (0 if self.spelt[first] else span[0] - self.made[first])
        stop = self.ended[last] if self.spelt[last] else self.begun[last] + span[1] - self.made[last]
        return start, stop


@dataclass(frozen=True, slots=True)
class Plainly:
    """A text that was read."""

    text: str
    passes: tuple[SpellingPass, ...]
    """The last first."""

    def span(self, span: Span) -> Span:
        """Where in the text stands what was found in `self.text`; of a span that is not empty."""
        for one in self.passes:
            span = one.span(span)
        return span


def plainly(text: str) -> Plainly:
    """The text, read."""
    passes: list[SpellingPass] = []
    while len(passes) < _DEEPEST and _BEGINS.search(text):
        made, found = read_once(text, _SPELT, _meant)
        if found is None:
            break
        passes.append(found)
        text = made
    return Plainly(text, tuple(reversed(passes)))


def read_once(text: str, spelt: re.Pattern[str], meant: Callable[[str], str | None]) -> tuple[str, SpellingPass | None]:
    """(what one reading makes of it, which places became which; None: nothing is spelt otherwise). `meant`: the
    character of what `spelt` finds; "" for an invisible one, None for what is no spelling of one."""
    pieces: list[str] = []
    found = SpellingPass([], [], [], [])
    at = n = 0

    def put(piece: str, start: int, stop: int, *, was_spelt: bool) -> None:
        nonlocal n
        if not piece:
            return
        found.made.append(n)
        found.begun.append(start)
        found.ended.append(stop)
        found.spelt.append(was_spelt)
        pieces.append(piece)
        n += len(piece)

    for match in spelt.finditer(text):
        char = meant(match[0])
        if char is None:
            continue
        put(text[at : match.start()], at, match.start(), was_spelt=False)
        put(char, *match.span(), was_spelt=True)
        at = match.end()
    if at == 0:
        return text, None
    put(text[at:], at, len(text), was_spelt=False)
    return "".join(pieces), found


def _meant(spelt: str) -> str | None:
    """The character; "" for an invisible one, None for what is no spelling of one."""
    if len(spelt) == 1:
        return ""
    if spelt[0] == "%":
        try:
            return bytes.fromhex(spelt.replace("%", "")).decode()
        except UnicodeDecodeError:
            return None
    if spelt[0] == "\\":
        return _escaped(spelt.lstrip("\\"))
    if spelt[1] == "#":
        digits = spelt[2:].rstrip(";")
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        char = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None
    else:
        said = html5.get(spelt[1:])
        char = said if said is not None and len(said) == 1 else None
    return "" if char is not None and _INVISIBLE.match(char) else char


def _escaped(name: str) -> str | None:
    """The character that stands behind backslashes; None for half a one."""
    if (blank := _BLANKS.get(name)) is not None:
        return blank
    char = chr(int(name[1:], 16))
    if "\ud800" <= char <= "\udfff":
        return None
    return "" if _INVISIBLE.match(char) else char
