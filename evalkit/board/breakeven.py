"""From which volume on own GPUs are cheaper than an API's bill: the last part of the page Cost."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from evalkit.addresses import is_loopback
from evalkit.board import elements
from evalkit.errors import EvalkitError
from evalkit.facts import ModelSummary, RunFacts
from evalkit.render.cost_curves import Curve, CurvePoint, curves
from evalkit.results.reader import ResultsReader
from evalkit.results.sweeps import hosted_prices, sweeps_folder
from evalkit.text import numbers
from evalkit.text.escape import visible

_BY_HAND = "by hand"
HOURS = 730.0
"""Of a month: 8,760 / 12."""
PEAK = 3.0
"""Busiest hour against the average, where nobody says otherwise."""
_OPEN = 20
"""Commands that are written out, at most."""
_VOLUMES = [10.0**e for e in range(3, 10)]


@dataclass(frozen=True, slots=True)
class MeasuredHardware:
    """What a load sweep says of one copy of a model on its own machines."""

    usd_per_hour: float
    """GPUs and power of one copy."""
    requests_per_s: float
    """Of the run's mean request."""
    source: str
    """Half a sentence."""
    elastic: bool = False
    """Only busy hours are paid (`billing: on_demand`)."""


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
        each = models[name].all.tokens.per_answer
        if served is None or each is None:
            continue
        if each > 0:
            source = f"{served.tokens_per_s:,.0f} tokens/s ({served.basis}) by load sweep {served.source}"
            found[name] = MeasuredHardware(
                float(home.machine_usd_per_hour),
                float(served.tokens_per_s) / each,
                source,
                elastic=home.billing == "on_demand",
            )
    return found


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A model on machines of one's own of which nobody knows here what they serve."""

    name: str
    has_hosting: bool
    """Whether the suite says what its machines cost."""
    command: str
    """What measures it, on the command line."""
    priced_by: str | None
    """The load sweep that priced this run's answers and is not in the folder any more; None: there was none."""


def unmeasured(store: ResultsReader, run: str, measured: Mapping[str, MeasuredHardware]) -> list[Unmeasured]:
    """Models on own machines without a load sweep: what they would cost is unknown, and no API bills it."""
    facts, found = store.facts(run), []
    suite = shlex.quote(facts.suite_path or "SUITE")
    for name in store.summary(run).models:
        if name in measured or not _runs_here(facts, name):
            continue
        prices = facts.model_facts(name).prices
        _, _, sweep = (prices.source if prices is not None and prices.source else "").partition(" by load sweep ")
        is_gone = bool(sweep) and not (sweeps_folder(store.results) / sweep).is_dir()
        command = f"evalkit load {suite} --model {shlex.quote(name)}"
        found.append(Unmeasured(name, bool(facts.entry(name).get("hosting")), command, sweep if is_gone else None))
    return found


def _runs_here(facts: RunFacts, name: str) -> bool:
    """Whether a model is paid by the hour: the suite says so (`hosting`), or its server or its weights are on
    this machine. One that is billed by use is none (a gateway's address is on this machine too), nor is a function or
    a command: it may well ask an API."""
    about = facts.model_facts(name)
    if facts.entry(name).get("hosting"):
        return True
    if about.prices is not None and about.prices.is_a_bill:
        return False
    return is_loopback(about.host) if about.host else "weights" in (about.facts or {})


def say_unmeasured(missing: Sequence[Unmeasured]) -> None:
    """Which models' machines are unmeasured, and the way out; nothing where all are measured."""
    if not missing:
        return
    names = elements.listed([one.name for one in missing])
    one = len(missing) == 1
    st.info(
        f"{names} {'runs' if one else 'run'} on own machines, and no load sweep in this folder says what they serve: "
        f"what {'it costs' if one else 'they cost'} in production is unknown until one does."
    )
    bare = [one.name for one in missing if not one.has_hosting]
    if bare:
        st.caption(f"The suite also has to say what an hour costs (`hosting`) for {elements.listed(bare)}.")
    st.code("\n".join(visible(one.command, limit=400) for one in missing[:_OPEN]), language="bash")
    if gone := [one for one in missing if one.priced_by is not None]:
        said = "; ".join(
            f"{elements.plain(one.name, 60)} by {elements.plain(one.priced_by or '', 120)}" for one in gone
        )
        st.caption(f"This run's answers were priced by load sweeps that are not in this folder: {said}.")


def breakeven(
    models: Mapping[str, ModelSummary], measured: Mapping[str, MeasuredHardware], missing: Sequence[Unmeasured]
) -> None:
    """API bills grow with the volume; GPUs are rented in whole ones. `missing`: own machines that nobody measured."""
    st.subheader("Break-even with own GPUs", anchor=False)
    ours = {*measured, *(one.name for one in missing)}
    priced = {
        name: cell.cost.usd_per_1k_samples / 1000
        for name, model in models.items()
        if name not in ours and (cell := model.all).cost.usd_per_1k_samples
    }
    if not priced:
        st.info("No model of this run is billed by an API at a known price, so there is no bill to compare with.")
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
            st.caption(
                f"{elements.plain(own, 40)}: {numbers.usd(hardware.usd_per_hour)} an hour a copy"
                f"{', paid while it is busy' if hardware.elastic else ''}, {numbers.rate(hardware.requests_per_s)} "
                f"requests/s, from {elements.plain(hardware.source, 200)}.".replace("$", r"\$")
            )
        else:
            gpu = st.slider("USD per GPU hour", 0.25, 12.0, 2.5, 0.25, key="gpu", bind="query-params")
            per_s = st.number_input(
                "Requests a second that one GPU serves", 0.01, 10_000.0, 2.0, key="per_s", bind="query-params",
                help="Measure it with `evalkit load`: a guess here decides the chart.",
            )  # fmt: skip
            hardware = MeasuredHardware(gpu, per_s, "by hand")
        peak = PEAK
        if not hardware.elastic:  # only busy hours are paid: how they lie in the month changes nothing
            peak = st.slider(
                "Peak factor: busiest hour against the average", 1.0, 10.0, PEAK, 0.5, key="peak", bind="query-params"
            )
    asked = 1 - cached / 100
    api_now = priced[model] * volume * asked
    own_now = own_usd(hardware, volume * asked, peak)
    dollar = r"\$"
    api_text, own_text = numbers.usd(api_now).replace("$", dollar), numbers.usd(own_now).replace("$", dollar)
    machines = machines_text(hardware, volume * asked, peak, unit="copy" if own in measured else "GPU")
    st.markdown(
        f"**At {volume:,} requests a month: {elements.plain(model, 40)} {api_text}; "
        f"{elements.plain(own, 40) if own in measured else 'own GPUs'} {own_text} ({machines}). "
        f"With these figures {_where(hardware, priced[model], asked, peak)}.**"
    )
    _curves(priced[model], asked, hardware, peak, visible(model, limit=40))
    st.caption(
        "Rent only: no engineers, no electricity, no idle development machines. `evalkit breakeven` counts those."
    )


def _first(names: Sequence[str]) -> int:
    """The place of the first chosen model among these; 0 where none is."""
    return next((names.index(name) for name in elements.chosen() if name in names), 0)


def own_usd(hardware: MeasuredHardware, requests_a_month: float, peak: float) -> float:
    """Dollars a month: of whole copies for the busiest hour, or of busy hours alone where only these are paid."""
    if hardware.elastic:
        return requests_a_month / (hardware.requests_per_s * 3600) * hardware.usd_per_hour
    return gpus_needed(requests_a_month, hardware.requests_per_s, peak) * hardware.usd_per_hour * HOURS


def machines_text(hardware: MeasuredHardware, requests_a_month: float, peak: float, *, unit: str = "copy") -> str:
    """What is paid: `2 copies`, or the busy hours."""
    if hardware.elastic:
        hours = requests_a_month / (hardware.requests_per_s * 3600)
        return numbers.plural(max(1, round(hours)), "busy hour")
    plural = "copies" if unit == "copy" else f"{unit}s"
    return numbers.plural(gpus_needed(requests_a_month, hardware.requests_per_s, peak), unit, plural)


def _where(hardware: MeasuredHardware, usd_each: float, asked: float, peak: float) -> str:
    if hardware.elastic:
        is_cheaper = own_usd(hardware, 1, peak) < usd_each
        return "own GPUs are cheaper at every volume" if is_cheaper else "own GPUs never become cheaper"
    cross = crossover(usd_each, asked, hardware.usd_per_hour, hardware.requests_per_s, peak)
    return (
        f"own GPUs are cheaper from about {cross:,.0f} requests a month" if cross else "own GPUs never become cheaper"
    )


def gpus_needed(requests_a_month: float, per_gpu_s: float, peak: float) -> int:
    """Whole GPUs that carry the busiest hour; at least one."""
    return max(1, -int(-(requests_a_month / (HOURS * 3600) * peak / per_gpu_s) // 1))


def crossover(usd_each: float, asked: float, gpu_usd: float, per_gpu_s: float, peak: float) -> float | None:
    """The lowest monthly volume from which own GPUs cost less at every higher one; None where that never happens.

    The GPUs' cost is a staircase: k of them carry up to k × per_gpu_s × month / peak requests. Own is cheaper at the
    start of step k when usd_each × volume exceeds k × gpu × month; in the limit the slopes decide.
    """
    month_s = HOURS * 3600
    step = per_gpu_s * month_s / peak / asked
    gain_a_step = usd_each * asked * step - gpu_usd * HOURS
    if gain_a_step <= 0:
        return None
    # Just above the start of step k + 1 one pays k + 1 GPUs for k steps of requests.
    k = 0
    while usd_each * asked * k * step < gpu_usd * HOURS * (k + 1):
        k += 1
        if k > 1_000_000:
            return None
    # The last volume at which the API is still as cheap lies within the step before, where k GPUs are paid.
    return max((k - 1) * step, gpu_usd * HOURS * max(k, 1) / (usd_each * asked))


def _curves(usd_each: float, asked: float, hardware: MeasuredHardware, peak: float, model: str) -> None:
    volumes = [v * m for v in _VOLUMES[:-1] for m in (1, 1.5, 2, 3, 4, 5, 7)]
    api = [(volume, usd_each * volume * asked) for volume in volumes]
    own = [(volume, own_usd(hardware, volume * asked, peak)) for volume in volumes]
    lines = [
        Curve(name, [CurvePoint(x, y, y, y, numbers.usd(y)) for x, y in points])
        for name, points in ((f"{model}, by API", api), ("own GPUs, rented", own))
    ]
    chart = curves(lines, x="requests a month", y="USD a month")
    if chart is not None:
        elements.draw(chart)
