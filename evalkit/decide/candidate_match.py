"""What a run may not say of its candidates by itself, where the gate comes from a protected branch.

The candidate's entry is what is judged, so most of it may differ. Not so what says how it is billed, what it reads
besides the suite's prompts, who else is asked while it is timed, and what held when a part of the rows was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.facts import RunFacts, SuiteFacts
from evalkit.suite.extra_fields import LONG_TEXT, n_letters, other_limits, prompt_fields
from evalkit.suite.schema import GateEntry

_BILLED_BY = ("price_as", "hosting", "reported_cost")
"""What a model's entry says of how its answers are billed, beside what they really cost."""
_WHO = ("adapter", "model", "base_url", "resource", "region")
"""What a model's entry says of who is asked."""
_TIMES = ("run.timeout_s", "run.idle_timeout_s")


def otherwise_said(gate: GateEntry | None, facts: RunFacts, now: SuiteFacts, made: SuiteFacts) -> Iterator[str]:
    """A line for each thing that the run says by itself. `now`: the protected suite; `made`: the run's own."""
    if gate is None:
        return
    read = frozenset().union(*(rule.reads for rule in gate.rules))
    costs, timed = "costs" in read, "times" in read
    for name in gate.candidates:
        ours, theirs = (_entry(side, name) for side in (now, made))
        yield from _otherwise_read(name, _settings(ours), _settings(theirs))
        if costs:
            yield from _otherwise_billed(name, ours, theirs, facts)
        if "licence" in read and theirs.get("licence") is not None:
            if theirs.get("licence") != ours.get("licence"):
                yield f"  {name}: licence of its entry changed, and a rule is about its licence"
            elif any(ours.get(key) != theirs.get(key) for key in (*_WHO, "weights", "serve")):
                yield (
                    f"  {name}: another model than the suite's, under the licence that the suite says of its own; a "
                    "rule is about its licence (change both on the protected branch first)"
                )
    if any(
        "times" in rule.reads and any(getattr(rule, key) is not None for key in rule.compares) for rule in gate.rules
    ):
        yield from _asked_beside(gate, now, made)
    yield from _changed_on_the_way(facts, costs=costs, timed=timed)


def _otherwise_read(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Settings that give the candidate more to read than the suite does: the right answers could stand there."""
    had, has = (_mapping(settings.get("extra")) for settings in (ours, theirs))
    changed = {key: value for key, value in has.items() if had.get(key) != value}
    found = [f"settings.extra.{field}" for field in prompt_fields(changed)]
    for key in ("json_schema", "stop"):
        if theirs.get(key) != ours.get(key) and n_letters(theirs.get(key)) > LONG_TEXT:
            found.append(f"settings.{key}")
    if found:
        yield f"  {name}: {', '.join(found)} of its entry: the candidate would read what the suite does not say"


def _otherwise_billed(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], facts: RunFacts) -> Iterator[str]:
    same = all(ours.get(key) == theirs.get(key) for key in _WHO)
    changed = [key for key in _BILLED_BY if ours.get(key) != theirs.get(key) and (same or theirs.get(key) is not None)]
    if changed:
        yield f"  {name}: {', '.join(changed)} of its entry changed, and a rule is about its cost"
    moved = theirs.get("base_url") and any(ours.get(key) != theirs.get(key) for key in ("adapter", "base_url"))
    by_person = facts.price_file is not None and facts.price_file.of == "person"
    if moved and not by_person:
        yield (
            f"  {name}: its adapter or address changed, and nobody says that the price of "
            f"{theirs.get('adapter')}, or what this address itself says that it bills, is true; a rule is about its "
            "cost (name prices yourself: evalkit run --prices FILE)"
        )
    had, has = (_settings(entry) for entry in (ours, theirs))
    if had.get("max_output_tokens") is not None and has.get("max_output_tokens") is None:
        yield f"  {name}: settings.max_output_tokens was taken away, and a rule is about its cost"
    extra = _mapping(has.get("extra"))
    if extra != _mapping(had.get("extra")) and (others := other_limits(extra)):
        yield f"  {name}: settings.extra sets {', '.join(others)}; a rule is about cost: write max_output_tokens"


def _asked_beside(gate: GateEntry, now: SuiteFacts, made: SuiteFacts) -> Iterator[str]:
    """Models beside the candidates that the suite does not have so: they could load the baseline's server."""
    for name, entry in made.models.items():
        if name not in gate.candidates and now.models.get(name) != entry:
            yield (
                f"  {name}: asked in the same run, but not a model of the suite as it is; a rule compares times with "
                "the baseline's, which others slow down"
            )


def _changed_on_the_way(facts: RunFacts, *, costs: bool, timed: bool) -> Iterator[str]:
    """Keys that a resumed run had otherwise when a part of its rows was asked."""
    for key in facts.otherwise_before:
        last = key.rpartition(".")[2]
        about_cost, about_time = last in _BILLED_BY, key in _TIMES
        if last != "licence" and (costs or not about_cost) and (timed or not about_time):
            yield f"  {key}: changed while the run was made; a part was asked before that (run it anew: --new)"


def _entry(side: SuiteFacts, name: str) -> Mapping[str, Any]:
    return side.models[name].root if name in side.models else {}


def _settings(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(entry.get("settings"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
