"""The folder that a site is written into: nothing of anybody else's in it is replaced or removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from evalkit.errors import UserError
from evalkit.render.site import FOLDERS
from evalkit.writing import write_atomically

_MARK = b'<meta name="generator" content="evalkit">'
_HEAD = 400
"""Bytes in which the mark of our pages stands."""


@dataclass(slots=True)
class SiteFolder:
    """An open folder. Pages appear one by one, each at once; the index is to be written last."""

    path: Path
    written: set[Path] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path, *, replace: bool) -> SiteFolder:
        """The folder, made where it is missing. Raises UserError where it holds something and `replace` is not said,
        or where a file or a link is in the way."""
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise UserError(f"{path} is no folder. Choose another: --site FOLDER.")
        if not path.parent.is_dir():
            raise UserError(f"{path.parent} is no folder, so {path.name} cannot be made there.")
        try:
            if path.is_dir() and any(path.iterdir()) and not replace:
                raise UserError(
                    f"{path} is there and not empty. Choose another folder, or replace the pages of an earlier site in "
                    "it with --force."
                )
            for folder in (path, *(path / name for name in FOLDERS)):
                if folder.is_symlink():
                    raise UserError(f"{folder} is a link, and evalkit writes through none. Remove it.")
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{path} cannot be written ({error.strerror}). Choose another: --site FOLDER.") from error
        return cls(path)

    def write(self, name: str, text: str) -> bool:
        """Write a page; always true. Raises UserError where a file that is no page of ours has its name, RunIncomplete
        where the disk refuses."""
        path = self.path / name
        if path.exists() and not _is_ours(path):
            raise UserError(
                f"{path} is no page of evalkit's, so it is not replaced. Move it, or choose another folder."
            )
        write_atomically(path, text.encode("utf-8", "backslashreplace"))
        self.written.add(path)
        return True

    def sweep(self) -> None:
        """Remove the pages of runs that are gone: ours alone, and only of an earlier site."""
        for folder in FOLDERS:
            for path in (self.path / folder).glob("*.html"):
                if path not in self.written and _is_ours(path):
                    path.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not path.is_symlink() and _MARK in file.read(_HEAD)
    except OSError:
        return False
