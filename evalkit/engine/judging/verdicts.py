"""What judges are asked about stored answers, and what their stored replies make of them. Asks nobody.

    for answer in answers_of(folder, tasks):
        asked = list(questions(answer))                              # one for each order that it is shown in
        score = mark_of(answer, verdicts_of(inner, readers))         # absent while a reply is owed

A question is known by a digest of everything that the judge is shown, the answer included: a verdict is found by it,
and never outlives the answer that it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.engine.judging.panel import JudgedTask, place
from evalkit.engine.rows import STOPS, with_score
from evalkit.errors import SuiteError
from evalkit.reasoning import answer_of
from evalkit.records import Message, Outcome, Response, Row, Sample, Score, Timing
from evalkit.scorers.base import Scorer
from evalkit.scorers.judge_scores import combined
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.scores import graded, unscored
from evalkit.store import sealing
from evalkit.store.journal import is_outstanding
from evalkit.store.judge_files import judging_of
from evalkit.store.transcript import transcript
from evalkit.suite.digests import digest
from evalkit.suite.judge_task import Shown
from evalkit.suite.templates import BadTemplate

TIE = 0.5
"""What a model's answer is worth against itself."""
Verdicts = Mapping[tuple[str, str, str], Score]
"""(judge, task, digest of the question to the judge) -> what its verdict comes to."""


_JUDGED = (Outcome.ERRORED, Outcome.SCORED)
"""Outcomes of answers that judges score; others were settled as refused, empty or cut to nothing."""


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One stored answer with what it takes to judge it."""

    task: JudgedTask
    sample: Sample
    row: Row
    other: Row | None
    """The answer that it is compared with; None where it is judged alone, or there is none."""

    @property
    def itself(self) -> bool:
        """Whether it would be compared with itself."""
        return self.row.model == self.task.judging.pair


def answers_of(folder: Path, tasks: Mapping[str, JudgedTask]) -> Iterator[JudgedAnswer]:
    """Every stored answer that judges score: those that came, and were not settled as refused, empty or cut to nothing.

    Raises SuiteError for an answer to a question that the tasks do not hold.
    """
    samples = {name: {(s.digest, s.occurrence): s for s in task.samples()} for name, task in tasks.items()}
    others = others_of(folder, tasks)
    for row in sealing.rows_of(folder):
        task = tasks.get(row.task)
        if task is None or row.error_kind is not None or row.outcome not in _JUDGED:
            continue
        sample = samples[row.task].get((row.sample_digest, row.occurrence))
        if sample is None:
            raise SuiteError(
                f"{row.task}: sample {row.sample_id!r} of {folder} is not asked by this suite any more, so its answer "
                "cannot be judged. Run the suite anew: --new."
            )
        yield JudgedAnswer(task, sample, row, others.get(item_of(row)))


def others_of(folder: Path, tasks: Mapping[str, JudgedTask]) -> dict[tuple[str, str, int, int], Row]:
    """By item: the answers that those of a pairwise task are compared with; empty where none is pairwise."""
    paired = {name: task.judging.pair for name, task in tasks.items() if task.judging.pair is not None}
    rows = sealing.rows_of(folder) if paired else iter(())
    return {item_of(row): row for row in rows if paired.get(row.task) == row.model and row.error_kind is None}


def questions(answer: JudgedAnswer) -> Iterator[Sample]:
    """What each judge is asked about an answer: once, or a pair in both orders; nothing where there is no pair.

    An answer that cannot be shown (longer than any prompt may be) is not asked about, and stays without a score.
    """
    judging, row = answer.task.judging, answer.row
    if answer.itself or (judging.pair is not None and answer.other is None):
        return
    keep = answer.task.keeps_reasoning
    other = None if answer.other is None else transcript_of(answer.other, keep=keep) or answer.other.refusal or ""
    shown = Shown(
        answer.sample,
        row.prompt or answer.sample.messages,
        transcript_of(row, keep=keep) or "",
        other,
        () if answer.other is None else answer.other.prompt,
    )
    for order in judging.orders:
        try:
            messages = judging.messages(shown, order)
            if answer.task.redactor is not None:  # an answer may come from a log, and say what no prompt said
                messages = tuple(
                    replace(one, content=answer.task.redactor.text(one.text, Counter())) for one in messages
                )
        except BadTemplate:
            return
        about = {"judged": row.model} | ({"order": order} if order else {})
        yield Sample(
            task=row.task,
            id="/".join([place(row, row.repeat), row.model, *([order] if order else [])]),
            digest=_digest(row, order, messages),
            target_digest="",
            occurrence=0,
            messages=messages,
            target=None,
            fields={"swapped": order == "ba"},
            cluster=row.cluster or place(row, row.repeat),
            slices=about,
        )


def transcript_of(row: Row, *, keep: bool) -> str | None:
    """What a judge is shown of an answer: its words, without reasoning unless the task keeps it, and its calls."""
    return transcript(row.text if keep or not row.text else answer_of(row.text), row.calls)


def is_judged(folder: Path, tasks: Mapping[str, JudgedTask]) -> Callable[[str, str], bool]:
    """Of an unfinished run: whether a judge need not be asked a question, by its name. Its reply is there, or nobody
    need judge the answer. Changes nothing: the run may be going on."""
    inner = judging_of(folder)
    rows = sealing.rows_of(inner) if inner is not None else iter(())
    replied = {(row.model, row.sample_id) for row in rows if not is_outstanding(row.outcome, row.error_kind)}
    by_itself = {
        f"{place(row, row.repeat)}/{row.model}"
        for row in sealing.rows_of(folder)
        if row.task in tasks and row.error_kind is None and row.outcome not in _JUDGED
    }
    return lambda judge, name: (judge, name) in replied or name in by_itself or name.rpartition("/")[0] in by_itself


class ReadVerdicts(dict[tuple[str, str, str], Score]):
    """Verdicts by (judge, task, digest of the question)."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn_again: set[tuple[str, str, str]] = set()
        """Those that came in the place of others (`Row.given_up`)."""


def verdicts_of(inner: Path, readers: Mapping[str, Scorer]) -> ReadVerdicts:
    """What every stored reply of a judge comes to, read anew by the reader of its task; other tasks are passed over.

    A request that failed is not here: it is owed.
    """
    found = ReadVerdicts()
    for row in sealing.rows_of(inner):
        reader = readers.get(row.task)
        if reader is not None and row.error_kind is None:
            stub = Sample(row.task, row.sample_id, row.sample_digest, "", 0, (), None,
                          fields={"swapped": row.slices.get("order") == "ba"})  # fmt: skip
            response = Response(
                text=row.text or "",
                stop_reason=STOPS.get(row.stop_reason or "", "other"),
                timing=Timing(sent_at=0.0, total_s=row.total_s or 0.0),
                refusal=row.refusal,
            )
            found[row.model, row.task, row.sample_digest] = score_response(stub, response, reader)
            if row.given_up:
                found.drawn_again.add((row.model, row.task, row.sample_digest))
    return found


def score_of(answer: JudgedAnswer, verdicts: Verdicts) -> Score:
    """The score of an answer; absent, with the reason that names the judge, while a judge's reply is owed."""
    judging = answer.task.judging
    if answer.itself:
        return graded(TIE, None, "compared with itself: a tie")
    if judging.pair is not None and answer.other is None:
        return unscored(f"{judging.pair} has no answer to compare with")
    asked = [question.digest for question in questions(answer)]
    if not asked:
        return unscored("the answer is too long to be shown to a judge")
    by_judge: dict[str, list[Score]] = {}
    for judge in judging.by:
        replies = [verdicts.get((judge, answer.task.name, place)) for place in asked]
        if None in replies:
            return unscored(f"{judge}: no reply came; run the same command again")
        by_judge[judge] = [reply for reply in replies if reply is not None]
    return combined(by_judge)


def rescored_rows(folder: Path, tasks: Mapping[str, JudgedTask], verdicts: ReadVerdicts) -> Iterator[Row]:
    """The rows whose score the verdicts change. One that rests on a verdict, or is compared with an answer, that came
    in the place of another is as an answer that did."""
    for answer in answers_of(folder, tasks):
        row = with_score(answer.row, score_of(answer, verdicts))
        if not row.given_up and _rests_on_drawn_again(answer, verdicts.drawn_again):
            row = replace(row, given_up=1)
        if (row.outcome, row.score, row.reason, row.parts, row.given_up) != (
            answer.row.outcome, answer.row.score, answer.row.reason, answer.row.parts, answer.row.given_up,
        ):  # fmt: skip
            yield row


def _rests_on_drawn_again(answer: JudgedAnswer, places: Set[tuple[str, str, str]]) -> bool:
    if answer.other is not None and answer.other.given_up and not answer.itself:
        return True
    task = answer.task
    return bool(places) and any(
        (judge, task.name, one.digest) in places for one in questions(answer) for judge in task.judging.by
    )


def unread(inner: Path, verdicts: Verdicts) -> dict[str, dict[str, dict[str, tuple[int, int]]]]:
    """By judge, model and task: how many answers the judge's replies about could not be read, and how many were judged.

    Of a pair, one order that cannot be read is enough: the judge then has no score for the answer.
    """
    lost: dict[tuple[str, str, str, str], bool] = {}
    for row in sealing.rows_of(inner):
        verdict = verdicts.get((row.model, row.task, row.sample_digest))
        if verdict is not None:
            order = row.slices.get("order")
            answer = row.sample_id.removesuffix(f"/{order}") if order else row.sample_id
            about = (row.model, row.slices.get("judged", ""), row.task, answer)
            lost[about] = lost.get(about, False) or verdict.value is None
    found: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    for (judge, model, task, _), without in lost.items():
        of_model = found.setdefault(judge, {}).setdefault(model, {})
        n_unread, n = of_model.get(task, (0, 0))
        of_model[task] = (n_unread + without, n + 1)
    return found


def item_of(row: Row) -> tuple[str, str, int, int]:
    """What was asked, and which time: the same for every model."""
    return (row.task, row.sample_digest, row.occurrence, row.repeat)


def _digest(row: Row, order: str, messages: tuple[Message, ...]) -> str:
    """A contract: stored verdicts are found by it. It holds the answer, since the messages do."""
    return digest("evalkit.judgement/1", [
        row.model, *item_of(row), order, [[message.role, message.text] for message in messages],
    ])  # fmt: skip
