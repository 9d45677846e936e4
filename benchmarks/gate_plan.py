"""Whether `evalkit power` and `plan --earlier` keep what they promise: promised and achieved power to pass, by set.

    python -m benchmarks.gate_plan --data ../shared/data --draws 400

A plan is made from stored answers for a candidate that is truly equal, at a wanted power of .8. Achieved: the share of
`draws` new runs of that size which the gate's own test passes. *Same items*: both draw from all stored items. *Half*:
the plan sees a random half of the items, and the runs are drawn from all: it also errs by what the half did not show.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
from pathlib import Path

import numpy as np

from benchmarks.gate_draws import Floats
from benchmarks.gate_history_data import sets
from evalkit.stats.resampling import StoredPair
from evalkit.stats.sample_size import WantedPower, pass_chance, smallest

SEED = 20261129
_NEAR = 0.08  # of the two means: nobody plans a swap for a far worse model


def mcpmark(data: Path) -> list[Floats]:
    """float64[127, 4] for each model with four runs."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    with gzip.open(data / "mcpmark" / "runs.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            scores.setdefault(row["model"], {}).setdefault(row["task"], {})[row["run"]] = float(row["success"])
    whole = [by for by in scores.values() if all(len(runs) == 4 for runs in by.values())]
    return [np.array([[by[task][run] for run in sorted(by[task])] for task in sorted(by)]) for by in whole]


def pairs_of(models: list[Floats], n: int, rng: np.random.Generator) -> list[StoredPair]:
    """Random ordered pairs whose means lie near each other."""
    means = [float(model.mean()) for model in models]
    near = [
        (i, j)
        for i in range(len(models))
        for j in range(len(models))
        if i != j and abs(means[i] - means[j]) <= _NEAR and 0.1 < means[i] < 0.98
    ]
    return [StoredPair(models[i], models[j]) for i, j in (near[k] for k in rng.permutation(len(near))[:n])]


def half_of(stored: StoredPair, rng: np.random.Generator) -> StoredPair:
    """A random half of the items."""
    places = rng.permutation(len(stored.baseline))[: len(stored.baseline) // 2]
    return StoredPair(stored.baseline[places], stored.candidate[places])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("EVALKIT_TEST_DATA", "../shared/data")))
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--only", nargs="*", help="Sets.")
    given = parser.parse_args()
    rng = np.random.default_rng(SEED)
    all_sets = sets(given.data)
    once = {name: [row[:, None] for row in all_sets[name]] for name in ("routerbench_arc_challenge", "zeroeval_gsm")}
    found: dict[str, tuple[list[Floats], tuple[int, ...]]] = {"mcpmark": (mcpmark(given.data), (1, 2, 4))}
    found |= {name: (models, (1,)) for name, models in once.items()}
    print(f"seed {SEED}, {given.pairs} pairs, {given.draws} draws; power: mean promised, mean achieved, worst gap")
    for name, (models, repeats) in found.items():
        if given.only and name not in given.only:
            continue
        pairs = pairs_of(models, given.pairs, rng)
        for k in repeats:
            rows: dict[str, list[tuple[float, float]]] = {"same items": [], "half": []}
            within = {"same items": 0, "half": 0}
            items = []
            for place, stored in enumerate(pairs):
                question = WantedPower(0.05 if name == "mcpmark" else 0.03)
                for kind, seen in (("same items", stored), ("half", half_of(stored, rng))):
                    mix = smallest(seen, question, k, seed=SEED + place, draws=2 * given.draws)
                    if mix is None:
                        continue
                    got = pass_chance(stored, question, mix.items, k, draws=given.draws, seed=place)
                    if got is not None:
                        rows[kind].append((mix.passes, got))
                        within[kind] += mix.passes_low - 0.03 <= got <= mix.passes_high + 0.03
                        items += [mix.items] if kind == "same items" else []
            told = []
            for kind, values in rows.items():
                if values:
                    promised, achieved = np.array(values).T
                    gap = float(np.abs(achieved - promised).max())
                    told.append(
                        f"{kind} {promised.mean():.3f} {achieved.mean():.3f} {gap:.3f}, in the stated range "
                        f"{within[kind]} of {len(values)}"
                    )
            print(f"{name} x {k} answers, {min(items)} to {max(items)} items: " + "; ".join(told), flush=True)


if __name__ == "__main__":
    main()
