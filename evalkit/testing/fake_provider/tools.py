"""Functions that a request offers, checked as strictly as providers do, and the calls that are made in answer.

names_offered([("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})])   # ("get_weather",)
names_offered([("math.factorial", {...})])                # ValueError: a 400, as from the real ones
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


@dataclass(frozen=True, slots=True)
class FakeCall:
    """A call of a function, for any dialect to write."""

    id: str
    name: str
    arguments: str
    """JSON, unless the behaviour wants it broken."""
    pieces: tuple[str, ...]
    """The arguments in the chunks that a stream sends."""

    @property
    def input(self) -> Any:
        """The arguments as an object; None where they are no JSON."""
        try:
            return orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            return None


def names_offered(declared: Iterable[tuple[object, object]]) -> tuple[str, ...]:
    """Names of the functions, given with their schemas. Raises ValueError for what providers refuse."""
    names = []
    for at, (name, schema) in enumerate(declared):
        if not isinstance(name, str) or not _NAME.match(name):
            raise ValueError(f"Invalid 'tools[{at}].name': string does not match pattern '{_NAME.pattern}'")
        if name in names:
            raise ValueError(f"tools: the name {name!r} stands there twice")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise ValueError(
                f"Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"'"
            )
        for complaint in _complaints(schema):
            raise ValueError(f"Invalid schema for function '{name}': {complaint}")
        names.append(name)
    return tuple(names)


def n_words(tools: object) -> int:
    """Whitespace words of the functions as they were sent; 0 for none."""
    return len(orjson.dumps(tools).split()) if tools else 0


def _complaints(schema: object) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{schema!r} is not of type 'object', 'boolean'"
        return
    kinds = schema.get("type", ())
    for kind in kinds if isinstance(kinds, list | tuple) else (kinds,):
        if kind not in _TYPES:
            yield f"{kind!r} is not valid under any of the given schemas"
    if not isinstance(schema.get("required", []), list):
        yield f"{schema['required']!r} is not of type 'array'"
    for inner in schema.get("properties", {}).values():
        yield from _complaints(inner)
    if "items" in schema:
        yield from _complaints(schema["items"])
