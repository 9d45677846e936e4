"""From what a log says to its calls: parts are joined, sums of others and second copies are left out.

settling = Settling(spool)
settling.add(piece)                 # a Call, a part of one, or (span, parent) of a span that is no call
for call in settling.calls(): ...   # each call once
settling.notes()                    # what was left out, and why

Left out are calls around others (a generation whose child is the request itself counts its tokens twice) and calls that
were read before. A batch's answer gets its request, a span what its log records say, a stream's first span its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.spool import Place, Spool
from evalkit.text.numbers import whole_number

Piece = Call | tuple[str, str]
Key = tuple[str, str]
Entry = tuple[Place, str, str, str, str]
"""Place, source, trace, span and id of a call."""


_EXAMPLES, _FEWEST_EXAMPLES = 0.5, 3
"""Share of the conversations, and their number, that begin alike where the beginning is examples of the prompt."""


class Settling:
    """Pieces of a log on their way to calls."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.left_out: Counter[str] = Counter()
        """Calls by the reason why they are none of their own."""
        self.unclaimed: Counter[str] = Counter()
        self._entries: list[Entry] = []
        self._parents: dict[str, str] = {}
        self._called: set[str] = set()
        self._seen: set[int] = set()
        self._requests: dict[Key, Place] = {}
        self._contents: dict[Key, list[Place]] = {}
        self._stored: dict[str, list[tuple[int, Place]]] = {}
        self._streams: dict[int, list[Place]] = {}
        self._earlier: list[tuple[Place, int]] = []
        self._earlier_said: Counter[int] = Counter()
        self._said: set[int] = set()
        self._n_conversations = 0

    @property
    def n_calls(self) -> int:
        """Calls so far, before they are settled."""
        return len(self._entries) + len(self._earlier)

    def add(self, piece: Piece) -> None:
        """Take note of a piece. Raises UserError where the disk is full."""
        if isinstance(piece, tuple):
            if piece[0] and piece[1]:
                self._parents[piece[0]] = piece[1]
            return
        if piece.part == "request":
            self._requests[piece.source, piece.id] = self.spool.add(piece)
            return
        if piece.part == "turn" and piece.source == "openai-stored":
            self._stored.setdefault(piece.id, []).append((whole_number(piece.span) or 0, self.spool.add(piece)))
            return
        if piece.part in ("content", "turn"):
            self._contents.setdefault((piece.trace, piece.span), []).append(self.spool.add(piece))
            return
        if piece.part == "stream":
            self._streams.setdefault(_asked(piece), []).append(self.spool.add(piece))
            return
        self._add_call(piece)

    def _add_call(self, piece: Call) -> None:
        """Take note of a call that is whole."""
        if piece.source == "messages":
            key = hash((_asked(piece), piece.answer.text, piece.answer.calls))
            if piece.part == "earlier":
                self._earlier.append((self.spool.add(piece), key))
                self._earlier_said[key] += 1
                self._n_conversations += piece.id.endswith("#1")
                return
            self._said.add(key)
        said = (
            () if piece.span else (_asked(piece), piece.answer.text)
        )  # a plain record's id may be any number of its own
        identity = hash((piece.source, piece.trace, piece.span or piece.id, piece.started_at, said))
        if piece.span or piece.id:
            if identity in self._seen:
                self.left_out["the same call once more"] += 1
                return
            self._seen.add(identity)
        self._entries.append((self.spool.add(piece), piece.source, piece.trace, piece.span, piece.id))
        if piece.span:
            self._called.add(piece.span)
            if piece.parent:
                self._parents[piece.span] = piece.parent

    def calls(self) -> Iterator[Call]:
        """Every call, settled, in the order in which they were read."""
        around = self._around()
        for place, source, trace, span, name in self._entries:
            if span and span in around:
                self.left_out["sums of calls within them"] += 1
                continue
            call = self.spool.call(place)
            if span:
                _join(call, map(self.spool.call, self._contents.pop((trace, span), ())))
            if (request := self._requests.pop((source, name), None)) is not None:
                _join_request(call, self.spool.call(request))
            if name in self._stored and not call.messages:
                turns = sorted(self._stored.pop(name))
                call.messages = tuple(one for _, part in turns for one in self.spool.call(part).messages)
                call.withheld = None if call.messages else call.withheld
            if self._streams and call.answer.is_empty and call.error is None:
                self._end_stream(call)
            yield call
        yield from self._of_conversations()
        yield from self._orphans()
        if self._requests:
            self.unclaimed["requests of a batch without an answer"] += len(self._requests)
        if self._stored:
            self.unclaimed["messages of completions that are not there"] += len(self._stored)

    def _of_conversations(self) -> Iterator[Call]:
        """Calls that lie before the last one of a conversation in one line, and are not there by themselves."""
        examples = max(_FEWEST_EXAMPLES, _EXAMPLES * self._n_conversations)
        for place, key in self._earlier:
            if key in self._said:
                self.left_out["turns of a conversation that a line of their own has, too"] += 1
            elif self._earlier_said[key] >= examples:
                self.left_out["turns that most conversations begin with, word for word: examples of the prompt"] += 1
            else:
                call = self.spool.call(place)
                call.part = ""
                yield call

    def _orphans(self) -> Iterator[Call]:
        """Calls of which only log records, or only the end of the stream, are here."""
        for (trace, span), parts in self._contents.items():
            whole = Call("otlp", id=span, trace=trace, span=span)
            _join(whole, map(self.spool.call, parts))
            if whole.messages:
                yield whole
        for parts in self._streams.values():
            for part in parts:
                call = self.spool.call(part)
                call.part = ""
                yield call

    def _around(self) -> set[str]:
        """Spans of calls that have another call somewhere below them."""
        found: set[str] = set()
        above: set[str] = set()
        for span in self._called:
            here = self._parents.get(span, "")
            while here and here != span:
                if here in self._called:
                    found.add(here)
                if here in above:  # what stands above it was looked at before
                    break
                above.add(here)
                here = self._parents.get(here, "")
        return found

    def _end_stream(self, call: Call) -> None:
        waiting = self._streams.get(_asked(call))
        if waiting:
            end = self.spool.call(waiting.pop(0))
            call.answer, call.usage, call.served = end.answer, end.usage, end.served or call.served
            call.streamed = True
            if end.started_at and call.started_at:  # the first span ends when the stream begins
                call.total_s = max(call.total_s or 0.0, end.started_at - call.started_at)


def _asked(call: Call) -> int:
    return hash((call.model, *((one.role, one.text) for one in call.messages)))


def _join(call: Call, parts: Iterable[Call]) -> None:
    """Add what log records say. A turn that stands there already is not repeated."""
    messages = list(call.messages)
    for part in parts:
        if part.part == "turn":
            messages += part.messages
        elif not messages:
            messages = list(part.messages)
        _join_answer(call, part)
    call.messages = tuple(messages)
    if messages:
        call.withheld = None


def _join_answer(call: Call, part: Call) -> None:
    if call.answer.is_empty and not part.answer.is_empty:
        call.answer = replace(part.answer, finish=part.answer.finish or call.answer.finish)
    call.tools = call.tools or part.tools
    call.model, call.served = call.model or part.model, call.served or part.served
    call.settings = call.settings or part.settings
    if call.usage.is_empty:
        call.usage = part.usage
    call.error = call.error or part.error


def _join_request(call: Call, request: Call) -> None:
    call.model = request.model or call.model
    call.messages = request.messages
    call.tools, call.settings = request.tools, request.settings
    call.slices = {**request.slices, **call.slices}
    call.withheld = None if call.messages else "the log holds no content"
