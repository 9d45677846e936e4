"""What a protected suite reads comes from its own checkout, or from outside of every one: `gate --suite`.

    with protecting(Path("main/suites")):
        find("/ci/pr/data/test.jsonl", suites)        # SuiteError: git keeps it in another checkout

A data folder that the person named may lie in the checkout of the pull request (EVALKIT_DATA=$GITHUB_WORKSPACE/data):
its author would choose the records that both the run and the protected suite ask. That checkout is the one of the
working directory and the one of the run's folder; a clone of data elsewhere is the person's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evalkit.checkouts import checkouts_around, folded, own_checkouts
from evalkit.errors import SuiteError
from evalkit.git_index import names_of
from evalkit.paths import REFUSING


class Checkouts:
    """Those of the protected suite, those of whoever proposes a change (`others`: folders in them), and what git keeps
    in any that was asked about."""

    def __init__(self, folder: Path, others: Iterable[Path]) -> None:
        self._own = own_checkouts(Path(os.path.realpath(folder)))
        self._others = {tree for one in others for tree in checkouts_around(Path(os.path.realpath(one)))}
        self._kept: dict[Path, frozenset[bytes] | None] = {}

    def refuse(self, real: Path, label: str) -> None:
        """Raises SuiteError for what git keeps in a checkout that is not the suite's. `label` opens the message."""
        if (tree := self.bringing(real)) is not None:
            raise SuiteError(
                f"{label}: lies in the checkout {tree}, which is not the protected suite's: whoever proposes a change "
                "there would choose what the gate asks. Name the data folder of the protected branch (EVALKIT_DATA, "
                "--data-root), or one outside of that checkout."
            )

    def bringing(self, real: Path) -> Path | None:
        """The checkout that a file or folder came with, unless one of the suite's own brought it; None: none did."""
        around = [tree for tree in (real, *real.parents) if os.path.lexists(tree / ".git")]
        if any(self._keeps(tree, real, unknown=False) for tree in around if tree in self._own):
            return None  # a submodule of the suite's checkout is named there too
        others = (tree for tree in around if tree not in self._own and not self._others.isdisjoint(around))
        return next((tree for tree in others if self._keeps(tree, real, unknown=True)), None)

    def _keeps(self, tree: Path, real: Path, *, unknown: bool) -> bool:
        """Whether an index names the path, what it lies in, or something in it; `unknown` where none can be read."""
        if tree not in self._kept:
            self._kept[tree] = _with_folders(tree)
        kept = self._kept[tree]
        if kept is None:
            return unknown
        name = b"" if real == tree else folded(os.fsencode(real.relative_to(tree)))
        return (name == b"" and bool(kept)) or any(_is_entry(kept, part) for part in _and_above(name)) or name in kept


def _with_folders(tree: Path) -> frozenset[bytes] | None:
    """What git keeps: files as `/path`, folders that hold some as `path`. None: nobody knows."""
    try:
        names = [folded(name) for name in names_of(tree)]
    except ValueError:
        return None
    return frozenset(part for name in names for part in (b"/" + name, *_and_above(name)))


def _is_entry(kept: frozenset[bytes], name: bytes) -> bool:
    return b"/" + name in kept


def _and_above(name: bytes) -> Iterator[bytes]:
    """A path, and each folder that it lies in."""
    while name:
        yield name
        name = name.rpartition(b"/")[0]


@contextmanager
def protecting(folder: Path | None, run: Path | None = None) -> Iterator[None]:
    """Within this block files are read for the protected suite in this folder. None: for no protected one. `run`: the
    folder of the run that it judges."""
    others = [Path.cwd(), *([] if run is None else [run])]
    before = REFUSING.set(None if folder is None else Checkouts(folder, others).refuse)
    try:
        yield
    finally:
        REFUSING.reset(before)
