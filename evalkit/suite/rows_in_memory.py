"""Records that a person gives in Python (a list of mappings, a pandas DataFrame, an Arrow table), as a file of JSONL.

    rows = as_rows([{"id": 1, "text": "hi"}], "tasks[0].data")      # Rows(content=b'{"id": 1, "text": "hi"}\\n', n=1)

They are written as JSONL once, in memory, and read from there as any other file is: what a record may hold, what a
message says and what the digest of the data is are the same as for a file with these lines.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from evalkit.errors import SuiteError
from evalkit.paths import named
from evalkit.suite.datasets import Data
from evalkit.suite.wording import listed, short


@dataclass(frozen=True, slots=True)
class Rows:
    """Records as JSONL."""

    content: bytes
    n: int
    columns: tuple[str, ...]
    """The names of the fields, in the order in which they are first met."""

    @property
    def sha256(self) -> str:
        """Of the content, as 64 hex characters: the same as of a file with these lines."""
        return sha256(self.content).hexdigest()

    def data(self, label: str, where: Mapping[str, object]) -> Data:
        """The records as a task reads them; `label` is how messages name them."""
        return _InMemory(named(Path(__file__)), label, "jsonl", where, content=self.content)


@dataclass(frozen=True, slots=True)
class _InMemory(Data):
    """JSONL that is no file. `path` is not read."""

    content: bytes = b""

    def place(self, number: int) -> str:
        return f"{self.label} row {number}"

    def stamp(self) -> None:
        return None

    def _look_through(self, file: io.BufferedReader[Any]) -> None:
        """It is in memory already."""

    def fingerprint(self) -> str:
        return sha256(self.content).hexdigest()

    @contextmanager
    def _bytes(self) -> Iterator[io.BufferedReader[Any]]:
        with io.BufferedReader(io.BytesIO(self.content)) as file:
            yield file


def as_rows(given: object, at: str) -> Rows:
    """The records of a list of mappings, a pandas or polars DataFrame, an Arrow table, or a dataset of the `datasets`
    package. Missing values become null; dates become ISO text; `at` opens every complaint.

    Raises SuiteError for anything else, and for values that JSON does not have.
    """
    lines: list[bytes] = []
    columns: dict[str, None] = {}
    complaints: dict[str, str] = {}
    more: Counter[str] = Counter()
    for number, record in enumerate(_records(given, at), 1):
        try:
            made = _record(record)
            lines.append(json.dumps(made, ensure_ascii=False, allow_nan=False).encode() + b"\n")
            columns.update(dict.fromkeys(made))
        except (_NoJson, UnicodeEncodeError, RecursionError) as error:
            said = str(error) if isinstance(error, _NoJson) else "holds what no file of JSON can hold"
            kind = said.partition(" (value seen:")[0]
            if kind in complaints:
                more[kind] += 1
            else:
                complaints[kind] = f"{at}: row {number}: {said}"
        if len(complaints) >= 20:
            break
    if complaints:
        raise SuiteError(
            [f"{said}; and {more[kind]:,} more like this" if more[kind] else said for kind, said in complaints.items()]
        )
    return Rows(b"".join(lines), len(lines), tuple(columns))


def _record(given: object) -> dict[str, object]:
    """A record as JSON has it. Raises _NoJson for what is none."""
    if not isinstance(given, Mapping):
        raise _NoJson(f"a record is a mapping of fields (value seen: {short(given)})")
    if wrong := [key for key in given if not isinstance(key, str)]:
        raise _NoJson(f"names of fields are texts (seen: {short(wrong[0])})")
    return {key: _plain(value, key) for key, value in given.items()}


class _NoJson(Exception):
    """A value that JSON does not have. `str()` is a message fragment that names the field."""


def _records(given: Any, at: str) -> Iterable[Any]:
    told = isinstance(given, Iterable) or hasattr(given, "to_arrow") or hasattr(given, "to_pylist")  # an Arrow table
    if isinstance(given, str | bytes | Mapping) or not told:
        raise SuiteError(
            f"{at}: expected a path, a list of records or a DataFrame (value seen: {type(given).__name__})"
        )
    package = type(given).__module__.partition(".")[0]
    if package == "pandas":
        return _of_pandas(given, at)
    records: Iterable[object] = given
    if package == "polars":
        records = given.to_dicts()
    elif package == "pyarrow":
        records = given.to_pylist()
    return records


def _of_pandas(frame: Any, at: str) -> Iterator[dict[object, object]]:
    """The rows of a DataFrame; its index is no field."""
    names = list(frame.columns) if hasattr(frame, "columns") else None
    if names is None:
        raise SuiteError(f"{at}: expected a DataFrame, and this is a {type(frame).__name__}; write .to_frame()")
    twice = [name for n, name in enumerate(names) if name in names[:n]]
    if twice:
        raise SuiteError(f"{at}: two columns are called {short(twice[0])}; its columns are {listed(map(str, names))}")
    missing = frame.isna().to_numpy()
    for n, values in enumerate(frame.itertuples(index=False, name=None)):
        yield {
            name: None if missing[n][i] and not isinstance(value, list | dict | tuple) else value
            for i, (name, value) in enumerate(zip(names, values, strict=True))
        }


def _plain(value: object, key: str) -> object:  # noqa: PLR0911  # one return for each kind of value
    """The value as JSON has it. Raises _NoJson with the field."""
    if value is None or isinstance(value, bool | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            raise _NoJson(f"the field {key!r} is {value}, which is no number; leave it out, or write None")
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, Mapping):
        if wrong := [name for name in value if not isinstance(name, str)]:
            raise _NoJson(f"the field {key!r} holds a mapping with the key {short(wrong[0])}; keys are texts")
        return {name: _plain(item, key) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return [_plain(item, key) for item in items]
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):  # of pandas too, which counts nanoseconds
        nanoseconds = int(getattr(value, "nanoseconds", 0)) + value // timedelta(microseconds=1) * 1_000
        return f"PT{Decimal(nanoseconds) / 10**9:f}S"
    if type(value).__name__ == "timedelta64":  # of numpy, whose nanoseconds would become a plain number
        return _plain(value.astype("timedelta64[us]").tolist(), key)  # type: ignore[attr-defined]
    if hasattr(value, "tolist"):  # numpy: a scalar, or an array in a cell
        return _plain(value.tolist(), key)
    raise _NoJson(f"the field {key!r} is {_an(type(value).__name__)}, which is no text, number, list or mapping")


def _an(word: str) -> str:
    return f"{'an' if word[:1].lower() in set('aeiou') else 'a'} {word}"
