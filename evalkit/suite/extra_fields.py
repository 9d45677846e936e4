"""What fields of `settings.extra` mean: those that say what is asked, that limit the output, and that only tune.

    prompt_fields({"instructions": "..."})             # ("instructions",): a prompt of its own
    other_limits({"options": {"num_predict": 900}})    # ("options.num_predict",)

`settings.extra` is sent as it is written. Names are read in snake_case, wherever they stand.

Fields that only tune how an answer is made are an allow-list, because a pull request may write them:

    beyond_tuning({"top_k": 40, "reasoning": {"effort": "low"}})      # ()
    beyond_tuning({"documents": [...], "top_k": "the answers: B"})     # ("documents", "top_k")

Such a field is harmless where its name is known here and its value is a number, a switch or one of the known words. A
text that is free could be read by the model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from evalkit.late import late

MODEL_WITH_PROMPTS = re.compile(
    r"@preset|@prompt|\bag:|:prompt/|:agent|:flow/|:knowledge-base/|\basst_|^agent[-_:/]", re.IGNORECASE
)
"""Ids of models behind which a provider keeps prompts: OpenRouter's presets, Mistral's and Azure's agents, Bedrock's
prompts, flows, knowledge bases and agents, OpenAI's assistants."""
ROUTER = re.compile(
    r"(?:^|/)auto(?:$|[-:])|(?:^|/)openrouter/free(?:$|:)|:(?:fastest|cheapest)$|(?:^|[/:._-])(?:prompt-|model-)?routers?(?:$|[/:._-])|(?:^|/)(?:fusion|bodybuilder)(?:$|:)",
    re.IGNORECASE,
)
"""Models that are none: the provider chooses whom it asks, one or several, as it likes."""
CLOUD_MODEL = re.compile(r":(?:[\w.-]+-)?cloud\s*$", re.IGNORECASE)
"""Models that an Ollama server on this machine has not: it passes their prompts on (docs.ollama.com/cloud)."""

_PROMPTS = frozenset(
    """
    messages message input inputs contents content prompt prompts query question user system system_prompt
    system_instruction system_instructions system_message developer instructions instruction preamble preset
    context contexts chat_history history chat_template template documents document passages conversation
    previous_response_id cached_content prefix suffix prefill response_prefix assistant_prefix examples few_shot
    memory memories knowledge files attachments add_generation_prompt continue_final_message prompt_embeds
    template prompt_variables
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Fields of OpenAI, Anthropic, Gemini, Bedrock, Cohere, Mistral, vLLM, SGLang, llama.cpp and Ollama by which a request
says what the model reads besides the suite's messages."""
_LIMITS = frozenset(
    """
    max_tokens max_completion_tokens max_output_tokens max_new_tokens max_tokens_to_sample max_gen_len max_length
    max_decode_len num_predict n_predict candidate_count n best_of num_completions num_generations
    num_return_sequences num_results num_samples
    """.split()  # noqa: SIM905
)
"""Fields that say how long an answer may be, or how many of them are made (and billed)."""
_HOLD_LIMITS = frozenset({"generation_config", "inference_config", "options", "parameters"})
"""Groups that evalkit fills with the output limit itself: null in their place takes it away."""
_OTHERS = frozenset(
    "models fallbacks fallback fallback_models route router routing variant".split()  # noqa: SIM905
)
_THOUGHT, _LENGTH = r"(?:think|thought|reason|(?:^|_)cot)", r"(?:token|len|max|limit)"
_BUDGETS = late(rf"budget|{_THOUGHT}.*{_LENGTH}|{_LENGTH}.*{_THOUGHT}")
"""Fields that say how long a model may think, which at some providers its output limit does not hold."""
_THINKING = frozenset({"enable_thinking", "thinking"})
_DRAWS = frozenset({"temperature", "do_sample", "mirostat", "dynatemp_range"})
"""Fields by which the same request may get another answer, at a temperature of 0 too."""
TIER_FIELDS = frozenset({"service_tier", "speed", "performance_config"})
"""Fields by which a request asks to be served, and billed, otherwise than usual."""
_ORDINARY = frozenset({"auto", "default", "standard", "normal"})
LONG_TEXT = 200
"""Letters from which on a value could hold right answers of a suite, whatever its field is called."""
_DEPTH = 16


def prompt_fields(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields that say what the model reads, and fields of any name that hold a long text; empty where none do."""
    named = list(_named(extra, _PROMPTS))
    return tuple(dict.fromkeys([*named, *(str(key) for key, value in extra.items() if n_letters(value) > LONG_TEXT)]))


def other_limits(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields that set an output limit beside `max_output_tokens`, or ask for several answers; empty where none do."""
    taken = (key for key, value in extra.items() if value is None and plain_name(str(key)) in _HOLD_LIMITS)
    return (*_named(extra, _LIMITS, null=True), *map(str, taken))


def others_asked(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields by which another model or provider may answer, at a price of its own; empty where none do."""
    return tuple(_named(extra, _OTHERS))


def providers_asked(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields by which a gateway chooses among the providers of the same model; empty where none do."""
    return tuple(_named(extra, frozenset({"provider", "providers"})))


def thinking_budget(extra: Mapping[str, object]) -> int | None:
    """The most tokens that fields here let a model think, 0 where none does; None where one says no number of them
    (`-1`, `auto`), so that nobody knows."""
    most = 0
    for value in _values(extra, _BUDGETS.search):
        try:
            said = -1 if isinstance(value, bool) else math.ceil(float(str(value)))
        except (ValueError, OverflowError):
            said = -1
        if said < 0:
            return None
        most = max(most, said)
    return most


def thinks(extra: Mapping[str, object]) -> bool:
    """Whether a field here switches thinking on."""
    return any(
        value not in (False, 0, "disabled", "off", "none") and (not isinstance(value, Mapping) or _is_on(value))
        for value in _values(extra, _THINKING.__contains__)
    )


def _is_on(thinking: Mapping[str, object]) -> bool:
    """`{"type": "disabled"}` and its like are not."""
    return not any(value in (False, "disabled", "none") for value in thinking.values())


def draws(extra: Mapping[str, object]) -> bool:
    """Whether answers are drawn by a field here, whatever `settings.temperature` says: what is sent last wins."""
    return next(_named(extra, _DRAWS, null=True), None) is not None


def asked_tier(extra: Mapping[str, object]) -> str | None:
    """The tier of service that a request asks for, however its dialect spells it; None: the ordinary one.

        {"service_tier": "flex"}                                OpenAI, Groq
        {"serviceTier": "priority"}                             Gemini: names of protobuf in either spelling
        {"serviceTier": {"type": "priority"}}                   Bedrock
        {"performanceConfig": {"latency": "optimized"}}         Bedrock: `latency-optimized`
        {"speed": "fast"}                                       Anthropic, also in `additionalModelRequestFields`

    Where several are asked for, one that is not ordinary counts. A value of another form is a tier that no price list
    has, so that its price is unknown.
    """
    asked = list(_tiers(extra))
    return next((tier for tier in asked if tier.lower() not in _ORDINARY), asked[0] if asked else None)


def tier_fields(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields that ask for a tier of service, by their paths; empty where none do."""
    return tuple(_named(extra, TIER_FIELDS))


def _tiers(value: object, depth: int = 0) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _tiers(inner, depth + 1)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            name = plain_name(str(key))
            if name in TIER_FIELDS and inner is not None:
                yield from _tier_of(name, inner)
            elif key not in {"tools", "functions"}:  # there a parameter of a function may have any name
                yield from _tiers(inner, depth + 1)


def _tier_of(name: str, value: object) -> Iterator[str]:
    """What one such field asks for; nothing where it is a switch in its ordinary position."""
    inside = {"performance_config": "latency", "service_tier": "type"}.get(name)
    if inside is not None and isinstance(value, Mapping):
        value = next((inner for key, inner in value.items() if plain_name(str(key)) == inside), None)
    said = value if isinstance(value, str) else repr(value)
    if name == "service_tier":
        yield said
    elif value is not None and said.lower() not in _ORDINARY:
        yield said if name == "speed" else f"latency-{said}"


def n_letters(value: object) -> int:
    """Letters of all texts in a value, names of fields included."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + n_letters(inner) for key, inner in value.items())
    return sum(n_letters(inner) for inner in value) if isinstance(value, list | tuple) else 0


def plain_name(key: str) -> str:
    """camelCase and kebab-case as the providers' snake_case, and a name that is known as it is known, whatever its case
    (servers in Go read `mAx_Tokens` as `max_tokens`)."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower().replace("-", "_").strip("_ ")
    return _known.get(_folded(key), snake)


def know_names(*groups: Iterable[str]) -> None:
    """These names are known from now on; of two that are read alike the longer."""
    for names in groups:
        for name in names:
            _known[_folded(name)] = max(_known.get(_folded(name), ""), name, key=len)


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").strip()


_known: dict[str, str] = {}


def _named(
    value: object, names: frozenset[str], path: str = "", depth: int = 0, *, null: bool = False
) -> Iterator[str]:
    """Paths of fields that are called so; with `null` also where they say nothing, which takes away what evalkit would
    send there itself."""
    if depth > _DEPTH:
        return
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, names, path, depth + 1, null=null)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if plain_name(str(key)) in names and (null or inner is not None):
                yield f"{path}{key}"
            elif key not in {"tools", "functions"}:  # there a parameter of a function may have any name
                yield from _named(inner, names, f"{path}{key}.", depth + 1, null=null)


def _values(value: object, is_meant: Callable[[str], object], depth: int = 0) -> Iterator[object]:
    """What stands under the names that are meant, as `_named`."""
    if depth > _DEPTH:
        return
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        if is_meant(plain_name(str(key))) and inner is not None:
            yield inner
        elif key not in {"tools", "functions"}:
            yield from _values(inner, is_meant, depth + 1)
    for inner in value if isinstance(value, list | tuple) else ():
        yield from _values(inner, is_meant, depth + 1)


_NUMBERS = frozenset(
    """
    temperature top_k top_p min_p top_a typical_p tfs_z repetition_penalty repeat_penalty frequency_penalty
    presence_penalty length_penalty seed random_seed min_tokens logprobs top_logprobs thinking_budget budget_tokens
    max_tokens max_completion_tokens max_output_tokens max_new_tokens num_predict n_predict
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Sampling, and limits of the answer (which a gate with a rule about cost refuses by a check of its own)."""
_SWITCHES = frozenset(
    """
    enable_thinking thinking include_reasoning include_thoughts enabled exclude parallel_tool_calls
    disable_parallel_tool_use ignore_eos skip_special_tokens spaces_between_special_tokens logprobs use_beam_search
    """.split()  # noqa: SIM905
)
EFFORTS = frozenset("none minimal low medium high xhigh max default auto dynamic".split())  # noqa: SIM905
"""How providers spell an effort. A server's template may print it into the prompt, so no other text is taken."""
_WORDS = {
    **dict.fromkeys(("effort", "reasoning_effort", "thinking_level", "verbosity"), EFFORTS),
    "service_tier": frozenset("auto default flex priority scale standard standard_only on_demand performance".split()),  # noqa: SIM905
    "speed": frozenset({"fast", "standard", "normal"}),
    "type": frozenset({"enabled", "disabled", "adaptive", "auto", "text", "json_object"}),
    "summary": frozenset({"auto", "concise", "detailed", "none"}),
    "display": frozenset({"summarized", "omitted"}),
    "reasoning_format": frozenset({"parsed", "raw", "hidden", "none", "auto"}),
}
_GROUPS = frozenset(
    """
    reasoning thinking thinking_config generation_config chat_template_kwargs text output_config response_format
    options parameters
    """.split()  # noqa: SIM905
)
"""Fields that hold further fields; each of those has to be harmless too."""
_IN_TEMPLATE = frozenset({"enable_thinking", "thinking", "reasoning_effort", "thinking_budget"})
"""What may stand in `chat_template_kwargs`: a template can print whatever it is given."""
_DECLARED = frozenset(
    """
    type function name parameters object properties required items additional_properties strict string number integer
    boolean array null
    """.split()  # noqa: SIM905
)
"""Words of a function's declaration that tell a model nothing."""
_LETTERS_OF_NAMES = 16
"""Letters that the names of functions and parameters may have together."""
_LARGEST = 10_000_000
_TUNING_DEPTH = 4


def beyond_tuning(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields, by their paths, that are not known to be harmless; empty where all are. Null takes away what evalkit
    sends there itself, so it is harmless only in fields of numbers and words that the model is drawn with."""
    return tuple(path for key, value in extra.items() for path in _beyond(str(key), value, ""))


def _beyond(key: str, value: object, parent: str, depth: int = 0) -> Iterator[str]:
    name = plain_name(key)
    if _is_harmless(name, value, parent):
        return
    if depth < _TUNING_DEPTH and isinstance(value, Mapping) and name in _GROUPS:
        for inner, one in value.items():
            yield from (f"{key}.{path}" for path in _beyond(str(inner), one, name, depth + 1))
        return
    yield key


def _is_harmless(name: str, value: object, parent: str) -> bool:
    if parent == "chat_template_kwargs" and name not in _IN_TEMPLATE:
        return False
    if value is None:
        return name in (_NUMBERS - _LIMITS) or name in _SWITCHES or name in _WORDS
    if isinstance(value, bool):
        return name in _SWITCHES
    if isinstance(value, int | float):
        return name in _NUMBERS and math.isfinite(value) and abs(value) <= _LARGEST
    if isinstance(value, str):
        return value in _WORDS.get(name, frozenset())
    return name == "tools" and not parent and _says_nothing(value)


def _says_nothing(tools: object) -> bool:
    """Functions with short names and with types alone: anything else could hold right answers."""
    names = list(_names(tools))
    return None not in names and sum(len(name or "") for name in names) <= _LETTERS_OF_NAMES


def _names(value: object, at: str = "") -> Iterator[str | None]:
    """Names of functions and parameters in declarations; None for whatever else stands there."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if at == "properties":
                yield str(key)
            elif plain_name(str(key)) not in _DECLARED:
                yield None
            yield from _names(inner, "" if at == "properties" else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner, at)
    elif isinstance(value, str) and at in {"name", "required"}:
        yield value
    elif not (value is None or isinstance(value, bool) or (isinstance(value, str) and value in _DECLARED)):
        yield None


know_names(
    *(_PROMPTS, _LIMITS, _HOLD_LIMITS, _OTHERS, _THINKING, _DRAWS, TIER_FIELDS, _NUMBERS, _SWITCHES, _WORDS, _GROUPS),
    {"provider", "providers", "tools", "functions", "latency"},
)
