"""Runs an adapter through every check, or through one of them by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.testing.conformance import answers, entries, failures
from evalkit.testing.conformance.bench import Bench, Complaint, FakeServer, Finding

Check = Callable[[Bench], Awaitable[None]]
_CHECKS: tuple[Check, ...] = (
    entries.it_declares_what_it_is,
    answers.an_answer_comes_whole_with_its_bill,
    answers.times_are_the_servers,
    answers.an_empty_answer_is_an_answer,
    answers.the_limit_of_output_is_sent_and_told,
    answers.a_refusal_is_told,
    answers.settings_are_sent_or_said_to_be_dropped,
    answers.calls_come_apart_from_the_text,
    answers.likelihoods_are_given_or_refused,
    answers.odd_text_is_sent_and_read,
    answers.many_requests_run_side_by_side,
    failures.every_fault_has_its_kind,
    failures.junk_is_a_bad_reply,
    failures.redirects_are_not_followed,
    failures.a_server_that_is_not_there_was_sent_nothing,
    failures.closing_twice_does_nothing,
    entries.an_unknown_option_is_answered_with_a_near_one,
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
