"""In which order a task's samples are asked: those that begin alike one after another, as servers cache beginnings.

    list(alike_together(conversations(samples)))     # a1 b1 a2 b2 -> a1 a2 b1 b2; a and b: subjects, or documents

vLLM, SGLang and several providers keep what they computed for the beginning of a prompt, and give it up when room is
needed: asked in turns, subjects push each other out. Groups stand in the order of their first sample, and samples in a
group in the file's order, so that a task whose samples all begin alike, or none, is asked as the file has it.
Looked at are WINDOW samples at a time, so that a large task is neither held in memory nor rendered before it is asked.
The next ones are read while these are asked, one for one: rendered at once they would hold up answers under way, and
stand in their latency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from evalkit.records import Sample

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
    turns = [turn.content for turn in sample.messages]
    if turns:
        last = turns.pop()
        turns.append(last[:BEGINNING] if len(last) > LONG else "")
    return hash(tuple(turns))
