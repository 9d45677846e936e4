"""A results folder that a checkout brought along: pipes and links to devices where evalkit reads files."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.reading import open_to_read, read_file
from evalkit.writing import open_to_write
from tests.world import evalkit, run_folders, write_suite

Capture = pytest.CaptureFixture[str]
MODELS = '  a: {adapter: scripted, replies: {"*": "B"}}\n  b: {adapter: scripted, replies: {"*": "B"}}'
GATE = "\ngate: {baseline: a, candidates: [b], rules: [{quality: all, margin: 0.4}]}\n"


@pytest.fixture(autouse=True)
def _nothing_is_waited_for() -> Iterator[None]:
    def over(*_: object) -> None:
        raise AssertionError("it waited for a pipe")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_what_is_no_ordinary_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-pipe").symlink_to("pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "to-pipe", "zero", "folder"):
        with pytest.raises(OSError, match=r"ordinary file|directory"):
            open_to_read(tmp_path / name)
    (tmp_path / "file").write_bytes(b"said")
    (tmp_path / "link").symlink_to("file")
    assert (read_file(tmp_path / "file"), read_file(tmp_path / "link")) == (b"said", b"said")


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    "name", ["run.json", "summary.json", "scores.npz", "rows-1.parquet", "texts-1.parquet", "journal-1.jsonl"]
)
def test_a_pipe_in_the_place_of_any_file_of_a_run_ends_in_a_sentence(
    tmp_path: Path, capsys: Capture, name: str
) -> None:
    suite = write_suite(tmp_path, "", n=20, models=MODELS)
    suite.write_text(suite.read_text() + GATE)
    places = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", suite, *places).code == 0
    (folder,) = run_folders(tmp_path / "results")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    for command in (("list",), ("show", folder), ("gate", folder), ("rescore", folder, "--suite", suite, "--preview")):
        ran = evalkit(capsys, *command, *places)
        assert ran.code in {0, 2, 3}, ran.err
        assert "Traceback" not in ran.err
    if name in {"run.json", "rows-1.parquet", "journal-1.jsonl"}:
        ran = evalkit(capsys, "gate", folder, *places)
        assert ran.code == 2
        words = {"run.json": "No run", "journal-1.jsonl": "no part of the run"}.get(name, "ordinary file")
        assert words in " ".join(ran.err.split())


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet", "run.json", "summary.json"])
def test_a_pipe_in_the_place_of_a_file_of_judges_ends_in_a_sentence(
    tmp_path: Path, capsys: Capture, judged_run: Path, name: str
) -> None:
    """What judges said is asked of DuckDB, which would wait for a pipe where run.json has no digest of it."""
    places = ("--results", tmp_path / "results")
    folder = judged_run
    (folder / "judging" / name).unlink(missing_ok=True)
    os.mkfifo(folder / "judging" / name)
    for command in (("list",), ("show", folder), ("show", folder, "--json"), ("judge-check", folder)):
        ran = evalkit(capsys, *command, *places)
        assert ran.code in {0, 2}, ran.err
        assert "Traceback" not in ran.err


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run that a judge has marked is kept, once it is made."""
    return tmp_path_factory.mktemp("judged")


@pytest.fixture
def judged_run(kept: Path, tmp_path: Path, capsys: Capture) -> Path:
    """A run of this test's own whose answers a judge has marked."""
    if not (kept / "results").exists():
        (kept / "d.jsonl").write_text('{"q": "Who?"}\n{"q": "When?"}\n{"q": "Why?"}\n')
        suite = kept / "suite.yaml"
        suite.write_text(
            f"name: s\nmodels:\n{MODELS}\n"
            'judges:\n  j: {adapter: scripted, replies: {"*": "Fine. [[8]]"}}\n'
            "tasks:\n  - {name: t, data: d.jsonl, prompt: '{{ q }}', score: {judge: {by: j, rubric: judge_rating}}}\n"
        )
        ran = evalkit(capsys, "run", suite, "--results", kept / "results")
        assert ran.code == 0, ran.err
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    (made,) = run_folders(tmp_path / "results")
    return made


@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet"])
@pytest.mark.parametrize("command", ["judge-check", "corpus", "show"])
def test_every_reader_of_a_run_refuses_a_pipe(
    tmp_path: Path, capsys: Capture, judged_run: Path, name: str, command: str
) -> None:
    folder = judged_run
    (folder / name).unlink()
    os.mkfifo(folder / name)
    ran = evalkit(capsys, command, folder, "--results", tmp_path / "results")
    assert ran.code in {0, 2} and "Traceback" not in ran.err
    assert ran.code == 2 or name == "texts-1.parquet"


def test_nothing_is_written_into_a_pipe_that_a_checkout_brought(tmp_path: Path) -> None:
    """A signature, a report: whoever opened it would wait for a reader for ever."""
    os.mkfifo(tmp_path / "run.sig")
    for append in (False, True):
        with pytest.raises(OSError, match="no ordinary file"):
            open_to_write(tmp_path / "run.sig", append=append)
    reader = os.open(tmp_path / "run.sig", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="no ordinary file"):
        open_to_write(tmp_path / "run.sig")
    os.close(reader)
    with open_to_write(Path("/dev/null")) as file:
        file.write(b"x")


@pytest.mark.parametrize("left", ["one", "all", "column"])
def test_an_answer_that_was_scored_and_has_no_score_is_refused(
    tmp_path: Path, capsys: Capture, judged_run: Path, left: str
) -> None:
    folder = judged_run
    path = folder / "rows-1.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("score")
    scores = table.column("score").to_pylist()
    scores = [None if left == "all" or n == 0 else one for n, one in enumerate(scores)]
    made = table.set_column(place, table.schema.field(place), pa.array(scores, pa.float64()))
    pq.write_table(table.remove_column(place) if left == "column" else made, path)
    facts = json.loads((folder / "run.json").read_text())
    for name in ("sealed", "checksum"):
        facts.pop(name, None)
    (folder / "run.json").write_text(json.dumps(facts))
    for name in ("scores.npz", "summary.json"):
        (folder / name).unlink(missing_ok=True)
    for command in (("show",), ("show", "--slices"), ("show", "--json"), ("judge-check",), ("gate",)):
        ran = evalkit(capsys, command[0], folder, *command[1:], "--results", tmp_path / "results")
        assert ran.code == 2 and "Traceback" not in ran.err, (command, ran.err)


@pytest.mark.parametrize("model", [[{"a": 1}], [1], [["a"]], [b"\xff"], [None]])
def test_a_column_of_another_kind_ends_in_a_sentence(tmp_path: Path, capsys: Capture, model: list[object]) -> None:
    suite = write_suite(tmp_path, "", n=20, models=MODELS)
    suite.write_text(suite.read_text() + GATE)
    places = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", suite, *places).code == 0
    (folder,) = run_folders(tmp_path / "results")
    path = folder / "rows-1.parquet"
    table = pq.read_table(path)
    odd = table.set_column(table.schema.get_field_index("model"), "model", pa.array(model * len(table)))
    pq.write_table(odd.replace_schema_metadata(table.schema.metadata), path)
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({k: v for k, v in facts.items() if k not in {"sealed", "checksum"}}))
    for command in ("gate", "show", "list"):
        ran = evalkit(capsys, command, *(() if command == "list" else (folder,)), *places)
        assert ran.code in ({2, 4} if command == "gate" else {0, 2}), ran.err
        assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_a_suite_that_is_a_pipe_or_has_no_possible_name_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    os.mkfifo(tmp_path / "s.yaml")
    ran = evalkit(capsys, command, tmp_path / "s.yaml")
    assert ran.code == 2 and "s.yaml: cannot be read: it is no ordinary file" in ran.err
    ran = evalkit(capsys, command, "a" * 5_000)
    assert ran.code == 2 and "File name too long" in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("name", ["prices.yaml", "models.yaml"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_place_of_a_file_beside_the_suite_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, make: Callable[[Path], None]
) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:9/v1")
    make(tmp_path / name)
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2 and name in ran.err and "is no ordinary file" in ran.err, ran.err
