"""Functions that a model may call: what a task or its records declare, as what is offered.

    {"name": "math.factorial", "description": "Factorial of a number.",
     "parameters": {"type": "dict", "properties": {"number": {"type": "integer"}}, "required": ["number"]}}
      -> Tool("math.factorial", "Factorial of a number.", {"type": "object", "properties": {...}, "required": [...]})

Declarations are read bare, or as OpenAI writes them (`{"type": "function", "function": {...}}`). Their types may be the
words of programming languages, as in BFCL (dict, float, tuple, any): what is offered through a provider's tool
interface is JSON schema, which is all that providers take. Where functions are listed in the prompt instead
(`interface: text`), they stand there as declared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.frozen import dataclass
from evalkit.records import Tool
from evalkit.suite.templates import Expression
from evalkit.suite.wording import short

LISTED = """You may call these functions:
{{ tools | tojson }}

Reply with a JSON list of calls and nothing else, like [{"name": "FUNCTION", "arguments": {"ARGUMENT": "VALUE"}}].
Reply with [] when none of the functions fits or a required argument is not known."""
"""What opens the system prompt with `interface: text`, unless a template reads `tools` itself."""
LISTED_FOR_AGENTS = """You may call these functions:
{{ tools | tojson }}

To call some, reply with a JSON list of calls and nothing else, like \
[{"name": "FUNCTION", "arguments": {"ARGUMENT": "VALUE"}}]. You are then told what they return, and may call again.
When you are done, reply in plain words, without any call."""
"""The same for a task with an environment."""
DEEPEST = 24
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("dict", "hashmap", "hashtable", "map"), "object"),
    **dict.fromkeys(("list", "tuple", "arraylist", "queue", "stack", "set"), "array"),
    **dict.fromkeys(("float", "double"), "number"),
    **dict.fromkeys(("int", "byte", "short", "long", "bigint"), "integer"),
    **dict.fromkeys(("str", "char"), "string"),
    "bool": "boolean",
}
"""Words of Python, Java and JavaScript; capitals do not matter. `any` is a schema without a type."""
_SCHEMAS = ("items", "additionalProperties", "not", "contains", "propertyNames")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a task offers: the same functions to every sample, or those of each record."""

    declared: Expression | tuple[Mapping[str, object], ...]
    native: bool
    """Through the provider's tool interface; False: listed in the prompt."""
    unlisted: bool = False
    """Whether they are those of a live server that was not asked for them: none are shown."""

    @property
    def reads(self) -> frozenset[str]:
        """The fields of a record that name its functions."""
        return self.declared.reads if isinstance(self.declared, Expression) else frozenset()

    def listed(self, record: Mapping[str, object]) -> list[Any]:
        """The declarations as they are written. Raises BadTemplate, or ValueError where they are no list."""
        if self.unlisted:
            return []
        value = self.declared.value(record) if isinstance(self.declared, Expression) else list(self.declared)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"is no JSON: {short(value)}") from error
        entries = [value] if isinstance(value, dict) else value
        if not isinstance(entries, list) or not entries:
            raise ValueError(f"gives {short(value)}; expected a list of functions")
        return entries

    def tools(self, record: Mapping[str, object]) -> tuple[Tool, ...]:
        """What is offered through the interface; () where the prompt lists it. Raises as `listed` and `read_tools`."""
        return read_tools(self.listed(record)) if self.native else ()


def read_tools(entries: Iterable[object]) -> tuple[Tool, ...]:
    """The declarations as tools. Raises ValueError (half a sentence): no name, a name twice, a type nobody knows."""
    tools: dict[str, Tool] = {}
    for entry in entries:
        inner = entry.get("function", entry) if isinstance(entry, dict) else None
        name = inner.get("name") if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or not isinstance(name, str) or not name.strip():
            raise ValueError(f"has a function without a name: {short(entry)}")
        if name in tools:
            raise ValueError(f"declares {short(name)} twice")
        tools[name] = Tool(name, str(inner.get("description") or ""), _parameters(name, inner.get("parameters")))
    return tuple(tools.values())


def _parameters(name: str, declared: object) -> dict[str, object]:
    if declared is None:
        return {"type": "object", "properties": {}}
    if not isinstance(declared, dict):
        raise ValueError(f"{short(name)}: its parameters are {short(declared)}, no schema of an object")  # noqa: TRY004
    try:
        schema: dict[str, object] = _schema({"type": "object", "properties": {}, **declared}, 0)
    except ValueError as error:
        raise ValueError(f"{short(name)}: {error}") from None
    if schema.get("type") != "object":
        raise ValueError(f"{short(name)}: its parameters are of type {short(declared.get('type'))}; expected object")
    return schema


def _schema(declared: object, depth: int) -> Any:
    """The declaration as JSON schema: known types, and without the marks of BFCL that are none of it."""
    if depth > DEEPEST:
        raise ValueError(f"its parameters are nested more than {DEEPEST} deep")
    if not isinstance(declared, dict):
        return declared
    schema: dict[str, object] = {}
    for key, value in declared.items():
        if key == "type":
            if (types := _type(value)) is not None:
                schema[key] = types
        elif key in _NAMED and isinstance(value, dict):
            schema[key] = {name: _schema(inner, depth + 1) for name, inner in value.items()}
        elif key in _SCHEMAS:
            schema[key] = _schema(value, depth + 1)
        elif key in _LISTS and isinstance(value, list):
            schema[key] = [_schema(inner, depth + 1) for inner in value]
        elif key != "optional" and (key != "required" or isinstance(value, list)):
            schema[key] = value
    return schema


def _type(word: object) -> object:
    """A type of JSON schema, or a list of them; None for any."""
    if isinstance(word, list):
        types = [_type(one) for one in word]
        return None if None in types else types
    lower = word.lower() if isinstance(word, str) else ""
    if lower == "any":
        return None
    found = lower if lower in _TYPES else _WORDS.get(lower)
    if found is None:
        raise ValueError(f"{short(word)} is no type of JSON schema")
    return found
