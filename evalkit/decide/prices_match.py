"""Are a run's bills, and what it says of licences, those that the protected branch or the person vouches for?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from evalkit.cost.price_file import PRICE_FILE
from evalkit.decide.gate_trust import PROMOTED
from evalkit.facts import PriceFacts, RunFacts, SuiteFacts, parse
from evalkit.paths import find
from evalkit.results.sweeps import hosted_prices
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.wording import short


def other_catalogue(suite: ResolvedSuite, facts: RunFacts) -> Iterator[str]:
    """A line where the run brought facts about models along that do not lie beside the suite."""
    from evalkit.catalogue.reading import records_of_suite

    if orjson.loads(orjson.dumps(records_of_suite(suite), default=str)) != list(facts.catalogue or ()):
        yield (
            "  models.yaml: the run was made with another catalogue than lies beside the suite, and a rule is about "
            "a licence"
        )


def otherwise_priced(suite: ResolvedSuite, facts: RunFacts) -> Iterator[str]:
    """A line where the run was billed by a prices.yaml that does not lie beside the suite.

    Prices that the person named for the run (--prices) are the person's word.
    """
    if "price_file" not in facts.model_fields_set:
        yield (
            "  prices.yaml: the run does not say which prices it was billed by (an older evalkit made it), and a rule "
            "is about cost; run it again with this evalkit"
        )
        return
    file = facts.price_file
    if file is not None and file.of == "person":
        return
    beside = find(PRICE_FILE, suite.folder, label=str(suite.folder / PRICE_FILE))
    if (file.sha256 if file is not None else None) != (beside.sha256() if beside.is_file() else None):
        yield (
            "  prices.yaml: the run was billed by another one than lies beside the suite, and a rule is about cost "
            "(change prices on their own before, or name them yourself: evalkit run --prices FILE)"
        )


def otherwise_measured(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts, sweeps: Path | None) -> Iterator[str]:
    """A line for each model whose price per token rests on a load sweep that nobody vouches for: sweeps lie in the
    results folder, where a pull request can put its own. Raises UserError, StoreError."""
    gate = suite.gate
    if gate is None:
        return
    made = facts.suite_resolved or SuiteFacts()
    base = gate.baseline
    for name in (*(() if base is None or base.startswith(PROMOTED) else (base,)), *gate.candidates):
        prices = facts.model_facts(name).prices
        entry, theirs = ((side.models[name].root if name in side.models else {}) for side in (now, made))
        if prices is None or not theirs.get("hosting"):
            continue
        if sweeps is None:
            yield (
                f"  {name}: its price rests on a load sweep of the run's results folder "
                f"({short(prices.source or 'not recorded', 200)}), where a pull request can put its own; name a folder "
                "of sweeps that you trust: --sweeps DIR"
            )
            continue
        asked = {**entry, "model": theirs.get("model")}  # a sweep is of the model that was asked
        found = hosted_prices({name: asked}, suite.name, sweeps, sweeps=sweeps).get(name)
        unit = found[2] if found is not None else None
        if unit is None or parse(PriceFacts, unit.as_facts(), sweeps).usd_per_mtok != prices.usd_per_mtok:
            yield f"  {name}: its price is not the one that the load sweeps of {sweeps} give"
