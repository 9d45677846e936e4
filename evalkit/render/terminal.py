"""What `run`, `show` and `list` print: tables for a person, made from summaries alone.

    overall
               quality                         cost per  cost per  TTFT ms  total ms
    model      [95 %]                n  failed    1,000   correct  p50/p95   p50/p95  tok/s  cached
    ───────────────────────────────────────────────────────────────────────────────────────────────
    tiny       0.834 [0.80, 0.86]  900       3  unknown   unknown    12/31     45/98    512     0 %

Where the terminal is too narrow for that, the same columns stand in two tables, one below the other. Nothing here
decides a digit (`text.numbers`) or computes anything. Names and messages are other people's text: they are made
harmless (`text.escape`) and never read as markup. Without UTF-8 the signs are plain ASCII; without a terminal there is
no colour.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TextIO, TypedDict

from evalkit.facts import Figures, ModelSummary, RunFacts, Summary, TaskSummary
from evalkit.facts.summary import TrafficFigures, TwoQuantiles
from evalkit.frozen import dataclass
from evalkit.render.cells import other_outcomes, quality_text, range_text, tokens_per_s
from evalkit.render.standings import gate_question, headline
from evalkit.stats.copies import ALONE, HEAVY
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

if TYPE_CHECKING:
    from evalkit.results.parts import PartFigures
    from evalkit.results.standings import ModelStanding
    from evalkit.results.state import RunState
    from evalkit.results.unreadable import Unreadable

_TASKS = 3
"""Tasks beyond which one table of models and tasks stands for a table each."""
Cell = Figures
"""Figures of one model over one task, or over all of them."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    model: str
    cell: Figures
    standing: ModelStanding | None


def render_summary(
    summary: Summary,
    *,
    standings: Mapping[str, ModelStanding | None] | None = None,
    facts: RunFacts | None = None,
    state: RunState | None = None,
    among: str = "",
    width: int | None = None,
    file: TextIO | None = None,
    markdown: bool = False,
) -> None:
    """Print a run: a table for each task, or one of models and tasks where there are many, and last one over all tasks.

    `standings`: of the models over all tasks; the last line then says who leads. `facts`: of the run, whose gate
    may ask another question. `state`: how far the run is. `among`: among which models that was decided, in a sentence.
    `width` in characters; None: the terminal's, or 100 where there is none. `file` is stdout unless given.
    """
    with Page(width, file, markdown=markdown) as page:
        models = dict(sorted(summary.models.items(), key=lambda one: _best_first(one[1].all)))
        if not models:
            page.say("This run has no rows yet.")
            return
        tasks = list(dict.fromkeys(task for model in summary.models.values() for task in model.tasks))
        if len(tasks) > _TASKS:
            _print_grid(page, models, tasks)
        else:
            for task in tasks:
                cells = {name: model.tasks[task] for name, model in models.items() if task in model.tasks}
                absent = [name for name in models if name not in cells]
                _print_cells(page, task, cells, absent)
        if len(tasks) != 1:
            _print_cells(page, "overall", {name: model.all for name, model in models.items()})
        for name, model in models.items():
            if len(model.served) > 1:
                page.say(f"{visible(name, limit=60)}: {_served_by_several(model.served)}")
        if standings is not None and len(models) > 1:
            ranked = [_Ranked(name, model.all, standings.get(name)) for name, model in models.items()]
            ranked.sort(key=lambda one: -(one.cell.quality.mean or 0.0))
            page.say(headline(ranked, states={} if state is None else dict.fromkeys(models, state)))
            for told in (gate_question(ranked, [facts]) if facts is not None else "", among):
                if told:
                    page.say(told)


def render_unreadable(
    found: Sequence[Unreadable], *, width: int | None = None, file: TextIO | None = None, markdown: bool = False
) -> None:
    """Print in red which models' answers could too often not be read, with examples and the way out."""
    with Page(width, file, markdown=markdown) as page:
        for one in found:
            page.say(one.finding, style="bold red")
            for quoted in one.quoted:
                page.say(f"  {quoted}")
            page.say(f"  {one.advice}{':' if one.option else '.'}")
            if one.option:
                page.say(f"  score: {one.option}")
                page.say(f"  {one.command}")
        if found:
            page.say("")


def _served_by_several(served: Sequence[str]) -> str:
    """That the endpoint changed its model on the way, or has several behind one name."""
    shown = ", ".join(visible(name, limit=60) for name in served[:5])
    more = f" and {len(served) - 5} more" if len(served) > 5 else ""
    return f"{len(served)} models answered, as the endpoint says: {shown}{more}. The figures above mix them."


def render_slices(
    summary: Summary, *, width: int | None = None, file: TextIO | None = None, markdown: bool = False
) -> None:
    """Print each task's quality by the values of its slices, models side by side; says so where there are none."""
    with Page(width, file, markdown=markdown) as page:
        models = summary.models
        tasks = dict.fromkeys(task for model in models.values() for task in model.tasks)
        sliced = {
            task: {name: model.tasks[task].slices if task in model.tasks else {} for name, model in models.items()}
            for task in tasks
            if any(task in model.tasks and model.tasks[task].slices for model in models.values())
        }
        if not sliced:
            page.say("No task of this suite has slices. Name fields to report by: slices: [language, product]")
        for task, by_model in sliced.items():
            names = list(dict.fromkeys(name for slices in by_model.values() for name in slices))
            cells = [[slices.get(name) for name in names] for slices in by_model.values()]
            first = [next(c for c in column if c is not None) for column in zip(*cells, strict=True)]
            named = Column("slice", [visible(name, limit=60) for name in names], left=True, folds=True)
            columns = [Column("n", [numbers.count(cell.quality.n) for cell in first])]
            for model, of_model in zip(by_model, cells, strict=True):
                texts = [quality_text(cell.quality) if cell is not None else numbers.UNDEFINED for cell in of_model]
                columns.append(Column(_head(visible(model, limit=60)), texts, left=True))
            page.grid(visible(task, limit=80), named, columns)


def render_parts(
    parts: PartFigures,
    models: Sequence[str],
    *,
    width: int | None = None,
    file: TextIO | None = None,
    markdown: bool = False,
) -> None:
    """Print, for each task with several scorers, what each of them gives, models side by side."""
    with Page(width, file, markdown=markdown) as page:
        for task, of_task in parts.items():
            named = Column("scorer", [visible(name, limit=60) for name in of_task], left=True, folds=True)
            columns = []
            for model in models:
                cells = [of_part.get(model) for of_part in of_task.values()]
                texts = [quality_text(cell) if cell is not None else numbers.UNDEFINED for cell in cells]
                columns.append(Column(_head(visible(model, limit=60)), texts, left=True))
            page.grid(f"{visible(task, limit=80)} by scorer", named, columns)


class RunListing(TypedDict):
    """A run as `evalkit list` shows it; None, or no such key: not known."""

    name: str
    suite: NotRequired[str | None]
    status: NotRequired[str | None]
    state: NotRequired[str | None]
    """The status with how far an unfinished run is. Absent: the status alone."""
    started_at: NotRequired[str | None]
    finished_at: NotRequired[str | None]
    problem: NotRequired[str | None]
    models: NotRequired[Sequence[str]]
    n_rows: NotRequired[int | None]
    spend_usd: NotRequired[float | None]


def render_runs(runs: Iterable[RunListing], *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print the runs of a results folder, in the order given; models, rows and money where the caller has them."""
    with Page(width, file) as page:
        listed = list(runs)
        if not listed:
            from evalkit.installed import first_commands

            page.say(f"There are no runs here yet. The first: {', then '.join(first_commands())}")
            return
        name = Column("run", [_word(run["name"]) for run in listed], left=True)
        states = [
            "unreadable" if run.get("problem") else _word(run.get("state") or run.get("status")) for run in listed
        ]
        columns = [
            name,
            Column("suite", [_word(run.get("suite")) for run in listed], left=True, folds=True),
            Column("status", states, left=True, folds=True),
            Column("started (UTC)", [_minute(run.get("started_at")) for run in listed], left=True),
        ]
        for spare in (1, -1):  # the name of a run begins with its suite's, and holds the time at which it started
            if not page.fits(columns):
                columns.pop(spare)
        if any("models" in run for run in listed):
            texts = [visible(", ".join(run.get("models") or ()), limit=80) for run in listed]
            columns.append(Column("models", texts, left=True, folds=True))
        if any("n_rows" in run for run in listed):
            columns.append(Column("rows", [numbers.count(run.get("n_rows")) for run in listed]))
        if any("spend_usd" in run for run in listed):
            columns.append(Column("spent", [numbers.usd(run.get("spend_usd")) for run in listed]))
        page.table("", columns)
        if not any(column.header.startswith("started") for column in columns):
            page.say("A run's name holds the time at which it started, in UTC. In a wider terminal it has a column.")
        for run in listed:
            if problem := run.get("problem"):
                page.say(f"{_word(run['name'])}: {visible(problem, limit=400)}")


def _best_first(cell: Cell) -> tuple[bool, float]:
    return cell.quality.mean is None, -(cell.quality.mean or 0.0)


def _print_grid(page: Page, models: Mapping[str, ModelSummary], tasks: Sequence[str]) -> None:
    """Quality of models by tasks, and what some tasks lack."""
    names = Column("model", [visible(name, limit=60) for name in models], left=True, folds=True)
    columns = []
    for task in tasks:
        cells = [model.tasks.get(task) for model in models.values()]
        texts = [quality_text(cell.quality) if cell is not None else "not asked" for cell in cells]
        columns.append(Column(_head(visible(task, limit=60)), texts, left=True))
    page.grid("quality by task [95 %]", names, columns)


def _head(name: str) -> str:
    """A name as the head of a column, over two lines where it is long."""
    return "\n".join(textwrap.wrap(name, 18, break_long_words=False) or [name])


def _print_cells(page: Page, title: str, cells: Mapping[str, Cell], absent: Sequence[str] = ()) -> None:
    """One table of models, best first, in parts where the page is too narrow, and the notes that belong to it."""
    cells = dict(sorted(cells.items(), key=lambda one: _best_first(one[1])))
    names = Column("model", [visible(name, limit=60) for name in cells], left=True, folds=True)
    rows = list(cells.values())
    quality, speed = _quality_columns(rows), _speed_columns(rows)
    heading, whole = visible(title, limit=80), page.fits([names, *quality, *speed])
    if not whole and speed and all(page.fits([names, *half]) for half in (quality, speed)):
        page.table(heading, [names, *quality], [names, *speed])
    else:
        page.grid(heading, names, [*quality, *speed])
    each = {name: _notes(cell) for name, cell in cells.items()}
    alike = _of_nearly_all(each)
    notes = [(who, "; ".join(note for note, of in alike.items() if of == who)) for who in dict.fromkeys(alike.values())]
    notes += [(name, told) for name, of_one in each.items() if (told := "; ".join(n for n in of_one if n not in alike))]
    notes += [(name, "no rows here; its overall figures are over fewer tasks") for name in absent]
    for name, note in notes:
        page.say(f"{visible(name, limit=2_000)}: {note}")
    if notes:
        page.say("")


def _of_nearly_all(each: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Notes that are said once -> of whom: every model, every model but one, or some by name. Of fewer than three
    models none is."""
    found: dict[str, str] = {}
    if len(each) < _FEW:
        return found
    for note in dict.fromkeys(note for of_one in each.values() for note in of_one):
        without = [name for name, of_one in each.items() if note not in of_one]
        if not without:
            found[note] = "every model"
        elif len(without) == 1 and len(each) > _FEW:
            found[note] = f"every model but {visible(without[0], limit=60)}"
        elif len(named := [visible(name, limit=60) for name, of_one in each.items() if note in of_one]) > 1:
            found[note] = ", ".join(named)
    return found


def _quality_columns(cells: Sequence[Cell]) -> list[Column]:
    """`refused`, `unreadable`, `cut off` and `failed` stand there only where some model has one."""
    cost, others = [cell.cost for cell in cells], [other_outcomes(cell) for cell in cells]
    return [
        Column("quality\n[95 %]", [quality_text(cell.quality) for cell in cells], left=True),
        Column("n", [numbers.count(cell.quality.n) for cell in cells]),
        *(
            Column(kind.replace(" ", "\n", 1), [numbers.count(found.get(kind, 0)) for found in others])
            for kind in dict.fromkeys(kind for found in others for kind in found)
        ),
        Column("cost per\n1,000", [numbers.usd(c.usd_per_1k_samples) for c in cost]),
        Column("cost per\ncorrect", [_usd_per_correct(cell) for cell in cells]),
    ]


def _speed_columns(cells: Sequence[Cell]) -> list[Column]:
    """Without those that nobody has a figure for."""
    times = [cell.latency for cell in cells]
    columns = [
        _pair("TTFT", [t.ttft_s for t in times]),
        _pair("total", [t.total_s for t in times]),
        Column("tok/s", [numbers.rate(tokens_per_s(t)) for t in times]),
        Column("cached", [numbers.share(cell.cached_share) for cell in cells]),
    ]
    return [column for column in columns if any(text != numbers.UNDEFINED for text in column.texts)]


def _pair(header: str, times: Sequence[TwoQuantiles]) -> Column:
    """Median and 95th percentile in one column, in one unit."""
    unit = numbers.time_unit(each for at in times for each in (at.p50, at.p95))
    texts = [
        numbers.UNDEFINED if at.p50 is None else f"{numbers.time_in(unit, at.p50)}/{numbers.time_in(unit, at.p95)}"
        for at in times
    ]
    return Column(f"{header} {unit}\np50/p95", texts)


def _usd_per_correct(cell: Cell) -> str:
    """Undefined, rather than unknown, where the price is known but nothing was right."""
    cost = cell.cost
    if cost.usd_per_correct is None and cost.usd_per_1k_samples is not None:
        return numbers.UNDEFINED
    return numbers.usd(cost.usd_per_correct)


_FEW = 3
"""Fewer models are named, also where the same is to say of each."""


def _notes(cell: Cell) -> list[str]:
    """What the table leaves out: quality with failures as wrong, and what is known in part."""
    parts = []
    if cell.n_failed:
        parts.append(f"quality with failures as wrong {quality_text(cell.quality_failures_wrong)}")
    if cell.n_unmarked:
        parts.append("quality is over the answers that have a score")
    if cell.cached_share and cell.latency.n_measured > 0:
        n = cell.latency.n_measured
        measured = "one answer" if n == 1 else f"{numbers.count(n)} answers"
        parts.append(f"times of {measured}; the rest came from the cache")
    if cell.n_unscored:
        parts.append(f"{numbers.count(cell.n_unscored)} answered but not scored")
    parts += _spreads(cell)
    if isinstance(cell, TaskSummary) and cell.traffic is not None:
        parts.append(_of_traffic(cell.traffic))
    cost = cell.cost
    if cost.usd_per_correct is None and cost.usd_per_1k_samples is not None:
        if cell.outcomes.get("scored"):
            parts.append("no cost per correct answer: scores between 0 and 1 say neither right nor wrong")
        elif cell.outcomes.get("right") and cell.quality.mean:
            parts.append("no cost per correct answer: a task has scores between 0 and 1, or no answer that can be read")
    if cost.n_unknown and cost.known_usd:
        parts.append(f"cost of {numbers.count(cost.n_unknown)} unknown, of the others {numbers.usd(cost.known_usd)}")
    return parts


def _of_traffic(traffic: TrafficFigures) -> str:
    """What the samples of a log stand for, with the intervals that the table has no room for."""
    said = [
        f"stands for {numbers.count(round(traffic.n_requests))} requests (effective sample size "
        f"{numbers.count(round(traffic.k_eff))})"
    ]
    if traffic.heaviest > HEAVY:
        said[0] += f", of which one item is {numbers.share(traffic.heaviest)}: {ALONE}"
    for found, what, shown in (
        (traffic.usd_per_1k_requests, "a thousand requests cost", numbers.usd),
        (traffic.usd_per_correct, "a right answer costs", numbers.usd),
        (traffic.total_p50_s, "half take up to", numbers.time),
        (traffic.total_p95_s, "95 % take up to", numbers.time),
    ):
        if found is not None:
            said.append(f"{what} {shown(found.value)} {range_text(found, shown)}".rstrip())
    return "; ".join(said)


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


def _minute(stamp: str | None) -> str:
    """2026-11-28 23:52"""
    return _word(stamp[:16].replace("T", " ") if stamp else stamp)


def _word(value: str | None) -> str:
    return numbers.UNKNOWN if value is None else visible(value, limit=80)
