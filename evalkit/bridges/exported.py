"""A run for other tools: rows as JSONL, CSV or Parquet, or samples as lm-eval writes them.

    export_run(folder, "csv", Path("run.csv"))
    export_run(folder, "lm-eval", Path("out"))      # out/<model>/samples_<task>_<when>.jsonl and results_<when>.json

Every file appears whole or not at all, and none is overwritten.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from evalkit.errors import UserError
from evalkit.records import Row
from evalkit.store import runs, sealing
from evalkit.store.row_codec import readable, spell
from evalkit.text.escape import csv_cell
from evalkit.writing import file_name

FORMATS = ("lm-eval", "every-eval-ever", "csv", "parquet", "jsonl")


def export_run(folder: Path, to: str, out: Path) -> list[Path]:
    """Write a run's rows; the files that were made. Raises UserError for what is there already, or has no rows."""
    if to == "lm-eval":
        from evalkit.bridges.lm_eval_written import write_samples

        return write_samples(folder, out)
    if to == "every-eval-ever":
        from evalkit.bridges.every_eval_ever_written import write_evaluations

        return write_evaluations(folder, out)
    if out.exists():
        raise UserError(f"{out} is there already; name another file with --out, or remove it")
    ordered = sorted(sealing.rows_of(folder), key=lambda row: row.key)
    if not ordered:
        raise UserError(f"{folder} has no rows yet")
    name = folder.resolve().name
    draft = out.with_name(f".{out.name}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)  # left by a killed export, or a link that somebody put there
        if to == "parquet":
            _write_parquet(draft, name, ordered)
        else:
            with draft.open("w", encoding="utf-8", newline="") as file:
                (_write_csv if to == "csv" else _write_jsonl)(file, name, ordered)
        draft.replace(out)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return [out]


def records(name: str, rows: list[Row]) -> Iterator[dict[str, Any]]:
    """Rows as plain values; money as a decimal text, so that no digit is lost."""
    for row in rows:
        yield {"run": name, **{key: _plain(value) for key, value in asdict(row).items()}}


def default_out(folder: Path, to: str) -> Path:
    """Where an export goes when nobody says: beside the reader, named as the run."""
    name = runs.open_facts(folder).suite or folder.name
    folders = to in {"lm-eval", "every-eval-ever"}
    return Path(f"{file_name(name)}-{to}") if folders else Path(f"{folder.resolve().name}.{to}")


def _write_jsonl(file: IO[str], name: str, rows: list[Row]) -> None:
    for record in records(name, rows):
        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_csv(file: IO[str], name: str, rows: list[Row]) -> None:
    """Lists and mappings as JSON. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    writer: csv.DictWriter[str] | None = None
    for record in records(name, rows):
        flat = {key: _cell(value) for key, value in record.items()}
        if writer is None:
            writer = csv.DictWriter(file, list(flat))
            writer.writeheader()
        writer.writerow(flat)


def _write_parquet(path: Path, name: str, rows: list[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = [
        {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in record.items()}
        for record in records(name, rows)
    ]
    try:
        pq.write_table(pa.Table.from_pylist(flat), path, compression="zstd")
    except pa.ArrowException as error:
        raise UserError(f"{path} cannot be written: {str(error).splitlines()[0]}") from error


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return csv_cell(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float):
        return spell(value)
    if isinstance(value, str):
        return readable(str(value))
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
