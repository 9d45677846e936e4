"""Which models a page shows, by words, openness, licence, maker, place, price and window: kept in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from evalkit.board import elements
from evalkit.results.entries import ReportEntry
from evalkit.text.escape import visible

_WINDOWS = {"any": 0, "32 k": 32_000, "128 k": 128_000, "200 k": 200_000, "400 k": 400_000, "1 M": 1_000_000}
_OURS = ("tier", "where")
"""Filters whose values are our own words."""
_OWN, _HOSTED = "own machines", "hosted"


def filtered(entries: Sequence[ReportEntry], task: str | None, search: str) -> list[ReportEntry]:
    """The entries that fit the search and the filters, which are drawn here; those of unknown price, licence or window
    do not fit a filter on it."""
    left = [entry for entry in entries if fits(entry, search)]
    place = st.container(horizontal=True, vertical_alignment="bottom")
    with place:
        left = _any_of(left, entries, "Openness", "tier", lambda entry: entry.openness)
    with place.popover("More filters"):
        left = _any_of(left, entries, "Licence", "licence", lambda entry: entry.licence)
        left = _any_of(left, entries, "Maker", "maker", lambda entry: entry.maker)
        left = _any_of(left, entries, "Runs on", "where", where)
        dearest = st.number_input(
            "At most USD per 1,000 samples",
            min_value=0.0,
            value=None,
            key="max_usd",
            bind="query-params",
            placeholder="any",
        )
        window = _WINDOWS[elements.choose("Context window of at least", list(_WINDOWS), key="window")]
    if dearest is not None:
        left = [entry for entry in left if (cost := _price(entry, task)) is not None and cost <= dearest]
    return [entry for entry in left if not window or (entry.context_tokens or 0) >= window]


def where(entry: ReportEntry) -> str | None:
    """Where a model ran, in words; None: not known."""
    return None if entry.is_own is None else _OWN if entry.is_own else _HOSTED


def fits(entry: ReportEntry, search: str) -> bool:
    """Whether every word stands in the model's names, its maker, licence or openness, or in its run's name."""
    said = [entry.model, entry.asked_as, entry.run.name, entry.maker, entry.openness, entry.licence, where(entry)]
    if entry.known:
        said += [entry.known.model, entry.known.family]
    text = " ".join(one for one in said if one).lower()
    return all(word in text for word in search.lower().split())


def _any_of(
    left: list[ReportEntry],
    every: Sequence[ReportEntry],
    label: str,
    key: str,
    read: Callable[[ReportEntry], str | None],
) -> list[ReportEntry]:
    """Those with one of the values that were picked; no choice is offered where all are alike."""
    values = sorted({value for entry in every if (value := read(entry))})
    if len(values) < 2:
        return left
    if key in _OURS:  # pills read Markdown
        picked = st.pills(label, values, selection_mode="multi", key=key, bind="query-params")
    else:
        picked = st.multiselect(
            label,
            values,
            key=key,
            bind="query-params",
            placeholder="any",
            format_func=lambda value: visible(str(value), limit=60),
        )
    return [entry for entry in left if not picked or read(entry) in picked]


def _price(entry: ReportEntry, task: str | None) -> float | None:
    cell = entry.cell(task)
    return cell.cost.usd_per_1k_samples if cell is not None else None
