"""How a candidate is billed and licensed by its own word, where a rule of a protected gate is about that."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.decide.allowed_differences import same
from evalkit.decide.judged import WHO, Judged, mapping
from evalkit.facts import ModelFacts, RunFacts
from evalkit.suite.extra_fields import other_limits
from evalkit.suite.wording import short

BILLED_BY = ("price_as", "hosting", "reported_cost")
"""What a model's entry says of how its answers are billed, beside what they really cost."""


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
    elif one.moved and not changed and _is_of_another_provider(one.ran):
        yield (
            f"  {name}: nobody bills it, and the price of {short(theirs.get('model'))} in the book is another "
            "provider's; a rule is about its cost (name prices yourself: evalkit run --prices FILE)"
        )
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


def _is_of_another_provider(ran: ModelFacts) -> bool:
    """Whether the book's price was taken though no provider is known to bill."""
    unbilled = ran.priced_as is not None and ran.priced_as[0] is None
    return unbilled and ran.prices is not None and (ran.prices.source or "").startswith("genai-prices")


def other_licence(one: Judged) -> Iterator[str]:
    """A line where the run says a licence by itself, or keeps the suite's for another model."""
    if one.theirs.get("licence") is None:
        return
    if one.theirs.get("licence") != one.ours.get("licence"):
        yield f"  {one.name}: licence of its entry changed, and a rule is about its licence"
    elif any(not same(one.ours.get(key), one.theirs.get(key)) for key in (*WHO, "weights", "serve", "lora")):
        yield (
            f"  {one.name}: another model than the suite's, under the licence that the suite says of its own; a "
            "rule is about its licence (change both on the protected branch first)"
        )
