"""What an answer costs in the end, with intervals: per sample, per 1,000 samples, per correct answer, at equal quality.

Dollars are floats here: an interval is an estimate, not a bill. Formulas: the mean over samples of each sample's mean
cost (Student's t, or clustered where items move together; `stats.traffic` where samples are weighted); dollars over
right answers as a ratio of means with Fieller's interval (1954), in clusters and weighted that of `stats.traffic`.
Unknown costs are not left out silently: one of them makes every figure of its model None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.cost.reports import CheapestAsGood, DerivedFigures, Spread

if TYPE_CHECKING:
    from evalkit.stats.intervals import Interval
    from evalkit.stats.scores import Floats
    from evalkit.stats.traffic import Design


@dataclass(frozen=True, slots=True)
class Marked:
    """One answer with its mark."""

    sample: str
    cluster: str | None
    cost_usd: float | None
    score: float | None
    graded: bool
    """The score is a degree, not right or wrong: "correct" then has no meaning."""
    task: str = ""
    weight: float | None = None
    """Requests that the sample stands for; None: samples count alike."""
    stratum: str | None = None
    content: str = ""
    """The same for copies of a sample: its digest. "": nobody looks for copies."""
    occurrence: int = 0
    """0 for the first of several copies."""
    plain: bool = False
    """The answer is right or wrong, by its scorer: one that could not be read says neither of its task."""


def derived(answers: Iterable[Marked]) -> DerivedFigures:
    """Figures of one model: usd_per_sample, usd_per_1k_samples, usd_per_correct (each {value, low, high}) and quality.

    None where unknown or undefined; `low` and `high` None where there is no spread, or no bound.
    """
    from evalkit.stats.copies import Placed, clusters_of
    from evalkit.stats.intervals import clustered, student_t
    from evalkit.stats.ratios import cost_per_correct

    costs: dict[str, list[float]] = defaultdict(list)
    marks: dict[str, list[float]] = defaultdict(list)
    drawn: dict[str, Marked] = {}
    graded = unknown = False
    for answer in answers:
        graded |= answer.graded
        unknown |= answer.cost_usd is None
        drawn[answer.sample] = answer
        costs[answer.sample].append(answer.cost_usd if answer.cost_usd is not None else 0.0)
        if answer.score is not None:
            marks[answer.sample].append(answer.score)
    scores = {sample: sum(values) / len(values) for sample, values in marks.items()}
    quality = _mean(list(scores.values()), _weights([drawn[sample] for sample in scores])) if scores else None
    if unknown or not costs:
        return {"usd_per_sample": None, "usd_per_1k_samples": None, "usd_per_correct": None, "quality": quality}
    means = {sample: sum(values) / len(values) for sample, values in costs.items()}
    samples = [drawn[sample] for sample in means]
    groups = clusters_of([Placed(one.task, one.content or one.sample, one.occurrence, one.cluster) for one in samples])
    alone = len(set(groups)) == len(groups)
    weights = _weights(samples)
    spread = student_t(list(means.values())) if alone else clustered(list(means.values()), groups)
    if weights is not None:
        spread = _of_traffic(list(means.values()), weights, samples, groups)
    mean = _mean(list(means.values()), weights)
    low, high = (max(0.0, spread.low), spread.high) if spread else (None, None)
    each: Spread = {"value": mean, "low": low, "high": high}
    right: Spread | None = None
    if not graded and len(scores) == len(means):
        found = None
        marked = [scores[sample] for sample in means]
        if weights is None and alone:
            found = cost_per_correct(list(means.values()), marked)
        else:  # Fieller's interval would take answers that move together for independent ones
            right = _right_of_traffic(list(means.values()), marked, weights, samples, groups)
        if found is not None:
            value, bounds = found
            right = {"value": value, "low": bounds.low if bounds else None, "high": bounds.high if bounds else None}
    return {
        "usd_per_sample": each,
        "usd_per_1k_samples": _times(each, 1000),
        "usd_per_correct": right,
        "quality": quality,
    }


def _weights(samples: Sequence[Marked]) -> Floats | None:
    """What each sample stands for, 1 on average; None where none says."""
    import numpy as np

    from evalkit.stats.traffic import row_weights

    said = np.array([np.nan if one.weight is None else one.weight for one in samples])
    return row_weights(said)


def _mean(values: Sequence[float], weights: Floats | None) -> float:
    if weights is None:
        return sum(values) / len(values)
    return float((weights * values).sum() / weights.sum())


def _of_traffic(
    values: Sequence[float], weights: Floats, samples: Sequence[Marked], clusters: Sequence[int]
) -> Interval | None:
    import numpy as np

    from evalkit.stats.intervals import Interval
    from evalkit.stats.traffic import weighted_mean

    found = weighted_mean(np.array(values), _design(weights, samples, clusters), shares=False)
    return None if found.low is None or found.high is None else Interval(found.low, found.high)


def _right_of_traffic(
    costs: Sequence[float],
    scores: Sequence[float],
    weights: Floats | None,
    samples: Sequence[Marked],
    clusters: Sequence[int],
) -> Spread | None:
    """Dollars a right answer of the traffic, or of samples in clusters; None where no answer is right."""
    import numpy as np

    from evalkit.stats.traffic import weighted_ratio

    heavy = np.ones(len(costs)) if weights is None else weights
    found = weighted_ratio(np.array(costs), np.array(scores), _design(heavy, samples, clusters))
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}


def _design(weights: Floats, samples: Sequence[Marked], clusters: Sequence[int]) -> Design:
    from evalkit.stats.traffic import Design

    strata = [(one.task, one.stratum or "") for one in samples]
    together = [(one.task, cluster) for one, cluster in zip(samples, clusters, strict=True)]
    return Design.of(len(samples), weights, strata, together)


def _times(figure: Spread, factor: float) -> Spread:
    low, high = (None if end is None else end * factor for end in (figure["low"], figure["high"]))
    return {"value": figure["value"] * factor, "low": low, "high": high}


def at_equal_quality(models: Mapping[str, DerivedFigures]) -> dict[str, CheapestAsGood | None]:
    """For each model the cheapest one whose mean quality is at least as good, with its dollars per 1,000 samples.

    A comparison of means, made for reading: whether "as good" holds is the gate's question. None where the model's
    quality is unknown, or no model that is as good has a known cost.
    """
    priced = {
        name: (figures["quality"], figures["usd_per_1k_samples"]["value"])
        for name, figures in models.items()
        if figures["quality"] is not None and figures["usd_per_1k_samples"] is not None
    }
    found: dict[str, CheapestAsGood | None] = {}
    for name, figures in models.items():
        quality = figures["quality"]
        enough = [(usd, other) for other, (q, usd) in priced.items() if quality is not None and q >= quality]
        found[name] = {"model": min(enough)[1], "usd_per_1k_samples": min(enough)[0]} if enough else None
    return found
