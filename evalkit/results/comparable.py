"""Do two stored results answer the same questions in the same way? Refuse what does not, show what is being compared.

    left, right = Side.of(run, "gpt"), Side.of(other, "qwen-fp8")
    refuse_unless_comparable(left, right)          # NotComparable with a list of what differs
    shown(left, right)                             # ["model: gpt-6-sol -> Qwen3.5-32B", ...]

A different served model, endpoint, engine version or precision is the very thing that is compared. A different prompt,
few-shot set, mode, scorer or subset is another question, and no statistic mends that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evalkit.errors import NotComparable
from evalkit.facts.tasks import ToolServerFacts
from evalkit.results.pairs import Pairs
from evalkit.results.side import Side
from evalkit.suite.wording import spelled

_SAID = {
    "messages": "the prompt",
    "choices": "the choices",
    "target": "the template of the right answer",
    "shots": "the few-shot examples",
    "mode": "the mode (generate, likelihood, first_token)",
    "tools": "the functions that are offered",
    "interface": "the interface of the functions (native, text)",
    "score": "the scorer or its options",
    "scorer_version": "the scorer's version",
    "scorer_plugin": "the package of the scorer, or its version",
    "reasoning": "what is done with reasoning in the text (split, keep)",
    "judge": "the judge: its model, endpoint, settings or prompt, or how its verdict is read",
    "settings": "the task's settings",
    "limit": "the subset of items (limit)",
    "turns": "the further turns",
    "environment": "the environment (its file, what samples begin with, or their limits)",
    "permute": "the orders of the options (permute)",
    "builtin": "the built-in task or its version",
}
"""Keys of a task's identity as a reader knows them; a key that is not here is named as it is."""
_FEW = 15  # so many equal times are no coincidence
_MARKING = frozenset({"score", "scorer_version", "scorer_plugin", "reasoning"})


def refuse_unless_comparable(baseline: Side, candidate: Side) -> None:
    """Raises NotComparable with every difference and the way out."""
    if baseline.folder.resolve() == candidate.folder.resolve():
        if baseline.model == candidate.model:
            raise NotComparable(
                f"{candidate.label} would be compared with itself (the same rows of {baseline.folder.name}): that "
                "passes whatever the model does. Name another baseline or candidate."
            )
        return
    found = list(differences(baseline, candidate))
    if not found:
        return
    lines = "\n".join(f"  {line}" for line, _ in found)
    marking = any(marking for _, marking in found)
    raise NotComparable(
        f"{baseline.label} ({_run_name(baseline)}) and {candidate.label} ({_run_name(candidate)}) are not "
        f"comparable; they differ in:\n{lines}\n{_way_out(baseline, candidate, marking=marking)}"
    )


def _way_out(baseline: Side, candidate: Side, *, marking: bool) -> str:
    """What makes both comparable. `marking`: whether the scoring differs."""
    if baseline.facts.imported is not None and candidate.facts.imported is not None:
        said = "Import both again from files about the same items"
        if marking:
            said += "; where one scorer made both, name it in both maps (`scorer: NAME`)"
        return said + "."
    way_out = "Run both from the same suite (what is unchanged comes from the cache and costs nothing)."
    if any(_other_prompt(baseline, candidate)):
        way_out += (
            " To compare two prompts, leave the task as it is and give the new prompt to the candidate alone "
            f"(models.{candidate.model}.prompt)."
        )
    if marking:
        way_out += " Where only the scoring changed, score both again without asking a model: evalkit rescore RUN."
    return way_out


def _run_name(side: Side) -> str:
    """The name of its run's folder; a run that is only planned has none yet."""
    return side.folder.resolve().name if side.folder != Path() else "about to be asked"


def _other_prompt(baseline: Side, candidate: Side) -> Iterator[bool]:
    """For each task of both, whether its prompt is another one."""
    for name in baseline.tasks.keys() & candidate.tasks.keys():
        ours, theirs = (side.tasks[name].identity.root.get("messages") for side in (baseline, candidate))
        yield ours != theirs


def refuse_copies(baseline: Side, candidate: Side, pairs: Pairs) -> None:
    """Raises NotComparable where two models are said to differ and every answer took the very same time on both sides.

    Two calls are never equally long to the last bit: these are one model's rows under two names. Answers from the cache
    keep their first time, so they say nothing here, and nor does a model that is asked for once and compared twice.
    """
    ours, theirs = pairs.baseline.total_s, pairs.candidate.total_s
    fresh = ~(pairs.baseline.cached | pairs.candidate.cached) & ~(np.isnan(ours) | np.isnan(theirs))
    fresh &= (ours > 0) & (theirs > 0)
    if int(fresh.sum()) >= _FEW and np.unique(ours[fresh]).size > 1 and np.array_equal(ours[fresh], theirs[fresh]):
        raise NotComparable(
            f"{candidate.label} ({candidate.folder.name}) took the very same time for each answer as {baseline.label} "
            f"({baseline.folder.name}): these are one model's answers under two names. Run the suite again."
        )


def refuse_same_answers(baseline: Side, candidate: Side, pairs: Pairs) -> None:
    """Raises NotComparable where more than half of the pairs are one stored answer on both sides.

    An answer from the cache keeps the time that it first took. Where one side is from the cache and both took the very
    same time, the cache gave the same answer to both: that passes whatever the model does.
    """
    ours, theirs = pairs.baseline.total_s, pairs.candidate.total_s
    stored = (pairs.baseline.cached | pairs.candidate.cached) & (ours > 0) & (ours == theirs)
    n_stored = int(stored.sum())
    if n_stored >= _FEW and 2 * n_stored > pairs.n and np.unique(ours[stored]).size > 1:
        raise NotComparable(
            f"{candidate.label} ({candidate.folder.name}) and {baseline.label} ({baseline.folder.name}) share "
            f"{n_stored:,} of {pairs.n:,} answers: the cache gave the same stored answer to both, so this shows "
            "neither a difference nor noise. To measure the noise of one model (A/A), ask it anew: evalkit run SUITE "
            "--new --no-cache."
        )


def differences(baseline: Side, candidate: Side) -> Iterator[tuple[str, bool]]:
    """(sentence, whether it is about marking) for each thing that makes them answers to other questions."""
    ours, theirs = baseline.tasks, candidate.tasks
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in theirs or name not in ours:
            yield f"{name}: only the {'baseline' if name in ours else 'candidate'} was asked this task", False
            continue
        a, b = ours[name].identity.root, theirs[name].identity.root
        for key in dict.fromkeys([*a, *b]):
            if a.get(key) != b.get(key):
                yield f"{name}: {_SAID.get(key, key)}{_values(a.get(key), b.get(key))}", key in _MARKING
        if said := _other_tools(ours[name].tool_server, theirs[name].tool_server):
            yield f"{name}: {said}", False
        scorer, other = ours[name].scorer, theirs[name].scorer
        if scorer != other and not ("judge" in a and "judge" in b):
            yield f"{name}: the scorer{_values(scorer, other)}", True
    served, others = baseline.facts.judges_served or {}, candidate.facts.judges_served or {}
    for judge in served.keys() & others.keys():
        if served[judge] != others[judge]:
            yield f"the judge {judge} was served by {', '.join(served[judge])} and {', '.join(others[judge])}", False
    if baseline.repeats != candidate.repeats:
        yield f"repeats: {baseline.repeats} and {candidate.repeats}", False
    version, later = baseline.facts.run_version, candidate.facts.run_version
    if version != later:
        yield f"how evalkit asks and scores (run version {version or 'unknown'} and {later or 'unknown'})", True


def _other_tools(ours: ToolServerFacts | None, theirs: ToolServerFacts | None) -> str | None:
    """What differs between the tool lists that a live server showed to two runs, or that one of them is not known:
    unknown is never equal. None for nothing, and where no live server was asked."""
    if ours is None and theirs is None:
        return None
    sides = (("baseline", ours), ("candidate", theirs))
    if unknown := [name for name, side in sides if side is None or side.tools_digest is None]:
        return (
            f"which tools the live MCP server showed to the {' and the '.join(unknown)} is not known, so nor is "
            "whether both had the same"
        )
    assert ours is not None and theirs is not None
    return ours.changed(theirs)


_OF_THE_SUITE = ("system", "prompt")
"""Keys of a model's entry whose text is compared."""


def shown(baseline: Side, candidate: Side) -> list[str]:
    """What is being compared, as sentences: everything known of both models that is not the same."""
    a, b = _flat(baseline), _flat(candidate)
    return [
        f"{key}: {a.get(key, _absent(key))} → {b.get(key, _absent(key))}"
        for key in dict.fromkeys([*a, *b])
        if a.get(key) != b.get(key)
    ]


def _absent(key: str) -> str:
    """What the suite does not write is not there; what a server does not say may be anything."""
    return "none" if key in _OF_THE_SUITE or key.startswith("settings.") else "not reported"


def _flat(side: Side) -> dict[str, str]:
    about = side.about
    own = {"adapter": about.adapter, "model": about.model, "host": about.host, "place": about.place}
    found = {key: value for key, value in own.items() if value}
    found |= {key: str(value) for key, value in (about.facts or {}).items()}
    suite = side.facts.suite_resolved
    entry = suite.models.get(side.model) if suite is not None else None
    settings = entry.settings.items() if entry is not None else ()
    found |= {f"settings.{key}": str(value) for key, value in settings if value not in (None, [], {})}
    for key in _OF_THE_SUITE:
        if entry is not None and (written := entry.root.get(key)) is not None:
            found[key] = spelled(written)
    found["evalkit"] = side.facts.evalkit_version or "not recorded"
    return found


def _values(a: object, b: object) -> str:
    """Both values where they are short enough to help."""
    said = f" ({a!r} and {b!r})"
    return said if len(said) <= 120 else ""
