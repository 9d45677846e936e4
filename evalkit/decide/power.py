"""Before anything is paid for: what could this gate see with these items?

    for look in foresee(gate, {"refunds": 400}):       # items of each task; `all` is their sum
        look.rule, look.n, look.smallest_regression, look.n_needed

Right/wrong scores of independent items are supposed: clusters, repeats and graded scores need more. How often two
models differ is supposed too, unless an earlier run says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.decide.rules import conditions
from evalkit.stats.power import POWER, Needs, power_of, smallest_regression
from evalkit.suite.schema import GateEntry

DISCORDANCE = 0.1
"""Share of items on which two equally good models are taken to differ: between a quantisation (a few per cent) and
another vendor's model (a quarter)."""


@dataclass(frozen=True, slots=True)
class PowerForecast:
    """What one quality rule can see."""

    rule: str
    margin: float
    n: int
    """Items the rule is about; 0 for a slice, whose size is known only from the data."""
    discordance: float
    smallest_regression: float | None
    """The smallest loss in score that fails with 80 % power; None: not even a total collapse would."""
    chance_equal_passes: float | None
    """Chance that an equally good candidate passes; None where n is 0."""
    n_needed: int | None
    """Items with which an equally good candidate passes with 80 % power; None: no number would do (margin 0)."""
    power: float = POWER


def forecast_power(
    gate: GateEntry, items: Mapping[str, int], discordance: float = DISCORDANCE, alpha: float | None = None
) -> Iterator[PowerForecast]:
    """One line for each quality rule; `items`: number of each task, or of `task/slice=value` where that is known.

    `suite` scope needs no power: at the full suite it is arithmetic, and it is left out.
    """
    level = gate.alpha if alpha is None else alpha
    known = {**items, "all": sum(n for name, n in items.items() if "/" not in name)}
    for rule in gate.rules:
        for condition in conditions(rule):
            if not condition.is_margin or condition.scope == "suite":
                continue
            n, margin = known.get(condition.subject, 0), condition.at
            yield PowerForecast(
                rule=condition.name,
                margin=margin,
                n=n,
                discordance=discordance,
                smallest_regression=smallest_regression(n, margin, level, discordance) if n else None,
                chance_equal_passes=power_of(n, 0.0, margin, level, discordance).passing if n else None,
                n_needed=Needs(sd=discordance**0.5).total(0.0, margin, level) if margin else None,
            )
