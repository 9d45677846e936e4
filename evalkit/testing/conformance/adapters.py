"""Runs an adapter through every check, or through one of them by name. Here are the checks of failures.

Does every failure become the right error, and is a broken reply never an answer?
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.errors import BadReply, ConnectionFailed, Rejected, RequestError
from evalkit.testing.conformance import answers, entries
from evalkit.testing.conformance.bench import ASK, FAULTS, Bench, Complaint, FakeServer, Finding, error_of, expect
from evalkit.testing.fake_provider import FakeProvider
from evalkit.testing.loopback import loopback, reply, stream_of

_ASKS_TO_WAIT = frozenset({"429", "503", "529"})
_JUNK: dict[str, bytes] = {
    "a web page": reply(200, b"<html>Please log in</html>", "text/html"),
    "an empty body": reply(200, b""),
    "a list": reply(200, b"[1, 2]"),
    "a text": reply(200, b'"hello"'),
    "half an object": reply(200, b'{"id": "x", "mess'),
    "an object of nothing": reply(200, b"{}"),
    "a stream of words": reply(200, b"data: nonsense\n\n", "text/event-stream"),
    "a stream of unknown events": stream_of({"type": "something.new"}, {"type": "something.else"}),
    "a stream that says no more than its end": reply(200, b"data: [DONE]\n\n", "text/event-stream"),
    "bytes that are no text": reply(200, bytes(range(256)), "text/event-stream"),
}


async def every_fault_has_its_kind(bench: Bench) -> None:
    """Each status, and each way in which a reply breaks off, is the error that FAULTS says; the next request works."""
    for fault in FAULTS:
        kind = bench.server.kind_of(fault)
        behaviour = {"faults": {fault: 1.0}, "retry_after_s": 3.0, "reply": "one two three"}
        idle_s = 0.25 if fault.startswith("stall") else 60.0
        async with bench.served(**behaviour, spec={"idle_timeout_s": idle_s}) as (adapter, provider):
            if not adapter.capabilities.streaming and fault in {"error_mid", "end_mid"}:
                continue
            error = await error_of(adapter)
            expect(len(provider.account) == 1, f"{fault}: {len(provider.account)} requests were made: never retry")
            provider.behaviour = bench.server.behaviour
            if not fault.startswith("stall"):  # so short a silence may be this machine's own
                expect((await adapter.respond(ASK)).text, f"after {fault} the adapter is not usable")
        said = f"{fault} became {type(error).__name__} ({error})"
        expect(type(error) is kind, f"{said}, not {kind.__name__}")
        expect(error.sent, f"{fault}: the request was sent, and `sent` is False")
        status = int(fault) if fault.isdigit() else None
        told = error.status == status or fault == "error_mid"  # an event may say a status of its own
        expect(told, f"{fault}: status is {error.status}, not {status}")
        wait_s = 3.0 if fault in _ASKS_TO_WAIT else None
        if fault != "error_mid":
            expect(error.retry_after_s == wait_s, f"{fault}: retry_after_s is {error.retry_after_s}, not {wait_s}")
        if status is not None:
            expect("127.0.0.1" in str(error), f"{fault}: the message must name the host that said it: {error}")
            expect(bench.server.model in str(error), f"{fault}: the message must name the model: {error}")
            expect(bench.server.endpoint in str(error), f"{fault}: the message must name the endpoint: {error}")


async def junk_is_a_bad_reply(bench: Bench) -> None:
    """What is no answer of the dialect is BadReply (or a broken connection), and never an answer."""
    for what, answer in _JUNK.items():
        async with bench.before(answer) as (adapter, _):
            error = await error_of(adapter)
        expect(
            isinstance(error, BadReply | ConnectionFailed),
            f"{what} became {type(error).__name__} ({error}); it must be BadReply or ConnectionFailed",
        )
    async with bench.before_bytes([b"SSH-2.0-OpenSSH_9.9\r\n"]) as adapter:
        error = await error_of(adapter)
    expect(error.retryable, f"a server that speaks no HTTP became {type(error).__name__}, which is not retried")


async def redirects_are_not_followed(bench: Bench) -> None:
    """A redirect is refused: it could send key and prompt to another host."""
    async with loopback(reply(200, b"{}")) as elsewhere:
        async with bench.before(reply(307, b"", location=elsewhere.url)) as (adapter, _):
            error = await error_of(adapter)
        expect(not elsewhere.requests, "the redirect was followed")
    expect(isinstance(error, Rejected), f"a redirect became {type(error).__name__}, not Rejected")
    expect(error.status == 307, f"status is {error.status}, not 307")


async def a_server_that_is_not_there_was_sent_nothing(bench: Bench) -> None:
    """No connection: ConnectionFailed with `sent` False, for nothing can have been billed."""
    async with FakeProvider() as provider:
        url = provider.origin + bench.server.path
    adapter = bench.make(bench.spec(url))
    try:
        error: RequestError = await error_of(adapter)
    finally:
        await adapter.aclose()
    expect(isinstance(error, ConnectionFailed), f"no server became {type(error).__name__}, not ConnectionFailed")
    expect(not error.sent, "`sent` is True, and nothing was sent")
    expect(url.split("//")[1].split("/")[0] in str(error), f"the message must name the address: {error}")


async def closing_twice_does_nothing(bench: Bench) -> None:
    """aclose can be called again, and before the first request."""
    async with bench.served() as (adapter, _):
        await adapter.respond(ASK)
        await adapter.aclose()
    adapter = bench.make(bench.spec("http://127.0.0.1:9" + bench.server.path))
    await adapter.aclose()


Check = Callable[[Bench], Awaitable[None]]
_CHECKS: tuple[Check, ...] = (
    entries.it_declares_what_it_is,
    answers.an_answer_comes_whole_with_its_bill,
    answers.times_are_the_servers,
    answers.an_empty_answer_is_an_answer,
    answers.the_limit_of_output_is_sent_and_reported,
    answers.a_refusal_is_reported,
    answers.settings_are_sent_or_said_to_be_dropped,
    answers.calls_come_apart_from_the_text,
    answers.conversations_go_on_after_calls,
    answers.pictures_reach_the_model,
    answers.likelihoods_are_given_or_refused,
    answers.odd_text_is_sent_and_read,
    answers.many_requests_run_side_by_side,
    every_fault_has_its_kind,
    junk_is_a_bad_reply,
    redirects_are_not_followed,
    a_server_that_is_not_there_was_sent_nothing,
    closing_twice_does_nothing,
    entries.an_unknown_option_is_answered_with_a_near_one,
    entries.what_is_not_set_is_not_sent,
    entries.an_address_that_cannot_work_is_refused,
    entries.a_missing_key_names_its_variable,
    entries.a_key_that_no_header_can_carry_is_refused,
    entries.a_foreign_address_does_not_get_the_key,
    entries.the_key_is_in_one_header_and_nowhere_else,
    entries.an_echoed_key_is_in_no_message,
)
_BY_NAME: Mapping[str, Check] = {check.__name__: check for check in _CHECKS}
ADAPTER_CHECKS = tuple(_BY_NAME)
"""Names of all checks, for pytest.mark.parametrize."""


async def check_adapter(
    make: Callable[[ModelSpec], Adapter], server: FakeServer, *, only: str | None = None
) -> list[Finding]:
    """What is wrong with the adapter; empty when it conforms. `only` runs the check of that name.

    Raises KeyError for a check that there is not.
    """
    bench = Bench(make, server)
    names = ADAPTER_CHECKS if only is None else (only,)
    findings: list[Finding] = []
    for name in names:
        try:
            await _BY_NAME[name](bench)
        except (Complaint, AssertionError) as complaint:
            findings.append(Finding(name, str(complaint)))
        except Exception as error:  # noqa: BLE001 - an adapter that breaks is a finding, whatever it raises
            findings.append(Finding(name, f"raised {type(error).__name__}: {error}"))
    return findings
