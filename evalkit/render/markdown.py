"""Markdown: the gate's decision for a pull request (verdict first, a table of rules, flips folded), and plain tables.

What models and datasets wrote is hostile text: it goes inside code fences that it cannot close, and what stands in a
table cell loses every character that Markdown or HTML would read (`text.escape`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from evalkit.decide.decision import CandidateDecision, GateDecision
from evalkit.render import rule_text
from evalkit.results.flips import Flip
from evalkit.text import numbers
from evalkit.text.escape import markdown as text
from evalkit.text.escape import markdown_block as block
from evalkit.text.escape import markdown_code as code

MARKER = "<!-- evalkit gate: {suite} -->"
"""The first line, by which the comment of an earlier push is found again."""
_MOST = 60_000  # characters; GitHub takes 65,536
_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "incomplete": "⚠️"}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """The lines of a table; cells are Markdown already. `right`: columns that stand at the right, by number."""
    rule = ["---:" if n in right else "---" for n in range(len(heads))]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)]


def gate_markdown(decision: GateDecision, flips: Mapping[str, Sequence[Flip]] | None = None) -> str:
    """The whole comment; `flips`: by candidate, items that changed sides with both answers."""
    lines = [
        MARKER.format(suite=re.sub(r"[^A-Za-z0-9._-]", "_", decision.suite)),
        f"## {_SIGNS[decision.verdict]} {text(rule_text.headline(decision))}",
        "",
        f"{_against(decision)} Run: `{code(decision.run)}`.",
    ]
    for candidate in decision.candidates:
        lines += ["", *_candidate(decision, candidate)]
        folded = _flips((flips or {}).get(candidate.candidate, ()), rule_text.flips_of(candidate))
        room = _MOST - sum(len(line) + 1 for line in lines)
        lines += folded if sum(len(line) + 1 for line in folded) < room else [text(rule_text.flips_of(candidate))]
    return "\n".join(lines) + "\n"


def refusal_markdown(suite: str, why: str) -> str:
    """The comment where nothing was decided, because the two sides do not compare or the call is wrong."""
    marker = MARKER.format(suite=re.sub(r"[^A-Za-z0-9._-]", "_", suite))
    return "\n".join([marker, f"## ⛔ gate {text(suite)}: NOT DECIDED", "", *_fenced("why", why, limit=10_000)]) + "\n"


def _candidate(decision: GateDecision, candidate: CandidateDecision) -> list[str]:
    lines = [
        f"### {_SIGNS[candidate.verdict]} {text(candidate.candidate)}: {rule_text.VERDICTS[candidate.verdict]}",
        "",
    ]
    if candidate.incomplete:
        return [*lines, *(f"- {text(reason)}" for reason in candidate.incomplete)]
    heads = ["rule", "limit", rule_text.observed_head(decision, candidate), "n", "verdict"]
    rows = []
    for finding in candidate.findings:
        figures = (rule_text.limit_of(finding), rule_text.observed_of(finding))  # of some rules they are words
        rows.append(
            [
                text(rule_text.rule_of(finding)),
                *(one if finding.condition.value is not None else text(one) for one in figures),
                numbers.count(finding.n),
                f"{_SIGNS[finding.verdict.value]} {finding.verdict.value}",
            ]
        )
    lines += table(heads, rows, right=(3,))
    remarks = [remark for finding in candidate.findings for remark in rule_text.remarks_of(finding)]
    remarks += [
        said
        for said in (
            rule_text.loss_line(decision, candidate),
            rule_text.saved_of(candidate),
            rule_text.history_of(candidate),
            *candidate.notes,
        )
        if said
    ]
    if candidate.n_errored:
        remarks.append(f"{candidate.n_errored:,} of {candidate.n_pairs:,} {rule_text.unit_of(decision)} have no score")
    lines += ["", *(f"- {text(remark)}" for remark in remarks)] if remarks else []
    if candidate.compared or candidate.served:
        lines += ["", "<details><summary>What is being compared</summary>", ""]
        lines += [f"- {text(line)}" for line in candidate.compared]
        lines += [f"- served as {text(line)}" for line in candidate.served]
        lines += ["", "</details>"]
    return lines


def _against(decision: GateDecision) -> str:
    if decision.baseline is None:
        return "No baseline: every rule is about the candidate alone."
    return f"Baseline: {text(decision.baseline)} of `{code(decision.baseline_run or '')}`."


def _flips(flips: Sequence[Flip], summary: str) -> list[str]:
    if not flips:
        return ["", text(summary)] if summary else []
    lines = ["", f"<details><summary>{text(summary)}</summary>", ""]
    for flip in flips:
        kind = "right → wrong" if flip.lost else "wrong → right"
        lines.append(f"**{kind}**, {text(flip.task)} `{code(flip.sample_id)}`")
        for who, said in (
            ("prompt", flip.prompt),
            ("right answer", flip.target),
            ("baseline", flip.baseline),
            ("candidate", flip.candidate),
        ):
            lines += _fenced(who, said)
    return [*lines, "</details>"]


def _fenced(who: str, said: str | None, limit: int = 600) -> list[str]:
    return [] if said is None else [f"{who}:", "", *block(said, limit=limit), ""]
