"""The one door to the files that a suite names: data, examples, labels, recorded answers, weights, adapters, prices.

    file = find("data/tickets.jsonl", Path("suites"))     # Inside(...), or SuiteError: outside the allowed folders
    with file.open_file() as opened: ...                  # bytes; the path is checked again while it is opened

A suite may come from a pull request, so it may read only below the allowed folders: its own, the data folders that the
person running evalkit named (`--data-root`, EVALKIT_DATA_ROOTS, EVALKIT_DATA), and the hub's cache for what comes from
the hub. Links are followed where they stay inside. Hidden files (.netrc, .git, .env), /proc, /sys, /dev, devices, pipes
and sockets are refused everywhere.

What is found is a path without links. It is opened folder by folder from the allowed folder without following any link
(O_NOFOLLOW), so that a link which is put in its way afterwards is refused and not followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatch
from io import BufferedReader
from pathlib import Path

from evalkit.checkouts import is_hidden, led_astray
from evalkit.errors import SuiteError, UserError
from evalkit.frozen import dataclass
from evalkit.reading import HOLES_OF_NUMBERS, MOST_HOLES, digest_in, refuse_odd

ROOTS_VARIABLES = ("EVALKIT_DATA_ROOTS", "EVALKIT_DATA")
_SYSTEM = ("/proc", "/sys", "/dev")
_SHARED_MEMORY = "/dev/shm"  # a file system like any other, below a folder that is none
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
"""O_NONBLOCK: a pipe that is put in a file's place is refused and not waited for."""
MOST_TEXT = 64 * 2**20
"""Bytes of a file that is read as one text: tokenizers of large vocabularies have 35 MB. A file of blanks packs to
nothing in a repository, and would fill the memory."""
_LONGEST = 300
"""Characters of a path in a message."""
_named: ContextVar[tuple[Path, ...]] = ContextVar("data_roots", default=())
"""Data folders by --data-root, or by `data_roots` in Python."""

REFUSING: ContextVar[Callable[[Path, str], None] | None] = ContextVar("refusing", default=None)
"""Raises SuiteError for what is found outside the suite's own folder and may not be read there (`protected_data`), by
its true path and how messages call it. None: whatever the person named may be read."""


def name_roots(folders: Iterable[Path]) -> None:
    """Add data folders from here on, by the person's word on the command line."""
    _named.set((*_named.get(), *folders))


def forget_roots() -> None:
    """Take back every data folder that `name_roots` added."""
    _named.set(())


@contextmanager
def named_roots(folders: Iterable[Path]) -> Iterator[None]:
    """Add data folders within this block, by the person's word."""
    before = _named.set((*_named.get(), *folders))
    try:
        yield
    finally:
        _named.reset(before)


def of_person(written: object, what: str) -> Path:
    """A path that a person gave: `~/` is their home, as in a shell, and no folder of that name here.

    Some libraries read a `~` in whatever they open and others do not, so none begins with it from here on. Raises
    UserError where it is neither a text nor a path; `what` is how the message calls it.
    """
    if not isinstance(written, str | os.PathLike) or not isinstance(os.fspath(written), str):
        raise UserError(f"{what} is a path, as a text or a pathlib.Path (value seen: {type(written).__name__})")
    path = Path(os.path.expanduser(os.fspath(written)))  # noqa: PTH111  # never raises
    return path.absolute() if str(path).startswith("~") else path


def data_roots() -> tuple[Path, ...]:
    """The data folders that the person running evalkit named, without links. Raises UserError for one that is none, or
    that a link of a checkout leads to (`checkouts.led_astray`)."""
    listed = [(folder, "--data-root") for folder in _named.get()]
    for variable in ROOTS_VARIABLES:
        listed += [(Path(text), variable) for text in os.environ.get(variable, "").split(os.pathsep) if text.strip()]
    found = []
    for folder, where in listed:
        real = _real(os.path.expanduser(folder))  # noqa: PTH111  # never raises
        if not os.path.isdir(real):  # noqa: PTH112
            if where == ROOTS_VARIABLES[1]:
                continue  # the shipped suites name it in their paths, and say then what is missing
            raise UserError(f"{where} {folder}: there is no such folder; name one that holds data")
        if (astray := led_astray(Path(os.path.expanduser(folder)))) is not None:  # noqa: PTH111
            raise UserError(
                f"{where} {folder}: the link {astray[0]} {astray[1]}: whoever put it there would choose what a suite "
                f"may read. If it may read that folder, name it without the link: {real}"
            )
        if _of_the_system(real):
            raise UserError(f"{where} {folder}: holds no data files but the system's own state; name another folder")
        found.append(Path(real))
    return tuple(dict.fromkeys(found))


def refuse_led_astray(path: Path) -> None:
    """Raises SuiteError where a link of a checkout leads a suite's path elsewhere (`led_astray`); not where the path
    ends in a data folder that the person named.

    A pull request may put a link to a folder of secrets where the suites were, which a suite there could read as its
    own, and complaints quote values. Links outside of every checkout are the person's own (/tmp on macOS).
    """
    if (found := led_astray(path)) is None:
        return
    real = Path(os.path.realpath(path))
    for root in data_roots():
        if real.is_relative_to(root) and not any(is_hidden(part) for part in real.relative_to(root).parts):
            return
    raise SuiteError(
        f"{path}: the link {found[0]} {found[1]}: whoever put it there would choose what is read. Write "
        "the path without the link or, if suites may be read there, name the folder: --data-root DIR (or "
        "EVALKIT_DATA_ROOTS)"
    )


def find(written: str, folder: Path, *, label: str | None = None, also: tuple[Path, ...] = ()) -> Inside:
    """What a suite's path means, relative to the suite's folder; it need not exist yet.

    `label` is how messages name it (None: as it was written). `also` are further allowed folders, like the hub's cache.
    `~/` is the home folder, which is no allowed one by itself. Raises SuiteError where it leaves the allowed folders.
    """
    label = label or written
    label = label if len(label) <= _LONGEST else f"{label[:_LONGEST]}…"
    if "\0" in written:
        raise SuiteError(f"{label}: a path holds no NUL character")
    home = os.path.expanduser("~") if written == "~" or written.startswith("~/") else None  # noqa: PTH111
    path = Path(home, written[2:]) if home is not None else folder / written
    allowed = tuple(dict.fromkeys(Path(_real(root)) for root in (folder, *data_roots(), *also)))
    return _resolve(path, allowed, label)


def named(path: Path) -> Inside:
    """A file or folder that the person or this package named, as what may be read; everything below a folder may be,
    and of a file's own folder nothing else."""
    real = Path(_real(path))
    if os.path.isdir(real):  # noqa: PTH112  # never raises
        return Inside(path, real, (), (real,), str(path))
    return Inside(path, real.parent, (real.name,), (real.parent,), str(path))


@dataclass(frozen=True, slots=True)
class Inside:
    """A file or folder inside an allowed folder. It may not exist, or be no ordinary file: `open_file` says so."""

    shown: Path
    """The path as it was named, for messages."""
    root: Path
    """The allowed folder that it was found in, without links."""
    parts: tuple[str, ...]
    """The way from there, without links when it was found."""
    allowed: tuple[Path, ...]
    label: str
    """Opens messages."""

    def __str__(self) -> str:
        return str(self.shown)

    def __truediv__(self, name: str) -> Inside:
        """What stands below this folder, links inside followed. Raises SuiteError where it leaves."""
        return _resolve(self.real / name, self.allowed, f"{self.label}/{name}", shown=self.shown / name)

    @property
    def name(self) -> str:
        """The last part of the path as it was named."""
        return self.shown.name

    @property
    def real(self) -> Path:
        """The whole path without links. For libraries and programs that open files themselves; prefer `open_file`."""
        return self.root.joinpath(*self.parts)

    @property
    def parent(self) -> Inside:
        """The folder that it is in; of the allowed folder that folder itself."""
        return Inside(self.shown.parent, self.root, self.parts[:-1], self.allowed, self.label)

    def is_file(self) -> bool:
        """Whether an ordinary file is there now."""
        return stat.S_ISREG(self._mode())

    def is_dir(self) -> bool:
        """Whether a folder is there now."""
        return stat.S_ISDIR(self._mode())

    def exists(self) -> bool:
        """Whether anything is there now."""
        return self._mode() != 0

    def names(self) -> list[str]:
        """The names in this folder, sorted, hidden ones left out; none where it cannot be listed."""
        try:
            handle = self._descend(self.parts)
        except OSError:
            return []
        try:
            listing = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
            try:
                return sorted(name for name in os.listdir(listing) if not name.startswith("."))  # noqa: PTH208  # a handle is no Path
            finally:
                os.close(listing)
        except OSError:
            return []
        finally:
            os.close(handle)

    def file_names(self) -> list[str]:
        """The names of the ordinary files in this folder, sorted; links and hidden ones are left out."""
        there = ((name, Inside(self.shown, self.root, (*self.parts, name), (), "")) for name in self.names()[:2_000])
        return [name for name, one in there if one.is_file()]

    def members(self, pattern: str = "*") -> list[Inside]:
        """The ordinary files of this folder whose names fit, sorted. Raises SuiteError for a link that leaves."""
        return [one for one in (self / name for name in self.names() if fnmatch(name, pattern)) if one.is_file()]

    def open_file(self, *, most_holes: int = MOST_HOLES) -> BufferedReader:
        """The file, opened without following a link. Raises SuiteError where it is no ordinary file, or mostly holes
        (`reading.refuse_odd`), OSError else."""
        if not self.parts:
            raise SuiteError(f"{self.label}: is a folder; name one file in it")
        handle = self._descend(self.parts[:-1])
        try:
            file = os.open(self.parts[-1], _FILE, dir_fd=handle)
        finally:
            os.close(handle)
        try:
            refuse_odd(file, self.shown, most_holes=most_holes)
        except OSError as error:
            os.close(file)
            raise SuiteError(f"{self.label or self.shown}: {error.strerror}") from error
        os.set_blocking(file, True)
        return os.fdopen(file, "rb")

    def read(self, most: int = MOST_TEXT) -> bytes:
        """The content, or its first `most` bytes. Raises as `open_file`."""
        with self.open_file() as file:
            return file.read(most)

    def text(self, encoding: str = "utf-8", *, most: int = MOST_TEXT) -> str:
        """The content as text. Raises as `open_file`, SuiteError above `most` bytes, and UnicodeDecodeError."""
        content = self.read(most + 1)
        if len(content) > most:
            raise SuiteError(f"{self.label or self.shown}: is larger than {most / 2**20:g} MB, and is not read")
        return content.decode(encoding)

    def n_bytes(self) -> int:
        """Size of the file. Raises as `open_file`."""
        with self.open_file(most_holes=HOLES_OF_NUMBERS) as file:
            return os.fstat(file.fileno()).st_size

    def sha256(self) -> str:
        """sha256 of the content, as 64 hex characters. Raises as `open_file`, and OSError for gigabytes of zeros."""
        with self.open_file(most_holes=HOLES_OF_NUMBERS) as file:
            return digest_in(file, most_nothing=HOLES_OF_NUMBERS)

    def _mode(self) -> int:
        """st_mode of what is there, 0 where nothing is or it cannot be reached without a link."""
        try:
            if not self.parts:
                return os.stat(self.root, follow_symlinks=False).st_mode  # noqa: PTH116
            handle = self._descend(self.parts[:-1])
            try:
                return os.stat(self.parts[-1], dir_fd=handle, follow_symlinks=False).st_mode
            finally:
                os.close(handle)
        except OSError:
            return 0

    def _descend(self, parts: Iterable[str]) -> int:
        """A handle of the folder this way below the root; no link is followed. The caller closes it."""
        handle = os.open(self.root, _FOLDER)
        try:
            for part in parts:
                inner = os.open(part, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
        except BaseException:
            os.close(handle)
            raise
        return handle


def _resolve(path: Path, allowed: tuple[Path, ...], label: str, *, shown: Path | None = None) -> Inside:
    try:
        real = Path(_real(path))
    except (OSError, ValueError) as error:
        raise SuiteError(f"{label}: is no path that can be read") from error
    if _of_the_system(str(real)) or _of_the_system(os.path.normpath(path)):
        raise SuiteError(f"{label}: a suite cannot read from /proc, /sys or /dev")
    roots = [root for root in allowed if real.is_relative_to(root)]
    for root in roots:
        parts = real.relative_to(root).parts
        if not any(is_hidden(part) for part in parts):
            if root != allowed[0] and (refuse := REFUSING.get()) is not None:  # the first is the suite's own folder
                refuse(real, label)
            return Inside(shown or path, root, parts, allowed, label)
    if roots:
        raise SuiteError(
            f"{label}: is hidden, or in a hidden folder (its name starts with a dot), and hidden files hold settings "
            "and secrets: a suite cannot read them. Use a file with another name"
        )
    raise SuiteError(
        f"{label}: is outside the suite's folder, and a suite may only read what is in it. Put it there, or name its "
        "folder, if the suite may read that: --data-root DIR (or EVALKIT_DATA_ROOTS)"
    )


def _real(path: str | Path) -> str:
    return os.path.realpath(path)


def _of_the_system(path: str) -> bool:
    """Whether a path is in /proc, /sys or /dev (but shared memory is a place for files)."""
    if path == _SHARED_MEMORY or path.startswith(_SHARED_MEMORY + "/"):
        return False
    return any(path == place or path.startswith(place + "/") for place in _SYSTEM)
