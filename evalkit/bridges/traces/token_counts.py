"""Tokens of a logged call, under whatever names the log has them.

tokens_of({"prompt_tokens": 14, "completion_tokens": 8})                    # OpenAI
tokens_of({"input_tokens": 3, "cache_read_input_tokens": 11, ...})          # Anthropic: 3 excludes the 11
tokens_of({"promptTokenCount": 14, "thoughtsTokenCount": 5, ...})           # Gemini: the answer excludes thoughts

A count of ours includes its parts. Anthropic leaves what the cache took out of its input, Gemini leaves reasoning out
of its output; free keys (Langfuse) may do either, and there their own total decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.bridges.traces.calls import LoggedUsage
from evalkit.bridges.traces.values import at, count, decoded, first, money, number, understood

CODEX = "codex.turn.token_usage."
"""What Codex puts before the names of its counts."""


def tokens_of(said: object) -> LoggedUsage:
    """The counts of a usage object; an empty record where it is none."""
    said = decoded(said)
    if not isinstance(said, dict):
        return LoggedUsage()
    if "promptTokenCount" in said or "candidatesTokenCount" in said or "prompt_token_count" in said:
        return _gemini(said)
    given = count(first(said, "prompt_tokens", "input_tokens", "promptTokens", "inputTokens"))
    made = count(first(said, "completion_tokens", "output_tokens", "completionTokens", "outputTokens"))
    read = said.get("cache_read_input_tokens")
    written = said.get("cache_creation_input_tokens")
    details = first(
        said, "prompt_tokens_details", "input_tokens_details", "input_token_details", "prompt_token_details"
    )
    cached = count(
        first(
            {
                "a": at(details, "cached_tokens"),
                "b": at(details, "cache_read"),
                "c": read,
                "d": first(said, "cached_tokens", "cachedInputTokens"),
            },
            *"abcd",
        )
    )
    if (
        not {"prompt_tokens", "total_tokens"} & said.keys()
        and (read is not None or written is not None)
        and details is None
    ):
        parts = [one for one in (given, count(read), count(written)) if one is not None]
        given = sum(parts) if given is not None else None
    out = first(
        said, "completion_tokens_details", "output_tokens_details", "output_token_details", "completion_token_details"
    )
    reasoning = count(
        first(
            {
                "a": at(out, "reasoning_tokens"),
                "b": at(out, "reasoning"),
                "c": first(said, "reasoning_tokens", "reasoningTokens"),
            },
            *"abc",
        )
    )
    wrote = count(
        first({"a": written, "b": at(details, "cache_creation"), "c": said.get("cache_write_tokens")}, *"abc")
    )
    return LoggedUsage(given, made, cached, wrote, reasoning, money(first(said, "cost", "total_cost")))


def _gemini(said: Mapping[str, object]) -> LoggedUsage:
    given = count(first(said, "promptTokenCount", "prompt_token_count"))
    made = count(first(said, "candidatesTokenCount", "candidates_token_count"))
    thoughts = count(first(said, "thoughtsTokenCount", "thoughts_token_count"))
    cached = count(first(said, "cachedContentTokenCount", "cached_content_token_count"))
    return LoggedUsage(given, None if made is None else made + (thoughts or 0), cached, None, thoughts)


def free_tokens_of(said: object) -> LoggedUsage:  # noqa: PLR0912  # one return a shape
    """Counts under free keys (Langfuse's usageDetails), where `total` tells whether parts are within their sums."""
    said = decoded(said)
    if not isinstance(said, dict) or not said:
        return LoggedUsage()
    if "input" not in said and "output" not in said:
        return tokens_of(said)
    given, made, total = (count(said.get(key)) for key in ("input", "output", "total"))
    of_input, of_output = 0, 0
    cached: int | None = None
    written: int | None = None
    reasoning: int | None = None
    for key, value in said.items():
        if key in ("input", "output", "total"):
            continue
        n = understood(number(value), value, "tokens")
        if n is None:
            continue
        low = key.lower()
        is_input = low.startswith(("input", "prompt"))
        if is_input and ("cache_read" in low or "cached" in low):
            cached = (cached or 0) + int(n)
        elif is_input and ("cache_write" in low or "cache_creation" in low):
            written = (written or 0) + int(n)
        elif not is_input and "reasoning" in low:
            reasoning = (reasoning or 0) + int(n)
        if is_input:
            of_input += int(n)
        elif low.startswith(("output", "completion")):
            of_output += int(n)
    if total is not None and given is not None and made is not None and given + made < total:
        rest = total - given - made
        if rest == of_input + of_output:
            given, made = given + of_input, made + of_output
        elif rest == of_output:
            made += of_output
        elif rest == of_input:
            given += of_input
    return LoggedUsage(given, made, cached, written, reasoning)


def tokens_of_span(has: Mapping[str, object]) -> LoggedUsage:
    """The counts and the cost among a span's attributes, under the names of every instrumentation that is known."""
    usage = LoggedUsage(
        input=count(
            first(
                has,
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.prompt_tokens",
                "llm.token_count.prompt",
                "ai.usage.inputTokens",
                "ai.usage.promptTokens",
                "llm.usage.prompt_tokens",
                CODEX + "input_tokens",
            )
        ),
        output=count(
            first(
                has,
                "gen_ai.usage.output_tokens",
                "gen_ai.usage.completion_tokens",
                "llm.token_count.completion",
                "ai.usage.outputTokens",
                "ai.usage.completionTokens",
                "llm.usage.completion_tokens",
                CODEX + "output_tokens",
            )
        ),
        cached=count(
            first(
                has,
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "llm.token_count.prompt_details.cache_read",
                "ai.usage.inputTokenDetails.cacheReadTokens",
                "ai.usage.cachedInputTokens",
                CODEX + "cached_input_tokens",
            )
        ),
        cache_write=count(
            first(
                has,
                "gen_ai.usage.cache_write.input_tokens",
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "llm.token_count.prompt_details.cache_write",
                "ai.usage.inputTokenDetails.cacheWriteTokens",
            )
        ),
        reasoning=count(
            first(
                has,
                "gen_ai.usage.reasoning.output_tokens",
                "gen_ai.usage.reasoning_tokens",
                "llm.token_count.completion_details.reasoning",
                "ai.usage.reasoningTokens",
                CODEX + "reasoning_output_tokens",
            )
        ),
        cost_usd=money(first(has, "gen_ai.usage.cost", "llm.cost.total", "operation.cost")),
    )
    if usage.is_empty:
        for key in ("langfuse.observation.usage_details", "mlflow.chat.tokenUsage", "gen_ai.usage.raw"):
            if has.get(key) is not None:
                cost = usage.cost_usd
                usage = tokens_of(has[key])
                usage.cost_usd = cost
                break
    if "mlflow.chat.tokenUsage" in has and usage.cached is None:
        usage.cached = count(at(decoded(has["mlflow.chat.tokenUsage"]), "cache_read_input_tokens"))
    if usage.cost_usd is None and "mlflow.llm.cost" in has:
        usage.cost_usd = money(at(decoded(has["mlflow.llm.cost"]), "total_cost"))
    if usage.cost_usd is None and not usage.is_empty:
        usage.cost_usd = money(at(decoded(has.get("langfuse.observation.cost_details")), "total"))
    return usage
