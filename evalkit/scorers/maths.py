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

from evalkit.errors import MissingPackage
from evalkit.installed import install_hint
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.maths_text import (
    differ,
    has_dots,
    plain,
    same_text,
    stated,
    taken_back,
)
from evalkit.scorers.maths_worker import Worker
from evalkit.scorers.number_boxes import box_in_doubt, denied_before, find_box, last_boxed
from evalkit.scorers.options import Amount, OneOf, OptionRule, read
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored
from evalkit.scorers.struck import without_crossed

LONGEST = 20_000
"""Characters of a reply that are read, from its end, where the answer stands."""
_RULES: Mapping[str, OptionRule] = {"read": OneOf(("any", "boxed"), "any"), "limit_s": Amount(3.0, 0.1, 60)}


def make(given: Mapping[str, object]) -> Scorer:
    """`limit_s` is processor time for one answer. Raises MissingPackage without math-verify."""
    options = read("math", given, _RULES)
    if find_spec("math_verify") is None:
        raise MissingPackage(f"scorer math needs math-verify. Install the extra: {install_hint('math')}")
    worker, limit_s = Worker.shared(), options.amount("limit_s")

    def score(sample: Sample, response: Response) -> Score:
        if sample.target is None or not sample.target.strip():
            return unscored("the sample has no target")
        reply, gold = without_crossed(response.text[-LONGEST:]), plain(_inside(sample.target))
        if not gold:
            return unscored("the sample's target is an empty box")
        said, settled = _said(reply, gold, boxed_only=options.text("read") == "boxed")
        if settled is not None:
            return settled
        verdict = worker.compare(gold, reply if said is None else f"\\boxed{{{said}}}", limit_s)
        if verdict.gold_unreadable:
            return unscored(f"the sample's target is no mathematics that can be read: {sample.target[:80]!r}")
        if verdict.same is None:
            return unparseable(verdict.reason)
        return right_or_wrong(verdict.same, verdict.shown, verdict.reason)

    def right_answer(sample: Sample) -> str | None:
        return None if sample.target is None else f"\\boxed{{{sample.target}}}"

    return Scorer("math", 9, score, right_answer, options=options, slow=True)


def _inside(target: str) -> str:
    """A target without the box or the dollar signs around it."""
    boxed = last_boxed(target)
    return (target if boxed is None else boxed).strip().strip("$").strip()


def _said(reply: str, gold: str, *, boxed_only: bool) -> tuple[str | None, Score | None]:
    """The expression that the reply gives (None: math-verify shall look for it), and its mark where no algebra is
    needed."""
    box, refused, how = find_box(reply), None, "boxed"
    if box is None and boxed_only:
        return None, unparseable("nothing is boxed")
    if box is None:
        how = "stated"
        said, refused = stated(reply, gold)
    else:
        said = reply[box[0] : box[1]]
        if not boxed_only:
            refused = "what is boxed is denied" if denied_before(reply[: box[0]]) else None
            refused = refused or box_in_doubt(reply, box[0]) or taken_back(reply[box[1] :])
    if refused is not None:
        return None, unparseable(refused)
    return (None, None) if said is None else (plain(said), _without_algebra(gold, plain(said), how))


def _without_algebra(gold: str, said: str, how: str) -> Score | None:
    if same_text(gold, said):
        return right_or_wrong(True, said[:500], f"{how}, as written")
    if has_dots(gold) and has_dots(said):
        return unparseable("what the dots leave out cannot be compared")
    why = differ(gold, said)
    return None if why is None else right_or_wrong(False, said[:500], why)
