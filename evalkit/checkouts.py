"""What git keeps in a checkout comes from whoever wrote to the repository: nothing of it is the person's own setting.

    named_by_git(Path(".evalkit-cache"))      # the checkout whose index names it or a file in it, else None

The index is read as a file: git is not run, and need not be here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import read_file


def named_by_git(place: Path, *, around: Path | None = None) -> Path | None:
    """The checkout whose index names a file or folder, or something in it, links followed or not; None: there is none.

    It is the nearest one around `place`, or around `around` where given. An index that cannot be read as git writes it
    counts as naming what lies in its checkout.
    """
    for one in dict.fromkeys((place.absolute(), place.resolve())):
        start = one if around is None else around.resolve()
        tree = next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)
        if tree is None or not one.is_relative_to(tree):
            continue
        content = _index(tree)
        named = b"" if one == tree else os.fsencode(one.relative_to(tree))
        try:
            if content and any(not named or name == named or name.startswith(named + b"/") for name in _names(content)):
                return tree
        except ValueError:
            return tree
    return None


def _names(index: bytes) -> Iterator[bytes]:
    """The paths that an index holds (gitformat-index, versions 2 to 4, digests of 20 or 32 bytes). Or ValueError."""
    if index[:4] != b"DIRC":
        raise ValueError("no index")
    version, n = int.from_bytes(index[4:8], "big"), int.from_bytes(index[8:12], "big")
    for digest in (20, 32):
        try:
            yield from list(_entries(index, version, n, 40 + digest))
        except (ValueError, IndexError):
            continue
        return
    raise ValueError("an index of another kind")


def _entries(index: bytes, version: int, n: int, flags_at: int) -> Iterator[bytes]:
    at, name = 12, b""
    for _ in range(n):
        flags = int.from_bytes(index[at + flags_at : at + flags_at + 2], "big")
        start = at + flags_at + (4 if version >= 3 and flags & 0x4000 else 2)
        if version == 4:  # how much of the name before goes, as git writes such numbers, and what comes behind it
            cut, byte = 0, 0x80
            while byte & 0x80:
                byte = index[start]
                cut = (cut << 7 | byte & 0x7F) + (1 if byte & 0x80 else 0)
                start += 1
        end = index.index(b"\0", start)
        name = name[: len(name) - cut] + index[start:end] if version == 4 else index[start:end]
        if not name or (flags & 0xFFF) not in (len(name), 0xFFF):
            raise ValueError("no entry of an index")
        yield name
        at = end + 1 if version == 4 else at + ((end - at) // 8 + 1) * 8


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
