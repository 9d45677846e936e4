"""The three cards of a leaderboard in words: best quality, best value, fastest.

    for card in cards(lines):
        card.title, card.model, card.figure, card.notes

Who is picked, and who may be as good, is decided in `results.tradeoffs` and `results.standings`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.render.cells import quality_text, time_text, usd_text
from evalkit.render.standings import below_text, cheap_behind, gap_text, listed, share_text
from evalkit.results.entries import LeaderboardLine
from evalkit.results.tradeoffs import best_value, fastest, first_of
from evalkit.text import numbers
from evalkit.text.escape import visible

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Card:
    """One card. Names are written by the caller's function, so they are safe where it shows them."""

    title: str
    model: str
    """The name, several with the same figure; a dash where none can be named."""
    figure: str
    notes: tuple[str, ...]
    """Sentences: what is too close to call, what the choice costs."""


def cards(lines: Sequence[LeaderboardLine], name: Name = lambda model: visible(model, limit=60)) -> tuple[Card, ...]:
    """Three cards; none where no model has a score."""
    first = first_of(lines)
    if not first:
        return ()
    return _quality(lines, first, name), _value(lines, first, name), _fastest(lines, first, name)


def _quality(lines: Sequence[LeaderboardLine], first: Sequence[LeaderboardLine], name: Name) -> Card:
    leader, *others = first
    equal = [line for line in others if line.cell.quality.mean == leader.cell.quality.mean]
    close = [line for line in others if line not in equal]
    n_behind = sum(line.standing is not None for line in lines) - len(first)
    if close:
        note = f"Too close to call: {_names(close, name)}."
    elif n_behind:
        note = "Every other model is shown to be behind." if n_behind > 1 else "The other model is shown to be behind."
    else:
        note = "They measured equal." if equal else "The only model here."
    return Card("Best quality", _names([leader, *equal], name), quality_text(leader.cell.quality), (note,))


def _value(lines: Sequence[LeaderboardLine], first: Sequence[LeaderboardLine], name: Name) -> Card:
    title, leader, found = "Best value", first[0], best_value(lines)
    behind = [line for line in lines if line.standing is not None and line.standing.state == "behind"]
    cheap = cheap_behind(leader, behind)
    notes = (
        [f"{name(cheap.model)}: {gap_text(leader, cheap)} behind, {share_text(leader, cheap)} of the cost."]
        if cheap
        else []
    )
    if not found.lines:
        whose = [_unknown_cost(line, name) for line in found.unknown]
        return Card(title, numbers.UNDEFINED, "cost unknown", (*whose, *notes))
    cost = usd_text(found.lines[0].cell)
    if leader in found.lines:
        told = "None that may be as good costs less." if len(first) > 1 else "No other model may be as good."
    else:
        share = share_text(leader, found.lines[0])
        told = f"{f'{share} of the cost of' if share else 'Costs less than'} {name(leader.model)}, "
        told += f"too close to call{below_text(leader, found.lines[0])}."
    return Card(title, _names(found.lines, name), f"{cost} per 1,000 samples", (told, *notes))


def _unknown_cost(line: LeaderboardLine, name: Name) -> str:
    """Whether a model has no price, or some of its answers have no cost."""
    cell, cost = line.cell, line.cell.cost
    n_answers = cell.n - cell.n_failed
    if 0 < cost.n_unknown < n_answers:
        n = f"{numbers.count(cost.n_unknown)} of {numbers.count(n_answers)}"
        return f"What {n} answers of {name(line.model)} cost is not known."
    return f"What answers of {name(line.model)} cost is not known."


def _fastest(lines: Sequence[LeaderboardLine], first: Sequence[LeaderboardLine], name: Name) -> Card:
    title, leader, found = "Fastest", first[0], fastest(lines)
    if not found.lines:
        return Card(title, numbers.UNDEFINED, "not measured", ("Answers from a cache or a file have no times.",))
    time = time_text(found.lines[0].cell, "total_p50")
    if found.unknown and found.n_known == 1:  # the only one measured is not the fastest of anything
        told = f"Only {_names(found.lines, name)} was measured ({time} a whole answer, median)."
        who = f"Not measured here: {_names(found.unknown, name)}. Answers from a cache or a file have no times."
        return Card(title, numbers.UNDEFINED, "nothing to compare with", (told, who))
    notes = [f"Of the {found.n_known} that were measured."] if found.unknown else []
    quickest = found.lines[0]
    if quickest in first:
        leads = quickest.cell.quality.mean == leader.cell.quality.mean
        notes.append("It also leads in quality." if leads else "Its quality is too close to call.")
    else:
        notes.append(f"{gap_text(leader, quickest)} behind {name(leader.model)}.")
        best = fastest(first)
        if best.lines:
            of_best = time_text(best.lines[0].cell, "total_p50")
            notes.append(f"Fastest of the best: {_names(best.lines, name)}, {of_best}.")
    if found.unknown:
        notes.append(f"Not measured here: {_names(found.unknown, name)}.")
    return Card(title, _names(found.lines, name), f"{time} a whole answer, median", tuple(notes))


def _names(lines: Sequence[LeaderboardLine], name: Name) -> str:
    return listed([name(line.model) for line in lines])
