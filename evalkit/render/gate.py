"""The gate's decision for a terminal and for CI servers: JUnit XML, and what GitHub Actions shows of a job.

The terminal has the verdict first, a table of rules for each candidate, then what explains it.

    ::error title=evalkit gate%3A qwen-fp8::quality of all tasks: −0.06 [−0.09, −0.03], limit ≥ −0.02

JUnit has a suite for each candidate and a case for each rule. A failed rule is a failure; an inconclusive one is a
failure too unless the suite says otherwise, because JUnit has no word for "not enough evidence" and skipped cases look
like passed ones. Incomplete evidence is an error.

GitHub's annotations are workflow commands: a line that begins with two colons is obeyed. Everything in them is
therefore one line of visible text (`text.escape`), so that no model can issue a command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evalkit.decide.decision import CandidateDecision, GateDecision
from evalkit.decide.rules import RuleResult
from evalkit.render import rule_text
from evalkit.render.standings import listed
from evalkit.text import numbers
from evalkit.text.escape import visible, workflow_data, workflow_property
from evalkit.text.page import Column, Page
from evalkit.writing import open_to_write

_DIFFERENCES = 6  # lines about what differs between the two models, which can be many settings


PriceOfMore = Callable[[str, str, int], float | None]
"""(candidate, subject of a rule, items) -> US dollars for so many more of both sides; None: unknown."""


def render_gate(
    decision: GateDecision, *, price: PriceOfMore | None = None, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print a decision; `price`: what further items would cost, said where it is known."""
    with Page(width, file) as page:
        page.say(rule_text.headline(decision))
        page.say(rule_text.against_of(decision))
        page.say("")
        for candidate in decision.candidates:
            _print_candidate(page, decision, candidate, price)
        if len(decision.candidates) > 1:
            _print_overview(page, decision)


@dataclass(frozen=True, slots=True)
class GateNote:
    """A note with the rules and the candidates that it is about."""

    text: str
    rules: tuple[str, ...]
    """Empty: it is about the candidates as such."""
    candidates: tuple[str, ...]


def notes_of(candidates: Sequence[CandidateDecision], *, methods: bool = False) -> list[GateNote]:
    """Each note once; `methods`: also the names of the tests."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for candidate in candidates:
        name = visible(candidate.candidate, limit=60)
        told = [(note, "") for note in candidate.notes]
        for finding in candidate.findings:
            of_test = [finding.method] if methods and finding.method else []
            told += [(note, rule_text.rule_of(finding)) for note in (*finding.notes, *of_test)]
        for note, rule in told:
            rules, names = found.setdefault(visible(note, limit=400), ({}, {}))
            names[name] = None
            if rule:
                rules[rule] = None
    return [GateNote(note, tuple(rules), tuple(names)) for note, (rules, names) in found.items()]


def _print_notes(page: Page, candidates: Sequence[CandidateDecision]) -> None:
    for note in notes_of(candidates):
        about = [listed(note.rules)] if note.rules else []
        about += [listed(note.candidates)] if len(note.candidates) < len(candidates) else []
        page.say(f"{', '.join(about)}: {note.text}" if about else note.text)


def _print_overview(page: Page, decision: GateDecision) -> None:
    """What is said of several candidates, once; then each with its verdicts and why, last, where a terminal ends."""
    whole = [candidate for candidate in decision.candidates if not candidate.incomplete]
    _print_notes(page, whole)
    page.say("")
    titles, verdicts = rule_text.matrix_of(whole, rule_text.rendered_rules_of(decision))
    if titles:
        names = [visible(candidate.candidate, limit=60) for candidate in whole]
        page.grid(
            "every rule, every candidate",
            Column("rule", titles, left=True, folds=True),
            [Column(name, [said or numbers.UNDEFINED for said in of_one], left=True)
             for name, of_one in zip(names, verdicts, strict=True)],
        )  # fmt: skip
    base = visible(decision.baseline, limit=60) if decision.baseline is not None else None
    for candidate in decision.candidates:
        page.say(rule_text.why_of(candidate, visible(candidate.candidate, limit=60), base))
    page.say(rule_text.counted(decision.candidates, base), style="bold")


def _price_of_more(candidate: str, finding: RuleResult, price: PriceOfMore | None) -> str:
    """What the items that would decide a rule cost, as on the board; empty where nothing more is needed, or unknown."""
    more = rule_text.more_of(finding)
    if price is None or not more or not rule_text.advice_of(finding):
        return ""
    usd = price(candidate, finding.condition.subject, max(more))
    return "" if usd is None else f" (at most {numbers.usd(usd)} for the answers, judges apart)"


def _print_candidate(
    page: Page, decision: GateDecision, candidate: CandidateDecision, price: PriceOfMore | None
) -> None:
    title = f"{visible(candidate.candidate)}: {rule_text.VERDICTS[candidate.verdict]}"
    if candidate.incomplete:
        page.say(title)
        for reason in candidate.incomplete:
            page.say(f"  {visible(reason, limit=1000)}")
        page.say("")
        return
    rows = candidate.findings
    head = rule_text.observed_head(decision, candidate)
    page.table(
        title,
        [
            Column("rule", [rule_text.rule_of(f) for f in rows], left=True, folds=True),
            Column("limit", [rule_text.limit_of(f) for f in rows], left=True),
            Column(head, [rule_text.observed_of(f) for f in rows], left=True),
            Column("n", [numbers.count(f.n) if f.n else numbers.UNDEFINED for f in rows]),
            Column("verdict", [f.verdict.value for f in rows], left=True),
        ],
    )
    for finding in rows:
        if advice := rule_text.advice_of(finding):
            more = _price_of_more(candidate.candidate, finding, price)
            page.say(f"{rule_text.rule_of(finding)}: {advice}{more}")
    if len(decision.candidates) == 1:
        _print_notes(page, [candidate])
    told = (
        rule_text.loss_line(decision, candidate),
        rule_text.flips_of(candidate),
        rule_text.saved_of(candidate),
        rule_text.history_of(candidate),
    )
    for text in told:
        if text:
            page.say(visible(text, limit=600))
    for line in candidate.compared[:_DIFFERENCES]:
        page.say(f"compared: {visible(numbers.short_digests(line), limit=200)}")
    if len(candidate.compared) > _DIFFERENCES:
        more = numbers.plural(len(candidate.compared) - _DIFFERENCES, "more difference")
        page.say(f"and {more} (--json has them all)")
    if candidate.served:
        page.say(rule_text.served_of(candidate))
    if candidate.n_errored:
        judged = rule_text.unit_of(decision)
        page.say(f"{numbers.count(candidate.n_errored)} of {numbers.count(candidate.n_pairs)} {judged} have no score")
    page.say("")


def gate_junit(decision: GateDecision) -> str:
    """The XML document."""
    root = Element("testsuites", name=f"evalkit gate {visible(decision.suite)}")
    for candidate in decision.candidates:
        _suite(root, decision, candidate)
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def refusal_junit(suite: str, why: str) -> str:
    """The document where nothing was decided: one case, in error."""
    root = Element(
        "testsuites", name=f"evalkit gate {visible(suite)}", tests="1", failures="0", errors="1", skipped="0"
    )
    of = SubElement(root, "testsuite", name="gate", tests="1", failures="0", errors="1", skipped="0")
    case = SubElement(of, "testcase", classname="gate", name="the two sides compare")
    SubElement(case, "error", message=visible(why, limit=2000), type="not decided")
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, decision: GateDecision, candidate: CandidateDecision) -> None:
    suite = SubElement(root, "testsuite", name=visible(candidate.candidate))
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    if candidate.served or candidate.history:
        properties = SubElement(suite, "properties")
        if candidate.history:
            SubElement(properties, "property", name="history", value=rule_text.history_of(candidate))
        for line in candidate.served:
            side, _, said = line.partition(": ")
            SubElement(properties, "property", name=f"served {visible(side)}", value=visible(said, limit=300))
    if candidate.recorded:
        counts["tests"] += 1
        counts["skipped"] += 1
        case = SubElement(suite, "testcase", classname=visible(candidate.candidate), name="a model was asked")
        SubElement(case, "skipped", message=candidate.recorded)
    for reason in candidate.incomplete:
        counts["tests"] += 1
        counts["errors"] += 1
        case = SubElement(suite, "testcase", classname=visible(candidate.candidate), name="the evidence is whole")
        SubElement(case, "error", message=visible(reason, limit=1000), type="incomplete")
    for finding in candidate.findings:
        counts["tests"] += 1
        name = visible(finding.condition.name, limit=200)
        case = SubElement(suite, "testcase", classname=visible(candidate.candidate), name=name)
        said = f"{rule_text.observed_of(finding)}, limit {rule_text.limit_of(finding)}"
        remarks = "\n".join(rule_text.remarks_of(finding))
        if not finding.condition.required:
            if finding.verdict != "pass":
                counts["skipped"] += 1
                SubElement(case, "skipped", message=f"advisory: {finding.verdict.value}, {said}")
        elif finding.verdict == "fail" or (finding.verdict == "inconclusive" and _counts(decision, finding.unmeasured)):
            counts["failures"] += 1
            failure = SubElement(
                case, "failure", message=f"{finding.verdict.value}: {said}", type=finding.verdict.value
            )
            failure.text = remarks
        elif finding.verdict == "inconclusive":
            counts["skipped"] += 1
            SubElement(case, "skipped", message=f"inconclusive: {said}")
        SubElement(case, "system-out").text = f"{said}\n{finding.method}\n{remarks}".rstrip()
    for key, count in counts.items():
        suite.set(key, str(count))


def _counts(decision: GateDecision, unmeasured: str | None) -> bool:
    return decision.on_inconclusive == "fail" or unmeasured is not None


def commands(decision: GateDecision) -> Iterator[str]:
    """One command a line: errors for what fails, warnings for what is inconclusive, a notice for a pass."""
    for candidate in decision.candidates:
        title = f"evalkit gate: {candidate.candidate} {rule_text.VERDICTS[candidate.verdict]}"
        if candidate.recorded:
            yield _command("warning", title, candidate.recorded)
        for reason in candidate.incomplete:
            yield _command("error", title, reason)
        bad = [f for f in candidate.findings if f.verdict != "pass" and f.condition.required]
        for finding in bad:
            said = (
                f"{rule_text.rule_of(finding)}: {rule_text.observed_of(finding)}, limit {rule_text.limit_of(finding)}"
            )
            advice = rule_text.advice_of(finding)
            yield _command(
                "error" if finding.verdict == "fail" or decision.on_inconclusive == "fail" else "warning",
                title,
                f"{said}. {advice}" if advice else said,
            )
        if candidate.verdict == "pass":
            yield _command("notice", title, rule_text.saved_of(candidate) or rule_text.judged_of(decision, candidate))


def refusal(suite: str, why: str) -> str:
    """The annotation where nothing was decided."""
    return _command("error", f"evalkit gate: {suite} was not decided", why)


def append_summary(path: Path, markdown: str) -> None:
    """Add to the job's summary. Raises OSError where the runner's file cannot be written, or is a link."""
    with open_to_write(path, append=True) as file:
        file.write((markdown + "\n").encode("utf-8"))


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={workflow_property(title)}::{workflow_data(message)}"
