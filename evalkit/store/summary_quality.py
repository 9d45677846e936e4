"""Quality of some rows of a run, and what it says of the traffic that their samples stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.facts import Quality
from evalkit.facts.summary import FigureInterval, TrafficFigures
from evalkit.records import Outcome
from evalkit.stats.intervals import clustered, student_t, wilson
from evalkit.store.table import RunTable, dense, joint

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evalkit.stats.traffic import Design, TrafficEstimate
    from evalkit.store.table import Codes, Floats


def quality_of(table: RunTable, rows: Codes, score: Floats) -> Quality:
    """Mean over samples, each the mean of its repeats, with a 95 % interval; absent scores (NaN) are left out.

    Weighted samples count as the requests that they stand for (`stats.traffic`).

    `interval` names the method: Wilson for one right/wrong score a sample, clustered where samples share a cluster
    (many copies of one do, too), else Student's t. Where all scores are alike the latter two know no spread:
    right/wrong scores then get Wilson's with each cluster counted once, graded ones have no interval.
    """
    import numpy as np

    scored = ~np.isnan(score)
    rows, score = rows[scored], score[scored]
    samples, first, place = np.unique(table.sample[rows], return_index=True, return_inverse=True)
    n = len(samples)
    if n == 0:
        return Quality(mean=None, low=None, high=None, n=0, interval=None)
    repeats = np.bincount(place)
    means = np.bincount(place, weights=score) / repeats
    cluster = table.cluster[rows][first]
    cluster = np.where(cluster < 0, -1 - np.arange(n), cluster)  # no cluster: one of its own
    n_clusters = len(np.unique(cluster))
    if (design := _design(table, rows[first], cluster)) is not None:
        from evalkit.stats.traffic import weighted_mean

        estimate = weighted_mean(means, design)
        known = estimate.low is not None and estimate.high is not None
        return Quality(
            mean=estimate.value,
            low=max(0.0, estimate.low) if estimate.low is not None else None,
            high=min(1.0, estimate.high) if estimate.high is not None else None,
            n=n,
            interval="weighted" if known else None,
        )
    binary = bool(np.isin(means, (0.0, 1.0)).all())
    right = int(means.sum()) if binary else 0
    if n_clusters == n and binary and repeats.max() == 1:
        method, interval = "wilson", wilson(right, n)
    elif n_clusters < n:
        method, interval = "clustered", clustered(means, cluster.tolist())
    else:
        method, interval = "t", student_t(means)
    if interval is None and binary and right in {0, n}:
        method, interval = "wilson", wilson(n_clusters if right else 0, n_clusters)
    return Quality(
        mean=float(means.mean()),
        low=max(0.0, interval.low) if interval else None,
        high=min(1.0, interval.high) if interval else None,
        n=n,
        interval=method if interval else None,
    )


def weights_of_rows(table: RunTable, rows: Codes) -> Floats | None:
    """float64[rows], 1 on average over all rows of the run; None where no row has a weight."""
    from evalkit.stats.traffic import row_weights  # numpy: whoever reads a stored summary needs none

    return row_weights(table.numbers["weight"][rows], table.mean_weight)


def _design(table: RunTable, rows: Codes, clusters: Codes) -> Design | None:
    """How these rows, one a sample, were drawn; None where they are not weighted."""
    import numpy as np

    from evalkit.stats.traffic import Design

    weights = weights_of_rows(table, rows)
    if weights is None:
        return None
    task = table.codes["task"][rows]  # the same name in two tasks is two clusters
    strata = joint(task, table.codes["stratum"][rows])
    return Design.of(len(rows), weights, strata, joint(task, dense(clusters.astype(np.int64))))


def traffic_of(table: RunTable, rows: Codes) -> TrafficFigures:
    """What the rows of one model, of one task or several, say of the log that they were drawn from."""
    import numpy as np

    from evalkit.stats.traffic import quantile, weighted_mean, weighted_ratio

    samples, first, place = np.unique(table.sample[rows], return_index=True, return_inverse=True)
    weights = table.numbers["weight"][rows][first]
    cluster = table.cluster[rows][first]
    design = _design(table, rows[first], np.where(cluster < 0, -1 - np.arange(len(samples)), cluster))
    assert design is not None
    of_row = design.only(place)
    measured = (table.codes["error_kind"][rows] < 0) & (table.numbers["cached"][rows] != 1)
    cost = table.codes["cost_usd"][rows]
    # An answer that came and could not be scored was paid all the same; a failed request was not.
    came = (table.codes["error_kind"][rows] < 0) | (outcomes_of(table, rows) != Outcome.ERRORED)
    usd = per_correct = None
    is_countable = bool(np.isin(table.codes["task"][rows], list(table.right_or_wrong)).all())
    if came.any() and (cost[came] >= 0).all():
        dollars = np.array([*map(float, table.labels["cost_usd"])])[cost[came]]
        usd = _interval(weighted_mean(dollars * 1000, of_row.only(came), shares=False))
        if is_countable:
            right = (table.numbers["score"][rows][came] == 1).astype(np.float64)
            found = weighted_ratio(dollars, right, of_row.only(came))
            per_correct = None if found is None else _interval(found)

    def at(name: str, q: float) -> FigureInterval | None:
        values = table.numbers[name][rows]
        there = measured & np.isfinite(values)
        return _interval(quantile(values[there], q, of_row.only(there))) if there.any() else None

    return TrafficFigures(
        n_requests=float(np.nansum(weights)),
        k_eff=design.k_eff,
        heaviest=design.heaviest,
        usd_per_1k_requests=usd,
        usd_per_correct=per_correct,
        ttft_p50_s=at("ttft_s", 0.5),
        ttft_p95_s=at("ttft_s", 0.95),
        total_p50_s=at("total_s", 0.5),
        total_p95_s=at("total_s", 0.95),
    )


def _interval(found: TrafficEstimate) -> FigureInterval:
    return FigureInterval(value=found.value, low=found.low, high=found.high)


def outcomes_of(table: RunTable, rows: Codes) -> npt.NDArray[np.str_]:
    """str[rows]: the outcome of each."""
    import numpy as np

    return np.array(table.labels["outcome"] or [""])[table.codes["outcome"][rows]]
