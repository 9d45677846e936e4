"""A results folder that a checkout brought along: pipes and links to devices where evalkit reads files."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.reading import open_to_read, read_file
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
        assert "ordinary file" in " ".join(ran.err.split()) or name == "run.json"


@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet", "run.json", "summary.json"])
def test_a_pipe_in_the_place_of_a_file_of_judges_ends_in_a_sentence(tmp_path: Path, capsys: Capture, name: str) -> None:
    """What judges said is asked of DuckDB, which would wait for a pipe where run.json has no digest of it."""
    (tmp_path / "d.jsonl").write_text('{"q": "Who?"}\n{"q": "When?"}\n')
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        f"name: s\nmodels:\n{MODELS}\n"
        'judges:\n  j: {adapter: scripted, replies: {"*": "Fine. [[8]]"}}\n'
        "tasks:\n  - {name: t, data: d.jsonl, prompt: '{{ q }}', score: {judge: {by: j, rubric: judge_rating}}}\n"
    )
    places = ("--results", tmp_path / "results")
    ran = evalkit(capsys, "run", suite, *places)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    (folder / "judging" / name).unlink(missing_ok=True)
    os.mkfifo(folder / "judging" / name)
    for command in (("list",), ("show", folder), ("show", folder, "--json")):
        ran = evalkit(capsys, *command, *places)
        assert ran.code in {0, 2}, ran.err
        assert "Traceback" not in ran.err


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
