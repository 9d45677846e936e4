"""Sample: one item through every model and repeat.

Of an agent: each request with its calls, what they returned, and what it took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from evalkit.board import elements, model_marks
from evalkit.board.review import review_form
from evalkit.records import AgentStep
from evalkit.results.items import FOUND, ItemRow, RowTexts, SampleItem, answers_of, find_items, texts
from evalkit.results.reader import ResultsReader
from evalkit.store.row_codec import Key
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.outcomes import outcome_word


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Sample", "One item through every model and repeat.")
    if not runs:
        return
    left, right = st.columns([3, 2])
    with left:
        run = elements.run_of(runs)
    with right:
        search = st.text_input(
            "Find", key="find", bind="query-params", type="search", placeholder="sample id, task or digest"
        )
    linked = st.query_params.get("item")
    items = find_items(store, run, search or "", linked)
    if linked and not items:  # a link into another run than the one chosen
        for info in runs:
            items = find_items(store, info.name, "", linked)
            if items:
                run = info.name
                break
    if not items:
        st.info("No item fits. Write less of its id, or choose another run.")
        return
    labels = _labels(items)
    item = labels[
        elements.choose(
            f"Item ({len(items)} found)" if len(items) < FOUND else f"Item (first {FOUND})", list(labels), key="which"
        )
    ]
    _show(store, run, item)


def _labels(items: Sequence[SampleItem]) -> dict[str, SampleItem]:
    """Items by their names of the suite; with the beginning of the digest where two have one name."""
    names = [f"{item.task} · {item.sample_id}" for item in items]
    twice = {name for name, n in Counter(names).items() if n > 1}
    return {
        f"{name} · {item.sample_digest[:8]}.{item.occurrence}" if name in twice else name: item
        for name, item in zip(names, items, strict=True)
    }


def _show(store: ResultsReader, run: str, item: SampleItem) -> None:
    rows = answers_of(store, run, item)
    mine = elements.chosen()
    rows.sort(key=lambda row: mine.index(row.model) if row.model in mine else len(mine))  # the chosen ones first
    said = texts(store, run, [row.key for row in rows])
    first = next(iter(said.values()), RowTexts())
    st.subheader(headline(rows), anchor=False)
    with st.expander("The prompt as sent", expanded=True):
        elements.prompt(first, key="prompt")
    if first.target:
        st.text(f"Right answer: {visible(first.target, limit=500)}")
    _table(store, run, rows, said)
    st.subheader("In full", anchor=False)
    for n, row in enumerate(rows):
        again = f", repeat {row.repeat + 1}" if row.repeat else ""
        with st.container(border=True):
            ended = f"{outcome_word(row.outcome)} · {numbers.quality(row.score)}"
            st.markdown(f"**{elements.plain(row.model, 60)}**{again} · {ended}")
            answer = said.get(row.key, RowTexts())
            elements.own_prompt(answer, first, key=f"prompt-of-{n}")
            if answer.steps:
                show_steps(answer.steps)
            elements.say_answer(answer, key=f"answer-{n}", reasoning_key=f"reasoning-{n}")
            review_form(store, run, row.key, slot=f"sample-{n}-{item.sample_digest[:12]}")


def headline(rows: Sequence[ItemRow]) -> str:
    """How the models did on this item, as Markdown: how many are right where every answer is right or wrong, else from
    which score to which, and whose they are. Answers without a score are counted apart."""
    models = list(dict.fromkeys(row.model for row in rows))
    noun = "model" if len(models) == len(rows) else "answer"
    scored = [(row.score, row.model) for row in rows if row.score is not None]
    missing = len(rows) - len(scored)
    rest = f" {numbers.plural(missing, noun)} {numbers.verb(missing, 'has', 'have')} no score." if missing else ""
    if not scored:
        return f"No {noun} has a score on this item." if rows else "No model was asked this item."
    if all(score in {0, 1} for score, _ in scored):
        right = sum(score == 1 for score, _ in scored)
        said = f"{right} of {numbers.plural(len(scored), noun)} {numbers.verb(right, 'is', 'are')} right on this item."
        return said + rest
    low, high = min(score for score, _ in scored), max(score for score, _ in scored)
    best, worst = (_of([name for score, name in scored if score == end]) for end in (high, low))
    if low == high:
        return f"{numbers.plural(len(scored), noun)} of this item scored {numbers.quality(low)}.{rest}"
    spread = f"from {numbers.quality(low)} ({worst}) to {numbers.quality(high)} ({best})"
    return f"{numbers.plural(len(scored), noun)} scored {spread} on this item.{rest}"


def _of(names: Sequence[str]) -> str:
    """Whose a score is, as Markdown; of many, how many."""
    found = list(dict.fromkeys(names))
    return elements.listed(found) if len(found) <= _NAMED else numbers.plural(len(found), "model")


_NAMED = 2
"""Models that the headline names beside a score."""


def _table(store: ResultsReader, run: str, rows: Sequence[ItemRow], said: Mapping[Key, RowTexts]) -> None:
    import pandas as pd

    read = [said[row.key].extracted if row.key in said else None for row in rows]
    frame: pd.DataFrame = pd.DataFrame(
        {
            "model": [elements.marked(row.model) for row in rows],
            "repeat": [row.repeat + 1 for row in rows],
            "outcome": [outcome_word(row.outcome) for row in rows],
            "score": [numbers.quality(row.score) for row in rows],
            "answer": [
                elements.cell(" ".join((said[row.key].text or "").split()), 400) if row.key in said else ""
                for row in rows
            ],
            "read as": [elements.cell(text or "", 80) for text in read],
            "cost": [numbers.usd(row.cost_usd) for row in rows],
            "total": [numbers.time(row.total_s) for row in rows],
            "first token": [numbers.time(row.ttft_s) for row in rows],
            "tokens in": [numbers.count(row.input_tokens) for row in rows],
            "tokens out": [numbers.count(row.output_tokens) for row in rows],
            "from cache": ["yes" if row.cached else "no" for row in rows],
            "served as": [elements.cell(row.served_model or "", 60) for row in rows],
        }
    )
    if frame["repeat"].max() == 1:
        frame = frame.drop(columns="repeat")
    marks = model_marks.of_run(store, run)
    model_marks.table(
        frame,
        [marks(row.model) for row in rows],
        height=35 * (min(len(rows), 20) + 1) + 3,
        alt="This item through every model and repeat",
        column_config={
            "model": st.column_config.TextColumn(width=elements.name_width(frame["model"].tolist())),
            "answer": st.column_config.TextColumn(width="medium"),
        },
    )


_LONGEST = 600
"""Characters of one cell."""


def show_steps(steps: Sequence[AgentStep]) -> None:
    """A table with a line for each call, and one for each request without calls. Every text is written out plainly."""
    import pandas as pd

    lines = [line for number, step in enumerate(steps, start=1) for line in _lines(number, step)]
    n_calls = sum(len(step.calls) for step in steps)
    st.caption(f"Trajectory: {numbers.plural(len(steps), 'request')}, {numbers.plural(n_calls, 'call')}")
    st.dataframe(pd.DataFrame(lines), hide_index=True, width="stretch", alt="What the agent did, request by request")


def _lines(number: int, step: AgentStep) -> list[dict[str, str]]:
    """The lines of one request; what it took stands in the first."""
    took = {
        "time": numbers.time(step.total_s),
        "tokens in": numbers.count(step.input_tokens),
        "tokens out": numbers.count(step.output_tokens),
        "cost": numbers.usd(step.cost_usd),
        "from cache": "yes" if step.cached else "no",
    }
    told = [("", "", step.text)] if step.text.strip() and not step.calls else []
    for n, call in enumerate(step.calls):
        result = step.results[n] if n < len(step.results) else None
        came = "not carried out" if result is None else result.text
        told.append((call.name, call.arguments, came))
    return [
        {
            "request": str(number),
            "call": elements.cell(name, 80),
            "arguments": elements.cell(arguments, _LONGEST),
            "result or answer": elements.cell(came, _LONGEST),
            **(took if n == 0 else dict.fromkeys(took, "")),
        }
        for n, (name, arguments, came) in enumerate(told or [("", "", "(nothing)")])
    ]
