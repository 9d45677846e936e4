"""Checks of an adapter: what it declares, what it refuses of a suite, and where its key may go."""

from __future__ import annotations

import json
import traceback

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.errors import KeyRefused, MissingKey, SuiteError, UserError
from evalkit.testing.conformance.bench import ASK, CANARY, NAME, Bench, Complaint, error_of, expect
from evalkit.testing.fake_provider.server import KEY_HEADERS
from evalkit.testing.loopback import reply

_ELSEWHERE = "https://collector.example"


async def it_declares_what_it_is(bench: Bench) -> None:
    """spec, capabilities and endpoint are there before the first request, and hold plain values."""
    async with bench.served() as (adapter, provider):
        host = provider.origin.removeprefix("http://")
        expect(isinstance(adapter.spec, ModelSpec), "spec must be the ModelSpec that make was given")
        expect(isinstance(adapter.capabilities, Capabilities), "capabilities must be a Capabilities")
        endpoint = adapter.endpoint
        expect(isinstance(endpoint, Endpoint), "endpoint must be an Endpoint")
        expect(endpoint.host == "127.0.0.1", f"endpoint.host is {endpoint.host!r}: the host name that gets the prompts")
        expect(endpoint.lane == host, f"endpoint.lane is {endpoint.lane!r}: host and port, so that limits are shared")
        expect(host in endpoint.place, f"endpoint.place is {endpoint.place!r}: host and path, the cache's key")
        expect(endpoint.network, "endpoint.network is False, and the network is used")
        odd = {key: value for key, value in endpoint.facts.items() if not isinstance(value, str)}
        expect(not odd, f"endpoint.facts hold texts, and these are none: {odd}")
        expect(len(provider.account) == 0, "a request was sent before it was asked for")


async def an_unknown_option_is_answered_with_a_near_one(bench: Bench) -> None:
    """Options that the adapter does not know are refused before anything is sent, by name."""
    refused = _refusal(bench, options={**bench.server.options, "no_such_option": 1})
    expect("no_such_option" in str(refused), f"the message must name the option: {refused}")
    expect(f"models.{NAME}" in str(refused), f"the message must name the model: {refused}")


async def an_address_that_cannot_work_is_refused(bench: Bench) -> None:
    """No plain http to other machines, no password in an address, nothing but http."""
    for url in ("http://gpu.example.com", "https://user:secret@example.com", "ftp://127.0.0.1"):
        refused = _refusal(bench, base_url=url + bench.server.path)
        expect("secret" not in str(refused), f"a password was shown: {refused}")


async def what_is_not_set_is_not_sent(bench: Bench) -> None:
    """A setting or option that nobody set is left out: a provider may refuse null, or take it for a value."""
    async with bench.before(reply(500, b"{}")) as (adapter, server):
        await error_of(adapter)
        empty = _nulls(server.last.body)
    expect(not empty, f"{', '.join(empty)} is sent as null and was not set: leave it out (`without_none`)")


def _nulls(value: object, place: str = "") -> list[str]:
    """Where a JSON value holds null."""
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in _nulls(inner, f"{place}.{key}" if place else str(key))]
    if isinstance(value, list):
        return [one for n, inner in enumerate(value) for one in _nulls(inner, f"{place}[{n}]")]
    return [place] if value is None else []


async def a_missing_key_names_its_variable(bench: Bench) -> None:
    """Without a key at the provider's own address: MissingKey with the variable's name, before anything is sent."""
    if not bench.server.key_env:
        return
    with bench.key(None):
        try:
            adapter = bench.make(bench.spec(None))
        except MissingKey as error:
            expect(bench.server.key_env[0] in str(error), f"the message must name {bench.server.key_env[0]}: {error}")
            return
        await adapter.aclose()
    raise Complaint("no key is set, and the adapter was made; it must raise MissingKey")


async def a_key_that_no_header_can_carry_is_refused(bench: Bench) -> None:
    """A line break in a key is seen at once, and the key is not shown."""
    if not bench.server.key_env:
        return
    with bench.key(CANARY + "\n"):
        try:
            adapter = bench.make(bench.spec(None))
        except MissingKey as error:
            expect(bench.server.key_env[0] in str(error), f"the message must name the variable: {error}")
            shown = CANARY in "".join(traceback.format_exception(error))
            expect(not shown, "the message or its cause shows the key")
            return
        await adapter.aclose()
    raise Complaint("a key with a line break was taken; it must raise MissingKey")


async def a_foreign_address_does_not_get_the_key(bench: Bench) -> None:
    """A suite's base_url can never collect a key: only the provider's hosts and those the person allows get it."""
    if not bench.server.key_env:
        return
    with bench.key():
        refused = _refusal(bench, base_url=_ELSEWHERE + bench.server.path)
        expect("collector.example" in str(refused), f"the message must name the host: {refused}")
        expect(CANARY not in str(refused), "the message shows the key")
        async with bench.before(reply(500, b"{}")) as (adapter, server):
            await error_of(adapter)
        expect(CANARY not in str(server.requests), "the key went to loopback, which is not the provider's host")


async def the_key_is_in_one_header_and_nowhere_else(bench: Bench) -> None:
    """Where the person allows the host, the key travels in a header; no URL, message or repr shows it."""
    if not bench.server.key_env:
        return
    allowed = {"key_hosts": frozenset({"127.0.0.1"})}
    with bench.key():
        async with bench.served(require_key=CANARY, spec=allowed) as (adapter, provider):
            try:
                answer = await adapter.respond(ASK)
            except KeyRefused as error:
                own = provider.behaviour.key_header
                looked = f"the header {own}" if own else f"the headers {b', '.join(KEY_HEADERS).decode()}"
                raise Complaint(
                    f"the right key was not found in {looked}; FakeServer(key_header=...) says which header has it"
                ) from error
            expect(answer.text, "no answer came with the right key")
            provider.behaviour = provider.behaviour.changed({"require_key": "another"})
            refused = await error_of(adapter)
            paths = [record.path for record in provider.account]
        expect(isinstance(refused, KeyRefused), f"401 became {type(refused).__name__}")
        unnamed = [name for name in bench.server.key_env if name not in str(refused)]
        expect(not unnamed, f"the message must name {' and '.join(unnamed)}: {refused}")
        seen = [str(refused), repr(refused), repr(adapter), repr(adapter.spec), repr(adapter.endpoint), *paths]
        expect(not any(CANARY in text for text in seen), "the key is in a URL, a message or a repr")
        async with bench.before(reply(500, b"{}"), **allowed) as (adapter, server):
            await error_of(adapter)
            last = server.last
        carriers = [name for name, value in last.headers.items() if CANARY in value]
        expect(len(carriers) == 1, f"the key is in the headers {carriers}; it belongs into one")
        expect(CANARY not in last.path + json.dumps(last.body), "the key is in the URL or the body")


async def an_echoed_key_is_in_no_message(bench: Bench) -> None:
    """A server that sends the key back, or closes without HTTP, does not get it into an error or its cause."""
    if not bench.server.key_env:
        return
    allowed = {"key_hosts": frozenset({"127.0.0.1"})}
    said = f"Your key {CANARY} is odd. Header was Bearer {CANARY}"
    body = json.dumps({"error": {"message": said, "code": "x"}, "message": said}).encode()
    with bench.key():
        for status in (400, 401, 403, 429, 500):
            async with bench.before(reply(status, body), **allowed) as (adapter, _):
                error = await error_of(adapter)
            shown = CANARY in f"{error} {error!r} {error.__cause__!r}"
            expect(not shown, f"{status}: the key that the server sent back is in the error")
            if status in {401, 403}:
                expect(bench.server.key_env[0] in str(error), f"{status}: the message must name the variable: {error}")
        async with bench.before_bytes([b"SSH-2.0-OpenSSH_9.9\r\n"], **allowed) as adapter:
            error = await error_of(adapter)
        cause = error.__cause__
        expect(CANARY not in f"{error} {cause!r} {vars(cause) if cause else ''}", "a cause carries the key")


def _refusal(bench: Bench, **fields: object) -> UserError:
    """The UserError with which make refuses this entry."""
    base_url = fields.pop("base_url", "http://127.0.0.1:9" + bench.server.path)
    try:
        bench.make(bench.spec(str(base_url), **fields))
    except (SuiteError, MissingKey) as error:
        return error
    raise Complaint(f"make took {fields or base_url}; it must raise SuiteError")
