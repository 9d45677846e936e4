"""What a rule of a gate is: a class that is its part of the suite schema, decides, and has the words for its results.

    class Politeness(GateRule):                    # one file; entry point: [project.entry-points."evalkit.rules"]
        kind = "politeness"                        # politeness = "my_package.politeness:Politeness"
        limits = ("min",)
        politeness: Text
        min: float | None = None

        def evaluate(self, condition, context):    # a RuleResult: verdict, figures, what it rests on
            ...

A rule makes a condition of each of its limits, and a result for each condition and candidate. What was not measured (an
unknown price, answers from the cache) is never estimated: the result is then inconclusive and `unmeasured` says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from evalkit.stats.verdict import Scope, Tail, Verdict
from evalkit.suite.schema import RuleEntry
from evalkit.text.rule_names import limit_words, rule_words

if TYPE_CHECKING:
    from evalkit.results import Side
    from evalkit.results.pairs import Pairs

Unit = Literal["difference", "score", "share", "ratio", "seconds", "usd", "count", "text"]
"""How a figure is written. `difference`: of two scores or rates, with its sign; `share`: a rate of answers."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One limit of one rule."""

    kind: str
    """quality, cost, latency, rate, licence, or the kind of an installed package; scan and critical."""
    subject: str
    """all, a task, task/slice=value; or the cost, latency or rate that is limited."""
    limit: str
    """The field of the rule with the limit."""
    value: float | None
    """None: the limit is no number."""
    required: bool = True
    scope: Scope = "population"
    tail: Tail = "strict"

    @property
    def name(self) -> str:
        """Its key in JSON, JUnit and dossiers: stable from run to run. For a reader: `words`."""
        if self.value is None:
            return f"{self.kind} ({self.limit} {self.subject})"
        scope = ", this suite" if self.scope == "suite" else ""
        return f"{self.kind} {self.subject} ({self.limit} {self.value:g}{scope})"

    @property
    def words(self) -> str:
        """What it is about and its limit, as text shows them: "quality of all tasks (margin 0.02)"."""
        if self.value is None:
            return rule_words(self.kind, self.subject)
        return limit_words(self.kind, self.subject, self.limit, self.value)

    @property
    def is_margin(self) -> bool:
        """Whether it is about a loss of the whole score against the baseline: what may stop a run early."""
        return self.compares_scores and self.part is None

    @property
    def compares_scores(self) -> bool:
        """Whether it is about a loss of score against the baseline, by the whole score or by one scorer of several."""
        return self.kind == "quality" and self.limit == "margin"

    @property
    def part(self) -> tuple[str, str] | None:
        """The task and the scorer of several that the condition is about (`quality: task/scorer`); None: neither."""
        task, slash, part = self.subject.partition("/")
        return (task, part) if self.kind == "quality" and slash and "=" not in part else None

    @property
    def at(self) -> float:
        """The limit as a number. Raises ValueError where it is none."""
        if self.value is None:
            raise ValueError(f"{self.name} has no limit in numbers")
        return self.value


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule may read."""

    pairs: Pairs
    """The candidate's rows beside the baseline's, of the same items. Without a baseline its figures are all NaN."""
    alpha: float
    """Accepted probability of a wrong pass, and apart from it of a wrong fail."""
    candidate: Side | None = None
    """Run, facts and model of the candidate; None where rows were made up (the self-test)."""
    baseline: Side | None = None
    """None: the gate has no baseline."""
    times_refused: str | None = None
    """Why the two sides' times cannot be put into a ratio; None when they can."""
    labels_believed: bool = False
    """Whether people's labels that the run holds may correct its judges. Said by whoever knows that no protected suite
    decides."""
    n_warm: list[tuple[int, int]] = field(default_factory=list)
    """What `sent_prompts.n_warm` says of the candidate, read for the first rule that asks; empty until then."""


@dataclass(frozen=True, slots=True)
class RuleWords:
    """How a result is told. Numbers are written by whoever shows them, each in the same way everywhere."""

    name: str
    """What the rule is about: "quality of refunds"."""
    unit: Unit
    sign: Literal["≥", "≤", ""] = ""
    """How the observed figure has to lie to the limit."""
    limit: float | None = None
    """Where the line is drawn, in the unit of the observed figure: a margin of 0.02 is a line at -0.02."""
    limit_text: str | None = None
    """The limit, where it is no number."""
    observed_text: str | None = None
    """What was observed, where it is no number."""
    observed_unit: Unit | None = None
    """How the observed figure is written, where that is not as the limit is."""


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
    """Further items, each asked as often as these, that would pass if both are equally good; 0: there are as many."""
    more_if_estimate_holds: int | None = None
    """Further items that would decide if the observed figure is the true one."""
    answers_an_item: float = 1.0
    """How often each item was asked, on average: further items are to be asked as often."""
    shown: str | None = None
    """What was observed, where it is no number: the candidate's licence."""
    unmeasured: str | None = None
    """Why nothing could be decided, with the way out; None where the data was there."""
    notes: tuple[str, ...] = ()


class GateRule(RuleEntry):
    """A kind of rule."""

    units: ClassVar[dict[str, Unit]] = {}
    """Limit -> how its figures are written."""

    def conditions(self) -> Iterator[Condition]:
        """A condition for each limit: {latency: ttft_p95, max_ratio: 1.2, max_s: 1} makes two."""
        scope, tail = getattr(self, "scope", None), getattr(self, "tail", None)
        for limit in self.limits:
            value = getattr(self, limit)
            if value is not None:
                subject = str(getattr(self, self.kind))
                yield Condition(
                    self.kind, subject, limit, float(value), self.required, scope or "population", tail or "strict"
                )

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        """The result of one of its conditions. Raises NotComparable where the gate asks about what is not there."""
        raise NotImplementedError(f"the rule {self.kind!r} has no evaluate")

    @classmethod
    def describe(cls, result: RuleResult) -> RuleWords:
        """The words for a result of this kind: terminal, Markdown, JUnit and board all use them."""
        condition = result.condition
        floor = condition.limit in {"margin", "min"}
        limit = condition.value
        if limit is not None and condition.limit == "margin":
            limit = -limit
        name = rule_words(condition.kind, condition.subject)
        return RuleWords(name, cls.units.get(condition.limit, "score"), "≥" if floor else "≤", limit)


def unmeasured(condition: Condition, why: str, n_errored: int = 0) -> RuleResult:
    """What comes of a condition for which nothing was measured."""
    return RuleResult(condition, Verdict.INCONCLUSIVE, unmeasured=why, n_errored=n_errored)
