"""The column of makers' marks in the board's tables of models.

marks = model_marks.of_run(store, run)
model_marks.table(frame, [marks(name) for name in names], alt="The bill")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from evalkit.render.maker_marks import MakerMark, legend, mark_of
from evalkit.results.entries import CatalogueFacts, ReportEntry
from evalkit.results.reader import ResultsReader

if TYPE_CHECKING:
    import pandas as pd

COLUMN = "by"
_PX = 44


def of_entry(entry: ReportEntry) -> MakerMark:
    """The mark of a model on a leaderboard."""
    return mark_of(entry.maker, entry.openness)


def of_run(store: ResultsReader, run: str) -> Callable[[str], MakerMark]:
    """The marks of a run's models and judges, by name. Raises StoreError."""
    facts, catalogue = store.facts(run), CatalogueFacts.beside(store.results)

    def mark(name: str) -> MakerMark:
        asked_as = (facts.judges.get(name) or facts.model_facts(name)).model
        known, _ = catalogue.known(facts, name, asked_as)
        return mark_of(known.maker, known.openness) if known else mark_of(None, None)

    return mark


def added(frame: pd.DataFrame, marks: Sequence[MakerMark], before: str) -> pd.DataFrame:
    """The table with the marks before a column; the table itself where no maker is known."""
    if not legend(marks):
        return frame
    made = frame.copy()
    made.insert(list(made.columns).index(before), COLUMN, [mark.image() for mark in marks])
    return made


def column(marks: Sequence[MakerMark]) -> dict[str, Any]:
    """How Streamlit draws that column."""
    return {COLUMN: st.column_config.ImageColumn(width=_PX, help=f"The maker. {legend(marks)}")}


def table(frame: pd.DataFrame, marks: Sequence[MakerMark], *, before: str = "model", **options: Any) -> None:
    """The table, a mark beside each name. `options`: of `st.dataframe`."""
    configured = column(marks) | options.pop("column_config", {})
    st.dataframe(added(frame, marks, before), hide_index=True, width="stretch", column_config=configured, **options)
