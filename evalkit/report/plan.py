"""What `evalkit plan` prints: a row for each model, what it rests on, who receives what, what the gate sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TextIO

from evalkit.report import numbers
from evalkit.report.hostile import visible
from evalkit.report.page import Column, Page


def render_plan(made: Mapping[str, Any], *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print a forecast (`cli.planning`), nothing but its figures."""
    models = made["models"]
    with Page(width, file) as page:
        tasks = ", ".join(f"{visible(name, limit=60)} {numbers.count(n)}" for name, n in made["tasks"].items())
        repeats = f", each {made['repeats']} times" if made["repeats"] > 1 else ""
        page.say(f"{visible(made['suite'], limit=80)}: {tasks} samples{repeats}. Nothing was sent.")
        page.say("")
        page.table("what a run would take", _columns("model", models))
        if made["judges"]:
            page.table("then, to judge the answers", _columns("judge", made["judges"]))
        for one in (*models, *made["judges"]):
            _say_basis(page, one)
        for note in made["notes"]:
            page.say(f"note: {visible(note, limit=1000)}")
        for look in made["gate"]:
            page.say(_gate(look))


def _columns(who: str, rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    return [
        Column(who, [visible(one["model"], limit=60) for one in rows], left=True, folds=True),
        Column("requests", [numbers.count(one["n_requests"]) for one in rows]),
        Column("bought\nbefore", [numbers.count(one["n_bought_before"]) for one in rows]),
        Column("input tokens", [_tokens(one["input_tokens"]) for one in rows], left=True),
        Column("output tokens", [_tokens(one["output_tokens"]) for one in rows], left=True),
        Column("USD", [_usd(one["usd"]) for one in rows], left=True),
        Column("time", [_time(one["minutes"]) for one in rows]),
    ]


def _say_basis(page: Page, one: Mapping[str, Any]) -> None:
    name = visible(one["model"], limit=60)
    host = one["receiver"]
    page.say(f"{name}: " + (f"prompts go to {visible(host)}." if host else "nothing leaves this process."))
    if not one["price_known"]:
        page.say(
            "  price unknown: give it one in a price file (--prices), by price_as, or by hosting and a load sweep."
        )
    page.say(f"  input {one['input_basis']}; output {_by_basis(one['output_basis'])}.")
    page.say(f"  time {one['minutes_basis']}.")


def _by_basis(bases: Mapping[str, str]) -> str:
    """What the answers' lengths rest on, tasks of the same basis together."""
    tasks: dict[str, list[str]] = {}
    for task, basis in bases.items():
        tasks.setdefault(basis, []).append(visible(task, limit=60))
    if len(tasks) == 1:
        return next(iter(tasks))
    return "; ".join(f"{', '.join(names)}: {basis}" for basis, names in tasks.items())


def _gate(look: Mapping[str, Any]) -> str:
    rule = visible(look["rule"], limit=80)
    if not look["n"]:
        return f"gate, {rule}: how many items it is about is known only from the data."
    least = look["smallest_regression"]
    power = numbers.share(look["power"])
    sees = f"a loss of {least:.3f} fails with {power}" if least else "not even a collapse would fail"
    passes = numbers.share(look["chance_equal_passes"])
    needed = f"; {numbers.count(look['n_needed'])} items give an equal one 80 %" if look["n_needed"] else ""
    return (
        f"gate, {rule}: on {numbers.count(look['n'])} items {sees}; an equally good candidate passes with {passes}"
        f"{needed} (if right/wrong answers differ on {numbers.share(look['discordance'])} of the items)."
    )


def _tokens(ends: Mapping[str, int | None]) -> str:
    if ends["value"] is None:
        most = numbers.count(ends["high"]) if ends["high"] is not None else "no known limit"
        return f"{numbers.count(ends['low'])} to {most}"
    if ends["low"] == ends["high"]:
        return numbers.count(ends["value"])
    return f"{numbers.count(ends['value'])} [{numbers.count(ends['low'])}, {numbers.count(ends['high'])}]"


def _usd(ends: Mapping[str, str | None]) -> str:
    low, value, high = (None if ends[end] is None else Decimal(str(ends[end])) for end in ("low", "value", "high"))
    if value is not None:
        return numbers.usd(value) if low == high else f"{numbers.usd(value)} [{numbers.usd(low)}, {numbers.usd(high)}]"
    if low is None:
        return numbers.UNKNOWN
    return f"{numbers.usd(low)} to {numbers.usd(high)}"


def _time(minutes: float | None) -> str:
    return numbers.duration(None if minutes is None else minutes * 60)
