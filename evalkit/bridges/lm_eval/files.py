"""Data files that a task file brings along, looked at before the library `datasets` opens them.

    check_file(find("items.jsonl", folder), "json", "data_files: items.jsonl")   # SuiteError: it is packed, or worse

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

BUILDERS = frozenset({"json", "csv", "parquet", "text", "arrow"})
"""Readers of plain data. Others that `datasets` brings unpickle what they read."""
PLAIN_MODULES = BUILDERS | {"xml", "webdataset", "cache"}
"""Readers of `datasets` by which lm-eval's own tasks read their data sets of the hub."""
DEEPEST = 200
_PLAIN_FEATURES = frozenset(
    {"Value", "ClassLabel", "Sequence", "List", "LargeList", "Translation", "TranslationVariableLanguages"}
    | {"Array2D", "Array3D", "Array4D", "Array5D", "Json"}
)
_LONGEST_FIXED = 100_000
"""Values, or bytes, of each value of a column that has so many in each row: an empty row takes as many."""
_SIGNS = re.compile(rb"[\[{]|[\]}]")
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(")?')
"""A text, up to its end or, where that is missing, the line's."""
_LINE_END = re.compile(rb"[\r\n]+")
"""Arrow's JSON reader takes up its work anew after either."""
_PATTERN_SIGNS = frozenset("*?[]")


def check_file(path: Inside, builder: str, label: str) -> None:
    """Raises SuiteError for a file that is packed, opens others, or would fill the memory or end the process. `label`
    is how messages name it."""
    if builder in {"parquet", "arrow"}:
        _check_columns(path, builder, label)
        return
    from datasets.utils.extract import Extractor

    try:
        with path.open_file() as file:
            look_through(file)
    except OSError as error:
        raise SuiteError(f"{label} cannot be read: {error.strerror or error}") from error
    if kind := Extractor.infer_extractor_format(str(path.real)):
        raise SuiteError(f"{label} is packed ({kind}); unpack it, so that its size can be seen")
    if builder == "json":
        _check_depth(path, label)


def refuse_pattern_signs(path: str, label: str) -> None:
    """Raises SuiteError for a path that `datasets` would take for a pattern: it would open others than this file."""
    if _PATTERN_SIGNS & set(path):
        raise SuiteError(
            f"{label}: {path[:200]!r} has one of the signs * ? [ ] in its name, which would be a pattern; rename it"
        )


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


def _check_depth(path: Inside, label: str) -> None:
    """Over the ends of lines: Arrow's reader goes on through them."""
    depth = 0
    with path.open_file() as file:
        for number, whole in enumerate(file, 1):
            for line in _LINE_END.split(whole) if b"\r" in whole else (whole,):
                signs, n_texts = _STRINGS.subn(rb"\1", line)
                if signs.count(b'"') != n_texts:
                    raise SuiteError(f"{label}:{number} is no JSON: a text does not end in its line")
                n_open = signs.count(b"[") + signs.count(b"{")
                if depth + n_open > DEEPEST and _deepest(signs, depth) > DEEPEST:
                    raise SuiteError(f"{label}:{number} is nested deeper than {DEEPEST}")
                depth = max(0, depth + n_open - signs.count(b"]") - signs.count(b"}"))


def _deepest(signs: bytes, depth: int) -> int:
    deepest = depth
    for sign in _SIGNS.finditer(signs):
        depth += 1 if sign[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _check_columns(path: Inside, builder: str, label: str) -> None:
    import orjson
    import pyarrow as pa

    from evalkit.suite.parquet import check_unpacked

    try:
        with path.open_file() as opened:
            schema = _arrow_schema(opened, builder)
            if why := too_wide(schema):
                raise SuiteError(f"{label} {why}")
            if builder == "parquet":
                check_unpacked(opened, label, path.n_bytes())
        notes = (schema.metadata or {}).get(b"huggingface")
        other = odd_column(orjson.loads(notes)) if notes else None
    except (pa.ArrowException, ValueError, OSError, RecursionError) as error:
        raise SuiteError(f"{label} is no {builder} file that can be read: {str(error)[:200]}") from error
    if other:
        raise SuiteError(f"{label} {other}")


def too_wide(schema: Any) -> str | None:
    """Half a sentence for an Arrow schema in which a column's every row, also an empty one, takes much memory."""
    widest = max(map(_widest, schema.types), default=0)
    return f"has {widest:,} values in each row of a column, and is not read" if widest > _LONGEST_FIXED else None


def _widest(kind: Any) -> int:
    """Of a column's type: values, or bytes, that each row takes, full or empty."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _widest(kind.storage_type)
    if pa.types.is_fixed_size_binary(kind):
        return int(kind.byte_width)
    inner = max((_widest(kind.field(i).type) for i in range(kind.num_fields)), default=1)
    return int(kind.list_size) * inner if pa.types.is_fixed_size_list(kind) else inner


def _arrow_schema(source: BufferedReader, builder: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if builder == "parquet":
        return pq.ParquetFile(source).schema_arrow
    try:
        return pa.ipc.open_stream(source).schema
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_file(source).schema


def odd_column(described: object) -> str | None:
    """Why a column is not read, as half a sentence; None where all are plain. `described`: what `datasets` writes of
    columns, each with its `_type`."""
    waiting = [described]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, dict):
            kind = value.get("_type")
            if isinstance(kind, str) and kind not in _PLAIN_FEATURES:
                return (
                    f"calls a column {kind[:80]!r}, which opens the files or addresses in it; write the column as text"
                )
            waiting += value.values()
    return None
