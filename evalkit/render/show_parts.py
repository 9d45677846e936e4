"""What `show` prints of repeats, from `results.repeats` alone.

repeats: each item asked several times
              answers                         unstable                   +1    new
model         an item  pass@1  pass@4  pass^4  [95 %]           error  repeat  items
gpt-5-medium        4   0.526   0.685   0.339  35 % [24 %, 46 %] 0.037   0.037  0.033
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from evalkit.results.repeats import FlakyItem, ModelRepeats, RunRepeats
from evalkit.stats.repeats import Stability
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

_MODELS_OF_ITEM = 6
"""Models that are named for one flaky item."""


def render_repeats(
    found: RunRepeats, *, markdown: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print how steady each model answers, and whether another repeat or more items would help."""
    with Page(width, file, markdown=markdown) as page:
        names = list(found.models)
        rows = [one.all for one in found.models.values()]
        counts = {one.k for one in rows if one.k > 1}
        k = str(next(iter(counts))) if len(counts) == 1 else "k"
        page.grid(
            "repeats: each item asked several times",
            Column("model", [visible(name, limit=60) for name in names], left=True, folds=True),
            [
                Column("answers\nan item", [numbers.count(one.k) for one in rows]),
                Column("pass@1", [numbers.quality(one.pass_1) for one in rows]),
                Column(f"pass@{k}", [numbers.quality(one.pass_k) for one in rows]),
                Column(f"pass^{k}", [numbers.quality(one.pass_all_k) for one in rows]),
                Column("unstable\n[95 %]", [_unstable(one) for one in rows], left=True),
                Column("error", [numbers.quality(one.se) for one in rows]),
                Column("+1\nrepeat", [numbers.quality(one.se_one_more_repeat) for one in rows]),
                Column("new\nitems", [numbers.quality(one.se_as_many_new_items) for one in rows]),
            ],
        )
        page.say(
            "unstable: items that are answered now right and now wrong. error: the standard error of pass@1 for items "
            "like these, then with one more answer an item, and with as many answers spent on new items."
        )
        for line in _said(found.models):
            page.say(line)


def render_flaky(
    items: Sequence[FlakyItem],
    total: int,
    *,
    markdown: bool = False,
    width: int | None = None,
    file: TextIO | None = None,
) -> None:
    """Print the least steady items. `total`: how many there are."""
    with Page(width, file, markdown=markdown) as page:
        if not items:
            page.say("No item was answered now right and now wrong by the same model.")
            return
        page.table(
            "flaky items: answered now right and now wrong by the same model",
            [
                Column("item", [visible(item.sample_id, limit=60) for item in items], left=True, folds=True),
                Column("task", [visible(item.task, limit=60) for item in items], left=True, folds=True),
                Column("models", [numbers.count(len(item.right)) for item in items]),
                Column("right of answers", [_right(item) for item in items], left=True, folds=True),
            ],
        )
        if total > len(items):
            page.say(f"The {numbers.count(len(items))} least steady of {numbers.count(total)}; --json has all.")


def _unstable(one: Stability) -> str:
    if one.unstable is None:
        return numbers.UNKNOWN if one.k > 1 else numbers.UNDEFINED
    around = one.unstable_interval
    shown = numbers.share(one.unstable)
    return f"{shown} [{numbers.share(around.low)}, {numbers.share(around.high)}]" if around is not None else shown


def _right(item: FlakyItem) -> str:
    shown = [f"{visible(name, limit=40)} {right}/{n}" for name, (right, n) in item.right.items()][:_MODELS_OF_ITEM]
    more = len(item.right) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _said(models: Mapping[str, ModelRepeats]) -> list[str]:
    rows = [one.all for one in models.values()]
    known = [one for one in rows if one.helps_more is not None]
    said = []
    if known:
        either = sum(one.helps_more == "either" for one in known)
        if either == len(known):
            said.append(
                "For scores of items like these another repeat helps about as much as the same answers spent on new "
                "items: the noise lies within the items."
            )
        else:
            also = (
                f" (for {numbers.count(either)} of {numbers.count(len(known))} models about as much)" if either else ""
            )
            said.append(
                "For scores of items like these, answers spent on new items help more than another repeat of these"
                f"{also}. About exactly these items (`scope: suite`), repeats alone help."
            )
    noise = [one.noise for one in rows if one.noise is not None]
    if noise:
        low, high = numbers.quality(min(noise)), numbers.quality(max(noise))
        span = low if low == high else f"{low} to {high}, by model"
        said.append(f"Two such runs of one model on these items differ by chance by up to {span} (95 %).")
    fewer = {name: one.all.n_fewer for name, one in models.items() if one.all.n_fewer}
    said += [
        f"{visible(name, limit=60)}: {numbers.count(n)} items have fewer scored answers than the others, and are in "
        "pass@1 only."
        for name, n in fewer.items()
    ]
    return said
