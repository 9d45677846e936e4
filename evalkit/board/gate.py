"""Gate: may the candidate replace the baseline? Each rule with its interval against its margin, to scale."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from evalkit.board import elements
from evalkit.decide.decision import CandidateDecision, GateDecision
from evalkit.decide.gate_file import entry_of_file
from evalkit.decide.power import usd_of_more
from evalkit.decide.stored import decision_of, is_decided, promoted_by
from evalkit.errors import EvalkitError, UserError
from evalkit.facts import RunFacts
from evalkit.python_words import by_command
from evalkit.render.cells import run_titles
from evalkit.render.gate import GateNote, notes_of
from evalkit.render.rows import VERDICT_COLOURS, VERDICTS, interval_image
from evalkit.render.rule_text import (
    RenderedRule,
    counted,
    matrix_of,
    pairs_of,
    rendered_rules_of,
    served_of,
    why_of,
)
from evalkit.render.vega import GREY
from evalkit.results.reader import ResultsReader
from evalkit.results.run import load_run
from evalkit.store.kept_gates import kept
from evalkit.suite.schema import GateEntry
from evalkit.text import numbers
from evalkit.text.escape import visible

_SIGNS = {"pass": "✔", "fail": "✘", "inconclusive": "?", "incomplete": "…"}
_MANY = 60
"""Rules times candidates beyond which it is the same: 26 ms each, of few rows."""
_LARGE = 200_000
"""Rows beyond which nobody should wait unasked: the gate needs a second for a million, and seven for ten."""


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Gate", "May the candidate replace the baseline? Pass, fail, or not enough evidence.")
    if not runs:
        return
    gated = [info.name for info in runs if _has_gate(store.facts(info.name)) or kept(info.path)]
    if not gated:
        st.info("No run here has a gate in its suite. A gate names a baseline, candidates and what may not get worse:")
        st.code(_EXAMPLE, language="yaml")
        st.caption("Then `evalkit gate latest --suite SUITE` decides a stored run, and `evalkit run --gate` a new one.")
        return
    run = elements.run_of(runs, gated)
    try:
        kept_gate = _kept_gate(store, run)
    except EvalkitError as error:
        st.error(elements.plain(f"Not decided: {error}", 800))
        return
    entry = None if kept_gate is None else kept_gate[1]
    asks = f"evalkit gate {elements.shell(run)}"
    asks += "" if kept_gate is None else f" --suite {elements.shell(str(kept_gate[0]))}"
    large = (store.summary(run).n_rows or 0) > _LARGE or _n_checks(store.facts(run), entry) > _MANY
    if large and not is_decided(store, run, entry):
        st.info("The gate reads every row anew, which takes a while for so many rows or rules.")
        if not st.button("Decide now", type="primary"):
            st.code(asks, language="bash")
            return
    try:
        with st.spinner("The gate reads every row."):
            decision = decision_of(store, run, gate=entry, apart=large)
    except EvalkitError as error:
        st.error(elements.plain(f"Not decided: {error}", 800))
        return
    mine = elements.chosen()
    candidates = sorted(decision.candidates, key=lambda c: c.candidate not in mine)  # the chosen ones first
    rules = rendered_rules_of(decision)
    base = elements.plain(decision.baseline, 60) if decision.baseline is not None else None
    said = [_sentence(candidate, decision.baseline) for candidate in candidates]
    st.subheader(said[0] if len(said) == 1 else counted(candidates, base), anchor=False)
    elements.sources(store, [run])
    _matrix(candidates, rules)
    if len(said) > 1:
        st.markdown("\n".join(f"- {sentence}" for sentence in said))
    _baseline(decision, run_titles(runs))
    for n, candidate in enumerate(candidates):
        rulings = [r for r in rules if r.candidate == visible(candidate.candidate, limit=60)]
        _candidate(store, decision, candidate, rulings, is_open=n == 0 or candidate.candidate in mine)
    _decided(decision, candidates)
    st.code(asks, language="bash")


def _kept_gate(store: ResultsReader, run: str) -> tuple[Path, GateEntry] | None:
    """The gate that a person kept with an imported run, the chosen one of several; None where the run has its own.

    Raises SuiteError or UserError for one that does not read, or does not fit the run.
    """
    folder = store.results / run
    if _has_gate(store.facts(run)):
        return None
    gates = kept(folder)
    name = st.selectbox(
        "Gate",
        list(gates),
        format_func=lambda file: visible(str(file).removesuffix(".yaml"), limit=80),
        key="kept_gate",
        bind="query-params",
    )
    path = gates[name]
    with by_command():
        entry = entry_of_file(load_run(folder), path)
    if entry is None:
        raise UserError(f"{path.name} is a whole suite; keep a file with only `name:` and `gate:`")
    return path, entry


def _sentence(candidate: CandidateDecision, baseline: str | None) -> str:
    """The verdict and why, as Markdown."""
    name = elements.plain(candidate.candidate, 60)
    why = why_of(candidate, name, visible(baseline, limit=60) if baseline else None).removeprefix(name)
    return f"{_SIGNS.get(candidate.verdict, '')} {name}{elements.plain(why, 600)}"


def _matrix(candidates: Sequence[CandidateDecision], rules: Sequence[RenderedRule]) -> None:
    """Candidates by rules: which rule decides."""
    import pandas as pd

    titles, verdicts = matrix_of(candidates, rules)
    if not titles:
        return
    # Its heads wrap, and it is read as text; the other kind of table cuts them. Its cells are Markdown.
    names = [f"{'★ ' if c.candidate in elements.chosen() else ''}{elements.plain(c.candidate, 60)}" for c in candidates]
    columns = {
        "candidate": [f"**{name}**" for name in names],
        "verdict": [candidate.verdict for candidate in candidates],
        **{elements.plain(title, 120): [said[n] for said in verdicts] for n, title in enumerate(titles)},
    }

    def paint(verdict: object) -> str:
        ground, ink = VERDICTS.get(str(verdict), ("", ""))
        return f"background-color: {ground}; color: {ink}" if ground else ""

    painted: list[Hashable] = [name for name in columns if name != "candidate"]
    styler = pd.DataFrame(columns).style.map(paint, subset=painted)
    # A blank that does not break keeps a sign with its word.
    styler = styler.format(lambda verdict: f"{_SIGNS.get(str(verdict), '')}\u00a0{verdict}".strip(), subset=painted)
    st.table(styler, hide_index=True, alt="Each candidate's verdict on each rule")


def _candidate(
    store: ResultsReader,
    decision: GateDecision,
    candidate: CandidateDecision,
    rulings: Sequence[RenderedRule],
    *,
    is_open: bool,
) -> None:
    """Everything about one candidate: intervals against limits, and what more would decide."""
    name, base = elements.plain(candidate.candidate, 60), elements.plain(decision.baseline or "", 60)
    against = f" against {base}" if decision.baseline is not None else ""
    with st.expander(f"**{name}**{against}: {candidate.verdict}", expanded=is_open):
        for reason in candidate.incomplete:
            st.warning(elements.plain(reason, 400))
        if candidate.n_pairs:
            st.caption(pairs_of(decision, candidate))
        _rules(store, decision, candidate.candidate, rulings)


def _decided(decision: GateDecision, candidates: Sequence[CandidateDecision]) -> None:
    """What is to be known of the rules and their tests: what is said of several, once."""
    told = [_note(note, len(candidates)) for note in notes_of(candidates, methods=True)]
    served = [(candidate, served_of(candidate)) for candidate in candidates if candidate.served]
    compared = [candidate for candidate in candidates if candidate.compared]
    if not (told or served or compared):
        return
    with st.expander("How it was decided"):
        st.markdown("\n".join(told))
        for candidate, words in served:
            st.caption(f"{elements.plain(candidate.candidate, 60)} {elements.plain(words, 400)}")
        for candidate in compared:
            st.caption(f"{elements.plain(candidate.candidate, 60)}: what differs between the two sides")
            st.text("\n".join(visible(line, limit=300) for line in candidate.compared))


def _note(note: GateNote, n_candidates: int) -> str:
    """A note with the rules and the candidates that it is about, as Markdown."""
    about = [elements.listed(note.rules)] if note.rules else []
    about += [elements.listed(note.candidates)] if len(note.candidates) < n_candidates else []
    said = elements.plain(note.text, 400)
    return f"- {said} ({'; '.join(about)})" if about else f"- {said}"


def _rules(store: ResultsReader, decision: GateDecision, candidate: str, rulings: Sequence[RenderedRule]) -> None:
    import pandas as pd

    if not rulings:
        return
    confidence = numbers.share(1 - 2 * decision.alpha)
    table = pd.DataFrame(
        {
            "rule": [r.title for r in rulings],
            "verdict": [f"{_SIGNS.get(r.verdict, '')} {r.verdict}" for r in rulings],
            "interval": [_interval(r, rulings) for r in rulings],
            f"measured [{confidence}]": [r.shown for r in rulings],
        }
    )
    image = st.column_config.ImageColumn(
        "interval and limit", width=210, help=f"Interval of the deciding test ({confidence}); the upright line is what "
        "the rule allows. Rules in one unit share a scale."
    )  # fmt: skip
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        alt=f"The rules for {visible(candidate, limit=60)}",
        column_config={"interval": image},
    )
    for r in rulings:
        if r.needs:
            st.text(f"{r.title}: {visible(_needs(store, decision, candidate, r), limit=700)}.")


def _interval(rule: RenderedRule, rulings: Sequence[RenderedRule]) -> str:
    """The interval against its limit, on the scale that rules in one unit share."""
    alike = [r for r in rulings if r.scale == rule.scale and r.value is not None]
    ends = [x for r in alike for x in (r.low, r.high, r.value, r.limit) if x is not None]
    if rule.value is None or rule.limit is None or not ends:
        return ""
    air = 0.05 * ((max(ends) - min(ends)) or 1.0)
    scale = (min(ends) - air, max(ends) + air)
    low = rule.low if rule.low is not None else scale[0] if rule.high is not None else None
    high = rule.high if rule.high is not None else scale[1] if rule.low is not None else None
    colour = VERDICT_COLOURS.get(rule.verdict, GREY)
    return interval_image(rule.value, low, high, scale, limit=rule.limit, colour=colour) or ""


def _needs(store: ResultsReader, decision: GateDecision, candidate: str, rule: RenderedRule) -> str:
    """What it would take, with the price of that many items from both models."""
    if not rule.more:
        return rule.needs
    usd = usd_of_more(store, decision, candidate, rule.subject, max(rule.more))
    price = "their price is unknown" if usd is None else f"at most {numbers.usd(usd)} for the answers, judges apart"
    return f"{rule.needs} ({price})"


def _baseline(decision: GateDecision, titles: Mapping[str, str]) -> None:
    said = promoted_by(decision)
    if decision.baseline is None:
        st.caption("The gate has no baseline: every rule is about the candidate alone.")
    elif said:
        st.text(visible(said, limit=600))
    else:
        run = titles.get(decision.baseline_run or "", decision.baseline_run)
        st.caption(f"The baseline is a model of the run {elements.plain(run, 120)}; nobody promoted it.")


def _n_checks(facts: RunFacts, entry: GateEntry | None) -> int:
    """Rules times candidates of the kept gate, else of the run's own."""
    if entry is not None:
        return entry.n_checks
    own = facts.suite_resolved.gate if facts.suite_resolved is not None else None
    rules, candidates = ((own or {}).get(name) for name in ("rules", "candidates"))
    return len(rules) * len(candidates) if isinstance(rules, list) and isinstance(candidates, list) else 0


def _has_gate(facts: RunFacts) -> bool:
    return facts.suite_resolved is not None and bool(facts.suite_resolved.gate)


_EXAMPLE = """gate:
  baseline: gpt
  candidates: [qwen-fp8]
  rules:
    - {quality: all, margin: 0.02}
    - {cost: usd_per_1k_samples, max_ratio: 0.5}"""
