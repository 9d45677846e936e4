"""What `evalkit import guidellm` does once click has read the command line: a report becomes a load sweep."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from evalkit.adapters.registry import OptionsOfAdapters
from evalkit.bridges.guidellm_report import Report, read_report
from evalkit.cli.loads import promised
from evalkit.cost.hosting import curve
from evalkit.errors import UserError
from evalkit.facts import LoadFacts, parse
from evalkit.latency.loadtest import find
from evalkit.render.loadtest import render_load
from evalkit.results.sweeps import hosted_prices, sweeps_folder
from evalkit.store import runs
from evalkit.suite.digests import digest
from evalkit.suite.loading import load_suite
from evalkit.text.escape import visible


def import_guidellm(path: Path, *, suite: Path | None, model: str | None, slo: str | None, results: Path) -> int:
    """Write the sweep, print it; the exit code. Raises UserError for a report or options that do not read."""
    if (suite is None) != (model is None):
        raise click.UsageError("--suite and --model belong together: whose `hosting.load` the sweep is for.")
    limits = promised(slo)
    report = read_report(path)
    entries, suite_name, name = _for_whom(report, suite, model)
    load: dict[str, Any] = {
        **find(report.steps, limits),
        "seconds": report.seconds,
        "n_prompts": None,
        "n_asked": report.n_asked,
        "spent_usd": None,
        "notes": [*report.notes, *_unnamed(report, name, suite_name, suite)],
    }
    if load["serves"]:
        load["serves"]["basis"] += ", on GuideLLM's prompts"
    asked = str((entries.get(name) or {}).get("model") or report.model or "")
    source = {"tool": "guidellm", "version": report.version, "files": [path.name]}
    facts = {
        "kind": "load",
        "model_name": name,
        "model": asked,
        "models": {name: {"adapter": "imported", "model": report.model, "facts": {}}},
        "tasks": {},
        "n_rows": 0,
        "imported": source,
        "load": load,
        "load_settings": {"slo": asdict(limits)},
    }
    made = runs.create_run(sweeps_folder(results), suite_name, digest("evalkit.import/1", {**source, **load}), facts)
    runs.update_facts(made, status="complete", reasons=[])
    found = hosted_prices({name: _linked(entries.get(name) or {}, made)}, suite_name, results).get(name)
    by_share = curve(found[0].usd_per_hour, found[1]) if found is not None and found[1] is not None else None
    render_load(name, parse(LoadFacts, load, made), by_share)
    click.echo(str(made))
    return 0


def _for_whom(report: Report, suite: Path | None, model: str | None) -> tuple[dict[str, dict[str, Any]], str, str]:
    """The suite's models as data, the suite's name and the model's. Raises UserError where the report is of another."""
    if suite is None or model is None:
        return {}, "guidellm", re.sub(r"[^A-Za-z0-9._+-]+", "-", report.model or "").strip("-.") or "model"
    loaded = load_suite(suite, options=OptionsOfAdapters(str(suite.parent)))
    entry = loaded.models.get(model)
    if entry is None:
        raise UserError(f"{suite.name} has no model {visible(model)}; there are: {', '.join(loaded.models)}")
    if report.model is not None and entry.model != report.model:
        raise UserError(
            f"the report is of {visible(report.model)!r}, and {model} of {suite.name} is {entry.model!r}: another "
            "model's throughput would give it a false price. Name the model that was measured with --model, or "
            "import without --suite to look at the figures."
        )
    return {model: entry.model_dump(mode="json", exclude_none=True)}, loaded.name, model


def _unnamed(report: Report, name: str, suite_name: str, suite: Path | None) -> list[str]:
    if suite is None or report.model is not None:
        return []
    return [f"The report does not say which model was measured: that it was {name} of {suite_name} is taken on trust."]


def _linked(entry: dict[str, Any], made: Path) -> dict[str, Any]:
    """The entry as if its hosting named this sweep."""
    hosting = entry.get("hosting")
    return {**entry, "hosting": {**hosting, "load": made.name}} if hosting else entry
