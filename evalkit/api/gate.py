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
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pydantic import ValidationError

from evalkit.adapters.at_hand import AtHand
from evalkit.api.gate_file import gate_alone, written_gate
from evalkit.api.options import baselines_at, listed
from evalkit.api.planning import read_suite, with_foreign
from evalkit.api.suite import Suite
from evalkit.decide.decision import GateDecision
from evalkit.decide.gate import decide_gate
from evalkit.decide.gate_run import checked_alone, gate_run, require_signatures
from evalkit.decide.gate_trust import GateTrust, Signed
from evalkit.decide.rules import describe
from evalkit.decide.suite_match import refuse_other_policy
from evalkit.errors import SuiteError, UserError
from evalkit.render import rule_text
from evalkit.results.run import Run, load_run
from evalkit.suite.checks import check_gate, check_rule
from evalkit.suite.schema import GateEntry
from evalkit.suite.schema.rules import read_rule
from evalkit.suite.source_map import Loc, SourceMap, without_lines
from evalkit.suite.suite_errors import translate
from evalkit.suite.wording import short
from evalkit.text.page import html_table

if TYPE_CHECKING:
    import pandas as pd

    from evalkit.suite.suite import ResolvedSuite

Decision = Literal["pass", "fail", "inconclusive", "incomplete"]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What came of one rule for one candidate. Figures are in the rule's own unit: score units, a ratio, seconds, US
    dollars, or a rate."""

    candidate: str
    name: str
    """The rule in words, the same from run to run: quality all (margin 0.02)."""
    kind: str
    """quality, cost, latency, rate, scan or critical."""
    subject: str
    """What is limited: all, a task, a slice; or the cost, latency or rate."""
    verdict: str
    """pass, fail or inconclusive."""
    required: bool
    """False: shown, and no part of the decision."""
    estimate: float | None
    """Observed; None where nothing was measured."""
    low: float | None
    """Lower end of the interval of the deciding test; None: open, or there is none."""
    high: float | None
    limit: float | None
    """Where the rule draws the line, in the unit of `estimate`: a margin of 0.02 is a line at -0.02. None: the limit is
    no number (a licence)."""
    n: int
    """Pairs that the test used (answers, for a limit on the candidate alone)."""
    reason: str
    """What was seen against the limit, and what would decide it where it is not decided."""


@dataclass(frozen=True, slots=True, repr=False)
class GateResult:
    """What the gate says of a run. It has no truth value: ask `passed`."""

    decision: Decision
    """The worst of the candidates'. incomplete: the evidence is not whole, so nothing is decided."""
    exit_code: int
    """As of `evalkit gate`: 0 pass, 1 fail, 3 inconclusive, 4 incomplete. `on_inconclusive: pass` makes 3 a 0."""
    run: str
    """Name of the run folder."""
    baseline: str | None
    """None: every rule is about the candidate alone."""
    rules: tuple[RuleOutcome, ...]
    """Every rule for every candidate; none for a candidate whose evidence is not whole."""
    reasons: tuple[str, ...]
    """Why the evidence is not whole; empty where it is."""
    notes: tuple[str, ...]
    """What a reader should know: answers that no model gave, figures of another load."""
    details: GateDecision
    """Everything the decision rests on."""

    @property
    def passed(self) -> bool:
        """Whether every candidate passed. False for inconclusive and incomplete, whatever the exit code."""
        return self.decision == "pass"

    def __bool__(self) -> NoReturn:
        """A result that is always true would let everything pass."""
        raise TypeError("a gate's result has no truth value; ask result.passed, or result.decision")

    def __repr__(self) -> str:
        return f"<GateResult {self.decision}: {self.run}, {self._against}>"

    @property
    def _against(self) -> str:
        return "no baseline" if self.baseline is None else f"baseline {self.baseline}"

    def __str__(self) -> str:
        """The table that `evalkit gate` prints."""
        import io

        from evalkit.render.gate import render_gate

        text = io.StringIO()
        render_gate(self.details, width=120, file=text)
        return text.getvalue()

    def frame(self) -> pd.DataFrame:
        """One row for each rule and candidate, with the fields of `RuleOutcome` as columns."""
        from dataclasses import asdict

        import pandas as pd

        columns = list(RuleOutcome.__dataclass_fields__)
        return pd.DataFrame([asdict(rule) for rule in self.rules], columns=columns)

    def _repr_html_(self) -> str:
        """A table for notebooks. Everything that a suite or a model could write is escaped."""
        head = ("candidate", "rule", "verdict", "observed", "limit", "n", "reason")
        lines = [
            (
                rule.candidate,
                rule.name,
                rule.verdict if rule.required else f"{rule.verdict} (shown only)",
                "unknown" if rule.estimate is None else f"{rule.estimate:.4g} {_interval(rule)}".strip(),
                "" if rule.limit is None else f"{rule.limit:.4g}",
                f"{rule.n:,}",
                rule.reason,
            )
            for rule in self.rules
        ]
        return html_table(f"{self.decision}: {self.run}, {self._against}", head, lines, (*self.reasons, *self.notes))


def gate(
    run: Run | str | Path,
    *,
    baseline: str | None = None,
    candidates: Sequence[str] | None = None,
    rules: Sequence[Mapping[str, Any]] | None = None,
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
    signed = Signed(Path(signers) if signers else None)
    trusted = GateTrust(
        results=results,
        baselines=promoted,
        baselines_named=baselines is not None or bool(os.environ.get("EVALKIT_BASELINES")),
        installed=AtHand(),
        signed=signed,
        allow_recorded=allow_recorded,
        sweeps=Path(sweeps) if sweeps is not None else None,
    )
    if baseline is None and candidates is None and rules is None:
        alone = entry_of_file(opened, Path(suite)) if isinstance(suite, str | Path) else None
        if alone is not None:
            return result_of(decide_gate(checked_alone(alone, folder, trusted), folder, results, promoted))
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
    return result_of(decide_gate(entry, folder, results, promoted))


def _resolved(suite: Suite | str | Path) -> ResolvedSuite:
    return with_foreign(suite.resolved() if isinstance(suite, Suite) else read_suite(Path(suite)))


def result_of(decision: GateDecision) -> GateResult:
    """A decision as what Python code asks of it."""
    candidates = decision.candidates
    notes = [f"{one.candidate}: {one.recorded}" for one in candidates if one.recorded]
    notes += [f"{one.candidate}: {note}" for one in candidates for note in one.notes]
    verdict: Any = decision.verdict
    return GateResult(
        decision=verdict,
        exit_code=decision.exit_code,
        run=decision.run,
        baseline=decision.baseline,
        rules=tuple(_outcome(one.candidate, finding) for one in candidates for finding in one.findings),
        reasons=tuple(f"{one.candidate}: {reason}" for one in candidates for reason in one.incomplete),
        notes=tuple(notes),
        details=decision,
    )


def _outcome(candidate: str, finding: Any) -> RuleOutcome:
    condition = finding.condition
    seen = f"{rule_text.observed_of(finding)} against {rule_text.limit_of(finding)}"
    advice = rule_text.advice_of(finding)
    return RuleOutcome(
        candidate=candidate,
        name=condition.name,
        kind=condition.kind,
        subject=condition.subject,
        verdict=str(finding.verdict.value),
        required=condition.required,
        estimate=finding.value,
        low=finding.low,
        high=finding.high,
        limit=describe(finding).limit,
        n=finding.n,
        reason="; ".join([seen, *([advice] if advice else []), *finding.notes]),
    )


def _entry(
    run: Run, baseline: str | None, candidates: Sequence[str] | None, rules: Sequence[Mapping[str, Any]] | None
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
    return _checked(run, written, tree, lambda loc, said: tree.complaint(loc[1:], said))


def entry_of_file(run: Run, path: Path) -> GateEntry | None:
    """The gate of a file that has nothing else, for an imported run; None where the file is a whole suite.

    Raises SuiteError or UserError for one that does not read, or does not fit the run.
    """
    tree = gate_alone(path)
    return None if tree is None else _checked(run, written_gate(tree, run), tree, tree.complaint)


def _checked(run: Run, written: Mapping[str, Any], tree: SourceMap, complaint: Callable[[Loc, str], str]) -> GateEntry:
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


def _given(rules: Any) -> list[dict[str, Any]]:
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


def _interval(rule: RuleOutcome) -> str:
    if rule.low is None and rule.high is None:
        return ""
    low, high = ("…" if end is None else f"{end:.4g}" for end in (rule.low, rule.high))
    return f"[{low}, {high}]"
