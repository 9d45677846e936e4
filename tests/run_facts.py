"""run.json as a test wants it: raw JSON values, odd ones too, which the product's typed records would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evalkit.facts import RunFacts
from evalkit.store import runs


def made_run(results: Path, suite: str, digest: str, facts: Mapping[str, object]) -> Path:
    """A new run folder whose run.json says this too."""
    folder = runs.create_run(results, suite, digest, RunFacts())
    runs.write_facts(folder, {**facts, **runs.read_facts(folder)})
    return folder


def set_facts(folder: Path, **changes: object) -> None:
    """Replace some facts. A status other than `running` also sets finished_at, as the product does."""
    status = changes.get("status")
    if status is not None:
        runs.update_facts(folder, RunFacts(status=str(status)))
    runs.write_facts(folder, {**runs.read_facts(folder), **changes})
