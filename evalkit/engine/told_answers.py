"""Fields of a record that say what is right, and that a task would send to an application (`send:`).

    told_answers(task, scorer)      # ["tasks[0]: send: 'end' is what end-state marks by, and an application ..."]

What the target is made of is refused where the suite is read; this is what the scorers read besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.scorers.base import Scorer
from evalkit.suite.tasks import ResolvedTask


def told_answers(task: ResolvedTask, scorer: Scorer) -> Iterator[str]:
    """A complaint for each field that is sent and that the scorer, or a part of it, marks by."""
    if not task.entry.send:
        return
    for name, options in _all_options(scorer):
        for field in sorted({str(said) for key, said in options.items() if _names_a_field(key) and said is not None}):
            if field in task.entry.send:
                yield f"{task.at}: send: {field!r} is what {name} marks by, and an application would be told it"


def _names_a_field(option: str) -> bool:
    return option == "field" or option.endswith("_field")


def _all_options(scorer: Scorer) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(name, options with their defaults) of the scorer, or of each of several."""
    from evalkit.scorers.registry import make_scorer

    options = scorer.options or {}
    parts = options.get("of") if scorer.name == "several" else None
    if not isinstance(parts, list | tuple):
        yield scorer.name, options
        return
    for part in parts:
        one = make_scorer(str(part["use"]), part.get("options") or {})
        yield one.name, one.options or {}
