"""By some body fields, models and tools a provider sends parts of a prompt elsewhere: which ways out settings open.

    callouts("gpt-6", {"tools": [{"type": "mcp", "server_url": "https://evil.example/mcp"}]})
      -> (Callout("tools[0]", "mcp", "evil.example"),)

`settings.extra` is sent as it is written, and a suite may come from a pull request. What is known to stay with the
provider passes (functions, sampling, formats), also inside a field that stays; what is known to call out is named, and
what is unknown is held to call out. Addresses are found as whoever reads them may read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from evalkit.adapters.billed_beside import SEARCHING_MODEL
from evalkit.engine.address_texts import Callout, addresses, in_text
from evalkit.suite.extra_fields import (
    CLOUD_MODEL,
    MODEL_WITH_PROMPTS,
    ROUTER,
    beyond_tuning,
    know_names,
    other_limits,
    plain_name,
    prompt_fields,
    tier_fields,
)

_ELSEWHERE = frozenset(
    """
    mcp mcp_servers mcp_tools plugins plugin provider providers route router models fallbacks connectors
    data_sources datasources web_search web_search_options websearch enable_search search_options search_parameters
    search_settings search grounding retrieval google_search google_search_retrieval
    url_context google_maps code_execution code_interpreter computer_use
    file_search image_generation container containers skills agent agents assistant assistant_id bot_id
    prompt conversation previous_response_id vector_store_ids file_ids cached_content tool_resources
    background webhook webhooks callback callbacks callback_url notify notification compound_custom extra_body
    preset agent_id guardrails guardrail_config guardrail_identifier model_armor_config prompt_variables skill tool_ids
    files features attachments knowledge memory memories enable_code_interpreter
    extra_query extra_headers headers proxy api_base base_url endpoint servers server forward_to kv_transfer_params
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Fields of OpenAI, Anthropic, Gemini, OpenRouter, xAI, Groq, Mistral, Cohere, DashScope, Z.ai and Azure by which a
provider asks others, uses what is stored there, or reports elsewhere; in snake_case."""
_LED_BY_ADDRESS = frozenset({"mcp", "mcp_servers", "mcp_tools", "data_sources", "datasources", "azure_search"})
"""Those that go to the address in them alone (`server_url`, `url`, `endpoint`): who allows the host, allows them."""
_FURTHER_FIELDS = frozenset({"additional_model_request_fields", "parameters"})
"""Fields that hold fields: Bedrock's of the model's own API, DashScope's and TGI's, which mean what they mean outside.
In a tool `parameters` is a schema."""
_KEPT = frozenset({"store", "deferred"})
"""Fields by which a provider keeps prompts or answers for later, where they are true."""
_SCHEMAS = frozenset(
    """
    json_schema schema response_schema response_json_schema guided_json structured_outputs functions properties
    choices examples messages contents input
    """.split()  # noqa: SIM905
)
"""Fields whose inner names are the person's own: of a schema, of texts that are read."""
_FREE_NAMES = frozenset("metadata labels documents logit_bias chat_template_kwargs mm_processor_kwargs".split())  # noqa: SIM905
"""Fields with names of the person's own for plain values; a group among them is looked at for what calls out."""
_WORDS_OF_SCHEMAS = frozenset(
    {"properties", "$ref", "items", "enum", "anyOf", "oneOf", "allOf", "additionalProperties"}
)
_INNER = frozenset(
    """
    type effort summary generate_summary max_tokens exclude enabled budget_tokens display include_usage
    include_obfuscation continuous_usage_stats category threshold method ttl voice name function mode allowed_tools
    allowed_function_names function_calling_config tool any auto disable_parallel_tool_use include_thoughts
    thinking_budget scope keep description required latency num_predict language_code speech_config voice_config
    prebuilt_voice_config voice_name stop_sequence low_vram use_mmap use_mlock main_gpu numa vocab_only
    """.split()  # noqa: SIM905
)
"""Names below a field that stays; with those of `_STAYS`, what tunes and what is read they are an allow-list there."""
_DEEPEST = 16
"""Levels that are looked at; no provider's field has as many."""
_STAYS = frozenset(
    """
    stop stop_sequences stop_token_ids logit_bias response_format response_schema response_json_schema
    response_mime_type response_modalities response_logprobs json_schema schema format grammar regex ebnf guided_json
    guided_regex guided_choice guided_grammar guided_decoding structured_outputs strict text output_config
    tool_choice tool_config function_call functions user user_id metadata labels safety_identifier request_id
    prompt_cache_key prompt_cache_retention prompt_cache_options cache_control cache_prompt keep_alive num_ctx num_gpu
    num_thread num_batch num_keep mirostat mirostat_eta mirostat_tau penalize_newline raw think stream stream_options
    include usage modalities audio prediction truncation truncate truncate_prompt_tokens safety_settings safety_mode
    safe_prompt inference_config inference_geo generation_config thinking thinking_config thinking_level reasoning
    reasoning_split reasoning_format chat_template_kwargs mm_processor_kwargs priority echo prompt_logprobs
    allowed_token_ids bad_words bad_words_ids include_stop_str_in_output add_special_tokens min_length early_stopping
    do_sample num_beams citation_options citations betas anthropic_version anthropic_beta transforms media_resolution
    presence_penalty frequency_penalty best_of n candidate_count options verbosity enable_text_image_mixed
    """.split()  # noqa: SIM905
)
"""Fields that change what this model does with what it gets. With those that only tune (`extra_fields`), that say what
it reads, or how it is served, they are an allow-list: a field of any other name may be a way out that a provider added
since, and is held to be one where prompts are not public."""
_FREE_TEXTS = frozenset(
    """
    stop stop_sequences stop_sequence bad_words user user_id request_id safety_identifier prompt_cache_key name
    description required definition enum grammar regex ebnf guided_regex guided_grammar guided_choice voice_name
    allowed_function_names prediction text
    """.split()  # noqa: SIM905
)
"""Fields that stay and hold what nobody can list: names, ids, patterns, what a model reads. In all others but schemas
and those with names of the person's own a text is a plain word, so that no spelling of an address can stand there."""
know_names(_ELSEWHERE, _FURTHER_FIELDS, _KEPT, _SCHEMAS, _FREE_NAMES, _INNER, _STAYS, _FREE_TEXTS)
_PLAIN_WORD = re.compile(
    r"[A-Za-z0-9_+, -]{0,80}|-?\d{1,9}(?:\.\d{1,9})?[a-z]{0,2}|(?:application|text)/[A-Za-z0-9+-]{1,40}"
)
_DOTTED = frozenset({"include", "response_mime_type"})
_DOTTED_WORD = re.compile(
    r"text/x\.enum|(?:reasoning|message|(?:computer_call|file_search|web_search|code_interpreter)\w*)(?:\.[a-z_]{1,40}){1,3}"
)
"""What OpenAI's Responses and Gemini take there."""
_FUNCTIONS = frozenset({"function", "custom"})
_DECLARED = frozenset({"function_declarations"})
_OF_FUNCTIONS = frozenset(
    """
    type name description parameters input_schema function strict cache_control format defer_loading input_examples
    eager_input_streaming parameters_json_schema response response_json_schema behavior
    """.split()  # noqa: SIM905
)
"""What a tool says that the model may ask to have called, and nobody else calls."""
_PLAIN_OF_FUNCTIONS = frozenset({"type", "strict", "cache_control", "format", "defer_loading", "behavior"})
STORED_PROMPT = Callout("model", "prompt")
ROUTING = Callout("model", "routing")


def callouts(model: str, extra: Mapping[str, object]) -> tuple[Callout, ...]:
    """Every way out that these settings open, in the order of the fields."""
    found = [Callout("model", "web_search")] if SEARCHING_MODEL.search(model) else []
    if MODEL_WITH_PROMPTS.search(model):
        found.append(STORED_PROMPT)
    if ROUTER.search(model):
        found.append(ROUTING)
    if CLOUD_MODEL.search(model):
        found.append(Callout("model", "ollama_cloud", "ollama.com"))
    for key, value in extra.items():
        found += [*in_text(str(key), str(key), ""), *_of_field(str(key), value)]
    return tuple(dict.fromkeys([*found, *_named_twice("", extra)]))


def _named_twice(place: str, value: object, depth: int = 0) -> Iterator[Callout]:
    """Fields of one group whose names differ by case alone: servers in Go take the last of them, and what the other one
    says was looked at. Names of schemas are the person's own."""
    if isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _named_twice(f"{place}[{i}]", inner, depth + 1)
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return
    seen = set[str]()
    for name, inner in value.items():
        at = f"{place}.{name}" if place else str(name)
        if (folded := str(name).casefold()) in seen:
            yield Callout(at, f"{folded}_named_twice")
        seen.add(folded)
        if plain_name(str(name)) not in _SCHEMAS | _FREE_NAMES | {"parameters", "input_schema"}:
            yield from _named_twice(at, inner, depth + 1)


def _of_field(key: str, value: object) -> Iterator[Callout]:
    plain = plain_name(key)
    if value is None or value is False:
        return
    if plain == "tools":
        for i, tool in enumerate(value if isinstance(value, list) else [value]):
            yield from _of_tool(f"{key}[{i}]", tool)
    elif plain in _FURTHER_FIELDS and isinstance(value, Mapping):
        for inner_key, inner in value.items():
            yield from (replace(one, place=f"{key}.{one.place}") for one in _of_field(str(inner_key), inner))
    elif plain in _ELSEWHERE:
        yield from _led(key, plain, value, addresses(key, value))
    elif plain in _KEPT:
        yield Callout(key, plain)
    elif plain in _STAYS | _SCHEMAS | _FREE_NAMES or not _is_unknown(key, value):
        found = [*addresses(key, value), *_below(key, plain, value)]
        yield from found
        told = tuple(end for one in found for end in (f"{one.place}.", f"{one.place}["))
        yield from (one for one in _odd_texts(key, plain, value) if not f"{one.place}.".startswith(told))
    elif found := list(addresses(key, value)):
        yield from found
        yield from _inside(key, value, own_names=True)
    else:
        yield Callout(key, plain, known=False)


def _below(place: str, plain: str, value: object, depth: int = 0) -> Iterator[Callout]:
    """What calls out below a field that stays itself."""
    if plain in _SCHEMAS or (plain == "format" and isinstance(value, Mapping) and _WORDS_OF_SCHEMAS & set(value)):
        return
    yield from _inside(place, value, depth, own_names=plain in _FREE_NAMES)


def _inside(place: str, value: object, depth: int = 0, *, own_names: bool = False) -> Iterator[Callout]:
    """Fields that are ways out wherever they stand, below a field that stays: `toolConfig: {tools: [...]}` of Bedrock,
    `generationConfig: {tools: ...}` of Gemini; and those of any other name, but where names are the person's own."""
    if depth > _DEEPEST:
        yield Callout(place, "nested_too_deeply")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _inside(f"{place}[{i}]", inner, depth + 1, own_names=own_names)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            plain, at = plain_name(str(name)), f"{place}.{name}"
            if inner is None or inner is False or (own_names and not isinstance(inner, Mapping | list | tuple)):
                continue
            if plain in _FURTHER_FIELDS or plain == "tools" or plain in _ELSEWHERE or plain in _KEPT:
                yield from (replace(one, place=f"{place}.{one.place}") for one in _of_field(str(name), inner))
            elif own_names or plain in _INNER | _STAYS | _SCHEMAS | _FREE_NAMES or not _is_unknown(str(name), inner):
                yield from _below(at, plain, inner, depth + 1)
            else:
                yield Callout(at, plain, known=False)


def _odd_texts(place: str, plain: str, value: object, depth: int = 0) -> Iterator[Callout]:
    """Texts that are no plain words, in and below a field that stays and takes none but those."""
    free = plain in _FREE_TEXTS | _SCHEMAS | _FREE_NAMES or (
        isinstance(value, str) and bool(prompt_fields({plain: ""}))
    )
    if isinstance(value, str):
        plainly_said = _PLAIN_WORD.fullmatch(value) or (plain in _DOTTED and _DOTTED_WORD.fullmatch(value))
        if not (free or plainly_said):
            yield Callout(place, plain, known=False, odd_text=True)
    elif depth <= _DEEPEST and isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _odd_texts(f"{place}[{i}]", plain, inner, depth + 1)
    elif depth <= _DEEPEST and isinstance(value, Mapping) and plain not in _SCHEMAS | _FREE_NAMES:
        if plain == "format" and _WORDS_OF_SCHEMAS & set(value):
            return
        for name, inner in value.items():
            yield from _odd_texts(f"{place}.{name}", plain_name(str(name)), inner, depth + 1)


def _is_unknown(key: str, value: object) -> bool:
    """Whether nothing is known of a field: it neither tunes, nor limits, nor says what the model reads. Its own name
    decides, since a way out may hold anything."""
    named = {key: ""}
    return not (prompt_fields(named) or other_limits(named) or tier_fields(named)) and bool(beyond_tuning({key: value}))


def _of_tool(place: str, tool: object) -> Iterator[Callout]:
    if not isinstance(tool, Mapping):
        yield Callout(place, str(tool)[:60])
        return
    found = list(addresses(place, tool))
    said = tool.get("type")
    kind = said if said is None or isinstance(said, str) else repr(said)
    declared = {plain_name(str(key)) for key in tool} <= _DECLARED
    own = "input_schema" in tool or "parameters" in tool or "function" in tool
    if declared or kind in _FUNCTIONS or (kind is None and "name" in tool and own):
        yield from found
        for at, one in _functions(place, tool):
            yield from (
                Callout(f"{at}.{key}", plain, known=plain in _ELSEWHERE)
                for key, inner in one.items()
                if (plain := plain_name(str(key))) not in _OF_FUNCTIONS | _DECLARED and inner not in (None, False)
            )
            if not found:
                for key, inner in one.items():
                    if (plain := plain_name(str(key))) in _PLAIN_OF_FUNCTIONS:
                        yield from _odd_texts(f"{at}.{key}", plain, inner)
        return
    name = str(kind) if kind is not None else ", ".join(str(key) for key in tool) or "unknown"
    yield from _led(place, name[:60], tool, found)


def _led(place: str, kind: str, value: object, found: Iterable[Callout]) -> Iterator[Callout]:
    """Where something leads by which a provider asks others: to every address in it, and besides to a place that the
    provider decides, unless its own address is all that it asks. A list of hosts to leave out, or a feed beside the
    whole web, is an address too."""
    yield from (Callout(place, kind, host) for host in dict.fromkeys(one.host for one in found))
    ways = value if isinstance(value, list | tuple) and value else [value]
    if not all(_is_led_by_address(kind, way) for way in ways):
        yield Callout(place, kind)


def _is_led_by_address(kind: str, way: object) -> bool:
    """Whether it goes to the address that it names, and nowhere else."""
    if isinstance(way, str):
        return next(addresses("", way, plain_name(kind)), None) is not None
    if not isinstance(way, Mapping) or kind not in _LED_BY_ADDRESS:
        return False
    parts = [part for part in (way, way.get("parameters")) if isinstance(part, Mapping)]
    fields = {plain_name(str(key)): said for part in parts for key, said in part.items()}
    named = [fields[key] for key in ("url", "server_url", "endpoint") if isinstance(fields.get(key), str)]
    leads = any(next(addresses("", said, "url"), None) is not None for said in named)
    return leads and not any(key.startswith("connector") for key in fields)


def _functions(place: str, tool: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """A tool, and what it declares inside."""
    yield place, tool
    for key, inner in tool.items():
        if plain_name(str(key)) in _DECLARED | {"function", "custom"}:
            for one in inner if isinstance(inner, list | tuple) else [inner]:
                if isinstance(one, Mapping):
                    yield f"{place}.{key}", one
