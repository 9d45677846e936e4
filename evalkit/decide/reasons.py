"""Why a rule decides nothing, in the words that the warnings before a run and the gate after it share."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.facts import is_replayed

STORED_BASELINE = (
    "a stored baseline was measured at another time, under another load: limit the candidate's own time (max_s), or "
    "name a baseline that runs beside it"
)
RECORDED = (
    "recorded times were taken in production, under another load: limit the candidate's own time (max_s), or, where "
    "one harness took the times of both sides, say so of both: times: {measured_by: NAME}"
)
NO_DECLARED_LOAD = "times compare only at one declared load: write run: {in_flight: 8} into the suite and run it again"
GIVE_PRICE = "give the model a price (prices.yaml beside the suite, or --prices FILE), or name one with price_as"
IDLE_LABELS = "labels: random changes nothing here: no judge scores the answers that the rule is about"
EVERY_ITEM = (
    "foretells nothing for {rules}, which see every item: a fail may come earlier by it, a pass may not. A gate of its "
    "own for {rules} lets the others save items"
)
"""What `history` is worth beside rules that use none."""
FAILS_ALONE = "fails alone, not after correcting for"
"""Begins the note of a finding that is open although its own interval lies beyond the limit."""


def recorded_ratio(*sides: Mapping[str, object] | None) -> str | None:
    """Why times make no ratio, where those of a side were recorded; None where they do, or none were.

    `sides`: what the adapter of each model says of itself. Recorded times are compared where both sides name one
    harness that took them, and one load or none.
    """
    told = [side or {} for side in sides]
    if not any(map(is_replayed, told)):
        return None
    first = told[0]
    alike = all(
        side.get("times_measured_by") is not None
        and all(side.get(key) == first.get(key) for key in ("replayed", "times_measured_by", "times_in_flight"))
        for side in told
    )
    return None if alike else RECORDED
