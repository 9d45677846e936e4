"""How a candidate is billed and licensed by its own word, where a rule of a protected gate is about that."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit import trust
from evalkit.addresses import is_loopback
from evalkit.decide.allowed_differences import same
from evalkit.decide.judged import WHO, Judged, mapping
from evalkit.facts import ModelFacts, RunFacts
from evalkit.plugins import folded
from evalkit.suite.extra_fields import asked_tier, other_limits, tier_fields
from evalkit.suite.policy import current
from evalkit.suite.wording import short

BILLED_BY = ("price_as", "hosting", "reported_cost")
"""What a model's entry says of how its answers are billed, beside what they really cost."""
_PLACED_BY = ("adapter", "base_url", "resource")
"""What says whose server is asked."""
_IDENTIFIED_BY = ("adapter", "model", "resource")
"""What says which model a provider bills."""
_WEIGHED_BY = ("weights", "compute_type", "serve", "lora")
"""What says which weights answer, and in which precision."""
_RUN_BY = ("inter_threads", "intra_threads", "max_batch", "num_ctx")
"""What else decides how much a machine of one's own can do."""


def otherwise_billed(one: Judged, facts: RunFacts) -> Iterator[str]:
    """A line for each thing that the run says of the candidate's bills by itself."""
    ours, theirs, name = one.ours, one.theirs, one.name
    free = one.moved and one.is_billed_by_a_provider
    changed = [
        key for key in BILLED_BY if not same(ours.get(key), theirs.get(key)) and not (free and theirs.get(key) is None)
    ]
    if changed:
        yield f"  {name}: {', '.join(changed)} of its entry changed, and a rule is about its cost"
    elsewhere = theirs.get("base_url") and any(ours.get(key) != theirs.get(key) for key in ("adapter", "base_url"))
    if elsewhere and not _is_priced_by_the_person(one.ran, facts):
        yield (
            f"  {name}: its adapter or address changed, and nobody says that the price of "
            f"{theirs.get('adapter')}, or what this address itself says that it bills, is true; a rule is about its "
            "cost (name prices yourself, this model's too: evalkit run --prices FILE)"
        )
    elif one.moved and not changed and not _is_priced_by_the_person(one.ran, facts) and _is_priced_by_its_name(one):
        yield (
            f"  {name}: nobody is known to bill it where it runs now, and the price of {short(theirs.get('model'))} is "
            "that of others; a rule is about its cost (name prices yourself: evalkit run --prices FILE)"
        )
    yield from _billed_as_another(one)
    if one.moved and theirs.get("resource") and theirs.get("price_as") is None:
        yield (
            f"  {name}: its model is the name of a deployment, which anybody may choose, and a rule is about its cost "
            "(say price_as on the protected branch first)"
        )
    had, has = (mapping(entry.get("settings")) for entry in (ours, theirs))
    if had.get("max_output_tokens") is not None and has.get("max_output_tokens") is None:
        yield f"  {name}: settings.max_output_tokens was taken away, and a rule is about its cost"
    if ours.get("token_param") != theirs.get("token_param"):
        yield f"  {name}: token_param of its entry changed, by which its output limit is sent, and a rule is about cost"
    extra = mapping(has.get("extra"))
    if extra != mapping(had.get("extra")) and (others := other_limits(extra)):
        yield f"  {name}: settings.extra sets {', '.join(others)}; a rule is about cost: write max_output_tokens"


def _is_priced_by_the_person(ran: ModelFacts, facts: RunFacts) -> bool:
    """Whether the person named a price file for the run and it has this model: then neither the book nor what an
    address says of its own bill counts."""
    named = facts.price_file is not None and facts.price_file.of == "person"
    return named and ran.prices is not None and not (ran.prices.source or "").startswith("genai-prices")


def _billed_as_another(one: Judged) -> Iterator[str]:
    """The suite's own word on a price, kept beside something else that is asked: it says what the suite's costs."""
    ours, theirs = one.ours, one.theirs
    other = [key for key in (*_IDENTIFIED_BY, *_WEIGHED_BY) if not same(ours.get(key), theirs.get(key))]
    alias = theirs.get("price_as")
    if other and alias is not None and same(alias, ours.get("price_as")):
        yield (
            f"  {one.name}: {', '.join(other)} of its entry changed, and it would be billed by the price_as that the "
            f"suite says of its own ({short(alias)}); a rule is about its cost (change both on the protected branch "
            "first)"
        )
    # A sweep is found by the model's name. What else decides its throughput may not change unmeasured.
    slower = [key for key in (*_PLACED_BY, *_WEIGHED_BY, *_RUN_BY) if not same(ours.get(key), theirs.get(key))]
    if slower and _source(one.ran).startswith("hosting"):
        yield (
            f"  {one.name}: {', '.join(slower)} of its entry changed, and its price rests on a load sweep of what the "
            "suite says; a rule is about its cost (change it on the protected branch and measure it: evalkit load)"
        )
    extras = [mapping(mapping(entry.get("settings")).get("extra")) for entry in (ours, theirs)]
    if (
        asked_tier(extras[0]) != asked_tier(extras[1])
        and one.ran.prices is not None
        and not _source(one.ran).startswith("genai-prices")
    ):
        fields = dict.fromkeys(field for extra in extras for field in tier_fields(extra))
        yield (
            f"  {one.name}: settings.extra.{', '.join(fields)}: another service tier than the suite's, and prices of "
            "a file may hold for every tier; a rule is about its cost (change it on the protected branch first)"
        )


def _is_priced_by_its_name(one: Judged) -> bool:
    """Whether a price was taken by the name of the model though no provider is known to bill: the book's is another
    provider's, and one of a file is that of whoever the suite asked, where now another server is asked."""
    ran = one.ran
    if ran.priced_as is None or ran.priced_as[0] is not None or ran.prices is None:
        return False
    elsewhere = any(one.ours.get(key) != one.theirs.get(key) for key in _PLACED_BY)
    return _source(ran).startswith("genai-prices") or (elsewhere and not _source(ran).startswith("hosting"))


def _source(ran: ModelFacts) -> str:
    """Where the unit prices are from; empty where there are none."""
    return (ran.prices.source or "") if ran.prices is not None else ""


def other_licence(one: Judged, addresses: frozenset[str]) -> Iterator[str]:
    """A line where the run says a licence by itself, keeps the suite's for another model, or lets a server name itself.
    `addresses`: those that the suite names."""
    if one.theirs.get("licence") is None:
        if one.moved and _names_itself(one, addresses):
            yield (
                f"  {one.name}: {short(one.theirs.get('model'))} is a name that its own server gives it, and a rule is "
                "about its licence: whoever runs a server may choose the name (say its licence and address on the "
                "protected branch first)"
            )
        return
    if one.theirs.get("licence") != one.ours.get("licence"):
        yield f"  {one.name}: licence of its entry changed, and a rule is about its licence"
    elif any(not same(one.ours.get(key), one.theirs.get(key)) for key in (*WHO, "weights", "serve", "lora")):
        yield (
            f"  {one.name}: another model than the suite's, under the licence that the suite says of its own; a "
            "rule is about its licence (change both on the protected branch first)"
        )


def _names_itself(one: Judged, addresses: frozenset[str]) -> bool:
    """Whether the model's name is the word of a server that neither the suite nor the person names: any name can be
    given to any weights there. `serve:` loads the weights that it names, and so does the embedded engine."""
    theirs = one.theirs
    if theirs.get("serve") or folded(str(theirs.get("adapter"))) == "ctranslate2":
        return False
    if theirs.get("resource"):
        return True  # the name of a deployment
    host, address = (one.ran.host or "").lower(), theirs.get("base_url")
    if all(one.ours.get(key) == theirs.get(key) for key in _PLACED_BY):
        return False  # the suite's own server
    named = isinstance(address, str) and address.rstrip("/") in addresses
    policy = current()
    vouched = trust.prompts_may_go(host) or (policy is not None and policy.endpoint(host) is not None)
    return not named and not vouched and (bool(address) or is_loopback(host))
