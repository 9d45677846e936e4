"""One request and one reply as JSON records: how programs and functions of a suite's own are asked and answer.

    {"prompt": "Where is it?", "messages": [{"role": "user", "content": "Where is it?"}], "system": null,
     "record": {"plan": "free"}, "settings": {"temperature": 0.0}}
    {"text": "In Ulm.", "usage": {"input": 9, "output": 3}, "cost_usd": 0.0002, "finish": "stop", "trace_id": "t-1"}
    {"error": {"kind": "rate_limited", "message": "too many"}}

A reply is read by the border's rules (`reply_fields`): the answer has to be a text, what stands beside it is unknown
where it is of another kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import cast, get_args

from evalkit.adapters.chat_usage import believed
from evalkit.adapters.http_errors import Declined, Where, error_from_event
from evalkit.adapters.reply_fields import count, inner, money, name, raw_usage, text, text_limit, too_long, trace
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    KeyRefused,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
    Stalled,
)
from evalkit.records import Message, Request, Response, Role, Settings, StopReason, Timing, ToolCall, Usage

_SETTINGS = tuple(one.name for one in fields(Settings) if one.name not in {"extra", "top_logprobs"})
_KINDS: Mapping[str, type[RequestError]] = {
    "rate_limited": RateLimited,
    "overloaded": Overloaded,
    "server_error": ServerError,
    "connection_failed": ConnectionFailed,
    "stalled": Stalled,
    "bad_reply": BadReply,
    "rejected": Rejected,
    "key_refused": KeyRefused,
    "out_of_credit": OutOfCredit,
}
"""As they are called in stored rows."""
FILTERED = "filtered"
"""The kind of error that is an answer: the prompt was turned away."""
_MOST_WAIT_S = 86_400.0


def request_record(request: Request, model: str) -> dict[str, object]:
    """What a program reads. Settings that nobody set are left out."""
    settings = request.settings
    given = {one: value for one in _SETTINGS if (value := getattr(settings, one)) not in (None, ())}
    return {
        "prompt": request.prompt,
        "messages": [{"role": one.role, "content": one.text} for one in request.messages],
        "system": request.system,
        "record": dict(request.record),
        "settings": {**given, **({"extra": dict(settings.extra)} if settings.extra else {})},
        "model": model or None,
    }


def request_of(record: Mapping[str, object]) -> Request:
    """The request back, for a function in another process."""
    told = cast("list[Mapping[str, str]]", record["messages"])
    settings = dict(cast("Mapping[str, object]", record["settings"]))
    if "stop" in settings:
        settings["stop"] = tuple(cast("list[str]", settings["stop"]))
    return Request(
        messages=tuple(Message(cast(Role, one["role"]), one["content"]) for one in told),
        settings=Settings(**settings),  # type: ignore[arg-type]  # as `request_record` wrote it
        record=cast("Mapping[str, object]", record["record"]),
    )


def response_of(record: Mapping[str, object], where: Where, sent_at: float, total_s: float) -> Response:
    """The response that a reply record says. Raises the RequestError that it says, or BadReply."""
    timing = Timing(sent_at, total_s)
    if record.get("error"):
        return _refused(record["error"], where, timing)
    if "text" not in record:
        keys = where.clean(", ".join(str(key) for key in record if key != "id"))
        raise BadReply(f"models.{where.name}: the reply has no text; its keys are {keys or 'none'}")
    said, reasoning = (_text(record, key, where) for key in ("text", "reasoning"))
    if len(said) + len(reasoning) > text_limit():
        raise too_long(text_limit())
    finish = record.get("finish") or "stop"
    stop = cast(StopReason, finish if finish in get_args(StopReason) else "other")
    refusal = record.get("refusal")
    if isinstance(refusal, str) and refusal and stop == "stop":
        stop = "refusal"
    declined = stop in {"refusal", "content_filter"}
    kept = {key: record[key] for key in ("usage", "cost_usd") if record.get(key) is not None}
    if (named := trace(record.get("trace_id"))) is not None:
        kept["trace_id"] = named
    if isinstance(kept.get("cost_usd"), Decimal):  # of a function in Python; what is kept is JSON
        kept["cost_usd"] = str(kept["cost_usd"])
    return Response(
        text=said,
        stop_reason=stop,
        timing=timing,
        reasoning=reasoning or None,
        served_model=name(record.get("served_model")),
        usage=_usage(record, has_output=bool(said or reasoning)),
        raw_usage=raw_usage(kept),
        refusal=(refusal if isinstance(refusal, str) else str(finish)) if declined else None,
    )


def _text(record: Mapping[str, object], key: str, where: Where) -> str:
    try:
        return text(record.get(key))
    except TypeError as error:
        raise BadReply(f"models.{where.name}: the reply has in {key!r} {where.clean(str(error))}") from error


def calls_of(given: object) -> tuple[object, ...]:
    """`calls` of a mapping: each an evalkit.ToolCall, or a mapping with its name and its arguments, as JSON or a
    mapping. What is none is given back as it came: the caller says so."""
    listed = given if isinstance(given, list | tuple) else (given,)
    return tuple(
        ToolCall(one["name"], said if isinstance(said := one.get("arguments", "{}"), str) else json.dumps(said))
        if isinstance(one, Mapping) and set(one) <= {"name", "arguments"} and "name" in one
        else one
        for one in listed
    )


def response_record(response: Response) -> dict[str, object]:
    """The response of a function as a reply record."""
    usage = response.usage
    bill = {} if usage is None else {"input": usage.input, "output": usage.output, "reasoning": usage.reasoning}
    bill |= {} if usage is None else {"cached": usage.cache_read}
    made: dict[str, object] = {
        "text": response.text,
        "reasoning": response.reasoning,
        "finish": response.stop_reason,
        "refusal": response.refusal,
        "served_model": response.served_model,
        "usage": {key: value for key, value in bill.items() if value is not None},
    }
    if usage is not None and usage.provider_cost_usd is not None:
        made["cost_usd"] = str(usage.provider_cost_usd)
    trace_id = (response.raw_usage or {}).get("trace_id")
    return {**made, **({"trace_id": trace_id} if trace_id is not None else {})}


def error_record(error: RequestError) -> dict[str, object]:
    """The error of a function as a reply record."""
    told = {"kind": error.kind, "message": str(error), "status": error.status, "retry_after_s": error.retry_after_s}
    return {"error": {key: value for key, value in told.items() if value is not None}}


def _usage(record: Mapping[str, object], *, has_output: bool) -> Usage | None:
    return stated_usage(inner(record.get("usage")), record.get("cost_usd"), has_output=has_output)


def stated_usage(bill: Mapping[str, object], cost_usd: object, *, has_output: bool) -> Usage | None:
    """The usage of what an application says of its tokens (`input`, `output`, `cached`, `reasoning`) and of its cost.

    None where it says nothing that can be read, or counts that its own answer contradicts and no cost.
    """
    cost = money(cost_usd)
    counts = {key: count(bill.get(key)) for key in ("input", "output", "cached", "reasoning")}
    if cost is None and all(value is None for value in counts.values()):
        return None
    usage = Usage(
        input=counts["input"],
        cache_read=counts["cached"],
        output=counts["output"],
        reasoning=counts["reasoning"],
        provider_cost_usd=cost,
    )
    sound = believed(usage, has_output=has_output)
    return sound if sound is not None or cost is None else Usage(provider_cost_usd=cost)


def _refused(told: object, where: Where, timing: Timing) -> Response:
    """Raises what an error means: by its own kind, or as the words of any provider are read."""
    said = inner(told)
    message = where.clean(str(said.get("message") or told))
    kind, status, wait_s = said.get("kind"), said.get("status"), said.get("retry_after_s")
    if kind == FILTERED:
        return Response("", "content_filter", timing, refusal=message)
    if isinstance(kind, str) and kind in _KINDS:
        known = isinstance(wait_s, int | float) and not isinstance(wait_s, bool) and 0 <= wait_s <= _MOST_WAIT_S
        error = _KINDS[kind](
            message if message.startswith("models.") else f"models.{where.name}: {message}",
            status=status if isinstance(status, int) and 100 <= status < 600 else None,
            retry_after_s=float(cast(float, wait_s)) if known else None,
        )
        # What fails within may fail at what its model answered, however quickly.
        error.begun = error.begun or isinstance(error, ServerError | Rejected)
        raise error
    meant = error_from_event({"error": told}, "", where)
    if isinstance(meant, Declined):
        return Response("", "content_filter", timing, refusal=meant.words)
    raise meant
