"""What a scorer of Inspect asked and how long it took, by the events of one sample.

    {"event": "span_begin", "id": "s4", "type": "scorer", "timestamp": "2025-05-12T20:28:30.1-04:00"}
    {"event": "model", "span_id": "s4", "model": "openai/gpt-4o-mini", "output": {"usage": {"input_tokens": 259, ...}}}
    {"event": "span_end", "id": "s4", "timestamp": "2025-05-12T20:28:35.6-04:00"}

Older logs write `step` with `action: begin` and `end` in the place of spans. Inspect adds a grader's calls to
`model_usage` and its time to `total_time`: where the grader is the evaluated model, neither is what an answer costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.store.dates import unix_time

_COUNTS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "reasoning_tokens",
    "input_tokens_cache_read",
    "input_tokens_cache_write",
)


@dataclass(slots=True)
class Grading:
    """What the scorers of one sample took of the evaluated model, and of the clock."""

    model: str
    """As Inspect names it: `openai/gpt-4o-mini`."""
    seen: bool
    """Whether the log has the sample's events, so that this is known."""
    n_calls: int = 0
    tokens: dict[str, int | None] = field(default_factory=dict)
    """By Inspect's name of a count. None: a call does not say it."""
    seconds: float | None = 0.0
    """None: a scorer ran, and its events have no time."""

    def without(self, usage: Mapping[str, object]) -> dict[str, object]:
        """A sample's usage less the scorers'; None where that is not known."""
        left = dict(usage)
        for name, of_scorers in self.tokens.items() if self.n_calls else ():
            given = usage.get(name)
            if given is None:
                continue
            known = isinstance(given, int) and of_scorers is not None and given >= of_scorers
            left[name] = given - of_scorers if known else None  # type: ignore[operator]  # `known` says what they are
        return left

    def rest_of(self, total: object) -> float | None:
        """Seconds of a sample less the scorers'; None where that is not known."""
        whole = _number(total)
        if whole is None or self.seconds is None or whole < self.seconds:
            return None
        return whole - self.seconds

    def _count(self, usage: object) -> None:
        told = usage if isinstance(usage, dict) else {}
        for name in _COUNTS:
            given: object = told.get(name, 0 if told else None)
            before = self.tokens.get(name, 0)
            known = before is not None and isinstance(given, int) and not isinstance(given, bool) and given >= 0
            self.tokens[name] = before + given if known else None  # type: ignore[operator]  # `known` says what they are
        self.n_calls += 1


def grading_of(events: object, model: str) -> Grading:
    """What the scorers of a sample took. `events` as the log has them; anything but a list of some is not seen."""
    found = Grading(model, seen=isinstance(events, list) and bool(events))
    inside: dict[object, Mapping[str, object]] = {}  # spans of scorers and what they hold, by id
    steps: list[Mapping[str, object] | None] = []  # open steps of an older log; None for one outside of scorers
    for event in _events(events):
        kind, id_ = event.get("event"), event.get("id")
        if kind == "span_begin" and (event.get("type") == "scorer" or event.get("parent_id") in inside):
            inside[id_] = event
        elif kind == "span_end" and id_ in inside and inside[id_].get("parent_id") not in inside:
            _add_time(found, inside[id_], event)
        elif kind == "step" and event.get("action") == "begin":
            steps.append(event if event.get("type") == "scorer" or any(steps) else None)
        elif kind == "step" and steps:
            begun = steps.pop()
            if begun is not None and not any(steps):
                _add_time(found, begun, event)
        elif kind == "model" and event.get("model") == model:
            graded = event.get("span_id") in inside or any(steps) or event.get("role") == "grader"
            if graded:
                output = event.get("output")
                found._count(output.get("usage") if isinstance(output, dict) else None)
    return found


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _events(events: object) -> Iterator[Mapping[str, object]]:
    if isinstance(events, list):
        yield from (event for event in events if isinstance(event, dict))


def _add_time(found: Grading, begun: Mapping[str, object], ended: Mapping[str, object]) -> None:
    """A scorer's time by its own two events: of the clock where they have one, else of Inspect's working time."""
    if found.seconds is None:
        return
    for clock in ("timestamp", "working_start"):
        first, last = (
            unix_time(event.get(clock)) if clock == "timestamp" else _number(event.get(clock))
            for event in (begun, ended)
        )
        if first and last and last >= first:
            found.seconds += last - first
            return
    found.seconds = None
