"""The figures of a run: per model and task, and per model over all tasks. Derived, so it can be rebuilt at any time.

    {"schema_version": 3, "run": "support-swap-...", "n_rows": 6000, "models": {"gpt": {
        "served": ["gpt-6-sol-2026-10-01"],
        "all": {"n": 2000, "outcomes": {"right": 1740, ...},
        "quality": {"mean": 0.87, "low": 0.854, "high": 0.884, ...},
                "cost": {"total_usd": 0.31, ...}, "latency": {"ttft_s": {"p50": 0.21, "p95": 0.4}, ...}, ...},
        "tasks": {"refunds": {..., "slices": {"language=de": {"n": 120, "outcomes": {...}, "quality": {...}}, ...}}}}}}

A figure that is undefined or unknown is null, never zero. Works on columns with numpy: no pandas, no DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.facts import ModelSummary, Quality, Summary, TaskSummary, parse
from evalkit.facts.summary import (
    SCHEMA_VERSION,
    CostFigures,
    FigureInterval,
    LatencyFigures,
    SliceFigures,
    ThreeQuantiles,
    TokenFigures,
    TrafficFigures,
    TwoQuantiles,
)
from evalkit.reading import read_json
from evalkit.records import Outcome
from evalkit.stats.intervals import clustered, student_t, wilson
from evalkit.store import integrity, journal, parts, runs, score_table
from evalkit.store.table import SLICES, RunTable, dense, joint, read_table
from evalkit.suite.orders import spreads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evalkit.stats.traffic import Design, TrafficEstimate
    from evalkit.store.table import Codes, Floats

    Mask = npt.NDArray[np.bool_]

_FILE = "summary.json"


def summarise(folder: Path) -> Summary:
    """The figures of a run, sealed or still running; each row once. Every money figure is a float for display.

    Models and tasks come in the order of the run's facts (`models`, `tasks`) where those name them, else by name.
    Raises StoreError when the run cannot be read.
    """
    facts, sealed = runs.read_facts(folder), parts.part_numbers(folder)
    return _summary(folder, facts, sealed, read_table(folder))


def _summary(folder: Path, facts: Mapping[str, object], sealed: list[int], table: RunTable) -> Summary:
    models = {}
    for model, of_model in table.groups("model", table.everything, facts.get("models")):
        tasks = {task: _task(table, rows) for task, rows in table.groups("task", of_model, facts.get("tasks"))}
        pooled = next(iter(tasks.values())) if len(tasks) == 1 else TaskSummary(**_block(table, of_model))
        served = sorted(name for name, _ in table.groups("served_model", of_model, None))
        models[model] = ModelSummary(all=pooled, tasks=tasks, served=tuple(served))
    suite = facts.get("suite")
    return Summary(
        schema_version=SCHEMA_VERSION,
        run=folder.resolve().name,
        suite=suite if isinstance(suite, str) else None,
        n_rows=len(table.everything),
        sealed_parts=tuple(sealed),
        models=models,
    )


def _task(table: RunTable, rows: Codes) -> TaskSummary:
    """A task's figures with its slices; `spread` stands there only where its options were permuted, `traffic`
    where its samples are weighted."""
    import numpy as np

    slices = _slices(table, rows)
    spread = spreads(slices)
    found = {**_block(table, rows), "slices": slices}
    if spread:
        found["spread"] = spread
    if not np.isnan(table.numbers["weight"][rows]).all():
        found["traffic"] = _traffic(table, rows)
    return TaskSummary(**found)


def write_summary(folder: Path) -> Summary:
    """Compute the summary, write it to `summary.json`, and return it; the scores by sample go beside it.

    Raises StoreError or RunIncomplete.
    """
    import orjson

    facts, sealed = runs.read_facts(folder), parts.part_numbers(folder)
    table = read_table(folder)
    summary = _summary(folder, facts, sealed, table)
    content = orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    runs.write_atomically(folder / _FILE, content)
    integrity.note(folder / _FILE)
    score_table.write_scores(folder, sealed, table)
    return summary


def read_summary(folder: Path) -> Summary:
    """The stored summary, or a fresh one where it is missing, unreadable, not as evalkit writes it, or older than the
    rows. Changes nothing."""

    try:
        found = read_json(folder / _FILE)
        ours = integrity.as_noted(folder / _FILE) and isinstance(found, dict)
        if ours and found.get("schema_version") == SCHEMA_VERSION:
            summary = parse(Summary, found, folder / _FILE)
            if list(summary.sealed_parts) == parts.part_numbers(folder) and not journal.journals(folder):
                return summary
    except (OSError, ValueError, StoreError):
        pass  # a derived file that is damaged: the rows say it all
    return summarise(folder)


def _slices(table: RunTable, rows: Codes) -> dict[str, SliceFigures]:
    """Quality by each value of each field that the suite slices by, `field=value`; empty where it slices by none."""
    import numpy as np

    codes = table.codes[SLICES][rows]
    of_pair: dict[tuple[str, str], list[int]] = {}
    for code in np.unique(codes).tolist():
        for pair in table.labels[SLICES][code]:
            of_pair.setdefault(pair, []).append(code)
    found = {}
    for (field, value), among in sorted(of_pair.items()):
        own = rows[np.isin(codes, among)]
        outcome = _outcomes(table, own)
        score = np.where(outcome == Outcome.ERRORED, np.nan, table.numbers["score"][own])
        found[f"{field}={value}"] = SliceFigures(
            n=len(own),
            outcomes={name.value: int((outcome == name).sum()) for name in Outcome},
            quality=quality_of(table, own, score),
        )
    return found


def _block(table: RunTable, rows: Codes) -> dict[str, Any]:
    """Every figure of some rows of one model: the fields of `Figures`."""
    import numpy as np

    outcome = _outcomes(table, rows)
    score, cached = table.numbers["score"][rows], table.numbers["cached"][rows] == 1
    errored = outcome == Outcome.ERRORED
    answered = ~errored
    # An answer that came and could not be marked was waited for and paid all the same; a failed request was neither.
    came = answered | (table.codes["error_kind"][rows] < 0)
    failures_wrong = np.where(errored, 0.0, score)
    return {
        "n": len(rows),
        "n_samples": len(np.unique(table.sample[rows])),
        "n_answered": int(answered.sum()),
        "n_unscored": int((answered & np.isnan(score)).sum()),
        "n_unmarked": int((came & errored).sum()),
        "outcomes": {name.value: int((outcome == name).sum()) for name in Outcome},
        "quality": quality_of(table, rows, np.where(errored, np.nan, score)),
        "quality_failures_wrong": quality_of(table, rows, failures_wrong),
        "cost": _cost(table, rows, came, score, outcome),
        "latency": _latency(table, rows[came & ~cached]),
        "tokens": TokenFigures(
            **{
                name.removesuffix("_tokens"): _total(table.numbers[name][rows[came]])
                for name in ("input_tokens", "output_tokens", "reasoning_tokens", "cache_read_tokens")
            },
            per_answer=_tokens_per_answer(table, rows, came),
        ),
        "cached_share": float(cached[came].mean()) if came.any() else None,
    }


def _outcomes(table: RunTable, rows: Codes) -> npt.NDArray[np.str_]:
    import numpy as np

    return np.array(table.labels["outcome"] or [""])[table.codes["outcome"][rows]]


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


def _row_weights(table: RunTable, rows: Codes) -> Floats | None:
    """float64[rows], 1 on average over all rows of the run; None where no row has a weight."""
    from evalkit.stats.traffic import row_weights  # numpy: whoever reads a stored summary needs none

    return row_weights(table.numbers["weight"][rows], table.mean_weight)


def _design(table: RunTable, rows: Codes, clusters: Codes) -> Design | None:
    """How these rows, one a sample, were drawn; None where they are not weighted."""
    import numpy as np

    from evalkit.stats.traffic import Design

    weights = _row_weights(table, rows)
    if weights is None:
        return None
    task = table.codes["task"][rows]  # the same name in two tasks is two clusters
    strata = joint(task, table.codes["stratum"][rows])
    return Design.of(len(rows), weights, strata, joint(task, dense(clusters.astype(np.int64))))


def _traffic(table: RunTable, rows: Codes) -> TrafficFigures:
    """What the rows of one task and model say of the log that they were drawn from."""
    import numpy as np

    from evalkit.stats.traffic import quantile, weighted_mean

    samples, first, place = np.unique(table.sample[rows], return_index=True, return_inverse=True)
    weights = table.numbers["weight"][rows][first]
    cluster = table.cluster[rows][first]
    design = _design(table, rows[first], np.where(cluster < 0, -1 - np.arange(len(samples)), cluster))
    assert design is not None
    of_row = design.only(place)
    measured = (table.codes["error_kind"][rows] < 0) & (table.numbers["cached"][rows] != 1)
    cost = table.codes["cost_usd"][rows]
    # An answer that came and could not be scored was paid all the same; a failed request was not.
    came = (table.codes["error_kind"][rows] < 0) | (_outcomes(table, rows) != Outcome.ERRORED)
    usd = None
    if came.any() and (cost[came] >= 0).all():
        dollars = np.array([*map(float, table.labels["cost_usd"])])[cost[came]]
        usd = _interval(weighted_mean(dollars * 1000, of_row.only(came), shares=False))

    def at(name: str, q: float) -> FigureInterval | None:
        values = table.numbers[name][rows]
        there = measured & np.isfinite(values)
        return _interval(quantile(values[there], q, of_row.only(there))) if there.any() else None

    return TrafficFigures(
        n_requests=float(np.nansum(weights)),
        k_eff=design.k_eff,
        heaviest=design.heaviest,
        usd_per_1k_requests=usd,
        ttft_p50_s=at("ttft_s", 0.5),
        ttft_p95_s=at("ttft_s", 0.95),
        total_p50_s=at("total_s", 0.5),
        total_p95_s=at("total_s", 0.95),
    )


def _interval(found: TrafficEstimate) -> FigureInterval:
    return FigureInterval(value=found.value, low=found.low, high=found.high)


def _cost(table: RunTable, rows: Codes, answered: Mask, score: Floats, outcome: npt.NDArray[np.str_]) -> CostFigures:
    """What the answers cost. Dollars a sample and a right answer are those of the traffic where samples are weighted.

    One answer of unknown cost makes the total unknown: a part of a bill is not the bill.

    A correct answer has score 1; where a score is graded, "correct" has no meaning and the figure is null.
    """
    import numpy as np

    cost = table.codes["cost_usd"][rows]
    n_unknown = int((answered & (cost < 0)).sum())
    n_answered, n_correct = int(answered.sum()), int((answered & (score == 1)).sum())
    known = _money(table.labels["cost_usd"], cost)
    total = known if n_answered and not n_unknown else None
    per_sample = per_correct = None
    if total is not None:
        heavy = _row_weights(table, rows)
        if heavy is None:
            per_sample, per_correct = total / n_answered, total / n_correct if n_correct else None
        else:  # of the traffic: dear answers count as often as they come
            usd = np.array([*map(float, table.labels["cost_usd"])])[cost[answered]]
            per_sample = Decimal(float(np.average(usd, weights=heavy[answered])))
            right = float(np.average(score[answered] == 1, weights=heavy[answered]))
            per_correct = per_sample / Decimal(right) if right else None
    graded = bool((outcome == Outcome.SCORED).any())
    spend = table.codes["spend_usd"][rows]
    spend_known = not (answered & (spend < 0)).any()
    return CostFigures(
        total_usd=_shown(total),
        known_usd=float(known),
        n_unknown=n_unknown,
        usd_per_1k_samples=None if per_sample is None else _shown(per_sample * 1000),
        usd_per_correct=None if graded else _shown(per_correct),
        spend_usd=_shown(_money(table.labels["spend_usd"], spend)) if spend_known and (spend >= 0).any() else None,
    )


def _latency(table: RunTable, rows: Codes) -> LatencyFigures:
    """Times of the answers that were really waited for in this run: neither cached nor errored.

    `output_tokens_per_s` is the median over requests of output tokens by total time, the wait for the first included;
    the pure speed of writing is 1 / tpot_s.
    """
    import numpy as np

    numbers, heavy = {name: column[rows] for name, column in table.numbers.items()}, _row_weights(table, rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = numbers["output_tokens"] / numbers["total_s"]
    return LatencyFigures(
        n_measured=len(rows),
        ttft_s=TwoQuantiles(**_quantiles(numbers["ttft_s"], (50, 95), heavy)),
        tpot_s=TwoQuantiles(**_quantiles(numbers["tpot_s"], (50, 95), heavy)),
        total_s=ThreeQuantiles(**_quantiles(numbers["total_s"], (50, 95, 99), heavy)),
        output_tokens_per_s=_quantiles(speed, (50,), heavy)["p50"],
        queue_s_mean=_mean(numbers["queue_s"]),
        retry_s_mean=_mean(numbers["retry_s"]),
        n_retried=int((numbers["attempts"] > 1).sum()),
    )


def _quantiles(values: Floats, percents: Iterable[int], weights: Floats | None) -> dict[str, float | None]:
    """Percentiles of the known values, interpolated linearly, or of the requests that they stand for; all null when
    there are none."""
    import numpy as np

    there, percents = np.isfinite(values), list(percents)
    known = values[there]
    if not known.size:
        figures = [None] * len(percents)
    elif weights is None:
        figures = np.percentile(known, percents).tolist()
    else:
        figures = np.percentile(known, percents, weights=weights[there], method="inverted_cdf").tolist()
    return {f"p{p}": figure for p, figure in zip(percents, figures, strict=True)}


def _mean(values: Floats) -> float | None:
    import numpy as np

    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _tokens_per_answer(table: RunTable, rows: Codes, came: Mask) -> float | None:
    import numpy as np

    read = (table.numbers["input_tokens"] + table.numbers["output_tokens"])[rows][came]
    if not read.size or not np.isfinite(read).all():
        return None
    heavy = _row_weights(table, rows)
    return float(np.average(read, weights=None if heavy is None else heavy[came]))


def _total(tokens: Floats) -> int | None:
    """Sum of a count; None when any answer did not report it."""
    import numpy as np

    return int(tokens.sum()) if tokens.size and np.isfinite(tokens).all() else None


def _money(amounts: list[Decimal], codes: Codes) -> Decimal:
    """Exact sum of the known amounts: each distinct amount times how often it occurs."""
    import numpy as np

    counts = np.bincount(codes[codes >= 0], minlength=len(amounts))
    return sum((amounts[i] * int(counts[i]) for i in np.flatnonzero(counts)), Decimal(0))


def _shown(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
