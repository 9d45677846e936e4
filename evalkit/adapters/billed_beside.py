"""What a provider bills besides text tokens, as far as its usage object tells: those answers have no known price.

    billed_beside({"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}], ...})   # ("IMAGE tokens",)
    billed_beside({"server_tool_use": {"web_search_requests": 2}, ...})    # ("server_tool_use.web_search_requests",)

Image and audio tokens cost up to 30 times as much as text, searches and sandboxes are billed by the call, a region may
cost a tenth more. Nothing of that is in the price of a text token, so a bill from tokens alone would be too low.
Where the provider states what a request cost, its word counts and nothing here matters.

Sources, read 2026-11-28: anthropic SDK 2.10 `Usage` (server_tool_use, inference_geo, iterations), openai SDK 3.51
`CompletionUsage` and `ResponseUsage` (audio_tokens, image_tokens), ai.google.dev `UsageMetadata` (ModalityTokenCount),
docs.perplexity.ai (citation_tokens, num_search_queries), docs.x.ai (num_sources_used, server-side tools),
docs.mistral.ai (prompt_audio_seconds), docs.cohere.com (billed_units.search_units).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from evalkit.adapters import reply_fields
from evalkit.late import late
from evalkit.text.secrets import cut_short

_MEDIA = r"audio|image|video|document|media|speech|pixel|page"
_UNITS = late(
    rf"(?:{_MEDIA})s?(?:_?tokens?|_?seconds?|_?count|s)?$|(?:{_MEDIA})_|"
    r"search|grounding|citation_tokens|sources_used|code_?(?:execution|interpreter)|sandbox|container|session_hours|"
    r"(?:server|hosted|builtin)_?(?:side_)?_?tool|tool_(?:calls|uses|requests|invocations)|num_tools|"
    r"cache_?storage|storage_|surcharge|uplift|_fees?$|^fees?$"
)
_NO_UNITS = late(
    r"web_?fetch|context_size|prompt_?tokens?_?details|(?:^|_)time$|_ms$|text|cached|max_|limit|remaining|_cost|cost_"
)
"""Free of charge (Anthropic's web_fetch), words about a setting, or counts of text tokens."""
SEARCHING_MODEL = late(
    r"[:-]online(:|$)|search-(preview|api)|(^|/)[\w.-]{1,40}-(search|researcher)(:|$)|(?<![a-z0-9])sonar(?![a-z])|"
    r"deep-research|deep-?search|-(browsing|grounding|grounded)(?![a-z])|(^|/)compound",
    re.IGNORECASE,
)
"""Models that search the web by themselves: OpenRouter's suffix, search models of OpenAI, Relace and Moonshot,
Perplexity, Groq compound, and names that say so."""
_DEPTH = 6
_LONGEST, _MOST_NAMES, _MOST_LOOKED_AT = 100, 20, 1_000
"""Characters of a name, and names: they are a server's own words, and every row keeps them."""
_ORDINARY_PLACES = frozenset({"", "global", "not_available", "default"})


def billed_beside(usage: object) -> tuple[str, ...]:
    """Names of what was billed besides text tokens, as the provider spells them; empty where nothing shows."""
    if not isinstance(usage, Mapping) or _counts_text_alone(usage, 0):
        return ()
    found = (name for one in _found(usage, "", 0) if (name := reply_fields.name(cut_short(one, _LONGEST))) is not None)
    return tuple(islice(dict.fromkeys(islice(found, _MOST_LOOKED_AT)), _MOST_NAMES))


def asked_beside(extra: Mapping[str, object]) -> tuple[str, ...]:
    """Fields of `settings.extra` that make a provider do what it bills apart and may not report; empty where none do.

    Functions of one's own are no such thing: they cost the tokens that describe them.
    """
    return tuple(name for name, value in extra.items() if value not in _NOTHING and _asks(name, value))


def shown_beside(parts: Iterable[Any]) -> tuple[str, ...]:
    """What the parts of an answer show that its provider did, and bills by the call without a count in its usage.

    `parts` are output items and their parts (Responses), bodies, messages or deltas (Chat Completions), candidates and
    their parts (Gemini). OpenAI's usage counts no searches, and its search models search unasked; Groq's compound
    models run tools of their own; image models of gateways put pictures beside the text.
    """
    return tuple(dict.fromkeys(name for part in parts if isinstance(part, Mapping) for name in _shown(part)))


SHOWN_IN_MESSAGE = frozenset({"annotations", "executed_tools", "images", "audio"})
"""Keys of a message or delta under which it shows what is billed beside its tokens."""
SHOWN_IN_BODY = frozenset({"search_results", "citations", "web_search", "server_side_tool_usage"})
"""Keys of a body or event: sources that were searched (Perplexity, xAI, Z.ai), tools that ran (xAI)."""
_SHOWN_UNDER = ("executed_tools", "images", "audio", "inlineData", "fileData", *sorted(SHOWN_IN_BODY))
_MEDIA_PARTS = frozenset({"image", "image_url", "output_image", "audio", "output_audio", "video", "video_url"})
_GROUNDED = ("webSearchQueries", "imageSearchQueries", "retrievalQueries", "groundingChunks", "searchEntryPoint")
_HOSTED_CALL = late(r"(?:search|code_interpreter|code_execution|image_generation|video|audio|browser)\w*_call$")


def _shown(part: Mapping[str, object]) -> Iterator[str]:
    kind = part.get("type")
    if isinstance(kind, str) and _HOSTED_CALL.search(kind):
        yield kind
    annotations = part.get("annotations")
    if isinstance(annotations, list) and any(
        isinstance(a, dict) and a.get("type") == "url_citation" for a in annotations
    ):
        yield "url_citation"
    yield from (name for name in _SHOWN_UNDER if part.get(name))
    if part.get("type") in _MEDIA_PARTS:
        yield str(part["type"])
    grounding = part.get("groundingMetadata")
    if isinstance(grounding, Mapping) and any(grounding.get(name) for name in _GROUNDED):
        yield "groundingMetadata"


_ASKS = frozenset(
    {
        *("web_search", "web_search_options", "search_parameters", "plugins", "mcp_servers", "enable_search"),
        *(
            "search_options",
            "compound_custom",
            "modalities",
            "audio",
            "responseModalities",
            "response_modalities",
            "image_config",
        ),
        *("container", "cachedContent", "cached_content", "inference_geo", "documents"),
        *("guardrailConfig", "systemTool"),  # Bedrock: guardrails are billed by the unit of text
    }
)
_NOTHING: tuple[Any, ...] = (None, False, [], "")
"""An empty object is none of them: `web_search_options: {}` searches."""
_NESTED = ("generationConfig", "generation_config", "extra_body", "additionalModelRequestFields")
_TEXT_ONLY = frozenset({"text", "TEXT"})


def _asks(name: str, value: object) -> bool:
    if name == "tools":
        return any(_is_hosted(tool) for tool in value) if isinstance(value, list) else True
    if name in _NESTED and isinstance(value, Mapping):
        return bool(asked_beside(value))
    if name not in _ASKS:
        return False
    if "odalities" in name and isinstance(value, list):
        return not _TEXT_ONLY.issuperset(map(str, value))
    return not (name == "inference_geo" and str(value) in _ORDINARY_PLACES)


def _is_hosted(tool: object) -> bool:
    """Whether the provider runs this tool itself: it is neither a function of the dialects nor a list of them."""
    if not isinstance(tool, Mapping):
        return True
    ours = {"functionDeclarations", "function_declarations"}
    if ours & tool.keys():
        return bool(tool.keys() - ours)
    return tool.get("type", "custom") not in {"function", "custom"} or not ({"function", "name"} & tool.keys())


_COUNT = late(r"(?:n|num|number|count|total|calls|requests|queries|results|units|quantity|used)$")


def _counts_text_alone(usage: Mapping[str, object], depth: int) -> bool:
    """Whether `_found` surely finds nothing: whole numbers under names of text tokens, as most answers are billed."""
    for name, value in usage.items():
        if value is None or value == 0:
            continue
        if type(name) is not str or len(name) > _LONGEST or not _counts_text(name):
            return False
        if type(value) is dict:
            if depth == _DEPTH or not _counts_text_alone(value, depth + 1):
                return False
        elif type(value) is not int:
            return False
    return True


_READ_OTHERWISE = frozenset({"modality", "inference_geo", "iterations", "usage_breakdown"})
"""Names under which more than a number says what is billed."""


@lru_cache(maxsize=1_000)
def _counts_text(name: str) -> bool:
    plain, is_unit = _read_meaning(name)
    return not is_unit and plain not in _READ_OTHERWISE and "." not in name  # where a dot is, two names are looked at


def _found(usage: Mapping[str, object], path: str, depth: int) -> Iterator[str]:
    of_unit = bool(path) and _meaning(path.rstrip(".").rpartition(".")[2])[1]  # {"web_search": {"count": 2}}
    modality = usage.get("modality")
    if isinstance(modality, str) and modality.upper() not in {"TEXT", "MODALITY_UNSPECIFIED"}:
        if _positive(usage.get("tokenCount", usage.get("token_count", usage.get("tokens")))):
            yield f"{modality} tokens"
        return
    for name, value in usage.items():
        if value is None or (type(value) is int and not value):
            continue  # none of it, as most counts say
        where = f"{path}{name}"
        plain, is_unit = _meaning(str(name))
        if plain == "inference_geo" and isinstance(value, str) and value not in _ORDINARY_PLACES:
            yield f"{where} {value}"
        elif plain == "iterations" and isinstance(value, list):
            kinds = {str(one.get("type")) for one in value if isinstance(one, Mapping)}
            yield from (f"{where} {kind}" for kind in sorted(kinds - {"message", "None"}))
        elif (plain == "usage_breakdown" and value) or (
            _positive(value) and (is_unit or (of_unit and _COUNT.match(plain)))
        ):
            yield where
        elif depth < _DEPTH:
            inner = value if isinstance(value, list) else [value]
            for one in inner:
                if isinstance(one, Mapping):
                    yield from _found(one, f"{where}.", depth + 1)


def _meaning(name: str) -> tuple[str, bool]:
    """(the name in small letters with underscores, whether it counts what is billed beside text tokens)."""
    return _known_meaning(name) if len(name) <= _LONGEST else _read_meaning(name)


def _read_meaning(name: str) -> tuple[str, bool]:
    plain = _snake(name)
    return plain, _UNITS.search(plain) is not None and _NO_UNITS.search(plain) is None


# A provider's usage objects have the same dozen names in every answer.
_known_meaning = lru_cache(maxsize=1_000)(_read_meaning)


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
