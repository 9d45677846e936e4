"""Samples that are checked while others are asked: a run of many samples starts before the last one has been read.

    stream = begin(task, scorer)        # counted, the first ones rendered and checked; None: check all of them first
    for sample in stream.samples(): ... # raises SuiteError where one cannot be asked
    stream.check_for(0.001)             # goes on checking, ahead of whoever asks

Every sample is checked once, by whichever pass reaches it first; each pass renders for itself, and none is held. What
has to be known beforehand is read without rendering: how many there are, that each record can be read, and that ids
differ. See docs/decisions/0018.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from evalkit.engine.gold_check import GoldCheck
from evalkit.errors import SuiteError
from evalkit.records import Sample
from evalkit.scorers.base import Scorer
from evalkit.suite.examination import KEPT, Examination
from evalkit.suite.grouped import kind_of
from evalkit.suite.tasks import ResolvedTask

_LOOKED_EVERY = 500
"""Samples between two looks at whether the file is still the same."""
HEAD = 2_000
"""Samples that are checked before the first one is asked: as many as a run groups at a time (`order.WINDOW`)."""


class SampleStream:
    """The samples of one task, in one run."""

    def __init__(self, task: ResolvedTask, scorer: Scorer, n: int) -> None:
        """`n` samples, as counted. Raises SuiteError where one of the first cannot be asked."""
        self.n = n
        self.finished = False
        """Whether every sample has been checked."""
        self._told = False
        self._task = task
        self._scorer = scorer
        self._gold = GoldCheck(task, scorer)
        self._found = Examination(task.sights(), self._gold.see)
        self._stamp, self._fingerprint = task.data.stamp(), task.data.fingerprint()
        begun = self._checked(task.walk())
        self.head = tuple(islice(begun, HEAD))
        """The first samples; empty once they are being asked."""
        self.first_notes = self._found.examined((), {}, so_far=True).notes
        """What is known of the first samples, as sentences."""
        self._begun: Iterator[Sample] | None = begun
        self._ahead: Iterator[Sample] | None = None

    def samples(self) -> Iterator[Sample]:
        """A pass over all samples, each checked before it is given. Raises SuiteError at the first that is wrong."""
        head, begun = self.head, self._begun
        self.head, self._begun = (), None
        return self._checked(self._task.walk()) if begun is None else chain(head, begun)

    def check_for(self, seconds: float) -> None:
        """Go on checking for so long. Raises as `samples` does."""
        self._require_the_same()
        if self._ahead is None:
            self._ahead = self._checked(self._task.walk())
        until = time.perf_counter() + seconds
        while not self.finished and time.perf_counter() < until:
            next(self._ahead, None)

    def later_notes(self) -> tuple[str, ...]:
        """Sentences that the first samples did not tell, once all are checked, and once only."""
        if not self.finished or self._told:
            return ()
        self._told = True
        told = {_kind(note) for note in self.first_notes}
        return tuple(note for note in self._found.examined((), {}).notes if _kind(note) not in told)

    def errors(self) -> list[str]:
        """Everything that is wrong with the samples, as `evalkit check` tells it; reads all of them again."""
        gold = GoldCheck(self._task, self._scorer)
        found = self._task.examine(gold.see)
        return [*found.complaints] or gold.errors()

    def as_rendered(self) -> Iterator[Sample]:
        """A pass that checks nothing. Raises SuiteError where a sample cannot be rendered."""
        return self._task.walk()

    def _checked(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        n = 0
        for n, sample in enumerate(samples, start=1):
            if n % _LOOKED_EVERY == 0:
                self._require_the_same()
            if n > self._found.n:
                self._found.see(sample)
                if errors := self._gold.errors(with_places=False):
                    raise SuiteError(errors)
            yield sample
        if n != self.n:
            raise self._changed()
        self.finished = True

    def _require_the_same(self) -> None:
        """Raises SuiteError where the file holds something else than when the run was planned; one that was only
        touched, or copied over with the same content, is the same."""
        stamp = self._task.data.stamp()
        if stamp == self._stamp:
            return
        if self._task.data.fingerprint() != self._fingerprint:
            raise self._changed()
        self._stamp = stamp

    def _changed(self) -> SuiteError:
        return SuiteError(f"{self._task.at}.data: {self._task.data.label} was changed while it was read")


def begin(task: ResolvedTask, scorer: Scorer) -> SampleStream | None:
    """The samples of a task as a stream; None where all must be checked before the first is asked.

    So it is for tasks of up to KEPT samples, where it takes no time; for those whose count takes rendering; for those
    with redaction, whose findings a person reads first; where a scorer is slow or a function of the person's, or judges
    score; and wherever something is wrong that can be seen by now.
    """
    plain = type(task) is ResolvedTask and task.redactor is None and task.storing is None
    if not plain or scorer.later or scorer.slow or scorer.unproved:
        return None
    try:
        if task.data.form is not None or task.data.is_short(KEPT):
            return None
        n = task.count()
        return None if n is None or n <= KEPT else SampleStream(task, scorer, n)
    except SuiteError:
        return None


def _kind(note: str) -> str:
    return kind_of(note).replace("the first # samples", "all # samples")
