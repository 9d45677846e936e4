"""MLflow's traces, of schema 3 and 2, as its files and its API have them.

{"info": {"trace_id": "tr-...", ...}, "data": {"spans": [{"attributes": {"mlflow.spanType": "\"CHAT_MODEL\""}}]}}

Every attribute of a span is JSON in a text. The sums that the trace states are not read: its spans have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.span_calls import call_of_span, settings_of
from evalkit.bridges.traces.spans import LoggedSpan, spans_of
from evalkit.bridges.traces.values import at, decoded, first, text


def is_trace(record: Mapping[str, object]) -> bool:
    """Whether it is a trace of MLflow."""
    if isinstance(at(record, "data", "spans"), list) and isinstance(record.get("info"), Mapping):
        return True
    return isinstance(at(record, "response", "databricks_output", "trace"), Mapping)


def of_trace(record: Mapping[str, object]) -> Iterator[Call | tuple[str, str]]:
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
                name: value if name in _WHOLE else decoded(value) for name, value in span.attributes.items()
            }
            made = call_of_span(span, "mlflow")
            if made is None:
                yield span.span, span.parent
                continue
            made.settings = made.settings or settings_of(span.attributes)
            made.trace = text(first(info, "trace_id", "request_id")) or made.trace
            made.slices |= _slices(info)
            yield made


_WHOLE = frozenset({"mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.tools", "mlflow.chat.tokenUsage"})


def _slices(info: Mapping[str, object]) -> dict[str, str]:
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
