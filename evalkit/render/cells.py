"""What several drawings say of a model's figures: quality with its interval, and what ended otherwise than scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from evalkit.facts import Figures, Quality, TaskSummary
from evalkit.facts.summary import FigureInterval, LatencyFigures
from evalkit.store.runs import RunInfo
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.outcomes import outcome_word

# Not worth a word each: a right, wrong or graded answer is in the quality already.
_PLAIN_OUTCOMES = ("right", "wrong", "scored")


def quality_text(quality: Quality) -> str:
    """Mean with its interval, "0.834 [0.80, 0.86]"."""
    return numbers.quality_with_interval(quality.mean, quality.low, quality.high)


Timed = Literal["ttft_p50", "ttft_p95", "total_p50", "total_p95"]
"""Times that have intervals where samples are weighted."""


def usd_text(cell: Figures) -> str:
    """Dollars for 1,000 samples, "$0.155"; with the interval of the traffic where samples are weighted."""
    return f"{numbers.usd(cell.cost.usd_per_1k_samples)} {usd_range(cell)}".rstrip()


def usd_range(cell: Figures) -> str:
    """Its 95 % interval alone, "[$0.154, $0.156]"; empty where samples are not weighted, or nothing is known."""
    found = cell.traffic if isinstance(cell, TaskSummary) else None
    return range_text(None if found is None else found.usd_per_1k_requests, numbers.usd)


def correct_text(cell: Figures) -> str:
    """Dollars for a right answer; with the interval of the traffic where samples are weighted."""
    return f"{numbers.usd(cell.cost.usd_per_correct)} {correct_range(cell)}".rstrip()


def correct_range(cell: Figures) -> str:
    """Its 95 % interval alone; empty as above, and for runs of before there was one."""
    found = cell.traffic if isinstance(cell, TaskSummary) else None
    return range_text(None if found is None else found.usd_per_correct, numbers.usd)


def time_text(cell: Figures, which: Timed) -> str:
    """A time with its unit, "1.2 s"; with the interval of the traffic where samples are weighted."""
    times = cell.latency
    value = {
        "ttft_p50": times.ttft_s.p50,
        "ttft_p95": times.ttft_s.p95,
        "total_p50": times.total_s.p50,
        "total_p95": times.total_s.p95,
    }[which]
    return f"{numbers.time(value)} {time_range(cell, which)}".rstrip()


def time_range(cell: Figures, which: Timed) -> str:
    """Its 95 % interval alone, "[1.1 s, 1.3 s]"; empty as above."""
    found = cell.traffic if isinstance(cell, TaskSummary) else None
    if found is None:
        return ""
    times = {
        "ttft_p50": found.ttft_p50_s,
        "ttft_p95": found.ttft_p95_s,
        "total_p50": found.total_p50_s,
        "total_p95": found.total_p95_s,
    }
    return range_text(times[which], numbers.time)


def range_text(found: FigureInterval | None, shown: Callable[[float | None], str]) -> str:
    """The interval of a figure, "[1.1 s, 1.3 s]"; empty where there is none."""
    if found is None or (found.low is None and found.high is None):
        return ""
    return f"[{shown(found.low)}, {shown(found.high)}]"


def other_outcomes(cell: Figures) -> dict[str, int]:
    """How many rows ended otherwise than right, wrong or graded, in words; zeros left out.

    An answer that came and has no score is not a failure: its judges may still be at work.
    """
    found = {outcome_word(name): n for name, n in cell.outcomes.items() if name not in _PLAIN_OUTCOMES}
    found[outcome_word("errored")] = cell.n_failed
    found["without a score"] = cell.n_unmarked
    return {name: n for name, n in found.items() if n}


def tokens_per_s(latency: LatencyFigures) -> float | None:
    """How fast the model writes once it has begun: from the median time per output token. None: not streamed, or
    nothing was measured."""
    return 1 / latency.tpot_s.p50 if latency.tpot_s.p50 else None


def others_text(cell: Figures) -> str:
    """ "3 refused, 12 failed"; empty for none."""
    return ", ".join(f"{numbers.count(n)} {name}" for name, n in other_outcomes(cell).items())


def run_titles(runs: Iterable[RunInfo]) -> dict[str, str]:
    """By folder name, a title that a person recognises: "support-swap · 28 Nov 14:29" (UTC), with the year where it is
    another than this one, and with seconds in all titles of a suite where two of its runs began in one minute. The
    folder's name stands alone where the run does not say when it began, and follows where two titles are the same."""
    known = list(runs)
    by_minute = Counter(_run_title(info) for info in known)
    close = {info.suite for info in known if by_minute[_run_title(info)] > 1}
    made = {info.name: _run_title(info, "%H:%M:%S" if info.suite in close else "%H:%M") for info in known}
    n = Counter(made.values())
    return {name: title if n[title] == 1 else f"{title} · {name}" for name, title in made.items()}


def _run_title(info: RunInfo, clock: str = "%H:%M") -> str:
    return _title_of(info.name, info.suite, info.started_at, clock, datetime.now(UTC).year)


@lru_cache(maxsize=4_096)
def _title_of(name: str, suite: str | None, started_at: str | None, clock: str, this_year: int) -> str:
    try:
        began = datetime.fromisoformat(started_at or "")
    except ValueError:
        return visible(name, limit=120)
    year = f" {began.year}" if began.year != this_year else ""
    return f"{visible(suite or 'no suite', limit=60)} · {began.day} {began:%b}{year} {began:{clock}}"
