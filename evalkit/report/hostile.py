r"""Text that somebody else wrote, made harmless for a terminal: a model, a provider's error message, a dataset.

    visible("ok\x1b[2J\u202etxt.exe")      # ok\x1b[2J\u202etxt.exe, with the escapes spelled out in plain characters

Left as they are, such characters clear the screen, recolour a failure as a pass, hide a sentence or turn it around.
What comes out has no character of the categories Cc, Cf, Cs, Co and Cn, except "\n" where lines are kept. Brackets stay
as they are: `terminal` prints without rich's markup, so "[red]" is just text there.
A backslash is not doubled: a model that writes the four characters `\x1b` itself gains nothing by it.

CI systems obey what a job prints: `##vso[task.setvariable ...]` (Azure Pipelines), `##teamcity[...]`, `::add-mask::`
and `##[add-mask]` (GitHub). The first sign of such a command is written out as well, so that nobody obeys it.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

# Blank or invisible without being in a category of control or format characters.
_INVISIBLE = frozenset(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)]
) | frozenset(range(0xE0100, 0xE01F0))
_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Real scripts stack two or three marks on a letter; a tower of them paints over the lines above.
_MARKS_IN_A_ROW = 3
_COMMAND = re.compile(r"#(?=#[A-Za-z]*\[)|(?:^|(?<=[\n\r]))[^\S\n\r]*(:)(?=:[A-Za-z][\w-]*[^\n\r]*::)")
"""What a CI system reads as a command: `##NAME[` anywhere, `::NAME ...::` where a line begins."""


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula; the wide signs too, where its language is Japanese."""


def visible(text: str, *, limit: int = 200, lines: bool = False) -> str:
    """The text with every character that could act on a terminal written out, at most `limit` characters long.

    What was cut ends in "…". `lines` keeps line breaks and indents (tabs become four spaces); without it the result is
    one line. Control characters appear as \\x1b, others as \\u202e or \\U000e0041.
    """
    if len(text) <= limit and text.isascii() and text.isprintable() and not _COMMAND.search(text):
        return text
    out: list[str] = []
    room = limit
    marks = 0
    # One character of input makes at least one of output: more than `limit` are never needed, however long the text.
    shown = text.replace("\r\n", "\n")[: limit + 1] if lines else text[: limit + 1]
    obeyed = command_signs(shown)
    for place, char in enumerate(shown):
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        plain = marks <= _MARKS_IN_A_ROW and place not in obeyed
        piece = _piece(char, lines) if plain else _written_out(char)
        room -= len(piece)
        if room < 0:
            return _cut(out, limit)
        out.append(piece)
    return "".join(out)


def no_formula(text: str) -> str:
    """The text for a cell of a table that spreadsheets open: one that they would run as a formula begins with an
    apostrophe. Numbers stay."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except ArithmeticError:
        return False
    return True


def command_signs(text: str) -> frozenset[int]:
    """Where a command to a CI system begins: the places of the signs to write out."""
    return frozenset(found.start(1) if found[1] else found.start() for found in _COMMAND.finditer(text))


def _piece(char: str, lines: bool) -> str:
    if lines and char in "\n\t":
        return "\n" if char == "\n" else "    "
    if char in _SHORT:
        return _SHORT[char]
    return _written_out(char) if acts_on_a_terminal(char) else char


def acts_on_a_terminal(char: str) -> bool:
    """Whether one character is a control or format character, or one that nobody sees."""
    return unicodedata.category(char) in _DANGEROUS or ord(char) in _INVISIBLE


def _written_out(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _cut(pieces: list[str], limit: int) -> str:
    """The pieces that leave room for the ellipsis; an escape is never cut in two."""
    used = sum(map(len, pieces))
    while pieces and used > limit - 1:
        used -= len(pieces.pop())
    return "".join(pieces) + "…"[:limit]
