"""The gate's decision for a terminal: the verdict first, a table of rules for each candidate, then what explains it."""

from __future__ import annotations

from typing import TextIO

from evalkit.decide.decision import CandidateDecision, GateDecision
from evalkit.render import rule_text
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

_DIFFERENCES = 6  # lines about what differs between the two models, which can be many settings


def render_gate(decision: GateDecision, *, width: int | None = None, file: TextIO | None = None) -> None:
    """Print a decision."""
    with Page(width, file) as page:
        page.say(rule_text.headline(decision))
        page.say(rule_text.against_of(decision))
        page.say("")
        for candidate in decision.candidates:
            _print_candidate(page, decision, candidate)


def _print_candidate(page: Page, decision: GateDecision, candidate: CandidateDecision) -> None:
    title = f"{visible(candidate.candidate)}: {rule_text.VERDICTS[candidate.verdict]}"
    if candidate.incomplete:
        page.say(title)
        for reason in candidate.incomplete:
            page.say(f"  {visible(reason, limit=1000)}")
        page.say("")
        return
    rows = candidate.findings
    confidence = f"[{numbers.share(1 - 2 * decision.alpha)}]"
    page.table(
        title,
        [
            Column("rule", [rule_text.rule_of(f) for f in rows], left=True, folds=True),
            Column("limit", [rule_text.limit_of(f) for f in rows], left=True),
            Column(f"observed {confidence}", [rule_text.observed_of(f) for f in rows], left=True),
            Column("n", [numbers.count(f.n) if f.n else numbers.UNDEFINED for f in rows]),
            Column("verdict", [f.verdict.value for f in rows], left=True),
        ],
    )
    for finding in rows:
        for remark in rule_text.remarks_of(finding):
            page.say(remark)
    for text in (rule_text.flips_of(candidate), rule_text.saved_of(candidate), *candidate.notes):
        if text:
            page.say(visible(text, limit=600))
    for line in candidate.compared[:_DIFFERENCES]:
        page.say(f"compared: {visible(numbers.short_digests(line), limit=200)}")
    if len(candidate.compared) > _DIFFERENCES:
        page.say(f"and {len(candidate.compared) - _DIFFERENCES} more differences (--json has them all)")
    if candidate.served:
        page.say(rule_text.served_of(candidate))
    if candidate.n_errored:
        judged = rule_text.unit_of(decision)
        page.say(f"{numbers.count(candidate.n_errored)} of {numbers.count(candidate.n_pairs)} {judged} have no score")
    page.say("")
