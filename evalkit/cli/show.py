"""`evalkit show RUN`: the table of a stored run, without asking anybody anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import as_json, board_command, markdown_tables, print_json, results_folder
from evalkit.cli.printing import echo
from evalkit.errors import UserError
from evalkit.store.damage import refuse_damage

if TYPE_CHECKING:
    from evalkit.facts import RunFacts, Summary
    from evalkit.results.judging import JudgingFigures
    from evalkit.results.parts import PartFigures
    from evalkit.results.repeats import RunRepeats
    from evalkit.results.stages import StageFigures
    from evalkit.results.trajectories import AgentFigures


@click.command()
@click.argument("run", default="latest")
@results_folder
@click.option("--slices", is_flag=True, help="Quality by the fields that the suite slices by, instead of the table.")
@click.option("--flaky", is_flag=True, help="Items that a model answers now right and now wrong, instead of the table.")
@click.option("--sample", metavar="ID", help="How every model answered this sample, an agent request by request.")
@markdown_tables
@as_json
def command(
    run: str, results: Path, slices: bool, flaky: bool, sample: str | None, markdown: bool, as_json: bool
) -> int:
    """Print the table of RUN: a path, the beginning of a name, or `latest` (the default).

    Where items were asked several times (`repeats`), also pass@k, pass^k, the share of unstable items, and whether
    another repeat or more items would make the score surer. Of a pipeline, what each of its parts took.
    """
    from evalkit.results import read_facts
    from evalkit.results.compare import run_standings
    from evalkit.results.parts import read_parts
    from evalkit.results.state import state_of
    from evalkit.results.summary import read_summary
    from evalkit.results.unreadable import unreadable_in
    from evalkit.store.runs import resolve_run
    from evalkit.text.escape import markdown_code as code
    from evalkit.text.escape import visible

    folder = resolve_run(run, results)
    refuse_damage(folder)
    if flaky:
        return _print_flaky(folder, markdown=markdown, as_json=as_json)
    if sample is not None:
        return _print_trajectories(folder, sample, markdown=markdown, as_json=as_json)
    summary = read_summary(folder)
    judged = _judged(folder)
    of_scorers = read_parts(folder)
    agents = _agents(folder)
    repeats = None if slices and not as_json else _repeats(folder, summary)
    stages = None if slices and not as_json else _stages(folder)
    if as_json:
        return print_json(
            {
                **summary.as_json(),
                **({"judging": judged.as_json()} if judged is not None else {}),
                **_further(of_scorers, repeats, agents, stages),
                "standings": {n: asdict(one) for n, one in run_standings(folder).items() if one is not None},
                "folder": str(folder),
            }
        )
    from evalkit.render.standings import among_text
    from evalkit.render.terminal import render_slices, render_summary, render_unreadable
    from evalkit.results.entries import other_runs
    from evalkit.results.reader import ResultsReader
    from evalkit.results.unsaid_places import unsaid_places

    facts = read_facts(folder)
    if slices:
        render_slices(summary, markdown=markdown)
    else:
        state = state_of(folder, facts, summary)
        among = among_text(other_runs(ResultsReader(folder.resolve().parent), folder.resolve().name))
        stands = run_standings(folder)
        render_summary(summary, standings=stands, facts=facts, state=state, among=among, markdown=markdown)
        render_unreadable(unreadable_in(folder), markdown=markdown)
        _print_further(of_scorers, list(summary.models), repeats, agents, markdown=markdown)
        if stages is not None:
            from evalkit.render.show_parts import render_stages

            render_stages(stages, markdown=markdown)
    if markdown:
        echo(f"`{code(folder.name)}`: {state_of(folder, facts, summary)}, {_begun(facts)}")
        return 0
    if judged is not None and not slices:
        from evalkit.render.judges import render_judges

        render_judges(judged)
    echo(f"\n{folder}\n{state_of(folder, facts, summary)}, {_begun(facts)}")
    for reason in facts.reasons:
        echo(f"not complete: {visible(reason, limit=2000)}")
    if (board := board_command(folder)) is not None:
        echo(f"as pages: {board}")
    for model, badge in (*_busy(facts, summary), *unsaid_places(folder, facts).items(), *_beware(facts)):
        echo(f"{visible(model, limit=60)}: {visible(badge, limit=500)}")
    return 0


def _print_further(
    parts: PartFigures,
    models: Sequence[str],
    repeats: RunRepeats | None,
    agents: Sequence[AgentFigures],
    *,
    markdown: bool,
) -> None:
    """The tables below the first: several scorers, repeats, agents; each where the run has some."""
    if parts:
        from evalkit.render.terminal import render_parts

        render_parts(parts, models, markdown=markdown)
    if repeats is not None:
        from evalkit.render.show_parts import render_repeats

        render_repeats(repeats, markdown=markdown)
    if agents:
        from evalkit.render.show_parts import render_agents

        render_agents(agents, markdown=markdown)


def _further(
    parts: PartFigures,
    repeats: RunRepeats | None,
    agents: Sequence[AgentFigures],
    stages: Mapping[str, Sequence[StageFigures]] | None,
) -> dict[str, object]:
    """The same for --json; no key for what the run does not have."""
    told = {name: [one.as_json() for one in of_parts] for name, of_parts in (stages or {}).items()}
    found = {
        "repeats": repeats.as_json() if repeats is not None else None,
        "scorers": _plain(parts),
        "agents": [asdict(one) for one in agents],
        "stages": told,
    }
    return {name: value for name, value in found.items() if value}


def _plain(parts: PartFigures) -> dict[str, object]:
    """By task, scorer and model."""
    return {
        task: {part: {model: one.as_json() for model, one in of_part.items()} for part, of_part in of_task.items()}
        for task, of_task in parts.items()
    }


def _print_flaky(folder: Path, *, markdown: bool, as_json: bool) -> int:
    """The list of items that waver; the exit code."""
    from evalkit.results.repeats import FLAKY, flaky_items

    items = flaky_items(folder, limit=None)
    if as_json:
        return print_json({"flaky": [asdict(item) for item in items], "folder": str(folder)})
    from evalkit.render.show_parts import render_flaky

    render_flaky(items[:FLAKY], len(items), markdown=markdown)
    return 0


def _print_trajectories(folder: Path, sample: str, *, markdown: bool, as_json: bool) -> int:
    """How models answered a sample; the exit code. Raises UserError where there is no such sample."""
    from evalkit.results.trajectories import trajectories

    found = trajectories(folder, sample)
    if as_json:
        return print_json({"trajectories": [asdict(one) for one in found], "folder": str(folder)}, default=str)
    from evalkit.render.show_parts import render_trajectories

    render_trajectories(found, markdown=markdown)
    return 0


def _agents(folder: Path) -> list[AgentFigures]:
    """How far agents went; empty where no task has an environment."""
    from evalkit.results import read_facts
    from evalkit.results.trajectories import agent_figures, has_agents

    return agent_figures(folder) if has_agents(read_facts(folder)) else []


def _repeats(folder: Path, summary: Summary) -> RunRepeats | None:
    """How steady each model answers; None where every item was asked once, as the summary says already."""
    if all(model.all.n == model.all.n_samples for model in summary.models.values()):
        return None
    from evalkit.results.repeats import read_repeats

    return read_repeats(folder)


def _stages(folder: Path) -> dict[str, tuple[StageFigures, ...]] | None:
    """What the parts of pipelines took; None where there is no pipeline."""
    from evalkit.results.stages import read_stages

    return read_stages(folder)


def _busy(facts: RunFacts, summary: Summary) -> Iterator[tuple[str, str]]:
    """(model, that its times may be those of evalkit itself)."""
    from evalkit.results.busy_client import busy_client

    for model, figures in summary.models.items():
        if (told := busy_client(facts, model, figures.all.latency.total_s.p50)) is not None:
            yield model, told


def _beware(facts: RunFacts) -> list[tuple[str, str]]:
    """(model, what the catalogue warns of): near retirement, an alias, facts that sources dispute."""
    from evalkit.catalogue import reading

    asked = {name: told.model for name, told in (facts.models or {}).items() if told.model}
    if not facts.catalogue and not reading.mentions(asked.values()):
        return []
    try:
        catalogue = reading.CatalogueReader().catalogue(facts.catalogue)
    except UserError as error:
        return [("catalogue", f"left out: {error}")]
    today = datetime.now(UTC).date()
    known = {name: catalogue.find(model) for name, model in asked.items()}
    return [(name, badge) for name, found in known.items() if found for badge in found.badges(today)]


def _judged(folder: Path) -> JudgingFigures | None:
    """What the run's judges did; None where nobody judged."""
    from evalkit.store.judge_files import judging_of

    if judging_of(folder) is None:
        return None
    from evalkit.results.judging import figures

    return figures(folder)


def _begun(facts: RunFacts) -> str:
    """When the run began, or was imported, and from where."""
    from evalkit.text.escape import visible

    began = visible((facts.started_at or "at an unknown time")[:16], limit=40).replace("T", " ")
    began += " UTC" if facts.started_at else ""
    if facts.imported is None:
        return f"started {began}"
    source = visible(facts.imported.source or "", limit=300)
    return f"imported {began}" + (f" from {source}" if source else "")
