"""Tasks of another tool that a suite names: read here, made by a bridge (`evalkit.bridges`).

    - {lm_eval: arc_challenge, shots: 25, limit: 200, score: acc_norm}

The suite's reader cannot know what such a task asks, or of how many tasks a group consists: that takes the other tool.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalkit.frozen import dataclass
from evalkit.suite.schema import TaskEntry
from evalkit.suite.source_map import Loc

_ALLOWED = frozenset(
    {
        "lm_eval",
        "include_path",
        "name",
        "shots",
        "limit",
        "score",
        "settings",
        "slices",
        "cluster",
        "critical",
        "system",
        "tags",
    }
)


@dataclass(frozen=True, slots=True)
class ExternalTask:
    """One entry of a suite that names a task or a group of another tool."""

    entry: TaskEntry
    folder: Path
    """Paths are relative to it."""
    at: str
    """Opens every complaint: suites/x.yaml:12: tasks[1]"""
    index: int
    """Which entry of the suite file it is."""


def check_external(loc: Loc, entry: TaskEntry) -> Iterator[tuple[Loc, str]]:
    """What cannot stand beside `lm_eval`: its tasks bring prompt, data, choices and marking with them."""
    for key in sorted(entry.model_fields_set - _ALLOWED):
        name = "with" if key == "overrides" else key
        yield (*loc, name), f"cannot stand beside lm_eval; there may be {', '.join(sorted(_ALLOWED - {'lm_eval'}))}"
    if entry.shots is not None and (entry.shots.n is None or entry.shots.model_fields_set != {"n"}):
        yield (*loc, "shots"), "beside lm_eval is a number: lm-eval chooses its own examples"
    if isinstance(entry.critical, str):
        yield (*loc, "critical"), "beside lm_eval is true or false: its records have no template"
    if entry.score is not None and entry.score.options:
        yield (*loc, "score"), "beside lm_eval is the name of one of its metrics, like acc_norm or exact_match,strict"
