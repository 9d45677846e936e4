"""Where a candidate's answers come from: a model that was asked, or a file that says them.

    recorded_answers(facts, "cand")        # "its answers were read from a file (adapter: replay); no model was asked"
    unasked_candidates(run_facts, suite_now, ["cand"])        # sentences for the gate of a protected branch

A run whose candidate reads its answers from a file says what the file says. That is useful (old answers, results of
another tool), but a pull request can bring the right answers along. The verdict therefore names it in its first line,
and a gate that is taken from a protected branch (`gate --suite`) refuses it unless that suite has the very same entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evalkit.decide.nested import value_at

_RECORDED = {
    "replay": "its answers were read from a file (adapter: replay); no model was asked",
    "scripted": "its answers stand in the suite (adapter: scripted); no model was asked",
    "imported": "its scores were imported from another tool; evalkit asked no model",
}
"""Adapter -> how its answers come about. Every other adapter asks a model."""


def recorded_answers(facts: Mapping[str, Any], model: str) -> str | None:
    """Message fragment that says where the answers of a model come from; None when the model was asked.

    `facts`: those of the run. The adapter stands there twice (what ran, and what the suite said); either one counts.
    """
    for adapter in (value_at(facts, "models", model, "adapter"), _entry_adapter(facts.get("suite_resolved"), model)):
        if isinstance(adapter, str) and adapter in _RECORDED:
            return _RECORDED[adapter]
    return None


def unasked_candidates(facts: Mapping[str, Any], suite: Mapping[str, Any], candidates: Iterable[str]) -> Iterator[str]:
    """A line for each candidate whose answers were recorded, where the suite does not have the same entry for it.

    `suite`: the resolved suite of the protected branch, as it would be read back from JSON. Where that suite itself
    names the file, recorded answers are what it wants judged, and their content may change.
    """
    for name in candidates:
        why, entry = recorded_answers(facts, name), value_at(suite, "models", name)
        same = entry is not None and entry == value_at(facts, "suite_resolved", "models", name)
        if why is not None and not (same and value_at(entry, "adapter") == value_at(facts, "models", name, "adapter")):
            yield f"  {name}: {why}"


def _entry_adapter(resolved: object, model: str) -> object:
    return value_at(resolved, "models", model, "adapter")
