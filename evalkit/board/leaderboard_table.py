"""The leaderboard's table: one row a model, with its interval drawn to scale and bars for price and speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from evalkit.board import elements, model_marks
from evalkit.board.filters import where
from evalkit.errors import NoPicture
from evalkit.render import charts, pictures
from evalkit.render.cells import Timed, correct_range, others_text, time_range, tokens_per_s, usd_range
from evalkit.render.maker_marks import legend
from evalkit.render.rows import bar_image, interval_image
from evalkit.results.entries import LeaderboardLine
from evalkit.text import numbers

if TYPE_CHECKING:
    import pandas as pd

TABLE = "leaderboard_table"
_MONEY = ("USD per 1,000", "cost per correct")
_TIMES = ("TTFT p50", "TTFT p95", "total p50", "total p95")
_RANGED: tuple[tuple[str, Timed], ...] = (
    ("TTFT p50", "ttft_p50"), ("TTFT p95", "ttft_p95"), ("total p50", "total_p50"), ("total p95", "total_p95"),
)  # fmt: skip
_AROUND = ", 95 %"
"""Behind the name of a figure: the column of its interval, which is there where samples are weighted."""
_FIRST = (
    "model", "quality", "interval", "standing", "USD per 1,000", "price", "total p50", "time", "licence",
)  # fmt: skip
"""Columns that fit a page of 1440 pixels. The others stand behind a switch."""
_MORE = (
    "maker", "openness", "runs on", "95 % interval", "n", "other outcomes", "USD per 1,000, 95 %", "total p50, 95 %",
    "cost per correct", "cost per correct, 95 %", "TTFT p50", "TTFT p50, 95 %", "TTFT p95", "TTFT p95, 95 %",
    "total p95", "total p95, 95 %", "tokens/s", "window", "measured", "asked as", "served as", "run",
)  # fmt: skip
_IMAGES = ("interval", "price", "time")
_BEHIND = "Behind: shown to be worse than the leader, with at most 5 % chance of error for all models together."
_ROW = 35


def frame_of(lines: Sequence[LeaderboardLine]) -> pd.DataFrame:
    """The table as numbers (None: unknown or undefined), for sorting and for the download. Times in seconds."""
    import pandas as pd

    rows = []
    for line in lines:
        cell, entry = line.cell, line.entry
        quality, cost, times = cell.quality, cell.cost, cell.latency
        rows.append(
            {
                "model": elements.cell(entry.model, 60),
                "standing": line.state or numbers.UNDEFINED,
                "quality": quality.mean,
                "95 % interval": numbers.interval(quality.low, quality.high),
                "n": quality.n,
                "USD per 1,000": cost.usd_per_1k_samples,
                "cost per correct": cost.usd_per_correct,
                "TTFT p50": times.ttft_s.p50,
                "TTFT p95": times.ttft_s.p95,
                "total p50": times.total_s.p50,
                "total p95": times.total_s.p95,
                "tokens/s": tokens_per_s(times),
                "other outcomes": others_text(cell),
                "measured": (entry.run.started_at or "")[:10],
                "maker": elements.cell(entry.maker or "", 60),
                "openness": entry.openness or "",
                "licence": elements.cell(entry.licence or "", 200),
                "runs on": where(entry) or "",
                "window": entry.context_tokens,
                "asked as": elements.cell(entry.asked_as or "", 80),
                "served as": elements.cell(", ".join(name[:60] for name in entry.cells.served), 1_000),
                "run": elements.cell(entry.run.name, 120),
                f"USD per 1,000{_AROUND}": usd_range(cell),
                f"cost per correct{_AROUND}": correct_range(cell),
                **{f"{name}{_AROUND}": time_range(cell, which) for name, which in _RANGED},
            }
        )
    floats = ["quality", *_MONEY, *_TIMES, "tokens/s", "window"]
    return pd.DataFrame(rows).astype(dict.fromkeys(floats, float))


def draw(lines: Sequence[LeaderboardLine]) -> None:
    """The table, with what can be done with its rows. Columns of which nothing is known are left out."""
    place = st.container()
    frame = frame_of(lines)
    everything = _actions(lines, frame)
    shown, marks = _shown(lines, frame), [model_marks.of_entry(line.entry) for line in lines]
    order = _FIRST + _MORE if everything else _FIRST
    known = [name for name in order if not (shown[name].isna() | (shown[name] == "")).all()]
    styler = model_marks.added(shown[known], marks, "model").style.format({
        "quality": lambda v: numbers.quality(_none(v)),
        "n": lambda v: f"{v:,}",
        "window": lambda v: f"{v:,.0f}",
        **dict.fromkeys(_MONEY, lambda v: numbers.usd(_none(v))),
        **dict.fromkeys(_TIMES, lambda v: numbers.time(_none(v))),
        "tokens/s": lambda v: numbers.rate(_none(v)),
        **dict.fromkeys((*_IMAGES, model_marks.COLUMN), lambda v: ""),  # or each picture is sent a second time, as text
    }, subset=None)  # fmt: skip
    place.dataframe(
        styler,
        hide_index=True,
        width="stretch",
        height=_ROW * (min(len(lines), 20) + 1) + 3,
        row_height=_ROW,
        key=TABLE,
        on_select=partial(_choose, [line.entry.model for line in lines]),
        selection_mode="multi-row",
        placeholder=numbers.UNKNOWN,
        alt="The leaderboard as a table; select two rows to compare them",
        column_config={
            **model_marks.column(marks),
            "model": st.column_config.TextColumn(width=elements.name_width(shown["model"].tolist())),
            "standing": st.column_config.TextColumn(width=112, help=_BEHIND),
            "quality": st.column_config.NumberColumn(width=64),
            "interval": st.column_config.ImageColumn(
                "quality, 95 % interval", width=160, help="Each model alone. Two that overlap may still differ: the "
                "same samples were put to both. The standing says whether they do."
            ),
            "USD per 1,000": st.column_config.NumberColumn(width=102, help="Of samples, at the prices of the day."),
            "price": st.column_config.ImageColumn("price", width=70),
            "total p50": st.column_config.NumberColumn(width=76, help="Median time of a whole answer."),
            "time": st.column_config.ImageColumn("time", width=70),
            "licence": st.column_config.TextColumn(help="Of the weights; “closed”: there are none to have."),
        },
    )  # fmt: skip
    if told := legend(marks):
        place.caption(told)


def _shown(lines: Sequence[LeaderboardLine], frame: pd.DataFrame) -> pd.DataFrame:
    """The table as the page shows it: with pictures, stars at chosen models, and a word where there is no licence."""
    import pandas as pd

    licences = [
        found or ("closed" if line.entry.openness == "closed" else "")
        for line, found in zip(lines, frame["licence"], strict=True)
    ]
    values: dict[str, list[str]] = {
        "model": [elements.marked(line.entry.model) for line in lines],
        "licence": licences,
        "interval": _intervals(lines),
        "price": _bars(frame, "USD per 1,000"),
        "time": _bars(frame, "total p50"),
    }
    return frame.assign(**{name: pd.Series(found, dtype=object) for name, found in values.items()})


def picture(lines: Sequence[LeaderboardLine]) -> bytes:
    """The chart with its figures as a PNG, for a slide or a pull request. Raises NoPicture."""
    chart = charts.leaderboard(lines, figures=True)
    if chart is None:
        raise NoPicture("No model has a score, so there is nothing to draw.")
    return pictures.png(chart)


def _intervals(lines: Sequence[LeaderboardLine]) -> list[str]:
    found = [line.cell.quality for line in lines]
    ends = [x for q in found for x in (q.mean, q.low, q.high) if x is not None]
    scale = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return [interval_image(q.mean, q.low, q.high, scale) or "" for q in found]


def _bars(frame: pd.DataFrame, column: str) -> list[str]:
    """A bar from zero for each figure of the column."""
    values = [_none(value) for value in frame[column]]
    most = max((value for value in values if value is not None), default=0.0)
    return [bar_image(value, most) or "" for value in values]


def _actions(lines: Sequence[LeaderboardLine], frame: pd.DataFrame) -> bool:
    """What can be done with the rows; comes out: whether all columns are to be shown."""
    mine = elements.chosen()
    chosen = sorted((line.entry for line in lines if line.entry.model in mine), key=lambda e: mine.index(e.model))
    if len(chosen) < 2 <= len(lines):
        chosen = [*[line.entry for line in lines if line.entry not in chosen][: 2 - len(chosen)], *chosen]
    buttons = st.container(horizontal=True, vertical_alignment="center")
    if len(chosen) >= 2:
        a, b = chosen[:2]
        label = f"Compare {elements.plain(a.model, 30)} with {elements.plain(b.model, 30)}"
        elements.link(buttons, "versus", label, {"a": a.key, "b": b.key})
    buttons.download_button("CSV", lambda: _csv(frame), "leaderboard.csv", "text/csv")
    drawable = pictures.available()
    buttons.download_button(
        "PNG",
        lambda: picture(lines),
        "leaderboard.png",
        "image/png",
        disabled=not drawable,
        help=None if drawable else pictures.MISSING,
    )
    everything: bool = buttons.toggle(
        "All columns", key="columns", bind="query-params", persist_state="session",
        help="Maker, openness, number of samples, other outcomes, further costs and times, tokens/s, window, run"
    )  # fmt: skip
    buttons.caption("Select rows to choose models, here and on every page.")
    return everything


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode("utf-8", "backslashreplace")


def _choose(models: Sequence[str]) -> None:
    """The rows that were selected are chosen everywhere."""
    rows = st.session_state[TABLE]["selection"]["rows"]
    elements.choose_models([models[row] for row in rows if row < len(models)])


def _none(value: object) -> float | None:
    """A figure of the table; None for NaN."""
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None
