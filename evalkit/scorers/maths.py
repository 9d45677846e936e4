r"""Mathematical answers that may be written in many ways: `\frac{1}{2}`, `0.5` and `1/2` are the same.

    make({})(...)     "... so $\boxed{\frac12}$" for target "0.5"       right

Equivalence is math-verify's (Hugging Face; sympy behind it), in a process of its own that evalkit ends when an answer
takes too long: algebra on a hostile answer has no bound. The limit is processor time, so that a busy machine does not
change scores; what passes it is unparseable. `read: boxed` reads only what stands in the last `\boxed{}` (MATH's rule);
`read: any` (the default) leaves it to math-verify, which looks for boxes, then LaTeX, then plain numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from evalkit.errors import MissingPackage
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.marks import right_or_wrong, unparseable, unscored
from evalkit.scorers.maths_worker import Worker
from evalkit.scorers.number_statements import last_boxed
from evalkit.scorers.options import Amount, OneOf, Rule, read

LONGEST = 20_000
"""Characters of a reply that are read, from its end, where the answer stands."""
_RULES: Mapping[str, Rule] = {"read": OneOf(("any", "boxed"), "any"), "limit_s": Amount(3.0)}


def make(given: Mapping[str, Any]) -> Scorer:
    """`limit_s` is processor time for one answer. Raises MissingPackage without math-verify."""
    options = read("math", given, _RULES)
    if find_spec("math_verify") is None:
        raise MissingPackage("scorer math needs math-verify. Install the extra: uv sync --extra math")
    worker = Worker.shared(float(options["limit_s"]))

    def mark(sample: Sample, response: Response) -> Score:
        if sample.target is None or not sample.target.strip():
            return unscored("the sample has no target")
        boxed = last_boxed(response.text[-LONGEST:])
        if options["read"] == "boxed" and boxed is None:
            return unparseable("nothing is boxed")
        if boxed is not None and boxed.strip() == sample.target.strip():
            return right_or_wrong(True, boxed[:500], "boxed, as written")
        answer = response.text[-LONGEST:] if boxed is None else f"\\boxed{{{boxed}}}"
        verdict = worker.compare(sample.target, answer)
        if verdict.gold_unreadable:
            return unscored(f"the sample's target is no mathematics that can be read: {sample.target[:80]!r}")
        if verdict.same is None:
            return unparseable(verdict.reason)
        return right_or_wrong(verdict.same, verdict.shown, verdict.reason)

    def gold(sample: Sample) -> str | None:
        return None if sample.target is None else f"\\boxed{{{sample.target}}}"

    return Scorer("math", 1, mark, gold, options=options, slow=True)
