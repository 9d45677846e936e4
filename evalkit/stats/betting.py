"""A bound that holds at any number of items and for any scores: somebody who bets against the null grows rich if it is
false, and cannot if it is true (Waudby-Smith & Ramdas 2020, 2024).

    bets = Bets(1, 1000, -0.02, 0.05, least=-1.2)       # the mean over 1,000 items is at most -.02, says the null
    bets.take(np.array([0.4]))                          # one item more: its difference, less what was predicted
    bets.rich                                           # bool[R]: shown, with an error of at most alpha, proved

Without replacement (`n_items`): the items left have to make up the mean that the null says, so its mean of the next
item is known. With replacement (`n_items` None) it is `where` itself. Twelve fixed shares of the largest bet, and the
mean of their fortunes. Dear: some 20 points of power, or half as many items saved; in return nothing is asymptotic.
"""

from __future__ import annotations

import numpy as np

from evalkit.stats.scores import Floats

SHARES = np.geomspace(0.01, 0.95, 12)
"""Of the largest bet that cannot ruin."""
_ENOUGH = 1e100
"""Nobody has to be richer; whoever gives the rest away is no nearer to a wrong verdict."""


class Bets:
    """R players side by side, each against "the mean is at most `where`"."""

    def __init__(self, n_players: int, n_items: int | None, where: float, alpha: float, least: float) -> None:
        """`least`: no residual lies below it. Raises ValueError where the null allows nothing else."""
        if least >= where:
            raise ValueError(f"a mean of at most {where} is impossible where nothing lies below {least}")
        self._n_items, self._where, self._least = n_items, where, least
        self._enough = 1 / alpha
        self._sum: Floats = np.zeros(n_players)
        self._n = 0
        self._fortune: Floats = np.ones((n_players, SHARES.size))
        self.rich = np.zeros(n_players, dtype=bool)
        """Whether the null is rejected: once rich, always."""

    def take(self, residual: Floats) -> None:
        """One further item of each player: float64[R]."""
        if self._n_items is None:
            mean = np.full_like(self._sum, self._where)
        else:
            mean = (self._n_items * self._where - self._sum) / (self._n_items - self._n)
        self.rich |= mean < self._least - 1e-9  # the items left cannot be so bad; all of them at the least can
        room = np.maximum(mean - self._least, 1e-6)
        bet = SHARES / room[:, None]
        self._fortune *= np.maximum(1 + bet * (residual - mean)[:, None], 0.0)
        np.minimum(self._fortune, _ENOUGH, out=self._fortune)
        self._sum = self._sum + residual
        self._n += 1
        self.rich |= self._fortune.mean(axis=1) >= self._enough
