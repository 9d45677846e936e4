"""A model that is asked with another system text or another prompt than the task's: prompts compared like models.

    prompts:
      terse: {system: "Answer in one word."}
      steps: {prompt: {sums: "{{ question }} Think step by step."}}
    -> models gpt, gpt+terse, gpt+steps, for each model of the suite

The items stay the task's own (the same records, choices and right answers), so answers pair item by item whatever they
were asked with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from evalkit.errors import SuiteError
from evalkit.suite.picture_places import PartedTemplate
from evalkit.suite.prompt_compiling import compile_prompt
from evalkit.suite.schema import MessageEntry, ModelEntry, TaskEntry
from evalkit.suite.schema.models import OwnPrompt, PromptEntry
from evalkit.suite.source_map import Loc
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import near

BETWEEN = "+"


def prompted_name(model: str, prompt: str) -> str:
    """gpt+terse"""
    return f"{model}{BETWEEN}{prompt}"


def with_prompts(models: Mapping[str, ModelEntry], prompts: Mapping[str, PromptEntry]) -> dict[str, ModelEntry]:
    """Every model, and behind it the same model with each prompt of the suite that is for it."""
    found: dict[str, ModelEntry] = {}
    for name, entry in models.items():
        found[name] = entry
        for own, prompt in prompts.items():
            if not prompt.models or name in prompt.models:
                found.setdefault(prompted_name(name, own), entry.model_copy(update=_changes(prompt)))
    return found


def check_prompts(prompts: Mapping[str, PromptEntry], models: list[str], tasks: list[str]) -> Iterator[tuple[Loc, str]]:
    """Prompts that change nothing, name models or tasks that are not there, or take a model's name."""
    for own, prompt in prompts.items():
        loc: Loc = ("prompts", own)
        if prompt.system is None and prompt.prompt is None:
            yield loc, 'changes nothing; say what differs: {system: "..."} or {prompt: "..."}'
        for model in prompt.models:
            if model not in models:
                yield (*loc, "models"), f"there is no model {model!r}; {near(model, models)}"
        for model in models:
            if prompted_name(model, own) in models:
                yield loc, f"{prompted_name(model, own)!r} is also the name of a model; choose another name"
        for task in prompt.prompt if isinstance(prompt.prompt, Mapping) else ():
            if task not in tasks:
                yield (*loc, "prompt"), f"there is no task {task!r}; {near(task, tasks)}"


def check_own_prompts(models: Mapping[str, ModelEntry], tasks: list[str]) -> Iterator[tuple[Loc, str]]:
    """Prompts of models for tasks that are not there: they would be asked with the task's own, and nobody told."""
    written: list[tuple[Loc, OwnPrompt | None]] = []
    for name, entry in models.items():
        written.append((("models", name, "prompt"), entry.prompt))
        written += [(("models", name, "variants", own, "prompt"), one.prompt) for own, one in entry.variants.items()]
    for loc, prompt in written:
        for task in prompt if isinstance(prompt, Mapping) else ():
            if task not in tasks:
                yield loc, f"there is no task {task!r}; {near(task, tasks)}"


def as_asked(task: ResolvedTask, entry: ModelEntry) -> ResolvedTask | None:
    """The task as this model is asked it; None where it is asked as the task is written. Raises SuiteError."""
    prompt = entry.prompt.get(task.name) if isinstance(entry.prompt, Mapping) else entry.prompt
    if entry.system is None and prompt is None:
        return None
    if type(task) is not ResolvedTask:
        raise SuiteError(f"{task.at}: is asked as its own tool does: a model's system or prompt cannot change it")
    if prompt is not None and any(template.shown for _, template in _parted(task)):
        raise SuiteError(
            f"{task.at}: shows pictures between the texts of its messages, and a model's own prompt would drop them; "
            "name them by `images` instead, which stay before whatever is asked"
        )
    changed = _changed(task, entry.system, prompt)
    compiled, wrong = compile_prompt(changed, task.environment, task.prompt.pictures)
    if compiled is None or wrong:
        raise SuiteError([f"{task.at}: asked with a model's own prompt: {key}: {said}" for key, said in wrong])
    return replace(task, entry=changed, prompt=compiled)


def _parted(task: ResolvedTask) -> Iterator[tuple[str, PartedTemplate]]:
    for role, template in task.prompt.turns:
        if isinstance(template, PartedTemplate):
            yield role, template


def own_words(entry: ModelEntry) -> dict[str, object]:
    """What the entry says of a prompt of its own: for digests of what is asked. Empty for most models."""
    own = {"system": entry.system, "prompt": entry.prompt}
    return {key: said for key, said in own.items() if said is not None}


def with_words_of(entry: ModelEntry, main: ModelEntry) -> ModelEntry:
    """A pipeline as it is asked: with the settings and the prompt of the model between its guards, but for what it
    says itself."""
    prompt = main.prompt if entry.prompt is None else entry.prompt
    if isinstance(entry.prompt, Mapping) and isinstance(main.prompt, Mapping):
        prompt = {**main.prompt, **entry.prompt}
    system = main.system if entry.system is None else entry.system
    return entry.model_copy(update={"settings": main.settings, "system": system, "prompt": prompt})


def _changed(task: ResolvedTask, system: str | None, prompt: str | None) -> TaskEntry:
    entry = task.entry
    changes: dict[str, object] = {}
    if prompt is not None:
        changes |= {"prompt": prompt, "messages": None, "system": _system_of(entry)}
    if system is None:
        return entry.model_copy(update=changes)
    messages = entry.messages if prompt is None else None
    if isinstance(messages, str):
        raise SuiteError(f"{task.at}: sends each record's own conversation, whose system text a model cannot replace")
    if messages is None:
        return entry.model_copy(update={**changes, "system": system})
    rest = [turn for turn in messages if turn.role != "system"]
    changes["messages"] = (MessageEntry(role="system", content=system), *rest)
    return entry.model_copy(update=changes)


def _system_of(entry: TaskEntry) -> str | None:
    """The system text that a task is written with, as a key or in its messages; None where it has none."""
    if entry.system is not None or entry.messages is None or isinstance(entry.messages, str):
        return entry.system
    return "\n\n".join(turn.text for turn in entry.messages if turn.role == "system") or None


def _changes(prompt: PromptEntry) -> dict[str, object]:
    found: dict[str, object] = {}
    if prompt.system is not None:
        found["system"] = prompt.system
    if prompt.prompt is not None:
        found["prompt"] = prompt.prompt
    return found
