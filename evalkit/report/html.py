"""A run as one self-contained HTML page: leaderboard, trade-off, gate. For people without Streamlit, and for archives.

No script, no font, no image and no address in it: the page's own policy forbids the browser to load anything. Text of
models and suites is escaped twice over: made visible (`hostile`), then HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from evalkit.errors import EvalkitError
from evalkit.facts import RunFacts
from evalkit.report import numbers, svg
from evalkit.report.comparison import sentence
from evalkit.report.hostile import visible
from evalkit.report.rendered_rules import decision_of, promoted_by, rendered_rules_of
from evalkit.report.rule_text import served_of, unit_of
from evalkit.report.tradeoffs import AXES, points_of
from evalkit.results.compare import compare_samples
from evalkit.results.entries import LeaderboardLine, ReportEntry, entries_of, standing, tie_groups, too_many
from evalkit.results.reader import ResultsReader

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #595959; --line: #d9d9d9; --paper: #fff; --band: #f5f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --soft: #aaa; --line: #444; --paper: #16181c; --band: #1f2329; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 1400px; padding: 1.5rem; }
h1 { margin: 0; }
h2 { margin-top: 2.5rem; }
p.soft, caption { color: var(--soft); }
caption { text-align: left; }
.wide { overflow-x: auto; }
svg { max-width: min(100%, 860px); height: auto; display: block; }
td svg { max-width: none; height: 24px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody tr:nth-child(even) { background: var(--band); }
.verdict { font-size: 1.25rem; }
text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.grid { stroke: var(--line); }
.axis, .limit { stroke: var(--ink); }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page_of(store: ResultsReader, run: str) -> str:
    """The page. Raises StoreError when the run cannot be read."""
    summary, facts = store.summary(run), store.facts(run)
    suite = str(facts.suite)
    entries = entries_of(store, suite, run)
    tasks = list(dict.fromkeys(task for entry in entries for task in entry.cells.tasks))
    parts = [
        f"<h1>{_text(suite)}</h1>",
        f'<p class="soft">{_text(run)} · {_text(facts.status)} · started {_text(facts.started_at)} · '
        f"{numbers.count(summary.n_rows)} rows</p>",
    ]
    lines = standing(store, entries, None)
    if not lines:
        parts.append("<p>This run has no rows yet.</p>")
    else:
        parts += _leaderboard(lines)
        parts += [f"<p>{_text(why)}</p>" for why in (too_many(lines),) if why is not None]
        parts += _warnings(entries)
        parts += _pairs(store, lines)
        if len(tasks) > 1:
            parts += _tasks(entries, tasks)
        parts += _tradeoffs(lines)
    parts += _gate(store, run, facts)
    parts.append(
        '<p class="soft">Made by evalkit. Quality is a share of 1; intervals are 95 %, those of the gate 90 %. '
        "A place is a range: all ranges hold at once with 95 % confidence. Unknown is not zero.</p>"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>evalkit: {_text(suite)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _leaderboard(lines: Sequence[LeaderboardLine]) -> list[str]:
    cells = [line.cell for line in lines]
    ends = [v for c in cells for v in (c.quality.low, c.quality.high, c.quality.mean) if v is not None]
    reach = (min(ends), max(ends)) if ends else (0.0, 1.0)
    rows = []
    for line, letter in zip(lines, tie_groups(lines), strict=True):
        cell, known = line.cell, line.entry.known
        quality, cost, times = cell.quality, cell.cost, cell.latency
        others = {k: n for k, n in cell.outcomes.items() if n and k not in {"right", "wrong", "scored"}}
        rows.append(
            [
                f"{line.place or numbers.UNDEFINED} {letter}",
                _text(line.entry.model, 60),
                svg.whisker(quality.mean, quality.low, quality.high, reach),
                numbers.quality_with_interval(quality.mean, quality.low, quality.high),
                numbers.count(quality.n),
                numbers.usd(cost.usd_per_1k_samples),
                numbers.usd(cost.usd_per_correct),
                f"{numbers.time(times.ttft_s.p50)} / {numbers.time(times.ttft_s.p95)}",
                f"{numbers.time(times.total_s.p50)} / {numbers.time(times.total_s.p95)}",
                numbers.rate(times.output_tokens_per_s),
                _text(", ".join(f"{n:,} {k}" for k, n in others.items())),
                _text(known.shown("tier") if known else None),
                _text(known.shown("licence") if known else None),
            ]
        )
    heads = ["place", "model", "", "quality [95 %]", "n", "USD per 1,000", "USD per right", "first token p50 / p95"]
    heads += ["total p50 / p95", "tokens/s", "other outcomes", "openness", "licence"]
    return ["<h2>Leaderboard</h2>", _table(heads, rows, "Models of one letter cannot be told apart from its first.")]


def _warnings(entries: Sequence[ReportEntry]) -> list[str]:
    said = [f"<li>{_text(e.model, 60)}: {_text(w, 300)}</li>" for e in entries for w in e.warnings]
    return [f"<ul>{''.join(said)}</ul>"] if said else []


def _pairs(store: ResultsReader, lines: Sequence[LeaderboardLine]) -> list[str]:
    """Everyone against the first, in sentences."""
    first = lines[0].entry
    said = []
    for line in lines[1:]:
        versus = compare_samples(store, (first.run.name, first.model), (line.entry.run.name, line.entry.model))
        said.append(
            f"<li>{escape(sentence(versus, visible(first.model, limit=60), visible(line.entry.model, limit=60)))}</li>"
        )
    return [f"<h2>Against {_text(first.model, 60)}</h2><ul>{''.join(said)}</ul>"] if said else []


def _tasks(entries: Sequence[ReportEntry], tasks: Sequence[str]) -> list[str]:
    rows = []
    for entry in entries:
        cells = [entry.cell(task) for task in tasks]
        shown = [
            numbers.quality_with_interval(c.quality.mean, c.quality.low, c.quality.high) if c else "not asked"
            for c in cells
        ]
        rows.append([_text(entry.model, 60), *shown])
    return ["<h2>Every task</h2>", _table(["model", *(_text(task, 60) for task in tasks)], rows, "")]


def _tradeoffs(lines: Sequence[LeaderboardLine]) -> list[str]:
    parts = ["<h2>Trade-off</h2>"]
    for axis in ("USD per 1,000 samples", "seconds to the first token, p50 to p95"):
        points = points_of(lines, axis)
        chart = svg.tradeoff(points, axis)
        parts.append(
            chart or f"<p>No model has a known figure for {escape(axis)} ({len(AXES)} axes are on the board).</p>"
        )
        missing = [p.line.entry.model for p in points if p.state == "unknown"]
        if chart and missing:
            parts.append(f'<p class="soft">Not drawn, unknown: {_text(", ".join(missing), 400)}</p>')
    return parts


def _gate(store: ResultsReader, run: str, facts: RunFacts) -> list[str]:
    if facts.suite_resolved is None or not facts.suite_resolved.gate:
        return ["<h2>Gate</h2><p>The suite has no gate.</p>"]
    try:
        decision = decision_of(store, run)
    except EvalkitError as error:
        return [f"<h2>Gate</h2><p>Not decided: {_text(error, 800)}</p>"]
    parts = ["<h2>Gate</h2>"]
    said = promoted_by(decision)
    for candidate in decision.candidates:
        name, base = _text(candidate.candidate, 60), _text(decision.baseline, 60)
        against = f" against {base}" if base else ""
        parts.append(f'<p class="verdict">{name}{against}: <strong>{_text(candidate.verdict)}</strong></p>')
        parts += [f"<p>{_text(reason, 400)}</p>" for reason in candidate.incomplete]
        rows = [
            [_text(r.rule), svg.ruling(r), escape(r.shown), _text(r.verdict), _text(r.needs, 300)]
            for r in rendered_rules_of(decision)
            if r.candidate == visible(candidate.candidate, limit=60)
        ]
        if candidate.served:
            parts.append(f"<p>{_text(served_of(candidate), 500)}</p>")
        if rows:
            heads = ["rule", "interval and limit", "measured [90 %]", "verdict", "what it would take"]
            parts.append(
                _table(heads, rows, f"{candidate.n_pairs:,} {unit_of(decision)}, {candidate.n_errored:,} errored")
            )
    if said:
        parts.append(f"<p>{_text(said, 600)}</p>")
    return parts


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Cells are HTML already."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    below = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{below}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _text(value: object, limit: int = 200) -> str:
    return "" if value is None else escape(visible(str(value), limit=limit))
