"""Plain records of a question and its answer, one a line, under the names that people give them.

{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}    # the last turn answers
{"prompt": "Hi", "completion": "Hello", "model": "...", "usage": {...}, "latency_ms": 840}
{"request_body": {...}, "response_body": {...}, "delay_ms": 840, "costUSD": 0.001}              # Helicone's names
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage
from evalkit.bridges.traces.conversations import tools_of, turns_of
from evalkit.bridges.traces.span_calls import settings_of
from evalkit.bridges.traces.token_counts import tokens_of
from evalkit.bridges.traces.values import at, decoded, first, moment, money, seconds, text

_ASKED = ("request_body", "request", "input", "inputs", "prompt", "question", "query", "instruction")
_REPLIED = ("response_body", "response", "output", "outputs", "completion", "answer", "reply", "generation")
_WHOLE = ("messages", "conversations", "conversation", "chat", "dialog", "dialogue")
_SLICES = (
    *("user", "user_id", "customer", "customer_id", "tenant", "team", "language", "lang", "category", "product"),
    *("channel", "tags", "environment", "task", "template"),
)


def of_exchange(record: Mapping[str, object]) -> Call | None:
    """The call; None where the record holds no question."""
    asked = decoded(first(record, *_ASKED))
    replied = first(record, *_REPLIED)
    whole = decoded(first(record, *_WHOLE))
    given = asked if isinstance(asked, Mapping) else record
    if isinstance(whole, list):
        turns = turns_of({"messages": whole, "system": record.get("system")})
        answer = answer_of(replied) if replied is not None else Answer()
        if replied is None and turns and turns[-1].role == "assistant":
            last = turns.pop()
            answer = Answer(last.text if last.text or not last.calls else None, last.calls)
    elif asked is not None:
        plain = first(record, *_ASKED)
        if isinstance(plain, str) and not (isinstance(asked, Mapping) and {"messages", "contents"} & asked.keys()):
            asked, given = plain, record  # what the user says may be JSON itself
        turns = turns_of(asked) if not isinstance(asked, str) else [LoggedMessage("user", asked)]
        if record.get("system") is not None and not any(one.role == "system" for one in turns):
            turns = [*turns_of({"system": record["system"]}), *turns]
        answer = answer_of(replied)
    else:
        return None
    if not turns:
        return None
    usage = tokens_of(at(decoded(replied), "usage") or record.get("usage") or record)
    usage.cost_usd = money(first(record, "cost_usd", "costUSD", "cost", "response_cost", "total_cost"))
    ms = seconds(first(record, "latency_ms", "duration_ms", "delay_ms", "total_ms"))
    ttft_ms = seconds(first(record, "ttft_ms", "time_to_first_token_ms"))
    began = moment(
        first(record, "started_at", "start_time", "timestamp", "created_at", "request_created_at", "created")
    )
    status = first(record, "response_status", "status_code")
    error = record.get("error")
    if error is None and isinstance(status, int) and status >= 400:
        error = f"HTTP {status}"
    return Call(
        "messages",
        id=str(first(record, "id", "request_id", "custom_id", "conversation_id") or ""),
        name=text(first(record, "template", "prompt_name", "prompt_id")) or "",
        model=text(first(given, "model")) or text(first(record, "model", "request_model", "response_model")),
        served=text(at(decoded(replied), "model")),
        provider=text(record.get("provider")),
        messages=tuple(turns),
        tools=tools_of(first(given, "tools", "functions") or first(record, "tools", "functions")),
        settings=settings_of(given),
        answer=answer,
        error=None if not error else (error if isinstance(error, str) else str(at(error, "message") or error))[:500],
        usage=usage,
        started_at=began,
        total_s=ms / 1000 if ms is not None else seconds(first(record, "total_s", "latency_s", "duration_s")),
        ttft_s=ttft_ms / 1000 if ttft_ms is not None else seconds(record.get("ttft_s")),
        session=text(first(record, "session_id", "conversation_id", "thread_id")),
        slices=_slices(record),
        expected=text(first(record, "expected", "target", "reference", "label", "ground_truth")),
    )


def _slices(record: Mapping[str, object]) -> dict[str, str]:
    found = {name: str(record[name])[:200] for name in _SLICES if isinstance(record.get(name), str | int)}
    more = decoded(first(record, "metadata", "properties", "request_properties"))
    if isinstance(more, Mapping):
        found |= {str(key)[:100]: str(value)[:200] for key, value in more.items() if isinstance(value, str | int)}
    return found
