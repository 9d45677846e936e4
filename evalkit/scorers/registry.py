"""Every scorer that a suite may name, and where it lives; a scorer is imported when a suite asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from evalkit.errors import SuiteError
from evalkit.scorers.base import Make, Scorer
from evalkit.scorers.options import did_you_mean

SCORERS: Mapping[str, str] = {
    "choice": "evalkit.scorers.choice:make",
    "contains": "evalkit.scorers.text:make_contains",
    "exact": "evalkit.scorers.text:make_exact",
    "instructions": "evalkit.scorers.instructions:make",
    "json": "evalkit.scorers.structure:make",
    "numbers": "evalkit.scorers.numbers:make",
    "regex": "evalkit.scorers.text:make_regex",
}


def known_scorers() -> list[str]:
    """The names a suite may use, in alphabetical order; imports none of them."""
    return sorted(SCORERS)


def make_scorer(name: str, options: Mapping[str, Any] | None = None) -> Scorer:
    """The scorer with its options bound. Raises SuiteError for a name or an option that is not known."""
    if name not in SCORERS:
        raise SuiteError(f"there is no scorer {name!r}{did_you_mean(name, SCORERS)}; known: {', '.join(SCORERS)}")
    module, _, attribute = SCORERS[name].partition(":")
    make: Make = getattr(importlib.import_module(module), attribute)
    return make(options or {})
