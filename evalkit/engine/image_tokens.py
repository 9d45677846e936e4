"""What pictures of a prompt are billed: unknown until earlier runs tell; a cap in dollars counts with the worst.

Providers count by formulas of width, height and model, and change them: one photo is 1,000 tokens in one place and
14,000 in another. So an estimate says "unknown". A cap counts each picture with more than any published formula gives
(`MOST`, and a token for each `PIXELS_A_TOKEN`); the person may say less: EVALKIT_IMAGE_TOKENS=5000.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from evalkit.errors import UserError
from evalkit.records import Image, Message

if TYPE_CHECKING:  # a run with a limit reads no earlier ones
    from evalkit.engine.experience import Learned

VARIABLE = "EVALKIT_IMAGE_TOKENS"
MOST = 50_000
"""Above the dearest published bill of a picture that is scaled down before it is counted: 48,169 tokens (gpt-4o-mini,
8 tiles of 5,667 and 2,833; platform.openai.com, "Images and vision")."""
PIXELS_A_TOKEN = 256
"""Below the smallest patch of those that are not scaled down: 28 x 28 pixels (Qwen-VL), 32 x 32 with up to 2.46 tokens
each (OpenAI)."""


def n_images(messages: Iterable[Message]) -> int:
    """Pictures of a conversation."""
    return sum(len(message.images) for message in messages)


def most_tokens(messages: Iterable[Message]) -> int:
    """The most tokens that the pictures of a prompt are billed; 0 without pictures. Raises UserError for a variable
    that is no number."""
    images = [image for message in messages for image in message.images]
    if not images:
        return 0
    said = own_figure()
    return sum(_most(image) if said is None else said for image in images)


def with_images(
    text: dict[str, float], messages: tuple[Message, ...], known: Learned | None
) -> dict[str, float | None]:
    """Input tokens at the three ends for a prompt whose text has these.

    With pictures: as earlier prompts of the task were, else at least one token each and at most `most_tokens`. None:
    unknown.
    """
    n = n_images(messages)
    if not n:
        return {**text}
    if known is not None:
        return {"low": known.low, "value": known.mean, "high": known.high}
    return {"low": text["low"] + n, "value": None, "high": text["high"] + most_tokens(messages)}


def basis(*, learned: bool) -> str:
    """What the figure of prompts with pictures rests on."""
    if learned:
        return "of prompts with pictures learned from earlier answers to this task"
    return "of pictures unknown: no earlier answers; at most what a cap counts with"


def _most(image: Image) -> int:
    return MOST + (image.width * image.height) // PIXELS_A_TOKEN


def own_figure() -> int | None:
    """The person's own figure; None: there is none. Raises UserError for what is no number."""
    written = os.environ.get(VARIABLE, "").strip()
    if not written:
        return None
    if not written.isdecimal() or int(written) < 1:
        raise UserError(
            f"{VARIABLE}: expected the most tokens that one picture is billed (value seen: {written[:40]!r})"
        )
    return int(written)
