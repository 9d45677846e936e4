"""The same question with its options in several orders, so that a liking for a position shows.

    orders(("w", "x", "y", "z"), "3f..", PermuteEntry(n=4))
    # [(0, 1, 2, 3), (2, 0, 3, 1), (3, 2, 1, 0), (1, 3, 0, 2)]        places in the text as written

The first order is the one that the data has. As many orders as there are options put every option once in every place
(a Latin square: places are shuffled by the record's digest and then moved on one by one), so a model that always says
"A" scores exactly 1/n. More orders than options begin further squares; no order comes twice.

How far a task's quality moves with the order is what `permute` was asked for:

    spreads({"option_order=1": {...}, "gold_position=A": {...}, ...})
    # {"option_order": {"low": 0.61, "low_at": "3", "high": 0.64, "high_at": "1", "n": 4},
    #  "gold_position": {"low": 0.44, "low_at": "D", "high": 0.83, "high_at": "A", "n": 4}}

A model that reads its options scores alike in every order and wherever the right one stands. The range of n means is
not zero by chance alone: the intervals of the slices say how much of it is noise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import factorial
from string import ascii_uppercase
from typing import TYPE_CHECKING

from evalkit.late import late

if TYPE_CHECKING:
    from evalkit.facts.summary import SliceFigures, SpreadOverOrders
    from evalkit.suite.prompts import BadRecord
    from evalkit.suite.schema import PermuteEntry

ORDER = "option_order"
"""The slice that says in which of the orders a sample was asked: 1 is as written."""
GOLD = "gold_position"
"""The slice that says by which letter (a number where there are more than 26) the right option stood."""
SLICES = (ORDER, GOLD)
_REFERS = late(
    r"(?i:\b(?:all|none|both|neither|either|any|each|some|two) of the (?:above|below|preceding|foregoing|previous)\b)"
    r"|(?i:\bthe (?:above|preceding|foregoing|previous) (?:options?|answers?|choices?|statements?)\b)"
    r"|(?<![\w.'])\(?[A-J]\)?,? (?:and|or|nor|&) \(?[A-J]\)?(?![\w'])"
)


def orders(choices: tuple[str, ...], identity: str, wanted: PermuteEntry) -> list[tuple[int, ...]]:
    """The orders in which a record is asked, each a permutation of the places, no two of them reading alike.

    Raises BadRecord where the options have fewer distinct orders than are wanted, or are their own letters.
    """
    n = len(choices)
    if (most := n_distinct(choices)) < wanted.n:
        raise _bad(f"{n} options have only {most} distinct orders; {wanted.n} are asked for")
    if tuple(choice.strip() for choice in choices) == tuple(ascii_uppercase[:n]):
        raise _bad(f"the options {', '.join(choices)} are letters that stand for texts elsewhere; give their texts")
    found: dict[tuple[str, ...], tuple[int, ...]] = {}
    moved = _shuffled(n, f"{wanted.seed}\0{identity}\0places")
    for start in _starts(n, f"{wanted.seed}\0{identity}"):
        for by in range(n):
            order = tuple(start[place] for place in _moved_on(moved, by))
            found.setdefault(tuple(choices[place] for place in order), order)
            if len(found) == wanted.n:
                return list(found.values())
    raise AssertionError("unreachable: there are infinitely many starts")


def n_distinct(choices: tuple[str, ...]) -> int:
    """In how many orders the texts can stand that read differently."""
    n = factorial(len(choices))
    for times in Counter(choices).values():
        n //= factorial(times)
    return n


def refers_to_others(choices: tuple[str, ...]) -> bool:
    """Whether an option speaks of others by place or letter ("none of the above", "both A and B")."""
    return any(_REFERS.search(choice[:400]) for choice in choices)


def _starts(n: int, seed: str) -> Iterator[tuple[int, ...]]:
    """As written, then shuffles without end: each begins a square of its own."""
    yield tuple(range(n))
    number = 0
    while True:
        number += 1
        yield _shuffled(n, f"{seed}\0{number}")


def _moved_on(places: tuple[int, ...], by: int) -> tuple[int, ...]:
    """Every place moved on by so many steps along the shuffled ring of places."""
    rank = {place: i for i, place in enumerate(places)}
    return tuple(places[(rank[place] + by) % len(places)] for place in range(len(places)))


def _shuffled(n: int, seed: str) -> tuple[int, ...]:
    """The places in an order that depends on the seed alone, the same on every machine and under every Python."""
    return tuple(sorted(range(n), key=lambda place: sha256(f"{seed}\0{place}".encode()).digest()))


POSITIONS = ("option_order", "gold_position")
"""Slices that `permute` gives every row (evalkit.suite.orders)."""


def _bad(what: str) -> BadRecord:
    from evalkit.suite.prompts import BadRecord  # here: who sums up a run reads no prompts

    return BadRecord("permute", what)


def spreads(slices: Mapping[str, SliceFigures]) -> dict[str, SpreadOverOrders]:
    """The lowest and highest mean over the values of each slice of `permute`, and where they are; empty without it.

    A value under which nothing is scored yet is left out; so is a slice with fewer than two others.
    """
    from evalkit.facts.summary import SpreadOverOrders

    found: dict[str, SpreadOverOrders] = {}
    for name in POSITIONS:
        means = {
            key.removeprefix(f"{name}="): block.quality.mean
            for key, block in slices.items()
            if key.startswith(f"{name}=") and block.quality.mean is not None
        }
        if len(means) < 2:
            continue
        low, high = min(means, key=lambda at: means[at]), max(means, key=lambda at: means[at])
        found[name] = SpreadOverOrders(low=means[low], low_at=low, high=means[high], high_at=high, n=len(means))
    return found
