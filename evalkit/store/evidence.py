"""The files that hold what was measured in a run, and their digests.

    digests(folder)      # {"run.json": "9f3c...", "rows-1.parquet": "4be1...", "judging/rows-1.parquet": ...}

People's labels of judged answers decide rules with `labels: random`, so they are evidence. What is made from the files
(summary.json, scores.npz, reports) is not: it can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from evalkit.errors import StoreError
from evalkit.reading import sha256_of
from evalkit.store import judge_files

_PATTERNS = ("run.json", "rows-*.parquet", "texts-*.parquet", "history.json")


def digests(folder: Path) -> dict[str, str]:
    """By file, as a path relative to the run folder: its sha256 in hex. Judgments are included.

    Raises StoreError where this is no run, a file cannot be read, or rows are not sealed yet.
    """
    found = {path.relative_to(folder).as_posix(): _sha256(path) for path in sorted(_files(folder))}
    if "run.json" not in found:
        raise StoreError(f"{folder} is not a run: it has no run.json.", folder)
    unsealed = sorted(path.name for place in _places(folder) for path in place.glob("journal-*.jsonl"))
    if unsealed:
        raise StoreError(
            f"{folder} holds rows that are not sealed yet ({', '.join(unsealed[:3])}). Let the run end, or finish it "
            f"with `evalkit run SUITE --resume {quote(folder.name)}`.",
            folder,
        )
    return found


def _places(folder: Path) -> tuple[Path, ...]:
    return folder, folder / judge_files.FOLDER


def _files(folder: Path) -> Iterator[Path]:
    for place in _places(folder):
        for pattern in _PATTERNS:
            yield from place.glob(pattern)
    yield from (folder / judge_files.FOLDER).glob(judge_files.LABELS)


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).", path) from error
