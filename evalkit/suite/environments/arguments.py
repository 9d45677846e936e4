"""The arguments of a call, held to what its tool declares, in words that the model can act on.

    check = ArgumentCheck({"type": "object", "properties": {"days": {"type": "integer", "minimum": 1}}}, "extend")
    check.read('{"days": 0}')       # raises RefusedCall: 'days' is 0, and the least is 1

A small part of JSON Schema, and evalkit's own words: what a model is told is part of what it is asked, and must be the
same with every version of every library. Other keywords are refused when the file is read; `require` says what they
would. An argument that is left out is its `default`, or null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from evalkit.facts.base import Json, JsonMap
from evalkit.suite.environments.values import as_plain
from evalkit.suite.wording import listed, short, spelled

KNOWN = frozenset(
    {
        *("type", "description", "title", "default", "examples", "enum", "properties", "required"),
        *("additionalProperties", "items", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
    }
)
LONGEST = 100_000
"""Characters of the arguments of one call."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    **{"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),)},
    **{"array": (list,), "object": (dict,)},
}
_BOUNDS = (
    ("minimum", "maximum", (int, float), "is"),
    ("minLength", "maxLength", (str,), "has the length"),
    ("minItems", "maxItems", (list,), "has the length"),
)
_NUMBERS = frozenset(key for least, most, *_ in _BOUNDS for key in (least, most))


class RefusedCall(Exception):
    """A call that changes nothing, and what the model is told."""


class ArgumentCheck:
    """What the arguments of one tool must be."""

    __slots__ = ("_schema",)

    def __init__(self, schema: JsonMap, tool: str) -> None:
        """Raises ValueError (half a sentence) for a schema that says more than is checked."""
        for complaint in _unknown(dict(schema), tool):
            raise ValueError(complaint)
        self._schema = schema

    def read(self, written: str) -> dict[str, Json]:
        """The arguments of a call as a model wrote them, those left out included. Raises RefusedCall."""
        arguments = json_object(written)
        found = _checked(arguments, dict(self._schema), "")
        assert isinstance(found, dict)
        properties = self._schema.get("properties")
        names = properties if isinstance(properties, Mapping) else {}
        return {**{name: _default(one) for name, one in names.items()}, **found}


def json_object(written: str) -> dict[str, Json]:
    """The arguments of a call as a model wrote them; {} for none. Raises RefusedCall."""
    if len(written) > LONGEST:
        raise RefusedCall(f"the arguments are longer than {LONGEST:,} characters")
    try:
        arguments = as_plain(orjson.loads(written or "{}"))
    except orjson.JSONDecodeError as error:
        raise RefusedCall("the arguments are no JSON object") from error
    except ValueError as error:
        raise RefusedCall(f"the arguments hold what {error}") from error
    if not isinstance(arguments, dict):
        raise RefusedCall("the arguments are no JSON object")
    return arguments


def _default(declared: Json) -> Json:
    return declared.get("default") if isinstance(declared, dict) else None


def _checked(value: Json, schema: Json, name: str) -> Json:
    """The value; 5.0 where a whole number is declared is 5. Raises RefusedCall."""
    if not isinstance(schema, Mapping):
        return value
    value = _typed(value, schema, name)
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        raise RefusedCall(f"{name!r} is {spelled(value)}; it may be {listed([str(one) for one in allowed])}")
    for least, most, kinds, says in _BOUNDS:
        if isinstance(value, kinds) and not isinstance(value, bool):
            measured = value if isinstance(value, int | float) else len(value)
            low, high = schema.get(least), schema.get(most)
            if isinstance(low, int | float) and measured < low:
                raise RefusedCall(f"{name!r} {says} {short(measured)}, and the least is {low}")
            if isinstance(high, int | float) and measured > high:
                raise RefusedCall(f"{name!r} {says} {short(measured)}, and the most is {high}")
    if isinstance(value, dict):
        return _object(value, schema, name)
    if isinstance(value, list):
        return [_checked(one, schema.get("items"), f"{name}[{n}]") for n, one in enumerate(value)]
    return value


def _object(value: dict[str, Json], schema: JsonMap, name: str) -> Json:
    properties, required = schema.get("properties"), schema.get("required")
    known = properties if isinstance(properties, Mapping) else {}
    before = f"{name}." if name else ""
    for needed in required if isinstance(required, list) else ():
        if needed not in value:
            raise RefusedCall(f"the argument {before + str(needed)!r} is missing")
    if known or not name:
        for key in value:
            if key not in known:
                raise RefusedCall(f"there is no argument {short(before + key)}; there are {listed(known)}")
    return {key: _checked(one, known.get(key), before + key) for key, one in value.items()}


def _typed(value: Json, schema: JsonMap, name: str) -> Json:
    declared = schema.get("type")
    kinds = declared if isinstance(declared, list) else [declared]
    allowed = tuple(kind for one in kinds if isinstance(one, str) for kind in _TYPES.get(one, ()))
    if not allowed:
        return value
    if int in allowed and float not in allowed and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise RefusedCall(f"{name!r} must be of the type {' or '.join(map(str, kinds))}; it is {spelled(value)}")
    return value


def _unknown(schema: Json, tool: str, name: str = "parameters") -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        if key not in KNOWN:
            yield f"{tool}.{name}: {key!r} is not checked here; say it with require in `do`"
        elif (wanted := _unfit(key, value)) is not None:
            yield f"{tool}.{name}.{key} must be {wanted} (value seen: {short(value)})"
        elif key == "properties" and isinstance(value, Mapping):
            for inner, declared in value.items():
                yield from _unknown(declared, tool, f"{name}.{inner}")
        elif key == "items":
            yield from _unknown(value, tool, f"{name}.items")


def _unfit(key: str, value: Json) -> str | None:
    """What the value of a keyword must be, where it is something else."""
    if key in _NUMBERS:
        fits, wanted = isinstance(value, int | float) and not isinstance(value, bool), "a number"
    elif key in {"properties", "items"}:
        fits, wanted = isinstance(value, Mapping), "a mapping"
    elif key == "required":
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
        wanted = "a list of names"
    elif key == "enum":
        fits, wanted = isinstance(value, list) and bool(value), "a list of values"
    elif key == "type":
        kinds = value if isinstance(value, list) and value else [value]
        fits = all(isinstance(one, str) and one in _TYPES for one in kinds)
        wanted = f"one of {', '.join(_TYPES)}, or a list of them"
    else:
        return None
    return None if fits else wanted
