"""Cost: the bill, the prices behind it, and from which volume on own GPUs are cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from evalkit.board import elements
from evalkit.errors import EvalkitError
from evalkit.facts import ModelSummary
from evalkit.render.bars import Bar, bars
from evalkit.render.cost_curves import Curve, CurvePoint, curves
from evalkit.results.reader import ResultsReader
from evalkit.results.sweeps import hosted_prices
from evalkit.text import numbers
from evalkit.text.escape import visible

_BY_HAND = "by hand"
_HOURS = 730.0  # of a month: 8,760 / 12
_VOLUMES = [10.0**e for e in range(3, 10)]


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Cost", "The bill, the prices used, and where own GPUs would be cheaper.")
    if not runs:
        return
    run = elements.run_of(runs)
    models = store.summary(run).models
    if not models:
        st.info("This run has no rows yet.")
        return
    judges = store.judges(run)
    st.subheader(_total(models, judges), anchor=False)
    _bars({name: model.all.cost.total_usd for name, model in (*models.items(), *judges.items())}, set(judges))
    _projected(models)
    _breakeven(models, measured_hardware(store, run))
    with st.expander("The bill, line by line"):
        _bill(models, "model")
        if judges:
            st.caption("Judges: billed for marking, in no figure of the models")
            _bill(judges, "judge")
    with st.expander("Prices used, USD per million tokens"):
        _prices(store, run)


def _total(models: Mapping[str, ModelSummary], judges: Mapping[str, ModelSummary]) -> str:
    """What all answers cost, of models and judges: the first thing that a reader wants to know."""
    of_models, of_judges = ([model.all.cost for model in found.values()] for found in (models, judges))
    known = sum(cost.known_usd for cost in (*of_models, *of_judges))
    unknown = sum(cost.n_unknown for cost in (*of_models, *of_judges))
    said = f"{numbers.usd(known)} for all answers"
    if of_judges:
        said += f", of which {numbers.usd(sum(cost.known_usd for cost in of_judges))} for judges"
    if unknown:
        said += f", and {numbers.count(unknown)} answers of unknown price"
    paid = [cost.spend_usd for cost in (*of_models, *of_judges)]
    if unknown == 0 and None not in paid:
        spent = sum(one for one in paid if one is not None)
        said += f". This run paid {numbers.usd(spent)}" if abs(spent - known) > 1e-9 else ""
    return f"{said}.".replace("$", r"\$")


def _bars(costs: Mapping[str, float | None], judges: set[str]) -> None:
    """What each cost, the dearest first; those of unknown price are named below."""
    known = sorted(((cost, name) for name, cost in costs.items() if cost is not None), reverse=True)
    chart = bars(
        [
            Bar(visible(name, limit=60), cost, numbers.usd(cost), "judge" if name in judges else "model")
            for cost, name in known
        ],
        "US dollars for all answers",
    )
    if chart is not None:
        elements.draw(chart)
    unknown = [name for name, cost in costs.items() if cost is None]
    if unknown:
        st.caption(f"Not drawn, because the price of an answer is unknown: {elements.listed(unknown)}.")


def _volume() -> int:
    volume: int = st.select_slider(
        "Requests a month", [n * 10**e for e in range(3, 9) for n in (1, 2, 5)], value=1_000_000, key="volume",
        format_func=lambda n: f"{n:,}", bind="query-params",
    )  # fmt: skip
    return volume


def _projected(models: Mapping[str, ModelSummary]) -> None:
    """What each model would cost in production, at this run's mean request."""
    st.subheader("In production", anchor=False)
    volume = _volume()
    priced = [
        (each * volume / 1000, name)
        for name, model in models.items()
        if (each := model.all.cost.usd_per_1k_samples) is not None
    ]
    found = [
        Bar(visible(name, limit=60), cost, f"{numbers.usd(cost)} a month", "model")
        for cost, name in sorted(priced, reverse=True)
    ]
    chart = bars(found, f"US dollars a month at {volume:,} requests")
    if chart is None:
        st.info("No price is known, so nothing can be projected.")
        return
    elements.draw(chart)
    st.caption("Requests as long as those of this run, at the prices of the day. Own models: at a full machine.")


def _bill(models: Mapping[str, ModelSummary], what: str) -> None:
    import pandas as pd

    cells = {name: model.all for name, model in models.items()}
    costs = [cell.cost for cell in cells.values()]
    frame = pd.DataFrame(
        {
            what: [elements.marked(name) for name in cells],
            "all answers": [numbers.usd(c.total_usd) for c in costs],
            "this run paid": [numbers.usd(c.spend_usd) for c in costs],
            "per 1,000 samples": [numbers.usd(c.usd_per_1k_samples) for c in costs],
            "cost per correct answer": [numbers.usd(c.usd_per_correct) for c in costs],
            "price unknown for": [numbers.count(c.n_unknown) for c in costs],
            "tokens in": [numbers.count(cell.tokens.input) for cell in cells.values()],
            "of these cached": [numbers.count(cell.tokens.cache_read) for cell in cells.values()],
            "tokens out": [numbers.count(cell.tokens.output) for cell in cells.values()],
            "of these reasoning": [numbers.count(cell.tokens.reasoning) for cell in cells.values()],
        }
    )
    st.dataframe(frame, hide_index=True, width="stretch", alt=f"The bill of each {what}")
    st.caption(
        "“All answers” is what they cost when they were bought; “this run paid” leaves out what came from the cache. "
        "One answer of unknown price makes a bill unknown."
    )


def _prices(store: ResultsReader, run: str) -> None:
    import pandas as pd

    rows = []
    for name, about in (store.facts(run).models or {}).items():
        prices = about.prices
        if prices is None:
            rows.append({"model": elements.cell(name, 60), "priced as": numbers.UNKNOWN})
            continue
        for band in prices.usd_per_mtok:
            row = {
                "model": elements.cell(name, 60),
                "priced as": elements.cell(prices.model, 60),
                "source": elements.cell(prices.source, 60),
                "above input tokens": numbers.count(band.above_input_tokens),
            }
            known = ((key, rate) for key, rate in band if rate is not None and key != "above_input_tokens")
            rows.append(row | {key.replace("_", " "): f"{rate}" for key, rate in known})
    if not rows:
        st.info("This run does not say which prices were used.")
        return
    frame = pd.DataFrame(rows).fillna(numbers.UNDEFINED)
    st.dataframe(frame, hide_index=True, width="stretch", alt="The prices used")
    if any(row["priced as"] == numbers.UNKNOWN for row in rows):
        st.caption("Unknown is not zero: write the price into a prices.yaml beside the suite to have it counted.")


@dataclass(frozen=True, slots=True)
class MeasuredHardware:
    """What a load sweep says of one copy of a model on its own machines."""

    usd_per_hour: float
    """GPUs and power of one copy."""
    requests_per_s: float
    """Of the run's mean request."""
    source: str
    """Half a sentence."""


def measured_hardware(store: ResultsReader, run: str) -> dict[str, MeasuredHardware]:
    """By model, where the suite says what its machines cost and the newest load sweep what they serve."""
    facts, models = store.facts(run), store.summary(run).models
    try:
        entries = {name: facts.entry(name) for name in models}
        hosted = hosted_prices(
            entries, str(facts.suite), store.results, served=lambda name: facts.model_facts(name).facts
        )
    except EvalkitError as error:
        st.warning(elements.plain(error, 400))
        return {}
    found = {}
    for name, (home, served, _) in hosted.items():
        figures = models[name].all
        tokens, n = figures.tokens, figures.n_answered + figures.n_unmarked  # unmarked answers were served too
        if served is None or not n or tokens.input is None or tokens.output is None:
            continue
        each = (tokens.input + tokens.output) / n
        if each > 0:
            source = f"{served.tokens_per_s:,.0f} tokens/s ({served.basis}) by load sweep {served.source}"
            found[name] = MeasuredHardware(float(home.machine_usd_per_hour), float(served.tokens_per_s) / each, source)
    return found


def _breakeven(models: Mapping[str, ModelSummary], measured: Mapping[str, MeasuredHardware]) -> None:
    """API bills grow with the volume; GPUs are rented in whole ones."""
    st.subheader("Break-even with own GPUs", anchor=False)
    priced = {
        name: cell.cost.usd_per_1k_samples / 1000
        for name, model in models.items()
        if (cell := model.all).cost.usd_per_1k_samples
    }
    if not priced:
        st.info("No model of this run has a known price above zero, so there is no bill to compare with.")
        return
    left, right = st.columns(2)
    volume = int(st.session_state.get("volume") or 1_000_000)
    with left:
        model = elements.choose("Billed by an API", list(priced), key="api", index=_first(list(priced)))
        cached = st.slider(
            "Share of requests answered from a cache of one's own, per cent",
            0,
            95,
            0,
            5,
            key="cached",
            bind="query-params",
        )
    with right:
        own = elements.choose("Own machines", [*measured, _BY_HAND], key="own") if measured else _BY_HAND
        if own in measured:
            hardware = measured[own]
            gpu, per_s = hardware.usd_per_hour, hardware.requests_per_s
            st.caption(
                f"{elements.plain(own, 40)}: {numbers.usd(gpu)} an hour a copy, {numbers.rate(per_s)} requests/s, from "
                f"{elements.plain(hardware.source, 200)}.".replace("$", r"\$")
            )
        else:
            gpu = st.slider("USD per GPU hour", 0.25, 12.0, 2.5, 0.25, key="gpu", bind="query-params")
            per_s = st.number_input(
                "Requests a second that one GPU serves", 0.01, 10_000.0, 2.0, key="per_s", bind="query-params",
                help="Measure it with `evalkit load`: a guess here decides the chart.",
            )  # fmt: skip
        peak = st.slider(
            "Peak factor: busiest hour against the average", 1.0, 10.0, 3.0, 0.5, key="peak", bind="query-params"
        )
    asked = 1 - cached / 100
    api_now = priced[model] * volume * asked
    gpus_now = gpus_needed(volume * asked, per_s, peak)
    own_now = gpus_now * gpu * _HOURS
    cross = crossover(priced[model], asked, gpu, per_s, peak)
    dollar = r"\$"
    api_text, own_text = numbers.usd(api_now).replace("$", dollar), numbers.usd(own_now).replace("$", dollar)
    where = (
        f"own GPUs are cheaper from about {cross:,.0f} requests a month" if cross else "own GPUs never become cheaper"
    )
    units = ("GPU" if gpus_now == 1 else "GPUs") if own not in measured else "copy" if gpus_now == 1 else "copies"
    st.markdown(
        f"**At {volume:,} requests a month: {elements.plain(model, 40)} {api_text}, {gpus_now:,} {units} {own_text}. "
        f"With these figures {where}.**"
    )
    _curves(priced[model], asked, gpu, per_s, peak, visible(model, limit=40))
    st.caption(
        "Rent only: no engineers, no electricity, no idle development machines. `evalkit breakeven` counts those."
    )


def _first(names: Sequence[str]) -> int:
    """The place of the first chosen model among these; 0 where none is."""
    return next((names.index(name) for name in elements.chosen() if name in names), 0)


def gpus_needed(requests_a_month: float, per_gpu_s: float, peak: float) -> int:
    """Whole GPUs that carry the busiest hour; at least one."""
    return max(1, -int(-(requests_a_month / (_HOURS * 3600) * peak / per_gpu_s) // 1))


def crossover(usd_each: float, asked: float, gpu_usd: float, per_gpu_s: float, peak: float) -> float | None:
    """The lowest monthly volume from which own GPUs cost less at every higher one; None where that never happens.

    The GPUs' cost is a staircase: k of them carry up to k × per_gpu_s × month / peak requests. Own is cheaper at the
    start of step k when usd_each × volume exceeds k × gpu × month; in the limit the slopes decide.
    """
    month_s = _HOURS * 3600
    step = per_gpu_s * month_s / peak / asked
    gain_a_step = usd_each * asked * step - gpu_usd * _HOURS
    if gain_a_step <= 0:
        return None
    # Just above the start of step k + 1 one pays k + 1 GPUs for k steps of requests.
    k = 0
    while usd_each * asked * k * step < gpu_usd * _HOURS * (k + 1):
        k += 1
        if k > 1_000_000:
            return None
    # The last volume at which the API is still as cheap lies within the step before, where k GPUs are paid.
    return max((k - 1) * step, gpu_usd * _HOURS * max(k, 1) / (usd_each * asked))


def _curves(usd_each: float, asked: float, gpu: float, per_s: float, peak: float, model: str) -> None:
    volumes = [v * m for v in _VOLUMES[:-1] for m in (1, 1.5, 2, 3, 4, 5, 7)]
    api = [(volume, usd_each * volume * asked) for volume in volumes]
    own = [(volume, gpus_needed(volume * asked, per_s, peak) * gpu * _HOURS) for volume in volumes]
    lines = [
        Curve(name, [CurvePoint(x, y, y, y, numbers.usd(y)) for x, y in points])
        for name, points in ((f"{model}, by API", api), ("own GPUs, rented", own))
    ]
    chart = curves(lines, x="requests a month", y="USD a month")
    if chart is not None:
        elements.draw(chart)
