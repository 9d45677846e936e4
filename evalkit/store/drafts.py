"""Drafts of run folders: `results/.new-x/NAME`, hidden, and renamed to `results/NAME` once it is whole.

    with drafted(results, "support-swap-20261120T100155Z-9f3c1a") as draft:
        ...                    # write into draft.folder
        folder = draft.place()

Nobody takes a hidden folder for a run. What a killed process leaves is removed when the next draft is made.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.store.run_lock import LOCK, is_locked

_DRAFT_S = 3600.0
"""A draft without a lock is made in milliseconds, so one of this age was left behind."""
_LOCKED_S = 10.0
"""A lock is taken at once after its file is made, so a file of this age that nobody holds was left behind."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A run folder in the making."""

    folder: Path
    """Named as the run will be."""
    results: Path

    def place(self) -> Path:
        """Make it a run of `results`; its folder. Hold no lock. Raises StoreError where none of its names is free."""
        name = self.folder.name
        for n in range(1, 1000):  # as many as could start in one second
            placed = self.results / (name if n == 1 else f"{name}-{n}")
            with suppress(OSError):
                self.folder.rename(placed)  # refused where there is a folder with content: another run of this second
                return placed
        raise StoreError(
            f"{self.results / name} and its numbered siblings exist already. Remove some, or choose --results.",
            self.results,
        )


@contextmanager
def drafted(results: Path, name: str) -> Iterator[Draft]:
    """A draft of a run of this name; nothing is left of it unless it is placed. Raises StoreError when `results`
    cannot hold it."""
    hidden = None
    try:
        try:
            results.mkdir(parents=True, exist_ok=True)
            _sweep(results)
            hidden = Path(tempfile.mkdtemp(prefix=".new-", dir=results))
            folder = hidden / name
            folder.mkdir()
            folder.chmod(0o755)
        except OSError as error:
            raise StoreError(
                f"{results} cannot hold results ({error.strerror}). Choose another: --results DIR or EVALKIT_RESULTS.",
                results,
            ) from error
        yield Draft(folder, results)
    finally:
        if hidden is not None:
            rmtree(hidden, ignore_errors=True)  # whatever an interrupt left half-written in it


def _sweep(results: Path) -> None:
    """Remove drafts that killed processes left behind."""
    for left in results.glob(".new-*"):
        with suppress(OSError):
            if _is_abandoned(left):
                rmtree(left, ignore_errors=True)


def _is_abandoned(draft: Path) -> bool:
    locks = list(draft.glob(f"*/{LOCK}"))
    if any(is_locked(lock.parent) for lock in locks):
        return False
    touched = max(path.stat().st_mtime for path in locks or (draft, *draft.glob("*/")))
    return time.time() - touched > (_LOCKED_S if locks else _DRAFT_S)
