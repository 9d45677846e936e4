"""What lies in a checkout comes from whoever wrote to the repository: nothing of it is the person's own setting.

    own_settings("models.yaml", "...")        # ~/.config/evalkit/models.yaml; UserError where it is there in a checkout
    named_by_git(Path(".evalkit-cache"))      # the checkout whose index names it or a file in it, else None

Every place counts that a path passes: where it ends, and each link on the way there. git is not run.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import read_file

_MARKS = (".git", ".hg", ".jj", ".svn", ".sl", ".bzr")
"""What a checkout has at its top, as a folder, a file or a link."""
_MOST_LINKS = 40
"""As Linux has it: no file is opened behind more."""
_MOST_POINTER = 10_000
"""Bytes of a file `.git`: one line with a path."""


def way_of(path: Path) -> Iterator[tuple[Path, bool]]:
    """Where a path leads: each link that it passes, at its true place and with True, and at last where it ends, with
    False. Nothing need exist. A path behind too many links ends at one of them, and cannot be opened."""
    at, n_links = Path(path.absolute().anchor), 0
    ahead = list(reversed(path.absolute().parts[1:]))
    while ahead:
        part = ahead.pop()
        if part == "..":
            at = at.parent
            continue
        at /= part
        try:
            target = os.readlink(at)  # noqa: PTH115  # as the text that it is
        except (OSError, ValueError):
            continue  # no link, or nothing
        yield at, True
        n_links += 1
        if n_links > _MOST_LINKS:
            break
        at = Path(at.anchor) if target.startswith("/") else at.parent
        ahead += reversed([part for part in target.split("/") if part not in {"", "."}])
    yield at, False


def checkout_of(place: Path, marks: tuple[str, ...] = _MARKS) -> Path | None:
    """The nearest checkout that a true place lies in, or is; None: it lies in none."""
    return next(_checkouts_of(place, marks), None)


def checkouts_around(place: Path) -> list[Path]:
    """The checkout that a true place lies in and those around it, whose files may be what somebody else proposed.

    A repository of its own inside checkouts of git ends the walk: git brings no `.git` along, so somebody made it
    there. Every other mark may be a tracked file, and a submodule is a part of what is around it.
    """
    found = list(_checkouts_of(place))
    for n, one in enumerate(found):
        only_git = not any(os.path.lexists(outer / mark) for outer in found[n:] for mark in _MARKS[1:])
        if only_git and _is_of_its_own(one, found[n + 1 :]):
            return found[: n + 1]
    return found


def own_checkouts(place: Path) -> list[Path]:
    """The checkout of git that a true place lies in and, of a submodule, those that it is a part of."""
    found = []
    for one in _checkouts_of(place, (".git",)):
        found.append(one)
        if (kept := _repository_of(one)) is None or "modules" not in kept.parts or kept.parent.name == "worktrees":
            break
    return found


def _is_of_its_own(tree: Path, around: list[Path]) -> bool:
    """Whether it has a repository, or is a linked worktree of one whose checkout is none of those around."""
    git = tree / ".git"
    if git.is_dir() and not git.is_symlink():
        return True
    kept = _repository_of(tree)
    return (
        kept is not None
        and kept.parent.name == "worktrees"
        and not any(kept.is_relative_to(o / ".git") for o in around)
    )


def _repository_of(tree: Path) -> Path | None:
    """Where a submodule or linked worktree has its repository; None: it is neither, or does not say."""
    try:
        line = os.fsdecode(read_file(tree / ".git", most=_MOST_POINTER)).strip()
    except OSError:
        return None
    return Path(os.path.realpath(tree / line.removeprefix("gitdir: "))) if line.startswith("gitdir: ") else None


def holder_of(path: Path) -> Path | None:
    """The checkout that a path passes, or ends in; None: there is none."""
    found = (checkout_of(place.parent if is_link else place) for place, is_link in way_of(path))
    return next((one for one in found if one is not None), None)


def led_astray(path: Path) -> tuple[Path, str] | None:
    """The first link on a path's way that leads elsewhere than whoever wrote the path can see, and how messages say
    where: of those in a checkout, or below the working directory, one that leads out of that, to something hidden in it
    (`.git` holds logins), or to a folder around itself. None: there is none.

    A working directory that holds the home folder holds the person's own links, unless it is a checkout.
    """
    for place, is_link in way_of(path):
        around = (checkout_of(place.parent) or _worked_in(place)) if is_link else None
        if around is None:
            continue
        real = Path(os.path.realpath(place))
        if not real.is_relative_to(around):
            return place, f"leads out of {around}"
        if any(is_hidden(part) for part in real.relative_to(around).parts):
            return place, "leads to a hidden folder (hidden files hold settings and secrets)"
        if place.is_relative_to(real):
            return place, f"leads to a folder around it, {real}"
    return None


def is_hidden(name: str) -> bool:
    """Whether files or folders of this name are hidden, and so refused to suites.

    Two dots are Kubernetes': a mounted ConfigMap has links like `suite.yaml -> ..data/suite.yaml`.
    """
    return name.startswith(".") and not name.startswith("..")


def home_folder() -> Path | None:
    """The person's home folder without links; None where HOME is no whole path, which would mean a checkout."""
    home = os.path.expanduser("~")  # noqa: PTH111  # never raises
    return Path(os.path.realpath(home)) if os.path.isabs(home) else None  # noqa: PTH117


def below_home(written: str | Path, instead: str) -> Path:
    """A path with its `~` filled in. `instead` says what else to set. Raises UserError where there is no such home: a
    user of a container may have none."""
    path = Path(os.path.expanduser(written))  # noqa: PTH111  # never raises
    if str(path).startswith("~"):
        raise UserError(f"nobody knows where {path} is: set HOME{instead}")
    return path


def own_settings(name: str, instead: str) -> Path:
    """A file or folder of the person's settings of evalkit, which need not exist.

    `instead` says what to set for one that has to stay in a checkout. Raises UserError where something to read is there
    and it lies in a checkout (HOME is one in some CI jobs).
    """
    path = _settings_folder() / name
    if not path.is_dir() or any(path.glob("*.yaml")):
        refuse_in_checkout(path, instead)
    return path


def refuse_in_checkout(path: Path, instead: str) -> None:
    """Raises UserError where a file or folder is there and lies in a checkout, or is reached by way of one."""
    if os.path.lexists(path) and (tree := holder_of(path)) is not None:
        raise UserError(
            f"{path} lies in the checkout {tree}, whose files come from whoever writes to that repository: evalkit "
            f"reads no settings of yours from any. Move it to a folder outside, or {instead}"
        )


def _settings_folder() -> Path:
    """Below $XDG_CONFIG_HOME where that is a whole path, else below HOME where that is one: any other would mean a
    checkout, and what is below a device is not there."""
    for written in (os.environ.get("XDG_CONFIG_HOME", ""), os.path.expanduser("~/.config")):  # noqa: PTH111  # never raises
        if Path(written).is_absolute():
            return Path(written) / "evalkit"
    return Path(os.devnull) / "evalkit"


def _worked_in(link: Path) -> Path | None:
    here, home = Path.cwd(), home_folder()
    return here if link.is_relative_to(here) and not (home is not None and home.is_relative_to(here)) else None


def named_by_git(path: Path) -> Path | None:
    """A checkout around a file or folder that git may have brought it along in: its index names the path, something in
    it, or something that it lies in. None: there is none.

    The index of each checkout around it counts. One that cannot be read whole counts as naming everything.
    """
    for place, is_link in way_of(path):
        for tree in _checkouts_of(place.parent if is_link else place, (".git",)):
            from evalkit.git_index import names_of  # few caches lie in a checkout

            try:
                names = names_of(tree)
            except ValueError:
                return tree
            asked = folded(os.fsencode(place.relative_to(tree))) if place != tree else b""
            if names and (not asked or any(_overlap(asked, folded(name)) for name in names)):
                return tree
    return None


def _checkouts_of(place: Path, marks: tuple[str, ...] = _MARKS) -> Iterator[Path]:
    for folder in (place, *place.parents):
        if any(os.path.lexists(folder / mark) for mark in marks):
            yield folder


def _overlap(one: bytes, other: bytes) -> bool:
    return one == other or one.startswith(other + b"/") or other.startswith(one + b"/")


def folded(name: bytes) -> bytes:
    """One spelling for names that some file systems take for the same: those of macOS know no case."""
    if name.isascii():
        return name.lower()
    return os.fsencode(unicodedata.normalize("NFC", os.fsdecode(name)).casefold())
