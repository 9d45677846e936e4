"""What one exchange over HTTP brought, and how a request is signed. Imports no HTTP library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.frozen import dataclass
from evalkit.records import Response, Timing

Sign = Callable[[str, bytes], Mapping[str, str]]
"""(address, body) of a request -> the headers that show who sends it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One exchange as the clock saw it; times are `time.perf_counter()`."""

    sent_at: float
    ended_at: float
    """The last byte of the answer was read."""
    body: bytes = b""
    declined: str | None = None
    """The provider's words where its filter turned the prompt away; then there is no answer."""


def refused(reply: Reply) -> Response:
    """The response for a prompt that the provider's filter turned away before the model saw it."""
    return Response(
        text="",
        stop_reason="content_filter",
        timing=Timing(sent_at=reply.sent_at, total_s=reply.ended_at - reply.sent_at),
        refusal=reply.declined,
    )
