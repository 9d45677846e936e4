"""Why a run has less than its suite, in words: `cut by --limit 20; qwen stopped early`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def part_of(cut_by_limit: int | None, cut_by_tasks: Sequence[str] | None, stopped: Iterable[str]) -> str | None:
    """Why a run has less than its suite, in words; None: it has all of it. `stopped`: models that a gate stopped."""
    said = [f"cut by --limit {cut_by_limit}"] if cut_by_limit is not None else []
    said += [f"cut by --tasks {some_names(list(cut_by_tasks))}"] if cut_by_tasks is not None else []
    if names := list(stopped):
        said.append(f"{some_names(names)} stopped early")
    return "; ".join(said) or None


def part_in(facts: Mapping[str, object]) -> str | None:
    """`part_of` of what run.json says; what is damaged there says nothing."""
    limit, tasks, stop = (facts.get(name) for name in ("cut_by_limit", "cut_by_tasks", "stopped_early"))
    candidates = stop.get("candidates") if isinstance(stop, dict) else None
    return part_of(
        limit if isinstance(limit, int) else None,
        [str(task) for task in tasks] if isinstance(tasks, list) else None,
        candidates if isinstance(candidates, dict) else (),
    )


def some_names(names: list[str]) -> str:
    """The first eight, and how many more there are."""
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
