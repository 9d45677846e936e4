"""JSON for standard output: one line, and nothing in it acts on the terminal that shows it.

    json_line({"text": "ok\u202e"})      # '{"text":"ok\\u202e"}'

JSON leaves most characters as they are, and models, providers and file names bring any. Control, format and invisible
characters are written as JSON's own escapes, so that every parser reads back the very same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from evalkit.report.hostile import acts_on_a_terminal

_COMMAND = re.compile(r"#(?=#[A-Za-z]*\[)")
"""Obeyed by CI systems wherever it stands; it can only stand in a text of the JSON."""
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]")


def json_line(value: object, *, default: Callable[[Any], Any] | None = None) -> str:
    """The value as one line of JSON with its line break. Raises TypeError for what JSON cannot say."""
    text = orjson.dumps(value, default=default).decode()
    return _COMMAND.sub(r"\\u0023", _BEYOND_ASCII.sub(_escaped, text)) + "\n"


def _escaped(found: re.Match[str]) -> str:
    char = found.group()
    if not acts_on_a_terminal(char):
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
