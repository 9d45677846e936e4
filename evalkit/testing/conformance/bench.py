"""What the checks of an adapter stand on: the adapter in front of a fake provider, and how a check complains."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    KeyRefused,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
    Stalled,
)
from evalkit.records import Message, Request
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.testing.fake_provider.wire import Dialect
from evalkit.testing.loopback import Loopback, loopback, raw_server

NAME = "m"
"""What the model is called in the suite."""
CANARY = "sk-canary-6f1d0c9b2a-conformance"
"""The key of every check: it may be found in one header and nowhere else."""
ASK = Request((Message("system", "Be brief."), Message("user", "What is the capital of France?")))
N_INPUT = 8
"""Tokens of ASK, as the fake provider counts them: its words."""

FAULTS: Mapping[str, type[RequestError]] = {
    "400": Rejected,
    "401": KeyRefused,
    "402": OutOfCredit,
    "403": KeyRefused,
    "404": Rejected,
    "408": ServerError,
    "409": ServerError,
    "413": Rejected,
    "422": Rejected,
    "429": RateLimited,
    "500": ServerError,
    "502": ServerError,
    "503": Overloaded,
    "504": ServerError,
    "529": Overloaded,
    "drop": ConnectionFailed,
    "drop_mid": ConnectionFailed,
    "end_mid": ConnectionFailed,
    "stall": Stalled,
    "stall_mid": Stalled,
    "malformed": BadReply,
    "error_mid": ServerError,
}
"""What each fault of the fake provider must become: an HTTP status, or how the reply breaks off."""


class Complaint(Exception):
    """A check found something; the sentence says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that failed."""

    check: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeServer:
    """The provider that is not there, as one adapter is to be tried on it."""

    adapter: str
    """The adapter's name, as suites write it."""
    model: str = "model-1"
    path: str = "/v1"
    """What its base_url ends with."""
    endpoint: str = ""
    """The path of the endpoint, which messages about an HTTP status must name. Empty: none has to be named."""
    dialects: Mapping[str, Dialect] = field(default_factory=dict)
    """End of a path to the module that answers there. Empty: evalkit's own fake provider knows the dialect."""
    behaviour: Behaviour = field(default_factory=Behaviour)
    """What every check starts from (`flavour` and the like)."""
    key_env: tuple[str, ...] = ()
    """Variables that may hold the key, the first one first. Empty: it takes none."""
    key_header: str = ""
    """The header that the key stands in, like "x-brook-key". Empty: one of those that the fake provider knows."""
    options: Mapping[str, object] = field(default_factory=dict)
    faults: Mapping[str, type[RequestError]] = field(default_factory=dict)
    """Faults that become another error in this dialect, like {"error_mid": Overloaded}."""
    shows_reasoning: bool = True
    """Whether reasoning text comes apart from the answer."""
    counts_reasoning: bool = True
    """Whether usage says how many of the output tokens are reasoning."""
    counts_cached: bool = True
    """Whether usage says how many of the input tokens came from the provider's cache."""
    names_model: bool = True
    """Whether a reply says which model it is of."""
    refuses_with: str = ""
    """The text that comes with a refusal of the model; most dialects have none."""
    refusals: bool = True
    """Whether the dialect can tell that the model declined."""

    def kind_of(self, fault: str) -> type[RequestError]:
        """The error that a fault must become."""
        return self.faults.get(fault, FAULTS[fault])


@dataclass(frozen=True, slots=True)
class Bench:
    """One adapter on the bench."""

    make: Callable[[ModelSpec], Adapter]
    server: FakeServer

    def spec(self, base_url: str | None, **fields: Any) -> ModelSpec:
        """The entry of a suite. `fields` are those of ModelSpec."""
        fields.setdefault("options", self.server.options)
        return ModelSpec(name=NAME, adapter=self.server.adapter, model=self.server.model, base_url=base_url, **fields)

    @asynccontextmanager
    async def served(self, **behaviour: Any) -> AsyncIterator[tuple[Adapter, FakeProvider]]:
        """The adapter in front of a fake provider; a key `spec` of the behaviour gives fields of the entry."""
        fields = behaviour.pop("spec", {})
        behaviour = {"key_header": self.server.key_header or self.server.behaviour.key_header, **behaviour}
        async with FakeProvider(self.server.behaviour.changed(behaviour), dialects=self.server.dialects) as provider:
            adapter = self.make(self.spec(provider.origin + self.server.path, **fields))
            try:
                yield adapter, provider
            finally:
                await adapter.aclose()

    @asynccontextmanager
    async def before(self, answer: bytes, **fields: object) -> AsyncIterator[tuple[Adapter, Loopback]]:
        """The adapter in front of a server that answers with exactly these bytes, a whole HTTP reply."""
        async with loopback(answer) as server:
            adapter = self.make(self.spec(server.url.removesuffix("/v1") + self.server.path, **fields))
            try:
                yield adapter, server
            finally:
                await adapter.aclose()

    @asynccontextmanager
    async def before_bytes(self, chunks: Sequence[bytes], **fields: object) -> AsyncIterator[Adapter]:
        """The adapter in front of a server that writes these bytes, HTTP or not, and closes."""
        async with raw_server(chunks) as url:
            adapter = self.make(self.spec(url.removesuffix("/v1") + self.server.path, **fields))
            try:
                yield adapter
            finally:
                await adapter.aclose()

    @contextmanager
    def key(self, value: str | None = CANARY) -> Iterator[None]:
        """The environment with this key in the adapter's first variable, and nothing in its others (None: in none)."""
        before = {name: os.environ.pop(name, None) for name in self.server.key_env}
        if value is not None:
            os.environ[self.server.key_env[0]] = value
        try:
            yield
        finally:
            for name, old in before.items():
                os.environ.pop(name, None)
                if old is not None:
                    os.environ[name] = old


def expect(holds: object, says: str) -> None:
    """Raises Complaint unless it holds."""
    if not holds:
        raise Complaint(says)


async def error_of(adapter: Adapter, request: Request = ASK) -> RequestError:
    """The RequestError of one request. Raises Complaint where an answer or anything else comes."""
    try:
        response = await adapter.respond(request)
    except RequestError as error:
        return error
    except Exception as error:
        raise Complaint(
            f"respond raised {type(error).__name__}: {error}. Nothing but a RequestError of evalkit.errors may escape"
        ) from error
    raise Complaint(f"an answer came where an error was due: {response.text[:80]!r} ({response.stop_reason})")
