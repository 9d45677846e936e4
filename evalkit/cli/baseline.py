"""`evalkit baseline promote|list|show`: what production is measured against, one reviewable file each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from evalkit.cli.options import GivenPath, as_json, baselines_folder, print_json, results_folder
from evalkit.cli.printing import echo


@click.group()
def command() -> None:
    """Promote the rows of a model as a baseline, and look at the baselines there are."""


@command.command()
@click.argument("run", default="latest")
@click.option("--model", required=True, help="Whose rows.")
@click.option("--as", "name", required=True, metavar="NAME", help="Name of the baseline; a gate says baseline@NAME.")
@click.option("--by", required=True, metavar="WHO", help="Who promotes it.")
@click.option("--why", required=True, metavar="TEXT", help="Why these rows may stand for production.")
@click.option("--where", metavar="TEXT", help="Where the run folder is kept, for those who do not have it.")
@click.option("--sign", "key", type=GivenPath(path_type=Path), metavar="KEY", help="Sign it with this SSH key.")
@click.option("--replace", is_flag=True, help="Move a baseline that exists.")
@results_folder
@baselines_folder
def promote(
    run: str,
    model: str,
    name: str,
    by: str,
    why: str,
    where: str | None,
    key: Path | None,
    replace: bool,
    results: Path,
    baselines: Path,
) -> int:
    """Write baselines/NAME.yaml for MODEL's rows of RUN. Commit it: the change is reviewed like code."""
    from evalkit.store.baselines import promote as write
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    path = write(folder, model, name=name, by=by, why=why, baselines=baselines, where=where, replace=replace)
    if key is not None:
        from evalkit.store import baselines as store
        from evalkit.store import signatures

        signed = signatures.sign(
            signatures.baseline_statement(path), key, store.signature_of(path), signatures.BASELINE
        )
        echo(f"Wrote {signed}. Commit it too; a gate requires it with --signed-baseline ALLOWED_SIGNERS.")
    echo(f"Wrote {path}. A suite names it as `gate: {{baseline: baseline@{name}, ...}}`. Commit the file, and keep")
    echo(f"{folder}: the gate reads its rows.")
    return 0


@command.command(name="list")
@baselines_folder
@as_json
def list_(baselines: Path, as_json: bool) -> int:
    """List the promoted baselines."""
    from evalkit.store.baselines import list_all
    from evalkit.text.escape import visible

    found, unreadable = list_all(baselines)
    for said in unreadable:
        echo(f"evalkit: {visible(said, limit=500)}", err=True)
    if as_json:
        print_json([asdict(baseline) for baseline in found])
        return 2 if unreadable else 0
    if not found and not unreadable:
        echo(f"No baselines in {baselines}. Make one: evalkit baseline promote RUN --model M --as NAME ...")
    for b in found:
        echo(visible(f"{b.name}: {b.model} of {b.run}, promoted {b.promoted_at} by {b.by}: {b.why}", limit=500))
    return 2 if unreadable else 0


@command.command()
@click.argument("name")
@results_folder
@baselines_folder
@as_json
def show(name: str, results: Path, baselines: Path, as_json: bool) -> int:
    """Show one baseline, and whether its rows are here and unchanged (exit 2 when they are not)."""
    from evalkit.store.baselines import find, read
    from evalkit.text.escape import visible

    baseline = read(name, baselines)
    if as_json:
        found = find(name, baselines, results)
        print_json({**asdict(baseline), "folder": str(found.folder)})
        return 0
    for key, value in asdict(baseline).items():
        if value is not None:
            echo(f"{key}: {visible(str(value), limit=500)}")
    found = find(name, baselines, results)
    echo(f"its rows are here and unchanged: {found.folder}")
    return 0
