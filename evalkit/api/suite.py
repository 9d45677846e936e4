"""A suite made in Python: models, tasks, and everything else that a suite file may say, under the same names.

    suite = Suite(
        models={"gpt": Model("openai", "gpt-6-luna", settings={"max_output_tokens": 64}), "mine": ask},
        tasks=[Task("triage", data=frame, prompt="{{ ticket }}", target="{{ queue }}", score="exact")],
    )

`Task(...)` is a task of a suite file in keyword form, `Model(...)` a model's entry. They pass the schema and the checks
of a file, all complaints at once, when the suite is made; records are read when it is run. What a file cannot say, and
Python can: a function as a model or a scorer, and records in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from evalkit.api.suite_file import as_yaml
from evalkit.errors import SuiteError, UserError
from evalkit.records import Request, Response, Score
from evalkit.suite.functions import OwnFunction
from evalkit.suite.given import FUNCTION
from evalkit.suite.rows_in_memory import Rows, as_rows
from evalkit.suite.source_map import parse, without_lines
from evalkit.suite.wording import near, short

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from evalkit.suite.suite import ResolvedSuite

ModelFunction: TypeAlias = "Callable[[Request], str | Response | Awaitable[str | Response]]"
"""A model: gets a request, gives the answer as a text, or a `Response` that also says usage, calls and the like."""
ScorerFunction: TypeAlias = "Callable[..., float | bool | Score | Awaitable[float | bool | Score]]"
"""A scorer: (answer, record) -> score, optionally with `sample` as a third argument."""


class _Frame(Protocol):
    """What is common to DataFrames: named columns."""

    @property
    def columns(self) -> Any: ...


Records: TypeAlias = "Sequence[Mapping[str, Any]] | _Frame"
"""Records in memory: a list of mappings, a pandas or polars DataFrame."""
_TASK_FUNCTIONS = "a scorer is a name, a mapping {NAME: options}, or a function (answer, record)"


class Model:
    """One model: an adapter's name with a model id, or a function `(request) -> str | Response`."""

    def __init__(
        self,
        adapter: str | ModelFunction,
        model: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """`options` are the other keys of a model in a suite file: base_url, price_as, weights, serve, hosting ...

        For a function: `weights="NAME"` lets its answers be kept in the cache under that name (change it whenever they
        may change), `price_as` prices the usage that it reports, `base_url` names the host that it sends prompts to.
        Nothing is checked before the suite is made.
        """
        self.function = None if isinstance(adapter, str) else OwnFunction.of(_called(adapter, "a model"))
        written: dict[str, Any] = {"adapter": adapter if isinstance(adapter, str) else FUNCTION}
        if self.function is not None:
            if model is not None:
                raise SuiteError(f"a function has no model id (seen: {short(model)}); leave it out")
            written["model"] = _dotted(self.function)
        elif model is not None:
            written["model"] = model
        if settings is not None:
            written["settings"] = _plain(settings)
        self.written: Mapping[str, Any] = {**written, **_plain(options)}
        """The entry as a suite file would say it."""

    def __repr__(self) -> str:
        return f"Model({', '.join(f'{key}={value!r}' for key, value in self.written.items())})"


class Task:
    """One task: data, prompt, and how answers are scored."""

    def __init__(
        self,
        name: str | None = None,
        *,
        data: str | Path | Mapping[str, Any] | Records | None = None,
        prompt: str | None = None,
        target: str | None = None,
        score: str | Mapping[str, Any] | ScorerFunction | None = None,
        **options: Any,
    ) -> None:
        """`data` is a path relative to the suite's folder, records in memory, or a mapping as in a suite file; there
        `records` stands for records in memory: {"records": frame, "id": "ticket_id", "where": {"split": "test"}}.

        `options` are the other keys of a task in a suite file: system, messages, turns, choices, shots, limit,
        settings, cluster, slices, critical, tools, permute ... With `use="mmlu"` (a built-in task) everything but the
        name is what a file says under `with`. Raises SuiteError for records that cannot be read; the rest is checked
        when the suite is made.
        """
        place = f"task {name!r}" if name is not None else "a task"
        self.rows: Rows | None = None
        """Records that were given in memory; None: there are none."""
        self.scorer: OwnFunction | None = None
        """The function that scores; None: a scorer of evalkit does."""
        self.of_file = False
        """Whether a suite file says it: a path in it is then that file's word, also in a suite made in Python."""
        given: dict[str, Any] = {"prompt": prompt, "target": target}
        given = {key: value for key, value in given.items() if value is not None} | _plain(options)
        if data is not None:
            given["data"] = self._data(data, f"{place}: data")
        if isinstance(score, str | Mapping):
            given["score"] = _plain(score)
        elif score is not None:
            self.scorer = OwnFunction.of(_called(score, "a scorer", _TASK_FUNCTIONS))
            given["score"] = _scored_by(self.scorer)
        if (shots := given.get("shots")) is not None and not isinstance(shots, int | Mapping | list):
            given["shots"] = _records_of(as_rows(shots, f"{place}: shots"))
        written: dict[str, Any] = {} if name is None else {"name": name}
        if "use" in given:
            written["use"] = given.pop("use")
            if given := {**dict(given.pop("with_", None) or {}), **given}:
                written["with"] = given
        else:
            written |= given
        self.written: Mapping[str, Any] = written
        """The task as a suite file would say it; records in memory are named by a path that does not exist."""

    def _data(self, data: Any, at: str) -> Any:
        if isinstance(data, str | Path):
            return str(data)
        if isinstance(data, Mapping):
            written = _plain({key: value for key, value in data.items() if key != "records"})
            if "records" not in data:
                return written
            self.rows = as_rows(data["records"], at)
            if also := [key for key in ("path", "hub") if key in data]:
                raise SuiteError(f"{at}: has records and {also[0]}; keep one")
        else:
            written, self.rows = {}, as_rows(data, at)
        return {"path": "in-memory.jsonl", **written}

    def __repr__(self) -> str:
        said = {**self.written, **({"data": f"<{self.rows.n} records>"} if self.rows is not None else {})}
        return f"Task({', '.join(f'{key}={value!r}' for key, value in said.items())})"


class Suite:
    """Models and tasks with what belongs to them: what `evalkit.run` runs. It cannot be changed once it is made."""

    def __init__(
        self,
        models: Mapping[str, Model | ModelFunction | Mapping[str, Any]],
        tasks: Sequence[Task | Mapping[str, Any]],
        *,
        name: str = "suite",
        judges: Mapping[str, Model | ModelFunction | Mapping[str, Any]] | None = None,
        gate: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        folder: str | Path | None = None,
        **options: Any,
    ) -> None:
        """`gate` and `run` are as in a suite file; `options` are its other keys: about, sensitivity, redact, catalogue.

        Paths are relative to `folder` (None: the working directory), and files outside it are refused, as those of a
        suite file are. Raises SuiteError with every complaint.
        """
        if wrong := [key for key in options if key not in _KEYS]:
            raise SuiteError(f"suite {name!r}: {wrong[0]}: unknown key; {near(wrong[0], [*_KEYS, *_NAMED])}")
        self.name = name
        self.models: Mapping[str, Model] = _models(models, "models")
        self.judges: Mapping[str, Model] = _models(judges or {}, "judges")
        self.tasks: tuple[Task, ...] = tuple(_task(task, n) for n, task in enumerate(_listed(tasks)))
        self._path = Path(folder if folder is not None else ".") / f"suite {name!r}"
        self._is_file = False
        sections: dict[str, Any] = {"gate": gate, "run": run}
        written: dict[str, Any] = {"name": name, **_plain(options)}
        written["models"] = {key: dict(model.written) for key, model in self.models.items()}
        if self.judges:
            written["judges"] = {key: dict(model.written) for key, model in self.judges.items()}
        written["tasks"] = [dict(task.written) for task in self.tasks]
        written |= {key: _plain(value) for key, value in sections.items() if value is not None}
        self.written: Mapping[str, Any] = written
        """The suite as a file would say it."""
        self.resolved()  # whatever is wrong is said where the suite is made

    @classmethod
    def from_yaml(cls, path: str | Path) -> Suite:
        """The suite in a file. Raises SuiteError with every complaint, each with its line."""
        path = Path(path)
        from evalkit.suite.loading import read_text

        suite = cls.__new__(cls)
        data = parse(read_text(path), str(path)).data
        suite._path, suite._is_file = path, True
        suite.resolved()
        suite.name, suite.written = str(data["name"]), data
        suite.models = {name: _entry(dict(entry)) for name, entry in data["models"].items()}
        suite.judges = {name: _entry(dict(entry)) for name, entry in (data.get("judges") or {}).items()}
        suite.tasks = tuple(_task(task, n) for n, task in enumerate(data["tasks"]))
        for task in suite.tasks:
            task.of_file = True
        return suite

    def to_yaml(self, path: str | Path | None = None, *, force: bool = False) -> str:
        """The suite as the text of a suite file; with `path` it is written there too, and records in memory beside it
        (TASK.jsonl). A run of that file has the same digests.

        Raises UserError where it holds a function, which no file can say; where it holds records in memory and there
        is no `path`; where a file cannot be written; and, without `force`, where records would replace a file of other
        content. Files that it names are not copied.
        """
        functions = [f"models.{name}" for name, model in self.models.items() if model.function is not None]
        functions += [f"judges.{name}" for name, model in self.judges.items() if model.function is not None]
        functions += [f"tasks[{n}].score" for n, task in enumerate(self.tasks) if task.scorer is not None]
        if functions:
            raise UserError(f"suite {self.name!r}: {functions[0]} is a function, and a suite file names none")
        rows = {n: task.rows for n, task in enumerate(self.tasks) if task.rows is not None}
        return as_yaml(self.written, rows, Path(path) if path is not None else None, force=force)

    def resolved(self) -> ResolvedSuite:
        """The suite by the schema, every default spelt out. Raises SuiteError with every complaint."""
        from evalkit.api.planning import InPython, read_suite, resolve_suite

        if self._is_file:
            return read_suite(self._path)
        # Functions are known by what they refer to now: a text that they read may have changed since they were given.
        functions = {
            name: OwnFunction.of(model.function.call)
            for name, model in (*self.models.items(), *self.judges.items())
            if model.function is not None
        }
        scorers = {n: OwnFunction.of(task.scorer.call) for n, task in enumerate(self.tasks) if task.scorer is not None}
        tasks = [
            {**dict(task), **({"score": _scored_by(scorers[n])} if n in scorers else {})}
            for n, task in enumerate(self.written["tasks"])
        ]
        rows = {n: task.rows for n, task in enumerate(self.tasks) if task.rows is not None}
        tree = without_lines({**self.written, "tasks": tasks}, f"suite {self.name!r}")
        of_files = frozenset(n for n, task in enumerate(self.tasks) if task.of_file)
        return resolve_suite(tree, self._path, InPython(functions, scorers, rows, of_files))

    @property
    def folder(self) -> Path:
        """What relative paths are relative to."""
        return self._path.parent

    def __repr__(self) -> str:
        tasks = [str(task.written.get("name", task.written.get("use"))) for task in self.tasks]
        return f"Suite({self.name!r}, models={list(self.models)}, tasks={tasks})"


_KEYS = ("about", "sensitivity", "redact", "catalogue")
_NAMED = ("models", "tasks", "name", "judges", "gate", "run", "folder")


def _models(given: Mapping[str, Any], section: str) -> dict[str, Model]:
    if not isinstance(given, Mapping):
        raise SuiteError(f"{section}: expected a mapping of names to models (value seen: {type(given).__name__})")
    return {name: _model(one, f"{section}.{name}") for name, one in given.items()}


def _model(given: Any, at: str) -> Model:
    if isinstance(given, Model):
        return given
    if isinstance(given, Mapping):
        return _entry({str(key): value for key, value in given.items()})
    if callable(given):
        return Model(given)
    raise SuiteError(
        f"{at}: expected a Model, a function (request) -> str, or a mapping as in a suite file "
        f"(value seen: {type(given).__name__})"
    )


def _entry(written: dict[str, Any]) -> Model:
    """A model out of a mapping as a suite file has it; what is missing is the schema's to say."""
    model = Model.__new__(Model)
    adapter = written.get("adapter")
    model.function = OwnFunction.of(adapter) if callable(adapter) else None
    model.written = _plain(written)
    if model.function is not None:
        model.written = {**model.written, "adapter": FUNCTION, "model": _dotted(model.function)}
    return model


def _dotted(function: OwnFunction) -> str:
    """module.function: a colon means other things in a model's id."""
    return function.identity.name.replace(":", ".")


def _scored_by(function: OwnFunction) -> dict[str, Any]:
    """`score` of a task that a function scores, as a suite file would say it if it could."""
    return {FUNCTION: {"function": function.identity.name, "source": function.identity.key}}


def _listed(given: Any) -> Sequence[Any]:
    if isinstance(given, Task | str | Mapping) or not isinstance(given, Sequence):
        raise SuiteError(f"tasks: expected a list of tasks (value seen: {type(given).__name__})")
    return given


def _task(given: Any, n: int) -> Task:
    if isinstance(given, Task):
        return given
    if isinstance(given, Mapping):
        options = {"with_" if key == "with" else str(key): value for key, value in given.items()}
        return Task(options.pop("name", None), **options)
    raise SuiteError(
        f"tasks[{n}]: expected a Task, or a mapping as in a suite file (value seen: {type(given).__name__})"
    )


def _called(given: Any, what: str, wanted: str | None = None) -> Callable[..., Any]:
    if not callable(given):
        wanted = wanted or f"{what} is the name of an adapter, or a function"
        raise SuiteError(f"{wanted} (value seen: {type(given).__name__})")
    return given  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """The value as a parsed file would hold it: mappings and lists of the plain types, paths as texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _records_of(rows: Rows) -> list[Any]:
    import json

    return [json.loads(line) for line in rows.content.splitlines()]
