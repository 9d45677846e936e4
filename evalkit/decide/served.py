"""Which models answered: the ids and fingerprints that the providers reported, of each side.

served_of(rows)                           # Served(models=("dm-2026-01",), fingerprints=("fp_1",))
served_otherwise(base_rows, cand_rows)    # ["served model: dm-2026-01 → dm-2026-02"]
changed_within("candidate", rows)         # a result that says so, where one side was answered by two models

What a provider serves under a name can change at any time, between two runs and in the middle of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.decide.rules import Condition, RuleResult, RuleWords
from evalkit.stats.verdict import Verdict
from evalkit.store import table as stored

if TYPE_CHECKING:
    import pyarrow as pa

SERVED = "served model"
"""The kind of the result."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Served:
    """What the provider reported for one side; empty where it reported nothing."""

    models: tuple[str, ...]
    fingerprints: tuple[str, ...]

    def __str__(self) -> str:
        prints = f" (fingerprint {_listed(self.fingerprints)})" if self.fingerprints else ""
        return f"{_listed(self.models) or 'not reported'}{prints}"


def served_of(rows: pa.Table) -> Served:
    """The ids and fingerprints of a model's rows, by name."""
    models, prints = (tuple(sorted(stored.labels_codes(rows[name])[0])) for name in ("served_model", "fingerprint"))
    return Served(models, prints)


def served_lines(**sides: pa.Table) -> tuple[str, ...]:
    """ "candidate: dm-2026-02 (fingerprint fp_1)" for each side; empty where nothing was reported for any."""
    found = {name: served_of(rows) for name, rows in sides.items()}
    known = any(served.models or served.fingerprints for served in found.values())
    return tuple(f"{name}: {served}" for name, served in found.items()) if known else ()


def served_otherwise(base: pa.Table, cand: pa.Table) -> list[str]:
    """What differs between the two sides: "served model: dm-2026-01 → dm-2026-02"."""
    ours, theirs = served_of(base), served_of(cand)
    found = []
    for what, first, second in (
        (SERVED, ours.models, theirs.models),
        ("fingerprint", ours.fingerprints, theirs.fingerprints),
    ):
        if first != second:
            found.append(f"{what}: {_listed(first) or 'not reported'} → {_listed(second) or 'not reported'}")
    return found


def changed_within(side: str, rows: pa.Table) -> RuleResult | None:
    """The result that says that one side was answered by several models; None where it was not.

    It never decides: whether the change matters is for a person to say.
    """
    models = served_of(rows).models
    if len(models) < 2:
        return None
    named = ", ".join(models[:5])
    return RuleResult(
        Condition(SERVED, side, "one for the", None, required=False),
        Verdict.INCONCLUSIVE,
        shown=f"{len(models)} models",
        n=rows.num_rows,
        method="as the provider reported",
        notes=(f"the {side} was served by {len(models)} models: {named}",),
    )


def describe(result: RuleResult) -> RuleWords:
    """The words for that result."""
    side = result.condition.subject
    return RuleWords(f"{SERVED} of the {side}", "text", limit_text="one model", observed_text=result.shown)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
