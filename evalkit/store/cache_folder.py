"""Where evalkit keeps answers, tried weights and the servers that it started between runs: never in a checkout.

cache_folder()      # ~/.cache/evalkit, or EVALKIT_CACHE; UserError where git tracks a file in it
"""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import read_file


def cache_folder() -> Path:
    """What evalkit keeps for itself between runs: EVALKIT_CACHE, or ~/.cache/evalkit. May be removed at any time.

    Raises UserError where it is a part of a checkout, which could bring answers and weights along.
    """
    folder = Path(os.environ.get("EVALKIT_CACHE") or Path.home() / ".cache" / "evalkit").expanduser()
    _refuse_tracked(folder.absolute())
    return folder


def _refuse_tracked(folder: Path) -> None:
    """Raises UserError where the index of a repository around the folder names a file in it, or may."""
    for place in dict.fromkeys((folder, folder.resolve())):
        tree = next((one for one in (place, *place.parents) if (one / ".git").exists()), None)
        if tree is None or tree == Path.home():
            continue
        named = os.fsencode(place.relative_to(tree))
        try:
            own = tree / ".git"
            if own.is_file():  # a linked worktree or a submodule
                own = tree / read_file(own).decode("utf-8", "replace").strip().removeprefix("gitdir: ")
            index = read_file(own / "index") if (own / "index").exists() else b""
        except OSError:
            index = b""
        is_unreadable = index[4:8] == b"\0\0\0\4"  # version 4 shortens names
        if is_unreadable or (index and place == tree) or named + b"/" in index or named + b"\0" in index:
            raise UserError(
                f"the cache folder {folder} (EVALKIT_CACHE) {'may be' if is_unreadable else 'is'} a part of the "
                f"checkout {tree}: a pull request could bring answers along in it. Choose one outside of the checkout, "
                "or let git forget its files: git rm -r --cached"
            )
