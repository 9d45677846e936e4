"""Models and tasks that are made in Python, each as a suite file would say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict, Unpack

from evalkit.api.keywords import ModelKeywords, SettingsKeywords
from evalkit.errors import SuiteError
from evalkit.records import Request, Response, Score
from evalkit.suite.functions import OwnFunction
from evalkit.suite.given import FUNCTION
from evalkit.suite.rows_in_memory import Rows, as_rows
from evalkit.suite.wording import near, short

if TYPE_CHECKING:
    from collections.abc import Awaitable


ModelFunction: TypeAlias = (
    "Callable[[Request], str | Response | Mapping[str, object] | Awaitable[str | Response | Mapping[str, object]]]"
)
"""A model: gets a request, gives the answer as a text, or a `Response` or mapping that also says usage and the like."""
ScorerFunction: TypeAlias = "Callable[..., float | bool | Score | Awaitable[float | bool | Score]]"
"""A scorer: (answer, record) -> score; with parameters named `sample` or `response` it gets those too."""
_OneScore: TypeAlias = "str | Mapping[str, object] | ScorerFunction"
Scores: TypeAlias = "_OneScore | Sequence[_OneScore]"
"""What scores a task: a scorer's name, {NAME: options}, a function, or several of them in a list."""


class _Frame(Protocol):
    """What is common to DataFrames: named columns."""

    @property
    def columns(self) -> Any: ...


Records: TypeAlias = "Sequence[Mapping[str, object]] | _Frame"
"""Records in memory: a list of mappings, a pandas or polars DataFrame."""
_OF_PART = (FUNCTION, "name", "weight")
_Texts: TypeAlias = "str | Sequence[str]"
_Table: TypeAlias = "Mapping[str, object]"


class TaskKeywords(TypedDict, total=False):
    """The other keys of a task, as in a suite file (docs/suites.md): a type checker knows them by name."""

    use: str
    with_: _Table
    lm_eval: str
    include_path: str
    path: str
    judges: _Texts
    tags: Sequence[str]
    cases: Sequence[_Table]
    system: str
    messages: str | Sequence[_Table]
    images: _Texts
    turns: _Texts
    choices: str | Sequence[str | int]
    tools: str | Sequence[_Table]
    send: Sequence[str]
    environment: str
    start: str
    at_most: _Table
    shots: int | _Table | Records
    limit: int | _Table
    permute: int | _Table
    mode: Literal["generate", "likelihood", "first_token"]
    reasoning: Literal["split", "keep"]
    interface: Literal["native", "text"]
    settings: SettingsKeywords
    cluster: str
    weight: str
    stratum: str
    slices: Sequence[str]
    labels: str | _Table
    critical: bool | str


class SuiteKeywords(TypedDict, total=False):
    """The other keys of a suite, as in a suite file."""

    about: str
    sensitivity: Literal["public", "internal", "restricted"]
    redact: _Table
    catalogue: str | Path


_TASK_FUNCTIONS = "a scorer is a name, a mapping {NAME: options}, a function (answer, record), or a list of these"


class Model:
    """One model: an adapter's name with a model id, or a function `(request) -> str | Response`."""

    def __init__(
        self,
        adapter: str | ModelFunction,
        model: str | None = None,
        *,
        settings: SettingsKeywords | None = None,
        **options: Unpack[ModelKeywords],
    ) -> None:
        """`options` are the other keys of a model in a suite file: base_url, price_as, weights, serve, hosting ...
        Those that only a plug-in's adapter reads stand in a mapping in the place of a `Model`, as a suite file has it.

        For a function: `weights="NAME"` lets its answers be kept in the cache under that name (change it whenever they
        may change), `price_as` prices the usage that it reports, `base_url` names the host that it sends prompts to.
        Nothing is checked before the suite is made.
        """
        self.function = None if isinstance(adapter, str) else OwnFunction.of(_called(adapter, "a model"))
        written: dict[str, object] = {"adapter": adapter if isinstance(adapter, str) else FUNCTION}
        if self.function is not None:
            if model is not None:
                raise SuiteError(f"a function has no model id (seen: {short(model)}); leave it out")
            written["model"] = _dotted(self.function)
        elif model is not None:
            written["model"] = model
        if settings is not None:
            written["settings"] = plain(settings)
        self.written: Mapping[str, object] = {**written, **plain(options)}
        """The entry as a suite file would say it."""

    def __repr__(self) -> str:
        return f"Model({', '.join(f'{key}={value!r}' for key, value in self.written.items())})"


class Task:
    """One task: data, prompt, and how answers are scored."""

    def __init__(
        self,
        name: str | None = None,
        *,
        data: str | Path | Mapping[str, object] | Records | None = None,
        prompt: str | None = None,
        target: str | None = None,
        score: Scores | None = None,
        **options: Unpack[TaskKeywords],
    ) -> None:
        """`data` is a path relative to the suite's folder, records in memory, or a mapping as in a suite file; there
        `records` stands for records in memory: {"records": frame, "id": "ticket_id", "where": {"split": "test"}}.

        `score` is a scorer's name or mapping, a function (answer, record), or a list of them, where a function may
        stand as {"function": f, "name": "tone", "weight": 2}.

        `options` are the other keys of a task in a suite file: system, messages, turns, choices, shots, limit,
        settings, cluster, slices, critical, tools, permute ... With `use="mmlu"` (a built-in task) everything but the
        name is what a file says under `with`. Raises SuiteError for records that cannot be read; the rest is checked
        when the suite is made.
        """
        place = f"task {name!r}" if name is not None else "a task"
        self.rows: Rows | None = None
        """Records that were given in memory; None: there are none."""
        self.scorers: Mapping[int | None, OwnFunction] = {}
        """The functions that score, by their places in a list of scorers; None for one that scores alone."""
        self.of_file = False
        """Whether a suite file says it: a path in it is then that file's word, also in a suite made in Python."""
        given: dict[str, Any] = {"prompt": prompt, "target": target}
        given = {key: value for key, value in given.items() if value is not None} | plain(options)
        if data is not None:
            given["data"] = self._data(data, f"{place}: data")
        if score is not None:
            self.scorers = _functions_of(score, f"{place}: score")
            given["score"] = score_with(plain(score), self.scorers)
        if (shots := given.get("shots")) is not None and not isinstance(shots, int | Mapping | list):
            given["shots"] = _records_of(as_rows(shots, f"{place}: shots"))
        written: dict[str, object] = {} if name is None else {"name": name}
        if "use" in given:
            written["use"] = given.pop("use")
            if given := {**dict(given.pop("with_", None) or {}), **given}:
                written["with"] = given
        else:
            written |= given
        self.written: Mapping[str, object] = written
        """The task as a suite file would say it; records in memory are named by a path that does not exist."""

    def scored_by(self, score: Scores) -> Task:
        """The same task, with another score."""
        made = copy(self)
        made.scorers = _functions_of(score, f"task {self.written.get('name')!r}: score")
        said = score_with(plain(score), made.scorers)
        inside: Any = self.written.get("with") or {}
        told = {"with": {**inside, "score": said}} if "use" in self.written else {"score": said}
        made.written = {**self.written, **told}
        return made

    def _data(self, data: object, at: str) -> Any:
        if isinstance(data, str | Path):
            return str(data)
        if isinstance(data, Mapping):
            written = plain({key: value for key, value in data.items() if key != "records"})
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


def models_of(given: Mapping[str, object], section: str) -> dict[str, Model]:
    """`models` or `judges` of a suite, each as a `Model`. Raises SuiteError for what is none."""
    if not isinstance(given, Mapping):
        raise SuiteError(f"{section}: expected a mapping of names to models (value seen: {type(given).__name__})")
    return {name: _model(one, f"{section}.{name}") for name, one in given.items()}


def _model(given: object, at: str) -> Model:
    if isinstance(given, Model):
        return given
    if isinstance(given, Mapping):
        return model_of_entry({str(key): value for key, value in given.items()})
    if callable(given):
        return Model(given)
    raise SuiteError(
        f"{at}: expected a Model, a function (request) -> str, or a mapping as in a suite file "
        f"(value seen: {type(given).__name__})"
    )


def model_of_entry(written: Mapping[str, object]) -> Model:
    """A model out of a mapping as a suite file has it; what is missing is the schema's to say."""
    model = Model.__new__(Model)
    adapter = written.get("adapter")
    model.function = OwnFunction.of(adapter) if callable(adapter) else None
    model.written = plain(written)
    if model.function is not None:
        model.written = {**model.written, "adapter": FUNCTION, "model": _dotted(model.function)}
    return model


def _dotted(function: OwnFunction) -> str:
    """module.function: a colon means other things in a model's id."""
    return function.identity.name.replace(":", ".")


def _functions_of(score: object, at: str) -> dict[int | None, OwnFunction]:
    """The functions of a task's `score`, by their places in a list of scorers; None: it is one itself. Raises
    SuiteError for a function that stands where none can."""
    if isinstance(score, Mapping) and FUNCTION in score:
        _check_part(score, at)
        if beside := [key for key in score if key != FUNCTION]:
            raise SuiteError(f"{at}: {beside[0]} is for a function in a list of scorers; this one scores alone")
        score = score[FUNCTION]
    listed = score["all"] if isinstance(score, Mapping) and set(score) == {"all"} else score
    if isinstance(listed, str | Mapping):
        return {}
    if not isinstance(listed, list | tuple):
        return {None: OwnFunction.of(_called(score, "a scorer", _TASK_FUNCTIONS))}
    for n, one in enumerate(listed):
        _check_part(one, f"{at}[{n}]")
    calls = {n: one.get(FUNCTION) if isinstance(one, Mapping) else one for n, one in enumerate(listed)}
    return {n: OwnFunction.of(call) for n, call in calls.items() if callable(call)}


def _check_part(part: object, at: str) -> None:
    """Raises SuiteError for one of several scorers whose functions do not stand as {"function": f}."""
    if not isinstance(part, Mapping):
        return
    form = 'a function stands as f, or {"function": f, "name": "tone", "weight": 2}'
    if FUNCTION in part and (unknown := [key for key in part if key not in _OF_PART]):
        raise SuiteError(f"{at}: unknown key {unknown[0]!r}; {near(str(unknown[0]), _OF_PART)} {form}")
    inner = part.get("all")
    if isinstance(inner, list | tuple) and any(
        callable(one) or (isinstance(one, Mapping) and FUNCTION in one) for one in inner
    ):
        raise SuiteError(f"{at}: a list of scorers holds no further list; {form}")


def score_with(score: Any, functions: Mapping[int | None, OwnFunction]) -> Any:
    """`score` of a task with functions, as a suite file would say it if it could."""
    if not functions:
        return score
    if None in functions:
        return _said(functions[None])
    parts = list(score["all"] if isinstance(score, Mapping) else score)
    for n, function in functions.items():
        assert n is not None
        given = parts[n] if isinstance(parts[n], dict) else {}
        beside = {key: value for key, value in given.items() if key != FUNCTION}
        name = re.sub(r"\W+", "", function.identity.name.rpartition(":")[2].rpartition(".")[2])
        parts[n] = {**_said(function), "name": name or FUNCTION, **beside}
    return {"all": parts} if isinstance(score, Mapping) else parts


def _said(function: OwnFunction) -> dict[str, object]:
    return {FUNCTION: {"function": function.identity.name, "source": function.identity.key}}


def listed_tasks(given: object) -> Sequence[object]:
    """The tasks as a list. Raises SuiteError where they are none."""
    if isinstance(given, Task | str | Mapping) or not isinstance(given, Sequence):
        raise SuiteError(f"tasks: expected a list of tasks (value seen: {type(given).__name__})")
    return given


def task_of(given: object, n: int) -> Task:
    """One task of the list. Raises SuiteError where it is neither a Task nor a mapping."""
    if isinstance(given, Task):
        return given
    if isinstance(given, Mapping):
        options = {"with_" if key == "with" else str(key): value for key, value in given.items()}
        return Task(options.pop("name", None), **options)
    raise SuiteError(
        f"tasks[{n}]: expected a Task, or a mapping as in a suite file (value seen: {type(given).__name__})"
    )


def _called(given: object, what: str, wanted: str | None = None) -> Callable[..., Any]:
    if not callable(given):
        wanted = wanted or f"{what} is the name of an adapter, or a function"
        raise SuiteError(f"{wanted} (value seen: {type(given).__name__})")
    return given


def plain(value: object) -> Any:
    """The value as a parsed file would hold it: mappings and lists of the plain types, paths as texts."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _records_of(rows: Rows) -> list[Any]:
    import json

    return [json.loads(line) for line in rows.content.splitlines()]
