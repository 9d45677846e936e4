"""One candidate as a gate from a protected branch sees it: what two suites and the run say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.facts import ModelFacts

WHO = ("adapter", "model", "base_url", "resource", "region")
"""What a model's entry says of who is asked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One candidate: its entries in the protected suite and in the run's, and what the run says of it."""

    name: str
    ours: Mapping[str, object]
    theirs: Mapping[str, object]
    ran: ModelFacts

    @property
    def moved(self) -> bool:
        """Whether somebody else is asked than the suite says."""
        return any(self.ours.get(key) != self.theirs.get(key) for key in WHO)

    @property
    def is_billed_by_a_provider(self) -> bool:
        """Whether a provider of the price book answers at its own address."""
        billed_by = self.ran.priced_as[0] if self.ran.priced_as is not None else None
        return billed_by is not None and not any(self.theirs.get(key) for key in ("base_url", "serve", "price_as"))


def mapping(value: object) -> Mapping[str, object]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def other_model(entry: Mapping[str, object], ran: object) -> bool:
    """Whether a run says that another model was asked than an entry names; no where the entry names it by `${NAME}`."""
    written = entry.get("model")
    if isinstance(written, str) and "${" in written:
        return False
    return (ran or "") != (written or "")
