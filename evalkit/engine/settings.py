"""Which settings reach which model: the model's own, the task's over them, and what the model cannot take left out.

What a model's own entry asks for and cannot have is a complaint. What a *task* asks of all models and one of them
cannot have (temperature for a model that refuses it) is dropped for that model, noted before the run and kept in every
row: never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalkit.adapters.base import Adapter, Capabilities
from evalkit.frozen import dataclass
from evalkit.records import Settings
from evalkit.scorers.base import Scorer
from evalkit.suite.pipeline_parts import PIPELINE
from evalkit.suite.schema import ModelEntry, merged
from evalkit.suite.tasks import ResolvedTask

OPTIONAL = ("temperature", "top_p", "seed", "stop", "json_schema", "top_logprobs", "reasoning_effort")
"""Settings that not every model takes; each is also the name of a capability."""
_LIMIT = "max_output_tokens"
FIRST_TOKEN_ALTERNATIVES = 20
"""What first_token mode asks for: the most that providers give."""


@dataclass(frozen=True, slots=True)
class FittedSettings:
    """How one task's settings fall for each model."""

    settings: Mapping[str, Settings]
    dropped: Mapping[str, tuple[str, ...]]
    complaints: tuple[str, ...]
    notes: tuple[str, ...]


def fitted(task: ResolvedTask, scorer: Scorer, models: Mapping[str, tuple[ModelEntry, Adapter]]) -> FittedSettings:
    """The settings of every model for a task, with what does not fit."""
    settings: dict[str, Settings] = {}
    dropped: dict[str, tuple[str, ...]] = {}
    complaints: list[str] = []
    notes: list[str] = []
    first_token = (scorer.options or {}).get("mode") == "first_token"
    for name, (entry, adapter) in models.items():
        can = adapter.capabilities
        complaints += _lacking(task, scorer, name, adapter, first_token=first_token)
        own = entry.settings.record()
        complaints += [
            f"models.{name}.settings.{setting}: {adapter.spec.adapter} does not take it for this model. "
            f"{_way_out(adapter, setting)}"
            for setting in refused(own, can)
        ]
        both = merged(own, task.entry.settings)
        left_out = tuple(setting for setting in refused(both, can) if setting not in refused(own, can))
        if left_out:
            absent: dict[str, Any] = {setting: () if setting == "stop" else None for setting in left_out}
            both = replace(both, **absent)
            notes.append(f"{task.name}: {name} does not take {', '.join(left_out)}; asked without, and recorded")
        if first_token:
            both = replace(both, top_logprobs=FIRST_TOKEN_ALTERNATIVES, max_output_tokens=1)
        settings[name], dropped[name] = both, left_out
    return FittedSettings(settings, dropped, tuple(complaints), tuple(notes))


def refused(settings: Settings, can: Capabilities) -> list[str]:
    """The settings that are asked for and that this model does not take."""
    found = [name for name in OPTIONAL if getattr(settings, name) not in (None, ()) and not getattr(can, name)]
    return [*found, _LIMIT] if settings.max_output_tokens is not None and not can.output_limit else found


def _way_out(adapter: Adapter, setting: str) -> str:
    """An application is sent what its request says."""
    if adapter.spec.adapter == "http":
        return f"Send it in its request: {{{{ settings.{setting} }}}}, or remove it."
    return "Remove it."


def _lacking(task: ResolvedTask, scorer: Scorer, name: str, adapter: Adapter, *, first_token: bool) -> list[str]:
    can, kind = adapter.capabilities, adapter.spec.adapter
    if scorer.needs == "likelihood" and not can.likelihood:
        return [
            f"{task.at}: mode likelihood needs the log-likelihood of given text, which {name} ({kind}) does not give. "
            f"{task.instead}"
        ]
    if first_token and not can.top_logprobs:
        return [
            f"{task.at}: mode first_token needs log-probabilities of the first token, which {name} ({kind}) does not "
            "give. Use mode: generate."
        ]
    if task.entry.tools is not None and task.entry.interface != "text" and not can.tools:
        return [
            f"{task.at}: interface native needs a tool interface, which {name} ({kind}) does not have"
            f"{_serve_hint(adapter)}. Use interface: text, which lists the functions in the prompt."
        ]
    if (why := _blind(task, name, adapter) or _no_agent(task, name, adapter)) is not None:
        return [why]
    if scorer.needs == "text" and not can.text:
        return [f"{task.at}: {name} ({kind}) gives no text"]
    return []


def _blind(task: ResolvedTask, name: str, adapter: Adapter) -> str | None:
    """Why a model cannot be shown this task's pictures; None where it can, or there are none."""
    if not task.prompt.has_pictures or adapter.capabilities.images:
        return None
    kind, way = adapter.spec.adapter, "Leave the model out: --models"
    if adapter.spec.function is not None:
        way = "If the function reads request.images, say so: Model(function, images=True)"
    elif kind == PIPELINE:
        way = "Its guards would let pass what they cannot see: ask the model between them"
    return f"{task.at}: shows pictures, and {name} ({kind}) takes text alone. {way}."


def _no_agent(task: ResolvedTask, name: str, adapter: Adapter) -> str | None:
    """Why a model cannot be an agent in this task; None where it can."""
    can, kind = adapter.capabilities, adapter.spec.adapter
    if task.environment is None:
        return None
    if kind == PIPELINE:
        return (
            f"{task.at}: an agent makes many requests, and the parts of {name} ({kind}) are told apart for one alone. "
            "Ask the model between its guards."
        )
    if task.entry.interface == "text" or (can.tools and can.tool_results):
        return None
    lacks = "does not take what calls return" if can.tools else f"has no tool interface{_serve_hint(adapter)}"
    return (
        f"{task.at}: an agent's calls go through a tool interface, and {name} ({kind}) {lacks}. Use interface: text, "
        "which lists the functions in the prompt."
    )


def _serve_hint(adapter: Adapter) -> str:
    """A server that evalkit starts has the interface once two of its flags are set."""
    if adapter.spec.serve is None:
        return ""
    return " as it is served (serve: {enable_auto_tool_choice: true, tool_call_parser: NAME} would give it one)"
