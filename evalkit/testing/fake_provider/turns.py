"""A conversation as it was sent, held to what providers hold it to: every call is answered, and by its own id.

turns = [FakeTurn("user", "Hi"), FakeTurn("assistant", "", made=("c1",)), FakeTurn("tool", "{}", answered=("c1",))]
conversation_of(turns)
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FakeTurn:
    """One turn, of any dialect."""

    role: str
    """system, user, assistant or tool; a user's message that holds results alone is a tool's."""
    text: str
    """With results, names of calls and their arguments, which are input too."""
    made: tuple[str, ...] = ()
    """Ids of the calls that an assistant's turn made; names, where the dialect has no ids."""
    answered: tuple[str, ...] = ()
    """Ids of the calls whose results it holds."""


@dataclass(frozen=True, slots=True)
class SentConversation:
    """What a request says of its conversation."""

    n_input: int
    """Whitespace words of all turns."""
    asked: str
    """The last message of the user; empty for none."""
    opening: str
    """The first message of the user; empty for none."""
    n_answers: int
    """Turns of the assistant so far."""


def conversation_of(turns: Iterable[FakeTurn], *, system: str = "") -> SentConversation:
    """The figures of a conversation. Raises ValueError for calls without results, and for results of no call."""
    made = list(turns)
    open_ids: list[str] = []
    for turn in made:
        for one in turn.answered:
            if one not in open_ids:
                raise ValueError(f"messages: a result for {one!r}, and the turn before made no such call")
            open_ids.remove(one)
        if turn.role != "tool":
            if open_ids:
                raise ValueError(f"messages: the call {open_ids[0]!r} has no result; calls must be followed by results")
            open_ids = list(turn.made)
    if open_ids:
        raise ValueError(f"messages: the call {open_ids[0]!r} has no result; calls must be followed by results")
    users = [turn.text for turn in made if turn.role == "user"]
    return SentConversation(
        n_input=len(system.split()) + sum(len(turn.text.split()) for turn in made),
        asked=users[-1] if users else "",
        opening=users[0] if users else "",
        n_answers=sum(turn.role in {"assistant", "model"} for turn in made),
    )
