"""`evalkit rescore`: stored answers marked again, through the command line, with real runs of the scripted adapter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.cli import run_command
from evalkit.store.runs import read_facts
from tests.world import evalkit, rows, run_folders

SUITE = """
name: sums
models:
  one: {adapter: scripted, replies: {a: "2 and 2 are 4", b: "It is 5, no, 6", "*": "none"}}
tasks:
  - name: sums
    data: {path: items.jsonl, id: id}
    prompt: "{{ question }}"
    target: "{{ answer }}"
    score: SCORE
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    results = tmp_path / "results"
    monkeypatch.setenv("EVALKIT_RESULTS", str(results))
    items = [("a", "2 + 2?", "4"), ("b", "2 + 3?", "5"), ("c", "1 + 1?", "2")]
    with (tmp_path / "items.jsonl").open("w") as file:
        for key, question, answer in items:
            file.write(json.dumps({"id": key, "question": question, "answer": answer}) + "\n")
    path = tmp_path / "suite.yaml"
    write(path, "exact")
    assert run_command(["run", str(path)]) == 0
    return path


def write(path: Path, score: str) -> None:
    path.write_text(SUITE.replace("SCORE", score), encoding="utf-8")


def scores(path: Path) -> list[float | None]:
    folder = run_folders(path.parent / "results")[0]
    return [row["score"] for row in rows(folder)]


@pytest.mark.long
def test_a_mended_suite_marks_the_old_answers_anew(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sum(score or 0 for score in scores(suite)) == 0
    write(suite, "{numbers: {pick: first}}")
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite)
    assert ran.code == 0, ran.err
    assert "sums × one by numbers: 2 of 3 scores changed, mean 0.0000 → 0.3333" in ran.out
    shown = evalkit(capsys, "show", "latest", "--json")
    assert "0.333" in shown.out


def test_run_json_tells_how_it_is_marked_and_how_it_was(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evalkit(capsys, "rescore", "latest", "--suite", suite, "--scorer", "{numbers: {pick: last}}").code == 0
    facts = read_facts(run_folders(suite.parent / "results")[0])
    assert facts["tasks"]["sums"]["scorer"] == "numbers"
    assert facts["tasks"]["sums"]["identity"]["score"] == {"name": "numbers", "options": {"pick": "last"}}
    assert [(h["task"], h["scorer_before"]) for h in facts["rescored"]] == [("sums", "exact")]
    assert facts["rescored"][0]["identity_before"]["score"]["name"] == "exact"


def test_each_answer_stands_once_and_its_cost_and_text_stay(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = rows(run_folders(suite.parent / "results")[0])
    evalkit(capsys, "rescore", "latest", "--suite", suite, "--scorer", "numbers")
    after = rows(run_folders(suite.parent / "results")[0])
    for name in ("key", "text", "attempts", "cost_usd", "spend_usd", "error_kind"):
        assert [row[name] for row in before] == [row[name] for row in after]


def test_marking_twice_the_same_changes_nothing(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite, "--json")
    assert ran.json["tasks"][0]["n_changed"] == 0
    assert read_facts(run_folders(suite.parent / "results")[0])["rescored"] == []


def test_a_changed_question_cannot_be_marked(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite.write_text(suite.read_text().replace("{{ question }}", "Sum: {{ question }}"))
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite)
    assert ran.code == 2
    assert "the run asked this with other messages" in ran.err
    assert scores(suite) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--scorer", "numers"], "did you mean 'numbers'"),
        (["--scorer", "{numbers: {pick: middle}}"], "'pick' must be one of"),
        (["--scorer", "[1, 2]"], "expected a scorer's name"),
        (["--scorer", "{numbers"], "--scorer"),
        (["--tasks", "sumz"], "the run has no task 'sumz'"),
        (["--scorer", "instructions"], "no list of instructions"),
    ],
)
def test_mistakes_are_told_and_change_nothing(
    suite: Path, capsys: pytest.CaptureFixture[str], args: list[str], says: str
) -> None:
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite, *args)
    assert ran.code == 2
    assert says in ran.err
    assert scores(suite) == [0.0, 0.0, 0.0]


def test_the_suite_is_found_by_its_name(
    suite: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(suite.parent)
    assert evalkit(capsys, "rescore").code == 0
    monkeypatch.chdir(suite.parent.parent)
    ran = evalkit(capsys, "rescore", "latest")
    assert ran.code == 2
    assert "--suite FILE" in ran.err


def test_a_run_that_was_marked_another_way_is_not_gone_on_with(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evalkit(capsys, "run", suite, "--resume", "latest").code == 0
    assert evalkit(capsys, "rescore", "latest", "--suite", suite, "--scorer", "{numbers: {pick: first}}").code == 0
    before = scores(suite)
    ran = evalkit(capsys, "run", suite, "--resume", "latest")
    assert ran.code == 2
    assert "was scored another way since" in " ".join(ran.err.split())
    assert scores(suite) == before


def test_a_preview_shows_the_change_and_leaves_every_file_as_it_is(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folders(suite.parent / "results")[0]
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    write(suite, "{numbers: {pick: first}}")
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite, "--preview")
    assert ran.code == 0, ran.err
    assert "sums × one by numbers: 2 of 3 scores changed, mean 0.0000 → 0.3333" in ran.out
    assert "nothing was written" in ran.out
    after = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert after == before
    told = evalkit(capsys, "rescore", "latest", "--suite", suite, "--preview", "--json")
    assert json.loads(told.out)["preview"] is True


@pytest.mark.long(but=1)
@pytest.mark.parametrize("preview", [True, False])
def test_a_mean_that_falls_is_said_and_not_only_printed(
    suite: Path, capsys: pytest.CaptureFixture[str], preview: bool
) -> None:
    """A slip in the options must not make a good model a bad one without a word."""
    write(suite, "{numbers: {pick: first}}")
    assert evalkit(capsys, "rescore", "latest", "--suite", suite).err == ""
    write(suite, '{numbers: {take: {after: "Result:"}}}')
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite, *(["--preview"] if preview else []))
    said = " ".join(ran.err.split())
    assert f"the mean {'would fall' if preview else 'fell'} from 0.333 to 0.000" in said
    assert f"2 answers that were read {'would be' if preview else 'are'} unreadable (3 of 3)" in said
    assert ("The earlier scores are kept" in said) is not preview
    write(suite, "{numbers: {pick: first}}")
    assert evalkit(capsys, "rescore", "latest", "--suite", suite).code == 0
    assert sum(score or 0 for score in scores(suite)) == 1
