"""Single samples of a run: which there are to choose from, and what was asked and said in their rows.

find_items(store, "run-1", "refund")     # those that a search finds; without one, those on which models differ first
texts(store, "run-1", keys)              # prompt, answer, extracted answer ... of single rows
opened(store, "run-1", "gpt")            # those that a page without a server opens: the worst, and some others
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

from evalkit.facts.base import Json
from evalkit.records import AgentStep, Message
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import floats
from evalkit.results.trajectories import steps_of
from evalkit.store.row_codec import Key
from evalkit.store.score_table import ScoreTable
from evalkit.store.stored_texts import calls_of, messages_of, plain_tool, tools_of, trace_of
from evalkit.store.transcript import transcript

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Place = tuple[str, str, int]
"""(task, sample_digest, occurrence)"""
FOUND = 200
"""Items that are listed: more are not read through, they are searched for."""
WORST, OTHERS = 20, 10
"""Samples that are opened of each kind, at most."""
_SEED = 0
"""The others are drawn, and are the same each time."""


@dataclass(frozen=True, slots=True)
class SampleItem:
    """One sample of a run."""

    task: str
    sample_id: str
    sample_digest: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One answer to a sample, without its texts. Seconds and US dollars; None: not known or not measured."""

    model: str
    task: str
    sample_digest: str
    occurrence: int
    repeat: int
    outcome: str
    score: float | None
    cached: bool
    ttft_s: float | None
    total_s: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    served_model: str | None

    @property
    def key(self) -> Key:
        """What `texts` finds its texts by."""
        return self.model, self.task, self.sample_digest, self.occurrence, self.repeat


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Rows of a model that errored in one way."""

    model: str
    kind: str | None
    status: int | None
    """HTTP status; None: there was none."""
    n: int
    example: str
    """Sample id of one of them."""
    message: str
    """The error of that one."""


@dataclass(frozen=True, slots=True)
class RowTexts:
    """What was asked and said in one row. None (or empty): there is none."""

    prompt: tuple[Message, ...] = ()
    tools: tuple[Json, ...] = ()
    """The functions that were offered."""
    text: str | None = None
    """The answer with the calls that were made."""
    reasoning: str | None = None
    extracted: str | None = None
    target: str | None = None
    reason: str | None = None
    error: str | None = None
    refusal: str | None = None
    trace: str | None = None
    """The trace that an application named: an id, an address, or a tree as JSON. Words of a stranger."""
    steps: tuple[AgentStep, ...] | None = None
    """What an agent did, request by request; None for one answer."""

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """(label, text) of what the scorer and the provider said of the answer."""
        told = (("Read as", self.extracted), ("Why", self.reason), ("Error", self.error), ("Refusal", self.refusal))
        return tuple((label, text) for label, text in told if text)


def find_items(store: ResultsReader, run: str, search: str = "", digest: str | None = None) -> list[SampleItem]:
    """At most FOUND items: with `search` in their id, task or digest, any case; of one digest; or of the whole run.

    Items that models answered with different scores come first, then the order in which they were asked.
    Raises StoreError.
    """
    words = search.strip()
    if digest is not None:
        named = _named(store, run, [digest])
        return [item for item in named if words.lower() in _said(item)]
    if words:
        pattern = f"%{literal(words)}%"
        found = store.query(
            [run],
            f"""select distinct task, sample_digest, occurrence, sample_id from rows
                where sample_id ilike $1 escape '!' or task ilike $1 escape '!' or sample_digest ilike $1 escape '!'
                limit {FOUND}""",
            [pattern],
        )
        return [_item(row) for row in found]
    return items_at(store, run, _telling(store.table(run)))


def items_at(store: ResultsReader, run: str, lines: npt.NDArray[np.intp]) -> list[SampleItem]:
    """The items on these lines of the run's table, in that order; one whose rows are gone is left out.

    Raises StoreError."""
    table = store.table(run)
    asked = [
        (table.tasks[table.task[line]], digest, int(table.occurrence[line]))
        for line, digest in zip(lines.tolist(), table.digests_of(lines), strict=True)
    ]
    names = {place_of(item): item for item in _named(store, run, [digest for _, digest, _ in asked])}
    return [names[place] for place in asked if place in names]


def _telling(table: ScoreTable) -> npt.NDArray[np.intp]:
    """The first lines: those on which models differ before the others."""
    import numpy as np

    low, high = np.full(len(table.ids), np.inf, np.float32), np.full(len(table.ids), -np.inf, np.float32)
    for column in table.scores:
        scores = floats(column)
        np.fmin(low, scores, out=low, casting="same_kind")
        np.fmax(high, scores, out=high, casting="same_kind")
    return np.argsort(~(high > low), kind="stable")[:FOUND]


def _named(store: ResultsReader, run: str, digests: list[str]) -> list[SampleItem]:
    found = store.query(
        [run],
        """select task, sample_digest, occurrence, min(sample_id) as sample_id from rows
           where sample_digest in (select unnest(?)) group by all order by all""",
        [digests],
    )
    return [_item(row) for row in found]


def _item(row: Mapping[str, object]) -> SampleItem:
    return SampleItem(**{name: row[name] for name in SampleItem.__slots__})  # type: ignore[arg-type]


def place_of(item: SampleItem | ItemRow) -> Place:
    """What tells an item from the others of its run."""
    return item.task, item.sample_digest, item.occurrence


def _said(item: SampleItem) -> str:
    return f"{item.sample_id} {item.task} {item.sample_digest}".lower()


def answers_of(store: ResultsReader, run: str, item: SampleItem) -> list[ItemRow]:
    """Every model's answers to a sample, by model and repeat. Raises StoreError."""
    return answers_to(store, run, [item]).get(place_of(item), [])


def answers_to(store: ResultsReader, run: str, items: Sequence[SampleItem]) -> dict[Place, list[ItemRow]]:
    """The same for several samples, by their places (`place_of`)."""
    rows = store.query(
        [run],
        f"""select {", ".join(ItemRow.__slots__)} from rows
            where sample_digest in (select unnest(?)) order by model, repeat""",
        [sorted({item.sample_digest for item in items})],
    )
    found: dict[Place, list[ItemRow]] = {place_of(item): [] for item in items}
    for row in (ItemRow(**row) for row in rows):
        if place_of(row) in found:
            found[place_of(row)].append(row)
    return found


def errors_of(store: ResultsReader, run: str) -> list[ErrorGroup]:
    """How rows errored, the most frequent way first, with one message of each. Raises StoreError."""
    rows = store.query(
        [run],
        """select model, error_kind as kind, error_status as status, count(*) as n, min(sample_id) as example,
                  arg_min((model, task, sample_digest, occurrence, repeat), sample_id) as key
           from rows where outcome = 'errored' and error_kind is not null group by all order by n desc limit 50""",
    )
    keys: list[Key] = [tuple(row["key"].values() if isinstance(row["key"], dict) else row["key"]) for row in rows]
    said = texts(store, run, keys)
    return [
        ErrorGroup(row["model"], row["kind"], row["status"], row["n"], row["example"],
                  said[key].error or "" if key in said else "")
        for row, key in zip(rows, keys, strict=True)
    ]  # fmt: skip


def texts(store: ResultsReader, run: str, keys: Iterable[Key]) -> dict[Key, RowTexts]:
    """What was said in these rows, by key: prompt as messages, the text with the calls that were made, the tools that
    were offered. Keys without a row are absent."""
    wanted = {key: None for key in keys}
    rows = store.query(
        [run],
        """select model, task, sample_digest, occurrence, repeat, prompt, tools, text, calls, reasoning, extracted,
                  target, reason, error, refusal, raw_usage, steps
           from texts where sample_digest in (select unnest(?)) and model in (select unnest(?))""",
        [sorted({key[2] for key in wanted}), sorted({key[0] for key in wanted})],
    )
    found = {}
    for row in rows:
        key = (row["model"], row["task"], row["sample_digest"], int(row["occurrence"]), int(row["repeat"]))
        if key in wanted:
            found[key] = RowTexts(
                prompt=messages_of(row["prompt"]),
                tools=tuple(plain_tool(tool) for tool in tools_of(row["tools"])),
                text=transcript(row["text"], calls_of(row["calls"])),
                trace=trace_of(row["raw_usage"]),
                steps=steps_of(row["steps"], run),
                **{name: row[name] for name in ("reasoning", "extracted", "target", "reason", "error", "refusal")},
            )
    return {key: found[key] for key in wanted if key in found}


def literal(text: str) -> str:
    """The text for `ilike`, its wildcards meant literally."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


@dataclass(frozen=True, slots=True)
class OpenedSample:
    """One sample with the first answer of every model, in the run's order."""

    item: SampleItem
    is_worse: bool
    """Whether some model scores less on it than the reference; False: it was drawn among the others."""
    answers: Sequence[tuple[ItemRow, RowTexts]]


@dataclass(frozen=True, slots=True)
class OpenedSamples:
    """What is opened, the worst first, and of how many."""

    reference: str
    samples: Sequence[OpenedSample]
    n_worse: int
    """Samples on which some model scores less than the reference."""
    n: int
    """Samples of the run."""


def opened(store: ResultsReader, run: str, reference: str) -> OpenedSamples:
    """The samples with the largest losses towards a model, each other model's in turn; then others, drawn at random.

    Raises StoreError.
    """
    import numpy as np

    table = store.table(run)
    worst, n_worse = _worst(table, reference)
    rest = np.setdiff1d(np.arange(len(table.ids)), worst, assume_unique=True)
    others = np.random.default_rng(_SEED).choice(rest, min(OTHERS, len(rest)), replace=False)
    lines = np.concatenate([worst, np.sort(others)]).astype(np.intp)
    items = items_at(store, run, lines)
    rows = answers_to(store, run, items)
    order = {model: n for n, model in enumerate(table.models)}
    first = {item: _first(rows.get(place_of(item), []), order) for item in items}
    said = texts(store, run, [row.key for of_item in first.values() for row in of_item])
    samples = [
        OpenedSample(item, n < len(worst), [(row, said.get(row.key, RowTexts())) for row in first[item]])
        for n, item in enumerate(items)
    ]
    return OpenedSamples(reference, samples, n_worse, len(table.ids))


def _worst(table: ScoreTable, reference: str) -> tuple[npt.NDArray[np.intp], int]:
    """The lines with the largest losses, at most WORST, and how many lines have one."""
    import numpy as np

    none = np.zeros(0, dtype=np.intp)
    if reference not in table.models:
        return none, 0
    at = table.models.index(reference)
    first = floats(table.scores[at])
    losses = [np.nan_to_num(first - floats(column)) for n, column in enumerate(table.scores) if n != at]
    if not losses:
        return none, 0
    total = np.sum([np.maximum(loss, 0) for loss in losses], axis=0)
    ranked = []
    for loss in losses:
        (lost,) = np.nonzero(loss > 0)
        ranked.append(lost[np.lexsort((-total[lost], -loss[lost]))][:WORST].tolist())
    in_turn = dict.fromkeys(line for of_rank in zip_longest(*ranked) for line in of_rank if line is not None)
    return np.array(list(in_turn)[:WORST], dtype=np.intp), int((total > 0).sum())


def _first(rows: Sequence[ItemRow], order: dict[str, int]) -> list[ItemRow]:
    """The first repeat of each model."""
    found: dict[str, ItemRow] = {}
    for row in sorted(rows, key=lambda row: (order.get(row.model, len(order)), row.repeat)):
        found.setdefault(row.model, row)
    return list(found.values())
