"""What a gate's rules come to, as records: a condition for each limit of a rule, and a finding for each candidate.

list(conditions(rule))        # {latency: ttft_p95, max_ratio: 1.2, max_s: 1} makes two
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from evalkit.stats.verdict import Scope, Tail, Verdict
from evalkit.suite.schema import RuleEntry

Limit = Literal["margin", "max_ratio", "max_s", "max_usd", "max_increase", "max_rate"]
Kind = Literal["quality", "cost", "latency", "rate", "scan", "critical"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One limit of one rule."""

    kind: Kind
    subject: str
    """all, a task, task/slice=value; or the cost, latency or rate that is limited."""
    limit: Limit
    value: float
    required: bool = True
    scope: Scope = "population"
    tail: Tail = "strict"

    @property
    def name(self) -> str:
        """How it is called everywhere, in JUnit too: stable from run to run."""
        scope = ", this suite" if self.scope == "suite" else ""
        return f"{self.kind} {self.subject} ({self.limit} {self.value:g}{scope})"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What came of one condition for one candidate. None: not known, or not meaningful for this kind."""

    condition: Condition
    verdict: Verdict
    value: float | None = None
    """Observed: difference of scores, ratio, seconds, dollars, increase of a rate."""
    low: float | None = None
    """Interval of the deciding test, in the same units."""
    high: float | None = None
    baseline: float | None = None
    """The baseline's own figure (mean score, dollars, seconds, rate)."""
    candidate: float | None = None
    n: int = 0
    """Pairs that the test used (answers, for a limit of the candidate alone)."""
    n_errored: int = 0
    p_pass: float | None = None
    p_fail: float | None = None
    method: str = ""
    more_if_equal: int | None = None
    more_if_estimate_holds: int | None = None
    unmeasured: str | None = None
    """Why nothing could be decided, with the way out; None where the data was there."""
    notes: tuple[str, ...] = ()


def conditions(rule: RuleEntry) -> Iterator[Condition]:
    """Every limit of a rule as a condition of its own."""
    for kind in ("quality", "cost", "latency", "rate"):
        subject = getattr(rule, kind)
        if subject is None:
            continue
        for limit in ("margin", "max_ratio", "max_s", "max_usd", "max_increase", "max_rate"):
            value = getattr(rule, limit)
            if value is not None:
                yield Condition(
                    kind, subject, limit, float(value), rule.required, rule.scope or "population", rule.tail or "strict"
                )


def unmeasured(condition: Condition, why: str, n_errored: int = 0) -> RuleResult:
    """What comes of a condition for which nothing was measured."""
    return RuleResult(condition, Verdict.INCONCLUSIVE, unmeasured=why, n_errored=n_errored)
