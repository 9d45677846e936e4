"""What several commands do first: read a suite and plan it. Here the command line joins engine, suite and prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from evalkit.adapters.registry import known_adapters
from evalkit.cli.preflight_warnings import forewarned
from evalkit.cost.billing import UnitPrices
from evalkit.cost.prices import PriceBook
from evalkit.engine.plan import Plan, PlanOptions, make_plan
from evalkit.errors import UserError
from evalkit.paths import find
from evalkit.scorers.registry import known_scorers
from evalkit.suite.loading import load_suite
from evalkit.suite.suite import Suite

PRICE_FILE = "prices.yaml"
"""Read when it stands beside the suite and --prices names no other."""
FACTS_FILE = "models.yaml"
"""Facts about models, read when it stands beside the suite and `catalogue:` names no other."""


def suite_at(path: Path, *, allow_code: bool = False) -> Suite:
    """The suite in a file, tasks of other tools made. Raises SuiteError with every complaint, MissingPackage.

    `allow_code` is the person's word that task files of the suite may run their own Python.
    """
    names = known_adapters()
    both = {*names, *(name.replace("-", "_") for name in names)}  # the registry takes openai-chat and openai_chat alike
    suite = load_suite(path, known_adapters=sorted(both), known_scorers=known_scorers())
    if suite.foreign:
        from evalkit.bridges.lm_eval import with_lm_eval

        suite = with_lm_eval(suite, allow_code=allow_code)
    return suite


def planned(
    path: Path,
    *,
    models: tuple[str, ...] | None = None,
    tasks: tuple[str, ...] | None = None,
    limit: int | None = None,
    max_cost: str | None = None,
    prices: Path | None = None,
    allow_key_host: tuple[str, ...] = (),
    allow_suite_code: bool = False,
    results: Path | None = None,
    any_in_flight: bool = False,
    stream: bool = False,
) -> Plan:
    """The plan of a suite with what the command line adds. Raises UserError for whatever is wrong with either.

    `results` is where load sweeps are looked for, which give own hardware its price; None: it has none.
    `stream`: many samples are checked while the first are asked already.
    `any_in_flight`: the suite's limits of open requests and of dollars do not hold (a load sweep has its own).
    """
    suite = suite_at(path, allow_code=allow_suite_code)
    if any_in_flight:
        freed = suite.run.model_copy(update={"in_flight": "auto", "max_cost_usd": None})
        suite = replace(suite, file=suite.file.model_copy(update={"run": freed}))
    beside = find(PRICE_FILE, suite.folder, label=str(suite.folder / PRICE_FILE))
    book = PriceBook.load(prices or (beside if beside.is_file() else None))
    hosts = frozenset(host.strip() for host in allow_key_host)
    own = {} if results is None else _own_hardware(suite, results)
    options = PlanOptions(models, tasks, limit, dollars(max_cost), hosts, own, allow_suite_code, stream)
    plan = make_plan(suite, options, book)
    told = _catalogue(suite)
    return forewarned(replace(plan, facts={**plan.facts, "catalogue": told}) if told else plan)


def _catalogue(suite: Suite) -> list[dict[str, Any]]:
    """What the suite's own file says of models, for the facts of the run; [] where it has none. Raises UserError."""
    named = suite.file.catalogue
    path = find(named or FACTS_FILE, suite.folder, label=f"{suite.path}: catalogue: {named or FACTS_FILE}")
    if named is None and not path.is_file():
        return []
    from evalkit.catalogue.reading import record

    return [record(path)]


def _own_hardware(suite: Suite, results: Path) -> dict[str, UnitPrices]:
    """Prices per token of the models whose `hosting` a load sweep gives a throughput. Raises StoreError."""
    if not any(entry.hosting for entry in suite.models.values()):
        return {}
    from evalkit.cli.sweeps import hosted_prices

    models = {name: entry.model_dump(mode="json", exclude_none=True) for name, entry in suite.models.items()}
    return {name: unit for name, (_, _, unit) in hosted_prices(models, suite.name, results).items() if unit is not None}


def dollars(text: str | None) -> Decimal | None:
    """An amount of --max-cost; None when it was not given. Raises UserError for what is no amount above 0."""
    if text is None:
        return None
    try:
        amount = Decimal(text.strip().lstrip("$"))
    except InvalidOperation:
        raise UserError(f"--max-cost {text!r} is no amount of dollars; write it like --max-cost 20") from None
    if not amount.is_finite() or amount <= 0:
        raise UserError(f"--max-cost {text} must be above 0")
    return amount
