"""Gate: may the candidate replace the baseline? Each rule with its interval against its margin, to scale."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from evalkit.board import elements
from evalkit.decide.decision import GateDecision
from evalkit.decide.stored import decision_of, is_decided, promoted_by
from evalkit.errors import EvalkitError
from evalkit.facts import RunFacts
from evalkit.render import charts
from evalkit.render.rule_text import RenderedRule, rendered_rules_of, served_of, unit_of
from evalkit.results.reader import ResultsReader
from evalkit.text import numbers
from evalkit.text.escape import visible

_SIGNS = {"pass": "✔", "fail": "✘", "inconclusive": "?", "incomplete": "…"}
_LARGE = 200_000
"""Rows beyond which nobody should wait unasked: the gate needs a second for a million, and seven for ten."""


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Gate", "May the candidate replace the baseline? Pass, fail, or not enough evidence.")
    if not runs:
        return
    gated = [info.name for info in runs if _has_gate(store.facts(info.name))]
    if not gated:
        st.info("No run here has a gate in its suite. A gate names a baseline, candidates and what may not get worse:")
        st.code(_EXAMPLE, language="yaml")
        st.caption("Then `evalkit gate latest --suite SUITE` decides a stored run, and `evalkit run --gate` a new one.")
        return
    run = elements.run_of(runs, gated)
    large = (store.summary(run).n_rows or 0) > _LARGE
    if large and not is_decided(store, run):
        st.info("The gate reads every row anew, which takes a while for a run of this size.")
        if not st.button("Decide now", type="primary"):
            st.code(f"evalkit gate {elements.shell(run)}", language="bash")
            return
    try:
        with st.spinner("The gate reads every row."):
            decision = decision_of(store, run, apart=large)
    except EvalkitError as error:
        st.error(elements.plain(f"Not decided: {error}", 800))
        return
    mine = elements.chosen()
    for candidate in sorted(decision.candidates, key=lambda c: c.candidate not in mine):  # the chosen ones first
        name, base = elements.plain(candidate.candidate, 60), elements.plain(decision.baseline or "", 60)
        against = f" against {base}" if decision.baseline is not None else ""
        st.subheader(f"{_SIGNS.get(candidate.verdict, '')} {name}{against}: {candidate.verdict}", anchor=False)
        for reason in candidate.incomplete:
            st.warning(elements.plain(reason, 400))
        if candidate.n_pairs:
            st.caption(f"{candidate.n_pairs:,} {unit_of(decision)} · {candidate.n_errored:,} errored")
        rulings = [r for r in rendered_rules_of(decision) if r.candidate == visible(candidate.candidate, limit=60)]
        _rules(rulings, candidate.candidate, numbers.share(1 - 2 * decision.alpha))
        if candidate.served:
            st.caption(elements.plain(served_of(candidate), 400))
        if candidate.compared:
            with st.expander("What is being compared"):
                st.text("\n".join(visible(line, limit=300) for line in candidate.compared))
        for note in candidate.notes:
            st.caption(elements.plain(note, 300))
    _baseline(decision)
    st.code(f"evalkit gate {elements.shell(run)}", language="bash")


def _rules(rulings: Sequence[RenderedRule], candidate: str, confidence: str) -> None:
    import pandas as pd

    if not rulings:
        return
    for chart in charts.rules_by_scale(rulings, candidate):
        elements.draw(chart)
    st.caption(f"Interval of the deciding test ({confidence}); the upright tick is what the rule allows.")
    for r in rulings:
        if r.needs:
            st.text(f"To decide {r.rule}: {visible(r.needs, limit=300)}.")
    table = pd.DataFrame(
        {
            "rule": [r.rule for r in rulings],
            "verdict": [f"{_SIGNS.get(r.verdict, '')} {r.verdict}" for r in rulings],
            f"measured [{confidence}]": [r.shown for r in rulings],
            "how": [" · ".join(r.notes) for r in rulings],
        }
    )
    st.dataframe(table, hide_index=True, width="stretch", alt=f"The rules for {visible(candidate)}")


def _baseline(decision: GateDecision) -> None:
    said = promoted_by(decision)
    if decision.baseline is None:
        st.caption("The gate has no baseline: every rule is about the candidate alone.")
    elif said:
        st.text(visible(said, limit=600))
    else:
        st.caption(
            f"The baseline is a model of the run {elements.plain(decision.baseline_run, 120)}; nobody promoted it."
        )


def _has_gate(facts: RunFacts) -> bool:
    return facts.suite_resolved is not None and bool(facts.suite_resolved.gate)


_EXAMPLE = """gate:
  baseline: gpt
  candidates: [qwen-fp8]
  rules:
    - {quality: all, margin: 0.02}
    - {cost: usd_per_1k_samples, max_ratio: 0.5}"""
