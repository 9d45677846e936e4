"""How many items a gate that stops early asks the candidate, with the help of older models and without.

    plain = stopping_early(stored, None, question, items=600)        # plain.asked: 0.97 of the items
    helped = stopping_early(stored, older, question, items=600)      # helped.asked: 0.78, helped.passes: 0.80

Suites of so many items are drawn from those of an earlier run, each item with the scores of the baseline, the candidate
and the older models, so that the supposed difference is true; then the gate's own walk about items like these (`save`
with history, `curtail` without: what a suite gets that says nothing) goes over each in a random order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.stats.assisted_looks import Assisted, KnownItems
from evalkit.stats.history import predictors
from evalkit.stats.looks import Sequential, sequential
from evalkit.stats.resampling import Population, StoredPair
from evalkit.stats.sample_size import WantedPower
from evalkit.stats.scores import Floats
from evalkit.stats.verdict import Verdict

DRAWS = 120
"""Walks behind a figure: the mean share of the items is known to .02 then."""


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """What many walks came to."""

    passes: float
    """Share that passes where the supposed difference is true."""
    asked: float
    """Mean share of the suite's items that the candidate is asked."""
    n_draws: int


def stopping_early(
    stored: StoredPair,
    older: Floats | None,
    question: WantedPower,
    items: int,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> EarlyStop | None:
    """`stored`: one answer an item, no clusters, no weights; `older`: float64[K, I], None: without history.

    None where such a gate does not stop early: graded scores without history, or a difference that no weights make
    true.
    """
    source = Population.of(stored, 1, question.difference)
    both = (stored.baseline, stored.candidate)
    binary = all(bool(np.isin(side, (0.0, 1.0)).all()) for side in both)
    if source is None or (older is None and not binary):
        return None
    rng = np.random.default_rng([seed, items])
    passed, asked = 0, 0.0
    for _ in range(draws):
        chosen, _ = source.groups.draw(rng, items)
        baseline, candidate = (side[chosen, 0] for side in both)
        gate: Assisted | Sequential
        if older is None:
            gate = sequential(len(chosen), question.margin, question.alpha)
        else:
            known = KnownItems(predictors(baseline, older[:, chosen]), baseline)
            gate = Assisted(known, question.margin, question.alpha, "population", "save", question.tail)
        gate.update(baseline, candidate)
        passed += gate.verdict is Verdict.PASS
        asked += (gate.n_used or gate.n) / gate.n_items
    return EarlyStop(passed / draws, asked / draws, draws)
