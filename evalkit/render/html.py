"""A run as one self-contained HTML page: leaderboard, trade-off, gate, bill, samples. For people without Streamlit, and
for archives. What is shown is gathered here, as text; `html_page` writes it.

What is long in a sample is cut, and the page says so: a report is sent by mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalkit.decide.stored import decision_of, promoted_by, promoted_folder
from evalkit.errors import EvalkitError
from evalkit.facts import RunFacts
from evalkit.records import Message
from evalkit.render import charts, tradeoff_chart
from evalkit.render.comparison import BY_ANSWER, BY_MEAN, sentence
from evalkit.render.html_page import Link, PageDraft, written
from evalkit.render.html_tables import PageTable, bill, bill_sentence, by_task, leaderboard, parts_by_task
from evalkit.render.rule_text import (
    RenderedRule,
    counted,
    matrix_of,
    pairs_of,
    remarks_of,
    rendered_rules_of,
    served_of,
    why_of,
)
from evalkit.render.standings import among_text, gate_question, headline
from evalkit.render.vega import Chart
from evalkit.results.compare import compare_samples
from evalkit.results.entries import LeaderboardLine, entries_of, other_runs, standing, states_of
from evalkit.results.items import OpenedSample, OpenedSamples, RowTexts, opened
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, points_of
from evalkit.results.unreadable import unreadable_of
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.outcomes import outcome_word

_COMPARED = 50
"""Models that are compared with the first in a sentence each."""
APART = 200_000
"""Rows beyond which a gate is decided in a process of its own, whose memory goes when it is done."""
_LEFT_OUT = (
    "Prompts and answers are left out, because the suite is not marked as public. They are put in by "
    "evalkit report --samples, or for good by `sensitivity: public` in the suite."
)
_DRAWN_AXES = ("USD per 1,000 samples", "seconds to the first token, p50 to p95")
_PAGE = 400_000
"""Characters of prompts and answers on one page: what comes after is left out, and counted."""
_MESSAGE, _ANSWER, _NOTE = 3_000, 1_500, 400
"""Characters of one text."""
_MESSAGES = 12
"""Messages of one prompt: the last ones."""
_NAMED = 4
"""Models that the head of a sample names."""
_NARROW_PX = 360
"""Width of the chart that a telephone shows."""


@dataclass(frozen=True, slots=True)
class _Axis:
    name: str
    known: bool
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    against: str
    verdict: str
    incomplete: Sequence[str]
    served: str
    drawings: Sequence[str]
    rules: PageTable
    remarks: Sequence[str]
    """What it would take to decide, and what else is to be known: as the terminal says it."""


@dataclass(frozen=True, slots=True)
class GateSection:
    """A decision as a page shows it."""

    candidates: Sequence[_Candidate]
    verdict: str
    counted: str
    """How many candidates pass, in a sentence."""
    matrix: PageTable
    """Candidates by rules."""
    promoted: str | None
    reasons: Sequence[str]
    """The verdict on each candidate, with why, in a sentence."""


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One model's answer."""

    head: str
    """ "gpt · wrong · 0.000"."""
    text: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownSample:
    """One sample; texts are harmless and cut."""

    head: str
    prompt: Sequence[tuple[str, str]]
    """(role, text)."""
    target: str
    answers: Sequence[ShownAnswer]

    @property
    def n_letters(self) -> int:
        """What it takes of the page."""
        of_answers = sum(len(one.text) + sum(map(len, one.notes)) for one in self.answers)
        return of_answers + sum(len(text) for _, text in self.prompt)


@dataclass(frozen=True, slots=True)
class SamplesSection:
    """What a page shows of samples."""

    said: str
    """Which samples these are, of how many, and how they were cut."""
    samples: Sequence[ShownSample]


def page_of(store: ResultsReader, run: str, *, samples: bool | None = None) -> str:
    """The page; with prompts and answers of some samples, or without (None: as the suite's sensitivity has it).

    Raises StoreError when the run cannot be read.
    """
    return written([prepared(store, run, samples=samples)])[0]


def prepared(store: ResultsReader, run: str, links: Sequence[Link] = (), *, samples: bool | None = None) -> PageDraft:
    """The page but for its drawings; `links`: ways to other pages, at its head. Raises StoreError."""
    summary, facts = store.summary(run), store.facts(run)
    opens = opens_samples(facts, samples)
    suite = str(facts.suite)
    entries = entries_of(store, suite, run)
    names = list(dict.fromkeys(task for entry in entries for task in entry.cells.tasks))
    lines = standing(store, entries, None)
    wanted: dict[str, Chart] = {}
    if (chart := charts.leaderboard(lines)) is not None:
        wanted["leaderboard"] = chart
        wanted["leaderboard, narrow"] = replace(chart, spec={**chart.spec, "width": _NARROW_PX})
    tradeoffs = _tradeoffs(store, lines, wanted)
    gate, of_gate = gate_of(store, run, facts)
    values = {
        "title": suite,
        "run": run,
        "links": links,
        "status": store.state(run),
        "started_at": facts.started_at,
        "n_rows": summary.n_rows,
        "leaderboard": leaderboard(lines) if lines else None,
        "headline": " ".join(
            filter(
                None,
                (
                    headline(lines, states=states_of(store, lines)),
                    gate_question(lines, [facts]),
                    among_text(other_runs(store, run)),
                ),
            )
        )
        if lines
        else "",
        "unreadable": [one.sentence(quotes=opens) for one in unreadable_of(store, run)],
        "warnings": [(entry.model, warning) for entry in entries for warning in entry.warnings],
        "first": lines[0].entry.model if lines else "",
        "verdicts": gate.reasons if isinstance(gate, GateSection) else (),
        "bill": bill(entries, store.judges(run)),
        "total": bill_sentence(summary.models, store.judges(run)),
        "pairs": _pairs(store, lines),
        "tasks": by_task(entries, names) if len(names) > 1 else None,
        "parts": parts_by_task(store.parts(run), entries),
        "samples": samples_section(opened(store, run, _reference(facts, lines))) if opens and lines else None,
        "left_out": _LEFT_OUT if samples is None and not opens and lines else None,
        "tradeoffs": tradeoffs,
        "n_axes": len(AXES),
        "gate": gate,
    }
    return PageDraft("page.html", values, {**wanted, **of_gate})


def opens_samples(facts: RunFacts, samples: bool | None) -> bool:
    """Whether whoever sees the page may read prompts and answers: as the person says, or (None) where all that is
    recorded of their sensitivity says public."""
    if samples is not None:
        return samples
    suite, left = facts.suite_resolved, facts.egress
    levels = {suite.sensitivity if suite is not None else None, left.sensitivity if left is not None else None}
    return levels - {None} == {"public"}


def _reference(facts: RunFacts, lines: Sequence[LeaderboardLine]) -> str:
    """The model that samples are chosen by: the gate's baseline where this run asked it, else the leader."""
    gate = facts.suite_resolved.gate if facts.suite_resolved is not None else None
    names = [line.entry.model for line in lines]
    baseline = str(gate.get("baseline")) if gate else ""
    return baseline if baseline in names else names[0]


def _pairs(store: ResultsReader, lines: Sequence[LeaderboardLine]) -> list[str]:
    """Everyone against the first, in sentences."""
    if not lines:
        return []
    first, said, units = lines[0].entry, [], set()
    for line in lines[1 : _COMPARED + 1]:
        sides = (first.run.name, first.model), (line.entry.run.name, line.entry.model)
        versus = compare_samples(store, *sides, leaderboard=lines)
        units.add(versus.unit)
        said.append(sentence(versus, visible(first.model, limit=60), visible(line.entry.model, limit=60)))
    if (more := len(lines) - 1 - _COMPARED) > 0:
        said.append(f"And {more:,} more, which measured less.")
    said += [words for unit, words in (("answer", BY_ANSWER), ("mean", BY_MEAN)) if unit in units]
    return said


def _tradeoffs(store: ResultsReader, lines: Sequence[LeaderboardLine], wanted: dict[str, Chart]) -> list[_Axis]:
    """The axes in order; their charts are added to `wanted` under their names."""
    found = []
    for axis in _DRAWN_AXES:
        points = points_of(store, lines, axis)
        chart = tradeoff_chart.tradeoff(points, axis, log=tradeoff_chart.is_wide(points))
        if chart is not None:
            wanted[axis] = chart
        missing = [p.line.entry.model for p in points if p.state == "unknown"]
        found.append(_Axis(axis, chart is not None, missing))
    return found


def gate_of(store: ResultsReader, run: str, facts: RunFacts) -> tuple[GateSection | str, dict[str, Chart]]:
    """The decision with its charts by name, or the sentence that says why there is none."""
    wanted: dict[str, Chart] = {}
    if facts.suite_resolved is None or not facts.suite_resolved.gate:
        return "The suite has no gate.", wanted
    try:
        decision = decision_of(store, run, apart=(store.summary(run).n_rows or 0) > APART)
    except EvalkitError as error:
        return without_folders(store, f"Not decided: {error}"), wanted
    rules = rendered_rules_of(decision)
    found = []
    for candidate in decision.candidates:
        name = visible(candidate.candidate, limit=60)
        mine = [r for r in rules if r.candidate == name]
        drawings = {f"gate {name} {n}": chart for n, chart in enumerate(charts.rules_by_scale(mine, name))}
        wanted.update(drawings)
        found.append(
            _Candidate(
                name=name,
                against=f" against {decision.baseline}" if decision.baseline else "",
                verdict=candidate.verdict,
                incomplete=candidate.incomplete,
                served=served_of(candidate),
                drawings=list(drawings),
                rules=_rules(
                    mine,
                    pairs_of(decision, candidate),
                    numbers.share(1 - 2 * decision.alpha),
                ),
                remarks=[remark for finding in candidate.findings for remark in remarks_of(finding)],
            )
        )
    titles, verdicts = matrix_of(decision.candidates, rules)
    base = visible(decision.baseline, limit=60) if decision.baseline else None
    section = GateSection(
        candidates=found,
        verdict=decision.verdict,
        counted=counted(decision.candidates, base),
        matrix=PageTable(
            ["candidate", "verdict", *titles],
            [[one.name, one.verdict, *said] for one, said in zip(found, verdicts, strict=True)],
            "Each candidate's verdict on each rule",
        ),
        promoted=promoted_by(decision),
        reasons=[why_of(one, visible(one.candidate, limit=60), base) for one in decision.candidates],
    )
    return section, wanted


def _rules(found: Sequence[RenderedRule], caption: str, confidence: str) -> PageTable:
    rows = [[r.title, r.shown, r.verdict] for r in found]
    return PageTable(["rule", f"measured [{confidence}]", "verdict"], rows, caption)


def without_folders(store: ResultsReader, problem: str) -> str:
    """A problem without where results and baselines lie on this machine: pages are sent and published."""
    problem = problem.replace(f"{store.results}/", "")
    for folder in (store.results, promoted_folder()):
        if folder.is_absolute():
            problem = problem.replace(str(folder), folder.name)
    return problem


def samples_section(found: OpenedSamples) -> SamplesSection:
    """The section, within its bound."""
    shown: list[ShownSample] = []
    left = _PAGE
    for sample in found.samples:
        one = _shown_sample(sample)
        left -= one.n_letters
        if left < 0:
            break
        shown.append(one)
    worst = sum(sample.is_worse for sample in found.samples[: len(shown)])
    name = visible(found.reference, limit=60)
    said = []
    if worst:
        said.append(
            f"{worst} of the {found.n_worse:,} samples on which a model scores less than {name}: the largest losses, "
            "each model's in turn."
        )
    elif found.n_worse == 0:
        said.append(f"No model scores less than {name} on any sample.")
    if len(shown) > worst:
        said.append(f"{'Then ' if worst else ''}{len(shown) - worst} of the others, drawn at random.")
    said.append(f"The run has {found.n:,}; `evalkit board` and `evalkit export` have them all.")
    said.append(f"A prompt is cut after {_MESSAGE:,} characters a message, an answer after {_ANSWER:,}.")
    return SamplesSection(" ".join(said), shown)


def _shown_sample(sample: OpenedSample) -> ShownSample:
    first = next((told for _, told in sample.answers if told.prompt), RowTexts())
    scores = [f"{visible(row.model, limit=40)} {numbers.quality(row.score)}" for row, _ in sample.answers]
    more = f", {len(scores) - _NAMED} more" if len(scores) > _NAMED else ""
    head = f"{visible(sample.item.task, limit=60)} · {visible(sample.item.sample_id, limit=60)}: "
    return ShownSample(
        head + ", ".join(scores[:_NAMED]) + more,
        _shown_prompt(first.prompt),
        visible(first.target or "", limit=_NOTE, lines=True),
        [
            ShownAnswer(
                f"{visible(row.model, limit=60)} · {outcome_word(row.outcome)} · {numbers.quality(row.score)}",
                visible(told.text or "", limit=_ANSWER, lines=True),
                [
                    *(["Its own prompt differs from the one above."] if told.prompt != first.prompt else []),
                    *(f"{label}: {visible(text, limit=_NOTE)}" for label, text in told.notes),
                    *([f"Trace: {visible(told.trace, limit=_NOTE)}"] if told.trace else []),
                ],
            )
            for row, told in sample.answers
        ],
    )


def _shown_prompt(messages: Sequence[Message]) -> list[tuple[str, str]]:
    shown = [(visible(m.role, limit=20), visible(m.text or "", limit=_MESSAGE, lines=True)) for m in messages]
    left = len(shown) - _MESSAGES
    return [(f"{left:,} earlier messages are left out", ""), *shown[left:]] if left > 0 else shown
