"""When the parts of a streamed answer came: the first reasoning, the first token of the answer, the last token.

    moments.text("<think>", 0.2); moments.text("Hm.</think>", 0.9); moments.text("Paris", 1.1)
    moments.timing("<think>Hm.</think>Paris", sent_at=0.0, total_s=1.2)     # ttfr_s 0.2, ttft_s 1.1, last_s 1.1

A reply may carry its reasoning in its text (see `evalkit.reasoning`): the time to first token is that of the answer's
first character, not of the block before it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

from evalkit.reasoning import split
from evalkit.records import Timing


class Moments:
    """Moments of one answer, on the clock of `sent_at`. A moment of None was not measured."""

    __slots__ = ("_at", "_ends", "_first_call", "_first_thought", "_last", "_length")

    def __init__(self) -> None:
        self._ends = array("q")
        """Characters of the text that had come with each piece."""
        self._at = array("d")
        self._length = 0
        self._first_call: float | None = None
        self._first_thought: float | None = None
        self._last: float | None = None

    def text(self, piece: str, now: float | None) -> None:
        """A piece of the reply's text, which may be reasoning."""
        if now is None:
            return
        self._length += len(piece)
        self._ends.append(self._length)
        self._at.append(now)
        self._last = now

    def call(self, now: float | None) -> None:
        """A piece of a call, which is content."""
        self._last = now
        if self._first_call is None:
            self._first_call = now

    def thought(self, now: float | None) -> None:
        """A piece of reasoning that is shown apart."""
        if self._first_thought is None:
            self._first_thought = now

    def restart(self) -> None:
        """The answer begins anew; what was shown of its reasoning was shown all the same."""
        del self._ends[:], self._at[:]
        self._length = 0
        self._first_call = self._last = None

    def timing(self, text: str, sent_at: float, total_s: float) -> Timing:
        """The durations, given the whole text. A reply that is reasoning only has no first token of an answer."""
        parted = split(text)
        first, thought = self._first_call, self._first_thought
        if self._at:
            if parted.reasoning is None:
                spoken: float | None = self._at[0]
            else:
                spoken = None if parted.begins is None else self._at[bisect_right(self._ends, parted.begins)]
                thought = self._at[0] if thought is None and parted.reasoning else thought
            first = min((at for at in (first, spoken) if at is not None), default=None)
        last = None if first is None else self._last
        return Timing(sent_at, total_s, *(None if at is None else at - sent_at for at in (first, thought, last)))
