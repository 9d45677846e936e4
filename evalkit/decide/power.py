"""Before anything is paid for: what could this gate see with these items?

    for look in foresee(gate, {"refunds": 400}):       # items of each task; `all` is their sum
        look.rule, look.n, look.smallest_regression, look.n_needed

Right/wrong scores are supposed, of items that are independent but for copies and weights: clusters of the suite,
repeats and graded scores need more. How often two
models differ is supposed too, unless an earlier run says.

And afterwards: what more items would cost, where a gate has not enough evidence.

usd_of_more(store, decision, "qwen", "refunds", 1200)     # 3.4: both models' answers to 1,200 more items of that task

At the mean cost of the answers that are there. Judges are not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.decide.decision import GateDecision
from evalkit.decide.rules import conditions
from evalkit.errors import StoreError
from evalkit.facts import ModelSummary
from evalkit.results.reader import ResultsReader
from evalkit.stats.copies import HEAVY
from evalkit.stats.power import POWER, Needs, floor_sight, power_of, smallest_regression
from evalkit.suite.schema import GateEntry

LABELLED = 100
"""Pairs that are taken to be labelled where a rule has `labels: random`: the labels are of answers yet to come."""
DISCORDANCE = 0.1
"""Share of items on which two equally good models are taken to differ: between a quantisation (a few per cent) and
another vendor's model (a quarter)."""


@dataclass(frozen=True, slots=True)
class PowerForecast:
    """What one quality rule can see."""

    rule: str
    """Its key."""
    words: str
    """What it is about and its limit, as text shows them."""
    margin: float
    n: int
    """Items the rule is about; 0 for a slice, whose size is known only from the data."""
    effective: float
    """Independent items of equal weight that would tell as much: n where none is a copy or weighted."""
    discordance: float
    smallest_regression: float | None
    """The smallest loss in score that fails with 80 % power; None: not even a total collapse would, or
    it was not looked for."""
    chance_equal_passes: float | None
    """Chance that an equally good candidate passes; None where n is 0."""
    n_needed: int | None
    """Items with which an equally good candidate passes with 80 % power; None: no number would do (margin 0)."""
    power: float = POWER
    labelled: int | None = None
    """Pairs that people are supposed to have labelled, where a rule has `labels: random`: they decide, and `n_needed`
    counts them. None: all items decide."""


def _needed(independent: int | None, n: int, tells: float) -> int | None:
    """Items of the same kind that tell as much as so many independent ones; None where one item is most of the data,
    so that more of the others would not do."""
    if independent is None or tells >= n:
        return independent
    return None if tells < 1 / HEAVY**2 else math.ceil(independent * n / tells)


def forecast_power(
    gate: GateEntry,
    items: Mapping[str, int],
    discordance: float = DISCORDANCE,
    alpha: float | None = None,
    effective: Mapping[str, float] | None = None,
    *,
    losses: bool = True,
) -> Iterator[PowerForecast]:
    """One line for each quality rule; `items`: number of each task, or of `task/slice=value` where that is known.
    `effective`: for each of them, and for `all`, how many independent items of equal weight would tell as much (copies,
    weights); None: as many as there are. Without `losses` no `smallest_regression` is looked for, which takes a second
    for thousands of items.

    `suite` scope needs no power: at the full suite it is arithmetic, and it is left out. Where people's labels correct
    a judge, labelled pairs are supposed to tell what they tell alone: a judge that agrees with people adds to them.
    """
    level = gate.alpha if alpha is None else alpha
    known = {**items, "all": sum(n for name, n in items.items() if "/" not in name)}
    for rule in gate.rules:
        for condition in conditions(rule):
            if not condition.is_margin or condition.scope == "suite":
                continue
            n, margin = known.get(condition.subject, 0), condition.at
            tells = min(float(n), (effective or {}).get(condition.subject, float(n)))
            labelled = min(LABELLED, n) if getattr(rule, "labels", None) and n else None
            tells = tells if labelled is None else min(tells, float(labelled))
            alike = max(1, math.floor(tells + 1e-6))
            needed = Needs(sd=discordance**0.5).total(0.0, margin, level) if margin else None
            yield PowerForecast(
                rule=condition.name,
                words=condition.words,
                margin=margin,
                n=n,
                effective=tells,
                discordance=discordance,
                smallest_regression=smallest_regression(alike, margin, level, discordance) if n and losses else None,
                chance_equal_passes=power_of(alike, 0.0, margin, level, discordance).passing if n else None,
                n_needed=needed if labelled else _needed(needed, n, tells),
                labelled=labelled,
            )


@dataclass(frozen=True, slots=True)
class FloorForecast:
    """What a rule about the candidate alone can see: a least score (`min`), or a largest rate (`max_rate`)."""

    rule: str
    limit: float
    is_rate: bool
    """Whether less is better."""
    n: int
    """Items the rule is about; 0 for a slice, whose size is known only from the data."""
    effective: float
    passes_from: float | None
    """The least true score, or the largest true rate, that passes with 80 % power; None: none would, so few are they,
    or n is 0."""
    fails_at: float | None
    """The largest true score, or the least true rate, that fails with 80 % power; None likewise."""
    power: float = POWER


def forecast_floors(
    gate: GateEntry, items: Mapping[str, int], effective: Mapping[str, float] | None = None
) -> Iterator[FloorForecast]:
    """One line for each rule about a least score or a largest rate; arguments as in `forecast_power`. Right/wrong
    answers are supposed. `suite` scope is arithmetic and left out."""
    known = {**items, "all": sum(n for name, n in items.items() if "/" not in name)}
    for rule in gate.rules:
        for condition in conditions(rule):
            if condition.limit not in {"min", "max_rate"} or condition.scope == "suite":
                continue
            is_rate = condition.limit == "max_rate"
            subject = "all" if is_rate else condition.subject
            n = known.get(subject, 0)
            tells = min(float(n), (effective or {}).get(subject, float(n)))
            if getattr(rule, "labels", None) is not None:
                tells = min(tells, float(LABELLED))
            ends: tuple[float | None, float | None] = (None, None)
            if n:
                floor = 1 - condition.at if is_rate else condition.at
                ends = floor_sight(max(1, math.floor(tells + 1e-6)), floor, gate.alpha)
            passes, fails = (1 - end if is_rate and end is not None else end for end in ends)
            yield FloorForecast(condition.name, condition.at, is_rate, n, tells, passes, fails)


def usd_of_more(store: ResultsReader, decision: GateDecision, candidate: str, subject: str, n: int) -> float | None:
    """US dollars for `n` more items of a subject (all, a task, or task/slice), asked of both sides as often as the run
    asks each; None where a price is unknown or a side's run is not in this folder."""
    sides = [(decision.run, candidate)]
    if decision.baseline is not None:
        sides.append((decision.baseline_run or decision.run, decision.baseline))
    total = 0.0
    for run, model in sides:
        try:
            found, repeats = store.summary(run).models.get(model), store.facts(run).repeats or 1
        except StoreError:
            return None
        each = None if found is None else _usd_each(found, subject)
        if each is None:
            return None
        total += n * repeats * each
    return total


def _usd_each(model: ModelSummary, subject: str) -> float | None:
    cell = model.tasks.get(subject) or model.tasks.get(subject.partition("/")[0]) or model.all
    cost = cell.cost.usd_per_1k_samples
    return None if cost is None else cost / 1000
