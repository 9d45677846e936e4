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
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

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
    json_schema: dict[str, Any] | None = None
    """The answer must be JSON under this schema, by the provider's own constrained decoding."""
    top_logprobs: Annotated[int, Field(ge=1, le=20)] | None = None
    """Ask for this many alternatives of each output token."""
    extra: dict[str, Any] = Field(default_factory=dict)
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


class OptionsEntry(Part):
    """Keys that only some adapters read. They are listed here so that a typing error is caught; adapters refuse the
    ones they cannot use."""

    path: Text | None = None
    """replay: the file of answers, relative to the suite file."""
    id_field: Text | None = None
    """replay: the column with the sample's id."""
    text_field: Text | None = None
    """replay: the column with the answer."""
    calls_field: Text | None = None
    """replay: the column with the function calls that were made, [{name: f, arguments: {}}]. None: there is none."""
    partial: bool | None = None
    """replay: the file may hold answers to other samples, and lack some (the run then ends incomplete). None: no."""
    replies: dict[str, str] | None = None
    """scripted: sample id (or *) to answer."""
    delay_s: Annotated[float, Field(ge=0)] | None = None
    """scripted: seconds before each answer."""
    fail: dict[str, str] | None = None
    """scripted: sample id (or *) to the kind of error to raise."""
    compute_type: Text | None = None
    """ctranslate2: float32, int8, int8_float32, bfloat16 ..."""
    inter_threads: Count | None = None
    """ctranslate2: batches that run side by side."""
    intra_threads: Annotated[int, Field(ge=0)] | None = None
    """ctranslate2: threads of one batch; 0: as many as the engine likes."""
    max_batch: Count | None = None
    """ctranslate2: the most requests that are gathered into one batch."""
    legacy_sampling: bool | None = None
    """anthropic: send temperature and top_p the way that older models take them."""
    region: Text | None = None
    """bedrock: the region in the endpoint's address."""
    resource: Text | None = None
    """azure: the resource in the endpoint's address."""
    key_env: Text | None = None
    """openai_chat: the variable with the key, for a host that the person running evalkit allows."""
    stream: bool | None = None
    """openai_chat: false for a server that cannot stream (then there is no time to first token)."""
    stream_options: bool | None = None
    """openai_chat: false for a server that refuses stream_options (usage is then what it sends unasked)."""
    token_param: Literal["max_tokens", "max_completion_tokens"] | None = None
    """openai_chat: how the server spells max_output_tokens."""
    reported_cost: bool | None = None
    """openai_chat: true where `usage.cost` is what a request cost in USD, as LiteLLM's proxy says it."""
    lora: Text | None = None
    """vllm with serve: the folder of a LoRA adapter; it is what answers."""
    probe_tools: bool | None = None
    """openai_chat: false for a server that is known to pass functions on, which is then not probed."""
    likelihood: bool | None = None
    """openai_chat: whether the server's completions endpoint gives log-likelihoods of a prompt."""


class VariantEntry(OptionsEntry):
    """What differs from the model that it is a variant of; `serve` and `settings` are merged key by key."""

    model: Text | None = None
    base_url: Text | None = None
    settings: SettingsEntry = Field(default_factory=SettingsEntry)
    hosting: HostingEntry | None = None
    serve: dict[str, str | int | float | bool | dict[str, str]] | None = None
    price_as: Text | None = None
    weights: Text | None = None
    licence: Text | None = None


class ModelEntry(OptionsEntry):
    """One model: who is asked, where, and how."""

    adapter: Text
    """openai, anthropic, gemini, ctranslate2, vllm, replay ... or a preset such as together."""
    model: Text | None = None
    """The provider's model id or a folder of weights; may hold ${NAME}. Only replay and scripted need none."""
    base_url: Text | None = None
    """Where the endpoint is; may hold ${NAME}. None: the adapter's own."""
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
    variants: dict[Name, VariantEntry] = Field(default_factory=dict)
    """The same with something else, each a model of its own under its name: {mine-int8: {compute_type: int8}}."""

    @property
    def options(self) -> dict[str, Any]:
        """The adapter-specific keys that the entry writes."""
        return {k: getattr(self, k) for k in OptionsEntry.model_fields if getattr(self, k) is not None}
