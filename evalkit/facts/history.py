"""Which stored answers of older models helped a gate: frozen before the random order was drawn from their digest."""

from __future__ import annotations

from evalkit.facts.base import Count, Float, Instant, Int, StoredRecord, Texts


class OlderModelFacts(StoredRecord):
    """A stored model that was looked at."""

    run: str
    """Name of the run folder."""
    model: str
    """The suite's name of the model there."""
    baseline: str | None = None
    """The promoted baseline that named it (`baseline@NAME`). None: found among the results, or named as a run."""
    rows_digest: str
    """Of its rows, as `baseline promote` writes it."""
    n: Count
    """Items of the suite that it has a score for."""
    mean: Float | None = None
    """Its mean score over them. None: none."""
    is_baseline: bool = False
    """Whether it stands for the gate's baseline: its answers are the first predictor."""
    left_out: str | None = None
    """Why it predicts nothing here. None: it helped."""


class HistoryFacts(StoredRecord):
    """`history` of run.json."""

    asked: Texts
    """What the gate said: auto, or runs."""
    models: tuple[OlderModelFacts, ...] = ()
    digest: str | None = None
    """`sha256:` and the digest of history.json. None: no stored model helped, and `why` says why not."""
    seed: Int | None = None
    """Of the random order in which items were asked; follows from the digest. None: nothing was frozen."""
    frozen_at: Instant | None = None
    """UTC, ISO 8601."""
    ratio: Float | None = None
    """Share of the difference's variance that predictions were expected to leave. None: nothing was frozen."""
    why: str | None = None
    """Why history was not used. None: it was."""
