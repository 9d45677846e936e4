"""When an item counts as a flip, for the gate, `compare`, the board and reports alike.

An item is *right* where its score, over its repeats, is at least one half, so that graded scores have flips too. It
flips when it is right with one model and not with the other. Two graded scores on the same side of one half differ
without a flip, and an item without a score on some side never flips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RIGHT = 0.5
"""The least score that counts as right."""


def flipped(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which items went right → wrong, and which wrong → right. Scores may be NaN: no score, no flip."""
    return (before >= RIGHT) & (after < RIGHT), (before < RIGHT) & (after >= RIGHT)
