"""What `evalkit.gate` gives: each rule with its figure and verdict, as a record, a table and a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from evalkit.decide.decision import GateDecision
from evalkit.decide.rules import describe
from evalkit.python_words import in_python
from evalkit.render import rule_text
from evalkit.text.escape import visible
from evalkit.text.page import html_table

if TYPE_CHECKING:
    import pandas as pd

    from evalkit.decide.rules import RuleResult


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
        return visible(f"<GateResult {self.decision}: {self.run}, {self._against}>", limit=500)

    @property
    def _against(self) -> str:
        return "no baseline" if self.baseline is None else f"baseline {self.baseline}"

    def __str__(self) -> str:
        """The table that `evalkit gate` prints."""
        import io

        from evalkit.render.gate import render_gate

        text = io.StringIO()
        render_gate(self.details, width=120, file=text)
        return in_python(text.getvalue())

    def frame(self) -> pd.DataFrame:
        """One row for each rule and candidate, with the fields of `RuleOutcome` as columns."""
        from dataclasses import asdict

        import pandas as pd

        columns = list(RuleOutcome.__dataclass_fields__)
        return pd.DataFrame([asdict(rule) for rule in self.rules], columns=columns)

    def _repr_html_(self) -> str:
        """A table for notebooks. Everything that a suite or a model could write is escaped."""
        head = ("candidate", "rule", "verdict", "observed", "limit", "n", "reason")
        found = [finding for one in self.details.candidates for finding in one.findings]
        lines = [
            (
                rule.candidate,
                rule_text.rule_of(finding),
                rule.verdict if rule.required else f"{rule.verdict} (shown only)",
                rule_text.observed_of(finding),
                rule_text.limit_of(finding),
                f"{rule.n:,}",
                rule.reason,
            )
            for rule, finding in zip(self.rules, found, strict=True)
        ]
        return html_table(f"{self.decision}: {self.run}, {self._against}", head, lines, (*self.reasons, *self.notes))


def result_of(decision: GateDecision) -> GateResult:
    """A decision as what Python code asks of it."""
    candidates = decision.candidates
    notes = [f"{one.candidate}: {one.recorded}" for one in candidates if one.recorded]
    notes += [f"{one.candidate}: {note}" for one in candidates for note in one.notes]
    return GateResult(
        decision=cast("Decision", decision.verdict),
        exit_code=decision.exit_code,
        run=decision.run,
        baseline=decision.baseline,
        rules=tuple(_outcome(one.candidate, finding) for one in candidates for finding in one.findings),
        reasons=tuple(in_python(f"{one.candidate}: {reason}") for one in candidates for reason in one.incomplete),
        notes=tuple(map(in_python, notes)),
        details=decision,
    )


def _outcome(candidate: str, finding: RuleResult) -> RuleOutcome:
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
        reason=in_python("; ".join([seen, *([advice] if advice else []), *finding.notes])),
    )
