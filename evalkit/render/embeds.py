"""Each chart of a run by itself, for a slide, a wiki or a pull request.

    for name, chart in charts_of(store, "run-1").items():      # "leaderboard", "quality-against-usd-per-1-000-samples"
        pictures.png(chart)

They are the board's charts; the leaderboard's has its figures in it, since it stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalkit.render import charts, tradeoff_chart
from evalkit.render.board_charts import bill_bars
from evalkit.render.differences import differences_chart, differences_of
from evalkit.render.history_chart import history
from evalkit.render.html import gate_of
from evalkit.render.run_history import drawn_models, drifts_of, history_points
from evalkit.render.vega import Chart
from evalkit.results.compare import compare_samples
from evalkit.results.entries import LeaderboardLine, entries_of, ranked_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, points_of
from evalkit.store.runs import newest_first
from evalkit.text.escape import visible


def charts_of(store: ResultsReader, run: str) -> dict[str, Chart]:
    """By a name that is safe for a file: those of which this run has figures. Raises StoreError."""
    facts, summary = store.facts(run), store.summary(run)
    lines = standing(store, entries_of(store, str(facts.suite), run), None)
    found = {"leaderboard": charts.leaderboard(lines, figures=True)}
    for axis in AXES:
        points = points_of(store, lines, axis)
        found[f"quality-against-{axis}"] = tradeoff_chart.tradeoff(points, axis, log=tradeoff_chart.is_wide(points))
    found["bill"] = bill_bars(summary.models, store.judges(run))
    found |= {name: _named(chart, name) for name, chart in gate_of(store, run, facts)[1].items()}
    found |= _differences(store, run, lines)
    found["history"] = _history(store, str(facts.suite))
    named: dict[str, Chart] = {}
    for name, chart in found.items():
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
        if chart is not None:
            named[plain if plain not in named else f"{plain}-{len(named)}"] = chart
    return named


def _named(chart: Chart, name: str) -> Chart:
    """The chart of a gate's rules with its candidate above it: the picture stands alone. `name`: `gate CANDIDATE N`."""
    return replace(chart, spec={**chart.spec, "title": name.removeprefix("gate ").rpartition(" ")[0]})


def _differences(store: ResultsReader, run: str, lines: Sequence[LeaderboardLine]) -> dict[str, Chart | None]:
    """What *Versus* draws of this run: each candidate of its gate against the baseline, the first as `difference`; or
    else the second of the leaderboard against the leader. Empty where there are no two."""
    mine, resolved = list(store.summary(run).models), store.facts(run).suite_resolved
    gate = resolved.gate if resolved is not None else None
    candidates = gate.get("candidates") if isinstance(gate, Mapping) else None
    named = [gate.get("baseline"), *candidates] if gate and isinstance(candidates, list) else []
    models = [str(name) for name in named if name in mine] if named and named[0] in mine else []
    models = models if len(models) > 1 else [line.entry.model for line in lines][:2]
    return {
        "difference" if n == 1 else f"difference {model}": _difference(store, run, models[0], model)
        for n, model in enumerate(models[1:], 1)
    }


def _difference(store: ResultsReader, run: str, baseline: str, candidate: str) -> Chart | None:
    a, b = (run, baseline), (run, candidate)
    tasks = [task for task in store.summary(run).models[b[1]].tasks if task in store.summary(run).models[a[1]].tasks]
    entries = entries_of(store, str(store.facts(run).suite), run)
    whole = compare_samples(store, a, b, ranked=ranked_of(entries, None))
    return differences_chart(differences_of(store, a, b, tasks, whole, entries), _title(a[1], b[1]))


def _title(a: str, b: str) -> str:
    """The picture stands alone: it says who is compared."""
    return f"{visible(b, limit=40)} − {visible(a, limit=40)}, in points of 100"


def _history(store: ResultsReader, suite: str) -> Chart | None:
    """The quality of the suite's models over its runs in this folder; None where there is one run only."""
    runs = [info for info in reversed(newest_first(store.readable())) if info.suite == suite and info.started_at]
    points = history_points(store, runs, None, "quality")
    if len({point.run for point in points}) < 2:
        return None
    shown = drawn_models(points, drifts_of(store, runs), "quality")
    return history([point for point in points if point.model in shown], "quality")
