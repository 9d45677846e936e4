"""What stands in a `model.bin` of CTranslate2: how many tokens it has a place for, and its heads of attention.

    read_model_file(folder / "model.bin")        # ModelFile(n_rows=1053, n_heads=4)

The engine looks up whatever number it is given in the table of embeddings, beyond its end too: it reads other memory
there, or dies (4.8.5); the vocabulary beside it is not compared. So the truth is read from the file itself.

Layout of binary version 6 (ctranslate2.specs.model_spec), little-endian: version, name, revision, count; of each tensor
its name, number of dimensions (one byte), dimensions, type (one byte), bytes, data; count of aliases, each two names.
Names have their length (two bytes, with the zero byte at the end) before them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BufferedReader
from struct import calcsize, unpack

from evalkit.paths import Inside

_VERSION = 6
_EMBEDDINGS, _HEADS = "decoder/embeddings/weight", "decoder/num_heads"
_NUMBER = 8
"""Bytes of a number by itself, at most."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What evalkit has to know of an engine's file before it gives the engine a token."""

    n_rows: int
    """Of the table of embeddings: tokens that it has a place for."""
    n_heads: int
    """Of each layer's attention."""


def read_model_file(file: Inside) -> ModelFile:
    """Raises ValueError for a file of another layout, SuiteError and OSError as `Inside.open_file`."""
    with file.open_file() as opened:
        rows, heads = _found(opened, os.fstat(opened.fileno()).st_size)
    if not rows or not heads:
        raise ValueError("model.bin is no decoder: it has no table of embeddings, or no number of heads")
    return ModelFile(min(rows), max(heads))  # one that has two is given the worse


def _found(file: BufferedReader, n_bytes: int) -> tuple[list[int], list[int]]:
    rows: list[int] = []
    heads: list[int] = []
    (version,) = _read(file, "<I")
    if version != _VERSION:
        raise ValueError(f"model.bin has the binary version {version}, and evalkit reads {_VERSION}: convert it anew")
    _name(file)
    _, count = _read(file, "<II")
    for _ in range(count):  # a file that announces more than it has breaks off
        name = _name(file)
        (n_dimensions,) = _read(file, "<B")
        shape = _read(file, f"<{n_dimensions}I")
        _, size = _read(file, "<BI")
        if file.tell() + size > n_bytes:
            raise ValueError("model.bin breaks off")
        if name == _HEADS and size <= _NUMBER:
            heads.append(int.from_bytes(file.read(size), "little"))
            continue
        if name == _EMBEDDINGS and shape:
            rows.append(shape[0])
        file.seek(size, os.SEEK_CUR)
    (count,) = _read(file, "<I")
    for _ in range(count):
        alias, _ = _name(file), _name(file)
        if alias in {_EMBEDDINGS, _HEADS}:
            raise ValueError(f"model.bin takes {alias} from elsewhere in it, which no converter writes")
    return rows, heads


def _name(file: BufferedReader) -> str:
    (length,) = _read(file, "<H")
    return file.read(length).rstrip(b"\0").decode("utf-8", "replace")


def _read(file: BufferedReader, form: str) -> tuple[int, ...]:
    data = file.read(calcsize(form))
    if len(data) < calcsize(form):
        raise ValueError("model.bin breaks off")
    return unpack(form, data)
