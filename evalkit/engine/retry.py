"""Whether to try again, and when. Which errors may be retried is a property of the error; this room only counts.

Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015): the wait
is uniform in [0, min(cap, base * 2^attempt)], and never shorter than what the provider asked for.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    Overloaded,
    RateLimited,
    RequestError,
    ServerError,
    Stalled,
)

MOST_ATTEMPTS: Mapping[type[RequestError], int] = {
    RateLimited: 1000,  # bounded by the item's deadline: the provider is there and tells us when
    Overloaded: 20,
    ServerError: 6,  # a deterministic 500 must not be paid for all night
    ConnectionFailed: 6,
    Stalled: 3,
    BadReply: 3,
}
FIRST_CONTACT_ATTEMPTS = 3
"""Tries of a connection to an endpoint that has not answered once in this run: most likely nothing is there."""
BASE_S = 0.5
CAP_S = 30.0


def wait_before_retry(
    error: RequestError, attempts: int, remaining_s: float, *, contacted: bool, rng: random.Random
) -> float | None:
    """Seconds to wait before the next attempt, None when there shall be none.

    `attempts` is how many were made, `remaining_s` what is left of the item's deadline, `contacted` whether the
    endpoint has ever answered in this run.
    """
    if not error.retryable:
        return None
    most = MOST_ATTEMPTS.get(type(error), 3)
    if not contacted and isinstance(error, ConnectionFailed) and not error.sent:
        most = FIRST_CONTACT_ATTEMPTS
    if attempts >= most:
        return None
    wait_s = rng.uniform(0.0, min(CAP_S, BASE_S * 2.0 ** (attempts - 1)))
    if error.retry_after_s is not None:
        wait_s += error.retry_after_s
    elif isinstance(error, RateLimited | Overloaded):
        wait_s = max(wait_s, BASE_S)
    return wait_s if wait_s < remaining_s else None
