"""The scorers of a task that has several: each one's own scores, beside those of the whole.

    part_names(facts, "refunds")                   # ("answer", "format")
    read_parts(folder)["refunds"]["format"]["gpt"]      # Quality(mean=.97, ...)
    pair_part(run["gpt"], run["qwen"], "refunds", "format")      # Pairs, scored by that scorer alone

A reply that was refused, cut or empty before any scorer read it scores by every scorer what it scores as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import NotComparable
from evalkit.facts import Quality, RunFacts
from evalkit.records import Outcome
from evalkit.results.facts import read_facts
from evalkit.store import table as stored
from evalkit.store.marks import several_names
from evalkit.suite.wording import near

if TYPE_CHECKING:
    import pyarrow as pa

    from evalkit.results.pairs import Pairs
    from evalkit.results.side import Side
    from evalkit.store.table import Floats

PartFigures = Mapping[str, Mapping[str, Mapping[str, Quality]]]
"""By task, scorer and model: the mean score with its interval."""
_OF_THE_WHOLE = (Outcome.RIGHT.value, Outcome.WRONG.value)
_BEFORE_ANY_SCORER = ("refused", "truncated", "unparseable")


def part_names(facts: RunFacts, task: str) -> tuple[str, ...]:
    """The scorers of a task, in the suite's order; empty where it has one alone."""
    told = (facts.tasks or {}).get(task)
    return several_names(told.identity.root) if told is not None else ()


def read_parts(folder: Path, facts: RunFacts | None = None) -> PartFigures:
    """The figures of every task with several scorers; empty where there is none. Raises StoreError."""
    import numpy as np

    from evalkit.store.summary_quality import quality_of

    facts = facts or read_facts(folder)
    names = {task: part_names(facts, task) for task in facts.tasks or {}}
    if not any(names.values()):
        return {}
    table = stored.read_table(folder)
    columns = list(stored.scan(folder, ("task", "parts", "score", "outcome")))
    found: dict[str, dict[str, dict[str, Quality]]] = {}
    by_model = table.groups("model", table.everything, facts.models)
    short = {str(name) for name, rows in by_model if facts.cut_short(str(name), len(rows))}
    for task, of_task in table.groups("task", table.everything, facts.tasks):
        for part in names.get(task, ()):
            scores = np.concatenate([np.zeros(0), *(_scores(batch, part) for batch in columns)])
            for model, rows in table.groups("model", of_task, facts.models):
                quality = quality_of(table, rows, scores[rows])
                found.setdefault(task, {}).setdefault(part, {})[model] = (
                    quality.without_interval() if str(model) in short else quality
                )
    return found


def pair_part(baseline: Side | None, candidate: Side, task: str, part: str, *, common: bool = False) -> Pairs:
    """The pairs of one task, scored by one of its scorers; without a baseline its figures are all NaN. `common`: only
    the rows that both have, as of sides that were stopped early.

    Raises NotComparable where a side has no such scorer, and as `results.pairing.pair` does.
    """
    from evalkit.results.pairing import alone, common_rows, pair

    sides = [candidate] if baseline is None else [baseline, candidate]
    for side in sides:
        names = part_names(side.facts, task)
        if part not in names:
            known = f"; {near(part, names)}" if names else ": it has one scorer alone"
            raise NotComparable(f"{side.folder.name} has no scorer {part!r} of {task}{known}. Run the suite again.")
    tables = [_scored_by(side, task, part) for side in sides]
    if baseline is None:
        return alone(tables[0])
    if common or any(side.facts.stopped_early for side in sides):
        return pair(*common_rows(*tables))
    return pair(*tables)


def _scored_by(side: Side, task: str, part: str) -> pa.Table:
    """The side's rows of the task, with the scorer's own scores in the place of the whole's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = stored.model_rows(side.folder, side.model, also=("parts",))
    rows = rows.filter(pc.equal(rows["task"], pa.scalar(task)))
    scores = pa.array(_scores(rows, part), from_pandas=True)
    rows = rows.set_column(rows.column_names.index("score"), "score", scores).drop_columns(["parts"])
    # Right and wrong are said of the whole: an answer that is wrong as a whole may be right by this scorer.
    whole = rows["outcome"].cast(pa.string())
    outcomes = pc.if_else(pc.is_in(whole, pa.array(_OF_THE_WHOLE)), pa.scalar(Outcome.SCORED.value), whole)
    return rows.set_column(rows.column_names.index("outcome"), "outcome", outcomes)


def _scores(rows: pa.Table | pa.RecordBatch, part: str) -> Floats:
    """float64[rows]: NaN where the scorer gave none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    looked_up = pc.map_lookup(rows["parts"], pa.scalar(part), "first")
    settled = pc.is_in(rows["outcome"].cast(pa.string()), pa.array(_BEFORE_ANY_SCORER))
    whole = pc.if_else(settled, rows["score"], pa.scalar(None, pa.float64()))
    values = pc.fill_null(pc.coalesce(looked_up, whole), float("nan"))
    return np.asarray(values.to_numpy(), dtype=np.float64)
