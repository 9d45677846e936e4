"""The sentence by which run.json says that a model was given up: written by a run, found again by who shows one."""

from __future__ import annotations

from collections.abc import Iterable

GIVEN_UP = " was given up: "
"""Between the model's name and why."""


def why_given_up(model: str, reasons: Iterable[str]) -> str | None:
    """Why a run asks this model no further, of the reasons in its facts; None where none says so."""
    head = f"{model}{GIVEN_UP}"
    return next((reason.removeprefix(head) for reason in reasons if reason.startswith(head)), None)


def closed(sentence: str) -> str:
    """With a full stop, where what a provider said has no end of its own."""
    return sentence if sentence.endswith((".", "!", "?", "…", ")", "。")) else f"{sentence}."
