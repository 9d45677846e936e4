"""What is known of the models of stored runs: the catalogue, with what runs, users and results folders add to it.

A board over fifty runs is no less true for a slip in one file of facts. Such a file is left out, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.catalogue.facts import Claim, Known
from evalkit.catalogue.reading import FILE_NAME, CatalogueReader
from evalkit.errors import UserError
from evalkit.facts import RunFacts


@dataclass(frozen=True, slots=True)
class CatalogueFacts:
    """The catalogue as the readers of one results folder see it."""

    reader: CatalogueReader
    problems: tuple[str, ...] = ()
    """What was left out of it, and why."""

    @classmethod
    def beside(cls, results: Path) -> CatalogueFacts:
        """With `models.yaml` of the results folder, where there is one, as the last word."""
        path = results / FILE_NAME
        try:
            return cls(CatalogueReader([path] if path.is_file() else []))
        except UserError as error:
            return cls(CatalogueReader(own=False), (_left_out(error),))

    def known(self, facts: RunFacts, model: str, asked_as: str | None) -> tuple[Known | None, tuple[str, ...]]:
        """What is known of the version that a run asked under this name (None: nothing), and what was left out.

        `facts` are those of the run; the suite's word on a licence counts where nobody else has one.
        """
        problems = self.problems
        try:
            catalogue = self.reader.catalogue(facts.catalogue)
        except UserError as error:
            catalogue, problems = self.reader.plain, (*problems, _left_out(error))
        known = catalogue.find(asked_as)
        licence = _licence_of(facts, model)
        if licence is None or (known is not None and known.claims.get("licence")):
            return known, problems
        told = Known(asked_as or model, claims={"licence": (licence,)})
        return (known.corrected(told) if known else told), problems


def _licence_of(facts: RunFacts, model: str) -> Claim | None:
    """`licence:` of the model's entry in the suite."""
    entry = facts.suite_resolved.models.get(model) if facts.suite_resolved is not None else None
    if entry is None or entry.licence is None:
        return None
    return Claim(entry.licence, "the suite", (facts.started_at or "")[:10], file=facts.suite_path or "")


def _left_out(error: UserError) -> str:
    first, *more = str(error).splitlines()
    return f"facts of your own are left out: {first}{f' (and {len(more):,} more complaints)' if more else ''}"
