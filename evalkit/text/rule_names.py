"""What a rule of a gate is about, in a reader's words: what every page, table, picture and verdict shows.

    rule_words("cost", "usd_per_1k_samples")     # "cost of 1,000 samples"
    rule_words("latency", "total_p95")           # "p95 of total time"

Suites, JSON and JUnit keep the keys, so that a rule has the same name from run to run.
"""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.text.outcomes import outcome_word

_COSTS = {
    "usd_per_sample": "cost of a sample",
    "usd_per_1k_samples": "cost of 1,000 samples",
    "usd_per_correct": "cost per correct answer",
}
_TIMES = {
    "ttft": "time to first token",
    "ttfr": "time to first reasoning",
    "tpot": "time per output token",
    "total": "total time",
}
_AXES = {
    "margin": "quality: candidate minus baseline, points of 100",
    "min": "quality of the candidate",
    "max_ratio": "candidate as a multiple of the baseline",
    "max_increase": "share of answers: candidate minus baseline, points of 100",
    "max_rate": "share of the candidate's answers, %",
    "max_s": "time, s",
    "max_usd": "cost, USD",
}
"""What rules of one limit share, whatever their kind."""
SHARED = frozenset(_AXES)
"""Limits whose rules can be drawn on one axis."""
_UNITS = {"max_s": "s", "max_usd": "USD"}


def rule_words(kind: str, subject: str) -> str:
    """What a rule of this kind is about; kind and subject as they are where either is none of ours."""
    if kind == "cost" and subject in _COSTS:
        return _COSTS[subject]
    if kind == "latency":
        name, _, percent = subject.partition("_p")
        if name in _TIMES and percent:
            return f"p{percent} of {time_words(name)}"
    if kind == "rate":
        return "rate of answers cut off" if subject == "truncated" else f"rate of {outcome_word(subject)} answers"
    if kind == "quality":
        return "quality of all tasks" if subject == "all" else f"quality of {subject}"
    return f"{kind} {subject}"


def limit_words(kind: str, subject: str, limit: str, value: float) -> str:
    """The rule and its limit: "quality of all tasks (margin 0.02)", "cost of a sample (max ratio 0.8)"."""
    return f"{rule_words(kind, subject)} ({limit.replace('_', ' ')} {value:g})"


def time_words(name: str) -> str:
    """A measured time: `ttft` is "time to first token"; a name that is none of ours as it is."""
    return _TIMES.get(name, name)


def axis_words(limit: str, names: Sequence[str]) -> str:
    """The title of an axis that rules with this limit share: what they are about, where they are about one thing, and
    the unit. `names`: as `rule_words` gives them. A limit that is none of ours as it is."""
    if limit in _UNITS and len(set(names)) == 1:
        return f"{names[0]}, {_UNITS[limit]}"
    return _AXES.get(limit, limit)
