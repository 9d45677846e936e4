"""Names and values as a YAML file holds them, for suite files that evalkit writes.

yaml_word("billing")       # billing
yaml_word("no")            # "no"
yaml_quoted({"n": 1})      # {"n": 1}
"""

from __future__ import annotations

import json
import re

from evalkit.text.escape import acts_on_a_terminal

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ODD = re.compile(r"[^\x20-\x7e]")


def yaml_word(text: str) -> str:
    """The text as it is where YAML reads it as text, else in quotes."""
    return text if _PLAIN.fullmatch(text) and text.casefold() not in _NO_TEXT else yaml_quoted(text)


def yaml_quoted(value: object) -> str:
    """JSON that is YAML of the same meaning: what YAML refuses or folds, or nobody sees, is escaped."""
    return _ODD.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\U{ord(char):08x}" if acts_on_a_terminal(char) else char
