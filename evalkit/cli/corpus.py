"""`evalkit corpus RUN`: figures that are no mean over samples, for looking at and never for a gate.

Which figures a task has is seen in its rows as they are stored:

    triage × tiny: accuracy 0.8200, macro-F1 0.7914 over 6 classes (n 300, 2 failed left out)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import as_json, print_json, results_folder
from evalkit.cli.printing import echo
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.facts import TaskFacts
    from evalkit.records import Row
    from evalkit.stats.repeats import Stability


@click.command()
@click.argument("run", default="latest")
@results_folder
@as_json
def command(run: str, results: Path, as_json: bool) -> int:
    """Print figures of whole tasks of RUN (`latest` by default): macro-F1, corpus BLEU and chrF, pass@k, pass^k.

    Answers that errored are left out and counted; answers that could not be read count as wrong.
    """
    return print_figures(run, results, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one task × model."""

    task: str
    model: str
    name: str
    value: float
    n: int
    """Samples (of pass@k) or rows it stands on."""
    n_errored: int
    """Rows left out, since no answer came or no mark could be given."""


def print_figures(run: str, results: Path, *, as_json: bool) -> int:
    """The exit code. Raises StoreError for a run that cannot be read, MissingPackage without sacrebleu."""
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    figures = list(figures_of(folder))
    if as_json:
        import dataclasses

        found = {"folder": str(folder), "figures": [dataclasses.asdict(figure) for figure in figures]}
        return print_json(found)
    for figure in figures:
        left_out = f", {figure.n_errored:,} failed left out" if figure.n_errored else ""
        place = f"{visible(figure.task)} × {visible(figure.model)}"
        echo(f"{place}: {figure.name} {figure.value:.4f} (n {figure.n:,}{left_out})")
    if not figures:
        echo(f"{folder}: no task of this run has a figure of its own beyond the mean that `evalkit show` prints")
    return 0


def figures_of(folder: Path) -> Iterator[Figure]:
    """Every figure that the run's tasks have, task by task and model by model in the order of the run."""
    from evalkit.facts import TaskFacts
    from evalkit.records import Outcome
    from evalkit.results import read_facts
    from evalkit.results.repeats import read_repeats
    from evalkit.store.sealing import rows_of

    tasks, repeats = read_facts(folder).tasks or {}, read_repeats(folder)
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows_of(folder):
        rows[row.task, row.model].append(row)
    order = {name: place for place, name in enumerate(tasks)}
    for task, model in sorted(rows, key=lambda key: (order.get(key[0], len(order)), key[1])):
        marked = [row for row in rows[task, model] if row.outcome is not Outcome.ERRORED]
        n_errored = len(rows[task, model]) - len(marked)
        for name, value, n in _figures(tasks.get(task) or TaskFacts(), marked):
            yield Figure(task, model, name, value, n, n_errored)
        of_model = repeats.models.get(model) if repeats is not None else None
        if of_model is not None and task in of_model.tasks:
            for name, value, n in _passes(of_model.tasks[task]):
                yield Figure(task, model, name, value, n, n_errored)


def _figures(facts: TaskFacts, rows: list[Row]) -> Iterator[tuple[str, float, int]]:
    """(name, value, n) of each figure that is defined for these rows."""
    from evalkit.scorers.overlap import corpus_bleu, corpus_chrf, macro_f1

    scorer, score = facts.scorer, facts.identity.score
    if scorer == "choice":
        right = [row.target or "" for row in rows]
        classes = set(right)
        if 1 < len(classes) <= max(20, len(rows) // 10):  # texts that stand once each are options, not classes
            value = macro_f1([_choice(row.extracted) for row in rows], right)
            if value is not None:
                yield f"macro-F1 of {len(classes)} classes", value, len(rows)
    if scorer == "overlap":
        metric = score.options.get("metric", "f1") if score is not None else "f1"
        said, wanted = [row.text or "" for row in rows], [row.target or "" for row in rows]
        value = corpus_bleu(said, wanted) if metric == "bleu" else None
        value = corpus_chrf(said, wanted) if metric == "chrf" else value
        if value is not None:
            yield f"corpus {metric}", value, len(rows)


def _choice(extracted: str | None) -> str | None:
    """The text of the choice that was read: `C) Paris` is Paris; None when none was."""
    return None if extracted is None else extracted.partition(") ")[2] or extracted


def _passes(at: Stability) -> Iterator[tuple[str, float, int]]:
    """pass@k and pass^k of right-or-wrong samples that were asked several times, as `show` prints them."""
    if at.pass_1 is None or at.pass_k is None or at.pass_all_k is None:
        return
    n = at.n_items - at.n_fewer
    yield "pass@1", at.pass_1, at.n_items
    yield f"pass@{at.k}", at.pass_k, n
    yield f"pass^{at.k}", at.pass_all_k, n
