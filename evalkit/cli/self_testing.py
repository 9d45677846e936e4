"""What `evalkit gate --self-test` prints: how often this gate, on these items, would see a loss of a known size."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from evalkit.decide.gate import paired
from evalkit.decide.selftest import self_test
from evalkit.results import read_facts
from evalkit.suite.schema import GateEntry
from evalkit.text import numbers
from evalkit.text.page import Column, Page


def run_self_test(gate: GateEntry, folder: Path, results: Path, promoted: Path, *, reps: int, as_json: bool) -> int:
    """Print the table of injected losses; always 0: it tests the gate, not a model."""
    suite = read_facts(folder).suite_resolved
    seed = (suite.run.seed if suite is not None else None) or 0
    name, pairs = paired(gate, folder, results, promoted)
    shifts = list(self_test(gate, pairs, reps=reps, seed=seed))
    if as_json:
        from evalkit.text.escape import json_line

        said = {"candidate": name, "n_pairs": pairs.n, "seed": seed, "shifts": [asdict(shift) for shift in shifts]}
        sys.stdout.write(json_line(said))
        return 0
    floor = any(shift.floor for shift in shifts)
    what = "drawn from" if floor else "injected into"
    whose = "the candidate" if floor else "the baseline"
    with Page(None, None) as page:
        page.table(
            f"{what} {numbers.count(pairs.n)} rows of {whose}, {reps} times each (seed {seed})",
            [
                Column(
                    "true score to the floor" if floor else "true loss",
                    [numbers.difference(-shift.loss) for shift in shifts],
                ),
                Column("passes", [numbers.share(shift.passed) for shift in shifts]),
                Column("fails", [numbers.share(shift.failed) for shift in shifts]),
                Column("undecided", [numbers.share(shift.undecided) for shift in shifts]),
            ],
        )
        page.say(
            (
                "Least scores only. A true score on the floor"
                if floor
                else "Quality rules and scan only. A loss of exactly the margin"
            )
            + " should pass, and fail, in at most "
            f"{numbers.share(gate.alpha)} of the runs for each rule."
        )
    click.echo("")
    return 0
