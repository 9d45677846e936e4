"""Spans and log records of OpenTelemetry, out of OTLP's JSON or any dump of span objects, with plain attributes.

spans_of({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "app"}, "spans": [{...}]}]}]})    # OTLP's JSON
spans_of({"name": "ai.generateText", "spanContext": {...}, "startTime": [1770131992, 0], ...})   # JavaScript's
spans_of({"context": {"trace_id": "..."}, "span_kind": "LLM", "attributes": {...}, ...})         # Phoenix

OTLP's JSON writes ids as hex (converters of protobuf: base64), 64-bit numbers as text, codes as numbers or names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.bridges.traces.values import at, first, moment
from evalkit.text.numbers import whole_number

_DEEPEST = 40


@dataclass(slots=True)
class LoggedSpan:
    """One span."""

    name: str = ""
    trace: str = ""
    span: str = ""
    parent: str = ""
    scope: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    failed: bool = False
    message: str = ""
    """What the status says."""
    attributes: dict[str, object] = field(default_factory=dict)
    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """Name and attributes."""
    resource: dict[str, object] = field(default_factory=dict)

    @property
    def total_s(self) -> float | None:
        """How long it took; None where a time is missing, or they are out of order."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return self.ended_at - self.started_at


@dataclass(slots=True)
class LoggedEvent:
    """One log record that belongs to a span: where some instrumentations keep what was said."""

    name: str
    trace: str
    span: str
    attributes: dict[str, object]
    body: object


def is_span(record: Mapping[str, object]) -> bool:
    """Whether `spans_of` reads such an object."""
    if any(key in record for key in ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs")):
        return True
    if any(key in record for key in ("scopeSpans", "scope_spans")):
        return True
    attributes = record.get("attributes")
    if isinstance(attributes, dict | list) and any(
        key in record for key in ("name", "spanName", "spanContext", "context", "spanId", "span_id")
    ):
        return True
    return any(isinstance(key, str) and key.startswith(("gen_ai.", "openinference.", "llm.")) for key in record)


def spans_of(record: Mapping[str, object]) -> Iterator[LoggedSpan | LoggedEvent]:
    """Every span and log record of one object."""
    resources = first(record, "resourceSpans", "resource_spans")
    if isinstance(resources, list):
        for resource in resources:
            if isinstance(resource, dict):
                yield from _of_resource(resource)
    logs = first(record, "resourceLogs", "resource_logs")
    if isinstance(logs, list):
        for resource in logs:
            if isinstance(resource, dict):
                yield from _events_of(resource)
    if resources is not None or logs is not None:
        return
    if first(record, "scopeSpans", "scope_spans") is not None:
        yield from _of_resource(record)
        return
    if not isinstance(record.get("attributes"), dict | list):  # the attributes alone
        yield LoggedSpan(attributes=dict(record))
        return
    yield _span(record, str(at(record, "scope", "name") or record.get("scopeName") or ""), {})


def _of_resource(resource: Mapping[str, object]) -> Iterator[LoggedSpan]:
    about = attributes_of(at(resource, "resource", "attributes"))
    scopes = first(resource, "scopeSpans", "scope_spans", "instrumentationLibrarySpans")
    for scope in scopes if isinstance(scopes, list) else ():
        name = str(at(scope, "scope", "name") or at(scope, "instrumentationLibrary", "name") or "")
        spans = scope.get("spans") if isinstance(scope, dict) else None
        for one in spans if isinstance(spans, list) else ():
            if isinstance(one, dict):
                yield _span(one, name, about)


def _events_of(resource: Mapping[str, object]) -> Iterator[LoggedEvent]:
    scopes = first(resource, "scopeLogs", "scope_logs")
    for scope in scopes if isinstance(scopes, list) else ():
        records = first(scope, "logRecords", "log_records") if isinstance(scope, dict) else None
        for one in records if isinstance(records, list) else ():
            if isinstance(one, dict):
                attributes = attributes_of(one.get("attributes"))
                name = str(first(one, "eventName", "event_name") or attributes.get("event.name") or "")
                body = value_of(one["body"]) if isinstance(one.get("body"), dict) else one.get("body")
                trace, span = _id(first(one, "traceId", "trace_id")), _id(first(one, "spanId", "span_id"))
                yield LoggedEvent(name, trace, span, attributes, body)


def _span(one: Mapping[str, object], scope: str, resource: dict[str, object]) -> LoggedSpan:
    context = first(one, "spanContext", "context") or {}
    status = one.get("status")
    code = first(status, "code", "status_code", "statusCode") if isinstance(status, dict) else status
    code = first(one, "status_code", "statusCode") if code is None else code
    message = first(status, "message", "description") if isinstance(status, dict) else one.get("status_message")
    events = one.get("events")
    made = LoggedSpan(
        name=str(first(one, "name", "spanName") or ""),
        trace=_id(first(one, "traceId", "trace_id") or first(context, "traceId", "trace_id")),
        span=_id(first(one, "spanId", "span_id") or first(context, "spanId", "span_id")),
        parent=_id(first(one, "parentSpanId", "parent_span_id", "parent_id") or at(one, "parentSpanContext", "spanId")),
        scope=scope,
        started_at=moment(
            first(one, "startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime", "start_timestamp")
        ),
        ended_at=moment(first(one, "endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime", "end_timestamp")),
        failed=code == 2 or (isinstance(code, str) and code.upper().rpartition("_")[2] == "ERROR"),
        message=message if isinstance(message, str) else "",
        attributes=attributes_of(one.get("attributes")),
        resource=resource,
    )
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict):
            made.events.append((str(event.get("name") or ""), attributes_of(event.get("attributes"))))
    return made


def _id(value: object) -> str:
    return value.removeprefix("0x") if isinstance(value, str) else ""


def attributes_of(said: object) -> dict[str, object]:
    """Attributes as plain values, from OTLP's list of pairs or a mapping."""
    if isinstance(said, dict):
        return dict(said)
    found: dict[str, object] = {}
    for one in said if isinstance(said, list) else ():
        if isinstance(one, dict) and isinstance(one.get("key"), str):
            found[one["key"]] = value_of(one.get("value"))
    return found


def value_of(said: object, depth: int = 0) -> Any:  # noqa: PLR0911  # one return a shape
    """The plain value of OTLP's AnyValue; numbers of 64 bits become numbers."""
    if not isinstance(said, dict) or depth > _DEEPEST:
        return said
    for key, value in said.items():
        if key in ("stringValue", "string_value", "boolValue", "bool_value", "bytesValue", "bytes_value"):
            return value
        if key in ("intValue", "int_value"):
            number = whole_number(value.removeprefix("-")) if isinstance(value, str) else None
            return value if number is None else -number if str(value).startswith("-") else number
        if key in ("doubleValue", "double_value"):
            return value
        if key in ("arrayValue", "array_value"):
            inner = value.get("values") if isinstance(value, dict) else None
            return [value_of(one, depth + 1) for one in inner] if isinstance(inner, list) else []
        if key in ("kvlistValue", "kvlist_value"):
            inner = value.get("values") if isinstance(value, dict) else None
            pairs = inner if isinstance(inner, list) else []
            return {
                one["key"]: value_of(one.get("value"), depth + 1)
                for one in pairs
                if isinstance(one, dict) and isinstance(one.get("key"), str)
            }
    return None
