"""Which models answered: the ids and fingerprints that the providers reported, of each side.

served_of(rows)                           # Served(models=("dm-2026-01",), fingerprints=("fp_1",))
served_otherwise(base_rows, cand_rows)    # ["served model: dm-2026-01 → dm-2026-02"]
changed_line("candidate", rows)           # a sentence, where one side was answered by two models

What a provider serves under a name can change at any time, between two runs and in the middle of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.frozen import dataclass
from evalkit.store import table as stored

if TYPE_CHECKING:
    import pyarrow as pa

SERVED = "served model"
"""How it is called in reports, and the kind of the gate's result."""
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


def changed_line(side: str, rows: pa.Table) -> str | None:
    """The sentence that says that one side was answered by several models; None where it was not."""
    models = served_of(rows).models
    if len(models) < 2:
        return None
    return f"the {side} was served by {len(models)} models: {', '.join(models[:5])}"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
