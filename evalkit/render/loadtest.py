"""What `evalkit load` prints: the steps as they end, then the table, what the server takes, and what a token costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TextIO

from evalkit.cost.reports import ShareCost
from evalkit.facts import LoadFacts, StepFacts
from evalkit.facts.load import EstimateFacts, SpreadFacts
from evalkit.latency.loadtest import Slo, Step
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

_LATE_S = 0.02
"""Above this the client was late itself: said, since its own queue then stands in the times."""


def step_line(step: Step, slo: Slo) -> str:
    """One finished step for the progress on stderr."""
    rate = numbers.rate(step.requests_per_s.value) if step.requests_per_s else numbers.UNKNOWN
    times = step.times["ttft_s"]
    ttft = f", TTFT p95 {numbers.time(times.p95)}" if times else ""
    errors = f", {step.n_errored} of {step.n} failed" if step.n_errored else ""
    why = step.saturated or (slo.missed(step) if slo.as_facts() else None)
    return f"{step.name}: {rate} answers/s{ttft}{errors}{f' ({why})' if why else ''}"


def render_load(
    model: str,
    load: LoadFacts,
    by_share: Sequence[ShareCost] | None,
    *,
    width: int | None = None,
    file: TextIO | None = None,
) -> None:
    """Print a sweep (`latency.loadtest.find`), with dollars against utilisation where the model has a hosting."""
    with Page(width, file) as page:
        steps = load.steps
        page.table(
            f"{visible(model, limit=60)} under load",
            [
                Column("loop", [step.name for step in steps], left=True),
                Column("n", [numbers.count(step.n) for step in steps]),
                Column("failed", [numbers.count(step.n_errored) for step in steps]),
                Column("answers/s", [_estimate(step.requests_per_s) for step in steps], left=True),
                Column("tokens/s", [_value(step.tokens_per_s) for step in steps]),
                _times([step.ttft_s for step in steps], "TTFT"),
                _times([step.tpot_s for step in steps], "TPOT"),
                _times([step.total_s for step in steps], "total"),
                Column("", [_remark(step) for step in steps], left=True, folds=True),
            ],
        )
        _say_found(page, load)
        if by_share:
            page.table("USD per million tokens", share_columns(by_share))


def share_columns(rows: Sequence[ShareCost]) -> list[Column]:
    """The columns of `cost.hosting.curve`: dollars per million tokens against the busy share of the paid hours."""

    def money(amounts: Iterable[str | None]) -> list[str]:
        return [numbers.usd(None if amount is None else Decimal(amount)) for amount in amounts]

    low, high = money(row["low"] for row in rows), money(row["high"] for row in rows)
    bounds = [f"[{below}, {above}]" for below, above in zip(low, high, strict=True)]
    return [
        Column("busy share of\npaid hours", [numbers.share(Decimal(row["utilisation"])) for row in rows]),
        Column("input and\noutput", money(row["usd_per_mtok"] for row in rows)),
        Column("\n[95 %]", bounds, left=True),
        Column("all on the\noutput", money(row["usd_per_mtok_output"] for row in rows)),
    ]


def _say_found(page: Page, load: LoadFacts) -> None:
    top = load.capacity
    if top is not None:
        full = load.full_at_in_flight
        page.say(f"Capacity: {_estimate(top.requests_per_s)} answers/s; full from {full} in flight on.")
    if load.slo:
        promise = ", ".join(f"{name} {limit:g} s" for name, limit in load.slo.items())
        kept = load.within_slo
        found = f"{_estimate(kept.requests_per_s)} answers/s ({kept.name})" if kept else "no rate that was tried"
        page.say(f"Within the SLO ({promise}): {found}.")
    if load.serves is None:
        page.say(
            "What it serves, and so its cost per token, is unknown: no step qualifies, or tokens were not reported."
        )
    n_prompts = load.n_prompts  # null: another tool made them
    if n_prompts and load.n_asked is not None and (rounds := load.n_asked / n_prompts) > 1:
        page.say(
            f"Each of the {numbers.count(n_prompts)} prompts was asked about {rounds:.0f} times: a server that "
            "caches prompts may look faster than it will be on new ones."
        )
    slowest = max((step.total_s.p50 for step in load.steps if step.total_s), default=0.0)
    if load.seconds is not None and slowest * 3 > load.seconds:
        page.say(
            f"An answer takes up to {numbers.time(slowest)} and a step {numbers.time(load.seconds)}: longer steps "
            f"would show more, like --seconds {max(1, round(slowest * 5))}."
        )
    late = max((step.late_s_p95 or 0.0 for step in load.steps), default=0.0)
    if late > _LATE_S:
        page.say(
            f"This machine was too busy to send every request when it was due: in the worst step one in twenty left "
            f"{numbers.time(late)} late or more. That wait is part of the times above."
        )
    for note in load.notes:
        page.say(visible(note, limit=1000))
    page.say("")


def _times(found: Sequence[SpreadFacts | None], header: str) -> Column:
    unit = numbers.time_unit(each for times in found if times for each in (times.p50, times.p95))
    texts = [
        f"{numbers.time_in(unit, times.p50)}/{numbers.time_in(unit, times.p95)}" if times else numbers.UNDEFINED
        for times in found
    ]
    return Column(f"{header} {unit}\np50/p95", texts)


def _remark(step: StepFacts) -> str:
    return step.saturated or step.misses_slo or ""


def _estimate(figure: EstimateFacts | None) -> str:
    if figure is None:
        return numbers.UNKNOWN
    return f"{numbers.rate(figure.value)} [{numbers.rate(figure.low)}, {numbers.rate(figure.high)}]"


def _value(figure: EstimateFacts | None) -> str:
    return numbers.UNKNOWN if figure is None else numbers.rate(figure.value)
