"""What a run's judges did, how far they agree, and what people's labels make of their marks.

    figures(folder)         # None where nothing was judged; else
    {"judges": {"strict": {"model": "gpt-6-sol", "n": 400, "n_unreadable": 2, "n_failed": 0, "mean": 0.71,
                           "cost": {...}, "latency": {...}}},
     "tasks": {"advice": {"by": ["strict", "second"], "alpha": 0.74, "n_both": 198,
                          "place": {"strict": {"n": 99, "share": 0.12, "low": ..., "high": ...}},
                          "people": {"gpt": {"n": 99, "n_labelled": 40, "judged_mean": 0.71, "mean": 0.66, ...}}}}}

Labels are what people said in the board's reviews of the run (right 1, wrong 0; "unsure" says nothing) and in the files
that tasks name; several on one answer count as their mean. null is unknown, and never zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from evalkit.errors import StoreError
from evalkit.facts import JudgeIdentity, RunFacts, TaskFacts, parse
from evalkit.facts.base import StoredRecord
from evalkit.facts.summary import CostFigures, LatencyFigures
from evalkit.facts.tasks import LabelFacts
from evalkit.records import Outcome
from evalkit.results.facts import read_facts
from evalkit.results.summary import read_summary
from evalkit.stats.copies import Placed, clusters_of
from evalkit.stats.intervals import wilson
from evalkit.stats.prediction_powered import corrected_mean
from evalkit.stats.raters import alpha, kappa
from evalkit.store import judge_files, queries, reviews
from evalkit.store.damage import refuse_damage
from evalkit.store.marks import judge_names
from evalkit.store.row_codec import Key

_MARKS = {"right": 1.0, "wrong": 0.0}
RIGHT_FROM = 0.5
"""A mark from here on counts as right where it is held against people who say right or wrong."""


@dataclass(frozen=True, slots=True)
class _Marked:
    """An answer and what its judges made of it."""

    key: Key
    score: float
    parts: Mapping[str, float]
    cluster: str | None


class JudgeFigures(StoredRecord):
    """What one judge did. US dollars and seconds as in a summary."""

    model: str | None
    """Model id. None: not recorded."""
    n: int
    """Requests."""
    n_failed: int
    """Requests that brought no reply."""
    n_unreadable: int
    """Replies without a readable verdict."""
    mean: float | None
    """Mean verdict, 0 to 1. None: none could be read."""
    cost: CostFigures
    latency: LatencyFigures
    cached_share: float | None


class PositionBias(StoredRecord):
    """How often a judge's verdict on a pair changed with the order of the two answers (95 % Wilson interval)."""

    n: int
    """Pairs judged in both orders."""
    share: float | None
    low: float | None
    high: float | None
    first: float | None
    """Of the changed ones: share in which the answer in first place won."""


class PeopleFigures(StoredRecord):
    """One model's judged mean, and the mean that people's labels correct it to (`stats.prediction_powered`)."""

    n: int
    n_labelled: int
    judged_mean: float | None
    label_mean: float | None
    bias: float | None
    """Judged minus labelled, over the labelled answers."""
    mean: float | None
    low: float | None
    high: float | None
    labels_low: float | None
    labels_high: float | None


class JudgeAgreement(StoredRecord):
    """A judge against people's labels, both as right (from 0.5 on) or wrong."""

    n: int
    same: float | None
    low: float | None
    high: float | None
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None


class TaskJudging(StoredRecord):
    """The judging of one task."""

    by: tuple[str, ...]
    """Judges, by name."""
    pair: str | None
    """Model that answers were compared with. None: judged alone."""
    n_both: int
    """Answers with a verdict of more than one judge."""
    alpha: float | None
    """Krippendorff's alpha over them."""
    mean_difference: float | None
    place: Mapping[str, PositionBias]
    people: Mapping[str, PeopleFigures]
    agreement: Mapping[str, JudgeAgreement]
    labels: LabelFacts | None


class JudgingFigures(StoredRecord):
    """Everything about the judges of a run."""

    judges: Mapping[str, JudgeFigures]
    tasks: Mapping[str, TaskJudging]


def figures(folder: Path) -> JudgingFigures | None:
    """Everything about the judges of a run. Raises StoreError when it cannot be read, or is not whole."""
    refuse_damage(folder)
    inner = judge_files.judging_of(folder)
    if inner is None:
        return None
    facts = read_facts(inner)
    tasks = facts.tasks or {}
    marked = _marked(folder, {name: judge_names(told.identity.root) for name, told in tasks.items()})
    people = labels_of(folder)
    return JudgingFigures(
        judges=_judges(inner, facts),
        tasks={
            name: _task(told, marked.get(name, []), _places(inner, name), people, facts.labels.get(name))
            for name, told in tasks.items()
        },
    )


def labels_of(folder: Path) -> dict[Key, float]:
    """By answer: what people say of it, from 0 to 1."""
    found: defaultdict[Key, list[float]] = defaultdict(list)
    said, _ = reviews.read_reviews(folder)
    for (key, _), review in reviews.latest(said).items():
        if review.mark in _MARKS:
            found[key].append(_MARKS[review.mark])
    inner = judge_files.judging_of(folder)
    for key, label in judge_files.read_labels(inner) if inner is not None else ():
        found[key].append(label)
    return {key: fmean(values) for key, values in found.items()}


def _judges(inner: Path, facts: RunFacts) -> dict[str, JudgeFigures]:
    found = {}
    for name, of_judge in read_summary(inner).models.items():
        whole = of_judge.all
        n_failed = _failed(inner, name)
        found[name] = JudgeFigures(
            model=facts.model_facts(name).model or None,
            n=whole.n,
            n_failed=n_failed,
            n_unreadable=whole.outcomes["errored"] - n_failed,
            mean=whole.quality.mean,
            cost=whole.cost,
            latency=whole.latency,
            cached_share=whole.cached_share,
        )
    return found


def _failed(inner: Path, judge: str) -> int:
    """Requests to a judge that brought no reply."""
    with queries.connect([inner], texts=False) as con:
        found = con.execute("select count(*) from rows where model = ? and error_kind is not null", [judge]).fetchone()
    return int(found[0]) if found else 0


def _marked(folder: Path, judges: Mapping[str, tuple[str, ...]]) -> dict[str, list[_Marked]]:
    """By task: the answers that have a mark of one of its judges."""
    found: defaultdict[str, list[_Marked]] = defaultdict(list)
    with queries.connect([folder], texts=False) as con:
        asked = con.execute(
            "select model, task, sample_digest, occurrence, repeat, score, parts, cluster from rows "
            "where outcome = ? and list_contains(?, task)",
            [Outcome.SCORED.value, list(judges)],
        )
        while chunk := asked.fetchmany(4_000):
            for model, task, digest, occurrence, repeat, score, parts, cluster in chunk:
                if score is None:
                    raise StoreError(f"{folder} holds an answer that was scored and has no score. Restore it.", folder)
                marks = {judge: parts[judge] for judge in judges[task] if judge in (parts or {})}
                if marks:
                    key = (model, task, digest, occurrence, repeat)
                    found[task].append(_Marked(key, score, marks, cluster))
    return found


def _places(inner: Path, task: str) -> dict[str, list[tuple[float, float]]]:
    """By judge: the marks of each pair in its two orders, where both could be read."""
    with queries.connect([inner], texts=False) as con:
        asked = con.execute(
            "select model, sample_id, score, slices from rows where task = ? and score is not null order by sample_id",
            [task],
        )
        found: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        for judge, sample_id, score, slices in asked.fetchall():
            order = dict(slices or {}).get("order")
            if order is not None:
                found[judge, sample_id.removesuffix(f"/{order}")][order] = score
    made: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for (judge, _), both in found.items():
        if both.keys() == {"ab", "ba"}:
            made[judge].append((both["ab"], both["ba"]))
    return made


def _task(
    told: TaskFacts,
    marked: list[_Marked],
    places: Mapping[str, list[tuple[float, float]]],
    people: Mapping[Key, float],
    labels: LabelFacts | None,
) -> TaskJudging:
    identity = parse(JudgeIdentity, told.identity.root, "judging/run.json")  # there, in place of a task's own
    both = [list(answer.parts.values()) for answer in marked if len(answer.parts) > 1]
    models = sorted({answer.key[0] for answer in marked} - {identity.pair})
    return TaskJudging(
        by=tuple(identity.judges),
        pair=identity.pair,
        n_both=len(both),
        alpha=alpha(both),
        mean_difference=fmean(max(marks) - min(marks) for marks in both) if both else None,
        place={judge: _position_bias(pairs) for judge, pairs in places.items()},
        people={model: _against_people([a for a in marked if a.key[0] == model], people) for model in models},
        agreement=_agreement(marked, people),
        labels=labels,
    )


def _position_bias(pairs: list[tuple[float, float]]) -> PositionBias:
    """Share of pairs in which the other order brought another winner, and how often the first place won then."""
    changed = [(ab, ba) for ab, ba in pairs if ab != ba]
    interval = wilson(len(changed), len(pairs))
    return PositionBias(
        n=len(pairs),
        share=len(changed) / len(pairs) if pairs else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        # Marks are from the judged model's side, which stands first in order ab: above means that the first place won.
        first=sum(ab > ba for ab, ba in changed) / len(changed) if changed else None,
    )


def _against_people(answers: Iterable[_Marked], people: Mapping[Key, float]) -> PeopleFigures:
    """One model's judged mean, and the mean that people's labels correct it to."""
    known = list(answers)
    found = corrected_mean(
        [answer.score for answer in known],
        [people.get(answer.key) for answer in known],
        clusters_of([Placed(answer.key[1], answer.key[2], answer.key[3], answer.cluster) for answer in known]),
    )
    return PeopleFigures(
        n=found.n,
        n_labelled=found.n_labelled,
        judged_mean=found.judged_mean,
        label_mean=found.label_mean,
        bias=found.bias,
        mean=found.mean,
        low=found.interval.low if found.interval else None,
        high=found.interval.high if found.interval else None,
        labels_low=found.labels_interval.low if found.labels_interval else None,
        labels_high=found.labels_interval.high if found.labels_interval else None,
    )


def _agreement(marked: list[_Marked], people: Mapping[Key, float]) -> dict[str, JudgeAgreement]:
    """By judge (and `together`): right or wrong as people say it, over the labelled answers of all models."""
    labelled = [(answer, people[answer.key]) for answer in marked if answer.key in people]
    judges = dict.fromkeys(judge for answer, _ in labelled for judge in answer.parts)
    sides = {
        judge: [(answer.parts[judge], label) for answer, label in labelled if judge in answer.parts] for judge in judges
    }
    if len(judges) > 1:
        sides["together"] = [(answer.score, label) for answer, label in labelled]
    return {name: _agrees(pairs) for name, pairs in sides.items()}


def _agrees(pairs: list[tuple[float, float]]) -> JudgeAgreement:
    split = [(mark >= RIGHT_FROM, label >= RIGHT_FROM) for mark, label in pairs]
    same = sum(ours == theirs for ours, theirs in split)
    interval, found = wilson(same, len(split)), kappa(split)
    return JudgeAgreement(
        n=len(split),
        same=same / len(split) if split else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        kappa=found.value if found else None,
        kappa_low=found.low if found else None,
        kappa_high=found.high if found else None,
    )
