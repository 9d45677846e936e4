"""Whether functions reach the model behind a server of one's own: they have to make a prompt longer.

llama.cpp and vLLM drop functions without a word where the model's chat template has no place for them. The model then
never calls any, which is wrong where one fits, and right by accident where none does.
"""

from __future__ import annotations

from dataclasses import replace

from evalkit.errors import Unfit
from evalkit.records import Message, Request, Response, Settings, Tool

WITHOUT = Request((Message("user", "Hello"),), Settings(max_output_tokens=16))
BESIDE = replace(
    WITHOUT,
    tools=(
        Tool(
            "book_a_table",
            "Books a table in a restaurant for a number of guests.",
            {"type": "object", "properties": {"guests": {"type": "integer"}}, "required": ["guests"]},
        ),
    ),
)


WANTED = replace(
    BESIDE,
    messages=(Message("user", "Book a table for 4 guests. Call the function book_a_table."),),
    settings=Settings(max_output_tokens=256),
)


def looks_dropped(without: Response, beside: Response) -> bool:
    """Whether a function added no input tokens."""
    n_without, n_beside = (answer.usage.input if answer.usage else None for answer in (without, beside))
    return n_without is not None and n_beside is not None and n_beside <= n_without


def unproved(without: Response, beside: Response, who: str) -> str | None:
    """Why it is not known whether functions reach the model; None where they do. Raises Unfit where they do not."""
    n_without, n_beside = (answer.usage.input if answer.usage else None for answer in (without, beside))
    if n_without is None or n_beside is None:
        return "whether functions reach the model could not be proved: the server reports no input tokens"
    if not looks_dropped(without, beside):
        return None
    raise Unfit(
        f"{who} drops functions that it is offered: a prompt has {n_without} input tokens without one and {n_beside} "
        "with it. Serve the model with a chat template that has a place for them, or ask with interface: text. "
        "Where the server is known to pass them on: probe_tools: false in the model's entry."
    )
