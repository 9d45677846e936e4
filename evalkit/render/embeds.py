"""Each chart of a run by itself, for a slide, a wiki or a pull request.

    for name, chart in charts_of(store, "run-1").items():      # "leaderboard", "quality-against-usd-per-1-000-samples"
        pictures.png(chart)

They are the board's charts; the leaderboard's has its figures in it, since it stands alone.
"""

from __future__ import annotations

import re

from evalkit.render import charts, tradeoff_chart
from evalkit.render.board_charts import bill_bars
from evalkit.render.html import gate_of
from evalkit.render.vega import Chart
from evalkit.results.entries import entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, points_of


def charts_of(store: ResultsReader, run: str) -> dict[str, Chart]:
    """By a name that is safe for a file: those of which this run has figures. Raises StoreError."""
    facts, summary = store.facts(run), store.summary(run)
    lines = standing(store, entries_of(store, str(facts.suite), run), None)
    found = {"leaderboard": charts.leaderboard(lines, figures=True)}
    for axis in AXES:
        points = points_of(store, lines, axis)
        found[f"quality-against-{axis}"] = tradeoff_chart.tradeoff(points, axis, log=tradeoff_chart.is_wide(points))
    found["bill"] = bill_bars(summary.models, store.judges(run))
    found |= gate_of(store, run, facts)[1]
    named: dict[str, Chart] = {}
    for name, chart in found.items():
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
        if chart is not None:
            named[plain if plain not in named else f"{plain}-{len(named)}"] = chart
    return named
