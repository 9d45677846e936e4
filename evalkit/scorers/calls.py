"""Function calls as a model writes them, read without running anything.

    read_calls('[{"name": "weather", "arguments": {"city": "Paris"}}]')     # [Call("weather", {"city": "Paris"})]
    read_calls('[weather(city="Paris")]')                                   # the same

Read: JSON (one call or a list; `name` or `function`, `arguments`, `parameters` or `args`, which may be JSON in a text;
OpenAI's `{"function": {"name": .., "arguments": ".."}}`; `{"weather": {..}}`), JSON in a Markdown fence, and calls in
Python's syntax with literal keyword arguments. Nothing is run: names, operators and comprehensions are no values.

    made_calls((ToolCall("weather", '{"city": "Paris"}'),))                 # through a tool interface: the same
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.records import ToolCall
from evalkit.scorers.structure import NotJson, find_json, parse

LONGEST = 20_000
"""Characters of a reply that are read. Calls are short; a longer reply is prose or a loop."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a function and its arguments by name."""

    name: str
    arguments: Mapping[str, Any]


class NoCalls(ValueError):
    """The reply makes no call that can be read; the message says why in one line."""


def read_calls(reply: str) -> list[Call]:
    """The calls of a reply in its order; [] for an empty list. Raises NoCalls where there is nothing to read."""
    text = reply.strip()[:LONGEST]
    for read in (_from_json, _from_python):
        calls = read(text)
        if calls is not None:
            return calls
    raise NoCalls("the reply holds no function call")


def made_calls(made: Sequence[ToolCall]) -> list[Call]:
    """Calls that came through a tool interface. Raises NoCalls where their arguments are no JSON object, or endless."""
    if sum(len(call.name) + len(call.arguments) for call in made) > LONGEST:
        raise NoCalls(f"the calls are longer than {LONGEST:,} characters")
    calls = []
    for call in made:
        try:
            arguments = parse(call.arguments) if call.arguments.strip() else {}
        except NotJson as error:
            raise NoCalls(f"the arguments of {call.name[:80]} cannot be read: {error}") from error
        if not isinstance(arguments, dict):
            raise NoCalls(f"the arguments of {call.name[:80]} are no object")
        calls.append(Call(call.name, arguments))
    return calls


def _from_json(text: str) -> list[Call] | None:
    try:
        value = parse(find_json(text, "any" if text[:1] not in ("[", "{") else "fence"))
    except NotJson:
        return None
    entries = value if isinstance(value, list) else [value]
    calls = [_call(entry) for entry in entries]
    return None if None in calls else [call for call in calls if call is not None]


def _call(entry: Any) -> Call | None:
    """One entry in any of the known forms; None when it is none of them."""
    if not isinstance(entry, dict):
        return None
    inner = entry.get("function")
    if isinstance(inner, dict):
        entry = inner
    name = entry.get("name", entry.get("function"))
    if isinstance(name, str):
        for key in ("arguments", "parameters", "args", "input"):
            if key in entry:
                return _with(name, entry[key])
        return Call(name, {}) if set(entry) <= {"name", "function", "type", "id"} else None
    if len(entry) == 1:
        name, arguments = next(iter(entry.items()))
        return _with(name, arguments) if isinstance(arguments, dict) else None
    return None


def _with(name: str, arguments: Any) -> Call | None:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            return None
    return Call(name, arguments) if isinstance(arguments, dict) else None


def _from_python(text: str) -> list[Call] | None:
    """Calls in Python's syntax, `[f(a=1), g(b="x")]`; positional arguments are refused, since they have no name."""
    text = text.strip("`\n ").removeprefix("python").strip()
    if "(" not in text:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "invalid escape sequence" and the like, in a model's text
            tree = ast.parse(text, mode="eval").body
        nodes = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
        return [_python_call(node) for node in nodes]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _python_call(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call) or node.args or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError("not a call with named arguments")
    return Call(ast.unparse(node.func), {str(k.arg): ast.literal_eval(k.value) for k in node.keywords})
