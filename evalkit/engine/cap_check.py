"""Whether a cap in US dollars can be kept: which models may cost more than anybody can say before they are asked.

    complaints += uncapped(models, tasks, cap)        # sentences with the way out; none where the cap holds

Imported only where there is a cap: it reads the providers' lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from evalkit.adapters.billed_beside import asked_beside
from evalkit.addresses import is_loopback, is_private
from evalkit.cost.billing import worst_case
from evalkit.cost.prices import PriceBook, provider_at
from evalkit.engine.budget import searches_unpriced
from evalkit.engine.work import PlannedModel
from evalkit.late import late
from evalkit.records import Settings
from evalkit.suite.extra_fields import asked_tier, other_limits, others_asked, providers_asked, thinking_budget, thinks
from evalkit.suite.schema import ModelEntry
from evalkit.suite.wording import short

_HOLD_THINKING = frozenset({"anthropic", "gemini", "openai", "azure", "bedrock", "bedrock-converse", "ollama-native"})
"""Adapters of providers whose output limit is of the thinking too, whatever a budget for it says."""
_THINK_WITHIN = late(r"^api\.(?:groq\.com|fireworks\.ai|mistral\.ai|together\.(?:ai|xyz)|deepseek\.com|x\.ai)$")
"""Hosts of other providers of which the same is known (max_tokens "including the CoT part": api-docs.deepseek.com,
"Thinking mode"; the others serve by engines that count every generated token)."""
_THINK_BESIDE = late(r"(?:^|\.)(?:aliyuncs\.com|siliconflow\.(?:com|cn))$")
"""Hosts of providers whose output limit leaves the chain of thought out: with no budget it has tens of thousands of
tokens (docs.siliconflow.com, "Reasoning"; alibabacloud.com/help/en/model-studio, "Deep thinking"; 2026-12-01)."""
_WHOLE = 1_000_000
"""Tokens of a request by which two prices are compared."""


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
            if not model.adapter.capabilities.output_limit:
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: max_output_tokens does not reach "
                    "it, so nothing says how long its answers may be. Send it, or run without a cap."
                )
            elif limit is None:
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: its max_output_tokens is not "
                    "set. Set it in the model's or the task's settings."
                )
            elif beside := asked_beside(settings[model.name].extra):
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: settings.extra asks for "
                    f"{', '.join(beside)}, which is billed besides tokens. Leave it out, or run without a cap."
                )
            elif searches_unpriced(model):
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: {model.adapter.spec.model} "
                    "searches the web unasked, which is billed besides tokens. Leave it out, or run without a cap."
                )
            elif (why := _not_its_limit(model, settings[model.name])) is not None:
                complaints.append(f"max_cost_usd {cap} cannot be kept for {model.name} on {task}: {why}")
            elif unlimited := [name for name, part in model.parts.items() if _is_unlimited(model, name, part)]:
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name}: max_output_tokens of its guard "
                    f"{' and '.join(unlimited)} is not set, or does not reach it. Set it in the guard's settings."
                )
                break
            elif below := [f"{name}: {why}" for name, one in _all_parts(model) if (why := one.undercut()) is not None]:
                complaints.append(f"max_cost_usd {cap} cannot be kept for {'; '.join(below)}.")
                break
            elif model.worst_case(1, limit) is None:
                complaints.append(
                    f"max_cost_usd {cap} cannot be kept for {model.name}: its price is unknown. Give it one in a price "
                    "file that you name: --prices prices.yaml."
                )
                break
    return complaints


def _all_parts(model: PlannedModel) -> tuple[tuple[str, PlannedModel], ...]:
    """The model and, of a pipeline, its parts."""
    return ((model.name, model), *model.parts.items())


def _is_unlimited(model: PlannedModel, name: str, part: PlannedModel) -> bool:
    """Whether a guard of a pipeline may say as much as it likes."""
    settings, can = part.adapter.spec.settings, part.adapter.capabilities
    return name != model.adapter.spec.model and (settings.max_output_tokens is None or not can.output_limit)


def _not_its_limit(model: PlannedModel, settings: Settings) -> str | None:
    """Why `max_output_tokens` is not what limits its answers, in a sentence with the way out; None where it is."""
    if others := other_limits(settings.extra):
        return (
            f"settings.extra sets {', '.join(others)}, so max_output_tokens is not what limits its answers. "
            "Leave it out."
        )
    if others := others_asked(settings.extra):
        return (
            f"settings.extra sets {', '.join(others)}, so that another model or provider may answer, at a price of its "
            "own. Leave it out, or run without a cap."
        )
    if model.adapter.spec.adapter.lower().replace("_", "-") in _HOLD_THINKING:
        return None
    budget, host = thinking_budget(settings.extra), (model.adapter.endpoint.host or "").partition(":")[0]
    if budget is None:
        why = "settings.extra gives its thinking a budget that is no number of tokens"
    elif _THINK_BESIDE.search(host) and not _bounds_thinking(settings):
        why = f"{host} does not count thinking as output, and nothing that it reads limits it"
    elif not budget and thinks(settings.extra) and not _counts_thinking(model, host):
        why = f"settings.extra lets it think without a budget, and nobody knows whether {host} counts that as output"
    else:
        return None
    return (
        f"{why}. Give it one, as its provider spells it (thinking_budget: 4000), switch thinking off "
        "(reasoning_effort: none, enable_thinking: false), or run without a cap."
    )


def _counts_thinking(model: PlannedModel, host: str) -> bool:
    """Whether its output limit is known to hold thinking too: of engines on this machine, where nobody bills either,
    and of the providers above."""
    return model.own_hardware or not host or is_loopback(host) or _THINK_WITHIN.search(host) is not None


def _bounds_thinking(settings: Settings) -> bool:
    """Whether thinking is switched off, or given a budget, where these providers read it: fields of their names deeper
    down (`metadata: {thinking_budget: 1}`) say nothing to them."""
    return (
        settings.reasoning_effort == "none"
        or settings.extra.get("enable_thinking") is False
        or settings.extra.get("thinking_budget") is not None
    )


def undercut(model: PlannedModel, entry: ModelEntry, prices: PriceBook) -> str | None:
    """Where the provider at its own address bills by a list that is known, and the suite says less (prices.yaml beside
    it, price_as, hosting): why a cap cannot rest on that. A pull request may write all of these."""
    endpoint, now, tier = model.adapter.endpoint, datetime.now(UTC), asked_tier(entry.settings.extra)
    asked = model.adapter.spec.model
    if not endpoint.network or (prices.named and prices.says(endpoint.price_provider, asked, now, tier)):
        return None
    if pinned := providers_asked(entry.settings.extra):
        return (
            f"settings.extra sets {', '.join(pinned)}, and another provider of the same model has a price of its own. "
            "If you know it, name it: --prices prices.yaml"
        )
    provider = endpoint.price_provider or (None if is_private(endpoint.host or "") else provider_at(endpoint.host))
    # A deployment's own name is in no list: there the person may have priced the model that it is taken for.
    taken_for = prices.named and prices.says(*(model.priced_as or (None, "")), now, tier)
    if provider is None or (taken_for and PriceBook().unit_prices(provider, asked, now, tier) is None):
        return None
    return _below_list(model, provider, now, tier)


def _below_list(model: PlannedModel, provider: str, now: datetime, tier: str | None) -> str | None:
    """The same where this provider is asked."""
    name = model.adapter.spec.model
    listed = PriceBook().unit_prices(provider, name, now, tier)
    if listed is None:
        if model.worst_case(1, 1) is None:
            return None
        return (
            f"no list of {provider} has a price for {short(name)}, and a cap cannot rest on the suite's word "
            "(prices.yaml, price_as or hosting). If you know the price, name it: --prices prices.yaml"
        )
    for given, made in ((_WHOLE, 0), (0, _WHOLE)):
        said, list_price = model.worst_case(given, made), worst_case(given, made, listed)
        if said is not None and list_price is not None and said < list_price:
            return (
                f"the suite prices it below the list of {provider} (prices.yaml, price_as or hosting), and a cap "
                "cannot rest on the suite's word. If the price is yours, name it: --prices prices.yaml"
            )
    return None
