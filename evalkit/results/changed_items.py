"""Which samples have one id and another content on two sides: what somebody changed between two runs.

    changed_items(a, b)      # ("receipts: r2 has another picture", "receipts: r7 has another prompt")

Samples pair by content, so a changed one is missing on both sides. Its id says which one it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.errors import EvalkitError, NotComparable, Unpaired
from evalkit.records import Message
from evalkit.results.pairing import pair
from evalkit.results.pairs import Pairs
from evalkit.results.side import Side
from evalkit.store import queries
from evalkit.store import table as stored
from evalkit.text import numbers
from evalkit.text.escape import visible

_NAMED = 5
_ItemKey = tuple[str, str, int]
"""(task, sample_digest, occurrence)"""


def paired(a: Side, b: Side, ours: object, theirs: object) -> Pairs:
    """`pairing.pair` of two sides' rows, whose refusal names the samples that were changed."""
    try:
        return pair(ours, theirs)
    except Unpaired as error:
        named = "".join(f"\n  {line}" for line in changed_items(a, b))
        raise NotComparable(f"{error.counts}{named}\n{error.way_out}") from error


def changed_items(a: Side, b: Side) -> tuple[str, ...]:
    """A sentence for each of the first changed samples, with what is another in it; empty where none has the id of one
    on the other side, and where what was said cannot be read."""
    try:
        ours, theirs = _by_id(a), _by_id(b)
        both = [name for name, keys in ours.items() if name in theirs and keys.isdisjoint(theirs[name])]
        keys = [(min(ours[name]), min(theirs[name])) for name in both[:_NAMED]]
        before = queries.texts_of(a.folder, [(a.model, *one, 0) for one, _ in keys])
        after = queries.texts_of(b.folder, [(b.model, *one, 0) for _, one in keys])
    except EvalkitError:
        return ()
    found = [
        f"{visible(task, limit=60)}: {visible(sample, limit=60)} has another "
        f"{_what(before.get((a.model, *one, 0), {}), after.get((b.model, *other, 0), {}))}"
        for (task, sample), (one, other) in zip(both, keys, strict=False)
    ]
    if len(both) > _NAMED:
        more = numbers.plural(len(both) - _NAMED, "more sample of one id has", "more samples of one id have")
        found.append(f"{more} another content")
    return tuple(found)


def _by_id(side: Side) -> dict[tuple[str, str], set[_ItemKey]]:
    """By (task, sample id), the contents under this id, in the order of the rows."""
    found: dict[tuple[str, str], set[_ItemKey]] = {}
    for row in stored.model_rows(side.folder, side.model, ("sample_id",)).to_pylist():
        found.setdefault((row["task"], row["sample_id"]), set()).add(
            (row["task"], row["sample_digest"], row["occurrence"])
        )
    return found


def _what(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    first, second = _messages(before), _messages(after)
    if not first or not second:
        return "content"
    if [one.words for one in first] != [one.words for one in second]:
        return "prompt"
    shown = [[image.digest for one in side for image in one.images] for side in (first, second)]
    return "picture" if shown[0] != shown[1] else "content (options, functions or fields)"


def _messages(said: Mapping[str, object]) -> tuple[Message, ...]:
    prompt = said.get("prompt")
    return tuple(one for one in prompt if isinstance(one, Message)) if isinstance(prompt, tuple | list) else ()
