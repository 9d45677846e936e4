"""From what happened to what is stored: one row for each sample × model × repeat, with counts that can be true. Pure.

A count of tokens that the text itself contradicts is unknown, since bills and speeds would rest on it:

    plausible(Usage(input=9, output=1), prompt="...", said="a reply of 900 words")     # output None

A token spans a few words at the very most, and a token that is shown has at least one byte. Both bounds are loose, so
that no tokenizer is doubted; what a provider counts within them is its own word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from evalkit.frozen import dataclass
from evalkit.reasoning import split
from evalkit.records import (
    AgentStep,
    Failure,
    Outcome,
    Response,
    Row,
    Sample,
    Score,
    StopReason,
    Timing,
    ToolCall,
    Usage,
)
from evalkit.store.amounts import MOST_FIGURE

STOPS: Mapping[str, StopReason] = {
    "stop": "stop", "length": "length", "refusal": "refusal", "content_filter": "content_filter",
    "tool_use": "tool_use",
}  # fmt: skip
"""Stored reasons for stopping, as responses have them."""


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """What the engine saw around the final attempt."""

    started_at: float
    """Unix time when the final attempt was sent."""
    queue_s: float | None
    retry_s: float | None
    attempts: int
    cached: bool = False
    given_up: int = 0
    """`Row.given_up`, 0 for none."""
    timed: bool = True
    """False where no model was waited for (a replay)."""


def answered(
    sample: Sample,
    model: str,
    repeat: int,
    attempt: AttemptInfo,
    response: Response,
    score: Score,
    cost_usd: Decimal | None,
    dropped: tuple[str, ...],
) -> Row:
    """The row of an answer, as it was scored."""
    return Row(
        **_question(sample, model, repeat, attempt),
        **_figures(response, attempt, cost_usd),
        outcome=score.outcome,
        score=score.value,
        spend_usd=Decimal(0) if attempt.cached else cost_usd,
        parts=_figures_beside(score.parts),
        text=response.text,
        calls=response.calls,
        reasoning=response.reasoning,
        extracted=score.extracted,
        reason=score.reason,
        refusal=response.refusal,
        logliks=response.logliks,
        dropped=dropped + response.dropped,
        stages=response.stages,
    )


def answer_of_row(row: Row) -> Response:
    """The stored answer as a scorer sees one."""
    usage = Usage(input=row.input_tokens, output=row.output_tokens, reasoning=row.reasoning_tokens)
    return Response(
        text=row.text or "",
        stop_reason=STOPS.get(row.stop_reason or "", "other"),
        timing=Timing(sent_at=0.0, total_s=row.total_s or 0.0, ttft_s=row.ttft_s, ttfr_s=row.ttfr_s),
        reasoning=row.reasoning,
        served_model=row.served_model,
        usage=None if usage == Usage() else usage,
        refusal=row.refusal,
        calls=row.calls,
        logliks=row.logliks,
        steps=row.steps,
    )


def _figures_beside(parts: Mapping[str, float]) -> dict[str, float]:
    """The further figures of a score that a row can hold; what a plug-in gives besides is left out."""
    return {
        name: float(figure)
        for name, figure in parts.items()
        if isinstance(figure, int | float) and -MOST_FIGURE < figure < MOST_FIGURE
    }


def with_score(row: Row, score: Score, sample: Sample | None = None, further: Mapping[str, float] | None = None) -> Row:
    """The stored row with another score. `sample`: by whose right answer, where that may be another one by now;
    `further`: parts that come from the row itself."""
    if sample is not None:
        row = replace(row, target=sample.target, target_digest=sample.target_digest)
    return replace(
        row,
        score=score.value,
        outcome=score.outcome,
        extracted=score.extracted,
        reason=score.reason,
        parts={**_figures_beside(score.parts), **(further or {})},
    )


def step_of(
    response: Response, calls: tuple[ToolCall, ...], attempt: AttemptInfo, cost_usd: Decimal | None
) -> AgentStep:
    """The step of an agent's answer, its calls not carried out yet."""
    return AgentStep(
        text=response.text,
        started_at=attempt.started_at,
        calls=calls,
        reasoning=response.reasoning,
        refusal=response.refusal,
        carried=response.carried,
        attempts=attempt.attempts,
        dropped=response.dropped,
        **_figures(response, attempt, cost_usd),
    )


def _figures(response: Response, attempt: AttemptInfo, cost_usd: Decimal | None) -> dict[str, Any]:
    """What a row and a step say alike of one answer: its seconds, tokens and money, and who gave it."""
    usage, timing, timed = response.usage, response.timing, attempt.timed
    estimate = reasoning_estimate(response)
    return {
        "cached": attempt.cached,
        "queue_s": attempt.queue_s if timed else None,
        "retry_s": attempt.retry_s if timed else None,
        "given_up": attempt.given_up or None,
        "ttft_s": timing.ttft_s if timed else None,
        "ttfr_s": timing.ttfr_s if timed else None,
        "tpot_s": time_per_output_token(response) if timed else None,
        "total_s": timing.total_s if timed and not math.isnan(timing.total_s) else None,  # a log may lack one
        "input_tokens": usage.input if usage else None,
        "cache_read_tokens": usage.cache_read if usage else None,
        "cache_write_5m_tokens": usage.cache_write_5m if usage else None,
        "cache_write_1h_tokens": usage.cache_write_1h if usage else None,
        "cache_write_other_tokens": usage.cache_write_other if usage else None,
        "output_tokens": usage.output if usage else None,
        "reasoning_tokens": estimate if estimate is not None else usage.reasoning if usage else None,
        "reasoning_estimated": estimate is not None,
        "cost_usd": cost_usd,
        "stop_reason": response.stop_reason,
        "served_model": response.served_model,
        "fingerprint": response.fingerprint,
        "service_tier": usage.service_tier if usage else None,
        "billed_beside": ", ".join(usage.beside) or None if usage else None,
        "raw_usage": response.raw_usage,
    }


def failed(
    sample: Sample, model: str, repeat: int, attempt: AttemptInfo, failure: Failure, dropped: tuple[str, ...]
) -> Row:
    """The row of a request that brought no answer. What it cost is not known: a broken attempt may have been billed."""
    return Row(
        **_question(sample, model, repeat, attempt),
        outcome=Outcome.ERRORED,
        score=None,
        error_kind=failure.kind,
        error_status=failure.status,
        queue_s=attempt.queue_s,
        retry_s=attempt.retry_s,
        given_up=attempt.given_up or None,
        error=failure.message,
        dropped=dropped,
    )


def _question(sample: Sample, model: str, repeat: int, attempt: AttemptInfo) -> dict[str, Any]:
    """What every row has, however it ended: who was asked what, and when."""
    return {
        "task": sample.task,
        "sample_id": sample.id,
        "sample_digest": sample.digest,
        "target_digest": sample.target_digest,
        "occurrence": sample.occurrence,
        "model": model,
        "repeat": repeat,
        "started_at": attempt.started_at,
        "attempts": attempt.attempts,
        "cluster": sample.cluster,
        "critical": sample.critical,
        "weight": sample.weight,
        "stratum": sample.stratum,
        "slices": sample.slices,
        "prompt": sample.messages,
        "tools": sample.tools or None,
        "target": sample.target,
    }


def reasoning_estimate(response: Response) -> int | None:
    """Tokens of the reasoning that stands in the text: its share of the characters times the tokens of the output.

    None where the text holds none, the output's tokens are unknown, or the provider counts reasoning itself (a count of
    0 beside visible reasoning is no count).
    """
    usage = response.usage
    if usage is None or usage.output is None or usage.reasoning:
        return None
    parted = split(response.text)
    if not parted.reasoning:
        return None
    return round(usage.output * (len(response.text) - len(parted.answer)) / len(response.text))


def time_per_output_token(response: Response) -> float | None:
    """Seconds between content tokens, (last - first) / (output - reasoning - 1). A blank is a token, too.

    None where a part is unknown (an unreported share of reasoning would falsify it), where the answer's share is only
    estimated, or where fewer than two tokens came.
    """
    usage, timing = response.usage, response.timing
    if usage is None or usage.output is None or usage.reasoning is None or reasoning_estimate(response) is not None:
        return None
    first_s = timing.ttft_s if timing.began_s is None else timing.began_s
    if first_s is None or timing.last_s is None:
        return None
    steps = usage.output - usage.reasoning - 1
    return (timing.last_s - first_s) / steps if steps >= 1 else None


WORDS_A_TOKEN = 4
"""Tokenizers split text at blanks, but for a few that join two or three words."""
BYTES_A_TOKEN = 128
"""For text without blanks: the longest tokens of common vocabularies are runs of one sign of this length."""
UNSEEN = 16
"""Tokens of an answer that show nothing: its begin, its end, and marks of roles and channels."""


def least_tokens(text: str) -> int:
    """So many tokens a text has at least, whatever the tokenizer."""
    return max(len(text.split()) // WORDS_A_TOKEN, len(text.encode(errors="replace")) // BYTES_A_TOKEN)


def _too_few(n: int | None, text: str) -> bool:
    """Whether a count is known, and below `least_tokens`; of eight signs a token or less nothing need be looked at."""
    return n is not None and 8 * n < len(text) and n < least_tokens(text)


def plausible(usage: Usage, *, prompt: str, said: str) -> Usage:
    """The usage without counts that cannot be true. `said`: all that came, shown reasoning and calls included.

    Fewer tokens than the text has are no count. More than it has bytes are hidden reasoning, so where the provider says
    how much of the output that was (0, mostly), that part is unknown.
    """
    if _too_few(usage.output, said):
        usage = replace(usage, output=None, reasoning=None)
    if _too_few(usage.input, prompt):
        usage = replace(usage, input=None, cache_read=None)
    if usage.output is not None and usage.reasoning is not None:
        shown = usage.output - usage.reasoning
        if shown > len(said.encode(errors="replace")) + UNSEEN:
            usage = replace(usage, reasoning=None)
    return usage
