"""Scores by judges: `verdict`, where the reply itself is a judge's; `judge`, where other models score an answer.

`verdict`: what the reply says about another model's answer is the score.

    make({})                                            "Clear and right. Rating: [[8]]" on a scale of 1 to 10: 7/9
    make({"scale": [1, 5]})                             "Rating: [[4]]": 0.75
    make({"verdicts": {"A": 1, "tie": 0.5, "B": 0}})    "[[A]]": 1.0; 0.0 where the record's `swapped` is true

A verdict stands in double square brackets, the last one counts. One that cannot be read (none, outside the scale,
another word, a refusal, a cut reply) is the judge's fault and not the judged model's: the score is absent, and counted.
`swapped` says that a pair was shown in the other order; with both orders in the data the mean is the first model's rate
of wins, free of position bias.

`judge`: an answer is scored once it is stored. Here is how the verdicts of its judges make one score.

    combined({"strict": [graded(0.8, "8")], "second": [unscored("the judge gave no verdict in [[double brackets]]")]})
    # Score(0.8, scored, parts={"strict": 0.8}, reason="second: the judge gave no verdict ...")

The score is the mean of the judges whose verdict could be read. A pair is shown in both orders, and a judge has a score
only where both could be read: one order alone would let the place win. Where no judge has one the score is absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean
from typing import Any
from unicodedata import normalize

from evalkit.errors import SuiteError
from evalkit.records import WAITS, Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import OptionRule, Table, Text, read
from evalkit.scorers.scores import graded, unscored

_BRACKETS = re.compile(r"\[\[\s{0,20}+([^\[\]\n]{1,80}+)\s{0,20}+\]\]", re.ASCII)
"""Possessive throughout, so that no reply makes it look twice at the same place."""
_NUMBER = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?")
_LONGEST = 100_000
"""Characters of a reply that are read, from its end."""
_UNSAID = {
    "refusal": "the judge declined",
    "content_filter": "the judge declined",
    "length": "the judge's reply was cut off",
}
"""Replies that hold no verdict, whatever they say: what was to be the last word may be missing."""


class _Ends:
    """Two numbers, the lower first."""

    default = (1.0, 10.0)

    def complaint(self, value: object) -> str | None:
        fine = (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(isinstance(end, int | float) and not isinstance(end, bool) and isfinite(end) for end in value)
            and value[0] < value[1]
        )
        return None if fine else "two numbers, the lower first, like [1, 10]"


_RULES: Mapping[str, OptionRule] = {"scale": _Ends(), "verdicts": Table(), "swapped": Text("swapped")}


def make(given: Mapping[str, object]) -> Scorer:
    """`verdicts` maps each word to its score; without it the verdict is a number on `scale`. Raises SuiteError."""
    options = read("verdict", given, _RULES)
    words = _words(options.table("verdicts"))
    if words is not None and "scale" in given:
        raise SuiteError("scorer verdict: `scale` is for ratings, `verdicts` for words: give one of them")
    low, high = options.numbers("scale")

    def score(sample: Sample, response: Response) -> Score:
        if response.stop_reason in _UNSAID:
            return unscored(_UNSAID[response.stop_reason])
        said = _last(response.text)
        if said is None:
            return unscored("the judge gave no verdict in [[double brackets]]")
        if words is None:
            rating = float(said) if _NUMBER.fullmatch(said) else None
            if rating is None or not low <= rating <= high:
                return unscored(f"[[{said}]] is no number from {low:g} to {high:g}")
            return graded((rating - low) / (high - low), said)
        value = words.get(_plain(said))
        if value is None:
            return unscored(f"[[{said}]] is none of the verdicts {', '.join(words)}")
        swapped = sample.fields.get(options.text("swapped")) in (True, "true")
        return graded(1.0 - value if swapped else value, said, "shown in the other order" if swapped else None)

    def gold(sample: Sample) -> str | None:
        swapped = sample.fields.get(options.text("swapped")) in (True, "true")
        best = f"{high:g}" if words is None else next(w for w, v in words.items() if v == (0.0 if swapped else 1.0))
        return f"[[{best}]]"

    return Scorer("verdict", 3, score, gold, options=options, judges=True)


def _plain(word: str) -> str:
    """A word as it is compared: in small letters and composed (NFC)."""
    return normalize("NFC", word).casefold()


def _last(text: str) -> str | None:
    """What stands in the last double brackets; None where none are."""
    found = None
    for match in _BRACKETS.finditer(text[-_LONGEST:]):
        found = match
    return found[1].strip() or None if found is not None else None


def _words(given: Mapping[str, Any] | None) -> dict[str, float] | None:
    """The verdicts in small letters. Raises SuiteError unless their scores go from 0 to 1, both ends included."""
    if given is None:
        return None
    wrong = [w for w, v in given.items() if not isinstance(v, int | float) or isinstance(v, bool) or not 0 <= v <= 1]
    if wrong:
        raise SuiteError(f"scorer verdict: option 'verdicts': {wrong[0]!r} must have a score from 0 to 1")
    if not {0, 1} <= set(given.values()):
        raise SuiteError("scorer verdict: option 'verdicts' needs a word for 0 and one for 1")
    words = {_plain(str(word)): float(value) for word, value in given.items()}
    if len(words) < len(given):
        raise SuiteError("scorer verdict: option 'verdicts' has a word twice; capitals do not tell words apart")
    return words


JUDGE_VERSION = 2
"""Of `judge`: raised where its judges' verdicts make another score."""


def make_judge(given: Mapping[str, object]) -> Scorer:
    """The scorer of the answers themselves: their score is absent until the judges have spoken.

    Its options are read by `evalkit.suite.judge_task`, where the suite is.
    """

    def score(sample: Sample, response: Response) -> Score:
        return unscored(WAITS)

    options = {"refusal": "wrong", **given}
    return Scorer("judge", JUDGE_VERSION, score, lambda sample: None, options=options, reads_calls=True, later=True)


def combined(verdicts: Mapping[str, Sequence[Score]]) -> Score:
    """One score of each judge's verdicts on one answer (several orders of a pair). `parts`: each judge's own."""
    parts: dict[str, float] = {}
    said, absent = [], []
    for judge, scores in verdicts.items():
        values = [score.value for score in scores if score.value is not None]
        said.append(f"{judge} {'/'.join(score.extracted or '-' for score in scores)}")
        if scores and len(values) == len(scores):
            parts[judge] = fmean(values)
        else:
            why = next((score.reason for score in scores if score.value is None), None)
            absent.append(f"{judge}: {why or 'no verdict'}")
    reason = "; ".join(absent) or None
    if not parts:
        return unscored(reason or "no judge was asked")
    return graded(fmean(parts.values()), ", ".join(said), reason, parts)
