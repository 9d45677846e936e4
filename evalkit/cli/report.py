"""`evalkit report RUN --html FILE`: a stored run as one page that needs nothing but a browser."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import results_folder
from evalkit.cli.printing import echo


@click.command()
@click.argument("run", default="latest")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@results_folder
def command(run: str, html: Path, force: bool, results: Path) -> int:
    """Write RUN (a path, the beginning of a name, or `latest`) as one self-contained HTML page: verdict,
    leaderboard, trade-off, gate, bill. It loads nothing; its one script sorts and filters tables."""
    from evalkit.errors import UserError
    from evalkit.render.html import page_of
    from evalkit.results.reader import ResultsReader
    from evalkit.store.runs import resolve_run, write_atomically

    folder = resolve_run(run, results).resolve()
    if html.exists() and not force:
        raise UserError(f"{html} exists. Choose another file, or replace it with --force.")
    if not html.parent.is_dir():
        raise UserError(f"{html.parent} is no folder, so {html.name} cannot be written there.")
    write_atomically(html, page_of(ResultsReader(folder.parent), folder.name).encode())
    echo(f"wrote {html}", err=True)
    return 0
