"""A run as one self-contained HTML page: leaderboard, trade-off, gate. For people without Streamlit, and for archives.

No font, no image and no address is in it. It has one script, our own (`templates/page.js`), which sorts and filters
tables; the page's policy forbids the browser to load anything and to run any other script. Without it the page is
whole. What is shown is gathered here, as text; `templates/page.html` lays it out and escapes every value (Jinja,
autoescape) after `visible`. Only the drawings and that script are markup: the drawings are made here from the charts of
the board, and no value is in the script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from evalkit.decide.stored import decision_of, promoted_by
from evalkit.errors import EvalkitError
from evalkit.facts import RunFacts
from evalkit.render import charts, pictures, tradeoff_chart
from evalkit.render.comparison import BY_ANSWER, BY_MEAN, sentence
from evalkit.render.html_tables import PageTable, bill, bill_sentence, by_task, leaderboard
from evalkit.render.rule_text import RenderedRule, rendered_rules_of, served_of, unit_of, why_of
from evalkit.render.standings import headline
from evalkit.render.vega import Chart
from evalkit.results.compare import compare_samples
from evalkit.results.entries import LeaderboardLine, entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, points_of
from evalkit.results.unreadable import unreadable_of
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_COMPARED = 50
"""Models that are compared with the first in a sentence each."""
_DRAWN_AXES = ("USD per 1,000 samples", "seconds to the first token, p50 to p95")


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


@dataclass(frozen=True, slots=True)
class _Gate:
    candidates: Sequence[_Candidate]
    promoted: str | None
    reasons: Sequence[str]
    """The verdict on each candidate, with why, in a sentence."""


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
    script = Markup(
        files("evalkit.render").joinpath("templates", "page.js").read_text("utf-8")
    )  # ours, and no value in it
    return _environment().get_template("page.html").render(
        suite=suite,
        run=run,
        status=store.state(run),
        started_at=facts.started_at,
        n_rows=numbers.count(summary.n_rows),
        leaderboard=leaderboard(lines) if lines else None,
        headline=headline(lines) if lines else "",
        unreadable=[str(one) for one in unreadable_of(store, run)],
        warnings=[(entry.model, warning) for entry in entries for warning in entry.warnings],
        first=lines[0].entry.model if lines else "",
        verdicts=gate.reasons if isinstance(gate, _Gate) else (),
        bill=bill(summary.models, store.judges(run)),
        total=bill_sentence(summary.models, store.judges(run)),
        script=script,
        script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        pairs=_pairs(store, lines),
        tasks=by_task(entries, names) if len(names) > 1 else None,
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
    reasons = [why_of(one, visible(one.candidate, limit=60)) for one in decision.candidates]
    return _Gate(found, promoted_by(decision), reasons)


def _rules(found: Sequence[RenderedRule], caption: str, confidence: str) -> PageTable:
    rows = [[r.rule, r.shown, r.verdict, r.needs] for r in found]
    return PageTable(["rule", f"measured [{confidence}]", "verdict", "what it would take"], rows, caption)
