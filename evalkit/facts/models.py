"""What run.json says of a model or a judge: who answered, where, and at which prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from evalkit.facts.base import Bool, Count, Json, StoredRecord


def is_replayed(told: Mapping[str, object] | None) -> bool:
    """Whether answers were read from a file. `told`: what the adapter of a model says of itself."""
    return (told or {}).get("replayed") == "true"


class BandFacts(StoredRecord):
    """Prices of one band of prompt length, in US dollars per million tokens. None: the list names no price for it."""

    above_input_tokens: Count = 0
    """The band holds for prompts of more than this many tokens. The first band has 0."""
    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    reasoning: Decimal | None = None
    """None: reasoning tokens cost what output tokens do."""


class PriceFacts(StoredRecord):
    """The unit prices of one model when the run was planned."""

    model: str | None = None
    """Id in the price list. It may differ from the model asked for: lists match by prefix and pattern."""
    source: str | None = None
    """`genai-prices 0.2.3`, the name of the user's file, or the load sweep behind a hosting."""
    usd_per_request: Decimal | None = None
    """Fee of each request, in US dollars. None: there is none."""
    usd_per_mtok: tuple[BandFacts, ...] = ()
    """By band of prompt length, the shortest first."""

    @property
    def is_a_bill(self) -> bool:
        """Whether somebody bills by use, wherever the address lies; the price of own machines comes of a load sweep."""
        return " by load sweep " not in (self.source or "") and bool(self.usd_per_mtok or self.usd_per_request)


class ModelFacts(StoredRecord):
    """One model, or one judge, of a run."""

    adapter: str | None = None
    """Adapter that asked it; `imported` where another tool did. None: not recorded."""
    model: str | None = None
    """Model id as it was sent. None: not recorded."""
    place: str | None = None
    """Where it ran: endpoint, or engine and weights. None: not recorded."""
    host: str | None = None
    """Host name that received the requests. None: nothing left this process, or not recorded."""
    facts: Mapping[str, Json] | None = None
    """What the adapter says of itself (engine, weights, SDK version ...), mostly texts. None: not recorded."""
    prices: PriceFacts | None = None
    """None: no price was known."""
    priced_as: tuple[str | None, str | None] | None = None
    """(provider, model id) under which prices were looked up; provider None: any. None: nobody is known to bill."""
    service_tier: str | None = None
    """Service tier that the settings ask for. None: the ordinary one."""
    streaming: Bool | None = None
    """Whether answers were streamed. None: not recorded."""
    parts: Mapping[str, ModelFacts] | None = None
    """The models that a pipeline is made of, by name. None: it is no pipeline."""

    @property
    def replayed(self) -> bool:
        """Whether answers (of a pipeline those of any part) were read from a file: evalkit took no times."""
        return is_replayed(self.facts)

    @property
    def file_sha256(self) -> str | None:
        """Digest of the file that answers were read from; None where no file was."""
        found = (self.facts or {}).get("file_sha256")
        return found if isinstance(found, str) else None
