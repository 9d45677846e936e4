"""Where load sweeps are kept and which one a model's `hosting.load` means: `results/load/`, one run folder each.

They stand apart from the runs, so that `latest` never means a load test to a command that looks for answers. A sweep
counts for what it measured: the same model in the same precision, by the same server with the same flags, on as many
GPUs. Its address may be another, since ports change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from evalkit.cost.billing import UnitPrices
from evalkit.cost.hosting import Hosting, Throughput, unit_prices
from evalkit.errors import StoreError, UserError
from evalkit.facts import RunFacts
from evalkit.facts.base import JsonMap
from evalkit.paths import find
from evalkit.results.facts import read_facts
from evalkit.store import runs

_SERVED_BY = ("adapter", "resource", "weights", "compute_type", "serve", "lora")
"""What a model's entry says of which weights are served, in which precision, and by what."""
_RUN_BY = ("inter_threads", "intra_threads", "max_batch", "num_ctx")
"""What else of an entry decides how much a machine can do."""
_MACHINE = (("gpu", None), ("gpus", 1))
"""What `hosting` says of the machine, and what it means where it says nothing. Prices of it may change."""
_FACTS = ("weights", "compute_type", "quantization", "dtype")
"""What an endpoint's facts say of the weights. A fact that one side does not have tells nothing."""


def sweeps_folder(results: Path) -> Path:
    """The folder of load sweeps beside the runs."""
    return results / "load"


def hosting_of(entry: JsonMap, name: str) -> Hosting | None:
    """The hosting of a model entry (as data); None where it has none. Raises UserError where it cannot be read."""
    found = entry.get("hosting")
    if not found:
        return None
    if not isinstance(found, Mapping):
        raise UserError(f"models.{name}.hosting cannot be read: it is no group of keys")
    try:
        return Hosting.read(found)
    except (TypeError, ValueError) as error:
        raise UserError(f"models.{name}.hosting cannot be read: {error}") from error


def throughput_of(
    home: Hosting, suite: str, name: str, entry: JsonMap, folder: Path, served: JsonMap | None = None
) -> Throughput | None:
    """The throughput that the linked sweep of `folder` measured; None where `latest` finds none for this model of this
    suite as its entry says it. `served`: what is known of its weights besides.

    The newest such sweep decides: where it found no rate within its SLO, the throughput is unknown, as it said itself.

    Raises StoreError where a sweep is named that does not exist, is not complete, or measured something else.
    """
    if home.load == "latest":
        for run in runs.list_runs(folder):
            if run.problem is None and run.status == "complete":
                facts = read_facts(run.path)
                if _is_of(facts, suite, name, entry) and not _otherwise(
                    facts, name, entry, served
                ):  # an older one does not speak for it, whatever it found
                    return _read(facts, run.path)
        return None
    path = runs.resolve_run(home.load, folder)
    find(str(path.absolute()), folder, label=f"models.{name}.hosting.load: {home.load}")  # it is the suite's word
    facts = read_facts(path)
    mine = _is_of(facts, suite, name, entry)
    if mine and (other := _otherwise(facts, name, entry, served)):
        raise StoreError(
            f"models.{name}.hosting.load names {path.name}, which measured {name} with another {', '.join(other)}: "
            f"what it served then is no throughput of {name} as it is. Measure it: evalkit load SUITE --model {name}",
            path,
        )
    found = _read(facts, path) if mine else None
    if found is None:
        raise StoreError(
            f"models.{name}.hosting.load names {path.name}, which has no throughput of {name} on {suite}. "
            f"Measure it: evalkit load SUITE --model {name}",
            path,
        )
    return found


def hosted_prices(
    models: Mapping[str, JsonMap],
    suite: str,
    results: Path,
    *,
    sweeps: Path | None = None,
    served: Callable[[str], JsonMap | None] = lambda name: None,
) -> dict[str, tuple[Hosting, Throughput | None, UnitPrices | None]]:
    """For each model with a hosting: what it costs an hour, the linked throughput, and both as prices per token.

    `sweeps`: the folder of load sweeps; None: the one beside the runs of `results`. `served`: what is known of the
    weights of a model, by its name, besides its entry.
    """
    folder = sweeps_folder(results) if sweeps is None else sweeps
    found: dict[str, tuple[Hosting, Throughput | None, UnitPrices | None]] = {}
    for name, entry in models.items():
        home = hosting_of(entry, name)
        if home is None:
            continue
        model = str(entry.get("model") or "")
        measured = throughput_of(home, suite, name, entry, folder, served(name))
        found[name] = (home, measured, unit_prices(model, home, measured) if measured is not None else None)
    return found


def _is_of(facts: RunFacts, suite: str, name: str, entry: JsonMap) -> bool:
    return facts.suite == suite and facts.model_name == name and facts.model == str(entry.get("model") or "")


def _otherwise(facts: RunFacts, name: str, entry: JsonMap, served: JsonMap | None) -> list[str]:
    """What decides a throughput and was otherwise when the sweep was made; empty where another tool made it."""
    then, known = facts.entry(name), facts.model_facts(name).facts or {}
    if not then:
        return []
    found = [key for key in (*_SERVED_BY, *_RUN_BY) if (then.get(key) or None) != (entry.get(key) or None)]
    machine, before = entry.get("hosting"), then.get("hosting")
    if isinstance(machine, Mapping) and isinstance(before, Mapping):
        found += [f"hosting.{key}" for key, usual in _MACHINE if machine.get(key, usual) != before.get(key, usual)]
    facts_now = served or {}
    return found + [
        f"{key} (by content)"
        for key in _FACTS
        if key not in found and key in facts_now and key in known and facts_now[key] != known[key]
    ]


def _read(facts: RunFacts, path: Path) -> Throughput | None:
    return Throughput.read(facts.load.model_dump(), path.name) if facts.load is not None else None
