"""Replies that must be JSON: well-formed, under a schema, and with the right contents.

    make({"schema": {"type": "object", "required": ["queue"]}})     any reply that the schema accepts is right
    make({"equals": true})                                          the reply is the target's JSON, as a value
    make({"fields": ["queue", "customer.id"]})                      these fields equal the target's

What counts as JSON: RFC 8259 alone. NaN and Infinity, comments, trailing commas and single quotes are not JSON; a key
that stands twice in an object makes the reply unparseable, since readers disagree about its value; so does nesting
beyond 100.

`around` says what may stand around the JSON: `fence` (the default) takes the whole reply, or its fenced block (other
text
is ignored); `none` takes the whole reply, unfenced; `any` takes also a value in free text, objects before lists and
citations, the last of several (`evalkit.scorers.json_finding`). A byte order mark before the reply is no part of it.

Values compare as JSON does: 1 equals 1.0, true is not 1, the order of keys does not matter, the order of lists does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers import json_finding
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import Flag, Names, OneOf, OptionRule, Table, read
from evalkit.scorers.schemas import canonical, compile_schema
from evalkit.scorers.scores import graded, right_or_wrong, unparseable, unscored

DEEPEST = 100
"""Levels of nesting. Deeper replies are degenerate (`[[[[...`) and would exhaust the stack of what reads them next."""

_MISSING = object()
_SHOWN = 500
_RULES: Mapping[str, OptionRule] = {
    "schema": Table(),
    "equals": Flag(False),
    "fields": Names(),
    "level": OneOf(("all", "share"), "all"),
    "around": OneOf(("fence", "none", "any"), "fence"),
}


class NotJson(ValueError):
    """The text holds no JSON; the message says why in one line."""


def make(given: Mapping[str, object]) -> Scorer:
    """`level: share` scores the share of `fields` that are right. Raises SuiteError on options that it cannot take.

    A reply that breaks the schema is wrong, whatever its fields say. Without `schema`, `equals` and `fields` any JSON
    is right.
    """
    options = read("json", given, _RULES)
    if options.flag("equals") and options.names("fields"):
        raise SuiteError("scorer json: `equals` compares everything, `fields` only some: give one of them")
    if options.text("level") == "share" and not options.names("fields"):
        raise SuiteError("scorer json: `level: share` needs `fields`")
    schema = options.table("schema")
    complain = None if schema is None else compile_schema(schema, "scorer json: option 'schema'")
    fields, by_share, around = options.names("fields"), options.text("level") == "share", options.text("around")
    compares = bool(options.flag("equals") or fields)

    def mark(sample: Sample, response: Response) -> Score:
        target = None
        if compares:
            try:
                target = parse(sample.target or "")
            except NotJson as error:
                return unscored(f"the sample's target is not JSON: {error}")
        try:
            text = find_json(response.text, around)
            value = parse(text)
        except NotJson as error:
            return unparseable(str(error))
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        try:
            complaint = None if complain is None else complain(value)
        except RecursionError:
            complaint = "nested too deeply for the schema"
        if complaint is not None:
            return graded(0.0, shown, complaint) if by_share else right_or_wrong(False, shown, complaint)
        if not fields:
            right = not compares or canonical(value) == canonical(target)
            return right_or_wrong(right, shown, None if right else "the value differs from the target")
        wrong = [field for field in fields if not _equal(_get(value, field), _get(target, field))]
        share = 1 - len(wrong) / len(fields)
        reason = f"differs in {', '.join(wrong[:8])}" if wrong else None
        if by_share:
            return graded(share, shown, reason)
        return right_or_wrong(not wrong, shown, reason, {"fields": share})

    def gold(sample: Sample) -> str | None:
        example = sample.fields.get("example")
        return sample.target if compares or not isinstance(example, str) else example

    return Scorer("json", 2, mark, gold, options=options)


def find_json(reply: str, around: str) -> str:
    """The text that is to be read as JSON, by the option `around`. Raises NotJson when there is none."""
    try:
        return json_finding.find_json(reply, around, parse, DECODER)
    except json_finding.NoJson as error:
        raise NotJson(str(error)) from None


def parse(text: str) -> Any:
    """The value of the JSON text. Raises NotJson: malformed, a key twice, NaN, too deep, or a number too long."""
    try:
        value = DECODER.decode(text.strip())
    except RecursionError:
        raise NotJson(f"nested more than {DEEPEST} deep") from None
    except ValueError as error:
        raise NotJson(f"not JSON: {error}"[:200]) from None
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner for outer in level if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]  # fmt: skip
        if not level:
            return value
    raise NotJson(f"nested more than {DEEPEST} deep")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise NotJson(f"the key {twice[:80]!r} stands twice")
    return value


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"{name} is not JSON")


def _whole(digits: str) -> int:
    """A whole number; one that Python does not read is no JSON here, wherever it stands."""
    if len(digits) > _MOST_DIGITS:
        raise json.JSONDecodeError(f"a number of more than {_MOST_DIGITS:,} digits", digits, 0)
    return int(digits)


_MOST_DIGITS = 4_000
DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant, parse_int=_whole)
"""RFC 8259 alone: raises NotJson for a key twice and for NaN, JSONDecodeError for what is malformed."""


def _get(value: object, field: str) -> Any:
    """The field of an object, or along a dotted path; `_MISSING` when it is not there."""
    if isinstance(value, dict) and field in value:
        return value[field]
    for name in field.split("."):
        if not isinstance(value, dict) or name not in value:
            return _MISSING
        value = value[name]
    return value


def _equal(said: object, right: object) -> bool:
    """A field that the target lacks must be lacking in the reply too."""
    if said is _MISSING or right is _MISSING:
        return said is right
    return canonical(said) == canonical(right)
