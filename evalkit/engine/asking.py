"""One item from request to row: ask, try again within its deadline, score, price.

    asked = await ask(item, request, slot, due_at=..., timeout_s=600)     # asked.row is what the journal gets

Every error of an adapter ends here as data, a `Failure` in the row; what is no `RequestError` is a defect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from evalkit.adapters.awaiting import OutOfTime, ask_adapter, is_from_inside, within
from evalkit.adapters.base import Adapter
from evalkit.adapters.billed_beside import asked_beside
from evalkit.adapters.connecting import connecting
from evalkit.adapters.keys import scrubbed, scrubbed_error
from evalkit.adapters.pictures import refuse_pictures
from evalkit.engine import call_log
from evalkit.engine.billing_of_parts import PartsSoFar, billed, paid_by_run, parts_kept
from evalkit.engine.budget import Reservation, searches_unpriced
from evalkit.engine.event_loop import in_thread
from evalkit.engine.lane import Lane, Slot, may_have_cost
from evalkit.engine.limiter import wait_before_retry
from evalkit.engine.pictures import room_for, with_pictures
from evalkit.engine.rows import AttemptInfo, answered, failed, plausible
from evalkit.engine.work import Item, PlannedModel
from evalkit.errors import Overloaded, RateLimited, Rejected, RequestError, Stalled, Unsupported
from evalkit.frozen import dataclass
from evalkit.records import Failure, Request, Response, Row, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.choice import continuations
from evalkit.scorers.outcomes import score_at_once, score_awaited_response, score_response
from evalkit.suite.extra_fields import draws
from evalkit.text.given_up import closed

MOST_RETURNS = 10
"""How often an item goes back into the queue because its server was asked too much at once; each time the limit has
been halved, so that no more are needed."""


class StoppedWaiting(asyncio.CancelledError):
    """The run ended while an item waited for its next attempt."""

    def __init__(self, n_given_up: int) -> None:
        super().__init__()
        self.n_given_up = n_given_up
        """Of its attempts until then."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one item."""

    row: Row
    response: Response | None
    """None when the request failed."""


@dataclass(frozen=True, slots=True)
class Obtained:
    """An answer that came, not scored."""

    response: Response
    attempt: AttemptInfo
    cost: Decimal | None
    """US dollars; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A request that no answer came to."""

    failure: Failure
    attempt: AttemptInfo
    spend: Decimal | None = None
    """US dollars of the parts of a pipeline that answered before another failed. None: nobody knows what it cost."""


def request_of(item: Item) -> Request:
    """What is sent for an item. Likelihood tasks ask for each choice as a continuation of the prompt."""
    sample, scorer, episode = item.sample, item.task.scorer, item.episode
    sent = item.task.sent if item.model.adapter.capabilities.record else ()
    weighed = scorer.continuations or continuations
    return Request(
        messages=sample.messages if episode is None else episode.messages,
        settings=item.task.settings[item.model.name],
        tools=sample.tools,
        continuations=weighed(sample) if scorer.needs == "likelihood" else None,
        contexts=scorer.contexts(sample) if scorer.contexts is not None else None,
        record={name: sample.fields[name] for name in sent},
        sample_id=sample.id if episode is None or not episode.steps else f"{sample.id}:step{len(episode.steps) + 1}",
        repeat=item.repeat,
    )


def is_drawn(item: Item, request: Request) -> bool:
    """Whether the same request may get another answer, so that asking again is a choice.

    A server draws its times whatever the temperature, and at 0 its answers too: what else is in its batch changes the
    last bits of every logit (Horace He, "Defeating Nondeterminism in LLM Inference", 2025). An engine in this process
    does not.
    """
    if not item.model.answers_alike:
        return True
    settings = request.settings
    return request.continuations is None and (settings.temperature != 0 or draws(settings.extra))


async def ask(
    item: Item, request: Request, slot: Slot, money: Reservation, *, due_at: float, timeout_s: float
) -> Asked:
    """The row of an item, asked and scored; as `obtain`."""
    found = await obtain(item, request, slot, money, due_at=due_at, timeout_s=timeout_s)
    name = item.model.name
    if isinstance(found, Lost):
        row = failed(item.sample, name, item.repeat, found.attempt, found.failure, item.task.dropped[name])
        return Asked(replace(row, spend_usd=found.spend), None)
    return Asked(await scored_row(item, found.response, found.attempt, found.cost), found.response)


async def obtain(
    item: Item, request: Request, slot: Slot, money: Reservation, *, due_at: float, timeout_s: float
) -> Obtained | Lost:
    """Ask until there is an answer or no use in asking. The caller gives the slot back afterwards.

    `due_at` (perf_counter) is when the item began to wait for its slot. `money` is settled on return.
    """
    with parts_kept() as parts:
        return await _obtain(item, request, slot, money, parts, due_at=due_at, timeout_s=timeout_s)


async def _obtain(
    item: Item,
    request: Request,
    slot: Slot,
    money: Reservation,
    parts: PartsSoFar,
    *,
    due_at: float,
    timeout_s: float,
) -> Obtained | Lost:
    lane = slot.lane
    in_doubt = False  # whether an attempt may have been billed that no answer came of
    first_sent = time.perf_counter()
    deadline = first_sent + timeout_s
    attempts = n_returned = n_given_up = 0
    told: RequestError | None = None  # the last error that an attempt met
    while True:
        attempts += 1
        attempt_at = time.perf_counter()
        try:
            response, waits = await _ask_once(item.model, request, deadline - attempt_at)
        except RequestError as caught:
            error = told = scrubbed_error(caught)
        except TimeoutError as over:
            error = _cut_off(told, over, attempts, time.perf_counter() - attempt_at, timeout_s)
        except Exception as caught:  # noqa: BLE001 - only what a plug-in raises becomes a failure of the item
            error = told = _of_plugin(item.model.adapter, caught)
        except asyncio.CancelledError:
            money.lost()  # given up in the middle: the provider may go on, and ask money for it
            raise
        else:
            if call_log.is_on():
                call_log.write(item, request, attempts, time.perf_counter() - attempt_at, response)
            retry_s = (attempt_at - first_sent if attempts > 1 else 0.0) + lane.waited_to_connect(waits)
            return _answered(item, response, lane, money, (first_sent - due_at, retry_s, attempts, n_given_up))
        if call_log.is_on():
            call_log.write(item, request, attempts, time.perf_counter() - attempt_at, error)
        cut_off = error is not told or lane.was_on_its_way(item.model.name, error, time.perf_counter() - attempt_at)
        if may_have_cost(error, time.perf_counter() - attempt_at):
            money.lost()
            in_doubt = True
        if isinstance(error, RateLimited | Overloaded):
            lane.limiter.rate_limited(attempt_at, error.retry_after_s)
        left_s = deadline - time.perf_counter()
        n_given_up += cut_off and is_drawn(item, request)
        n_lost = n_given_up + bool(parts.stages and is_drawn(item, request))  # what parts said is not kept beyond this
        crowded = isinstance(error, Stalled) and lane.limiter.stalled(attempt_at) and n_returned < MOST_RETURNS
        crowded = crowded and left_s > 0  # what went on until the deadline has had its time, whatever it was
        n_own = attempts - n_returned
        wait_s = 0.0 if crowded else wait_before_retry(error, n_own, left_s, contacted=lane.contacted, rng=lane.rng)
        again = wait_s is not None and item.model.name not in lane.stopped and money.again()
        ended = time.perf_counter()
        paid = parts.billed(item.model)
        if not again or not await _waited(slot, money, (paid, n_lost), wait_s or 0.0, None if crowded else deadline):
            money.unused(but=paid)
            attempt = AttemptInfo(
                started_at=time.time() - (time.perf_counter() - attempt_at),
                queue_s=first_sent - due_at,
                retry_s=ended - first_sent,
                attempts=attempts,
                given_up=n_lost,
            )
            failure = _failure(item, error, attempt, lane, timeout_s, parts.note_about(item.model))
            return Lost(failure, attempt, paid if item.model.asks_nobody or (parts.stages and not in_doubt) else None)
        if crowded:  # it goes back into the queue: the attempt does not count, nor the time until it is sent again
            n_returned += 1
            deadline += time.perf_counter() - ended


def _sendable(model: PlannedModel, request: Request) -> Adapter:
    """The model's adapter. Raises Unsupported where it would lose calls, what they returned, or pictures."""
    adapter = model.adapter
    if not adapter.capabilities.images:
        refuse_pictures(request, f"models.{model.name}", adapter.spec.adapter)
    held = any(one.calls or one.role == "tool" for one in request.messages)
    if held and not adapter.capabilities.tool_results and adapter.spec.adapter != "replay":
        raise Unsupported(
            f"models.{model.name}: the conversation holds calls and what they returned, which {adapter.spec.adapter} "
            "does not take. Leave the model out: --models",
            sent=False,
        )
    return adapter


def _of_plugin(adapter: Adapter, caught: Exception) -> RequestError:
    from evalkit.adapters.theirs import failure_of

    return failure_of(adapter, caught)


def _answered(
    item: Item, response: Response, lane: Lane, money: Reservation, waits: tuple[float, float, int, int]
) -> Obtained:
    """What came and what it cost; `waits` are seconds in the queue, seconds of earlier attempts, the number of attempts
    and how many of them were given up."""
    timing = response.timing
    lane.took(item.model.name, timing.total_s)
    lane.succeeded(item.model.name, timing.ttfr_s if timing.ttfr_s is not None else timing.ttft_s)
    queue_s, retry_s, attempts, given_up = waits
    sent_at = time.time() - (time.perf_counter() - timing.sent_at)
    attempt = AttemptInfo(sent_at, queue_s, retry_s, attempts, given_up=given_up)
    response, cost = cost_of(item, response, attempt)
    money.paid(paid_by_run(item.model, response, cost))  # before the score, which may take its time
    return Obtained(response, attempt, cost)


async def _waited(
    slot: Slot, money: Reservation, so_far: tuple[Decimal | None, int], wait_s: float, until: float | None
) -> bool:
    """Give the slot back, wait, and take one again; False where none was to be had in time. `so_far` is what was billed
    for the item, and how many of its attempts are given up where it ends with them. Raises StoppedWaiting."""
    paid, n_given_up = so_far
    slot.give_back()
    try:
        with slot.lane.nothing_under_way():
            await asyncio.sleep(wait_s)
            return await slot.take_again(until)
    except asyncio.CancelledError:
        money.unused(but=paid)
        raise StoppedWaiting(n_given_up) from None


def _cut_off(
    told: RequestError | None, over: TimeoutError, attempts: int, waited_s: float, timeout_s: float
) -> RequestError:
    """The error of an item whose deadline ended its last attempt: what the attempts before met is the cause."""
    more = f"; {over}" if isinstance(over, OutOfTime) and str(over) else ""
    if told is None:
        return Stalled(f"no answer within {timeout_s:g} s (run.timeout_s), over {attempts} attempt(s){more}")
    error = type(told)(
        f"{told} (said to {attempts - 1} attempt(s); run.timeout_s, {timeout_s:g} s, ended the next after "
        f"{waited_s:.1f} s{more})",
        status=told.status,
        retry_after_s=told.retry_after_s,
    )
    error.begun = True  # nobody knows what became of the attempt that was cut off
    return error


def believed(response: Response, request: Request) -> Response:
    """The response with a usage that can be priced: counts that the answer contradicts are unknown, and what the
    request made the provider do besides text (searches, images) is noted where the reply does not tell."""
    usage = response.usage
    if usage is None:
        return response
    said_something = bool(response.text.strip() or response.calls or response.reasoning)
    if said_something and usage.output == 0:
        usage = replace(usage, output=None, reasoning=None)
    if said_something and usage.input == 0 and any(message.text for message in request.messages):
        usage = replace(usage, input=None, cache_read=None)
    said = " ".join(
        (response.text, response.reasoning or "", *(f"{one.name} {one.arguments}" for one in response.calls or ()))
    )
    usage = plausible(usage, prompt=" ".join(_sent(request)), said=said)
    if asked := asked_beside(request.settings.extra):
        usage = replace(usage, beside=tuple(dict.fromkeys([*usage.beside, *(f"extra.{name}" for name in asked)])))
    return response if usage is response.usage else replace(response, usage=usage)


async def _ask_once(model: PlannedModel, request: Request, seconds: float) -> tuple[Response, list[float]]:
    """One attempt: the answer without keys and what cannot be true of it, and the seconds of each new connection. The
    wait for room is none of the seconds."""
    waits = list[float]()
    try:
        with connecting(waits):
            if request.images:
                async with room_for(request):
                    response = await within(seconds, _shown(_sendable(model, request), request))
            else:
                response = await within(seconds, ask_adapter(_sendable(model, request), request))
    except asyncio.CancelledError:
        if is_from_inside():
            raise Rejected(f"models.{model.name}: the call cancelled itself (asyncio.CancelledError)") from None
        raise
    return _with_searches(believed(scrubbed(response), request), model), waits


async def _shown(adapter: Adapter, request: Request) -> Response:
    return await ask_adapter(adapter, await with_pictures(request))


def _with_searches(response: Response, model: PlannedModel) -> Response:
    """The response, with the searches among what it is billed for where the model makes them unasked."""
    usage = response.usage
    if usage is None or usage.beside or not searches_unpriced(model):
        return response
    return replace(response, usage=replace(usage, beside=("web_search",)))


def _sent(request: Request) -> Iterator[str]:
    """The texts of a prompt, calls of earlier answers included."""
    for message in request.messages:
        yield message.words
        for call in message.calls:
            yield f"{call.name} {call.arguments}"


def cost_of(item: Item, response: Response, attempt: AttemptInfo) -> tuple[Response, Decimal | None]:
    """(the response with the stages of a pipeline priced, what the answer was billed by the prices of its day; None
    where that is not known)."""
    cost, stages = billed(item.model, response, datetime.fromtimestamp(attempt.started_at, UTC))
    return response if stages is None else replace(response, stages=stages), cost


async def score_of(sample: Sample, response: Response, scorer: Scorer) -> Score:
    """The score of an answer. Slow scorers run in a thread."""
    if scorer.awaited is not None:
        return await score_awaited_response(sample, response, scorer)
    if scorer.slow:
        return await in_thread(lambda: score_response(sample, response, scorer))
    return await score_at_once(sample, response, scorer, in_thread)


async def scored_row(item: Item, response: Response, attempt: AttemptInfo, cost: Decimal | None) -> Row:
    """The row of an answer, new or from the cache, with its score."""
    model, sample = item.model, item.sample
    score = await score_of(sample, response, item.task.scorer)
    if not model.adapter.capabilities.timing:
        attempt = replace(attempt, timed=False)
    row = answered(sample, model.name, item.repeat, attempt, response, score, cost, item.task.dropped[model.name])
    if attempt.cached or (paid := paid_by_run(model, response, cost)) is cost:
        return row
    return replace(row, spend_usd=paid)


def _failure(item: Item, error: RequestError, attempt: AttemptInfo, lane: Lane, timeout_s: float, note: str) -> Failure:
    lane.failed(item, error)
    told = str(error)
    if error.retry_after_s is not None and error.retry_after_s >= timeout_s - (attempt.retry_s or 0.0):
        told = (
            closed(told)
            + f" It asks to wait {error.retry_after_s:g} s, more than is left of run.timeout_s ({timeout_s:g} s)."
        )
    gone = item.model.gone
    if gone is not None and (error.status in {404, 410} or (error.status == 400 and gone.startswith("retired"))):
        told = f"{closed(told)} By what is known of it, the model {gone}."
    return Failure(error.kind, told + note, error.status)
