"""`judge`: an answer is marked by other models, once it is stored. Here stands how their verdicts make one mark.

    combined({"strict": [graded(0.8, "8")], "second": [unscored("the judge gave no verdict in [[double brackets]]")]})
    # Score(0.8, scored, parts={"strict": 0.8}, reason="second: the judge gave no verdict ...")

The score is the mean of the judges whose verdict could be read. A pair is shown in both orders, and a judge has a mark
only where both could be read: one order alone would let the place win. Where no judge has a mark the score is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from evalkit.records import WAITS, Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.scores import graded, unscored

VERSION = 2


def make(given: Mapping[str, object]) -> Scorer:
    """The scorer of the answers themselves: their mark is absent until the judges have spoken.

    Its options are read by `evalkit.suite.judge_task`, where the suite is.
    """

    def mark(sample: Sample, response: Response) -> Score:
        return unscored(WAITS)

    options = {"refusal": "wrong", **given}
    return Scorer("judge", VERSION, mark, lambda sample: None, options=options, reads_calls=True, later=True)


def combined(verdicts: Mapping[str, Sequence[Score]]) -> Score:
    """One mark of each judge's verdicts on one answer (several orders of a pair). `parts`: each judge's own mark."""
    parts: dict[str, float] = {}
    said, absent = [], []
    for judge, scores in verdicts.items():
        values = [score.value for score in scores if score.value is not None]
        said.append(f"{judge} {'/'.join(score.extracted or '-' for score in scores)}")
        if scores and len(values) == len(scores):
            parts[judge] = fmean(values)
        else:
            why = next((score.reason for score in scores if score.value is None), None)
            absent.append(f"{judge}: {why or 'no verdict'}")
    reason = "; ".join(absent) or None
    if not parts:
        return unscored(reason or "no judge was asked")
    return graded(fmean(parts.values()), ", ".join(said), reason, parts)
