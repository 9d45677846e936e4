"""`evalkit sign RUN`: sign a run with an SSH key, so that nobody can change it unseen."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from evalkit.cli.options import GivenPath, results_folder
from evalkit.cli.printing import echo


@click.command()
@click.argument("run", default="latest")
@click.option("--key", type=GivenPath(path_type=Path), help="Sign with this SSH key (public half: through ssh-agent).")
@click.option("--check", "signers", type=GivenPath(path_type=Path), help="Only check: allowed_signers file, as of git.")
@results_folder
def command(run: str, key: Path | None, signers: Path | None, results: Path) -> int:
    """Sign RUN (run.json and every sealed file), or check who signed it.

    A gate requires signatures with --signed-run and --signed-baseline. Exit code 2: not signed by anybody allowed.
    """
    from evalkit.store import signatures
    from evalkit.store.run_lock import lock_run
    from evalkit.store.runs import resolve_run
    from evalkit.text.escape import visible

    if (key is None) == (signers is None):
        raise click.UsageError("give one of --key KEYFILE (sign) and --check SIGNERS (check who signed)")
    folder = resolve_run(run, results)
    if signers is not None:
        echo(f"{folder.name} was signed by {visible(signatures.verify_run(folder, signers).name)}; it is unchanged")
        return 0
    assert key is not None
    with lock_run(folder):
        path = signatures.sign_run(folder, key)
    echo(f"Wrote {path}. A gate requires it with: evalkit gate {quote(folder.name)} --signed-run ALLOWED_SIGNERS")
    return 0
