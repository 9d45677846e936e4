"""evalkit.suite.datasets and hub: records come out of files whole, in order, or with a place and a reason."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite import hugging_face
from evalkit.suite.datasets import open_data

REPO = Path(__file__).parent.parent


def read(folder: Path, name: str, content: bytes, **options: object) -> list[tuple[int, dict[str, object]]]:
    (folder / name).write_bytes(content)
    return list(open_data(name, folder, **options).records())  # type: ignore[arg-type]


def complaints(folder: Path, name: str, content: bytes) -> list[str]:
    (folder / name).write_bytes(content)
    found: list[str] = []
    list(open_data(name, folder).records(found.append))
    return found


def test_jsonl_is_split_on_newlines_only(tmp_path: Path) -> None:
    text = '{"q": "a\u2028b\u0085c\x0bd"}\r\n\n{"q": "e"}'
    assert read(tmp_path, "d.jsonl", text.replace("\x0b", "\\u000b").encode()) == [
        (1, {"q": "a\u2028b\u0085c\x0bd"}),
        (3, {"q": "e"}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, "d.jsonl", b'\xef\xbb\xbf{"q": 1}\n') == [(1, {"q": 1})]
    assert read(tmp_path, "d.csv", b"\xef\xbb\xbfq,a\n1,2\n") == [(2, {"q": "1", "a": "2"})]


def test_compressed_files_read_like_plain_ones(tmp_path: Path) -> None:
    assert read(tmp_path, "d.jsonl.gz", gzip.compress(b'{"q": 1}\n{"q": 2}\n')) == [(1, {"q": 1}), (2, {"q": 2})]
    assert read(tmp_path, "d.csv.gz", gzip.compress(b"q\nx\n")) == [(2, {"q": "x"})]
    with pytest.raises(SuiteError, match="gzip file is damaged or cut short"):
        read(tmp_path, "cut.jsonl.gz", gzip.compress(b'{"q": 1}\n' * 1000)[:-20])
    with pytest.raises(SuiteError, match="gzip file is damaged"):
        read(tmp_path, "no.jsonl.gz", b'{"q": 1}\n')


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"q": }', "d.jsonl:2: is not a JSON record: Expecting value, column 7 (line seen, masked: '{\"x\": }')"),
        (b"[1]", "d.jsonl:2: a record is a JSON object, {...} (value seen, masked: '[0]')"),
        (b'{"q": 1, "q": 2}', "d.jsonl:2: is not a JSON record: the key 'q' stands in it twice"),
        (b'{"q": NaN}', "NaN is no JSON number"),
        (b'{"q": "\xff"}', "d.jsonl:2: is not UTF-8"),
        (b"[" * 100_000, "d.jsonl:2: is not a JSON record"),
    ],
)
def test_a_bad_line_is_named_and_reading_goes_on(tmp_path: Path, line: bytes, expected: str) -> None:
    content = b'{"q": 1}\n' + line + b'\n{"q": 3}\n'
    found = complaints(tmp_path, "d.jsonl", content)
    assert len(found) == 1
    assert expected in found[0]
    assert len(found[0]) < 300
    with pytest.raises(SuiteError):
        list(open_data("d.jsonl", tmp_path).records())


def test_csv_cells_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    content = b'q,a\r\n"one, ""two""\nthree",4\r\n\r\nx,y\r\n'
    assert read(tmp_path, "d.csv", content) == [(2, {"q": 'one, "two"\nthree', "a": "4"}), (5, {"q": "x", "a": "y"})]
    assert read(tmp_path, "d.tsv", b"q\ta\n1\t2\n") == [(2, {"q": "1", "a": "2"})]


def test_a_csv_row_that_does_not_fit_its_header_is_no_record(tmp_path: Path) -> None:
    assert complaints(tmp_path, "d.csv", b"q,a\n1\n1,2,3\n1,2\n") == [
        "d.csv:2: has 1 cells; the header has 2",
        "d.csv:3: has 3 cells; the header has 2",
    ]
    with pytest.raises(SuiteError, match="must name every column once"):
        read(tmp_path, "d.csv", b"q,q\n1,2\n")
    with pytest.raises(SuiteError, match="is not UTF-8"):
        read(tmp_path, "latin.csv", "q\ncaf\xe9\n".encode("latin-1"))
    with pytest.raises(SuiteError, match="not valid CSV"):
        read(tmp_path, "open.csv", b'q\n"never closed\n')


def test_parquet_rows_come_as_json_has_them(tmp_path: Path) -> None:
    import datetime
    from decimal import Decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    day = datetime.date(2026, 11, 20)
    rows = [{"q": "a", "n": 1, "c": ["x", "y"], "d": day, "m": Decimal("1.50"), "b": b"ab"}] * 2500
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet", row_group_size=700)
    data = open_data("d.parquet", tmp_path)
    found = list(data.records())
    assert [number for number, _ in found] == list(range(1, 2501))
    record = found[0][1]
    assert record == {"q": "a", "n": 1, "c": ["x", "y"], "d": "2026-11-20", "m": "1.50", "b": record["b"]}
    assert str(record["b"]).startswith("sha256:")
    assert data.place(7) == "d.parquet row 7"
    with pytest.raises(SuiteError, match="not a readable Parquet file"):
        read(tmp_path, "bad.parquet", b"PAR1 nonsense")


def test_where_keeps_the_records_with_these_values(tmp_path: Path) -> None:
    content = b'{"split": "dev", "q": 1}\n{"split": "test", "q": 2}\n'
    assert read(tmp_path, "d.jsonl", content, where={"split": "test"}) == [(2, {"split": "test", "q": 2})]
    assert read(tmp_path, "d.csv", b"fold,q\n1,a\n2,b\n", where={"fold": 2}) == [(3, {"fold": "2", "q": "b"})]
    with pytest.raises(SuiteError, match=re.escape("no record has split: 'tst'; seen: split: 'dev', split: 'test'")):
        read(tmp_path, "d.jsonl", content, where={"split": "tst"})
    with pytest.raises(SuiteError, match="has no field 'fold'"):
        read(tmp_path, "d.jsonl", content, where={"fold": 1})


def test_a_missing_file_is_answered_with_near_names(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "refunds.jsonl").write_text("{}")
    for path, expected in (
        ("data/refund.jsonl", "did you mean refunds.jsonl?"),
        ("data", "is a folder; name one file in it; the folder has refunds.jsonl"),
        ("dta/refunds.jsonl", "its folder dta/ does not exist"),
        ("/dev/null", "cannot read from /proc, /sys or /dev"),
    ):
        with pytest.raises(SuiteError, match=re.escape(expected)):
            open_data(path, tmp_path)
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(SuiteError, match="one record per line"):
        open_data("x.json", tmp_path)
    assert open_data("x.json", tmp_path, format="jsonl").format == "jsonl"


def test_the_fingerprint_is_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{}\n")
    (tmp_path / "b.jsonl").write_bytes(b"{}\n")
    a, b = open_data("a.jsonl", tmp_path), open_data("b.jsonl", tmp_path)
    assert a.fingerprint() == b.fingerprint()
    (tmp_path / "b.jsonl").write_bytes(b"{} \n")
    assert a.fingerprint() != b.fingerprint()


def test_the_hub_offline_says_how_to_get_the_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as raised:
        hugging_face.fetch("nobody/nothing-evalkit-tests", "data/test.jsonl", "a" * 40)
    message = str(raised.value)
    assert "HF_HUB_OFFLINE" in message
    assert "hf download --repo-type dataset nobody/nothing-evalkit-tests data/test.jsonl" in message


def test_a_hub_name_that_cannot_be_is_a_sentence() -> None:
    with pytest.raises(SuiteError, match="is no name of a dataset"):
        hugging_face.fetch("a/b/c d", "x.jsonl", "a" * 40)


def test_only_a_full_commit_is_pinned() -> None:
    assert hugging_face.is_pinned("0123456789abcdef0123456789abcdef01234567")
    assert not any(hugging_face.is_pinned(r) for r in (None, "main", "unverified", "0123456", "v1.0", "G" * 40))


@pytest.mark.long
def test_a_file_that_the_hub_cache_holds_is_read_without_a_network(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    held = tmp_path / "cache" / "datasets--org--tickets" / "snapshots" / commit / "data"
    held.mkdir(parents=True)
    (held / "test.csv").write_text("q,a\n1 + 1?,2\n")
    (tmp_path / "s.yaml").write_text(
        "name: x\nmodels: {m: {adapter: scripted}}\ntasks:\n  - name: t\n"
        f"    data: {{hub: org/tickets, file: data/test.csv, revision: '{commit}'}}\n"
        "    prompt: '{{ qq }}'\n    score: exact\n"
    )
    code = (
        "from pathlib import Path; from evalkit.suite.loading import load_suite\n"
        "task = load_suite(Path('s.yaml')).tasks[0]; print(*task.examine().complaints); print(task.content['data'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("org/tickets/data/test.csv:2: {{ qq }} is no field of the record")
    assert str(tmp_path) not in done.stdout


@pytest.mark.parametrize("levels", [102, 480, 900, 5_000])
@pytest.mark.parametrize("shape", ["[{}]", '{{"q": {}}}'])
def test_a_record_of_many_levels_is_refused_and_reading_goes_on(tmp_path: Path, levels: int, shape: str) -> None:
    """Whatever walked over 480 to 980 levels (messages, near duplicates, recorded answers) ended in exit 70."""
    deep = shape.format("[" * levels + "]" * levels)
    found = complaints(tmp_path, "d.jsonl", f'{{"q": 1}}\n{deep}\n{{"q": 2}}\n'.encode())
    assert len(found) == 1 and "d.jsonl:2" in found[0] and "nested too deeply, 100 levels are the most" in found[0]


def test_brackets_in_a_text_are_no_levels(tmp_path: Path) -> None:
    said = {"q": "[" * 900, "r": [[1]] * 200, "s": 1}
    deep: object = 1
    for _ in range(99):
        deep = [deep]
    content = json.dumps({**said, "deep": deep}).encode()
    assert [record for _, record in read(tmp_path, "d.jsonl", content)] == [{**said, "deep": deep}]
