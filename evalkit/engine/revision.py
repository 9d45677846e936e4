"""The git commit that a suite's files belong to, found without a word of the repository's own settings.

    git_revision(Path("suites"))       "3ee880d0..." or "3ee880d0...-dirty"; "...-unchecked" where that stays unknown

A checkout is a stranger's: its git configuration can name programs (core.fsmonitor, filters, hooks, external diffs),
and a folder that looks like a bare repository can be committed to any other. So the commit is read from the files of
the nearest `.git`, as text. Whether files differ from it is asked of git, in a temporary repository whose settings are
written here and which borrows the checkout's objects and a copy of its index.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from evalkit import child
from evalkit.reading import open_to_read

TIMEOUT_S = 5.0
_MOST_INDEX_BYTES = 2**28
_MOST_TEXT_BYTES = 2**24
"""Of packed-refs: a hundred thousand branches and tags have about 7 MB."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs/[^\s\0~^:?*\[\\]{1,500}")
_SETTINGS = (
    "safe.bareRepository=explicit", "core.fsmonitor=", f"core.hooksPath={os.devnull}", "core.untrackedCache=false",
    f"core.attributesFile={os.devnull}", f"core.excludesFile={os.devnull}", "core.fileMode=false", "core.pager=cat",
    "core.sshCommand=false", "core.askPass=", "credential.helper=", "protocol.allow=never", "diff.external=",
    "submodule.recurse=false", "maintenance.auto=false", "gc.auto=0",
)  # fmt: skip
"""Given on the command line, above any file: belt and braces, since the temporary repository names no program."""
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
}


def git_revision(folder: Path) -> str | None:
    """The commit of the repository around a folder; None outside of git, and where there is no commit yet.

    `-dirty` after it: a tracked file differs from the commit. `-unchecked`: whether one does could not be found out
    (no git here, or it took longer than 5 s). Submodules are not looked into; filters such as git-lfs do not run, so a
    file that they would change back may count as dirty.
    """
    try:
        found = _repository(folder.resolve())
        if found is None:
            return None
        tree, own = found
        common = _common(own)
        commit = _head(own, common)
    except (OSError, ValueError):
        return None
    if commit is None:
        return None
    try:
        dirty = _is_dirty(tree, own, common, commit)
    except (OSError, ValueError, child.ChildFailed):
        dirty = None
    return commit + {True: "-dirty", False: "", None: "-unchecked"}[dirty]


def _repository(folder: Path) -> tuple[Path, Path] | None:
    """(the working tree, its git folder) of the nearest `.git` at or above a folder; a bare one is passed over."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_dir():
            return place, git
        if git.is_file():  # a linked worktree or a submodule: one line names the folder
            line = _text(git).strip()
            if not line.startswith("gitdir: "):
                return None
            return place, (place / line.removeprefix("gitdir: ")).resolve()
    return None


def _common(own: Path) -> Path:
    """Where branches and objects are: the git folder itself, or the main repository's of a linked worktree."""
    named = own / "commondir"
    return (own / _text(named).strip()).resolve() if named.is_file() else own


def _head(own: Path, common: Path) -> str | None:
    """The commit that HEAD names, through at most five symbolic references."""
    said = _text(own / "HEAD").strip()
    for _ in range(5):
        if _COMMIT.fullmatch(said):
            return said
        ref = said.removeprefix("ref: ")
        if not _REF.fullmatch(ref) or ".." in ref.split("/"):
            return None
        loose = next((place / ref for place in (own, common) if (place / ref).is_file()), None)
        if loose is None:
            return _packed(common / "packed-refs", ref)
        said = _text(loose).strip()
    return None


def _packed(path: Path, ref: str) -> str | None:
    if not path.is_file():
        return None
    for line in _text(path).split("\n"):
        commit, _, name = line.partition(" ")
        if name == ref and _COMMIT.fullmatch(commit):
            return commit
    return None


def _is_dirty(tree: Path, own: Path, common: Path, commit: str) -> bool | None:
    """Whether tracked files differ from the commit; None where git is not here or does not say."""
    git = child.find_program("git", outside=[tree, Path.cwd()])
    if git is None:
        return None
    with tempfile.TemporaryDirectory(prefix="evalkit-git-") as made:
        borrowed = Path(made) / "git"
        (borrowed / "objects" / "info").mkdir(parents=True)
        (borrowed / "refs").mkdir()
        (borrowed / "HEAD").write_text(commit + "\n", encoding="ascii")
        version, extension = ("1", "[extensions]\n\tobjectFormat = sha256\n") if len(commit) == 64 else ("0", "")
        settings = f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = false\n{extension}"
        (borrowed / "config").write_text(settings, encoding="ascii")
        objects = str(common / "objects")
        if "\n" in objects:
            return None
        (borrowed / "objects" / "info" / "alternates").write_bytes(os.fsencode(objects) + b"\n")
        (borrowed / "index").write_bytes(_bytes(own / "index", _MOST_INDEX_BYTES))
        command = [git, f"--git-dir={borrowed}", f"--work-tree={tree}", "--no-pager", "--literal-pathspecs"]
        command += [word for setting in _SETTINGS for word in ("-c", setting)]
        # --ignore-submodules: git would run `git status` inside each, with the settings that it finds there.
        command += ["diff", "--quiet", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", commit, "--"]
        done = child.run(command, timeout_s=TIMEOUT_S, environment=child.environment(give=_ENVIRONMENT))
    return {0: False, 1: True}.get(done.code)


def _text(path: Path) -> str:
    return _bytes(path, _MOST_TEXT_BYTES).decode("utf-8", "replace")


def _bytes(path: Path, most: int) -> bytes:
    """The content of a regular file. Raises OSError for a pipe or a device, ValueError for a longer file."""
    with open_to_read(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path} has more than {most:,} bytes")
    return content
