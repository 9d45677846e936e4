"""Files that somebody sent to be imported: of any size they fill no memory, and end in a sentence."""

from __future__ import annotations

import gzip
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from evalkit.reading import has_more_values
from evalkit.suite.datasets import open_data
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
FILES = {
    "lm-eval": "samples_t_2026-01-01T00-00-00.jsonl",
    "harbor": "job/t1/result.json",
    "evalscope": "20260101_000000/reviews/m/d_x.jsonl",
    "every-eval-ever": "a_samples.jsonl",
    "traces": "a.jsonl",
    "promptfoo": "output.json",
    "inspect": "x.eval",
    "table": "t.csv",
}
FOLDERS = {"lm-eval", "harbor", "evalscope", "traces"}


def imported(capsys: Capture, tool: str, file: Path) -> str:
    """What the refusal says."""
    where = ("--out", "out") if tool == "traces" else ("--results", "results")
    ran = evalkit(capsys, "import", tool, "src" if tool in FOLDERS else file, *where)
    assert ran.code == 2 and "Traceback" not in ran.err, (tool, ran.err)
    assert file.name in ran.err, (tool, ran.err)
    return ran.err


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("size", "told"), [(900 * 10**6, True), (900 * 10**6, False), (8 * 10**9, False)])
def test_a_sparse_file_is_refused_before_it_is_read(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, told: bool
) -> None:
    """A few kB in an archive: the imports took up to 2.6 GB, or ended in a traceback. `told`: the file system says
    where its holes are."""
    monkeypatch.chdir(tmp_path)
    if not told:
        monkeypatch.setattr("evalkit.reading._bytes_of_holes", lambda *_: 0)
    for tool, name in [
        *FILES.items(),
        ("traces", "b.json"),
        ("traces", "c.pb"),
        ("traces", "e.csv"),
        ("table", "t.jsonl"),
    ]:
        file = Path("src", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"{}\n" if name.endswith(".jsonl") else b"")
        os.truncate(file, size)
        tracemalloc.start()
        said = imported(capsys, tool, file)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        words = "mostly a hole" if told else "larger than 1 GB" if "larger" in said else "a megabyte of zeros or blanks"
        assert words in said and peak < 60e6, (tool, said, peak)
        file.unlink()


@pytest.mark.long
def test_a_table_has_bounds_on_lines_cells_and_quotation_marks(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for content, words in (
        (b"a,b\n" + b"x" * 33_000_000, "a line of more than 32 MB"),
        (b"a,b\n" + b"b," * 1_100_000, "t.csv:2: is a record of more than 32 million characters or 1,000,000 cells"),
        (b"a,b\n" + b'"\n",' * 1_200_000, "1,000,000 cells; does a quotation mark open a cell"),
        (b"a," * 1_100_000 + b"b\n", "1,000,000 cells; does a quotation mark open a cell"),
    ):
        Path("t.csv").write_bytes(content)
        assert words in imported(capsys, "table", Path("t.csv")), content[:9]
        Path("t.csv.gz").write_bytes(gzip.compress(content, 1))
        said = imported(capsys, "table", Path("t.csv.gz"))
        assert words.replace("t.csv", "t.csv.gz") in said or "times its size" in said, content[:9]


@pytest.mark.long
def test_a_record_has_bounds_on_its_values(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = b'{"doc_id": [' + b"[]," * 1_000_001 + b"1]}\n"
    for tool in ("lm-eval", "evalscope", "every-eval-ever", "table"):
        file = Path("src", "t.jsonl" if tool == "table" else FILES[tool])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(record)
        said = imported(capsys, tool, file)
        assert "1,000,000 values" in said and ":1:" in said, (tool, said)
        file.unlink()


@pytest.mark.long
def test_values_are_counted_within_bounds() -> None:
    """Counting took 5 GB of memory where a text stands behind a text."""
    many = b"[" + b'"a",' * 1_500_000 + b"1]"
    tracemalloc.start()
    assert has_more_values(many, 1_400_000) and not has_more_values(many, 1_600_000)
    assert not has_more_values(b'["' + b",,,:[[{" * 300_000 + b'"]', 1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


@pytest.mark.long
def test_a_large_file_is_looked_through_soon(tmp_path: Path) -> None:
    """Lines up to the bound, a blank stretch shorter than a megabyte: nothing is refused that may be meant."""
    (tmp_path / "d.csv").write_bytes(
        b"id,text\n" + (b"1," + b"word " * 100_000 + b"\n") * 36 + b"\n" * 900_000 + b"2,x\n"
    )
    begun = time.process_time()
    assert sum(1 for _ in open_data("d.csv", tmp_path).records()) == 37
    assert time.process_time() - begun < 5
