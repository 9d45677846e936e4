"""Start, stop and resume a run from the page Runs, where `evalkit board --allow-runs DIR` lets it (`orders`)."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from evalkit.board import elements, orders, sign_in
from evalkit.board.orders import NotStarted, Order, Planned, StartedRun
from evalkit.cost.reports import ModelForecast
from evalkit.render.bill import floor_line, forecast_columns, forecast_total, gate_line, receiver_line, tools_line
from evalkit.results.reader import ResultsReader
from evalkit.text import numbers
from evalkit.text.escape import visible

_EVERY_S = 2
_UNLOCKED = "may start runs"
_PLAN = "plan of a run"
_STOPPED = (130, 143)
"""Exit codes of a run that a person stopped."""


def section(store: ResultsReader) -> None:
    """What was started here, and a form for the next; nothing where the board was started without leave."""
    if not orders.allowed():
        return
    with st.container(border=True):
        st.subheader("Start a run", anchor=False)
        if not st.session_state.get(_UNLOCKED):
            _ask_for_code()
            return
        _jobs(store)
        _form(store)
        if (plan := st.session_state.get(_PLAN)) is not None:
            _agree(store, plan)


def _ask_for_code() -> None:
    with st.form("code", border=False):
        typed = st.text_input("Code from the terminal", type="password", max_chars=40)
        if not st.form_submit_button("Unlock"):
            st.caption("It stands where the board was started, so that nobody else on this machine spends your money.")
            return
    if not orders.is_code(typed):
        st.error("This is not the code of this board.")
        return
    st.session_state[_UNLOCKED] = True
    st.rerun()


def _form(store: ResultsReader) -> None:
    names = orders.suites()
    if not names:
        st.info(f"There is no suite in {elements.plain(str(orders.folder()), 300)}.")
        return
    titles = _titles(names)
    with st.form("order", border=False):
        left, middle, right = st.columns([3, 2, 2])
        name = left.selectbox("Suite", names, format_func=lambda one: titles[str(one)])
        most = middle.number_input(
            "Stop before (USD)",
            min_value=0.01,
            max_value=1_000_000.0,
            value=None,
            step=1.0,
            format="%.2f",
            placeholder="required",
            help="Answers, judges and earlier sessions of the same run together.",
        )
        cut = right.number_input("Samples of each task", min_value=1, value=None, step=1, placeholder="all")
        asked = st.form_submit_button("Show what it would take")
    st.caption(
        "Whoever started the board has set keys and policy for every run here. A suite that runs code of its own "
        "(`--allow-suite-code`) or needs other options is run on the command line."
    )
    if not asked:
        return
    if most is None or name is None:
        st.session_state.pop(_PLAN, None)
        st.error("Say at how many dollars the run has to stop.")
        return
    _plan(store, Order(name, f"{most:.2f}", None if cut is None else int(cut)))


def _titles(names: list[str]) -> dict[str, str]:
    """What is shown of names of files, each once: Streamlit tells options apart by what it shows of them."""
    shown, seen = {}, Counter[str]()
    for name in names:
        title = visible(name, limit=300)
        seen[title] += 1
        shown[name] = title if seen[title] == 1 else f"{title} ({seen[title]})"
    return shown


def _plan(store: ResultsReader, order: Order) -> None:
    st.session_state.pop(_PLAN, None)
    try:
        with st.spinner("Reading the suite. Nothing is sent."):
            st.session_state[_PLAN] = orders.planned(order, store.results)
    except NotStarted as error:
        st.error("It cannot be run as it is:")
        st.code(visible(str(error), limit=8_000, lines=True), language=None, wrap_lines=True)


def _agree(store: ResultsReader, plan: Planned) -> None:
    """What the plan says, and the button under it."""
    report, order = plan.report, plan.order
    tasks = numbers.plural_of({visible(name, limit=60): n for name, n in report["tasks"].items()}, "sample")
    with st.container(border=True):
        repeats = f", each {report['repeats']} times" if report["repeats"] > 1 else ""
        cut = f", at most {numbers.count(order.limit)} of each task" if order.limit is not None else ""
        st.markdown(f"**{elements.plain(report['suite'], 80)}** ({elements.plain(order.suite, 300)})")
        st.text(f"{tasks}{repeats}{cut}. Nothing has been sent.")
        _forecast("model", report["models"])
        if report["judges"]:
            _forecast("judge", report["judges"])
        every = [*report["models"], *report["judges"]]
        st.text("\n".join([*map(receiver_line, every), *map(tools_line, report["tools"])]))
        for note in report["notes"]:
            st.text(f"note: {visible(note, limit=1_000)}")
        for look in report["gate"]:
            st.text(gate_line(look))
        for floor in report.get("floors", []):
            st.text(floor_line(floor))
        if report["continues"] is not None:
            st.text(f"Goes on with {visible(report['continues'], limit=120)}: what was answered is not asked again.")
        most = numbers.usd(float(order.max_cost_usd))
        st.text(f"In all {forecast_total(every)}. The run stops before {most}.")
        go, leave, _ = st.columns([2, 1, 4])
        if go.button(f"Start, for at most {elements.plain(most)}", type="primary", width="stretch"):
            _start(store, plan)
        if leave.button("Leave it", width="stretch"):
            st.session_state.pop(_PLAN, None)
            st.rerun()


def _forecast(who: str, models: list[ModelForecast]) -> None:
    columns = forecast_columns(who, models)
    elements.text_table({column.header: column.texts for column in columns}, alt="What a run would take")


def _start(store: ResultsReader, plan: Planned) -> None:
    st.session_state.pop(_PLAN, None)
    try:
        orders.start(plan, sign_in.name() or "", store.results)
    except NotStarted as error:
        st.error(elements.plain(str(error), 400))
        return
    st.rerun()


def _jobs(store: ResultsReader) -> None:
    """What was started here since the board began; looks again by itself while something runs."""
    found = orders.jobs(store.results)
    drawn = [(id(job), job.run, job.code, job.n_stops) for job in found]

    @st.fragment(run_every=_EVERY_S if any(job.code is None for job in found) else None)
    def watch() -> None:
        now = orders.jobs(store.results)
        if [(id(job), job.run, job.code, job.n_stops) for job in now] != drawn:
            st.rerun(scope="app")
        for job in now:
            _job(store, job)

    if found:
        watch()


def _job(store: ResultsReader, job: StartedRun) -> None:
    words, first, second = st.columns([5, 1, 1], vertical_alignment="center")
    by = f" by {visible(job.by, limit=80)}" if job.by else ""
    words.text(f"{visible(job.order.suite, limit=200)}, started {job.at:%H:%M} UTC{by}: {_state(job)}")
    if job.code is None:
        label = "Stop at once" if job.n_stops else "Stop"
        if first.button(label, key=f"stop-{job.key}", width="stretch", help="As Ctrl-C: what was answered is kept."):
            orders.stop(job)
            st.rerun(scope="app")
        return
    if job.can_go_on and first.button("Go on", key=f"go-on-{job.key}", width="stretch"):
        _plan(store, job.order)
        if _PLAN in st.session_state:
            st.rerun(scope="app")
    if second.button("Hide", key=f"hide-{job.key}", width="stretch"):
        orders.forget(job)
        st.rerun(scope="app")
    if job.code not in {0, *_STOPPED} and (said := orders.last_words(job)):
        st.code(said, language=None, wrap_lines=True)


def _state(job: StartedRun) -> str:
    if job.code is None:
        if job.n_stops:
            return "stopping, waits for the answers under way"
        return f"running as {visible(job.run, limit=120)}" if job.run else "starting"
    if job.code == 0:
        return "complete"
    if job.can_go_on:
        return f"{'stopped' if job.code in _STOPPED else 'incomplete'}; what was answered is kept"
    return f"failed (exit code {job.code})"
