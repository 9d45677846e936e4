"""Leaderboard: who is best, how sure that is, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from evalkit.board import elements
from evalkit.facts import Figures
from evalkit.render import charts, pictures
from evalkit.render.cells import others_text, quality_text, tokens_per_s
from evalkit.render.standings import headline
from evalkit.results.entries import LeaderboardLine, ReportEntry, entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "leaderboard_table"
_MONEY = ("USD per 1,000", "cost per correct")
_TIMES = ("TTFT p50", "TTFT p95", "total p50", "total p95")


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Leaderboard", "Models side by side, with how sure each figure is.")
    if not runs:
        return
    entries, tasks, task, right = elements.models_and_task(store, runs)
    with right:
        search = st.text_input(
            "Search models", key="search", bind="query-params", placeholder="name, id, licence, tier", type="search"
        )
    with st.spinner(elements.COMPARING):
        every = standing(store, entries, task)
    if not every:
        st.info("None of these models was asked this task.")
        return
    # Standings are those among all models: a search hides lines, it does not make the rest better.
    lines = every
    tiers = sorted({tier for entry in entries if (tier := _tier(entry))})
    if len(tiers) > 1:
        picked = st.pills("Openness", tiers, selection_mode="multi", key="tier", bind="query-params")
        lines = [line for line in lines if not picked or _tier(line.entry) in picked]
    lines = [line for line in lines if _fits(line.entry, search or "")]
    if not lines:
        st.info("No model fits the search. Clear it to see all of them.")
        return
    entries = [line.entry for line in lines]
    elements.unreadable(store, [line.entry for line in every])
    st.subheader(headline(every, partial(elements.plain, limit=40)), anchor=False)
    if len(lines) < len(every):
        st.caption(f"{len(lines)} of {len(every)} models shown.")
    _chart(lines)
    _table(lines)
    elements.warn(entries)
    if len(tasks) > 1:
        _matrix(entries, tasks)
    suites = list(dict.fromkeys(info.suite for info in runs if info.suite))
    if len(suites) > 1:
        _across(store, suites)
    _known(entries)


def _chart(lines: Sequence[LeaderboardLine]) -> None:
    chart = charts.leaderboard(lines, chosen=elements.chosen())
    if chart is not None:
        elements.draw(chart)


def picture(lines: Sequence[LeaderboardLine]) -> bytes:
    """The chart with its figures as a PNG, for a slide or a pull request. Raises NoPicture."""
    chart = charts.leaderboard(lines, figures=True)
    if chart is None:
        raise pictures.NoPicture("No model has a score, so there is nothing to draw.")
    return pictures.png(chart)


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
                "tier": _tier(entry) or "",
                "licence": elements.cell((entry.known.shown("licence") if entry.known else None) or "", 200),
                "asked as": elements.cell(entry.asked_as or "", 80),
                "served as": elements.cell(", ".join(name[:60] for name in entry.cells.served), 1_000),
                "run": elements.cell(entry.run.name, 120),
            }
        )
    floats = ["quality", *_MONEY, *_TIMES, "tokens/s"]
    return pd.DataFrame(rows).astype(dict.fromkeys(floats, float))


def _table(lines: Sequence[LeaderboardLine]) -> None:
    frame = frame_of(lines)
    shown = frame.assign(model=[elements.marked(line.entry.model) for line in lines])
    styler = shown.style.format({
        "quality": lambda v: numbers.quality(_none(v)),
        "n": lambda v: f"{v:,}",
        **dict.fromkeys(_MONEY, lambda v: numbers.usd(_none(v))),
        **dict.fromkeys(_TIMES, lambda v: numbers.time(_none(v))),
        "tokens/s": lambda v: numbers.rate(_none(v)),
    })  # fmt: skip
    standings = "Behind: shown to be worse than the leader, with at most 5 % chance of error for all models together."
    st.dataframe(
        styler,
        hide_index=True,
        width="stretch",
        key=_TABLE,
        on_select=partial(_choose, [line.entry.model for line in lines]),
        selection_mode="multi-row",
        placeholder=numbers.UNKNOWN,
        alt="The leaderboard as a table; select two rows to compare them",
        column_config={
            "model": st.column_config.TextColumn(pinned=True),
            "standing": st.column_config.TextColumn(help=standings),
        },
    )
    mine = elements.chosen()
    chosen = sorted((line.entry for line in lines if line.entry.model in mine), key=lambda e: mine.index(e.model))
    if len(chosen) < 2 <= len(lines):
        chosen = [*[line.entry for line in lines if line.entry not in chosen][: 2 - len(chosen)], *chosen]
    buttons = st.container(horizontal=True, vertical_alignment="center")
    if len(chosen) >= 2:
        a, b = chosen[:2]
        label = f"Compare {elements.plain(a.model, 30)} with {elements.plain(b.model, 30)}"
        elements.link(buttons, "versus", label, {"a": a.key, "b": b.key})
    csv = frame.to_csv(index=False).encode("utf-8", "backslashreplace")
    buttons.download_button("CSV", csv, "leaderboard.csv", "text/csv")
    drawable = pictures.available()
    buttons.download_button(
        "PNG",
        lambda: picture(lines),
        "leaderboard.png",
        "image/png",
        disabled=not drawable,
        help=None if drawable else pictures.MISSING,
    )
    buttons.caption("Select rows to choose models, here and on every page.")


def _choose(models: Sequence[str]) -> None:
    """The rows that were selected are chosen everywhere."""
    rows = st.session_state[_TABLE]["selection"]["rows"]
    elements.choose_models([models[row] for row in rows if row < len(models)])


def _matrix(entries: Sequence[ReportEntry], tasks: Sequence[str]) -> None:
    """Models by tasks: where a model that is fine on average is not."""
    with st.expander("Every task", expanded=True):
        _grid([(entry.model, {task: entry.cell(task) for task in tasks}) for entry in entries], tasks, "tasks")


def _across(store: ResultsReader, suites: Sequence[str]) -> None:
    with st.expander("Every suite"):
        by_model: dict[str, dict[str, Figures | None]] = {}
        for suite in suites:
            for entry in entries_of(store, suite):
                by_model.setdefault(entry.model, {})[suite] = entry.cell(None)
        _grid(list(by_model.items()), suites, "suites")
        st.caption("Suites ask different questions: compare down a column, not along a line.")


def _grid(rows: Sequence[tuple[str, Mapping[str, Figures | None]]], columns: Sequence[str], what: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        [
            {
                "model": elements.cell(model, 60),
                **{
                    "model (a name here)" if c == "model" else elements.cell(c, 60): _asked(cells.get(c))
                    for c in columns
                },
            }
            for model, cells in rows
        ]
    )
    st.dataframe(frame, hide_index=True, width="stretch", alt=f"Quality with 95 % intervals, models by {what}")


def _asked(cell: Figures | None) -> str:
    return quality_text(cell.quality) if cell is not None else "not asked"


def _known(entries: Sequence[ReportEntry]) -> None:
    """What the catalogue says of these models, with sources; absent where nothing is known."""
    listed = [entry for entry in entries if entry.known and entry.known.claims]
    if not listed:
        return
    import pandas as pd

    with st.expander("Model facts"):
        for entry in listed:
            known = entry.known
            if known is None:
                continue
            st.markdown(f"**{elements.plain(entry.model)}** is {elements.plain(known.model)}")
            frame = pd.DataFrame(
                {
                    "fact": [name.replace("_", " ") for name in known.claims],
                    "value": [elements.cell(known.shown(name) or "", 400) for name in known.claims],
                    "who says so, and when it was read": [
                        elements.cell(known.sources(name), 900) for name in known.claims
                    ],
                }
            )
            st.dataframe(frame, hide_index=True, width="stretch", alt=f"Facts about {visible(known.model)}")


def _tier(entry: ReportEntry) -> str | None:
    """The tier that the sources agree on; `disputed` where they do not."""
    if entry.known is None or not entry.known.claims.get("tier"):
        return None
    return str(entry.known.value("tier") or "disputed")


def _fits(entry: ReportEntry, search: str) -> bool:
    said = [entry.model, entry.asked_as or "", entry.run.name]
    if entry.known:
        said += [
            entry.known.model,
            entry.known.family or "",
            *(entry.known.shown(f) or "" for f in ("tier", "licence")),
        ]
    return all(word in " ".join(said).lower() for word in search.lower().split())


def _none(value: object) -> float | None:
    """A figure of the table; None for NaN."""
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None
