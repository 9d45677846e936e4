"""Boundaries for looking several times: how far a running statistic must have come at each look.

In large samples the statistic times the root of its information is a Brownian motion B with variance t, so the chance
of crossing a boundary is an integral that is carried from look to look (Armitage, McPherson & Rowe 1969; Lan & DeMets
1983). Boundaries here are values of B; all are one-sided.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from evalkit.stats.scores import Floats
from evalkit.stats.tango import normal_quantile

Times = tuple[float, ...]
"""Information at each look, rising."""

_NODES = 160
_SPAN = 7.0  # standard deviations below zero that the integral reaches


def spent(t: float, alpha: float, gamma: float) -> float:
    """Error spent up to the share t (Hwang, Shih & DeCani 1990); gamma < 0 saves it for late looks."""
    return alpha * math.expm1(-gamma * t) / math.expm1(-gamma)


@lru_cache(maxsize=64)
def spending_boundary(times: Times, spending: tuple[float, ...]) -> tuple[float, ...]:
    """The boundary whose chance of having been crossed by each look is `spending` (rising, in (0, 1))."""
    law = _Law()
    edges = []
    done = 0.0
    for t, until in zip(times, spending, strict=True):
        edge = law.edge_of(t, until - done)
        edges.append(edge)
        done += law.crossing(t, edge)
        law.step(t, edge)
    return tuple(edges)


@lru_cache(maxsize=64)
def curtailment_boundary(times: Times, alpha: float, certainty: float) -> tuple[float, ...]:
    """Stop when the final verdict is all but certain: c + z_certainty × sqrt(1 - t), with c such that alpha is spent.

    Stochastic curtailment (Lan, Simon & Halperin 1982), calibrated; `times` end at 1.
    """
    z = normal_quantile(certainty)

    def edges(c: float) -> list[float]:
        return [c + z * math.sqrt(max(1 - t, 0.0)) for t in times]

    low, high = normal_quantile(1 - alpha) - 0.5, normal_quantile(1 - alpha) + 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        law, total = _Law(), 0.0
        for t, edge in zip(times, edges(middle), strict=True):
            total += law.crossing(t, edge)
            law.step(t, edge)
        low, high = (middle, high) if total > alpha else (low, middle)
    return tuple(edges(high))


class _Law:
    """Where the motion is among the paths that have not crossed yet."""

    def __init__(self) -> None:
        self.t = 0.0
        self.at: Floats = np.zeros(1)
        self.mass: Floats = np.ones(1)

    def crossing(self, t: float, edge: float) -> float:
        """Chance to be beyond `edge` at time t without having crossed before."""
        return float(self.mass @ _tails((edge - self.at) / math.sqrt(t - self.t)))

    def edge_of(self, t: float, chance: float) -> float:
        """The edge that is crossed at time t with this chance: by Newton's method on its logarithm, which is nearly a
        parabola, within a bracket that is halved where a step would leave it."""
        low, high = -_SPAN * math.sqrt(t), 40.0 * math.sqrt(t)
        sd = math.sqrt(t - self.t)
        edge = (low + high) / 2
        for _ in range(60):
            crossed = self.crossing(t, edge)
            low, high = (edge, high) if crossed > chance else (low, edge)
            density = float(self.mass @ np.exp(-(((edge - self.at) / sd) ** 2) / 2)) / (sd * math.sqrt(2 * math.pi))
            ahead = (low + high) / 2
            if min(crossed, chance, density) > 1e-300:
                newton = edge + crossed * math.log(crossed / chance) / density
                if abs(newton - edge) <= 1e-15 * max(1.0, abs(edge)):
                    return newton
                ahead = newton if low < newton < high else ahead
            edge = ahead
        return high

    def step(self, t: float, edge: float) -> None:
        """Go on to time t with the paths below `edge`."""
        sd = math.sqrt(t - self.t)
        bottom = min(-_SPAN * math.sqrt(t), edge - sd)
        nodes, weights = _gauss()
        at = bottom + (edge - bottom) * (nodes + 1) / 2
        density = np.exp(-(((at[:, None] - self.at) / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
        self.mass = (density @ self.mass) * weights * (edge - bottom) / 2
        self.at, self.t = at, t


@lru_cache(maxsize=1)
def _gauss() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return np.asarray(nodes), np.asarray(weights)


def _tails(z: Floats) -> Floats:
    return np.array([0.5 * math.erfc(x / math.sqrt(2)) for x in z])
