"""What `show` prints of agents and of one sample: how far agents went, each answer, an agent's request by request.

desk × careful, sample lost: right, 4 requests, 1.2 s, $0.0021
  asked: My parcel P-1 is lost. Please pay me back.
  1  0.31 s  $0.0004  find_parcel({"parcel": "P-1"}) -> {"status": "lost", "paid": 1250, "refunds": []}
  4  0.28 s  $0.0007  says: You get 12.50 back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from evalkit.records import AgentStep
from evalkit.results.trajectories import AgentFigures, Trajectory
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

LONGEST = 400
"""Characters of a text, of arguments or of a result that are shown."""


def render_agents(
    found: Sequence[AgentFigures], *, markdown: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print how far agents went, a line for each task and model."""
    if not found:
        return
    with Page(width, file, markdown=markdown) as page:
        page.grid(
            "agents",
            Column("task × model", [f"{_name(one.task)} × {_name(one.model)}" for one in found], left=True, folds=True),
            [
                Column("samples", [numbers.count(one.n) for one in found]),
                Column("requests\na sample", [f"{one.steps:.1f}" for one in found]),
                Column("most", [numbers.count(one.most_steps) for one in found]),
                Column("calls\na sample", [f"{one.calls:.1f}" for one in found]),
                Column("calls\nrefused", [numbers.count(one.failed_calls) for one in found]),
                Column("stopped at\na limit", [numbers.share(one.at_limit_share) for one in found]),
            ],
        )


def render_trajectories(
    found: Sequence[Trajectory], *, markdown: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print what was done with a sample, model by model."""
    with Page(width, file, markdown=markdown) as page:
        for one in found:
            page.say(headline(one), style="bold")
            page.say(f"  asked: {visible(one.request, limit=LONGEST)}")
            for number, step in enumerate(one.steps, start=1):
                for line in step_lines(number, step):
                    page.say(f"  {line}")
            texts = [("why", one.reason), ("error", one.error)]
            if not one.steps:
                read = one.extracted if one.extracted != one.answer else None
                texts = [("answer", one.answer), ("read as", read), ("expected", one.target), *texts]
            for label, text in texts:
                if text:
                    page.say(f"  {label}: {visible(text, limit=1000)}")
            page.say("")


def headline(one: Trajectory) -> str:
    """Whose it is, how it ended, and what it took."""
    again = f", repeat {one.repeat + 1}" if one.repeat else ""
    cached = ", in part from the cache" if one.cached else ""
    requests = f"{len(one.steps)} requests, " if one.steps else ""
    ended = f"{one.outcome} ({one.score:.3g})" if one.score is not None and one.outcome == "scored" else one.outcome
    took = f"{requests}{numbers.time(one.total_s)}, {numbers.usd(one.cost_usd)}{cached}"
    return f"{_name(one.task)} × {_name(one.model)}, sample {_name(one.sample_id)}{again}: {ended}, {took}"


def step_lines(number: int, step: AgentStep) -> list[str]:
    """One request: what it took, each call with its result, and what the model said."""
    lines = [
        f"{visible(call.name, limit=60)}({visible(call.arguments, limit=LONGEST)}) {_came_of(step, n)}"
        for n, call in enumerate(step.calls)
    ]
    said = visible(step.text.strip(), limit=LONGEST)
    if said and (not step.calls or not step.text.lstrip().startswith(("[", "{"))):
        lines.append(f"says: {said}")
    head = f"{number}  {numbers.time(step.total_s)}  {numbers.usd(step.cost_usd)}  "
    return [(head if n == 0 else " " * len(head)) + line for n, line in enumerate(lines or ["says nothing"])]


def _came_of(step: AgentStep, n: int) -> str:
    if n >= len(step.results):
        return "(not carried out)"
    return f"-> {visible(step.results[n].text, limit=LONGEST)}"


def _name(text: str) -> str:
    return visible(text, limit=60)
