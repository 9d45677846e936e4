"""Each chart, defined once: a Vega-Lite specification with its words. Board, HTML page and files draw the same one.

    chart = tradeoff(points, "USD per 1,000 samples")
    st.vega_lite_chart(chart.spec, alt=chart.alt)      # the board: Streamlit brings Vega along
    pictures.svg([chart])                              # a page or a file

A specification is plain JSON: no library is imported and nothing is drawn here. Names are data, never part of an
expression, an address or a link, so no model's name can become code. Colours are Okabe and Ito's (2008), which the
colour-blind can tell apart; shapes and words repeat them. Figures of the rows are finite or None.
"""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.render.cells import quality_text, time_text, usd_text
from evalkit.render.rows import VERDICT_COLOURS
from evalkit.render.rule_text import RenderedRule
from evalkit.render.vega import (
    CELL,
    COLOURS,
    GREY,
    Chart,
    Spec,
    chart_of,
    domain,
    field,
    layer,
    point_mark,
    ring_mark,
    tips,
)
from evalkit.results.entries import LeaderboardLine
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.rule_names import axis_words

_LABEL_PX = 260


def leaderboard(lines: Sequence[LeaderboardLine], *, chosen: Sequence[str] = (), figures: bool = False) -> Chart | None:
    """Quality with its interval, one line a model in the order given; None where no model has a score.

    `chosen` models get a ring. `figures`: with columns of standing, quality, cost and times, for a picture that stands
    alone.
    """
    rows = [
        {
            "model": visible(line.entry.model, limit=60),
            "quality": line.cell.quality.mean,
            "low": line.cell.quality.low,
            "high": line.cell.quality.high,
            "chosen": line.entry.model in chosen,
            "standing": line.state or numbers.UNDEFINED,
            "shown": quality_text(line.cell.quality),
            "usd": usd_text(line.cell),
            "ttft": time_text(line.cell, "ttft_p50"),
            "total": time_text(line.cell, "total_p95"),
        }
        for line in lines
        if line.cell.quality.mean is not None
    ]
    if not rows:
        return None
    words = "; ".join(f"{row['model']}: {row['shown']}, {row['standing']}" for row in rows)
    y = field("model", "N", sort=[row["model"] for row in rows], title=None,
               axis={"labelLimit": _LABEL_PX, "labelOverlap": False})  # fmt: skip
    scale = {"domain": domain(rows, "low", "high", "quality"), "nice": False}
    title = "quality, with its 95 % interval"
    told = tips(model="model", shown="quality [95 %]", standing="standing")
    at = field("quality", "Q", title=title, scale=scale, axis={"tickCount": 6, "format": ".2f"})
    layers = [
        layer({"type": "rule", "strokeWidth": 3, "color": COLOURS[0]},
               {"y": y, "x": at | {"field": "low"}, "x2": {"field": "high"}, **told}, "isValid(datum.low)"),
        layer(point_mark(110, color=COLOURS[0]), {"y": y, "x": at, **told}),
        layer(ring_mark(380), {"y": y, "x": at, **told}, "datum.chosen"),
    ]  # fmt: skip
    height = 34 * len(rows)
    drawn: Spec = {"layer": layers, "height": height + (0 if figures else 80)}
    if figures:
        heads = {
            "standing": "standing",
            "shown": "quality [95 %]",
            "usd": "USD per 1,000",
            "ttft": "TTFT p50",
            "total": "total p95",
        }
        text = [
            {
                "mark": {"type": "text", "align": "left", "x": 4, "fontSize": 12},
                "encoding": {"y": y | {"axis": None}, "text": field(name, "N")},
                "title": {"text": head, "anchor": "start", "fontSize": 12},
                "view": {"stroke": None},
                "width": max(110, *(6 * len(str(row[name])) for row in rows)),  # 6 px a letter
                "height": height,
            }
            for name, head in heads.items()
        ]  # fmt: skip
        runs = ", ".join(dict.fromkeys(visible(line.entry.run.name, limit=60) for line in lines))
        below = {"text": f"evalkit: {visible(runs, limit=130)}", "anchor": "start", "orient": "bottom", "fontSize": 11,
                 "fontWeight": "normal", "color": "#595959"}  # fmt: skip
        concat = [drawn | {"width": 420}, *text]
        drawn = {"hconcat": concat, "resolve": {"scale": {"y": "shared"}}, "title": below}
    return chart_of(rows, drawn, f"Quality with 95 % intervals. {words}")


def rules_by_scale(found: Sequence[RenderedRule], candidate: str) -> list[Chart]:
    """A chart for each scale that rules share, in the order of the rules."""
    scales = dict.fromkeys(r.axis for r in found)
    made = [rules([r for r in found if r.axis == axis], candidate) for axis in scales]
    return [chart for chart in made if chart is not None]


def rules(found: Sequence[RenderedRule], candidate: str) -> Chart | None:
    """Each rule's interval against its limit (the tick), to scale; None where no rule has figures."""
    drawn = [r for r in found if r.value is not None and r.limit is not None]
    if not drawn:
        return None
    title = axis_words(drawn[0].axis, [r.rule for r in drawn])
    rows = [
        {
            "rule": visible(f"{r.title}: {r.verdict}", limit=CELL),
            "low": r.low if r.low is not None else r.value,
            "high": r.high if r.high is not None else r.value,
            "value": r.value,
            "limit": r.limit,
            "verdict": r.verdict,
            "shown": r.shown,
        }
        for r in drawn
    ]
    words = "; ".join(f"{r.title}: {r.shown}, {r.verdict}" for r in drawn)
    names = list(dict.fromkeys(row["rule"] for row in rows))
    # Names above their bars: beside them they would leave a telephone no room for the chart.
    axis = {"labelAlign": "left", "labelPadding": -4, "labelOffset": -20, "labelLimit": 600, "ticks": False,
            "domain": False, "zindex": 1}  # fmt: skip
    y = field("rule", "N", sort=names, title=None, axis=axis)
    verdicts = {"domain": list(VERDICT_COLOURS), "range": list(VERDICT_COLOURS.values())}
    colour = field("verdict", "N", scale=verdicts, legend=None)  # the names of the rules say it in words
    x = field("low", "Q", title=title, scale={"zero": False, "nice": True, "padding": 20}, axis={"tickCount": 6})
    told = tips(rule="rule", verdict="verdict", shown="measured")
    layers = [
        layer({"type": "rule", "strokeWidth": 4},
               {"y": y, "x": x, "x2": {"field": "high"}, "color": colour}),
        layer(point_mark(110), {"y": y, "x": x | {"field": "value"}, "color": colour, **told}),
        layer({"type": "tick", "thickness": 3, "size": 26, "color": GREY},
               {"y": y, "x": x | {"field": "limit"}, **told}),
    ]  # fmt: skip
    drawn_as: Spec = {"layer": layers, "height": 64 * len(names) + 70}
    return chart_of(rows, drawn_as, f"{title} of {visible(candidate, limit=60)}. {words}")
