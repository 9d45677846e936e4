"""The figures of some rows of a run: outcomes, quality, traffic, cost and latency, with numpy alone.

A figure that is undefined or unknown is None, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from evalkit.facts import TaskSummary
from evalkit.facts.summary import (
    CostFigures,
    LatencyFigures,
    SliceFigures,
    ThreeQuantiles,
    TokenFigures,
    TwoQuantiles,
)
from evalkit.records import Outcome
from evalkit.store.summary_quality import outcomes_of, quality_of, traffic_of, weights_of_rows
from evalkit.store.table import SLICES, RunTable
from evalkit.suite.orders import spreads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evalkit.store.table import Codes, Floats

    Mask = npt.NDArray[np.bool_]


def task_figures(table: RunTable, rows: Codes) -> TaskSummary:
    """A task's figures with its slices; `spread` stands there only where its options were permuted."""
    slices = _slices(table, rows)
    spread = spreads(slices)
    more: dict[str, object] = {"slices": slices}
    if spread:
        more["spread"] = spread
    return pooled_figures(table, rows).model_copy(update=more)


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
        outcome = outcomes_of(table, own)
        score = np.where(outcome == Outcome.ERRORED, np.nan, table.numbers["score"][own])
        found[f"{field}={value}"] = SliceFigures(
            n=len(own),
            outcomes={name.value: int((outcome == name).sum()) for name in Outcome},
            quality=quality_of(table, own, score),
        )
    return found


def pooled_figures(table: RunTable, rows: Codes) -> TaskSummary:
    """The figures of some rows of one model, of one task or of several together; without slices. `traffic` stands there
    where the samples of each task are weighted."""
    import numpy as np

    outcome = outcomes_of(table, rows)
    score, cached = table.numbers["score"][rows], table.numbers["cached"][rows] == 1
    errored = outcome == Outcome.ERRORED
    answered = ~errored
    # An answer that came and could not be marked was waited for and paid all the same; a failed request was neither.
    came = answered | (table.codes["error_kind"][rows] < 0)
    failures_wrong = np.where(errored, 0.0, score)
    found = TaskSummary(
        n=len(rows),
        n_samples=len(np.unique(table.sample[rows])),
        n_answered=int(answered.sum()),
        n_unscored=int((answered & np.isnan(score)).sum()),
        n_unmarked=int((came & errored).sum()),
        outcomes={name.value: int((outcome == name).sum()) for name in Outcome},
        quality=quality_of(table, rows, np.where(errored, np.nan, score)),
        quality_failures_wrong=quality_of(table, rows, failures_wrong),
        cost=_cost(table, rows, came, score),
        latency=_latency(table, rows[came & ~cached]),
        tokens=TokenFigures(
            **{
                name.removesuffix("_tokens"): _total(table.numbers[name][rows[came]])
                for name in ("input_tokens", "output_tokens", "reasoning_tokens", "cache_read_tokens")
            },
            per_answer=_tokens_per_answer(table, rows, came),
        ),
        cached_share=float(cached[came].mean()) if came.any() else None,
    )
    return found.model_copy(update={"traffic": traffic_of(table, rows)}) if _is_of_traffic(table, rows) else found


def _is_of_traffic(table: RunTable, rows: Codes) -> bool:
    """Whether each task's samples are weighted: a whole with others says nothing of a log."""
    import numpy as np

    task, weighted = table.codes["task"][rows], ~np.isnan(table.numbers["weight"][rows])
    return len(rows) > 0 and len(np.unique(task[weighted])) == len(np.unique(task))


def _cost(table: RunTable, rows: Codes, answered: Mask, score: Floats) -> CostFigures:
    """What the answers cost. Dollars a sample and a right answer are those of the traffic where samples are weighted.

    One answer of unknown cost makes the total unknown: a part of a bill is not the bill.

    A correct answer has score 1; in a task of graded scores, or one of which no answer of any model could be read,
    "correct" has no meaning and the figure is null: so it is there for all models of a run or for none.
    """
    import numpy as np

    cost = table.codes["cost_usd"][rows]
    n_unknown = int((answered & (cost < 0)).sum())
    n_answered, n_correct = int(answered.sum()), int((answered & (score == 1)).sum())
    known = _money(table.labels["cost_usd"], cost)
    total = known if n_answered and not n_unknown else None
    per_sample = per_correct = None
    if total is not None:
        heavy = weights_of_rows(table, rows)
        if heavy is None:
            per_sample, per_correct = total / n_answered, total / n_correct if n_correct else None
        else:  # of the traffic: dear answers count as often as they come
            usd = np.array([*map(float, table.labels["cost_usd"])])[cost[answered]]
            per_sample = Decimal(float(np.average(usd, weights=heavy[answered])))
            right = float(np.average(score[answered] == 1, weights=heavy[answered]))
            per_correct = per_sample / Decimal(right) if right else None
    countable = bool(np.isin(table.codes["task"][rows], list(table.right_or_wrong)).all())
    spend = table.codes["spend_usd"][rows]
    spend_known = not (answered & (spend < 0)).any()
    return CostFigures(
        total_usd=_shown(total),
        known_usd=float(known),
        n_unknown=n_unknown,
        usd_per_1k_samples=None if per_sample is None else _shown(per_sample * 1000),
        usd_per_correct=_shown(per_correct) if countable else None,
        spend_usd=_shown(_money(table.labels["spend_usd"], spend)) if spend_known and (spend >= 0).any() else None,
    )


def _latency(table: RunTable, rows: Codes) -> LatencyFigures:
    """Times of the answers that were really waited for in this run: neither cached nor errored.

    `output_tokens_per_s` is the median over requests of output tokens by total time, the wait for the first included;
    the pure speed of writing is 1 / tpot_s.
    """
    import numpy as np

    numbers, heavy = {name: column[rows] for name, column in table.numbers.items()}, weights_of_rows(table, rows)
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
    heavy = weights_of_rows(table, rows)
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
