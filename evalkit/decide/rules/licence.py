"""The licence of the candidate's weights: one of those that were cleared.

    {licence: [MIT, Apache-2.0]}

What the suite writes for the model counts first (`licence:`), then the catalogue. Weights behind a hosted API have a
licence like those on a machine of one's own; a closed model has none, so it is unknown. Unknown never passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from evalkit.decide.rules.base import Condition, GateRule, RuleContext, RuleResult, RuleWords, unmeasured
from evalkit.errors import UserError
from evalkit.stats.verdict import Verdict
from evalkit.suite.schema.parts import Texts

if TYPE_CHECKING:
    from evalkit.catalogue.facts import Known
    from evalkit.results import Side


class LicenceRule(GateRule):
    """A rule about the licence."""

    kind: ClassVar[str] = "licence"
    reads: ClassVar[frozenset[str]] = frozenset({"licence"})

    licence: Texts = Field(min_length=1)
    """Licences that are allowed, by their SPDX names; capitals, blanks and hyphens do not matter."""

    def conditions(self) -> Iterator[Condition]:
        yield Condition(self.kind, ", ".join(self.licence), "one of", None, self.required)

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        side = context.candidate
        if side is None:
            return unmeasured(condition, "made-up rows have no licence")
        licence, source, notes = licence_of(side)
        if licence is None:
            why = notes[0] if notes else "neither the suite nor the catalogue says one"
            return unmeasured(
                condition,
                f"the licence of {side.model} is not known: {why}. Write licence: under the model in the suite, or a "
                "line about it into models.yaml beside the suite. A closed model has no licence to name: leave the "
                "rule out, or make it required: false",
            )
        allowed = folded(licence) in {folded(name) for name in self.licence}
        return RuleResult(
            condition,
            Verdict.PASS if allowed else Verdict.FAIL,
            shown=licence,
            method=f"as {source} says",
            notes=notes,
        )

    @classmethod
    def describe(cls, result: RuleResult) -> RuleWords:
        return RuleWords(
            "licence", "text", limit_text=f"one of {result.condition.subject}", observed_text=result.shown or "unknown"
        )


def licence_of(side: Side) -> tuple[str | None, str, tuple[str, ...]]:
    """(licence, who says so, notes) of the model of a run; None: nobody says."""
    suite = side.facts.suite_resolved
    entry = suite.models.get(side.model) if suite is not None else None
    written = entry.licence if entry is not None else None
    known, notes = _in_catalogue(side)
    if written is None:
        return known, "the catalogue", notes
    if known is not None and folded(known) != folded(written):
        notes = (*notes, f"the catalogue says {known}; the suite's own word counts")
    return written, "the suite", notes


def folded(name: str) -> str:
    """A licence's name without what does not matter in it: Apache 2.0, apache-2.0."""
    return re.sub(r"[\s_-]+", "", name.casefold())


def _in_catalogue(side: Side) -> tuple[str | None, tuple[str, ...]]:
    from evalkit.catalogue.reading import CatalogueReader

    asked_as = side.about.model
    if asked_as is None:
        return None, ()
    try:
        known = CatalogueReader().catalogue(side.facts.catalogue).find(asked_as)
    except UserError as error:
        return None, (f"the catalogue is left out: {str(error).splitlines()[0]}",)
    why = None if known is None else _why_unknown(asked_as, known)
    if known is None or why is not None:
        return None, () if why is None else (why,)
    licence = known.value("licence")
    return (None, ()) if licence is None else (str(licence), ())


def _why_unknown(asked_as: str, known: Known) -> str | None:
    """Why the catalogue's word on a licence does not count for the model that was asked; None where it does."""
    from evalkit.catalogue.facts import is_the_makers

    if "licence" in known.disputed:
        return f"the sources of the catalogue disagree ({known.shown('licence')})"
    claims = known.claims.get("licence", ())
    if claims and not is_the_makers(asked_as, known):
        return f"the catalogue knows {known.model}, and weights of that name by somebody else may be others"
    if claims and not any(claim.checked for claim in claims):
        return f"the catalogue says {known.shown('licence')}, and nobody read that at its maker's"
    return None
