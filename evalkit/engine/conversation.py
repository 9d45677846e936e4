"""Conversations of several turns: the next one holds what the model said to those before.

    for first, *later in conversations(task.samples()): ...     # a sample alone, or the turns of one record
    item = following(item, row)                                 # the next turn, the answer of this one in its prompt

Every turn is a row of its own, with its own request, latency, bill and score. A turn that brought no text is the end of
its conversation: what would have followed is a row too (`unasked`), so that it is counted and not missing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from evalkit.engine.rows import AttemptInfo, answered, failed
from evalkit.engine.work import Item
from evalkit.reasoning import answer_of
from evalkit.records import Failure, Message, Response, Row, Sample, StopReason, Timing, Usage
from evalkit.scorers.outcomes import score_response

NOT_ASKED = "not_asked"
"""`Row.error_kind` of a turn whose conversation broke off: the turn before it failed."""
_NOTHING = Usage(input=0, cache_read=0, output=0, reasoning=0)
_DECLINED: dict[str, StopReason] = {"refusal": "refusal", "content_filter": "content_filter", "length": "length"}


def conversations(samples: Iterable[Sample]) -> Iterator[tuple[Sample, ...]]:
    """Samples with the turns that follow them; a task asks the turns of a record one behind the other."""
    turns: tuple[Sample, ...] = ()
    for sample in samples:
        if sample.turn == 1:
            if turns:
                yield turns
            turns = (sample,)
        else:
            turns = (*turns, sample)
    if turns:
        yield turns


def following(item: Item, row: Row) -> Item:
    """The next turn of an item that was answered with text (see `goes_on`).

    Its history holds the answer without reasoning, as the makers of reasoning models ask (DeepSeek and Qwen in their
    guides, the chat templates of both and of gpt-oss), unless the task keeps it.
    """
    sample, *later = item.later
    asked = (*item.sample.messages, Message("assistant", _answer(item, row)), sample.messages[-1])
    return replace(item, sample=replace(sample, messages=asked), later=tuple(later))


def goes_on(item: Item, row: Row) -> bool:
    """Whether there is an answer that a next turn can stand on."""
    return row.error_kind is None and bool(_answer(item, row).strip())


def _answer(item: Item, row: Row) -> str:
    return row.text or "" if item.task.scorer.keeps_reasoning else answer_of(row.text)


def unasked(item: Item, row: Row) -> Iterator[Row]:
    """The rows of the turns that cannot be asked any more, since `row`, the item's own, brought no text.

    Where the request failed they failed with it (`errored`). Where the model itself said nothing (a refusal, a limit
    spent on reasoning), that was its answer to them too: they are scored as an empty reply, at no cost.
    """
    attempt = AttemptInfo(time.time(), queue_s=None, retry_s=None, attempts=0)
    name, dropped = item.model.name, item.task.dropped[item.model.name]
    messages = item.sample.messages
    for later in item.later:
        messages = (*messages, Message("assistant", ""), later.messages[-1])
        sample = replace(later, messages=messages)
        if row.error_kind is not None:
            why = f"turn {item.sample.turn} was not answered ({row.error_kind}), so turn {sample.turn} was not asked"
            yield failed(sample, name, item.repeat, attempt, Failure(NOT_ASKED, why), dropped)
            continue
        stop = _DECLINED.get(row.stop_reason or "", "stop")
        empty = Response("", stop, Timing(sent_at=0.0, total_s=0.0), refusal=row.refusal, usage=_NOTHING)
        score = score_response(sample, empty, item.task.scorer)
        score = replace(score, reason=f"not asked: there was no text in the answer to turn {item.sample.turn}")
        yield answered(sample, name, item.repeat, attempt, empty, score, Decimal(0), dropped, timed=False)
