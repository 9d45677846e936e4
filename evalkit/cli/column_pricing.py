"""The bill of a run whose rows are single requests, in columns: what `pricing` says row by row, without an object a
row. Both ways make the same figures (`tests/test_column_bill.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from evalkit.cli.stored_columns import StoredColumns
from evalkit.cost.billing import UnitPrices
from evalkit.cost.column_bill import PLACES, Rows, Splits, amounts
from evalkit.cost.derived import Marked, derived
from evalkit.cost.prices import PriceBook
from evalkit.cost.reports import DerivedFigures
from evalkit.cost.run_bill import RunBill
from evalkit.records import Outcome

Floats = npt.NDArray[np.float64]
_BUCKET_S = 900
"""Prices change at full quarters of an hour only."""


@dataclass(frozen=True, slots=True)
class Sought:
    """At which prices the rows of a model are looked up."""

    book: PriceBook
    priced_as: Mapping[str, tuple[str | None, str]]
    """(provider, model) in the price book, by model of the run."""
    asked_tier: Mapping[str, str | None]
    """The service tier that a model's requests asked for: it counts where a reply does not say which it had."""
    at: datetime | None = None
    """None: each row at the moment when it was bought."""
    tier: str | None = None
    """None: the tier that served."""

    def units(self, rows: StoredColumns, model: str, mine: Rows) -> Iterator[tuple[UnitPrices, Rows]]:
        """The rows that have a known price, by what they cost."""
        at = rows.floats["started_at"]
        if self.at is None:
            mine = mine[at[mine] > 0]  # else nobody says when it was bought, and prices are dated
        bucket = np.zeros(len(mine), dtype=np.int64) if self.at else at[mine].astype(np.int64) // _BUCKET_S
        tiers = np.full(len(mine), -1) if self.tier else rows.codes["service_tier"][mine]
        keys = np.stack([tiers, bucket], axis=1)
        each, group = np.unique(keys, axis=0, return_inverse=True)
        provider, named = self.priced_as[model]
        for place, (code, _) in enumerate(each.tolist()):
            some = mine[group.ravel() == place]
            served = rows.labels["service_tier"][code] if code >= 0 else None
            day = self.at or datetime.fromtimestamp(float(at[some[0]]), UTC)
            unit = self.book.unit_prices(provider, named, day, self.tier or served or self.asked_tier[model])
            if unit is not None:
                yield unit, some


def recorded(rows: StoredColumns, units: Mapping[str, UnitPrices | None], later: Sought) -> RunBill:
    """What the answers were billed, split by the unit prices that the run recorded, else by those of their days.

    Raises TooFine.
    """
    of, splits = rows.billed, Splits.of(rows.billed.n)
    for model, mine in rows.by_model():
        open_rows = mine[of.cost_known[mine] & ~of.errored[mine]]
        unit = units.get(model)
        if unit is not None and len(open_rows):
            open_rows = splits.price(open_rows, unit, of, wanted=of.cost)
        if len(open_rows):
            for found, some in later.units(rows, model, open_rows):
                splits.price(some, found, of, wanted=of.cost)
    return _bill(rows, splits, reprice=False)


def repriced(rows: StoredColumns, sought: Sought) -> RunBill:
    """What the same tokens would cost at other prices. Raises TooFine."""
    of, splits = rows.billed, Splits.of(rows.billed.n)
    for model, mine in rows.by_model():
        for unit, some in sought.units(rows, model, mine[~of.errored[mine]]):
            splits.price(some, unit, of)
    return _bill(rows, splits, reprice=True)


def _bill(rows: StoredColumns, splits: Splits, *, reprice: bool) -> RunBill:
    made = RunBill()
    for model, mine in rows.by_model():
        for task, some in rows.by_task(mine):
            made.tasks[model, task] = amounts(rows.billed, some, splits, reprice=reprice)
    return made


def figures(rows: StoredColumns) -> dict[str, DerivedFigures]:
    """Derived figures of each model that answered."""
    of, outcome = rows.billed, rows.codes["outcome"]
    task = rows.codes["task"]
    having = {name: np.isin(outcome, _places(rows, *kinds)) for name, kinds in _KINDS.items()}
    plain = np.setdiff1d(task[having["plain"]], task[having["graded"]])
    graded = ~np.isin(task, plain)
    score = np.where(having["errored"], np.nan, rows.floats["score"])
    made = {}
    for model, mine in rows.by_model():
        answered = mine[~of.errored[mine]]
        if len(answered):
            made[model] = derived(_marked(rows, answered, score, graded))
    return made


_KINDS = {
    "plain": (Outcome.RIGHT, Outcome.WRONG),
    "graded": (Outcome.SCORED,),
    "errored": (Outcome.ERRORED,),
}


def _places(rows: StoredColumns, *outcomes: Outcome) -> list[int]:
    return [n for n, name in enumerate(rows.labels["outcome"]) if name in outcomes]


def _marked(
    rows: StoredColumns, mine: Rows, score: npt.NDArray[np.float64], graded: npt.NDArray[np.bool_]
) -> Iterator[Marked]:
    names = {name: [*rows.labels[name], None] for name in ("task", "sample_digest", "cluster", "stratum")}
    codes = [rows.codes[name][mine].tolist() for name in names]
    of = rows.billed
    costs = zip(of.cost[mine].tolist(), of.cost_known[mine].tolist(), strict=True)
    usd = [amount / 10**PLACES if known else None for amount, known in costs]
    marks, weights = (_optional(column[mine]) for column in (score, rows.floats["weight"]))
    again, degrees = rows.occurrence[mine].tolist(), graded[mine].tolist()
    tasks, digests, clusters, strata = names.values()
    for task, digest, cluster, stratum, cost, mark, weight, occurrence, degree in zip(
        *codes, usd, marks, weights, again, degrees, strict=True
    ):
        named, content = tasks[task], digests[digest]
        yield Marked(
            f"{named}/{content}/{occurrence}",
            clusters[cluster],
            cost,
            mark,
            degree,
            named,
            weight,
            strata[stratum],
            content,
            occurrence,
        )


def _optional(column: Floats) -> list[float | None]:
    return [None if missing else value for value, missing in zip(column.tolist(), np.isnan(column), strict=True)]
