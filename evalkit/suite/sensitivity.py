"""How sensitive a suite's prompts are: the suite's own word, or the person's where that is stricter.

    stricter("public", "restricted")      # "restricted"

A suite may come from a pull request, which could lower its own label. The person running evalkit sets the least:
`--sensitivity LEVEL` or EVALKIT_SENSITIVITY. Neither can make a suite's own label weaker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

from evalkit.errors import UserError

Sensitivity = Literal["public", "internal", "restricted"]
LEVELS: tuple[Sensitivity, ...] = get_args(Sensitivity)
"""From the weakest to the strictest."""
VARIABLE = "EVALKIT_SENSITIVITY"
_demanded: ContextVar[Sensitivity | None] = ContextVar("sensitivity", default=None)
"""The level of --sensitivity, or of `sensitivity` in Python; None where it was not given."""


def demand(level: str | None) -> None:
    """Set the least level of this process, by the person's word on the command line; None takes it back."""
    _demanded.set(None if level is None else _known(level, "--sensitivity"))


@contextmanager
def demanded(level: str) -> Iterator[None]:
    """Set the least level within this block, by the person's word. Raises UserError for one that is none."""
    before = _demanded.set(_known(level, "sensitivity"))
    try:
        yield
    finally:
        _demanded.reset(before)


def least() -> Sensitivity:
    """The level below which no suite is treated. Raises UserError for a variable that names no level."""
    named = os.environ.get(VARIABLE, "").strip()
    return stricter(_demanded.get() or "public", _known(named, VARIABLE) if named else "public")


def stricter(*levels: Sensitivity) -> Sensitivity:
    """The strictest of these levels."""
    return max(levels, key=LEVELS.index)


def weaker(level: object, wanted: Sensitivity) -> bool:
    """Whether a recorded level is below the wanted one; one that was not recorded counts as public."""
    return LEVELS.index(wanted) > (LEVELS.index(level) if level in LEVELS else 0)


def _known(level: str, where: str) -> Sensitivity:
    for known in LEVELS:
        if known == level:
            return known
    raise UserError(f"{where} is {level!r}; it is one of {', '.join(LEVELS)}")
