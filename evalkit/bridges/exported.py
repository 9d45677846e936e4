"""A run for other tools: rows as JSONL, CSV or Parquet, or samples as lm-eval writes them.

    export_run(folder, "csv", Path("run.csv"))
    export_run(folder, "lm-eval", Path("out"))      # out/<model>/samples_<task>_<when>.jsonl and results_<when>.json

Every file appears whole or not at all, and none is overwritten.

A run as lm-eval would have written it: what reads lm-eval's samples and results reads these.

    OUT/<model>/samples_<task>_<when>.jsonl     doc_id, arguments, resps, filtered_resps, target, one key per metric
    OUT/<model>/results_<when>.json             results, versions, n-samples, config

`doc` holds what evalkit keeps of an item (its id, prompt and answer): the dataset's own fields are not in a run. Rows
that failed have no score and are left out of the samples, and counted in the results. Names of models and tasks that
are no plain names of files are written as ones: a run may come from anybody.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from evalkit.errors import UserError
from evalkit.facts import RunFacts
from evalkit.records import Row
from evalkit.store import runs, sealing
from evalkit.store.row_codec import readable, spell
from evalkit.store.transcript import transcript
from evalkit.text.escape import csv_cell
from evalkit.text.numbers import whole_number
from evalkit.writing import file_name, write_file

FORMATS = ("lm-eval", "every-eval-ever", "csv", "parquet", "jsonl")


def export_run(folder: Path, to: str, out: Path) -> list[Path]:
    """Write a run's rows; the files that were made. Raises UserError for what is there already, or has no rows, and
    StoreError for a run that cannot be read."""
    runs.read_facts(folder)  # which name the digests of the rows
    if to == "lm-eval":
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


def records(name: str, rows: list[Row]) -> Iterator[dict[str, object]]:
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


def _cell(value: object) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return csv_cell(value) if isinstance(value, str) else value


def _plain(value: object) -> Any:
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


def write_samples(folder: Path, out: Path) -> list[Path]:
    """The files that were made, results last for each model. Raises UserError where one is there already."""
    facts = runs.open_facts(folder)
    when = file_name(re.sub(r"[:Z]", "-", facts.started_at or "unknown").strip("-"))
    grouped: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in sealing.rows_of(folder):
        grouped[row.model][row.task].append(row)
    if not grouped:
        raise UserError(f"{folder} has no rows yet")
    made: list[Path] = []
    for model, tasks in sorted(grouped.items()):
        place = out / file_name(model)
        results = _results(facts, model, tasks)
        written = {
            place / f"samples_{file_name(task)}_{when}.jsonl": "".join(_line(row, facts) for row in _ordered(rows))
            for task, rows in tasks.items()
        }
        written[place / f"results_{when}.json"] = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
        made += write_new(place, written)
    return made


def write_new(folder: Path, files: Mapping[Path, str]) -> list[Path]:
    """Write these files of a folder, which is made; their paths. Raises UserError where one is there already."""
    if there := [path for path in files if path.exists()]:
        raise UserError(f"{there[0]} is there already; name another folder with --out, or remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            write_file(path, text, new=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from error
    return list(files)


def _ordered(rows: list[Row]) -> list[Row]:
    def place(row: Row) -> tuple[int, str, int]:
        number = whole_number(row.sample_id)
        return 1 << 60 if number is None else number, row.sample_id, row.repeat

    return sorted((row for row in rows if row.score is not None), key=place)


def _metric(facts: RunFacts, task: str) -> tuple[str, str]:
    """(metric, filter) of a task's score; a task of evalkit's own has lm-eval's name for a mean of marks."""
    told = (facts.tasks or {}).get(task)
    metric, _, filtered = ((told.identity.metric if told is not None else None) or "score,none").partition(",")
    return metric, filtered or "none"


def _line(row: Row, facts: RunFacts) -> str:
    metric, filtered = _metric(facts, row.task)
    prompt = readable("\n\n".join(transcript(turn.text, turn.calls) or "" for turn in row.prompt))
    if row.logliks is not None:
        resps: object = [[[str(value), "unknown"]] for value in row.logliks]
        filtered_resps: object = [[str(value), "unknown"] for value in row.logliks]
        arguments = {f"gen_args_{i}": {"arg_0": prompt} for i in range(len(row.logliks))}
    else:
        resps, filtered_resps = [[readable(transcript(row.text, row.calls) or "")]], [readable(row.extracted or "")]
        arguments = {"gen_args_0": {"arg_0": prompt}}
    number = whole_number(row.sample_id)
    record = {
        "doc_id": row.sample_id if number is None else number,
        "doc": {"id": row.sample_id, "prompt": prompt, "target": row.target},
        "target": row.target,
        "arguments": arguments,
        "resps": resps,
        "filtered_resps": filtered_resps,
        "filter": filtered,
        "metrics": [metric],
        "doc_hash": row.sample_digest,
        "target_hash": row.target_digest,
        "repeat": row.repeat,
        metric: row.score,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def _results(facts: RunFacts, model: str, tasks: dict[str, list[Row]]) -> dict[str, object]:
    results: dict[str, object] = {}
    versions: dict[str, object] = {}
    counts: dict[str, object] = {}
    for task, rows in tasks.items():
        metric, filtered = _metric(facts, task)
        scores = [row.score for row in rows if row.score is not None]
        mean = sum(scores) / len(scores) if scores else None
        results[task] = {"alias": task, f"{metric},{filtered}": mean, "n_failed": len(rows) - len(scores)}
        told = (facts.tasks or {}).get(task)
        named = told.identity.root.get("lm_eval") if told is not None else None
        versions[task] = named.get("version", "evalkit") if isinstance(named, dict) else "evalkit"
        counts[task] = {"original": len(rows), "effective": len(scores)}
    known = facts.model_facts(model)
    return {
        "results": results,
        "versions": versions,
        "n-samples": counts,
        "config": {"model": known.adapter, "model_args": known.model},
        "model_name": model,
        "evalkit": {"run": facts.suite, "version": facts.evalkit_version},
    }
