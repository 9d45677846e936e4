"""The whole gate on a stored run, with everything that it refuses: what `evalkit gate` and `evalkit.gate` call.

trusted = GateTrust(results=results, baselines=promoted, baselines_named=True, installed=AtHand(), suite=suite)
decision = gate_run(folder, trusted)
decision.verdict, decision.exit_code
"""

from __future__ import annotations

from pathlib import Path

from evalkit.decide.decision import GateDecision
from evalkit.decide.gate import decide_gate, gate_of
from evalkit.decide.gate_trust import PROMOTED, GateTrust, Signed
from evalkit.decide.history_held import refuse_other_history
from evalkit.decide.suite_match import refuse_other_policy, refuse_other_suite
from evalkit.errors import UserError
from evalkit.results import read_facts
from evalkit.store import baselines
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite


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
        _refuse_unnamed_baselines(gate, str(suite.path), trusted)
        refuse_other_suite(suite, folder, trusted)
        refuse_other_history(gate, folder, trusted)
    require_signatures(gate, folder, trusted.baselines, trusted.signed)
    return gate


def checked_alone(gate: GateEntry, folder: Path, trusted: GateTrust) -> GateEntry:
    """The gate of a file that has no suite, for a run of another tool: there is nothing to hold the run against.

    Raises NotComparable or UserError as `checked_gate` does for the data policy, promoted baselines and signatures.
    """
    _refuse_unnamed_baselines(gate, "the gate's file", trusted)
    refuse_other_policy(folder)
    require_signatures(gate, folder, trusted.baselines, trusted.signed)
    return gate


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
            "rules into it, or run it without --gate (in Python: gate=True)."
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
        path = baselines.file_of(gate.baseline.removeprefix(PROMOTED), promoted)
        statement = signatures.baseline_statement(path)
        signatures.verify(statement, baselines.signature_of(path), signed.baseline, signatures.BASELINE)
    if signed.run is not None:
        signatures.verify_run(folder, signed.run)
