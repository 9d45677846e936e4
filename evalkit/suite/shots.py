"""Few-shot examples: which worked records stand before a question, as turns of the conversation.

    shots = prepare(entry.shots, prompt, data, folder)
    shots.before(record, likeness)      # (Message('user', '2 + 2?'), Message('assistant', '4'), ...)
    shots.digest              # identity of the rendered turns

An example's question is the task's last user turn, its answer the target (the letter, where options are shown by
letter). With `same`, a question gets the examples that agree with it in that field. A question that is itself among the
examples (`evalkit.suite.near_duplicates`) is asked without that one, which would show its own answer.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.messages import content_identity
from evalkit.records import Message
from evalkit.suite.datasets import Data, Record, open_data
from evalkit.suite.digests import canonical_json, digest, why_no_json
from evalkit.suite.near_duplicates import NearDuplicateKey, near_duplicate_key
from evalkit.suite.prompts import BadRecord, Prompt
from evalkit.suite.schema import ShotsEntry
from evalkit.suite.templates import EVERY_FIELD
from evalkit.suite.wording import listed, short

if TYPE_CHECKING:
    from evalkit.suite.redaction import Redactor

MOST = 50
"""Examples of one question: beyond this it is a mistake, not a prompt."""
_Ranked = tuple[bytes | int, Record, str]


@dataclass(frozen=True, slots=True)
class Example:
    """A worked question: what it says, and its two turns."""

    says: NearDuplicateKey
    question: Message
    answer: Message


@dataclass(frozen=True, slots=True)
class Shots:
    """The rendered examples of a task, by group; one group named None where `same` is not used."""

    same: str | None = None
    groups: Mapping[str | None, tuple[Example, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> str | None:
        """Identity of the turns; None without examples."""
        if not self.groups:
            return None
        turns = {
            str(group): [[content_identity(e.question.content), e.answer.content] for e in some]
            for group, some in self.groups.items()
        }
        return digest("evalkit.shots/1", {"same": self.same, "turns": turns})

    def before(self, record: Mapping[str, object], says: NearDuplicateKey) -> list[Message]:
        """The turns before this record's question. Raises BadRecord where its group has no examples."""
        examples = self._of(record)
        return [turn for e in examples if e.says.key != says.key for turn in (e.question, e.answer)]

    def leaves_out(self, record: Mapping[str, object], says: NearDuplicateKey) -> bool:
        """Whether this question is itself one of its examples. Raises as `before`."""
        return any(e.says.key == says.key for e in self._of(record))

    def is_near(self, record: Mapping[str, object], says: NearDuplicateKey) -> bool:
        """Whether this question reads nearly like one of its examples. Raises as `before`."""
        return any(e.says.is_near(says) for e in self._of(record))

    def _of(self, record: Mapping[str, object]) -> tuple[Example, ...]:
        if self.same is None:
            return self.groups.get(None, ())
        if self.same not in record:
            raise BadRecord("shots.same", f"the record has no field {self.same!r}; its fields are {listed(record)}")
        group = str(record[self.same])
        if group not in self.groups:
            raise BadRecord("shots", f"there is no example with {self.same}: {group!r}")
        return self.groups[group]


def sample_digest(prompt: Prompt, record: Mapping[str, object], choices: tuple[str, ...]) -> str:
    """Identity of what is asked: the fields that the prompt reads, and the choices. Of fields that only say where
    pictures are, the pictures themselves.

    Raises BadRecord for values that JSON does not have (NaN, lone surrogates).
    """
    everything = EVERY_FIELD in prompt.reads
    fields = record if everything else {name: record[name] for name in prompt.reads_as_text if name in record}
    asked: dict[str, object] = {"fields": fields, "choices": choices}
    if prompt.has_pictures:
        asked["images"] = prompt.picture_digests(record, choices)
    try:
        return digest("evalkit.sample/1", asked)
    except (ValueError, TypeError) as error:
        raise BadRecord("data", why_no_json(fields, error)) from error


def likeness(prompt: Prompt, record: Mapping[str, object], choices: tuple[str, ...]) -> NearDuplicateKey:
    """What the record asks, comparable with an example. Raises BadRecord."""
    pictures = prompt.picture_digests(record, choices) if prompt.has_pictures else ()
    return near_duplicate_key(record, prompt.reads_as_text, choices, pictures)


def prepare(
    entry: ShotsEntry | None, prompt: Prompt, data: Data, folder: Path, redactor: Redactor | None = None
) -> Shots:
    """Choose and render the examples. Raises SuiteError: a file that is missing, too few examples, one that fails."""
    if entry is None or entry.n == 0:
        return Shots()
    found = _found(entry, data, folder)
    if redactor is not None:
        found = ((place, redactor.record(record, Counter())) for place, record in found)
    most = entry.n if entry.n is not None else MOST
    groups: dict[str | None, list[_Ranked]] = {}
    for position, (place, record) in enumerate(found):
        rank: bytes | int = position
        if entry.seed is not None:
            rank = _drawn(entry.seed, record, place)
        group = str(record.get(entry.same)) if entry.same else None
        ranked = groups.setdefault(group, [])
        ranked.append((rank, record, place))
        if len(ranked) > max(most, 256):
            ranked.sort(key=lambda item: item[0])
            del ranked[most:]
        if entry.n is None and len(ranked) > MOST:
            raise SuiteError(f"more than {MOST} examples for one question; say how many with n")
    rendered: dict[str | None, tuple[Example, ...]] = {}
    for group, ranked in groups.items():
        ranked.sort(key=lambda item: item[0])
        if entry.n is not None and len(ranked) < entry.n:
            among = f" with {entry.same}: {short(group)}" if entry.same else ""
            raise SuiteError(f"{entry.n} examples are asked for; there are {len(ranked)}{among}")
        examples: list[Example] = []
        for _, record, place in ranked[:most]:
            try:
                choices = prompt.choices(record)
                values = prompt.values(record, choices)
                says = likeness(prompt, record, choices)
                examples.append(Example(says, prompt.question(values), prompt.answer(values, choices)))
            except BadRecord as error:
                raise SuiteError(f"{place}: {error.key} {error}") from error
        rendered[group] = tuple(examples)
    if not rendered:
        raise SuiteError("there is no example at all")
    return Shots(entry.same, rendered)


def _drawn(seed: int, record: Record, place: str) -> bytes:
    try:
        return hashlib.sha256(f"{seed}\0".encode() + canonical_json(record)).digest()
    except (ValueError, TypeError) as error:
        raise SuiteError(f"{place}: {why_no_json(record, error)}") from error


def _found(entry: ShotsEntry, data: Data, folder: Path) -> Iterable[tuple[str, Record]]:
    if entry.records is not None:
        return [(f"records[{i}]", record) for i, record in enumerate(entry.records)]
    if entry.path is None:
        source = replace(data, where=entry.where, may_lack_split=False, left_out=[])
    else:
        other = open_data(entry.path, folder, format=entry.format, where=entry.where)
        source = replace(other, fields=data.fields, form=data.form, may_lack_split=data.may_lack_split)
    return ((source.place(number), record) for number, record in source.records())
