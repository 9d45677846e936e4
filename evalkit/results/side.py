"""One model of one run: what is compared, gated and shown.

side = Side.of(folder, "gpt")          # or run["gpt"]
side.tasks["refunds"].n, side.n_expected, side.frame()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import StoreError
from evalkit.facts import ModelFacts, ModelSummary, RunFacts, TaskFacts
from evalkit.frozen import dataclass
from evalkit.python_words import said_in_python
from evalkit.results.facts import read_facts
from evalkit.store.damage import refuse_damage
from evalkit.text.escape import visible

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True, repr=False)
class Side:
    """One model of one run. Every task has its number of samples: `of` refuses a run that does not say it."""

    folder: Path
    model: str
    """The suite's name of the model."""
    facts: RunFacts
    label: str
    """How it is called in reports."""

    @classmethod
    def of(cls, folder: Path, model: str, label: str | None = None) -> Side:
        """Raises StoreError when the run cannot be read, has no such model, or does not say what it asked."""
        return cls.checked(folder, model, read_facts(folder), label)

    @classmethod
    def checked(cls, folder: Path, model: str, facts: RunFacts, label: str | None = None) -> Side:
        """The same from facts that were read already. Raises StoreError as `of`."""
        if facts.models is None or facts.tasks is None:
            raise StoreError(
                f"{folder} does not say which models and tasks it holds, so nothing can be decided from it. "
                "Run the suite with this evalkit.",
                folder,
            )
        if model not in facts.models:
            raise StoreError(f"{folder.name} has no model {model!r}. It has: {', '.join(facts.models)}.", folder)
        if facts.n_samples is None:
            raise StoreError(
                f"{folder} does not say how many items its tasks have and how often it asks them, so it cannot be "
                "known to be whole. Run the suite with this evalkit.",
                folder,
            )
        refuse_damage(folder)
        return cls(folder, model, facts, label or model)

    def __repr__(self) -> str:
        return visible(f"<Side {self.model} of {self.folder.name}>", limit=500)

    @property
    def about(self) -> ModelFacts:
        """What the run says of the model."""
        return self.facts.model_facts(self.model)

    @property
    def tasks(self) -> Mapping[str, TaskFacts]:
        """What the run says of its tasks, by name."""
        return self.facts.tasks or {}

    @property
    def repeats(self) -> int:
        """How often each item was asked."""
        return self.facts.repeats or 1

    @property
    def n_expected(self) -> int:
        """Rows of this model in the complete run."""
        return self.repeats * (self.facts.n_samples or 0)

    @property
    def summary(self) -> ModelSummary | None:
        """The figures of the model; None where it has no rows yet. Raises StoreError when the run cannot be read."""
        from evalkit.results.summary import read_summary

        return read_summary(self.folder).models.get(self.model)

    def rows(self, columns: Sequence[str] | None = None, *, text: bool = False) -> pa.Table:
        """The model's rows, as `Run.rows` gives them."""
        from evalkit.results.rows import read_rows

        return read_rows(self.folder, columns, text=text, model=self.model)

    @said_in_python()
    def frame(self, *, text: bool = False) -> pd.DataFrame:
        """The model's rows, as `Run.frame` gives them: by task, sample and repeat."""
        from evalkit.results.rows import RowOrder, as_frame, read_rows

        order = RowOrder((self.model,), tuple(self.tasks))
        return as_frame(read_rows(self.folder, text=text, model=self.model, order=order))
