"""One pass over a task's samples: what is wrong with them, and what a person should know before they are asked.

found = Examination(task.sights())
for sample in task.walk(): found.see(sample)
found.examined((), {})              # Examined(n=541, complaints=(), ...)

A small task keeps its rendered samples. How much memory those of all tasks may take together is counted here, since a
suite may name one file in a thousand tasks:

if HELD.has_room(n_bytes): HELD.hold(task, n_bytes)      # given back when the task is

A task that finds no room renders its samples anew for each pass, as tasks of many samples do.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import field

from evalkit.frozen import dataclass
from evalkit.records import Sample
from evalkit.suite.grouped import Grouped
from evalkit.suite.sample_notes import SampleNotes

KEPT = 5_000
"""Samples up to which an examination keeps what it rendered."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What one pass over a task's data found."""

    n: int
    """Samples that would be asked, after `limit`."""
    complaints: tuple[str, ...]
    """At most 20 kinds, each by its first with its place and a count. Empty: every sample renders."""
    n_alike: int
    """Samples that ask the same as another one of those that are asked; they are told apart by `occurrence`."""
    n_left_out: int
    """Samples that are one of their own few-shot examples, and are asked without that one."""
    notes: tuple[str, ...] = ()
    """What a person should know before it is asked, as sentences."""
    redacted: Mapping[str, int] = field(default_factory=dict)
    """How much was taken out of the records, by kind; empty where the suite redacts nothing."""


@dataclass(frozen=True, slots=True)
class Sights:
    """What an examination looks at in the samples of one task."""

    at: str
    """Opens every complaint."""
    notes: SampleNotes
    compare: Callable[[Sample, SampleNotes, int], None]
    """Takes note of the n-th sample where it is one of its own few-shot examples."""


class Examination:
    """Sees every sample once, whoever reads them; `complaints` takes what is wrong with the records, too."""

    def __init__(self, sights: Sights, also: Callable[[Sample], None] | None = None) -> None:
        """`also` is shown every sample until there is a complaint."""
        self.complaints = Grouped(sights.at)
        self.n = 0
        self.twice: set[str] = set()
        """Ids that several samples have."""
        self._sights = sights
        self._also = also
        self._ids: set[int] = set()
        self._n_alike = 0

    def see(self, sample: Sample) -> None:
        """Take note of one sample. Raises SuiteError where no example fits it."""
        self.n += 1
        self._n_alike += sample.occurrence > 0
        notes = self._sights.notes
        notes.see(sample)
        if self._also is not None and not self.complaints:
            self._also(sample)
        self._sights.compare(sample, notes, self.n)
        key = hash(sample.id)
        if key in self._ids:
            self.twice.add(sample.id)
        self._ids.add(key)

    def examined(self, more_notes: tuple[str, ...], redacted: Mapping[str, int], *, so_far: bool = False) -> Examined:
        """What was found; with `so_far` the notes speak of the samples seen by now, of which more follow."""
        notes = self._sights.notes
        told = (*notes.notes(so_far=so_far), *more_notes) if not self.complaints else ()
        return Examined(
            self.n,
            self.complaints.all(),
            self._n_alike,
            len(notes.left_out),
            told,
            dict(redacted),
        )


MOST_BYTES = 128 * 2**20
_EACH = 64
"""Bytes of a value besides its letters."""


class HeldSamples:
    """Counts the bytes that live tasks of this process hold."""

    def __init__(self) -> None:
        self._n_bytes = 0

    def has_room(self, n_bytes: int) -> bool:
        """Whether so much may be held besides what is held now."""
        return self._n_bytes + n_bytes <= MOST_BYTES

    def hold(self, task: object, n_bytes: int) -> None:
        """Count so much for as long as the task lives."""
        self._n_bytes += n_bytes
        weakref.finalize(task, self._give_back, n_bytes).atexit = False

    def _give_back(self, n_bytes: int) -> None:
        self._n_bytes -= n_bytes


HELD = HeldSamples()


def weight_of(sample: Sample) -> int:
    """Roughly the bytes of a sample: the letters of its messages and of its record, and something for each value."""
    n = _weight(sample.fields)
    for message in sample.messages:
        n += _EACH + len(message.text)
    return n


def _weight(value: object) -> int:
    n = _EACH
    if isinstance(value, dict):
        for inner in value.values():
            n += _EACH + (_EACH + len(inner) if type(inner) is str else _weight(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            n += _EACH + len(inner) if type(inner) is str else _weight(inner)
    elif isinstance(value, str):
        n += len(value)
    elif isinstance(value, Mapping):
        n += _weight(dict(value)) - _EACH
    return n
