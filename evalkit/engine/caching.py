"""How the engine asks the response cache: by everything that could change an answer, and where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.adapters.base import Adapter
from evalkit.adapters.registry import origin_of_model
from evalkit.addresses import is_private
from evalkit.engine.work import PlannedModel
from evalkit.records import Request, Response
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.cache import ResponseCache, key
from evalkit.suite.digests import canonical_json

if TYPE_CHECKING:
    from evalkit.engine.answer_cache import HasBill

DIALECTS_VERSION = 1
"""Raised when an adapter sends or reads the same request differently: older answers are then bought anew."""


class CachedAnswers:
    """Answers bought in earlier runs. Adapters that only read files are not kept: their file may change."""

    def __init__(self, cache: ResponseCache) -> None:
        self._cache = cache
        self._places: dict[int, bytes] = {}
        """By the identity of a request that is asked for: its key, which takes a tenth of its time to make."""
        self._origins: dict[str, str | None] = {}
        """By model: the package or settings file that its adapter is from; None: evalkit's own."""

    def get(self, model: PlannedModel, request: Request) -> CachedAnswer | None:
        """The answer to this very request from the same place; None when it was never bought. The first that ever came
        stays, whatever the limits of later runs: whoever asks again chooses which answers are left."""
        if not keepable(model):
            return None
        where = self._key(model, request)
        found = self._cache.get(where)
        if found is None:
            self._places[id(request)] = where  # the request lives until its answer is kept, or is given up
        else:
            self._places.pop(id(request), None)
        return found

    def is_elsewhere(self, model: PlannedModel, request: Request) -> bool:
        """Whether another run had this very request under way when it was looked for last."""
        return keepable(model) and self._cache.is_elsewhere(self._place(model, request))

    def put(self, model: PlannedModel, request: Request, response: Response, row: HasBill) -> None:
        """Keep an answer; errors never come here."""
        if keepable(model):
            billed = None if model.own_hardware else row.cost_usd
            where = self._done(model, request)
            self._cache.put(where, CachedAnswer(response, row.started_at, billed, row.given_up or 0))

    def sent(self, model: PlannedModel, request: Request) -> None:
        """Keep that a request went out whose answer is not there yet: where the run ends before it comes, and another
        asks again, that is an attempt given up."""
        if keepable(model):
            self._cache.sent(self._place(model, request))

    def given_up(self, model: PlannedModel, request: Request) -> int:
        """Attempts at this very request that earlier runs gave up, and that no answer came to."""
        return self._cache.given_up(self._place(model, request)) if self._cache.has_given_up else 0

    def give_up(self, model: PlannedModel, request: Request, n: int) -> None:
        """Keep that no answer came, and how many attempts were given up in all: who asks until an answer is quick
        chooses among them."""
        if keepable(model):
            self._cache.give_up(self._done(model, request), n)

    def keep(self) -> None:
        """Write what has waited for half a second: a process that is killed loses no more."""
        self._cache.flush_in_time()

    def _place(self, model: PlannedModel, request: Request) -> bytes:
        return self._places.get(id(request)) or self._key(model, request)

    def _done(self, model: PlannedModel, request: Request) -> bytes:
        return self._places.pop(id(request), None) or self._key(model, request)

    def _key(self, model: PlannedModel, request: Request) -> bytes:
        adapter = model.adapter
        dialect = adapter.endpoint.facts.get("dialect", adapter.spec.adapter)
        said = adapter.spec.weights
        place = adapter.endpoint.place if said is None else f"{adapter.endpoint.place} weights {said}"
        provider = adapter.endpoint.facts.get("preset")
        if provider is not None and (adapter.spec.base_url is not None or is_private(adapter.endpoint.host or "")):
            place = f"{place} of {provider}"  # behind a gateway's one address the same name may be another's model
        if adapter.spec.options:  # they decide how a reply is read: what it cost, whether it came in parts
            place = f"{place} options {canonical_json(dict(adapter.spec.options)).decode()}"
        if (origin := self._origin(model)) is not None:  # another version of a package may read a reply otherwise
            place = f"{place} from {origin}"
        return key(place, f"{dialect}/{DIALECTS_VERSION}", adapter.spec.model, request)

    def _origin(self, model: PlannedModel) -> str | None:
        if model.name not in self._origins:
            self._origins[model.name] = origin_of_model(model.adapter.spec)
        return self._origins[model.name]


def keepable(model: PlannedModel) -> bool:
    """Whether an answer holds for later runs: not where other weights may stand behind the same address by then.

    llama.cpp and LM Studio answer with whatever they have loaded, whatever model the request names.
    """
    return is_kept(model.adapter)


def is_kept(adapter: Adapter) -> bool:
    """The same of an adapter."""
    endpoint = adapter.endpoint
    if not endpoint.cacheable or endpoint.host is None or not is_private(endpoint.host):
        return endpoint.cacheable
    return (endpoint.weights or adapter.spec.weights) is not None
