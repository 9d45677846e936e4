"""A suite made in Python: models, tasks, and everything else that a suite file may say, under the same names.

    suite = Suite(
        models={"gpt": Model("openai", "gpt-6-luna", settings={"max_output_tokens": 64}), "mine": ask},
        tasks=[Task("triage", data=frame, prompt="{{ ticket }}", target="{{ queue }}", score="exact")],
    )

`Task(...)` is a task of a suite file in keyword form, `Model(...)` a model's entry. They pass the schema and the checks
of a file, all complaints at once, when the suite is made; records are read when it is run. What a file cannot say, and
Python can: a function as a model or a scorer, and records in memory.

`to_yaml` writes the suite file that says the same.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from evalkit.api.suite_parts import (
    Model,
    ModelFunction,
    SuiteKeywords,
    Task,
    listed_tasks,
    model_of_entry,
    models_of,
    plain,
    score_with,
    task_of,
)
from evalkit.errors import SuiteError, UserError
from evalkit.paths import of_person
from evalkit.python_words import said_in_python
from evalkit.reading import read_file
from evalkit.suite.functions import OwnFunction
from evalkit.suite.rows_in_memory import Rows
from evalkit.suite.source_map import parse, without_lines
from evalkit.suite.wording import near
from evalkit.writing import write_file

if TYPE_CHECKING:
    from evalkit.suite.suite import ResolvedSuite


class Suite:
    """Models and tasks with what belongs to them: what `evalkit.run` runs. It cannot be changed once it is made."""

    @said_in_python()
    def __init__(
        self,
        models: Mapping[str, Model | ModelFunction | Mapping[str, object]],
        tasks: Sequence[Task | Mapping[str, object]],
        *,
        name: str = "suite",
        judges: Mapping[str, Model | ModelFunction | Mapping[str, object]] | None = None,
        gate: Mapping[str, object] | None = None,
        run: Mapping[str, object] | None = None,
        folder: str | Path | None = None,
        **options: Unpack[SuiteKeywords],
    ) -> None:
        """`gate` and `run` are as in a suite file; `options` are its other keys: about, sensitivity, redact, catalogue.

        Paths are relative to `folder` (None: the working directory), and files outside it are refused, as those of a
        suite file are. Raises SuiteError with every complaint.
        """
        if wrong := [key for key in options if key not in _KEYS]:
            raise SuiteError(f"suite {name!r}: {wrong[0]}: unknown key; {near(wrong[0], [*_KEYS, *_NAMED])}")
        self.name = name
        self.models: Mapping[str, Model] = models_of(models, "models")
        self.judges: Mapping[str, Model] = models_of(judges or {}, "judges")
        self.tasks: tuple[Task, ...] = tuple(task_of(task, n) for n, task in enumerate(listed_tasks(tasks)))
        self._path = Path(folder if folder is not None else ".") / f"suite {name!r}"
        self._is_file = False
        sections: dict[str, object] = {"gate": gate, "run": run}
        written: dict[str, object] = {"name": name, **plain(options)}
        written["models"] = {key: dict(model.written) for key, model in self.models.items()}
        if self.judges:
            written["judges"] = {key: dict(model.written) for key, model in self.judges.items()}
        written["tasks"] = [dict(task.written) for task in self.tasks]
        written |= {key: plain(value) for key, value in sections.items() if value is not None}
        self.written: Mapping[str, Any] = written
        """The suite as a file would say it."""
        self.resolved()  # whatever is wrong is said where the suite is made

    @classmethod
    @said_in_python()
    def from_yaml(cls, path: str | Path) -> Suite:
        """The suite in a file. Raises SuiteError with every complaint, each with its line."""
        path = of_person(path, "a suite's file")
        from evalkit.suite.loading import read_text

        suite = cls.__new__(cls)
        data = parse(read_text(path), str(path)).data
        suite._path, suite._is_file = path, True
        suite.resolved()
        suite.name, suite.written = str(data["name"]), data
        suite.models = {name: model_of_entry(dict(entry)) for name, entry in data["models"].items()}
        suite.judges = {name: model_of_entry(dict(entry)) for name, entry in (data.get("judges") or {}).items()}
        suite.tasks = tuple(task_of(task, n) for n, task in enumerate(data["tasks"]))
        for task in suite.tasks:
            task.of_file = True
        return suite

    @said_in_python()
    def to_yaml(self, path: str | Path | None = None, *, force: bool = False) -> str:
        """The suite as the text of a suite file; with `path` it is written there too, and records in memory beside it
        (TASK.jsonl). A run of that file has the same digests.

        Raises UserError where it holds a function, which no file can say; where it holds records in memory and there
        is no `path`; where a file cannot be written; and, without `force`, where records would replace a file of other
        content. Files that it names are not copied.
        """
        functions = [f"models.{name}" for name, model in self.models.items() if model.function is not None]
        functions += [f"judges.{name}" for name, model in self.judges.items() if model.function is not None]
        functions += [f"tasks[{n}].score" for n, task in enumerate(self.tasks) if task.scorers]
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
        scorers = {
            n: {place: OwnFunction.of(own.call) for place, own in task.scorers.items()}
            for n, task in enumerate(self.tasks)
            if task.scorers
        }
        tasks = [
            {**dict(task), **({"score": score_with(task["score"], scorers[n])} if n in scorers else {})}
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


_KEYS = tuple(SuiteKeywords.__annotations__)
_NAMED = ("models", "tasks", "name", "judges", "gate", "run", "folder")


def as_yaml(written: Mapping[str, Any], rows: Mapping[int, Rows], path: Path | None, *, force: bool = False) -> str:
    """The text of the file, written to `path` if there is one, with the records in memory beside it, by task.

    Raises UserError where there are such records and no path, where a file cannot be written, and, without `force`,
    where records would replace a file of other content: then nothing is written.
    """
    if rows and path is None:
        raise UserError("the suite has records in memory, which need a file of their own: to_yaml(PATH) writes it too")
    tasks = [dict(task) for task in written["tasks"]]
    names: dict[int, str] = {}
    for n in rows:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(tasks[n].get("name") or tasks[n].get("use"))) or f"task-{n}"
        names[n] = f"{name}.jsonl" if f"{name}.jsonl" not in names.values() else f"{name}-{n}.jsonl"
        inside = dict(tasks[n]["with"]) if "use" in tasks[n] else tasks[n]
        inside["data"] = {**inside["data"], "path": names[n]}
        if "use" in tasks[n]:
            tasks[n]["with"] = inside
    text = _dumped({**written, "tasks": tasks})
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for n, content in rows.items():
                if not force and _is_other(path.parent / names[n], content.content):
                    raise UserError(
                        f"{path.parent / names[n]} is there already, with other content: it would be replaced by the "
                        f"records of tasks[{n}]. Name another folder, or replace it: to_yaml(PATH, force=True)."
                    )
            for n, content in rows.items():
                write_file(path.parent / names[n], content.content)
            write_file(path, text)
        except OSError as error:
            raise UserError(f"{error.filename or path} cannot be written ({error.strerror}). Name another.") from error
    return text


def _is_other(path: Path, content: bytes) -> bool:
    """Whether something stands there that is no file of this content. Raises OSError where that cannot be read."""
    if not path.exists():
        return path.is_symlink()
    return not path.is_file() or path.stat().st_size != len(content) or read_file(path, most=len(content)) != content


def _dumped(data: Mapping[str, object]) -> str:
    """YAML 1.2 in which every text is quoted that could be read as something else."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # keeps the order of the keys
    yaml.allow_unicode = True
    yaml.width = 1_000_000
    stream = io.StringIO()
    yaml.dump(dict(data), stream)
    return stream.getvalue()
