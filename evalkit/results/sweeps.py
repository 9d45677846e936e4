"""Where load sweeps are kept and which one a model's `hosting.load` means: `results/load/`, one run folder each.

They stand apart from the runs, so that `latest` never means a load test to a command that looks for answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalkit.cost.billing import UnitPrices
from evalkit.cost.hosting import Hosting, Throughput, unit_prices
from evalkit.errors import StoreError, UserError
from evalkit.facts import RunFacts
from evalkit.paths import find
from evalkit.results.facts import read_facts
from evalkit.store import runs


def sweeps_folder(results: Path) -> Path:
    """The folder of load sweeps beside the runs."""
    return results / "load"


def hosting_of(entry: Mapping[str, Any], name: str) -> Hosting | None:
    """The hosting of a model entry (as data); None where it has none. Raises UserError where it cannot be read."""
    found = entry.get("hosting")
    if not found:
        return None
    try:
        return Hosting.read(found)
    except (TypeError, ValueError) as error:
        raise UserError(f"models.{name}.hosting cannot be read: {error}") from error


def throughput_of(home: Hosting, suite: str, name: str, model: str, folder: Path) -> Throughput | None:
    """The throughput that the linked sweep of `folder` measured; None where `latest` finds none for this model of this
    suite.

    The newest sweep decides: where it found no rate within its SLO, the throughput is unknown, as it said itself.

    Raises StoreError where a sweep is named that does not exist, is not complete, or measured something else.
    """
    if home.load == "latest":
        for run in runs.list_runs(folder):
            if run.problem is None and run.status == "complete":
                facts = read_facts(run.path)
                if _is_of(facts, suite, name, model):  # an older one does not speak for it, whatever it found
                    return _read(facts, run.path)
        return None
    path = runs.resolve_run(home.load, folder)
    find(str(path.absolute()), folder, label=f"models.{name}.hosting.load: {home.load}")  # it is the suite's word
    facts = read_facts(path)
    found = _read(facts, path) if _is_of(facts, suite, name, model) else None
    if found is None:
        raise StoreError(
            f"models.{name}.hosting.load names {path.name}, which has no throughput of {name} on {suite}. "
            f"Measure it: evalkit load SUITE --model {name}",
            path,
        )
    return found


def hosted_prices(
    models: Mapping[str, Mapping[str, Any]], suite: str, results: Path, *, sweeps: Path | None = None
) -> dict[str, tuple[Hosting, Throughput | None, UnitPrices | None]]:
    """For each model with a hosting: what it costs an hour, the linked throughput, and both as prices per token.

    `sweeps`: the folder of load sweeps; None: the one beside the runs of `results`.
    """
    folder = sweeps_folder(results) if sweeps is None else sweeps
    found: dict[str, tuple[Hosting, Throughput | None, UnitPrices | None]] = {}
    for name, entry in models.items():
        home = hosting_of(entry, name)
        if home is None:
            continue
        model = str(entry.get("model") or "")
        served = throughput_of(home, suite, name, model, folder)
        found[name] = (home, served, unit_prices(model, home, served) if served is not None else None)
    return found


def _is_of(facts: RunFacts, suite: str, name: str, model: str) -> bool:
    return facts.suite == suite and facts.model_name == name and facts.model == model


def _read(facts: RunFacts, path: Path) -> Throughput | None:
    return Throughput.read(facts.load.model_dump(), path.name) if facts.load is not None else None
