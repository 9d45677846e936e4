"""Who is said to be behind the leader: errors and power of the rule of `evalkit.stats.best`, beside others.

    uv run python -m benchmarks.leaders [draws]

Each draw is one leaderboard: right/wrong answers of k models to the same items, alone or in clusters, some models
related (their answers move together). Errors: the share of draws in which any of the best models is called behind.
Power: the share of the models that are worse which are called behind. `all pairs` is Bonferroni over every pair (what
the leaderboard did before); `holm` compares with the observed leader at alpha / 2 and forgets that it was chosen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.stats import best
from evalkit.stats.comparison import Counts, p_worse, p_worse_of_counts
from evalkit.stats.multiplicity import holm

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of leaderboard."""

    name: str
    skills: Sequence[float]
    n: int = 200
    clusters: int = 0
    """0: items stand alone."""
    related: float = 0.3
    """Share of the items whose difficulty all models share."""


CELLS = (
    *(Cell(f"{k} equal at {p}", [p] * k) for k in (3, 5, 10) for p in (0.5, 0.9)),
    Cell("10 equal, n 60", [0.7] * 10, n=60),
    Cell("5 equal in 30 clusters", [0.7] * 5, clusters=30),
    Cell("10 equal in 30 clusters", [0.7] * 10, clusters=30),
    Cell("2 equal, 8 a little worse", [0.8] * 2 + [0.77] * 8),
    Cell("1 best, 9 a little worse", [0.8] + [0.78] * 9),
    Cell("3 near, 10 far behind", [0.92, 0.91, 0.90] + [0.4] * 10, n=400),
    Cell("steps of 3 points", [0.9 - 0.03 * i for i in range(10)], n=400),
    Cell("steps of 3 points, 30 far behind", [0.9 - 0.03 * i for i in range(10)] + [0.2] * 30, n=400),
    Cell("steps of 5 points in 40 clusters", [0.8 - 0.05 * i for i in range(10)], n=200, clusters=40),
)


def draw(cell: Cell, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.intp] | None]:
    """Scores (models x items) and the cluster of each item."""
    from scipy.stats import norm

    k = len(cell.skills)
    labels = np.sort(rng.integers(0, cell.clusters, cell.n)) if cell.clusters else None
    shared = rng.standard_normal(cell.n)
    own = rng.standard_normal((k, cell.n))
    kin = rng.standard_normal((2, cell.n))[np.arange(k) % 2]  # two families, whose answers move together
    if labels is not None:
        shared = 0.7 * shared + 0.714 * rng.standard_normal(cell.clusters)[labels]
        own = 0.8 * own + 0.6 * rng.standard_normal((k, cell.clusters))[:, labels]
    hidden = np.sqrt(cell.related) * shared + np.sqrt(0.2) * kin + np.sqrt(0.8 - cell.related) * own
    return (hidden < norm.ppf(cell.skills)[:, None]).astype(np.float64), labels


def rules(scores: Floats, labels: npt.NDArray[np.intp] | None) -> dict[str, list[int]]:
    """Who is behind, by rule."""
    means = scores.mean(axis=1)
    leader = int(means.argmax())
    others = [i for i in range(len(means)) if i != leader]

    def p(i: int, j: int) -> float:
        if labels is not None:
            return p_worse(scores[i], scores[j], labels, tail="smooth")
        wins = int(((scores[i] == 0) & (scores[j] == 1)).sum())
        return p_worse_of_counts(Counts(scores.shape[1], wins, int(((scores[i] == 1) & (scores[j] == 0)).sum())))

    p_values = [p(leader, i) for i in others]

    def covariance(left: list[int]) -> Floats:
        rows = scores[[leader, *(others[i] for i in left)]]
        return best.covariance_of(list((rows - rows.mean(axis=1, keepdims=True)) / scores.shape[1]), labels)

    n_pairs = len(means) * (len(means) - 1)
    adjusted = holm(p_values)
    said: dict[str, Callable[[], list[bool]]] = {
        "all pairs": lambda: [x <= 0.05 / n_pairs for x in p_values],
        "step-down": lambda: best.behind(p_values),
        "step-down, joint": lambda: best.behind(p_values, covariance),
        "holm": lambda: [x is not None and x <= 0.025 for x in adjusted],
    }
    return {name: [i for i, told in zip(others, make(), strict=True) if told] for name, make in said.items()}


def main(draws: int) -> None:
    """Print a table: a line a cell."""
    names = ["all pairs", "step-down", "step-down, joint", "holm"]
    print(f"{'cell':<36}" + "".join(f"{name:>26}" for name in names) + "   error / power")
    for cell in CELLS:
        rng = np.random.default_rng(7)
        top = max(cell.skills)
        first = {i for i, skill in enumerate(cell.skills) if skill == top}
        errors, found = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
        for _ in range(draws):
            for name, behind in rules(*draw(cell, rng)).items():
                errors[name] += bool(first & set(behind))
                found[name] += len(set(behind) - first)
        worse = draws * (len(cell.skills) - len(first))
        power = {name: f"{found[name] / worse:.3f}" if worse else "–" for name in names}
        print(f"{cell.name:<36}" + "".join(f"{errors[n] / draws:>18.3f} / {power[n]}" for n in names), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
