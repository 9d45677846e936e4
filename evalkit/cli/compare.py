"""`evalkit compare A B`: two stored results side by side, paired by item. It decides nothing: that is the gate's."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from evalkit.cli.options import as_json, markdown_tables, print_json, results_folder
from evalkit.cli.printing import echo
from evalkit.facts import ModelSummary


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--flips", type=click.IntRange(0, 20), default=0, help="Show this many items that changed sides, each way."
)
@click.option("--anyway", is_flag=True, help="Print both results even where they are not comparable, without a test.")
@results_folder
@markdown_tables
@as_json
def command(a: str, b: str, flips: int, anyway: bool, results: Path, markdown: bool, as_json: bool) -> int:
    """Put A and B side by side; each is RUN:MODEL, like latest:gpt, or RUN alone where it holds one model.

    Differences are paired by item and have intervals; nothing is decided. Exit 2 where the two are not comparable.
    """
    from evalkit.errors import NotComparable
    from evalkit.render.comparison import render_comparison, render_versus
    from evalkit.results import Side
    from evalkit.results import flips as changed
    from evalkit.results.compare import compare

    left, right = _side(a, results), _side(b, results)
    versus = problem = None
    try:
        versus = compare(Side.of(left[2], left[3], left[0]), Side.of(right[2], right[3], right[0]))
    except NotComparable as error:
        if not anyway:
            raise NotComparable(f"{error}\n(--anyway prints both side by side, without a test.)") from error
        problem = str(error)
    named = []
    if versus is not None and flips:
        named = changed.read_flips(versus.flips, (left[2], left[3]), (right[2], right[3]), flips)
    if as_json:
        sides = {"a": {"side": left[0], **left[1].as_json()}, "b": {"side": right[0], **right[1].as_json()}}
        paired = asdict(versus) if versus is not None else None
        said = {**sides, "paired": paired, "not_comparable": problem, "flips": [asdict(flip) for flip in named]}
        return print_json(said)
    render_comparison(left[1], right[1], labels=(left[0], right[0]), versus=versus, markdown=markdown)
    if versus is not None:
        echo("")
        render_versus(versus, named, markdown=markdown)
    else:
        from evalkit.text.escape import visible

        echo(visible(f"not comparable: {problem}", limit=5000, lines=True), err=True)
    return 0


def _side(ref: str, results: Path) -> tuple[str, ModelSummary, Path, str]:
    """(label, the model's part of the summary, run folder, model) of one side. Raises StoreError with what there is."""
    from evalkit.errors import StoreError
    from evalkit.results.summary import read_summary
    from evalkit.store.runs import resolve_run, split_side

    run, model = split_side(ref)
    try:
        folder = resolve_run(run, results)
    except StoreError:
        folder = resolve_run("latest", results)  # which says what is wrong where there is no run at all
        if model is not None or run not in read_summary(folder).models:
            raise
        model = run  # named as tables name it
    models = read_summary(folder).models
    if model is None and len(models) == 1:
        model = next(iter(models))
    if model is None or model not in models:
        has = ", ".join(models) or "no rows yet"
        asked = f"has no model {model!r}" if model else "holds several models; name one as RUN:MODEL"
        raise StoreError(f"{folder.name} {asked}. It has: {has}.")
    return f"{folder.name}:{model}", models[model], folder, model
