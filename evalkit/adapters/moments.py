"""When the parts of a streamed answer came: the first reasoning, the first token of the answer, the last token.

    moments.text("<think>", 0.2); moments.text("Hm.</think>", 0.9); moments.text("Paris", 1.1)
    moments.timing("<think>Hm.</think>Paris", sent_at=0.0, total_s=1.2)     # ttfr_s 0.2, ttft_s 1.1, last_s 1.1

A reply may carry its reasoning in its text (see `evalkit.reasoning`): the time to first token is that of the answer's
first character that a reader sees, not of the block before it. A role, an empty text, a blank, a line break, U+200B and
the like show nothing: some gateways send them at once to keep a connection open, long before the model has begun.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right

from evalkit.late import late
from evalkit.reasoning import split
from evalkit.records import Timing

_SEEN = late(
    r"[^\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]"
)
"""A character that shows something: neither white space nor of the kinds that have no width or are blank."""


class Moments:
    """Moments of one answer, on the clock of `sent_at`. A moment of None was not measured."""

    __slots__ = ("_at", "_ends", "_first_call", "_first_thought", "_half", "_last", "_latest", "_length")

    def __init__(self) -> None:
        self._ends = array("q")
        """Characters of the text that had come with each piece."""
        self._at = array("d")
        self._length = 0
        self._half = False
        """Whether the last piece ended in half a character (of two of JSON's escapes): the next brings the rest."""
        self._first_call: float | None = None
        self._first_thought: float | None = None
        self._last: float | None = None
        self._latest = -math.inf

    def text(self, piece: str, now: float | None) -> None:
        """A piece of the reply's text, which may be reasoning."""
        if now is None:
            return
        if self._half and "\udc00" <= piece[:1] <= "\udfff":  # one character of the text, which came now
            self._length -= 1
            self._ends[-1] = self._length
        self._half = "\ud800" <= piece[-1:] <= "\udbff" or (self._half and not piece)
        self._length += len(piece)
        self._ends.append(self._length)
        self._at.append(now)
        self._last = self._latest = now

    def call(self, now: float | None) -> None:
        """A piece of a call, which is content."""
        self._last = now
        self._latest = self._latest if now is None else now
        if self._first_call is None:
            self._first_call = now

    def thought(self, piece: str, now: float | None) -> None:
        """A piece of reasoning that is shown apart."""
        if self._first_thought is None and _SEEN.search(piece):
            self._first_thought = now

    def restart(self) -> None:
        """The answer begins anew; what was shown of its reasoning was shown all the same."""
        del self._ends[:], self._at[:]
        self._length = 0
        self._half = False
        self._first_call = self._last = None

    def until(self, ended_at: float) -> float:
        """When the answer ended: never before a piece of it came."""
        return max(ended_at, self._latest)

    def timing(self, text: str, sent_at: float, total_s: float) -> Timing:
        """The durations, given the whole text. A reply that is reasoning only has no first token of an answer."""
        parted = split(text)
        first, thought = self._first_call, self._first_thought
        began = first
        if self._at:
            starts = 0 if parted.reasoning is None else parted.begins
            seen = first_seen(text, starts)
            if parted.reasoning and thought is None:
                thought = self._at[0]
            if starts is not None:
                began = _earlier(began, self._when(starts))
            if seen is not None:
                first = _earlier(first, self._when(seen))
        last = None if first is None else self._last
        began = None if first is None or began == first else began
        since = [None if at is None else at - sent_at for at in (first, thought, last, began)]
        return Timing(sent_at, total_s, *since)

    def _when(self, place: int) -> float:
        """When the character at this place of the text came."""
        return self._at[min(bisect_right(self._ends, place), len(self._at) - 1)]


def first_seen(text: str, starts: int | None) -> int | None:
    """Where the first character stands that a reader sees, from the place on where the answer starts; None: nowhere."""
    found = None if starts is None else _SEEN.search(text, starts)
    return None if found is None else found.start()


def _earlier(one: float | None, other: float) -> float:
    return other if one is None else min(one, other)
