"""`evalkit power RUN`: how many items, asked how often, the next gate needs, in money and minutes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import as_json, print_json, results_folder
from evalkit.cli.printing import echo
from evalkit.errors import UserError

if TYPE_CHECKING:
    from evalkit.stats.verdict import Tail
    from evalkit.suite.schema import RuleEntry


@click.command()
@click.argument("run", default="latest")
@click.option("--baseline", help="Model of RUN that stands for the baseline; else the one of its gate.")
@click.option("--candidate", help="Model of RUN that stands for the candidate; else the first one of its gate.")
@click.option("--about", default="all", show_default=True, help="A task, a slice (task/field=value), or all.")
@click.option("--margin", type=click.FloatRange(0, 1, max_open=True), help="Accepted loss; else the gate's smallest.")
@click.option(
    "--rule",
    "rules",
    metavar="RULE",
    multiple=True,
    help="A rule as a gate writes it: '{latency: total_p95, max_ratio: 1.2}'. Several: also what all take together.",
)
@click.option(
    "--supposed",
    type=click.FloatRange(0, min_open=True),
    help="With a --rule about cost or latency: the candidate's true ratio, dollars or seconds; else as in RUN.",
)
@click.option(
    "--power", type=click.FloatRange(0.1, 0.99), default=0.8, show_default=True, help="Wanted chance to pass."
)
@click.option("--alpha", type=click.FloatRange(0.001, 0.2), help="Accepted chance of a wrong pass; else the gate's.")
@click.option(
    "--difference",
    type=click.FloatRange(-1, 1),
    default=0.0,
    show_default=True,
    help="Candidate minus baseline that is supposed to be true, in score.",
)
@click.option("--repeats", callback=lambda _, __, v: _numbers(v), help="Answers an item to try, comma separated.")
@click.option("--most-items", type=click.IntRange(1), help="Items that there are; else more can be made.")
@click.option(
    "--usd-per-item", type=click.FloatRange(0), default=0.0, help="What a new item costs (writing, labelling)."
)
@click.option("--in-flight", type=click.IntRange(1), help="Open requests at once; else as in RUN.")
@click.option("--draws", type=click.IntRange(20, 10_000), default=400, show_default=True, help="New runs drawn a mix.")
@results_folder
@as_json
def command(
    run: str,
    baseline: str | None,
    candidate: str | None,
    about: str,
    margin: float | None,
    rules: tuple[str, ...],
    supposed: float | None,
    power: float,
    alpha: float | None,
    difference: float,
    repeats: tuple[int, ...],
    most_items: int | None,
    usd_per_item: float,
    in_flight: int | None,
    draws: int,
    results: Path,
    as_json: bool,
) -> int:
    """Say what the next gate on items like those of RUN would take: the cheapest mix of items, repeats and judges.

    Two models of RUN stand for the swap: how far their answers differ from item to item, from answer to answer and from
    judge to judge. New runs are drawn from theirs, and the gate's own test decides each. Sends nothing. With --rule a
    rule about cost or latency is planned in the same way, from the stored bills or times; of several rules it also says
    how often all pass together.
    """
    from evalkit.decide.joint import plan_together
    from evalkit.decide.mixes import Limits
    from evalkit.decide.planning import Wanted, can_be_planned, mixes_of_rule
    from evalkit.decide.rules import conditions
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    own = _of_gate(folder)
    base, cand, asked = baseline or own.baseline, candidate or own.candidate, _asked(rules, about, margin, own)
    if base is None or cand is None or asked is None:
        flags = {"--baseline": base, "--candidate": cand, "--margin": asked}
        missing = ", ".join(flag for flag, value in flags.items() if value is None)
        raise UserError(f"{folder.name} has no gate that says it: give {missing}.")
    if not rules and margin is None:
        _refuse_labelled(about, own.by_people)
    _refuse_unread(asked, of_rule=bool(rules))
    every = [(rule, one) for rule in asked for one in conditions(rule)]
    level, limits = alpha or own.alpha, Limits(repeats, most_items, usd_per_item, in_flight)
    # Floors and rates, which cannot be planned alone, are counted among all.
    alone = [(rule, one) for rule, one in every if len(asked) == 1 or can_be_planned(rule, one)]
    true = {"quality": difference}
    found = [
        mixes_of_rule(
            folder,
            base,
            cand,
            rule,
            one,
            alpha=level,
            wanted=Wanted(power, true.get(rule.kind, supposed), limits, draws),
        )
        for rule, one in alone
    ]
    together = None
    if len(every) > 1 and supposed is None:
        want = Wanted(power, difference, limits, draws)
        together = plan_together(folder, base, cand, every, found, alpha=level, wanted=want)
    elif not found:
        raise UserError("none of these rules can be planned")
    if as_json:
        first, *others = [one.as_json() for one in found] or [{}]
        more: dict[str, object] = {"other_limits": others} if others else {}
        more |= {} if together is None else {"all_rules": together.as_json()}
        return print_json({"folder": str(folder), **first, **more})
    from evalkit.render.mixes import render_mixes, render_together

    for n, one in enumerate(found):
        if n:
            echo()
        render_mixes(one)
    if together is not None:
        echo()
        render_together(together)
    return 0


def _asked(rules: tuple[str, ...], about: str, margin: float | None, own: _OwnGate) -> list[RuleEntry] | None:
    """The rules that are planned; None where nobody says a margin. Raises UserError for a rule that is none."""
    from evalkit.suite.schema.rules import read_rule

    if rules:
        return [_rule(one) for one in rules]
    if margin is not None:
        return [read_rule({"quality": about, "margin": margin})]
    return None if own.margin is None else [read_rule({"quality": about, "margin": own.margin, "tail": own.tail})]


def _refuse_labelled(about: str, by_people: frozenset[str]) -> None:
    """Raises UserError where the run's own gate has people's labels decide."""
    if about in by_people:
        raise UserError(
            f"the rule about {about} has labels: random: people's labels decide it, not a mix of items and repeats. "
            "evalkit plan SUITE says what a hundred labels see; --margin plans a rule that rests on the judge."
        )


def _rule(text: str) -> RuleEntry:
    """A rule as a suite writes it. Raises UserError for what is none."""
    from pydantic import ValidationError

    from evalkit.suite.schema.rules import read_rule
    from evalkit.suite.source_map import parse

    way_out = "Write it like '{cost: usd_per_sample, max_ratio: 0.5}' or '{latency: total_p95, max_s: 4}'"
    try:
        made = read_rule(parse(f"rule: {text}\n", "--rule").data.get("rule"))
    except (ValidationError, ValueError, UserError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UserError(f"--rule {text!r} is no rule: {said}. {way_out}") from None
    if not any(getattr(made, limit, None) is not None for limit in made.limits):
        raise UserError(f"--rule {text!r} is no rule: it limits nothing ({', '.join(made.limits)}). {way_out}")
    return made


def _refuse_unread(asked: list[RuleEntry], *, of_rule: bool) -> None:
    """Raises UserError for an option that was given and says nothing of this rule."""
    from evalkit.decide.rules import conditions

    context = click.get_current_context()
    kinds = {rule.kind for rule in asked}
    about_scores = "quality" in kinds
    unread = ["about", "margin"] if of_rule else []
    unread += [] if about_scores else ["difference"]
    unread += ["supposed"] if kinds == {"quality"} else []
    for name in unread:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            inside = "is not read beside --rule: write it into the rule"
            other = "--difference" if about_scores else "--supposed"
            why = (
                inside if name in {"about", "margin"} else f"says nothing of a rule about {asked[0].kind}: use {other}"
            )
            raise UserError(f"--{name} {why}.")
    names = [one.name for rule in asked for one in conditions(rule)]
    if len(names) > 1 and context.params["supposed"] is not None:
        what = "this rule has several limits" if len(asked) == 1 else "these rules have several limits"
        raise UserError(
            f"--supposed is one figure, and {what}, each in its own unit ({', '.join(names)}): plan one limit at a "
            "time."
        )


@dataclass(frozen=True, slots=True)
class _OwnGate:
    """What the run's own gate says; None: it does not say, or there is none."""

    baseline: str | None = None
    candidate: str | None = None
    margin: float | None = None
    """The smallest of its rules."""
    tail: Tail = "strict"
    """That rule's."""
    alpha: float = 0.05
    by_people: frozenset[str] = frozenset()
    """Subjects of which people's labels decide."""


def _of_gate(folder: Path) -> _OwnGate:
    from evalkit.decide.gate import gate_of
    from evalkit.decide.rules import conditions
    from evalkit.results import read_facts

    try:
        gate = gate_of(read_facts(folder), folder)
    except UserError:
        return _OwnGate()
    margins = [c for rule in gate.rules for c in conditions(rule) if c.is_margin and c.at > 0]
    smallest = min(margins, key=lambda c: c.at, default=None)
    return _OwnGate(
        baseline=None if gate.baseline is None or gate.baseline.startswith("baseline@") else gate.baseline,
        candidate=next(iter(gate.candidates), None),
        margin=None if smallest is None else smallest.at,
        tail="strict" if smallest is None else smallest.tail,
        alpha=gate.alpha,
        by_people=frozenset(
            c.subject for rule in gate.rules if getattr(rule, "labels", None) for c in conditions(rule)
        ),
    )


def _numbers(value: str | None) -> tuple[int, ...]:
    parts = [] if value is None else [part.strip() for part in value.split(",")]
    if not all(part.isdigit() and 1 <= int(part) <= 100 for part in parts):
        raise click.BadParameter(f"{value!r} is no list of whole numbers from 1 to 100, such as 1,2,4")
    return tuple(int(part) for part in parts)
