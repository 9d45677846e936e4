"""The suite file as records: every key that may be written, its meaning, its unit, and what leaving it out means.

    tasks:
      - name: refunds
        data: {path: data/refunds.jsonl, id: ticket_id}
        prompt: "{{ text }}"
        choices: [approve, deny, escalate]
        target: "{{ label }}"
        score: choice

Parsing is strict: no text becomes a number, unknown keys are errors. Short forms (`data: file.jsonl`, `score: exact`,
`shots: 5`, `limit: 100`) are widened here to the full form, so that nobody downstream knows them. What needs two
entries at once (does this model exist?) is in `checks`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from evalkit.records import Role, Settings

T = TypeVar("T")
Several = Annotated[tuple[T, ...], Field(strict=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=80)]
Text = Annotated[str, StringConstraints(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Mode = Literal["generate", "likelihood", "first_token"]


class Part(BaseModel):
    """Any mapping of a suite file: frozen, strict, no unknown keys. Validators are built on first use."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def _money(value: Any) -> Any:
    """Numbers of the file as Decimal, by their written digits."""
    return Decimal(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    """One text stands for a list of one."""
    return [value] if isinstance(value, str) else value


def _choices(value: Any) -> Any:
    """A list of templates (whole numbers are taken as their text), or one template that names a list."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or any(isinstance(item, bool) or not isinstance(item, str | int) for item in value):
        raise ValueError('expected a list of texts, or one template that names a list, like "{{ choices }}"')
    if len(value) < 2:
        raise ValueError(f"a choice needs at least two options (seen: {len(value)})")
    return tuple(str(item) for item in value)


def _critical(value: Any) -> Any:
    if not isinstance(value, bool | str):
        raise ValueError("expected true, false or a template that renders to true or false")  # noqa: TRY004
    return value


def _in_flight(value: Any) -> Any:
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"expected auto or a whole number from 1 (value seen: {value!r})")
    return value


def _score(value: Any) -> Any:
    """`exact`, `{exact: {case: false}}` and `{use: exact, case: false}` are the same kind of thing."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict):
        if "use" in value:
            return {"name": value["use"], "options": {k: v for k, v in value.items() if k != "use"}}
        if len(value) == 1:
            name, options = next(iter(value.items()))
            if options is None or isinstance(options, dict):
                return {"name": name, "options": options or {}}
    raise ValueError("expected a scorer's name, {NAME: {option: value}} or {use: NAME, option: value}")


def _data(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _shots(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"n": value}
    return {"records": value} if isinstance(value, list) else value


def _limit(value: Any) -> Any:
    return {"n": value} if isinstance(value, int) and not isinstance(value, bool) else value


class SettingsEntry(Part):
    """How answers are to be made. A key that is left out, or null, is not sent: the provider decides."""

    max_output_tokens: Count | None = None
    """The longest answer in tokens, reasoning included where the provider counts it."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    stop: Annotated[Several[Text], BeforeValidator(_texts, json_schema_input_type=str | list[str])] = ()
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
    import dataclasses

    changes = {name: getattr(task, name) for name in task.model_fields_set}
    if "extra" in changes:
        changes["extra"] = {**model.extra, **task.extra}
    return dataclasses.replace(model, **changes) if changes else model


Dollars = Annotated[Decimal, BeforeValidator(_money, json_schema_input_type=float), Field(ge=0)]


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
    utilisation: Annotated[Decimal, BeforeValidator(_money, json_schema_input_type=float), Field(gt=0, le=1)] | None = (
        None
    )
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
    lora: Text | None = None
    """vllm with serve: the folder of a LoRA adapter; it is what answers."""
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
    licence: Text | None = None
    """Of the weights, where the catalogue does not know it."""
    variants: dict[Name, VariantEntry] = Field(default_factory=dict)
    """The same with something else, each a model of its own under its name: {mine-int8: {compute_type: int8}}."""

    @property
    def options(self) -> dict[str, Any]:
        """The adapter-specific keys that the entry writes."""
        return {k: getattr(self, k) for k in OptionsEntry.model_fields if getattr(self, k) is not None}


class DataEntry(Part):
    """Where records come from: a file beside the suite, or a file of a Hugging Face dataset at a pinned revision."""

    path: Text | None = None
    """JSONL, CSV or Parquet (JSONL and CSV also .gz), relative to the suite file; may hold ${NAME}."""
    hub: Text | None = None
    """A dataset repository: org/name."""
    file: Text | None = None
    """The file in that repository."""
    revision: Text | None = None
    """The full commit (40 hex digits): a branch moves, and so would the questions."""
    id: Text | None = None
    """The field that names a record. None: the field `id` where there is one, else the line number."""
    format: Literal["jsonl", "csv", "tsv", "parquet"] | None = None
    """None: by the file name's ending."""
    where: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Keep the records whose fields have these values, like {split: test}."""


class ShotsEntry(Part):
    """Worked examples that stand before the question, as turns of the conversation."""

    n: Annotated[int, Field(ge=0)] | None = None
    """How many. None: all of them (at most 50)."""
    records: Several[dict[str, Any]] | None = None
    """The examples themselves."""
    path: Text | None = None
    """A file of examples. None with `where`: the task's own data."""
    format: Literal["jsonl", "csv", "tsv", "parquet"] | None = None
    """Of `path`. None: by the file name's ending."""
    where: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Keep the records whose fields have these values, like {split: dev}."""
    same: Text | None = None
    """Only examples that agree with the question in this field, like subject."""
    seed: int | None = None
    """Draw by this seed. None: the first n in the file's order."""


class LimitEntry(Part):
    """A seeded subset of the samples, the same on every machine; part of the task's identity."""

    n: Count
    seed: int = 0


class MessageEntry(Part):
    """One turn of the conversation; the content is a template."""

    role: Role
    content: str


class ScoreEntry(Part):
    """How answers are marked."""

    name: Text
    options: dict[str, Any] = Field(default_factory=dict)


Data = Annotated[DataEntry, BeforeValidator(_data, json_schema_input_type=str | DataEntry)]
Shots = Annotated[ShotsEntry, BeforeValidator(_shots, json_schema_input_type=int | list[dict[str, Any]] | ShotsEntry)]
Limit = Annotated[LimitEntry, BeforeValidator(_limit, json_schema_input_type=Count | LimitEntry)]
Scoring = Annotated[ScoreEntry, BeforeValidator(_score, json_schema_input_type=str | dict[str, Any])]
Choices = Annotated[Several[str] | str, BeforeValidator(_choices, json_schema_input_type=list[str | int] | str)]
Critical = Annotated[bool | str, BeforeValidator(_critical, json_schema_input_type=bool | str)]
InFlight = Annotated[int | Literal["auto"], BeforeValidator(_in_flight, json_schema_input_type=Count | Literal["auto"])]


class Adjustable(Part):
    """What a task may say and a `with` may say differently."""

    data: Data | None = None
    shots: Shots | None = None
    limit: Limit | None = None
    """Ask only this many samples. None: all of them."""
    mode: Mode | None = None
    """How a choice is read: generate (from text; the default), likelihood or first_token."""
    system: str | None = None
    settings: SettingsEntry = Field(default_factory=SettingsEntry)
    """Override the model's, field by field."""
    cluster: Text | None = None
    """The field whose equal values move together (a conversation). None: every sample stands alone."""
    slices: Annotated[Several[Text], BeforeValidator(_texts, json_schema_input_type=str | list[str])] = ()
    """Fields by which results are also reported and scanned."""
    critical: Critical = False
    """Which samples may not newly fail: true, or a template that renders to true, 1 or yes."""


class WithEntry(Adjustable):
    """What to change of a built-in task."""

    path: Text | None = None
    """Short for data: {path: ...}."""


class TaskEntry(Adjustable):
    """One task: `use` a built-in one, take one of lm-eval, or write your own (name, data, prompt, score)."""

    use: Text | None = None
    """The name of a built-in task."""
    overrides: WithEntry | None = Field(default=None, alias="with")
    """What to change of it."""
    lm_eval: Text | None = None
    """The name of a task or group of lm-eval, asked and marked as lm-eval does."""
    include_path: Text | None = None
    """lm_eval: a folder with task files of your own, relative to the suite file."""
    name: Name | None = None
    """Shown everywhere. None: the name of the built-in task."""
    prompt: str | None = None
    """The question: a Jinja template over the record's fields."""
    messages: Several[MessageEntry] | None = None
    """A whole conversation instead of `prompt`; the last turn is the user's."""
    choices: Choices | None = None
    """The options: a list of templates, or one template that names a list."""
    target: str | None = None
    """The right answer, a template; for choices the letter or the text of one of them."""
    score: Scoring | None = None


class BuiltinEntry(TaskEntry):
    """A task that ships with evalkit, with where it comes from."""

    version: int
    """Raised whenever the same record could be asked or marked differently."""
    about: str
    licence: str
    source: str
    """Where a copy of the data can be had, and in which form it is read."""
    revision: str
    """The pinned commit of the data, or `unverified`: then it runs on your own copy only."""
    chance: Annotated[float, Field(ge=0, le=1)] | None = None
    """Score of guessing. None: not meaningful or not known."""


class RunEntry(Part):
    """How the run is made."""

    in_flight: InFlight = "auto"
    """Open requests per endpoint; auto grows while the endpoint is happy."""
    repeats: Count = 1
    """How often each sample is asked."""
    seed: int = 0
    max_cost_usd: Annotated[Decimal, BeforeValidator(_money, json_schema_input_type=float), Field(gt=0)] | None = None
    """The run stops before it spends more. None: no limit."""
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of errored rows above which the run counts as incomplete."""
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """Hard limit for one item in seconds, retries included."""
    idle_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """Seconds of silence after which one attempt is given up."""


LATENCIES = Literal[
    "ttft_p50", "ttft_p90", "ttft_p95", "ttft_p99", "ttfr_p50", "ttfr_p95", "tpot_p50", "tpot_p95", "tpot_p99",
    "total_p50", "total_p90", "total_p95", "total_p99",
]  # fmt: skip


class RuleEntry(Part):
    """One condition that a candidate must meet: exactly one of quality, cost, latency, rate, with its limit."""

    quality: Text | None = None
    """all (pooled over samples), the name of a task, or a slice of one: refunds/language=de."""
    cost: Literal["usd_per_sample", "usd_per_1k_samples", "usd_per_correct"] | None = None
    """usd_per_correct is shown with its interval and never decides: it needs required: false."""
    latency: LATENCIES | None = None
    rate: Literal["refused", "truncated", "unparseable", "errored"] | None = None
    margin: Annotated[float, Field(ge=0, lt=1)] | None = None
    """quality: how much worse the candidate may be, in score units."""
    scope: Literal["population", "suite"] | None = None
    """quality: does the claim hold for items like these (population, the default), or for these very items?"""
    tail: Literal["strict", "smooth"] | None = None
    """quality of graded scores: reckon with rare collapses that did not show (strict, the default), or not (smooth)."""
    max_ratio: Annotated[float, Field(gt=0)] | None = None
    """cost, latency: candidate over baseline."""
    max_s: Annotated[float, Field(gt=0)] | None = None
    """latency: seconds."""
    max_usd: Annotated[Decimal, BeforeValidator(_money, json_schema_input_type=float), Field(gt=0)] | None = None
    """cost: US dollars."""
    max_increase: Annotated[float, Field(ge=0, le=1)] | None = None
    """rate: candidate minus baseline."""
    max_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """rate: of the candidate alone."""
    required: bool = True
    """false: shown, but not part of the verdict."""


class ScanEntry(Part):
    """Look at every task and slice for a collapse."""

    margin: Annotated[float, Field(gt=0, lt=1)]
    """A loss beyond this anywhere fails, in score units."""


class GateEntry(Part):
    """What a candidate must show before it may replace the baseline."""

    baseline: Text
    """A model of this suite, or a promoted one: baseline@NAME."""
    candidates: Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
    rules: Annotated[tuple[RuleEntry, ...], Field(strict=False, min_length=1)]
    scan: ScanEntry | None = None
    """None: no scan."""
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    """Accepted probability of a wrong pass, and apart from it of a wrong fail, for each rule."""
    on_inconclusive: Literal["fail", "pass", "warn"] = "fail"
    """What too little evidence does to the command: fail (exit 3), warn or pass (exit 0). The verdict stays
    inconclusive, and what could not be measured at all (an unknown price) is exit 3 whatever stands here."""
    early_stop: Literal["curtail", "save", "off"] = "curtail"
    """`run --gate` stops when the verdict is settled: curtail (no power lost), save (a third fewer items, some 3 points
    of power lost), or off."""


class SuiteFile(Part):
    """The whole file."""

    name: Name
    about: str | None = None
    sensitivity: Literal["public", "internal", "restricted"] = "internal"
    """Where prompts may be sent."""
    models: Annotated[dict[Name, ModelEntry], Field(min_length=1)]
    tasks: Annotated[tuple[TaskEntry, ...], Field(strict=False, min_length=1)]
    run: RunEntry = Field(default_factory=RunEntry)
    gate: GateEntry | None = None
    """None: this suite measures and decides nothing."""
