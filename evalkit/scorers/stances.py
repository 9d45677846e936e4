"""What a reply may say of a choice, at one place."""

from __future__ import annotations

from evalkit.frozen import dataclass

STATED = ("answers", "states")


@dataclass(slots=True)
class Statement:
    """What is said at one place of the reply."""

    place: int
    """Of the word."""
    index: int | None
    """Of the choice; None for what concerns no single one."""
    stance: str
    """answers: "the answer is B", "I choose B"; states: "B is correct", "it is B", "Queue: billing"; opens: "B, so";
    line: a sentence or line that is the choice alone; mentions: in brackets, or behind "is" with other words before it;
    denies; doubts; supposes; asks; several; clash: a label with another choice's text; names: nothing of these.
    Without a choice: denies it: "it cannot be correct"; affirms: "yes, that is right"; retracts: "wait", "that is
    wrong"; turns: "actually"; unsure: "I am not sure"; outside: an answer that is no choice."""
    framed: bool = False
    """Where several are named: whether it is they that the answer names."""
    listed_with: Statement | None = None
    """The choice before it in a list: "A, B and C"."""
    past: bool = False
    """Stated of another time: "the answer was B"."""
    now: bool = False
    """Stated of today: "now it is B", "since 2020 it is B"."""
    share: float | None = None
    """The probability that the reply gives the choice, from 0 to 1; None where it gives none."""
    excluded: bool = False
    """Denied by a word that excludes all that follow it: "I rule out A and C"."""
