r"""Text that a reply crosses out: it is no part of the answer.

    without_struck("~~A~~ B")              # " B"
    without_struck("\\cancel{6} 5")        # " 5"
    without_crossed("❌ 6\n✅ 5")           # "\n✅ 5": also lines that a cross or an empty box marks

Crossed out is `~~x~~`, `<s>`, `<del>`, `<strike>`, TeX's `\cancel`, `\sout` and their like, and letters under a
combining stroke.
"""

from __future__ import annotations

import re

_TILDES = re.compile(r"~~(?=\S)[^~\n]{1,200}~~")
_TAGS = re.compile(r"<(del|strike)\b[^<>\n]{0,80}>.{0,400}?</\1\s?>", re.IGNORECASE | re.DOTALL)
_S_TAGS = re.compile(r"(?!\A\s*<s>[^\n]*</s>\s*\Z)<s>(?=[^\s\[])[^\n]{0,200}?</s>", re.IGNORECASE)
"""`<s>` and `</s>` around a whole reply, or before a space, are a model's tokens for beginning and end."""
_TEX = re.compile(r"\\(?:cancel|bcancel|xcancel|sout|st|xout)\s?\{((?:[^{}\n]|\{[^{}\n]{0,80}\}){0,200})\}")
_STROKE = re.compile("[\u0335-\u0338]")
_STROKES = re.compile("(?:[^\\s\u0335-\u0338][\u0335-\u0338]+[ \u00a0]?)+")
_CROSSES, _EMPTY, _TICKS = "❌✗✘✖❎🚫⛔☒", "☐⬜", "✅✔☑✓🗹"
_MARK = re.compile(f"[{_CROSSES}{_EMPTY}]")
_CROSSED_LINE = re.compile(
    rf"^[ \t]*(?:[-*+|>•][ \t]*)*(?:[{_CROSSES}{_EMPTY}]|\[ \](?!\())[^\n{_TICKS}]*$"
    rf"|^[^\n{_TICKS}]*[{_CROSSES}]\ufe0f?[ \t|*_.]*$",
    re.MULTILINE,
)


_BOX = re.compile(r"^([ \t]*(?:[-*+>•][ \t]*)?)\[([ xX])\](?=[ \t]+\S)", re.MULTILINE)


def with_boxes(reply: str) -> str:
    """The reply with Markdown's boxes as characters: `- [x] B` as `- ☑ B`."""
    if "[ ]" not in reply and "[x]" not in reply and "[X]" not in reply:
        return reply
    return _BOX.sub(lambda found: found[1] + ("☐" if found[2] == " " else "☑"), reply)


_IRONY = re.compile(r"(?<![\w/.])/s(?:arcasm)?[\s.)*_]*\Z", re.IGNORECASE)


def without_struck(reply: str) -> str:
    """The reply with a space in place of what is crossed out, and the mark of irony at its end ("/s") as a word."""
    if "/s" in reply[-12:]:
        reply = _IRONY.sub(" (sarcasm)", reply)
    if "~~" in reply:
        reply = _TILDES.sub(" ", reply)
    if "</" in reply:
        reply = _S_TAGS.sub(" ", _TAGS.sub(" ", reply))
    if "\\" in reply:
        reply = _TEX.sub(" ", reply)
    if not reply.isascii() and _STROKE.search(reply) is not None:
        reply = _STROKES.sub(" ", reply)
    return reply


def without_crossed(reply: str) -> str:
    """The same, and without lines that open or close with a cross, or open with an empty box."""
    reply = without_struck(reply)
    if "[ ]" not in reply and (reply.isascii() or _MARK.search(reply) is None):
        return reply
    return _CROSSED_LINE.sub("", reply)
