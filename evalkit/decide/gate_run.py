"""The whole gate on a stored run, with everything that it refuses: what `evalkit gate` and `evalkit.gate` call.

trusted = GateTrust(results=results, baselines=promoted, baselines_named=True, installed=AtHand(), suite=suite)
decision = gate_run(folder, trusted)
decision.verdict, decision.exit_code

Of history a gate by a protected suite believes promoted baselines that the suite names, and nothing else:

    gate:
      history: [baseline@gpt-2026-05, baseline@gpt-2026-09]      # of the protected suite

What a pull request may write (runs in the results, its own suite) could be chosen so that the order which follows from
it lets a candidate pass. So a protected gate takes history by the digests that people promoted, computes it anew from
those rows, and refuses a run that was looked at with any other.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide.decision import GateDecision
from evalkit.decide.gate import decide_gate, gate_of
from evalkit.decide.gate_trust import PROMOTED, GateTrust, Signed
from evalkit.decide.people import goes_by_labels
from evalkit.decide.suite_match import refuse_other_policy, refuse_other_suite
from evalkit.errors import EvalkitError, NotComparable, UserError
from evalkit.facts import HistoryFacts
from evalkit.protected_data import Checkouts, protecting
from evalkit.results import read_facts
from evalkit.results.older_models import filled, scores_of, whole_scores_of
from evalkit.store import baselines
from evalkit.store.history import FrozenHistory, freeze, frozen_of
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite

if TYPE_CHECKING:
    import pyarrow as pa


def gate_run(folder: Path, trusted: GateTrust) -> GateDecision:
    """The decision on a stored run, after `checked_gate`. Nothing is written and no model is asked.

    Raises NotComparable, StoreError or UserError: nothing has been decided then.
    """
    gate = checked_gate(folder, trusted)
    alone = trusted.suite is None
    return decide_gate(gate, folder, trusted.results, trusted.baselines, labels_believed=alone)


def checked_gate(folder: Path, trusted: GateTrust) -> GateEntry:
    """The gate to decide by: that of `trusted.suite`, or the one that the run was made with (None).

    Raises NotComparable where the run is no evidence about the suite, or was not made under the data policy that was
    named; UserError where there is no gate or a required signature is missing.
    """
    suite = trusted.suite
    if suite is None:
        gate = gate_of(read_facts(folder), folder)
        refuse_other_policy(folder)
    else:
        gate = gate_of_suite(suite)
        _refuse_brought_along(folder, suite.path.parent, trusted)
        _refuse_unnamed_baselines(gate, str(suite.path), trusted)
        with protecting(suite.path.parent, folder):
            refuse_other_suite(suite, folder, trusted)
        refuse_other_history(gate, folder, trusted)
    require_signatures(gate, folder, trusted.baselines, trusted.signed)
    if suite is None:
        require_signed_labels(gate, trusted)
    return gate


def checked_alone(gate: GateEntry, folder: Path, trusted: GateTrust) -> GateEntry:
    """The gate of a file that has no suite, for a run of another tool: there is nothing to hold the run against.

    Raises NotComparable or UserError as `checked_gate` does for the data policy, promoted baselines and signatures.
    """
    if trusted.gate_file is not None:
        _refuse_brought_along(folder, trusted.gate_file.parent, trusted)
    _refuse_unnamed_baselines(gate, "the gate's file", trusted)
    refuse_other_policy(folder)
    require_signatures(gate, folder, trusted.baselines, trusted.signed)
    return gate


def _refuse_brought_along(folder: Path, protected: Path, trusted: GateTrust) -> None:
    """Raises UserError for a run that git keeps in another checkout than the one of what decides: whoever proposes a
    change there may have made its answers anywhere. A signature, or the person's word, vouches for it."""
    if trusted.allow_recorded or trusted.signed.run is not None:
        return
    tree = Checkouts(protected, [Path.cwd(), folder]).bringing(Path(os.path.realpath(folder)))
    if tree is not None:
        raise UserError(
            f"{folder.name} came with the checkout {tree}: git keeps it there, so that whoever proposes a change may "
            "have made its answers. Run the suite where it is decided, into a folder that git does not keep (--results "
            "DIR); have the run signed and say by whom (--signed-run FILE); or believe it (--allow-recorded)."
        )


def _refuse_unnamed_baselines(gate: GateEntry, asks: str, trusted: GateTrust) -> None:
    """Raises UserError for a promoted baseline that would be looked for where a pull request can write."""
    if gate.baseline is not None and gate.baseline.startswith(PROMOTED) and not trusted.baselines_named:
        raise UserError(
            f"{asks} asks for {gate.baseline}, and {trusted.baselines} of the working directory may be what a pull "
            "request wrote there. Name the folder that you trust, of the same branch as the suite: --baselines DIR, or "
            "EVALKIT_BASELINES."
        )


def gate_of_suite(suite: ResolvedSuite) -> GateEntry:
    """The gate of a suite. Raises UserError where it has none."""
    if suite.gate is None:
        raise UserError(
            f"{suite.path} has no gate, so there is nothing to decide. Write `gate:` with baseline, candidates and "
            "rules into it, or run it without --gate."
        )
    return suite.gate


def require_signatures(gate: GateEntry, folder: Path, promoted: Path, signed: Signed) -> None:
    """Raises UserError where the promoted baseline, or the run, was not signed by anybody of the file named for it."""
    if signed.baseline is None and signed.run is None:
        return
    from evalkit.store import signatures

    if signed.baseline is not None:
        if gate.baseline is None or not gate.baseline.startswith(PROMOTED):
            told = f"the gate's baseline {gate.baseline!r} is a model of the run" if gate.baseline else "it has none"
            raise UserError(
                f"--signed-baseline: {told}, and nobody "
                "promoted or signed it. Name a promoted one: `baseline: baseline@NAME`, or require --signed-run."
            )
        _require_signed(gate.baseline, promoted, signed.baseline)
    if signed.run is not None:
        signatures.verify_run(folder, signed.run)


def _require_signed(name: str, promoted: Path, signers: Path) -> None:
    """Raises UserError where nobody of `signers` signed this promoted baseline."""
    from evalkit.store import signatures

    path = baselines.file_of(name.removeprefix(PROMOTED), promoted)
    statement = signatures.baseline_statement(path)
    signatures.verify(statement, baselines.signature_of(path), signers, signatures.BASELINE)


def require_signed_labels(gate: GateEntry, trusted: GateTrust) -> None:
    """Raises UserError where signatures are required and a rule goes by people's labels in the run of a promoted
    baseline which nobody signed: the baseline's own signature is of its rows."""
    signers = trusted.signed.run or trusted.signed.baseline
    by_people = any(map(goes_by_labels, gate.rules))
    if signers is None or not by_people or gate.baseline is None or not gate.baseline.startswith(PROMOTED):
        return
    from evalkit.store import signatures

    run = baselines.read(gate.baseline.removeprefix(PROMOTED), trusted.baselines).run
    try:
        signatures.verify_run(trusted.results / run, signers)
    except EvalkitError as error:
        raise UserError(
            f"labels: random reads people's labels in {run}, the run of {gate.baseline}, whose signature is of its "
            f"rows alone, and {error} Sign that run too (evalkit sign {quote(run)} --key KEY), or leave labels: out of "
            "the rule."
        ) from error


_AGAIN = (
    "Run the suite of the protected branch again (what was answered comes from the cache and costs nothing), or "
    "without --gate for all items."
)


def refuse_other_history(gate: GateEntry, folder: Path, trusted: GateTrust) -> None:
    """Raises NotComparable where the run was looked at with another history than the protected gate names, UserError
    where what it names cannot be trusted or is not here."""
    facts = read_facts(folder)
    if facts.stopped_early is None:
        return  # nobody looked before the end: every item is there
    told, frozen = facts.history, frozen_of(folder, facts)
    if isinstance(gate.history, str):
        if frozen is not None:
            auto = "`history: auto` takes what lies in the results, which a pull request may write, so " * (
                gate.history == "auto"
            )
            raise NotComparable(
                f"{folder.name} was looked at with a history of {len(frozen.older):,} older models, and {auto}the "
                f"protected gate believes none. Name promoted ones there (`history: [baseline@NAME, ...]`). {_AGAIN}"
            )
        return
    _hold(gate, gate.history, told, frozen, folder, trusted)


def _hold(
    gate: GateEntry,
    names: tuple[str, ...],
    told: HistoryFacts | None,
    frozen: FrozenHistory | None,
    folder: Path,
    trusted: GateTrust,
) -> None:
    runs = [name for name in names if not name.startswith(PROMOTED)]
    if runs:
        raise UserError(
            f"the protected gate's history names {', '.join(runs)}, and whoever may write the results can change a "
            "run. Promote it, and write `history: [baseline@NAME, ...]`."
        )
    if not trusted.baselines_named:
        raise UserError(
            f"the protected gate's history names {names[0]}, and {trusted.baselines} of the working directory may be "
            "what a pull request wrote there. Name the folder that you trust: --baselines DIR, or EVALKIT_BASELINES."
        )
    if trusted.signed.baseline is not None:  # whoever chooses the history chooses the order of the items
        for name in names:
            _require_signed(name, trusted.baselines, trusted.signed.baseline)
    found = {name: baselines.find(name.removeprefix(PROMOTED), trusted.baselines, trusted.results) for name in names}
    each = [found[name] for name in names]
    wanted = Counter((one.folder.resolve().name, one.model, one.baseline.rows_digest) for one in each)
    had = Counter((one.run, one.model, one.rows_digest) for one in told.models) if told is not None else Counter()
    # The order of the items follows from each of them: one that is named twice, or before another, draws another.
    if had != wanted or told is None or told.asked != names:
        raise NotComparable(
            f"{folder.name} was looked at with another history than the protected gate names ({', '.join(names)}): "
            f"{_listed(had) or 'none'}. {_AGAIN}"
        )
    if frozen is None:
        return  # all of them were left out, and the order is the suite's own
    rows = {one.baseline.rows_digest: one.rows for one in found.values()}
    if _anew(gate, told, frozen, rows, trusted).content != frozen.content:
        raise NotComparable(f"history.json of {folder.name} does not hold what the promoted baselines scored. {_AGAIN}")


def _anew(
    gate: GateEntry, told: HistoryFacts, frozen: FrozenHistory, rows: Mapping[str, pa.Table], trusted: GateTrust
) -> FrozenHistory:
    """The history as the promoted rows give it, for the items and slices that were frozen."""
    places = {item: n for n, item in enumerate(frozen.items)}
    scores = {one.rows_digest: scores_of(rows[one.rows_digest], places) for one in told.models}
    older = [filled(scores[one.rows_digest]) for one in told.models if one.left_out is None and not one.is_baseline]
    apart = [scores[one.rows_digest] for one in told.models if one.left_out is not None]
    named = [filled(one) for one in apart if not np.isnan(one).all()]
    base = next((filled(scores[one.rows_digest]) for one in told.models if one.is_baseline), None)
    exact = gate.baseline is not None and gate.baseline.startswith(PROMOTED)
    if exact and gate.baseline is not None:
        name = gate.baseline.removeprefix(PROMOTED)
        base = whole_scores_of(baselines.find(name, trusted.baselines, trusted.results).rows, places)
    if base is None:
        raise NotComparable(f"the run's history holds answers of the baseline that nobody promoted. {_AGAIN}")
    whole = np.array(older).reshape(-1, len(places))
    return freeze(frozen.items, base, whole, exact=exact, named=named, slices=frozen.slices)


def _listed(had: Mapping[tuple[str, str, str], int]) -> str:
    return ", ".join(f"{model} of {run}" for run, model, _ in sorted(had)[:6])
