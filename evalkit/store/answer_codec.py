"""The narrow waist to the response cache: `CachedAnswer ↔ bytes`, an answer as JSON, or how often none came.

    packed(CachedAnswer(response, started_at, cost_usd))      # b'{"started_at": ..., "text": "deny", ...}'
    unpacked(b'{"given_up": 2}')                              # NotAnswered(2): attempts that came to none

What a file holds that others may write is checked by `is_sound` before it is taken for an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, get_args

import orjson

from evalkit.frozen import dataclass
from evalkit.reading import has_more_values
from evalkit.records import Response, StopReason, Timing, ToolCall, Usage
from evalkit.store import message_codec, stage_codec
from evalkit.store.row_codec import spell, unspell
from evalkit.store.row_kinds import LATEST

_MOST_VALUES = 2_000_000
"""Numbers, texts and lists in one answer: log-probabilities of some hundred thousand tokens."""
_GIVEN_UP = "given_up"
_MOST_GIVEN_UP = 1_000_000
_TIMING = tuple(f.name for f in fields(Timing))
_USAGE = tuple(f.name for f in fields(Usage))
_NO_COUNTS = frozenset({"provider_cost_usd", "service_tier", "beside"})
_PLAIN = ("text", "stop_reason", "reasoning", "served_model", "fingerprint", "raw_usage", "refusal", "carried")
_TUPLES = ("logliks_greedy", "loglik_tokens", "dropped")


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer as it came when it was bought."""

    response: Response
    """With its original timing, for display; `sent_at` belongs to a clock of another process."""
    started_at: float
    """Unix time of the original request."""
    cost_usd: Decimal | None
    """What was billed then; None where it was unknown."""
    given_up: int = 0
    """`Row.given_up`, 0 for none."""


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """Instead of an answer: that none came yet."""

    given_up: int
    """Attempts, those under way among them: where their session is over, they were given up."""
    under_way: int = 0
    by: str | None = None
    """The session that has them under way; None: none."""


def not_answered(note: NotAnswered) -> bytes:
    """In fewer bytes than any answer."""
    record: dict[str, object] = {_GIVEN_UP: note.given_up}
    return orjson.dumps(record | {"open": note.under_way, "by": note.by} if note.by is not None else record)


def packed(answer: CachedAnswer) -> bytes:
    """The answer as JSON, exactly."""
    response = answer.response
    record: dict[str, object] = {
        "started_at": answer.started_at,
        "cost_usd": None if answer.cost_usd is None else str(answer.cost_usd),
        "timing": [getattr(response.timing, name) for name in _TIMING],
    }
    if answer.given_up:
        record[_GIVEN_UP] = answer.given_up
    for name in (*_PLAIN, *_TUPLES):
        value = getattr(response, name)
        if value is not None:
            record[name] = value
    if response.usage is not None:
        record["usage"] = {name: v for name in _USAGE if (v := getattr(response.usage, name)) is not None}
    if response.calls is not None:
        record["calls"] = [(call.name, call.arguments) for call in response.calls]
    if response.stages is not None:
        record["stages"] = stage_codec.as_json(response.stages)
    if response.logliks is not None:
        record["logliks"] = [spell(x) for x in response.logliks]
    if response.top_logprobs is not None:
        record["top_logprobs"] = [{token: spell(x) for token, x in t.items()} for t in response.top_logprobs]
    try:
        return orjson.dumps(record, default=as_dict)
    except TypeError:  # halves of surrogate pairs: Python's own JSON keeps them exactly
        return json.dumps(record, default=as_dict).encode()


def unpacked(content: bytes) -> CachedAnswer | NotAnswered:
    """What was kept: an answer, or that none came."""
    if has_more_values(content, _MOST_VALUES):
        raise ValueError("an answer in it has more values than any has")
    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError:
        record = json.loads(content)
    given_up = min(max(int(record.get(_GIVEN_UP) or 0), 0), _MOST_GIVEN_UP)
    if "timing" not in record and given_up:
        by = record.get("by")
        return NotAnswered(given_up, int(record.get("open") or 0), by if isinstance(by, str) else None)
    stages = record.get("stages")
    usage = record.get("usage")
    if usage is not None and "provider_cost_usd" in usage:
        usage["provider_cost_usd"] = Decimal(usage["provider_cost_usd"])
    if usage is not None:
        usage["beside"] = tuple(usage.get("beside") or ())
    logliks, top, calls = record.get("logliks"), record.get("top_logprobs"), record.get("calls")
    plain: dict[str, Any] = {name: record[name] for name in _PLAIN if name in record}
    plain |= {name: tuple(record[name]) for name in _TUPLES if name in record}
    response = Response(
        timing=Timing(*record["timing"]),
        usage=None if usage is None else Usage(**usage),
        stages=None if stages is None else stage_codec.from_json(stages),
        calls=None if calls is None else tuple(ToolCall(*call) for call in calls),
        logliks=None if logliks is None else tuple(unspell(x) for x in logliks),
        top_logprobs=None if top is None else tuple({token: unspell(x) for token, x in t.items()} for t in top),
        **plain,
    )
    cost = record["cost_usd"]
    return CachedAnswer(
        response,
        float(record["started_at"]),
        None if cost is None else Decimal(cost),
        given_up,
    )


def is_sound(answer: CachedAnswer) -> bool:
    """Whether everything is of its kind: older versions kept what a reply said unchecked, and a file may be damaged or
    edited. An answer that is not sound is asked anew."""
    response = answer.response
    texts = [response.text, response.reasoning, response.served_model, response.fingerprint, response.refusal]
    texts += [response.carried, *response.dropped]
    texts += [word for call in response.calls or () for word in (call.name, call.arguments)]
    numbers = [*(response.logliks or ()), *(x for token in response.top_logprobs or () for x in token.values())]
    whole = [*(response.logliks_greedy or ()), *(response.loglik_tokens or ())]
    return (
        all(isinstance(word, str | None) for word in texts)
        and (response.carried is None or message_codec.carried_fits(response.carried))
        and response.stop_reason in get_args(StopReason)
        and all(isinstance(n, int | float) for n in numbers)
        and all(isinstance(n, int) for n in whole)
        and isinstance(response.raw_usage, dict | None)
        and -LATEST < answer.started_at < LATEST
        and (answer.cost_usd is None or answer.cost_usd.is_finite())
        and _is_measured(response.timing, response.usage)
        and all(_is_measured(stage.timing, stage.usage) for stage in response.stages or ())
        and (response.stages is None or stage_codec.fits(stage_codec.as_json(response.stages)))
    )


def _is_measured(timing: Timing, usage: Usage | None) -> bool:
    """Whether durations are seconds, counts whole numbers and names texts."""
    times = [value for name in _TIMING if name != "sent_at" and (value := getattr(timing, name)) is not None]
    counts = [getattr(usage, name) for name in _USAGE if name not in _NO_COUNTS] if usage is not None else []
    names = [usage.service_tier, *usage.beside] if usage is not None else []
    stated = usage.provider_cost_usd if usage is not None else None
    return (
        isinstance(timing.total_s, int | float)
        and all(isinstance(value, int | float) and 0 <= value < LATEST for value in times)
        and all(n is None or (type(n) is int and n >= 0) for n in counts)
        and all(isinstance(word, str | None) for word in names)
        and (stated is None or stated.is_finite())
    )


def as_dict(value: object) -> object:
    """What JSON has no word for: mappings and money. Raises TypeError for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
