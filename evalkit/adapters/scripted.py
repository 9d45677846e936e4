"""A model that says what it is told: for tests, and for trying a suite before anything is paid.

    models:
      fake: {adapter: scripted, replies: {t1: deny, "*": approve}, delay_s: 0.01, fail: {t7: rate_limited}}

      agent: {adapter: scripted, path: careful.jsonl}     # {"id": "t1", "replies": ["[{...}]", "Done."]} and so on

Replies and failures are found by sample id, then under `*`. Where a reply is a list, its n-th entry answers the n-th
request of an agent's sample (and `t1:step2` names its second one alone); later turns of a conversation have keys of
their own (`t1:turn2`). A failure named `rate_limited*2` fails twice and then lets the reply through, which is how a
test sees a retry. Likelihood requests get minus the length of each continuation. Where functions are offered, a reply
that is a JSON list of {name, arguments} is made as calls.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.tool_calls import recorded
from evalkit.errors import Rejected, RequestError, SuiteError
from evalkit.records import Request, Response, Timing, ToolCall, Usage
from evalkit.suite.datasets import open_data, raise_it
from evalkit.suite.schema.parts import Text
from evalkit.text.numbers import whole_number

_STEP = re.compile(r"(.+):step(\d{1,6})")
KINDS: Mapping[str, type[RequestError]] = {kind("").kind: kind for kind in RequestError.__subclasses__()}
"""Failures by the name under which they are stored."""


class ScriptedOptions(AdapterOptions):
    """The script."""

    replies: dict[str, str | list[str]] | None = None
    """Sample id (or *) to answer; a list answers the requests of an agent's sample, one after another."""
    path: Text | None = None
    """The same in a file, relative to the suite: JSONL with `id` and `replies`."""
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
    written = {} if options.path is None else _in_file(options.path, spec)
    replies = {
        key: (reply,) if isinstance(reply, str) else tuple(reply) for key, reply in (options.replies or {}).items()
    }
    return ScriptedAdapter(spec, {**written, **replies}, options.delay_s or 0.0, failures)


class ScriptedAdapter:
    """Replies by sample id; `asked` counts the calls for each id, failed ones included."""

    def __init__(
        self,
        spec: ModelSpec,
        replies: Mapping[str, tuple[str, ...]],
        delay_s: float,
        failures: Mapping[str, tuple[type[RequestError], int | None]],
    ) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            likelihood=True,
            seed=True,
            json_schema=True,
            reasoning_effort=True,
            tools=True,
            tool_results=True,
            images=True,
        )
        self.endpoint = Endpoint(
            lane=f"scripted {spec.name}",
            place="scripted",
            network=False,
            cacheable=False,
            facts={"scripted": "true", "script_sha256": _digest(replies, delay_s, failures)},
        )
        self.asked: Counter[str] = Counter()
        self._replies = replies
        self._delay_s = delay_s
        self._failures = failures

    @property
    def listed(self) -> dict[str, int]:
        """Sample id (or *) to the number of replies, where there are several."""
        return {key: len(replies) for key, replies in self._replies.items() if len(replies) > 1}

    def key_of(self, sample_id: str) -> str:
        """The key of the replies that this sample gets."""
        return sample_id if sample_id in self._replies else "*"

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
        text = self._reply(key)
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
                input=sum(len(turn.text.split()) for turn in request.messages), output=len(text.split()), reasoning=0
            ),
        )

    def _reply(self, key: str) -> str | None:
        """The reply to a request; None where the script has none."""
        step = _STEP.fullmatch(key)
        if (exact := self._replies.get(key)) is not None:
            return exact[0] if exact else None
        sample, n = (step[1], int(step[2])) if step is not None else (key, 1)
        found = self._replies.get(self.key_of(sample))
        if not found:
            return None
        return found[0] if len(found) == 1 else found[n - 1] if n <= len(found) else None

    async def aclose(self) -> None:
        """Nothing to give back."""


def _in_file(path: str, spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """The replies of a file by sample id. Raises SuiteError."""
    place = f"models.{spec.name}.path"
    found: dict[str, tuple[str, ...]] = {}
    for number, record in open_data(path, Path(spec.folder), where={}).records(raise_it):
        name, replies = record.get("id"), record.get("replies")
        if isinstance(replies, str):
            replies = [replies]
        if not isinstance(name, str) or not isinstance(replies, list) or not all(isinstance(r, str) for r in replies):
            raise SuiteError(f"{place}: record {number} of {path} needs an id and replies (a text, or a list of texts)")
        if name in found:
            raise SuiteError(f"{place}: {path} has two records with the id {name!r}")
        found[name] = tuple(replies)
    return found


def _digest(
    replies: Mapping[str, tuple[str, ...]],
    delay_s: float,
    failures: Mapping[str, tuple[type[RequestError], int | None]],
) -> str:
    """What the script says, as a fingerprint: two models are the same one where theirs are equal."""
    fails = {key: (error.__name__, times) for key, (error, times) in failures.items()}
    written = json.dumps([replies, delay_s, fails], sort_keys=True)  # escaped: a lone surrogate is no UTF-8
    return hashlib.sha256(written.encode()).hexdigest()


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
    if kind not in KINDS or (star and whole_number(times) is None):
        raise SuiteError(
            f"{place}.fail: {value!r} is no failure; there are {', '.join(KINDS)}, also with *2 for twice."
        )
    return KINDS[kind], whole_number(times)
