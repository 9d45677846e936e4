"""Which models of a suite are parts of others: a pipeline is made of models by their names.

parts_of({"safe": {adapter: pipeline, model: bot, before: guard}, ...}, ["safe"])      # {"bot", "guard"}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from evalkit.suite.schema import ModelEntry

PIPELINE = "pipeline"
"""The adapter of a model that is put together of others."""


def is_pipeline(entry: ModelEntry) -> bool:
    """Whether this model is put together of others."""
    return entry.adapter.casefold() == PIPELINE


def parts_of(entries: Mapping[str, ModelEntry], chosen: Collection[str]) -> frozenset[str]:
    """The names of all models that pipelines among the chosen ones are made of, as they are written."""
    found: set[str] = set()
    for entry in (entries[name] for name in chosen if name in entries and is_pipeline(entries[name])):
        guards = [entry.options.get(role) for role in ("before", "behind")]
        named = [entry.model, *(guard.get("by") if isinstance(guard, Mapping) else guard for guard in guards)]
        found |= {one for one in named if isinstance(one, str)}
    return frozenset(found)
