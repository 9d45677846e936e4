"""The keys of `Model(...)` in Python, and of `settings`, as a type checker knows them.

Written by `python -m evalkit.suite.json_schema`, out of the schema that a suite file has. Not edited by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypedDict


class SettingsKeywords(TypedDict, total=False):
    """How answers are to be made. A key that is left out, or null, is not sent: the provider decides."""

    max_output_tokens: int | None
    """The longest answer in tokens, reasoning included where the provider counts it."""
    temperature: float | None
    top_p: float | None
    seed: int | None
    stop: str | Sequence[str]
    """One text or several that end the answer."""
    reasoning_effort: str | None
    """As the provider spells it: none, minimal, low, medium, high ..."""
    json_schema: Mapping[str, object] | None
    """The answer must be JSON under this schema, by the provider's own constrained decoding."""
    top_logprobs: int | None
    """Ask for this many alternatives of each output token."""
    extra: Mapping[str, object]
    """Provider-specific body fields, sent as they are."""


class HostingKeywords(TypedDict, total=False):
    """What running the model on one's own hardware costs."""

    gpu: str | None
    """The accelerator's name, as it should be shown."""
    gpus: int
    """How many of them serve one copy of the model."""
    usd_per_gpu_hour: float | Decimal | None
    """US dollars for one GPU and hour. Give this, or usd_per_month."""
    usd_per_month: float | Decimal | None
    """US dollars a month for all GPUs together, as a lease has it."""
    billing: Literal["reserved", "on_demand"]
    """reserved: idle hours are paid too; on_demand: only busy hours are."""
    power_kw: float | Decimal | None
    """Electrical power of everything together in kW, where it is paid apart."""
    usd_per_kwh: float | Decimal | None
    engineering_hours_per_month: float | Decimal | None
    """Hours a month that people spend on keeping it up."""
    usd_per_engineering_hour: float | Decimal | None
    utilisation: float | Decimal | None
    """Busy share of all hours. None: what an answer costs is unknown where idle hours are paid (reserved, people)."""
    load: str
    """The load sweep that gives the throughput: `latest`, its name, or a path to it."""


class ModelKeywords(TypedDict, total=False):
    """The keys of a model, those of every adapter among them."""

    base_url: str | None
    """Where the endpoint is; may hold ${NAME}. None: the adapter's own."""
    system: str | None
    """Another system text than the tasks' (a template), for this model alone. None: the task's."""
    prompt: str | Mapping[str, object] | None
    """Another prompt than the tasks' (a template), for this model; or by task: {sums: "..."}. None: the task's."""
    hosting: HostingKeywords | None
    """Cost of one's own hardware. None: tokens are billed, or the cost is unknown."""
    serve: Mapping[str, object] | None
    """Flags of a server that evalkit starts and stops (vllm). None: the server is there already."""
    price_as: str | None
    """Bill as this model of the price list. None: by its own id."""
    weights: str | None
    """A server of one's own: which weights it has loaded, in any words. Give another word whenever they change. None:
    nobody knows, and its answers are not kept in the cache."""
    licence: str | None
    """Of the weights, where the catalogue does not know it."""
    alone: bool | None
    """Whether it is asked the tasks by itself. false: only as a part of a pipeline, such as a guard. None: yes."""
    variants: Mapping[str, object]
    """The same with something else, each a model of its own under its name: {mine-int8: {compute_type: int8}}."""
    answer: str | None
    """http: Where the reply has the answer."""
    answer_as: Literal["text", "json"] | None
    """http: text: it is a text (the default). json: any value, written as JSON."""
    at_once: int | None
    """command, python: Requests that one process gets before it has answered; replies then name the `id`. None: one."""
    before: str | Mapping[str, object] | None
    """pipeline: The guard that sees each request first: the name of a model, or {by: NAME, prompt: ..., blocked:
    ...}."""
    behind: str | Mapping[str, object] | None
    """pipeline: The guard that sees each answer before it counts, written in the same way."""
    blocked: str | Sequence[str] | Mapping[str, object] | None
    """pipeline: What a guard says of what must not pass: a label like unsafe, or {text: ...}, {regex: ...}, {json_at:
    PATH}."""
    calls_field: str | None
    """replay: The column with the function calls that were made, [{name: f, arguments: {}}]. None: there is none."""
    columns: Mapping[str, object] | Literal["guess"] | None
    """replay: What else the file says of an answer, by column: {input_tokens: tokens_in, cost_usd: cost}; or guess.
    None: nothing."""
    command: Sequence[str] | None
    """command: The program and its arguments, without a shell. What begins with ./ lies beside the suite."""
    compute_type: str | None
    """ctranslate2: float32, int8, int8_float32, bfloat16 ... None: float32."""
    cost_usd: str | None
    """http: Where the reply says what it cost in US dollars."""
    delay_s: float | None
    """scripted: Seconds before each answer."""
    env: Sequence[str] | None
    """command, python: Variables of the environment that it may see, each allowed by the person: allow_env=["NAME"].
    None: no key."""
    errors: Mapping[str, object] | None
    """http: Where errors say what is wrong, and what statuses mean."""
    events: str | Mapping[str, object] | None
    """http: How an answer comes in pieces: {delta: PATH, done: ...}. None: it comes whole, and has no first token."""
    fail: Mapping[str, object] | None
    """scripted: Sample id (or *) to the kind of error to raise."""
    finish: str | Mapping[str, object] | None
    """http: Where the reply says why it ended: a path, or {path: PATH, refusal: [WORD]}. None: it always ended by
    itself."""
    function: str | None
    """python: FILE.py:NAME beside the suite, or package.module:NAME of an installed package; called as f(request)."""
    header_env: Mapping[str, object] | None
    """openai-chat, azure and 16 more: By header the environment variable that holds its value; allow each:
    allow_key_host=["VARIABLE@HOST"]."""
    id_field: str | None
    """replay: The column with the sample's id. None: id."""
    images: bool | None
    """a function: Whether it reads the pictures of a request (`request.images`, each with its `data`). None: no."""
    inter_threads: int | None
    """ctranslate2: Batches that run side by side."""
    intra_threads: int | None
    """ctranslate2: Threads of one batch; 0: as many as the engine likes."""
    keep_alive: str | int | None
    """ollama-native: How long the model stays loaded after a request: 10m, or seconds; -1 for ever. None: the server's
    own."""
    key_env: str | None
    """openai-chat, azure and 15 more: The variable with the key, for a host that the person running evalkit allows."""
    legacy_sampling: bool | None
    """anthropic: Send temperature and top_p the way that older models take them."""
    likelihood: bool | None
    """openai-chat, azure and 15 more: Whether the server's completions endpoint gives log-likelihoods of a prompt. a
    function: Whether it gives log-likelihoods of `request.continuations`, in `Response.logliks`. None: no."""
    lora: str | None
    """vllm with serve: The folder of a LoRA adapter; it is what answers."""
    max_batch: int | None
    """ctranslate2: The most requests that are gathered into one batch."""
    method: Literal["POST", "PUT", "PATCH"] | None
    """http: None: POST."""
    num_ctx: int | None
    """ollama-native: Tokens of context that the model is loaded with. None: the server's own default, which is
    small."""
    once: bool | None
    """command: Start it for each request: it reads its input to the end, answers and ends. None: it stays, and answers
    lines."""
    partial: bool | None
    """replay: The file may hold answers to other samples, and lack some (the run then ends incomplete). None: no."""
    passed: str | Sequence[str] | Mapping[str, object] | None
    """pipeline: What a guard says of what may pass. None: all that is not blocked; else a guard that says neither has
    failed."""
    path: str | Path | None
    """replay: The file of answers, relative to the suite file. scripted: The same in a file, relative to the suite:
    JSONL with `id` and `replies`."""
    probe_images: bool | None
    """openai-chat, azure and 15 more: false for a server that is known to pass pictures on, which is then not probed.
    ollama-native: false for a model that is known to take pictures, which is then not probed."""
    probe_tools: bool | None
    """openai-chat, azure and 15 more: false for a server that is known to pass functions on, which is then not
    probed."""
    query: Mapping[str, object] | None
    """http: What stands behind the ? of the address, the same for all requests."""
    reasoning: str | None
    """http: Where the reply has reasoning that is no part of the answer."""
    region: str | None
    """bedrock: Part of the address: https://bedrock-runtime.{region}.amazonaws.com/openai/v1 bedrock-converse: Part of
    the address: https://bedrock-runtime.{region}.amazonaws.com"""
    replies: Mapping[str, object] | None
    """scripted: Sample id (or *) to answer; a list answers the requests of an agent's sample, one after another."""
    reply: Literal["text", "json"] | None
    """command: With `once`: text takes all that it writes as the answer. None: json, a record."""
    reported_cost: bool | None
    """openai-chat, azure and 15 more: true where `usage.cost` is what a request cost in USD, as LiteLLM's proxy says
    it. openai, xai: true where `usage.cost` is what a request cost in USD, as gateways say it."""
    request: Mapping[str, object] | None
    """http: The body as a mapping; its texts are templates over prompt, messages, system, record, settings, model,
    new_id."""
    resource: str | None
    """azure: Part of the address: https://{resource}.openai.azure.com/openai/v1"""
    served_model: str | None
    """http: Where the reply names the model, or its own version."""
    stream: bool | None
    """openai-chat, azure and 15 more: false for a server that cannot stream (then there is no time to first token)."""
    stream_options: bool | None
    """openai-chat, azure and 15 more: false for a server that refuses stream_options (usage is then what it sends
    unasked)."""
    text_field: str | None
    """replay: The column with the answer. None: text."""
    times: Mapping[str, object] | None
    """replay: Who took the times of the file: {measured_by: NAME}. None: nobody says, and no ratio of them is
    decided."""
    token_param: Literal["max_tokens", "max_completion_tokens"] | None
    """openai-chat, azure and 15 more: How the server spells max_output_tokens."""
    trace_id: str | None
    """http: Where the reply names its trace; kept with the row's usage."""
    usage: Mapping[str, object] | None
    """http: Where the reply says how many tokens were billed: {input: PATH, output: PATH}. None: nothing is known of
    them."""
    workers: int | None
    """command, python: How many processes answer side by side. None: one."""
