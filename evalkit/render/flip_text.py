"""How many items changed sides between two models, in words: one sentence on every page.

flips_text(versus.flips)    ->  "0 items went right → wrong, 1 wrong → right; of the others 9 scored lower, 2 higher"
"""

from __future__ import annotations

from evalkit.results.flips import Flips
from evalkit.text import numbers


def flips_text(flips: Flips) -> str:
    """How many items changed sides, and how many scored otherwise without."""
    turned = f"{numbers.plural(flips.n_lost, 'item')} went right → wrong, {numbers.count(flips.n_won)} wrong → right"
    return turned + _otherwise(flips.n_lower, flips.n_higher)


def lost_and_won(n_lost: int, n_won: int, n_lower: int, n_higher: int) -> str:
    """The same in the words of a title."""
    return f"{numbers.plural(n_lost, 'item')} lost, {n_won:,} won" + _otherwise(n_lower, n_higher)


def _otherwise(n_lower: int, n_higher: int) -> str:
    """Empty where no score differs but by a change of sides."""
    if not n_lower and not n_higher:
        return ""
    return f"; of the others {numbers.count(n_lower)} scored lower, {numbers.count(n_higher)} higher"
