"""The `models:` of a suite file: who is asked, with which settings, on whose hardware.

qwen-fp8:
  adapter: vllm
  model: Qwen/Qwen3.5-32B
  serve: {tensor_parallel_size: 2, quantization: fp8}
  hosting: {gpu: H100, gpus: 2, usd_per_gpu_hour: 2.49}
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from evalkit.records import Settings
from evalkit.suite.schema.parts import Count, Dollars, Name, Part, Text, Texts, as_written


class SettingsEntry(Part):
    """How answers are to be made. A key that is left out, or null, is not sent: the provider decides."""

    max_output_tokens: Count | None = None
    """The longest answer in tokens, reasoning included where the provider counts it."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    stop: Texts = ()
    """One text or several that end the answer."""
    reasoning_effort: Text | None = None
    """As the provider spells it: none, minimal, low, medium, high ..."""
    json_schema: dict[str, object] | None = None
    """The answer must be JSON under this schema, by the provider's own constrained decoding."""
    top_logprobs: Annotated[int, Field(ge=1, le=20)] | None = None
    """Ask for this many alternatives of each output token."""
    extra: dict[str, object] = Field(default_factory=dict)
    """Provider-specific body fields, sent as they are."""

    def record(self) -> Settings:
        """The same as the record that requests carry."""
        return Settings(**{name: getattr(self, name) for name in type(self).model_fields})


def merged(model: Settings, task: SettingsEntry) -> Settings:
    """The model's settings, overridden field by field by what the task writes (null takes a setting back).

    `extra` is merged key by key, so that a task's field does not drop the model's others.
    """
    changes = {name: getattr(task, name) for name in task.model_fields_set}
    if "extra" in changes:
        changes["extra"] = {**model.extra, **task.extra}
    return dataclasses.replace(model, **changes) if changes else model


class HostingEntry(Part):
    """What running the model on one's own hardware costs."""

    gpu: Text | None = None
    """The accelerator's name, as it should be shown."""
    gpus: Count = 1
    """How many of them serve one copy of the model."""
    usd_per_gpu_hour: Dollars | None = None
    """US dollars for one GPU and hour. Give this, or usd_per_month."""
    usd_per_month: Dollars | None = None
    """US dollars a month for all GPUs together, as a lease has it."""
    billing: Literal["reserved", "on_demand"] = "reserved"
    """reserved: idle hours are paid too; on_demand: only busy hours are."""
    power_kw: Dollars | None = None
    """Electrical power of everything together in kW, where it is paid apart."""
    usd_per_kwh: Dollars | None = None
    engineering_hours_per_month: Dollars | None = None
    """Hours a month that people spend on keeping it up."""
    usd_per_engineering_hour: Dollars | None = None
    utilisation: Annotated[Decimal, as_written, Field(gt=0, le=1)] | None = None
    """Busy share of all hours. None: what an answer costs is unknown where idle hours are paid (reserved, people)."""
    load: Text = "latest"
    """The load sweep that gives the throughput: `latest`, its name, or a path to it."""

    @model_validator(mode="after")
    def _whole(self) -> HostingEntry:
        if (self.usd_per_gpu_hour is None) == (self.usd_per_month is None):
            raise ValueError("give one of usd_per_gpu_hour and usd_per_month")
        if (self.power_kw is None) != (self.usd_per_kwh is None):
            raise ValueError("power_kw and usd_per_kwh belong together")
        if (self.engineering_hours_per_month is None) != (self.usd_per_engineering_hour is None):
            raise ValueError("engineering_hours_per_month and usd_per_engineering_hour belong together")
        return self


OwnPrompt = Text | Annotated[dict[Name, Text], Field(min_length=1)]


class PromptEntry(Part):
    """What differs from the tasks' own prompts, for every model that is asked with it."""

    system: str | None = None
    """Another system text, a template, in every task. None: the task's."""
    prompt: OwnPrompt | None = None
    """Another question, a template, for every task; or by task: {sums: "..."}. None: the task's."""
    models: Texts = ()
    """Only for these models. Empty: for each of them."""


class OpenEntry(Part):
    """A model, or what differs in a variant. Besides its own keys it takes those that its adapter reads: each adapter
    declares them (`evalkit.suite.schema.options`), and `evalkit.suite.model_options` refuses all others."""

    model_config = ConfigDict(extra="allow")

    @property
    def options(self) -> dict[str, object]:
        """The adapter-specific keys that the entry writes; null is as if a key were not written."""
        return {key: value for key, value in (self.model_extra or {}).items() if value is not None}


class VariantEntry(OpenEntry):
    """What differs from the model that it is a variant of; `serve` and `settings` are merged key by key."""

    model: Text | None = None
    base_url: Text | None = None
    system: str | None = None
    prompt: OwnPrompt | None = None
    settings: SettingsEntry = Field(default_factory=SettingsEntry)
    hosting: HostingEntry | None = None
    serve: dict[str, str | int | float | bool | dict[str, str]] | None = None
    price_as: Text | None = None
    weights: Text | None = None
    licence: Text | None = None


class ModelEntry(OpenEntry):
    """One model: who is asked, where, and how."""

    adapter: Text
    """openai, anthropic, gemini, ctranslate2, vllm, replay ... or a preset such as together."""
    model: Text | None = None
    """The provider's model id or a folder of weights; may hold ${NAME}. Only replay and scripted need none."""
    base_url: Text | None = None
    """Where the endpoint is; may hold ${NAME}. None: the adapter's own."""
    system: str | None = None
    """Another system text than the tasks' (a template), for this model alone. None: the task's."""
    prompt: OwnPrompt | None = None
    """Another prompt than the tasks' (a template), for this model; or by task: {sums: "..."}. None: the task's."""
    settings: SettingsEntry = Field(default_factory=SettingsEntry)
    hosting: HostingEntry | None = None
    """Cost of one's own hardware. None: tokens are billed, or the cost is unknown."""
    serve: dict[str, str | int | float | bool | dict[str, str]] | None = None
    """Flags of a server that evalkit starts and stops (vllm). None: the server is there already."""
    price_as: Text | None = None
    """Bill as this model of the price list. None: by its own id."""
    weights: Text | None = None
    """A server of one's own: which weights it has loaded, in any words. Give another word whenever they change. None:
    nobody knows, and its answers are not kept in the cache."""
    licence: Text | None = None
    """Of the weights, where the catalogue does not know it."""
    alone: bool | None = None
    """Whether it is asked the tasks by itself. false: only as a part of a pipeline, such as a guard. None: yes."""
    variants: dict[Name, VariantEntry] = Field(default_factory=dict)
    """The same with something else, each a model of its own under its name: {mine-int8: {compute_type: int8}}."""
