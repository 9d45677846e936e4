"""Cost: the bill, the prices behind it, and from which volume on own GPUs are cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from evalkit.board import elements, model_marks
from evalkit.board.breakeven import (
    PEAK,
    MeasuredHardware,
    Unmeasured,
    breakeven,
    machines_text,
    measured_hardware,
    own_usd,
    say_unmeasured,
    unmeasured,
)
from evalkit.facts import ModelSummary
from evalkit.render.board_charts import Bar, bars, bill_bars
from evalkit.render.cells import correct_text, usd_text
from evalkit.render.html_tables import bill_sentence
from evalkit.results.reader import ResultsReader
from evalkit.text import numbers
from evalkit.text.escape import visible


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
    st.subheader(bill_sentence(models, judges).replace("$", r"\$"), anchor=False)
    _bars(models, judges)
    measured = measured_hardware(store, run)
    missing = unmeasured(store, run, measured)
    _projected(models, measured, missing)
    breakeven(models, measured, missing)
    with st.expander("The bill, line by line"):
        _bill(store, run, models, "model")
        if judges:
            st.caption("Judges: billed for scoring, in no figure of the models")
            _bill(store, run, judges, "judge")
    with st.expander("Prices used, USD per million tokens"):
        _prices(store, run)


def _bars(models: Mapping[str, ModelSummary], judges: Mapping[str, ModelSummary]) -> None:
    """What each cost, the dearest first; those of unknown price are named below."""
    chart = bill_bars(models, judges)
    if chart is not None:
        elements.draw(chart)
    unknown = [name for name, one in (*models.items(), *judges.items()) if one.all.cost.total_usd is None]
    if unknown:
        st.caption(f"Not drawn, because the price of an answer is unknown: {elements.listed(unknown)}.")


def _volume() -> int:
    volume: int = st.select_slider(
        "Requests a month", [n * 10**e for e in range(3, 9) for n in (1, 2, 5)], value=1_000_000, key="volume",
        format_func=lambda n: f"{n:,}", bind="query-params",
    )  # fmt: skip
    return volume


def _projected(
    models: Mapping[str, ModelSummary], measured: Mapping[str, MeasuredHardware], missing: Sequence[Unmeasured]
) -> None:
    """What each model would cost in production, at this run's mean request: own ones in whole copies. Of own machines
    that nobody measured it is unknown, whatever the run's answers were priced at."""
    st.subheader("In production", anchor=False)
    say_unmeasured(missing)
    unknown = {one.name for one in missing}
    if unknown >= set(models):
        return
    volume = _volume()
    peak = float(st.session_state.get("peak") or PEAK)
    costs: list[tuple[float, str, str]] = []
    for name, model in models.items():
        each = model.all.cost.usd_per_1k_samples
        if name in measured:
            own = measured[name]
            costs.append((own_usd(own, volume, peak), name, machines_text(own, volume, peak)))
        elif each is not None and name not in unknown:
            costs.append((each * volume / 1000, name, ""))
    found = [
        Bar(visible(name, limit=60), cost, f"{numbers.usd(cost)}{f', {what}' if what else ''}",
            "own machines" if what else "by API")
        for cost, name, what in sorted(costs, reverse=True)
    ]  # fmt: skip
    chart = bars(found, f"US dollars a month at {volume:,} requests")
    if chart is None:
        st.info("No price is known, so nothing can be projected.")
        return
    elements.draw(chart)
    st.caption(
        "Requests as long as those of this run, at the prices of the day. Own machines are rented in whole copies, for "
        "the busiest hour (peak factor below), or by busy hours where the suite says `billing: on_demand`."
    )


def _bill(store: ResultsReader, run: str, models: Mapping[str, ModelSummary], what: str) -> None:
    import pandas as pd

    cells = {name: model.all for name, model in models.items()}
    costs = [cell.cost for cell in cells.values()]
    frame = pd.DataFrame(
        {
            what: [elements.marked(name) for name in cells],
            "all answers": [numbers.usd(c.total_usd) for c in costs],
            "this run paid": [numbers.usd(c.spend_usd) for c in costs],
            "per 1,000 samples": [usd_text(cell) for cell in cells.values()],
            "cost per correct answer": [correct_text(cell) for cell in cells.values()],
            "cost unknown for": [numbers.count(c.n_unknown) for c in costs],
            "tokens in": [numbers.count(cell.tokens.input) for cell in cells.values()],
            "of these cached": [numbers.count(cell.tokens.cache_read) for cell in cells.values()],
            "tokens out": [numbers.count(cell.tokens.output) for cell in cells.values()],
            "of these reasoning": [numbers.count(cell.tokens.reasoning) for cell in cells.values()],
        }
    )
    marks = model_marks.of_run(store, run)
    model_marks.table(frame, [marks(name) for name in models], before=what, alt=f"The bill of each {what}")
    st.caption(
        "“All answers” is what they cost when they were bought; “this run paid” leaves out what came from the cache "
        "or from a file of answers. One answer of unknown cost makes a bill unknown."
    )


def _prices(store: ResultsReader, run: str) -> None:
    import pandas as pd

    rows, marks, mark = [], [], model_marks.of_run(store, run)
    for name, about in (store.facts(run).models or {}).items():
        prices = about.prices
        marks += [mark(name)] * (len(prices.usd_per_mtok) if prices is not None else 1)
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
    model_marks.table(frame, marks, alt="The prices used")
    if any(row["priced as"] == numbers.UNKNOWN for row in rows):
        st.caption("Unknown is not zero: write the price into a prices.yaml beside the suite to have it counted.")
