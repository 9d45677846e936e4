"""The two files of a sealed part: written under temporary names, then given theirs.

    write_part(folder, 1, batches)          # rows-1.parquet and texts-1.parquet, or neither
    draft_part(folder, 1, batches)          # .rows-1.tmp and .texts-1.tmp

Killed at any moment, a folder holds the whole part or none: it exists when its rows file does, which comes last.
"""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import RunIncomplete
from evalkit.frozen import dataclass
from evalkit.store import parts, shapes

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Batches = tuple["pa.RecordBatch", "pa.RecordBatch"]
"""The numbers and the texts of some rows."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A part that another process has written under its temporary names."""

    part: int
    journal: str
    """Name of the one journal that it was made of."""
    size: int
    """Bytes of the journal that were read: all of its lines, each a row with a key of its own."""
    n_rows: int
    n_errored: int
    """Rows that are errors and owed."""
    writer: int
    """Number of the process, which is in the drafts' names: one that outlives its run is in nobody's way."""

    def is_all_of(self, part: int, sources: list[Path]) -> bool:
        """Whether nothing was journaled besides."""
        return self.part == part and [one.name for one in sources] == [self.journal] and _size(sources[0]) == self.size


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _drafts(folder: Path, part: int, writer: int | None) -> tuple[Path, Path]:
    """The temporary names of a part's texts and numbers; `writer` None: of the process that holds the run."""
    by = "" if writer is None else f"-{writer}"
    return folder / f".texts-{part}{by}.tmp", folder / f".rows-{part}{by}.tmp"


def forget_drafts(folder: Path) -> None:
    """Remove what killed processes have left of parts that they were writing. Only for whoever holds the run."""
    for path in (*folder.glob(".texts-*.tmp"), *folder.glob(".rows-*.tmp")):
        with suppress(OSError):
            path.unlink()


def put_in_place(folder: Path, drafted: Drafted) -> bool:
    """Give a part that was drafted its names, texts first, since the rows file makes the part exist. False where the
    drafts are not there; then nothing is changed that matters."""
    part = drafted.part
    texts, numbers = _drafts(folder, part, drafted.writer)
    try:
        if not (stat.S_ISREG(texts.lstat().st_mode) and stat.S_ISREG(numbers.lstat().st_mode)):
            return False
        texts.replace(parts.texts_path(folder, part))
        numbers.replace(parts.rows_path(folder, part))
        _sync(folder)
    except OSError:
        return False
    return True


def draft_part(folder: Path, part: int, batches: Iterator[Batches], writer: int | None = None) -> None:
    """Write both files of a part under temporary names, confirmed by the disk. Raises OSError, pyarrow's errors and
    what `batches` raises, and leaves nothing then."""
    import pyarrow.parquet as pq

    texts, numbers = _drafts(folder, part, writer)
    try:
        with _writer(pq, numbers, parts.rows_schema()) as left, _writer(pq, texts, parts.texts_schema()) as right:
            unpacked = 0
            for of_numbers, of_texts in batches:
                left.write_batch(of_numbers)
                right.write_batch(of_texts)
                unpacked += of_texts.nbytes
            _weigh_down(right, unpacked, texts)
        _sync(texts)
        _sync(numbers)
    except BaseException:
        for path in (texts, numbers):
            with suppress(OSError):
                path.unlink()
        raise


def write_part(folder: Path, part: int, batches: Iterator[Batches]) -> None:
    """Both files under temporary names, then into place."""
    import pyarrow as pa

    try:
        draft_part(folder, part, batches)
        texts, numbers = _drafts(folder, part, None)
        texts.replace(parts.texts_path(folder, part))
        numbers.replace(parts.rows_path(folder, part))
        _sync(folder)
    except (OSError, pa.ArrowException) as error:
        raise RunIncomplete(
            f"The rows of {folder} could not be sealed: {str(error).splitlines()[0]}. Nothing is lost, the journal is "
            "kept. Free some space and run the same command again."
        ) from error


def _writer(pq: pq, path: Path, schema: object) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=list(parts.LOW_CARDINALITY),
        write_page_checksum=True,
    )


def _weigh_down(writer: pq.ParquetWriter, unpacked: int, path: Path) -> None:
    """Give a file as many bytes as readers want of one that unpacks to so many: a model that writes one letter sixteen
    million times is no bomb that a stranger packed, and its run has to be read."""
    lacking = 21 * unpacked // (20 * shapes.MOST_TIMES) - path.stat().st_size
    if lacking > 0:
        writer.add_key_value_metadata({"evalkit.weight": b64encode(os.urandom(lacking * 3 // 4 + 3))})


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
