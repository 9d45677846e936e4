"""Leaderboard: who is best, how sure that is, and what it costs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from evalkit.board import elements, leaderboard_table, model_marks
from evalkit.board.filters import filtered
from evalkit.facts import Figures
from evalkit.render.cards import cards
from evalkit.render.cells import quality_text, run_titles
from evalkit.render.rows import heat
from evalkit.render.standings import gate_question, headline
from evalkit.results.entries import LeaderboardLine, ReportEntry, entries_of, standing, states_of
from evalkit.results.reader import ResultsReader
from evalkit.store.runs import RunInfo
from evalkit.text import numbers
from evalkit.text.escape import visible


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Leaderboard", "Models side by side, with how sure each figure is.")
    if not runs:
        return
    every, tasks, task, right = elements.models_and_task(store, runs)
    with right:
        search = st.text_input(
            "Search models", key="search", bind="query-params", placeholder="name, id, maker, licence", type="search"
        )
    asked = [entry for entry in every if entry.cell(task) is not None]
    if not asked:
        st.info("None of these models was asked this task.")
        return
    entries = filtered(asked, task, search or "")
    if not entries:
        st.info("No model fits the search and the filters. Clear one to see more.")
        return
    with st.spinner(elements.COMPARING):
        lines = standing(store, asked, task, entries)
    entries = [line.entry for line in lines]
    st.subheader(headline(lines, partial(elements.plain, limit=40), states_of(store, lines)), anchor=False)
    if told := gate_question(lines, [store.facts(run) for run in dict.fromkeys(entry.run.name for entry in entries)]):
        st.caption(told)
    if len(lines) < len(asked):
        st.caption(_hidden(lines, asked, task))
    if told := _runs_of(lines):
        st.caption(told)
    _cards(lines)
    leaderboard_table.draw(lines)
    elements.sources(store, (entry.run.name for entry in entries))
    elements.unreadable(store, entries)
    elements.warn(entries)
    if len(tasks) > 1:
        _matrix(entries, tasks)
    _parts(store, entries, task)
    suites = list(dict.fromkeys(info.suite for info in runs if info.suite))
    if len(suites) > 1:
        _across(store, runs, suites)
    _known(entries)


def _runs_of(lines: Sequence[LeaderboardLine]) -> str:
    """Which runs the models come from, where they come from several; empty where all are of one."""
    infos = {line.entry.run.name: line.entry.run for line in lines}
    if len(infos) < 2:
        return ""
    titles, n = run_titles(infos.values()), Counter(line.entry.run.name for line in lines)
    told = [f"{elements.plain(titles[name], 120)} ({numbers.plural(n[name], 'model')})" for name in infos]
    more = f" and {len(told) - _RUNS} more" if len(told) > _RUNS else ""
    return f"Of {len(told)} runs, each model from its newest whole one: {'; '.join(told[:_RUNS])}{more}."


_RUNS = 4
"""Runs that are named."""


def _hidden(lines: Sequence[LeaderboardLine], asked: Sequence[ReportEntry], task: str | None) -> str:
    """What a filter left out, and that it changes no verdict."""
    ranked = lines[0].ranked
    said = f"{len(lines)} of {len(asked)} models shown. Hidden ones count in each verdict, so a filter changes none."
    if not ranked or ranked[0] in {(line.entry.run.name, line.model) for line in lines}:
        return said
    first = next(entry for entry in asked if (entry.run.name, entry.model) == ranked[0])
    cell = first.cell(task)
    mean = numbers.quality(cell.quality.mean if cell is not None else None)
    return f"{said} {elements.plain(first.model, 40)} ({mean}), which leads all of them, is hidden."


def _cards(lines: Sequence[LeaderboardLine]) -> None:
    """Best quality, best value, fastest: side by side where there is room."""
    found = cards(lines, partial(elements.plain, limit=40))
    for place, card in zip(st.columns(len(found) or 1), found, strict=False):
        notes = " ".join(note.replace("$", r"\$") for note in card.notes)
        told = f":small[{card.title}]  \n**{card.model}** · {elements.plain(card.figure, 80)}\n\n{notes}"
        place.container(border=True, height="stretch").markdown(told)  # one: a browser takes 5 ms for each


def _matrix(entries: Sequence[ReportEntry], tasks: Sequence[str]) -> None:
    """Models by tasks, deeper blue for more: where a model that is fine on average is not."""
    import pandas as pd

    st.subheader("Every task", anchor=False)
    heads = {task: "model (a task)" if task == "model" else elements.cell(task, 60) for task in tasks}
    means = {
        heads[task]: [cell.quality.mean if (cell := entry.cell(task)) is not None else None for entry in entries]
        for task in tasks
    }
    frame = pd.DataFrame({"model": [elements.marked(entry.model) for entry in entries], **means})
    marks = [model_marks.of_entry(entry) for entry in entries]
    frame = model_marks.added(frame.astype(dict.fromkeys(means, float)), marks, "model")
    known = [value for values in means.values() for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)

    def shown(value: object) -> str:
        return "" if math.isnan(float(str(value))) else numbers.quality(float(str(value)))

    def paint(value: object) -> str:
        found = heat(None if math.isnan(float(str(value))) else float(str(value)), low, high)
        return f"background-color: {found[0]}; color: {found[1]}" if found else ""

    styler = frame.style.format(shown, subset=list(means)).map(paint, subset=list(means))
    st.dataframe(
        styler,
        hide_index=True,
        width="stretch",
        height=35 * (min(len(entries), 20) + 1) + 3,
        placeholder="not asked",
        column_config={
            **model_marks.column(marks),
            "model": st.column_config.TextColumn(width=elements.name_width(frame["model"].tolist())),
        },
        alt="Mean quality, models by tasks",
    )
    st.caption("Mean quality; deeper blue is more. Choose a task above for its intervals and standings.")


def _parts(store: ResultsReader, entries: Sequence[ReportEntry], task: str | None) -> None:
    """What each scorer gives, where a task has several."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for entry in entries:
        for name, of_task in store.parts(entry.run.name).items():
            for part, of_part in of_task.items():
                if task in (None, name) and entry.model in of_part:
                    cells = found.setdefault(name, {}).setdefault(part, {})
                    cells[entry.model] = quality_text(of_part[entry.model])
    for name, shown in found.items():
        st.subheader(f"{elements.plain(name, 60)} by scorer", anchor=False)
        columns = {"model": [elements.marked(entry.model) for entry in entries]}
        for part, said in shown.items():
            head = "model (a scorer)" if part == "model" else elements.cell(part, 60)
            columns[head] = [said.get(entry.model, "not asked") for entry in entries]
        elements.text_table(columns, f"What each scorer of {visible(name, limit=60)} gives, models by scorers")


def _across(store: ResultsReader, runs: Sequence[RunInfo], suites: Sequence[str]) -> None:
    if (place := elements.opened("Every suite", key="every suite")) is None:
        return
    with place:
        by_model: dict[str, dict[str, Figures | None]] = {}
        for suite in suites:
            for entry in entries_of(store, suite, readable=runs):
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
    if (place := elements.opened("Model facts", key="model facts")) is None:
        return
    import pandas as pd

    with place:
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
