"""A model that says what it is told: for tests, and for trying a suite before anything is paid.

    models:
      fake: {adapter: scripted, replies: {t1: deny, "*": approve}, delay_s: 0.01, fail: {t7: rate_limited}}

Replies and failures are found by sample id, then under `*`. A failure named `rate_limited*2` fails twice and then lets
the reply through, which is how a test sees a retry. Likelihood requests get minus the length of each continuation.
Where functions are offered, a reply that is a JSON list of {name, arguments} is made as calls.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.tool_calls import recorded
from evalkit.errors import Rejected, RequestError, SuiteError
from evalkit.records import Request, Response, Timing, ToolCall, Usage

KINDS: Mapping[str, type[RequestError]] = {kind("").kind: kind for kind in RequestError.__subclasses__()}
"""Failures by the name under which they are stored."""


class ScriptedOptions(AdapterOptions):
    """The script."""

    replies: dict[str, str] | None = None
    """Sample id (or *) to answer."""
    delay_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds before each answer."""
    fail: dict[str, str] | None = None
    """Sample id (or *) to the kind of error to raise."""


Options = ScriptedOptions


def make(spec: ModelSpec) -> ScriptedAdapter:
    """Raises SuiteError for options that are not as the example above."""
    place = f"models.{spec.name}"
    options = read_options(ScriptedOptions, spec)
    failures = {key: _failure(value, place) for key, value in (options.fail or {}).items()}
    return ScriptedAdapter(spec, dict(options.replies or {}), options.delay_s or 0.0, failures)


class ScriptedAdapter:
    """Replies by sample id; `asked` counts the calls for each id, failed ones included."""

    def __init__(
        self,
        spec: ModelSpec,
        replies: Mapping[str, str],
        delay_s: float,
        failures: Mapping[str, tuple[type[RequestError], int | None]],
    ) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            likelihood=True, seed=True, json_schema=True, reasoning_effort=True, tools=True
        )
        self.endpoint = Endpoint(
            lane=f"scripted {spec.name}", place="scripted", network=False, cacheable=False, facts={"scripted": "true"}
        )
        self.asked: Counter[str] = Counter()
        self._replies = replies
        self._delay_s = delay_s
        self._failures = failures

    async def respond(self, request: Request) -> Response:
        """The reply of the script, or the failure; Rejected where the script has neither for this sample."""
        sent_at = time.perf_counter()
        key = request.sample_id
        self.asked[key] += 1
        await asyncio.sleep(self._delay_s)
        failure = self._failures.get(key) or self._failures.get("*")
        if failure is not None and (failure[1] is None or self.asked[key] <= failure[1]):
            raise failure[0](f"models.{self.spec.name}: the script says that sample {key!r} fails.")
        elapsed_s = time.perf_counter() - sent_at
        if request.continuations is not None:
            return _scored(request.continuations, Timing(sent_at=sent_at, total_s=elapsed_s))
        text = self._replies.get(key, self._replies.get("*"))
        if text is None:
            raise Rejected(f"models.{self.spec.name}: the script has no reply to sample {key!r} and none under *.")
        first_s = elapsed_s if text else None
        calls = _calls(text) if request.tools else None
        return Response(
            text="" if calls else text,
            stop_reason="tool_use" if calls else "stop",
            calls=calls,
            timing=Timing(sent_at=sent_at, total_s=elapsed_s, ttft_s=first_s, last_s=first_s),
            served_model="scripted",
            usage=Usage(
                input=sum(len(turn.content.split()) for turn in request.messages), output=len(text.split()), reasoning=0
            ),
        )

    async def aclose(self) -> None:
        """Nothing to give back."""


def _scored(continuations: tuple[str, ...], timing: Timing) -> Response:
    """The shortest continuation is the likeliest: a rule that a test can foresee."""
    return Response(
        text="",
        stop_reason="stop",
        timing=timing,
        served_model="scripted",
        logliks=tuple(-float(len(one)) for one in continuations),
        logliks_greedy=(False,) * len(continuations),
        loglik_tokens=tuple(max(1, len(one.split())) for one in continuations),
    )


def _calls(reply: str) -> tuple[ToolCall, ...]:
    try:
        return recorded(reply)
    except ValueError:
        return ()


def _failure(value: object, place: str) -> tuple[type[RequestError], int | None]:
    """(error, how many calls it fails; None: all) from `stalled` or `stalled*2`."""
    kind, star, times = str(value).partition("*")
    if kind not in KINDS or (star and not times.isdigit()):
        raise SuiteError(
            f"{place}.fail: {value!r} is no failure; there are {', '.join(KINDS)}, also with *2 for twice."
        )
    return KINDS[kind], int(times) if star else None
