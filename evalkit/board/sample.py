"""Sample: one item through every model and repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from evalkit.board import elements
from evalkit.board.review import review_form
from evalkit.results import changes
from evalkit.results.items import FOUND, find_items
from evalkit.results.reader import ResultsReader
from evalkit.store.row_codec import Key
from evalkit.text import numbers
from evalkit.text.escape import visible


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Sample", "One item through every model and repeat.")
    if not runs:
        return
    left, right = st.columns([3, 2])
    with left:
        run = elements.choose("Run", [info.name for info in runs], key="run")
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
    labels = {
        f"{item['task']} · {item['sample_id']} · {item['sample_digest'][:8]}.{item['occurrence']}": item
        for item in items
    }
    item = labels[
        elements.choose(
            f"Item ({len(items)} found)" if len(items) < FOUND else f"Item (first {FOUND})", list(labels), key="which"
        )
    ]
    _show(store, run, item)


def _show(store: ResultsReader, run: str, item: dict[str, Any]) -> None:
    rows = store.query(
        [run],
        """select model, task, sample_digest, occurrence, repeat, outcome, score, cached, attempts, ttft_s, total_s,
                  input_tokens, output_tokens, reasoning_tokens, cost_usd, stop_reason, served_model
           from rows where task = ? and sample_digest = ? and occurrence = ? order by model, repeat""",
        [item["task"], item["sample_digest"], item["occurrence"]],
    )
    mine = elements.chosen()
    rows.sort(key=lambda row: mine.index(row["model"]) if row["model"] in mine else len(mine))  # the chosen ones first
    keys = {_key(row): row for row in rows}
    said = changes.texts(store, run, keys)
    first = next(iter(said.values()), changes.RowTexts())
    with st.expander("The prompt as sent", expanded=True):
        elements.prompt(first, key="prompt")
    if first.target:
        st.text(f"Right answer: {visible(first.target, limit=500)}")
    _table(rows, said)
    for n, (key, row) in enumerate(keys.items()):
        again = f", repeat {row['repeat'] + 1}" if row["repeat"] else ""
        with st.container(border=True):
            st.markdown(
                f"**{elements.plain(row['model'], 60)}**{again} · {row['outcome']} · {numbers.quality(row['score'])}"
            )
            answer = said.get(key, changes.RowTexts())
            elements.own_prompt(answer, first, key=f"prompt-of-{n}")
            elements.say(answer.text, key=f"answer-{n}", what="answer")
            for label, text in answer.notes:
                st.text(f"{label}: {visible(text, limit=600)}")
            if answer.reasoning:
                with st.expander("Reasoning"):
                    elements.say(answer.reasoning, key=f"reasoning-{n}", what="reasoning")
            review_form(store, run, key, slot=f"sample-{n}-{item['sample_digest'][:12]}")


def _table(rows: list[dict[str, Any]], said: Mapping[Key, changes.RowTexts]) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "model": [elements.marked(row["model"]) for row in rows],
            "repeat": [row["repeat"] + 1 for row in rows],
            "outcome": [row["outcome"] for row in rows],
            "score": [numbers.quality(row["score"]) for row in rows],
            "read as": [
                elements.cell(said[_key(row)].extracted or "" if _key(row) in said else "", 80) for row in rows
            ],
            "first token": [numbers.time(row["ttft_s"]) for row in rows],
            "total": [numbers.time(row["total_s"]) for row in rows],
            "tokens in": [numbers.count(row["input_tokens"]) for row in rows],
            "tokens out": [numbers.count(row["output_tokens"]) for row in rows],
            "cost": [numbers.usd(row["cost_usd"]) for row in rows],
            "from cache": ["yes" if row["cached"] else "no" for row in rows],
            "served as": [elements.cell(row["served_model"] or "", 60) for row in rows],
        }
    )
    st.dataframe(frame, hide_index=True, width="stretch", alt="This item through every model and repeat")


def _key(row: dict[str, Any]) -> tuple[str, str, str, int, int]:
    return (row["model"], row["task"], row["sample_digest"], int(row["occurrence"]), int(row["repeat"]))
