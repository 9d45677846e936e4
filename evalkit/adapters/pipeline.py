"""A pipeline as a suite writes it: a guard before or behind another model, and what of its words counts as blocked.

    safe-bot: {adapter: pipeline, model: bot, before: guard, behind: guard, blocked: unsafe}

The parts are other models of the suite, by their names. The engine puts them together (`engine.pipelines`), since it
prices and limits each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NoReturn

from pydantic import BeforeValidator, model_validator

from evalkit.adapters.application_options import Path, Words
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.options import AdapterOptions
from evalkit.errors import SuiteError
from evalkit.suite.schema.parts import Name, Part, Text


class GuardWords(Part):
    """What a guard has to say: by one of label, text, regex and json."""

    label: Words = ()
    """The first word of its reply, or its whole first line, is one of these; capitals do not matter."""
    text: Words = ()
    """Its reply holds one of these; capitals do not matter."""
    regex: Text | None = None
    """Its reply matches this pattern (RE2) somewhere."""
    json_at: Path | None = None
    """Its reply is JSON, and has a value there: one of `is`, one above `above`, or, without both, true."""
    values: Words = ()
    """With json_at: the values that count."""
    above: float | None = None
    """With json_at: a number above this counts."""

    @model_validator(mode="after")
    def _one(self) -> GuardWords:
        given = [bool(self.label), bool(self.text), self.regex is not None, self.json_at is not None]
        if sum(given) != 1:
            raise ValueError("give one of label, text, regex and json_at")
        if (self.values or self.above is not None) and self.json_at is None:
            raise ValueError("values and above belong to json_at")
        return self


def _verdict(value: object) -> object:
    return {"label": value} if isinstance(value, str | list) else value


def _guard(value: object) -> object:
    return {"by": value} if isinstance(value, str) else value


Said = Annotated[GuardWords, BeforeValidator(_verdict, json_schema_input_type=str | list[str] | GuardWords)]


class GuardEntry(Part):
    """A guard: which model, what it is shown, and what of its words counts."""

    by: Name
    """A model of the suite."""
    prompt: Text | None = None
    """What it is asked: a template over prompt, messages, system, and behind the model answer. None: before the model
    the request as it is, behind it the answer alone."""
    system: Text | None = None
    """The system text before `prompt`, a template as well."""
    blocked: Said | None = None
    """None: as the pipeline says."""
    passed: Said | None = None
    """None: as the pipeline says."""


Guard = Annotated[GuardEntry, BeforeValidator(_guard, json_schema_input_type=str | GuardEntry)]


class PipelineOptions(AdapterOptions):
    """What only a pipeline reads; `model` names the model between the guards."""

    before: Guard | None = None
    """The guard that sees each request first: the name of a model, or {by: NAME, prompt: ..., blocked: ...}."""
    behind: Guard | None = None
    """The guard that sees each answer before it counts, written in the same way."""
    blocked: Said | None = None
    """What a guard says of what must not pass: a label like unsafe, or {text: ...}, {regex: ...}, {json_at: PATH}."""
    passed: Said | None = None
    """What a guard says of what may pass. None: all that is not blocked; else a guard that says neither has failed."""


Options = PipelineOptions


def make(spec: ModelSpec) -> NoReturn:
    """Raises SuiteError: whoever makes models one by one cannot make this one."""
    raise SuiteError(f"models.{spec.name}: a pipeline is made of other models of its suite, and stands under models:")


def guards_of(options: PipelineOptions) -> Iterator[tuple[str, GuardEntry]]:
    """("before" or "behind", guard), in the order in which they are asked."""
    for role in ("before", "behind"):
        if (guard := getattr(options, role)) is not None:
            yield role, guard
