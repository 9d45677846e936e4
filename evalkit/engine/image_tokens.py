"""What pictures of a prompt are billed: unknown, until the suite or earlier runs say something.

    image_tokens: 3000       # in a model's entry: the most that its provider bills for one picture

Providers count by formulas of width, height and model, and change them: one photo is 1,000 tokens in one place and
14,000 in another. So there is no formula here. An estimate says "unknown", and no cap in dollars is taken without the
model's own figure.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from evalkit.adapters.base import Adapter
from evalkit.engine.experience import Learned
from evalkit.records import Message


def n_images(messages: Iterable[Message]) -> int:
    """Pictures of a conversation."""
    return sum(len(message.images) for message in messages)


def most_tokens(adapter: Adapter, messages: Iterable[Message]) -> int:
    """The most tokens that the pictures of a prompt are billed by the model's own figure; 0 without pictures, and
    where nobody says (then there is no cap, see `uncapped_images`)."""
    return n_images(messages) * (adapter.spec.image_tokens or 0)


def uncapped_images(adapter: Adapter, task: str, cap: Decimal) -> str | None:
    """Why a cap in dollars cannot be kept for a task with pictures; None where it can."""
    if adapter.spec.image_tokens is not None:
        return None
    return (
        f"max_cost_usd {cap} cannot be kept for {adapter.spec.name} on {task}: its prompts have pictures, and nobody "
        "says how many tokens one is billed. Write image_tokens: N into the model's entry, the most that its provider "
        "bills for one picture, or run without a cap."
    )


def with_images(
    text: dict[str, float], adapter: Adapter, messages: tuple[Message, ...], known: Learned | None
) -> dict[str, float | None]:
    """Input tokens at the three ends for a prompt whose text has these.

    With pictures: as earlier prompts of the task were, else at least one token each and at most the model's own
    figure. None: unknown.
    """
    n = n_images(messages)
    if not n:
        return {**text}
    if known is not None:
        return {"low": known.low, "value": known.mean, "high": known.high}
    most = adapter.spec.image_tokens
    return {"low": text["low"] + n, "value": None, "high": None if most is None else text["high"] + n * most}


def basis(adapter: Adapter, task_known: bool) -> str:
    """What the figure of prompts with pictures rests on."""
    if task_known:
        return "of prompts with pictures learned from earlier answers to this task"
    most = adapter.spec.image_tokens
    if most is None:
        return "of pictures unknown: no earlier answers, and the model's entry has no image_tokens"
    return f"of pictures unknown: no earlier answers; at most {most:,} each (image_tokens)"
