"""A run as one self-contained HTML page: leaderboard, trade-off, gate. For people without Streamlit, and for archives.

No script, no font, no image and no address is in it: the page's own policy forbids the browser to load anything. What
is shown is gathered here, as text; `templates/page.html` lays it out and escapes every value (Jinja, autoescape) after
`visible`. Only the drawings are markup, and they are made here from the charts of the board.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from evalkit.decide.stored import decision_of, promoted_by
from evalkit.errors import EvalkitError
from evalkit.facts import RunFacts
from evalkit.render import charts, pictures, tradeoff_chart
from evalkit.render.cells import others_text, quality_text, tokens_per_s
from evalkit.render.comparison import sentence
from evalkit.render.rule_text import RenderedRule, rendered_rules_of, served_of, unit_of
from evalkit.render.standings import headline
from evalkit.render.vega import Chart
from evalkit.results.compare import compare_samples
from evalkit.results.entries import LeaderboardLine, ReportEntry, entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, points_of
from evalkit.results.unreadable import unreadable_of
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_COMPARED = 50
"""Models that are compared with the first in a sentence each."""
_READING = "Behind: shown to be worse than the leader, at most 5 % chance of error for all models together."
_DRAWN_AXES = ("USD per 1,000 samples", "seconds to the first token, p50 to p95")


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells are text, not HTML."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


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
    rules: _Table


@dataclass(frozen=True, slots=True)
class _Gate:
    candidates: Sequence[_Candidate]
    promoted: str | None


def page_of(store: ResultsReader, run: str) -> str:
    """The page. Raises StoreError when the run cannot be read."""
    from markupsafe import Markup

    summary, facts = store.summary(run), store.facts(run)
    suite = str(facts.suite)
    entries = entries_of(store, suite, run)
    names = list(dict.fromkeys(task for entry in entries for task in entry.cells.tasks))
    lines = standing(store, entries, None)
    wanted: dict[str, Chart] = {}
    if (chart := charts.leaderboard(lines)) is not None:
        wanted["leaderboard"] = chart
    tradeoffs = _tradeoffs(store, lines, wanted)
    gate = _gate(store, run, facts, wanted)
    drawings, no_drawings = _drawings(wanted)
    return _environment().get_template("page.html").render(
        suite=suite,
        run=run,
        status=store.state(run),
        started_at=facts.started_at,
        n_rows=numbers.count(summary.n_rows),
        leaderboard=_leaderboard(lines) if lines else None,
        headline=headline(lines) if lines else "",
        unreadable=[str(one) for one in unreadable_of(store, run)],
        warnings=[(entry.model, warning) for entry in entries for warning in entry.warnings],
        first=lines[0].entry.model if lines else "",
        pairs=_pairs(store, lines),
        tasks=_tasks(entries, names) if len(names) > 1 else None,
        tradeoffs=tradeoffs,
        n_axes=len(AXES),
        gate=gate,
        drawings={name: Markup(drawn) for name, drawn in drawings.items()},  # by vl-convert, which escapes
        no_drawings=no_drawings,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("evalkit.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["shown"] = _shown
    return made


def _shown(value: object, limit: int = 200) -> str:
    return "" if value is None else visible(str(value), limit=limit)


def _drawings(wanted: dict[str, Chart]) -> tuple[dict[str, str], str]:
    """Drawings by name, and a sentence where they could not be made: the tables say the same figures."""
    try:
        drawn = pictures.inline_svg(list(wanted.values()))
    except pictures.NoPicture as error:
        return {}, f"Without charts; every figure is in the tables. {error}"
    return dict(zip(wanted, drawn, strict=True)), ""


def _leaderboard(lines: Sequence[LeaderboardLine]) -> _Table:
    rows = []
    for line in lines:
        cell, known = line.cell, line.entry.known
        cost, times = cell.cost, cell.latency
        rows.append(
            [
                visible(line.entry.model, limit=60),
                line.state or numbers.UNDEFINED,
                quality_text(cell.quality),
                numbers.count(cell.quality.n),
                numbers.usd(cost.usd_per_1k_samples),
                numbers.usd(cost.usd_per_correct),
                f"{numbers.time(times.ttft_s.p50)} / {numbers.time(times.ttft_s.p95)}",
                f"{numbers.time(times.total_s.p50)} / {numbers.time(times.total_s.p95)}",
                numbers.rate(tokens_per_s(times)),
                others_text(cell),
                (known.shown("tier") if known else None) or "",
                (known.shown("licence") if known else None) or "",
            ]
        )
    heads = ["model", "standing", "quality [95 %]", "n", "USD per 1,000", "cost per correct", "first token p50 / p95"]
    heads += ["total p50 / p95", "tokens/s", "other outcomes", "openness", "licence"]
    return _Table(heads, rows, _READING)


def _pairs(store: ResultsReader, lines: Sequence[LeaderboardLine]) -> list[str]:
    """Everyone against the first, in sentences."""
    if not lines:
        return []
    first, said = lines[0].entry, []
    for line in lines[1 : _COMPARED + 1]:
        sides = (first.run.name, first.model), (line.entry.run.name, line.entry.model)
        versus = compare_samples(store, *sides, leaderboard=lines)
        said.append(sentence(versus, visible(first.model, limit=60), visible(line.entry.model, limit=60)))
    if (more := len(lines) - 1 - _COMPARED) > 0:
        said.append(f"And {more:,} more, which measured less.")
    return said


def _tasks(entries: Sequence[ReportEntry], tasks: Sequence[str]) -> _Table:
    rows = []
    for entry in entries:
        cells = [entry.cell(task) for task in tasks]
        rows.append(
            [visible(entry.model, limit=60), *(quality_text(cell.quality) if cell else "not asked" for cell in cells)]
        )
    return _Table(["model", *tasks], rows)


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


def _gate(store: ResultsReader, run: str, facts: RunFacts, wanted: dict[str, Chart]) -> _Gate | str:
    """The decision, or the sentence that says why there is none."""
    if facts.suite_resolved is None or not facts.suite_resolved.gate:
        return "The suite has no gate."
    try:
        decision = decision_of(store, run)
    except EvalkitError as error:
        return f"Not decided: {error}"
    found = []
    for candidate in decision.candidates:
        name = visible(candidate.candidate, limit=60)
        mine = [r for r in rendered_rules_of(decision) if r.candidate == name]
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
                    f"{candidate.n_pairs:,} {unit_of(decision)}, {candidate.n_errored:,} errored",
                    numbers.share(1 - 2 * decision.alpha),
                ),
            )
        )
    return _Gate(found, promoted_by(decision))


def _rules(found: Sequence[RenderedRule], caption: str, confidence: str) -> _Table:
    rows = [[r.rule, r.shown, r.verdict, r.needs] for r in found]
    return _Table(["rule", f"measured [{confidence}]", "verdict", "what it would take"], rows, caption)
