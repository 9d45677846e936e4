r"""Text that somebody else wrote, made harmless where it is shown: a model, a provider's error message, a dataset.

    visible("ok\x1b[2J\u202etxt.exe")      # terminal: ok\x1b[2J\u202etxt.exe, escapes in plain characters
    markdown("[x](http://y) **b**")        # Markdown: the same characters, none of them obeyed
    html("<b>")                            # HTML: &lt;b&gt;
    csv_cell("=1+1")                       # CSV: '=1+1, which no spreadsheet runs
    json_line({"text": "ok\u202e"})        # standard output: {"text":"ok\\u202e"}

This is the one place that escapes. Whatever comes from a run, a suite or a provider passes one of these functions
before it is printed, written or drawn. All but `csv_cell` and `json_line`, which keep a text as it is, begin with
`visible`.

What comes out of `visible` has no character of the categories Cc, Cf, Cs, Co and Cn, except "\n" where lines are kept:
left as they are, such characters clear the screen, recolour a failure as a pass, hide a sentence or turn it around.
Brackets stay: `page` prints without rich's markup, so "[red]" is just text there. A backslash is not doubled: a model
that writes the four characters `\x1b` itself gains nothing by it.

CI systems obey what a job prints: `##vso[task.setvariable ...]` (Azure Pipelines), `##teamcity[...]`, `::add-mask::`
and `##[add-mask]` (GitHub). The first sign of such a command is written out as well, so that nobody obeys it.
"""

from __future__ import annotations

import html as _html
import json
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from evalkit.late import late
from evalkit.text.secrets import without_keys

if TYPE_CHECKING:
    import logging

_BEYOND_ASCII = late(r"[^\x20-\x7e]")
_CONTROL = late(r"[\x00-\x08\x0b-\x1f\x7f]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, the wide signs of East Asian ones among them."""
_JSON_COMMAND = late(r"#(?=#[A-Za-z]*\[)")
"""Obeyed by CI systems wherever it stands; it can only stand in a text of the JSON."""
# Blank or invisible without being in a category of control or format characters.
_INVISIBLE = frozenset(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)]
) | frozenset(range(0xE0100, 0xE01F0))
_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HARMLESS = late(
    r"[\x20-\x7e\u00a1-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u23ff\u3041-\u3096"
    r"\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*"
)
"""Letters and signs of common scripts: where they are printable, none of them acts on anything or joins another."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Real scripts stack two or three marks on a letter; a tower of them paints over the lines above.
_MARKS_IN_A_ROW = 3
_TAKEN = late(r"://|www\.|@|:\S*:|^(?:[<~]?--?>?|<->|[<>~]=|=>|\+-|\(\w+\)|\.\.\.)$|^mailto:|^xmpp:", re.IGNORECASE)
"""Words of which a browser makes links, emojis, icons and typographers' signs, whether they are escaped or not."""
_COMMAND = late(r"#(?=#[A-Za-z]*\[)|(?:^|(?<=[\n\r]))[^\S\n\r]*(:)(?=:[A-Za-z][\w-]*[^\n\r]*::)")
"""What a CI system reads as a command: `##NAME[` anywhere, `::NAME ...::` where a line begins."""


_WWW = late(r"www(?=\.)", re.IGNORECASE)
"""GitHub makes a link of it without any sign before."""
_SIGN = late(r"([!-/:-@\[-`{-~])")
"""ASCII signs: Markdown shows each as itself behind a backslash."""
LONGEST_LOGGED = 2_000
"""Characters of one message."""
_MOST_TRACED = 200
"""Of a traceback."""


def visible(text: str, *, limit: int = 200, lines: bool = False) -> str:
    """The text with every character that could act on a terminal written out, at most `limit` characters long.

    What was cut ends in "…". `lines` keeps line breaks and indents (tabs become four spaces); without it the result is
    one line. Control characters appear as \\x1b, others as \\u202e or \\U000e0041.
    """
    if len(text) <= limit and text.isprintable() and _HARMLESS.fullmatch(text) and not _COMMAND.search(text):
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


def markdown(text: object, *, limit: int = 1000) -> str:
    """The text as plain words of Markdown: nothing in it is read as Markdown, HTML, a new cell, a mention or a link."""
    safe = _html.escape(visible(str(text), limit=limit), quote=False)
    safe = re.sub(r"([\\`*_{}\[\]()#+!|~>])", r"\\\1", safe)
    safe = _WWW.sub("\\g<0>\u2060", safe)
    return safe.replace("@", "@\u2060").replace("://", ":\u2060//")


def markdown_label(text: object, *, limit: int = 80) -> str:
    """The text as a label of the board: Streamlit reads Markdown, `$maths$` and `:material/...:` in most of them, so
    every ASCII sign is escaped (before any other, Markdown would show the backslash).

    The browser looks for addresses, emojis and arrows once the escapes are gone: a word that it would take for one
    stands in spans of code, where it looks for nothing.
    """
    words = re.split(r"(\s+)", visible(str(text), limit=limit))
    return "".join(_spans(word) if _TAKEN.search(word) else _SIGN.sub(r"\\\1", word) for word in words)


def markdown_code(text: str, *, limit: int = 200) -> str:
    """The text for inside one pair of backticks, also in a table."""
    return visible(text, limit=limit).replace("`", "'").replace("|", "/")


def markdown_block(text: str, *, limit: int) -> list[str]:
    """The lines of a code block that the text cannot close."""
    shown = visible(text, limit=limit, lines=True)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", shown, fence]


def html(text: object, *, limit: int = 200) -> str:
    """The text as text of an HTML page, also inside a quoted attribute."""
    return _html.escape(visible(str(text), limit=limit))


def csv_cell(text: str) -> str:
    """The text for a cell of CSV: with an apostrophe before it where a spreadsheet would run it as a formula.

    Numbers stay as they are. Quotes and commas are for the writer of the file.
    """
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) and not _is_number(text) else text


def _spans(word: str) -> str:
    """Spans of code that show a word. Colons stand between them: Streamlit looks for icons in code too."""
    return r"\:".join(_span(piece) if piece else "" for piece in word.split(":"))


def _span(word: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", word)), default=0))
    pad = " " if word.startswith("`") or word.endswith("`") else ""
    return f"{fence}{pad}{word}{pad}{fence}"


def workflow_data(text: str) -> str:
    """The text for the message of a GitHub workflow command, escaped as the runner's own toolkit does it."""
    return visible(text, limit=2000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """The text for a property of a GitHub workflow command (`title=...`)."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")


def json_line(value: object, *, default: Callable[[Any], Any] | None = None) -> str:
    """The value as one line of JSON with its line break, for standard output. Raises TypeError for what is no JSON.

    JSON leaves most characters as they are. Control, format and invisible ones are written as JSON's own escapes, so
    that every parser reads back the very same text, and nothing in it acts on the terminal that shows it.
    """
    import orjson

    try:
        text = orjson.dumps(value, default=default).decode()
    except TypeError:  # halves of characters, which only Python's own JSON writes
        text = json.dumps(value, default=default, separators=(",", ":"))
    return json_commands(_BEYOND_ASCII.sub(_json_escape, text)) + "\n"


def json_commands(text: str) -> str:
    """JSON with the first sign of every command to a CI system escaped: the same value, and nobody obeys it."""
    return _JSON_COMMAND.sub(r"\\u0023", text)


def command_signs(text: str) -> frozenset[int]:
    """Where a command to a CI system begins: the places of the signs to write out."""
    return frozenset(found.start(1) if found[1] else found.start() for found in _COMMAND.finditer(text))


def without_commands(text: str) -> str:
    """Text that was laid out already, with the first sign of every command to a CI system written out.

    Folding a text into lines can put `::error::` where a line begins, which stood inside one before.
    """
    obeyed = command_signs(text)
    return (
        "".join(_written_out(char) if place in obeyed else char for place, char in enumerate(text)) if obeyed else text
    )


def harmless_lines(text: str) -> str:
    """Text that was laid out already, of any length: line breaks and indents stay, whatever else acts on a terminal and
    commands to a CI system are written out."""
    if not text.isascii() or _CONTROL.search(text):
        text = "".join(char if char in "\n\t" or not acts_on_a_terminal(char) else _written_out(char) for char in text)
    return without_commands(text)


def json_inside(value: object) -> str:
    """The value as JSON for the middle of a line: as `json_line`, without the line break."""
    return json_line(value)[:-1]


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


def _json_escape(found: re.Match[str]) -> str:
    char = found.group()
    if not acts_on_a_terminal(char):
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except InvalidOperation:
        return False
    return True


def hold_logs() -> None:
    """From now on every record that a library logs in this process is written out as all text of others, without the
    keys of this process. Calling it again changes nothing.

    A library quotes what a server, a file or a browser said, and Python prints warnings that nobody handles as they are
    (`logging.lastResort`).
    """
    import logging

    made = logging.getLogRecordFactory()
    if getattr(made, "is_plain", False):
        return

    def plain(*args: object, **more: object) -> logging.LogRecord:
        record: logging.LogRecord = made(*args, **more)
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001  # logging itself says what is wrong with such a call
            return record
        record.msg, record.args = _logged(said, LONGEST_LOGGED), None
        if record.exc_info:
            traced = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _logged("\n".join(traced.splitlines()[-_MOST_TRACED:]), _MOST_TRACED * 200)
        return record

    plain.is_plain = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(plain)


def _logged(text: str, limit: int) -> str:
    """Lines after the first are indented: none can be taken for a record of its own."""
    return visible(without_keys(text), limit=limit, lines=True).replace("\n", "\n    ")
