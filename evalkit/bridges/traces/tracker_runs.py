"""Runs of LangSmith and rows of Braintrust: one object for a step, of which those of kind `llm` are calls.

{"post": [{"id": "...", "run_type": "llm", "inputs": {...}, ...}], "patch": [{"id": "...", "outputs": {...}, ...}]}
{"span_attributes": {"type": "llm"}, "input": [...], "output": [...], "metrics": {"start": ..., "prompt_tokens": ...}}

Both send a step in pieces: a patch completes its post, a row with `_is_merge` is merged into the row of its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.conversations import turns_of
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.span_calls import settings_of
from evalkit.bridges.traces.token_counts import tokens_of
from evalkit.bridges.traces.values import at, count, first, moment, money, seconds, text

Found = Iterator[Call | tuple[str, str]]


def is_batch(record: Mapping[str, object]) -> bool:
    """Whether it is what LangSmith's packages send."""
    return isinstance(record.get("post"), list) or isinstance(record.get("patch"), list)


def is_run(record: Mapping[str, object]) -> bool:
    """Whether it is one run of LangSmith."""
    return isinstance(record.get("run_type"), str) and ("inputs" in record or "outputs" in record)


def of_batch(record: Mapping[str, object]) -> Found:
    """The calls of a batch, each post with its patch; a patch without an id belongs to the only post."""
    runs: dict[str, dict[str, object]] = {}
    for key in ("post", "patch"):
        said = record.get(key)
        for one in said if isinstance(said, list) else ():
            if not isinstance(one, Mapping):
                continue
            name = text(one.get("id")) or (next(iter(runs)) if len(runs) == 1 else str(len(runs)))
            merged = runs.setdefault(name, {})
            merged |= {name_: value for name_, value in one.items() if value not in (None, {}, [], "")}
    for one in runs.values():
        yield from of_run(one)


def of_run(one: Mapping[str, object]) -> Found:
    """The call of a run; (span, parent) of one that is no call."""
    span, parent = text(one.get("id")) or "", text(one.get("parent_run_id")) or ""
    if one.get("run_type") != "llm":
        yield span, parent
        return
    inputs, outputs = one.get("inputs"), one.get("outputs")
    about = at(one, "extra", "metadata")
    given = at(one, "extra", "invocation_params")
    given = {**(given if isinstance(given, Mapping) else {}), **(inputs if isinstance(inputs, Mapping) else {})}
    inner = at(outputs, "generations")
    inner = inner[0][0] if isinstance(inner, list) and inner and isinstance(inner[0], list) and inner[0] else None
    usage = tokens_of(at(outputs, "usage_metadata") or at(inner, "message", "kwargs", "usage_metadata"))
    if usage.is_empty:
        usage = tokens_of(at(outputs, "usage") or at(outputs, "llm_output", "token_usage") or one)
    usage.cost_usd = money(one.get("total_cost"))
    began, ended, showed = (moment(one.get(key)) for key in ("start_time", "end_time", "first_token_time"))
    turns = turns_of(inputs)
    yield Call(
        "langsmith",
        id=span,
        trace=text(one.get("trace_id")) or "",
        span=span,
        parent=parent,
        model=text(at(about, "ls_model_name")) or text(given.get("model")),
        served=text(at(outputs, "model")) or text(at(outputs, "llm_output", "model_name")),
        provider=text(at(about, "ls_provider")),
        messages=tuple(turns),
        tools=tools_of(given.get("tools")),
        settings=settings_of(given),
        answer=answer_of(outputs),
        error=text(one.get("error")),
        usage=usage,
        started_at=began,
        total_s=ended - began if began is not None and ended is not None and ended >= began else None,
        ttft_s=showed - began if began is not None and showed is not None and showed >= began else None,
        session=text(at(about, "session_id")) or text(at(about, "thread_id")),
        slices={"user": str(at(about, "user_id"))} if at(about, "user_id") else {},
        withheld=None if turns else "the log holds no content",
        streamed=given.get("stream") is True,
    )


def is_row(record: Mapping[str, object]) -> bool:
    """Whether it is a row of Braintrust."""
    if "root_span_id" in record and ("span_id" in record or "span_attributes" in record):
        return True
    return isinstance(record.get("span_attributes"), Mapping) or {"metrics", "type", "name", "input"} <= record.keys()


def merged_rows(rows: list[Any]) -> Iterator[Mapping[str, object]]:
    """The rows, those that are pieces of one merged."""
    found: dict[str, dict[str, object]] = {}
    for n, row in enumerate(rows):
        if isinstance(row, Mapping):
            key = text(row.get("id")) or str(n)
            if row.get("_is_merge") and key in found:
                _merge(found[key], row)
            else:
                found[key if key not in found else f"{key} {n}"] = dict(row)
    yield from found.values()


def _merge(into: dict[str, object], row: Mapping[str, object], depth: int = 0) -> None:
    """Put a piece into a row, in its place: nobody reads the pieces after this."""
    for name, value in row.items():
        here = into.get(name)
        if isinstance(value, Mapping) and isinstance(here, dict) and depth < 20:
            _merge(here, value, depth + 1)
        elif value is not None:
            into[name] = value


def of_row(one: Mapping[str, object]) -> Found:
    """The call of a row; (span, parent) of one that is no call."""
    parents = one.get("span_parents")
    span = text(first(one, "span_id", "id")) or ""
    parent = str(parents[0]) if isinstance(parents, list) and parents else ""
    if (at(one, "span_attributes", "type") or one.get("type")) != "llm":
        yield span, parent
        return
    metrics, about = one.get("metrics"), one.get("metadata")
    metrics = metrics if isinstance(metrics, Mapping) else {}
    about = about if isinstance(about, Mapping) else {}
    usage = tokens_of(metrics)
    usage.cached = count(metrics.get("prompt_cached_tokens"))
    usage.cache_write = count(metrics.get("prompt_cache_creation_tokens"))
    usage.reasoning = count(first(metrics, "completion_reasoning_tokens", "reasoning_tokens"))
    usage.cost_usd = money(first(metrics, "total_cost_usd", "total_cost"))
    began, ended = moment(metrics.get("start")), moment(metrics.get("end"))
    turns, expected = turns_of(one.get("input")), one.get("expected")
    user = first(about, "user_id", "user")
    yield Call(
        "braintrust",
        id=span,
        trace=text(one.get("root_span_id")) or "",
        span=span,
        parent=parent,
        name=text(about.get("prompt_name")) or "",
        model=text(about.get("model")) or text(one.get("model")),
        provider=text(about.get("provider")),
        messages=tuple(turns),
        tools=tools_of(about.get("tools")),
        settings=settings_of(about),
        answer=answer_of(one.get("output")),
        error=None if one.get("error") is None else str(one["error"])[:500],
        usage=usage,
        started_at=began,
        total_s=ended - began if began and ended and ended >= began else None,
        ttft_s=seconds(metrics.get("time_to_first_token")),
        slices={"user": user} if isinstance(user, str) and user else {},
        expected=expected if isinstance(expected, str) and expected else None,
        withheld=None if turns else "the log holds no content",
    )
