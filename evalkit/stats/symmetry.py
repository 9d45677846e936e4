"""McNemar's exact test (1947): could chance alone have made as many items change sides one way rather than the other?

    mcnemar(12, 5)        # 0.143: items gained and lost

It asks "is there any difference at all?", which is what a comparison shows. A gate asks about a margin instead, and
never takes a large p-value for equality.
"""

from __future__ import annotations

import math


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided exact p-value; 1.0 where nothing changed sides. Raises ValueError for negative counts."""
    if wins < 0 or losses < 0:
        raise ValueError(f"wins and losses are counts of items, not {wins} and {losses}")
    n, fewer = wins + losses, min(wins, losses)
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(fewer + 1)]
    tail = math.fsum(math.exp(value - n * math.log(2)) for value in logs)
    return min(1.0, 2 * tail)
