"""Where prompts may go: a suite's `sensitivity` against each endpoint, before anything is sent.

    public       anywhere
    internal     this machine, a provider's own endpoint (the suite names no address and no resource), or a host that
                 the person allows
    restricted   this machine, or a host that the person running evalkit allows

With a policy file (`suite.policy`) the policy alone decides. "The person allows" means --allow-key-host,
--allow-http-host or their variables, never the suite: it may come from a pull request.

By some body fields a provider sends parts of a prompt elsewhere: its tools, connectors, routing and webhooks.

    callouts("gpt-6", {"tools": [{"type": "mcp", "server_url": "https://evil.example/mcp"}]})
      -> (Callout("tools[0]", "mcp", "evil.example"),)

`settings.extra` is sent as it is written, and a suite may come from a pull request. What is known to stay with the
provider passes (functions, sampling, formats); what is known to call out is named; of what is unknown, everything that
holds an address is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from evalkit.adapters.base import Adapter, BodyRefusal, Endpoint
from evalkit.adapters.billed_beside import SEARCHING_MODEL
from evalkit.adapters.registry import account_options
from evalkit.addresses import BadAddress, is_loopback, read_address
from evalkit.frozen import dataclass
from evalkit.suite.extra_fields import (
    MODEL_WITH_PROMPTS,
    beyond_tuning,
    other_limits,
    plain_name,
    prompt_fields,
    tier_fields,
)
from evalkit.suite.policy import Policy
from evalkit.suite.schema import ModelEntry
from evalkit.suite.sensitivity import Sensitivity
from evalkit.trust import CALLOUTS, prompts_may_go


def may_receive(
    sensitivity: Sensitivity,
    name: str,
    entry: ModelEntry,
    endpoint: Endpoint,
    allowed: frozenset[str],
    section: str = "models",
    policy: Policy | None = None,
) -> list[str]:
    """A complaint if this suite's prompts may not go to this model's endpoint; else nothing.

    A policy is the person's whole word on that: with one, nothing else is asked.
    """
    host = endpoint.host
    if host is None or is_loopback(host):
        return []
    if policy is not None:
        return [
            f"{section}.{name}: prompts of a suite with sensitivity: {sensitivity} may not go to {host}: {why}. "
            f"This is the policy's word ({policy.name}); change it there."
            for why in policy.refusals(sensitivity, host)
        ]
    if sensitivity == "public":
        return []
    if prompts_may_go(host, allowed):
        return []
    if sensitivity == "internal" and entry.base_url is None and not account_options(entry.adapter, entry.options):
        return []
    return [
        f"{section}.{name}: prompts of a suite with sensitivity: {sensitivity} may not go to {host}. If they may, "
        f"allow the host outside the suite: --allow-key-host {host}, or EVALKIT_KEY_HOSTS={host}."
    ]


def passed_on(
    sensitivity: Sensitivity,
    name: str,
    adapter: Adapter,
    extras: Iterable[Mapping[str, object]],
    section: str = "models",
    policy: Policy | None = None,
) -> tuple[list[str], list[str]]:
    """(complaints, notes) about provider-side tools and fields that pass parts of prompts on to others.

    `extras` are the `settings.extra` that this model is asked with. Under `public` they are noted; otherwise the person
    has to allow each by its host or its name (--allow-callout). Nothing is said of models that no network reaches.
    """
    if not adapter.endpoint.network:
        return [], []
    found = dict.fromkeys(one for extra in extras for one in callouts(adapter.spec.model, extra))
    if adapter.endpoint.host is None or is_loopback(adapter.endpoint.host):
        # A server or a function of one's own calls its models and fields as it likes, and is no provider.
        found = dict.fromkeys(one for one in found if one.known and one != _STORED_PROMPT)
    for option in (_REQUEST, _QUERY):
        found |= dict.fromkeys(_addresses(option, adapter.spec.options.get(option)))
    found |= dict.fromkeys(_in_text("base_url", unquote(urlsplit(adapter.spec.base_url or "").path), ""))
    allowed = CALLOUTS.hosts()
    complaints, notes = [], []
    for one in found:
        where = one.host or "a place that the provider decides"
        own = one.place in ("model", "base_url") or one.place.startswith((f"{_REQUEST}.", f"{_QUERY}."))
        place = one.place if own else f"settings.extra.{one.place}"
        if not one.known and sensitivity == "public":
            continue
        kind = one.kind if one.known else f"{one.kind} is a field that evalkit does not know, so it"
        what = f"{section}.{name}.{place}: {kind} may pass parts of prompts on to {where}"
        known = one.host if one.host is not None else one.kind.lower()
        if one.host is not None and policy is not None:
            why = policy.refusals(sensitivity, one.host)
            complaints += [f"{what}: {reason} ({policy.name})" for reason in why]
            notes += [] if why else [what]
            continue
        if sensitivity == "public" or known in allowed:
            notes.append(what)
        else:
            complaints.append(
                f"{what}, and the suite's sensitivity is {sensitivity}. If it may, allow it outside the suite: "
                f"--allow-callout {known}, or EVALKIT_CALLOUTS={known}."
            )
    return complaints, notes


def body_refusal(sensitivity: Sensitivity, policy: Policy | None) -> BodyRefusal | None:
    """What says of a body that templates made why it may not be sent, before it is; None where everything may.

    The suite's own words are looked at by `passed_on`. What its templates make of them, of the record and of the
    prompt is known only now: a text that is an address as a whole, and an address that neither the prompt nor the
    record has, count as places that prompts are passed on to.
    """
    if sensitivity == "public" and policy is None:
        return None

    def refusal(body: Mapping[str, object], asked: Sequence[str]) -> str | None:
        for one in dict.fromkeys(_made_addresses("request", body, asked)):
            where = one.host or "a place that nobody knows"
            if one.host is not None and policy is not None:
                why = next(iter(policy.refusals(sensitivity, one.host)), None)
            elif sensitivity == "public" or one.host in CALLOUTS.hosts():
                why = None
            else:
                why = f"the suite's sensitivity is {sensitivity}. If it may: --allow-callout {one.host or one.kind}"
            if why is not None:
                return f"{one.place} may pass parts of prompts on to {where}, so it was not sent: {why}"
        return None

    return refusal


_QUESTIONS = frozenset(
    {"content", "question", "prompt", "input", "inputs", "text", "message", "user_input", "user_message", "user_query"}
    | {"utterance", "query", "q", "ask"}
)
"""Fields in which applications take what a user says: a message that is nothing but an address is one there too."""


def _made_addresses(place: str, value: object, asked: Sequence[str]) -> Iterator[Callout]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            at = f"{place}.{name}"
            if isinstance(inner, str) and not (plain_name(str(name)) in _QUESTIONS and inner in asked):
                yield from _made_in_text(at, inner, plain_name(str(name)), asked)
            elif not isinstance(inner, str):
                yield from _made_addresses(at, inner, asked)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            if isinstance(inner, str):
                yield from _made_in_text(f"{place}[{i}]", inner, "", asked)
            else:
                yield from _made_addresses(f"{place}[{i}]", inner, asked)


def _made_in_text(place: str, text: str, key: str, asked: Sequence[str]) -> Iterator[Callout]:
    """Addresses of a text that was made: it is one as a whole, or nobody who asks has it."""
    whole = text.strip()
    for address in _ADDRESS.findall(whole):
        if address == whole or not any(address in one and address != one.strip() for one in asked):
            yield Callout(place, "address", _host(address))
    if "//" not in whole:
        yield from _in_text(place, whole, key)


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
_QUERY = "query"
_REQUEST = "request"
"""The option that holds the body for an application of one's own: what is written in it as an address is one."""
_FURTHER_FIELDS = frozenset({"additional_model_request_fields"})
"""Bedrock: fields of the model's own API, which mean what they mean there."""
_KEPT = frozenset({"store", "deferred"})
"""Fields by which a provider keeps prompts or answers for later, where they are true."""
_FREE_FORM = frozenset(
    """
    json_schema schema response_schema response_json_schema response_format format guided_json structured_outputs
    functions parameters properties metadata labels user choices examples messages contents input documents
    """.split()  # noqa: SIM905
)
"""Fields whose inner names are the person's own: of a schema, of labels, of texts that are read."""
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
    presence_penalty frequency_penalty best_of n candidate_count options parameters verbosity enable_text_image_mixed
    """.split()  # noqa: SIM905
)
"""Fields that change what this model does with what it gets. With those that only tune (`extra_fields`), that say what
it reads, or how it is served, they are an allow-list: a field of any other name may be a way out that a provider added
since, and is held to be one where prompts are not public."""
_FUNCTIONS = frozenset({"function", "custom"})
_DECLARED = frozenset({"function_declarations"})
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\"'<>]*|(?<![\w/:])//[A-Za-z0-9.-]+\.[A-Za-z]{2,}[^\s\"']*")
_ADDRESS_KEY = re.compile(r"(^|_)(url|uri|urls|uris|endpoint|host|hostname|webhook|server)$")
_BARE_ADDRESS = re.compile(
    r"""\s*(?:mailto:)?(?:
      (?P<ip>\d{1,3}(?:\.\d{1,3}){3}) (?::\d{1,5})?
    | (?:[^\s@:/]{1,64}@)(?P<mail>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)
    | (?P<name>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,63}) :\d{1,5}
    )(?:/\S*)?\s*""",
    re.VERBOSE,
)
"""A text that is an address and names no scheme: a number, a host with its port, a mailbox."""
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_CLOUD_MODEL = re.compile(r":(?:[\w.-]+-)?cloud\s*$", re.IGNORECASE)
"""Models that an Ollama server on this machine has not: it passes their prompts on (docs.ollama.com/cloud)."""


@dataclass(frozen=True, slots=True)
class Callout:
    """One way by which parts of a prompt may leave the provider."""

    place: str
    """The field: tools[0]"""
    kind: str
    """What it is: mcp, web_search, address ... By this name the person allows it."""
    host: str | None = None
    """Where it goes; None where the provider decides."""
    known: bool = True
    """Whether evalkit knows the field, or holds it to be a way out because it does not."""

    def __str__(self) -> str:
        return f"{self.place} ({self.kind}{f' at {self.host}' if self.host else ''})"


_STORED_PROMPT = Callout("model", "prompt")


def callouts(model: str, extra: Mapping[str, object]) -> tuple[Callout, ...]:
    """Every way out that these settings open, in the order of the fields."""
    found = [Callout("model", "web_search")] if SEARCHING_MODEL.search(model) else []
    if MODEL_WITH_PROMPTS.search(model):
        found.append(_STORED_PROMPT)
    if _CLOUD_MODEL.search(model):
        found.append(Callout("model", "ollama_cloud", "ollama.com"))
    for key, value in extra.items():
        found += _of_field(str(key), value)
    return tuple(dict.fromkeys(found))


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
        hosts = list(dict.fromkeys(callout.host for callout in _addresses(key, value)))
        yield from (Callout(key, plain, host) for host in hosts or [None])
    elif plain in _KEPT:
        yield Callout(key, plain)
    elif (found := list(_addresses(key, value))) or plain in _STAYS or not _is_unknown(key, value):
        yield from found
        if plain not in _FREE_FORM:
            yield from _inside(key, value)
    else:
        yield Callout(key, plain, known=False)


def _inside(place: str, value: object, depth: int = 0) -> Iterator[Callout]:
    """Fields that are ways out wherever they stand, below a field that stays: `toolConfig: {tools: [...]}` of Bedrock,
    `generationConfig: {tools: ...}` of Gemini."""
    if depth > _DEEPEST:
        yield Callout(place, "nested_too_deeply")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _inside(f"{place}[{i}]", inner, depth + 1)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            plain, at = plain_name(str(name)), f"{place}.{name}"
            if inner is None or inner is False:
                continue
            if plain == "tools" or plain in _ELSEWHERE or plain in _KEPT:
                yield from (replace(one, place=f"{place}.{one.place}") for one in _of_field(str(name), inner))
            elif plain not in _FREE_FORM:
                yield from _inside(at, inner, depth + 1)


def _is_unknown(key: str, value: object) -> bool:
    """Whether nothing is known of a field: it neither tunes, nor limits, nor says what the model reads."""
    one = {key: value}
    return not (prompt_fields({key: ""}) or other_limits(one) or tier_fields(one)) and bool(beyond_tuning(one))


def _of_tool(place: str, tool: object) -> Iterator[Callout]:
    if isinstance(tool, Mapping):
        addresses = list(_addresses(place, tool))
        kind = tool.get("type")
        declared = {plain_name(str(key)) for key in tool} <= _DECLARED
        own = "input_schema" in tool or "parameters" in tool or "function" in tool
        if declared or kind in _FUNCTIONS or (kind is None and "name" in tool and own):
            yield from addresses
            return
        name = str(kind) if kind is not None else ", ".join(str(key) for key in tool) or "unknown"
        hosts = list(dict.fromkeys(callout.host for callout in addresses))
        yield from (Callout(place, name[:60], host) for host in hosts or [None])
    else:
        yield Callout(place, str(tool)[:60])


def _addresses(place: str, value: object, key: str = "") -> Iterator[Callout]:
    """Addresses anywhere in a value, keys included."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "$schema":
                continue  # the name of a JSON schema's dialect, which nobody fetches
            yield from _in_text(f"{place}.{name}", str(name), "")
            yield from _addresses(f"{place}.{name}", inner, plain_name(str(name)))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _addresses(f"{place}[{i}]", inner, key)
    elif isinstance(value, str):
        yield from _in_text(place, value, key or plain_name(place.rpartition(".")[2]))


def _in_text(place: str, text: str, key: str) -> Iterator[Callout]:
    for address in _ADDRESS.findall(text):
        yield Callout(place, "address", _host(address))
    if bare := _BARE_ADDRESS.fullmatch(text):
        yield Callout(place, "address", next(host for host in bare.group("ip", "mail", "name") if host).lower())
        return
    if _ADDRESS_KEY.search(key) and "//" not in text and text.strip():
        host = text.strip().partition("/")[0].partition(":")[0]
        yield Callout(place, "address", host.lower() if _HOST.fullmatch(host) else None)


def _host(address: str) -> str | None:
    scheme, _, rest = address.partition("//")
    try:
        return read_address(f"https://{rest}" if scheme.lower() not in {"http:", "https:"} else address).host
    except BadAddress:
        return None
