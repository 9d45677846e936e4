"""A key in a text that somebody else wrote, however it is spelt there.

    cut_out("sk-a+b", "you sent sk-a\\\\u002Bb", "[key]")            # "you sent [key]"
    without_beginning("sk-proj-12345678", "key sk-proj-1234…", "[key]")  # "key [key]…"

A server that tells which headers it got may write them as JSON, as an address or as HTML, and one in the other, however
deep: the text is read until nothing in it is spelt otherwise, and what the key was made of is cut out. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html.entities import html5

from evalkit.late import late


def cut_out(key: str, text: str, put: str, *, any_case: bool = False) -> str:
    """The text without a key, however it is spelt; the text itself where it does not hold it. `any_case`: also where
    capitals are small letters, as libraries write what they take for a name."""
    begins, spelt = _spelt(key)
    if any_case:
        return _read_and_cut(key, re.compile(spelt.pattern, re.IGNORECASE).sub(put, text), put, re.IGNORECASE)
    if key in text:
        text = text.replace(key, put)
    if any(sign in text for sign in _ESCAPES) and begins.search(text) is not None:  # a text in a text
        text = _read_and_cut(key, spelt.sub(put, text), put, 0)
    return text


def _read_and_cut(key: str, text: str, put: str, flags: int) -> str:
    """The text without the key where it is spelt otherwise, one way in another."""
    wanted = re.compile(re.escape(key).replace(r"\ ", "[ +]"), flags)
    found: list[tuple[int, int]] = []
    for start in range(0, len(text), _WINDOW):  # what is kept of a reading has many times its length
        window = text[start : start + _WINDOW + _MOST_FOR_A_SIGN * len(key)]
        found += ((start + begin, start + end) for begin, end in _where(wanted, window))
    kept, at = list[str](), 0
    for begin, end in sorted(found):
        if begin >= at:
            kept += [text[at:begin], put]
        at = max(at, end)
    return "".join([*kept, text[at:]]) if kept else text


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


_WINDOW = 2**18
_MOST_FOR_A_SIGN = 200
"""Characters of one sign that is spelt one way in another, three ways deep and more."""
_MOST_READINGS = 8
_ONE = late(
    r"%[0-7][0-9A-Fa-f]|\\(?:u\{[0-9A-Fa-f]{1,8}\}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[0-7]{3}|[^\w\s])"
    r"|&(?:#0{0,20}[0-9]{1,7}|#[xX]0{0,20}[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"
)
"""One sign as JSON (and languages like it), an address or a page spell it."""


def _meant(spelt: str) -> str | None:
    """The sign; None for what is no spelling of one."""
    if spelt[0] == "&":
        name = spelt[1:].removesuffix(";")
        if name[0] != "#":
            return html5.get(f"{name};") if spelt[-1] == ";" else html5.get(name)
        number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    elif spelt[0] == "%":
        number = int(spelt[1:], 16)
    elif spelt[1] in "uUx":
        number = int(spelt[2:].strip("{}"), 16)
    elif len(spelt) == 4:
        number = int(spelt[1:], 8)
    else:
        return spelt[1]
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else None


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
_DEEPEST = 16
"""Backslashes before one sign: JSON in JSON doubles them, four times here."""


@cache
def _spelt(key: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(what a sign that is spelt otherwise begins with, the key with any of its signs spelt so): `\\u002B` and `\\/` of
    JSON, `%2B` of addresses, `&#43;` and `&amp;` of HTML; also one in the other, as in an address on a page (`%252B`,
    `&amp;#43;`, `%26amp%3B`)."""
    begins = r"\\u\{?[0-9a-fA-F]{2}|\\U0|\\x[0-9a-fA-F]{2}|\\[0-7]{3}|%[0-9a-fA-F]{2}|&[#A-Za-z%]"
    if odd := "".join(sorted({re.escape(sign) for sign in key if not sign.isalnum()})):
        begins += rf"|\\[{odd}]"
    return re.compile(begins), re.compile("".join(map(_sign, key)))


_AGAIN = rf"{{0,{_DEEPEST}}}"
_PERCENT = rf"%(?:25){_AGAIN}"
_END = rf"(?:;|{_PERCENT}3[bB])"
_AND = rf"(?:&|{_PERCENT}26|\\{{1,{_DEEPEST}}}u0026)(?:(?i:amp){_END}?){_AGAIN}"
# HTML reads a number without its semicolon, and with any zeros before it.
_NUMBER = rf"(?:\#|{_PERCENT}23)"
_NAMES: Mapping[str, Sequence[str]] = {
    sign: [name.removesuffix(";") for name, said in html5.items() if said == sign and name.endswith(";")]
    for sign in {said for said in html5.values() if len(said) == 1 and said.isascii()}
}
"""By sign what HTML calls it."""


def _sign(sign: str) -> str:
    number = ord(sign)
    ways = [
        rf"\\{{1,{_DEEPEST}}}(?:u(?i:{number:04x})|u\{{0{{0,6}}(?i:{number:x})\}}|U(?i:{number:08x}))",
        rf"{_AND}{_NUMBER}0*{number}(?:{_END}|(?![0-9]))",
        rf"{_AND}{_NUMBER}[xX]0*(?i:{number:x})(?:{_END}|(?![0-9a-fA-F]))",
    ]
    if names := _NAMES.get(sign):
        ways.append(rf"\\?{_AND}(?:{'|'.join(names)}){_END}")  # \&quot;: JSON on a page
    if sign == "&":
        ways.append(_AND)
    if number < 128:
        ways.append(rf"\\{{1,{_DEEPEST}}}(?:x(?i:{number:02x})|{number:03o})")
        ways.append(rf"{_PERCENT}(?i:{number:02x})")
    if sign == " ":
        ways.append(r"\+")
    bare = re.escape(sign) if sign.isalnum() else rf"\\{{0,{_DEEPEST}}}{re.escape(sign)}"
    return f"(?:{'|'.join((bare, *ways))})"
