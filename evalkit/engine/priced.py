"""Models with their prices bound: what an answer was billed, what a request can cost at most, whether a cap can hold.

model = priced(entry, adapter, prices, own)       # model.price(usage, served, when), model.worst_case(bytes, limit)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from evalkit.adapters.base import Adapter
from evalkit.adapters.billed_beside import asked_beside
from evalkit.adapters.registry import origin_of_model
from evalkit.cost.billing import UnitPrices, bill, provider_bill, worst_case
from evalkit.cost.prices import PriceBook
from evalkit.engine.work import PlannedModel
from evalkit.records import Settings, Usage
from evalkit.suite.extra_fields import other_limits
from evalkit.suite.schema import ModelEntry


def priced(entry: ModelEntry, adapter: Adapter, prices: PriceBook, own: UnitPrices | None) -> PlannedModel:
    """The model with its price bound; `price_as: provider:model` names both where the deployment says nothing."""
    provider, model = adapter.endpoint.price_provider, adapter.spec.model
    if entry.price_as is not None:
        named, colon, rest = entry.price_as.partition(":")
        provider, model = (named, rest) if colon else (provider, entry.price_as)
    if own is not None and not prices.known_price(provider, model, datetime.now(UTC)):
        return _on_own_hardware(adapter, own, model)
    if provider is None and not prices.entries:
        return PlannedModel(adapter.spec.name, adapter, _stated_only, lambda n_bytes, limit: None, (None, model))
    tier = asked_tier(entry)

    def price(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
        made = prices.price(provider, model, usage, at, tier)
        return made.total_usd if made else None

    def worst_case(n_bytes: int, limit: int | None) -> Decimal | None:
        if limit is None:
            return None
        return prices.worst_case_usd(provider, model, n_bytes, limit, datetime.now(UTC), tier)

    return PlannedModel(adapter.spec.name, adapter, price, worst_case, (provider, model))


def _on_own_hardware(adapter: Adapter, own: UnitPrices, model: str) -> PlannedModel:
    """A model whose machine is paid by the hour: its load sweep says what that makes a token."""

    def price(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
        made = bill(usage, own)
        return made.total_usd if made else None

    def worst(n_bytes: int, limit: int | None) -> Decimal | None:
        return None if limit is None else worst_case(n_bytes, limit, own)

    return PlannedModel(adapter.spec.name, adapter, price, worst, (None, model), own_hardware=True)


def asked_tier(entry: ModelEntry) -> str | None:
    """The tier that a model's settings ask for (`extra: {service_tier: flex}`, `{speed: fast}`); None: ordinary."""
    speed = entry.settings.extra.get("speed")
    tier = speed if speed == "fast" else entry.settings.extra.get("service_tier")
    return tier if isinstance(tier, str) else None


def _stated_only(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
    """Where nobody is known to bill, only what the endpoint itself says it cost is known."""
    stated = provider_bill(usage)
    return stated.total_usd if stated else None


def uncapped(models: list[PlannedModel], tasks: list[tuple[str, Mapping[str, Settings]]], cap: Decimal) -> list[str]:
    """Why a cap in dollars could not be kept: an unknown price or output limit of any model that costs money."""
    complaints = []
    for model in models:
        if not model.adapter.endpoint.network:
            continue
        for task, settings in tasks:
            if model.name not in settings:
                continue
            limit = settings[model.name].max_output_tokens
            if limit is None:
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: its max_output_tokens is not "
                    "set. Set it in the model's or the task's settings."
                )
            elif beside := asked_beside(settings[model.name].extra):
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: settings.extra asks for "
                    f"{', '.join(beside)}, which is billed besides tokens. Leave it out, or run without a cap."
                )
            elif others := other_limits(settings[model.name].extra):
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: settings.extra sets "
                    f"{', '.join(others)}, so max_output_tokens is not what limits its answers. Leave it out."
                )
            elif model.worst_case(1, limit) is None:
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name}: its price is unknown. Give it one in a price "
                    "file (--prices prices.yaml) or name a known model with price_as."
                )
                break
    return complaints


def about(model: PlannedModel, entry: ModelEntry, own: UnitPrices | None, prices: PriceBook) -> dict[str, Any]:
    """What run.json says of a model, or of a judge."""
    endpoint = model.adapter.endpoint
    made_by = origin_of_model(model.adapter.spec)
    unit = None
    if model.priced_as is not None:
        unit = prices.unit_prices(*model.priced_as, datetime.now(UTC), asked_tier(entry))
        unit = unit or own
    return {
        "adapter": model.adapter.spec.adapter,
        "model": model.adapter.spec.model,
        "place": endpoint.place,
        "host": endpoint.host,
        "facts": {**endpoint.facts, **({"plugin": made_by} if made_by is not None else {})},
        "prices": unit.as_facts() if unit is not None else None,
        "priced_as": list(model.priced_as) if model.priced_as is not None else None,
        "service_tier": asked_tier(entry),
        "streaming": model.adapter.capabilities.streaming,
    }
