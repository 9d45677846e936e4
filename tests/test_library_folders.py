"""Folders from which libraries take code and data: what a checkout brings along in them is neither read nor run."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
from pathlib import Path

import pytest

from evalkit.adapters.vllm.child import PASSED_ON, environment, make_home
from evalkit.errors import SuiteError, UserError
from evalkit.library_folders import hub_cache, refuse_for_evaluation
from evalkit.suite import hugging_face
from tests.source_trees import ROOT, trees
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
REVISION = "0123456789abcdef0123456789abcdef01234567"
SNAPSHOT = f"datasets--org--parity/snapshots/{REVISION}/test.jsonl"
SUITE = (
    "name: s\nmodels: {m: {adapter: scripted, replies: {'*': a}}}\n"
    f"tasks:\n  - {{name: t, data: {{hub: org/parity, file: test.jsonl, revision: {REVISION}}}, "
    "prompt: '{{ q }}', target: '{{ a }}', score: exact}\n"
)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that is worked in, in which nothing is kept; no library has been told of a folder."""
    for name in list(os.environ):
        if (
            name.startswith(("HF_H", "HUGGINGFACE", "XDG_", "TRANSFORMERS", "TRITON", "VLLM"))
            and name != "HF_HUB_OFFLINE"
        ):
            monkeypatch.delenv(name)
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(folder)
    subprocess.run(["git", "init", "-q", "."], check=True)
    return folder


def kept(folder: Path, name: str = "x") -> None:
    """Put a file there, and have git keep it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text('{"q": "a", "a": "a"}\n')
    subprocess.run(["git", "add", "-A", "-f"], check=True)


@pytest.mark.parametrize("by_git", [True, False], ids=["kept by git", "the person's own"])
@pytest.mark.parametrize(
    "variable, value, hub",
    [
        ("HF_HOME", "{work}/.hf", ".hf/hub"),
        ("HF_HOME", ".hf", ".hf/hub"),
        ("HF_HOME", "$WORKSPACE/.hf", ".hf/hub"),
        ("HF_HUB_CACHE", "{work}/.hub", ".hub"),
        ("HUGGINGFACE_HUB_CACHE", "{work}/.hub", ".hub"),
        ("XDG_CACHE_HOME", "{work}/.cache", ".cache/huggingface/hub"),
        ("HOME", "{work}", ".cache/huggingface/hub"),
    ],
)
def test_a_hub_cache_is_believed_where_no_checkout_brings_it(
    work: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, hub: str, by_git: bool
) -> None:
    """The library believes a file in its cache under a pinned revision without a question to the hub."""
    monkeypatch.setenv("WORKSPACE", str(work))
    monkeypatch.setenv(variable, value.format(work=work))
    (work / "s.yaml").write_text(SUITE)
    kept(work / hub, SNAPSHOT)
    if not by_git:
        subprocess.run(["git", "rm", "-rq", "--cached", hub], check=True)
    ran = evalkit(capsys, "check", "s.yaml")
    if by_git:
        assert ran.code == 2
        assert (
            "a pull request could bring them along. Set HF_H" in " ".join(ran.err.split()) or "HUGGINGFACE" in ran.err
        )
    else:
        assert ran.code == 0, ran.err


def test_links_of_a_hub_cache_are_refused_before_anything_is_written(
    work: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = work / ".hf" / "hub" / "datasets--org--parity" / "snapshots"
    snapshots.mkdir(parents=True)
    (snapshots / REVISION).symlink_to(tmp_path / "victim")
    subprocess.run(["git", "add", "-A", "-f"], check=True)
    (work / "s.yaml").write_text(SUITE)
    monkeypatch.setenv("HF_HOME", str(work / ".hf"))
    before = sorted(tmp_path.rglob("*"))
    assert evalkit(capsys, "check", "s.yaml").code == 2
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("file", [".config/git/config", "data/.netrc", "./.x", ".hidden.csv"])
def test_a_hidden_file_of_a_dataset_is_refused_before_it_is_fetched(file: str) -> None:
    with pytest.raises(SuiteError, match="is hidden"):
        hugging_face.fetch("org/parity", file, REVISION)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"HF_HOME": "~/x"},
        {"HF_HOME": "$HOME/y"},
        {"HF_HOME": "rel"},
        {"XDG_CACHE_HOME": "/c"},
        {"HF_HUB_CACHE": "~/h", "HF_HOME": "/no"},
        {"HUGGINGFACE_HUB_CACHE": "/old", "XDG_CACHE_HOME": "/c"},
    ],
    ids=str,
)
def test_the_hub_s_cache_is_where_the_library_looks(
    work: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    source = Path(pytest.importorskip("huggingface_hub").__file__).parent / "constants.py"
    assert str(hub_cache()) == runpy.run_path(str(source))["HF_HUB_CACHE"]


@pytest.mark.parametrize(
    "variable",
    ["HF_HOME", "HF_MODULES_CACHE", "HF_DATASETS_CACHE", "HF_EVALUATE_CACHE", "HF_METRICS_CACHE", "HF_XET_CACHE",
     "HF_DATASETS_DOWNLOADED_EVALUATE_PATH", "HF_OF_NEXT_YEAR_DIR", "HF_TOKEN_PATH", "TRANSFORMERS_CACHE",
     "XDG_CACHE_HOME", "NLTK_DATA", "TIKTOKEN_CACHE_DIR", "NUMBA_CACHE_DIR", "TORCH_HOME", "HOME"],
)  # fmt: skip
def test_lm_eval_is_not_asked_where_a_checkout_brings_its_programs(
    work: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """`evaluate` puts its folder of modules on the import path: what lies there would run in this process."""
    (work / "s.yaml").write_text(SUITE.partition("tasks:")[0] + "tasks: [{lm_eval: polemo2_in}]\n")
    monkeypatch.setenv(variable, str(work if variable == "HOME" else work / "kept"))
    refuse_for_evaluation()
    kept(work / (".cache/any" if variable == "HOME" else "kept"))
    ran = evalkit(capsys, "check", "s.yaml")
    assert ran.code == 2
    assert "libraries take programs and data from it" in " ".join(ran.err.split())
    assert f"({variable})" in ran.err


def test_an_empty_variable_is_no_working_directory(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries join "" and "modules", and put that on the import path."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "HF_MODULES_CACHE"):
        with monkeypatch.context() as m:
            m.setenv(name, "")
            with pytest.raises(UserError, match=f"{name} is set and empty"):
                refuse_for_evaluation()


def test_weights_of_the_suite_ask_for_no_hub(work: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(work / "hf"))
    kept(work / "hf")
    tasks = "tasks: [{name: t, cases: [{q: a, expected: b}], prompt: '{{ q }}', score: exact}]\n"
    for model, refused in (("./mine", False), ("/elsewhere/model", True)):
        (work / "s.yaml").write_text(f"name: s\nmodels: {{m: {{adapter: ctranslate2, model: {model}}}}}\n{tasks}")
        ran = evalkit(capsys, "check", "s.yaml")
        assert ran.code == 2
        assert ("libraries take programs" in " ".join(ran.err.split())) is refused, ran.err


@pytest.mark.parametrize(
    "variable",
    ["TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "VLLM_CACHE_ROOT", "FLASHINFER_WORKSPACE_BASE", "HF_HOME",
      "TMPDIR", "CUDA_CACHE_PATH", "VLLM_TUNED_CONFIG_FOLDER", "LMCACHE_CONFIG_FILE"],
)  # fmt: skip
def test_a_server_is_given_no_folder_that_a_checkout_brings(
    work: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """It loads what was compiled before, as programs."""
    monkeypatch.setenv(variable, str(work / "made"))
    assert environment("k", from_hub=False)[variable] == str(work / "made")
    kept(work / "made")
    with pytest.raises(UserError, match=f"\\({variable}\\) is a part of the checkout"):
        environment("k", from_hub=False)
    monkeypatch.setenv(PASSED_ON, variable)
    assert variable in environment("k", from_hub=False), "the person may say so"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_server_gets_certificates_that_a_company_keeps_in_its_repository(
    work: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    kept(work / "ci", "ca.pem")
    monkeypatch.setenv(variable, str(work / "ci" / "ca.pem"))
    assert environment("k", from_hub=True)[variable] == str(work / "ci" / "ca.pem")


def test_a_server_s_home_is_evalkit_s_own_where_a_checkout_is_the_person_s(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries look in it for compiled programs, modules (`.local`), settings and logins."""
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(work))
    assert environment("k", from_hub=False)["HOME"] == str(work)
    kept(work / ".triton" / "cache")
    given = environment("k", from_hub=False)
    assert given["HOME"] == str(tmp_path / "cache" / "home")
    assert given["HF_HUB_CACHE"] == str(work / ".cache" / "huggingface" / "hub"), "nothing is fetched twice"
    make_home(given)
    assert (tmp_path / "cache" / "home").stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_CONFIG_HOME", str(work / ".config"))
    assert "XDG_CONFIG_HOME" in environment("k", from_hub=False)
    kept(work / ".config" / "vllm")
    kept(work / ".cache" / "huggingface" / "hub")
    given = environment("k", from_hub=False)
    assert not {"HF_HUB_CACHE", "XDG_CONFIG_HOME"} & given.keys()


_LIBRARIES = frozenset(
    [
        "huggingface_hub",
        "datasets",
        "evaluate",
        "lm_eval",
        "transformers",
        "sentence_transformers",
        "torch",
        "vllm",
        "nltk",
    ]
)
_USERS = {
    "suite/hugging_face.py": "asks `hub_cache` first",
    "bridges/lm_eval/start.py": "asks `refuse_for_evaluation` first",
}
_BEHIND = "bridges/lm_eval/"
"""Modules that `bridges/lm_eval/start.py` has opened lm-eval for: they import inside functions that come after it."""


@pytest.mark.long
def test_no_other_module_uses_a_library_that_keeps_programs_or_data_in_the_home_folder() -> None:
    found = set()
    for path, tree in trees().items():
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(tree):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                modules += [str(node.args[0].value)] if called in {"import_module", "__import__"} else []
            if {module.split(".")[0] for module in modules} & _LIBRARIES and not name.startswith("testing/"):
                found.add(name)
    assert {name for name in found if not name.startswith(_BEHIND)} | {f"{_BEHIND}start.py"} == set(_USERS)
    for name, door in (("suite/hugging_face.py", "hub_cache()"), (f"{_BEHIND}start.py", "refuse_for_evaluation()")):
        assert door in (ROOT / name).read_text()
