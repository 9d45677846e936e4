"""`evalkit compare A B`: two stored results side by side. It decides nothing: that is the gate's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from evalkit.cli.options import as_json, results_folder


@click.command()
@click.argument("a")
@click.argument("b")
@results_folder
@as_json
def command(a: str, b: str, results: Path, as_json: bool) -> int:
    """Put A and B side by side; each is RUN:MODEL, like latest:gpt, or RUN alone where it holds one model."""
    from evalkit.report.terminal import render_comparison

    left, right = _side(a, results), _side(b, results)
    if as_json:
        import orjson

        sides = {"a": {"side": left[0], **left[1]}, "b": {"side": right[0], **right[1]}}
        sys.stdout.write(orjson.dumps(sides).decode() + "\n")
        return 0
    render_comparison(left[1], right[1], labels=(left[0], right[0]))
    return 0


def _side(ref: str, results: Path) -> tuple[str, dict[str, Any]]:
    """(label, the model's part of the summary) of one side. Raises StoreError that lists the models there are."""
    from evalkit.errors import StoreError
    from evalkit.store.runs import resolve_run, split_side
    from evalkit.store.summary import read_summary

    run, model = split_side(ref)
    folder = resolve_run(run, results)
    models = read_summary(folder)["models"]
    if model is None and len(models) == 1:
        model = next(iter(models))
    if model not in models:
        has = ", ".join(models) or "no rows yet"
        asked = f"has no model {model!r}" if model else "holds several models; name one as RUN:MODEL"
        raise StoreError(f"{folder.name} {asked}. It has: {has}.")
    return f"{folder.name}:{model}", models[model]
