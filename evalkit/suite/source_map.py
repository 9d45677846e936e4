"""YAML 1.2 as plain data that remembers its lines.

    tree = parse("a: no\\nb: [1, 2]", "suites/x.yaml")
    tree.data            # {"a": "no", "b": [1, 2]}
    tree.line(("b", 1))  # 2

Stricter than YAML: duplicate keys, anchors, aliases, merge keys and explicit tags are refused, because each lets a
reader and the machine see different suites. Only the JSON types exist; dates stay text. What is refused is collected,
so that one look shows everything.
"""

from __future__ import annotations

import math
import re
from dataclasses import field
from functools import lru_cache
from typing import Any

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.late import late
from evalkit.reading import NotYaml, composed_yaml, nests_deeper

Loc = tuple[str | int, ...]
"""Where a value stands: ("tasks", 1, "prompt")."""

_TAG = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 100
_DEEPEST = 100
"""Levels: each value keeps the way that leads to it."""
_KEPT = 50_000
"""Signs of a text whose parsed form is kept: `gate` and others read a suite twice."""
_HALF = "holds half of a character (\\ud800 to \\udfff); write the character itself, or all of it as \\U0001F600"
_PLAIN = {
    "mapping": {"map"},
    "sequence": {"seq"},
    "scalar": {"str", "int", "float", "bool", "null", "timestamp", "merge", "value"},
}
_INT = late(r"[-+]?[0-9]+")
_OTHER_BASE = late(r"0o[0-7]+|0x[0-9a-fA-F]+")
_SURROGATE = late("[\ud800-\udfff]")
_FLOAT = late(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BARE = late(r"(?:- *)?(\w+): *(\{[{%].*)")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


@dataclass(slots=True)
class SourceMap:
    """A parsed file: plain data, the line of every key and item (1-based), and what the parser refused."""

    name: str
    """The file as the user wrote it; opens every complaint."""
    data: Any
    lines: dict[Loc, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    refused: set[Loc] = field(default_factory=set)
    """Places that have a complaint already, so that a later look does not add to it."""
    in_file: bool = True
    """Whether it has lines; False for a suite that was made in Python."""

    def line(self, loc: Loc) -> int:
        """The line where this value stands, or the nearest one around it."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def complaint(self, loc: Loc, message: str) -> str:
        """One sentence with its place: `suites/x.yaml:12: tasks[1].prompt: ...`."""
        return f"{self.at(loc)}: {message}"

    def at(self, loc: Loc) -> str:
        """`suites/x.yaml:12: tasks[1].prompt`, without a line where there are none."""
        place = f"{self.name}:{self.line(loc)}" if self.in_file else self.name
        return f"{place}: {dotted(loc)}" if loc else place

    def refuse(self, loc: Loc, message: str) -> None:
        """Keep a complaint."""
        self.refused.add(loc)
        self.complaints.append(self.complaint(loc, message))


def without_lines(data: object, name: str) -> SourceMap:
    """Data that was made in Python, as a tree without lines."""
    tree = SourceMap(name, data, in_file=False)

    def walk(value: object, loc: Loc) -> None:
        tree.lines[loc] = 1
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            walk(item, (*loc, key))

    walk(data, ())
    return tree


def dotted(loc: Loc) -> str:
    """("tasks", 1, "prompt") is tasks[1].prompt; keys that are no plain words are quoted."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w.+-]+", part):
            text += f".{part}" if text else part
        else:
            text += f"[{part!r}]"
    return text


def parse(text: str, name: str) -> SourceMap:
    """The document as data with lines. Raises SuiteError where it is no YAML at all; the rest is in `.complaints`."""
    if nests_deeper(text):
        raise SuiteError(f"{name}: nested too deeply to be a suite")
    try:
        node = (_composed if len(text) <= _KEPT else _composed.__wrapped__)(text)
        tree = SourceMap(name, None)
        tree.data = None if node is None else _build(node, (), tree)
    except NotYaml as error:
        reason = error.reason
        if "another document" in reason:
            reason = "a second document starts here (---); a suite is one document"
        if "mapping values are not allowed" in reason:
            reason = f"{reason}; a text that holds ': ' stands in quotes"
        if error.line is not None and (bare := _bare_template(text.split("\n")[: error.line])):
            reason = f"a template stands in quotes: {bare}"
        raise SuiteError(f"{error.at(name)}: this is not valid YAML: {reason}") from error
    except RecursionError as error:
        raise SuiteError(f"{name}: nested too deeply to be a suite") from error
    return tree


@lru_cache(maxsize=8)
def _composed(text: str) -> Any:
    """The nodes of the document. Whoever reads them changes none."""
    return composed_yaml(text)


def _build(node: Any, loc: Loc, tree: SourceMap) -> object:
    if len(loc) > _DEEPEST:
        raise RecursionError
    tree.lines.setdefault(loc, node.start_mark.line + 1)
    if node.anchor is not None:
        tree.refuse(loc, f"anchors and aliases are refused (&{node.anchor}); write the value out where it is used")
        return None
    kind = node.id
    tag = str(node.tag or "")
    if tag.removeprefix(_TAG) not in _PLAIN[kind]:
        tree.refuse(loc, f"explicit tags are refused (value seen: {tag!r}); a suite is plain data")
        return None
    if kind == "mapping":
        return _mapping(node, loc, tree)
    if kind == "sequence":
        return [_build(child, (*loc, i), tree) for i, child in enumerate(node.value)]
    if not _is_text(_joined(node.value)):
        tree.refuse(loc, _HALF)
        return None
    return _scalar(node, tag, loc, tree)


def _mapping(node: Any, loc: Loc, tree: SourceMap) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = _joined(key_node.value) if isinstance(key_node.value, str) else key_node.value
        if key_node.id == "mapping" or (node.flow_style and value_node.value == "" and _is_template(loc)):
            tree.refuse(loc, f'a template stands in quotes: {dotted(loc[-1:])}: "{{{{ FIELD }}}}"')
            return {}
        if key_node.id != "scalar" or key_node.anchor is not None:
            tree.lines[(*loc, "?")] = key_node.start_mark.line + 1
            tree.refuse((*loc, "?"), "a key must be plain text")
            continue
        if not _is_text(key):
            tree.lines[(*loc, "?")] = key_node.start_mark.line + 1
            tree.refuse((*loc, "?"), _HALF)
            continue
        here = (*loc, key)
        line = key_node.start_mark.line + 1
        if key in result:
            tree.complaints.append(
                f"{tree.name}:{line}: {dotted(here)}: given twice (first in line {tree.line(here)}); keep one"
            )
            continue
        tree.lines[here] = line
        if key == "<<":
            tree.refuse(here, "merge keys are refused; write the values out where they are used")
            continue
        result[key] = _build(value_node, here, tree)
    return result


def _joined(text: str) -> str:
    """The text with pairs of surrogates joined, as JSON writes an emoji; half of one stays as it is."""
    if _SURROGATE.search(text) is None:
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return text


def _whole(value: str, loc: Loc, tree: SourceMap) -> int | None:
    number = int(value, 0 if _OTHER_BASE.fullmatch(value) else 10) if len(value) < _LONGEST_NUMBER else None
    if number is None or not -(1 << 63) <= number < 1 << 64:
        shown = value if len(value) <= 30 else f"{value[:30]}…"
        tree.refuse(loc, f"a whole number has at most 64 bits (value seen: {shown})")
        return None
    return number


def _is_text(value: str) -> bool:
    """Whether it can be stored and sent: half of a surrogate pair, which YAML can spell, cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _bare_template(lines: list[str]) -> str | None:
    """The last of these lines' `key: {{ x }}` without quotes, as it should be written; None where there is none."""
    for line in reversed(lines[-3:]):
        if found := _BARE.fullmatch(line.strip()):
            return f'{found[1]}: "{found[2]}"'
    return None


def _is_template(loc: Loc) -> bool:
    return bool(loc) and loc[-1] in {"prompt", "target", "system", "content", "critical", "choices", "turns"}


def _scalar(node: Any, tag: str, loc: Loc, tree: SourceMap) -> object:
    """A plain scalar by the YAML 1.2 core schema; quoted and block scalars are text."""
    value = _joined(node.value)
    if node.style or tag == _TAG + "str":
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _INT.fullmatch(value) or _OTHER_BASE.fullmatch(value):
        return _whole(value, loc, tree)
    if _FLOAT.fullmatch(value):
        real = float(value)
        if math.isfinite(real):
            return real
    if value.lower().lstrip("+-") in {".nan", ".inf"} or _FLOAT.fullmatch(value):
        tree.refuse(loc, f"a number must be finite (value seen: {value})")
        return None
    return value
