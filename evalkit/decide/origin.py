"""Where a candidate's answers come from: a model that was asked, or a file that says them.

    recorded_answers(facts, "cand")        # "its answers were read from a file (adapter: replay); no model was asked"
    unasked_candidates(run_facts, suite_now, ["cand"])        # sentences for the gate of a protected branch

A run whose candidate reads its answers from a file says what the file says. That is useful (old answers, results of
another tool), but a pull request can bring the right answers along. The verdict therefore names it in its first line,
and a gate that is taken from a protected branch (`gate --suite`) refuses it unless that suite has the very same entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalkit.facts import EntryFacts, RunFacts, SuiteFacts
from evalkit.plugins import folded

OWN_FUNCTION = (
    "its answers come from a function of somebody's Python code (adapter: function); evalkit does not see which model "
    "it asks"
)
PROGRAM = (
    "its answers come from a program that lies beside the suite (adapter: {adapter}); evalkit does not see which model "
    "it asks, and compares none of its files"
)
PROGRAMS = frozenset({"command", "python"})
"""Adapters that run code which lies beside the suite."""
PROGRAMS_ANSWER = frozenset(PROGRAM.format(adapter=one) for one in (*PROGRAMS, "pipeline"))
"""What is said of candidates that are programs, or pipelines with one."""
_RECORDED = {
    "replay": "its answers were read from a file (adapter: replay); no model was asked",
    "scripted": "its answers stand in the suite (adapter: scripted); no model was asked",
    "imported": "its scores were imported from another tool; evalkit asked no model",
    "function": OWN_FUNCTION,
    **{one: PROGRAM.format(adapter=one) for one in sorted(PROGRAMS)},
}
"""Adapter -> how its answers come about, where nobody can say that a model gave them. Every other adapter asks one."""


def recorded_answers(facts: RunFacts, model: str) -> str | None:
    """Message fragment that says where the answers of a model come from; None when the model was asked.

    The adapter stands in the facts twice (what ran, and what the suite said); either one counts.
    """
    for adapter in (facts.model_facts(model).adapter, _entry(facts.suite_resolved, model).adapter):
        if adapter is not None and folded(adapter) in _RECORDED:
            return _RECORDED[folded(adapter)]
    if facts.imported is not None:
        return _RECORDED["imported"]
    ran = facts.model_facts(model)
    if ran.replayed:  # so says the adapter of a plug-in
        return f"its answers were read from a file (adapter: {ran.adapter}); no model was asked"
    return PROGRAM.format(adapter=ran.adapter) if is_program(facts, model) else None


def is_program(facts: RunFacts, model: str) -> bool:
    """Whether code of the suite answers, by itself or as a part of a pipeline: its files may change unseen."""
    ran = facts.model_facts(model)
    named = (ran, *(ran.parts or {}).values())
    entry = _entry(facts.suite_resolved, model).adapter
    return any(folded(one.adapter or "") in PROGRAMS for one in named) or folded(entry or "") in PROGRAMS


def unasked_candidates(facts: RunFacts, suite: SuiteFacts, candidates: Iterable[str]) -> Iterator[str]:
    """A line for each candidate whose answers were recorded, where the suite does not have the same entry for it.

    `suite`: the suite of the protected branch. Where it names the file itself, recorded answers are what it wants
    judged, and their content may change.
    """
    for name in candidates:
        why, entry = recorded_answers(facts, name), suite.models.get(name)
        held = not is_program(facts, name)
        same = held and entry is not None and entry == _entry(facts.suite_resolved, name) and facts.imported is None
        if why is not None and not (same and entry is not None and entry.adapter == facts.model_facts(name).adapter):
            yield f"  {name}: {why}"


def _entry(suite: SuiteFacts | None, model: str) -> EntryFacts:
    return (suite.models.get(model) if suite is not None else None) or EntryFacts({})
