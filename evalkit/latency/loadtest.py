"""What a load sweep found: each step's throughput and times, where the server is full, what it serves within an SLO.

    step = closed_step(4, seen)         # four requests open at any time
    step = open_step(2.5, 30.0, seen)   # arrivals at random, 2.5 a second
    find(steps, Slo(ttft_p95=1.0))      # capacity, the highest rate within the SLO, and what that serves

A closed loop has always n requests open and finds the capacity: by Little's law its throughput is n divided by the mean
cycle (send to next send), which needs no window to be cut at its edges. An open loop sends at random moments, whether
or not answers come, as users do, and finds the rate at which they still wait little enough. Times of the open loop
count from the moment a request was due, so that a late client cannot flatter the server. Pure: observations in,
figures out; errors have no times and are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

from evalkit.facts.load import EstimateFacts, LoadFacts, ServesFacts, SpreadFacts, StepFacts
from evalkit.latency.distribution import Distribution, distribution, error_rate, percentile

SATURATED = 0.95
"""An open loop in which fewer than this share of the arrivals is answered in its time does not keep up."""
QUEUE_GROWTH = 1.5
"""Nor does one whose first tokens come this much later in its second half than in its first (medians), visibly so."""
BEST = 0.95
"""The smallest number in flight that reaches this share of the best throughput is where the server is full."""
MOST_ERRORS = 0.01
"""A step in which more requests fail than this serves nobody: it meets no SLO and is no capacity."""
STRETCHES = 10
"""Into so many stretches a closed step is cut for its interval."""
_Z = 1.959964  # the normal quantile of a 95 % interval


@dataclass(frozen=True, slots=True)
class Seen:
    """One request of a step. Times are seconds of one monotonic clock."""

    due_at: float
    sent_at: float
    ended_at: float
    warm_up: bool = False
    """Asked while the step settled: kept as a row, left out of every figure."""
    slot: int = 0
    """Closed loop: which of the n places it ran in."""
    ttft_s: float | None = None
    """Due to first token."""
    tpot_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Slo:
    """What users are promised, in seconds; None: not promised."""

    ttft_p50: float | None = None
    ttft_p95: float | None = None
    ttft_p99: float | None = None
    tpot_p50: float | None = None
    tpot_p95: float | None = None
    total_p95: float | None = None

    def missed(self, step: Step) -> str | None:
        """Why a step does not keep the promise; None where it does. A time that was not measured keeps none."""
        for limit in fields(self):
            most = getattr(self, limit.name)
            if most is None:
                continue
            name, _, percent = limit.name.partition("_")
            found = step.times[f"{name}_s"]
            if found is None:
                return f"{limit.name} was not measured"
            value = float(getattr(found, percent))
            if value > most:
                return f"{limit.name} {value:.3g} s is above {most:g} s"
        return None

    def as_facts(self) -> dict[str, float]:
        """What is promised, as JSON."""
        return {limit.name: value for limit in fields(self) if (value := getattr(self, limit.name)) is not None}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; low and high are the value itself where nothing varied."""

    value: float
    low: float
    high: float

    def as_facts(self) -> EstimateFacts:
        """For run.json."""
        return EstimateFacts(value=self.value, low=self.low, high=self.high)

    def times(self, factor: float) -> Estimate:
        """Each of the three, scaled."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Step:
    """Figures of one step, its warm-up left out."""

    loop: Literal["closed", "open"]
    level: float
    """Closed: requests in flight. Open: arrivals a second."""
    n: int
    n_errored: int
    requests_per_s: Estimate | None
    """Answers a second; None where too few came."""
    input_tokens: float | None
    """Mean of an answer; None where any answer did not report it."""
    output_tokens: float | None
    times: Mapping[str, SpreadFacts | None]
    """Of ttft_s, tpot_s and total_s; None where not measured."""
    late_s: float | None
    """95th percentile of how late the client itself was: above a few milliseconds the figures are the client's. None:
    another tool measured, and does not say."""
    saturated: str | None = None
    """Why it did not keep up; None where it did."""

    @property
    def name(self) -> str:
        """Like `closed 4` or `open 2.5`."""
        return step_name(self.loop, self.level)

    @property
    def serves(self) -> bool:
        """Whether so few requests failed that its figures say what the server can do."""
        return self.requests_per_s is not None and self.n_errored <= MOST_ERRORS * self.n

    @property
    def tokens_per_s(self) -> Estimate | None:
        """Input and output tokens a second; None where tokens were not reported."""
        if self.requests_per_s is None or self.input_tokens is None or self.output_tokens is None:
            return None
        return self.requests_per_s.times(self.input_tokens + self.output_tokens)

    def as_facts(self) -> StepFacts:
        """For run.json; None: unknown."""
        tokens = self.tokens_per_s
        return StepFacts(
            name=self.name,
            loop=self.loop,
            level=self.level,
            n=self.n,
            n_errored=self.n_errored,
            error_rate=self.n_errored / self.n if self.n else None,
            requests_per_s=self.requests_per_s.as_facts() if self.requests_per_s else None,
            tokens_per_s=tokens.as_facts() if tokens else None,
            input_tokens_mean=self.input_tokens,
            output_tokens_mean=self.output_tokens,
            late_s_p95=self.late_s,
            saturated=self.saturated,
            ttft_s=self.times["ttft_s"],
            tpot_s=self.times["tpot_s"],
            total_s=self.times["total_s"],
        )


def step_name(loop: str, level: float) -> str:
    """Like `closed 4` or `open 2.5`: also the slice of its rows."""
    return f"{loop} {level:g}"


def closed_step(in_flight: int, seen: Sequence[Seen]) -> Step:
    """A closed loop: throughput is in_flight divided by the mean cycle of a place, from one send to its next one."""
    from evalkit.stats.intervals import clustered

    last: dict[int, Seen] = {}
    cycles: list[float] = []
    begun: list[float] = []
    for one in sorted(seen, key=lambda s: s.sent_at):
        before = last.get(one.slot)
        if before is not None and not before.warm_up:
            cycles.append(one.sent_at - before.sent_at)
            begun.append(before.sent_at)
        last[one.slot] = one
    rate = None
    if cycles:
        mean = sum(cycles) / len(cycles)
        # Neighbours in time are slow together: stretches of the step are the clusters.
        first = min(begun)
        length = (max(begun) - first) / STRETCHES or 1.0
        spread = clustered(cycles, [min(int((at - first) / length), STRETCHES - 1) for at in begun])
        low, high = (spread.low, spread.high) if spread and spread.low > 0 else (mean, mean)
        rate = Estimate(in_flight / mean, in_flight / high, in_flight / low)
    return _step("closed", in_flight, seen, rate, None)


def open_step(rate_per_s: float, seconds: float, seen: Sequence[Seen]) -> Step:
    """An open loop of `seconds` after its warm-up. Where the server keeps up, it serves what arrives."""
    counted = sorted((one for one in seen if not one.warm_up), key=lambda s: s.due_at)
    answered = [one for one in counted if one.error_kind is None]
    why = _falls_behind(counted, seconds)
    n = len(answered)
    rate = None
    if n and seconds > 0:
        half = _Z * n**0.5  # arrivals are a Poisson process: their count's variance is its mean
        served = n if why is None else sum(one.ended_at <= counted[0].due_at + seconds for one in answered)
        rate = Estimate(served / seconds, max(served - half, 0.0) / seconds, (served + half) / seconds)
    return _step("open", rate_per_s, seen, rate, why)


def full_at(steps: Sequence[Step]) -> Step | None:
    """The closed step at which the server is full: the smallest that reaches 95 % of the best throughput."""
    closed = [step for step in steps if step.loop == "closed" and step.serves]
    best = max((step.requests_per_s.value for step in closed if step.requests_per_s), default=None)
    if best is None:
        return None
    return next(s for s in closed if s.requests_per_s is not None and s.requests_per_s.value >= BEST * best)


def capacity(steps: Sequence[Step]) -> Step | None:
    """The closed step of the highest throughput; None where none served."""
    closed = [step for step in steps if step.loop == "closed" and step.serves]
    return max(closed, key=lambda s: s.requests_per_s.value if s.requests_per_s else 0.0, default=None)


def within(steps: Sequence[Step], slo: Slo) -> Step | None:
    """The open step of the highest rate that keeps up and meets the SLO, every slower one meeting it too."""
    best = None
    for step in sorted((s for s in steps if s.loop == "open"), key=lambda s: s.level):
        if step.saturated is not None or not step.serves or slo.missed(step) is not None:
            return best
        best = step
    return best


def find(steps: Sequence[Step], slo: Slo) -> LoadFacts:
    """Everything a sweep says. `serves` is what a cost may be computed from.

    That is the highest open rate within the SLO; without one, the capacity of the closed loop, under a queue that no
    user would accept. None where nothing was served, or tokens were not reported.
    """
    promised = bool(slo.as_facts())
    top, full = capacity(steps), full_at(steps)
    kept = within(steps, slo) if promised else None
    basis = kept if promised else top
    tokens = basis.tokens_per_s if basis else None
    serves = None
    if (
        basis is not None
        and tokens is not None
        and basis.requests_per_s is not None
        and basis.output_tokens is not None
    ):
        serves = ServesFacts(
            step=basis.name,
            basis=_basis(steps, kept),
            requests_per_s=basis.requests_per_s.as_facts(),
            tokens_per_s=tokens.as_facts(),
            output_tokens_per_s=basis.requests_per_s.value * basis.output_tokens,
        )
    missed = [slo.missed(step) if promised else None for step in steps]
    return LoadFacts(
        slo=slo.as_facts(),
        steps=tuple(
            step.as_facts().model_copy(update={"misses_slo": why}) for step, why in zip(steps, missed, strict=True)
        ),
        capacity=top.as_facts() if top else None,
        full_at_in_flight=int(full.level) if full else None,
        within_slo=kept.as_facts() if kept else None,
        serves=serves,
    )


def _basis(steps: Sequence[Step], kept: Step | None) -> str:
    """Under which promise `serves` was measured. `kept`: the step within the SLO; None where none is stated."""
    if kept is None:
        return "capacity, no SLO stated"
    fastest = max(step.level for step in steps if step.loop == "open")
    return "within the SLO" + (
        ", which the fastest rate tried still met: at least so much" if kept.level >= fastest else ""
    )


def _step(
    loop: Literal["closed", "open"], level: float, seen: Sequence[Seen], rate: Estimate | None, why: str | None
) -> Step:
    counted = [one for one in seen if not one.warm_up]
    answered = [one for one in counted if one.error_kind is None]
    since = {"ttft_s": [s.ttft_s for s in answered], "tpot_s": [s.tpot_s for s in answered]}
    since["total_s"] = [s.ended_at - s.due_at for s in answered]
    spread = {name: distribution(values) for name, values in since.items()}
    late = sorted(one.sent_at - one.due_at for one in counted)
    return Step(
        loop=loop,
        level=level,
        n=len(counted),
        n_errored=round((error_rate(one.error_kind is not None for one in counted) or 0.0) * len(counted)),
        requests_per_s=rate if answered else None,
        input_tokens=_mean([one.input_tokens for one in answered]),
        output_tokens=_mean([one.output_tokens for one in answered]),
        times={name: spread_facts(found) for name, found in spread.items()},
        late_s=percentile(late, 0.95) if late else 0.0,
        saturated=why,
    )


def spread_facts(found: Distribution | None) -> SpreadFacts | None:
    """A distribution of seconds for run.json; None for None."""
    return None if found is None else SpreadFacts.model_validate(asdict(found))


def _falls_behind(counted: Sequence[Seen], seconds: float) -> str | None:
    """Why an open loop did not keep up, by its backlog and by rising times; None where it did."""
    if not counted:
        return None
    begin = counted[0].due_at
    usual = percentile(sorted(one.ended_at - one.due_at for one in counted), 0.5)
    due = [one for one in counted if one.due_at <= begin + max(0.0, seconds - usual)]
    done = sum(one.ended_at <= begin + seconds for one in due)
    if len(due) >= 10 and done < SATURATED * len(due):
        return f"only {done / len(due):.0%} of what arrived was answered in its time"
    waits = [one.ttft_s if one.ttft_s is not None else one.ended_at - one.due_at for one in counted]
    half = len(waits) // 2
    if half >= 10:
        early, late = percentile(sorted(waits[:half]), 0.5), percentile(sorted(waits[half:]), 0.5)
        service = min(waits)
        if late > QUEUE_GROWTH * early and late - early > service:
            return f"waits grew from {early:.3g} s to {late:.3g} s within the step"
    return None


def _mean(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) / len(known) if known and len(known) == len(counts) else None
