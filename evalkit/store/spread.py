"""How far a task's quality moves with the order of its options: what `permute` was asked for.

    spreads({"option_order=1": {...}, "gold_position=A": {...}, ...})
    # {"option_order": {"low": 0.61, "low_at": "3", "high": 0.64, "high_at": "1", "n": 4},
    #  "gold_position": {"low": 0.44, "low_at": "D", "high": 0.83, "high_at": "A", "n": 4}}

A model that reads its options scores alike in every order and wherever the right one stands. The range of n means is
not zero by chance alone: the intervals of the slices say how much of it is noise.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.facts.summary import SliceFigures, SpreadOverOrders

POSITIONS = ("option_order", "gold_position")
"""Slices that `permute` gives every row (evalkit.suite.orders)."""


def spreads(slices: Mapping[str, SliceFigures]) -> dict[str, SpreadOverOrders]:
    """The lowest and highest mean over the values of each slice of `permute`, and where they are; empty without it.

    A value under which nothing is scored yet is left out; so is a slice with fewer than two others.
    """
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
