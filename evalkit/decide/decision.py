"""What the gate says, as records: a verdict for each candidate with everything it rests on, and the exit code.

The overall verdict is the worst of the candidates'; `incomplete` (the evidence is not whole) is the worst of all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from evalkit.decide.rules import Condition, RuleResult
from evalkit.results.flips import Flips
from evalkit.stats.verdict import Verdict

INCOMPLETE = "incomplete"
_WORST = ("pass", "inconclusive", "fail", INCOMPLETE)
_EXIT = {"pass": 0, "fail": 1, "inconclusive": 3, INCOMPLETE: 4}


@dataclass(frozen=True, slots=True)
class Saved:
    """What stopping early saved."""

    n_used: int
    """Items after which the verdict stood."""
    n_asked: int
    """Items that the candidate was asked: answers under way are waited for, and a fast endpoint is ahead."""
    n_items: int
    usd: float | None
    """What the items that it was not asked would have cost, at the mean cost of the walked ones; None where a price is
    unknown."""


@dataclass(frozen=True, slots=True)
class HistoryUse:
    """Which stored answers of older models a decision rests on."""

    digest: str
    """Of the frozen scores, from which the order of the items was drawn."""
    frozen_at: str | None
    older: tuple[str, ...]
    """Models that predicted."""
    left_out: tuple[str, ...]
    """Models that were looked at and predict nothing, with the reason."""
    expected_ratio: float | None
    """Share of the difference's variance that predictions were expected to leave."""
    closest: str | None
    """The older model that scored most like the candidate; None: nothing to compare."""
    agreement: float | None
    """Share of the asked items on which it has the same score."""


@dataclass(frozen=True, slots=True)
class CandidateDecision:
    """What the gate says of one candidate."""

    candidate: str
    verdict: str
    """pass, fail, inconclusive or incomplete."""
    findings: tuple[RuleResult, ...] = ()
    incomplete: tuple[str, ...] = ()
    """Why the evidence is not whole; empty when it is."""
    compared: tuple[str, ...] = ()
    """What is known to differ between the two models: what is being decided about."""
    n_pairs: int = 0
    n_errored: int = 0
    flips: Flips | None = None
    saved: Saved | None = None
    history: HistoryUse | None = None
    """None: decided without history."""
    notes: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    """For each side the model id and fingerprint that the provider reported; empty where it reported nothing."""
    recorded: str | None = None
    """Why its answers are no evidence about a model (they were read from a file); None when a model was asked."""

    @property
    def unmeasured(self) -> bool:
        """Whether a required rule lacks what it needs (a price, a time), or there is none at all."""
        if not any(f.condition.required and f.condition.kind not in {"scan", "critical"} for f in self.findings):
            return True
        return any(f.unmeasured and f.condition.required and f.verdict is Verdict.INCONCLUSIVE for f in self.findings)


@dataclass(frozen=True, slots=True)
class GateDecision:
    """What the gate says."""

    suite: str
    run: str
    baseline: str | None
    """None: the gate has none, and every rule is about the candidate alone."""
    baseline_run: str | None
    alpha: float
    on_inconclusive: str
    candidates: tuple[CandidateDecision, ...]

    @property
    def verdict(self) -> str:
        """The worst of the candidates'."""
        return max((c.verdict for c in self.candidates), key=_WORST.index, default=INCOMPLETE)

    @property
    def exit_code(self) -> int:
        """4 incomplete, 1 fail, 3 inconclusive, 0 pass: the first of these that any candidate has."""
        codes = {self._code(candidate) for candidate in self.candidates}
        return next((code for code in (4, 1, 3) if code in codes), 0) if codes else 4

    def _code(self, candidate: CandidateDecision) -> int:
        if candidate.verdict == "inconclusive" and self.on_inconclusive != "fail" and not candidate.unmeasured:
            return 0
        return _EXIT[candidate.verdict]


def as_json(decision: GateDecision) -> dict[str, Any]:
    """The decision as plain values for `--json`: everything above, with verdict and exit code."""
    said = asdict(decision)
    for candidate in said["candidates"]:
        for finding in candidate["findings"]:
            finding["condition"]["name"] = Condition(**finding["condition"]).name
    return {"verdict": decision.verdict, "exit_code": decision.exit_code, **said}
