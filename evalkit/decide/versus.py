"""Two stored results compared: the difference with its interval, overall and by task, and the items that changed sides.

It decides nothing: there is no margin here. What is not comparable is refused, as the gate refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide import completeness
from evalkit.decide.comparability import refuse_unless_comparable, shown
from evalkit.decide.flips import Flips, count_flips
from evalkit.decide.gate import common_rows
from evalkit.decide.pairing import Pairs, pair
from evalkit.decide.rules import Condition
from evalkit.decide.rules.quality import test_scores
from evalkit.decide.served import changed_within, served_lines, served_otherwise
from evalkit.results import Side
from evalkit.stats.symmetry import mcnemar
from evalkit.store import table as stored

if TYPE_CHECKING:
    import pyarrow as pa

ALPHA = 0.025
"""Of each side of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Difference:
    """B minus A over the same items."""

    subject: str
    n: int
    n_unscored: int
    """Pairs without a score on some side: not part of the difference, but of its interval, both ways."""
    delta: float | None
    """None when no pair is scored."""
    low: float | None
    high: float | None
    method: str
    p_no_difference: float | None = None
    """McNemar's exact p-value; None where scores are graded, clustered or repeated, for which it does not hold."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """What two results say of each other."""

    differences: tuple[Difference, ...]
    """Over all tasks first, where there are several."""
    flips: Flips
    compared: tuple[str, ...]
    served: tuple[str, ...]
    """The model id and fingerprint that the provider reported for A and for B, and a sentence for a side that several
    models answered; empty where it reported none."""
    caveats: tuple[str, ...]
    """Why the evidence is not whole; empty when it is."""


def compare(a: Side, b: Side) -> PairedComparison:
    """The comparison. Raises NotComparable with a list of what differs."""
    refuse_unless_comparable(a, b)
    ours, theirs = stored.model_rows(a.folder, a.model), stored.model_rows(b.folder, b.model)
    caveats = list(dict.fromkeys([*completeness.unfinished(a), *completeness.unfinished(b)]))
    if caveats or a.facts.stopped_early or b.facts.stopped_early:
        n = max(ours.num_rows, theirs.num_rows)
        ours, theirs = common_rows(ours, theirs)
        if ours.num_rows < n:
            caveats.append(f"only the {ours.num_rows:,} rows that both have are compared, of {n:,}")
    pairs = pair(ours, theirs)
    subjects = [("all tasks", np.ones(pairs.n, dtype=bool))] if len(pairs.tasks) != 1 else []
    subjects += [(task, pairs.task_mask(task)) for task in a.tasks if task in pairs.tasks]
    return PairedComparison(
        tuple(_difference(name, pairs.only(rows)) for name, rows in subjects),
        count_flips(pairs),
        tuple([*shown(a, b), *served_otherwise(ours, theirs)]),
        (*served_lines(A=ours, B=theirs), *_changed(ours, theirs)),
        tuple(caveats),
    )


def _changed(ours: pa.Table, theirs: pa.Table) -> list[str]:
    """A sentence for each side that was answered by several served models."""
    found = (changed_within(name, table) for name, table in (("side A", ours), ("side B", theirs)))
    return [note for result in found if result is not None for note in result.notes]


def _difference(subject: str, pairs: Pairs) -> Difference:
    scored = pairs.scored
    n_unscored = int((~scored).sum())
    if not scored.any():
        return Difference(subject, 0, n_unscored, None, None, None, "no pair is scored")
    tested = test_scores(Condition("quality", subject, "margin", 0.0, tail="smooth"), pairs, ALPHA)
    interval = tested.interval
    return Difference(
        subject,
        tested.n,
        n_unscored,
        tested.delta,
        interval.low if interval else None,
        interval.high if interval else None,
        tested.method,
        mcnemar(tested.wins, tested.losses)
        if tested.wins is not None and tested.losses is not None and tested.n_clusters is None
        else None,
    )
