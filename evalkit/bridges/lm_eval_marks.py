"""The scorer of a task that came from lm-eval: its filters and metrics, one item at a time, as a `Score`.

    Response(logliks=(-1.2, -3.4), ...) -> Score(1.0, right, parts={"acc_norm,none": 1.0})

The task's own code marks; here its result becomes an outcome. A metric that is no number in [0, 1] leaves the score
absent with a reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from evalkit.bridges.lm_eval_questions import Questions
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.scores import graded, right_or_wrong, unparseable, unscored

VERSION = 2
_RIGHT_OR_WRONG = frozenset(
    {"acc", "acc_norm", "acc_bytes", "exact_match", "prompt_level_strict_acc", "prompt_level_loose_acc"}
)
_FOUND_NOTHING = "[invalid]"
"""What lm-eval's filters leave where they find no answer."""


def scorer(questions: Questions, metric: str) -> Scorer:
    """Marks by `metric`, like `acc,none`; every other metric that is a number goes into the score's parts."""

    def mark(sample: Sample, response: Response) -> Score:
        return _mark(questions, metric, sample, response)

    return Scorer(
        name="lm_eval",
        version=VERSION,
        mark=mark,
        gold=lambda sample: None,
        needs="likelihood" if questions.needs_likelihood else "text",
        continuations=lambda sample: tuple(sample.fields["continuations"]),
        contexts=lambda sample: sample.fields["contexts"],
        options={"metric": metric},
    )


def _mark(questions: Questions, metric: str, sample: Sample, response: Response) -> Score:
    results = _results(questions, sample, response)
    if isinstance(results, Score):
        return results
    try:
        marks = questions.marks(sample.fields["doc_id"], results)
    except Exception as error:  # noqa: BLE001 - a task's own code met an answer it cannot mark: recorded as data
        return unscored(f"lm-eval's {questions.name} could not mark this answer: {type(error).__name__}: {error}")
    extracted = _extracted(questions, metric, sample, response, marks)
    parts = {name: number for name in questions.metrics() if (number := _number(marks.get(name))) is not None}
    value = parts.pop(metric, None)
    if value is None or not 0.0 <= value <= 1.0:
        return unscored(f"{metric} of this item is {marks.get(metric)!r}, and a score is a number from 0 to 1")
    if value == 0.0 and extracted == _FOUND_NOTHING:
        return unparseable(f"lm-eval's filter {metric.partition(',')[2]} found no answer")
    if metric.partition(",")[0] in _RIGHT_OR_WRONG and value in {0.0, 1.0}:
        return right_or_wrong(value == 1.0, extracted, None, parts)
    return graded(value, extracted, None, parts)


def _results(questions: Questions, sample: Sample, response: Response) -> list[Any] | Score:
    """What lm-eval's filters take: (log-likelihood, is greedy) of each continuation, or the text; or why not."""
    if not questions.needs_likelihood:
        return [_cut(response.text, questions.stops)]
    values, greedy = response.logliks, response.logliks_greedy
    n_asked = len(sample.fields["continuations"])
    if values is None or len(values) != n_asked:
        return unscored(f"{n_asked} log-likelihoods were asked for, {len(values or ())} came")
    if greedy is None and questions.output_type == "loglikelihood":
        return unscored("this task needs to know what greedy decoding would say, which was not reported")
    return list(zip(values, greedy or (False,) * len(values), strict=True))


def _cut(text: str, stops: tuple[str, ...]) -> str:
    """The text up to the first stop, as lm-eval cuts it: not every model can be told where to stop."""
    for stop in stops:
        text = text.partition(stop)[0]
    return text


def _extracted(
    questions: Questions, metric: str, sample: Sample, response: Response, marks: Mapping[str, object]
) -> str | None:
    """The answer as lm-eval read it: the likeliest choice, or the filtered text."""
    if not questions.needs_likelihood:
        found = marks.get(f"filtered,{metric.partition(',')[2]}")
        return None if found is None else str(found)
    values = response.logliks or ()
    if len(values) < 2 or any(math.isnan(value) for value in values):
        return None
    best = max(range(len(values)), key=lambda number: values[number])
    return str(sample.choices[best] if sample.choices else sample.fields["continuations"][best]).strip()


def _number(value: Any) -> float | None:
    """A metric's value of one item as a float; None for pairs and lists that only mean something for the whole task."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
