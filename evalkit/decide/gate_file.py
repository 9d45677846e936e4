"""A file with only a gate, for runs whose items another tool asked: `name:` and `gate:`, and nothing else.

    name: agents-swap
    gate:
      baseline: gpt-5-high
      candidates: [gpt-5-medium]
      rules: [{quality: all, margin: 0.05}]

There is no suite to hold such a run against: what was asked and how it was scored is the other tool's word. A run that
evalkit made has a suite, and the gate of a protected branch has to name it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from evalkit.errors import SuiteError, UserError
from evalkit.results.run import Run
from evalkit.suite.checks import check_gate, check_rule
from evalkit.suite.loading import read_text
from evalkit.suite.schema import GateEntry
from evalkit.suite.source_map import Loc, SourceMap, parse
from evalkit.suite.suite_errors import translate

_KEYS = ("name", "about", "gate")
_OF_SUITES = {"models", "tasks"}


def entry_of_file(run: Run, path: Path) -> GateEntry | None:
    """The gate of a file that has nothing else, for an imported run; None where the file is a whole suite.

    Raises SuiteError or UserError for one that does not read, or does not fit the run.
    """
    tree = gate_alone(path)
    return None if tree is None else checked_entry(run, written_gate(tree, run), tree, tree.complaint)


def checked_entry(
    run: Run, written: Mapping[str, object], tree: SourceMap, complaint: Callable[[Loc, str], str]
) -> GateEntry:
    """The gate, held against the models and tasks of the run. Raises SuiteError with every complaint."""
    try:
        entry = GateEntry.model_validate(written)
    except ValidationError as error:
        found = translate(error, tree, ("gate",))
        raise SuiteError([tree.complaint(loc, said) for loc, said in found]) from error
    models, compared = list(run.models), entry.needs_baseline
    wrong = list(check_gate(("gate",), entry.baseline, list(entry.candidates), models, compared))
    for n, rule in enumerate(entry.rules):
        wrong += check_rule(("gate", "rules", n), rule, list(run.tasks), {})
    if not any(rule.required for rule in entry.rules):
        wrong.append((("gate", "rules"), "no rule is required, so nothing would be decided; make one required"))
    if wrong:
        raise SuiteError([complaint(loc, said) for loc, said in wrong])
    return entry


def gate_alone(path: Path) -> SourceMap | None:
    """The file, where it holds a gate and neither models nor tasks; None where it is a suite.

    Raises SuiteError where it cannot be read.
    """
    tree = parse(read_text(path), str(path))
    keys = set(tree.data) if isinstance(tree.data, dict) else set()
    return tree if "gate" in keys and not keys & _OF_SUITES else None


def written_gate(tree: SourceMap, run: Run) -> dict[str, object]:
    """The gate of such a file as it is written. Raises SuiteError for a file that does not read, and UserError where
    evalkit itself made the run."""
    if tree.complaints:
        raise SuiteError(tree.complaints)
    if run.facts.imported is None:
        raise UserError(
            f"{tree.name} has a gate and no models or tasks, which is enough for an imported run only. {run.name} was "
            "made by evalkit: give the whole suite, so that the run can be held against it."
        )
    if others := [key for key in tree.data if key not in _KEYS]:
        said = f"a file with only a gate has the keys {', '.join(_KEYS)}; leave this one out, or give a whole suite"
        raise SuiteError([tree.complaint((key,), said) for key in others])
    written = tree.data["gate"]
    if not isinstance(written, dict):
        raise SuiteError([tree.complaint(("gate",), "a gate is a mapping with baseline, candidates and rules")])
    return written
