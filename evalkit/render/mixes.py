"""What `power` prints: mixes of items and repeats, cheapest first, from `decide.mixes` alone."""

from __future__ import annotations

import math
from typing import TextIO

from evalkit.decide.mixes import CheapestMixes, PricedMix, share_of_items
from evalkit.stats.sample_size import MOST_DRAWN
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page


def render_mixes(found: CheapestMixes, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print the mixes, what they rest on, and what no number of items would do."""
    earlier, question = found.earlier, found.question
    with Page(width, file) as page:
        page.say(
            f"{visible(earlier.baseline, limit=60)} → {visible(earlier.candidate, limit=60)}, "
            f"{visible(earlier.subject, limit=80)}, margin {question.margin:g}: what a candidate takes whose "
            f"true difference is {numbers.difference(question.difference)}, to pass with "
            f"{numbers.share(question.power)}. Nothing was sent."
        )
        page.say("")
        if found.mixes:
            _print_mixes(page, found.mixes)
        for line in _said(found):
            page.say(line)


def _print_mixes(page: Page, mixes: tuple[PricedMix, ...]) -> None:
    judged = any(one.judges for one in mixes)
    columns = [
        Column("items", [numbers.count(one.mix.items) for one in mixes]),
        Column("answers\nan item", [numbers.count(one.mix.repeats) for one in mixes]),
        Column("answers of\nboth models", [numbers.count(one.n_answers) for one in mixes]),
        Column("USD", [numbers.UNKNOWN if one.usd is None else numbers.usd(one.usd) for one in mixes]),
        Column("time", [numbers.duration(None if one.minutes is None else one.minutes * 60) for one in mixes]),
        Column("passes [95 %]", [_passes(one) for one in mixes], left=True),
        Column("a loss of two\nmargins fails", [numbers.share(one.mix.fails) for one in mixes]),
    ]
    if judged:
        names = [", ".join(visible(judge, limit=30) for judge in one.judges) for one in mixes]
        columns.insert(2, Column("judges", names, left=True, folds=True))
    marks = Column("", ["" if one.fits else "too many items" for one in mixes], left=True)
    page.table("cheapest first", [*columns, marks] if any(not one.fits for one in mixes) else columns)


def _passes(one: PricedMix) -> str:
    mix = one.mix
    return f"{numbers.share(mix.passes)} [{numbers.share(mix.passes_low)}, {numbers.share(mix.passes_high)}]"


def _why_none(found: CheapestMixes) -> str:
    """Why no number of items would do, and the way out."""
    question, n = found.question, len(found.earlier.whole.baseline)
    supposed = f"the supposed difference ({numbers.difference(question.difference)})"
    why = {
        "beyond margin": f"{supposed} lies at the margin of {question.margin:g} or beyond it, where no candidate "
        "passes. Suppose a smaller loss, or a wider margin.",
        "one side": f"the {numbers.count(n)} items of the earlier run cannot be weighed so that {supposed} is true of "
        "them: on all of them the two models differ in one direction from it (measured: "
        f"{numbers.difference(found.observed)}). Suppose a difference nearer to the measured one.",
        "too many": f"{supposed} lies so near the margin of {question.margin:g} that even "
        f"{numbers.count(MOST_DRAWN)} items are not shown to be enough. Suppose a smaller loss, or a wider margin.",
    }
    return f"No number of items would do: {why[found.why_none or 'too many']}"


def _said(found: CheapestMixes) -> list[str]:
    earlier, parts = found.earlier, found.parts
    said = []
    if not found.mixes:
        said.append(_why_none(found))
    elif not any(one.fits for one in found.mixes):
        said.append("No mix gets by with the items that there are: make more, or accept a wider margin.")
    if parts is not None:
        total = parts.item + parts.run
        within = numbers.share(parts.run / total) if total else numbers.UNDEFINED
        said.append(
            f"Of the variance of one pair's difference {within} lies between answers to the same item, which repeats "
            "reduce; the rest lies between items."
        )
    else:
        said.append("Each item was asked once, so nothing is known of repeats: run it with repeats: 2 to learn it.")
    if found.judge_variance is not None:
        said.append(f"Between judges one answer's mark has a variance of {found.judge_variance:.3f}.")
    if (share := share_of_items(earlier)) is not None:
        said.append(
            f"History: scores of {earlier.n_older} other models leave {numbers.share(earlier.history)} of variance: "
            f"where a gate that stops early needs half of a suite, with history: auto it needs {numbers.share(share)}."
        )
    said.append(
        f"Drawn from {numbers.count(len(earlier.whole.baseline))} items of the earlier run, weighed so that the "
        f"supposed difference is true of them (it was {numbers.difference(found.observed)}). Another candidate may "
        "differ more, and then needs more."
    )
    if any(one.mix.repeats > earlier.whole.stored_repeats for one in found.mixes):
        said.append(
            f"Answers beyond the {numbers.count(earlier.whole.stored_repeats)} stored of each item are made up, as "
            "answers to it vary: these chances are known less well, as their ranges say."
        )
    if any(math.isnan(one.mix.fails) for one in found.mixes):
        said.append(
            f"{numbers.UNDEFINED}: no item of this run lies beyond a loss of two margins, so how often one fails is "
            "not known."
        )
    if (n := earlier.n_left_out) > 0:
        left_out = "item lacks an answer and is" if n == 1 else "items lack an answer and are"
        said.append(f"{numbers.count(n)} {left_out} left out.")
    if found.in_vain and found.mixes:
        said.append(f"With {', '.join(map(str, found.in_vain))} answers an item no number of items would do.")
    return said
