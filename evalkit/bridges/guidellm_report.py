"""Reports of GuideLLM (`guidellm run --output kind=json`): its benchmarks become the steps of a load sweep.

    {"metadata": {"version": 2, "guidellm_version": "0.8.1"}, "benchmarks": [{"duration": 60.0,
      "config": {"strategy": {"type_": "concurrent", "streams": 8}, "backend": {"model": "Qwen/Qwen3.5-32B"}},
      "metrics": {"request_totals": {"successful": 480, "incomplete": 3, "errored": 0, "total": 483},
                  "requests_per_second": {"successful": {"mean": 8.0, "count": 480, ...}, ...},
                  "time_to_first_token_ms": {"successful": {"mean": 52.1, "percentiles": {"p50": 51.7, ...}}}, ...}}]}

Schemas 1 and 2 (GuideLLM 0.4 to 0.8) say the same here. GuideLLM writes 0 where a server reported nothing: a time or a
count that is 0 throughout is unknown here. Its inter-token latency is our TPOT (its own "time per output token" has
the first token in it), and milliseconds become seconds. Requests that the end of a step cut off are incomplete: they
are counted apart, neither answered nor failed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.bridges.external_json import TIMES, parse
from evalkit.errors import UserError
from evalkit.facts.load import SpreadFacts
from evalkit.latency.distribution import PERCENTS, Distribution
from evalkit.latency.loadtest import SATURATED, Estimate, Step, spread_facts
from evalkit.memory import refuse_beyond
from evalkit.reading import read_file

LARGEST = 2**30
"""Bytes of a report that is read: each request stands in it, 3 KB each."""
_SCHEMAS = (1, 2)
_Z = 1.959964  # the normal quantile of a 95 % interval
_CLOSED = frozenset({"synchronous", "concurrent", "throughput"})
_OPEN = frozenset({"constant", "poisson", "async"})
_LATE_S = 0.02
_LARGEST_NUMBER = 1e15


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says."""

    version: str
    """GuideLLM's; `unknown` where it does not say."""
    model: str | None
    """As GuideLLM asked for it; None where the report does not say."""
    steps: tuple[Step, ...]
    seconds: float
    """Of the longest step."""
    n_asked: int
    """Every request of every step, incomplete ones too."""
    notes: tuple[str, ...]
    """Sentences about what the figures are not."""


def read_report(path: Path) -> Report:
    """The report in a file, or `benchmarks.json` in a folder. Raises UserError for what is none."""
    found = _json(path / "benchmarks.json" if path.is_dir() else path)
    benchmarks = found.get("benchmarks")
    about = _mapping(found.get("metadata"))
    if not isinstance(benchmarks, list) or not all(isinstance(one, dict) for one in benchmarks):
        raise UserError(f"{path.name} is no report of GuideLLM: it has no list of benchmarks")
    if about.get("version") not in _SCHEMAS:
        raise UserError(
            f"{path.name} has GuideLLM's report schema {about.get('version')!r}; evalkit reads {_SCHEMAS[0]} and "
            f"{_SCHEMAS[1]} (GuideLLM 0.4 to 0.8). Write it anew with such a version."
        )
    notes = ["The prompts are GuideLLM's own: a suite's prompts of other lengths give another throughput."]
    steps = []
    cut: list[str] = []
    late: list[str] = []
    for number, benchmark in enumerate(benchmarks):
        step = _step(benchmark, f"{path.name}, benchmark {number + 1}", notes)
        if step is None:
            continue
        steps.append(step)
        if n_cut := _count(_totals(benchmark).get("incomplete")):
            cut.append(f"{step.name} {n_cut:,} of {n_cut + step.n:,}")
        behind = _number(_mapping(benchmark.get("scheduler_metrics")).get("request_targeted_start_delay_avg"))
        if step.loop == "open" and behind is not None and behind > _LATE_S:
            late.append(f"{step.name} {behind * 1000:.0f} ms")
    if not steps:
        raise UserError(f"{path.name} holds no benchmark of a closed or open loop: {' '.join(notes[1:]) or 'none'}")
    models = _models(benchmarks)
    if len(models) > 1:
        raise UserError(
            f"{path.name} holds benchmarks of several models ({', '.join(models)[:200]}), and a sweep is of one: "
            "import a report of each."
        )
    if cut:
        notes.append(f"Requests that the end of a step cut off, counted in no figure: {'; '.join(cut)}.")
    if late:
        notes.append(f"GuideLLM itself sent late, on average: {'; '.join(late)}. Its times leave that out.")
    if any(step.loop == "open" for step in steps):
        notes.append("GuideLLM counts times from the moment a request was sent, not from when it was due.")
    if any(_strategy(one).get("type_") == "constant" for one in benchmarks):
        notes.append("Arrivals at a constant rate wait less than users, who come at random (--profile kind=poisson).")
    return Report(
        version=str(about.get("guidellm_version") or "unknown"),
        model=models[0] if models else None,
        steps=tuple(steps),
        seconds=max(_number(one.get("duration")) or 0.0 for one in benchmarks),
        n_asked=sum(_count(_totals(one).get("total")) for one in benchmarks),
        notes=tuple(dict.fromkeys(notes)),
    )


def _step(benchmark: Mapping[str, object], where: str, notes: list[str]) -> Step | None:
    """One benchmark as a step; None, with a note, for an arrival pattern that is neither loop."""
    strategy, metrics = _strategy(benchmark), _mapping(benchmark.get("metrics"))
    kind = str(strategy.get("type_"))
    if kind not in _CLOSED | _OPEN:
        notes.append(f"{where} was left out: {kind!r} is neither a closed nor an open loop.")
        return None
    totals = _totals(benchmark)
    n_right, n_errored = _count(totals.get("successful")), _count(totals.get("errored"))
    if kind in _OPEN:
        level = _number(strategy.get("rate"))
    elif kind == "throughput":  # as many as it could keep open, which is rarely as many as it may
        level = _number(_summary(metrics, "request_concurrency").get("mean"))
        level = max(1, round(level)) if level else level
    else:
        level = 1 if kind == "synchronous" else _number(strategy.get("streams"))
    rate = _rate(metrics, n_right)
    if not level or "request_totals" not in metrics:
        raise UserError(f"{where}: it says neither how often nor how much was asked; the report is damaged.")
    saturated = None
    if kind in _OPEN and (rate is None or rate.value < SATURATED * level):
        saturated = f"only {rate.value / level if rate else 0:.0%} of what arrived was answered in its time"
    return Step(
        loop="open" if kind in _OPEN else "closed",
        level=level,
        n=n_right + n_errored,
        n_errored=n_errored,
        requests_per_s=rate,
        input_tokens=_tokens(metrics, "prompt_token_count"),
        output_tokens=_tokens(metrics, "output_token_count"),
        times={
            "ttft_s": _times(metrics, "time_to_first_token_ms", 1000.0),
            "tpot_s": _times(metrics, "inter_token_latency_ms", 1000.0),
            "total_s": _times(metrics, "request_latency", 1.0),
        },
        late_s=None,
        saturated=saturated,
    )


def _rate(metrics: Mapping[str, object], n: int) -> Estimate | None:
    """Answers a second with the interval of a Poisson count; None where nothing was answered."""
    mean = _number(_summary(metrics, "requests_per_second").get("mean"))
    if not mean or n == 0:
        return None
    half = _Z / math.sqrt(n)
    return Estimate(mean, mean * max(1 - half, 0.0), mean * (1 + half))


def _tokens(metrics: Mapping[str, object], name: str) -> float | None:
    """Mean of an answer; None where any answer says 0, which is how GuideLLM writes "not reported"."""
    summary = _summary(metrics, name)
    return _number(summary.get("mean")) if _number(summary.get("min")) else None


def _times(metrics: Mapping[str, object], name: str, per_s: float) -> SpreadFacts | None:
    """A distribution in seconds; None where it has no values, or only zeros."""
    summary = _summary(metrics, name)
    percentiles = _mapping(summary.get("percentiles"))
    names = ("mean", "min", "max", *(f"p{percent}" for percent in PERCENTS))
    found = [_number({**percentiles, **summary}.get(one)) for one in names]
    known = [value / per_s for value in found if value is not None]
    n, spread = _count(summary.get("count")), _number(summary.get("std_dev"))
    if len(known) < len(names) or n == 0 or known[2] == 0.0:
        return None
    mean, low, high, *percents = known
    deviation = spread / per_s if spread is not None and n > 1 else None
    return spread_facts(Distribution(n, mean, deviation, low, high, *percents))


def _summary(metrics: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Of the requests that were answered."""
    return _mapping(_mapping(metrics.get(name)).get("successful"))


def _models(benchmarks: list[Mapping[str, object]]) -> list[str]:
    """The names by which models were asked for, each once."""
    named = (_mapping(_config(one).get("backend")).get("model") for one in benchmarks)
    return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def _config(benchmark: Mapping[str, object]) -> Mapping[str, object]:
    return _mapping(benchmark.get("config"))


def _strategy(benchmark: Mapping[str, object]) -> Mapping[str, object]:
    return _mapping(_config(benchmark).get("strategy"))


def _totals(benchmark: Mapping[str, object]) -> Mapping[str, object]:
    return _mapping(_mapping(benchmark.get("metrics")).get("request_totals"))


def _json(path: Path) -> Mapping[str, object]:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path.name} is larger than {LARGEST // 2**30} GB; leave requests out of the report.")
        refuse_beyond(path.stat().st_size, times=TIMES)
        found = parse(read_file(path, most=LARGEST))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path.name} is no JSON ({str(error)[:200]}); GuideLLM writes it with --output kind=json,path=FILE"
        ) from error
    if not isinstance(found, dict):
        raise UserError(f"{path.name} is no report of GuideLLM")
    return found


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    """A number that is not negative and no larger than anything measured; GuideLLM writes -1 for what it does not
    know."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if 0 <= number < _LARGEST_NUMBER else None


def _count(value: object) -> int:
    return int(_number(value) or 0)
