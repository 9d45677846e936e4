"""The gate's decision about a stored run, cached on its files, and who promoted its baseline.

A stored run is decided anew, so that a page never shows an old verdict beside new rows. The board and the HTML report
read it here.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from evalkit import child
from evalkit.decide.decision import GateDecision
from evalkit.errors import EvalkitError, StoreError
from evalkit.results.figure_cache import mark
from evalkit.results.reader import ResultsReader
from evalkit.suite.schema import GateEntry

DECIDE_S = 3600.0
"""How long a decision may take in a process of its own: ten million rows take minutes."""
DECISION_BYTES = 2**28


_named: ContextVar[Path | None] = ContextVar("baselines", default=None)


def promoted_folder() -> Path:
    """Where promoted baselines are: as `promoted_in` says, else EVALKIT_BASELINES, else `baselines` in the working
    directory."""
    return _named.get() or Path(os.environ.get("EVALKIT_BASELINES") or "baselines")


@contextmanager
def promoted_in(folder: Path) -> Iterator[None]:
    """Take promoted baselines from this folder meanwhile."""
    token = _named.set(folder)
    try:
        yield
    finally:
        _named.reset(token)


def decision_of(store: ResultsReader, run: str, *, gate: GateEntry | None = None, apart: bool = False) -> GateDecision:
    """The gate's decision about a stored run, cached on its files.

    `gate`: one that the run was not made with; None: its own. `apart`: decide in a process of its own, whose memory (a
    gigabyte for ten million rows) goes when it is done.
    Raises UserError where the suite has no gate, the sides cannot be compared or a baseline is missing.
    """

    def decide() -> GateDecision:
        return _decide_apart(store, run, gate) if apart else _decide(store.results, run, promoted_folder(), gate)

    return store.remember(_key(store, run, gate), decide)


def is_decided(store: ResultsReader, run: str, gate: GateEntry | None = None) -> bool:
    """Whether the decision about these very files is at hand."""
    return store.remembers(_key(store, run, gate))


def _key(store: ResultsReader, run: str, gate: GateEntry | None) -> Hashable:
    written = None if gate is None else gate.model_dump_json()
    return ("gate", str(store.results), run, written, store.marks([run]), mark(promoted_folder()))


def _decide(results: Path, run: str, promoted: Path, gate: GateEntry | None) -> GateDecision:
    from evalkit.decide.gate import decide_gate, gate_of
    from evalkit.results import read_facts

    entry = gate_of(read_facts(results / run), results / run) if gate is None else gate
    return decide_gate(entry, results / run, results, promoted)


def _decide_apart(store: ResultsReader, run: str, gate: GateEntry | None) -> GateDecision:
    places = [str(store.results.resolve()), run, str(promoted_folder().resolve())]
    places += [] if gate is None else [gate.model_dump_json()]
    command = child.function("evalkit.decide.stored:answer", *places)
    try:
        answered = child.run(command, timeout_s=DECIDE_S, most_bytes=DECISION_BYTES, show_errors=True)
    except child.ChildFailed as error:
        raise StoreError(f"The gate gave no decision: {error}. See what it says: evalkit gate {run}") from error
    if answered.code:
        raise StoreError(f"The gate ended with code {answered.code}. See what it says: evalkit gate {run}")
    decision: GateDecision | EvalkitError = pickle.loads(answered.out)  # from our own child, never from a file
    if isinstance(decision, EvalkitError):
        raise decision
    return decision


def answer(results: str, run: str, promoted: str, gate: str | None = None) -> None:
    """What the process of its own does: the decision, or the error that kept it from one, on stdout."""
    try:
        entry = None if gate is None else GateEntry.model_validate_json(gate)
        decision: GateDecision | EvalkitError = _decide(Path(results), run, Path(promoted), entry)
    except EvalkitError as error:
        decision = error
    sys.stdout.buffer.write(pickle.dumps(decision))


def promoted_by(decision: GateDecision) -> str | None:
    """Who promoted the baseline, when and why; None where the baseline is simply a model of the run."""
    from evalkit.errors import UserError
    from evalkit.store import baselines

    if decision.baseline is None or not decision.baseline.startswith("baseline@"):
        return None
    try:
        found = baselines.read(decision.baseline.removeprefix("baseline@"), promoted_folder())
    except UserError as error:
        return str(error)
    return (
        f"{found.name}: {found.model} of {found.run}, promoted by {found.by} on {found.promoted_at[:10]}: {found.why}"
    )


def promoted_sides() -> set[tuple[str, str]]:
    """(run, model) of every promoted baseline that can be read; a damaged file is named by the gate, not here."""
    from evalkit.errors import UserError
    from evalkit.store import baselines

    folder, found = promoted_folder(), set()
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        try:
            baseline = baselines.read(path.stem, folder)
        except UserError:
            continue
        found.add((baseline.run, baseline.model))
    return found
