"""What a suite's gate asks of a run: which models it compares, and the gate itself, out of a suite or out of Python."""

from __future__ import annotations

from evalkit.decide.gate_run import gate_of_suite
from evalkit.decide.gate_trust import PROMOTED
from evalkit.errors import UserError
from evalkit.suite.judge_task import compile_judging
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite


def rules_and_models(suite: ResolvedSuite, models: tuple[str, ...] | None) -> tuple[GateEntry, tuple[str, ...]]:
    """The gate of a suite, and what to ask: the models named, else those the gate compares, nothing bought for show.

    A promoted baseline's answers are kept and not bought again. Raises UserError where --models leaves one out.
    """
    gate = gate_of_suite(suite)
    own = () if gate.baseline is None or gate.baseline.startswith(PROMOTED) else (gate.baseline,)
    judgings = (compile_judging(task.entry.score) for task in suite.tasks)
    paired = [judging.pair for judging in judgings if judging is not None and judging.pair is not None]
    needed = tuple(dict.fromkeys((*own, *gate.candidates, *paired)))
    left_out = [name for name in needed if models is not None and name not in models]
    if left_out:
        raise UserError(f"--models leaves out {', '.join(left_out)}, which the gate compares. Name it too.")
    return gate, models or needed
