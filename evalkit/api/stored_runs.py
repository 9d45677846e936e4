"""What can be done with runs that are stored: list them, score their answers again, write one as a page.

[info.name for info in evalkit.list_runs() if info.status == "complete"]
run = evalkit.rescore(run, suite, score=my_scorer)
evalkit.report(run, "report.html")
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.api.options import RunOptions, listed
from evalkit.api.planning import resolved, with_external
from evalkit.api.suite import Suite
from evalkit.errors import UserError
from evalkit.paths import of_person
from evalkit.python_words import said_in_python
from evalkit.results.run import Run, load_run
from evalkit.store import runs
from evalkit.store.damage import damage, refuse_damage
from evalkit.store.runs import RunInfo

if TYPE_CHECKING:
    from evalkit.api.suite_parts import Scores


@said_in_python()
def list_runs(results: str | Path | None = None) -> list[RunInfo]:
    """The runs in a folder of results (None: EVALKIT_RESULTS, or `results` in the working directory), newest first.

    Each has `name`, `path`, `suite`, `status`, `started_at` and `finished_at`; of one that cannot be read, `problem`
    says why. `evalkit.load_run(info.path)` opens it.
    """
    folder = runs.default_results() if results is None else runs.results_at(results)
    return [replace(info, problem=info.problem or damage(info.path)) for info in runs.list_runs(folder)]


@said_in_python()
def rescore(
    run: Run,
    suite: Suite | str | Path,
    *,
    score: Scores | None = None,
    tasks: str | Sequence[str] | None = None,
    allow_suite_code: bool = False,
) -> Run:
    """Score the stored answers of a complete run again; the run, opened anew. No model is asked, nothing is paid.

    Samples and right answers come from `suite`, which must ask what the run asked. `score` scores in place of what the
    suite says: a scorer's name or mapping, a function of yours, or a list. `tasks`: only these. New scores supersede
    the old ones, which the run keeps; run.json has the history. Either every answer gets its score or nothing is
    written. Raises SuiteError, StoreError.
    """
    from evalkit.engine.driving import beside_a_loop
    from evalkit.engine.rescoring import Choice
    from evalkit.engine.rescoring import rescore as rescored

    if not isinstance(run, Run):
        raise UserError(f"rescore takes a run, like evalkit.open_run('latest') (value seen: {type(run).__name__})")
    wanted = None if tasks is None else listed("tasks", tasks)
    if score is not None:
        suite = _scored_by(suite if isinstance(suite, Suite) else Suite.from_yaml(suite), score, wanted or [*run.tasks])
    made = with_external(resolved(suite, RunOptions(), "rescore"), allow_code=allow_suite_code)
    beside_a_loop(rescored, run.folder, made, Choice(wanted, None), allow_code=allow_suite_code)
    return load_run(run.folder)


def _scored_by(suite: Suite, score: Scores, names: Sequence[str]) -> Suite:
    """The suite with another score for the tasks of these names. Raises SuiteError."""
    made = copy(suite)
    made.tasks = tuple(
        task.scored_by(score) if task.written.get("name", task.written.get("use")) in names else task
        for task in suite.tasks
    )
    made.written = {**suite.written, "tasks": [dict(task.written) for task in made.tasks]}
    made._is_file = False
    return made


@said_in_python()
def report(run: Run, path: str | Path, *, samples: bool | None = None, force: bool = False) -> Path:
    """Write a run as one HTML page that needs nothing but a browser; the path of the page.

    `samples`: whether prompts and answers of some samples stand on it (None: only for a public suite). Without `force`
    no file is replaced. Raises UserError.
    """
    from evalkit.render.html import page_of
    from evalkit.results.reader import ResultsReader
    from evalkit.writing import write_atomically

    if not isinstance(run, Run):
        raise UserError(f"report takes a run, like evalkit.open_run('latest') (value seen: {type(run).__name__})")
    folder, page = run.folder.resolve(), of_person(path, "the page")
    refuse_damage(folder)
    if page.exists() and not force:
        raise UserError(f"{page} exists. Choose another file, or replace it (--force).")
    if not page.parent.is_dir():
        raise UserError(f"{page.parent} is no folder, so {page.name} cannot be written there.")
    write_atomically(page, page_of(ResultsReader(folder.parent), folder.name, samples=samples).encode())
    return page
