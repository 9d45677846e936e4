"""The whole gate on a stored run, with everything that it refuses: what `evalkit gate` and `evalkit.gate` call.

decision = gate_run(folder, results, promoted, suite=suite, weights=weights_at_hand, baselines_named=True)
decision.verdict, decision.exit_code
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.decide.decision import GateDecision
from evalkit.decide.gate import decide_gate, gate_of
from evalkit.decide.suite_match import PROMOTED, WeightsAtHand, refuse_other_policy, refuse_other_suite
from evalkit.errors import UserError
from evalkit.results import read_facts
from evalkit.store import baselines
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite


@dataclass(frozen=True, slots=True)
class Signed:
    """Files of allowed signers (`ssh-keygen -Y`). None: no signature is required."""

    baseline: Path | None = None
    """Who may have signed the promoted baseline."""
    run: Path | None = None
    """Who may have signed the run."""


def gate_run(
    folder: Path,
    results: Path,
    promoted: Path,
    *,
    weights: WeightsAtHand,
    suite: ResolvedSuite | None = None,
    signed: Signed = Signed(),
    allow_recorded: bool = False,
    sweeps: Path | None = None,
    baselines_named: bool,
) -> GateDecision:
    """The decision on a stored run, after `checked_gate`. Nothing is written and no model is asked.

    `results`: the folder of results, where baselines are looked for. `promoted`: the folder of promoted baselines.
    `sweeps`: with a suite and a rule about cost, the load sweeps that prices of own hardware may rest on.
    Raises NotComparable, StoreError or UserError: nothing has been decided then.
    """
    gate = checked_gate(
        folder,
        promoted,
        weights=weights,
        suite=suite,
        signed=signed,
        allow_recorded=allow_recorded,
        sweeps=sweeps,
        baselines_named=baselines_named,
    )
    return decide_gate(gate, folder, results, promoted)


def checked_gate(
    folder: Path,
    promoted: Path,
    *,
    weights: WeightsAtHand,
    suite: ResolvedSuite | None = None,
    signed: Signed = Signed(),
    allow_recorded: bool = False,
    sweeps: Path | None = None,
    baselines_named: bool,
) -> GateEntry:
    """The gate to decide by: the suite's, or the one that the run was made with (None). `baselines_named`: whether the
    person named the folder `promoted`, or it is only what the working directory holds.

    Raises NotComparable where the run is no evidence about the suite, or was not made under the data policy that was
    named; UserError where there is no gate or a required signature is missing.
    """
    if suite is None:
        gate = gate_of(read_facts(folder), folder)
        refuse_other_policy(folder)
    else:
        gate = gate_of_suite(suite)
        if gate.baseline is not None and gate.baseline.startswith(PROMOTED) and not baselines_named:
            raise UserError(
                f"{suite.path} asks for {gate.baseline}, and {promoted} of the working directory may be what a pull "
                "request wrote there. Name the folder that you trust, of the same branch as the suite: "
                "--baselines DIR, or EVALKIT_BASELINES."
            )
        refuse_other_suite(suite, folder, weights=weights, allow_recorded=allow_recorded, sweeps=sweeps)
    require_signatures(gate, folder, promoted, signed)
    return gate


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
