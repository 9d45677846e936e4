"""`evalkit.compare`: two stored results over the same items, with the difference and its interval. It decides nothing.

comparison = evalkit.compare(run["gpt"], run["mine"])
comparison.differences[0].delta        # mean score of mine minus that of gpt
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING

from evalkit.errors import UserError
from evalkit.report.hostile import visible
from evalkit.results.compare import Difference
from evalkit.results.compare import compare as compare_sides
from evalkit.results.run import Run
from evalkit.results.side import Side

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What two results say of each other: B minus A."""

    a: str
    """RUN:MODEL"""
    b: str
    differences: tuple[Difference, ...]
    """Over all tasks first, where there are several; then each task."""
    n_lost: int
    """Items that A got right and B wrong."""
    n_won: int
    """Items that A got wrong and B right."""
    compared: tuple[str, ...]
    """What is known to differ between the two: model, endpoint, settings, weights."""
    caveats: tuple[str, ...]
    """Why the evidence is not whole; empty when it is."""

    def __repr__(self) -> str:
        return f"<Comparison {self.a} -> {self.b}: {len(self.differences)} differences>"

    def frame(self) -> pd.DataFrame:
        """One row for each difference: subject, n, n_unscored, delta, low, high (95 %), method, p_no_difference."""
        import pandas as pd

        return pd.DataFrame([asdict(one) for one in self.differences])

    def _repr_html_(self) -> str:
        """A table for notebooks, escaped."""
        lines = [
            (
                one.subject,
                f"{one.n:,}",
                "unknown" if one.delta is None else f"{one.delta:+.4f}",
                "" if one.low is None or one.high is None else f"[{one.low:+.4f}, {one.high:+.4f}]",
            )
            for one in self.differences
        ]
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
        title = escape(f"{self.b} minus {self.a}: {self.n_lost:,} items lost, {self.n_won:,} won")
        told = "".join(f"<li>{escape(visible(text, limit=1000))}</li>" for text in (*self.caveats, *self.compared))
        head = "".join(f"<th>{name}</th>" for name in ("over", "n", "difference", "95 %"))
        return (
            f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{f'<ul>{told}</ul>' if told else ''}"
        )


def compare(a: Side | Run, b: Side | Run) -> Comparison:
    """B minus A, paired by item. Each is one model of a run, `run["gpt"]`, or a run that has one model.

    Raises NotComparable with a list of what differs, UserError for a run of several models.
    """
    left, right = _side(a), _side(b)
    versus = compare_sides(left, right)
    return Comparison(
        a=f"{left.folder.resolve().name}:{left.model}",
        b=f"{right.folder.resolve().name}:{right.model}",
        differences=versus.differences,
        n_lost=versus.flips.n_lost,
        n_won=versus.flips.n_won,
        compared=versus.compared,
        caveats=versus.caveats,
    )


def _side(given: Side | Run) -> Side:
    if isinstance(given, Side):
        return given
    if not isinstance(given, Run):
        raise UserError(f'compare takes one model of a run, like run["gpt"] (value seen: {type(given).__name__})')
    if len(given.models) != 1:
        raise UserError(f'{given.name} has several models: {", ".join(given.models)}. Take one: run["NAME"].')
    return given[next(iter(given.models))]
