"""What `evalkit run` does once click has read the command line: plan, sit, print, exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click

from evalkit.api.execution import Prepared, execute, prepare, with_stopper
from evalkit.api.options import RunOptions
from evalkit.api.planning import read_suite
from evalkit.cli.options import board_command, print_json, results_option
from evalkit.cli.printing import echo
from evalkit.engine import call_log
from evalkit.engine.driving import without_loop
from evalkit.engine.session import RunOutcome
from evalkit.errors import EvalkitError, UserError
from evalkit.facts import RunFacts
from evalkit.records import Row
from evalkit.render.progress import ModelShare, Progress
from evalkit.store.judge_files import judging_of
from evalkit.store.runs import update_facts
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:  # a plain run decides nothing, and starts without numpy
    from evalkit.decide.decision import GateDecision


def run_suite(
    suite: Path,
    options: RunOptions,
    *,
    as_json: bool,
    markdown: Path | None = None,
    junit: Path | None = None,
    debug: bool = False,
    quiet: bool = False,
    then: Callable[[Path], None] | None = None,
) -> int:
    """Run a suite and print its table, with a gate the verdict too; the exit code. Progress is shown on stderr unless
    `quiet` or `as_json`. `then`: called with the run's folder where that is 0."""
    if (markdown or junit) and not options.gate:
        raise click.UsageError("--markdown and --junit tell a gate's verdict: give --gate too.")
    prepared = prepare(read_suite(suite, options.changes), options)
    for note in prepared.notes:
        _tell(note)
    if prepared.rules is not None:
        prepared = _with_stopper(prepared, markdown, junit)
    if debug and prepared.plan.suite.sensitivity == "restricted":
        raise UserError(
            "--debug writes prompts and answers to the terminal, and this suite is restricted: leave it out."
        )
    with call_log.logged(sys.stderr, prepared.plan.work.storing) if debug else nullcontext():
        outcome = without_loop(execute(prepared, _Notes() if quiet or as_json else _Shown(in_place=not debug)))
    if prepared.rules is None or outcome.ended_by is not None:
        _print(outcome, as_json=as_json)
        code = _exit_code(outcome)
    else:
        code = _decide(outcome, prepared, markdown, junit, as_json=as_json)
    sys.stdout.flush()
    with suppress(EvalkitError):  # a disk that is full by now: the next command only prints the result once more
        update_facts(outcome.folder, RunFacts(told=True))  # from here on the same command means another run
    if then is not None and code == 0:
        then(outcome.folder)
    return code


def _with_stopper(prepared: Prepared, markdown: Path | None, junit: Path | None) -> Prepared:
    """The run with the gate looking at it; a refusal is told wherever a verdict would be."""
    from evalkit.cli import gating

    with gating.telling(prepared.plan.suite.name, gating.Outlets(markdown, junit)):
        prepared, told = with_stopper(prepared)
    for note in told:
        _tell(note)
    return prepared


class _Notes:
    """No progress; notes alone, on stderr."""

    def asking(self, folder: Path, shares: Mapping[str, ModelShare]) -> _Notes:
        return self

    def judging(self, shares: Mapping[str, ModelShare]) -> _Notes:
        return self

    def row(self, row: Row) -> None: ...

    def waiting(self, lane: str, seconds: float) -> None: ...

    def gave_up(self, model: str, why: str) -> None: ...  # the run's reasons say it at the end

    def tick(self) -> None: ...

    def sealing(self) -> None:
        _ready_to_print()

    def ended(self) -> None: ...

    def note(self, text: str) -> None:
        echo(f"note: {text}", err=True)


class _Shown:
    """Progress on stderr. `in_place`: redrawn where it is a terminal, because nobody else writes there."""

    def __init__(self, *, in_place: bool) -> None:
        self._live = None if in_place else False
        self._shown: list[Progress] = []

    def asking(self, folder: Path, shares: Mapping[str, ModelShare]) -> Progress:
        return self._next(Progress(shares, live=self._live))

    def judging(self, shares: Mapping[str, ModelShare]) -> Progress:
        shown = self._next(Progress(shares, phase="judging", live=self._live))
        shown.note(
            f"judging: {numbers.plural(sum(share.n_rows for share in shares.values()), 'request')} to "
            f"{', '.join(shares)}"
        )
        return shown

    def note(self, text: str) -> None:
        echo(f"note: {text}", err=True)

    def sealing(self) -> None:
        _ready_to_print()

    def ended(self) -> None:
        for shown in self._shown:
            shown.close()

    def _next(self, progress: Progress) -> Progress:
        self.ended()
        self._shown.append(progress)
        return progress


def _ready_to_print() -> None:
    """Import what prints the table, in a thread, while another process seals the run."""

    def load() -> None:
        with suppress(Exception):  # whoever needs it next meets the same error, and says it
            for name in (
                "evalkit.render.terminal",
                "evalkit.results.compare",
                "evalkit.results.unreadable",
                "rich.table",
            ):
                import_module(name)

    Thread(target=load).start()  # waited for at the end, as every import in a thread


def _tell(note: str) -> None:
    echo(f"note: {visible(note, limit=1000)}", err=True)


def _decide(
    outcome: RunOutcome, prepared: Prepared, markdown: Path | None, junit: Path | None, *, as_json: bool
) -> int:
    """Print the run and its verdict; the exit code."""
    from evalkit.cli import gating

    rules, outlets = prepared.rules, gating.Outlets(markdown, junit)
    results, baselines = prepared.options.results, prepared.options.baselines
    assert rules is not None
    assert results is not None
    decision = gating.decide(rules, outcome.folder, results, baselines, outlets)
    _print(outcome, as_json=as_json, decision=decision)
    if not as_json:
        echo("")
        gating.show(decision, results, json=False)
    gating.tell(decision, rules, outcome.folder, results, baselines, outlets)
    return max(_exit_code(outcome), decision.exit_code) if outcome.status != "complete" else decision.exit_code


def _print(outcome: RunOutcome, *, as_json: bool, decision: GateDecision | None = None) -> None:
    if as_json:
        from evalkit.decide.decision import as_json as plain

        summary = {**outcome.summary.as_json(), "status": outcome.status, "reasons": list(outcome.reasons)}
        if judging_of(outcome.folder) is not None:
            from evalkit.results.judging import figures

            found = figures(outcome.folder)
            summary["judging"] = found.as_json() if found is not None else None
        if decision is not None:
            summary["gate"] = plain(decision)
        print_json({**summary, "folder": str(outcome.folder)})
    else:
        from evalkit.render.terminal import render_parts, render_summary, render_unreadable
        from evalkit.results import read_facts
        from evalkit.results.compare import run_standings
        from evalkit.results.parts import read_parts
        from evalkit.results.state import state_of
        from evalkit.results.unreadable import unreadable_in

        facts = read_facts(outcome.folder)
        state = state_of(outcome.folder, facts, outcome.summary)
        render_summary(outcome.summary, standings=run_standings(outcome.folder), facts=facts, state=state)
        render_unreadable(unreadable_in(outcome.folder))
        render_parts(read_parts(outcome.folder), list(outcome.summary.models))
        if judging_of(outcome.folder) is not None:
            _print_judges(outcome.folder)
        if any(model.all.outcomes.get("errored") for model in outcome.summary.models.values()):
            _print_left(outcome.folder)
        _print_unsaid(outcome.folder)
        n_cached = outcome.result.n_cached
        if n_cached:
            of = n_cached + outcome.result.n_asked
            echo(
                f"{n_cached:,} of {numbers.plural(of, 'answer')} came from the cache and "
                f"{numbers.verb(n_cached, 'is', 'are')} in no latency; --no-cache asks again."
            )
        if any(task.slices for model in outcome.summary.models.values() for task in model.tasks.values()):
            run = shlex.quote(
                visible(outcome.folder.name)
            )  # `latest` may be another one: this run can have been resumed
            echo(f"By slice: evalkit show {run} --slices{results_option(outcome.folder)}")
        echo(f"\n{outcome.folder}")
        if (board := board_command(outcome.folder)) is not None:
            echo(f"as pages: {board}")
    for reason in outcome.reasons:
        echo(f"evalkit: {visible(reason, limit=2000)}", err=True)
    if outcome.status == "interrupted":
        echo("evalkit: interrupted; run the same command again to go on where it stopped.", err=True)


def _print_left(folder: Path) -> None:
    """Say how many agents left the record of their tools."""
    from evalkit.results import read_facts
    from evalkit.results.trajectories import agent_figures, has_agents

    if has_agents(read_facts(folder)):
        from evalkit.render.show_parts import left_record

        for line in left_record(agent_figures(folder)):
            echo(line)


def _print_unsaid(folder: Path) -> None:
    """Say at which places that the suite names no reply of an application had anything."""
    from evalkit.results import read_facts
    from evalkit.results.unsaid_places import unsaid_places

    for model, told in unsaid_places(folder, read_facts(folder)).items():
        echo(f"{visible(model, limit=60)}: {visible(told, limit=500)}")


def _print_judges(folder: Path) -> None:
    from evalkit.render.judges import render_judges
    from evalkit.results.judging import figures

    found = figures(folder)
    if found is not None and found.judges:
        render_judges(found)
        echo("")


def _exit_code(outcome: RunOutcome) -> int:
    if outcome.ended_by is not None:
        return 128 + int(outcome.ended_by)
    return 0 if outcome.status == "complete" else 4
