"""The paired part of `evalkit compare`: differences with intervals, and items that changed sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from evalkit.report import numbers
from evalkit.report.hostile import visible
from evalkit.report.page import Column, Page
from evalkit.results.compare import PairedComparison
from evalkit.results.flips import Flip


def render_versus(
    versus: PairedComparison, flips: Sequence[Flip] = (), *, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print the comparison; `flips` with both answers, where they were asked for."""
    with Page(width, file) as page:
        rows = versus.differences
        page.table(
            "B − A on the same items",
            [
                Column("task", [visible(d.subject, limit=60) for d in rows], left=True, folds=True),
                Column("difference [95 %]", [_shown(d.delta, d.low, d.high) for d in rows], left=True),
                Column("p", [numbers.p_value(d.p_no_difference) for d in rows]),
                Column("pairs", [numbers.count(d.n) for d in rows]),
                Column("no score", [numbers.count(d.n_unscored) for d in rows]),
            ],
        )
        counts = versus.flips
        page.say(
            f"{numbers.count(counts.n_lost)} items went right → wrong, {numbers.count(counts.n_won)} wrong → right"
            + ("" if flips or not (counts.n_lost or counts.n_won) else " (--flips 5 shows some, with both answers)")
        )
        for caveat in versus.caveats:
            page.say(f"not whole: {visible(caveat, limit=600)}")
        for line in map(numbers.short_digests, versus.compared):
            page.say(f"differs: {visible(line, limit=300)}")
        for line in versus.served:
            page.say(f"served as: {visible(line, limit=300)}")
        for flip in flips:
            page.say("")
            page.say(
                f"{'right → wrong' if flip.lost else 'wrong → right'}: {visible(flip.task)} {flip.sample_digest[:12]}"
            )
            for who, said in (
                ("prompt", flip.prompt),
                ("target", flip.target),
                ("A", flip.baseline),
                ("B", flip.candidate),
            ):
                if said is not None:
                    page.say(f"  {who}: {visible(said, limit=400)}")


def _shown(delta: float | None, low: float | None, high: float | None) -> str:
    return f"{numbers.difference(delta)} {numbers.difference_interval(low, high)}".rstrip()
