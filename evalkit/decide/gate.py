"""The gate: may a candidate replace the baseline? One verdict for each, from stored rows alone.

    decision = decide_gate(gate, run_folder, promoted)      # a GateDecision
    decision.verdict, decision.exit_code                    # "inconclusive", 3

Fail closed: whatever was not measured in full (errors, missing rows, a cut or unfinished run) is `incomplete`, never a
pass. What cannot be compared at all raises NotComparable. The overall verdict is the worst of the candidates'.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide import regression_scan
from evalkit.decide.decision import INCOMPLETE, CandidateDecision, GateDecision
from evalkit.decide.evidence_notes import changed_within, of_pairs, unguarded
from evalkit.decide.origin import recorded_answers
from evalkit.decide.people import JUDGED_ITEMS, by_people, goes_by_labels, judged_rows, scan_with_people
from evalkit.decide.reasons import FAILS_ALONE, NO_DECLARED_LOAD, STORED_BASELINE, recorded_ratio
from evalkit.decide.rules import RuleContext, RuleResult, conditions, evaluate
from evalkit.decide.rules.cost import dearest_answer_usd
from evalkit.decide.sequential_test import at_the_end
from evalkit.decide.stopped import looked_at, replayed, stopped_early, walked_with
from evalkit.errors import UserError
from evalkit.facts import RunFacts
from evalkit.results import Side, completeness, read_facts
from evalkit.results.changed_items import paired as paired_rows
from evalkit.results.comparable import refuse_copies, refuse_same_answers, refuse_unless_comparable, shown
from evalkit.results.flips import count_flips
from evalkit.results.pairing import alone, common_rows, pair
from evalkit.results.pairs import Pairs
from evalkit.results.served import served_lines, served_otherwise
from evalkit.stats.multiplicity import holm
from evalkit.stats.verdict import Verdict
from evalkit.store import baselines
from evalkit.store import table as stored
from evalkit.suite.schema import GateEntry
from evalkit.text import numbers

if TYPE_CHECKING:
    import pyarrow as pa


def gate_of(facts: RunFacts, folder: Path) -> GateEntry:
    """The gate that a run was made with. Raises UserError where its suite has none, or it cannot be read."""
    from pydantic import ValidationError

    written = facts.suite_resolved.gate if facts.suite_resolved is not None else None
    if not written and facts.imported is not None:
        raise UserError(
            f"{folder.name} was imported, so it has no gate yet. Write a YAML file with `name:` and `gate:` (baseline, "
            f"candidates, rules), and give it: evalkit gate {quote(folder.name)} --suite FILE"
        )
    if not written:
        raise UserError(
            f"{folder.name} was made from a suite without a gate, so there is nothing to decide. Write `gate:` into "
            f"the suite (baseline, candidates, rules) and give it: evalkit gate {quote(folder.name)} --suite SUITE"
        )
    import orjson

    try:
        return GateEntry.model_validate_json(orjson.dumps(written))
    except ValidationError as error:
        raise UserError(
            f"{folder.name} holds a gate that this evalkit cannot read ({error.error_count()} problems, the first: "
            f"{error.errors()[0]['msg']}). Give the suite's own: --suite SUITE"
        ) from error


def decide_gate(
    gate: GateEntry, folder: Path, results: Path, promoted: Path, *, labels_believed: bool = True
) -> GateDecision:
    """The decision. `promoted`: the folder of baselines that people have promoted. `labels_believed`: whether people's
    labels that the run holds may correct its judges.

    Raises NotComparable, StoreError or UserError: each is exit 2, and nothing has been decided then.
    """
    facts = read_facts(folder)
    twice = [name for n, name in enumerate(gate.candidates) if name in gate.candidates[:n]]
    if twice:
        raise UserError(f"the gate of {folder.name} names {', '.join(twice)} twice. Name each candidate once.")
    found = _baseline(gate, folder, results, promoted)
    sides = [Side.of(folder, name) for name in gate.candidates]
    if found is not None:
        for side in sides:
            refuse_unless_comparable(found[0], side)
    return GateDecision(
        suite=str(facts.suite),
        run=folder.resolve().name,
        baseline=gate.baseline,
        baseline_run=None if found is None else found[0].folder.resolve().name,
        alpha=gate.alpha,
        on_inconclusive=gate.on_inconclusive,
        candidates=tuple(
            replace(
                _candidate_alone(gate, side, labels_believed)
                if found is None
                else _candidate(gate, *found, side, labels_believed),
                recorded=recorded_answers(side.facts, side.model),
            )
            for side in sides
        ),
    )


def paired(gate: GateEntry, folder: Path, results: Path, promoted: Path) -> tuple[str, Pairs]:
    """The first candidate's name and its pairs, for a look at the gate itself. Raises as `decide_gate` does."""
    found, side = _baseline(gate, folder, results, promoted), Side.of(folder, gate.candidates[0])
    theirs = stored.model_rows(side.folder, side.model)
    if found is None:
        return side.model, alone(theirs)
    base, rows = found
    refuse_unless_comparable(base, side)
    return side.model, pair(*common_rows(rows, theirs))


def _baseline(gate: GateEntry, folder: Path, results: Path, promoted: Path) -> tuple[Side, pa.Table] | None:
    """The baseline and its rows; None where the gate has none. Raises UserError where a rule compares with one."""
    if gate.baseline is None:
        if gate.needs_baseline is not None:
            raise UserError(
                f"the gate of {folder.name} has no baseline, and {gate.needs_baseline} compares with one. Name a "
                "baseline, or write limits of the candidate alone (min, max_usd, max_s, max_rate)."
            )
        return None
    if not gate.baseline.startswith("baseline@"):
        side = Side.of(folder, gate.baseline)
        return side, stored.model_rows(folder, side.model)
    found = baselines.find(gate.baseline.removeprefix("baseline@"), promoted, results)
    side = Side.of(found.folder, found.model, gate.baseline)
    _refuse_unpromoted_parts(gate, found.baseline, side.facts)
    return side, found.rows


def _refuse_unpromoted_parts(gate: GateEntry, promoted: baselines.Baseline, facts: RunFacts) -> None:
    """Raises UserError where a rule goes by marks of one scorer, or by people's labels, that nobody promoted: whoever
    may write the results could change them, and the digest of the rows would stay."""
    part = next((c.name for rule in gate.rules for c in conditions(rule) if c.part and c.compares_scores), None)
    judged = any(task.identity.judge is not None for task in (facts.tasks or {}).values())
    asked, what = (part, "compares the scores of one scorer") if promoted.parts_digest is None else (None, "")
    if asked is None and judged and promoted.labels_digest is None and any(goes_by_labels(one) for one in gate.rules):
        asked, what = "labels: random", "goes by people's labels of its answers"
    if asked is not None:
        raise UserError(
            f"{asked} {what}, and the baseline {promoted.name} was promoted by an evalkit "
            "that kept no digest of them, or has none. Look at its rows and promote them again: evalkit baseline "
            f"promote {quote(promoted.run)} --model {quote(promoted.model)} --as {promoted.name} --replace --by YOU "
            "--why TEXT"
        )


def _candidate(
    gate: GateEntry, base: Side, base_rows: pa.Table, side: Side, labels_believed: bool
) -> CandidateDecision:
    rows = _rows(gate, side)
    base_rows = _rows_beside(gate, base, base_rows, side)
    stopped = stopped_early(side)
    for of, table in ((base, base_rows), (side, rows)):
        completeness.refuse_unknown(of, table)
    reasons = [*completeness.unfinished(base), *(completeness.unfinished(side) if side.folder != base.folder else ())]
    reasons += [*completeness.unread(base, base_rows), *completeness.unread(side, rows)]
    # A side that was stopped early lacks rows on purpose; a baseline that is stored elsewhere never does.
    whole = [] if stopped else [(side, rows)]
    whole += [] if stopped and base.folder == side.folder else [(base, base_rows)]
    reasons += [reason for of, table in whole if (reason := completeness.missing(of, table))]
    reasons += [reason for of, table in ((base, base_rows), (side, rows)) if (reason := completeness.errors(of, table))]
    if reasons:
        return CandidateDecision(side.model, INCOMPLETE, incomplete=tuple(dict.fromkeys(reasons)))
    compared = (*shown(base, side), *served_otherwise(base_rows, rows))
    if not compared and base.facts.imported is not None and base.model != side.model:
        # Efforts and prompts of another tool are no facts here: its own names are all that tells two models apart.
        compared = (f"name: {base.model} → {side.model} (their settings are not known)",)
    served = served_lines(baseline=base_rows, candidate=rows)
    changed = [c for name, of in (("baseline", base_rows), ("candidate", rows)) if (c := changed_within(name, of))]
    notes = () if compared else ("both sides are the same model as far as is known: this shows noise, not a swap",)
    notes = (*notes, *unguarded(rows, side), *completeness.undigested(base, side))
    if stopped is not None:
        decided = replayed(gate, base, base_rows, side, rows, stopped, compared, notes)
        return replace(decided, findings=(*decided.findings, *changed), served=served)
    pairs = _with_dearest(paired_rows(base, side, base_rows, rows), side)
    for of in (base, side):
        completeness.refuse_other_repeats(of, pairs)
    refuse_copies(base, side, pairs)
    refuse_same_answers(base, side, pairs)
    context = RuleContext(pairs, gate.alpha, side, base, _ratio_refused(base, side), labels_believed)
    found = rule_results(gate, context)
    used = None
    if (told := looked_at(side)) is not None:
        walked, used = walked_with(gate, side, base_rows, pairs, told)
        found = at_the_end(gate, pairs, found, passes_early=not told.needs_all, walked=walked)
    return CandidateDecision(
        side.model,
        _verdict(found),
        findings=(*found, *changed),
        compared=compared,
        n_pairs=pairs.n,
        n_errored=int((~pairs.scored).sum()),
        flips=count_flips(pairs),
        history=used,
        notes=(*notes, *of_pairs(pairs, side)),
        served=served,
    )


def _candidate_alone(gate: GateEntry, side: Side, labels_believed: bool) -> CandidateDecision:
    """The decision about a candidate without a baseline: limits of its own, and no critical item may fail."""
    rows = _rows(gate, side)
    completeness.refuse_unknown(side, rows)
    reasons = [*completeness.unfinished(side), *completeness.unread(side, rows)]
    reasons += [reason for check in (completeness.missing, completeness.errors) if (reason := check(side, rows))]
    if reasons:
        return CandidateDecision(side.model, INCOMPLETE, incomplete=tuple(dict.fromkeys(reasons)))
    pairs = _with_dearest(alone(rows), side)
    completeness.refuse_other_repeats(side, pairs)
    found = rule_results(gate, RuleContext(pairs, gate.alpha, side, labels_believed=labels_believed))
    changed = changed_within("candidate", rows)
    return CandidateDecision(
        side.model,
        _verdict(found),
        findings=(*found, *([changed] if changed else [])),
        n_pairs=pairs.n,
        n_errored=int(np.isnan(pairs.candidate.score).sum()),
        notes=(*unguarded(rows, side), *completeness.undigested(side), *of_pairs(pairs, side)),
        served=served_lines(candidate=rows),
    )


def _rows(gate: GateEntry, side: Side) -> pa.Table:
    """The candidate's rows; where a rule is about cost, with what their bills are at least by their texts."""
    rows = stored.model_rows(side.folder, side.model)
    if not _checks_bills(gate):
        return rows
    from evalkit.decide.supported_bills import with_supported

    return with_supported(side, rows)


def _rows_beside(gate: GateEntry, base: Side, rows: pa.Table, side: Side) -> pa.Table:
    """The baseline's rows; where a rule is about cost, with what bills of the response cache may be lower by. Those of
    a promoted one are what a person promoted."""
    if base.folder != side.folder or not _checks_bills(gate):
        return rows
    from evalkit.decide.supported_bills import with_cheapest

    return with_cheapest(base, rows)


def _checks_bills(gate: GateEntry) -> bool:
    return any(rule.kind == "cost" and getattr(rule, "bills", None) != "stated" for rule in gate.rules)


def _with_dearest(pairs: Pairs, side: Side) -> Pairs:
    costs = np.fmax(pairs.candidate.cost_usd, pairs.candidate.supported_usd)
    costs = costs[~np.isnan(costs)]
    dearest = dearest_answer_usd(side.facts, side.model, float(costs.max())) if costs.size else None
    return replace(pairs, dearest_usd=dearest)


def rule_results(gate: GateEntry, context: RuleContext) -> tuple[RuleResult, ...]:
    """Every rule, the scan and the critical items, decided on the pairs of the context."""
    pairs = context.pairs
    found = [evaluate(rule, condition, context) for rule in gate.rules for condition in conditions(rule)]
    found = [_vacuous(finding) for finding in _corrected(found, gate.alpha)]
    if gate.scan is not None:
        found.append(scan_with_people(gate, context, gate.scan.margin))
    said = by_people(gate, context)
    critical = regression_scan.critical(said) if gate.baseline is not None else regression_scan.critical_alone(said)
    if critical is None:
        return tuple(found)
    if critical.verdict is Verdict.FAIL and bool((judged_rows(context) & pairs.critical).any()):
        critical = replace(critical, notes=(*critical.notes, JUDGED_ITEMS))
    return (*found, critical)


def findings(gate: GateEntry, pairs: Pairs, candidate: Side | None = None) -> tuple[RuleResult, ...]:
    """The rules of a gate on pairs that need not be stored: for yardsticks that draw data with a known truth.

    `candidate`: whose run and facts rules may read; None: there is none, and a rule that needs one is unmeasured.
    """
    return rule_results(gate, RuleContext(pairs, gate.alpha, candidate))


def _corrected(found: list[RuleResult], alpha: float) -> list[RuleResult]:
    """Holm over the required rules: one that would fail alone, but not beside the others, is inconclusive."""
    family = [n for n, finding in enumerate(found) if finding.condition.required]
    adjusted = dict(zip(family, holm([found[n].p_fail for n in family]), strict=True))
    out = []
    for n, finding in enumerate(found):
        p = adjusted.get(n)
        if finding.verdict is Verdict.FAIL and p is not None and p > alpha:
            note = f"{FAILS_ALONE} {len(family)} rules (Holm), as its interval is not"
            finding = replace(finding, verdict=Verdict.INCONCLUSIVE, notes=(*finding.notes, note))  # noqa: PLW2901
        out.append(finding)
    return out


def _vacuous(finding: RuleResult) -> RuleResult:
    """A baseline whose score is within the margin of 0 cannot be missed: no candidate could fail against it."""
    condition, base = finding.condition, finding.baseline
    if not condition.compares_scores or base is None or base > condition.at:
        return finding
    why = (
        f"the baseline's own score is {base:.3f}, so no candidate could be worse by more than "
        f"{numbers.points(condition.at)}: look at its answers (are they cut off, or in another form than the scorer "
        "reads?)"
    )
    return replace(finding, verdict=Verdict.INCONCLUSIVE, unmeasured=why)


def _verdict(found: tuple[RuleResult, ...]) -> str:
    """Scan and critical items show only that no collapse was found: without a required rule nothing can pass."""
    required = [finding.verdict for finding in found if finding.condition.required]
    if Verdict.FAIL in required:
        return "fail"
    ruled = any(f.condition.required and f.condition.kind not in {"scan", "critical"} for f in found)
    return "pass" if ruled and all(verdict is Verdict.PASS for verdict in required) else "inconclusive"


def _ratio_refused(base: Side, side: Side) -> str | None:
    """Why two times cannot be put into a ratio; None when both were measured under the same conditions."""
    if base.folder.resolve() != side.folder.resolve():
        return STORED_BASELINE
    imported = side.facts.imported
    if imported is not None and imported.times_measured_by is not None:
        return None
    if imported is not None:
        return (
            "another tool took the times, and nobody says which: write `times: {measured_by: NAME}` into the map of "
            "columns and import it again"
        )
    told = [one.facts.model_facts(one.model) for one in (base, side)]
    if any(one.replayed for one in told):
        return recorded_ratio(*(one.facts for one in told))
    if not isinstance(side.facts.in_flight, int):
        return NO_DECLARED_LOAD
    return None
