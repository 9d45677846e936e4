"""Does the data have what the gate speaks of? Seen with the samples, before anything is sent or paid.

sight = GateSight("tickets", "{{ Priority == 'p0' }}", [("suite.yaml: gate.rules[0].quality", "tickets/Priority=P7")])
for sample in task.samples(): sight.see(sample)
sight.unmet()             # sentences: a slice that no sample has
sight.unguarded()         # a sentence where `critical` marks none
"""

from __future__ import annotations

from collections.abc import Iterable

from evalkit.records import Sample
from evalkit.suite.schema import GateEntry
from evalkit.suite.wording import near


def no_item(subject: str, known: Iterable[str]) -> str:
    """The sentence about a slice of a gate's rule to which nothing belongs; before a run and after it the same."""
    return f"the gate asks about {subject!r}, to which no item belongs; {near(subject, known)}"


def guards_nothing(condition: str) -> str:
    """That `critical` marks no sample, so that no single sample is guarded."""
    return f"critical ({condition}) marks no sample, so no sample is guarded; mend it, or leave it out"


def sliced_rules(gate: GateEntry | None, task: str, at: str) -> list[tuple[str, str]]:
    """(place, `task/field=value`) of each quality rule about a slice of this task. `at` opens the place."""
    return [
        (f"{at}: gate.rules[{n}].quality", subject)
        for n, rule in enumerate(gate.rules if gate is not None else ())
        if rule.kind == "quality"
        for subject in rule.subjects
        if subject.startswith(f"{task}/") and "=" in subject
    ]


class GateSight:
    """Sees every sample of a task once."""

    def __init__(self, task: str, critical: bool | str, rules: list[tuple[str, str]]) -> None:
        """`critical` as the task has it; `rules` as `sliced_rules` gives them."""
        self._task = task
        self._condition = critical if isinstance(critical, str) else None
        self._rules = rules
        self._known: set[str] = set()
        self._seen = self._marked = False

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._rules) or self._condition is not None

    def see(self, sample: Sample) -> None:
        """Take note of one sample."""
        self._seen = True
        self._marked |= sample.critical
        if self._rules:
            self._known.update(f"{self._task}/{name}={value}" for name, value in sample.slices.items())

    def unmet(self) -> list[str]:
        """A sentence for each rule about a slice that no sample has."""
        return [f"{at}: {no_item(subject, self._known)}" for at, subject in self._rules if subject not in self._known]

    def unguarded(self) -> str | None:
        """That `critical` marks none of the samples seen; None where it marks one, or is no condition."""
        quiet = self._marked or not self._seen or self._condition is None
        return None if quiet else guards_nothing(str(self._condition))
