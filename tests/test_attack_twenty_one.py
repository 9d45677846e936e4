"""What the twenty-first attack found: keys of two parts, names of templates, the last second of the calendar, pipes."""

from __future__ import annotations

import json
import os
import time
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from evalkit.adapters.keys import keep_out_of_replies, without_keys
from evalkit.bridges.traces.taking_out import TakingOut, names_of
from evalkit.suite.parquet import read_parquet
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("n", range(12))
def test_a_value_of_two_parts_is_cut_out_whole_before_its_parts_are(n: int) -> None:
    """Which of them came first was a matter of chance, so there are several."""
    whole = f"canary-tenant-{n:04d}:pl4ceh0{n:02d}"
    keep_out_of_replies(whole)
    keep_out_of_replies(whole.partition(":")[0])
    assert without_keys(f"you sent {whole}.") == "you sent [key removed]."
    assert without_keys(json.dumps({"key": whole.replace(":", "\\u003a")})) == '{"key": "[key removed]"}'


TEMPLATES = {
    "ann.lee@example.org": ("ann-lee", "ann.lee"),
    "desk of +49 30 1234567": ("1234567",),
    "host 10.20.30.40": ("10-20-30-40", "10.20.30.40"),
    "DE89 3704 0044 0532 0130 00": ("3704", "de89"),
    "Ada Lovelace's desk": ("lovelace", "Lovelace"),
    "order T-123456": ("123456",),
}


@pytest.mark.parametrize(("template", "gone"), TEMPLATES.items(), ids=TEMPLATES)
def test_the_name_of_a_template_holds_no_personal_data_in_another_spelling(
    template: str, gone: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    """Tasks are named after templates, in small letters with hyphens: an address has to go before that."""
    calls = [
        {
            "messages": [
                {"role": "user", "content": f"Is parcel {n} here?"},
                {"role": "assistant", "content": ("yes", "no")[n % 2]},
            ],
            "template": template,
        }
        for n in range(8)
    ]
    log, names = tmp_path / "log.jsonl", tmp_path / "names.txt"
    log.write_text("".join(json.dumps(one) + "\n" for one in calls))
    names.write_text("Ada Lovelace\n")
    out = tmp_path / "suite"
    more = ["--names", names, "--pattern", "ticket=T-[0-9]{6}"]
    told = evalkit(capsys, "import", "traces", log, "--out", out, *more)
    assert told.code == 0, told.err
    written = told.out + told.err + "".join(one.read_text() for one in out.rglob("*") if one.is_file())
    assert [one for one in gone if one in written] == []


@pytest.mark.parametrize("said", ["Ada Lovelace's parcel", "ADA LOVELACE’S parcel", "(Ada Lovelace's)"])
def test_the_genitive_of_a_name_is_taken_out(said: str) -> None:
    out = TakingOut(None, names_of(["Ada Lovelace", "Levi's", "O'Brien"]))
    assert "lovelace" not in out.text(said).casefold()
    assert out.text("Levi's and O'Brien, O'Brien's, Levi and Brien") == "[NAME] and [NAME], [NAME]'s, Levi and Brien"


def test_two_templates_that_look_alike_without_personal_data_stay_two(tmp_path: Path, capsys: Capture) -> None:
    calls = [
        {"question": f"Is parcel {n} here?", "answer": ("yes", "no")[n % 2], "template": f"mail{n % 2}@example.org"}
        for n in range(12)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in calls))
    told = evalkit(capsys, "import", "traces", tmp_path / "log.jsonl", "--out", tmp_path / "suite")
    assert told.code == 0, told.err
    assert "task EMAIL:" in told.out + told.err or "task email:" in told.out + told.err
    assert "email-2" in told.out + told.err


SUITE = """
name: yesterday
models:
  logs: {adapter: replay, path: answers.csv, columns: {started_at: day}}
tasks:
  - {name: t, data: {path: asked.jsonl, id: id}, prompt: "{{ q }}", target: "{{ a }}", score: exact}
"""


@pytest.mark.parametrize("day", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.5", "9999-12-31T23:59:58-23:00"])
def test_a_day_that_no_row_can_hold_is_refused_before_the_run(day: str, tmp_path: Path, capsys: Capture) -> None:
    """Rows with it were set aside, and asked again for ever."""
    (tmp_path / "asked.jsonl").write_text('{"id": "x", "q": "one", "a": "A"}\n')
    (tmp_path / "answers.csv").write_text(f"id,text,day\nx,A,{day}\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    said = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
    assert said.code == 2
    assert "answers.csv:2: started_at" in said.err


@pytest.mark.long
def test_a_table_of_many_columns_takes_no_minutes() -> None:
    """Each name was looked for among all the others."""
    names = [f"column {n}" for n in range(20_000)]
    made = BytesIO()
    parquet.write_table(pa.table({name: ["x"] for name in names}), made)
    began = time.process_time()
    ((_, record),) = read_parquet(BytesIO(made.getvalue()), "wide.parquet", made.tell())
    assert len(record) == len(names)
    assert time.process_time() - began < 8


def test_a_record_of_many_keys_of_which_one_stands_twice_takes_no_minutes(tmp_path: Path, capsys: Capture) -> None:
    keys = ", ".join(f'"key {n}": 1' for n in range(150_000))
    (tmp_path / "asked.jsonl").write_text(f'{{"id": "x", "q": "one", "a": "A", {keys}, "last": 1, "last": 2}}\n')
    (tmp_path / "answers.csv").write_text("id,text,day\nx,A,2026-03-01\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    began = time.process_time()
    said = evalkit(capsys, "check", tmp_path / "suite.yaml")
    assert (said.code, "stands in it twice" in said.err) == (2, True)
    assert time.process_time() - began < 20


def test_a_pipe_among_the_suites_of_a_folder_is_told_and_hangs_nothing(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "asked.jsonl").write_text('{"id": "x", "q": "one", "a": "A"}\n')
    (tmp_path / "answers.csv").write_text("id,text,day\nx,A,2026-03-01\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    os.mkfifo(tmp_path / "pipe.yaml")
    said = evalkit(capsys, "run", tmp_path, "--results", tmp_path / "results")
    assert said.code == 2
    assert "pipe.yaml: is a device, a pipe or a socket, and is not read" in said.err
    assert "yesterday-" in said.out
