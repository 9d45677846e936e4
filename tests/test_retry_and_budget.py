"""When to try again, and when a run may not spend more."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from evalkit.engine.budget import Budget
from evalkit.engine.limiter import FIRST_CONTACT_ATTEMPTS, wait_before_retry
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    KeyRefused,
    OutOfCredit,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
    Stalled,
    Unsupported,
)


def wait(error: RequestError, attempts: int = 1, remaining_s: float = 600.0, *, contacted: bool = True) -> float | None:
    return wait_before_retry(error, attempts, remaining_s, contacted=contacted, rng=random.Random(1))


@pytest.mark.parametrize("kind", [Rejected, KeyRefused, OutOfCredit, Unsupported])
def test_what_fails_the_same_way_again_is_not_tried_again(kind: type[RequestError]) -> None:
    assert wait(kind("no")) is None


@pytest.mark.parametrize(("kind", "most"), [(ServerError, 6), (ConnectionFailed, 6), (Stalled, 3), (BadReply, 3)])
def test_a_deterministic_failure_is_not_tried_for_ever(kind: type[RequestError], most: int) -> None:
    assert wait(kind("again"), attempts=most - 1) is not None
    assert wait(kind("again"), attempts=most) is None


def test_what_the_provider_asks_for_is_the_least_that_is_waited() -> None:
    waited = wait(RateLimited("slow down", retry_after_s=7.0))
    assert waited is not None
    assert waited >= 7.0


def test_no_wait_reaches_beyond_the_deadline() -> None:
    assert wait(RateLimited("slow down", retry_after_s=100.0), remaining_s=99.0) is None


def test_where_nothing_ever_answered_a_refused_connection_is_soon_believed() -> None:
    refused = ConnectionFailed("nobody there", sent=False)
    assert wait(refused, attempts=FIRST_CONTACT_ATTEMPTS, contacted=False) is None
    assert wait(refused, attempts=FIRST_CONTACT_ATTEMPTS, contacted=True) is not None


def test_a_reservation_that_could_pass_the_cap_is_refused_and_reserves_nothing() -> None:
    budget = Budget(Decimal("1.00"))
    assert budget.reserve(Decimal("0.60"))
    assert not budget.reserve(Decimal("0.60"))
    budget.settle(Decimal("0.60"), Decimal("0.10"))
    assert budget.reserve(Decimal("0.60"))
    assert budget.spent == Decimal("0.10")


def test_an_unknown_payment_counts_as_its_worst_case() -> None:
    budget = Budget(Decimal("1.00"))
    budget.reserve(Decimal("0.60"))
    budget.settle(Decimal("0.60"), None)
    assert budget.spent == Decimal("0.60")


def test_an_answer_dearer_than_its_worst_case_holds_back_what_comes_after_it() -> None:
    budget = Budget(Decimal("1.00"))
    worst, paid = Decimal("0.01"), Decimal("0.10")
    assert all(budget.reserve(worst) for _ in range(4))  # four under way before the first price is known
    n = 0
    for _ in range(100):
        budget.settle(worst, paid)
        n += 1
        if not budget.reserve(worst):
            break
    while budget.reserved:
        budget.settle(worst, paid)
        n += 1
    assert n == 10
    assert budget.spent == Decimal("1.00")


def test_cheaper_answers_hold_nothing_back() -> None:
    budget = Budget(Decimal("0.10"))
    for _ in range(50):
        assert budget.reserve(Decimal("0.01"))
        budget.settle(Decimal("0.01"), Decimal("0.001"))
    assert budget.spent == Decimal("0.050")


def test_without_a_cap_everything_may_be_sent_and_unknown_stays_out_of_the_sum() -> None:
    budget = Budget(None)
    assert budget.reserve(None)
    budget.settle(None, None)
    assert budget.spent == 0


def test_what_earlier_sittings_spent_counts() -> None:
    assert not Budget(Decimal("1.00"), spent=Decimal("0.95")).reserve(Decimal("0.06"))
