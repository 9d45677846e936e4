"""`evalkit report`: a stored run as one page that needs nothing but a browser, or all of them as a static site."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import GivenPath, OutFile, baselines_folder, results_folder
from evalkit.cli.printing import echo
from evalkit.store.damage import refuse_damage
from evalkit.text import numbers
from evalkit.text.escape import visible


@click.command()
@click.argument("run", required=False)
@click.option("--html", type=OutFile(), help="Write RUN as one page to this file.")
@click.option(
    "--site",
    type=GivenPath(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the whole results folder as a static site: an index, a page for each run and each gate.",
)
@click.option(
    "--charts",
    type=GivenPath(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write each chart of RUN into this folder, as SVG and as PNG.",
)
@click.option("--force", is_flag=True, help="Replace the file, or the pages of the site, if they exist.")
@click.option(
    "--samples/--no-samples",
    default=None,
    help="Put prompts and answers of some samples on the page, or leave them out. Default: put in for a public suite.",
)
@results_folder
@baselines_folder
def command(
    run: str | None,
    html: Path | None,
    site: Path | None,
    charts: Path | None,
    force: bool,
    samples: bool | None,
    results: Path,
    baselines: Path,
) -> int:
    """Write RUN (a path, the beginning of a name, or `latest`, the default) as one self-contained HTML page: verdict,
    leaderboard, trade-off, gate, some samples, bill. It loads nothing; its one script sorts and filters tables.

    Or with --site the whole folder of results: who leads in each suite, linked with one such page for each run and one
    for each gate. It works from a disk, and on any server of files. With --charts the charts of RUN alone, as pictures.
    """
    if sum(wanted is not None for wanted in (html, site, charts)) != 1:
        raise click.UsageError(
            "give one of these: --html FILE for a page of one run, --site FOLDER for all runs, --charts FOLDER for "
            "pictures."
        )
    from evalkit.decide.stored import promoted_in

    with promoted_in(baselines):
        return _write(run, html, site, charts, results, force=force, samples=samples)


def _write(
    run: str | None,
    html: Path | None,
    site: Path | None,
    charts: Path | None,
    results: Path,
    *,
    force: bool,
    samples: bool | None,
) -> int:
    """Write what was asked for; the exit code."""
    if site is not None:
        if run is not None:
            raise click.UsageError(
                f"--site writes every run of the results folder, so {run!r} has no place. One run: --html FILE. "
                "Another folder of results: --results DIR."
            )
        return _site(site, results, force, samples=samples)
    if charts is not None:
        _charts(run or "latest", charts, results, force)
    if html is not None:
        _page(run or "latest", html, results, force, samples=samples)
    return 0


def _page(run: str, html: Path, results: Path, force: bool, *, samples: bool | None) -> None:
    from evalkit.api.stored_runs import report
    from evalkit.python_words import by_command
    from evalkit.results.run import load_run
    from evalkit.store.runs import resolve_run

    with by_command():
        report(load_run(resolve_run(run, results)), html, samples=samples, force=force)
    echo(f"wrote {html}", err=True)


def _charts(run: str, out: Path, results: Path, force: bool) -> None:
    from evalkit.errors import UserError
    from evalkit.render import pictures
    from evalkit.render.embeds import charts_of
    from evalkit.results.reader import ResultsReader
    from evalkit.store.runs import resolve_run
    from evalkit.writing import write_atomically

    folder = resolve_run(run, results).resolve()
    refuse_damage(folder)
    found = charts_of(ResultsReader(folder.parent), folder.name)
    if not found:
        raise UserError(f"{folder.name} has no figure that could be drawn.")
    names = [f"{name}.{kind}" for kind in ("svg", "png") for name in found]
    there = [out / name for name in names if (out / name).exists()]
    if there and not force:
        raise UserError(f"{there[0]} exists. Choose another folder, or replace the charts in it with --force.")
    drawn = [text.encode() for text in pictures.svg(list(found.values()))] + pictures.pngs(list(found.values()))
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} cannot be made ({error.strerror}). Choose another: --charts FOLDER.") from error
    for name, content in zip(names, drawn, strict=True):
        write_atomically(out / name, content)
        echo(str(out / name))


def _site(out: Path, results: Path, force: bool, *, samples: bool | None) -> int:
    from evalkit.errors import UserError
    from evalkit.render.site import SiteFolder, pages_of
    from evalkit.results.reader import ResultsReader

    store = ResultsReader(results)
    if not (every := store.runs()):
        raise UserError(f"There is no run in {results}. Make one with evalkit run, or name another folder: --results.")
    folder = SiteFolder.open(out, replace=force)
    n = sum(folder.write(page.path, page.text) for page in pages_of(store, samples=samples))
    folder.sweep()
    for info in every:
        if (problem := info.problem or store.problem(info.name)) is not None:
            echo(visible(f"{info.name} has no page: {problem}", limit=500), err=True)
    echo(f"wrote {numbers.plural(n, 'page')}; open {out / 'index.html'}", err=True)
    return 0
