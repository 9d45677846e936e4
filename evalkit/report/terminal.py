"""What `run`, `show`, `list` and `compare` print: tables for a person, made from summaries alone.

    overall
               quality                         USD per  USD per  TTFT ms  total ms
    model      [95 %]                n  other    1,000    right  p50/p95   p50/p95  tok/s  cached
    ─────────────────────────────────────────────────────────────────────────────────────────────
    tiny       0.834 [0.80, 0.86]  900      3  unknown  unknown    12/31     45/98    512     0 %

Where the terminal is too narrow for that, the same columns stand in two tables, one below the other. Nothing here
decides a digit (`numbers`) or computes anything but differences. Names and messages are other people's text: they are
made harmless (`hostile`) and never read as markup. Without UTF-8 the signs are plain ASCII; without a terminal there is
no colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from evalkit.facts import Figures, ModelSummary, Quality, Summary, TaskSummary
from evalkit.facts.summary import TwoQuantiles
from evalkit.report import numbers
from evalkit.report.hostile import visible
from evalkit.report.page import Column, Page

Cell = Figures
"""Figures of one model over one task, or over all of them."""

# Not worth a word each in the table: a right, wrong or graded answer is in the quality already.
_PLAIN_OUTCOMES = ("right", "wrong", "scored")


def render_summary(summary: Summary, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print a run: one table over all tasks and one for each task (only the task's where there is just one).

    `width` in characters; None: the terminal's, or 100 where there is none. `file` is stdout unless given.
    """
    with Page(width, file) as page:
        models = summary.models
        if not models:
            page.say("This run has no rows yet.")
            return
        tasks = list(dict.fromkeys(task for model in models.values() for task in model.tasks))
        if len(tasks) != 1:
            _print_cells(page, "overall", {name: model.all for name, model in models.items()})
        for task in tasks:
            cells = {name: model.tasks[task] for name, model in models.items() if task in model.tasks}
            absent = [name for name in models if name not in cells]
            _print_cells(page, task, cells, absent)


def render_slices(summary: Summary, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print each task's quality by the values of its slices, models side by side; says so where there are none."""
    with Page(width, file) as page:
        models = summary.models
        tasks = dict.fromkeys(task for model in models.values() for task in model.tasks)
        sliced = {
            task: {name: model.tasks[task].slices for name, model in models.items()}
            for task in tasks
            if any(task in model.tasks and model.tasks[task].slices for model in models.values())
        }
        if not sliced:
            page.say("No task of this suite has slices. Name fields to report by: slices: [language, product]")
        for task, by_model in sliced.items():
            names = list(dict.fromkeys(name for slices in by_model.values() for name in slices))
            cells = [[slices.get(name) for name in names] for slices in by_model.values()]
            first = [next(c for c in column if c is not None) for column in zip(*cells, strict=True)]
            columns = [
                Column("slice", [visible(name, limit=60) for name in names], left=True, folds=True),
                Column("n", [numbers.count(cell.quality.n) for cell in first]),
            ]
            for model, of_model in zip(by_model, cells, strict=True):
                texts = [_shown(cell.quality) if cell is not None else numbers.UNDEFINED for cell in of_model]
                columns.append(Column(visible(model, limit=60), texts, left=True))
            page.table(visible(task, limit=80), columns)


def render_comparison(
    a: ModelSummary,
    b: ModelSummary,
    *,
    labels: tuple[str, str],
    tested: bool = False,
    width: int | None = None,
    file: TextIO | None = None,
) -> None:
    """Print two models side by side; `a` and `b` are entries of a summary's `models`, of one run or of two.

    Differences are B against A: quality as a difference, cost and time as a ratio. No test is made of them
    here; `tested`: a paired test is printed below (`versus`).
    """
    with Page(width, file) as page:
        for side, label in zip("AB", labels, strict=True):
            page.say(f"{side}: {visible(label, limit=120)}")
        page.say("")
        rows = _measures(a.all, b.all)
        measures, left, right, change = zip(*rows, strict=True)
        page.table(
            "overall",
            [
                Column("measure", measures, left=True),
                Column("A", left),
                Column("B", right),
                Column("B against A", change),
            ],
        )
        tasks = list(dict.fromkeys([*a.tasks, *b.tasks]))
        shared = [task for task in tasks if task in a.tasks and task in b.tasks]
        if len(shared) > 1:
            ours, theirs = [a.tasks[t] for t in shared], [b.tasks[t] for t in shared]
            page.table(
                "quality by task",
                [
                    Column("task", [visible(t, limit=60) for t in shared], left=True, folds=True),
                    Column("A [95 %]", [_quality(cell) for cell in ours]),
                    Column("B [95 %]", [_quality(cell) for cell in theirs]),
                    Column("B − A", [_difference(x, y) for x, y in zip(ours, theirs, strict=True)]),
                ],
            )
        for side, only in (("A", a.tasks), ("B", b.tasks)):
            missing = [visible(task, limit=60) for task in tasks if task in only and task not in shared]
            if missing:
                page.say(f"Only {side} has {', '.join(missing)}: the overall figures are not over the same tasks.")
        if not tested:
            page.say("Differences are as measured: whether chance alone could make them is not tested here.")


def render_runs(runs: Iterable[Mapping[str, Any]], *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print the runs of a results folder, in the order given.

    Each is a `store.runs.RunInfo` as a mapping: `name`, `suite`, `status`, `started_at`, `finished_at`, `problem`; and
    `models` (names), `n_rows`, `spend_usd` where the caller has looked them up.
    """
    with Page(width, file) as page:
        listed = list(runs)
        if not listed:
            page.say("There are no runs here yet. The first: evalkit run suites/quickstart.yaml")
            return
        columns = [
            Column("run", [_word(run, "name") for run in listed], left=True),
            Column("suite", [_word(run, "suite") for run in listed], left=True, folds=True),
            Column("status", [_status(run) for run in listed], left=True),
            Column("started", [_word(run, "started_at") for run in listed], left=True),
        ]
        if any("models" in run for run in listed):
            texts = [visible(", ".join(run.get("models") or ()), limit=80) for run in listed]
            columns.append(Column("models", texts, left=True, folds=True))
        if any("n_rows" in run for run in listed):
            columns.append(Column("rows", [numbers.count(run.get("n_rows")) for run in listed]))
        if any("spend_usd" in run for run in listed):
            columns.append(Column("spent", [numbers.usd(run.get("spend_usd")) for run in listed]))
        page.table("", columns)
        for run in listed:
            if run.get("problem"):
                page.say(f"{_word(run, 'name')}: {visible(str(run['problem']), limit=400)}")


def _print_cells(page: Page, title: str, cells: Mapping[str, Cell], absent: Sequence[str] = ()) -> None:
    """One table of models, in two parts where the page is too narrow, and the notes that belong to it."""
    names = Column("model", [visible(name, limit=60) for name in cells], left=True, folds=True)
    rows = list(cells.values())
    quality, speed = _quality_columns(rows), _speed_columns(rows)
    heading = visible(title, limit=80)
    if page.fits([names, *quality, *speed]):
        page.table(heading, [names, *quality, *speed])
    else:
        page.table(heading, [names, *quality], [names, *speed])
    notes = [(name, note) for name, cell in cells.items() if (note := _note(cell))]
    notes += [(name, "no rows here; its overall figures are over fewer tasks") for name in absent]
    for name, note in notes:
        page.say(f"{visible(name, limit=60)}: {note}")
    if notes:
        page.say("")


def _quality_columns(cells: Sequence[Cell]) -> list[Column]:
    cost = [cell.cost for cell in cells]
    return [
        Column("quality\n[95 %]", [_quality(cell) for cell in cells], left=True),
        Column("n", [numbers.count(cell.quality.n) for cell in cells]),
        Column("other", [numbers.count(sum(_others(cell).values())) for cell in cells]),
        Column("USD per\n1,000", [numbers.usd(c.usd_per_1k_samples) for c in cost]),
        Column("USD per\nright", [_usd_per_correct(cell) for cell in cells]),
    ]


def _speed_columns(cells: Sequence[Cell]) -> list[Column]:
    times = [cell.latency for cell in cells]
    return [
        _pair("TTFT", [t.ttft_s for t in times]),
        _pair("total", [t.total_s for t in times]),
        Column("tok/s", [numbers.rate(t.output_tokens_per_s) for t in times]),
        Column("cached", [numbers.share(cell.cached_share) for cell in cells]),
    ]


def _pair(header: str, times: Sequence[TwoQuantiles]) -> Column:
    """Median and 95th percentile in one column, in one unit."""
    unit = numbers.time_unit(each for at in times for each in (at.p50, at.p95))
    texts = [
        numbers.UNDEFINED if at.p50 is None else f"{numbers.time_in(unit, at.p50)}/{numbers.time_in(unit, at.p95)}"
        for at in times
    ]
    return Column(f"{header} {unit}\np50/p95", texts)


def _measures(a: Cell, b: Cell) -> list[tuple[str, str, str, str]]:
    """(measure, A, B, B against A) for the figures over all tasks."""
    rows = [("quality [95 %]", _quality(a), _quality(b), _difference(a, b))]
    if a.outcomes.get("errored") or b.outcomes.get("errored"):
        x, y = a.quality_failures_wrong, b.quality_failures_wrong
        rows.append(("  with failures as wrong", _shown(x), _shown(y), _change(x, y)))
    rows.append(("samples scored", numbers.count(a.quality.n), numbers.count(b.quality.n), ""))
    for outcome in dict.fromkeys([*_others(a), *_others(b)]):
        n_a, n_b = (side.outcomes.get(outcome, 0) for side in (a, b))
        rows.append((outcome, numbers.count(n_a), numbers.count(n_b), _signed(n_b - n_a)))
    ours, theirs = a.cost, b.cost
    for label, u, v in (
        ("USD per 1,000 samples", ours.usd_per_1k_samples, theirs.usd_per_1k_samples),
        ("USD per right answer", ours.usd_per_correct, theirs.usd_per_correct),
    ):
        rows.append((label, numbers.usd(u), numbers.usd(v), _ratio(u, v)))
    for label, s, t in (
        ("TTFT p50", a.latency.ttft_s.p50, b.latency.ttft_s.p50),
        ("TTFT p95", a.latency.ttft_s.p95, b.latency.ttft_s.p95),
        ("total p50", a.latency.total_s.p50, b.latency.total_s.p50),
        ("total p95", a.latency.total_s.p95, b.latency.total_s.p95),
    ):
        rows.append((label, numbers.time(s), numbers.time(t), _ratio(s, t)))
    u, v = a.latency.output_tokens_per_s, b.latency.output_tokens_per_s
    rows.append(("output tokens/s", numbers.rate(u), numbers.rate(v), _ratio(u, v)))
    rows.append(("cached share", numbers.share(a.cached_share), numbers.share(b.cached_share), ""))
    return rows


def _quality(cell: Cell) -> str:
    return _shown(cell.quality)


def _shown(quality: Quality) -> str:
    return numbers.quality_with_interval(quality.mean, quality.low, quality.high)


def _difference(a: Cell, b: Cell) -> str:
    return _change(a.quality, b.quality)


def _change(a: Quality, b: Quality) -> str:
    return numbers.difference(None if a.mean is None or b.mean is None else b.mean - a.mean)


def _ratio(a: float | None, b: float | None) -> str:
    """B as a multiple of A; undefined where either is unknown or A is zero."""
    return numbers.ratio(b / a if a is not None and b is not None and a else None)


def _signed(difference: int) -> str:
    return f"{'+' if difference > 0 else '−'}{abs(difference):,}" if difference else "0"


def _usd_per_correct(cell: Cell) -> str:
    """Undefined, rather than unknown, where the price is known but nothing was right."""
    cost = cell.cost
    if cost.usd_per_correct is None and cost.usd_per_1k_samples is not None:
        return numbers.UNDEFINED
    return numbers.usd(cost.usd_per_correct)


def _others(cell: Cell) -> dict[str, int]:
    """How many rows ended otherwise than right, wrong or graded."""
    return {name: n for name, n in cell.outcomes.items() if n and name not in _PLAIN_OUTCOMES}


def _note(cell: Cell) -> str:
    """What the table leaves out: other outcomes by name, quality with failures as wrong, and what is known in part."""
    others = _others(cell)
    parts = [", ".join(f"{numbers.count(n)} {name}" for name, n in others.items())] if others else []
    if others.get("errored"):
        parts.append(f"quality with failures as wrong {_shown(cell.quality_failures_wrong)}")
    if cell.n_unscored:
        parts.append(f"{numbers.count(cell.n_unscored)} answered but not scored")
    parts += _spreads(cell)
    cost = cell.cost
    if cost.n_unknown and cost.known_usd:
        parts.append(f"cost of {numbers.count(cost.n_unknown)} unknown, of the others {numbers.usd(cost.known_usd)}")
    return "; ".join(parts)


def _spreads(cell: Cell) -> list[str]:
    """What the order of the options moves (`permute`): the lowest and highest quality, and where they were."""
    said = []
    spread = (cell.spread if isinstance(cell, TaskSummary) else None) or {}
    for name, over, at in (("option_order", "orders of the options", "order"), ("gold_position", "places", "gold at")):
        found = spread.get(name)
        if found is None:
            continue
        low, high = (
            f"{numbers.quality(value)} ({at} {visible(where, limit=20)})"
            for value, where in ((found.low, found.low_at), (found.high, found.high_at))
        )
        if found.low == found.high:
            low, high = numbers.quality(found.low), "the same"
        said.append(f"{low} to {high} over {found.n} {over}")
    return said


def _status(run: Mapping[str, Any]) -> str:
    return "unreadable" if run.get("problem") else _word(run, "status")


def _word(run: Mapping[str, Any], key: str) -> str:
    value = run.get(key)
    return numbers.UNKNOWN if value is None else visible(str(value), limit=80)
