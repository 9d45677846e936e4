"""Options of a scorer as a record, for scorers with many of them.

    class Options(ScorerOptions):
        tolerance: float = 0.0
        \"""How far a number may be off.\"""

    def make(options: Options) -> Scorer: ...        # an entry point of the group evalkit.scorers

A scorer of a plug-in gets its options as this record where its `make` asks for one; unknown keys and wrong values are
refused before, with near names.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal

from evalkit.errors import SuiteError
from evalkit.suite.schema.options import DeclaredOptions, unknown_option


class ScorerOptions(DeclaredOptions):
    """What every scorer takes, and a record may add to."""

    refusal: Literal["wrong", "right"] = "wrong"
    """right: declining is what the task asks for."""


def record_of(make: Callable[..., Any]) -> type[ScorerOptions] | None:
    """The record that `make` asks for in the annotation of its first parameter; None where it takes a mapping."""
    try:
        hints = typing.get_type_hints(make)
    except Exception:  # noqa: BLE001 - annotations of another package that cannot be evaluated say nothing
        return None
    kinds = [kind for name, kind in hints.items() if name != "return"]
    found = kinds[0] if kinds else None
    return found if isinstance(found, type) and issubclass(found, ScorerOptions) else None


def read_record(scorer: str, record: type[ScorerOptions], given: Mapping[str, object]) -> ScorerOptions:
    """The options as the record has them. Raises SuiteError with every complaint."""
    complaints = [f"scorer {scorer}: {name}: {unknown_option(scorer, name, record)}" for name in record.unknown(given)]
    complaints += [f"scorer {scorer}: option {name!r}: {said}" for name, said in record.problems(given)]
    if complaints:
        raise SuiteError(complaints)
    return record.read(given)
