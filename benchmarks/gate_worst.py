"""The worst cells of the gate's calibration with thousands of draws: runs for hours, and goes on where it was stopped.

    nice -n 19 python -m benchmarks.gate_worst --draws 3000 --into worst.jsonl       # again after a stop: it resumes
    python -m benchmarks.gate_worst --draws 3000 --into worst.jsonl --show           # the table of what there is so far

Of each group (`GROUPS`: clusters, latency and bills of part A; three axes and judged rules of part D) every cell is
screened with a few hundred draws. The worst of them are then drawn anew with other seeds, so that a cell that was only
unlucky shows its true rate. A line of the file is one batch: cell, stage, number, draws, passes, fails. A batch's seed
is made of its cell, stage and number, so that a file that was begun anywhere ends the same.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from benchmarks import gate_axes, gate_dependence, gate_judged
from benchmarks.gate_draws import ALPHA, decide_differences
from evalkit.stats import decide_cost
from evalkit.stats.judged import test_judged

SEED = 20261129
BATCH = 50
Verdict = Callable[[np.random.Generator], str]


class Counted(NamedTuple):
    """Draws, wrong passes and wrong fails."""

    draws: int = 0
    passes: int = 0
    fails: int = 0

    @property
    def worse(self) -> float:
        """The larger of the two rates."""
        return max(self.passes, self.fails) / max(self.draws, 1)


def in_clusters() -> Iterator[tuple[str, Verdict]]:
    """Right/wrong pairs in unequal clusters, and repeats."""

    def verdict(rng: np.random.Generator, cell: gate_dependence.Cell, law: str) -> str:
        differences, labels = gate_dependence.draw(rng, cell, law, 1)
        return str(decide_differences(differences, cell[3], labels))

    for law in ("beta", "dirichlet"):
        for cell in gate_dependence.CELLS:
            yield f"{law} {cell}", partial(verdict, cell=cell, law=law)


def latencies() -> Iterator[tuple[str, Verdict]]:
    """Quantiles of times in clusters."""
    for what in gate_dependence.TIMES:
        for shape in gate_dependence.SHAPES:
            yield f"{what} {shape}", partial(gate_dependence.time_verdict, what=what, shape=shape)


def bills() -> Iterator[tuple[str, Verdict]]:
    """Cost ratios with run-away answers, the dearest one known."""

    def verdict(rng: np.random.Generator, share: float, times: float, n: int) -> str:
        base, bill, cap = gate_dependence.bills(rng, share, times, n)
        return str(decide_cost(base, bill, max_ratio=0.8, alpha=ALPHA, cap=cap))

    for share, times in gate_dependence.RUN_AWAYS:
        for n in (30, 127, 300, 1000):
            yield f"{share:.0%} at {times:g}x, n={n}", partial(verdict, share=share, times=times, n=n)


def three_axes() -> Iterator[tuple[str, Verdict]]:
    """Rules about agents, one of three at its limit."""

    def verdict(rng: np.random.Generator, agents: gate_axes.Agents, axis: str) -> str:
        limits, chances = gate_axes.at_its_limit(agents, axis) or ({}, None)
        return str(gate_axes.verdicts(agents, rng.choice(127, 127, p=chances), limits, (axis,))[axis].value)

    folder = next(gate_axes.RESULTS.glob("mcpmark-*"))
    for first, second, agents in gate_axes.fixed_pairs(folder, 60, np.random.default_rng(SEED)):
        for axis in gate_axes.AXES:
            if gate_axes.at_its_limit(agents, axis) is not None:
                yield f"{axis}: {first} -> {second}", partial(verdict, agents=agents, axis=axis)


def judged() -> Iterator[tuple[str, Verdict]]:
    """Judged pairs, a hundred of them labelled."""

    def verdict(rng: np.random.Generator, judge: str, accuracy: float, differ: float) -> str:
        pairs = gate_judged.drawn(rng, judge, accuracy, differ, -gate_judged.MARGIN, 100)[3]
        return str(test_judged(pairs, gate_judged.MARGIN, ALPHA).decision.verdict)

    def other(rng: np.random.Generator, shape: str) -> str:
        return test_judged(gate_judged.other_shapes(rng, shape), gate_judged.MARGIN, ALPHA).decision.verdict.value

    for judge in gate_judged.JUDGES:
        for accuracy, differ in ((0.8, 0.08), (0.7, 0.2)):
            yield f"{judge} {accuracy} {differ}", partial(verdict, judge=judge, accuracy=accuracy, differ=differ)
    for shape in ("40 labels", "clusters", "two tasks", "graded"):
        yield shape, partial(other, shape=shape)


GROUPS = {"clusters": in_clusters, "latency": latencies, "bills": bills, "judged": judged, "three axes": three_axes}


class Tally:
    """What the file has, and one more line at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: defaultdict[tuple[str, str], Counted] = defaultdict(Counted)
        for line in path.read_text().splitlines() if path.is_file() else ():
            try:
                told = json.loads(line)
                self._add(told["cell"], told["stage"], *(int(told[key]) for key in ("draws", "passes", "fails")))
            except (ValueError, KeyError):
                continue  # the last line of a stopped run is torn: its batch is drawn again

    def draw(self, cell: str, stage: str, wanted: int, verdict: Verdict) -> None:
        """Batches of a cell until `wanted` draws are there."""
        while (there := self.counts[cell, stage].draws) < wanted:
            rng = np.random.default_rng([SEED, crc32(f"{cell} {stage}".encode()), there // BATCH])
            said = [verdict(rng) for _ in range(BATCH)]
            found = Counted(BATCH, said.count("pass"), said.count("fail"))
            with self.path.open("a") as file:
                file.write(json.dumps({"cell": cell, "stage": stage, **found._asdict()}) + "\n")
            self._add(cell, stage, *found)

    def _add(self, cell: str, stage: str, *more: int) -> None:
        self.counts[cell, stage] = Counted(*map(sum, zip(self.counts[cell, stage], more, strict=True)))

    def worst(self, group: str, n: int) -> list[str]:
        """The n worst cells of a group by the screening."""
        screened = [cell for cell, stage in self.counts if stage == "screen" and cell.startswith(f"{group}: ")]
        return sorted(screened, key=lambda cell: -self.counts[cell, "screen"].worse)[:n]


def show(tally: Tally, keep: int) -> None:
    """The table of what there is."""
    for group in GROUPS:
        screened = [
            found for (cell, stage), found in tally.counts.items() if stage == "screen" and cell.startswith(group)
        ]
        if not screened:
            continue
        draws = sum(found.draws for found in screened)
        mean = [sum(getattr(found, name) for found in screened) / draws for name in ("passes", "fails")]
        print(
            f"\n{group}: {len(screened)} cells screened, {draws:,} draws, mean pass {mean[0]:.3f}, fail {mean[1]:.3f}"
        )
        for cell in tally.worst(group, keep):
            first, again = tally.counts[cell, "screen"], tally.counts[cell, "again"]
            n = max(again.draws, 1)
            error = math.sqrt(again.worse * (1 - again.worse) / n)
            print(
                f"  {cell}: screened {first.passes / first.draws:.3f} {first.fails / first.draws:.3f} ({first.draws}), "
                f"again pass {again.passes / n:.3f} fail {again.fails / n:.3f} ({again.draws:,} draws, ± {error:.3f})"
            )


def main() -> None:
    """Draw what is owed, screening first, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=3_000, help="for each of the worst cells")
    parser.add_argument("--screen", type=int, default=200, help="for every cell")
    parser.add_argument("--keep", type=int, default=4, help="worst cells of each group that are drawn anew")
    parser.add_argument("--groups", nargs="+", choices=tuple(GROUPS), default=list(GROUPS))
    parser.add_argument("--into", type=Path, required=True, help="file of the batches; what it has is not drawn again")
    parser.add_argument("--show", action="store_true", help="only print what there is")
    given = parser.parse_args()
    tally = Tally(given.into)
    if not given.show:
        cells = {group: {f"{group}: {name}": verdict for name, verdict in GROUPS[group]()} for group in given.groups}
        for group, of in cells.items():
            for cell, verdict in of.items():
                tally.draw(cell, "screen", given.screen, verdict)
            for cell in tally.worst(group, given.keep):
                tally.draw(cell, "again", given.draws, of[cell])
    show(tally, given.keep)


if __name__ == "__main__":
    main()
