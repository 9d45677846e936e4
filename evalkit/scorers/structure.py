"""Replies that must be JSON: well-formed, under a schema, and with the right contents.

    make({"schema": {"type": "object", "required": ["queue"]}})     any reply that the schema accepts is right
    make({"equals": true})                                          the reply is the target's JSON, as a value
    make({"fields": ["queue", "customer.id"]})                      these fields equal the target's

What counts as JSON: RFC 8259 alone. NaN and Infinity, comments, trailing commas and single quotes are not JSON; a key
that stands twice in an object makes the reply unparseable, since readers disagree about its value; so does nesting
beyond 100.

`around` says what may stand around the JSON:

* `none`: nothing; the whole reply, unfenced;
* `fence` (the default): the whole reply, or its only fenced block, whatever stands around it; of several blocks the
  only one whose language is JSON. A fence that is not closed, that was never opened, or that stands on the line of the
  JSON is one too;
* `any`: also a value in free text. Objects come before lists, lists before the number of a citation (`[1]`), a value
  with something in it before an empty one; of several alike the last counts, as it does for every scorer.

A byte order mark before the reply is no part of it.

Values compare as JSON does: 1 equals 1.0, true is not 1, the order of keys does not matter, the order of lists does.
Texts compare in Unicode's composed form (NFC), as in `exact`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.fences import INVISIBLE, fenced_blocks, plain_lines
from evalkit.scorers.options import Flag, Names, OneOf, OptionRule, Table, read
from evalkit.scorers.schemas import comparable, compile_schema
from evalkit.scorers.scores import graded, right_or_wrong, unparseable, unscored

DEEPEST = 100
"""Levels of nesting. Deeper replies are degenerate (`[[[[...`) and would exhaust the stack of what reads them next."""

MISSING = object()
"""What stands where an object has no such field."""
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

    def score(sample: Sample, response: Response) -> Score:
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
            right = not compares or comparable(value) == comparable(target)
            return right_or_wrong(right, shown, None if right else "the value differs from the target")
        wrong = [field for field in fields if not _equal(value_at(value, field), value_at(target, field))]
        share = 1 - len(wrong) / len(fields)
        reason = f"differs in {', '.join(wrong[:8])}" if wrong else None
        if by_share:
            return graded(share, shown, reason)
        return right_or_wrong(not wrong, shown, reason, {"fields": share})

    def gold(sample: Sample) -> str | None:
        example = sample.fields.get("example")
        return sample.target if compares or not isinstance(example, str) else example

    return Scorer("json", 3, score, gold, options=options)


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


def value_at(value: object, field: str) -> Any:
    """The field of an object, or along a dotted path; `MISSING` when it is not there."""
    if isinstance(value, dict) and field in value:
        return value[field]
    for name in field.split("."):
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return value


def _equal(said: object, right: object) -> bool:
    """A field that the target lacks must be lacking in the reply too."""
    if said is MISSING or right is MISSING:
        return said is right
    return comparable(said) == comparable(right)


_JSON_WORDS = ("json", "jsonc", "json5", "jsonl", "ndjson", "geojson", "jsonld", "json-ld")
# What can open an object or a list; each one that turns out not to costs a pass over the text.
_START = re.compile(r"\{\s{0,50}[\"}]|\[\s{0,50}[\[\]{\"\d\-tfn]")
_FAILURES = 200


def find_json(reply: str, around: str) -> str:
    """The text that is to be read as JSON, by the option `around`. Raises NotJson where there is none to be found.

    find_json('```json\\n{"a": 1}\\n```', "fence")            # '{"a": 1}'
    find_json('As in [1]: {"a": 1}', "any")                   # '{"a": 1}'
    """
    text = reply.strip().strip(INVISIBLE).strip()
    if around == "none" or _reads(text):
        return text
    inner = _in_fence(text)
    if inner is not None:
        return inner
    return _in_prose(text) if around == "any" else text


def _reads(text: str) -> bool:
    if text[:1] not in ("{", "["):
        return False
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _in_fence(text: str) -> str | None:
    """The block that counts; None where the reply has no fence. Raises NotJson where several could be meant."""
    if "```" not in text and "~~~" not in text:
        bare = text.strip("`").strip()
        return bare if text[:1] == text[-1:] == "`" and bare else None
    blocks = fenced_blocks(text)
    if text[:1] in ("{", "["):
        # The fence stands behind the JSON, or inside one of its strings.
        bare = plain_lines(text).rstrip("`~ \n\t")
        return bare if _reads(bare) else None
    if len(blocks) > 1:
        named = [block for block in blocks if block.language in _JSON_WORDS]
        blocks = named if len(named) == 1 else blocks
    if len(blocks) > 1:
        raise NotJson(f"the reply holds {len(blocks)} fenced blocks: which one is meant?")
    return blocks[0].text.strip().strip(INVISIBLE) if blocks and not text.startswith('"') else None


def _in_prose(text: str) -> str:
    """The value in free text that counts, by the order above. Raises NotJson."""
    best, best_rank = "", -1
    position = n_failed = 0
    while n_failed < _FAILURES and (opened := _START.search(text, position)) is not None:
        start = opened.start()
        try:
            value, position = DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            n_failed += 1
            # An object that began well and broke off is one mistake: its inner objects are not the answer.
            began = text[start] == "{" and error.pos > start + 2
            position = max(error.pos if began else 0, start + 1)
            continue
        except RecursionError:
            n_failed += _FAILURES // 10
            position = start + 1
            continue
        if (rank := _rank(value)) >= best_rank:
            best, best_rank = text[start:position], rank
    if best_rank < 0:
        raise NotJson("no JSON in the reply")
    return best


def _rank(value: object) -> int:
    """How likely a value in prose is the answer: 3 an object, 2 a list, 1 a citation's number, 0 nothing in it."""
    if not value:
        return 0
    if isinstance(value, dict):
        return 3
    return 1 if isinstance(value, list) and len(value) == 1 and isinstance(value[0], int) else 2
