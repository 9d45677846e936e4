"""Charts that one page of the board draws each.

* bars: amounts from zero, one line each, with the amount in words at their ends;
* forest: differences with their intervals against zero, over all, by task and by slice;

What is drawn over time is in `history_chart`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from evalkit.facts import ModelSummary
from evalkit.render.vega import (
    CELL,
    COLOURS,
    GREY,
    Chart,
    amounts,
    chart_of,
    field,
    layer,
    point_mark,
    tips,
)
from evalkit.text import numbers
from evalkit.text.escape import visible


@dataclass(frozen=True, slots=True)
class Bar:
    """One amount."""

    name: str
    value: float
    shown: str
    group: str
    """What its colour says, like `hosted`; alike for all: one colour and no legend."""


def bars(found: Sequence[Bar], title: str) -> Chart | None:
    """The bars in the order given; None without any."""
    if not found:
        return None
    rows = [{name: getattr(bar, name) for name in Bar.__slots__} for bar in found]
    names = [visible(bar.name, limit=CELL) for bar in found]
    groups = list(dict.fromkeys(visible(bar.group, limit=CELL) for bar in found))
    most = max(bar.value for bar in found)
    y = field("name", "N", sort=names, title=None, axis={"labelLimit": 170, "labelOverlap": False})
    scale = {"domain": [0, (most or 1.0) * _room_for_amounts(found, most or 1.0)], "nice": False}
    x = field("value", "Q", title=title, scale=scale, axis={"tickCount": 5} | amounts("$"))
    legend = {"title": None, "orient": "top", "columns": 2} if len(groups) > 1 else None
    colours = [COLOURS[0], COLOURS[1], *COLOURS[2:]][: len(groups)]
    colour = field("group", "N", scale={"domain": groups, "range": colours}, legend=legend)
    layers = [
        layer({"type": "bar", "height": 14}, {"y": y, "x": x, "color": colour,
              **tips(name="of", shown=title, group="which")}),
        layer({"type": "text", "align": "left", "dx": 5, "fontSize": 12},
              {"y": y, "x": x, "text": field("shown", "N")}),
    ]  # fmt: skip
    words = "; ".join(f"{bar.name}: {bar.shown}" for bar in found)
    return chart_of(rows, {"layer": layers, "height": 26 * len(rows) + 80}, f"{title}. {words}")


_NARROW_PX = 210
"""Width of the bars on a telephone."""
_SIGN_PX = 6.5


def _room_for_amounts(found: Sequence[Bar], most: float) -> float:
    """How many times as wide as the longest bar a drawing is in which every amount has room behind its bar."""
    taken = [min(0.55, (10 + _SIGN_PX * len(bar.shown)) / _NARROW_PX) for bar in found]
    return max(1.1, *(bar.value / most / (1 - share) for bar, share in zip(found, taken, strict=True)))


def bill_bars(models: Mapping[str, ModelSummary], judges: Mapping[str, ModelSummary]) -> Chart | None:
    """What all answers of each model and judge cost, the dearest first; who has an unknown price is left out."""
    costs = [(one.all.cost.total_usd, name, what) for what, found in (("model", models), ("judge", judges))
             for name, one in found.items()]  # fmt: skip
    known = sorted(((cost, name, what) for cost, name, what in costs if cost is not None), reverse=True)
    found = [Bar(visible(name, limit=60), cost, numbers.usd(cost), what) for cost, name, what in known]
    return bars(found, "US dollars for all answers")


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A difference with its interval; None: not known."""

    name: str
    delta: float
    low: float | None
    high: float | None
    shown: str
    is_shown: bool
    """Whether the interval leaves out zero."""
    group: str
    """all, task or slice."""


def forest(found: Sequence[ForestRow], title: str) -> Chart | None:
    """Differences with their intervals against zero, one line each in the order given; None without any."""
    if not found:
        return None
    rows = [{name: getattr(row, name) for name in ForestRow.__slots__} | {"way": _way(row)} for row in found]
    names = [visible(row.name, limit=CELL) for row in found]
    y = field("name", "N", sort=names, title=None, axis={"labelLimit": 170, "labelOverlap": False})
    x = field("delta", "Q", title=wrap(title, _TITLE), scale={"zero": True, "nice": True}, axis={"tickCount": 6})
    ways = {"better": COLOURS[2], "worse": COLOURS[4], "no difference shown": COLOURS[6]}
    colour = field("way", "N", scale={"domain": list(ways), "range": list(ways.values())},
                   legend={"title": None, "orient": "top", "columns": 2})  # fmt: skip
    shape = field("group", "N", scale={"domain": ["all", "task", "slice"], "range": ["diamond", "circle", "square"]},
                  legend=None)  # fmt: skip
    told = tips(name="of", shown="B − A [95 %]", way="shown")
    layers = [
        layer({"type": "rule", "color": GREY, "strokeDash": [4, 3], "aria": False}, {"x": {"datum": 0}}),
        layer({"type": "rule", "strokeWidth": 3},
               {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "color": colour}, "isValid(datum.low)"),
        layer(point_mark(110), {"y": y, "x": x, "color": colour, "shape": shape, **told}),
    ]  # fmt: skip
    words = "; ".join(f"{row.name}: {row.shown}" for row in found)
    return chart_of(rows, {"layer": layers, "height": 26 * len(rows) + 150}, f"{title}. {words}")


_TITLE = 34
"""Signs of a line of an axis title, so that a telephone has room for it."""


def _way(row: ForestRow) -> str:
    return "no difference shown" if not row.is_shown else "better" if row.delta > 0 else "worse"
