"""A results folder that a pull request brought along: what it names, weighs and holds does nothing but be refused."""

from __future__ import annotations

import json
import os
import time
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from evalkit.cli import run_command
from evalkit.errors import StoreError
from evalkit.reading import has_more_values
from evalkit.records import Row
from evalkit.store import dossier, journal, reviews, row_kinds, runs, score_table, sealing
from evalkit.store.row_codec import to_line
from tests.run_facts import made_run, set_facts
from tests.store_rows import a_row, write, write_sealed
from tests.test_import_guidellm import changed
from tests.test_odd_parts import COMMANDS, change, column, folder
from tests.world import evalkit

__all__ = ["folder"]
Capture = pytest.CaptureFixture[str]
SPARSE = 2**30
"""Bytes of zeros: none on the disk, all of them in memory once they are read whole."""


def unharmed(capsys: Capture, *commands: tuple[str, ...]) -> None:
    """No command ends with a traceback, whatever it says."""
    for command in commands:
        for left in ("e.csv", "j.jsonl", "dossier.jsonl"):
            Path(left).unlink(missing_ok=True)
        ran = evalkit(capsys, *command)
        assert ran.code in {0, 1, 2, 3, 4} and "Traceback" not in ran.err, (command, ran.err[-700:])


# ---- what is written, and where


@pytest.mark.parametrize(
    "name",
    ["../../out", "/ABSOLUTE", "a/../../../out", "..", ".", ".bashrc", "a/b", "a\\..\\b", "x" * 400, "\x1b[2J", ""],
)
@pytest.mark.parametrize("what", ["model", "task", "suite", "started_at"])
def test_export_writes_only_into_its_folder(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, name: str
) -> None:
    name = name.replace("/ABSOLUTE", str(tmp_path / "absolute"))
    work = tmp_path / "a" / "b" / "c"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    run = made_run(work / "results", "s", "ab" * 8, {"models": {}, "tasks": {}})
    write(run, [a_row(**{what: name})] if what in {"model", "task"} else [a_row()])
    runs.write_facts(run, {**runs.read_facts(run), **({what: name} if what in {"suite", "started_at"} else {})})
    before = set(tmp_path.rglob("*"))
    out = () if what == "suite" else ("--out", "lm")
    ran = evalkit(capsys, "export", run, "--to", "lm-eval", *out)
    assert ran.code == (2 if what == "started_at" else 0), ran.err  # a moment that is none is damage
    made = [path for path in set(tmp_path.rglob("*")) - before if path.is_file()]
    assert len(made) == (0 if what == "started_at" else 2)
    for path in made:
        assert path.parent.parent.parent == work, path
        assert len(path.name.encode()) < 255 and "\x1b" not in str(path)


def test_two_names_never_become_one_file(capsys: Capture, tmp_path: Path) -> None:
    run = made_run(tmp_path / "results", "s", "ab" * 8, {"models": {}, "tasks": {}})
    write(run, [a_row(model=name, task=task) for name in ("a/b", "a\\b", "a_b") for task in ("t/1", "t\\1", "t_1")])
    ran = evalkit(capsys, "export", run, "--to", "lm-eval", "--out", tmp_path / "lm")
    assert ran.code == 0 and len(set(ran.out.split())) == 3 * 4, ran.err


def test_a_plain_name_stays_as_it_is(capsys: Capture, tmp_path: Path) -> None:
    run = made_run(tmp_path / "results", "s", "ab" * 8, {"models": {}, "tasks": {}})
    write(run, [a_row(model="qwen2.5:7b (fp8)", task="Übung-1")])
    assert evalkit(capsys, "export", run, "--to", "lm-eval", "--out", tmp_path / "lm").code == 0
    assert list((tmp_path / "lm" / "qwen2.5:7b (fp8)").glob("samples_Übung-1_*.jsonl"))


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "\n=1", "\uff1d1+1", "-1-cmd()"])
def test_no_cell_of_an_export_is_a_formula(capsys: Capture, folder: Path, text: str) -> None:
    write_sealed(folder, [a_row(text=text)])
    assert evalkit(capsys, "export", "latest", "--to", "csv", "--out", "e.csv").code == 0
    assert f"'{text}" in Path("e.csv").read_text("utf-8")


# ---- what a file weighs


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["run.json", "summary.json", "scores.npz", "journal-x.jsonl", "reviews.jsonl", ".pledged"]
)
def test_a_file_of_zeros_fills_no_memory_and_hides_no_other_run(capsys: Capture, folder: Path, name: str) -> None:
    good = made_run(folder.parent, "good", "cd" * 8, {})
    (folder / name).unlink(missing_ok=True)
    (folder / name).touch()
    os.truncate(folder / name, SPARSE)
    listed = evalkit(capsys, "list")
    assert listed.code == 0 and good.name in listed.out
    unharmed(capsys, ("show", folder.name), ("gate", folder.name), ("judge-check", folder.name), ("run", "s.yaml"))


@pytest.mark.parametrize(
    "content", [b"[" + b"{}," * 6_000_000 + b"1]", b'{"a":' + b"[" * 7_000_000, b'{"a":[' + b"1," * 7_000_000]
)
def test_facts_of_millions_of_values_are_not_read(folder: Path, content: bytes) -> None:
    (folder / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        runs.read_facts(folder)


@pytest.mark.long(but=10)
@pytest.mark.parametrize("key", ["shape", "models", "tasks", "suite_resolved", "rescored"])
@pytest.mark.parametrize("one", [b"{}", b'{"a":1}', b'{"a":{"b":{}}}'])
def test_facts_of_many_small_objects_are_not_read(folder: Path, key: str, one: bytes) -> None:
    """A file of 10 MB took 640 MB: each object becomes a dictionary, and some a record."""
    listed = [b'"%d":%s' % (n, one) for n in range(101_000)] if key in {"models", "tasks"} else [one] * 101_000
    ends = (b"{", b"}") if key in {"models", "tasks"} else (b"[", b"]")
    facts = orjson.dumps({**runs.read_facts(folder), key: "HERE"})
    (folder / "run.json").write_bytes(facts.replace(b'"HERE"', ends[0] + b",".join(listed) + ends[1]))
    with pytest.raises(StoreError, match="more than 100,000 objects"):
        runs.read_facts(folder)


def test_facts_of_a_suite_of_a_thousand_tasks_are_read(folder: Path) -> None:
    told = {"n": 10, "identity": {"mode": "chat", "settings": {"extra": {"a": {}}}}, "prompt": "{" * 5_000}
    set_facts(folder, tasks={f"t{n}": {**told, **{f"k{k}": {"v": k} for k in range(30)}} for n in range(1_000)})
    assert len(runs.open_facts(folder).tasks or {}) == 1_000


@pytest.mark.long(but=1)
@pytest.mark.parametrize("size", [33, 200])
def test_a_file_of_marks_that_is_too_large_is_one_that_cannot_be_read(folder: Path, size: int) -> None:
    (folder / "reviews.jsonl").write_bytes(b"\n" * 2**17)
    assert reviews.read_reviews(folder) == ([], 0)
    os.truncate(folder / "reviews.jsonl", size * 2**20)
    assert reviews.read_reviews(folder) == ([], 1)


def test_a_long_answer_full_of_signs_is_read(folder: Path) -> None:
    text = '{"a": [1, 2, "\\\\"], ' * 700_000
    (folder / "journal-x.jsonl").write_bytes(to_line(a_row(text=text)))
    assert [row.text == text for row in journal.iter_rows(folder)] == [True]


@pytest.mark.parametrize("piece", [b'\\"', b'"\\', b'",', b'"a\\\\",', b"[", b'"'])
def test_values_are_counted_in_one_look(piece: bytes) -> None:
    began = time.process_time()
    has_more_values(b"[" + piece * 400_000 + b"," * 9, 8)
    assert time.process_time() - began < 10


@pytest.mark.long
def test_a_line_of_a_journal_without_an_end_costs_no_other_line(folder: Path) -> None:
    path = folder / "journal-x.jsonl"
    path.write_bytes(to_line(a_row(1)))
    with path.open("ab") as file:
        for _ in range(300):
            file.write(b"x" * 2**20)
        file.write(b"\n" + to_line(a_row(2)))
    assert [row.sample_id for row in journal.iter_rows(folder)] == ["q1", "q2"]


@pytest.mark.long
def test_packed_scores_of_zeros_are_made_anew(folder: Path) -> None:
    with (
        zipfile.ZipFile(folder / "scores.npz", "w", zipfile.ZIP_DEFLATED) as file,
        file.open("about.npy", "w") as about,
    ):
        for _ in range(400):
            about.write(bytes(2**20))
    began = time.process_time()
    assert len(score_table.read_scores(folder).ids) == 1
    assert time.process_time() - began < 20


def test_a_log_of_inspect_that_unpacks_to_millions_of_values_is_refused(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "bomb.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "header.json", json.dumps({"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}})
        )
        file.writestr("samples/1_epoch_1.json", '{"id": 1, "epoch": 1, "junk": [' + "{}," * 6_000_000 + "1]}")
    ran = evalkit(capsys, "import", "inspect", path, "--results", tmp_path / "results")
    assert ran.code == 2 and "values" in ran.err


def test_pipes_are_not_waited_for(capsys: Capture, folder: Path) -> None:
    os.mkfifo("pipe.jsonl")
    os.mkfifo(folder / ".lock")
    set_facts(folder, status="running")
    waiver = ("--waive", "r", "--candidate", "b", "--until", "2999-01-01", "--by", "A", "--why", "w")
    unharmed(capsys, ("list",), ("dossier", "latest", "--dossier", "pipe.jsonl", *waiver), ("run", "s.yaml"))


# ---- what it says


def test_every_field_of_a_row_has_a_kind() -> None:
    assert set(row_kinds._FITS) == {field.name for field in fields(Row)}
    assert set(row_kinds._FITS) >= row_kinds._ALWAYS


def test_a_journal_of_another_kind_is_no_defect(capsys: Capture, folder: Path) -> None:
    """Each odd line is passed over by itself; then all of them lie in one journal before every command."""
    line = orjson.loads(to_line(a_row(model="a", task="t")))
    odd: list[tuple[str, Any]] = [
        *(("calls", v) for v in (1, True, {"a": 1}, [["f"]], [["f", 1]], [["f", "{}", "x"]])),
        *(("prompt", v) for v in (-1, "x", [[None, "x"]], [["user"]])),
        *(("slices", v) for v in (True, "NaN", ["a"], {"a": 1}, {"a": None})),
        *(("spend_usd", v) for v in ("NaN", "sNaN", "Infinity", "1e999999999", "x", [True], {"a": 1}, 5)),
        *(("score", v) for v in ("x", [1], 1e308, -1, True)),
        *(("started_at", v) for v in (None, "x", 1e19, [])),
        *(("sample_id", v) for v in (None, [], {"a": 1}, 1e-320)),
        *(("occurrence", v) for v in (-1, 2**62, 1.0)),
        *(("ttft_s", v) for v in ("x", ["NaN"], {"a": True})),
        *(("cached", v) for v in (["NaN"], 1, "x")),
        *(("parts", v) for v in (True, {"a": "x"}, {"a": None})),
        *(("logliks", v) for v in (1, ["x"], [None])),
        *(("tools", v) for v in (3, [["f", "d", "x"]], [["f"]])),
        *(("text", v) for v in (5, ["a"])),
        *(("raw_usage", v) for v in ("x", [1])),
    ]
    lines = [orjson.dumps({**line, name: value}) + b"\n" for name, value in odd]
    for path in folder.glob("*-1.parquet"):
        path.unlink()
    runs.write_facts(folder, {**runs.read_facts(folder), "sealed": {}, "status": "interrupted"})
    taken = []
    for case, one in zip(odd, lines, strict=True):
        (folder / "journal-x.jsonl").write_bytes(one + to_line(a_row(2, model="b", task="t")))
        if [row.sample_id for row in journal.iter_rows(folder)] != ["q2"]:
            taken.append(case)
    assert not taken
    (folder / "journal-x.jsonl").write_bytes(b"".join(lines) + to_line(a_row(2, model="b", task="t")))
    unharmed(capsys, ("show", "latest"), ("price", "latest", "--json"), ("compare", "latest:a", "latest:b"))
    unharmed(
        capsys,
        ("export", "latest", "--to", "csv", "--out", "e.csv"),
        ("gate", "latest"),
        ("run", "s.yaml", "--max-cost", "1"),
    )


def test_a_count_that_is_none_is_unknown_and_the_answer_stays(folder: Path) -> None:
    line = orjson.loads(to_line(a_row()))
    (folder / "journal-x.jsonl").write_bytes(
        orjson.dumps({**line, "input_tokens": -1, "output_tokens": "10" * 30}) + b"\n"
    )
    (row,) = journal.iter_rows(folder)
    assert row.input_tokens is None and row.output_tokens is None and row.text == "The answer is B."


def test_an_odd_line_is_kept_aside_and_owed(folder: Path) -> None:
    line = orjson.loads(to_line(a_row(3)))
    (folder / "journal-x.jsonl").write_bytes(orjson.dumps({**line, "calls": 1}) + b"\n{}\n")
    sealed = sealing.seal(folder)
    assert (sealed.n_unreadable, sealed.aside) == (1, (a_row(3).key,))
    assert b'"calls":1' in (folder / sealing.ASIDE).read_bytes()


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("input_tokens", v) for v in (-1, -(2**62))),
        *(("reasoning_tokens", v) for v in (-1,)),
        *(("score", v) for v in (1.5, -0.1, 1e308, float("inf"), float("nan"))),
        *(("started_at", v) for v in (None, 1e19, float("nan"), float("inf"))),
        *(("occurrence", v) for v in (-1, 2**40)),
    ],
)
def test_numbers_that_no_row_has_are_refused(capsys: Capture, folder: Path, name: str, value: Any) -> None:
    kind = pa.int64() if isinstance(value, int) else pa.float64()
    change(folder, "rows-1.parquet", column(name, lambda n: pa.array([value] * n, type=kind)))
    unharmed(capsys, *COMMANDS, ("price", "latest"), ("price", "latest", "--json"), ("run", "s.yaml"))


def test_reviews_of_other_kinds_are_counted_and_left_out(folder: Path) -> None:
    right = {"key": ["a", "t", "d", 0, 0], "mark": "right", "by": "Mira"}
    odd = [{**right, "key": key} for key in (["a", "t", "d", 1.5, 0], ["a", "t", "d", True, 0], ["a"], {}, None)]
    lines = [orjson.dumps(one) for one in (right, *odd)] + [b'{"key":["a","t","d",1e999,0],"mark":"right","by":"x"}']
    (folder / reviews.FILE).write_bytes(b"\n".join(lines) + b"\n")
    found, n_unread = reviews.read_reviews(folder)
    assert len(found) == 1 and n_unread == len(lines) - 1


def test_a_file_of_reviews_that_cannot_be_read_is_said(folder: Path) -> None:
    (folder / reviews.FILE).symlink_to("/dev/zero")
    assert reviews.read_reviews(folder) == ([], 1)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *(
            ("waiver", body)
            for body in ({}, {"x": 1}, {"candidate": "b"}, {"candidate": "b", "until": 5}, {"candidate": ["b"]})
        ),
        ("waiver", {"run": "r", "candidate": "b", "rule": "q", "until": "2999-01-01", "by": 1, "why": "w"}),
        ("odd", {}),
    ],
)
def test_a_dossier_whose_chain_is_right_and_whose_entries_are_none_is_refused(
    capsys: Capture, folder: Path, kind: str, body: dict[str, Any]
) -> None:
    at = "2026-11-28T10:00:00Z"
    entry = dossier.DossierEntry(1, at, kind, body, None, dossier._digest(1, at, kind, body, None))
    Path("d.jsonl").write_bytes(dossier._line(entry))
    for command in (("dossier", "latest"), ("dossier", "--verify"), ("gate", "latest")):
        ran = evalkit(capsys, *command, "--dossier", "d.jsonl")
        assert ran.code == 2 and "d.jsonl:1" in ran.err and "run.json" not in ran.err, (command, ran.err)


def test_a_dossier_that_is_nested_too_deeply_or_too_large_is_refused(capsys: Capture, folder: Path) -> None:
    deep = (
        b'{"at":"x","body":{"a":'
        + b"[" * 400
        + b"]" * 400
        + b'},"digest":"a","kind":"run","previous":null,"seq":1,"version":1}\n'
    )
    for content, size in ((deep, None), (b"", SPARSE)):
        Path("d.jsonl").write_bytes(content)
        if size:
            os.truncate("d.jsonl", size)
        for command in (("dossier", "latest"), ("dossier", "--verify")):
            assert evalkit(capsys, *command, "--dossier", "d.jsonl").code == 2


BASELINE = """version: 2
name: prod
suite: s
run: gone
model: a
rows_digest: x
promoted_at: "2026"
by: a
why: b
n_rows: 5
"""


@pytest.mark.parametrize("where", ["aliases", "list", "number", "large"])
def test_a_baseline_says_where_it_is_in_words(capsys: Capture, folder: Path, where: str) -> None:
    nested = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    nested += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    extra = {"aliases": "\n".join([*nested, "where: *a9"]), "list": "where: [a]", "number": "where: 5"}
    Path("baselines").mkdir()
    text = BASELINE + extra.get(where, "\n".join(f"k{i}: v" for i in range(20_000)))
    Path("baselines/prod.yaml").write_text(text, "utf-8")
    for command in (("list", "--json"), ("show", "prod"), ("show", "prod", "--json")):
        began = time.process_time()
        ran = evalkit(capsys, "baseline", *command)
        assert ran.code == 2 and "prod.yaml" in ran.err and time.process_time() - began < 10, ran.err


@pytest.mark.parametrize(
    "band",
    [
        {"input": "1"},
        {"input": "1e999999999", "output": "1"},
        {"input": "-5", "output": "1"},
        {"input": "NaN", "output": "1"},
        {"input": "1", "output": "1e-999999999"},
    ],
)
def test_prices_that_are_none_price_nothing(capsys: Capture, folder: Path, band: dict[str, str]) -> None:
    facts = runs.read_facts(folder)
    prices = {"model": "m", "source": "s", "usd_per_mtok": [{"above_input_tokens": 0, **band}]}
    facts["models"]["a"]["prices"] = prices
    runs.write_facts(folder, facts)
    unharmed(capsys, ("price", "latest"), ("price", "latest", "--json"), ("show", "latest"))


@pytest.mark.parametrize("value", [1e308, 1e200, -1.0])
def test_times_of_guidellm_that_nobody_measured_are_unknown(capsys: Capture, tmp_path: Path, value: float) -> None:
    def change_times(report: dict[str, Any]) -> None:
        for benchmark in report["benchmarks"]:
            benchmark["metrics"]["request_latency"]["successful"]["percentiles"]["p50"] = value

    ran = evalkit(capsys, "import", "guidellm", changed(tmp_path, change_times), "--results", tmp_path / "results")
    assert ran.code == 0, ran.err


@pytest.mark.long
def test_a_report_of_hundreds_of_models_takes_no_hours(capsys: Capture, tmp_path: Path) -> None:
    run = made_run(tmp_path / "results", "s", "ab" * 8, {"tasks": {}})
    write(run, [a_row(n, model=f"m{m}", repeat=0) for m in range(250) for n in range(2)])
    sealing.seal(run)
    began = time.process_time()
    assert evalkit(capsys, "report", run, "--html", tmp_path / "r.html").code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "share the first place" in page and "And 199 more" in page
    assert time.process_time() - began < 30


def test_a_defect_prints_no_escape_sequence(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("\x1b[2J\n##vso[task.setvariable variable=a]b\n::set-output name=a::b")

    monkeypatch.setattr("evalkit.store.runs.list_runs", break_down)
    assert run_command(["list"]) == 70
    said = capsys.readouterr().err
    assert "RuntimeError" in said and "\x1b" not in said and "##vso" not in said and "\n::set-output" not in said
