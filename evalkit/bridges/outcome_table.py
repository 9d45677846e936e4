"""Outcomes of any other tool, one row a model x item x repeat (CSV, JSONL or Parquet), become a run.

    folder, told = import_table(Path("runs.csv.gz"), results, read_map(Path("map.yaml")), name="mcpmark")
    told.notes            # what a person should know: what was guessed, what was not understood

The file is read twice: once to see what it holds (models, tasks, repeats; nothing is written if it does not fit), once
to write the rows. Neither reading keeps the rows, so a million take no more memory than their keys. Both read by
column, some thousands of rows together (`table_batches`, `table_columns`).
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.bridges.external_prices import price_notes
from evalkit.bridges.imported import Imported, ImportedTimes, model_facts, task_facts, write_columns
from evalkit.bridges.table_batches import Batch, Records, batches, column_names, refuse_many
from evalkit.bridges.table_columns import DECIMAL_COMMA, UNREAD, ColumnReader, unread_note, unused_note
from evalkit.bridges.table_costs import TableCosts
from evalkit.bridges.table_map import ModelOf, TableMap, described, guess
from evalkit.cost.prices import PriceBook
from evalkit.errors import SuiteError, UserError
from evalkit.facts import ModelFacts, PriceFacts, TaskFacts
from evalkit.facts.run import ImportedFacts
from evalkit.paths import named
from evalkit.records import Message
from evalkit.store import table_values as cells
from evalkit.store.sealing import RowColumns
from evalkit.suite.column_names import COUNTS
from evalkit.suite.datasets import FORMATS, Data
from evalkit.suite.filekinds import as_sheet
from evalkit.suite.wording import like
from evalkit.text import numbers

_MOST_NAMES = 2_000
"""Models or tasks: a table with more has the wrong column under that name."""
_COUNTED = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "cached_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_other_tokens",
}
"""By what is read: the fields of rows that hold tokens."""


@dataclass(slots=True)
class TableReport:
    """What a person should know of an import."""

    n_rows: int = 0
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the rows of a batch are called."""

    models: list[str]
    tasks: list[str]
    items: list[str]
    repeats: list[str]
    asked: list[str]
    """Digests of what is asked."""


@dataclass(slots=True)
class _Contents:
    """What the first reading found."""

    n_rows: int = 0
    n_by_model: Counter[str] = field(default_factory=Counter)
    items: dict[str, set[str]] = field(default_factory=dict)
    """By task the digests of its items."""
    repeats: dict[str, None] = field(default_factory=dict)
    first_at: dict[str, float] = field(default_factory=dict)
    """By model when its first answer was made."""
    keys: set[tuple[str, str, str]] = field(default_factory=set)
    """(model, what is asked, repeat) of every row."""


def import_table(
    path: Path, results: Path, mapped: TableMap | None, *, name: str | None = None, prices: Path | None = None
) -> tuple[Path, TableReport]:
    """Write the run; its folder, and what a person should know.

    `mapped`: None guesses by the columns' names. `prices`: the person's own price file, which wins over the book.
    Raises UserError for a file or a map that does not fit; nothing is written then.
    """
    data = opened_table(path)
    try:
        return import_records(
            data, results, mapped or guess(column_names(data)), name=name or _stem(path), prices=prices
        )
    except SuiteError as error:
        raise UserError(str(error)) from error


def import_records(
    data: Records,
    results: Path,
    mapped: TableMap,
    *,
    name: str,
    prices: Path | None = None,
    tool: str = "table",
) -> tuple[Path, TableReport]:
    """The same for records of any source, read twice. Raises UserError or SuiteError; nothing is written then."""
    table = _Table(data, mapped, PriceBook.load(prices), is_mapped=tool == "table")
    contents = table.look()
    found = table.imported(contents, name, tool)
    contents.keys.clear()
    folder = write_columns(results, found, table.columns(contents))
    return folder, TableReport(
        contents.n_rows, tuple(found.models), tuple(found.tasks), table.notes(contents, found, prices)
    )


def opened_table(path: Path) -> Data:
    """The file by its name's ending. Raises UserError where there is none, or its name does not say what it is."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; name a table: {', '.join(FORMATS)}")
    kind = FORMATS.get(Path(path.name.removesuffix(".gz")).suffix.lower())
    if kind is None or (kind == "parquet" and path.name.endswith(".gz")):
        said = (
            f"{path.name}: its name does not say what it is; read are {', '.join(FORMATS)}, all but Parquet also as .gz"
        )
        if path.name.lower().removesuffix(".gz").endswith(".json"):
            said = (
                f"{path.name}: one JSON document is no table; write one record a line, for a list with: "
                f"jq -c '.[]' {shlex.quote(path.name)} > {shlex.quote(path.name.partition('.json')[0] + '.jsonl')}"
            )
        raise UserError(as_sheet(path.name) or said)
    return Data(named(path), path.name, kind, {})


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


class _Table:
    """One file under one map."""

    def __init__(self, data: Records, mapped: TableMap, prices: PriceBook, *, is_mapped: bool) -> None:
        """`is_mapped`: whether a person can give a map, so that notes may name it as the way out."""
        self.data, self.map, self.is_mapped = data, mapped, is_mapped
        self.reader = ColumnReader(mapped, _stem(Path(data.label)))
        self.costs = TableCosts(mapped.models, prices)
        self.unused: tuple[str, ...] = ()
        """Columns that were not guessed to hold anything."""
        self.without_cost: set[str] = set()
        """Models with answers whose tokens are known and whose cost is not."""
        self.n_unscored = 0
        self.first_unscored = ""

    def look(self) -> _Contents:
        """The first reading. Raises UserError or SuiteError for what cannot be a table of outcomes."""
        found = _Contents()
        there: dict[str, None] = {}
        for batch in self._batches():
            there |= batch.there
            refuse_many(there, self.data)
            if not found.n_rows and self.data.format != "jsonl":
                self._refuse_absent(there)
            names = self._named(batch)
            keys = set(zip(names.models, names.asked, names.repeats, strict=True))
            models, tasks = dict.fromkeys(names.models), dict.fromkeys(names.tasks)
            whole = "" not in models and "" not in tasks and "" not in names.items
            few = max(len(found.n_by_model.keys() | models), len(found.items.keys() | tasks)) <= _MOST_NAMES
            if not (whole and few and len(keys) == len(batch) and found.keys.isdisjoint(keys)):
                self._refuse_first(batch, names, found)
            found.n_rows += len(batch)
            found.n_by_model.update(names.models)
            found.keys |= keys
            found.repeats |= dict.fromkeys(names.repeats)
            for task in tasks:
                found.items.setdefault(task, set())
            for task, asked in set(zip(names.tasks, names.asked, strict=True)):
                found.items[task].add(asked)
            self._note_first(batch, names, found)
        if not found.n_rows:
            raise UserError(f"{self.data.label}: holds no row, so there is nothing to import")
        self._refuse_absent(there)
        used = self._used()
        self.unused = tuple(name for name in there if name not in used) if self.map.guessed else ()
        return found

    def _used(self) -> set[str]:
        """Columns that the map reads."""
        used = {one for column in self.map.columns.values() for one in column.columns}
        used |= {one for one in (*self.map.slices.values(), self.map.slices_object) if one}
        return used | {one.split(".")[0] for one in used}

    def _batches(self) -> Iterator[Batch]:
        return batches(self.data, self.reader.columns, beside=self.reader.characters_beside)

    def _named(self, batch: Batch) -> _Names:
        models, tasks, items = (self.reader.names(batch, which) for which in ("model", "task", "item"))
        return _Names(models, tasks, items, self.reader.repeats(batch), self.reader.asked(batch, tasks, items))

    def _refuse_first(self, batch: Batch, names: _Names, found: _Contents) -> None:
        """Raises UserError for the first row of a batch that cannot be: in it is one without a name, one that stands
        there twice, or one of a name too many. `found`: what the batches before it hold."""
        keys: set[tuple[str, str, str]] = set()
        models, tasks = set(found.n_by_model), set(found.items)
        rows = zip(names.models, names.tasks, names.items, names.repeats, names.asked, strict=True)
        for row, (model, task, item, repeat, asked) in enumerate(rows):
            where = self.data.place(batch.places[row])
            for which, name in (("model", model), ("task", task), ("item", item)):
                if not name:
                    self.reader.refuse_name(batch, which, row, where)
            if (key := (model, asked, repeat)) in keys or key in found.keys:
                raise UserError(
                    f"{where}: {item!r} of {task} by {model}{f', repeat {repeat}' if repeat else ''}, stands there "
                    f"twice. {self._way_out_of_twins(repeat)}"
                )
            keys.add(key)
            models.add(model)
            tasks.add(task)
            if len(models) > _MOST_NAMES or len(tasks) > _MOST_NAMES:
                which = "model" if len(models) > _MOST_NAMES else "task"
                raise UserError(
                    f"{self.data.label}: has more than {_MOST_NAMES:,} values under {which}, so that is another column"
                )

    def _way_out_of_twins(self, repeat: str) -> str:
        if not self.is_mapped:
            return "Its tool wrote it twice, or two runs into one: leave one of them out, and import it by itself."
        empty = "" if repeat or "repeat" not in self.map.columns else "; there it is empty"
        return f"If it was asked several times, name the column that counts: `repeat: COLUMN` in the map{empty}."

    def imported(self, found: _Contents, name: str, tool: str) -> Imported:
        """Everything about the run but its rows."""
        about = self.map
        scorer = about.scorer or f"not named, {self.data.label}"
        source = ImportedFacts(
            tool=tool,
            files=(self.data.label,),
            sha256=self.data.fingerprint(),
            times_measured_by=about.measured_by,
            columns=tuple(described(about)),
            source=about.source,
        )
        made = Imported(name, source, times=ImportedTimes(about.measured_by, about.in_flight), n_rows=found.n_rows)
        for model in found.n_by_model:
            made.models[model] = self._model(model, found.first_at.get(model))
        for task, items in found.items.items():
            known = task_facts(scorer, {"table": {"task": task, "scorer": scorer}})
            made.tasks[task] = known.with_changes(TaskFacts(n=len(items)))
        made.repeats = len(found.repeats)
        return made

    def columns(self, found: _Contents) -> Iterator[RowColumns]:
        """The second reading: the rows as evalkit stores them, by column."""
        order = {name: n for n, name in enumerate(sorted(found.repeats, key=cells.natural))}
        for batch in self._batches():
            names = self._named(batch)
            if "" in names.models or "" in names.tasks or "" in names.items or not order.keys() >= {*names.repeats}:
                raise UserError(f"{self.data.label} changed while it was read. Import it again.")
            yield self._columns(batch, names, [order[repeat] for repeat in names.repeats])
            self.reader.count_unread(batch, self.data.place)

    def _refuse_absent(self, there: Collection[str]) -> None:
        """Raises UserError for a column that is not among the file's. One JSON record may lack what another has."""
        asked = [(name, one) for name, column in self.map.columns.items() for one in column.columns]
        asked += [("slices", one) for one in (*self.map.slices.values(), self.map.slices_object) if one]
        gone = [(name, one) for name, one in asked if one not in there and one.split(".")[0] not in there]
        if gone:
            absent = [f"{name}: {one[:100]}{like(one, there)}" for name, one in gone[:10]]
            absent += [f"and {len(gone) - 10:,} more"] if len(gone) > 10 else []
            raise UserError(
                f"{self.data.label} has no such column as the map names ({'; '.join(absent)}). "
                f"It has {', '.join(sorted(there))[:400]}."
            )

    def _note_first(self, batch: Batch, names: _Names, found: _Contents) -> None:
        """When a model was first asked: its prices in run.json are of that day."""
        moments = self.reader.read(batch, "started_at")
        for model, at in set(zip(names.models, moments or (), strict=False)):
            if at is not None and at is not UNREAD:
                found.first_at[model] = min(at, found.first_at.get(model, at))

    def _columns(self, batch: Batch, names: _Names, repeats: list[int]) -> RowColumns:
        n, known, said = len(batch), self.reader.known, self.reader.all_texts(batch)
        outcomes, scores, kinds = zip(*self.reader.ended(batch), strict=True)
        if "unscored" in kinds:
            self._count_unscored(batch, kinds)
            reasons = said.get("reason") or [None] * n
            reason = "the table has no score from 0 to 1"
            said["reason"] = [reason if kind == "unscored" else one for kind, one in zip(kinds, reasons, strict=True)]
        moments = known(batch, "started_at")
        stated = self.reader.read(batch, "cost_usd")
        known(batch, "cost_usd")  # counts what is not understood
        counts, stated = self.costs.held(
            {which: column for which in COUNTS if (column := known(batch, which)) is not None}, stated
        )
        prompts = said.pop("prompt", None)
        made: dict[str, Sequence[Any] | None] = {
            "task": names.tasks,
            "sample_id": names.items,
            "sample_digest": names.asked,
            "target_digest": self.reader.targets(said.get("target"), n),
            "occurrence": [0] * n,
            "model": names.models,
            "repeat": repeats,
            "outcome": outcomes,
            "score": scores,
            "started_at": [0.0] * n if moments is None else [at or 0.0 for at in moments],
            "error_kind": kinds,
            "total_s": known(batch, "total_s"),
            "ttft_s": known(batch, "ttft_s"),
            "cached": _flags(known(batch, "from_cache")),
            "cluster": self.reader.texts(batch, "cluster"),
            "slices": self.reader.slices(batch),
            "prompt": prompts and [() if text is None else (Message("user", text),) for text in prompts],
            **{field: counts.get(which) for which, field in _COUNTED.items()},
            **said,
        }
        made["cost_usd"] = costs = self.costs.of(names.models, moments, stated, counts, said.get("service_tier"))
        counted = zip(names.models, costs, counts.get("output_tokens") or [None] * n, strict=True)
        self.without_cost |= {model for model, cost, tokens in counted if cost is None and tokens is not None}
        made["critical"] = _flags(known(batch, "critical"))
        return {name: column for name, column in made.items() if column is not None}

    def _count_unscored(self, batch: Batch, kinds: Sequence[str | None]) -> None:
        self.n_unscored += kinds.count("unscored")
        which = "score" if "score" in self.map.columns else "outcome"
        if not self.first_unscored:
            self.first_unscored = self.reader.looks(batch, which, kinds.index("unscored"), self.data.place)

    def _model(self, model: str, first_at: float | None) -> ModelFacts:
        said = self.map.models.get(model, ModelOf())
        unit = self.costs.unit_prices(model, first_at) if first_at else None
        prices = None if unit is None else PriceFacts.model_validate(unit.as_facts())
        engine = {"engine": "as run by another tool"}
        return model_facts(said.model or model, engine, prices=prices, priced_as=self.costs.priced_as(model))

    def notes(self, found: _Contents, made: Imported, prices: Path | None) -> list[str]:
        """What a person should know, once every row was read."""
        notes = []
        if self.map.guessed:
            notes.append("the columns were guessed by their names. As a map:\n  " + "\n  ".join(described(self.map)))
        if self.unused:
            notes.append(unused_note(self.unused))
        if self.reader.unread:
            notes.append(unread_note(self.reader.unread, self.reader.first_unread))
        if self.n_unscored:
            most = self.map.columns["score"].per if "score" in self.map.columns else 1.0
            scale = "Points of another scale: `score: {column: NAME, max: 10}`"
            with_scale = self.is_mapped and not self.first_unscored.endswith(DECIMAL_COMMA)
            scale = scale if most == 1 else f"The map says that {most:g} is the most"
            notes.append(
                f"rows with no score from 0 to 1 are errors: {self.n_unscored:,} of {found.n_rows:,}; the first: "
                f"{self.first_unscored}{f'. {scale}' if with_scale else ''}"
            )
        if self.reader.unread or self.n_unscored:
            notes.append("in what a cell looks like, each digit is a 0 and each letter an x: cells may hold secrets")
        items = sum(len(one) for one in found.items.values())
        whole = items * len(found.repeats)
        short = [f"{model} ({n:,})" for model, n in found.n_by_model.items() if n < whole]
        if short:
            notes.append(
                f"of {numbers.plural(items, 'item')} x {numbers.plural(len(found.repeats), 'repeat')} = "
                f"{numbers.plural(whole, 'row')} a model, these have fewer, and "
                f"no gate decides on them: {', '.join(short)[:600]}"
            )
        notes.extend(price_notes(self.map, made, self.without_cost, own=prices is not None))
        notes += [note for of in (self.costs, self.reader.errors) for note in of.notes(is_mapped=self.is_mapped)]
        timed = {"total_s", "ttft_s"} & self.map.columns.keys()
        if timed and self.map.measured_by is None:
            notes.append(
                "nobody says who took the times, so no ratio of them is decided; say it: `times: {measured_by: NAME}`"
            )
        return notes


def _flags(column: list[bool | None] | None) -> list[bool] | None:
    """What nobody says is no."""
    return None if column is None else list(map(bool, column))
