"""Results of lm-eval in, runs out: files as lm-eval 0.4.13 writes them, and what other programs read of ours."""

from __future__ import annotations

import csv
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as pq
import pytest

from evalkit.store.runs import read_facts
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, run_folders, write_suite

Capture = pytest.CaptureFixture[str]
WHEN = "2026-11-20T10-30-00.123456"


def weighed(number: int, acc: float) -> dict[str, Any]:
    """One line of samples_*.jsonl of a multiple-choice task."""
    pairs = {f"gen_args_{i}": {"arg_0": f"Question {number}?", "arg_1": f" {i}"} for i in range(2)}
    return {
        "doc_id": number,
        "doc": {"question": f"Question {number}?"},
        "target": "1",
        "arguments": pairs,
        "resps": [[["-1.5", "False"]], [["-0.5", "True"]]],
        "filtered_resps": [["-1.5", "False"], ["-0.5", "True"]],
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "doc_hash": f"hash{number}",
        "acc": acc,
        "acc_norm": 1.0,
    }


def generated(number: int, filtered: str, right: float) -> dict[str, Any]:
    return {
        "doc_id": number,
        "doc": {},
        "target": "7",
        "arguments": {"gen_args_0": {"arg_0": "3 + 4", "arg_1": {"until": []}}},
        "resps": [["It is 7."]],
        "filtered_resps": ["7"],
        "filter": filtered,
        "metrics": ["exact_match"],
        "doc_hash": f"gen{number}",
        "exact_match": right,
    }


def write_samples(folder: Path, task: str, lines: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"samples_{task}_{WHEN}.jsonl").write_text(text, encoding="utf-8")
    results = {"versions": {task: 1.0}, "model_name": "org/llama", "lm_eval_version": "0.4.13", "n-shot": {task: 0}}
    (folder / f"results_{WHEN}.json").write_text(json.dumps(results), encoding="utf-8")


def imported(capsys: Capture, tmp_path: Path, *args: object) -> tuple[Any, Path]:
    ran = evalkit(capsys, "import", "lm-eval", tmp_path / "out", "--results", tmp_path / "results", *args)
    folders = run_folders(tmp_path / "results")
    return ran, folders[-1] if folders else Path()


def test_samples_of_lm_eval_become_a_run_that_can_be_shown(capsys: Capture, tmp_path: Path) -> None:
    write_samples(tmp_path / "out" / "org__llama", "arc", [weighed(n, float(n % 2)) for n in range(4)])
    ran, folder = imported(capsys, tmp_path)
    assert ran.code == 0, ran.err
    rows = sorted(rows_of(folder), key=lambda row: row.sample_id)
    assert [row.score for row in rows] == [0.0, 1.0, 0.0, 1.0]
    assert rows[0].logliks == (-1.5, -0.5) and rows[0].parts == {"acc_norm": 1.0}
    assert rows[0].model == "org-llama"
    assert rows[0].cost_usd is None and rows[0].total_s is None, "what lm-eval does not say is not known"
    assert read_facts(folder)["tasks"]["arc"]["identity"]["lm_eval"]["version"] == "1.0"
    shown = evalkit(capsys, "show", folder)
    assert shown.code == 0 and "0.500" in shown.out


def test_another_metric_and_name_can_be_asked_for(capsys: Capture, tmp_path: Path) -> None:
    write_samples(tmp_path / "out", "arc", [weighed(n, 0.0) for n in range(4)])
    ran, folder = imported(capsys, tmp_path, "--metric", "acc_norm", "--name", "mine")
    assert ran.code == 0, ran.err
    assert {(row.model, row.score) for row in rows_of(folder)} == {("mine", 1.0)}


def test_of_several_filters_the_first_counts_or_the_one_that_is_named(capsys: Capture, tmp_path: Path) -> None:
    lines = [generated(n, "strict", 0.0) for n in range(3)] + [generated(n, "flexible", 1.0) for n in range(3)]
    write_samples(tmp_path / "out", "gsm", lines)
    _, folder = imported(capsys, tmp_path)
    rows = list(rows_of(folder))
    assert len(rows) == 3 and {row.score for row in rows} == {0.0} and rows[0].text == "It is 7."
    ran, folder = imported(capsys, tmp_path, "--metric", "exact_match,flexible", "--name", "z")
    newest = max(run_folders(tmp_path / "results"), key=lambda path: (path / "run.json").stat().st_mtime_ns)
    assert {row.score for row in rows_of(newest)} == {1.0}, ran.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "nothing to import"),
        ("{not json}\n", ":1: is no JSON"),
        ('{"id": 1}\n', ":1: is no sample of lm-eval"),
        (json.dumps({**weighed(0, 1.0), "acc": None, "acc_norm": 7}) + "\n", "no metric from 0 to 1"),
        (json.dumps(weighed(0, 1.0)) + "\n" + json.dumps({"doc_id": 1}) + "\n", ":2: is no sample as lm-eval writes"),
    ],
)
def test_damaged_samples_are_refused_with_their_place(
    capsys: Capture, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"samples_arc_{WHEN}.jsonl").write_text(text, encoding="utf-8")
    ran, _ = imported(capsys, tmp_path)
    assert ran.code == 2 and expected in ran.err, ran.err
    assert not run_folders(tmp_path / "results")


def test_a_folder_of_several_runs_of_one_task_is_not_mixed(capsys: Capture, tmp_path: Path) -> None:
    write_samples(tmp_path / "out", "arc", [weighed(0, 1.0), weighed(1, 1.0)])
    (tmp_path / "out" / "samples_arc_2026-11-21T10-30-00.1.jsonl").write_text(json.dumps(weighed(0, 0.0)) + "\n")
    ran, _ = imported(capsys, tmp_path)
    assert ran.code == 2 and "stands there twice" in ran.err


def test_a_folder_without_samples_says_how_lm_eval_writes_them(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ran, _ = imported(capsys, tmp_path)
    assert ran.code == 2 and "--log_samples" in ran.err


@pytest.fixture
def ran_folder(capsys: Capture, tmp_path: Path) -> Path:
    with FakeProvider.in_thread(Behaviour(reply='=HYPERLINK("http://evil") B')) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=5)
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    return run_folders(tmp_path / "results")[0]


def test_rows_are_exported_whole_in_each_format(capsys: Capture, tmp_path: Path, ran_folder: Path) -> None:
    for to in ("jsonl", "csv", "parquet"):
        ran = evalkit(capsys, "export", ran_folder, "--to", to, "--out", tmp_path / f"x.{to}")
        assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text("utf-8").splitlines()]
    assert [line["sample_id"] for line in lines] == sorted(line["sample_id"] for line in lines) or len(lines) == 5
    assert lines[0]["prompt"][0]["content"].startswith("Question")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == 5
    assert cells[0]["text"].startswith("'=HYPERLINK"), "no spreadsheet runs what a model wrote"
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 5


def test_an_export_overwrites_nothing(capsys: Capture, tmp_path: Path, ran_folder: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    ran = evalkit(capsys, "export", ran_folder, "--to", "csv", "--out", tmp_path / "x.csv")
    assert ran.code == 2 and "is there already" in ran.err
    assert (tmp_path / "x.csv").read_text() == "mine"


def test_what_is_exported_for_lm_eval_can_be_imported_again(capsys: Capture, tmp_path: Path, ran_folder: Path) -> None:
    ran = evalkit(capsys, "export", ran_folder, "--to", "lm-eval", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    results = json.loads(next((tmp_path / "out" / "fake").glob("results_*.json")).read_text("utf-8"))
    mean = results["results"]["letters"]["score,none"]
    assert mean == sum(float(row.score or 0) for row in rows_of(ran_folder)) / 5
    again = evalkit(capsys, "import", "lm-eval", tmp_path / "out", "--results", tmp_path / "again")
    assert again.code == 0, again.err
    assert [row.score for row in rows_of(run_folders(tmp_path / "again")[0])] == [mean] * 5


INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {"task": "org/arc", "model": "openai/gpt-6-sol", "task_version": 1, "task_args": {}},
}


def inspect_sample(number: int, value: object, **more: object) -> dict[str, Any]:
    return {
        "id": number,
        "epoch": 1,
        "input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Question {number}?"}],
        "target": "A",
        "output": {"completion": "A.", "usage": {"input_tokens": 12, "output_tokens": 2}},
        "scores": {"choice": {"value": value, "answer": "A", "explanation": "said so"}},
        **more,
    }


def zstandard_zip(members: dict[str, bytes], *, damage: bool = False) -> bytes:
    """A zip as Inspect packs it (method 93), which Python 3.11's zipfile cannot write."""
    local, central = b"", b""
    for name, text in members.items():
        packed = pyarrow.compress(text, codec="zstd", asbytes=True)
        if damage:
            packed = packed[: len(packed) // 2] + bytes(len(packed) - len(packed) // 2)
        sizes = struct.pack("<III2H", zlib.crc32(text), len(packed), len(text), len(name), 0)
        head = struct.pack("<5H", 20, 0, 93, 0, 0) + sizes
        central += (
            b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<3H2I", 0, 0, 0, 0, len(local)) + name.encode()
        )
        local += b"PK\3\4" + head + name.encode() + packed
    end = struct.pack("<4H2IH", 0, 0, len(members), len(members), len(central), len(local), 0)
    return local + central + b"PK\5\6" + end


def test_a_damaged_zip_of_inspect_says_so(capsys: Capture, tmp_path: Path) -> None:
    log = tmp_path / "log.eval"
    members = {"header.json": json.dumps(INSPECT).encode() * 50}
    log.write_bytes(zstandard_zip(members, damage=True))
    ran = evalkit(capsys, "import", "inspect", log, "--results", tmp_path / "results")
    assert ran.code == 2 and "cannot be unpacked" in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("damage", ["text", "password"])
def test_a_damaged_or_locked_zip_of_inspect_that_is_packed_as_usual_says_so(
    capsys: Capture, tmp_path: Path, damage: str
) -> None:
    log = tmp_path / "log.eval"
    with zipfile.ZipFile(log, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(INSPECT) * 50)
        archive.writestr("samples/1.json", "{}")
    content = bytearray(log.read_bytes())
    if damage == "text":
        content[41:45] = b"\xff" * 4  # the packed text begins behind 30 bytes and the name
    else:
        content[content.index(b"PK\1\2") + 8] |= 1
        content[6] |= 1
    log.write_bytes(content)
    ran = evalkit(capsys, "import", "inspect", log, "--results", tmp_path / "results")
    assert ran.code == 2 and "cannot be unpacked" in ran.err and "Traceback" not in ran.err, ran.err


@pytest.mark.parametrize("kind", ["json", "eval", "eval, zstandard"])
def test_a_log_of_inspect_becomes_a_run(capsys: Capture, tmp_path: Path, kind: str) -> None:
    samples = [
        inspect_sample(1, "C"),
        inspect_sample(1, "I", epoch=2),
        inspect_sample(2, "P"),
        inspect_sample(3, "C", error={"message": "timed out"}),
    ]
    log = tmp_path / f"log.{kind[:4]}"
    if kind == "json":
        log.write_text(json.dumps({**INSPECT, "samples": samples}), encoding="utf-8")
    elif kind == "eval, zstandard":
        members = {f"samples/{n}.json": json.dumps(sample).encode() for n, sample in enumerate(samples)}
        log.write_bytes(zstandard_zip({"header.json": json.dumps(INSPECT).encode(), **members}))
    else:
        with zipfile.ZipFile(log, "w") as archive:
            archive.writestr("header.json", json.dumps(INSPECT))
            for n, sample in enumerate(samples):
                archive.writestr(f"samples/{n}.json", json.dumps(sample))
    ran = evalkit(capsys, "import", "inspect", log, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    rows = {(row.sample_id, row.repeat): row for row in rows_of(run_folders(tmp_path / "results")[0])}
    assert rows["1", 0].score == 1.0 and rows["1", 1].score == 0.0 and rows["2", 0].score == 0.5
    assert rows["1", 0].sample_digest == rows["1", 1].sample_digest, "an epoch is a repeat of the same item"
    assert rows["3", 0].score is None and rows["3", 0].error == "timed out", "an error is nobody's wrong answer"
    assert rows["1", 0].input_tokens == 12 and rows["1", 0].prompt[0].role == "system"


def test_a_log_of_a_run_that_broke_off_is_an_incomplete_run(capsys: Capture, tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    log.write_text(json.dumps({**INSPECT, "status": "error", "samples": [inspect_sample(1, "C")]}), encoding="utf-8")
    ran = evalkit(capsys, "import", "inspect", log, "--results", tmp_path / "results")
    assert ran.code == 4 and "'error'" in ran.err
    assert read_facts(run_folders(tmp_path / "results")[0])["status"] == "incomplete"


def test_what_is_no_log_of_inspect_says_so(capsys: Capture, tmp_path: Path) -> None:
    odd = json.dumps({**INSPECT, "samples": [3]})
    for text in ("{}", "[1]", "not json", odd):
        (tmp_path / "log.json").write_text(text)
        ran = evalkit(capsys, "import", "inspect", tmp_path / "log.json", "--results", tmp_path / "results")
        assert ran.code == 2 and "log.json" in ran.err and "Traceback" not in ran.err
