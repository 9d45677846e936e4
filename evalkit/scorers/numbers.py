r"""Replies that end in a number: which number is the answer, and whether it is the right one.

    make({})(...)  "12 apples at $3 are 36. The answer is $36." for target "36"           right
    make({"tolerance": {"rel": 0.01}})             "about 3.14" for target "3.14159"      right

`pick` says which number of the reply counts:

* `final` (the default): the last final statement (`\boxed{..}`, "the answer is ..", "Answer: ..", "#### ..", and their
  like in further languages), and where there is none the last number of the reply ("Total: 8" in mid-working is none);
* `last`, `first`: the last or the first number, whatever the words around it;
* `boxed`: only what stands in the last `\boxed{..}`;
* `digits`: the first run of digits with its sign, decimals and a denominator, of the reply and of the target alike,
  whatever stands around it. It takes \frac{3}{4} for 3, and is there to reproduce figures made so (ZeroEval).

A number that is denied ("not 5"), hedged ("probably 5"), bounded ("at least 5"), one of several ("5 or 6"), a part of
a larger expression (`3\sqrt{2}`) or taken back ("5. No, wait.") is no answer, and no other number is taken for it: the
reply is unparseable. "5. Wait, it should be 6" reads 6. What is boxed counts as a whole. In a reply that was cut off, a
number at the very end may lack digits and is not read, and a last number without a final statement is no answer.

Comparison is exact unless `tolerance` says otherwise: a number is an absolute difference, `{abs: .., rel: ..}` accepts
the larger of the two (rel is a share of the target). `percent: ratio` reads 50% as 0.5; by default the sign is a unit:
50% is 50, on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.number_statements import find_answer
from evalkit.scorers.numerals import Number, read_number
from evalkit.scorers.options import Amount, OneOf, OptionRule, read
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored


class _Tolerance:
    """A number, or a mapping of `abs` and `rel`."""

    default = 0.0

    def complaint(self, value: object) -> str | None:
        parts = value.values() if isinstance(value, Mapping) else [value]
        fine = all(Amount(0.0).complaint(part) is None for part in parts)
        if isinstance(value, Mapping) and not set(value) <= {"abs", "rel"}:
            fine = False
        return None if fine else "a number that is 0 or more, or {abs: number, rel: number}"


_RULES: Mapping[str, OptionRule] = {
    "pick": OneOf(("final", "last", "first", "boxed", "digits"), "final"),
    "tolerance": _Tolerance(),
    "percent": OneOf(("same", "ratio"), "same"),
}


def make(given: Mapping[str, object]) -> Scorer:
    """See the module. Raises SuiteError on options it does not know."""
    options = read("numbers", given, _RULES)
    tolerance = options["tolerance"]
    parts = tolerance if isinstance(tolerance, Mapping) else {"abs": tolerance}
    absolute, relative = Fraction(str(parts.get("abs", 0))), Fraction(str(parts.get("rel", 0)))
    pick, ratio = options.text("pick"), options.text("percent") == "ratio"

    def score(sample: Sample, response: Response) -> Score:
        if pick == "digits":
            return _mark_digits(sample, response)
        target = None if sample.target is None else read_number(sample.target)
        if target is None:
            return unscored(f"the sample's target is not a number: {sample.target!r}")
        found = find_answer(response.text, pick, cut=response.stop_reason == "length")
        if found.number is None:
            return unparseable(found.reason)
        said, right = worth(found.number, ratio=ratio), worth(target, ratio=ratio)
        allowed = max(absolute, relative * abs(right))
        return right_or_wrong(abs(said - right) <= allowed, found.shown, found.reason)

    def gold(sample: Sample) -> str | None:
        if sample.target is None:
            return None
        if pick == "digits" and _DIGITS.search(sample.target) is None:
            return None
        return f"\\boxed{{{sample.target}}}" if pick == "boxed" else sample.target

    return Scorer("numbers", 11, score, gold, options=options)


_DIGITS = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400}|/0{0,40}[1-9][0-9]{0,400})?")


def _mark_digits(sample: Sample, response: Response) -> Score:
    """`pick: digits`. Where target or reply has no digits the reply is wrong, as in the source: an answer was given."""
    if sample.target is None:
        return unscored("the sample has no target")
    wanted = _DIGITS.search(sample.target.replace(",", "").replace("$", ""))
    said = _DIGITS.search(response.text.replace(",", "").replace("$", ""))
    right = said is not None and wanted is not None and Fraction(said[0]) == Fraction(wanted[0])
    return right_or_wrong(right, said and said[0], "first run of digits" if said else "there is no number")


def worth(number: Number, *, ratio: bool) -> Fraction:
    """The figure that is compared."""
    return number.value / 100 if ratio and number.percent else number.value
