"""`evalkit gate RUN`: may a candidate replace the baseline? Decided on a stored run, without asking any model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import (
    GivenPath,
    OutFile,
    as_json,
    baselines_folder,
    data_roots,
    gate_files,
    least_sensitivity,
    print_json,
    results_folder,
    signed,
    suite_words,
)
from evalkit.cli.printing import echo

if TYPE_CHECKING:
    from evalkit.suite.schema import GateEntry


def keep_gate(folder: Path, file: Path | None) -> None:
    """Keep a gate with its run, and say where. `file` None: there is none that an imported run could keep."""
    from evalkit.store.kept_gates import keep

    if file is None:
        raise click.UsageError("--keep is about an imported run and a file with only a gate: --suite FILE")
    echo(f"kept: {keep(folder, file)}", err=True)


@click.command()
@click.argument("run", default="latest")
@click.option("--suite", type=GivenPath(path_type=Path), help="Take the gate of this suite instead of the run's own.")
@click.option(
    "--self-test", is_flag=True, help="Inject losses into the baseline's rows: how often does this gate see them?"
)
@click.option(
    "--allow-recorded",
    is_flag=True,
    help="With --suite: also judge a candidate whose answers come from a file (replay, scripted, imported) or a "
    "program, and agents whose tools are a program of the suite.",
)
@click.option(
    "--sweeps",
    type=GivenPath(path_type=Path),
    metavar="DIR",
    help="With --suite and a rule about cost: the load sweeps that prices of own hardware may rest on.",
)
@click.option("--keep", is_flag=True, help="With --suite and an imported run: keep this gate with it, for the board.")
@click.option("--reps", type=click.IntRange(20, 10_000), default=200, show_default=True, help="Of the self-test.")
@results_folder
@data_roots
@suite_words
@least_sensitivity
@baselines_folder
@gate_files
@signed
@click.option("--dossier", type=OutFile(), metavar="FILE", help="Record run and verdict in this dossier.")
@as_json
def command(
    run: str,
    suite: Path | None,
    self_test: bool,
    allow_recorded: bool,
    sweeps: Path | None,
    keep: bool,
    reps: int,
    results: Path,
    baselines: Path,
    markdown: Path | None,
    junit: Path | None,
    signed_baseline: Path | None,
    signed_run: Path | None,
    dossier: Path | None,
    as_json: bool,
) -> int:
    """Decide on RUN: a path, the beginning of a name, or `latest` (the default).

    Exit codes: 0 pass, 1 fail, 2 not comparable or a mistake in the call, 3 inconclusive, 4 the run is not whole.
    """
    from evalkit.adapters.at_hand import AtHand
    from evalkit.api.planning import suite_at
    from evalkit.cli import gating
    from evalkit.decide.dossier import refuse_earlier_baseline
    from evalkit.decide.gate_file import entry_of_file
    from evalkit.decide.gate_run import checked_alone, checked_gate
    from evalkit.decide.gate_trust import GateTrust, Signed
    from evalkit.protected_data import protecting
    from evalkit.python_words import by_command
    from evalkit.results.run import load_run
    from evalkit.store.dossier import read as read_dossier
    from evalkit.store.runs import resolve_run

    folder, outlets = resolve_run(run, results), gating.Outlets(markdown, junit)
    source = click.get_current_context().get_parameter_source("baselines")
    named = source is not click.core.ParameterSource.DEFAULT
    with gating.telling(gating.suite_name(folder), outlets):
        with by_command():
            alone = entry_of_file(load_run(folder), suite) if suite is not None else None
        with protecting(suite.parent if suite is not None else None, folder):
            ours = suite_at(suite) if suite is not None and alone is None else None
        trusted = GateTrust(
            results=results,
            baselines=baselines,
            baselines_named=named,
            installed=AtHand(),
            suite=ours,
            gate_file=None if alone is None else suite,
            signed=Signed(signed_baseline, signed_run),
            allow_recorded=allow_recorded,
            sweeps=sweeps,
        )
        gate = checked_gate(folder, trusted) if alone is None else checked_alone(alone, folder, trusted)
        if dossier is not None:
            refuse_earlier_baseline(gate.baseline, baselines, read_dossier(dossier))
    if keep:
        keep_gate(folder, None if alone is None else suite)
    if self_test:
        return run_self_test(gate, folder, results, baselines, reps=reps, as_json=as_json)
    decision = gating.decide(gate, folder, results, baselines, outlets, labels_believed=suite is None)
    gating.show(decision, results, json=as_json)
    gating.tell(decision, gate, folder, results, baselines, outlets)
    if dossier is not None:
        from evalkit.cli.dossier import record

        record(dossier, decision, folder, baselines)
    return decision.exit_code


def run_self_test(gate: GateEntry, folder: Path, results: Path, promoted: Path, *, reps: int, as_json: bool) -> int:
    """Print the table of injected losses; always 0: it tests the gate, not a model."""
    from evalkit.decide.gate import paired
    from evalkit.decide.selftest import self_test
    from evalkit.results import read_facts
    from evalkit.text import numbers
    from evalkit.text.page import Column, Page

    suite = read_facts(folder).suite_resolved
    seed = (suite.run.seed if suite is not None else None) or 0
    name, pairs = paired(gate, folder, results, promoted)
    shifts = list(self_test(gate, pairs, reps=reps, seed=seed))
    if as_json:
        said = {"candidate": name, "n_pairs": pairs.n, "seed": seed, "shifts": [asdict(shift) for shift in shifts]}
        return print_json(said)
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
    echo("")
    return 0
