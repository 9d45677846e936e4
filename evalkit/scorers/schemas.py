"""JSON schemas that a suite brings: checked once when the suite is loaded, harmless ever after.

A schema may come from a pull request. So it may not fetch anything (`$ref` only within the schema itself), its
`pattern` runs in linear time (RE2), `uniqueItems` does not compare every pair, and what cannot be made safe is refused.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from evalkit.errors import SuiteError
from evalkit.scorers.patterns import Pattern
from evalkit.suite.wording import short
from evalkit.text.pattern_time import complaint as slow
from evalkit.text.pattern_time import microseconds

Complain = Callable[[Any], str | None]
"""(value) -> the first thing wrong with it in one line; None when it is valid."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_OF_NAMES = ("properties", "$defs", "definitions", "dependentSchemas")  # mappings from a free name to a schema
_DEEPEST = 60
_MOST_PLACES, _MOST_PATTERNS = 2_000, 200
_MOST_MICROSECONDS = 30_000
"""Of all patterns of a schema once: 200 of the usual ones take less (see `pattern_time`)."""
_HOLDS_SCHEMAS = frozenset(
    {"items", "prefixItems", "additionalProperties", "contains", "propertyNames", "contentSchema"}
    | {"not", "if", "then", "else", "allOf", "anyOf", "oneOf"}
)
_SHOWN_DIGITS = 40  # of a number in a message
_DATA = ("const", "enum", "default", "examples", "required", "dependentRequired")
_PROBES: tuple[Any, ...] = ({}, [], "", 0, None)
_REFUSED = {
    "patternProperties": "name the properties in `properties`, or use `propertyNames`",
    "$dynamicRef": "use `$ref`",
    "unevaluatedProperties": "use `additionalProperties`",
    "unevaluatedItems": "use `items`",
}


MOST_REFERENCES = 20_000
"""References that are followed for one answer: a few lines of a schema can double them at every step."""


MOST_CHECKS = 3_000_000
"""Of one answer. A keyword on a value costs ten, one more for each entry that it lists (an `enum` of a thousand: a
thousand), one for each fifty characters of the value, which a complaint would quote, and a pattern what RE2 takes to
read it, in microseconds: else a list of the schema and a list of the reply multiply without an end."""
_A_KEYWORD, _A_QUOTE = 10, 50


class _TooMany(Exception):
    """More references or steps than one answer may need. `str()` says which."""


def compile_schema(schema: Mapping[str, object], where: str) -> Complain:
    """A check against the schema (JSON Schema 2020-12; `format` is not asserted).

    Raises SuiteError, saying where, for a schema that is not valid, refers outside itself, or uses a refused keyword.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    _refuse_unsafe(schema, where)

    def pattern(validator: object, wanted: str, value: object, schema: object) -> Iterator[ValidationError]:
        del validator, schema
        if not isinstance(value, str):
            return
        cost.n += microseconds(wanted)
        if not _compiled(wanted).found(value):
            yield ValidationError(f"does not match {wanted!r}")

    def unique(validator: object, wanted: bool, value: object, schema: object) -> Iterator[ValidationError]:
        del validator, schema
        if wanted and isinstance(value, list) and len({canonical(item) for item in value}) < len(value):
            yield ValidationError("has items that are not unique")

    follow: Any = Draft202012Validator.VALIDATORS["$ref"]
    followed = [0]

    def reference(validator: object, wanted: str, value: object, schema: object) -> Iterator[ValidationError]:
        followed[0] += 1
        if followed[0] > MOST_REFERENCES:
            raise _TooMany(f"its check follows more than {MOST_REFERENCES:,} references ($ref) of the schema")
        yield from follow(validator, wanted, value, schema) or ()

    def refused(validator: object, wanted: object, value: object, schema: object) -> Iterator[ValidationError]:
        raise ValueError("a keyword that was refused when the schema was read")

    checks = {"pattern": pattern, "uniqueItems": unique, "multipleOf": _multiple, "$ref": reference}
    checks |= dict.fromkeys(_REFUSED, refused)
    cost = _Cost()
    counted = {name: cost.counted(one) for name, one in (Draft202012Validator.VALIDATORS | checks).items()}
    safe = extend(Draft202012Validator, counted)  # type: ignore[no-untyped-call]
    validator = safe(schema, registry=Registry())

    def check(value: object) -> str | None:
        followed[0] = 0
        cost.begin(value)
        error = next(iter(validator.iter_errors(value)), None)
        return None if error is None else f"{error.json_path}: {error.message[:200]}"

    def complain(value: object) -> str | None:
        try:
            return check(value)
        except _TooMany as error:
            return f"$: {error}"
        except Unresolvable as error:  # every reference was looked up when the schema was read
            raise ValueError("a reference of the schema leads nowhere") from error

    try:
        for probe in _PROBES:
            check(probe)
    except _TooMany as error:
        raise SuiteError(f"{where}: {error}") from error
    except (RecursionError, Unresolvable) as error:
        raise SuiteError(f"{where}: a `$ref` leads round in a circle, or nowhere: {error}") from error
    return complain


def _refuse_unsafe(schema: Mapping[str, object], where: str) -> None:
    """Raises SuiteError for what is no schema, at any place that a reference leads to, or does what is refused."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    places: dict[int, tuple[str, Any]] = {}
    if len(set(_patterns(schema))) > _MOST_PATTERNS:
        raise SuiteError(f"{where}: it has more than {_MOST_PATTERNS} patterns, each of which is made a program")
    if (wrong := slow(set(_patterns(schema)), _MOST_MICROSECONDS)) is not None:
        raise SuiteError(f"{where}: what its patterns say together {wrong}")
    if complaints := list(_complaints(schema)) or list(_referred(schema, places)):
        raise SuiteError([f"{where}: {complaint}" for complaint in complaints])
    seen: set[int] = set()
    larger_first = sorted(places.values(), key=lambda place: -len(canonical(place[1])))
    try:
        for place, one in [("$", schema), *larger_first]:
            if id(one) in seen:
                continue  # a part of one that was checked
            if complaints := list(_odd_lists(one, place, seen)):
                raise SuiteError([f"{where}: {complaint}" for complaint in complaints])
            Draft202012Validator.check_schema(one)
    except (SchemaError, RecursionError) as error:
        reason = "it is nested too deeply"
        if isinstance(error, SchemaError):  # its message begins with the value, of any size
            reason = error.message.replace(repr(error.instance), short(error.instance))
        raise SuiteError(f"{where}: this is not a valid JSON schema: {reason}") from error


class _Cost:
    """What the check of one answer has cost so far."""

    def __init__(self) -> None:
        self.n = 0
        self._sizes: dict[int, int] = {}

    def begin(self, value: object) -> None:
        """A new answer."""
        self.n = 0
        self._sizes = _sizes(value)

    def counted(self, keyword: Callable[..., object]) -> Callable[..., object]:
        """The same keyword, counted for each value that it looks at."""

        def check(validator: object, wanted: object, value: object, schema: object) -> object:
            self.n += _A_KEYWORD + (len(wanted) if isinstance(wanted, list | Mapping) else 0)
            self.n += (len(value) if isinstance(value, str) else self._sizes.get(id(value), 0)) // _A_QUOTE
            if self.n > MOST_CHECKS:
                raise _TooMany("the schema is too large for a value of this size: its check takes too many steps")
            return keyword(validator, wanted, value, schema)

        return check


def _sizes(value: object) -> dict[int, int]:
    """Characters, about, of every list and object in the value, by its id()."""
    inside = [value] if isinstance(value, list | dict) else []
    for one in inside:  # it grows meanwhile
        inside += [
            inner for inner in (one.values() if isinstance(one, dict) else one) if isinstance(inner, list | dict)
        ]
    found: dict[int, int] = {}
    for one in reversed(inside):
        texts = [*one, *one.values()] if isinstance(one, dict) else one
        found[id(one)] = sum(len(t) if isinstance(t, str) else 4 + found.get(id(t), 0) for t in texts)
    return found


def _multiple(validator: Any, wanted: float, value: Any, schema: object) -> Iterator[Any]:
    """Exactly, on the decimals as they are written: as floats 19.99 is no multiple of 0.01."""
    from jsonschema.exceptions import ValidationError

    del schema
    if validator.is_type(value, "number") and not _is_multiple(value, wanted):
        yield ValidationError(f"{_shortened(value)} is not a multiple of {wanted!r}")


def _shortened(value: float) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_DIGITS else f"a number of {len(text):,} digits"


def _is_multiple(value: float, of: float) -> bool:
    """One beyond all floats (1e400) is a multiple of nothing."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return Fraction(repr(value)) % Fraction(repr(of)) == 0


def canonical(value: object) -> str:
    """Text that is equal for JSON values that are equal: 1 and 1.0 are, true and 1 are not, keys have no order."""
    return json.dumps(_plain_numbers(value), sort_keys=True, ensure_ascii=False)


def comparable(value: object) -> str:
    """Text that is equal for JSON values that a reader takes for equal: `canonical`, with é the same however it was
    typed (Unicode's composed form)."""
    text = canonical(value)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _plain_numbers(value: object) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    return [_plain_numbers(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Pattern:
    return Pattern.compile(pattern)


def _complaints(schema: object, path: str = "$", depth: int = 0) -> Iterator[str]:
    """What evalkit does not accept, keyword by keyword; names of properties and plain data are not keywords."""
    if depth > _DEEPEST:
        yield f"{path}: nested more than {_DEEPEST} deep"
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _complaints(item, f"{path}[{index}]", depth + 1)
    elif isinstance(schema, Mapping):
        for key, value in schema.items():
            here = f"{path}.{key}"
            if complaint := _complaint(key, value):
                yield f"{here}: {complaint}"
            elif key in _OF_NAMES and isinstance(value, Mapping):
                for name, inner in value.items():
                    yield from _complaints(inner, f"{here}.{name}", depth + 1)
            elif key not in _DATA:
                yield from _complaints(value, here, depth + 1)


def _referred(schema: Mapping[str, object], places: dict[int, tuple[str, Any]]) -> Iterator[str]:
    """What is wrong with references and where they lead, which may be a place that nobody took for a schema (`default`,
    `properties` itself) and that a reply reaches only in the middle of a run. Each goes into `places` once, by id()."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    resource = DRAFT202012.create_resource({**schema})
    resolver = Registry().with_resource("", resource).resolver()
    ahead, looked_up = list(_references(schema)), set[str]()
    while ahead:
        reference = ahead.pop()
        if reference in looked_up:
            continue
        looked_up.add(reference)
        try:
            found = resolver.lookup(reference).contents
        except Unresolvable:
            yield f"`$ref`: {reference!r} leads nowhere"
            continue
        if id(found) in places:
            continue
        if len(places) > _MOST_PLACES:
            yield f"more than {_MOST_PLACES:,} places are referred to (`$ref`)"
            return
        places[id(found)] = (reference, found)
        if not isinstance(found, Mapping | bool):
            yield f"`$ref`: {reference!r} leads to what is no schema"
            return
        yield from _complaints(found, reference)
        ahead += _references(found)


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for key, value in schema.items():
            if key not in _DATA:
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _odd_lists(schema: object, path: str, seen: set[int]) -> Iterator[str]:
    """Lists of types and of names that are none; all schemas inside go into `seen` by their id(). The check of a schema
    as a whole would compare their entries pair by pair: twenty thousand took minutes."""
    seen.add(id(schema))
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        here = f"{path}.{key}"
        if key == "type" and not (_is_names(types := value if isinstance(value, list) else [value]) and types):
            yield f"{here}: expected a type, or a list of them, each once"
        elif key == "required" and not _is_names(value):
            yield f"{here}: expected a list of names, each once"
        elif key in {"dependentRequired", "dependencies"} and isinstance(value, Mapping):
            for name, inner in value.items():
                if not (_is_names(inner) or (key == "dependencies" and isinstance(inner, Mapping | bool))):
                    yield f"{here}.{name}: expected a list of names, each once"
        if key in (*_OF_NAMES, "dependencies") and isinstance(value, Mapping):
            for name, inner in value.items():
                yield from _odd_lists(inner, f"{here}.{name}", seen)
        elif key in _HOLDS_SCHEMAS:
            for inner in value if isinstance(value, list) else [value]:
                yield from _odd_lists(inner, here, seen)


def _patterns(schema: object) -> Iterator[str]:
    """Whatever stands behind a `pattern`, wherever it is."""
    ahead = [schema]
    while ahead:
        one = ahead.pop()
        if isinstance(one, Mapping):
            if isinstance(written := one.get("pattern"), str):
                yield written
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)


def _complaint(key: str, value: object) -> str | None:
    """What is wrong with one keyword; None when nothing is."""
    if key in _REFUSED:
        return f"`{key}` is not supported: {_REFUSED[key]}"
    if key == "$schema" and str(value).rstrip("#") != _DRAFT:
        return f"{value!r} is another draft: leave it out or write {_DRAFT!r}"
    if key == "$ref" and not str(value).startswith("#"):
        return f"{value!r} leads outside the schema, and nothing is fetched: copy it under `$defs`"
    if key == "$id":
        return "`$id` would change what `$ref` means: leave it out"
    if key == "pattern" and isinstance(value, str):
        try:
            _compiled(value)
        except SuiteError as error:
            return str(error)
    return None
