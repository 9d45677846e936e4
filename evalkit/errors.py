"""Everything that can go wrong, as one tree: whose fault it is, whether trying again helps, how the process exits.

    EvalkitError                      exit
    ├── UserError                     2    the person at the keyboard can mend it
    │   ├── SuiteError                2    a suite file: carries file, line and key
    │   ├── MissingKey                2    an environment variable is not set
    │   ├── MissingPackage            2    an extra is not installed
    │   ├── StoreError                2    a results folder is not what was expected
    │   ├── NotComparable             2    two results do not answer the same questions in the same way
    │   │   └── Unpaired              2    they were not asked the same items
    │   ├── NotPlanned                2    a gate's rule cannot be planned from this run
    │   ├── NoPicture                 2    a chart cannot be drawn
    │   └── PluginError               2    a plug-in cannot be used
    ├── RunIncomplete                 4    what was asked for could not be measured in full
    └── RequestError                  4    one request failed; the engine records it as a Failure
        ├── RateLimited               ↻    the provider says: later (429, or 503 with retry-after)
        ├── Overloaded                ↻    the provider is out of capacity (529, 503)
        ├── ServerError               ↻    the provider broke (5xx)
        ├── ConnectionFailed          ↻    no connection, or it dropped
        ├── Stalled                   ↻    nothing came for too long
        ├── BadReply                  ↻    the reply could not be read (malformed JSON, missing fields)
        ├── Rejected                       the request itself is refused (400, 404, 413, 422)
        ├── KeyRefused                ✋   the key is not accepted (401, 403): no further request can succeed
        ├── OutOfCredit               ✋   the account has no money left (402, insufficient_quota)
        ├── Unfit                     ✋   the server cannot be used: it did not start, died, or failed the probe
        └── Unsupported                    the adapter cannot do what was asked

↻ is retried by the engine within the item's deadline; ✋ stops the model, since every further request would fail too.
Anything outside this tree that escapes is a defect of evalkit (exit 70).
"""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from typing import ClassVar


def place_of(error: BaseException) -> str:
    """Where it was raised, like `table_map.py:289`: for a sentence about a file that nobody foresaw."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{Path(frame.f_code.co_filename).name}:{line}"


class EvalkitError(Exception):
    """Root of the tree. `str()` is the message for the user: what, where, and the way out."""

    exit_code: ClassVar[int] = 70


class UserError(EvalkitError):
    """Something that the person running evalkit can mend."""

    exit_code = 2


class SuiteError(UserError):
    """A suite file says something it may not. `complaints` holds every one found, each a sentence with its place."""

    def __init__(self, complaints: list[str] | str) -> None:
        self.complaints = [complaints] if isinstance(complaints, str) else complaints
        super().__init__("\n".join(self.complaints))


class MissingKey(UserError):
    """A credential is not in the environment; the message names the variable."""


class MissingPackage(UserError):
    """A package of an extra is not installed; the message names the extra."""


class StoreError(UserError):
    """A results folder is missing, damaged, from a newer evalkit, or belongs to another suite."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        self.path = path
        super().__init__(message)


class PluginError(UserError):
    """A plug-in cannot be used. The message names the package and the way out."""


class NotPlanned(UserError):
    """One rule cannot be planned from this run; others may."""


class NoPicture(UserError):
    """A chart that could not be drawn: vl-convert is missing or failed."""


class NotComparable(UserError):
    """Two results do not answer the same questions in the same way; the message lists what differs."""


class Unpaired(NotComparable):
    """The two sides were not asked the same items."""

    def __init__(self, counts: str, way_out: str) -> None:
        super().__init__(f"{counts}\n{way_out}")
        self.counts, self.way_out = counts, way_out


class RunIncomplete(EvalkitError):
    """The run could not finish what the suite asks: too many errors, budget reached, a full disk."""

    exit_code = 4


class IncompleteRunWarning(UserWarning):
    """A run was given back that is not complete: some of what was asked for could not be measured."""


class LikelyMistakeWarning(UserWarning):
    """A suite holds what was most likely meant otherwise, like the target `n` where `{{ n }}` was meant. It is run."""


class ImportedTableWarning(UserWarning):
    """Something of a table that became a run was guessed, or not understood and counts as unknown."""


LONGEST_LIMIT_S = 3600.0
"""No run waits longer than this for a limit to pass."""


class RequestError(EvalkitError):
    """One request did not bring an answer. Recorded as a `Failure`; never scored.

    `kind` names the class in a stored row; `status` is the HTTP status, None where there was none;
    `retry_after_s` is what the provider asked us to wait, None where it did not say;
    `sent` is False when it is certain that the provider never saw the request (nothing can have been billed);
    `begun` is True when an answer had begun when it came (it may have been billed).
    """

    exit_code = 4
    retryable: ClassVar[bool] = False
    stops_model: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        sent: bool = True,
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.sent = sent
        self.begun = False
        super().__init__(message)

    @property
    def may_be_billed(self) -> bool:
        """Whether the provider may ask money for this attempt: it broke off, before or after its answer had begun."""
        return self.begun or (self.sent and self.status is None)

    @property
    def ends_model(self) -> bool:
        """Whether asking the model again is of no use in this run: the error says so, or asks to wait for hours."""
        return self.stops_model or (self.retry_after_s is not None and self.retry_after_s > LONGEST_LIMIT_S)

    @property
    def kind(self) -> str:
        """The stored name: `RateLimited` is `rate_limited`."""
        return _KINDS[type(self)]


class RateLimited(RequestError):
    """429: the caller is asked to slow down."""

    retryable = True


class Overloaded(RequestError):
    """The provider has no capacity for anybody at the moment (529, 503)."""

    retryable = True


class ServerError(RequestError):
    """Any other 5xx, or an error event inside a stream."""

    retryable = True


class ConnectionFailed(RequestError):
    """No connection, or one that dropped before the answer was complete."""

    retryable = True


class Stalled(RequestError):
    """No byte came for the idle limit, or the item's deadline passed."""

    retryable = True


class BadReply(RequestError):
    """Bytes came that are no valid reply of the dialect: a model may have been drawn for them, however quickly."""

    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.begun = True


class Rejected(RequestError):
    """The provider refuses this very request; sending it again gives the same."""


class KeyRefused(RequestError):
    """401 or 403. The message names the variable that held the key, never the key."""

    stops_model = True


class OutOfCredit(RequestError):
    """402, or a 429 whose code says that the quota is spent: waiting does not help."""

    stops_model = True


class Unfit(RequestError):
    """The server behind a model cannot be used in this run: it did not start, died twice, or gave false figures."""

    stops_model = True


class Unsupported(RequestError):
    """The adapter, or the server behind it, cannot do what the request asks."""


_KINDS: dict[type[RequestError], str] = {
    RequestError: "request_error",
    RateLimited: "rate_limited",
    Overloaded: "overloaded",
    ServerError: "server_error",
    ConnectionFailed: "connection_failed",
    Stalled: "stalled",
    BadReply: "bad_reply",
    Rejected: "rejected",
    KeyRefused: "key_refused",
    OutOfCredit: "out_of_credit",
    Unfit: "unfit",
    Unsupported: "unsupported",
}
