"""Several tasks scanned for a collapse at once: Holm's correction (1979), so that many tasks do not mean many alarms.

Passing needs no correction: a candidate passes only if every rule passes, which is harder than any one of them.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjusted p-values in the order given: those at most alpha are hits, with at most alpha chance of any false one.

    None (a task that could not be tested) stays None but still counts as a member of the family: leaving tasks out must
    not sharpen the test of the rest. Raises ValueError for anything outside [0, 1].
    """
    for i, p in enumerate(p_values):
        if p is not None and not 0 <= p <= 1:
            raise ValueError(f"p-value {i} is {p}: it lies between 0 and 1, or is None where there was no test")
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, i) in enumerate(tested):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p))
        adjusted[i] = highest
    return tuple(adjusted)
