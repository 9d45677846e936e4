"""What a run would take: requests, tokens, dollars and minutes of each model, before anything is sent.

    forecast(plan.work, learn(results, ...), Pace())     # [{"model": "gpt", "n_requests": 2000, "usd": {...}, ...}]

What each request takes is `expected_tokens`, and each figure says what it rests on. `low` and `high` take every request
at the low, or at the high end: a range and not an interval. A later turn of a conversation holds the answers
before it, which are taken to be as long (where that is unknown, nothing is added). Prompt-cache discounts are not
counted in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from evalkit.addresses import is_loopback
from evalkit.cost.reports import ModelForecast, TokenRange, UsdRange
from evalkit.engine.asking import request_of
from evalkit.engine.expected_tokens import (
    ENDS,
    Sums,
    add_agent,
    basis_of_agent,
    basis_of_read,
    cost_of,
    plus,
    tokens_read,
    tokens_written,
    what_is_read,
    with_guards,
)
from evalkit.engine.experience import PastUse
from evalkit.engine.image_tokens import basis as image_basis
from evalkit.engine.image_tokens import n_images, with_images
from evalkit.engine.judging.panel import Panel
from evalkit.engine.work import PlannedModel, PlannedTask, Work, item_for
from evalkit.records import Sample
from evalkit.store.row_codec import Key

if TYPE_CHECKING:
    from evalkit.engine.answer_cache import AnswerCache


@dataclass(frozen=True, slots=True)
class Pace:
    """What the person's account allows; None: not said."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


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
    sums = {end: Sums() for end in ENDS}
    n_asked = n_bought = 0
    bases: dict[str, str] = {}
    now = datetime.now(UTC)
    traffic = _Traffic()
    pictured: set[str] = set()
    for task in work.tasks:
        made, basis = tokens_written(model, task, known)
        bases[task.name] = basis
        for sample in task.samples():
            every = range(work.settings.repeats)
            owed = [n for n in every if done is None or not done(item_for(task, sample, model, n).key)]
            if sample.world is not None:
                n_asked += add_agent(model, task, sample, known, len(owed), sums)
                bases[task.name] = basis_of_agent(sample, known.agents.get(task.name))
                continue
            prompt = what_is_read(task, sample, model)
            given = with_images(tokens_read(model, prompt, known), prompt, known.pictured.get(task.name))
            pictured |= {task.name} if n_images(prompt) else set()
            for end in ENDS if sample.turn > 1 else ():
                given[end] = plus(given[end], (sample.turn - 1) * (made[end] or 0.0))
            if sample.weight is not None:
                traffic.add(sample.weight, {end: cost_of(model, given[end], made[end], now) for end in ENDS})
            for repeat in owed:
                if cache is not None and _bought(cache, model, task, sample, repeat):
                    n_bought += 1
                    continue
                n_asked += 1
                for end in ENDS:
                    cost = cost_of(model, given[end], made[end], now)
                    sums[end].add(*with_guards(model, given[end], made[end]), cost)
    told = _told(model, sums, (n_asked, n_bought), bases, known, pace, work.settings.in_flight)
    seen = dict.fromkeys(image_basis(learned=name in known.pictured) for name in sorted(pictured))
    basis = "; ".join([told["input_basis"], *seen])
    return {**told, "input_basis": basis, "usd_per_1k_requests": traffic.per_1k()}


def forecast_judges(
    panel: Panel,
    work: Work,
    known: Mapping[str, PastUse],
    pace: Pace = Pace(),
    is_judged: Callable[[str, str], bool] = lambda judge, question: False,
) -> list[ModelForecast]:
    """The same for each judge. What it will be shown is not written yet: the answers are taken as long as their models
    are expected to make them. Verdicts that are cached are not seen, so it may cost less. `is_judged`: what an
    unfinished run holds, by judge and the name of a question."""
    return [_of_judge(judge, panel, work, known, pace, is_judged) for judge in panel.judges]


def _of_judge(
    judge: PlannedModel,
    panel: Panel,
    work: Work,
    known: Mapping[str, PastUse],
    pace: Pace,
    is_judged: Callable[[str, str], bool],
) -> ModelForecast:
    own = known.get(judge.name, PastUse())
    sums = {end: Sums() for end in ENDS}
    n_asked = 0
    bases: dict[str, str] = {}
    now = datetime.now(UTC)
    asked = {task.name: task for task in work.tasks}
    for trial in panel.trial():
        if judge.name not in trial.settings:
            continue
        said, bases[trial.name] = tokens_written(judge, trial, own)
        judged, task = panel.tasks[trial.name], asked[trial.name]
        length = {m.name: tokens_written(m, task, known.get(m.name, PastUse()))[0] for m in work.models}
        compared = length.get(judged.judging.pair or "")
        shown = {m.name: _with(length[m.name], compared) for m in work.models}
        for sample in trial.samples():
            given = tokens_read(judge, sample.messages, own)
            for name, answer in shown.items():
                asks = judged.questions(sample, name, work.settings.repeats)
                n = sum(not is_judged(judge.name, question) for question in asks)
                n_asked += n
                for end in ENDS:
                    more, made = answer[end], said[end]
                    read = None if more is None else given[end] + more
                    cost = None if read is None else cost_of(judge, read, made, now)
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
    sums: Mapping[str, Sums],
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
        "input_basis": basis_of_read(model, known),
        "output_tokens": _range({end: _whole(sums[end].output) for end in ENDS}),
        "output_basis": dict(bases),
        "usd": {"low": usd["low"], "value": usd["value"], "high": usd["high"]},
        "usd_per_1k_requests": None,
        "price_known": cost_of(model, 1, 1, now) is not None,
        "minutes": minutes,
        "minutes_basis": why,
        "receiver": _receivers(model),
        "place": endpoint.place,
    }


def _range(ends: Mapping[str, int | None]) -> TokenRange:
    return {"low": ends["low"], "value": ends["value"], "high": ends["high"]}


def _receivers(model: PlannedModel) -> str | None:
    """Who gets the prompts: the host, those of all parts of a pipeline, or the program that is started; None where
    nothing leaves this process."""
    found = dict.fromkeys(
        endpoint.facts.get("program") if endpoint.host is None else endpoint.host
        for endpoint in (part.adapter.endpoint for part in (model.parts or {"": model}).values())
    )
    return ", ".join(one for one in found if one is not None) or None


def _bought(cache: AnswerCache, model: PlannedModel, task: PlannedTask, sample: Sample, repeat: int) -> bool:
    return cache.get(model, request_of(item_for(task, sample, model, repeat))) is not None


def _minutes(
    model: PlannedModel, n: int, sums: Sums, known: PastUse, pace: Pace, in_flight: int | None
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
