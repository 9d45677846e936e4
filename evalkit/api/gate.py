"""`evalkit.gate`: may a candidate replace the baseline? The decision on a stored run, as a typed result.

    result = evalkit.gate(run)                      # by the gate of the run's suite
    result = evalkit.gate(run, baseline="gpt", rules=[{"quality": "all", "margin": 0.02}])
    result.decision, result.passed                  # "pass", True
    for rule in result.rules:
        print(rule.name, rule.verdict, rule.estimate, rule.low, rule.high, rule.limit, rule.reason)

It refuses what `evalkit gate` refuses, with the same sentences.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.adapters.at_hand import AtHand
from evalkit.api.gate_result import GateResult, result_of
from evalkit.api.options import baselines_at, listed
from evalkit.api.planning import read_suite, with_external
from evalkit.api.suite import Suite
from evalkit.decide.gate import decide_gate
from evalkit.decide.gate_file import checked_entry, entry_of_file
from evalkit.decide.gate_run import checked_alone, gate_run, require_signatures, require_signed_labels
from evalkit.decide.gate_trust import GateTrust, Signed
from evalkit.decide.suite_match import refuse_other_policy
from evalkit.errors import UserError
from evalkit.paths import of_person
from evalkit.protected_data import protecting
from evalkit.python_words import said_in_python
from evalkit.results.run import Run, load_run
from evalkit.suite.schema import GateEntry
from evalkit.suite.schema.rules import read_rule
from evalkit.suite.source_map import without_lines
from evalkit.suite.wording import short

if TYPE_CHECKING:
    from evalkit.results.run import Run
    from evalkit.suite.suite import ResolvedSuite


@said_in_python()
def gate(
    run: Run | str | Path,
    *,
    baseline: str | None = None,
    candidates: Sequence[str] | None = None,
    rules: Sequence[Mapping[str, object]] | None = None,
    suite: Suite | str | Path | None = None,
    allow_recorded: bool = False,
    sweeps: str | Path | None = None,
    baselines: str | Path | None = None,
) -> GateResult:
    """The decision on a stored run (a `Run`, or its folder), by the gate of its suite.

    `baseline` is a model of the run, or a promoted one: `baseline@NAME`, found in the folder `baselines` (None:
    EVALKIT_BASELINES, or `baselines` in the working directory; EVALKIT_SIGNED_BASELINE holds as well). `candidates`
    and `rules` are as in a suite file. What is not given comes from the run's gate; without one, every other model is a
    candidate, and `rules` are needed. Rules that are about the candidate alone (`min`, `max_usd`, `max_s`, `max_rate`,
    `licence`) need no baseline.

    With `suite` (a Suite, or the path of a suite file) its gate decides, and the run has to be evidence about that
    suite as it is now: other tasks, data, prompts, judges or another baseline model are refused, and so is a candidate
    whose answers no model is known to have given (read from a file, or made by a function), unless `allow_recorded`.
    The file may hold a gate alone where another tool asked (an imported run): nothing is there to hold it against.
    `sweeps` is the folder of load sweeps that prices of own hardware may rest on then.

    Raises NotComparable, StoreError or UserError where nothing can be decided: the sides were asked different things,
    a promoted baseline is missing, or there is no gate. Evidence that is not whole is a result: `incomplete`.
    """
    opened = run if isinstance(run, Run) else load_run(run)
    folder, results, promoted = opened.folder, opened.folder.parent, baselines_at(baselines)
    signers = os.environ.get("EVALKIT_SIGNED_BASELINE")
    signed = Signed(of_person(signers, "EVALKIT_SIGNED_BASELINE") if signers else None)
    trusted = GateTrust(
        results=results,
        baselines=promoted,
        baselines_named=baselines is not None or bool(os.environ.get("EVALKIT_BASELINES")),
        installed=AtHand(),
        signed=signed,
        allow_recorded=allow_recorded,
        sweeps=of_person(sweeps, "sweeps") if sweeps is not None else None,
    )
    if baseline is None and candidates is None and rules is None:
        alone = entry_of_file(opened, of_person(suite, "suite")) if isinstance(suite, str | Path) else None
        if alone is not None:
            trusted = replace(trusted, gate_file=of_person(suite, "suite"))
            return result_of(
                decide_gate(checked_alone(alone, folder, trusted), folder, results, promoted, labels_believed=False)
            )
        against = None if suite is None else _resolved(suite)
        made_with = opened.facts.suite_resolved
        if against is None and (made_with is None or not made_with.gate):
            raise UserError(
                f"{opened.name} was made from a suite without a gate: give rules, like "
                'gate(run, baseline="gpt", rules=[{"quality": "all", "margin": 0.02}]), or without a baseline '
                'gate(run, rules=[{"quality": "all", "min": 0.85}])'
            )
        return result_of(gate_run(folder, replace(trusted, suite=against)))
    if suite is not None:
        raise UserError("a suite brings its own gate: leave out baseline, candidates and rules, or the suite")
    entry = _entry(opened, baseline, candidates, rules)
    refuse_other_policy(folder)
    require_signatures(entry, folder, promoted, signed)
    require_signed_labels(entry, trusted)
    return result_of(decide_gate(entry, folder, results, promoted))


def _resolved(suite: Suite | str | Path) -> ResolvedSuite:
    if isinstance(suite, Suite):
        return with_external(suite.resolved())
    path = of_person(suite, "suite")
    with protecting(path.parent):
        return with_external(read_suite(path))


def _entry(
    run: Run, baseline: str | None, candidates: Sequence[str] | None, rules: Sequence[Mapping[str, object]] | None
) -> GateEntry:
    """The gate of the run with what was given over it. Raises UserError for one that is none, or names what is not
    there."""
    resolved = run.facts.suite_resolved
    own = resolved.gate if resolved is not None else None
    written: dict[str, Any] = dict(own or {})
    stored = written.get("rules")
    if isinstance(stored, list):  # dollars are texts in JSON
        with suppress(ValueError):
            written["rules"] = [read_rule(rule, from_json=True) for rule in stored]
    if rules is not None:
        written["rules"] = _given(rules)
    if baseline is not None:
        written["baseline"] = baseline
    if candidates is not None:
        written["candidates"] = list(listed("candidates", candidates))
    elif baseline is not None:
        names = written.get("candidates") or list(run.models)
        written["candidates"] = [name for name in names if name != baseline]
    optional = {"baseline"} if written.get("rules") and not _compares(written) else set()
    if lacking := [key for key in ("baseline", "rules") if not written.get(key) and key not in optional]:
        raise UserError(
            f"{run.name} was made from a suite without a gate: give {' and '.join(lacking)} too, like "
            'gate(run, baseline="gpt", rules=[{"quality": "all", "margin": 0.02}])'
        )
    if not written.get("candidates"):
        written["candidates"] = [model for model in run.models if model != written.get("baseline")]
        if not written["candidates"]:
            raise UserError(f"{run.name} has no model beside the baseline {written.get('baseline')!r} to judge")
    tree = without_lines(written, "gate")
    return checked_entry(run, written, tree, lambda loc, said: tree.complaint(loc[1:], said))


def _given(rules: object) -> list[dict[str, object]]:
    if not isinstance(rules, Sequence) or not all(isinstance(rule, Mapping) for rule in rules):
        raise UserError(
            f'rules is a list of mappings, like [{{"quality": "all", "margin": 0.02}}] (value seen: {short(rules)})'
        )
    return [dict(rule) for rule in rules]


def _compares(written: Mapping[str, Any]) -> bool:
    """Whether the gate compares with a baseline; a rule that cannot be read is told of later."""
    if written.get("scan") is not None:
        return True
    for rule in written["rules"]:
        with suppress(ValueError):
            if read_rule(rule, from_json=True).needs_baseline:
                return True
    return False
