"""The words for a gate's findings, once: the terminal, Markdown, JUnit and annotations all say the same.

limit_of(finding)       ->  "≥ −2.0 points"
observed_of(finding)    ->  "−0.4 points [−2.1, +1.2]"
advice_of(finding)      ->  "about 1,200 more items would pass if both are equally good; ..."
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from evalkit.decide.decision import CandidateDecision, GateDecision
from evalkit.decide.origin import OWN_FUNCTION, PROGRAMS_ANSWER
from evalkit.decide.reasons import FAILS_ALONE
from evalkit.decide.rules import RuleResult, Unit, describe
from evalkit.render import history_text
from evalkit.render.flip_text import flips_text
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.rule_names import SHARED

VERDICTS = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE", "incomplete": "INCOMPLETE"}
_NAMED = 2
"""Rules that a sentence names."""
_ENOUGH = (
    "these are already as many items as an equally good model needs: the observed difference decides, not their number"
)
_MEANS = {
    "pass": "the candidate was shown to be good enough on every required rule",
    "fail": "the candidate was shown to break a required rule",
    "inconclusive": "there is not enough evidence for either verdict",
    "incomplete": "the evidence is not whole, so nothing was decided",
}


def headline(decision: GateDecision) -> str:
    """The verdict in one line; it names each candidate whose answers no model gave."""
    own = [c for c in decision.candidates if c.recorded == OWN_FUNCTION]
    programs = [c for c in decision.candidates if c.recorded in PROGRAMS_ANSWER]
    asked = [*own, *programs]
    recorded = ", ".join(visible(c.candidate, limit=80) for c in decision.candidates if c.recorded and c not in asked)
    of = f" on recorded answers: no model was asked for {recorded}" if recorded else ""
    for what, found in (("a function", own), ("a program of the suite", programs)):
        if found:
            named = ", ".join(visible(c.candidate, limit=80) for c in found)
            of += f" on answers of {what}: evalkit does not see which model was asked for {named}"
    return f"gate {visible(decision.suite)}: {VERDICTS[decision.verdict]}{of} ({_MEANS[decision.verdict]})"


def rule_of(finding: RuleResult) -> str:
    """What the rule is about."""
    condition = finding.condition
    name = visible(describe(finding).name, limit=100)
    name += ", this suite" if condition.scope == "suite" else ""
    return name if condition.required else f"{name} (advisory)"


def limit_of(finding: RuleResult) -> str:
    """The limit that it was held against."""
    words = describe(finding)
    if words.limit_text is not None:
        return visible(words.limit_text, limit=200)
    if words.unit in {"difference", "share"}:
        shows = numbers.difference if words.unit == "difference" else numbers.percent
        return f"{words.sign} {shows(words.limit, exact=True)}".strip()
    return f"{words.sign} {figure(words.limit, words.unit)}".strip()


def observed_of(finding: RuleResult) -> str:
    """What was measured, with the interval of the deciding test."""
    words, value = describe(finding), finding.value
    if words.observed_text is not None:
        return visible(words.observed_text, limit=200)
    if finding.condition.kind == "scan":
        return f"{numbers.difference(value)} at worst"
    if value is None:
        return numbers.UNKNOWN if finding.unmeasured else numbers.UNDEFINED
    unit = words.observed_unit or words.unit
    if unit == "score":
        return numbers.quality_with_interval(value, finding.low, finding.high)
    return f"{figure(value, unit)} {_bounds(finding, unit)}".rstrip()


def observed_head(decision: GateDecision, candidate: CandidateDecision) -> str:
    """The head of the column of figures: with how sure the intervals are, where there is one."""
    if all(f.low is None and f.high is None for f in candidate.findings):
        return "observed"
    return f"observed [{numbers.share(1 - 2 * decision.alpha)}]"


def figure(value: float | None, unit: Unit) -> str:
    """One figure in its unit, everywhere alike."""
    shows: dict[Unit, Callable[[float | None], str]] = {
        "difference": numbers.difference,
        "score": numbers.quality,
        "share": numbers.percent,
        "ratio": numbers.ratio,
        "seconds": numbers.time,
        "usd": numbers.usd,
    }
    if unit in shows:
        return shows[unit](value)
    return numbers.UNDEFINED if value is None else f"{value:,g}"


def advice_of(finding: RuleResult) -> str:
    """What would decide it; empty where it is decided, or where nothing more can be said."""
    if finding.verdict != "inconclusive":
        return ""
    if finding.unmeasured:
        return visible(finding.unmeasured, limit=600)
    equal, holds = finding.more_if_equal, finding.more_if_estimate_holds
    if finding.baseline is None and finding.candidate is not None:  # of the candidate alone
        return f"{_further(finding, holds)} would decide if this figure holds" if holds is not None else ""
    if equal is None and holds is None and (finding.condition.value != 0 or finding.p_pass is None):
        return ""
    first = "no number of items passes equal models at a margin of 0"
    if equal is not None:
        first = f"{_further(finding, equal)} would pass if both are equally good" if equal else _ENOUGH
    second = (
        f"{_further(finding, holds)} would decide if this difference holds"
        if holds is not None
        else "this difference lies too near the margin to be resolved"
    )
    return f"{first}; {second}"


_MOST_ITEMS = 100_000
"""Nobody asks more; above it the exact number says nothing."""


def _further(finding: RuleResult, items: int) -> str:
    """So many more items, and the answers that they take where each is asked several times."""
    if items > _MOST_ITEMS:
        return f"more than {_MOST_ITEMS:,} more items"
    each = finding.answers_an_item
    if each <= 1 + 1e-9:
        return f"about {items:,} more {'item' if items == 1 else 'items'}"
    often = f"{each:.0f}" if abs(each - round(each)) < 1e-9 else f"{each:.1f}"
    answers = math.ceil(items * each - 1e-9)
    return f"about {items:,} more items, each asked {often} times ({answers:,} answers of a model),"


def more_of(finding: RuleResult) -> tuple[int, ...]:
    """How many more items would decide a rule: if the difference stays as it is, then if both are truly equal; empty
    where none would."""
    if finding.verdict != "inconclusive":
        return ()
    return tuple(n for n in (finding.more_if_estimate_holds, finding.more_if_equal) if n)


def remarks_of(finding: RuleResult) -> list[str]:
    """Advice and notes, each with the rule's name."""
    return [f"{rule_of(finding)}: {text}" for text in _remarks(finding)]


def _remarks(finding: RuleResult) -> list[str]:
    said = [advice_of(finding), *(visible(note, limit=400) for note in finding.notes)]
    return [text for text in said if text]


def flips_of(candidate: CandidateDecision) -> str:
    """How many items changed sides; empty where none was looked at."""
    flips = candidate.flips
    if flips is None:
        return ""
    return flips_text(flips)


def saved_of(candidate: CandidateDecision) -> str:
    """When an early verdict stood, and what was not asked for it; empty where none did."""
    saved = candidate.saved
    if saved is None:
        return ""
    left = saved.n_items - saved.n_asked
    settled = f"settled after {saved.n_used:,} of {saved.n_items:,} items"
    if not left:
        return f"{settled}; all of them had been asked by then, so nothing was saved"
    usd = f" and about {numbers.usd(saved.usd)}" if saved.usd else ""
    return f"{settled}: {numbers.plural(left, 'item')}{usd} saved"


def history_of(candidate: CandidateDecision) -> str:
    """Which stored answers of older models the decision rests on; empty without."""
    return history_text.after(candidate.history) if candidate.history is not None else ""


def _bounds(finding: RuleResult, unit: Unit) -> str:
    if finding.low is None and finding.high is None:
        return ""
    shows = numbers.signed_points if unit == "difference" else partial(figure, unit=unit)
    low, high = (end if x is None else shows(x) for x, end in ((finding.low, "−∞"), (finding.high, "∞")))
    return f"[{low}, {high}]"


def against_of(decision: GateDecision) -> str:
    """What the candidates are compared with, in a line."""
    if decision.baseline is None:
        return "no baseline: every rule is about the candidate alone"
    return f"baseline: {visible(decision.baseline)} of {visible(decision.baseline_run or '')}"


def unit_of(decision: GateDecision) -> str:
    """What is counted: pairs of answers, or answers."""
    return "pairs" if decision.baseline is not None else "answers"


def judged_of(decision: GateDecision, candidate: CandidateDecision) -> str:
    """How much was judged: "1,200 pairs compared"."""
    done = "compared" if decision.baseline is not None else "looked at"
    return f"{candidate.n_pairs:,} {unit_of(decision)} {done}"


def pairs_of(decision: GateDecision, candidate: CandidateDecision) -> str:
    """How much there is, and how much of it has no score: "1,200 pairs, 3 of them failed"."""
    failed = f"{numbers.count(candidate.n_errored)} of them failed" if candidate.n_errored else "none of them failed"
    return f"{numbers.count(candidate.n_pairs)} {unit_of(decision)}, {failed}"


def served_of(candidate: CandidateDecision) -> str:
    """The model ids and fingerprints that the providers reported; empty where they reported none."""
    return f"served as: {visible('; '.join(candidate.served), limit=400)}" if candidate.served else ""


def loss_of(candidate: CandidateDecision, baseline: str | None) -> str:
    """What a measured loss is to the gate: "1.6 points below tiny, within the loss of 5.0 points that ...".

    A leaderboard calls a model behind however little it lacks; the gate asks about more than a margin. `baseline`: its
    name, as it is written where this is shown. Empty where no loss over all tasks was measured or decided.
    """
    found = next((f for f in candidate.findings if f.condition.is_margin and f.condition.subject == "all"), None)
    if baseline is None or found is None or found.value is None or found.value >= 0 or found.unmeasured:
        return ""
    accepted = f"the loss of {numbers.points(found.condition.at)} that the gate accepts"
    held = {
        "pass": f"within {accepted}",
        "fail": f"more than {accepted}",
        "inconclusive": f"not shown to be within {accepted}, nor beyond it",
    }
    return f"{numbers.points(found.value)} below {baseline}, {held[found.verdict.value]}"


def loss_line(decision: GateDecision, candidate: CandidateDecision) -> str:
    """The same as a sentence with the candidate's name; empty where there is none."""
    base = visible(decision.baseline, limit=60) if decision.baseline is not None else None
    said = loss_of(candidate, base)
    return f"{visible(candidate.candidate, limit=60)} measured {said}" if said else ""


def why_of(candidate: CandidateDecision, name: str, baseline: str | None = None) -> str:
    """The verdict with its reason in a sentence: "qwen fails because quality of refunds is −51.0 points (limit ...)".

    `name` and `baseline` (None: there is none): as they are written where this is shown.
    """
    if candidate.incomplete:
        return f"{name} is not decided: {visible(candidate.incomplete[0], limit=400)}"
    required = [finding for finding in candidate.findings if finding.condition.required]
    if candidate.verdict == "pass":
        rules = "the required rule" if len(required) == 1 else f"all {len(required)} required rules"
        said = loss_of(candidate, baseline)
        return f"{name} passes {rules}: it measured {said}." if said else f"{name} passes {rules}."
    bad = [finding for finding in required if finding.verdict == candidate.verdict]
    named = [f"{rule_of(f)} is {observed_of(f)} (limit {limit_of(f)}{_alone(f)})" for f in bad[:_NAMED]]
    more = f", and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    if candidate.verdict == "fail":
        return f"{name} fails because {' and '.join(named)}{more}."
    return f"{name} is undecided: {' and '.join(named)}{more}."


def _alone(finding: RuleResult) -> str:
    """Why a finding whose interval lies beyond its limit is open; empty for any other."""
    return next((f"; {note}" for note in finding.notes if note.startswith(FAILS_ALONE)), "")


def counted(candidates: Sequence[CandidateDecision], baseline: str | None) -> str:
    """ "1 of 4 candidates passes against gpt: 2 fail, 1 undecided."; `baseline` as it is written where this is shown,
    None: there is none."""
    n = Counter(candidate.verdict for candidate in candidates)
    against = f" against {baseline}" if baseline is not None else ""
    of_all = numbers.plural(len(candidates), "candidate")
    passing = f"{n['pass'] or 'None'} of {of_all} {'pass' if n['pass'] > 1 else 'passes'}{against}"
    words = {"fail": "fail", "inconclusive": "undecided", "incomplete": "without whole evidence"}
    rest = ", ".join(f"{n[verdict]} {word}" for verdict, word in words.items() if n[verdict])
    return f"{passing}: {rest}." if rest else f"{passing}."


@dataclass(frozen=True, slots=True)
class RenderedRule:
    """One rule for one candidate."""

    candidate: str
    rule: str
    """What it is about, in words: "cost of 1,000 samples"."""
    verdict: str
    """pass, fail or inconclusive."""
    kind: str
    value: float | None
    """As it is drawn: differences in points of 100, shares in per cent."""
    low: float | None
    high: float | None
    scale: str
    """Rules of one scale can be drawn side by side: "quality: margin"."""
    axis: str
    """Rules of one axis share a chart; `text.rule_names.axis_words` has its title."""
    limit: float | None
    """Where the rule draws the line, in the units of `value` (a margin of 0.02 is a line at −2 points). None: the limit
    is no number, or not in these units."""
    shown: str
    needs: str
    """What it would take to decide; empty when decided."""
    remarks: tuple[str, ...]
    """What it would take, and what else is to be known, as every output says it."""
    notes: tuple[str, ...]
    title: str
    """What it is about and where its line is drawn, in words: "quality of all tasks ≥ −5.0 points"."""
    subject: str
    """all, a task, task/slice=value; or the cost, latency or rate that is limited."""
    more: tuple[int, ...]
    """How many more items would decide it: if the difference stays as it is, then if both are truly equal; empty where
    none would."""


def rendered_rules_of(decision: GateDecision) -> list[RenderedRule]:
    """Every finding of every candidate."""
    return [
        _rendered_rule(candidate.candidate, finding)
        for candidate in decision.candidates
        for finding in candidate.findings
    ]


def matrix_of(
    candidates: Sequence[CandidateDecision], rules: Sequence[RenderedRule]
) -> tuple[list[str], list[list[str]]]:
    """The rules' titles, and each candidate's verdicts on them: which rule decides. Empty: it was not asked."""
    titles = list(dict.fromkeys(r.title for r in rules))
    verdicts = {(r.candidate, r.title): r.verdict for r in rules}
    names = [visible(candidate.candidate, limit=60) for candidate in candidates]
    return titles, [[verdicts.get((name, title), "") for title in titles] for name in names]


def _rendered_rule(candidate: str, finding: RuleResult) -> RenderedRule:
    condition = finding.condition
    words = describe(finding)
    unit = words.observed_unit or words.unit
    interval = f" {_bounds(finding, unit)}".rstrip()
    drawn = 100 if unit in {"difference", "share"} else 1
    notes = [*finding.notes, finding.method] if finding.method else list(finding.notes)
    return RenderedRule(
        candidate=visible(candidate, limit=60),
        rule=rule_of(finding),
        verdict=str(finding.verdict),
        kind=condition.kind,
        value=_times(finding.value, drawn),
        low=_times(finding.low, drawn),
        high=_times(finding.high, drawn),
        scale=f"{condition.kind}: {condition.limit}",
        axis=condition.limit if condition.limit in SHARED else f"{condition.kind}: {condition.limit}",
        limit=_times(words.limit, drawn) if unit == words.unit else None,
        shown=_shown(finding, interval),
        needs=advice_of(finding),
        remarks=tuple(_remarks(finding)),
        notes=tuple(visible(str(note), limit=300) for note in notes),
        title=f"{rule_of(finding)} {limit_of(finding)}",
        subject=condition.subject,
        more=more_of(finding),
    )


def _times(value: float | None, factor: int) -> float | None:
    return None if value is None else value * factor


def _shown(finding: RuleResult, interval: str) -> str:
    if finding.shown is not None:
        return visible(finding.shown, limit=200)
    words = describe(finding)
    if finding.value is None:
        return numbers.UNDEFINED
    return figure(finding.value, words.observed_unit or words.unit) + interval
