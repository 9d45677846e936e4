"""What the Chat Completions dialects bill, in one form.

    {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39, "prompt_cache_hit_tokens": 20}    DeepSeek
    {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 339,
     "completion_tokens_details": {"reasoning_tokens": 300}}                            xAI, which bills 309
    {"prompt_tokens": 14, "completion_tokens": 7, "cost": 0, "is_byok": true,
     "cost_details": {"upstream_inference_cost": 0.0000063}}                            OpenRouter, with one's own key

Counts that a provider leaves out stay None; nothing is guessed, but what follows from its own sums is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from evalkit.adapters.billed_beside import billed_beside
from evalkit.adapters.presets import Preset
from evalkit.adapters.reply_fields import bill, count
from evalkit.adapters.stated_cost import at, stated_cost
from evalkit.records import Usage

_CACHED_PATHS = (
    "prompt_tokens_details.cached_tokens",
    "prompt_cache_hit_tokens",  # DeepSeek
    "prompt_token_details.cached_tokens",
    "cached_tokens",  # Together, Moonshot, Hugging Face
    "input_tokens_details.cached_tokens",
    "cache_read_input_tokens",
)
"""Where compatible servers say how much input came from a cache; a preset's own paths come first."""


_WRITTEN_PATHS = (
    "prompt_tokens_details.cache_write_tokens",  # OpenRouter
    "cache_creation_input_tokens",  # LiteLLM, as Anthropic says it; a part of prompt_tokens here
    "prompt_tokens_details.cache_creation_input_tokens",  # DashScope
    "prompt_tokens_details.cache_creation_tokens",
)
"""Where they say how much was written to one, which costs more than plain input."""


_ADDED = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Beside these `input_tokens` is Anthropic's, which leaves cached tokens out: what a gateway means there is unknown."""


class UsageSoFar:
    """The usage objects of one answer as they come. The later one counts field by field, but a zero or nothing never
    replaces a count: gateways send an empty bill after the true one, or only a part of it."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: dict[str, object] | None = None
        """The usage that counts; None before the first."""

    def add(self, usage: object) -> None:
        """One more usage object; one that is larger than any bill is passed over, and so is what would make it so."""
        kept = bill(usage)
        if kept is None or (self.last is not None and kept.items() <= self.last.items()):
            return
        merged = kept if self.last is None else bill(_later(self.last, kept))
        self.last = self.last if merged is None else merged


def _later(known: Mapping[str, object], usage: Mapping[str, object]) -> dict[str, object]:
    """What is known after one more usage object."""
    merged = dict(known)
    for key, value in usage.items():
        before = known.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            merged[key] = _later(before, value)
        elif value or not before:
            merged[key] = value
    return merged


def believed(usage: Usage | None, *, has_output: bool) -> Usage | None:
    """The usage where it can be true: an answer took tokens, so a bill of zero tokens says nothing.

    A count of 0 beside an answer is unknown, but for an input of 0 where the provider states what the answer cost.
    """
    if usage is None:
        return None
    given, output = usage.input, usage.output
    if has_output and output == 0:
        output = None
    if given == 0 and not usage.provider_cost_usd:
        given = None
    if given is None and output is None and not usage.provider_cost_usd:
        return None
    if given == usage.input and output == usage.output:
        return usage
    return replace(usage, input=given, output=output)


def usage_of(
    raw: object, preset: Preset, *, tier: str | None, showed_reasoning: bool, shown: tuple[str, ...] = ()
) -> Usage | None:
    """The usage object of a reply, normalised; None where there is none with a count in it.

    `tier` is the reply's service_tier. `showed_reasoning`: whether reasoning text came with the answer. `shown`: what
    the answer itself shows to be billed beside its tokens.
    """
    if not isinstance(raw, dict):
        return None
    given, completion = count(raw.get("prompt_tokens")), count(raw.get("completion_tokens"))
    if given is None and completion is None:  # gateways that tell it by the names of the Responses API
        given = None if any(name in raw for name in _ADDED) else count(raw.get("input_tokens"))
        completion = count(raw.get("output_tokens"))
    if given is None and completion is None:
        return None
    reasoning = count(at(raw, "completion_tokens_details.reasoning_tokens"))
    if reasoning is None:
        reasoning = count(at(raw, "output_tokens_details.reasoning_tokens"))
    if reasoning is None:
        reasoning = count(raw.get("reasoning_tokens"))
    if reasoning is None and preset.shows_all_tokens and not showed_reasoning:
        reasoning = 0
    output = completion
    if completion is not None and reasoning and _is_outside(raw, given, completion, reasoning, preset):
        output = completion + reasoning
    return Usage(
        input=given,
        cache_read=_first(raw, _cached_paths(preset.cached_paths)),
        cache_write_other=_first(raw, _WRITTEN_PATHS),
        output=output,
        reasoning=reasoning,
        provider_cost_usd=stated_cost(raw, preset.cost_path),
        service_tier=tier,
        beside=(*billed_beside(raw), *shown),
    )


@lru_cache(maxsize=100)
def _cached_paths(own: tuple[str, ...]) -> tuple[str, ...]:
    return (*own, *_CACHED_PATHS)


def _first(raw: Mapping[str, object], paths: Iterable[str]) -> int | None:
    """The first of these counts that is there."""
    for path in paths:
        if (n := count(at(raw, path))) is not None:
            return n
    return None


def _is_outside(raw: Mapping[str, object], given: int | None, completion: int, reasoning: int, preset: Preset) -> bool:
    """Whether reasoning tokens are left out of completion_tokens. The reply's own total decides where it can."""
    total = count(raw.get("total_tokens"))
    if total is not None and given is not None:
        if total == given + completion + reasoning:
            return True
        if total == given + completion:
            return False
    return reasoning > completion or not preset.reasoning_in_completion
