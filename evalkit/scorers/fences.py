r"""Markdown's fenced blocks, as models write them.

    fenced_blocks("Sure:\n```json\n{}\n```\n")      # [Block(language="json", text="{}", ...)]

Read: fences of backticks or tildes, three or more; indented ones (in a list), whose lines lose the same indentation;
attributes behind the language (`python title="a.py"`, `{.python}`); a block on one line; fences behind other words
on their line; a block that is never closed (it goes to the end); line ends of any system. A fence inside a string
does not end a block: a closing fence stands on
a line of its own, is as long as the opening one and is indented by at most three spaces more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_OPENING_IN_LINE = re.compile(r"[^`]*[\s:>.](?P<indent>)(?P<fence>`{3,})(?P<info>[\w+#.-]*[ \t]*)")
_LANGUAGE = re.compile(r"\s*\{?\.?\s*(?P<name>[A-Za-z][\w+#-]*)?")
_ATTRIBUTES = re.compile(r"\{[^:{}]+\}")
"""Behind the language: `{.numberLines startFrom="3"}`. A JSON object has a colon, or is empty."""
_QUOTED_FENCE = re.compile(r"^[ \t]{0,3}>[ \t]?(?:```|~~~)", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE)
INVISIBLE = "\ufeff\u200b\u2060\u200e\u200f"
"""Characters without a width that stand before or behind a reply: byte order marks, zero-width spaces, directions."""


_CLOSING_TAGS = re.compile(r"(?<=[`~])(?:\s*</[\w:-]{1,40}>)+$")
_LAST = tuple("}])\"'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
"""What may stand before a closing fence on its line: the end of JSON or of a line of code."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    """In small letters; "" where none is named."""
    text: str
    """Its lines, without the fence and without the fence's indentation."""
    closed: bool = True


def plain_lines(reply: str) -> str:
    """The reply with \\n for every line end, and without invisible characters around it."""
    return reply.replace("\r\n", "\n").replace("\r", "\n").strip(INVISIBLE)


def fenced_blocks(reply: str) -> list[Block]:
    """The blocks in order; [] where there are none. A reply whose fences are all quoted (`> `) is read unquoted."""
    text = plain_lines(reply)
    if "```" not in text and "~~~" not in text:
        return []
    if _QUOTED_FENCE.search(text):
        text = _QUOTE.sub("", text)
    blocks: list[Block] = []
    lines = iter(text.split("\n"))
    for line in lines:
        opening = _OPENING.match(line) or _OPENING_IN_LINE.fullmatch(line)
        if opening is None:
            continue
        fence, info, indent = opening["fence"], opening["info"], opening["indent"]
        inline = info.rstrip()
        if fence[0] == "`" and "`" in inline:
            if inline.endswith(fence) and len(inline) > len(fence):
                blocks.append(_one_line(inline[: -len(fence)]))
            continue
        inside, closed = [], False
        for inner in lines:
            if _closes(inner, fence, indent):
                closed = True
                break
            if inner.rstrip().endswith(fence) and inner.count(fence) == 1 and inner.rstrip(" \t`~").endswith(_LAST):
                inside.append(_unindented(inner.rstrip()[: -len(fence)], indent))
                closed = True
                break
            inside.append(_unindented(inner, indent))
        if not closed and not any(line.strip() for line in inside) and not info.strip():
            continue  # a closing fence without an opening one
        language, first = _info(info)
        blocks.append(Block(language, "\n".join([*first, *inside]), closed))
    return blocks


def _closes(line: str, fence: str, indent: str) -> bool:
    bare = _CLOSING_TAGS.sub("", line.strip())
    if len(bare) < len(fence) or bare.strip(fence[0]):
        return False
    return len(line) - len(line.lstrip()) <= len(indent) + 3


def _unindented(line: str, indent: str) -> str:
    return line[len(indent) :] if line.startswith(indent) else line.lstrip()


def _one_line(text: str) -> Block:
    language, first = _info(text)
    return Block(language, first[0] if first else "")


def _info(info: str) -> tuple[str, list[str]]:
    """The language, and what stands on the fence's own line but is no attribute: JSON, or a line of code."""
    found = _LANGUAGE.match(info)
    assert found is not None  # every part of the pattern may be empty
    name = (found["name"] or "").lower()
    rest = info[found.end() :].strip()
    if info.lstrip()[:1] in ("{", "[", '"') and not re.match(r"\s*\{\s*\.?\w[^\"':]*\}?\s*$", info):
        return "", [info.strip()]
    if name and _ATTRIBUTES.fullmatch(rest):
        return name, []
    if rest[:1] in ("{", "["):
        return name, [rest]
    if name in ("def", "return", "class", "import", "from", "print", "lambda"):
        return "", [info.strip()]
    if re.match(r"(?:async\s+)?(?:def|class)\s|return\s|import\s|from\s|\w+\s*=\s*\S+.*[()]", rest):
        return name, [rest]
    return name, []
