"""Outcomes of any other tool, one row a model x item x repeat (CSV, JSONL or Parquet), become a run.

    folder, told = import_table(Path("runs.csv.gz"), results, read_map(Path("map.yaml")), name="mcpmark")
    told.notes            # what a person should know: what was guessed, what was not understood

The file is read twice: once to see what it holds (models, tasks, repeats; nothing is written if it does not fit), once
to write the rows. Neither reading keeps the rows, so a million take no more memory than their keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

from evalkit.bridges.imported import Imported, ImportedTimes, model_facts, task_facts, write_rows
from evalkit.bridges.table_map import ModelOf, TableMap, described, guess
from evalkit.bridges.table_record import Record, RecordReader, unread_note
from evalkit.cost.billing import UnitPrices
from evalkit.cost.prices import PriceBook
from evalkit.errors import SuiteError, UserError
from evalkit.facts import ModelFacts, PriceFacts, TaskFacts
from evalkit.facts.run import ImportedFacts
from evalkit.paths import named
from evalkit.records import Message, Outcome, Row, Usage
from evalkit.store import table_values as cells
from evalkit.store.row_codec import key_hash
from evalkit.store.table_values import Unread
from evalkit.suite.datasets import FORMATS, Data
from evalkit.suite.digests import digest
from evalkit.suite.filekinds import as_sheet
from evalkit.suite.wording import like
from evalkit.text import numbers

_MOST_NAMES = 2_000
"""Models or tasks: a table with more has the wrong column under that name."""


class Records(Protocol):
    """What rows are read from."""

    @property
    def label(self) -> str:
        """How messages call it."""

    @property
    def format(self) -> str:
        """`jsonl` where records may lack keys."""

    def records(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Every record with its place."""

    def place(self, number: int) -> str:
        """Where that is, for messages."""

    def fingerprint(self) -> str:
        """Digest of the content."""


@dataclass(slots=True)
class TableReport:
    """What a person should know of an import."""

    n_rows: int = 0
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Contents:
    """What the first reading found."""

    n_rows: int = 0
    n_by_model: Counter[str] = field(default_factory=Counter)
    items: dict[str, set[bytes]] = field(default_factory=dict)
    """By task the digests of its items."""
    repeats: dict[str, None] = field(default_factory=dict)
    first_at: dict[str, float] = field(default_factory=dict)
    """By model when its first answer was made."""


def import_table(
    path: Path, results: Path, mapped: TableMap | None, *, name: str | None = None, prices: Path | None = None
) -> tuple[Path, TableReport]:
    """Write the run; its folder, and what a person should know.

    `mapped`: None guesses by the columns' names. `prices`: the person's own price file, which wins over the book.
    Raises UserError for a file or a map that does not fit; nothing is written then.
    """
    data = opened_table(path)
    try:
        return import_records(data, results, mapped or guess(_columns(data)), name=name or _stem(path), prices=prices)
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
    table = _Table(data, mapped, PriceBook.load(prices))
    contents = table.look()
    found = table.imported(contents, name, tool)
    folder = write_rows(results, found, table.rows(contents))
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
        raise UserError(as_sheet(path.name) or said)
    return Data(named(path), path.name, kind, {})


def _columns(data: Records) -> list[str]:
    """Names of the columns: of the first record; of all where records differ, for an error may stand in the last."""
    seen: dict[str, None] = {}
    for _, record in data.records():
        if not seen.keys() >= record.keys():
            seen |= dict.fromkeys(record)
        if data.format != "jsonl":
            break
    if not seen:
        raise UserError(f"{data.label}: holds no row, so there is nothing to import")
    return list(seen)


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


class _Table:
    """One file under one map."""

    def __init__(self, data: Records, mapped: TableMap, prices: PriceBook) -> None:
        self.data, self.map, self.prices = data, mapped, prices
        self.reader = RecordReader(mapped, _stem(Path(data.label)))
        self._target = lru_cache(1_000)(partial(digest, "evalkit.target/1"))
        self.unused: tuple[str, ...] = ()
        """Columns that were not guessed to hold anything."""
        self.n_unscored = 0
        self.first_unscored = ""
        self.n_unbanded = 0
        """Rows of several requests whose price depends on the length of each."""

    def look(self) -> _Contents:
        """The first reading. Raises UserError or SuiteError for what cannot be a table of outcomes."""
        found = _Contents()
        keys: set[bytes] = set()
        there: dict[str, None] = {}
        for place, record in self.data.records():
            if not there.keys() >= record.keys():
                there |= dict.fromkeys(record)
            if not found.n_rows and self.data.format != "jsonl":
                self._refuse_absent(there)
            where = self.data.place(place)
            model, task, item = (self.reader.name(record, one, where) for one in ("model", "task", "item"))
            repeat, asked = self.reader.repeat(record), self.reader.digest_of(task, item, record)
            if (key := key_hash((model, task, f"{asked} {repeat}", 0, 0))) in keys:
                raise UserError(
                    f"{where}: {item!r} of {task} by {model}{f', repeat {repeat}' if repeat else ''}, stands there "
                    "twice. If it was asked several times, name the column that counts: `repeat: COLUMN` in the map"
                    + ("." if repeat or "repeat" not in self.map.columns else "; there it is empty.")
                )
            keys.add(key)
            found.n_rows += 1
            found.n_by_model[model] += 1
            found.items.setdefault(task, set()).add(bytes.fromhex(asked))
            found.repeats[repeat] = None
            if len(found.n_by_model) > _MOST_NAMES or len(found.items) > _MOST_NAMES:
                which = "model" if len(found.n_by_model) > _MOST_NAMES else "task"
                raise UserError(
                    f"{self.data.label}: has more than {_MOST_NAMES:,} values under {which}, so that is another column"
                )
            self._note_first(record, model, found)
        if not found.n_rows:
            raise UserError(f"{self.data.label}: holds no row, so there is nothing to import")
        self._refuse_absent(there)
        self.unused = tuple(name for name in there if name not in self._used()) if self.map.guessed else ()
        return found

    def _used(self) -> set[str]:
        """Columns that the map reads."""
        used = {one for column in self.map.columns.values() for one in column.columns}
        used |= {one for one in (*self.map.slices.values(), self.map.slices_object) if one}
        return used | {one.split(".")[0] for one in used}

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

    def rows(self, found: _Contents) -> Iterator[Row]:
        """The second reading: each row as evalkit stores it."""
        order = {name: n for n, name in enumerate(sorted(found.repeats, key=cells.natural))}
        for place, record in self.data.records():
            where = self.data.place(place)
            model, task, item = (self.reader.name(record, one, where) for one in ("model", "task", "item"))
            repeat = order.get(self.reader.repeat(record))
            if repeat is None:
                raise UserError(f"{self.data.label} changed while it was read. Import it again.")
            yield self._row(record, model, task, item, repeat, where)

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

    def _note_first(self, record: Record, model: str, found: _Contents) -> None:
        """When a model was first asked: its prices in run.json are of that day."""
        if "started_at" in self.map.columns:
            with suppress(Unread):
                at = self.reader.read(record, "started_at")
                if at is not None:
                    found.first_at[model] = min(at, found.first_at.get(model, at))

    def _row(self, record: Record, model: str, task: str, item: str, repeat: int, where: str) -> Row:
        try:
            outcome, score = self.reader.ended(record)
            error_kind, unread = ("imported_error" if outcome is Outcome.ERRORED else None), None
        except Unread:
            outcome, score, error_kind, unread = Outcome.ERRORED, None, "unscored", "the table has no score from 0 to 1"
            self.n_unscored += 1
            which = "score" if "score" in self.map.columns else "outcome"
            self.first_unscored = self.first_unscored or self.reader.looks(record, which, where)
        said, known = self.reader.texts(record), self.reader.known
        prompt = said.get("prompt")
        started_at = known(record, "started_at", where) or 0.0
        usage = self.reader.usage(record, said.get("service_tier"), where)
        return Row(
            task=task,
            sample_id=item,
            sample_digest=self.reader.digest_of(task, item, record),
            target_digest=self._target(said.get("target") or ""),
            occurrence=0,
            model=model,
            repeat=repeat,
            outcome=outcome,
            score=score,
            started_at=started_at,
            error_kind=error_kind,
            total_s=known(record, "total_s", where),
            ttft_s=known(record, "ttft_s", where),
            input_tokens=usage.input,
            output_tokens=usage.output,
            reasoning_tokens=usage.reasoning,
            cache_read_tokens=usage.cache_read,
            cache_write_other_tokens=usage.cache_write_other,
            cached=bool(known(record, "from_cache", where)),
            cost_usd=self._cost(record, model, usage, started_at, where),
            cluster=cells.words(self.reader.value(record, "cluster")),
            critical=bool(known(record, "critical", where)),
            slices=self.reader.slices(record),
            prompt=() if prompt is None else (Message("user", prompt),),
            text=said.get("text"),
            extracted=said.get("extracted"),
            target=said.get("target"),
            reason=unread or said.get("reason"),
            error=said.get("error"),
            served_model=said.get("served_model"),
            service_tier=said.get("service_tier"),
        )

    def _cost(self, record: Record, model: str, usage: Usage, started_at: float, where: str) -> Decimal | None:
        """What the table says, else by the prices of the day; None where either is unknown, or the table says what
        nobody understands."""
        n_unread = self.reader.unread["cost_usd"]
        stated: Decimal | None = self.reader.known(record, "cost_usd", where)
        if stated is not None or not started_at or self.reader.unread["cost_usd"] > n_unread:
            return stated
        provider, asked = self._priced_as(model)
        if provider is None and not self.prices.entries:
            return None
        at = datetime.fromtimestamp(started_at, UTC)
        made = self.prices.price(provider, asked, usage, at)
        if made is None or self._band_unknown(record, made.unit, usage, where):
            return None
        return made.total_usd

    def _band_unknown(self, record: Record, unit: UnitPrices | None, usage: Usage, where: str) -> bool:
        """Whether the price depends on how long each prompt was, and the row adds up several."""
        bands = () if unit is None else unit.bands
        if len(bands) < 2 or (usage.input or 0) <= bands[1][0] or (self.reader.known(record, "calls", where) or 1) < 2:
            return False
        self.n_unbanded += 1
        return True

    def _priced_as(self, model: str) -> tuple[str | None, str]:
        """(provider, model id) of the book of prices; the provider is None where nobody is known to bill."""
        said = self.map.models.get(model, ModelOf())
        if said.price_as is None:
            return None, said.model or model
        provider, colon, named_ = said.price_as.partition(":")
        return (provider, named_) if colon else (None, said.price_as)

    def _model(self, model: str, first_at: float | None) -> ModelFacts:
        provider, asked = self._priced_as(model)
        said = self.map.models.get(model, ModelOf())
        unit = None
        if first_at and (provider is not None or self.prices.entries):
            unit = self.prices.unit_prices(provider, asked, datetime.fromtimestamp(first_at, UTC))
        prices = None if unit is None else PriceFacts.model_validate(unit.as_facts())
        engine = {"engine": "as run by another tool"}
        return model_facts(said.model or model, engine, prices=prices, priced_as=(provider, asked))

    def notes(self, found: _Contents, made: Imported, prices: Path | None) -> list[str]:
        """What a person should know, once every row was read."""
        notes = []
        if self.map.guessed:
            notes.append("the columns were guessed by their names. As a map:\n  " + "\n  ".join(described(self.map)))
        if self.unused:
            some = ", ".join(name[:60] for name in self.unused[:8])
            more = f" and {len(self.unused) - 8} more" if len(self.unused) > 8 else ""
            notes.append(
                f"columns whose names say nothing known are not read: {some}{more}; name one in a map: --map FILE"
            )
        if self.reader.unread:
            notes.append(unread_note(self.reader.unread, self.reader.first_unread))
        if self.n_unscored:
            most = self.map.columns["score"].per if "score" in self.map.columns else 1.0
            scale = "Points of another scale: `score: {column: NAME, max: 10}`"
            notes.append(
                f"rows with no score from 0 to 1 are errors: {self.n_unscored:,} of {found.n_rows:,}; the first: "
                f"{self.first_unscored}. {scale if most == 1 else f'The map says that {most:g} is the most'}"
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
        if "started_at" not in self.map.columns:
            notes.append(
                "nobody says when the answers were made, so they are priced by a day that you name: evalkit price RUN "
                "--at DATE; or in the map: `started_at: {const: 2026-01-31}`"
            )
        elif "cost_usd" not in self.map.columns:
            unpriced = [name for name, told in made.models.items() if told.prices is None]
            if unpriced:
                more = "" if prices is not None else ", or give prices of your own: --prices FILE"
                notes.append(
                    f"no price is known for {', '.join(unpriced)[:600]}: say who bills in the map (`models: {{NAME: "
                    f"{{price_as: PROVIDER:MODEL}}}}`){more}"
                )
        if self.n_unbanded:
            notes.append(
                f"the cost of {numbers.plural(self.n_unbanded, 'row')} is unknown: they add up several "
                f"requests (calls), and the price "
                "of their model depends on the length of each prompt. Give cost_usd, or flat prices of your own: "
                "--prices FILE"
            )
        timed = {"total_s", "ttft_s"} & self.map.columns.keys()
        if timed and self.map.measured_by is None:
            notes.append(
                "nobody says who took the times, so no ratio of them is decided; say it: `times: {measured_by: NAME}`"
            )
        return notes
