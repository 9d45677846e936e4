"""`evalkit check SUITE`: everything that can be wrong is found, and nothing is sent."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import (
    allow_code_execution,
    as_json,
    persons_words,
    print_json,
    suite_and_parts,
    with_changes,
)
from evalkit.cli.printing import echo
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.api.options import RunOptions
    from evalkit.engine.plan import Plan
    from evalkit.engine.work import PlannedModel
    from evalkit.facts import PriceFacts
    from evalkit.records import Message


@click.command()
@suite_and_parts
@persons_words
@click.option("--show-prompt", is_flag=True, help="Print the first prompt of each task as it would be sent.")
@allow_code_execution
@as_json
def command(suite: Path, show_prompt: bool, as_json: bool, **given: object) -> int:
    """Validate SUITE, or each suite of a folder: keys, models, data, prompts, scorers (each must give 1.0 on its own
    gold). Sends nothing."""
    from evalkit.api.options import RunOptions

    options = RunOptions(**with_changes(given))
    check = partial(check_suite, options=options, show_prompt=show_prompt, as_json=as_json)
    if not os.path.isdir(suite):  # noqa: PTH112  # never raises
        return check(suite)
    from evalkit.cli.suite_folders import on_each

    return on_each(suite, check)


def check_suite(suite: Path, options: RunOptions, *, show_prompt: bool, as_json: bool) -> int:
    """Plan a suite and say what it would do; the exit code. Raises SuiteError with every complaint."""
    from evalkit.api.planning import plan_at

    plan = plan_at(suite, options, sends=False)
    asyncio.run(plan.aclose())
    if as_json:
        return print_json(_facts(plan))
    work = plan.work
    echo(f"{suite}: fine. {numbers.plural(work.n_rows, 'row')}: {_counted(plan)}.")
    for model in work.models:
        told = plan.facts.model_facts(model.name)
        echo(_line(model, told.prices))
        for name, part in model.parts.items():
            of_part = (told.parts or {})[name]
            echo(f"  {_line(part, of_part.prices)}, a part of {visible(model.name)}")
    for judge in plan.panel.judges if plan.panel is not None else ():
        echo(_line(judge, plan.facts.judges[judge.name].prices) + ", judges the answers")
    for server in plan.tools:
        from evalkit.render.bill import tools_line

        echo(f"  {tools_line(server).removesuffix('.')}")
    for note in (*plan.notes, *_too_few(plan)):
        echo(f"  note: {visible(note, limit=1000)}")
    if show_prompt:
        _show_prompts(plan)
    return 0


def _line(model: PlannedModel, priced: PriceFacts | None) -> str:
    endpoint = model.adapter.endpoint
    if model.parts:
        made = {key: told for key, told in endpoint.facts.items() if key.startswith("part_")}
        named = ", ".join(f"{key.removeprefix('part_')} {told.partition(' at ')[0]}" for key, told in made.items())
        return f"  {visible(model.name)}: pipeline of {visible(named)}"
    where = f"prompts go to {endpoint.host}" if endpoint.host else "nothing leaves this process"
    if (program := endpoint.facts.get("program")) is not None:
        where = f"runs {visible(program)} on this machine, and prompts go where that sends them"
    price = f"priced by {priced.source} as {priced.model}" if priced else "price unknown"
    if not priced and model.adapter.spec.options.get("cost_usd"):
        price = "says itself what it costs"
    return f"  {visible(model.name)}: {visible(model.adapter.spec.adapter)}, {where}, {price}"


_MOST_LOOKED_AT = 5_000
"""Samples of a task: more are enough for any margin in use, and a look at each would take longer than the check."""


def _too_few(plan: Plan) -> list[str]:
    """A sentence for each quality rule that an equally good candidate would not pass with 80 % power."""
    from evalkit.api.forecasting import foreseen

    return [
        f"on {numbers.plural(look['n'], 'item')} an equally good candidate passes the gate's {look['words']} with a "
        f"chance of {numbers.share(chance)}; about {numbers.count(look['n_needed'])} items would make that "
        f"{numbers.share(look['power'])}. Add records, or give the rule a larger margin; evalkit plan says more"
        for look in foreseen(plan, most=_MOST_LOOKED_AT)
        if (chance := look["chance_equal_passes"]) is not None
        and chance < look["power"]
        and look["n_needed"] is not None
        and look["n_needed"] > look["n"]
        and look["labelled"] is None
    ]


def _counted(plan: Plan) -> str:
    tasks = numbers.plural_of({task.name: task.n for task in plan.work.tasks}, "sample")
    repeats = f" x {plan.work.settings.repeats} repeats" if plan.work.settings.repeats > 1 else ""
    return f"{tasks} x {numbers.plural(len(plan.work.models), 'model')}{repeats}"


def _facts(plan: Plan) -> dict[str, object]:
    facts = plan.facts.only(("models", "judges", "tasks", "n_rows")).as_json()
    return {
        "suite": plan.suite.name,
        "digest": plan.digest,
        **facts,
        "tools": list(plan.tools),
        "notes": list(plan.notes),
    }


def _show_prompts(plan: Plan) -> None:
    """As they are sent; with `redact: where: [storing]` as they are stored, since a pipeline keeps what is printed."""
    from evalkit.engine.conversation import conversations

    shown = _as_stored(plan)
    for task in plan.work.tasks:
        *before, sample = next(iter(conversations(task.samples())))
        turns = f" and {len(before)} before it" if before else ""
        target = "" if sample.target is None else f", target {visible(shown(str(sample.target)))}"
        echo(f"\n{task.name}, sample {visible(sample.id)}{turns}{target}:")
        _show_messages(sample.messages, shown)
        for model, asked in task.prompts.items():
            echo(f"\n{task.name}, the same sample as {visible(model)} is asked:")
            _show_messages(asked(sample).messages, shown)
        if task.sent:
            echo("  [fields for applications]")
            sent = {name: sample.fields[name] for name in task.sent}
            _show_lines(shown(json.dumps(sent, ensure_ascii=False, default=str)))
        if sample.tools:
            echo("  [functions offered]")
            for tool in sample.tools:
                said = f"{tool.name}: {tool.description} {json.dumps(dict(tool.parameters), ensure_ascii=False)}"
                _show_lines(shown(said))
    if plan.work.storing is not None:
        echo("\nShown as it is stored (redact: where: [storing]); what is sent holds what the suite sends.")


def _as_stored(plan: Plan) -> Callable[[str], str]:
    """What is shown of a text."""
    from evalkit.engine.stored import texts_as_stored

    storing = plan.work.storing
    return str if storing is None else lambda text: str(texts_as_stored(text, storing))


def _show_messages(messages: Iterable[Message], shown: Callable[[str], str]) -> None:
    for message in messages:
        echo(f"  [{message.role}]")
        text = message.text or "(what the model says)" if message.role == "assistant" else message.text
        _show_lines(shown(text))


def _show_lines(text: str) -> None:
    for line in visible(text, limit=4000, lines=True).split("\n"):
        echo(f"  {line}")
