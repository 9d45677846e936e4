"""What fields of `settings.extra` mean: those that say what is asked, and output limits under other names.

    prompt_fields({"instructions": "..."})             # ("instructions",): a prompt of its own
    other_limits({"options": {"num_predict": 900}})    # ("options.num_predict",)

`settings.extra` is sent as it is written. Names are read in snake_case, wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

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
LONG_TEXT = 200
"""Letters from which on a value could hold right answers of a suite, whatever its field is called."""
_DEPTH = 16


def prompt_fields(extra: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that say what the model reads, and fields of any name that hold a long text; empty where none do."""
    named = list(_named(extra, _PROMPTS))
    return tuple(dict.fromkeys([*named, *(str(key) for key, value in extra.items() if n_letters(value) > LONG_TEXT)]))


def other_limits(extra: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that set an output limit beside `max_output_tokens`, or ask for several answers; empty where none do."""
    return tuple(_named(extra, _LIMITS))


def n_letters(value: Any) -> int:
    """Letters of all texts in a value, names of fields included."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + n_letters(inner) for key, inner in value.items())
    return sum(n_letters(inner) for inner in value) if isinstance(value, list | tuple) else 0


def plain_name(key: str) -> str:
    """camelCase and kebab-case as the providers' snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower().replace("-", "_").strip("_ ")


def _named(value: Any, names: frozenset[str], path: str = "", depth: int = 0) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, names, path, depth + 1)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if plain_name(str(key)) in names and inner is not None:
                yield f"{path}{key}"
            elif key not in {"tools", "functions"}:  # there a parameter of a function may have any name
                yield from _named(inner, names, f"{path}{key}.", depth + 1)
