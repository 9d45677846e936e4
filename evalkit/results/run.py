"""One stored run as an object: its facts, its figures, its rows.

run = open_run("latest", results="results")
run.facts.status, run.models["gpt"].model, run.tasks["refunds"].n
run.frame()                       # pandas, one row a sample x model x repeat
run["gpt"]                        # one side of a comparison
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import StoreError, UserError
from evalkit.facts import ModelFacts, RunFacts, Summary, TaskFacts
from evalkit.frozen import dataclass
from evalkit.paths import of_person
from evalkit.python_words import said_in_python
from evalkit.results.facts import read_facts
from evalkit.results.side import Side
from evalkit.store import run_lock, runs
from evalkit.suite.wording import near, short
from evalkit.text import numbers
from evalkit.text.escape import html, visible
from evalkit.text.page import Column, Page, html_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from evalkit.results.repeats import FlakyItem, ModelRepeats
    from evalkit.results.standings import ModelStanding
    from evalkit.results.state import RunState
    from evalkit.results.trajectories import AgentFigures, Trajectory


_WIDTH = 100
"""Characters of the table that `print(run)` writes."""


@dataclass(frozen=True, repr=False)
class Run:
    """A run folder that was opened. Facts are read once, at opening; rows and figures when they are asked for."""

    folder: Path
    facts: RunFacts
    """Everything that run.json says."""

    @property
    def name(self) -> str:
        """The name of the folder: what `evalkit show` takes."""
        return self.folder.resolve().name

    @property
    def status(self) -> str:
        """complete, incomplete, running or interrupted; `interrupted` for a run that was killed."""
        said = self.facts.status or "unknown"
        return "interrupted" if said == "running" and not run_lock.is_locked(self.folder) else said

    @property
    @said_in_python()
    def state(self) -> RunState:
        """How far it is: also whether it is asking its models or being judged. Raises StoreError."""
        from evalkit.results.state import state_of

        return state_of(self.folder, self.facts)

    @property
    def models(self) -> Mapping[str, ModelFacts]:
        """Models by the suite's names, in its order; empty where the run does not say."""
        return self.facts.models or {}

    @property
    def tasks(self) -> Mapping[str, TaskFacts]:
        """Tasks by name, in the suite's order; empty where the run does not say."""
        return self.facts.tasks or {}

    @cached_property
    @said_in_python()
    def summary(self) -> Summary:
        """The figures by model, task and slice. Raises StoreError when the rows cannot be read."""
        from evalkit.results.summary import read_summary

        return read_summary(self.folder)

    @cached_property
    @said_in_python()
    def standings(self) -> Mapping[str, ModelStanding | None]:
        """Where each model stands towards the leader over all tasks: `leads`, `close` (too close to call) or `behind`
        (with the p-value); None for one without a score. Raises StoreError when the rows cannot be read."""
        from evalkit.results.compare import run_standings

        return run_standings(self.folder)

    @cached_property
    @said_in_python()
    def repeats(self) -> Mapping[str, ModelRepeats]:
        """How steady each model answers the same items: pass@k, pass^k, unstable items, variance components, and what
        another repeat or more items would do; `.all` and by task. Empty where every item was asked once.

        Raises StoreError when the rows cannot be read; `repeats[NAME]` a KeyError that says which names there are.
        """
        from evalkit.results.repeats import read_repeats

        found = read_repeats(self.folder)
        return _ByModel(self, {} if found is None else found.models)

    @cached_property
    @said_in_python()
    def agents(self) -> list[AgentFigures]:
        """How far agents went, by task and model: requests and calls a sample, and how many a limit ended. Empty where
        no task has an environment. Raises StoreError when the rows cannot be read."""
        from evalkit.results.trajectories import agent_figures, has_agents

        return agent_figures(self.folder) if has_agents(self.facts) else []

    @said_in_python()
    def trajectories(self, sample_id: str) -> list[Trajectory]:
        """How every model answered a sample: what it said and how it was read, an agent's request by request.

        Raises UserError where there is no such sample, StoreError when the rows cannot be read.
        """
        from evalkit.results.trajectories import trajectories

        return trajectories(self.folder, sample_id)

    @said_in_python()
    def flaky(self, model: str | None = None) -> list[FlakyItem]:
        """Items that the model (None: any) answers now right and now wrong, the least steady first.

        Raises KeyError for a model that the run has not, StoreError when the rows cannot be read.
        """
        from evalkit.results.repeats import flaky_items

        if model is not None:
            self._require(model)
        return flaky_items(self.folder, model, limit=None)

    @said_in_python()
    def rows(self, columns: Sequence[str] | None = None, *, text: bool = False) -> pa.Table:
        """The rows as an Arrow table, one a sample x model x repeat; see `results.rows.read_rows`.

        `text` adds the prompt, the answer, its reasoning, the extracted answer, the target and the reason of the score.
        Raises UserError for an unknown column, StoreError when the run cannot be read.
        """
        from evalkit.results.rows import read_rows

        return read_rows(self.folder, columns, text=text)

    @said_in_python()
    def frame(self, *, text: bool = False) -> pd.DataFrame:
        """The rows as a pandas frame, by model, task, sample and repeat; see `results.rows.as_frame`.

        Models and tasks come in the order of the suite, samples by their ids. Raises StoreError when the run cannot be
        read.
        """
        from evalkit.results.rows import RowOrder, as_frame, read_rows

        if not isinstance(text, bool):
            raise UserError(f"text is True or False (value seen: {short(text)})")
        return as_frame(read_rows(self.folder, text=text, order=RowOrder(tuple(self.models), tuple(self.tasks))))

    def __getitem__(self, model: str) -> Side:
        """One model of the run, for `compare`. Raises KeyError with near names where the run has no such model."""
        self._require(model)
        with said_in_python():
            return Side.checked(self.folder, model, self.facts)

    def _require(self, model: str) -> None:
        if model not in self.models:
            raise KeyError(f"{self.name} has no model {model!r}; {near(str(model), list(self.models))}")

    def __contains__(self, model: object) -> bool:
        return model in self.models

    def __iter__(self) -> Iterator[str]:
        """The names of the models."""
        return iter(self.models)

    def __len__(self) -> int:
        """The number of models."""
        return len(self.models)

    def __hash__(self) -> int:
        return hash(self.folder)

    def __repr__(self) -> str:
        asked = f"{numbers.plural(len(self.models), 'model')}, {numbers.plural(len(self.tasks), 'task')}"
        return visible(f"<Run {self.name}: {self.status}, {asked}>", limit=500)

    def __str__(self) -> str:
        """A short table of the summary for the terminal, one line a model and task."""
        try:
            columns = _columns(self.summary)
        except StoreError as error:
            return visible(f"{self!r}: {error}", limit=2000)
        text = StringIO()
        with Page(_WIDTH, text) as page:
            page.say(visible(f"{self.name} ({self.status})", limit=200))
            page.table("", columns)
        return text.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        """The same table for notebooks. All names are escaped: they come from a suite."""
        try:
            columns = _columns(self.summary)
        except StoreError as error:
            return f"<p>{html(f'{self!r}: {error}', limit=2000)}</p>"
        rows = list(zip(*(column.texts for column in columns), strict=True))
        return html_table(f"{self.name} ({self.status})", [column.header for column in columns], rows)


@said_in_python()
def open_run(name: str | Path = "latest", results: str | Path | None = None) -> Run:
    """A run by its folder, its name, the beginning of its name, or `latest`.

    `results`: the folder of results; None takes EVALKIT_RESULTS, or `results` in the working directory.
    Raises StoreError, with what there is, where no run or several fit, or the run cannot be read.
    """
    kept = runs.results_at(results) if results is not None else runs.default_results()
    return load_run(runs.resolve_run(str(of_person(name, "a run")), kept))


class _ByModel(dict[str, "ModelRepeats"]):
    """Repeats by model, which says why a name is not there."""

    def __init__(self, run: Run, found: Mapping[str, ModelRepeats]) -> None:
        super().__init__(found)
        self._run = run

    def __missing__(self, model: str) -> ModelRepeats:
        self._run._require(model)
        raise KeyError(f"{self._run.name} has no repeats: each sample was asked once; run it with repeats=2 or more")


@said_in_python()
def load_run(folder: str | Path) -> Run:
    """The run in a folder. Raises StoreError where it is none, or cannot be read."""
    path = of_person(folder, "the folder of a run")
    if len(path.parts) == 1 and not path.exists():
        named = visible(str(path), limit=200)
        raise StoreError(
            f"There is no folder {named} here. The name of a run, the beginning of one and `latest` are for "
            f'evalkit.open_run("{named}").',
            path,
        )
    return Run(path, read_facts(path))


def _columns(summary: Summary) -> list[Column]:
    """The columns of the small table: a line for each model and task."""
    lines = [(m, task, found) for m, model in summary.models.items() for task, found in model.tasks.items()]
    cells = [figures for *_, figures in lines]
    quality = [figures.quality for figures in cells]
    return [
        Column("model", [visible(model, limit=60) for model, _, _ in lines], left=True, folds=True),
        Column("task", [visible(task, limit=60) for _, task, _ in lines], left=True, folds=True),
        Column("n", [numbers.count(figures.n) for figures in cells]),
        Column("score [95 %]", [numbers.quality_with_interval(q.mean, q.low, q.high) for q in quality], left=True),
        Column("errors", [numbers.count(figures.n_failed) for figures in cells]),
        Column("USD", [numbers.usd(figures.cost.total_usd) for figures in cells]),
        Column("TTFT p50", [numbers.time(figures.latency.ttft_s.p50) for figures in cells]),
    ]
