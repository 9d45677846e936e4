"""Each kind of fault, through each dialect's real client on loopback: the same outcome everywhere, and a message that
says what the server said."""

from __future__ import annotations

import asyncio

import pytest

from evalkit.errors import RequestError
from tests.faults.fuzz import fuzz
from tests.faults.kinds import FAULTS, Fault
from tests.faults.replies import ASK, TEXT, adapter_at, serving


def test_the_table_is_as_large_as_it_says() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 81


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_has_the_same_outcome_in_every_dialect(fault: Fault) -> None:
    assert fault.dialects
    wrong = []
    for dialect in fault.dialects:
        try:
            await outcome_of(fault, dialect)
        except Exception as error:  # noqa: BLE001 - whatever a dialect does wrong, the others are tried
            wrong.append(f"{dialect}: {type(error).__name__}: {error}")
    assert not wrong, "\n\n".join(wrong)


async def outcome_of(fault: Fault, dialect: str) -> None:
    """Raises AssertionError where it is another than the fault's."""
    async with serving(fault.serve(dialect)) as url:
        adapter = adapter_at(dialect, url, idle_timeout_s=fault.idle_s)
        try:
            async with asyncio.timeout(20):
                response = await adapter.respond(ASK)
        except RequestError as error:
            assert error.kind == fault.outcome, str(error)
            assert fault.said in str(error)
            assert error.stops_model == (fault.outcome in {"key_refused", "out_of_credit"})
        else:
            if fault.outcome == "filtered":
                assert response.stop_reason in {"content_filter", "refusal"} and response.refusal
            else:
                assert (fault.outcome, response.text) == ("answer", TEXT)
                assert response.stop_reason in {"stop", "tool_use"}
                assert response.served_model == "m-1" and response.reasoning == "hm"
                assert response.usage is not None and (response.usage.input, response.usage.output)[1] == 7
        finally:
            await adapter.aclose()


async def test_no_mutated_reply_escapes_the_tree_of_errors_or_breaks_a_row() -> None:
    seen, faults = await fuzz(400, seed=3, seconds=30)
    assert not faults
    assert seen["answered"] > 50 and seen["bad_reply"] > 50
