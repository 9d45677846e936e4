"""Task files of lm-eval that a suite brings along read their own folder, the suite's and the person's, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lm_eval_world import CLOZE, SUITE, write_tasks
from tests.world import Ran, evalkit

pytest.importorskip("lm_eval", reason="SKIPPED LOUDLY: lm-eval is not installed here; `make test-lm-eval` runs these")
pytestmark = pytest.mark.filterwarnings("ignore")  # lm-eval's and datasets' own warnings are theirs

Capture = pytest.CaptureFixture[str]
MODELS = "{m: {adapter: ctranslate2, model: tiny}}"
FILES = "{data_files: {test: items.jsonl}}"


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite's folder with task files in `tasks`; `outside` beside it has the same items, and may not be read."""
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    suites = tmp_path / "suites"
    write_tasks(suites / "tasks", n=4)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "items.jsonl").write_bytes((suites / "tasks" / "items.jsonl").read_bytes())
    (outside / "cloze.yaml").write_text(CLOZE.replace("tiny_cloze", "outer"), "utf-8")
    (suites / "tasks" / "link.jsonl").symlink_to("items.jsonl")
    monkeypatch.chdir(suites)
    return suites


def check(capsys: Capture, suites: Path, task: str, *args: object) -> Ran:
    (suites / "suite.yaml").write_text(SUITE.format(tasks=f"[{task}]", models=MODELS, more=""), "utf-8")
    return evalkit(capsys, "check", suites / "suite.yaml", *args)


def own_task(suites: Path, text: str) -> str:
    (suites / "tasks" / "own.yaml").write_text(text.replace("tiny_cloze", "own"), "utf-8")
    return "{lm_eval: own, include_path: tasks}"


@pytest.mark.parametrize(
    "written",
    [
        "../../outside/items.jsonl",
        "OUTSIDE/items.jsonl",
        "file://OUTSIDE/items.jsonl",
        "local://OUTSIDE/items.jsonl",
        "simplecache::file://OUTSIDE/items.jsonl",
        "https://example.com/items.jsonl",
        "hf://datasets/org/name/items.jsonl",
        "../../outside/*.jsonl",
        "/proc/self/environ",
        "~/items.jsonl",
        "../../*/items.jsonl",
    ],
)
def test_data_files_stay_inside(capsys: Capture, suites: Path, written: str) -> None:
    path = written.replace("OUTSIDE", str(suites.parent / "outside"))
    for files in (f"{{test: '{path}'}}", f"['{path}']", f"'{path}'"):
        ran = check(capsys, suites, own_task(suites, CLOZE.replace(FILES, f"{{data_files: {files}}}")))
        assert ran.code == 2
        assert "data_files" in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("kwargs", ["{data_dir: /etc}", "{data_dir: ../../outside}", "{storage_options: {a: b}}", "{}"])
def test_other_ways_to_name_data_are_refused(capsys: Capture, suites: Path, kwargs: str) -> None:
    ran = check(capsys, suites, own_task(suites, CLOZE.replace(FILES, kwargs)))
    assert ran.code == 2
    assert "dataset_kwargs" in ran.err


@pytest.mark.parametrize("files", ["'../../x.jsonl'", "'/etc/passwd'", "'~/x.jsonl'", "{test: 'a/../../b'}"])
def test_a_dataset_of_the_hub_names_its_own_files(capsys: Capture, suites: Path, files: str) -> None:
    text = CLOZE.replace("dataset_path: json", "dataset_path: org/name").replace(FILES, f"{{data_files: {files}}}")
    ran = check(capsys, suites, own_task(suites, text))
    assert ran.code == 2
    assert "leaves the dataset of the hub" in ran.err


def test_a_group_cannot_send_a_shipped_task_elsewhere(capsys: Capture, suites: Path) -> None:
    given = "{task: arc_easy, dataset_path: json, dataset_kwargs: {data_files: {test: /etc/passwd}}}"
    (suites / "tasks" / "sly.yaml").write_text(f"group: sly\ntask: [{given}]\n", "utf-8")
    ran = check(capsys, suites, "{lm_eval: sly, include_path: tasks}")
    assert ran.code == 2
    assert "outside the suite's folder" in ran.err


def test_task_files_and_links_from_outside_are_refused(capsys: Capture, suites: Path) -> None:
    outside = suites.parent / "outside"
    for path in ("../outside", str(outside)):
        ran = check(capsys, suites, f"{{lm_eval: outer, include_path: '{path}'}}")
        assert ran.code == 2 and "outside the suite's folder" in ran.err
    ran = check(capsys, suites, own_task(suites, "include: ../../outside/cloze.yaml\ntask: own\n"))
    assert ran.code == 2 and "outside the suite's folder" in ran.err
    (suites / "tasks" / "sly.yaml").symlink_to(outside / "cloze.yaml")
    ran = check(capsys, suites, "{lm_eval: tiny_cloze, include_path: tasks}")
    assert ran.code == 2 and "outside the suite's folder" in ran.err


@pytest.mark.parametrize(
    "written", ["items.jsonl", "link.jsonl", "item*.jsonl", "../tasks/items.jsonl", "tasks/items.jsonl"]
)
def test_files_inside_are_read(capsys: Capture, suites: Path, written: str) -> None:
    ran = check(capsys, suites, own_task(suites, CLOZE.replace("items.jsonl", written)))
    assert ran.code == 0, ran.err


def test_the_person_can_name_the_folder(capsys: Capture, suites: Path) -> None:
    outside = suites.parent / "outside"
    task = own_task(suites, CLOZE.replace("items.jsonl", str(outside / "items.jsonl")))
    assert check(capsys, suites, task, "--data-root", outside).code == 0
    assert check(capsys, suites, "{lm_eval: outer, include_path: ../outside}", "--data-root", outside).code == 0
    named = ("--model", "ctranslate2:tiny", "--tasks", "outer", "--include_path", outside, "--no-cache")
    ran = evalkit(capsys, "lm-eval", *named, "--results", suites / "results")
    assert ran.code == 0, "a folder on the person's own command line needs no further word"
