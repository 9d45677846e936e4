"""IFEval's `startend:*`, `punctuation:*` and `combination:*`, and evalkit's own `evalkit:exact_reply`."""

from __future__ import annotations

from evalkit.scorers.instructions.base import WORD, Kind, Parameters, alone

_DIVIDER = "******"
_COMMAS = ",，、،﹐﹑､፣՝߸⸲"


def ends_with(reply: str, given: Parameters) -> bool:
    """The reply ends with exactly this phrase, case apart; quotes around the reply are read through."""
    return reply.strip().strip('"').lower().endswith(given.text("end_phrase").strip().lower())


def quoted(reply: str) -> bool:
    """The whole reply stands in double quotation marks."""
    reply = reply.strip()
    return len(reply) > 1 and reply[0] == reply[-1] == '"'


def no_comma(reply: str) -> bool:
    """No comma anywhere, in any script."""
    return not any(comma in reply for comma in _COMMAS)


def two_responses(reply: str) -> bool:
    """Two different responses divided by six asterisks; an empty one is allowed only at the ends."""
    parts = [part.strip() for part in reply.split(_DIVIDER)]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeats_prompt(reply: str, given: Parameters) -> bool:
    """The reply opens with the prompt to repeat, word for word, case apart."""
    return reply.strip().lower().startswith(given.text("prompt_to_repeat").strip().lower())


def exact_reply(reply: str, given: Parameters) -> bool:
    """The reply is exactly this text; only white space around it is forgiven."""
    return reply.strip() == given.text("text").strip()


KINDS = {
    "startend:end_checker": Kind(ends_with, {"end_phrase": WORD}),
    "startend:quotation": Kind(alone(quoted)),
    "punctuation:no_comma": Kind(alone(no_comma)),
    "combination:two_responses": Kind(alone(two_responses)),
    "combination:repeat_prompt": Kind(repeats_prompt, {"prompt_to_repeat": WORD}),
    "evalkit:exact_reply": Kind(exact_reply, {"text": WORD}),
}
