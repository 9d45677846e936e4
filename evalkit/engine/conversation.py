"""Conversations of several turns: the next one holds what the model said before. And the order in which they are asked.

    for first, *later in conversations(task.samples()): ...     # a sample alone, or the turns of one record
    item = following(item, row)                                 # the next turn, the answer of this one in its prompt

Every turn is a row of its own, with its own request, latency, bill and score. A turn that brought no text is the end of
its conversation: what would have followed is a row too (`unasked`), so that it is counted and not missing.

In which order a task's samples are asked: those that begin alike one after another, as servers cache beginnings.

    list(alike_together(conversations(samples)))     # a1 b1 a2 b2 -> a1 a2 b1 b2; a and b: subjects, or documents

vLLM, SGLang and several providers keep what they computed for the beginning of a prompt, and give it up when room is
needed: asked in turns, subjects push each other out. Groups stand in the order of their first sample, and samples in a
group in the file's order, so that a task whose samples all begin alike, or none, is asked as the file has it.
Looked at are WINDOW samples at a time, so that a large task is neither held in memory nor rendered before it is asked.
The next ones are read while these are asked, one for one: rendered at once they would hold up answers under way, and
stand in their latency.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import chain, islice

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
    before = row.given_up or 0
    return replace(item, sample=replace(sample, messages=asked), later=tuple(later), given_up=before)


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
    before = row.given_up or 0
    attempt = AttemptInfo(time.time(), queue_s=None, retry_s=None, attempts=0, timed=False, given_up=before)
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
        yield answered(sample, name, item.repeat, attempt, empty, score, Decimal(0), dropped)


WINDOW = 2_000
"""Samples that are held and grouped at a time."""
LONG = 1024
"""Characters of a last turn above which its beginning counts too: a document with several questions."""
BEGINNING = 512
"""Characters of such a turn that must be the same."""


def alike_together(conversations: Iterable[tuple[Sample, ...]]) -> Iterator[tuple[Sample, ...]]:
    """Each conversation once, by its first sample: alike are the turns before the last one, and a long one's start."""
    waiting = iter(conversations)
    window = list(islice(waiting, WINDOW))
    while window:
        groups: dict[int, list[tuple[Sample, ...]]] = {}
        for turns in window:
            groups.setdefault(_beginning(turns[0]), []).append(turns)
        window = []
        for turns in chain.from_iterable(groups.values()):
            window += islice(waiting, 1)
            yield turns


def _beginning(sample: Sample) -> int:
    """A hash of it: two that collide are asked side by side, which does no harm."""
    turns = [turn.text for turn in sample.messages]
    if turns:
        last = turns.pop()
        turns.append(last[:BEGINNING] if len(last) > LONG else "")
    return hash(tuple(turns))
