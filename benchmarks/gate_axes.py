"""Quality, cost and latency rules at once on real agents: how often each passes wrongly, at its limit.

    python -m benchmarks.gate_axes --draws 100

Of the stored MCPMark run (39 agents, 127 tasks, 4 runs each), 60 ordered pairs of models are fixed by the seed. For
each pair and each axis 127 tasks are drawn with replacement, all four runs of each, so that the axis lies exactly at
its limit: quality by weights under which the candidate is 5 points worse (empirical likelihood, `stats.resampling`),
cost and median time by taking the ratio of the pair itself as the limit. All three rules are decided on each draw, the
other two at limits that the pair keeps (1.5 times its own ratio, its own difference less 5 points). Counted: the rule
at its limit passes, or fails; the gate passes (every rule does).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.gate_draws import Floats, Rates
from benchmarks.gate_goals import Goal, with_noise
from evalkit.results.pairing import pair
from evalkit.results.pairs import Pairs
from evalkit.stats import decide, decide_cost, decide_quantile
from evalkit.stats.resampling import Population, StoredPair
from evalkit.stats.verdict import Verdict
from evalkit.store import table as stored

SEED = 20261129
MARGIN = 0.05
RESULTS = Path(__file__).parents[1] / "results"
AXES = ("quality", "cost", "latency p50")


@dataclass(frozen=True)
class Agents:
    """Two models' runs: float64[127, 4] each; dollars and seconds."""

    score: tuple[Floats, Floats]
    usd: tuple[Floats, Floats]
    seconds: tuple[Floats, Floats]

    @classmethod
    def of(cls, pairs: Pairs) -> Agents | None:
        """None where some figure is missing."""
        order = np.lexsort((pairs.repeat, pairs.item))
        halves = (pairs.baseline, pairs.candidate)

        def matrix(name: str) -> tuple[Floats, Floats]:
            both = [np.asarray(getattr(half, name))[order].reshape(127, 4) for half in halves]
            return both[0], both[1]

        found = cls(matrix("score"), matrix("cost_usd"), matrix("total_s"))
        whole = not any(np.isnan(side).any() for both in (found.score, found.usd, found.seconds) for side in both)
        return found if whole else None


def fixed_pairs(folder: Path, n: int, rng: np.random.Generator) -> list[tuple[str, str, Agents]]:
    """The first n ordered pairs of a fixed order whose figures are all known and that answer some tasks."""
    from evalkit.results import read_facts

    rows = {name: stored.model_rows(folder, name) for name in read_facts(folder).models or {}}
    names = [name for name, table in rows.items() if table.num_rows == 508]
    ordered = [(a, b) for a in names for b in names if a != b]
    found = []
    for place in rng.permutation(len(ordered)):
        first, second = ordered[place]
        agents = Agents.of(pair(rows[first], rows[second]))
        if agents is not None and min(side.mean() for side in agents.score) >= 0.1:
            found.append((first, second, agents))
        if len(found) == n:
            break
    return found


def verdicts(
    agents: Agents, tasks: np.ndarray, limits: dict[str, float], axes: tuple[str, ...] = AXES
) -> dict[str, Verdict]:
    """These rules (all three) on these tasks with all their runs; a task that was drawn twice is two tasks."""
    item = np.repeat(np.arange(len(tasks)), 4)
    base, cand = (side[tasks].ravel() for side in agents.score)
    b_usd, c_usd = (side[tasks].ravel() for side in agents.usd)
    b_s, c_s = (side[tasks].ravel() for side in agents.seconds)
    rules: dict[str, Callable[[], Verdict]] = {
        "quality": lambda: decide(base, cand, limits["quality"], items=item),
        "cost": lambda: decide_cost(b_usd, c_usd, max_ratio=limits["cost"], items=item),
        "latency p50": lambda: decide_quantile(b_s, c_s, 0.5, max_ratio=limits["latency p50"], items=item),
    }
    return {axis: rules[axis]() for axis in axes}


def at_its_limit(agents: Agents, axis: str) -> tuple[dict[str, float], Floats | None] | None:
    """Limits of the three rules, the axis' exactly at the truth, and the chances of the tasks (None: equal ones).

    None: no task lies on the other side, so no weights make the candidate 5 points worse.
    """
    own = {
        "quality": float(agents.score[1].mean() - agents.score[0].mean()),
        "cost": float(agents.usd[1].mean() / agents.usd[0].mean()),
        "latency p50": float(np.quantile(agents.seconds[1], 0.5) / np.quantile(agents.seconds[0], 0.5)),
    }
    limits = {"quality": MARGIN + max(0.0, -own["quality"]), "cost": 1.5 * own["cost"]}
    limits["latency p50"] = 1.5 * own["latency p50"]
    if axis != "quality":
        return {**limits, axis: own[axis]}, None
    worse = Population.of(StoredPair(*agents.score), 4, -MARGIN)
    return None if worse is None else ({**limits, "quality": MARGIN}, worse.chances)


def axes(reps: int, results: Path = RESULTS, n_pairs: int = 60) -> list[Goal]:
    """The table; of 2,000 draws a cell each pair and axis gets 60."""
    draws = max(1, reps // 33)
    rng = np.random.default_rng(SEED)
    found = fixed_pairs(next(results.glob("mcpmark-*")), n_pairs, rng)
    passed = {axis: Rates() for axis in AXES}
    failed = {axis: Rates() for axis in AXES}
    gates = {axis: Rates() for axis in AXES}
    for _, _, agents in found:
        for axis in AXES:
            at_limit = at_its_limit(agents, axis)
            if at_limit is None:
                continue
            limits, chances = at_limit
            counts = np.zeros(3)
            for _ in range(draws):
                at = verdicts(agents, rng.choice(127, 127, p=chances), limits)
                every = all(verdict is Verdict.PASS for verdict in at.values())
                counts += (at[axis] is Verdict.PASS, at[axis] is Verdict.FAIL, every)
            for rates, count in zip((passed, failed, gates), counts, strict=True):
                rates[axis].add(float(count) / draws)
    print(f"\nthree axes, seed {SEED}, {len(found)} ordered pairs, {draws} draws a pair; mean / worst pair")
    for axis in AXES:
        print(f"{axis} at its limit: rule passes {passed[axis]}, rule fails {failed[axis]}, gate passes {gates[axis]}")
    drawn = draws * len(found)
    return [
        Goal(f"three axes: {axis} at its limit, gate passes, mean of pairs", 0.05, gates[axis].mean,
             allowed=with_noise(0.05, drawn, 3))
        for axis in AXES
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=60)
    given = parser.parse_args()
    axes(33 * given.draws, given.results, given.pairs)


if __name__ == "__main__":
    main()
