"""IFEval's `startend:*`, `punctuation:*` and `combination:*`, and evalkit's own `evalkit:exact_reply`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.scorers.instructions.base import WORD, Kind

_DIVIDER = "******"
_COMMAS = ",，、،﹐﹑､፣՝߸⸲"


def ends_with(reply: str, given: Mapping[str, Any]) -> bool:
    """The reply ends with exactly this phrase, case apart; quotes around the reply are read through."""
    return reply.strip().strip('"').lower().endswith(given["end_phrase"].strip().lower())


def quoted(reply: str, given: Mapping[str, Any]) -> bool:
    """The whole reply stands in double quotation marks."""
    del given
    reply = reply.strip()
    return len(reply) > 1 and reply[0] == reply[-1] == '"'


def no_comma(reply: str, given: Mapping[str, Any]) -> bool:
    """No comma anywhere, in any script."""
    del given
    return not any(comma in reply for comma in _COMMAS)


def two_responses(reply: str, given: Mapping[str, Any]) -> bool:
    """Two different responses divided by six asterisks; an empty one is allowed only at the ends."""
    del given
    parts = [part.strip() for part in reply.split(_DIVIDER)]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeats_prompt(reply: str, given: Mapping[str, Any]) -> bool:
    """The reply opens with the prompt to repeat, word for word, case apart."""
    return reply.strip().lower().startswith(given["prompt_to_repeat"].strip().lower())


def exact_reply(reply: str, given: Mapping[str, Any]) -> bool:
    """The reply is exactly this text; only white space around it is forgiven."""
    return reply.strip() == str(given["text"]).strip()


KINDS = {
    "startend:end_checker": Kind(ends_with, {"end_phrase": WORD}),
    "startend:quotation": Kind(quoted),
    "punctuation:no_comma": Kind(no_comma),
    "combination:two_responses": Kind(two_responses),
    "combination:repeat_prompt": Kind(repeats_prompt, {"prompt_to_repeat": WORD}),
    "evalkit:exact_reply": Kind(exact_reply, {"text": WORD}),
}
