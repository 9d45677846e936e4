"""One adapter for every API: a dialect says what is written and how it is read, a transport carries it.

    class Acme(ApiDialect): body(request) -> {"prompt": ...}; reading(request) -> AcmeAnswer()
    DialectAdapter(spec, Acme(), Wire(spec, "https://api.acme.example", ...)).respond(request) -> Response

A dialect is pure: it sends nothing and knows no address, key or clock. A transport is evalkit's own client
(`http_wire.Wire`) or the client of an official SDK (`sdk_transport.SdkTransport`). What every API needs alike stands
in the adapter: likelihoods that cannot be given, fields of `extra` that are evalkit's own, settings that are dropped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Protocol

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.http_errors import Where
from evalkit.adapters.pictures import refuse_pictures
from evalkit.adapters.presets import SETTINGS
from evalkit.adapters.reading import ReplyReading
from evalkit.addresses import one_server
from evalkit.errors import SuiteError, Unsupported
from evalkit.records import Request, Response, Settings


class Transport(Protocol):
    """What carries requests to one endpoint and feeds the replies to a reading as their bytes arrive."""

    host: str
    """host:port, which shares limits."""
    hostname: str
    path: str
    """Of the base address; the dialect's own path follows it."""
    where: Where
    facts: Mapping[str, str]
    """Versions of what it is made of, for run.json."""

    async def answer(
        self, path: str, body: Mapping[str, object], reading: ReplyReading, left_out: tuple[str, ...] = ()
    ) -> Response:
        """Posts the body and reads the reply, in one attempt. Raises a RequestError."""

    async def aclose(self) -> None:
        """Gives connections back; a second call does nothing."""


class ApiDialect(ABC):
    """What one API says, and how its answers are read."""

    name: ClassVar[str]
    """For run.json."""
    title: str
    """For messages: `Gemini`, `the Messages API`."""
    own_fields: ClassVar[frozenset[str]]
    """Body fields that settings.extra may not set: they would change what is asked, or how the answer is read."""
    tool_field: ClassVar[str] = "tools"
    """The body field of offered functions, which extra may set where a task offers none."""
    capabilities: Capabilities
    path: str
    """Of the endpoint, behind the base address; with its query."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Further facts for run.json."""
        return {}

    def left_out(self, settings: Settings) -> tuple[str, ...]:
        """Settings that were asked for and that the dialect has no field for."""
        return tuple(
            name
            for name in sorted(SETTINGS)
            if getattr(settings, name) not in (None, ()) and not getattr(self.capabilities, name)
        )

    @abstractmethod
    def body(self, request: Request) -> dict[str, object]:
        """The request as JSON, with `settings.extra` in it; nothing for what is left to the provider.

        Raises Unsupported for what the API has no way to say.
        """

    @abstractmethod
    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        """What gathers the answer to this request. `path` is the whole one, for messages."""


class DialectAdapter:
    """One model: a dialect and what carries it."""

    def __init__(
        self,
        spec: ModelSpec,
        dialect: ApiDialect,
        transport: Transport,
        *,
        price_provider: str | None = None,
        place: str | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """`place` is what the cache must not mix (None: host and path); `facts` are further ones for run.json.

        Raises SuiteError where the suite's own extra sets what evalkit sets.
        """
        self.spec = spec
        self.dialect = dialect
        self.transport = transport
        self.capabilities = dialect.capabilities
        self.endpoint = Endpoint(
            lane=one_server(transport.host),
            place=transport.host + transport.path if place is None else place,
            host=transport.hostname,
            price_provider=price_provider,
            facts={"dialect": dialect.name, **transport.facts, **dialect.facts, **(facts or {})},
        )
        if wrong := own_field_complaints(spec, dialect.own_fields):
            raise SuiteError(wrong)
        try:
            dialect.body(Request((), spec.settings))  # what can be seen now must not wait for the first request
        except Unsupported as error:
            raise SuiteError(str(error)) from error

    def __repr__(self) -> str:
        return f"{type(self.dialect).__name__}({self.spec.name!r}, {self.spec.model!r}, {self.endpoint.place!r})"

    async def respond(self, request: Request) -> Response:
        """The answer to one request, made in one attempt. Raises a RequestError."""
        dialect, transport = self.dialect, self.transport
        if request.continuations is not None:
            refuse_pictures(request, f"models.{self.spec.name}", "mode likelihood")
            return await self.likelihood(request, request.continuations)
        self.refuse_own_fields(request)
        if not self.capabilities.images:
            refuse_pictures(request, f"models.{self.spec.name}", dialect.title)
        reading = dialect.reading(request, transport.where, transport.path + dialect.path)
        return await transport.answer(dialect.path, dialect.body(request), reading, dialect.left_out(request.settings))

    def refuse_own_fields(self, request: Request) -> None:
        """Raises Unsupported where a task's extra fields would overwrite what evalkit itself sends."""
        dialect, extra = self.dialect, request.settings.extra
        own = dialect.own_fields | {dialect.tool_field} if request.tools else dialect.own_fields
        if extra and (wrong := set_by_evalkit(extra, own)):
            raise Unsupported(
                f"models.{self.spec.name}: settings.extra.{wrong[0]} is a field that evalkit sets itself.", sent=False
            )

    async def likelihood(self, request: Request, continuations: tuple[str, ...]) -> Response:
        """The log-likelihood of given continuations, where the API has it. Raises Unsupported where it has not."""
        raise Unsupported(
            f"models.{self.spec.name}: {self.dialect.title} gives no log-likelihood of given continuations; "
            f"use mode: generate.",
            sent=False,
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.transport.aclose()


def own_field_complaints(spec: ModelSpec, own_fields: frozenset[str]) -> list[str]:
    """One complaint for each extra field of the suite that evalkit sets itself."""
    return [
        f"models.{spec.name}.settings.extra.{name}: evalkit sets this field itself; leave it out."
        for name in set_by_evalkit(spec.settings.extra, own_fields)
    ]


def set_by_evalkit(extra: Mapping[str, object], own_fields: frozenset[str]) -> list[str]:
    """The fields of `extra` that a server may take for one of these: Go's JSON reads names whatever their case, and
    takes the last (pkg.go.dev/encoding/json, Unmarshal), protobuf's in two spellings."""
    own = {_folded(name) for name in own_fields}
    return sorted(name for name in extra if _folded(name) in own)


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def merged(body: dict[str, object], extra: Mapping[str, object], *nested: str) -> dict[str, object]:
    """The body with `extra` in it: a field of extra replaces the field of that name; those of `nested` are objects that
    are merged key by key."""
    for name, value in extra.items():
        known = body.get(name)
        if name in nested and isinstance(value, Mapping) and isinstance(known, dict):
            body[name] = known | dict(value)
        else:
            body[name] = value
    return body


def without_none(values: Mapping[str, object]) -> dict[str, object]:
    """The fields that have a value: what is None is left to the provider."""
    return {name: value for name, value in values.items() if value is not None}
