"""The records of a task's data, read as its samples: each pass renders anew, and says of each record why it cannot be.

records.walk(raise_it)        # every sample in the file's order
records.places({"t1"})        # {"t1": "d.csv:3"}
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.records import Sample
from evalkit.suite.datasets import Complain, Data, Record
from evalkit.suite.prompts import BadRecord
from evalkit.suite.sampling import Recipe
from evalkit.suite.schema import LimitEntry, TaskEntry
from evalkit.suite.wording import short

if TYPE_CHECKING:
    from evalkit.suite.redaction import Redactor


@dataclass(frozen=True, slots=True)
class TaskRecords:
    """What a pass over a task's data needs."""

    entry: TaskEntry
    data: Data
    recipe: Recipe
    redactor: Redactor | None
    at: str
    """As in `ResolvedTask`."""

    def count(self) -> int | None:
        """How many samples it has, by reading its records without rendering them.

        None where that cannot be known so (several samples a record, a limit), and where a record cannot be read, has
        no id of its own, or stands beside another of the same id: `examine` tells what is wrong.
        """
        entry = self.entry
        if entry.limit is not None or entry.permute is not None or entry.turns is not None:
            return None
        ids: set[int] = set()
        n = 0
        try:
            for number, record in self.data.records():
                ids.add(hash(self.recipe.id(number, record)))
                n += 1
        except (SuiteError, BadRecord):
            return None
        return n if len(ids) == n else None

    def picture_digests(self, complain: Complain) -> Iterator[tuple[str, ...]]:
        """For each record the digests of its pictures; one whose pictures cannot be found goes to `complain`."""
        prompt = self.recipe.prompt
        for number, record in self.records(complain):
            try:
                yield prompt.picture_digests(record, prompt.choices(record))
            except BadRecord as error:
                self._refuse(number, record, error, complain)

    def every_id(self) -> Iterator[str]:
        """The ids of all records of the file, also of those that `where` and `limit` leave out."""
        for number, record in replace(self.data, where={}).records(_ignore):
            try:
                yield self.recipe.id(number, record)
            except BadRecord:
                continue

    def places(self, ids: Collection[str]) -> dict[str, str]:
        """Where the records with these ids stand, like `d.csv:3`; those that none has are left out."""
        found: dict[str, str] = {}
        for number, record in self.records(_ignore):
            try:
                name = self.recipe.id(number, record)
            except BadRecord:
                continue
            if name in ids:
                found.setdefault(name, self.data.place(number))
        return found

    def walk(self, complain: Complain, redacted: Counter[str] | None = None) -> Iterator[Sample]:
        """Every sample in the file's order; a record that cannot be asked goes to `complain`."""
        limit, recipe, seen = self.entry.limit, self.recipe, _Seen()
        wanted = None if limit is None else self._subset(limit, complain)  # this first pass complains of the file
        for number, record in self.records(complain if wanted is None else _ignore, redacted):
            if wanted is not None and number not in wanted:
                continue
            try:
                choices, identity = recipe.identify(record)
                if self.entry.permute is not None or self.entry.turns is not None:
                    for sample in recipe.several(number, record, choices, identity):
                        yield replace(sample, occurrence=seen.times(sample.digest))
                else:
                    occurrence = seen.times(identity) if wanted is None else wanted[number]
                    yield recipe.sample(number, record, choices, identity, occurrence)
            except BadRecord as error:
                self._refuse(number, record, error, complain)

    def _refuse(self, number: int, record: Mapping[str, object], error: BadRecord, complain: Complain) -> None:
        """Tell what is wrong with a record. Raises SuiteError where no other record need be tried."""
        complaint = self._complaint(number, record, error)
        if error.final:
            raise SuiteError(complaint) from error
        complain(complaint)

    def _subset(self, limit: LimitEntry, complain: Complain) -> dict[int, int]:
        """Places and occurrences of the n samples with the smallest sha256 of seed, digest and occurrence."""
        seen = _Seen()
        heap: list[tuple[int, int, int]] = []  # (minus the hash, place, occurrence): the largest hash on top
        for number, record in self.records(complain):
            try:
                _, identity = self.recipe.identify(record)
            except BadRecord as error:
                self._refuse(number, record, error, complain)
                continue
            occurrence = seen.times(identity)
            text = f"{limit.seed}\0{identity}\0{occurrence}".encode()
            item = (-int.from_bytes(hashlib.sha256(text).digest()[:16], "big"), number, occurrence)
            if len(heap) < limit.n:
                heapq.heappush(heap, item)
            elif item > heap[0]:
                heapq.heapreplace(heap, item)
        return {number: occurrence for _, number, occurrence in heap}

    def records(self, complain: Complain, redacted: Counter[str] | None = None) -> Iterator[tuple[int, Record]]:
        """Every record, redacted where the suite says so; `redacted` counts what was taken out."""
        counts: Counter[str] = Counter() if redacted is None else redacted
        keep = (self.entry.data.id if self.entry.data else None) or "id"
        try:
            for number, record in self.data.records(lambda complaint: complain(self._of_record(complaint, "data"))):
                yield number, record if self.redactor is None else self.redactor.record(record, counts, keep)
        except SuiteError as error:
            own = [c if self.at in c else f"{self.at}.data: {c}" for c in error.complaints]
            raise SuiteError(own) from error

    def _of_record(self, complaint: str, key: str) -> str:
        """A complaint that begins with the record's place, and ends with the key that reads it."""
        return f"{complaint} ({self.at}.{key})"

    def _complaint(self, number: int, record: Mapping[str, object], error: BadRecord) -> str:
        try:
            name = self.recipe.id(number, record)
        except BadRecord:
            name = str(number)
        who = "" if name == str(number) else f" (sample {short(name)})"
        return self._of_record(f"{self.data.place(number)}{who}: {error}", error.key)

    def _another_id(self) -> str:
        """The way out, where the ids are those of the field `id` because nobody says otherwise."""
        data = self.entry.data
        return ": change one, or name another column with id: COLUMN" if data is not None and data.id is None else ""

    def name_twice(self, twice: set[str], complain: Complain) -> None:
        """One complaint for each id that stands in several places, with the first two of them."""
        places: dict[str, list[int]] = {}
        for number, record in self.records(_ignore):
            try:
                name = self.recipe.id(number, record)
            except BadRecord:
                continue
            if name in twice and len(places.setdefault(name, [])) < 2:
                places[name].append(number)
        for name in sorted(twice):
            numbers = [self.data.place(number) for number in places.get(name, ())]
            if len(numbers) == 2:
                said = f"{numbers[1]}: the id {short(name)} stands in {numbers[0]} too"
            else:
                what = "turn" if self.entry.turns is not None else "order"
                where = numbers[0] if numbers else self.data.label
                said = f"{where}: the id {short(name)} is also that of a later {what} of another record"
            complain(self._of_record(f"{said}; ids must differ{self._another_id()}", "data"))


class _Seen:
    """How often each digest came before: eight bytes of it, as a number, are kept."""

    __slots__ = ("_again", "_once")

    def __init__(self) -> None:
        self._once: set[int] = set()
        self._again: dict[int, int] = {}

    def times(self, identity: str) -> int:
        key = int(identity[:16], 16)
        if key not in self._once:
            self._once.add(key)
            return 0
        self._again[key] = self._again.get(key, 0) + 1
        return self._again[key]


def _ignore(complaint: str) -> None:
    """For a pass over records that an earlier pass has complained about."""
