"""The commit of a suite's repository, and that nothing in a checkout can make git run a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.engine.revision import git_revision

CLEAN = {
    "PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c",
}  # fmt: skip
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=CLEAN, capture_output=True, text=True, timeout=60, check=check)
    return done.stdout.strip()


def repository(folder: Path, **files: str) -> str:
    """A repository with one commit; its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    for name, text in {"suite.yaml": "name: s\n", **files}.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD")


class Trap:
    """A repository with a program in its settings that leaves a mark when it runs."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "PWNED"
        self.tree = folder / "checkout"
        self.suite = self.tree / "suites"
        self.program = folder / "program"
        self.program.write_text(f"#!/bin/sh\nenv > {self.mark}\ncat\n")
        self.program.chmod(0o755)
        repository(self.tree, notes="n\n", **{".gitattributes": "notes filter=evil diff=evil merge=evil\n"})
        self.suite.mkdir()
        (self.suite / "suite.yaml").write_text("name: s\n")
        git(self.tree, "add", "-A")
        git(self.tree, "commit", "-q", "-m", "two")

    def set(self, *settings: str, at: Path | None = None) -> None:
        for setting in settings:
            name, _, value = setting.partition("=")
            git(at or self.tree, "config", name, value)

    def change(self) -> None:
        (self.tree / "notes").write_text("N\n")  # of the same size, so that git has to read it


def _fsmonitor(trap: Trap) -> None:
    trap.set(f"core.fsmonitor={trap.program}")


def _bare(trap: Trap, place: Path) -> None:
    """What a pull request can commit: a folder with the files of a bare repository, and settings of its own."""
    seed = trap.tree.parent / "seed"
    repository(seed, f="hi")
    place.mkdir(exist_ok=True)
    for name in ("objects", "refs"):
        shutil.copytree(seed / ".git" / name, place / name, dirs_exist_ok=True)
    for name in ("HEAD", "index"):
        shutil.copy(seed / ".git" / name, place / name)
    (place / "config").write_text(
        f'[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = "{trap.program}"\n'
    )


def _bare_in_suite(trap: Trap) -> None:
    _bare(trap, trap.suite)


def _bare_above(trap: Trap) -> None:
    shutil.rmtree(trap.tree / ".git")
    _bare(trap, trap.tree)


def _own_git_folder(trap: Trap) -> None:
    _bare(trap, trap.suite / "x")
    (trap.suite / "x").rename(trap.suite / ".git")
    config = trap.suite / ".git" / "config"
    config.write_text(config.read_text().replace("\tworktree = .\n", ""))


def _git_file(trap: Trap) -> None:
    _bare(trap, trap.tree / "hidden")
    config = trap.tree / "hidden" / "config"
    config.write_text(config.read_text().replace("worktree = .", "worktree = ../suites"))
    (trap.suite / ".git").write_text("gitdir: ../hidden\n")


def _filter(trap: Trap) -> None:
    trap.set(f"filter.evil.clean={trap.program}")
    trap.change()


def _filter_process(trap: Trap) -> None:
    trap.set(f"filter.evil.process={trap.program}", "filter.evil.required=true")
    trap.change()


def _textconv(trap: Trap) -> None:
    trap.set(f"diff.evil.textconv={trap.program}", f"diff.evil.command={trap.program}", f"diff.external={trap.program}")
    trap.change()


def _include(trap: Trap) -> None:
    (trap.tree / "more").write_text(f"[core]\n\tfsmonitor = {trap.program}\n")
    trap.set("include.path=../more")


def _include_if(trap: Trap) -> None:
    (trap.tree / "more").write_text(f"[core]\n\tfsmonitor = {trap.program}\n")
    trap.set(f"includeIf.gitdir:{trap.tree}/.path={trap.tree}/more")


def _worktree_settings(trap: Trap) -> None:
    trap.set("extensions.worktreeConfig=true")
    (trap.tree / ".git" / "config.worktree").write_text(f"[core]\n\tfsmonitor = {trap.program}\n")


def _hooks(trap: Trap) -> None:
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-auto-gc"):
        shutil.copy(trap.program, trap.tree / ".git" / "hooks" / name)
    shutil.copytree(trap.tree / ".git" / "hooks", trap.tree / "hooks")
    trap.set("core.hooksPath=hooks")
    os.utime(trap.tree / "notes", (1, 1))  # unchanged, but git has to look, and then writes its index


def _submodule(trap: Trap) -> None:
    inner = trap.tree / "inner"
    commit = repository(inner)
    git(trap.tree, "update-index", "--add", "--cacheinfo", f"160000,{commit},inner")
    git(trap.tree, "commit", "-q", "-m", "three")
    trap.set(f"core.fsmonitor={trap.program}", at=inner)


def _lazy_fetch(trap: Trap) -> None:
    trap.program.write_text(f"#!/bin/sh\nenv > {trap.mark}\n")
    trap.set(
        "core.repositoryformatversion=1", "extensions.partialClone=origin", "remote.origin.promisor=true",
        "remote.origin.url=ssh://nobody@127.0.0.1:1/x", f"core.sshCommand={trap.program}",
    )  # fmt: skip
    root = git(trap.tree, "rev-parse", "HEAD^{tree}")
    (trap.tree / ".git" / "objects" / root[:2] / root[2:]).unlink()


def _words(trap: Trap) -> None:
    """Settings that name programs and need no more than to be read."""
    names = ("alias.diff", "alias.describe", "core.pager", "pager.diff", "core.askPass", "core.alternateRefsCommand")
    trap.set(*(f"{name}=!{trap.program}" for name in names), f"core.gitProxy={trap.program}")
    trap.change()


FIRES: dict[str, tuple[Callable[[Trap], None], bool]] = {
    "fsmonitor": (_fsmonitor, True),
    "a bare repository in the suite's folder": (_bare_in_suite, True),
    "a bare repository above it": (_bare_above, True),
    "a .git folder in the suite's folder": (_own_git_folder, True),
    "a .git file that points elsewhere": (_git_file, True),
    "a clean filter": (_filter, True),
    "a filter process": (_filter_process, True),
    "textconv and external diffs": (_textconv, False),
    "an included file": (_include, True),
    "an included file under a condition": (_include_if, True),
    "settings of a worktree": (_worktree_settings, True),
    "hooks": (_hooks, True),
    "a submodule": (_submodule, True),
    "a fetch of missing objects": (_lazy_fetch, True),
    "aliases, pagers and helpers": (_words, False),
}


@pytest.mark.long(but=6)
@pytest.mark.parametrize("kind", FIRES)
def test_no_setting_of_a_checkout_runs_a_program(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay, fires = FIRES[kind]
    trap = Trap(tmp_path)
    lay(trap)
    if fires:  # the trap is real: this is what evalkit asked of git before
        spare = tmp_path / "spare"
        shutil.copytree(tmp_path / "checkout", spare / "checkout", symlinks=True)
        git(trap.suite, "describe", "--always", "--dirty", "--exclude=*", check=False)
        assert trap.mark.exists(), "this trap does not work with this git"
        trap.mark.unlink()
        shutil.rmtree(trap.tree)
        (spare / "checkout").rename(trap.tree)
        if kind == "hooks":
            os.utime(trap.tree / "notes", (2, 2))
    monkeypatch.chdir(trap.suite)
    git_revision(trap.suite)
    git_revision(Path())
    assert not trap.mark.exists()


VARIABLES = {
    "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": "{program}",
    "GIT_EXTERNAL_DIFF": "{program}", "GIT_SSH_COMMAND": "{program}", "GIT_PAGER": "{program}", "PAGER": "{program}",
    "GIT_ASKPASS": "{program}", "GIT_EXEC_PATH": "{folder}", "GIT_TEMPLATE_DIR": "{folder}", "HOME": "{folder}",
    "XDG_CONFIG_HOME": "{folder}", "GIT_CONFIG_GLOBAL": "{folder}/.gitconfig", "GIT_TRACE": "{folder}/PWNED",
    "GIT_DIR": "{folder}/elsewhere", "GIT_CONFIG_PARAMETERS": "'core.fsmonitor={program}'",
}  # fmt: skip


def test_variables_and_settings_of_the_user_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = Trap(tmp_path)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\tfsmonitor = {trap.program}\n")
    commit = git(trap.tree, "rev-parse", "HEAD")
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value.format(program=trap.program, folder=tmp_path))
    assert git_revision(trap.suite) == commit
    assert not trap.mark.exists()


def test_a_program_named_git_in_the_checkout_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = Trap(tmp_path)
    commit = git(trap.tree, "rev-parse", "HEAD")
    for folder in (trap.tree, trap.suite, trap.tree / "bin"):
        folder.mkdir(exist_ok=True)
        shutil.copy(trap.program, folder / "git")
    monkeypatch.chdir(trap.suite)
    for path in (".", "", "../bin", str(trap.tree / "bin"), f".:{trap.tree / 'bin'}::{trap.suite}"):
        monkeypatch.setenv("PATH", path)
        assert git_revision(trap.suite) == f"{commit}-unchecked"
        monkeypatch.setenv("PATH", f"{path}:{CLEAN['PATH']}")
        assert git_revision(trap.suite) == commit
    assert not trap.mark.exists()


def test_the_commit_and_whether_files_differ(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None, "no repository"
    tree = tmp_path / "tree"
    commit = repository(tree)
    inner = tree / "a" / "b"
    inner.mkdir(parents=True)
    assert git_revision(inner) == commit
    (tree / "untracked").write_text("x")
    assert git_revision(inner) == commit, "as git describe --dirty: only tracked files count"
    os.utime(tree / "suite.yaml", (1, 1))
    assert git_revision(inner) == commit, "another time is no other content"
    (tree / "suite.yaml").write_text("name: t\n")
    assert git_revision(inner) == f"{commit}-dirty"
    git(tree, "add", "-A")
    assert git_revision(inner) == f"{commit}-dirty", "staged, not committed"
    git(tree, "commit", "-q", "-m", "two")
    assert git_revision(inner) == git(tree, "rev-parse", "HEAD") != commit
    (tree / "suite.yaml").unlink()
    assert str(git_revision(inner)).endswith("-dirty")


def test_worktrees_packed_references_detached_heads_and_clones(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    commit = repository(tree)
    git(tree, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    assert git_revision(tmp_path / "linked") == commit
    (tmp_path / "linked" / "suite.yaml").write_text("name: t\n")
    assert git_revision(tmp_path / "linked") == f"{commit}-dirty"
    git(tree, "pack-refs", "--all")
    git(tree, "gc", "-q")
    assert git_revision(tree) == commit
    git(tree, "checkout", "-q", "--detach")
    assert git_revision(tree) == commit
    git(tmp_path, "clone", "-q", "--shared", str(tree), str(tmp_path / "shared"))
    assert git_revision(tmp_path / "shared") == commit
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tree}", str(tmp_path / "shallow"))
    assert git_revision(tmp_path / "shallow") == commit
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    assert git_revision(tmp_path / "empty") is None, "no commit yet"
    (tmp_path / "sha256").mkdir()
    git(tmp_path / "sha256", "init", "-q", "--object-format=sha256")
    long = repository(tmp_path / "sha256")
    assert len(long) == 64 and git_revision(tmp_path / "sha256") == long


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _link(path: Path, to: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(to)


def _circle(own: Path) -> None:
    (own / "HEAD").write_text("ref: refs/heads/a\n")
    (own / "refs/heads/a").write_text("ref: refs/heads/a\n")


ODD: dict[str, Callable[[Path], object]] = {
    "HEAD is a pipe": lambda own: _pipe(own / "HEAD"),
    "HEAD is a device": lambda own: _link(own / "HEAD", "/dev/zero"),
    "HEAD is somebody's file": lambda own: _link(own / "HEAD", "/etc/passwd"),
    "HEAD climbs out": lambda own: (own / "HEAD").write_text("ref: refs/../../../../etc/passwd\n"),
    "HEAD names itself": _circle,
    "HEAD is empty": lambda own: (own / "HEAD").write_text(""),
    "HEAD is no text": lambda own: (own / "HEAD").write_bytes(b"\xff\x00\xfe"),
    "packed-refs is a device": lambda own: (own / "HEAD").write_text("ref: refs/heads/b\n") and _link(
        own / "packed-refs", "/dev/zero"),
}  # fmt: skip
UNREADABLE: dict[str, Callable[[Path], object]] = {
    "commondir names a device": lambda own: (own / "commondir").write_text("/dev/zero\n"),
    "the index is a pipe": lambda own: _pipe(own / "index"),
    "the index is a device": lambda own: _link(own / "index", "/dev/zero"),
    "the index is no index": lambda own: (own / "index").write_bytes(b"DIRC" + b"\xff" * 1000),
    "there is no index": lambda own: (own / "index").unlink(),
    "objects are gone": lambda own: shutil.rmtree(own / "objects"),
}


@pytest.mark.parametrize("kind", [*ODD, *UNREADABLE])
def test_an_odd_repository_is_unknown_and_never_hangs(kind: str, tmp_path: Path) -> None:
    commit = repository(tmp_path / "tree")
    {**ODD, **UNREADABLE}[kind](tmp_path / "tree" / ".git")
    start = time.monotonic()
    assert git_revision(tmp_path / "tree") == (f"{commit}-unchecked" if kind in UNREADABLE else None)
    assert time.monotonic() - start < 20


def test_a_git_file_that_names_nothing_is_unknown(tmp_path: Path) -> None:
    for text in ("", "gitdir: /nowhere\n", "gitdir: /dev\n", "gitdir: /proc/self\n", "x\n", "gitdir: .\n"):
        (tmp_path / ".git").write_text(text)
        assert git_revision(tmp_path) is None
