"""Versus: two models on the same samples. The verdict first, then the tasks, then what changed, one flip at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

import streamlit as st

from evalkit.board import elements
from evalkit.board.review import review_form
from evalkit.errors import StoreError
from evalkit.facts import Figures
from evalkit.records import Outcome
from evalkit.render.cells import run_titles, time_range, usd_range
from evalkit.render.comparison import BY_ANSWER, BY_MEAN, Piece, cost_sentence, sentence, without_score, word_diff
from evalkit.render.differences import FEW, differences_chart, differences_of
from evalkit.render.standings import so_far
from evalkit.results import changes
from evalkit.results.compare import SampleComparison, compare_samples
from evalkit.results.entries import ReportEntry, entries_of, ranked_of
from evalkit.results.items import RowTexts, texts
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import SampleSide
from evalkit.store.runs import RunInfo
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.outcomes import outcome_word

_PAGE = 25
_ANY = "any"
_SEEN = "versus_seen"
"""What was chosen, and the sides, when this page was last drawn: what differs is news."""


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Versus", "Two models on the same samples: B against A.")
    if not runs:
        return
    sides = _sides(store, runs)
    if len(sides) < 2:
        st.info(
            "There is only one model so far. Add a second one to the suite and run it again: what is answered is kept."
        )
        return
    _follow(sides)
    named = run_titles(runs)
    titles = {key: f"{visible(model, limit=60)} · {named[run]}" for key, (run, model) in sides.items()}
    left, right = st.columns(2)
    now, instead = _first_pair(store, sides)
    with left:
        a = sides[elements.choose("A (now)", list(sides), key="a", index=now, titles=titles, pinned=True)]
    with right:
        b = sides[elements.choose("B (instead)", list(sides), key="b", index=instead, titles=titles, pinned=True)]
    st.session_state[_SEEN] = {elements.CHOSEN: elements.chosen(), "a": ":".join(a), "b": ":".join(b)}
    if a == b:
        st.info("Both sides are the same model of the same run. Choose another for B.")
        return
    try:
        entries = _entries(store, runs, a, b)
        whole = compare_samples(store, a, b, ranked=ranked_of(entries, None))
        tasks = changes.tasks_of(store, a, b)
    except StoreError as error:
        st.error(elements.plain(error, 400))
        return
    elements.unreadable_of(store, (a, b))
    names = (elements.plain(a[1], 40), elements.plain(b[1], 40))
    figures = store.summary(a[0]).models[a[1]].all, store.summary(b[0]).models[b[1]].all
    before = so_far(["A", "B"], {"A": store.state(a[0]), "B": store.state(b[0])})
    st.subheader(f"{before}{': ' if before else ''}{sentence(whole, *names)}", anchor=False)
    if told := cost_sentence(*figures):
        st.markdown(f"**{names[1]}: {elements.plain(told, 300)}**")
    if told := without_score(whole, *figures):
        st.caption(told)
    if whole.delta is not None:
        st.caption(f"B scored higher on {whole.gained:,} samples and lower on {whole.lost:,}.")
    _served(store, a, b)
    _figures(store, a, b, whole.delta)
    _differences(store, a, b, tasks, whole, entries)
    _computed(whole)
    _flips(store, a, b, tasks)


def _entries(store: ResultsReader, runs: Sequence[RunInfo], a: SampleSide, b: SampleSide) -> list[ReportEntry]:
    """Who stands on the leaderboard of the one suite that both sides are of; empty where they are of two."""
    suites = {info.suite for info in runs if info.name in (a[0], b[0])}
    if len(suites) != 1 or (suite := suites.pop()) is None:
        return []
    return entries_of(store, suite, readable=runs)


def _served(store: ResultsReader, a: SampleSide, b: SampleSide) -> None:
    """Which model ids the providers reported; a provider can serve another model under the same name."""
    served = [store.summary(run).models[model].served for run, model in (a, b)]
    if not any(served):
        return
    told = [", ".join(elements.plain(name, 60) for name in names[:3]) or "not reported" for names in served]
    st.caption(f"Served as: A {told[0]}; B {told[1]}")
    for letter, names in zip("AB", served, strict=True):
        if len(names) > 1:
            st.warning(f"{letter} was served by {len(names)} models within one run.")


def _sides(store: ResultsReader, runs: list[RunInfo]) -> dict[str, SampleSide]:
    """Every RUN:MODEL with its run and model, the newest run first. A run folder's name may hold a colon too."""
    sides: dict[str, SampleSide] = {}
    for info in runs:
        for model in store.summary(info.name).models:
            sides.setdefault(f"{info.name}:{model}", (info.name, model))
    return sides


def _first_pair(store: ResultsReader, sides: Mapping[str, SampleSide]) -> tuple[int, int]:
    """The places of what stands there before anybody chooses: the baseline of the newest run's gate, also where that
    is a model of an earlier run, and a candidate; else the first two."""
    of = list(sides.values())
    facts = store.facts(of[0][0])
    gate = (facts.suite_resolved.gate if facts.suite_resolved is not None else None) or {}
    named = gate.get("candidates")
    candidates = {name for name in named if isinstance(name, str)} if isinstance(named, list | tuple) else set()
    baseline = gate.get("baseline")
    if baseline is None or not candidates:
        return 0, 1
    instead = next((n for n, (run, model) in enumerate(of) if run == of[0][0] and model in candidates), None)
    own = next((n for n, side in enumerate(of) if side == (of[0][0], baseline)), None)
    now = next((n for n, (_, model) in enumerate(of) if model not in candidates), None) if own is None else own
    return (0, 1) if instead is None or now is None or now == instead else (now, instead)


def _follow(sides: Mapping[str, SampleSide]) -> None:
    """Put what was newly chosen elsewhere on the two sides: one model as B, two as A and B. A link goes first."""
    mine, asked = elements.chosen(), st.query_params
    seen = st.session_state.get(_SEEN)
    linked = bool({"a", "b"} & set(asked)) if seen is None else any(asked.get(k, seen[k]) != seen[k] for k in "ab")
    if linked or (seen is not None and mine == seen[elements.CHOSEN]):
        return
    found = [side for model in mine if (side := next((s for s, of in sides.items() if of[1] == model), None))]
    if found:
        rest = [side for side in sides if side not in found]
        first, second = (found[0], found[1]) if len(found) > 1 else (rest[0], found[0])
        st.session_state["a"], st.session_state["b"] = first, second


def _figures(store: ResultsReader, a: SampleSide, b: SampleSide, delta: float | None) -> None:
    """Cost and time beside the quality; `delta`: its difference over what both sides have a score for."""
    ours, theirs = (store.summary(run).models[model].all for run, model in (a, b))
    figures: tuple[
        tuple[str, Callable[[Figures], float | None], Callable[[float | None], str], Callable[[Figures], str]], ...
    ] = (
        ("Quality", lambda c: c.quality.mean, numbers.quality, lambda c: ""),
        ("USD per 1,000", lambda c: c.cost.usd_per_1k_samples, numbers.usd, usd_range),
        ("First token, p50", lambda c: c.latency.ttft_s.p50, numbers.time, lambda c: time_range(c, "ttft_p50")),
        ("Whole answer, p95", lambda c: c.latency.total_s.p95, numbers.time, lambda c: time_range(c, "total_p95")),
    )
    places = st.columns(4)
    for place, (label, read, show, around) in zip(places, figures, strict=True):
        x, y = read(ours), read(theirs)
        change = None
        if x is not None and y is not None:
            change = numbers.difference(delta) if label == "Quality" else numbers.ratio(y / x) if x else None
        dollar = r"\$"
        place.metric(
            label,
            show(y).replace("$", dollar),
            delta=f"{change or 'no ratio'}, A: {show(x).replace('$', dollar)}",
            delta_color="off",
            delta_arrow="off",
        )
        ranges = [f"{side} {text}" for side, text in (("B", around(theirs)), ("A", around(ours))) if text]
        if ranges:  # of the traffic: samples stand for unequal numbers of requests
            place.caption(f"95 %: {'; '.join(ranges)}".replace("$", dollar))


def _differences(
    store: ResultsReader,
    a: SampleSide,
    b: SampleSide,
    tasks: list[str],
    whole: SampleComparison,
    entries: Sequence[ReportEntry],
) -> None:
    """Over all, by task and by slice: a forest plot, and the same as a table."""
    import pandas as pd

    found = differences_of(store, a, b, tasks, whole, entries)
    if len(found) == 1:
        return
    chart = differences_chart(found)
    if chart is not None:
        elements.draw(chart)
    if told := [(name, one.among) for name, group, one in found if one.among is not None and group == "task"]:
        st.caption("; ".join(f"{elements.plain(name, 60)}: {elements.plain(why, 300)}" for name, why in told) + ".")
    with st.expander("The differences as a table"):
        table = [
            {
                "of": elements.cell(name, 60),
                "B − A, points of 100": numbers.signed_points(one.delta),
                "95 % interval": numbers.points_interval(one.low, one.high),
                "shown": "no" if not one.is_shown else "better" if (one.delta or 0) > 0 else "worse",
                "samples": numbers.count(one.n),
                "better": numbers.count(one.gained),
                "worse": numbers.count(one.lost),
            }
            for name, _, one in found
        ]
        alt = "Differences by task and slice with their intervals"
        st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch", alt=alt)
        if whole.n > FEW:
            st.caption("Slices are not drawn: there are many samples. Choose one below to read its samples.")
        st.caption(
            "A task is decided as the leaderboard of that task decides it. Slices are read one by one: of many, one in "
            "twenty leaves out zero by chance."
        )


def _computed(whole: SampleComparison) -> None:
    """For who asks how: the test by its name, and where it is described."""
    if not whole.method:
        return
    with st.expander("How it was computed"):
        st.markdown(
            "Both models got the same samples, so each sample is compared with itself, and luck with easy samples "
            "cancels out. The 95 % interval holds the differences that these samples do not rule out."
        )
        if whole.unit != "sample":
            st.markdown(BY_ANSWER if whole.unit == "answer" else BY_MEAN)
        st.markdown(f"Test: {elements.plain(whole.method, 200)}. It is described in `docs/gate-statistics.md`.")


def _flips(store: ResultsReader, a: SampleSide, b: SampleSide, tasks: list[str]) -> None:
    st.subheader("Samples", anchor=False)
    places = st.columns(5)
    with places[0]:
        kind = elements.choose("Change", changes.KINDS, key="change", index=4)
    with places[1]:
        task = elements.choose("In task", [_ANY, *tasks], key="in")
    with places[2]:
        words = {_ANY: _ANY} | {str(one): outcome_word(one) for one in Outcome}
        outcome = elements.choose("Outcome", list(words), key="outcome", titles=words)
    with places[3]:
        order = elements.choose("Order", changes.ORDERS, key="order")
    with places[4]:
        text = st.text_input(
            "Containing", key="text", bind="query-params", type="search", placeholder="in prompt or answer"
        )
    slices = changes.slices_of(store, a)
    chosen = None
    if slices:
        labels = {f"{name} = {value}": (name, value) for name, value in slices}
        chosen = labels.get(elements.choose("Slice", [_ANY, *labels], key="slice"))
    only = partial(
        changes.list_changes,
        store,
        a,
        b,
        limit=_PAGE,
        kind=kind,
        task=None if task == _ANY else task,
        outcome=None if outcome == _ANY else outcome,
        text=text or "",
        slice=chosen,
        order=order,
    )
    page = max(1, int(st.session_state.get("page") or 1))
    rows, n = only(offset=(page - 1) * _PAGE)
    if not rows and page > 1:  # fewer pages than before the filter
        page = st.session_state["page"] = 1
        rows, n = only(offset=0)
    if not rows:
        st.info("No sample fits. Loosen a filter: “every sample” shows all of them.")
        return
    pages = -(-n // _PAGE)
    if pages > 1:
        st.pagination(pages, key="page")
    _list(rows, n, page)
    at = st.session_state.get("versus_flips", {}).get("selection", {}).get("rows") or [0]
    _one(store, a, b, rows[min(at[0], len(rows) - 1)])


def _list(rows: list[changes.ChangedSample], n: int, page: int) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "task": [elements.cell(row.task, 60) for row in rows],
            "sample": [elements.cell(row.sample_id, 60) for row in rows],
            "A": [f"{outcome_word(row.a.outcome)} {numbers.quality(row.a.score)}" for row in rows],
            "B": [f"{outcome_word(row.b.outcome)} {numbers.quality(row.b.score)}" for row in rows],
            "cost A": [numbers.usd(row.a.cost_usd) for row in rows],
            "cost B": [numbers.usd(row.b.cost_usd) for row in rows],
            "time A": [numbers.time(row.a.total_s) for row in rows],
            "time B": [numbers.time(row.b.total_s) for row in rows],
        }
    )
    first = (page - 1) * _PAGE + 1
    st.caption(f"{first:,} to {first + len(rows) - 1:,} of {n:,}. Select one to read it.")
    st.dataframe(
        frame, hide_index=True, width="stretch", height=min(38 * len(rows) + 40, 300), key="versus_flips",
        on_select="rerun", selection_mode="single-row", alt="Samples on which the two models differ",
    )  # fmt: skip


def _one(store: ResultsReader, a: SampleSide, b: SampleSide, row: changes.ChangedSample) -> None:
    """A sample with both answers side by side."""
    place = (row.task, row.sample_digest, row.occurrence)
    keys = [(side, (side[1], *place, told.repeat)) for side, told in ((a, row.a), (b, row.b))]
    found = {run: texts(store, run, [key for side, key in keys if side[0] == run]) for run in {a[0], b[0]}}
    said = [found[side[0]].get(key, RowTexts()) for side, key in keys]
    st.markdown(f"**{elements.plain(row.task, 60)} · {elements.plain(row.sample_id, 60)}**")
    elements.link(st.container(), "sample", "This sample through every model", {"item": row.sample_digest})
    with st.expander("The prompt as sent", expanded=True):
        shown = said[0] if said[0].prompt else said[1]
        elements.prompt(shown, key="prompt")
    target = said[0].target or said[1].target
    if target:
        st.text(f"Right answer: {visible(target, limit=500)}")
    marked = word_diff(elements.shown(said[0].text or ""), elements.shown(said[1].text or ""))
    if marked:
        st.caption("Words of A alone are struck out, words of B alone are underlined.")
    columns = st.columns(2)
    for n, (column, (side, key)) in enumerate(zip(columns, keys, strict=True)):
        name, told = "ab"[n], (row.a, row.b)[n]
        with column:
            label, score = elements.plain(side[1], 40), numbers.quality(told.score)
            st.markdown(f"**{name.upper()}: {label}** · {outcome_word(told.outcome)} · {score}")
            elements.own_prompt(said[n], shown, key=f"prompt-of-{name}")
            slot = f"{name}-{row.sample_digest[:12]}"
            elements.say_answer(
                said[n], key=slot, reasoning_key=f"reasoning-{slot}", marked=_html(marked[n], n) if marked else None
            )
            review_form(store, side[0], key, slot=slot)


_MARKS = (("del", "#D55E0033"), ("ins", "#009E7333"))
"""Of A and B: the element, which strikes out or underlines, and its ground, through which every page shines."""


def _html(pieces: Sequence[Piece], side: int) -> str:
    """An answer as HTML: every text of it is escaped (and `visible` already), what only it says marked."""
    tag, ground = _MARKS[side]
    told = "".join(
        f'<{tag} style="background:{ground}">{escape(text)}</{tag}>' if own else escape(text) for text, own in pieces
    )
    style = "white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.6 monospace;border:1px solid #7d7d7d66"
    return f'<div style="{style};border-radius:.5rem;padding:1rem">{told}</div>'
