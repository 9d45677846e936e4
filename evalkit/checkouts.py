"""What git keeps in a checkout comes from whoever wrote to the repository: nothing of it is the person's own setting.

    named_by_git(Path("/work/.evalkit-cache"))      # Path("/work") where the index names it or a file in it, else None

The index is read as a file: git is not run, and need not be here.
"""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import read_file


def named_by_git(place: Path, *, around: Path | None = None) -> Path | None:
    """The checkout whose index names a file or folder, or something in it, links followed or not; None: there is none.

    It is the nearest one around `place`, or around `around` where given. An index that shortens names (version 4)
    counts as naming what lies in its checkout.
    """
    for one in dict.fromkeys((place.absolute(), place.resolve())):
        start = one if around is None else around.resolve()
        tree = next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)
        if tree is None or not one.is_relative_to(tree):
            continue
        index, named = _index(tree), os.fsencode(one.relative_to(tree))
        shortened = index[4:8] == b"\0\0\0\4"
        if shortened or (index and one == tree) or named + b"/" in index or named + b"\0" in index:
            return tree
    return None


def settings_folder() -> Path:
    """Where the person's settings of evalkit lie; it need not exist. Below $XDG_CONFIG_HOME where that is a whole path:
    the specification ignores any other, and one that depends on the working directory would mean a checkout.

    Raises UserError where the checkout that is worked in brings a file of it along (HOME is the checkout, in CI).
    """
    settings = os.environ.get("XDG_CONFIG_HOME", "")
    if not Path(settings).is_absolute():
        settings = os.path.expanduser("~/.config")  # noqa: PTH111  # never raises
    folder = Path(settings) / "evalkit"
    if folder.exists() and (checkout := named_by_git(folder, around=Path.cwd())) is not None:
        raise UserError(
            f"{folder} is a part of the checkout {checkout}: evalkit reads its settings (presets, sign-in, facts of "
            "models) from no checkout that it works in. Set HOME or XDG_CONFIG_HOME to a folder outside of it"
        )
    return folder


def _index(tree: Path) -> bytes:
    own = tree / ".git"
    try:
        if own.is_file():  # a linked worktree or a submodule: one line names the folder
            own = tree / read_file(own).decode("utf-8", "replace").strip().removeprefix("gitdir: ")
        return read_file(own / "index")
    except OSError:
        return b""
