"""What several commands do first: read a suite and plan it. Here the command line joins engine, suite and prices."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

from evalkit.adapters.registry import known_adapters
from evalkit.cost.prices import PriceBook
from evalkit.engine.plan import Options, Plan, make_plan
from evalkit.errors import UserError
from evalkit.scorers.registry import known_scorers
from evalkit.suite.loading import load_suite
from evalkit.suite.suite import Suite

PRICE_FILE = "prices.yaml"
"""Read when it stands beside the suite and --prices names no other."""


def suite_at(path: Path) -> Suite:
    """The suite in a file. Raises SuiteError with every complaint."""
    names = known_adapters()
    both = {*names, *(name.replace("-", "_") for name in names)}  # the registry takes openai-chat and openai_chat alike
    return load_suite(path, known_adapters=sorted(both), known_scorers=known_scorers())


def planned(
    path: Path,
    *,
    models: tuple[str, ...] | None = None,
    tasks: tuple[str, ...] | None = None,
    limit: int | None = None,
    max_cost: str | None = None,
    prices: Path | None = None,
    allow_key_host: tuple[str, ...] = (),
) -> Plan:
    """The plan of a suite with what the command line adds. Raises UserError for whatever is wrong with either."""
    suite = suite_at(path)
    beside = suite.folder / PRICE_FILE
    book = PriceBook.load(prices or (beside if beside.is_file() else None))
    hosts = frozenset(host.strip().lower() for host in allow_key_host)
    return make_plan(suite, Options(models, tasks, limit, _dollars(max_cost), hosts), book)


def _dollars(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text.strip().lstrip("$"))
    except InvalidOperation:
        raise UserError(f"--max-cost {text!r} is no amount of dollars; write it like --max-cost 20") from None
    if not amount.is_finite() or amount <= 0:
        raise UserError(f"--max-cost {text} must be above 0")
    return amount
