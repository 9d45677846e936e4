"""A key in a text that somebody else wrote, however it is spelt there.

    cut_out("sk-a+b", "you sent sk-a\\\\u002Bb", "[key]")            # "you sent [key]"
    without_beginning("sk-proj-12345678", "key sk-proj-1234…", "[key]")  # "key [key]…"

A server that tells which headers it got may write them as JSON, as an address or as HTML, and one in the other, however
deep: the text is read until nothing in it is spelt otherwise, and what the key was made of is cut out. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from html.entities import html5

from evalkit.late import late


def cut_out(key: str, text: str, put: str, *, any_case: bool = False) -> str:
    """The text without a key, however it is spelt; the text itself where it does not hold it. `any_case`: also where
    capitals are small letters, as libraries write what they take for a name."""
    wanted, begins = _wanted(key, re.IGNORECASE if any_case else 0)
    if any_case or key in text:
        text = wanted.sub(put, text)
    # A text in a text: a tool that tells which headers it got. Formulas are full of backslashes, and hold no such ones.
    if not any(sign in text for sign in _ESCAPES) or begins.search(text) is None:
        return text
    is_there = any(wanted.search(read) is not None for read in _readings(text))
    return _cut_out_of_readings(wanted, text, put, longest=_MOST_FOR_A_SIGN * len(key)) if is_there else text


_SHOWN = 8
"""Characters from its beginning on by which a piece of a key is known; shorter ones are public (`sk-proj-`)."""


def without_beginning(key: str, text: str, put: str) -> str:
    """The text of an error without pieces that begin as the key does: whoever quoted the key may have cut it short."""
    if len(key) < 2 * _SHOWN:
        return text
    kept: list[str] = []
    at = 0
    while (found := text.find(key[:_SHOWN], at)) >= 0:
        n = _SHOWN
        while n < len(key) and text[found + n : found + n + 1] == key[n]:
            n += 1
        kept += [text[at:found], put]
        at = found + n
    return "".join([*kept, text[at:]])


_ESCAPES = ("\\", "%", "&")


@cache
def _wanted(key: str, flags: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(the key as it is, where a form says + for a blank; what a sign that is spelt otherwise begins with)."""
    begins = r"\\u\{?[0-9a-fA-F]{2}|\\U0|\\x[0-9a-fA-F]{2}|\\[0-7]{3}|%[0-9a-fA-F]{2}|&[#A-Za-z%]"
    if odd := "".join(sorted({re.escape(sign) for sign in key if not sign.isalnum()})):
        begins += rf"|\\[{odd}]"
    return re.compile(re.escape(key).replace(r"\ ", "[ +]"), flags), re.compile(begins)


_MOST_READINGS = 8
_ONE = late(
    r"%[0-7][0-9A-Fa-f]|\\(?:u\{[0-9A-Fa-f]{1,8}\}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[0-7]{3}|[^\w\s])"
    r"|&(?:#0*[0-9]{1,7}|#[xX]0*[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"
)
"""One sign as JSON (and languages like it), an address or a page spell it."""


@lru_cache(maxsize=1)
def _readings(text: str) -> tuple[str, ...]:
    """The text read once, twice and so on, until nothing in it is spelt otherwise. Kept for the next key."""
    found = list[str]()
    while len(found) < _MOST_READINGS and any(sign in text for sign in _ESCAPES):
        read = _ONE.sub(_sign, text)
        if read == text:
            break
        found.append(text := read)
    return tuple(found)


def _sign(spelt: re.Match[str]) -> str:
    said = spelt[0]
    meant = _meant(said)
    return said if meant is None else meant


def _meant(spelt: str) -> str | None:
    """The sign; None for what is no spelling of one."""
    return _meant_at_once(spelt if len(spelt) < 40 else re.sub("(?<=[#xX])0+", "", spelt, count=1)[:40])


def _cut_out_of_readings(wanted: re.Pattern[str], text: str, put: str, *, longest: int) -> str:
    found: list[tuple[int, int]] = []
    for start in range(0, len(text), _WINDOW):  # what is kept of a reading has many times its length
        window = text[start : start + _WINDOW + longest]
        found += ((start + begin, start + end) for begin, end in _where(wanted, window))
    found = found or [*_where(wanted, text)]  # signs with thousands of zeros
    kept, at = list[str](), 0
    for begin, end in sorted(found):
        if begin >= at:
            kept += [text[at:begin], put]
        at = max(at, end)
    return "".join([*kept, text[at:]])


_WINDOW = 2**18
_MOST_FOR_A_SIGN = 200
"""Characters of one sign that is spelt one way in another, three ways deep and more."""


def _where(wanted: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """The places in a text of what is found when it is read, once and again."""
    from evalkit.text.spellings import Plainly, SpellingPass, read_once  # few replies spell a key

    passes: tuple[SpellingPass, ...] = ()
    read = text
    while len(passes) < _MOST_READINGS and any(sign in read for sign in _ESCAPES):
        read, one = read_once(read, _ONE, _meant)
        if one is None:
            return
        passes = (one, *passes)
        yield from (Plainly(read, passes).span(found.span()) for found in wanted.finditer(read))


@lru_cache(maxsize=4_096)
def _meant_at_once(spelt: str) -> str | None:
    if spelt[0] == "&":
        name = spelt[1:].removesuffix(";")
        if name[0] != "#":
            return html5.get(f"{name};") if spelt[-1] == ";" else html5.get(name)
        hexadecimal = name[1:2] in {"x", "X"}
        digits = name[2:] if hexadecimal else name[1:]
        number = int(digits or "0", 16 if hexadecimal else 10)
    elif spelt[0] == "%":
        number = int(spelt[1:], 16)
    elif spelt[1] in "uUx":
        number = int(spelt[2:].strip("{}"), 16)
    elif len(spelt) == 4:
        number = int(spelt[1:], 8)
    else:
        return spelt[1]
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else None
