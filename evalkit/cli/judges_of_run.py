"""What `evalkit judge-check RUN` does: the judges of a stored run against what people say of the same answers."""

from __future__ import annotations

import sys
from pathlib import Path

from evalkit.errors import UserError
from evalkit.store.reviews import read_reviews
from evalkit.store.runs import resolve_run


def check_judges(run: str, results: Path, *, as_json: bool) -> int:
    """Print the figures; the exit code. Raises UserError where the run has no judges, or there is no such run."""
    from evalkit.results.judging import figures

    folder = resolve_run(run, results)
    found = figures(folder)
    if found is None:
        raise UserError(
            f"{folder}: no judge marked its answers. A task names its judges: score: {{judge: {{by: NAME}}}}. Verdicts "
            "of your own stand in a file: evalkit judge-check FILE"
        )
    _, n_unread = read_reviews(folder)
    if as_json:
        from evalkit.text.escape import json_line

        sys.stdout.write(json_line({**found.as_json(), "n_reviews_unreadable": n_unread}))
        return 0
    from evalkit.render.judges import render_judges

    render_judges(found, people=True)
    if n_unread:
        sys.stderr.write(f"note: {n_unread} lines of {folder / 'reviews.jsonl'} could not be read\n")
    return 0
