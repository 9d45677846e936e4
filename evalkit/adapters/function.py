"""A model that is a function of the person's own: `(request) -> str | Mapping | Response`, async or not.

    async def ask(request: Request) -> str:
        reply = await client.chat.completions.create(model="mine", messages=[...])
        return reply.choices[0].message.content

    evalkit.Suite(models={"mine": ask}, tasks=[...])

Latency is the time from the call to its return, the function's own retries included. Usage and cost are unknown unless
the function returns a `Response` that says them. A function that is not async runs in a thread of its own. What it
raises becomes a failure of that one item: errors of `evalkit.errors` as they are, an HTTP status as for every adapter,
broken connections and time-outs as such (both are tried again), anything else as `Rejected` (which is not).

No suite file can name a function: it comes from Python only.
"""

from __future__ import annotations

import inspect
import math
import os
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any, get_args

from evalkit.adapters.application_record import calls_of, response_of
from evalkit.adapters.awaiting import WENT_ON, LeftBehind, in_own_task, in_own_thread
from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.adapters.keys import checked_host, keep_out_of_replies
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.child import looks_like_a_credential
from evalkit.errors import (
    ConnectionFailed,
    LikelyMistakeWarning,
    Rejected,
    RequestError,
    ServerError,
    Stalled,
    SuiteError,
)
from evalkit.foreign import kept_running, raised_by, words_of
from evalkit.records import NOT_TIMED, Request, Response, StopReason, Timing, ToolCall, Usage
from evalkit.suite.functions import OwnFunction
from evalkit.suite.given import as_whole
from evalkit.suite.wording import near, short
from evalkit.text.secrets import without_keys

NAME = "function"
_BROKEN = {"TransportError", "APIConnectionError", "ClientConnectionError", "ConnectionError"}
_LATE = {"TimeoutException", "APITimeoutError", "Timeout", "TimeoutError"}
"""Names of error classes of httpx, requests, aiohttp and the providers' SDKs, for which the connection is to blame."""
_SHORTEST_KEY = 16
_LONGEST_SAID = 4_000
"""Characters of what an error says of itself."""


class FunctionOptions(AdapterOptions):
    """What only a function reads."""

    likelihood: bool | None = None
    """Whether it gives log-likelihoods of `request.continuations`, in `Response.logliks`. None: no."""
    images: bool | None = None
    """Whether it reads the pictures of a request (`request.images`, each with its `data`). None: no."""


Options = FunctionOptions


def make(spec: ModelSpec) -> FunctionAdapter:
    """Raises SuiteError for options that a function does not have, and for one that takes no request."""
    place = f"models.{spec.name}"
    if spec.function is None:
        raise SuiteError(f"{place}.adapter: a function comes from Python (evalkit.Suite), never from a suite file")
    complaints: list[str] = []
    if spec.serve is not None:
        complaints.append(f"{place}.serve: evalkit starts no server for a function")
    if (why := not_callable_with(spec.function.call, 1)) is not None:
        complaints.append(f"{place}: the function is called as f(request), and {why}")
    options = read_options(FunctionOptions, spec, complaints)
    for variable, value in os.environ.items():
        if looks_like_a_credential(variable) and len(value) >= _SHORTEST_KEY:
            keep_out_of_replies(value)
    return FunctionAdapter(spec, spec.function, options)


class FunctionAdapter:
    """Calls the function once for each request."""

    def __init__(self, spec: ModelSpec, function: OwnFunction, options: FunctionOptions) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            likelihood=options.likelihood is True,
            top_logprobs=True,
            seed=True,
            json_schema=True,
            reasoning_effort=True,
            tools=True,
            tool_results=True,
            images=options.images is True,
            streaming=False,
            usage=False,
        )
        known = function.identity.source_sha256 is not None
        kept = "yes" if known and spec.weights else "no: its source is unknown" if not known else "no: name `weights`"
        self.endpoint = Endpoint(
            lane=f"{NAME} {spec.name}",
            place=f"{NAME} {function.identity.key}",
            host=checked_host(spec.base_url, spec) if spec.base_url is not None else None,
            cacheable=known and spec.weights is not None,
            weights=spec.weights,
            facts={**function.identity.facts, "kept_in_cache": kept},
        )
        self._function = function.call
        self._is_async = is_async(function.call)
        self._told: set[str] = set()
        """What a warning has named: keys of mappings among it."""
        self._where = Where(spec.name, spec.model, f"the function {spec.model}", (), None)

    async def respond(self, request: Request) -> Response:
        """What the function returns, timed. Raises a RequestError for whatever it raises."""
        try:
            sent_at = time.perf_counter()
            if self._is_async:
                given, sent_at = await in_own_task(self._timed(request))
            else:
                given, sent_at = await in_own_thread(self._function, request)
                if inspect.isawaitable(given):
                    given = await in_own_task(given)
            with kept_running():
                return self._response(given, request, sent_at, time.perf_counter() - sent_at)
        except RequestError as error:
            _broken_within(error)
            raise
        except LeftBehind:
            self._tell_once("left", f"the function does not end when it is cancelled: {WENT_ON}")
            raise
        except Exception as error:
            try:
                with kept_running():
                    found = self._translated(error)
            except Exception:  # noqa: BLE001 - what it raised has methods of its own, which raise too
                found = self._raised(error)
            if isinstance(found, Declined):
                took_s = time.perf_counter() - sent_at
                return Response("", "content_filter", Timing(sent_at, took_s), refusal=found.words)
            raise _broken_within(found) from error

    async def _timed(self, request: Request) -> tuple[object, float]:
        """What an async function gives, and when its call began."""
        sent_at = time.perf_counter()
        return await self._function(request), sent_at

    async def aclose(self) -> None:
        """Nothing to give back: what the function opened is the person's."""

    def _response(self, given: object, request: Request, sent_at: float, total_s: float) -> Response:
        if isinstance(given, str):
            given = Response(str(given), "stop", NOT_TIMED)
        if isinstance(given, Mapping):
            calls = given.get("calls")
            given = response_of(self._checked(given), self._where, sent_at, total_s)
            given = given if calls is None else replace(given, calls=calls_of(calls))  # type: ignore[arg-type]
        if not isinstance(given, Response):
            raise Rejected(
                f"models.{self.spec.name}: the function returned {type(given).__name__}; return the answer as a text, "
                "a mapping with it, or an evalkit.Response"
            )
        if (wrong := _wrong_field(given)) is not None:
            raise Rejected(f"models.{self.spec.name}: the function's Response has {wrong}")
        if request.continuations is not None and len(given.logliks or ()) != len(request.continuations):
            raise Rejected(
                f"models.{self.spec.name}: {len(request.continuations)} log-likelihoods were asked for "
                f"(request.continuations), and the function gave {len(given.logliks or ())} in Response.logliks"
            )
        theirs = given.timing
        timing = Timing(
            sent_at,
            total_s,
            ttft_s=_within(theirs.ttft_s, total_s),
            ttfr_s=_within(theirs.ttfr_s, total_s),
            last_s=_within(theirs.last_s, total_s),
            began_s=_within(theirs.began_s, total_s),
        )
        calls = () if request.tools and given.calls is None else given.calls and tuple(given.calls)
        return replace(given, timing=timing, calls=calls)

    def _checked(self, given: Mapping[object, object]) -> Mapping[str, object]:
        """A mapping that a function returned, with `finish` for `stop_reason`. What is not read of it is told once.

        Raises Rejected where a value that would be read is none of its kind: a person can mend the function.
        """
        told = {str(key): value for key, value in given.items()}
        if told.get("calls"):
            told.setdefault("text", "")
        finish, ended = told.get("finish"), told.pop("stop_reason", None)
        if ended is not None:
            told["finish"] = ended
        given_usage = told.get("usage")
        usage = {str(k): _plain(v) for k, v in given_usage.items()} if isinstance(given_usage, Mapping) else {}
        if usage:
            told["usage"] = usage
        if "cost_usd" in told:
            told["cost_usd"] = _plain(told["cost_usd"])
        if finish is not None and ended not in (None, finish):
            wrong: str | None = f"the stop_reason {ended!r} and the finish {finish!r}, which mean the same; give one"
        else:
            wrong = _wrong_value(told) or _wrong_bill(usage, told.get("cost_usd"))
        if wrong is not None:
            raise Rejected(f"models.{self.spec.name}: the function's mapping has {wrong}")
        if "text" not in told:
            return told  # whose keys are named in what is said of it
        for keys, known, of in ((told, _KEYS, ""), (usage, _COUNTED, "usage.")):
            for key in keys:
                if key not in known:
                    told_of = f"what the function returned has {of}{short(key)}, which is not read; {near(key, known)}"
                    self._tell_once(f"{of}{key}", told_of)
        return told

    def _tell_once(self, key: str, what: str) -> None:
        """A warning about the function, the first time in this run."""
        if key not in self._told:
            self._told.add(key)
            warnings.warn_explicit(f"models.{self.spec.name}: {what}", LikelyMistakeWarning, "evalkit.run", 1)

    def _translated(self, error: Exception) -> RequestError | Declined:
        """The error of our tree for one that the function raised; for several (a TaskGroup's), of the first."""
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, RequestError):
            return error
        if raised_by(error) is not error:
            return self._raised(error)
        status, response = _status_of(error)
        if status is not None:
            headers = getattr(response, "headers", None)
            told = headers if isinstance(headers, Mapping) else {}
            return error_from_status(status, told, without_keys(_body(error, response)).encode(), "", self._where)
        names = {kind.__name__ for kind in type(error).__mro__}
        words = self._words(error)
        if names & _LATE:
            return Stalled(f"models.{self.spec.name}: the function gave up waiting: {words}")
        if names & _BROKEN:
            return ConnectionFailed(f"models.{self.spec.name}: the function's connection broke: {words}")
        return self._raised(error)

    def _raised(self, error: Exception) -> Rejected:
        place = place_of(raised_by(error))
        return Rejected(f"models.{self.spec.name}: the function raised {self._words(error)}{place}")

    def _words(self, error: Exception) -> str:
        return self._where.clean(words_of(error, _LONGEST_SAID))


def _broken_within(error: RequestError) -> RequestError:
    """The error; one of the function's own may be about what its model had answered."""
    error.begun = error.begun or isinstance(error, Rejected | ServerError)
    return error


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call gives an awaitable, as far as can be seen beforehand."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def not_callable_with(function: Callable[..., Any], n: int) -> str | None:
    """Why a function cannot be called with so many arguments, as a message fragment; None when it can, or nobody
    knows."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return None  # built in: nobody says what it takes
    try:
        signature.bind(*[None] * n)
    except TypeError as error:
        return f"{getattr(function, '__qualname__', type(function).__qualname__)}{signature} cannot be ({error})"
    return None


_PACKAGE = str(Path(__file__).parents[1]) + os.sep
"""Where evalkit's own code lies. A clone of it, or a project of the person's, may be called so too."""


def place_of(error: BaseException) -> str:
    """` (mine.py:12)`: the last line of the person's own code that an error came through; empty where there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_PACKAGE)]
    return f" ({os.path.basename(own[-1].filename)}:{own[-1].lineno})" if own else ""  # noqa: PTH119


_KEYS = (
    *("text", "reasoning", "finish", "stop_reason", "refusal", "served_model", "usage", "cost_usd", "trace_id"),
    *("calls", "error", "id"),
)
"""What is read of a mapping; `id` is what programs send back and functions need not."""
_TEXTS = ("text", "reasoning", "refusal", "served_model")
_COUNTED = ("input", "output", "cached", "reasoning")


def _plain(value: object) -> object:
    """A number of numpy as Python's own."""
    value = as_whole(value)
    return float(value) if isinstance(value, Real) and not isinstance(value, bool | int | float) else value


def _wrong_value(told: Mapping[str, object]) -> str | None:
    """What of a mapping, besides its bill, is none of its kind, as a message fragment; None where nothing is."""
    if told.get("finish") not in (None, *get_args(StopReason)):
        return f"the finish {told['finish']!r}; it is one of {', '.join(get_args(StopReason))}"
    if not isinstance(told.get("usage"), Mapping | None):
        return f"a usage that is no mapping of counts ({type(told['usage']).__name__})"
    odd = next((key for key in _TEXTS if not isinstance(told.get(key), str | None)), None)
    return None if odd is None else f"a {odd} that is no str ({type(told[odd]).__name__})"


def _wrong_bill(usage: Mapping[str, object], cost_usd: object) -> str | None:
    """What of a bill is no figure, as a message fragment; None where nothing is."""
    if (wrong := _wrong_count({name: usage.get(name) for name in _COUNTED})) is not None:
        return wrong
    if cost_usd is None or isinstance(cost_usd, str):  # a decimal as a text is read as everywhere
        return None
    known = isinstance(cost_usd, int | float | Decimal) and not isinstance(cost_usd, bool)
    if known and math.isfinite(cost_usd) and cost_usd >= 0:  # type: ignore[arg-type, operator]
        return None
    return f"cost_usd {cost_usd!r}; it is a number of US dollars from 0, or None where it is not known"


def _wrong_count(counts: Mapping[str, object]) -> str | None:
    """Which count of tokens is none, as a message fragment; None where each is one, or unknown."""
    for name, n in counts.items():
        if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 0):
            return f"usage.{name} {n!r}; tokens are a whole number from 0, or None where they are not known"
    return None


_COUNTS = ("input", "output", "reasoning", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_other")


def _wrong_field(response: Response) -> str | None:
    """What is wrong with a response as a message fragment; None where every field is what its record says."""
    for name in ("text", "reasoning", "served_model", "fingerprint", "refusal"):
        value = getattr(response, name)
        if not (isinstance(value, str) or (value is None and name != "text")):
            return f"a {name} that is no str ({type(value).__name__})"
    if response.stop_reason not in get_args(StopReason):
        return f"a stop_reason {response.stop_reason!r}; it is one of {', '.join(get_args(StopReason))}"
    if not isinstance(response.timing, Timing):
        return "a timing that is no evalkit.Timing"
    if response.calls is not None and not all(
        isinstance(call, ToolCall) and isinstance(call.name, str) and isinstance(call.arguments, str)
        for call in response.calls
    ):
        return "calls that are no evalkit.ToolCall(name, arguments), with arguments as a JSON text"
    return None if response.usage is None else _wrong_usage(response.usage)


def _wrong_usage(usage: Usage) -> str | None:
    """As `_wrong_field`, of the usage."""
    if not isinstance(usage, Usage):
        return f"a usage that is no evalkit.Usage ({type(usage).__name__})"
    if (wrong := _wrong_count({name: getattr(usage, name) for name in _COUNTS})) is not None:
        return wrong
    cost = usage.provider_cost_usd
    if cost is not None and not (isinstance(cost, Decimal) and cost.is_finite() and cost >= 0):
        return f"usage.provider_cost_usd {cost!r}; it is a Decimal of US dollars from 0"
    return None


def _within(seconds: float | None, total_s: float) -> float | None:
    """A moment that the function measured itself, where it lies within the call; None otherwise."""
    return seconds if seconds is not None and 0 <= seconds <= total_s else None


def _body(error: Exception, response: Any) -> str:
    """What the provider said, as it came; else what the error says."""
    with suppress(Exception):  # a stream that was not read has no content
        if isinstance(content := response.content, bytes):
            return content.decode("utf-8", "replace")
    return str(error)


def _status_of(error: Exception) -> tuple[int | None, Any]:
    """(HTTP status, response) of an error of httpx, requests, aiohttp or an SDK; (None, None) of others."""
    response = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (response, "status_code"), (error, "status"), (error, "code")):
        status = getattr(holder, name, None)
        if isinstance(status, int) and not isinstance(status, bool) and 300 <= status < 600:
            return status, response if response is not None else error
    return None, None


__all__ = ["NAME", "FunctionAdapter", "is_async", "make", "not_callable_with", "place_of"]
