"""What an agent did with a sample: each request with its calls, what they returned, and what it took."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from evalkit.board import elements
from evalkit.records import AgentStep
from evalkit.text import numbers

_LONGEST = 600
"""Characters of one cell."""


def show_steps(steps: Sequence[AgentStep]) -> None:
    """A table with a line for each call, and one for each request without calls. Every text is written out plainly."""
    import pandas as pd

    lines = [line for number, step in enumerate(steps, start=1) for line in _lines(number, step)]
    st.caption(f"Trajectory: {len(steps)} requests, {sum(len(step.calls) for step in steps)} calls")
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
