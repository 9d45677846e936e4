"""How a run was looked at, and stopped, before every answer was there (`run --gate`)."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.facts.base import Bool, Count, Int, StoredRecord


class StoppedCandidate(StoredRecord):
    """A candidate whose verdict was settled before its last item."""

    n_used: Count
    """Items that the verdict rests on, in the random order."""
    n_items: Count
    """Items of the whole suite."""
    items_digest: str
    """Of the items used, in their order: a stored run that lacks one of them is not judged."""
    verdict: str
    """pass or fail."""


class StopFacts(StoredRecord):
    """`stopped_early` of run.json."""

    seed: Int
    """Of the random order in which items were asked."""
    counts: Mapping[str, Int] | None = None
    """Items of each subject of a quality rule. None: not recorded, so nothing that was stopped can be judged."""
    needs_all: Bool = True
    """Whether a pass could only come at the last item."""
    candidates: Mapping[str, StoppedCandidate] = {}
    """By candidate that was stopped."""
    walked: tuple[str, ...] = ()
    """Candidates that were looked at up to their last item."""
