"""Fields read out of a text: the F1 of field values, and how many are right, missing and made up.

    make({})    '{"name": "Ada", "born": 1815, "city": "London"}'
                # for target '{"name": "Ada", "born": 1815, "died": 1852}': two right of three said and three wanted: F1
                = 2/3

Nested objects count by their leaves (`address.city`), lists as bags of their items. null and "" say that the text has
no such field: they are neither said nor wanted. Texts compare without case and outer white space, numbers as numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import Flag, OneOf, OptionRule, read
from evalkit.scorers.schemas import comparable
from evalkit.scorers.scores import graded, unparseable, unscored
from evalkit.scorers.structure import NotJson, find_json, parse

_RULES: Mapping[str, OptionRule] = {"ignore_case": Flag(True), "around": OneOf(("fence", "none", "any"), "any")}


def make(given: Mapping[str, object]) -> Scorer:
    """The target is a JSON object; a reply without one is unparseable. Parts: `precision`, `recall`."""
    options = read("fields", given, _RULES)
    fold = bool(options.flag("ignore_case"))

    def score(sample: Sample, response: Response) -> Score:
        try:
            target = parse(sample.target or "")
        except NotJson as error:
            return unscored(f"the sample's target is not JSON: {error}")
        if not isinstance(target, dict):
            return unscored("the sample's target is not a JSON object")
        try:
            text = find_json(response.text, options.text("around"))
            value = parse(text)
        except NotJson as error:
            return unparseable(str(error))
        if not isinstance(value, dict):
            return unparseable("the reply is JSON, but no object")
        said, wanted = Counter(_leaves(value, fold)), Counter(_leaves(target, fold))
        right, n_said, n_wanted = sum((said & wanted).values()), said.total(), wanted.total()
        if n_said + n_wanted == 0:
            return graded(1.0, text[:500], "no field to read, and none was read")
        missing, made_up = sorted({path for path, _ in wanted - said}), sorted({path for path, _ in said - wanted})
        reasons = [f"missing or other: {', '.join(missing[:8])}"] if missing else []
        reasons += [f"said: {', '.join(made_up[:8])}"] if made_up else []
        parts = {"precision": right / n_said} if n_said else {}
        parts |= {"recall": right / n_wanted} if n_wanted else {}
        return graded(2 * right / (n_said + n_wanted), text[:500], "; ".join(reasons) or None, parts)

    return Scorer("fields", 3, score, lambda sample: sample.target, options=options)


def _leaves(value: object, fold: bool, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, value as text) of everything that is said. `parse` has bounded the depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, fold, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, fold, f"{path}[]")
    elif isinstance(value, str):
        if value.strip():
            yield path, comparable(value.strip().casefold() if fold else value.strip())
    elif value is not None:
        yield path, comparable(value)
