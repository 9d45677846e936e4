"""The gate on the command line: decide on a stored run, tell everybody who asked, and stop a run that is settled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evalkit.cli.options import print_json
from evalkit.cli.printing import annotate, echo
from evalkit.decide.decision import GateDecision, as_json
from evalkit.decide.gate import decide_gate
from evalkit.decide.gate_trust import PROMOTED
from evalkit.errors import UserError
from evalkit.results import read_facts
from evalkit.results.flips import Flip, read_flips
from evalkit.store import baselines
from evalkit.suite.schema import GateEntry
from evalkit.writing import write_file

_FLIPS = 10


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where a decision is told besides the terminal."""

    markdown: Path | None = None
    junit: Path | None = None


def decide(
    gate: GateEntry, folder: Path, results: Path, promoted: Path, to: Outlets, *, labels_believed: bool = True
) -> GateDecision:
    """The decision on a stored run. Raises NotComparable, StoreError or UserError, once that has been told too."""
    with telling(suite_name(folder), to):
        return decide_gate(gate, folder, results, promoted, labels_believed=labels_believed)


def tell(decision: GateDecision, gate: GateEntry, folder: Path, results: Path, promoted: Path, to: Outlets) -> None:
    """Tell the decision wherever it was asked for, and on GitHub where this runs there. Raises UserError."""
    summary = _summary_file()
    if to.markdown or summary:
        from evalkit.render.markdown import gate_markdown

        text = gate_markdown(decision, flips_with_texts(decision, gate, folder, results, promoted))
        _tell_markdown(text, to, summary)
    if to.junit:
        from evalkit.render.gate import gate_junit

        _write(to.junit, gate_junit(decision))
    if _on_github():
        from evalkit.render.gate import commands

        for line in commands(decision):
            annotate(line)


def suite_name(folder: Path) -> str:
    """The suite that a run was made from, by which its comment on a pull request is known. Raises StoreError."""
    return read_facts(folder).suite or folder.name


@contextmanager
def telling(suite: str, to: Outlets) -> Iterator[None]:
    """Tell a refusal wherever a verdict would have been told, then raise it: silence would look like no news."""
    try:
        yield
    except UserError as error:
        summary = _summary_file()
        if to.markdown or summary:
            from evalkit.render.markdown import refusal_markdown

            _tell_markdown(refusal_markdown(suite, str(error)), to, summary)
        if to.junit:
            from evalkit.render.gate import refusal_junit

            _write(to.junit, refusal_junit(suite, str(error)))
        if _on_github():
            from evalkit.render.gate import refusal

            annotate(refusal(suite, str(error)))
        raise


def _on_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _summary_file() -> Path | None:
    path = os.environ.get("GITHUB_STEP_SUMMARY") if _on_github() else None
    return Path(path) if path else None


def _tell_markdown(text: str, to: Outlets, summary: Path | None) -> None:
    if to.markdown:
        _write(to.markdown, text)
    if summary:
        from evalkit.render.gate import append_summary

        try:
            append_summary(summary, text)
        except OSError as error:
            echo(f"note: the job's summary could not be written ({error.strerror})", err=True)


def flips_with_texts(
    decision: GateDecision, gate: GateEntry, folder: Path, results: Path, promoted: Path
) -> dict[str, list[Flip]]:
    """By candidate: the first items that changed sides, with both answers."""
    if gate.baseline is None:
        return {}
    base = (folder, gate.baseline)
    if gate.baseline.startswith(PROMOTED):
        found = baselines.find(gate.baseline.removeprefix(PROMOTED), promoted, results)
        base = (found.folder, found.model)
    return {
        c.candidate: read_flips(c.flips, base, (folder, c.candidate), _FLIPS)
        for c in decision.candidates
        if c.flips is not None and (c.flips.n_lost or c.flips.n_won)
    }


def show(decision: GateDecision, results: Path, *, json: bool) -> None:
    """Print the decision on stdout. `results`: where the runs of both sides are, for the price of further items."""
    if json:
        print_json(as_json(decision))
        return
    from evalkit.decide.power import usd_of_more
    from evalkit.render.gate import render_gate
    from evalkit.results.reader import ResultsReader

    render_gate(decision, price=partial(usd_of_more, ResultsReader(results), decision))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}). Name another file.") from error
