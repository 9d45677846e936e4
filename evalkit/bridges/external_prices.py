"""Prices for results of other tools: who bills for each of their models (`--price-as`), and what rows cost.

billed(["openai:gpt-4o"], ["mine"])                        # {"mine": ModelOf(price_as="openai:gpt-4o")}
billed(["mine=openai:gpt-4o", "b=x-ai:grok-4"], ["mine", "b"])
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from evalkit.bridges.imported import Imported
from evalkit.bridges.table_costs import TableCosts
from evalkit.bridges.table_map import ModelOf, TableMap
from evalkit.cost.prices import PriceBook
from evalkit.errors import UserError
from evalkit.facts import ModelFacts, PriceFacts
from evalkit.suite.wording import near, short

WAY_OUT = "say who bills: --price-as {name}PROVIDER:MODEL"
"""For notes; `name` is `NAME=` where there are several models."""


def billed(given: Sequence[str], models: Collection[str]) -> dict[str, ModelOf]:
    """Who bills, by model. Raises UserError for a model that there is not, and where several could be meant."""
    found: dict[str, ModelOf] = {}
    for one in given:
        name, equals, who = one.rpartition("=")
        provider, colon, model = who.partition(":")
        if not (provider and colon and model):
            raise UserError(f"--price-as {one}: write PROVIDER:MODEL, or NAME=PROVIDER:MODEL, like openai:gpt-4o")
        if not equals:
            if len(models) != 1:
                some = ", ".join(list(models)[:8])
                raise UserError(
                    f"--price-as {one}: there are {len(models)} models here ({some}); say whose it is: "
                    "--price-as NAME=PROVIDER:MODEL, several times"
                )
            name = next(iter(models))
        if name not in models:
            raise UserError(f"--price-as {one}: there is no model {short(name)} here; {near(name, models)}")
        if name in found:
            raise UserError(f"--price-as {one}: who bills for {short(name)} is said twice")
        found[name] = ModelOf(price_as=who)
    return found


def price_rows(found: Imported, prices: PriceBook, given: Sequence[str]) -> None:
    """Give the rows their costs, by the prices of the day on which each was made; and say of each model that has none
    which option names them. Raises UserError as `billed`."""
    said = billed(given, found.models)
    costs = TableCosts({name: _of(told, said.get(name)) for name, told in found.models.items()}, prices)
    rows = found.rows
    counts: dict[str, list[int | None]] = {
        "input_tokens": [_count(row.input_tokens) for row in rows],
        "output_tokens": [_count(row.output_tokens) for row in rows],
        "reasoning_tokens": [_count(row.reasoning_tokens) for row in rows],
        "cached_tokens": [_count(row.cache_read_tokens) for row in rows],
        "cache_write_tokens": [_count(row.cache_write_other_tokens) for row in rows],
        "calls": [2 for _ in rows],  # how many is not said: a price that depends on each prompt's length is unknown
    }
    made = costs.of([row.model for row in rows], [row.started_at for row in rows], None, counts, None)
    found.rows[:] = [replace(row, cost_usd=cost) for row, cost in zip(rows, made, strict=True)]
    for name, told in found.models.items():
        first = min((row.started_at for row in rows if row.model == name and row.started_at), default=0.0)
        unit = costs.unit_prices(name, first) if first else None
        facts = ModelFacts(priced_as=costs.priced_as(name))
        if unit is not None:
            facts = facts.with_changes(ModelFacts(prices=PriceFacts.model_validate(unit.as_facts())))
        found.models[name] = told.with_changes(facts)
    unpriced = [name for name, told in found.models.items() if told.prices is None]
    if unpriced:
        found.notes.append(unpriced_note(unpriced, len(found.models), own=bool(prices.entries)))
    if costs.n_unbanded:
        found.notes.append(
            f"the cost of {costs.n_unbanded:,} of {len(rows):,} rows is unknown: the price of their model depends on "
            "the length of each prompt, and the log has their sum. Give flat prices of your own: --prices FILE"
        )


def unpriced_note(unpriced: Sequence[str], n_models: int, *, own: bool) -> str:
    """Whose costs stay unknown, and the options that these imports have. `own`: a price file was given."""
    more = "" if own else ", or give prices of your own: --prices FILE"
    way = WAY_OUT.format(name="NAME=" if n_models > 1 else "")
    return f"no price is known for {', '.join(unpriced)[:600]}: {way}{more}"


def price_notes(mapped: TableMap, made: Imported, without_cost: Collection[str], *, own: bool) -> Iterator[str]:
    """What keeps the costs of a table's rows, or of another tool's, unknown. `without_cost`: models with answers whose
    tokens are known and whose cost is not."""
    of_a_tool = made.source.tool != "table"
    unpriced = [name for name, told in made.models.items() if told.prices is None]
    if "started_at" not in mapped.columns:
        way = "at the import: --at DATE" if of_a_tool else "in the map: `started_at: {const: 2026-01-31}`"
        yield (
            "nobody says when the answers were made, so they are priced by a day that you name: evalkit price RUN "
            f"--at DATE; or {way}"
        )
    elif of_a_tool:
        if unpriced := [name for name in unpriced if name in without_cost]:
            yield unpriced_note(unpriced, len(made.models), own=own)
    elif unpriced and "cost_usd" not in mapped.columns:
        more = "" if own else ", or give prices of your own: --prices FILE"
        yield (
            f"no price is known for {', '.join(unpriced)[:600]}: say who bills in the map (`models: {{NAME: "
            f"{{price_as: PROVIDER:MODEL}}}}`){more}"
        )


def _count(given: object) -> int | None:
    """What the tool wrote as a count; None where it is none, which the rows are refused for later."""
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None


def _of(told: ModelFacts, said: ModelOf | None) -> ModelOf:
    if said is not None:
        return replace(said, model=told.model)
    provider, model = told.priced_as or (None, None)
    return ModelOf(told.model, f"{provider}:{model}" if provider and model else None)
