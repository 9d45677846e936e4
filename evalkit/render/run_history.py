"""A suite over time: the points of its history, what changed when, and each model against itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalkit.decide.stored import promoted_sides
from evalkit.facts import Figures, PriceFacts, RunFacts, TaskSummary
from evalkit.facts.summary import FigureInterval
from evalkit.render.history_chart import HistoryPoint
from evalkit.results.compare import SampleComparison, compare_samples
from evalkit.results.reader import ResultsReader
from evalkit.store.runs import RunInfo
from evalkit.text import numbers
from evalkit.text.escape import visible

MOST = 6
"""Models that are drawn where none is chosen: more lines cannot be told apart."""
FIGURES: Mapping[str, tuple[Callable[[Figures], float | None], Callable[[float | None], str]]] = {
    "quality": (lambda c: c.quality.mean, numbers.quality),
    "USD per 1,000 samples": (lambda c: c.cost.usd_per_1k_samples, numbers.usd),
    "seconds to the first token, p50": (lambda c: c.latency.ttft_s.p50, numbers.time),
    "seconds to the whole answer, p95": (lambda c: c.latency.total_s.p95, numbers.time),
}


_OF_TRAFFIC = {
    "USD per 1,000 samples": "usd_per_1k_requests",
    "seconds to the first token, p50": "ttft_p50_s",
    "seconds to the whole answer, p95": "total_p95_s",
}
"""Figure -> its field in `TrafficFigures`."""


def history_points(store: ResultsReader, runs: Sequence[RunInfo], task: str | None, figure: str) -> list[HistoryPoint]:
    """What is known of a figure of `FIGURES`, run by run; `runs` of one suite, the oldest first. None: of all tasks."""
    read, show = FIGURES[figure]
    rows: list[HistoryPoint] = []
    before: dict[str, dict[str, str | None]] = {}
    baselines = promoted_sides()
    for info in runs:
        facts = store.facts(info.name)
        for model, cells in store.summary(info.name).models.items():
            cell = cells.all if task is None else cells.tasks.get(task)
            value = read(cell) if cell is not None else None
            if cell is None or value is None:
                continue
            now = _state(facts, model, ", ".join(cells.served) or None)
            notes = _changes(before.get(model), now)
            if (info.name, model) in baselines:
                notes.append("promoted as baseline")
            before[model] = now
            low, high = _ends(cell, figure)
            rows.append(
                HistoryPoint(
                    at=info.started_at or "",
                    model=visible(model, limit=60),
                    run=info.name,
                    value=float(value),
                    low=low,
                    high=high,
                    shown=show(value) + _range(low, high, figure),
                    notes=tuple(notes),
                )
            )
    return rows


def _ends(cell: Figures, figure: str) -> tuple[float | None, float | None]:
    """The 95 % interval of a figure; None where none is known: costs and times have one where samples are weighted."""
    if figure == "quality":
        return cell.quality.low, cell.quality.high
    traffic = cell.traffic if isinstance(cell, TaskSummary) else None
    found: FigureInterval | None = None if traffic is None else getattr(traffic, _OF_TRAFFIC[figure])
    return (None, None) if found is None or found.low is None or found.high is None else (found.low, found.high)


def _range(low: float | None, high: float | None, figure: str) -> str:
    if low is None or high is None:
        return ""
    show = FIGURES[figure][1]
    return f" {numbers.interval(low, high)}" if figure == "quality" else f" [{show(low)}, {show(high)}]"


def _state(facts: RunFacts, model: str, served: str | None) -> dict[str, str | None]:
    prices = facts.model_facts(model).prices
    return {
        "served as": served,
        "price": _price_text(prices) if prices is not None else None,
        "evalkit": facts.evalkit_version or None,
        "questions": str({name: task.identity for name, task in facts.tasks.items()}) if facts.tasks else None,
    }


def _price_text(prices: PriceFacts) -> str:
    """Dollars for a million tokens in and out, of every band of prompt length: "$0.50 in, $2.00 out"."""
    told = []
    for band in prices.usd_per_mtok:
        above = f" above {numbers.count(band.above_input_tokens)}" if band.above_input_tokens else ""
        told.append(f"{numbers.usd(band.input)} in, {numbers.usd(band.output)} out{above}")
    fee = [f"{numbers.usd(prices.usd_per_request)} a request"] if prices.usd_per_request is not None else []
    return "; ".join([*told, *fee])


def _changes(before: Mapping[str, str | None] | None, now: Mapping[str, str | None]) -> list[str]:
    """What differs, where both sides are known."""
    if before is None:
        return []
    found = []
    for name, value in now.items():
        was = before[name]
        if was is None or value is None or was == value:
            continue
        if name == "questions":
            found.append("other questions")
        else:
            found.append(f"{name}: {visible(was, limit=100)} → {visible(value, limit=100)}")
    return found


@dataclass(frozen=True, slots=True)
class Drift:
    """A model in its last run against its first, on the same samples: what differs is the model's."""

    model: str
    first: str
    """Run."""
    last: str
    found: SampleComparison

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.found.is_shown


def drifts_of(store: ResultsReader, runs: Sequence[RunInfo]) -> list[Drift]:
    """Of every model that was asked in several of these runs, the oldest first."""
    seen: dict[str, list[str]] = {}
    for info in runs:
        for model in store.summary(info.name).models:
            seen.setdefault(model, []).append(info.name)
    return [
        Drift(model, names[0], names[-1], compare_samples(store, (names[0], model), (names[-1], model)))
        for model, names in seen.items()
        if len(names) > 1
    ]


def drawn_models(rows: Sequence[HistoryPoint], drifts: Sequence[Drift], figure: str) -> set[str]:
    """The models that are drawn where none is chosen: those that drifted or changed, then the best by this figure of
    `FIGURES`, a few in all."""
    last = {row.model: row.value for row in rows}
    drifted = [visible(drift.model, limit=60) for drift in drifts if drift.is_shown]
    changed = [row.model for row in rows if row.is_own_change]
    best = sorted(last, key=lambda name: last[name], reverse=figure == "quality")
    return set(list(dict.fromkeys([*drifted, *changed, *best]))[:MOST])
