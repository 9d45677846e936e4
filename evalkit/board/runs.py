"""Runs: how each ended, what failed and why, and what a live run is doing now."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import streamlit as st

from evalkit.board import elements, model_marks, start
from evalkit.errors import StoreError
from evalkit.facts import Figures, ModelSummary, RunFacts
from evalkit.render.cells import run_titles
from evalkit.render.maker_marks import MakerMark
from evalkit.results.items import ErrorGroup, errors_of
from evalkit.results.reader import ResultsReader
from evalkit.results.state import given_up_rows, rows_of_each
from evalkit.store import run_lock
from evalkit.store.judge_files import FOLDER
from evalkit.store.runs import RunInfo, newest_first
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.given_up import why_given_up

_COLUMNS = ("started", "suite", "status", "rows", "errors", "spent", "run", "models")
_NAME = re.compile(r"(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)\d\dZ-[^-]+")
"""Of a run: its suite and when it began (UTC), which the name of its folder says where run.json cannot."""
_MOST_DAMAGED = 20
_RESUMED_S = 5.0
"""A session that began so long after its run resumes an earlier one."""
_EVERY_S = 2
"""How often a live run is looked at: its journal is read anew, which costs the machine that measures."""


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Runs", "What was measured, how it ended, and what is running now.")
    start.section(store)
    if not runs:
        _list(store, [])
        return
    for info in runs:
        if info.status == "running":
            _live(store, info)
    _list(store, newest_first(runs))
    run = elements.run_of(runs)
    _one(store, next(info for info in runs if info.name == run))


def _live(store: ResultsReader, info: RunInfo) -> None:
    """A fragment of the page that refreshes itself while the run goes on."""
    run, results, looks = info.name, store.results, count()

    @st.fragment(run_every=_EVERY_S)
    def watch() -> None:
        store = ResultsReader.of_now(results)
        try:
            facts, summary, state = store.facts(run), store.summary(run), store.state(run)
        except StoreError as error:
            st.error(elements.plain(error, 300))
            return
        if next(looks) and state.status != "running":
            st.rerun(scope="app")  # it has ended since the page was drawn
        n, total, judging = state.n, state.total or 0, state.phase == "judging"
        began = store.facts(f"{run}/{FOLDER}").started_at if judging else None
        who = store.judges(run) if judging else summary.models
        pace = _pace(store, run, began or facts.started_at or "", _counts(who, n))
        took, rate = pace.took, pace.rate("", n)
        given_up = {name for name in facts.models or () if why_given_up(name, facts.reasons)}
        owed = total - n - (0 if judging else given_up_rows(facts, summary))
        left = f"about {numbers.duration(owed / rate)} left" if rate and owed >= 0 else "time left unknown"
        errors = sum(model.all.n_failed for model in summary.models.values())
        with st.container(border=True):
            what = "is being judged" if judging else "is running"
            title = run_titles([info])[info.name]
            st.markdown(f"**{elements.plain(title, 100)} {what}**")
            unit = "verdicts" if judging else "answers"
            st.progress(min(1.0, n / total) if total else 0.0, text=f"{n:,} of {total:,} {unit}")
            so_far = f"{errors:,} failed · {numbers.duration(took)} so far"
            st.text(f"{numbers.rate(rate)} {unit}/s · {left} · {so_far}")
            marks = model_marks.of_run(store, run)
            lines = _lines_of(facts, summary.models, given_up, judging=judging)
            _by_model(lines, pace, "The live run, model by model", marks)
            if judging:
                verdicts = [_LiveLine(name, "judging", judge.all, None) for name, judge in who.items()]
                _by_model(verdicts, pace, "Its judges, one by one", marks)
            for name in sorted(given_up):
                st.text(visible(f"{name} is asked no further: {why_given_up(name, facts.reasons)}", limit=400))

    watch()


@dataclass(frozen=True, slots=True)
class _Pace:
    """How fast a run is since a moment."""

    seconds: float
    before: Mapping[str, int]
    """Answers by then, by model; all together under ""."""
    took: float
    """Seconds since this session of the run began."""

    def rate(self, name: str, n: int) -> float | None:
        """Answers a second; None where too little was seen."""
        return (n - self.before.get(name, 0)) / self.seconds if self.seconds >= 1 else None


def _pace(store: ResultsReader, run: str, began: str, counts: Mapping[str, int]) -> _Pace:
    """Since the run began; of one that is resumed since this page first saw it, because what earlier sessions
    answered says nothing of now."""
    now, first = datetime.now(UTC).timestamp(), datetime.fromisoformat(began).timestamp()
    taken = run_lock.taken_at(store.path(run)) or first
    if taken - first < _RESUMED_S:
        return _Pace(now - first, {}, now - first)
    key = ("pace", run, taken, began)
    at, before = st.session_state.setdefault(str(key), (now, dict(counts)))
    return _Pace(now - at, before, now - taken)


def _counts(who: Mapping[str, ModelSummary], n: int) -> dict[str, int]:
    return {"": n} | {name: one.all.n for name, one in who.items()}


@dataclass(frozen=True, slots=True)
class _LiveLine:
    """A model or a judge of a live run."""

    name: str
    phase: str
    """asking, judging, done, given up; waiting: nothing came yet."""
    cell: Figures | None
    """None: nothing came yet."""
    each: int | None
    """How many answers are wanted of it; None: not known."""


def _lines_of(
    facts: RunFacts, models: Mapping[str, ModelSummary], given_up: Collection[str], *, judging: bool
) -> list[_LiveLine]:
    each, found = rows_of_each(facts), []
    for name in facts.models or models:
        cell = models[name].all if name in models else None
        n = cell.n if cell is not None else 0
        if name in given_up:
            phase = "given up"
        elif judging or (each is not None and n >= each):
            phase = "done"
        else:
            phase = "asking" if n else "waiting"
        found.append(_LiveLine(name, phase, cell, each))
    return found


def _by_model(lines: Sequence[_LiveLine], pace: _Pace, alt: str, marks: Callable[[str], MakerMark]) -> None:
    """A line a model: how far it is, how fast, when it is done, what it cost, how often it was asked again."""
    import pandas as pd

    rows = []
    for line in lines:
        cell, each = line.cell, line.each
        n = cell.n if cell is not None else 0
        moves = line.phase in {"asking", "judging"}
        rate = pace.rate(line.name, n) if moves else None
        left = max(0, each - n) if each is not None and moves else None
        unpriced = cell.cost.n_unknown if cell is not None else 0
        spent = numbers.usd(cell.cost.known_usd if cell is not None else 0.0)
        if cell is not None and unpriced:
            whole = unpriced + cell.n_failed == n and not cell.cost.known_usd
            spent = numbers.UNKNOWN if whole else f"{spent} + {numbers.count(unpriced)} unpriced"
        rows.append(
            {
                "model": elements.marked(line.name),
                "phase": line.phase,
                "answers": numbers.count(n) + (f" of {numbers.count(each)}" if each is not None else ""),
                "a second": numbers.rate(rate),
                "left": numbers.duration(left / rate) if left and rate else numbers.UNDEFINED,
                "spent": spent,
                "asked again": numbers.count(cell.latency.n_retried if cell is not None else 0),
                "failed": numbers.count(cell.n_failed if cell is not None else 0),
            }
        )
    if rows:
        model_marks.table(pd.DataFrame(rows), [marks(line.name) for line in lines], alt=alt)


def _list(store: ResultsReader, runs: Sequence[RunInfo]) -> None:
    import pandas as pd

    rows = []
    for info in runs:
        summary, facts = store.summary(info.name), store.facts(info.name)
        cells = [model.all for model in summary.models.values()]
        judges = [judge.all for judge in store.judges(info.name).values()]
        rows.append(
            {
                "started": (info.started_at or "")[:16].replace("T", " "),
                "suite": elements.cell(info.suite or "", 60),
                "status": elements.cell(store.state(info.name), 60),
                "models": elements.cell(", ".join(map(elements.marked, summary.models)), 120),
                "rows": f"{numbers.count(summary.n_rows)} of {numbers.count(facts.n_rows)}",
                "errors": numbers.count(sum(cell.n_failed for cell in cells)),
                "spent": _spent(facts, [*cells, *judges]) if cells else numbers.UNDEFINED,
                "run": elements.cell(info.name, 120),
            }
        )
    damaged = [(info, problem) for info in _every(store) if (problem := info.problem or store.problem(info.name))]
    for info, _ in damaged:
        named = _NAME.fullmatch(info.name)
        rows.append(
            dict.fromkeys(_COLUMNS, "")
            | {
                "started": "{}-{}-{} {}:{}".format(*named.groups()[1:]) if named else "",
                "suite": elements.cell(named[1], 60) if named else "",
                "status": "cannot be read",
                "run": elements.cell(info.name, 120),
            }
        )
    if not rows:
        return
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    st.dataframe(frame, hide_index=True, width="stretch", alt="Every run, newest first, then what cannot be read")
    for info, problem in damaged[:_MOST_DAMAGED]:
        said = problem.replace(f"{info.path}/", "")
        st.warning(f"**{elements.plain(info.name, 120)}** cannot be read: {elements.plain(said, 400)}")


def _every(store: ResultsReader) -> list[RunInfo]:
    """Every run, damaged ones too; none where the folder itself cannot be read, which the head of the page says."""
    with suppress(StoreError):
        return store.runs()
    return []


def _spent(facts: RunFacts, cells: Sequence[Figures]) -> str:
    """What the run paid, its judges included; what is known of it where some answers have no price."""
    spend = [cell.cost.spend_usd for cell in cells]
    if None not in spend:
        return numbers.usd(sum(float(s) for s in spend if s is not None))
    unpriced = sum(cell.cost.n_unknown for cell in cells)
    known = facts.spent_usd
    if known is None:  # it is written as a session ends; until then: models and judges all of whose spend is known
        known = Decimal(str(sum(float(s) for s in spend if s is not None)))
    if not unpriced:
        return numbers.UNKNOWN
    return f"{numbers.usd(known)} + {numbers.count(unpriced)} unpriced" if known else numbers.UNKNOWN


def _one(store: ResultsReader, info: RunInfo) -> None:
    facts = store.facts(info.name)
    for reason in facts.reasons:
        st.warning(elements.plain(reason, 400))
    errors = errors_of(store, info.name)
    if errors:
        st.subheader("Errors", anchor=False)
        _errors(errors, model_marks.of_run(store, info.name))
    else:
        st.success("No request of this run failed.")
    with st.expander("Facts of the run"):
        elements.facts_table(_facts(info, facts), alt="Facts of the run")
    with st.expander("Take it elsewhere"):
        name = elements.shell(info.name)
        st.code(f"evalkit show {name}\nevalkit report {name} --html report.html", language="bash")


def _errors(errors: Sequence[ErrorGroup], marks: Callable[[str], MakerMark]) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "model": [elements.cell(row.model, 60) for row in errors],
            "kind": [elements.cell(row.kind or "", 40) for row in errors],
            "HTTP status": [str(row.status) if row.status is not None else numbers.UNDEFINED for row in errors],
            "rows": [numbers.count(row.n) for row in errors],
            "message of one": [elements.cell(row.message, 300) for row in errors],
            "its sample": [elements.cell(row.example or "", 60) for row in errors],
        }
    )
    model_marks.table(frame, [marks(row.model) for row in errors], alt="Errors by model and kind")


def _facts(info: RunInfo, facts: RunFacts) -> dict[str, object]:
    shown: dict[str, object] = {
        "folder": info.path,
        "suite": info.suite,
        "suite digest": info.suite_digest,
        "status": info.status,
    }
    shown |= {"started (UTC)": info.started_at, "finished (UTC)": info.finished_at}
    for name, value in facts:
        if isinstance(value, str | int | float | bool | Decimal) and name not in {"schema_version", *info.__slots__}:
            shown.setdefault(name.replace("_", " "), value)
    return {name: numbers.UNKNOWN if value is None else value for name, value in shown.items()}
