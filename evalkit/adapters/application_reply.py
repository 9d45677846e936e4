"""How the reply of an application is read: by the paths that the suite names, in one piece or as it streams.

    {"data": {"text": "Paris"}, "usage": {"in": 9, "out": 1}}        answer: data.text, usage: {input: usage.in, ...}
    data: {"delta": "Par"}   data: {"delta": "is"}   data: [DONE]    events: {delta: delta}

What is looked for and is of another kind follows the border's rules (`reply_fields`): the answer has to be a text,
everything beside it is unknown where it is odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import orjson

from evalkit.adapters.application_options import CLOSED, DONE, Finish, HttpOptions, UsagePaths, path_of
from evalkit.adapters.application_record import stated_usage
from evalkit.adapters.framing import Framing
from evalkit.adapters.http_errors import Where, error_from_event
from evalkit.adapters.json_paths import ABSENT, JsonPath, read_path
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import name, raw_usage, text, trace
from evalkit.errors import BadReply
from evalkit.records import Response, StopReason, Timing, Usage
from evalkit.text.secrets import cut_short

_STOPS: tuple[Literal["stop", "length", "refusal", "content_filter"], ...] = (
    *("stop", "length", "refusal", "content_filter"),
)
_LONGEST_BESIDE = 500
"""Characters of a text beside the answer."""
_MOST_SEEN, _LONGEST_KEY = 20, 60
"""Keys of events that an error names."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside an answer, by the name that it is kept under."""

    paths: Mapping[str, JsonPath]
    bills: frozenset[str]
    """Those of the paths that are a bill."""
    finish: Finish | None
    finish_at: JsonPath | None
    said_at: JsonPath | None

    @classmethod
    def of(cls, options: HttpOptions, usage: UsagePaths | None, cost_usd: str | None) -> Beside:
        """Of a whole reply, or of the events of a stream, which may have their own places for the bill."""
        counts = {key: getattr(usage, key) for key in UsagePaths.model_fields} if usage is not None else {}
        named = {**counts, "cost_usd": cost_usd, "served_model": options.served_model, "trace_id": options.trace_id}
        finish = options.finish
        return cls(
            {key: read_path(written) for key, written in named.items() if written is not None},
            frozenset(key for key in (*counts, "cost_usd") if named[key] is not None),
            finish,
            path_of(finish.path) if finish is not None else None,
            path_of(finish.said) if finish is not None else None,
        )


class Places:
    """The paths of one model, read once."""

    def __init__(self, options: HttpOptions) -> None:
        stream, errors = options.events, options.errors
        self.answer = read_path(options.answer or "")
        self.as_json = options.answer_as == "json"
        self.reasoning = path_of(options.reasoning)
        self.whole = Beside.of(options, options.usage, options.cost_usd)
        self.error = path_of(errors.message) if errors is not None else None
        self.delta = path_of(stream.delta) if stream is not None else None
        self.thought = path_of(stream.reasoning) if stream is not None else None
        self.framing: Framing = stream.form if stream is not None else "events"
        self.events = self.whole
        self.done_at: tuple[tuple[JsonPath, tuple[str, ...] | None], ...] = ()
        """Paths of which each says that the answer is whole: by these words, or (None) by being there."""
        self.ends_by_closing = self.ends_by_word = False
        if stream is not None:
            self.events = Beside.of(options, stream.usage or options.usage, stream.cost_usd or options.cost_usd)
            if isinstance(stream.done, Mapping):
                self.done_at = tuple((read_path(at), words) for at, words in stream.done.items())
            elif stream.done == CLOSED:
                self.ends_by_closing = True
            elif stream.done != DONE:
                self.done_at = ((read_path(stream.done), None),)
        of_events = (self.delta, self.thought, *(at for at, _ in self.done_at), self.answer)
        self.marks = frozenset(path.first for path in of_events if path is not None)


class ApplicationAnswer(ReplyReading):
    """Reads one answer of an application."""

    __slots__ = (
        *("_began", "_ended", "_found", "_in_pieces", "_path", "_places", "_said", "_says_more", "_seen"),
        *("_where", "_word", "framing", "marks"),
    )

    def __init__(self, places: Places, where: Where, path: str) -> None:
        super().__init__()
        self._places = places
        self._where = where
        self._path = path
        self._found: dict[str, object] = {}
        self._word: str | None = None
        """Why it ended, as the application says it."""
        self._said: str | None = None
        """Why it was turned away."""
        self._began = self._ended = False
        self._in_pieces = False
        """Whether some event had a piece of the answer, or the reply was whole."""
        self._says_more = False
        """Whether some event said nothing that the suite has a place for."""
        self._seen: dict[str, None] = {}
        """The first keys of events without a piece, in their order."""
        self.marks = places.marks
        self.framing = places.framing

    @property
    def is_whole(self) -> bool:
        return self._ended or (self._began and self._places.ends_by_closing)

    def is_answer(self, body: Mapping[str, object]) -> bool:
        at = self._places.answer.of(body)
        return at is not ABSENT and at is not None and not body.get("error") and not body.get("errors")

    def end(self) -> None:
        self.done = True
        self._began = self._began or bool(self._found) or self._word is not None or self._says_more
        self._ended = self._began

    def take(self, event: dict[str, object], now: float | None) -> None:
        places = self._places
        self._refuse_error(event)
        delta = ABSENT if places.delta is None else places.delta.of(event)
        thought = ABSENT if places.thought is None else places.thought.of(event)
        if delta is ABSENT and not self._began and places.answer.of(event) is not ABSENT:
            self.take_whole(event)  # a server that does not stream this time
            return
        if thought is not ABSENT:
            self.thought(thought, now)
        if delta is not ABSENT:
            self.content(delta, now)
            self._in_pieces = True
        elif not self._in_pieces and len(self._seen) < _MOST_SEEN:
            self._seen |= dict.fromkeys(cut_short(str(key), _LONGEST_KEY) for key in islice(event, _MOST_SEEN))
        known = (len(self._found), self._word)
        self._began = self._began or delta is not ABSENT or thought is not ABSENT
        self._note(event, places.events)
        if places.done_at and self._has_ended(event):
            self._ended = self._began = True
        told = delta is not ABSENT or thought is not ABSENT or known != (len(self._found), self._word)
        self._says_more = self._says_more or not (told or self._ended)
        # The bill may come after the end; where it has come, nothing is waited for.
        self.done = self._ended and not (places.events.bills and self._found.keys().isdisjoint(places.events.bills))

    def take_whole(self, body: dict[str, object]) -> None:
        places = self._places
        self._refuse_error(body)
        self._note(body, places.whole)
        answer = places.answer.of(body)
        if answer is ABSENT and self._stop() not in {"refusal", "content_filter"}:
            raise BadReply(
                f"{self._where.host}{self._path}: the reply has nothing at {places.answer.written} "
                f"(models.{self._where.name}.answer); its keys are {self._where.clean(', '.join(map(str, body)))}"
            )
        if answer is not ABSENT:
            self.content(_as_json(answer) if places.as_json else text(answer), None)
        if places.reasoning is not None and (thought := places.reasoning.of(body)) is not ABSENT:
            self.thought(thought, None)
        self._ended = self._began = self._in_pieces = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        """Raises BadReply for a stream that never had anything at the place of its pieces and said more than the suite
        has places for, or billed an answer: as for a whole reply, that is no empty answer."""
        stop = self._stop()
        usage = self._usage()
        billed = usage is not None and (usage.output or 0) > (usage.reasoning or 0)
        is_missing = not self._in_pieces and (self._says_more or (billed and not self.thoughts))
        if is_missing and stop not in {"refusal", "content_filter"}:
            at = self._places.delta.written if self._places.delta is not None else self._places.answer.written
            keys = self._where.clean(", ".join(self._seen)) or "none"
            raise BadReply(
                f"{self._where.host}{self._path}: no event has anything at {at} (models.{self._where.name}.events); "
                f"the keys of its events are {keys}"
            )
        declined = stop in {"refusal", "content_filter"}
        return Response(
            text=self.said,
            stop_reason=stop,
            timing=timing,
            reasoning=self.reasoned,
            served_model=name(self._found.get("served_model")),
            usage=usage,
            raw_usage=raw_usage(self._found),
            refusal=(self._said or self._word) if declined else None,
            dropped=left_out,
        )

    def _usage(self) -> Usage | None:
        return stated_usage(self._found, self._found.get("cost_usd"), has_output=bool(self.pieces or self.thoughts))

    def _note(self, said: Mapping[str, object], beside: Beside) -> None:
        """What stands beside the answer. Later words win, nothing never replaces something."""
        for key, at in beside.paths.items():
            value = at.of(said)
            if key == "trace_id":
                value = trace(value)
            elif not isinstance(value, str | int | float) or (isinstance(value, str) and len(value) > _LONGEST_BESIDE):
                continue
            if value is None:
                continue
            if value or key not in self._found:
                self._found[key] = value
        if beside.finish_at is not None and (word := beside.finish_at.of(said)) is not ABSENT and _is_word(word):
            self._word = _word_of(word) if word is not None or self._word is None else self._word
        if beside.said_at is not None and isinstance(why := beside.said_at.of(said), str) and why:
            self._said = cut_short(why, _LONGEST_BESIDE)

    def _stop(self) -> StopReason:
        finish = self._places.whole.finish
        if finish is None or self._word is None:
            return "stop"
        folded = self._word.casefold()
        return next((stop for stop in _STOPS if folded in map(str.casefold, getattr(finish, stop))), "other")

    def _has_ended(self, event: Mapping[str, object]) -> bool:
        for at, words in self._places.done_at:
            value = at.of(event)
            if value is not ABSENT and (words is None or (_is_word(value) and _word_of(value) in words)):
                return True
        return False

    def _refuse_error(self, said: Mapping[str, object]) -> None:
        """Raises what a text at the place of error messages means."""
        at = self._places.error
        if at is None or not isinstance(message := at.of(said), str) or not message:
            return
        beside = JsonPath(at.written, at.parts[:-1]).of(said)
        codes = {key: beside.get(key) for key in ("code", "type", "status")} if isinstance(beside, dict) else {}
        told = {key: value for key, value in codes.items() if isinstance(value, str | int)}
        raise error_from_event({**told, "message": message}, self._path, self._where)


def _is_word(value: object) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _word_of(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _as_json(value: object) -> str:
    """The value as one line of JSON; a text stays as it is."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
