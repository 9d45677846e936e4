"""Which of a row's further figures (`parts`) are scores, from 0 to 1: of a task's several scorers, and of its judges.

    marks_of({"tasks": {"advice": {"identity": {"score": {"name": "several", ...}}}}})     # {("advice", "tone"), ...}

The others (requests of an agent, seconds of its tools, figures of a scorer of one's own) are any finite numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

SEVERAL = "several"
"""The scorer of a task that lists scorers."""
AGENT_FIGURES = frozenset({"steps", "calls", "failed_calls", "at_limit", "tools_s"})
"""What a row of a task with an environment says of how far its agent went, whatever a scorer of it is called."""
Marks: TypeAlias = frozenset[tuple[str, str]]
"""(task, name)."""


def several_names(identity: Mapping[str, object]) -> tuple[str, ...]:
    """The scorers of a task, in the suite's order; empty where it has one alone."""
    score = identity.get("score")
    if not isinstance(score, dict) or score.get("name") != SEVERAL:
        return ()
    options = score.get("options")
    written = options.get("of") if isinstance(options, dict) else None
    names = [str(one.get("name")) for one in written if isinstance(one, dict)] if isinstance(written, list) else []
    taken = AGENT_FIGURES if "environment" in identity else frozenset[str]()
    return tuple(name for name in names if name not in taken)


def judge_names(identity: Mapping[str, object]) -> tuple[str, ...]:
    """The judges of a task, by the facts of the folder of what they said."""
    judges = identity.get("judges")
    return tuple(map(str, judges)) if isinstance(judges, dict) else ()


def marks_in(facts: Mapping[str, object]) -> Marks:
    """What run.json of a run, or of its judges' folder, names."""
    return frozenset(
        (task, name)
        for task, identity in _identities(facts)
        for name in (*several_names(identity), *judge_names(identity))
    )


def _identities(facts: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    tasks = facts.get("tasks")
    for name, told in tasks.items() if isinstance(tasks, dict) else ():
        identity = told.get("identity") if isinstance(told, dict) else None
        if isinstance(identity, dict):
            yield str(name), identity
