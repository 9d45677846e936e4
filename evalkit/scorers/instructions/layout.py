"""IFEval's `detectable_format:*` and `detectable_content:*`: what can be seen in the shape of a reply."""

from __future__ import annotations

import json
import re

from evalkit.scorers.instructions.base import COUNT, WORD, Kind, Parameters, alone

_PLACEHOLDER = re.compile(r"\[[^\[\]\n]*+\]")
_HIGHLIGHT = re.compile(r"\*([^\n*]*+)\*")
_BOLD = re.compile(r"\*\*([^\n*]*+)\*\*")
_FENCES = ("```json", "```Json", "```JSON", "```")
_FIXED_REPLIES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def bullets(reply: str, given: Parameters) -> bool:
    """Exactly so many lines that open with `*` (not `**`) or `-`."""
    lines = (line.lstrip() for line in reply.split("\n"))
    n = sum(line.startswith("-") or (line.startswith("*") and line[1:2] not in ("*", "")) for line in lines)
    return n == given.number("num_bullets")


def highlights(reply: str, given: Parameters) -> bool:
    """At least so many `*highlighted*` or `**bold**` stretches within a line; empty ones do not count."""
    n = sum(bool(text.strip()) for pattern in (_HIGHLIGHT, _BOLD) for text in pattern.findall(reply))
    return n >= given.number("num_highlights")


def title(reply: str) -> bool:
    """A title in `<<double angular brackets>>`, on one line."""
    for line in reply.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end and line[start:end].strip("<> \t"):
            return True
    return False


def json_only(reply: str) -> bool:
    """The whole reply is JSON, in a Markdown fence or not."""
    text = reply.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def fixed_reply(reply: str) -> bool:
    """One of "My answer is yes.", "My answer is no.", "My answer is maybe." appears."""
    return any(option in reply for option in _FIXED_REPLIES)


def sections(reply: str, given: Parameters) -> bool:
    """At least so many sections, each opened by the word and a number: `SECTION 1`."""
    found = re.findall(rf"{re.escape(given.text('section_spliter').strip())}\s?\d", reply)
    return len(found) >= given.number("num_sections")


def placeholders(reply: str, given: Parameters) -> bool:
    """At least so many `[placeholders]`."""
    return len(_PLACEHOLDER.findall(reply)) >= given.number("num_placeholders")


def postscript(reply: str, given: Parameters) -> bool:
    """A postscript opened by the marker; for P.S. and P.P.S the spaces between its letters do not matter."""
    marker = given.text("postscript_marker").strip()
    if marker == "P.P.S":
        return re.search(r"p\.\s?p\.\s?s", reply, re.IGNORECASE) is not None
    if marker == "P.S.":
        return re.search(r"p\.\s?s\.", reply, re.IGNORECASE) is not None
    return marker.lower() in reply.lower()


KINDS = {
    "detectable_format:number_bullet_lists": Kind(bullets, {"num_bullets": COUNT}),
    "detectable_format:number_highlighted_sections": Kind(highlights, {"num_highlights": COUNT}),
    "detectable_format:title": Kind(alone(title)),
    "detectable_format:json_format": Kind(alone(json_only)),
    "detectable_format:constrained_response": Kind(alone(fixed_reply)),
    "detectable_format:multiple_sections": Kind(sections, {"section_spliter": WORD, "num_sections": COUNT}),
    "detectable_content:number_placeholders": Kind(placeholders, {"num_placeholders": COUNT}),
    "detectable_content:postscript": Kind(postscript, {"postscript_marker": WORD}),
}
