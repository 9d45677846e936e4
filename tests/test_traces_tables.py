"""Logs that are tables, a row a call: CSV, TSV, Parquet, and JSON lines under a map; guessed, mapped, broken."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.sealing import rows_of
from tests.conftest import REPO
from tests.world import Ran, evalkit, run_folders

N = 60
Import = Callable[..., Ran]
ROWS: list[dict[str, Any]] = [
    {
        **{"Customer Message": f"Where is parcel {n}, please? {'It was sent on Monday. ' * (n % 5)}", "id": f"r{n}"},
        **{"reply": "in transit" if n % 3 else "lost", "model": "gpt-4.1-mini", "prompt_tokens": 40 + n},
        **{"completion_tokens": 3, "cached_tokens": 8, "Latency (ms)": 800.0 + n, "cost": 0.0001 * (n + 1)},
        **{"timestamp": "2026-03-01T10:00:00Z", "customer": f"c{n % 4}", "remark": "x"},
    }
    for n in range(N)
]


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    return lambda *args: evalkit(capsys, "import", "traces", *args, "--out", tmp_path / "suite", "--samples", 30)


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def flat(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


def recorded(tmp_path: Path) -> dict[str, dict[str, Any]]:
    lines = (tmp_path / "suite" / "data" / "recorded.jsonl").read_text("utf-8").splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


@pytest.mark.parametrize("form", ["csv", "csv.gz", "tsv", "parquet"])
def test_a_table_becomes_a_suite_with_figures_and_runs(
    form: str, tmp_path: Path, imported: Import, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CANDIDATE_MODEL", "any")
    path = tmp_path / f"calls.{form}"
    if form == "parquet":
        as_parquet(path, ROWS)
    else:
        text = as_csv(ROWS, "\t" if form == "tsv" else ",").encode()
        path.write_bytes(gzip.compress(text) if form.endswith("gz") else text)
    ran = imported(path, "--slice", "customer")
    assert ran.code == 0, ran.err
    told = flat(ran)
    assert "question: Customer Message" in told
    assert "total_s: {column: Latency (ms), unit: ms}" in told
    answers = recorded(tmp_path)
    assert len(answers) == 30
    suite = tmp_path / "suite" / "suite.yaml"
    ran = evalkit(capsys, "run", suite, "--models", "recorded", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    for row in rows_of(folder):
        n = next(n for n, one in enumerate(ROWS) if f"parcel {n}," in row.prompt[-1].content)
        assert row.text == ROWS[n]["reply"]
        assert (row.input_tokens, row.output_tokens, row.cache_read_tokens) == (40 + n, 3, 8)
        assert float(row.cost_usd or 0) == pytest.approx(0.0001 * (n + 1))
        assert row.total_s == pytest.approx(0.8 + n / 1000)
        assert row.started_at == pytest.approx(1772359200, abs=1)
        assert row.slices["customer"] == f"c{n % 4}"


def test_a_table_of_labels_without_instructions_or_prices_says_what_to_add(tmp_path: Path, imported: Import) -> None:
    rows = [
        {"question": f"Parcel {n} is late, says customer {n}", "answer": ("late", "lost")[n % 2], "model": "gpt-4.1",
         "input_tokens": 9, "output_tokens": 1}
        for n in range(24)
    ]  # fmt: skip
    (tmp_path / "calls.csv").write_text(as_csv(rows), "utf-8")
    ran = imported(tmp_path / "calls.csv")
    assert ran.code == 0 and ran.out.strip().endswith("suite.yaml")
    told = flat(ran)
    assert "the log has no instructions, and its answers are of a few labels" in told
    assert 'price_as: "PROVIDER:gpt-4.1"' in told
    assert "export EVALKIT_CANDIDATE_MODEL=..." in told and "suite.yaml --gate" in told
    assert "no instructions" in (tmp_path / "suite" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("said", ["system", "question"])
def test_instructions_in_the_log_or_known_prices_are_not_asked_for(said: str, tmp_path: Path, imported: Import) -> None:
    asked = {"system": "Sort.", "question": ""} if said == "system" else {"question": "late or lost? "}
    rows = [
        {**asked, "question": f"{asked['question']}Parcel {n}, customer {n}", "answer": ("late", "lost")[n % 2],
         "cost_usd": 0.01}
        for n in range(24)
    ]  # fmt: skip
    (tmp_path / "calls.csv").write_text(as_csv(rows), "utf-8")
    told = flat(imported(tmp_path / "calls.csv"))
    assert "no instructions" not in told and "price_as" not in told


def test_a_map_names_columns_sums_constants_and_groups(tmp_path: Path, imported: Import) -> None:
    rows = [
        {"q": one["Customer Message"], "a": one["reply"], "fresh": 30, "old": 8, "who": "x", "took": 2} for one in ROWS
    ]
    log = tmp_path / "calls.jsonl"
    log.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    (tmp_path / "map.yaml").write_text(
        "question: q\nanswer: a\nsystem: {const: Be brief.}\ninput_tokens: {sum: [fresh, old]}\ncached_tokens: old\n"
        "total_s: took\nslices: {customer: who}\n",
        "utf-8",
    )
    ran = imported(log, "--map", tmp_path / "map.yaml")
    assert ran.code == 0, ran.err
    suite = (tmp_path / "suite" / "data" / "requests.jsonl").read_text("utf-8")
    assert "Be brief." in suite + (tmp_path / "suite" / "suite.yaml").read_text("utf-8")
    answer = next(iter(recorded(tmp_path).values()))
    assert 38 in answer.values() and 8 in answer.values()


def test_conversations_and_calls_stand_in_cells_as_json(tmp_path: Path, imported: Import) -> None:
    rows = [
        {
            "messages": json.dumps([{"role": "system", "content": "Hi."}, {"role": "user", "content": f"Find P-{n}"}]),
            "tool_calls": json.dumps([{"function": {"name": "find", "arguments": json.dumps({"parcel": f"P-{n}"})}}]),
            "tools": json.dumps([{"type": "function", "function": {"name": "find", "parameters": {"type": "object",
                      "properties": {"parcel": {"type": "string"}}}}}]),
            "answer": "",
            "prompt_tokens": 9,
        }
        for n in range(N)
    ]  # fmt: skip
    (tmp_path / "calls.csv").write_text(as_csv(rows), "utf-8")
    ran = imported(tmp_path / "calls.csv")
    assert ran.code == 0, ran.err
    assert "tools" in (tmp_path / "suite" / "suite.yaml").read_text("utf-8").partition("score:")[2]


def test_cells_that_are_no_figures_are_unknown_and_counted(tmp_path: Path, imported: Import) -> None:
    rows = [{**one} for one in ROWS]
    rows[0] |= {"prompt_tokens": "1,234", "cost": "cheap"}
    rows[1]["prompt_tokens"] = ""
    rows[2]["Customer Message"] = ""
    (tmp_path / "calls.csv").write_text(as_csv(rows), "utf-8")
    ran = imported(tmp_path / "calls.csv")
    assert ran.code == 0, ran.err
    told = flat(ran)
    assert "input_tokens 1 (the first: calls.csv:2" in told and "cost_usd 1 (the first" in told
    assert told.count("not understood, and are unknown") == 1, "one note, however many columns"
    assert "1 record, a row without a question; the first: calls.csv:4" in told
    assert "1,234" not in told and "cheap" not in told


def test_columns_that_are_not_read_are_named(tmp_path: Path, imported: Import) -> None:
    rows = [{**one, "took": 5, "Cost (cents)": 0.1} for one in ROWS]
    (tmp_path / "calls.csv").write_text(as_csv(rows), "utf-8")
    ran = imported(tmp_path / "calls.csv")
    said = (
        "calls.csv: columns whose names say nothing known are not read: remark, took, Cost (cents); name one in a map"
    )
    assert said in flat(ran)
    assert "not read: remark, took, Cost" in (tmp_path / "suite" / "README.md").read_text().replace("\\", "")


def test_a_table_that_is_read_as_a_whole_names_no_column(tmp_path: Path, imported: Import) -> None:
    rows = [{name: cell for name, cell in one.items() if name != "remark"} for one in ROWS]
    (tmp_path / "calls.csv").write_text(as_csv(rows), "utf-8")
    assert "not read" not in flat(imported(tmp_path / "calls.csv"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("calls.csv", "a,b\n1,2\n", "no column is named like what was asked (there are: a, b)"),
        ("calls.csv", "question,b\nx,2\n", "no column is named like what was answered"),
        ("calls.csv", "question,answer\n", "holds no row"),
        ("calls.csv", "", "calls.csv"),
        ("calls.csv", 'question,answer\nx,"y\n', "calls.csv"),
        ("calls.parquet", "PAR1 and nothing", "calls.parquet"),
        ("calls.csv.gz", "no gzip", "calls.csv.gz"),
        ("calls.parquet.gz", "x", "Parquet is packed inside"),
        ("calls.csv", "question,question,answer\nx,y,z\n", "calls.csv"),
    ],
)
def test_a_table_that_cannot_be_read_is_a_sentence_and_nothing_is_written(
    name: str, content: str, said: str, tmp_path: Path, imported: Import
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    ran = imported(tmp_path / name)
    assert ran.code in {1, 2}, ran.out + ran.err
    assert said in flat(ran), ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "suite").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("question: q\nanswr: a\n", "'answr' is nothing that a log has; did you mean 'answer'"),
        ("answer: reply\n", "messages: (or question:) is missing"),
        ("question: gone\nanswer: reply\n", "has no column 'gone'"),
        ("question: id\ntotal_s: {column: remark, unit: years}\n", "unit is one of s, ms, us, ns"),
        ("question: [id]\n", "a column's name"),
        ("slices: customer\nquestion: id\n", "slices: a list of columns"),
        ("question: {", "is no YAML"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(content: str, said: str, tmp_path: Path, imported: Import) -> None:
    (tmp_path / "calls.csv").write_text(as_csv(ROWS), "utf-8")
    (tmp_path / "map.yaml").write_text(content, "utf-8")
    ran = imported(tmp_path / "calls.csv", "--map", tmp_path / "map.yaml")
    assert ran.code == 2
    assert said in flat(ran), ran.err
    assert not (tmp_path / "suite").exists()


def test_the_table_and_the_map_of_the_page_are_read(tmp_path: Path, imported: Import) -> None:
    page = (REPO / "docs" / "import-traces.md").read_text("utf-8").partition("## Tables")[2]
    table, mapped = (found[1] for found in re.finditer(r"```(?:text|yaml)\n(.*?)```", page, re.DOTALL))
    header, row = table.splitlines()
    more = [row.replace("parcel 7", f"parcel {n}") for n in range(N)]
    (tmp_path / "calls.csv").write_text("\n".join([header, *more]) + "\n", "utf-8")
    ran = imported(tmp_path / "calls.csv")
    assert ran.code == 0, ran.err
    assert {one["text"] for one in recorded(tmp_path).values()} == {"in transit"}
    rows = [
        {**dict.fromkeys(("reply", "customer", "language"), "x"), "customer_message": f"Where is {n}?", "took": 807}
        | {"fresh": 40, "cached": 7}
        for n in range(N)
    ]
    (tmp_path / "map.yaml").write_text(mapped, "utf-8")
    (tmp_path / "suite").rename(tmp_path / "guessed")
    (tmp_path / "calls.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    ran = imported(tmp_path / "calls.jsonl", "--map", tmp_path / "map.yaml")
    assert ran.code == 0, ran.err
    assert 0.807 in next(iter(recorded(tmp_path).values())).values()


def test_what_was_guessed_reads_back_as_a_map_whatever_the_columns_are_called(tmp_path: Path, imported: Import) -> None:
    names = {"prompt_tokens": "Prompt Tokens #", "completion_tokens": "- completion_tokens", "cost": "cost?"}
    odd = [{names.get(name, name): value for name, value in row.items()} for row in ROWS]
    (tmp_path / "calls.csv").write_text(as_csv(odd), "utf-8")
    ran = imported(tmp_path / "calls.csv")
    assert ran.code == 0, ran.err
    first = recorded(tmp_path)
    assert all(one["input_tokens"] and one["output_tokens"] for one in first.values())
    guessed = re.search(r"columns were guessed: (\{.*?\}); --map", flat(ran))
    assert guessed is not None
    (tmp_path / "map.yaml").write_text(guessed[1], "utf-8")
    (tmp_path / "suite").rename(tmp_path / "guessed")
    ran = imported(tmp_path / "calls.csv", "--map", tmp_path / "map.yaml")
    assert ran.code == 0, ran.err
    assert recorded(tmp_path) == first


@pytest.mark.parametrize(("kind", "first"), [("number", "0"), ("float", "0.0"), ("truth", "true")])
def test_an_answer_that_is_no_text_is_one_all_the_same(kind: str, first: str, tmp_path: Path, imported: Import) -> None:
    """And NaN, by which Parquet may say that nothing stands there, is no error, no system prompt and no answer."""
    kinds: dict[str, Callable[[int], object]] = {"number": int, "float": float, "truth": lambda n: n % 2 == 0}
    made = kinds[kind]
    nothing = dict.fromkeys(("error", "system", "model", "expected", "user", "session_id"), float("nan"))
    rows = [{"question": f"What is {n}?", "answer": made(n), **nothing} for n in range(N)]
    ran = imported(as_parquet(tmp_path / "calls.parquet", rows))
    assert ran.code == 0, ran.err
    assert "dropped" not in ran.err
    asked = next((tmp_path / "suite" / "data").glob("requests*.jsonl")).read_text("utf-8")
    found = {one["messages"][0]["content"]: one["answer"] for one in map(json.loads, asked.splitlines())}
    assert found, "each question with its own answer"
    assert all(answer == _spelt(made(int(re.sub(r"\D", "", question)))) for question, answer in found.items())
    assert _spelt(made(0)) == first
    assert {one["text"] for one in recorded(tmp_path).values()} == set(found.values())


def _spelt(value: object) -> str:
    return json.dumps(value)
