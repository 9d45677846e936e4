"""`evalkit dossier`: record a run with its verdict in an append-only file, record a waiver, verify the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import OutFile, as_json, baselines_folder, print_json, results_folder
from evalkit.cli.printing import echo

if TYPE_CHECKING:
    from evalkit.decide.decision import GateDecision


@click.command()
@click.argument("run", default="latest")
@click.option(
    "--dossier",
    type=OutFile(),
    envvar="EVALKIT_DOSSIER",
    default=Path("dossier.jsonl"),
    show_default=True,
    help="The file (or EVALKIT_DOSSIER).",
)
@click.option("--verify", "verifying", is_flag=True, help="Check every entry, and the files of the runs that are here.")
@click.option("--head", metavar="DIGEST", help="With --verify: a head that was kept; finds a file that was cut short.")
@click.option(
    "--waive", "rule", metavar="RULE", help="Record that somebody accepts a rule which CANDIDATE does not pass."
)
@click.option("--candidate", help="Of the waiver.")
@click.option("--until", metavar="DAY", help="Last day of the waiver, YYYY-MM-DD.")
@click.option("--by", metavar="WHO", help="Who accepts it.")
@click.option("--why", metavar="TEXT", help="Why it can be accepted.")
@results_folder
@baselines_folder
@as_json
def command(
    run: str,
    dossier: Path,
    verifying: bool,
    head: str | None,
    rule: str | None,
    candidate: str | None,
    until: str | None,
    by: str | None,
    why: str | None,
    results: Path,
    baselines: Path,
    as_json: bool,
) -> int:
    """Record RUN (a path, the beginning of a name, or `latest`) and its verdict; print the head of the chain.

    A waiver is a record: it changes no verdict and no exit code. Exit codes: 0 recorded or verified, 2 an entry or the
    files of a recorded run were changed.
    """
    if verifying:
        return _verify(dossier, head, results, as_json=as_json)
    if head is not None:
        raise click.UsageError("--head goes with --verify")
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    if rule is not None:
        if not (candidate and until and by and why):
            raise click.UsageError("a waiver needs --candidate, --until, --by and --why")
        from evalkit.decide.dossier import waiver_body
        from evalkit.store import dossier as file

        body = waiver_body(folder.resolve().name, candidate, rule, until=until, by=by, why=why)
        _say_head(dossier, file.append(dossier, [("waiver", body)])[-1].digest)
        return 0
    from evalkit.decide.gate import decide_gate, gate_of
    from evalkit.results import read_facts

    facts = read_facts(folder)
    has_gate = facts.suite_resolved is not None and bool(facts.suite_resolved.gate)
    decision = decide_gate(gate_of(facts, folder), folder, results, baselines) if has_gate else None
    record(dossier, decision, folder, baselines)
    return 0


def record(dossier: Path, decision: GateDecision | None, folder: Path, baselines: Path) -> None:
    """Add a run and its verdict to a dossier, and print the head of its chain on stderr.

    Raises StoreError or UserError.
    """
    from evalkit.decide.dossier import entries_of, waivers_in_force
    from evalkit.store import dossier as file
    from evalkit.text.escape import visible

    known = file.read(dossier)
    made = file.append(dossier, entries_of(folder, decision, baselines, known))
    for candidate in decision.candidates if decision is not None else ():
        for waiver in waivers_in_force(known, candidate.candidate):
            said = (
                f"{waiver['rule']} of {candidate.candidate} until {waiver['until']}, by {waiver['by']}: {waiver['why']}"
            )
            echo(visible(f"waiver in force: {said}", limit=1000), err=True)
    _say_head(dossier, (made or known)[-1].digest)


def _say_head(dossier: Path, head: str) -> None:
    echo(f"{dossier}: head {head}", err=True)


def _verify(dossier: Path, head: str | None, results: Path, *, as_json: bool) -> int:
    from evalkit.decide.dossier import changed_runs, judged_before
    from evalkit.store import dossier as file
    from evalkit.text.escape import visible

    entries = file.verify(dossier, head)
    changed, again = list(changed_runs(entries, results)), list(judged_before(entries))
    if as_json:
        said = {"entries": len(entries), "head": entries[-1].digest, "changed": changed, "recorded_again": again}
        print_json(said)
    else:
        echo(f"{dossier}: {len(entries)} entries, unbroken; head {entries[-1].digest}")
        for line in (*again, *changed):
            echo(visible(line, limit=500))
    return 2 if changed else 0
