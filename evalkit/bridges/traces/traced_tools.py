"""Records of tools that trace applications: Langfuse's and MLflow's.

Langfuse's observations, as its interface downloads them, its API lists them and its blob export writes them.

{"trace": {...}, "observations": [{"type": "GENERATION", "usageDetails": {...}, ...}]}      # the interface
{"data": [{"id": "...", "type": "GENERATION", ...}], "meta": {}}      # /api/public/v2/observations
{"id": "...", "type": "GENERATION", "provided_model_name": "...", "usage_details": {}}      # blob export, one a line

Only generations are calls: an agent's own usage repeats that of its generations. `latency` is in seconds or in
milliseconds, depending on who wrote it, so durations come from the times. A generation around another is left out when
calls are settled.

MLflow's traces, of schema 3 and 2, as its files and its API have them.

{"info": {"trace_id": "tr-...", ...}, "data": {"spans": [{"attributes": {"mlflow.spanType": "\"CHAT_MODEL\""}}]}}

Every attribute of a span is JSON in a text. The sums that the trace states are not read: its spans have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.conversations import turns_of
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.span_calls import call_of_span, settings_of
from evalkit.bridges.traces.spans import LoggedSpan, spans_of
from evalkit.bridges.traces.token_counts import free_tokens_of
from evalkit.bridges.traces.values import at, decoded, first, moment, money, text

_TYPES = frozenset(
    "SPAN GENERATION EVENT AGENT TOOL CHAIN RETRIEVER EVALUATOR EMBEDDING GUARDRAIL".split()  # noqa: SIM905
)


def is_observation(record: Mapping[str, object]) -> bool:
    """Whether it is one of Langfuse's observations."""
    kind = record.get("type")
    return (
        isinstance(kind, str)
        and kind in _TYPES
        and first(record, "traceId", "trace_id", "startTime", "start_time") is not None
    )


def is_langfuse(record: Mapping[str, object]) -> bool:
    """Whether it is a trace with its observations."""
    return isinstance(record.get("observations"), list)


def of_langfuse(record: Mapping[str, object]) -> Iterator[Call | tuple[str, str]]:
    """The calls of a trace; (span, parent) for its other observations."""
    trace, observations = record.get("trace"), record["observations"]
    for one in observations if isinstance(observations, list) else ():
        if isinstance(one, Mapping):
            yield from of_observation(one, trace if isinstance(trace, Mapping) else record)


def of_observation(
    one: Mapping[str, object], trace: Mapping[str, object] | None = None
) -> Iterator[Call | tuple[str, str]]:
    """The call of one observation; (span, parent) where it is none."""
    span = text(one.get("id")) or ""
    parent = text(first(one, "parentObservationId", "parent_observation_id")) or ""
    usage = free_tokens_of(first(one, "usageDetails", "usage_details", "usage"))
    asked, replied = decoded(one.get("input")), decoded(one.get("output"))
    says_nothing = asked in (None, "", [], {}) and replied in (None, "", [], {}) and usage.is_empty
    error = one.get("level") == "ERROR"
    if one.get("type") != "GENERATION" or (says_nothing and not error):
        yield span, parent
        return
    trace = trace or {}
    began = moment(first(one, "startTime", "start_time"))
    ended = moment(first(one, "endTime", "end_time"))
    showed = moment(first(one, "completionStartTime", "completion_start_time"))
    costs = decoded(first(one, "costDetails", "cost_details"))
    cost = money(first({"a": at(costs, "total"), "b": first(one, *_COSTS)}, "a", "b"))
    usage.cost_usd = None if usage.is_empty and not cost else cost
    parameters = decoded(first(one, "modelParameters", "model_parameters"))
    attributes = at(decoded(one.get("metadata")), "attributes")
    offered = tools_of(asked["tools"]) if isinstance(asked, Mapping) and asked.get("tools") else ()
    if not offered:
        asks = decoded(at(attributes, "model_request_parameters"))
        offered = tools_of(at(asks, "function_tools") or at(attributes, "gen_ai.tool.definitions"))
    turns = turns_of(asked)
    yield Call(
        "langfuse",
        id=span,
        trace=text(first(one, "traceId", "trace_id")) or "",
        span=span,
        parent=parent,
        name=text(first(one, "promptName", "prompt_name")) or text(first(one, "traceName", "trace_name")) or "",
        model=text(first(one, "model", "providedModelName", "provided_model_name")),
        messages=tuple(turns),
        tools=offered,
        settings=settings_of(parameters) if isinstance(parameters, Mapping) else {},
        answer=answer_of(replied),
        error=(text(first(one, "statusMessage", "status_message")) or "error") if error else None,
        usage=usage,
        started_at=began,
        total_s=ended - began if began is not None and ended is not None and ended >= began else None,
        ttft_s=showed - began if began is not None and showed is not None and showed >= began else None,
        session=text(first(trace, "sessionId", "session_id")) or text(first(one, "sessionId", "session_id")),
        slices=_slices(one, trace),
        withheld=None if turns else "the log holds no content",
    )


_COSTS = ("totalCost", "total_cost", "calculatedTotalCost", "calculated_total_cost")


def _slices(one: Mapping[str, object], trace: Mapping[str, object]) -> dict[str, str]:
    found = {}
    for name, value in (
        ("user", first(trace, "userId", "user_id") or first(one, "userId", "user_id")),
        ("environment", one.get("environment")),
        ("trace_name", trace.get("name")),
    ):
        if isinstance(value, str) and value:
            found[name] = value[:200]
    tags = decoded(trace.get("tags") or one.get("tags"))
    if isinstance(tags, list) and tags:
        found["tags"] = ", ".join(sorted(str(tag) for tag in tags))[:200]
    return found


def is_mlflow(record: Mapping[str, object]) -> bool:
    """Whether it is a trace of MLflow."""
    if isinstance(at(record, "data", "spans"), list) and isinstance(record.get("info"), Mapping):
        return True
    return isinstance(at(record, "response", "databricks_output", "trace"), Mapping)


def of_mlflow(record: Mapping[str, object]) -> Iterator[Call | tuple[str, str]]:
    """The calls of a trace; (span, parent) for its other spans."""
    inner = at(record, "response", "databricks_output", "trace")
    record = inner if isinstance(inner, Mapping) else record
    info = record.get("info")
    info = info if isinstance(info, Mapping) else {}
    spans = at(record, "data", "spans")
    for one in spans if isinstance(spans, list) else ():
        if not isinstance(one, Mapping):
            continue
        for span in spans_of(one):
            if not isinstance(span, LoggedSpan):
                continue
            span.attributes = {
                name: value if name in _MLFLOW_WHOLE else decoded(value) for name, value in span.attributes.items()
            }
            made = call_of_span(span, "mlflow")
            if made is None:
                yield span.span, span.parent
                continue
            made.settings = made.settings or settings_of(span.attributes)
            made.trace = text(first(info, "trace_id", "request_id")) or made.trace
            made.slices |= _mlflow_slices(info)
            yield made


_MLFLOW_WHOLE = frozenset({"mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.tools", "mlflow.chat.tokenUsage"})


def _mlflow_slices(info: Mapping[str, object]) -> dict[str, str]:
    said = {**_mapping(first(info, "trace_metadata", "request_metadata")), **_mapping(info.get("tags"))}
    found = {
        str(name): str(value)[:200]
        for name, value in said.items()
        if not str(name).startswith("mlflow.") and isinstance(value, str)
    }
    if isinstance(user := said.get("mlflow.trace.user"), str):
        found["user"] = user
    return found


def _mapping(said: object) -> Mapping[str, object]:
    return said if isinstance(said, Mapping) else {}
