"""What GitHub Actions shows of a gate: annotations on the job, and Markdown in its summary.

    ::error title=evalkit gate%3A qwen-fp8::quality all: −0.06 [−0.09, −0.03], limit ≥ −0.02

Annotations are workflow commands: a line that begins with two colons is obeyed. Everything in them is therefore one
line of visible text, escaped as the runner's own toolkit does it, so that no model can issue a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalkit.decide.decision import GateDecision
from evalkit.report import rule_text
from evalkit.report.hostile import visible


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
    """Add to the job's summary. Raises OSError where the runner's file cannot be written."""
    with path.open("a", encoding="utf-8") as file:
        file.write(markdown + "\n")


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(said: str) -> str:
    return visible(said, limit=2000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")
