"""Plain records of a question and its answer, one a line, under the names that people give them.

{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}    # each answer is a call
{"prompt": "Hi", "completion": "Hello", "model": "...", "usage": {...}, "latency_ms": 840}
{"request_body": {...}, "response_body": {...}, "delay_ms": 840, "costUSD": 0.001}              # Helicone's names

Besides LiteLLM's logs: the payloads of its callbacks (S3, GCS, files), and rows of its table of spend.

{"litellm_call_id": "...", "call_type": "completion", "startTime": 1795881043.96, "messages": [...], "response": {...},
 "response_cost": 6.9e-06, ...}                                         # StandardLoggingPayload
{"request_id": "...", "spend": 6.9e-06, "startTime": "2026-11-28 15:50:43.969653+00:00", "messages": "{}", ...}

Content may be redacted (`turn_off_message_logging`) or not stored (`store_prompts_in_spend_logs`). The counts of a
stream without usage are LiteLLM's own estimate; nothing marks them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from evalkit.bridges.traces.answers import answer_of, refusal_of
from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage
from evalkit.bridges.traces.conversations import HISTORY, INSTRUCTIONS, not_understood, turns_of
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.span_calls import settings_of
from evalkit.bridges.traces.token_counts import tokens_of
from evalkit.bridges.traces.values import at, count, decoded, first, moment, money, seconds, text

ASKED = ("request_body", "request", "input", "inputs", "prompt", "question", "query", "instruction")
REPLIED = ("response_body", "response", "output", "outputs", "completion", "answer", "reply", "generation")
WHOLE = ("messages", "conversations", "conversation", "chat", "dialog", "dialogue")
SLICES = (
    *("user", "user_id", "customer", "customer_id", "tenant", "team", "language", "lang", "category", "product"),
    *("channel", "tags", "environment", "task", "template"),
)


def of_exchange(record: Mapping[str, object]) -> list[Call]:
    """The calls: one, or one for each answer of a whole conversation; [] where the record holds no question."""
    last = _last_of(record)
    whole = isinstance(decoded(first(record, *WHOLE)), list) and first(record, *REPLIED) is None
    return [] if last is None else _earlier_and(last) if whole else [last]


def _earlier_and(last: Call) -> list[Call]:
    """The call, behind those that its history holds: each turn of the model answered a request of its own.

    Only where nothing is known of what it took. Who logs tokens, costs or times logs requests, one a line.
    """
    took = (last.usage.cost_usd, last.total_s, last.ttft_s)
    if not last.usage.is_empty or any(one is not None for one in took) or last.error:
        return [last]
    said = last.messages
    places = [n for n, turn in enumerate(said) if turn.role == "assistant" and _asks(said[:n])]
    if not places:
        return [last]
    whole = hashlib.blake2b(last.packed(), digest_size=16).hexdigest()
    last.session = last.session or last.id or whole
    found: list[Call] = []
    left = min(_MOST_KEPT, 1_000_000 + _TIMES * _size(said))
    for n in places:
        left -= _size(said[:n])
        turn = said[n]
        found.append(
            Call(
                last.source,
                id=f"{last.id or whole}#{len(found) + 1}",
                name=last.name,
                model=last.model,
                provider=last.provider,
                messages=said[:n] if left > 0 else (),
                tools=last.tools,
                settings=last.settings,
                answer=Answer(turn.text if turn.text or not turn.calls else None, turn.calls, other=turn.other),
                session=last.session,
                slices=last.slices,
                withheld=None if left > 0 else "a conversation of too many long turns",
                part="earlier",
            )
        )
    return [*found, last]


_MOST_KEPT, _TIMES = 40_000_000, 100
"""Characters of all histories of one conversation, and how many times its own; each is the one before and more."""


def _size(turns: Sequence[LoggedMessage]) -> int:
    return sum(300 + len(turn.text) + sum(len(call.arguments) for call in turn.calls) for turn in turns)


def _asks(turns: Sequence[LoggedMessage]) -> bool:
    """Whether what stands before an answer asks for one."""
    return bool(turns) and turns[-1].role in ("user", "tool") and any(turn.role == "user" for turn in turns)


def _joined(turns: Sequence[LoggedMessage]) -> list[LoggedMessage]:
    """The turns, those of the model that follow on each other as one: several calls of one answer, say."""
    found: list[LoggedMessage] = []
    for turn in turns:
        if found and turn.role == found[-1].role == "assistant":
            before = found[-1]
            text = "\n".join(one for one in (before.text, turn.text) if one)
            found[-1] = LoggedMessage("assistant", text, before.calls + turn.calls, before.other + turn.other)
        else:
            found.append(turn)
    return found


def _last_of(record: Mapping[str, object]) -> Call | None:
    """The call that the record ends with; None where it holds no question."""
    asked = decoded(first(record, *ASKED))
    replied = first(record, *REPLIED)
    whole = decoded(first(record, *WHOLE))
    given = asked if isinstance(asked, Mapping) else record
    if isinstance(whole, list):
        turns = turns_of({**_beside(record, INSTRUCTIONS), "messages": whole})
        answer = answer_of(replied) if replied is not None else Answer()
        turns = _joined(turns) if replied is None else turns
        if replied is None and turns and turns[-1].role == "assistant":
            last = turns.pop()
            answer = Answer(last.text if last.text or not last.calls else None, last.calls, other=last.other)
            answer.refusal = refusal_of(whole[-1])
    elif asked is not None:
        plain = first(record, *ASKED)
        if isinstance(plain, str) and not (isinstance(asked, Mapping) and {"messages", "contents"} & asked.keys()):
            asked, given = plain, record  # what the user says may be JSON itself
        turns = turns_of(asked) if not isinstance(asked, str) else _question(record)
        has_system = any(one.role == "system" for one in turns)
        around = turns_of(_beside(record, HISTORY if has_system else (*INSTRUCTIONS, *HISTORY)))
        turns = [*around, *turns]
        answer = answer_of(replied)
    else:
        return None
    if not turns:
        return None
    usage = tokens_of(at(decoded(replied), "usage") or record.get("usage") or record)
    if (cost := first(record, "cost_usd", "costUSD", "cost", "response_cost", "total_cost")) is not None:
        usage.cost_usd = money(cost)
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
        id=str(first(record, "id", "request_id", "custom_id") or ""),
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


def _beside(record: Mapping[str, object], keys: Sequence[str]) -> dict[str, object]:
    """What stands beside the question: instructions, and what was said before."""
    return {key: record[key] for key in keys if record.get(key) not in (None, "", [], {})}


def _question(record: Mapping[str, object]) -> list[LoggedMessage]:
    """The question, where it is a text. Of several that differ the one that holds the others; an instruction and its
    input are one question."""
    texts = {key: one for key in ASKED if isinstance(one := record.get(key), str) and one.strip()}
    told, given = texts.get("instruction"), texts.get("input")
    if told is not None and given is not None and len(texts) == 2:
        return [LoggedMessage("user", told if given in told else f"{told}\n\n{given}")]
    if not texts:
        return [LoggedMessage("user", "")]
    longest = max(texts.values(), key=len)
    if all(one.strip() in longest for one in texts.values()):
        return [LoggedMessage("user", longest)]
    return [not_understood(f"{' and '.join(texts)}, of which the log does not say what was sent")]


def _slices(record: Mapping[str, object]) -> dict[str, str]:
    found = {name: str(record[name])[:200] for name in SLICES if isinstance(record.get(name), str | int)}
    more = decoded(first(record, "metadata", "properties", "request_properties"))
    if isinstance(more, Mapping):
        found |= {str(key)[:100]: str(value)[:200] for key, value in more.items() if isinstance(value, str | int)}
    return found


_REDACTED = "redacted-by-litellm"
_CUT = "litellm_truncated"
_CALLS = frozenset({"completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses", ""})
_MORE = frozenset({"anthropic_messages", "generate_content", "agenerate_content", "agenerate_content_stream"})


def is_litellm(record: Mapping[str, object]) -> bool:
    """Whether it is a row of LiteLLM's logs."""
    return "startTime" in record and "call_type" in record and ("response_cost" in record or "spend" in record)


def of_litellm(record: Mapping[str, object]) -> Call | None:
    """The call; None for embeddings, images, speech and the like."""
    if str(record.get("call_type") or "") not in _CALLS | _MORE:
        return None
    spent = "spend" in record and "response_cost" not in record
    request = decoded(record.get("proxy_server_request"))
    asked = decoded(record.get("messages"))
    if asked in (None, {}, [], "") and isinstance(request, Mapping):
        asked = request
    replied = decoded(record.get("response"))
    turns = turns_of(asked)
    if turns and isinstance(request, Mapping) and not any(one.role == "system" for one in turns):
        turns = [*turns_of(_beside(request, INSTRUCTIONS)), *turns]  # of the provider's own interface
    answer = answer_of(replied) if replied else Answer()
    said = [*(one.text for one in turns), answer.text or ""]
    withheld = None
    if any(_REDACTED in one for one in said):
        withheld, turns, answer = "redacted by LiteLLM", [], Answer()
    elif any(_CUT in one for one in said):
        withheld, turns, answer = "cut by LiteLLM", [], Answer()
    elif not turns:
        withheld = "not stored by LiteLLM (store_prompts_in_spend_logs)" if spent else "the log holds no content"
    if str(record.get("cache_hit")).lower() == "true":
        withheld = "answered by LiteLLM's cache: no model was asked"
    metadata = decoded(record.get("metadata"))
    usage = tokens_of(at(metadata, "usage_object") or at(replied, "usage"))
    usage.input = count(record.get("prompt_tokens")) if usage.input is None else usage.input
    usage.output = count(record.get("completion_tokens")) if usage.output is None else usage.output
    failed = record.get("status") == "failure"
    usage.cost_usd = money(first(record, "response_cost", "spend"))
    if failed and not (usage.input or usage.output):
        usage.input = usage.output = usage.cost_usd = None  # zeros of a failure: nobody counted
    began, ended = moment(record.get("startTime")), moment(record.get("endTime"))
    showed = moment(record.get("completionStartTime"))
    parameters = decoded(record.get("model_parameters"))
    given = parameters if isinstance(parameters, Mapping) else request if isinstance(request, Mapping) else {}
    total_s = ended - began if began is not None and ended is not None and ended >= began else None
    if total_s is None and (ms := seconds(record.get("request_duration_ms"))) is not None:
        total_s = ms / 1000
    streamed = record.get("stream") is True
    return Call(
        "litellm",
        id=text(first(record, "litellm_call_id", "request_id", "id")) or "",
        trace=text(first(record, "trace_id", "session_id")) or "",
        name=text(at(metadata, "prompt_management_metadata", "prompt_id")) or "",
        model=text(first(record, "model", "model_group")),
        served=text(at(replied, "model")),
        provider=text(record.get("custom_llm_provider")),
        messages=tuple(turns),
        tools=tools_of(given.get("tools")),
        settings=settings_of(given),
        answer=answer,
        error=(text(record.get("error_str")) or text(at(record, "error_information", "error_message")) or "error")
        if failed
        else None,
        usage=usage,
        started_at=began,
        total_s=total_s,
        ttft_s=showed - began if streamed and began is not None and showed is not None and showed >= began else None,
        session=text(record.get("session_id")),
        slices=_slices_of_row(record, metadata),
        withheld=withheld,
        streamed=streamed,
    )


def _slices_of_row(record: Mapping[str, object], metadata: object) -> dict[str, str]:
    found = {}
    tags = decoded(record.get("request_tags"))
    for name, value in (
        ("user", first(record, "end_user", "user")),
        ("team", at(metadata, "user_api_key_team_alias") or record.get("team_id")),
        ("key", at(metadata, "user_api_key_alias")),
        ("tags", ", ".join(sorted(map(str, tags))) if isinstance(tags, list) else None),
    ):
        if isinstance(value, str) and value:
            found[name] = value[:200]
    return found
