"""An agent's sample: the model calls, the environment answers, and so on until it is over. One row for all of it.

    item = begun(item)                          # request_of(item): what is asked first
    item = stepped(item, bought)                # the answer's calls carried out
    over_after(item)                            # why nothing more is asked; None: it goes on
    row = await episode_row(item)               # scored by the calls and what they made of the state

A sample is over when the model answers without a call, calls a tool that ends it, is cut off or declines, or reaches a
limit of the suite (`at_most`). Each request is a step with its own seconds, tokens and money; the row has their sums,
and where one is unknown the sum is unknown. The first token of the row is the last step's: the one that a reader sees.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from evalkit.adapters.held import keep
from evalkit.engine.asking import Lost, Obtained, cost_of, is_drawn, request_of, scored_row
from evalkit.engine.rows import AttemptInfo, failed, step_of
from evalkit.engine.work import Episode, Item, PlannedModel
from evalkit.errors import Stalled
from evalkit.reasoning import answer_of
from evalkit.records import (
    AgentStep,
    Failure,
    Message,
    Response,
    Row,
    Sample,
    StopReason,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
)
from evalkit.scorers.calls import NoCalls, read_calls
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.journal import OFF_RECORD, is_outstanding
from evalkit.suite.environments import BrokenEnvironment, World, world_of
from evalkit.suite.environments.live import ToolServerFailed
from evalkit.suite.environments.recorded import OffRecord
from evalkit.suite.environments.world import CUT, tokens_of, total

BROKEN = "environment"
"""`Row.error_kind` where the environment file cannot do what it says: nobody's answer is to blame."""
TOOL_SERVER = "tool_server"
"""`Row.error_kind` where the live server of an agent's tools failed."""
UNMEASURED = "unmeasured"
"""`Row.error_kind` where a limit in tokens or dollars cannot be kept, since nobody says what a step took."""


def begun(item: Item, steps: Sequence[AgentStep] = ()) -> Item:
    """The item as its agent begins, or goes on after steps of an earlier session. Items of single answers as they are.

    Raises BrokenEnvironment.
    """
    world = world_of(item.sample)
    if world is None:
        return item
    item = replace(item, episode=Episode(item.sample.messages, world.state, n_kept=len(steps)))
    for step in steps:
        item = _with_step(item, world, step)
    return item


def stepped(item: Item, bought: Obtained, told: tuple[ToolResult, ...] | None = None) -> Item:
    """The item after an answer, its calls carried out unless the sample is over. Raises BrokenEnvironment.

    `told`: what a live server returned for them (`due_calls`). None: the environment is data.
    """
    world = world_of(item.sample)
    assert world is not None
    return _with_step(item, world, _step(item, world, bought), told)


def due_calls(item: Item, bought: Obtained) -> tuple[ToolCall, ...]:
    """The calls of an answer that are to be carried out; () where it makes none, or the sample is over with it."""
    world = world_of(item.sample)
    assert world is not None
    assert item.episode is not None
    step = _step(item, world, bought)
    return step.calls if _goes_further(world, item.episode, step) else ()


def kept_within_bounds(item: Item) -> Item:
    """The item itself; what its tools returned in its last step counts among what all answers under way hold. Raises
    BrokenEnvironment where that is too much: fifty calls may return five million characters."""
    episode = item.episode
    told = [result.text for result in episode.steps[-1].results] if episode is not None else []
    try:
        keep(sum(len(text) if text.isascii() else 3 * len(text) for text in told))
    except Stalled as error:
        raise BrokenEnvironment(f"its tools returned too much at once: {error}") from error
    return item


def with_answer(item: Item, bought: Obtained, n_kept: int) -> Item:
    """The item with an answer whose calls could not be carried out; `n_kept` of its steps are kept."""
    world, episode = world_of(item.sample), item.episode
    assert world is not None
    assert episode is not None
    return replace(item, episode=replace(episode, steps=(*episode.steps, _step(item, world, bought)), n_kept=n_kept))


def over_after(item: Item) -> str | None:
    """Why the sample is over with its last step, "" where the agent came to its own end; None where it goes on."""
    world, episode = world_of(item.sample), item.episode
    return world.over(episode.steps) if world is not None and episode is not None and episode.steps else None


def _step(item: Item, world: World, bought: Obtained) -> AgentStep:
    """The step of an answer, its calls not carried out yet."""
    response = bought.response
    calls = response.calls or ()
    if not world.native:
        calls = _written_calls(response.text if item.task.scorer.keeps_reasoning else answer_of(response.text))
    attempt = replace(bought.attempt, timed=item.model.adapter.capabilities.timing)
    return step_of(response, tuple(calls), attempt, bought.cost)


def _written_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls of a reply in text; () where it makes none."""
    try:
        found = read_calls(text)
    except NoCalls:
        return ()
    return tuple(ToolCall(one.name, json.dumps(dict(one.arguments), ensure_ascii=False)) for one in found)


def _goes_further(world: World, episode: Episode, step: AgentStep) -> bool:
    """Whether the calls of a step are carried out."""
    return world.over((*episode.steps, step)) is None or (step.stop_reason not in CUT and world.ends(step.calls))


def _with_step(item: Item, world: World, step: AgentStep, told: tuple[ToolResult, ...] | None = None) -> Item:
    """The item after this step, its calls carried out now (a stored one's again, which comes to the same)."""
    episode = item.episode
    assert episode is not None
    if not _goes_further(world, episode, step):
        return replace(item, episode=replace(episode, steps=(*episode.steps, step)))
    results, state = told, episode.state
    if results is None:
        called, state = world.answer(state, step.calls)
        results = tuple(ToolResult(one.text, one.failed) for one in called)
    done = replace(step, results=results)
    said = step.text if item.task.scorer.keeps_reasoning else answer_of(step.text)
    if world.native:
        turns = [
            Message("assistant", said, step.calls, carried=step.carried),
            *(Message("tool", one.text, failed=one.failed) for one in results),
        ]
    else:
        listed = [{"name": call.name, "result": one.text} for call, one in zip(step.calls, results, strict=True)]
        turns = [Message("assistant", said), Message("user", _TOLD + json.dumps(listed, ensure_ascii=False))]
    return replace(item, episode=Episode((*episode.messages, *turns), state, (*episode.steps, done), episode.n_kept))


_TOLD = "Your calls returned:\n"


def unmeasured(item: Item) -> Failure | None:
    """Why the sample cannot go on within its limits: what a step took is not known. None where it can."""
    world, episode = world_of(item.sample), item.episode
    assert world is not None
    assert episode is not None
    most = world.limits
    for what, limit, of in (("tokens", most.tokens, tokens_of), ("usd", most.usd, lambda step: step.cost_usd)):
        if limit is not None and total(episode.steps, of) is None:
            told = f"at_most.{what} cannot be kept: it is not known what step {len(episode.steps)} took"
            return Failure(UNMEASURED, f"{told}. Leave the limit out, or limit the steps.")
    return None


async def episode_row(item: Item) -> Row:
    """The row of a sample that is over, scored."""
    episode = item.episode
    assert episode is not None
    steps = episode.steps
    last = steps[-1]
    stop: StopReason = next((cut for cut in CUT if cut == last.stop_reason), "stop")
    response = Response(
        text=last.text,
        stop_reason=stop,
        timing=Timing(sent_at=0.0, total_s=total(steps, lambda step: step.total_s) or 0.0),
        reasoning=last.reasoning,
        usage=Usage(
            input=total(steps, lambda step: step.input_tokens),
            output=total(steps, lambda step: step.output_tokens),
            reasoning=total(steps, lambda step: step.reasoning_tokens),
        ),
        refusal=last.refusal,
        calls=last.calls if last.calls or item.sample.tools else None,
        steps=steps,
    )
    row = await scored_row(item, response, _attempt(steps), None)
    parts = {**row.parts, **trajectory_parts(item.sample, steps)}
    return replace(_summed(row, item.model, steps), parts=parts, stop_reason=last.stop_reason)


def trajectory_parts(sample: Sample, steps: Sequence[AgentStep]) -> dict[str, float]:
    """What a row says of how far its agent went: requests, calls, calls that were refused, and whether a limit ended
    it (1 or 0); with a live server also the seconds of its calls (`tools_s`)."""
    world = world_of(sample)
    return {
        "steps": float(len(steps)),
        "calls": float(sum(len(step.calls) for step in steps)),
        "failed_calls": float(sum(result.failed for step in steps for result in step.results)),
        "at_limit": float(bool(steps and world is not None and world.over(steps))),
        **({"tools_s": sum(took)} if (took := _tool_seconds(steps)) else {}),
    }


def _tool_seconds(steps: Sequence[AgentStep]) -> list[float]:
    """What the calls of a live server took."""
    return [result.total_s for step in steps for result in step.results if result.total_s is not None]


def lost_row(item: Item, lost: Lost) -> Row:
    """The row of a sample one of whose requests failed for good. What was done until then stands in it, and what this
    run paid for it."""
    name = item.model.name
    steps = item.episode.steps if item.episode is not None else ()
    row = failed(item.sample, name, item.repeat, lost.attempt, lost.failure, item.task.dropped[name])
    spend = lost.spend if not steps else _spent(item.model, steps)
    if steps and spend is not None and lost.spend is not None:
        spend += lost.spend
    return _come_to_nothing(item, replace(row, steps=steps if item.episode is not None else None, spend_usd=spend))


def broken_row(item: Item, failure: Failure) -> Row:
    """The row of a sample that cannot go on, and that no request failed for."""
    if failure.kind == OFF_RECORD and item.episode is not None:
        told = f"left the record at step {len(item.episode.steps)}: {failure.message}"
        failure = replace(failure, message=told)
    steps = item.episode.steps if item.episode is not None else ()
    name = item.model.name
    row = failed(item.sample, name, item.repeat, _attempt(steps), failure, item.task.dropped[name])
    return _come_to_nothing(item, replace(row, steps=steps, spend_usd=_spent(item.model, steps) if steps else None))


def _come_to_nothing(item: Item, row: Row) -> Row:
    """The row of a sample that is owed again, whatever went wrong. An answer of its model that no later session goes on
    from was given up with it: who asks until its calls can be carried out keeps those that went well."""
    if item.episode is None or item.episode.is_kept or not is_outstanding(row.outcome, row.error_kind):
        return row
    world = world_of(item.sample)
    comes_otherwise = is_drawn(item, request_of(item)) or (world is not None and world.environment.live is not None)
    if not comes_otherwise:
        return row
    return replace(row, given_up=(row.given_up or 0) + 1)


_ANEW = (  # of a failure after which an answer is drawn anew
    "Nobody's answer is to blame; but one was there, and a gate counts what comes in its place later as lost (evalkit "
    "run SUITE --new asks everything anew)"
)


def broken(error: BrokenEnvironment) -> Failure:
    """The failure for an environment that cannot do what it says, or that was never asked this."""
    if isinstance(error, OffRecord):
        return Failure(OFF_RECORD, f"{error}. What was done until then is kept, and has no score.")
    if isinstance(error, ToolServerFailed):
        return Failure(TOOL_SERVER, f"the live server of the tools failed: {error}. {_ANEW}")
    return Failure(BROKEN, f"the environment cannot do what it says: {error}. Mend its file, and run anew.")


def _attempt(steps: Sequence[AgentStep]) -> AttemptInfo:
    """What the engine saw around all steps."""
    if not steps:
        return AttemptInfo(0.0, None, None, 0)
    return AttemptInfo(
        started_at=steps[0].started_at,
        queue_s=steps[0].queue_s,
        retry_s=total(steps, lambda step: step.retry_s),
        attempts=1 + sum(max(0, step.attempts - 1) for step in steps),
        given_up=sum(step.given_up or 0 for step in steps),
        cached=any(step.cached for step in steps),  # such a row was not waited for as a whole, and is not timed
    )


def _summed(row: Row, model: PlannedModel, steps: Sequence[AgentStep]) -> Row:
    """The row with the figures of all steps."""
    last = steps[-1]
    return replace(
        row,
        ttft_s=last.ttft_s,
        ttfr_s=last.ttfr_s,
        tpot_s=last.tpot_s,
        total_s=total(steps, lambda step: step.total_s),
        input_tokens=total(steps, lambda step: step.input_tokens),
        cache_read_tokens=total(steps, lambda step: step.cache_read_tokens),
        cache_write_5m_tokens=total(steps, lambda step: step.cache_write_5m_tokens),
        cache_write_1h_tokens=total(steps, lambda step: step.cache_write_1h_tokens),
        cache_write_other_tokens=total(steps, lambda step: step.cache_write_other_tokens),
        output_tokens=total(steps, lambda step: step.output_tokens),
        reasoning_tokens=total(steps, lambda step: step.reasoning_tokens),
        reasoning_estimated=any(step.reasoning_estimated for step in steps),
        cost_usd=total(steps, lambda step: step.cost_usd),
        spend_usd=_spent(model, steps),
        served_model=last.served_model,  # each step has its own
        fingerprint=last.fingerprint,
        service_tier=last.service_tier,
        billed_beside=_joined(steps),
        raw_usage=None,  # each step has its own
        dropped=tuple(dict.fromkeys([*row.dropped, *(name for step in steps for name in step.dropped)])),
        steps=tuple(steps),
    )


def _spent(model: PlannedModel, steps: Sequence[AgentStep]) -> Decimal | None:
    """US dollars that this run paid for the steps: none for those from the cache or from a file of answers; None where
    one's cost is unknown."""
    if model.asks_nobody:
        return Decimal(0)
    fresh = [step for step in steps if not step.cached]
    return total(fresh, lambda step: step.cost_usd) if fresh else Decimal(0)


def _joined(steps: Sequence[AgentStep]) -> str | None:
    found = dict.fromkeys(part for step in steps for part in (step.billed_beside or "").split(", ") if part)
    return ", ".join(found) or None


def cached_answer(item: Item, hit: CachedAnswer) -> Obtained:
    """A cached answer as one that was bought: by this run's prices of the day on which it was asked."""
    attempt = AttemptInfo(hit.started_at, None, None, 1, cached=True, given_up=hit.given_up)
    response, cost = cost_of(item, hit.response, attempt)
    return Obtained(response, attempt, cost)
