"""`lm_eval: TASK` in a suite: any task or group of lm-eval, through evalkit's adapters, as ordinary rows.

    suite = with_lm_eval(load_suite(path), allow_code=False)     # suite.external has become suite.tasks

lm-eval makes the prompts and marks the answers; asking, retrying, resuming, pricing, storing and gating are evalkit's.
A group becomes one task for each of its members.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.bridges.lm_eval.code import runs_text, uses_signals
from evalkit.bridges.lm_eval.data import refuse_links_out
from evalkit.bridges.lm_eval.questions import Questions, metric_named
from evalkit.bridges.lm_eval.start import import_lm_eval, local_programs, unasked
from evalkit.bridges.lm_eval.task import LmEvalTask
from evalkit.bridges.lm_eval.trust import ALLOW_CODE, dangers
from evalkit.errors import MissingPackage, SuiteError, UserError
from evalkit.foreign import kept_running, words_of
from evalkit.installed import install_hint
from evalkit.main_thread import is_lent, no_main_thread, where_signals_work
from evalkit.paths import find
from evalkit.reading import sha256_of
from evalkit.suite.external_task import ExternalTask
from evalkit.suite.prompt_compiling import compile_prompt
from evalkit.suite.prompts import Prompt
from evalkit.suite.schema import SettingsEntry, TaskEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

if TYPE_CHECKING:
    from evalkit.bridges.lm_eval.index import Factory, TaskFiles


_BY_TEXT = ("_generative", "_chat", "_gen", "_llama", "_cot")
"""How lm-eval names the variant of a task that asks by text."""


def with_lm_eval(suite: ResolvedSuite, *, allow_code: bool = False) -> ResolvedSuite:
    """The suite with its lm-eval tasks made. Raises SuiteError with every complaint, MissingPackage without lm-eval."""
    if not suite.external:
        return suite
    made: list[ResolvedTask] = list(suite.tasks)
    complaints: list[str] = []
    indexes: dict[Path | None, Any] = {}
    local_programs(allowed=allow_code)
    for external in suite.external:
        try:
            own = _own_folder(external, allow_code=allow_code)
            with kept_running():
                if own not in indexes:
                    indexes[own] = _index(own, external.folder, allow_code=allow_code)
                made += tasks_of(external, indexes[own], allow_code=allow_code)
        except SuiteError as error:
            complaints += [f"{external.at}: {complaint}" for complaint in error.complaints]
        except UserError as error:
            complaints.append(f"{external.at}: lm-eval's {external.entry.lm_eval} cannot be made: {error}")
    names = [task.name for task in made]
    complaints += [
        f"{suite.path}: two tasks are named {name!r}; give the lm_eval entry a name of its own"
        for name, n in Counter(names).items()
        if n > 1
    ]
    for i, rule in enumerate(suite.gate.rules if suite.gate else ()):
        complaints += [
            f"{suite.path}: gate.rules[{i}].{rule.kind}: there is no task {subject!r}: {names}"
            for subject in rule.subjects
            if subject not in {"all", *names}
        ]
    if complaints:
        raise SuiteError(complaints)
    return replace(suite, tasks=tuple(sorted(made, key=lambda task: task.index)), external=())


def task_names() -> list[str]:
    """Every task and group of lm-eval's own index, sorted. Raises MissingPackage."""
    return sorted(_index(None, Path(), allow_code=False).names())


def tasks_of(external: ExternalTask, index: TaskFiles, *, allow_code: bool) -> list[LmEvalTask]:
    """The tasks behind one entry, in the group's order. Raises SuiteError."""
    entry = external.entry
    wanted = entry.lm_eval or ""
    if not index.find(wanted):
        near = get_close_matches(wanted, index.names(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`lm-eval ls tasks` lists them all"
        if index.refused:
            hint += f". Of the suite's task files this one was not read: {index.refused[0]}"
        raise SuiteError(f"lm-eval has no task or group {wanted!r}; {hint}")
    code = _checked_trust(wanted, index, external.folder, allow_code=allow_code)
    if not allow_code and (why := next(runs_text(_files_behind(wanted, index, set()), index.shipped), None)):
        raise SuiteError(
            f"lm-eval's {wanted} runs code that a model or a data set writes on this machine, or may ask other "
            f"hosts ({why}); allow it: {ALLOW_CODE}"
        )
    if not is_lent() and uses_signals(_files_behind(wanted, index, set()), index.shipped):
        raise SuiteError(no_main_thread(f"lm-eval's {wanted}"))
    built = _built(wanted, index, external.folder, allow_code=allow_code)
    several = len(built) > 1
    found = []
    for lm_task in built:
        if getattr(lm_task, "UNSAFE_CODE", False) and not allow_code:
            raise SuiteError(
                f"lm-eval's {wanted} runs code that the model writes on this machine; allow it: {ALLOW_CODE}"
            )
        try:
            questions = Questions(lm_task, entry.shots.n if entry.shots else None, entry.system)
            found.append(_task(external, questions, index, code, several))
        except UserError:
            raise
        except Exception as error:  # whatever the task's own code says: one complaint, cause chained
            raise SuiteError(_why_not_built(wanted, error)) from error
    return found


def _task(
    external: ExternalTask, questions: Questions, index: TaskFiles, code: str | None, several: bool
) -> LmEvalTask:
    import lm_eval

    if refusals := questions.refusals():
        raise SuiteError([f"lm-eval's {questions.name} {why}" for why in refusals])
    entry = external.entry
    own = re.sub(r"[^A-Za-z0-9._+-]+", "-", questions.name)
    name = own if entry.name is None else f"{entry.name}.{own}" if several else entry.name
    metric = metric_named(questions, entry.score.name if entry.score else None)
    settings = SettingsEntry.model_validate(
        {**questions.settings(), **entry.settings.model_dump(exclude_unset=True, mode="python")}
    )
    return LmEvalTask(
        name=name,
        entry=entry.model_copy(update={"name": name, "settings": settings}),
        prompt=_PROMPT,
        folder=external.folder,
        at=external.at,
        index=external.index,
        questions=questions,
        metric=metric,
        package_version=lm_eval.__version__,
        code_digest=code,
        variants=_by_text(questions.name, index) if questions.needs_likelihood else (),
    )


def _own_folder(external: ExternalTask, *, allow_code: bool) -> Path | None:
    """The folder of the user's own task files, without links; None where the entry names none. Raises SuiteError."""
    named = external.entry.include_path
    if named is None:
        return None
    folder = find(named, external.folder, label=f"include_path: {named}")
    if not folder.is_dir():
        raise SuiteError(f"include_path: there is no folder {folder}")
    if not allow_code:
        refuse_links_out(folder)
    return folder.real


def _built(name: str, index: TaskFiles, suite: Path, *, allow_code: bool) -> list[Any]:
    """lm-eval's task objects, data and all. Raises SuiteError for what is missing on this machine."""
    from lm_eval.api.group import Group

    from evalkit.bridges.lm_eval.index import Factory

    def make() -> Any:
        with kept_running():
            return _made(Factory(index, suite, trusted=allow_code), name, index)

    try:
        made = where_signals_work(make, f"lm-eval's {name}")
    except UserError:
        raise
    except ModuleNotFoundError as error:
        raise SuiteError(
            f"lm-eval's {name} needs the package {error.name!r}: pip install {error.name} (an extra of lm-eval)"
        ) from error
    except Exception as error:  # whatever a task's file or the hub says: one complaint, cause chained
        raise SuiteError(_why_not_built(name, error)) from error
    if isinstance(made, Group):
        return list(made.get_all_tasks())
    return list(made) if isinstance(made, list) else [made]


def _made(factory: Factory, name: str, index: TaskFiles) -> Any:
    try:
        with unasked("scipy.io"):
            return factory.build(index[name], registry=index)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("scipy"):
            raise
        return factory.build(index[name], registry=index)  # this one did ask for it


def _why_not_built(name: str, error: Exception) -> str:
    said = words_of(error, 600)
    if "offline" in said.lower() or "ConnectionError" in said or "resolve" in said or "Couldn't reach" in said:
        return (
            f"lm-eval's {name} needs a dataset that is not on this machine, and it could not be fetched ({said}). "
            "Run once with network (and without HF_HUB_OFFLINE); afterwards it is read from the cache."
        )
    return f"lm-eval's {name} cannot be made: {said}"


def _checked_trust(name: str, index: TaskFiles, suite: Path, *, allow_code: bool) -> str | None:
    """Digest of the user's own files behind a task; None for what lm-eval ships. Raises SuiteError for code."""
    own = [path for path in _files_behind(name, index, set()) if index.is_own(path)]
    if not own:
        return None
    if not allow_code:
        _refuse_dangers(own, index, suite)
    whole = hashlib.sha256()
    folders = {path.parent for path in own}
    for path in sorted({file for folder in folders for kind in ("*.py", "*.yaml") for file in folder.glob(kind)}):
        whole.update(f"{path.name}\0{sha256_of(path)}\n".encode())
    return whole.hexdigest()[:32]


def _refuse_dangers(files: list[Path], index: TaskFiles, suite: Path) -> None:
    """Raises SuiteError with every reason why these files of the user's may not be loaded."""
    found = [why for path in files for why in dangers(path, index.shipped, allowed=(suite, *index.own_folders))]
    if found:
        raise SuiteError([f"{why}. If you trust these files, allow it: {ALLOW_CODE}" for why in dict.fromkeys(found)])


def _files_behind(name: str, index: TaskFiles, seen: set[str]) -> Iterator[Path]:
    """The files of a task, or of a group and all its members."""
    if name in seen or name not in index:
        return
    seen.add(name)
    entry = index[name]
    if (path := entry.yaml_path or index.file_of(name)) is not None:
        yield Path(path)
    names = [*_members((entry.cfg or {}).get("task")), *(entry.tags if entry.yaml_path is None else ())]
    for member in sorted(names) if entry.yaml_path is None else names:
        yield from _files_behind(member, index, seen)


def _members(listed: object) -> Iterator[str]:
    """Every name in the list of a group, also of groups that are written inside it."""
    for one in _listed(listed):
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from (one[key] for key in ("task", "group") if isinstance(one.get(key), str))
            yield from _members(one.get("task"))


def _by_text(name: str, index: TaskFiles) -> tuple[str, ...]:
    known = index.names()
    return tuple(f"{name}{ending}" for ending in _BY_TEXT if f"{name}{ending}" in known)


def _index(own: Path | None, suite: Path, *, allow_code: bool) -> TaskFiles:
    try:
        import_lm_eval()
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"lm_eval tasks need lm-eval, which is not installed: {install_hint('lm-eval')} "
            f"(the package {error.name!r} is missing)"
        ) from error
    from evalkit.bridges.lm_eval.index import TaskFiles
    from evalkit.bridges.lm_eval.templates import sandbox_templates

    if own is None:
        return TaskFiles()
    if allow_code:
        return TaskFiles([own])
    sandbox_templates()
    return _index_of_strangers(own, suite)


def _index_of_strangers(own: Path, suite: Path) -> TaskFiles:
    """An index over lm-eval's tasks and those of a folder that is not trusted, whose files evalkit reads alone."""
    from evalkit.bridges.lm_eval.index import TaskFiles
    from evalkit.bridges.lm_eval.trust import plain_config

    index: TaskFiles = TaskFiles(
        [own], read=lambda path: plain_config(path, index.shipped, (suite, own), functions=False)
    )
    return index


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _compiled() -> Prompt:
    prompt, _ = compile_prompt(TaskEntry(prompt="{{ context }}"))
    assert prompt is not None
    return prompt


_PROMPT = _compiled()
