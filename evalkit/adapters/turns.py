"""Turns of a conversation, as the dialects need them.

split_system((system "Be brief.", user "Hi"), "m", "the Messages API")     # ("Be brief.", (user "Hi",))
"""

from __future__ import annotations

from evalkit.errors import Unsupported
from evalkit.records import Message


def split_system(messages: tuple[Message, ...], name: str, api: str) -> tuple[str, tuple[Message, ...]]:
    """(system prompt, the other turns). System messages are joined by an empty line.

    Raises Unsupported where one follows another turn: the API has one place for them, before all turns.
    """
    n_system = next((place for place, turn in enumerate(messages) if turn.role != "system"), len(messages))
    if any(turn.role == "system" for turn in messages[n_system:]):
        raise Unsupported(
            f"models.{name}: a system message stands after another turn, and {api} has only one place for "
            f"it, before all turns."
        )
    return "\n\n".join(turn.content for turn in messages[:n_system]), messages[n_system:]
