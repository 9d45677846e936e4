"""One record becomes one sample: its identity, its conversation, and what it is grouped by.

    recipe = Recipe("refunds", entry, prompt, shots)
    choices, digest = recipe.identify(record)
    sample = recipe.sample(7, record, choices, digest, occurrence=0)

Pure, and the hot path of every run: one call per sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING

from evalkit.frozen import dataclass
from evalkit.records import HEAVIEST, LIGHTEST, Message, Sample
from evalkit.suite import orders
from evalkit.suite.digests import digest, why_no_json
from evalkit.suite.near_duplicates import NearDuplicateKey
from evalkit.suite.prompts import TURN, BadRecord, Prompt
from evalkit.suite.schema import TaskEntry
from evalkit.suite.schema.environments import LimitsEntry
from evalkit.suite.shots import Shots, likeness, sample_digest
from evalkit.suite.wording import composed, listed, short

if TYPE_CHECKING:  # tasks of single answers have no environment
    from evalkit.suite.environments import Environment, World


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a task knows about making samples."""

    task: str
    entry: TaskEntry
    prompt: Prompt
    shots: Shots
    environment: Environment | None = None
    """What an agent's calls act on; None: one answer is all."""

    def identify(self, record: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
        """The choices, and the identity of what is asked. Raises BadRecord."""
        choices = self.prompt.choices(record)
        for name in self.entry.send:
            self._field(record, name, "send")
        asked = sample_digest(self.prompt, record, choices)
        if self.environment is not None:  # what comes of a call is part of what is asked
            asked = digest("evalkit.episode/1", {"question": asked, "environment": self.environment.digest})
        return choices, asked

    def id(self, number: int, record: Mapping[str, object]) -> str:
        """The sample's own name: the id field's value (7.0 is 7), or the place in the file. Raises BadRecord."""
        name = self.entry.data.id if self.entry.data else None
        if name is None and "id" not in record:
            return str(number)
        value = self._field(record, name or "id", "data.id")
        if isinstance(value, str) and value:
            return value
        if value is None or value == "" or isinstance(value, dict | list):
            raise BadRecord("data.id", f"the field {name or 'id'!r} must name the record (value seen: {short(value)})")
        return _word(int(value) if isinstance(value, float) and value.is_integer() else value)

    def sample(
        self, number: int, record: Mapping[str, object], choices: tuple[str, ...], identity: str, occurrence: int
    ) -> Sample:
        """The sample, rendered. Raises BadRecord."""
        entry, prompt = self.entry, self.prompt
        values = prompt.values(record, choices)
        target = prompt.target(values, choices)
        try:
            target_digest = _target_digest(self._goal(record) if target is None else target)
        except (ValueError, TypeError) as error:
            raise BadRecord("data", why_no_json(record, error)) from error
        return Sample(
            task=self.task,
            id=self.id(number, record),
            digest=identity,
            target_digest=target_digest,
            occurrence=occurrence,
            messages=prompt.messages(values, self._examples(record, choices)),
            target=target,
            choices=choices,
            tools=prompt.tools(record) if prompt.offer is not None else (),
            fields=record,
            cluster=self._group(record, entry.cluster, "cluster") if entry.cluster else None,
            slices=self._slices(record) if entry.slices else {},
            critical=prompt.critical(values),
            weight=self._weight(record, entry.weight) if entry.weight else None,
            stratum=self._group(record, entry.stratum, "stratum") if entry.stratum else None,
            world=self._world(number, record) if self.environment is not None else None,
        )

    def _world(self, number: int, record: Mapping[str, object]) -> World:
        """What this sample's agent acts in. Raises BadRecord."""
        from evalkit.suite.environments import World
        from evalkit.suite.environments import state as states
        from evalkit.suite.environments.recorded import beginning_of
        from evalkit.suite.environments.values import as_plain

        environment = self.environment
        assert environment is not None
        try:
            changes = as_plain(self.prompt.changes(record))
        except ValueError as error:
            raise BadRecord("start", f"holds what {error}") from error
        state = states.patched(dict(environment.state), changes)
        if not isinstance(state, dict) or states.size(state) > states.MOST_STATE:
            raise BadRecord("start", f"makes a state of more than {states.MOST_STATE:,} characters")
        if environment.recorded or environment.code is not None:
            state |= beginning_of(self.id(number, record))
        limits = self.entry.at_most or LimitsEntry()
        return World(environment, state, limits, native=self.entry.interface != "text")

    def messages(self, record: Mapping[str, object], choices: tuple[str, ...]) -> tuple[Message, ...]:
        """The conversation of a record with these options. Raises BadRecord."""
        return self.prompt.messages(self.prompt.values(record, choices), self._examples(record, choices))

    def several(
        self, number: int, record: Mapping[str, object], choices: tuple[str, ...], identity: str
    ) -> Iterator[Sample]:
        """The samples of a record that is asked more than once: in orders of its options, or turn by turn."""
        if self.entry.permute is not None:
            return self.in_orders(number, record, choices, identity)
        return self.in_turns(number, record, identity)

    def in_orders(
        self, number: int, record: Mapping[str, object], choices: tuple[str, ...], identity: str
    ) -> Iterator[Sample]:
        """The record once in each order of its options (`permute`), as one cluster. Raises BadRecord.

        The right answer and the examples stay as they are; `occurrence` is 0: the caller counts who is alike.
        """
        assert self.entry.permute is not None
        written = self.sample(number, record, choices, identity, 0)
        right = choices.index(written.target) if written.target is not None else None
        examples = self._examples(record, choices)
        wanted = self.entry.permute
        for n, order in enumerate(orders.orders(choices, identity, wanted), start=1):
            moved = tuple(choices[place] for place in order)
            slices = {**written.slices, orders.ORDER: f"{n:0{len(str(wanted.n))}}"}  # "01": names sort as numbers do
            if right is not None:
                place = order.index(right)
                slices[orders.GOLD] = ascii_uppercase[place] if len(moved) <= len(ascii_uppercase) else str(place + 1)
            yield replace(
                written,
                id=written.id if n == 1 else f"{written.id}:order{n}",
                digest=sample_digest(self.prompt, record, moved),
                messages=self.prompt.messages(self.prompt.values(record, moved), examples),
                choices=moved,
                cluster=written.cluster if written.cluster is not None else f"record {written.id}",
                slices=slices,
            )

    def in_turns(self, number: int, record: Mapping[str, object], identity: str) -> Iterator[Sample]:
        """The record's conversation, a sample for each of the user's turns, as one cluster. Raises BadRecord.

        What the user says is known now, what the model will have said is not: its answers stand as empty texts.
        `occurrence` is 0: the caller counts who is alike.
        """
        first = self.sample(number, {**record, TURN: 1}, (), identity, 0)
        messages = first.messages
        cluster = first.cluster if first.cluster is not None else f"record {first.id}"
        yield replace(first, cluster=cluster, slices={**first.slices, TURN: "1"})
        for turn, said in enumerate(self.prompt.further_turns(first.fields), start=2):
            messages = (*messages, Message("assistant", ""), Message("user", said))
            own = digest("evalkit.turn/1", {"question": identity, "turn": turn})
            sample = self.sample(number, {**record, TURN: turn}, (), own, 0)
            yield replace(
                sample,
                id=f"{sample.id}:turn{turn}",
                messages=messages,
                cluster=cluster,
                slices={**sample.slices, TURN: str(turn)},
                turn=turn,
            )

    def likeness(self, record: Mapping[str, object], choices: tuple[str, ...]) -> NearDuplicateKey:
        """What the record asks, comparable with an example."""
        return likeness(self.prompt, record, choices)

    def _examples(self, record: Mapping[str, object], choices: tuple[str, ...]) -> list[Message]:
        return self.shots.before(record, self.likeness(record, choices)) if self.shots.groups else []

    def _goal(self, record: Mapping[str, object]) -> object:
        """Without a target the scorer reads the record itself: whatever is neither asked nor only for grouping."""
        entry = self.entry
        grouping = {
            "id",
            entry.data.id if entry.data else None,
            entry.cluster,
            entry.weight,
            entry.stratum,
            *entry.slices,
        }
        goal = {k: v for k, v in record.items() if k not in self.prompt.reads and k not in grouping}
        return {"fields": goal}

    def _slices(self, record: Mapping[str, object]) -> dict[str, str]:
        found = {}
        for name in self.entry.slices:
            value = self._group(record, name, "slices")
            if value is not None:
                found[name] = value
        return found

    def _group(self, record: Mapping[str, object], name: str, key: str) -> str | None:
        """The value as text; None where the record says null: unknown, and in no group."""
        value = self._field(record, name, key)
        if isinstance(value, dict | list):
            raise BadRecord(key, f"the field {name!r} must hold one plain value (value seen: {short(value)})")
        return None if value is None else _word(value)

    def _weight(self, record: Mapping[str, object], name: str) -> float:
        """How many requests the record stands for. Raises BadRecord unless it is a positive number."""
        value = self._field(record, name, "weight")
        try:
            number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        if not LIGHTEST <= number <= HEAVIEST:
            raise BadRecord(
                "weight",
                f"the field {name!r} must say how many requests the record stands for, a number from {LIGHTEST:g} to "
                f"{HEAVIEST:g} (value seen: {short(value)})",
            )
        return number

    def _field(self, record: Mapping[str, object], name: str, key: str) -> object:
        if name not in record:
            raise BadRecord(key, f"the record has no field {name!r}; its fields are {listed(record)}")
        return record[name]


_MOST_LETTERS = 100
"""Of a right answer that is likely to be that of many samples."""


def _target_digest(target: object) -> str:
    """Raises as `digest` does."""
    if type(target) is str and len(target) <= _MOST_LETTERS:
        return _short_target_digest(target)
    return digest("evalkit.target/1", target)


@lru_cache(maxsize=1_000)
def _short_target_digest(target: str) -> str:
    return digest("evalkit.target/1", target)


def _word(value: object) -> str:
    """A plain value as text; true and false as JSON writes them, letters composed."""
    return str(value).lower() if isinstance(value, bool) else composed(str(value))
