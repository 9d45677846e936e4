"""The words for a gate's findings, once: the terminal, Markdown, JUnit and annotations all say the same.

limit_of(finding)       ->  "≥ −0.020"
observed_of(finding)    ->  "−0.004 [−0.021, 0.012]"
advice_of(finding)      ->  "about 1,200 more items would pass if both are equally good; ..."
"""

from __future__ import annotations

from evalkit.decide.decision import CandidateDecision, GateDecision
from evalkit.decide.origin import OWN_FUNCTION
from evalkit.decide.rules import RuleResult
from evalkit.report import numbers
from evalkit.report.hostile import visible

VERDICTS = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE", "incomplete": "INCOMPLETE"}
_MEANS = {
    "pass": "the candidate was shown to be good enough on every required rule",
    "fail": "the candidate was shown to break a required rule",
    "inconclusive": "there is not enough evidence for either verdict",
    "incomplete": "the evidence is not whole, so nothing was decided",
}


def headline(decision: GateDecision) -> str:
    """The verdict in one line; it names each candidate whose answers no model gave."""
    own = [c for c in decision.candidates if c.recorded == OWN_FUNCTION]
    recorded = ", ".join(visible(c.candidate, limit=80) for c in decision.candidates if c.recorded and c not in own)
    of = f" on recorded answers: no model was asked for {recorded}" if recorded else ""
    if own:
        functions = ", ".join(visible(c.candidate, limit=80) for c in own)
        of += f" on answers of a function: evalkit does not see which model was asked for {functions}"
    return f"gate {visible(decision.suite)}: {VERDICTS[decision.verdict]}{of} ({_MEANS[decision.verdict]})"


def rule_of(finding: RuleResult) -> str:
    """What the rule is about."""
    condition = finding.condition
    subject = visible(condition.subject, limit=80)
    name = {"critical": "critical items", "scan": "scan"}.get(condition.kind, f"{condition.kind} {subject}")
    name += ", this suite" if condition.scope == "suite" else ""
    return name if condition.required else f"{name} (advisory)"


def limit_of(finding: RuleResult) -> str:  # noqa: PLR0911 - one line for each kind of limit
    """The limit that it was held against."""
    condition, value = finding.condition, finding.condition.value
    if condition.kind == "critical":
        return "no new failure"
    match condition.limit:
        case "margin":
            return f"≥ {numbers.difference(-value)}"
        case "max_ratio":
            return f"≤ {numbers.ratio(value)}"
        case "max_s":
            return f"≤ {numbers.time(value)}"
        case "max_usd":
            return f"≤ {numbers.usd(value)}"
        case "max_increase":
            return f"≤ {numbers.difference(value)}"
        case "max_rate":
            return f"≤ {numbers.quality(value)}"


def observed_of(finding: RuleResult) -> str:  # noqa: PLR0911 - one line for each kind of figure
    """What was measured, with the interval of the deciding test."""
    condition, value = finding.condition, finding.value
    if condition.kind == "critical":
        return f"{numbers.count(int(value or 0))} new"
    if condition.kind == "scan":
        return "no collapse found" if value is None else f"{numbers.difference(value)} at worst"
    if value is None:
        return numbers.UNKNOWN if finding.unmeasured else numbers.UNDEFINED
    match condition.limit:
        case "margin" | "max_increase":
            return f"{numbers.difference(value)} {numbers.difference_interval(finding.low, finding.high)}".rstrip()
        case "max_rate":
            return numbers.quality_with_interval(value, finding.low, finding.high)
        case "max_ratio" if condition.subject != "usd_per_correct":
            return f"{numbers.ratio(value)} {_bounds(finding, numbers.ratio)}".rstrip()
        case "max_s":
            return f"{numbers.time(value)} {_bounds(finding, numbers.time)}".rstrip()
        case _:
            return f"{numbers.usd(value)} {_bounds(finding, numbers.usd)}".rstrip()


def advice_of(finding: RuleResult) -> str:
    """What would decide it; empty where it is decided, or where nothing more can be said."""
    if finding.verdict != "inconclusive":
        return ""
    if finding.unmeasured:
        return visible(finding.unmeasured, limit=600)
    equal, holds = finding.more_if_equal, finding.more_if_estimate_holds
    if equal is None and holds is None and (finding.condition.value or finding.p_pass is None):
        return ""
    first = (
        f"about {equal:,} more items would pass if both are equally good"
        if equal is not None
        else "no number of items passes equal models at a margin of 0"
    )
    second = (
        f"about {holds:,} more would decide if this difference holds"
        if holds is not None
        else "this difference lies too near the margin to be resolved"
    )
    return f"{first}; {second}"


def remarks_of(finding: RuleResult) -> list[str]:
    """Advice and notes, each with the rule's name."""
    said = [advice_of(finding), *(visible(note, limit=400) for note in finding.notes)]
    return [f"{rule_of(finding)}: {text}" for text in said if text]


def flips_of(candidate: CandidateDecision) -> str:
    """How many items changed sides; empty where none was looked at."""
    flips = candidate.flips
    if flips is None:
        return ""
    return f"{numbers.count(flips.n_lost)} items went right → wrong, {numbers.count(flips.n_won)} wrong → right"


def saved_of(candidate: CandidateDecision) -> str:
    """What stopping early saved; empty where nothing was."""
    saved = candidate.saved
    if saved is None:
        return ""
    left = saved.n_items - saved.n_used
    usd = f" and about {numbers.usd(saved.usd)}" if saved.usd else ""
    return f"settled after {saved.n_used:,} of {saved.n_items:,} items: {left:,} items{usd} saved"


def _bounds(finding: RuleResult, show: object) -> str:
    if (finding.low is None and finding.high is None) or not callable(show):
        return ""
    low, high = (numbers.UNDEFINED if x is None else show(x) for x in (finding.low, finding.high))
    return f"[{low}, {high}]"
