"""Why a rule decides nothing, in the words that the warnings before a run and the gate after it share."""

from __future__ import annotations

STORED_BASELINE = (
    "a stored baseline was measured at another time, under another load: limit the candidate's own time (max_s), or "
    "name a baseline that runs beside it"
)
RECORDED = "recorded times were taken in production, under another load: limit the candidate's own time (max_s)"
NO_DECLARED_LOAD = "times compare only at one declared load: write run: {in_flight: 8} into the suite and run it again"
GIVE_PRICE = "give the model a price (prices.yaml beside the suite, or --prices FILE), or name one with price_as"
IDLE_LABELS = "labels: random changes nothing here: no judge scores the answers that the rule is about"
