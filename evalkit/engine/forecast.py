"""What a run would take: requests, tokens, dollars and minutes of each model, before anything is sent.

    forecast(plan.work, learn(results, ...), Pace())     # [{"model": "gpt", "n_requests": 2000, "usd": {...}, ...}]

Input tokens: counted by the model's own tokenizer where it is in this process, else bytes times the ratio that earlier
runs taught, else a quarter of the bytes, assumed. Output tokens: as earlier answers to the same task were, else to any
task, else only known to lie between one token and the limit. Each figure says which. `low` and `high` take every
request at the low, or at the high end: a range and not an interval. A later turn of a conversation holds the answers
before it, which are taken to be as long (where that is unknown, nothing is added). Prompt-cache discounts are not
counted in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import cast

from evalkit.adapters.base import CountsPrompts
from evalkit.addresses import is_loopback
from evalkit.cost.reports import ModelForecast, TokenRange, UsdRange
from evalkit.engine.asking import request_of
from evalkit.engine.budget import tools_text
from evalkit.engine.experience import AgentUse, Learned, PastUse
from evalkit.engine.image_tokens import basis as image_basis
from evalkit.engine.image_tokens import n_images, with_images
from evalkit.engine.judging.panel import Panel
from evalkit.engine.ledger import AnswerCache
from evalkit.engine.pipeline_bills import parts_expected
from evalkit.engine.work import PlannedModel, PlannedTask, Work, item_for
from evalkit.records import Message, Sample, Usage
from evalkit.store.row_codec import Key
from evalkit.suite.environments import world_of

ASSUMED_TOKENS_PER_BYTE = (0.15, 0.25, 0.5)
"""Low, usual and high: English is near a quarter, code and other scripts lie above."""
_TURN = 16
"""Bytes of a turn's frame; the runner reserves the same for its worst case."""
ENDS = ("low", "value", "high")


@dataclass(frozen=True, slots=True)
class Pace:
    """What the person's account allows; None: not said."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(slots=True)
class _Sums:
    """Totals at one end."""

    input: float | None = 0.0
    output: float | None = 0.0
    usd: Decimal | None = Decimal(0)

    def add(self, given: float | None, made: float | None, cost: Decimal | None) -> None:
        self.input = None if self.input is None or given is None else self.input + given
        self.output = None if self.output is None or made is None else self.output + made
        self.usd = None if self.usd is None or cost is None else self.usd + cost


@dataclass(slots=True)
class _Traffic:
    """What the requests cost that weighted samples stand for, whoever answers them: cached ones count too."""

    requests: Decimal = Decimal(0)
    usd: dict[str, Decimal | None] = field(default_factory=lambda: dict.fromkeys(ENDS, Decimal(0)))

    def add(self, weight: float, cost: Mapping[str, Decimal | None]) -> None:
        heavy = Decimal(repr(weight))
        self.requests += heavy
        for end in ENDS:
            known, more = self.usd[end], cost[end]
            self.usd[end] = None if known is None or more is None else known + heavy * more

    def per_1k(self) -> UsdRange | None:
        """None: no sample is weighted."""
        if not self.requests:
            return None
        each = {end: None if usd is None else f"{1000 * usd / self.requests:.6f}" for end, usd in self.usd.items()}
        return {"low": each["low"], "value": each["value"], "high": each["high"]}


def forecast(
    work: Work,
    known: Mapping[str, PastUse],
    pace: Pace = Pace(),
    cache: AnswerCache | None = None,
    done: Callable[[Key], bool] | None = None,
) -> list[ModelForecast]:
    """For each model what it would be asked, and what that would take. null: unknown, with the reason in `basis`.

    With a cache, answers that are cached are counted as such and cost nothing. `done`: what an unfinished run holds.
    """
    return [_of_model(model, work, known.get(model.name, PastUse()), pace, cache, done) for model in work.models]


def _of_model(
    model: PlannedModel,
    work: Work,
    known: PastUse,
    pace: Pace,
    cache: AnswerCache | None,
    done: Callable[[Key], bool] | None,
) -> ModelForecast:
    sums = {end: _Sums() for end in ENDS}
    n_asked = n_bought = 0
    bases: dict[str, str] = {}
    now = datetime.now(UTC)
    traffic = _Traffic()
    pictured: set[str] = set()
    for task in work.tasks:
        made, basis = _output(model, task, known)
        bases[task.name] = basis
        for sample in task.samples():
            every = range(work.settings.repeats)
            owed = [n for n in every if done is None or not done(item_for(task, sample, model, n).key)]
            if sample.world is not None:
                n_asked += _add_agent(model, task, sample, known, len(owed), sums)
                bases[task.name] = _agent_basis(sample, known.agents.get(task.name))
                continue
            prompt = _prompt(task, sample, model)
            given = with_images(_input(model, prompt, known), prompt, known.pictured.get(task.name))
            pictured |= {task.name} if n_images(prompt) else set()
            for end in ENDS if sample.turn > 1 else ():
                given[end] = _plus(given[end], (sample.turn - 1) * (made[end] or 0.0))
            if sample.weight is not None:
                traffic.add(sample.weight, {end: _cost(model, given[end], made[end], now) for end in ENDS})
            for repeat in owed:
                if cache is not None and _bought(cache, model, task, sample, repeat):
                    n_bought += 1
                    continue
                n_asked += 1
                for end in ENDS:
                    cost = _cost(model, given[end], made[end], now)
                    sums[end].add(*_with_guards(model, given[end], made[end]), cost)
    told = _told(model, sums, (n_asked, n_bought), bases, known, pace, work.settings.in_flight)
    seen = dict.fromkeys(image_basis(learned=name in known.pictured) for name in sorted(pictured))
    basis = "; ".join([told["input_basis"], *seen])
    return {**told, "input_basis": basis, "usd_per_1k_requests": traffic.per_1k()}


def _add_agent(
    model: PlannedModel, task: PlannedTask, sample: Sample, known: PastUse, repeats: int, sums: Mapping[str, _Sums]
) -> int:
    """Add what an agent's sample would take; the requests that it would take. Where no earlier run tells, it is one
    request at least, and the rest is unknown."""
    use, now = known.agents.get(task.name), datetime.now(UTC)
    given = _input(model, _prompt(task, sample, model), known)["low"]
    ends: dict[str, tuple[float | None, float | None]] = {
        "low": (given, 1.0),
        "value": (None, None),
        "high": (None, None),
    }
    if use is not None:
        ends = {
            "low": (use.input.low, use.output.low),
            "value": (use.input.mean, use.output.mean),
            "high": (use.input.high, use.output.high),
        }
    for _ in range(repeats):
        for end, (read, made) in ends.items():
            sums[end].add(read, made, None if read is None else _cost(model, read, made, now))
    return repeats * (1 if use is None else round(use.steps.mean))


def _agent_basis(sample: Sample, use: AgentUse | None) -> str:
    if use is not None:
        return f"learned from {use.steps.n:,} earlier samples of this task, {use.steps.mean:.1f} requests each"
    world = world_of(sample)
    most = world.limits.steps if world is not None else 1
    return f"unknown: an agent takes 1 to {most} requests a sample, and no earlier run tells how many"


def forecast_judges(panel: Panel, work: Work, known: Mapping[str, PastUse], pace: Pace = Pace()) -> list[ModelForecast]:
    """The same for each judge. What it will be shown is not written yet: the answers are taken as long as their models
    are expected to make them. Verdicts that are cached are not seen, so it may cost less."""
    return [_of_judge(judge, panel, work, known, pace) for judge in panel.judges]


def _of_judge(judge: PlannedModel, panel: Panel, work: Work, known: Mapping[str, PastUse], pace: Pace) -> ModelForecast:
    own = known.get(judge.name, PastUse())
    sums = {end: _Sums() for end in ENDS}
    n_asked = 0
    bases: dict[str, str] = {}
    now = datetime.now(UTC)
    asked = {task.name: task for task in work.tasks}
    for trial in panel.trial():
        if judge.name not in trial.settings:
            continue
        said, bases[trial.name] = _output(judge, trial, own)
        judged, task = panel.tasks[trial.name], asked[trial.name]
        length = {m.name: _output(m, task, known.get(m.name, PastUse()))[0] for m in work.models}
        compared = length.get(judged.judging.pair or "")
        shown = [(judged.requests(m.name), _with(length[m.name], compared)) for m in work.models]
        for sample in trial.samples():
            given = _input(judge, sample.messages, own)
            for n_times, answer in shown:
                n = n_times * work.settings.repeats
                n_asked += n
                for end in ENDS:
                    more, made = answer[end], said[end]
                    read = None if more is None else given[end] + more
                    cost = None if read is None else _cost(judge, read, made, now)
                    sums[end].add(
                        None if read is None else read * n,
                        None if made is None else made * n,
                        None if cost is None else cost * n,
                    )
    return _told(judge, sums, (n_asked, 0), bases, own, pace, work.settings.in_flight)


def _with(answer: Mapping[str, float | None], other: Mapping[str, float | None] | None) -> dict[str, float | None]:
    """Tokens of the answers that a judge reads at once."""
    if other is None:
        return dict(answer)
    both = {end: (answer[end], other[end]) for end in ENDS}
    return {end: None if a is None or b is None else a + b for end, (a, b) in both.items()}


def _told(
    model: PlannedModel,
    sums: Mapping[str, _Sums],
    n: tuple[int, int],
    bases: Mapping[str, str],
    known: PastUse,
    pace: Pace,
    in_flight: int | None,
) -> ModelForecast:
    """A forecast as JSON. `n`: requests to ask, and answers that are cached."""
    now = datetime.now(UTC)
    n_asked, n_bought = n
    endpoint = model.adapter.endpoint
    usd = {end: None if (amount := sums[end].usd) is None else format(amount, "f") for end in ENDS}
    minutes, why = _minutes(model, n_asked, sums["value"], known, pace, in_flight)
    return {
        "model": model.name,
        "n_requests": n_asked,
        "n_cached": n_bought,
        "input_tokens": _range({end: _whole(sums[end].input) for end in ENDS}),
        "input_basis": _input_basis(model, known),
        "output_tokens": _range({end: _whole(sums[end].output) for end in ENDS}),
        "output_basis": dict(bases),
        "usd": {"low": usd["low"], "value": usd["value"], "high": usd["high"]},
        "usd_per_1k_requests": None,
        "price_known": _cost(model, 1, 1, now) is not None,
        "minutes": minutes,
        "minutes_basis": why,
        "receiver": _receivers(model),
        "place": endpoint.place,
    }


def _range(ends: Mapping[str, int | None]) -> TokenRange:
    return {"low": ends["low"], "value": ends["value"], "high": ends["high"]}


def _prompt(task: PlannedTask, sample: Sample, model: PlannedModel) -> tuple[Message, ...]:
    """What is read for a sample: for likelihoods over a network, the prompt anew before each continuation."""
    if task.scorer.needs != "likelihood" or not model.adapter.endpoint.network:
        offered = tools_text(sample.tools)
        messages = item_for(task, sample, model, 0).sample.messages
        return (*messages, Message("system", offered)) if offered else messages
    request = request_of(item_for(task, sample, model, 0))
    each = request.continuations or ()
    if request.contexts is not None:
        pairs = zip(request.contexts, each, strict=True)
        return tuple(Message("user", before + text) for before, text in pairs)
    return tuple(message for text in each for message in (*request.messages, Message("assistant", text)))


@cache
def _counts_prompts(adapter: type) -> bool:
    """Asked for every sample: isinstance of a protocol takes 60 µs."""
    return issubclass(adapter, CountsPrompts)


def _input(model: PlannedModel, messages: tuple[Message, ...], known: PastUse) -> dict[str, float]:
    if _counts_prompts(type(model.adapter)):
        n = float(cast(CountsPrompts, model.adapter).count_prompt(messages))
        return dict.fromkeys(ENDS, n)
    size = sum(len(message.words.encode("utf-8", "replace")) for message in messages)
    ratio = known.tokens_per_byte
    if ratio is None:
        size += _TURN * len(messages)
        return dict(zip(ENDS, (size * share for share in ASSUMED_TOKENS_PER_BYTE), strict=True))
    return {"low": size * ratio.low, "value": size * ratio.mean, "high": size * ratio.high}


def _input_basis(model: PlannedModel, known: PastUse) -> str:
    if _counts_prompts(type(model.adapter)):
        return "counted by its own tokenizer"
    if known.tokens_per_byte is not None:
        return f"learned from {known.tokens_per_byte.n:,} earlier prompts of this model"
    return "assumed: four bytes a token, between two and seven"


def _output(model: PlannedModel, task: PlannedTask, known: PastUse) -> tuple[dict[str, float | None], str]:
    limit = task.settings[model.name].max_output_tokens
    if task.scorer.needs == "likelihood":
        return dict.fromkeys(ENDS, 0.0), "nothing is written: likelihoods are read"
    found: Learned | None = known.output_by_task.get(task.name)
    basis = "learned from {:,} earlier answers to this task"
    if found is None:
        found, basis = known.output_tokens, "learned from {:,} earlier answers of this model to other tasks"
    if found is not None:
        ends = {"low": found.low, "value": found.mean, "high": found.high}
        most = float("inf") if limit is None else float(limit)
        return {end: min(value, most) for end, value in ends.items()}, basis.format(found.n)
    if limit is None:
        return {
            "low": 1.0,
            "value": None,
            "high": None,
        }, "unknown: no earlier answers, and max_output_tokens is not set"
    return {"low": 1.0, "value": None, "high": float(limit)}, "unknown: no earlier answers; at most max_output_tokens"


def _plus(tokens: float | None, more: float) -> float | None:
    return None if tokens is None else tokens + more


def _cost(model: PlannedModel, given: float | None, made: float | None, now: datetime) -> Decimal | None:
    if made is None or given is None:
        return None
    if model.parts:
        each = [_cost(part, *tokens, now) for part, tokens in parts_expected(model, given, made)]
        return None if None in each else sum((cost for cost in each if cost is not None), Decimal(0))
    output = round(made)
    return model.price(Usage(input=round(given), output=output, reasoning=0), None, now)


def _receivers(model: PlannedModel) -> str | None:
    """Who gets the prompts: the host, those of all parts of a pipeline, or the program that is started; None where
    nothing leaves this process."""
    found = dict.fromkeys(
        endpoint.facts.get("program") if endpoint.host is None else endpoint.host
        for endpoint in (part.adapter.endpoint for part in (model.parts or {"": model}).values())
    )
    return ", ".join(one for one in found if one is not None) or None


def _with_guards(model: PlannedModel, given: float | None, made: float | None) -> tuple[float | None, float | None]:
    """Tokens of a request, those of a pipeline's guards included."""
    if not model.parts or given is None:
        return given, made
    each = [tokens for _, tokens in parts_expected(model, given, made)]
    read, said = [tokens[0] for tokens in each], [tokens[1] for tokens in each]
    return (
        None if None in read else sum(n for n in read if n is not None),
        None if None in said else sum(n for n in said if n is not None),
    )


def _bought(cache: AnswerCache, model: PlannedModel, task: PlannedTask, sample: Sample, repeat: int) -> bool:
    return cache.get(model, request_of(item_for(task, sample, model, repeat))) is not None


def _minutes(
    model: PlannedModel, n: int, sums: _Sums, known: PastUse, pace: Pace, in_flight: int | None
) -> tuple[float | None, str]:
    """Minutes, and what they rest on; None where nothing is known about the pace."""
    if n == 0:
        return 0.0, "none: every answer is there"
    stated = []
    if pace.requests_per_minute is not None:
        stated.append(n / pace.requests_per_minute)
    if pace.tokens_per_minute is not None and sums.output is not None and sums.input is not None:
        stated.append((sums.input + sums.output) / pace.tokens_per_minute)
    if stated and model.adapter.endpoint.network:
        return max(stated), "at the rate that you say is allowed"
    if known.total_s is None:
        if known.n_runs:
            asked = "an earlier run" if known.n_runs == 1 else f"{known.n_runs:,} earlier runs"
            return None, f"unknown: {asked} of this model measured no times (answers from a file or the cache)"
        way = "a run with --limit tells" if _is_here(model) else "--requests-per-minute says what your account allows"
        return None, f"unknown: no earlier run of this model; {way}"
    width = in_flight or known.in_flight
    if not width:
        return None, "unknown: earlier runs do not say how many requests were open"
    return n * known.total_s.mean / min(width, max(n, 1)) / 60, (
        f"{known.total_s.mean:.2g} s an answer as in earlier runs, {width} in flight"
    )


def _is_here(model: PlannedModel) -> bool:
    """Whether it answers on this machine, where no account limits it. A program may ask others."""
    endpoint = model.adapter.endpoint
    return is_loopback(endpoint.host) if endpoint.host is not None else not endpoint.network


def _whole(count: float | None) -> int | None:
    return None if count is None else round(count)
