"""What `power` prints: mixes of items and repeats, cheapest first, from `decide.mixes` alone."""

from __future__ import annotations

import math
from typing import TextIO

from evalkit.decide.joint import AllRules
from evalkit.decide.mixes import CheapestMixes, PricedMix
from evalkit.stats.planned_limits import WantedLimit
from evalkit.stats.sample_size import MOST_DRAWN, most_drawn
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

_WIDE = 0.6
"""From 60 points on the range of a chance says next to nothing."""


def render_mixes(found: CheapestMixes, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print the mixes, what they rest on, and what no number of items would do."""
    source, question = found.source, found.question
    with Page(width, file) as page:
        about = visible(source.words, limit=120)
        if isinstance(question, WantedLimit):
            true = f"figure is {_figure(found, found.supposed)}"
        else:
            true = f"difference is {numbers.difference(question.difference)}"
        page.say(
            f"{visible(source.baseline, limit=60)} → {visible(source.candidate, limit=60)}, {about}: what a candidate "
            f"takes whose true {true}, to pass with {numbers.share(question.power)}. Nothing was sent."
        )
        page.say("")
        if found.mixes:
            _print_mixes(page, found)
        for line in _said(found):
            page.say(line)


def render_together(found: AllRules, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print what all rules of a gate take together."""
    with Page(width, file) as page:
        for line in _together(found):
            page.say(line)


def _together(found: AllRules) -> list[str]:
    said = []
    best = found.best
    if best is None:
        said.append(f"All rules together cannot be planned: {visible(found.why_none or '', limit=400)}.")
    else:
        mix, price = best.mix, "" if best.usd is None else f", {numbers.usd(best.usd)}"
        lasts = "" if best.minutes is None else f", {numbers.duration(best.minutes * 60)}"
        each = "; ".join(f"{visible(words, limit=120)} {numbers.share(chance)}" for words, chance in found.each)
        asked = "once" if mix.repeats == 1 else f"{mix.repeats} times"
        said.append(
            f"All {len(found.each)} rules together pass in {_passes(best)} of new runs of "
            f"{numbers.plural(mix.items, 'item')} asked {asked}{price}{lasts}"
            f"{'' if best.fits else ' (too many items)'}. Each of them there: {each}."
        )
        if found.of_most is not None and found.of_most[0] < mix.items:
            items, chance = found.of_most
            said.append(
                f"With the {numbers.plural(items, 'item')} of the rule that needs most by itself, all pass in "
                f"{numbers.share(chance)}."
            )
    if found.left_out:
        left_out = ", ".join(visible(words, limit=120) for words in found.left_out)
        said.append(f"Not counted there, because stored answers do not decide it: {left_out}.")
    return said


def _figure(found: CheapestMixes, value: float) -> str:
    """A ratio, dollars of an answer, seconds, or a difference of scores."""
    question = found.question
    if not isinstance(question, WantedLimit):
        return numbers.difference(value)
    if "max_ratio" in found.source.rule:
        return numbers.ratio(value)
    return f"{numbers.usd(value)} an answer" if question.quantile is None else numbers.time(value)


def _print_mixes(page: Page, found: CheapestMixes) -> None:
    mixes = found.mixes
    limit = isinstance(found.question, WantedLimit)
    judged = any(one.judges for one in mixes)
    columns = [
        Column("items", [numbers.count(one.mix.items) for one in mixes]),
        Column("answers\nan item", [numbers.count(one.mix.repeats) for one in mixes]),
        Column("answers of\nboth models", [numbers.count(one.n_answers) for one in mixes]),
        Column("USD", [numbers.UNKNOWN if one.usd is None else numbers.usd(one.usd) for one in mixes]),
        Column("time", [numbers.duration(None if one.minutes is None else one.minutes * 60) for one in mixes]),
        Column("passes [95 %]", [_passes(one) for one in mixes], left=True),
        Column(
            "one as far\nbeyond fails" if limit else "a loss of two\nmargins fails",
            [numbers.share(one.mix.fails) for one in mixes],
        ),
    ]
    if judged:
        names = [", ".join(visible(judge, limit=30) for judge in one.judges) for one in mixes]
        columns.insert(2, Column("judges", names, left=True, folds=True))
    marks = [_mark(one) for one in mixes]
    page.table("cheapest first", [*columns, Column("", marks, left=True, folds=True)] if any(marks) else columns)


def _mark(one: PricedMix) -> str:
    """What is special about a mix."""
    said = [] if one.fits else ["too many items"]
    if one.history:
        said.append(f"history: {numbers.count(one.asked)} asked")
    elif one.asked is not None:
        said.append(f"stops early: {numbers.count(one.asked)} asked")
    return "; ".join(said)


def _passes(one: PricedMix) -> str:
    mix = one.mix
    return f"{numbers.share(mix.passes)} [{numbers.share(mix.passes_low)}, {numbers.share(mix.passes_high)}]"


def _why_none(found: CheapestMixes) -> str:
    """Why no number of items would do, and the way out."""
    question, n = found.question, found.source.n_items
    if found.why_none == "nothing paid":
        return (
            "Nothing can be planned: in the earlier run the candidate's answers, or the baseline's, cost nothing, and "
            "new bills are made by multiplying theirs. Take two models that have prices."
        )
    if isinstance(question, WantedLimit):
        supposed = f"the supposed figure ({_figure(found, found.supposed)}; measured: {_figure(found, found.observed)})"
        limit, way_out = f"the limit of {_figure(found, question.at)}", "Suppose a smaller one, or a wider limit."
    else:
        supposed = f"the supposed difference ({numbers.difference(question.difference)})"
        limit, way_out = (
            f"the margin of {numbers.points(question.margin)}",
            "Suppose a smaller loss, or a wider margin.",
        )
    most = max(map(most_drawn, found.in_vain), default=MOST_DRAWN)
    why = {
        "beyond margin": f"{supposed} lies at {limit} or beyond it, where no candidate passes. {way_out}",
        "one side": f"the {numbers.count(n)} items of the earlier run cannot be weighed so that {supposed} is true of "
        "them: on all of them the two models differ in one direction from it (measured: "
        f"{_figure(found, found.observed)}). Suppose a difference nearer to the measured one.",
        "too many": f"{supposed} lies so near {limit} that even {numbers.count(most)} items are not shown to be "
        f"enough. {way_out}",
    }
    return f"No number of items would do: {why[found.why_none or 'too many']}"


def _said(found: CheapestMixes) -> list[str]:
    source, parts = found.source, found.parts
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
    elif source.stored_repeats == 1:
        said.append("Each item was asked once, so nothing is known of repeats: run it with repeats: 2 to learn it.")
    if found.judge_variance is not None:
        said.append(f"Between judges one answer's score has a variance of {found.judge_variance:.3f}.")
    if (n := source.n_effective) is not None:
        said.append(
            f"Items stand for different numbers of requests: {numbers.count(source.n_items)} of them tell as much as "
            f"{numbers.count(round(n))} equal ones (design effect {source.n_items / n:.2f}). Those of the next run are "
            "taken to be as unequal."
        )
    said += [*_of_brackets(found), *_of_history(found), *_rests_on(found)]
    if any(math.isnan(one.mix.fails) for one in found.mixes):
        said.append(
            f"{numbers.UNDEFINED}: no item of this run lies beyond a loss of two margins, so how often one fails is "
            "not known."
        )
    if (n_left := source.n_left_out) > 0:
        what = "an answer" if not isinstance(found.question, WantedLimit) else "a figure of some answer"
        left_out = f"item lacks {what} and is" if n_left == 1 else f"items lack {what} and are"
        said.append(f"{numbers.count(n_left)} {left_out} left out.")
    if found.in_vain and found.mixes:
        said.append(f"With {', '.join(map(str, found.in_vain))} answers an item no number of items would do.")
    return said


def _of_brackets(found: CheapestMixes) -> list[str]:
    """What the brackets of the table mean, and how exact its items are."""
    if not found.mixes:
        return []
    wide = max(one.mix.passes_high - one.mix.passes_low for one in found.mixes) > _WIDE
    n = numbers.count(found.source.n_items)
    return [
        "Items are about so many: they are found by drawing. In brackets stands how low and how high the chance to "
        f"pass may be in truth, since {n} stored items leave open how much items differ."
        + (" So wide a range means that this run is too small to plan by: run more items first." if wide else "")
    ]


def _of_history(found: CheapestMixes) -> list[str]:
    history = found.history
    if history is None:
        return []
    said = (
        f"History: scores of {history.n_older} other models leave {numbers.share(history.left)} of variance: "
        f"where a gate that stops early needs half of a suite, with history: auto it needs "
        f"{numbers.share(history.share_of_half)}."
    )
    if any(one.history for one in found.mixes):
        return [
            f"{said} Its mix pays for the candidate's answers to the items that are asked on average; "
            "the baseline's are stored."
        ]
    few = [one.mix.items for one in found.mixes if one.mix.repeats == 1]
    if few and min(few) > found.source.n_items:
        return [f"{said} Of items that no older model has answered it says nothing: new ones have to be asked of them."]
    return [said]


def _rests_on(found: CheapestMixes) -> list[str]:
    source, question = found.source, found.question
    if found.why_none == "nothing paid":
        return []
    n = numbers.count(source.n_items)
    if isinstance(question, WantedLimit):
        said = [
            f"Drawn from {n} items of the earlier run, the candidate's figures multiplied so that the supposed one is "
            f"true (it was {_figure(found, found.observed)}). Another candidate may differ more, and then needs more."
        ]
        if question.cap is not None:
            said.append(f"An answer may cost up to {numbers.usd(question.cap)}: the rule counts with it.")
        return said
    said = [
        f"Drawn from {n} items of the earlier run, weighed so that the supposed difference is true of them (it was "
        f"{_figure(found, found.observed)}). Another candidate may differ more, and then needs more."
    ]
    if any(one.mix.repeats > source.stored_repeats for one in found.mixes):
        said.append(
            f"Answers beyond the {numbers.count(source.stored_repeats)} stored of each item are made up, as answers to "
            "it vary: these chances are known less well, as their ranges say."
        )
    return said
