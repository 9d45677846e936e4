"""`evalkit.compare`: two stored results over the same items, with the difference and its interval. It decides nothing.

comparison = evalkit.compare(run["gpt"], run["mine"])
comparison.differences[0].delta        # mean score of mine minus that of gpt
print(comparison)                      # a short table
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING

from evalkit.errors import UserError
from evalkit.python_words import in_python, said_in_python
from evalkit.render.comparison import BY_ANSWER, P_HEAD, POINTS_HEAD, difference_text, disagreement, without_p
from evalkit.render.flip_text import lost_and_won
from evalkit.results.compare import Difference
from evalkit.results.compare import compare as compare_sides
from evalkit.results.run import Run
from evalkit.results.side import Side
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page, html_table

if TYPE_CHECKING:
    import pandas as pd


_WIDTH = 100
"""Characters of the table that `print(comparison)` writes."""


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
    """Items that A got wrong and B right (a score of one half and more is right)."""
    n_lower: int
    """Other items that B scored lower on, though on the same side of one half."""
    n_higher: int
    compared: tuple[str, ...]
    """What is known to differ between the two: model, endpoint, settings, weights."""
    caveats: tuple[str, ...]
    """Why the evidence is not whole; empty when it is."""
    among: str | None = None
    """A sentence where the interval over all leaves out zero, and the two are too close to call all the same among the
    models of their run (`Run.standings`)."""
    repeated: bool = False
    """Whether items were asked several times: each answer is then a pair, and those of one item a cluster."""

    def __repr__(self) -> str:
        return visible(f"<Comparison {self.a} -> {self.b}: {len(self.differences)} differences>", limit=500)

    def frame(self) -> pd.DataFrame:
        """One row for each difference: subject, n, n_unscored, delta, low, high (95 %), method, p_no_difference,
        why_no_p."""
        import pandas as pd

        return pd.DataFrame([asdict(one) for one in self.differences])

    def __str__(self) -> str:
        """A short table for the terminal: each difference with its interval and p, then what a reader should know."""
        text = StringIO()
        with Page(_WIDTH, text) as page:
            page.say(visible(self._title, limit=500))
            page.table("", self._columns())
            for note in self._notes():
                page.say(visible(note, limit=1000))
        return text.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        """The same table for notebooks, escaped."""
        columns = self._columns()
        rows = list(zip(*(column.texts for column in columns), strict=True))
        return html_table(self._title, [column.header for column in columns], rows, self._notes())

    @property
    def _title(self) -> str:
        return f"{self.b} minus {self.a}: {lost_and_won(self.n_lost, self.n_won, self.n_lower, self.n_higher)}"

    def _columns(self) -> list[Column]:
        told = self.differences
        return [
            Column("over", [visible(one.subject, limit=60) for one in told], left=True, folds=True),
            Column("n", [numbers.count(one.n) for one in told]),
            Column(POINTS_HEAD, [difference_text(one) for one in told], left=True),
            Column(P_HEAD, [numbers.p_value(one.p_no_difference) for one in told]),
        ]

    def _notes(self) -> list[str]:
        """Where p and interval disagree, why the evidence is not whole, what differs between the two."""
        among = [f"{self.differences[0].subject}: {self.among}."] if self.among is not None else []
        repeated = [BY_ANSWER] if self.repeated else []
        of_p = [*filter(None, map(disagreement, self.differences)), *without_p(self.differences)]
        return [*of_p, *repeated, *among, *self.caveats, *self.compared]


@said_in_python()
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
        n_lower=versus.flips.n_lower,
        n_higher=versus.flips.n_higher,
        compared=tuple(map(in_python, versus.compared)),
        caveats=tuple(map(in_python, versus.caveats)),
        among=versus.among,
        repeated=versus.repeated,
    )


def _side(given: Side | Run) -> Side:
    if isinstance(given, Side):
        return given
    if not isinstance(given, Run):
        raise UserError(f'compare takes one model of a run, like run["gpt"] (value seen: {type(given).__name__})')
    if len(given.models) != 1:
        raise UserError(f'{given.name} has several models: {", ".join(given.models)}. Take one: run["NAME"].')
    return given[next(iter(given.models))]
