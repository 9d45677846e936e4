"""What a run has cost and what it would cost: the tables of `evalkit price` and `evalkit plan`.

The bill comes from the facts of a run alone (`cli.pricing.bill_of`), the forecast from a suite (`cli.plan`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TextIO

from evalkit.cost.reports import (
    CheapestAsGood,
    DerivedFigures,
    HostingFigures,
    LimitForecast,
    ModelForecast,
    PlanReport,
    RuleForecast,
    RunBillReport,
    Spread,
    TokenRange,
    ToolReceiver,
    UsdRange,
)
from evalkit.render.bill_tables import dearest_first, print_kinds, usd_of
from evalkit.render.loadtest import share_columns
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page


def render_bill(made: RunBillReport, *, total: str = "", width: int | None = None, file: TextIO | None = None) -> None:
    """Print a bill: models and tasks by kind of token, then what each right answer cost, then own hardware. `total`: a
    sentence about the whole, which comes first."""
    with Page(width, file) as page:
        if not made["models"]:
            page.say("This run has no rows yet.")
            return
        if total:
            page.say(total, style="bold")
            page.say("")
        print_kinds(page, "billed", made["models"])
        if made["repriced"] is not None:
            at = made["repriced"]["at"]
            title = f"at the prices of {at[:10]}" if at else "at the prices given"
            tier = made["repriced"]["tier"]
            print_kinds(page, title + (f", tier {visible(tier, limit=40)}" if tier else ""), made["repriced"]["models"])
            for name, list_name in made["repriced"]["without_file"].items():
                page.say(
                    f"{visible(name, limit=60)} was billed by {visible(list_name, limit=80)}, which is left out here: "
                    "name it with --prices to price by it."
                )
        for name, parts in made["parts"].items():
            print_kinds(page, f"parts of {visible(name, limit=60)}, in its figures above", parts)
        if made["judges"] is not None:
            print_kinds(page, "judges: billed for scoring, in no figure of the models", made["judges"]["models"])
            if made["judges"]["repriced"] is not None:
                print_kinds(page, "judges, at these prices", made["judges"]["repriced"]["models"])
        _print_derived(page, made)
        for name, found in made["hosting"].items():
            _say_hosting(page, visible(name, limit=60), found)


def _print_derived(page: Page, made: RunBillReport) -> None:
    models = made["models"]
    known = sorted(
        (name for name in made["derived"] if name in models), key=lambda n: dearest_first(models[n]["total"])
    )
    figures = {name: made["derived"][name] for name in dict.fromkeys((*known, *made["derived"]))}
    if not figures:
        return
    same = made["at_equal_quality"]
    page.grid(
        "what an answer costs [95 %]",
        Column("model", [visible(name, limit=60) for name in figures], left=True, folds=True),
        [
            Column("quality", [numbers.quality(figure["quality"]) for figure in figures.values()]),
            Column(
                "cost per 1,000\nsamples", [_estimate(f["usd_per_1k_samples"]) for f in figures.values()], left=True
            ),
            Column("cost per\ncorrect answer", [_per_right(f) for f in figures.values()], left=True),
            Column("cheapest\nas good", [_cheapest(same.get(name)) for name in figures], left=True, folds=True),
        ],
    )


def _say_hosting(page: Page, name: str, found: HostingFigures) -> None:
    hour = f"{name}: own hardware at {usd_of(found['usd_per_hour'])} an hour ({visible(found['basis'])})"
    if found["answers_usd"] is not None:
        band = f"[{usd_of(found['low_usd'])}, {usd_of(found['high_usd'])}]"
        page.say(f"{hour}; these answers {usd_of(found['answers_usd'])} {band}")
    else:
        least = f", at least {usd_of(found['least_usd'])}" if found["least_usd"] is not None else ""
        page.say(
            f"{hour}; these answers by the newest load sweep: unknown{least} ({visible(str(found['why']), limit=300)})"
        )
    if "sweep" not in found:
        return
    page.say(f"  throughput {visible(found['sweep_basis'])}, by load sweep {visible(found['sweep'])}")
    if found["other_prompts"]:
        tasks = visible(", ".join(found["other_prompts"]), limit=300)
        page.say(f"  the sweep did not ask these prompts: {tasks}. Other lengths give another throughput: load again.")
    page.table(f"{name}: USD per million tokens", share_columns(found["usd_per_mtok_by_utilisation"]))


def _estimate(figure: Spread | None) -> str:
    if figure is None:
        return numbers.UNKNOWN
    if figure["low"] is None or figure["high"] is None:
        return numbers.usd(figure["value"])
    return f"{numbers.usd(figure['value'])} [{numbers.usd(figure['low'])}, {numbers.usd(figure['high'])}]"


def _per_right(figure: DerivedFigures) -> str:
    """Undefined, rather than unknown, where the cost is known but nothing was right, or "right" has no meaning."""
    if figure["usd_per_correct"] is None and figure["usd_per_1k_samples"] is not None:
        return numbers.UNDEFINED
    return _estimate(figure["usd_per_correct"])


def _cheapest(found: CheapestAsGood | None) -> str:
    if found is None:
        return numbers.UNKNOWN
    return f"{visible(found['model'], limit=40)}, {numbers.usd(found['usd_per_1k_samples'])}"


def render_plan(made: PlanReport, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print a forecast (`cli.plan`), nothing but its figures."""
    models = made["models"]
    with Page(width, file) as page:
        tasks = numbers.plural_of({visible(name, limit=60): n for name, n in made["tasks"].items()}, "sample")
        repeats = f", each {made['repeats']} times" if made["repeats"] > 1 else ""
        page.say(f"{visible(made['suite'], limit=80)}: {tasks}{repeats}. Nothing was sent.")
        page.say("")
        name, *columns = forecast_columns("model", models)
        page.grid("what a run would take", name, columns)
        if made["judges"]:
            name, *columns = forecast_columns("judge", made["judges"])
            page.grid("then, to judge the answers", name, columns)
        for one in (*models, *made["judges"]):
            _say_basis(page, one)
        for server in made["tools"]:
            page.say(tools_line(server))
        for note in made["notes"]:
            page.say(f"note: {visible(note, limit=1000)}")
        for look in made["gate"]:
            page.say(gate_line(look))
        for floor in made.get("floors", []):
            page.say(floor_line(floor))
        if made["continues"] is not None:
            page.say(f"resumes the unfinished run {visible(made['continues'], limit=120)}.")
        page.say(f"digest of this plan, for evalkit run --planned: {made['digest']}")


def forecast_columns(who: str, rows: Sequence[ModelForecast]) -> list[Column]:
    """A line a model: what it would be asked, and what that takes. `who`: the head of the names."""
    return [
        Column(who, [visible(one["model"], limit=60) for one in rows], left=True, folds=True),
        Column("requests", [numbers.count(one["n_requests"]) for one in rows]),
        Column("cached", [numbers.count(one["n_cached"]) for one in rows]),
        Column("input tokens", [_tokens(one["input_tokens"]) for one in rows], left=True),
        Column("output tokens", [_tokens(one["output_tokens"]) for one in rows], left=True),
        Column("USD", [_usd_range(one["usd"]) for one in rows], left=True),
        Column("time", [_minutes(one["minutes"]) for one in rows]),
    ]


def _say_basis(page: Page, one: ModelForecast) -> None:
    page.say(receiver_line(one))
    if not one["price_known"]:
        page.say(
            "  price unknown: give it one in a price file (--prices), by price_as, or by hosting and a load sweep."
        )
    page.say(f"  input {one['input_basis']}; output {_by_basis(one['output_basis'])}.")
    if (traffic := one["usd_per_1k_requests"]) is not None:
        page.say(f"  a thousand requests of the traffic: {_usd_range(traffic)}.")
    page.say(f"  time {one['minutes_basis']}.")


def tools_line(one: ToolReceiver) -> str:
    """Who receives the calls of agents' tools, as a sentence."""
    tasks = ", ".join(visible(name, limit=60) for name in one["tasks"])
    named = f"tools of {tasks} ({visible(one['environment'], limit=200)})"
    if one["host"] is None:
        program = visible(one["program"] or "a program", limit=200)
        return f"{named}: runs {program} on this machine; what models call them with goes where that sends it."
    return f"{named}: what models call them with goes to {visible(one['host'])}."


def receiver_line(one: ModelForecast) -> str:
    """Who receives the prompts, as a sentence."""
    host = one["receiver"]
    where = f"prompts go to {visible(host)}." if host else "nothing leaves this process."
    return f"{visible(one['model'], limit=60)}: {where}"


def forecast_total(rows: Sequence[ModelForecast]) -> str:
    """What all of them would cost together: `$1.20 [$0.90, $2.40]`; unknown at an end where one of them is."""
    usd = [one["usd"] for one in rows]
    return _usd_range(
        {
            "low": _sum([one["low"] for one in usd]),
            "value": _sum([one["value"] for one in usd]),
            "high": _sum([one["high"] for one in usd]),
        }
    )


def _sum(amounts: Sequence[str | None]) -> str | None:
    """None where one of them is unknown."""
    known = [Decimal(amount) for amount in amounts if amount is not None]
    return str(sum(known, Decimal(0))) if len(known) == len(amounts) else None


def _by_basis(bases: Mapping[str, str]) -> str:
    """What the answers' lengths rest on, tasks of the same basis together."""
    tasks: dict[str, list[str]] = {}
    for task, basis in bases.items():
        tasks.setdefault(basis, []).append(visible(task, limit=60))
    if len(tasks) == 1:
        return next(iter(tasks))
    return "; ".join(f"{', '.join(names)}: {basis}" for basis, names in tasks.items())


def gate_line(look: RuleForecast) -> str:
    """What a rule of the gate could see, as a sentence."""
    rule = visible(look["words"], limit=80)
    if not look["n"]:
        return f"gate, {rule}: how many items it is about is known only from the data."
    least = look["smallest_regression"]
    power = numbers.share(look["power"])
    sees = "not even one that is always wrong would be sure to fail"
    if least:
        sees = f"a candidate that is worse by {least:.3f} fails with a chance of {power}"
    passes = numbers.share(look["chance_equal_passes"])
    labels = "labelled pairs" if look["labelled"] else "items"
    needed = f" ({numbers.count(look['n_needed'])} {labels} would make that {power})" if look["n_needed"] else ""
    tells = round(look["effective"])
    like = f" that tell as much as {numbers.count(tells)} independent ones" if tells < look["n"] else ""
    supposed = (
        f"Supposed: right/wrong answers that differ on {numbers.share(look['discordance'])} of the items. "
        "evalkit plan --earlier RUN takes from a stored run on how many they did."
    )
    if look["labelled"]:
        return (
            f"gate, {rule}: people's labels decide (labels: random): if they have labelled both answers of "
            f"{numbers.count(look['labelled'])} of {numbers.count(look['n'])} items, {sees}, and an equally good one "
            f"passes with {passes}{needed}, fewer where the judge agrees with people. {supposed}"
        )
    return (
        f"gate, {rule}: on {numbers.plural(look['n'], 'item')}{like} {sees}, and an equally good one passes with "
        f"{passes}{needed}. {supposed}"
    )


def floor_line(look: LimitForecast) -> str:
    """What a rule about the candidate alone could see, as a sentence."""
    rule = visible(look["rule"], limit=80)
    if not look["n"]:
        return f"gate, {rule}: how many items it is about is known only from the data."
    passes, fails = look["passes_from"], look["fails_at"]
    what, better, worse = ("rate", "or less", "or more") if look["is_rate"] else ("mean score", "or more", "or less")
    power = numbers.share(look["power"])
    passing = f"one with a true {what} of {passes:.3f} {better} passes" if passes is not None else "no candidate passes"
    failing = f"one with {fails:.3f} {worse} fails" if fails is not None else "no candidate fails"
    tells = round(look["effective"])
    like = f" that tell as much as {numbers.count(tells)} independent ones" if tells < look["n"] else ""
    return (
        f"gate, {rule}: on {numbers.count(look['n'])} items{like} {passing} with a chance of {power}, and {failing} "
        "with that chance; what lies between often stays inconclusive. Supposed: right/wrong answers of independent "
        "items."
    )


def _tokens(ends: TokenRange) -> str:
    if ends["value"] is None:
        most = numbers.count(ends["high"]) if ends["high"] is not None else "no known limit"
        return f"{numbers.count(ends['low'])} to {most}"
    if ends["low"] == ends["high"]:
        return numbers.count(ends["value"])
    return f"{numbers.count(ends['value'])} [{numbers.count(ends['low'])}, {numbers.count(ends['high'])}]"


def _usd_range(ends: UsdRange) -> str:
    told = (ends["low"], ends["value"], ends["high"])
    low, value, high = (None if amount is None else Decimal(amount) for amount in told)
    if value is not None:
        return numbers.usd(value) if low == high else f"{numbers.usd(value)} [{numbers.usd(low)}, {numbers.usd(high)}]"
    if low is None:
        return numbers.UNKNOWN
    return f"{numbers.usd(low)} to {numbers.usd(high)}"


def _minutes(minutes: float | None) -> str:
    return numbers.duration(None if minutes is None else minutes * 60)
