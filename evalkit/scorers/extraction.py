r"""The part of a reply that counts, taken out before a scorer reads it: the option `extract` of every scorer of text.

    score: {exact: {extract: {after: "the answer is"}}}                  "So the answer is No."   ->  "No."
    score: {numbers: {extract: {json: answer}}}                          '{"reasoning": "..", "answer": "18"}'  ->  "18"
    score: {choice: {extract: {pattern: 'answer is \(?([A-J])\)?', pick: first}}}

Published benchmarks state such a rule beside their figures, so that figures compare only where it is the same. It is
stricter than what scorers read on their own: a reply without the phrase, the field or a match is unparseable.

* `after`: from behind the phrase (its case does not matter) to the end of the line, or where nothing stands there the
  next line that says something; emphasis and backticks around the whole are taken off;
* `json`: the field of an object in the reply, or along a dotted path (`pick: first`: of what the first brace opens);
  objects that never close, or are no JSON for another reason, are searched for the field by its name, since models that
  reason aloud break their JSON more often than their answer;
* `pattern`: RE2; the group named `answer`, else the first that took part in the match, else the whole match.

A list of such rules is tried in order: the first that finds something decides. `pick` says which of several places
counts, the last (the default) or the first. `drop` names characters that are taken off both ends, like ".$" or "\"'".
White space around goes first, except around the text of a JSON field, whose quotes were put where they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import did_you_mean
from evalkit.scorers.patterns import LONGEST_TEXT, Pattern
from evalkit.scorers.scores import unparseable
from evalkit.scorers.structure import MISSING, value_at
from evalkit.suite.wording import short

_WAYS = ("after", "json", "pattern")
_OBJECTS_TRIED = 50
_LENIENT = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Extraction:
    """A checked `extract`."""

    find: Callable[[str], str | None]
    wrap: Callable[[str], str | None]
    """A reply out of which this text is taken; None where no such reply can be made up."""
    missing: str
    """Why nothing was taken."""
    drop: str

    def take(self, reply: str) -> str | None:
        """The part that counts; None when it is not there."""
        found = self.find(reply)
        return None if found is None else found.strip(self.drop) if self.drop else found


MOST_RULES = 50
"""Of one scorer; a pattern takes up to 12 ms a reply (`pattern_time`)."""


def read_extraction(given: object, scorer: str) -> Extraction:
    """The option as a suite writes it, a rule or a list of rules. Raises SuiteError with its first fault."""
    if not isinstance(given, list | tuple):
        return _read_rule(given, scorer)
    if len(given) > MOST_RULES:
        raise SuiteError(
            f"scorer {scorer}: option 'extract' has {len(given):,} rules, which are tried for each reply; at most "
            f"{MOST_RULES} are allowed"
        )
    rules = [_read_rule(rule, scorer) for rule in given]
    if not rules:
        raise SuiteError(
            f"scorer {scorer}: option 'extract' ('take' before) is an empty list: leave it out, or write a rule"
        )

    def find(reply: str) -> str | None:
        return next((part for rule in rules if (part := rule.take(reply)) is not None), None)

    def wrap(text: str) -> str | None:
        return rules[0].wrap(text)

    return Extraction(find, wrap, "; ".join(dict.fromkeys(rule.missing for rule in rules)), "")


def _read_rule(given: object, scorer: str) -> Extraction:
    at = f"scorer {scorer}: option 'extract' ('take' before)"
    if not isinstance(given, Mapping):
        raise SuiteError(f"{at} must be a mapping like {{after: 'the answer is'}}; it is {short(given)}")
    unknown = [name for name in given if name not in (*_WAYS, "pick", "drop")]
    if unknown:
        raise SuiteError(f"{at} has no key {unknown[0]!r}{did_you_mean(unknown[0], _WAYS)}; it takes one of "
                         f"{', '.join(_WAYS)}, and pick, drop")  # fmt: skip
    ways = [name for name in _WAYS if name in given]
    if len(ways) != 1:
        raise SuiteError(f"{at} must have exactly one of {', '.join(_WAYS)}; it has {', '.join(ways) or 'none'}")
    way, value = ways[0], given[ways[0]]
    pick, drop = given.get("pick", "last"), given.get("drop", "")
    if not isinstance(value, str) or not value.strip():
        raise SuiteError(f"{at}: {way!r} must be text that is not empty; it is {short(value)}")
    if pick not in ("last", "first"):
        raise SuiteError(f"{at}: 'pick' must be last or first; it is {short(pick)}")
    if not isinstance(drop, str):
        raise SuiteError(f"{at}: 'drop' must be the characters to take off; it is {short(drop)}")
    return _MAKE[way](value, pick == "last", drop, at)


def with_extraction(scorer: Scorer, rule: Extraction) -> Scorer:
    """The scorer, reading only what is taken out of a reply."""

    def score(sample: Sample, response: Response) -> Score:
        part = rule.take(response.text)
        if part is None:
            return unparseable(rule.missing)
        return scorer.score(sample, replace(response, text=part))

    def gold(sample: Sample) -> str | None:
        inner = scorer.gold(sample)
        return None if inner is None else rule.wrap(inner)

    return replace(scorer, score=score, gold=gold, whole=False)


def _after(phrase: str, last: bool, drop: str, at: str) -> Extraction:
    del at
    pattern = re.compile(re.escape(phrase.strip()), re.IGNORECASE)

    def find(reply: str) -> str | None:
        matches = list(pattern.finditer(reply))
        if not matches:
            return None
        return _next_words(reply[matches[-1 if last else 0].end() :])

    def wrap(text: str) -> str | None:
        wrapped = f"{phrase.strip()} {text}"
        return wrapped if "\n" not in text.strip() else None

    return Extraction(find, wrap, f"nothing stands behind {phrase.strip()!r} in the reply", drop)


_LEAD = re.compile(r"[ \t:]*(?:[*_`]{1,3}(?=\s|$))?[ \t:]*")
_LINE_MARKS = re.compile(r"(?:[ \t]*(?:[-*+>•][ \t]+|>))*[ \t]*")
_FENCE_LINE = re.compile(r"(?:```|~~~)[\w+-]{0,20}")


def _next_words(rest: str) -> str | None:
    """What stands behind the phrase on its line; where that is nothing, the next line that says something.

    Of such a line the mark of a list or a quotation is no part. Emphasis and backticks around the whole are taken off.
    """
    rest = rest[(lead.end() if (lead := _LEAD.match(rest)) else 0) :]
    for n, line in enumerate(rest.splitlines()):
        said = line.strip() if n == 0 else line[_LINE_MARKS.match(line).end() :].strip()  # type: ignore[union-attr]
        if said and not _FENCE_LINE.fullmatch(said):
            return _undecorated(said)
    return None


def _undecorated(said: str) -> str:
    for mark in ("***", "**", "*", "__", "_", "`"):
        inner = said[len(mark) : -len(mark)]
        if said.startswith(mark) and said.endswith(mark) and inner.strip() and mark[0] not in inner:
            return inner.strip()
    return said


def _pattern(text: str, last: bool, drop: str, at: str) -> Extraction:
    try:
        pattern = Pattern.compile(text)
    except SuiteError as error:
        raise SuiteError(f"{at}: {error}") from error

    def find(reply: str) -> str | None:
        found = pattern.find_all(reply[-LONGEST_TEXT:] if last else reply[:LONGEST_TEXT])
        return found[-1 if last else 0].strip() if found else None

    def wrap(reply: str) -> str | None:
        """A reply that the pattern takes this text out of: the text itself, or behind the pattern's own plain start."""
        lead = re.match(r"(?:[^\\\[\](){}.*+?^$|]|\\[.$()])+", text)
        led = [] if lead is None else [re.sub(r"\\(.)", r"\1", lead[0]) + reply]
        return next((made for made in (reply, *led) if find(made) == reply), None)

    return Extraction(find, wrap, "the pattern of `extract` does not match", drop)


def _json(field: str, last: bool, drop: str, at: str) -> Extraction:
    del at
    # The value of a field in text that is no JSON: quoted up to the next quote, or bare up to a delimiter.
    name = rf'"{re.escape(field)}"\s{{0,20}}:\s{{0,20}}'
    loose = re.compile(name + r'(?:"(?P<quoted>[^"]{0,2000})|(?P<bare>[^",}\s][^,}\s]{0,500}))')

    def find(reply: str) -> str | None:
        objects = _objects(reply, 1 if not last else _OBJECTS_TRIED)
        values = [inner for one in objects if (inner := value_at(one, field)) is not MISSING]
        if values:
            value = values[-1 if last else 0]
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        matches = list(loose.finditer(reply))
        if not matches:
            return None
        match = matches[-1 if last else 0]
        return match["quoted"] if match["quoted"] is not None else match["bare"]

    def wrap(text: str) -> str:
        return json.dumps({field: text}, ensure_ascii=False)

    return Extraction(find, wrap, f"the reply has no JSON field {field!r}", drop)


def _objects(reply: str, n_tried: int) -> list[dict[str, object]]:
    """The JSON objects of a reply, from left to right, none inside another; so many opening braces are tried."""
    found = []
    position = 0
    for _ in range(n_tried):
        position = reply.find("{", position)
        if position < 0:
            break
        try:
            value, position = _LENIENT.raw_decode(reply, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


_MAKE: Mapping[str, Callable[[str, bool, str, str], Extraction]] = {"after": _after, "json": _json, "pattern": _pattern}
