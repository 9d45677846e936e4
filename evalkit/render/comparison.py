"""Two models beside each other: what `evalkit compare` prints, a comparison in one sentence, answers word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TextIO

from evalkit.facts import Figures, ModelSummary, Quality
from evalkit.render.cells import Timed, other_outcomes, quality_text, time_text, tokens_per_s, usd_text
from evalkit.render.flip_text import flips_text
from evalkit.render.standings import listed
from evalkit.results.compare import Difference, PairedComparison, SampleComparison
from evalkit.results.flips import Flip
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

BY_ANSWER = "Items were asked several times: every answer is a pair, and those of one item count as one cluster."
BY_MEAN = "The two were not asked their samples equally often: the mean of a sample's answers is tested."
"""What is tested where some sample has several answers; the same on every page."""
P_HEAD = "p of no\ndifference"
"""The head of a column of p-values: the gate asks another question (worse by more than a margin?) with other ones."""
_PAIRED = (
    "A and B alone are over all items that they have a score for; the difference of their quality is over those that "
    "both have one for."
)
POINTS_HEAD = "points of 100\n[95 %]"
"""The head of a column of differences."""
ANSWERS = {"sample": "samples", "answer": "answers", "mean": "samples"}
_NEARLY = 1.05
"""Of two costs: what is nearer is not worth a word."""


def without_score(found: SampleComparison, a: Figures, b: Figures) -> str:
    """How many samples lack a score on a side, whether their answers failed or wait for a mark, and how they count.
    Empty where none does."""
    n = found.n_errored
    if not n:
        return ""
    what, n_failed, n_unmarked = ANSWERS[found.unit], a.n_failed + b.n_failed, a.n_unmarked + b.n_unmarked
    how = "A comparison takes them both ways: as the best and as the worst for B."
    if not n_unmarked:
        return f"{numbers.count(n)} {what} failed on a side. {how}"
    if not n_failed:
        why = "their judges have not spoken, or could not be read"
        return f"{numbers.count(n)} {what} have no score on a side: {why}. {how}"
    said = f"{numbers.plural(n_failed, 'answer')} failed, {numbers.count(n_unmarked)} have no score from their judges"
    return f"{numbers.count(n)} {what} have no score on a side ({said}). {how}"


def sentence(found: SampleComparison, a: str, b: str) -> str:
    """The result in words; a difference is only called one where one is shown."""
    if found.refused is not None:
        return f"{a} and {b} are not compared: {found.refused}."
    if found.delta is None:
        return f"{a} and {b} share no scored sample: nothing can be compared."
    shown = numbers.points_interval(found.low, found.high)
    interval = f"95 % interval {shown}" if shown else "without an interval"
    points = f"{numbers.points(found.delta)} {'better' if found.delta > 0 else 'worse'}"
    tail = f"{interval}, {numbers.plural(found.flips, 'flip')} in {numbers.plural(found.n, 'sample')}."
    if found.among is not None:
        return f"No difference is shown between {b} and {a} (measured {points}): {found.among}; {tail}"
    if not found.is_shown:
        what = f"measured {points}" if found.delta else "measured equal"
        return f"No difference is shown between {b} and {a} ({what}): {tail}"
    return f"{b} is {points} than {a}: {tail}"


def cost_sentence(a: Figures, b: Figures) -> str:
    """What B costs instead of A, and how long it takes: "$0.005 instead of $2.50 for 1,000 samples: about 500 times
    cheaper. 1.2 s instead of 3.1 s for a whole answer (median)." Empty where nothing of both is known."""
    said = []
    ours, theirs = a.cost.usd_per_1k_samples, b.cost.usd_per_1k_samples
    if ours is not None and theirs is not None:
        said.append(f"{usd_text(b)} instead of {usd_text(a)} for 1,000 samples{_times(ours, theirs)}.")
    x, y = a.latency.total_s.p50, b.latency.total_s.p50
    if x is not None and y is not None:
        instead = f"{time_text(b, 'total_p50')} instead of {time_text(a, 'total_p50')}"
        said.append(f"{instead} for a whole answer (median).")
    return " ".join(said)


def _times(ours: float, theirs: float) -> str:
    """ ": about 500 times cheaper"; empty where one is nothing, or both are nearly the same."""
    if min(ours, theirs) <= 0:
        return ""
    factor = max(ours, theirs) / min(ours, theirs)
    if factor < _NEARLY:
        return ": nearly the same"
    shown = f"{factor:.1f}" if factor < 10 else f"{float(f'{factor:.2g}'):,.0f}"
    return f": about {shown} times {'cheaper' if theirs < ours else 'dearer'}"


def render_comparison(
    a: ModelSummary,
    b: ModelSummary,
    *,
    labels: tuple[str, str],
    versus: PairedComparison | None = None,
    width: int | None = None,
    file: TextIO | None = None,
    markdown: bool = False,
) -> None:
    """Print two models side by side; `a` and `b` are entries of a summary's `models`, of one run or of two.

    Differences are B against A: quality in points of 100, cost and time as a ratio. `versus`: the paired comparison,
    which is printed below (`render_versus`) and whose differences these are; None: as measured, and no test is made.
    """
    paired = {one.subject: one.delta for one in versus.differences} if versus is not None else None
    whole = None if versus is None else versus.differences[0].delta
    with Page(width, file, markdown=markdown) as page:
        for side, label in zip("AB", labels, strict=True):
            page.say(f"{side}: {visible(label, limit=120)}")
        page.say("")
        rows = _measures(a.all, b.all, _change(a.all.quality, b.all.quality) if versus is None else whole)
        measures, left, right, change = zip(*rows, strict=True)
        page.table(
            "overall",
            [
                Column("measure", measures, left=True),
                Column("A", left),
                Column("B", right),
                Column("B against A", change),
            ],
        )
        tasks = list(dict.fromkeys([*a.tasks, *b.tasks]))
        shared = [task for task in tasks if task in a.tasks and task in b.tasks]
        ours, theirs = [a.tasks[t] for t in shared], [b.tasks[t] for t in shared]
        deltas = [
            _change(x.quality, y.quality) if paired is None else paired.get(task)
            for task, x, y in zip(shared, ours, theirs, strict=True)
        ]
        if len(shared) > 1:
            page.table(
                "quality by task",
                [
                    Column("task", [visible(t, limit=60) for t in shared], left=True, folds=True),
                    Column("A [95 %]", [quality_text(cell.quality) for cell in ours]),
                    Column("B [95 %]", [quality_text(cell.quality) for cell in theirs]),
                    Column("B − A,\npoints", [numbers.signed_points(delta) for delta in deltas]),
                ],
            )
        for side, only in (("A", a.tasks), ("B", b.tasks)):
            missing = [visible(task, limit=60) for task in tasks if task in only and task not in shared]
            if missing:
                page.say(f"Only {side} has {', '.join(missing)}: the overall figures are not over the same tasks.")
        if versus is None:
            page.say("Differences are as measured: whether chance alone could make them is not tested here.")
        elif any(
            numbers.signed_points(delta) != numbers.signed_points(_change(x.quality, y.quality))
            for delta, x, y in ((whole, a.all, b.all), *zip(deltas, ours, theirs, strict=True))
        ):
            page.say(_PAIRED)


def render_versus(
    versus: PairedComparison,
    flips: Sequence[Flip] = (),
    *,
    width: int | None = None,
    file: TextIO | None = None,
    markdown: bool = False,
) -> None:
    """Print the comparison; `flips` with both answers, where they were asked for."""
    with Page(width, file, markdown=markdown) as page:
        rows = versus.differences
        page.say(verdict(versus), style="bold")
        page.say("")
        page.table(
            "B − A on the same items",
            [
                Column("task", [visible(d.subject, limit=60) for d in rows], left=True, folds=True),
                Column(POINTS_HEAD, [difference_text(d) for d in rows], left=True),
                Column(P_HEAD, [numbers.p_value(d.p_no_difference) for d in rows]),
                Column("pairs", [numbers.count(d.n) for d in rows]),
                Column("no score", [numbers.count(d.n_unscored) for d in rows]),
            ],
        )
        for told in (*filter(None, map(disagreement, rows)), *without_p(rows)):
            page.say(told)
        for task, why in versus.among_by_task:
            page.say(f"{visible(task, limit=60)}: {why}.")
        if versus.repeated:
            page.say(BY_ANSWER)
        counts = versus.flips
        page.say(
            flips_text(counts)
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
            turned = "right → wrong" if flip.lost else "wrong → right"
            page.say(f"{turned}: {visible(flip.task)} {visible(flip.sample_id, limit=100)}")
            for who, said in (
                ("prompt", flip.prompt),
                ("target", flip.target),
                ("A", flip.baseline),
                ("B", flip.candidate),
            ):
                if said is not None:
                    page.say(f"  {who}: {visible(said, limit=400)}")


def verdict(versus: PairedComparison) -> str:
    """The comparison over all tasks in one sentence, as Versus has it of two models of one leaderboard."""
    first, flips = versus.differences[0], versus.flips
    if first.delta is None:
        return "No item has a score on both sides: nothing can be compared."
    points = f"{numbers.points(first.delta)} {'better' if first.delta > 0 else 'worse'}"
    measured = f"measured {points}" if first.delta else "measured equal"
    shown = numbers.points_interval(first.low, first.high)
    interval = f"95 % interval {shown}" if shown else "without an interval"
    n = flips.n_lost + flips.n_won
    tail = f"{interval}, {numbers.plural(n, 'flip')} in {numbers.plural(first.n, 'pair')}."
    if versus.among is not None:
        return f"No difference is shown between B and A ({measured}): {versus.among}; {tail}"
    if first.low is None or first.high is None or first.low <= 0 <= first.high:
        return f"No difference is shown between B and A ({measured}): {tail}"
    return f"B is {points} than A: {tail}"


def difference_text(difference: Difference) -> str:
    """Like "+1.2 [−0.4, +2.8]", in points of 100; the difference alone where there is no interval."""
    bounds = numbers.difference_interval(difference.low, difference.high)
    return f"{numbers.signed_points(difference.delta)} {bounds}".rstrip()


def disagreement(difference: Difference) -> str:
    """Where the p-value and the interval say different things: both, and why. Empty where they say the same."""
    alone = difference.shown_only_by
    if alone is None:
        return ""
    p = f"p {numbers.p_value(difference.p_no_difference)}"
    interval = f"the interval {numbers.difference_interval(difference.low, difference.high)}"
    told = (
        f"{p} says that the two differ, {interval} does not: 0 lies in it"
        if alone == "p"
        else f"{interval} says that the two differ, {p} does not"
    )
    unscored = (
        f", where the {numbers.count(difference.n_unscored)} without a score may have gone either way"
        if difference.n_unscored
        else ""
    )
    return (
        f"{visible(difference.subject, limit=60)}: {told}. p (McNemar's exact test) sees only the items that changed "
        f"sides; the interval is the gate's test over all pairs{unscored}. Go by the interval."
    )


def without_p(differences: Sequence[Difference]) -> list[str]:
    """Why some differences have no p-value, a sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for one in differences:
        if one.why_no_p:
            by_reason.setdefault(one.why_no_p, []).append(visible(one.subject, limit=60))
    every = len(differences)
    return [
        f"No p{f' for {listed(names)}' if len(names) < every else ''}: {why}."
        for why, names in by_reason.items()
    ]  # fmt: skip


def _measures(a: Figures, b: Figures, delta: float | None) -> list[tuple[str, str, str, str]]:
    """(measure, A, B, B against A) for the figures over all tasks; `delta` of quality."""
    rows = [("quality [95 %]", quality_text(a.quality), quality_text(b.quality), numbers.difference(delta))]
    if a.outcomes.get("errored") or b.outcomes.get("errored"):
        x, y = a.quality_failures_wrong, b.quality_failures_wrong
        rows.append(("  with failures as wrong", quality_text(x), quality_text(y), numbers.difference(_change(x, y))))
    rows.append(("samples scored", numbers.count(a.quality.n), numbers.count(b.quality.n), ""))
    others = other_outcomes(a), other_outcomes(b)
    for outcome in dict.fromkeys([*others[0], *others[1]]):
        n_a, n_b = (of_side.get(outcome, 0) for of_side in others)
        rows.append((outcome, numbers.count(n_a), numbers.count(n_b), _signed(n_b - n_a)))
    ours, theirs = a.cost, b.cost
    u, v = ours.usd_per_1k_samples, theirs.usd_per_1k_samples
    rows.append(("cost per 1,000", usd_text(a), usd_text(b), _ratio(u, v)))
    u, v = ours.usd_per_correct, theirs.usd_per_correct
    rows.append(("cost per correct answer", numbers.usd(u), numbers.usd(v), _ratio(u, v)))
    timed: tuple[tuple[str, Timed, float | None, float | None], ...] = (
        ("TTFT p50", "ttft_p50", a.latency.ttft_s.p50, b.latency.ttft_s.p50),
        ("TTFT p95", "ttft_p95", a.latency.ttft_s.p95, b.latency.ttft_s.p95),
        ("total p50", "total_p50", a.latency.total_s.p50, b.latency.total_s.p50),
        ("total p95", "total_p95", a.latency.total_s.p95, b.latency.total_s.p95),
    )
    for label, which, s, t in timed:
        rows.append((label, time_text(a, which), time_text(b, which), _ratio(s, t)))
    u, v = tokens_per_s(a.latency), tokens_per_s(b.latency)
    rows.append(("tokens/s while writing", numbers.rate(u), numbers.rate(v), _ratio(u, v)))
    rows.append(("cached share", numbers.share(a.cached_share), numbers.share(b.cached_share), ""))
    return rows


def _change(a: Quality, b: Quality) -> float | None:
    return None if a.mean is None or b.mean is None else b.mean - a.mean


def _ratio(a: float | None, b: float | None) -> str:
    """B as a multiple of A; undefined where either is unknown or A is zero."""
    return numbers.ratio(b / a if a is not None and b is not None and a else None)


def _signed(difference: int) -> str:
    return f"{'+' if difference > 0 else '−'}{abs(difference):,}" if difference else "0"


_MOST_WORDS = 3_000
"""Matching is quadratic at worst, and nobody reads marks in a longer text."""
_LEAST_ALIKE = 0.5
"""Of two texts that share less of their words, marks are everywhere and say nothing."""
Piece = tuple[str, bool]
"""A part of a text, and whether only this text has it."""


def word_diff(a: str, b: str) -> tuple[list[Piece], list[Piece]] | None:
    """Each text in pieces, those marked that only it has; the pieces together are the text. None where marks would say
    nothing (alike, or few words in common) or take too long.

    word_diff("within 30 days", "within 14 days")[1]   # [("within ", False), ("14", True), (" days", False)]
    """
    ours, theirs = _words(a), _words(b)
    if max(len(ours), len(theirs)) > _MOST_WORDS or a == b:
        return None
    matcher = difflib.SequenceMatcher(a=ours, b=theirs, autojunk=False)
    left: list[Piece] = []
    right: list[Piece] = []
    shared = 0
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        own = tag != "equal"
        shared += 0 if own else sum(map(_is_word, ours[i:i_end]))
        left += _pieces(ours[i:i_end], own)
        right += _pieces(theirs[j:j_end], own)
    # Blanks and signs do not count: any two sentences have them in common.
    if 2 * shared < _LEAST_ALIKE * sum(map(_is_word, [*ours, *theirs])):
        return None
    return left, right


def _words(text: str) -> list[str]:
    """Words, blanks and single signs; together they are the text."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _is_word(part: str) -> bool:
    return part[0].isalnum()


def _pieces(words: Sequence[str], own: bool) -> list[Piece]:
    """The words as one piece; blanks at its ends are not marked, so that lines begin where they did."""
    text = "".join(words)
    core = text.strip()
    if not own or not core:
        return [(text, False)] if text else []
    start = text.index(core)
    parts = [(text[:start], False), (core, True), (text[start + len(core) :], False)]
    return [part for part in parts if part[0]]
