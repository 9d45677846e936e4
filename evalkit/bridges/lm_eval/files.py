"""Data files that a task file brings along, looked at before the library `datasets` opens them.

    check_file(find("items.jsonl", folder), "json")       # SuiteError where it is packed, or opens further files

`datasets` unpacks archives to the disk without a limit, and follows paths and addresses that a Parquet file's own notes
call pictures or sounds. Its JSON reader ends the process on deep nesting.
"""

from __future__ import annotations

import re
from io import BufferedReader
from pathlib import PurePosixPath
from typing import Any

from evalkit.errors import SuiteError
from evalkit.paths import Inside
from evalkit.reading import look_through

PLAIN_MODULES = frozenset({"json", "csv", "parquet", "text", "arrow", "xml", "webdataset", "cache"})
"""Readers of `datasets` by which datasets of the hub are read."""
DEEPEST = 200
_PLAIN_FEATURES = frozenset(
    {"Value", "ClassLabel", "Sequence", "List", "LargeList", "Translation", "TranslationVariableLanguages"}
    | {"Array2D", "Array3D", "Array4D", "Array5D", "Json"}
)
_SIGNS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


def check_file(path: Inside, builder: str) -> None:
    """Raises SuiteError for a file that is packed, opens others, or would fill the memory or end the process."""
    if builder in {"parquet", "arrow"}:
        _check_columns(path, builder)
        return
    from datasets.utils.extract import Extractor

    try:
        with path.open_file() as file:
            look_through(file)
    except OSError as error:
        raise SuiteError(f"data_files: {path.name} cannot be read: {error.strerror or error}") from error
    if kind := Extractor.infer_extractor_format(str(path.real)):
        raise SuiteError(f"data_files: {path.name} is packed ({kind}); unpack it, so that its size can be seen")
    if builder == "json":
        _check_depth(path)


def leaves_the_dataset(written: str) -> bool:
    """Whether a pattern or folder that a dataset's page names is none of the dataset's own files."""
    if written.startswith("hf://datasets/"):
        written = written.removeprefix("hf://")
    return (
        written.startswith(("/", "~", "\\"))
        or "::" in written
        or ":/" in written
        or ".." in PurePosixPath(written).parts
    )


def _check_depth(path: Inside) -> None:
    with path.open_file() as file:
        for number, line in enumerate(file, 1):
            if line.count(b"[") + line.count(b"{") < DEEPEST:
                continue
            depth = 0
            for sign in _SIGNS.finditer(line):
                first = line[sign.start()]
                depth += (first in b"[{") - (first in b"]}")
                if depth > DEEPEST:
                    raise SuiteError(f"data_files: {path.name}:{number} is nested deeper than {DEEPEST}")


def _check_columns(path: Inside, builder: str) -> None:
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    from evalkit.suite.parquet import check_size

    try:
        with path.open_file() as opened:
            if builder == "parquet":
                file = pq.ParquetFile(opened)
                check_size(file.metadata, path.n_bytes(), f"data_files: {path.name}")
                schema = file.schema_arrow
            else:
                schema = _arrow_schema(opened)
        notes = (schema.metadata or {}).get(b"huggingface")
        kinds = set(_kinds(orjson.loads(notes))) if notes else set()
    except (pa.ArrowException, ValueError, OSError, RecursionError) as error:
        raise SuiteError(
            f"data_files: {path.name} is no {builder} file that can be read: {str(error)[:200]}"
        ) from error
    if other := sorted(kinds - _PLAIN_FEATURES):
        raise SuiteError(
            f"data_files: {path.name} calls a column {other[0][:80]!r}, which opens the files or addresses in it; "
            "write the column as text"
        )


def _arrow_schema(source: BufferedReader) -> Any:
    import pyarrow as pa

    try:
        return pa.ipc.open_stream(source).schema
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_file(source).schema


def _kinds(value: object) -> list[str]:
    """Every `_type` in datasets' notes."""
    if isinstance(value, list):
        return [kind for one in value for kind in _kinds(one)]
    if not isinstance(value, dict):
        return []
    own = [value["_type"]] if isinstance(value.get("_type"), str) else []
    return own + [kind for one in value.values() for kind in _kinds(one)]
