"""What one request would take before it is sent, and what an agent's sample would: tokens read and written,
each at three ends, and what they cost.

    given = tokens_read(model, what_is_read(task, sample, model), known)     # {"low": 12.0, "value": 20.0, ...}
    made, why = tokens_written(model, task, known)                           # unknown ends are None
    cost_of(model, given["low"], made["low"], now)

Tokens that are read are counted by the model's own tokenizer where it is in this process, else bytes times the ratio
that earlier runs taught, else a quarter of the bytes, assumed. Those written are as earlier answers to the same task
were, else to any task, else only known to lie between one token and the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import cast

from evalkit.adapters.base import CountsPrompts
from evalkit.engine.asking import request_of
from evalkit.engine.budget import tools_text
from evalkit.engine.experience import AgentUse, Learned, PastUse
from evalkit.engine.pipeline_bills import parts_expected
from evalkit.engine.work import PlannedModel, PlannedTask, item_for
from evalkit.errors import RequestError
from evalkit.records import Message, Sample, Usage
from evalkit.suite.environments import world_of

ASSUMED_TOKENS_PER_BYTE = (0.15, 0.25, 0.5)
"""Low, usual and high: English is near a quarter, code and other scripts lie above."""
_TURN = 16
"""Bytes of a turn's frame; the runner reserves the same for its worst case."""
ENDS = ("low", "value", "high")


@dataclass(slots=True)
class Sums:
    """Totals at one end."""

    input: float | None = 0.0
    output: float | None = 0.0
    usd: Decimal | None = Decimal(0)

    def add(self, given: float | None, made: float | None, cost: Decimal | None) -> None:
        self.input = None if self.input is None or given is None else self.input + given
        self.output = None if self.output is None or made is None else self.output + made
        self.usd = None if self.usd is None or cost is None else self.usd + cost


def what_is_read(task: PlannedTask, sample: Sample, model: PlannedModel) -> tuple[Message, ...]:
    """What is read for a sample: for likelihoods over a network, the prompt anew before each continuation."""
    if task.scorer.needs != "likelihood" or not model.adapter.endpoint.network:
        offered = tools_text(sample.tools)
        messages = item_for(task, sample, model, 0).sample.messages
        return (*messages, Message("system", offered)) if offered else messages
    request = request_of(item_for(task, sample, model, 0))
    each = request.continuations or ()
    if request.contexts is not None:
        pairs = zip(request.contexts, each, strict=True)
        return tuple(Message("user", before + text) for before, text in pairs)
    return tuple(message for text in each for message in (*request.messages, Message("assistant", text)))


@cache
def _counts_prompts(adapter: type) -> bool:
    """Asked for every sample: isinstance of a protocol takes 60 µs."""
    return issubclass(adapter, CountsPrompts)


def tokens_read(model: PlannedModel, messages: tuple[Message, ...], known: PastUse) -> dict[str, float]:
    """Tokens of a prompt, at each end."""
    if _counts_prompts(type(model.adapter)):
        try:
            n = float(cast(CountsPrompts, model.adapter).count_prompt(messages))
        except RequestError:  # it will be refused, and nothing is read
            n = 0.0
        return dict.fromkeys(ENDS, n)
    size = sum(len(message.words.encode("utf-8", "replace")) for message in messages)
    ratio = known.tokens_per_byte
    if ratio is None:
        size += _TURN * len(messages)
        return dict(zip(ENDS, (size * share for share in ASSUMED_TOKENS_PER_BYTE), strict=True))
    return {"low": size * ratio.low, "value": size * ratio.mean, "high": size * ratio.high}


def basis_of_read(model: PlannedModel, known: PastUse) -> str:
    """What `tokens_read` rests on."""
    if _counts_prompts(type(model.adapter)):
        return "counted by its own tokenizer"
    if known.tokens_per_byte is not None:
        return f"learned from {known.tokens_per_byte.n:,} earlier prompts of this model"
    return "assumed: four bytes a token, between two and seven"


def tokens_written(model: PlannedModel, task: PlannedTask, known: PastUse) -> tuple[dict[str, float | None], str]:
    """Tokens of an answer, at each end, and what they rest on. None: unknown."""
    limit = task.settings[model.name].max_output_tokens
    if task.scorer.needs == "likelihood":
        return dict.fromkeys(ENDS, 0.0), "nothing is written: likelihoods are read"
    found: Learned | None = known.output_by_task.get(task.name)
    basis = "learned from {:,} earlier answers to this task"
    if found is None:
        found, basis = known.output_tokens, "learned from {:,} earlier answers of this model to other tasks"
    if found is not None:
        ends = {"low": found.low, "value": found.mean, "high": found.high}
        most = float("inf") if limit is None else float(limit)
        return {end: min(value, most) for end, value in ends.items()}, basis.format(found.n)
    if limit is None:
        return {
            "low": 1.0,
            "value": None,
            "high": None,
        }, "unknown: no earlier answers, and max_output_tokens is not set"
    return {"low": 1.0, "value": None, "high": float(limit)}, "unknown: no earlier answers; at most max_output_tokens"


def plus(tokens: float | None, more: float) -> float | None:
    """The sum; None where one is unknown."""
    return None if tokens is None else tokens + more


def cost_of(model: PlannedModel, given: float | None, made: float | None, now: datetime) -> Decimal | None:
    """US dollars of a request that reads and writes so much; None: unknown."""
    if made is None or given is None:
        return None
    if model.parts:
        each = [cost_of(part, *tokens, now) for part, tokens in parts_expected(model, given, made)]
        return None if None in each else sum((cost for cost in each if cost is not None), Decimal(0))
    output = round(made)
    return model.price(Usage(input=round(given), output=output, reasoning=0), None, now)


def with_guards(model: PlannedModel, given: float | None, made: float | None) -> tuple[float | None, float | None]:
    """Tokens of a request, those of a pipeline's guards included."""
    if not model.parts or given is None:
        return given, made
    each = [tokens for _, tokens in parts_expected(model, given, made)]
    read, said = [tokens[0] for tokens in each], [tokens[1] for tokens in each]
    return (
        None if None in read else sum(n for n in read if n is not None),
        None if None in said else sum(n for n in said if n is not None),
    )


def add_agent(
    model: PlannedModel, task: PlannedTask, sample: Sample, known: PastUse, repeats: int, sums: Mapping[str, Sums]
) -> int:
    """Add what an agent's sample would take; the requests that it would take. Where no earlier run tells, it is one
    request at least, and the rest is unknown."""
    use, now = known.agents.get(task.name), datetime.now(UTC)
    given = tokens_read(model, what_is_read(task, sample, model), known)["low"]
    ends: dict[str, tuple[float | None, float | None]] = {
        "low": (given, 1.0),
        "value": (None, None),
        "high": (None, None),
    }
    if use is not None:
        ends = {
            "low": (use.input.low, use.output.low),
            "value": (use.input.mean, use.output.mean),
            "high": (use.input.high, use.output.high),
        }
    for _ in range(repeats):
        for end, (read, made) in ends.items():
            sums[end].add(read, made, None if read is None else cost_of(model, read, made, now))
    return repeats * (1 if use is None else round(use.steps.mean))


def basis_of_agent(sample: Sample, use: AgentUse | None) -> str:
    """What `add_agent` rests on."""
    if use is not None:
        return f"learned from {use.steps.n:,} earlier samples of this task, {use.steps.mean:.1f} requests each"
    world = world_of(sample)
    most = world.limits.steps if world is not None else 1
    return f"unknown: an agent takes 1 to {most} requests a sample, and no earlier run tells how many"
