"""The tables of the HTML page: cells as text, with the number behind each for sorting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalkit.facts import ModelSummary
from evalkit.render.cells import correct_text, others_text, quality_text, time_text, tokens_per_s, usd_text
from evalkit.render.maker_marks import MakerMark, mark_of
from evalkit.results.entries import LeaderboardLine, ReportEntry
from evalkit.results.parts import PartFigures
from evalkit.text import numbers
from evalkit.text.escape import visible

_READING = "Behind: shown to be worse than the leader, at most 5 % chance of error for all models together."

_NOTHING = {"", numbers.UNKNOWN, numbers.UNDEFINED, *(f"{x} / {x}" for x in (numbers.UNKNOWN, numbers.UNDEFINED))}
"""Cells that say nothing."""


@dataclass(frozen=True, slots=True)
class PageCell:
    """A cell with the number that it is sorted by; None: by its text, or last where the number is unknown."""

    text: str
    number: float | None = None
    href: str = ""
    """A relative address of a page of the same site, made by us; empty: no link."""
    mark: MakerMark | None = None
    """Drawn before the text. None: nothing is."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class PageTable:
    """Cells are text, not HTML."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str | PageCell]]
    caption: str = ""
    numeric: Sequence[int] = field(default=())
    """Columns, by number, that are sorted by numbers."""


def leaderboard(lines: Sequence[LeaderboardLine], reports: Mapping[str, tuple[str, str]] | None = None) -> PageTable:
    """A row a model, best first; columns of which nothing is known are left out.

    `reports`: title and address of each run's page, on a site of many.
    """
    rows: list[list[str | PageCell]] = []
    for line in lines:
        cell, entry = line.cell, line.entry
        cost, times = cell.cost, cell.latency
        title, href = (reports or {}).get(entry.run.name, (entry.run.name, ""))
        rows.append(
            [
                _named(entry, href),
                line.state or numbers.UNDEFINED,
                PageCell(quality_text(cell.quality), cell.quality.mean),
                PageCell(numbers.count(cell.quality.n), cell.quality.n),
                PageCell(usd_text(cell), cost.usd_per_1k_samples),
                PageCell(correct_text(cell), cost.usd_per_correct),
                PageCell(f"{time_text(cell, 'ttft_p50')} / {time_text(cell, 'ttft_p95')}", times.ttft_s.p50),
                PageCell(f"{time_text(cell, 'total_p50')} / {time_text(cell, 'total_p95')}", times.total_s.p50),
                PageCell(numbers.rate(tokens_per_s(times)), tokens_per_s(times)),
                others_text(cell),
                entry.maker or "",
                ": ".join(filter(None, (entry.openness, entry.licence))),
                *([PageCell(title, href=href)] if reports is not None else []),
            ]
        )
    heads = ["model", "standing", "quality [95 %]", "n", "USD per 1,000", "cost per correct", "first token p50 / p95"]
    heads += ["total p50 / p95", "tokens/s", "other outcomes", "maker", "openness, licence"]
    heads += ["run"] if reports is not None else []
    known = [n for n in range(len(heads)) if any(str(row[n]) not in _NOTHING for row in rows)]
    return PageTable(
        [heads[n] for n in known],
        [[row[n] for n in known] for row in rows],
        _READING,
        [at for at, n in enumerate(known) if n in range(2, 9)],
    )


def by_task(entries: Sequence[ReportEntry], tasks: Sequence[str]) -> PageTable:
    """Quality, models by tasks."""
    rows: list[list[str | PageCell]] = []
    for entry in entries:
        cells = [entry.cell(task) for task in tasks]
        found = [PageCell(quality_text(cell.quality), cell.quality.mean) if cell else "not asked" for cell in cells]
        rows.append([_named(entry), *found])
    return PageTable(["model", *tasks], rows, numeric=range(1, len(tasks) + 1))


def parts_by_task(parts: PartFigures, entries: Sequence[ReportEntry]) -> dict[str, PageTable]:
    """By task with several scorers: what each of them gives, models by scorers; the score is made of these."""
    found = {}
    for task, of_task in parts.items():
        rows: list[list[str | PageCell]] = []
        for entry in entries:
            cells = [of_part.get(entry.model) for of_part in of_task.values()]
            shown = [PageCell(quality_text(q), q.mean) if q is not None else "not asked" for q in cells]
            rows.append([_named(entry), *shown])
        found[task] = PageTable(["model", *of_task], rows, numeric=range(1, len(of_task) + 1))
    return found


def _named(entry: ReportEntry, href: str = "") -> PageCell:
    mark = mark_of(entry.maker, entry.openness) if entry.maker else None
    return PageCell(visible(entry.model, limit=60), href=href, mark=mark)


def bill(entries: Sequence[ReportEntry], judges: Mapping[str, ModelSummary]) -> PageTable:
    """What each model and each judge cost."""
    models = {entry.model: entry.cells for entry in entries}
    names = {entry.model: _named(entry) for entry in entries}
    rows: list[list[str | PageCell]] = []
    for what, found in (("model", models), ("judge", judges)):
        for name, summary in found.items():
            cost = summary.all.cost
            rows.append(
                [
                    names[name] if what == "model" else visible(name, limit=60),
                    what,
                    PageCell(numbers.usd(cost.total_usd), cost.total_usd),
                    PageCell(numbers.usd(cost.spend_usd), cost.spend_usd),
                    PageCell(usd_text(summary.all), cost.usd_per_1k_samples),
                    PageCell(numbers.count(cost.n_unknown), cost.n_unknown),
                ]
            )
    heads = ["who", "as", "all answers", "this run paid", "per 1,000 samples", "cost unknown for"]
    return PageTable(heads, rows, numeric=range(2, 6))


def bill_sentence(models: Mapping[str, ModelSummary], judges: Mapping[str, ModelSummary]) -> str:
    """What the answers cost, judges included: "$6.01 for all answers, of which $0.224 for judges." or "$6.01 for 300
    answers and 40 verdicts, of which $0.224 for judges; what 12 more cost is unknown." Where nothing is known it says
    so, and no sum."""
    of_models, of_judges = ([model.all.cost for model in found.values()] for found in (models, judges))
    known = sum(cost.known_usd for cost in (*of_models, *of_judges))
    unknown = sum(cost.n_unknown for cost in (*of_models, *of_judges))
    priced_models, priced_judges = (
        sum(one.all.n - one.all.n_failed - one.all.cost.n_unknown for one in found.values())
        for found in (models, judges)
    )
    if not (priced_models or priced_judges or known):
        if not unknown:
            return "No answer came; whether failed requests were billed, no provider reports."
        whose = "one answer" if unknown == 1 else f"{numbers.count(unknown)} answers"
        return f"What {whose} cost is unknown."
    whose = numbers.plural(priced_models, "answer")
    if priced_judges:
        whose += f" and {numbers.plural(priced_judges, 'verdict')}"
    whose = whose if unknown else "all answers"
    said = f"{numbers.usd(known)} for {whose}"
    if priced_judges:
        said += f", of which {numbers.usd(sum(cost.known_usd for cost in of_judges))} for judges"
    if unknown:
        said += f"; what {numbers.count(unknown)} more cost is unknown"
    paid = [cost.spend_usd for cost in (*of_models, *of_judges)]
    if unknown == 0 and None not in paid:
        spent = sum(one for one in paid if one is not None)
        said += f". This run paid {numbers.usd(spent)}" if abs(spent - known) > 1e-9 else ""
    return f"{said}."
