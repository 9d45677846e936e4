"""What several pages show: hostile text, warnings, pickers, the empty folder.

Streamlit renders Markdown in most labels. Names and answers are other people's text, so they pass through `plain`
(labels) or `say` (texts): nothing of theirs becomes a heading, a link or an image.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from evalkit.installed import first_commands
from evalkit.render import standings
from evalkit.render.cells import run_titles
from evalkit.render.vega import Chart
from evalkit.results.items import RowTexts
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import SampleSide
from evalkit.store.runs import RunInfo, newest_first
from evalkit.store.transcript import transcript
from evalkit.text import numbers
from evalkit.text.escape import csv_cell, markdown_label, visible

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from evalkit.results.entries import ReportEntry

SHOWN = 20_000
"""Characters of one text that a page shows: more freezes a browser. The rest can be downloaded."""
PAGES = "evalkit pages"
"""Where `app` keeps its pages for links between them."""
CHOSEN = "models"
"""Key, in the session and in the address, of the chosen models."""
COMPARING = "Every model is compared with the leader."
"""Said while standings are computed."""
_OPEN = 8
"""Warnings that stand open on a page."""
_LINE = 2_000
"""Characters of one line: beyond it a browser lays out for seconds."""


def plain(text: object, limit: int = 80) -> str:
    """Somebody's text as Markdown that shows just these characters."""
    return markdown_label(text, limit=limit)


def shell(name: str) -> str:
    """A name as one word of a command that a reader copies into a terminal, whatever the name holds."""
    return shlex.quote(visible(name, limit=400))


def cell(text: object, limit: int) -> str:
    """Somebody's text for a table, which readers download and open in a spreadsheet: no formula, no escapes."""
    return visible(csv_cell(str(text)), limit=limit)


def shown(text: str) -> str:
    """A long text as it is put on a page: escapes written out, endless lines folded, the end cut."""
    kept = visible(text, limit=SHOWN, lines=True)
    folded = (line[at : at + _LINE] for line in kept.split("\n") for at in range(0, max(len(line), 1), _LINE))
    return "\n".join(folded)


def say(text: str | None, *, key: str, what: str = "text") -> None:
    """A model's text, as text; with a download where it does not fit."""
    if not text:
        st.caption(f"no {what}")
        return
    st.code(shown(text), language=None, wrap_lines=True)
    if len(text) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(text):,} characters.")
        st.download_button(
            f"Download the whole {what}", text.encode("utf-8", "backslashreplace"), f"{what}.txt", key=f"whole-{key}"
        )


def prompt(answer: RowTexts, *, key: str) -> None:
    """What was sent for an answer (`results.items.texts`): messages, and the functions that were offered."""
    for n, message in enumerate(answer.prompt):
        st.caption(message.role)
        say(transcript(message.text, message.calls), key=f"{key}-{n}", what="prompt")
    if answer.tools:
        st.caption("functions offered")
        say(json.dumps(answer.tools, indent=1, ensure_ascii=False), key=f"{key}-tools", what="list of functions")


_LONGEST_TRACE = 4_000
"""Characters of a trace that are shown."""


def say_answer(answer: RowTexts, *, key: str, reasoning_key: str, marked: str | None = None) -> None:
    """What a model said, with what the scorer and the provider said of it. `marked`: its text as HTML of ours,
    every word of it escaped."""
    if marked is not None:
        st.html(marked)
    else:
        say(answer.text, key=key, what="answer")
    for label, text in answer.notes:
        st.text(f"{label}: {visible(text, limit=600)}")
    if answer.trace:
        st.caption("Trace of the application")
        st.code(shown(answer.trace[:_LONGEST_TRACE]), language=None, wrap_lines=True)
    if answer.reasoning:
        with st.expander("Reasoning"):
            say(answer.reasoning, key=reasoning_key, what="reasoning")


def own_prompt(answer: RowTexts, first: RowTexts, *, key: str) -> None:
    """The prompt of an answer where it is not the one shown above: in later turns of a conversation it holds what this
    very model had said before."""
    if answer.prompt and answer.prompt != first.prompt:
        with st.expander("Its own prompt, which differs from the one above"):
            prompt(answer, key=key)


def opened(label: str, *, key: str) -> DeltaGenerator | None:
    """A place that a reader opens; None while it is closed. A browser would build tables in it that nobody looks at
    before it shows the first one of the page."""
    place = st.expander(label, key=key, on_change="rerun")
    return place if place.open else None


def problems(store: ResultsReader, runs: Sequence[RunInfo]) -> None:
    """Names what cannot be read and why; says nothing where all is well."""
    bad = [(info.name, info.problem or store.problem(info.name)) for info in runs]
    bad = [(name, why) for name, why in bad if why]
    if not bad:
        return
    with st.sidebar.expander(
        f"{len(bad)} of {numbers.plural(len(runs), 'run folder')} cannot be read and "
        f"{'is' if len(bad) == 1 else 'are'} left out",
        icon="⚠️",
    ):
        for name, why in bad:
            st.text(f"{visible(name)}: {visible(str(why), limit=500)}")


def first_command(store: ResultsReader) -> None:
    """What to type where there is nothing to show yet."""
    st.info("There are no results here yet. The first run needs no key and no network:")
    st.code("\n".join(first_commands()), language="bash")
    st.text(f"Looked in: {visible(str(store.results), limit=300)}")
    st.caption("Elsewhere? Start the board with `evalkit board --results DIR`, or set `EVALKIT_RESULTS`.")


def begin(store: ResultsReader, title: str, about: str) -> list[RunInfo]:
    """The head of a page; the runs that can be shown, the newest one that is a result first (an empty list after saying
    what to do). A run that a gate decided early is a result; one that was cut or did not end comes behind."""
    from evalkit.errors import StoreError

    st.title(title, anchor=False)
    st.caption(about)
    try:
        every = store.runs()
    except StoreError as error:
        st.error(plain(str(error), 500))
        return []
    readable = store.readable(every)
    if not readable:
        problems(store, every)
        if every:
            which = "The run in this folder" if len(every) == 1 else f"None of the {len(every)} runs in this folder"
            st.error(f"{which} {'cannot' if len(every) == 1 else 'can'} be read. *Runs* says why, run by run.")
        else:
            first_command(store)
        return []
    readable.sort(key=lambda info: info.rank)  # stable: the newest first within each
    names = dict.fromkeys(model for info in readable for model in store.summary(info.name).models)
    st.sidebar.multiselect(
        "Selected models",
        list(names),
        key=CHOSEN,
        format_func=lambda name: visible(str(name), limit=60),
        placeholder="none",
        help="Chosen here, on the leaderboard or on the trade-off chart; marked on every page and kept in the address.",
        bind="query-params",
        persist_state="session",
    )
    titles = run_titles(readable)
    for info in newest_first(readable):
        if info.status == "running":
            said = (
                f"{plain(titles[info.name], 120)}: {plain(store.state(info.name))}. The pages show complete runs first."
            )
            st.sidebar.info(said)
    problems(store, every)
    return readable


def sources(store: ResultsReader, runs: Iterable[str]) -> None:
    """Where the figures of imported runs come from, in the words of whoever imported them."""
    for run in dict.fromkeys(runs):
        imported = store.facts(run).imported
        if imported is not None and imported.source:
            st.caption(
                f"Figures of another tool ({plain(imported.tool or 'a table', 80)}): {plain(imported.source, 300)}"
            )


def chosen() -> list[str]:
    """The models that the reader has chosen, in that order."""
    return list(st.session_state.get(CHOSEN) or ())


def marked(model: str) -> str:
    """The name as it stands in a table: with a star where it is chosen."""
    return f"{'★ ' if model in chosen() else ''}{cell(model, 60)}"


def name_width(names: Sequence[str]) -> int:
    """Pixels of a table's column of names: the longest with air on both sides. Streamlit's own width leaves none."""
    return max(100, min(360, 28 + 7 * max(map(len, names), default=0)))


def choose_models(names: Sequence[str]) -> None:
    """Choose these on every page. From a callback only: Streamlit takes no values for what is already drawn."""
    st.session_state[CHOSEN] = list(names)


def draw(chart: Chart, *, key: str | None = None, on_select: Callable[[], None] | None = None) -> None:
    """A chart with its words. `on_select`: called when a point was clicked."""
    st.vega_lite_chart(
        chart.spec, width="stretch", key=key, on_select="ignore" if on_select is None else on_select, alt=chart.alt
    )


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    index: int = 0,
    help: str | None = None,
    titles: Mapping[str, str] | None = None,
    pinned: bool = False,
) -> str:
    """One of some names, kept in the URL under `key` and across pages. `titles`: how options are written, by name;
    `pinned`, with those: it stands in the URL even where nobody chose it, since the first of tomorrow is another."""
    if titles is not None:
        return _choose_titled(label, list(options), key, help, titles, options[min(index, len(options) - 1)], pinned)
    picked: str = st.selectbox(
        label,
        list(options),
        index=min(index, len(options) - 1),
        key=key,
        format_func=lambda name: visible(str(name), limit=80),
        bind="query-params",
        persist_state="session",
        help=help,
    )
    return picked if picked in options else options[0]


def _choose_titled(
    label: str, options: list[str], key: str, help: str | None, titles: Mapping[str, str], default: str, pinned: bool
) -> str:
    """`choose` where options are written otherwise than they are named: Streamlit would put the written form into the
    address, which nobody could link to. Says so where the address names none of them."""
    written, linked = f"written {key}", st.query_params.get(key)
    if linked in options and linked != st.session_state.get(written):
        st.session_state[key] = linked
    if st.session_state.get(key) not in options:
        st.session_state[key] = default
    picked: str = st.selectbox(
        label,
        options,
        key=key,
        format_func=lambda name: visible(titles.get(str(name), str(name)), limit=100),
        persist_state="session",
        help=help,
    )
    if linked is not None and linked not in options and linked != st.session_state.get(written):
        st.warning(  # its own words are no text of ours: anybody can write an address
            f"The address names something that this page cannot show under “{label}”: it is not here, or has nothing "
            f"for it. What follows is of {plain(titles.get(picked, picked), 160)}."
        )
    st.session_state[written] = picked
    if pinned or picked != default or linked is not None:
        st.query_params[key] = picked
    return picked


def run_of(runs: Sequence[RunInfo], names: Sequence[str] | None = None) -> str:
    """The run that the page is about, of these names (None: of all), by suite and time. Where a newer one of the same
    suite is there, the page says so and what it is."""
    of, titles = names or [info.name for info in runs], run_titles(runs)
    run = choose("Run", of, key="run", titles=titles, pinned=True)
    listed = newest_first(info for info in runs if info.name in of)
    suite = next(info.suite for info in listed if info.name == run)
    newest = next(info for info in listed if info.suite == suite)
    if newest.name != run:
        what = f"{newest.status} ({newest.part})" if newest.part else newest.status
        st.info(f"A newer run of this suite is there: {plain(titles[newest.name], 160)}, {plain(what, 200)}.")
    return run


def task_of(tasks: Sequence[str]) -> str | None:
    """The task that the page is about; None for all of them, and where there is only one."""
    every = "all tasks"
    task = choose("Task", [every, *tasks], key="task") if len(tasks) > 1 else every
    return None if task == every else task


def suite_of(runs: Sequence[RunInfo]) -> str:
    """The suite that the pages are about."""
    from evalkit.results.entries import suites

    return choose("Suite", suites(runs), key="suite")


def models_and_task(
    store: ResultsReader, runs: Sequence[RunInfo]
) -> tuple[list[ReportEntry], list[str], str | None, DeltaGenerator]:
    """The models of the suite that the page is about, its tasks and the one chosen, and a place beside the choices."""
    from evalkit.results.entries import entries_of

    left, middle, right = st.columns([2, 2, 3])
    with left:
        entries = entries_of(store, suite_of(runs), readable=runs)
    tasks = list(dict.fromkeys(task for entry in entries for task in entry.cells.tasks))
    with middle:
        return entries, tasks, task_of(tasks), right


def warn(entries: Sequence[ReportEntry]) -> None:
    """What a reader should beware of, one line a model."""
    lines = [(entry.model, "; ".join(entry.warnings)) for entry in entries if entry.warnings]
    said = "\n".join(f"- ⚠️ **{plain(model)}**: {plain(text, 600)}" for model, text in lines)
    if len(lines) > _OPEN:
        with st.expander(f"Beware: {len(lines)} models have warnings", icon="⚠️"):
            st.markdown(said)
    elif lines:
        st.markdown(said)


def unreadable(store: ResultsReader, entries: Sequence[ReportEntry]) -> None:
    """In red, which models' answers could too often not be read, with examples and the way out."""
    unreadable_of(store, [(entry.run.name, entry.model) for entry in entries])


def unreadable_of(store: ResultsReader, sides: Sequence[SampleSide]) -> None:
    """The same of (run, model)."""
    from evalkit.results.unreadable import unreadable_of as find

    found = [one for run in dict.fromkeys(run for run, _ in sides) for one in find(store, run)]
    for one in [one for one in found if (one.run, one.model) in sides][:_OPEN]:
        st.error(f"{plain(one.finding, 400)}  \n{' · '.join(plain(text, 180) for text in one.quoted)}")
        if one.option:
            st.caption(plain(one.advice, 200))
            st.code(f"score: {visible(one.option, limit=400)}\n{visible(one.command, limit=800)}", language=None)
        else:
            st.caption(plain(one.advice, 300))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, as Markdown: "a, b and c"; of many the first, and how many more."""
    return standings.listed([plain(name, 40) for name in names])


def facts_table(rows: Mapping[str, object], alt: str) -> None:
    """Two columns of plain text."""
    import pandas as pd

    frame = pd.DataFrame({"": list(rows), "value": [cell(v, 400) for v in rows.values()]})
    st.dataframe(frame, hide_index=True, width="stretch", alt=alt)


def text_table(columns: Mapping[str, Sequence[str]], alt: str) -> None:
    """A table of other people's texts, by column."""
    import pandas as pd

    frame = pd.DataFrame({name: [cell(text, 1_000) for text in texts] for name, texts in columns.items()})
    st.dataframe(frame, hide_index=True, width="stretch", alt=alt)


def link(place: DeltaGenerator, page: str, label: str, query: Mapping[str, str] | None = None) -> None:
    """A link to another page with its query and what is chosen; a page that stands alone (a test) says its name."""
    pages = st.session_state.get(PAGES, {})
    if page in pages:
        place.page_link(pages[page], label=label, query_params={CHOSEN: chosen()} | dict(query or {}))
    else:
        place.caption(f"{label}: page {page}")
