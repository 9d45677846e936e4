"""The folders of the person's own from which libraries take code and data: a checkout brings nothing along in them.

    hub_cache()                     # ~/.cache/huggingface/hub, where the hub's library keeps what it fetched
    refuse_for_evaluation()         # before lm-eval, datasets and evaluate are imported: they run programs from there
    for_server({"HOME": ...})       # what a server of vLLM may be given: it loads programs that were compiled before

Some of these lie in a checkout: HF_HOME=$CI_PROJECT_DIR/.hf is a usual line of CI, and so is a HOME that is one. What a
pull request put there would be taken for what the library fetched or compiled itself: other records under a pinned
revision, a metric's Python, links to write through. So each is refused where git keeps something of it, before any
library is asked. A test walks the code for libraries that are used without these doors.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from evalkit.checkouts import below_home, named_by_git
from evalkit.errors import SuiteError, UserError
from evalkit.late import late
from evalkit.paths import Inside, find

_OF_HUB = late(r"(HF|HUGGING_?FACE)_(.*_)?(HOME|CACHE|PATH|DIR|ROOT|FOLDER|FILE)")
"""Variables by which the hub's library, `datasets` and `evaluate` find folders, whatever a later one is called."""
_OF_EVALUATION = late(
    r"(?!EVALKIT_).*_CACHE(_(HOME|DIR|PATH|ROOT|FOLDER))?|(TORCH|TRANSFORMERS|TFDS|SPACY|STANZA)_(.*_)?(HOME|DIR|DATA|PATH)"
    r"|NLTK_DATA|SACREBLEU|MPLCONFIGDIR"
)
"""Those of what lm-eval's tasks and metrics load beside it."""
_OF_HOME = (".cache", "nltk_data", ".sacrebleu")
"""Where they look in the home folder without a word."""
_PLACES = ("_HOME", "_CACHE", "_ROOT", "_DIR", "_FOLDER", "_PATH", "_BASE")
"""How variables end whose value is a place, also where it has no slash."""
_WIDE = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
"""Folders of everybody's, of which a server reads but a part: it can go on without."""
_PROGRAMS = frozenset(
    {"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CC", "CXX", "CPATH", "LIBRARY_PATH"}
)
"""Variables that name programs and not what programs left behind: the person's own word on what runs."""
_TRUST = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
"""Variables that name certificates, which companies keep in their repositories: the person's word on whom to trust."""
_EMPTY_MEANS_HERE = late(r"(HF|HUGGING_?FACE)_.*|XDG_CACHE_HOME|TRANSFORMERS_CACHE")
"""Variables whose empty text libraries take for the working directory."""


def hub_cache() -> Path:
    """Where the hub's library keeps what it fetched, by the library's own rules. The folder need not be there.

    Raises UserError where a checkout brings something of it, or of another folder of the hub's libraries, along.
    """
    name, home = _hub_home()
    _refuse(name, home)
    for variable, value in os.environ.items():
        if _OF_HUB.fullmatch(variable):
            _refuse(variable, _read(variable, value))
    found = _hub_cache()
    _refuse(name, found)  # a link may stand in a folder that is no checkout's
    return found


def find_weights(written: str, folder: Path, label: str) -> Inside:
    """What a suite's path of weights means: in the suite's folder, a data folder, or the hub's cache (`paths.find`).

    Raises SuiteError where it leaves them, and UserError as `hub_cache` for what lies nowhere else.
    """
    try:
        return find(written, folder, label=label)
    except SuiteError:
        return find(written, folder, label=label, also=(hub_cache(),))


def refuse_for_evaluation() -> None:
    """Raises UserError where a checkout brings along something of a folder that lm-eval, `datasets`, `evaluate` or what
    they import take code or data from."""
    hub_cache()
    for name, value in os.environ.items():
        if _OF_EVALUATION.fullmatch(name) and (value.strip() or _EMPTY_MEANS_HERE.fullmatch(name)):
            _refuse(name, _read(name, value))
    for part in _OF_HOME:
        _refuse("HOME", _filled(f"~/{part}"))


def for_server(given: Mapping[str, str], own_home: Path, *, free: Collection[str] = ()) -> dict[str, str]:
    """The environment of a server, in which no variable names what a checkout brought along.

    A home folder that holds such a thing is replaced by `own_home`, since any library may look for anything there, and
    those of XDG are left out; the hub's cache stays where it was. Variables in `free` are the person's word. Raises
    UserError for any other.
    """
    found = {name: value for name, value in given.items() if value.strip() or not _EMPTY_MEANS_HERE.fullmatch(name)}
    brought = [n for n in _WIDE if n in found and n not in free and named_by_git(_filled(found[n])) is not None]
    if brought and named_by_git(hub := _hub_cache()) is None:
        found.setdefault("HF_HUB_CACHE", str(hub.absolute()))
    for name in brought:
        found.pop(name)
    if "HOME" in brought:
        found["HOME"] = str(own_home)
    for name, value in found.items():
        if name in _PROGRAMS or name in _TRUST or name in free or "://" in value:
            continue
        for piece in value.split(os.pathsep):
            if os.sep in piece or (piece and name.endswith(_PLACES)):
                _refuse(name, _filled(piece))
    return found


def _hub_home() -> tuple[str, Path]:
    """The folder of the hub's libraries, and the variable that decides it."""
    if (named := os.environ.get("HF_HOME")) is not None:
        return "HF_HOME", _read("HF_HOME", named)
    if (base := os.environ.get("XDG_CACHE_HOME")) is not None:
        return "XDG_CACHE_HOME", _read("XDG_CACHE_HOME", base) / "huggingface"
    return "HOME", _filled("~/.cache/huggingface")


def _hub_cache() -> Path:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if (named := os.environ.get(name)) is not None:
            return _read(name, named)
    return below_home(_hub_home()[1], ", or HF_HOME to a whole path") / "hub"


def _read(name: str, value: str) -> Path:
    """The folder that a variable names. Raises UserError for an empty one, which is the working directory to a library
    and nothing to whoever wrote it."""
    if not value.strip() and _EMPTY_MEANS_HERE.fullmatch(name):
        raise UserError(
            f"{name} is set and empty, which libraries take for the working directory: unset it, or name a folder"
        )
    return _filled(value)


def _filled(written: str) -> Path:
    """As these libraries do it: `~` first, then `$NAME`."""
    return Path(os.path.expandvars(os.path.expanduser(written)))  # noqa: PTH111  # never raises


def _refuse(name: str, folder: Path) -> None:
    """Raises UserError where a checkout brings something of the folder along. `name`: the variable that decides it."""
    if (checkout := named_by_git(folder)) is None:
        return
    mended = "HF_HOME" if name in {"HOME", "XDG_CACHE_HOME"} and folder.name in {"huggingface", "hub"} else name
    raise UserError(
        f"{folder} ({name}) is a part of the checkout {checkout}, or its git index cannot be read, which would say: "
        "libraries take programs and data from it, and a pull request could bring them along. Set "
        f"{mended} to a folder outside of the checkout, or let git forget its files: git rm -r --cached. (A variable "
        "of your own, which no library reads: leave it out here, env -u NAME evalkit ...)"
    )
