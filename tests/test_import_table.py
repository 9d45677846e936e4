"""Outcomes of any tool, one row a model x item x repeat, become a run that is priced, shown, compared and gated."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from evalkit.results import read_facts
from evalkit.store.sealing import rows_of
from evalkit.store.table_values import Unread, money
from tests.conftest import REPO
from tests.world import Ran, run_folders
from tests.world import evalkit as run_evalkit

Capture = pytest.CaptureFixture[str]
Evalkit = Callable[..., Ran]
Imported = Callable[..., tuple[Path, str]]

MAP = """\
model: model
task: task
item: case
repeat: trial
score: passed
input_tokens: tokens_in
output_tokens: tokens_out
total_s: {column: took, unit: ms}
started_at: {const: 2026-03-01}
slices: [lang]
times: {measured_by: Our harness}
scorer: unit tests
models:
  big: {model: gpt-4.1, price_as: "openai:gpt-4.1"}
  small: {model: gpt-4.1-nano, price_as: "openai:gpt-4.1-nano"}
"""


def records(n: int = 40, *, models: tuple[str, ...] = ("big", "small"), repeats: int = 2) -> list[dict[str, Any]]:
    """Rows where `small` is right on nine of ten items that `big` has right."""
    return [
        {
            "model": model,
            "task": "refunds" if i % 2 else "orders",
            "case": f"c{i}",
            "trial": f"try-{r}",
            "passed": "true" if (i % 4 or model == "big") else "false",
            "tokens_in": 1000 + i,
            "tokens_out": 100,
            "took": 1500 + 10 * i + (500 if model == "big" else 0),
            "lang": "de" if i % 3 else "en",
        }
        for model in models
        for i in range(n)
        for r in range(1, repeats + 1)
    ]


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


@pytest.fixture
def evalkit(capsys: Capture, tmp_path: Path) -> Callable[..., Ran]:
    """Runs a command on the results folder of the test."""

    def run(*words: object) -> Ran:
        return run_evalkit(capsys, *words, "--results", tmp_path / "results")

    return run


@pytest.fixture
def imported(evalkit: Evalkit, tmp_path: Path) -> Imported:
    """Imports a table; the folder of the run that it became, and what was said."""
    return lambda path, mapped=MAP, *more: _imported(evalkit, tmp_path, path, mapped, *more)


def _imported(evalkit: Evalkit, tmp_path: Path, path: Path, mapped: str | None, *more: str) -> tuple[Path, str]:
    words = ["import", "table", str(path), *more]
    if mapped is not None:
        (tmp_path / "map.yaml").write_text(mapped)
        words += ["--map", str(tmp_path / "map.yaml")]
    ran = evalkit(*words)
    assert ran.code == 0, ran.err
    return Path(ran.out.strip()), ran.err


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "tsv"])
def test_every_format_makes_the_same_rows(tmp_path: Path, imported: Imported, kind: str) -> None:
    rows = records(6)
    path = tmp_path / f"runs.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind.startswith("jsonl"):
        text = "\n".join(map(json.dumps, rows))
        path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
    else:
        as_csv(path, rows)
        if kind == "tsv":
            path.write_text(path.read_text().replace(",", "\t"))
    folder, _ = imported(path)
    made = sorted(rows_of(folder), key=lambda row: row.key)
    one = next(row for row in made if row.model == "big" and row.sample_id == "c3" and row.repeat == 1)
    assert len(made) == 24
    assert (one.task, one.outcome, one.score, one.total_s) == ("refunds", "right", 1.0, 2.03)
    assert (one.input_tokens, one.output_tokens, dict(one.slices)) == (1003, 100, {"lang": "en"})
    # gpt-4.1: 2 USD a million tokens in, 8 out (https://openai.com/api/pricing)
    assert one.cost_usd == Decimal(1003 * 2 + 100 * 8) / 1_000_000
    assert {row.outcome for row in made if row.model == "small" and row.sample_id == "c4"} == {"wrong"}
    facts = read_facts(folder)
    assert facts.status == "complete"
    assert facts.repeats == 2
    assert facts.imported is not None
    assert facts.imported.times_measured_by == "Our harness"


def test_it_is_shown_priced_and_compared(tmp_path: Path, evalkit: Evalkit, imported: Imported) -> None:
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records()))
    shown = evalkit("show", folder.name)
    assert shown.code == 0
    assert "0.750" in shown.out
    bill = json.loads(evalkit("price", folder.name, "--json").out)
    each = [Decimal((1000 + i) * 2 + 100 * 8) / 1_000_000 for i in range(40)]
    assert Decimal(bill["models"]["big"]["total"]["billed_usd"]) == 2 * sum(each)
    compared = evalkit("compare", f"{folder.name}:big", f"{folder.name}:small")
    assert compared.code == 0
    assert "-25.0" in compared.out.replace("\N{MINUS SIGN}", "-")


def test_guesses_and_says_what_it_guessed(tmp_path: Path, imported: Imported) -> None:
    rows = [
        {"model_name": m, "benchmark": "b", "sample_id": i, "is_correct": i % 2, "prompt_tokens": 5, "latency_ms": 250}
        for m in ("a", "b")
        for i in range(4)
    ]
    folder, said = imported(as_csv(tmp_path / "runs.csv", rows), None)
    for line in (
        "model: model_name",
        "item: sample_id",
        "score: is_correct",
        "total_s: {column: latency_ms, unit: ms}",
    ):
        assert line in said
    assert {row.total_s for row in rows_of(folder)} == {0.25}


def test_a_guess_that_lacks_something_says_what(tmp_path: Path, evalkit: Evalkit) -> None:
    path = as_csv(tmp_path / "runs.csv", [{"llm": "a", "x": 1}])
    ran = evalkit("import", "table", path)
    assert ran.code == 2
    assert "the columns do not say which holds model and item and score" in ran.err
    assert not run_folders(tmp_path / "results")


@pytest.mark.parametrize(
    ("column", "cell", "read"),
    [
        ("latency_ms", 250, 0.25),
        ("Latency ms", 250, 0.25),
        ("Latency-MS", 250, 0.25),
        ("latency (ms)", 250, 0.25),
        ("Latency (s)", 2.5, 2.5),
        ("Duration_s", 2.5, 2.5),
        ("Latency %", 2.5, None),
        ("Latency (min)", 2.5, None),
    ],
)
def test_a_guessed_time_has_the_unit_of_its_name(
    tmp_path: Path, imported: Imported, column: str, cell: float, read: float | None
) -> None:
    rows = [{"LLM": "x", "Model": m, "Case ID": 1, "Resolved?": "yes", column: cell} for m in ("a", "b")]
    folder, _ = imported(as_csv(tmp_path / "runs.csv", rows), None)
    assert {row.total_s for row in rows_of(folder)} == {read}


@pytest.mark.parametrize(("column", "cost"), [("Cost (USD)", Decimal("0.5")), ("Cost €", None), ("Cost £", None)])
def test_a_guess_takes_no_other_currency_for_dollars(
    tmp_path: Path, imported: Imported, column: str, cost: Decimal | None
) -> None:
    rows = [{"model": "a", "case": 1, "score": 1, column: "0.5"}]
    folder, _ = imported(as_csv(tmp_path / "runs.csv", rows), None)
    assert {row.cost_usd for row in rows_of(folder)} == {cost}


def test_what_was_guessed_reads_back_as_a_map(tmp_path: Path, imported: Imported) -> None:
    rows = [
        {"Model": "a", "#Case": i, "Run #": n, "Resolved?": "yes", "Latency (ms)": 250}
        for i in range(3)
        for n in (1, 2)
    ]
    path = as_csv(tmp_path / "runs.csv", rows)
    first, said = imported(path, None)
    lines = said.partition("As a map:\n")[2].partition("\nnote:")[0]
    second, _ = imported(path, "\n".join(line.strip() for line in lines.splitlines()))
    assert [row.key for row in rows_of(first)] == [row.key for row in rows_of(second)]
    assert {row.total_s for row in rows_of(second)} == {0.25}


def test_a_guess_that_lacks_one_column_prints_the_beginning_of_a_map(tmp_path: Path, evalkit: Evalkit) -> None:
    rows = [{"model": "a", "case": 1, "Run #": 1, "grade": 1, "tokens_in": 7}]
    ran = evalkit("import", "table", as_csv(tmp_path / "runs.csv", rows))
    assert ran.code == 2
    for line in ("  model: model", "  item: case", '  repeat: "Run #"', "  input_tokens: tokens_in",
                 "  score: NAME_OF_A_COLUMN"):  # fmt: skip
        assert line in ran.err.splitlines()


def test_a_score_that_is_none_is_told_with_its_looks_and_its_scale(tmp_path: Path, imported: Imported) -> None:
    rows = [{"model": "a", "case": 1, "points": 11}, {"model": "a", "case": 2, "points": 7}]
    _, said = imported(as_csv(tmp_path / "r.csv", rows), SCALE)
    assert "points looks like '00'. The map says that 10 is the most" in said
    assert "each digit is a 0" in said
    rows[0]["points"] = "hunter"
    _, said = imported(as_csv(tmp_path / "r.csv", rows), SCALE.replace("{column: points, max: 10}", "points"))
    assert "points looks like 'xxxxxx'. Points of another scale" in said
    assert "hunter" not in said


SCALE = "model: model\nitem: case\nscore: {column: points, max: 10}\n"


@pytest.mark.long(but=6)
@pytest.mark.parametrize(
    ("cell", "mapped", "outcome", "score"),
    [
        ("7", SCALE, "scored", 0.7),
        ("10", SCALE, "right", 1.0),
        ("11", SCALE, "errored", None),
        ("", SCALE, "errored", None),
        ("-1", SCALE, "errored", None),
        ("1e400", SCALE, "errored", None),
        ("1_0", SCALE, "errored", None),
        ("passed", "model: model\nitem: case\noutcome: points\n", "right", 1.0),
        ("INCORRECT", "model: model\nitem: case\noutcome: points\n", "wrong", 0.0),
        ("timeout", "model: model\nitem: case\noutcome: points\n", "errored", None),
        ("refused", "model: model\nitem: case\noutcome: points\n", "refused", 0.0),
        ("truncated", "model: model\nitem: case\noutcome: points\n", "truncated", 0.0),
        ("perhaps", "model: model\nitem: case\noutcome: points\n", "errored", None),
        ("0.25", "model: model\nitem: case\noutcome: points\n", "scored", 0.25),
    ],
)
def test_scores_and_outcomes(
    tmp_path: Path, imported: Imported, cell: str, mapped: str, outcome: str, score: float | None
) -> None:
    path = as_csv(tmp_path / "r.csv", [{"model": "a", "case": 1, "points": cell}])
    (row,) = rows_of((told := imported(path, mapped))[0])
    assert (row.outcome, row.score) == (outcome, score)
    assert (row.error_kind == "unscored") == ("no score from 0 to 1" in told[1])


def test_a_word_and_a_score_that_contradict_each_other_are_no_score(tmp_path: Path, imported: Imported) -> None:
    path = as_csv(
        tmp_path / "r.csv",
        [{"model": "a", "case": n, "s": s, "o": o} for n, (s, o) in enumerate([(1, "fail"), (0, "pass"), (1, "pass")])],
    )
    made = {
        row.sample_id: row.outcome
        for row in rows_of(imported(path, "model: model\nitem: case\nscore: s\noutcome: o\n")[0])
    }
    assert made == {"0": "errored", "1": "errored", "2": "right"}


PROVIDERS = [
    "HTTP 429",
    "openai.RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-5'}}",
    "Error code: 401 - {'error': {'code': 'invalid_api_key'}}",
    '{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}',
    "503 Service Unavailable",
    "Request failed with status code 502",
    "litellm.InternalServerError: OpenAIException - unexpected error",
    "Traceback (most recent call last):\n  File x, line 2, in test\nopenai.APITimeoutError: Request timed out.",
    "HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=60)",
    "Connection error.",
    "timeout",
    "ECONNRESET",
    "429",
]
CHECKS = [
    "AssertionError: expected 429 to equal 200",
    "Expected status code 200, but got 503",
    "test_rate_limit.py failed: too many requests are let through",
    "Agent timed out after 3600 s",
    "AgentTimeoutError: request timed out",
    "NameError: name 'x' is not defined",
    "Expected output to contain hi",
    "ValueError: 500 rows, and 429 were asked for",
    "the answer is too long",
    "no file at /data/500/status",
]


@pytest.mark.parametrize("score", ["0", "false"])
def test_a_providers_error_beside_a_score_of_nothing_is_no_wrong_answer_and_a_failed_check_is(
    tmp_path: Path, imported: Imported, score: str
) -> None:
    texts = [*PROVIDERS, *CHECKS]
    rows = [{"model": "a", "case": n, "score": score, "error": text} for n, text in enumerate(texts)]
    folder, said = imported(as_csv(tmp_path / "r.csv", rows), None)
    made = {row.error: row.outcome for row in rows_of(folder)}
    assert {text for text, outcome in made.items() if outcome == "errored"} == set(PROVIDERS)
    assert {text for text, outcome in made.items() if outcome == "wrong"} == set(CHECKS)
    assert f"{len(PROVIDERS)} rows with a score of 0 and a provider's error" in said
    assert f"{len(CHECKS)} rows with a score of 0 and text in `error`" in said


def test_a_text_in_error_never_makes_an_answer_right(tmp_path: Path, imported: Imported) -> None:
    rows = [
        {"model": "a", "case": n, "score": score, "error": error}
        for n, (score, error) in enumerate(
            [("1", "HTTP 429"), ("", "HTTP 429"), ("0.5", "x"), ("0", "false"), ("0", "")]
        )
    ]
    folder, said = imported(as_csv(tmp_path / "r.csv", rows), None)
    made = [row.outcome for row in sorted(rows_of(folder), key=lambda row: row.sample_id)]
    assert made == ["right", "errored", "scored", "wrong", "wrong"]
    assert "2 rows with text in `error` and a score above 0: the score counts" in said
    assert "with a score of 0" not in said


@pytest.mark.parametrize("cell", ["-5", "1.5", "many", "1e999", "1,234", "true", "9" * 400])
def test_a_count_that_is_none_is_unknown_and_told(tmp_path: Path, imported: Imported, cell: str) -> None:
    path = as_csv(tmp_path / "r.csv", [{"model": "a", "case": 1, "score": 1, "input_tokens": cell}])
    (row,) = rows_of((told := imported(path, None))[0])
    assert row.input_tokens is None
    assert "cells of input_tokens that were not understood, and are unknown: 1; the first" in told[1]


def test_many_columns_that_are_not_understood_are_one_note(tmp_path: Path, imported: Imported) -> None:
    counts = ["input_tokens", "output_tokens", "reasoning_tokens", "total_s", "ttft_s"]
    path = as_csv(
        tmp_path / "r.csv", [{"model": "a", "case": n, "score": 1, **dict.fromkeys(counts, "?")} for n in (1, 2)]
    )
    said = imported(path, None)[1]
    assert said.count("not understood, and are unknown") == 1
    assert all(f"{which} 2 (the first: r.csv:2" in said for which in counts)


def test_guessed_columns_name_those_that_nobody_reads_in_one_note(tmp_path: Path, imported: Imported) -> None:
    rest = {f"extra_{n}": "x" for n in range(11)}
    path = as_csv(tmp_path / "r.csv", [{"model": "a", "case": n, "score": 1, **rest} for n in (1, 2)])
    said = imported(path, None)[1]
    assert "are not read: extra_0, extra_1" in said and "extra_7 and 3 more; name one in a map" in said
    assert "are not read" not in imported(path, "model: model\nitem: case\nscore: score\n")[1], (
        "a map says what is read"
    )


def test_twins_are_refused_and_nothing_is_left(tmp_path: Path, evalkit: Evalkit) -> None:
    path = as_csv(tmp_path / "r.csv", [{"model": "a", "case": 1, "score": 1}] * 2)
    ran = evalkit("import", "table", path)
    assert ran.code == 2
    assert "r.csv:3: '1' of r by a, stands there twice" in ran.err
    assert not run_folders(tmp_path / "results")


def test_repeats_are_counted_in_their_natural_order_across_models(tmp_path: Path, imported: Imported) -> None:
    rows = [
        {"model": m, "case": 1, "score": int(t == "run-10"), "run": t}
        for m, tries in (("a", ("run-10", "run-2", "run-1")), ("b", ("run-2", "run-10", "run-1")))
        for t in tries
    ]
    made = list(rows_of(imported(as_csv(tmp_path / "r.csv", rows), None)[0]))
    assert {(row.model, row.repeat) for row in made if row.score} == {("a", 2), ("b", 2)}


def test_a_model_with_fewer_rows_is_told_and_not_decided_on(tmp_path: Path, imported: Imported) -> None:
    rows = [row for row in records() if row["model"] == "big" or row["trial"] == "try-1"]
    _, said = imported(as_csv(tmp_path / "r.csv", rows))
    assert "these have fewer, and no gate decides on them: small (40)" in said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("model: model\nscore: passed\n", "item: is missing"),
        ("model: model\nitem: case\n", "score: (or outcome:) is missing"),
        ("modell: model\nitem: case\nscore: passed\n", "did you mean model?"),
        ("model: [a]\nitem: case\nscore: passed\n", "model: a column's name"),
        ("model: model\nitem: case\nscore: {column: passed, max: 0}\n", "a number above 0"),
        ("model: model\nitem: case\nscore: passed\ntotal_s: {column: took, unit: h}\n", "unit is one of s, ms, us, ns"),
        ("model: model\nitem: case\nscore: passed\ntimes: me\n", "times: {measured_by: NAME}"),
        ("model: model\nitem: case\nscore: nowhere\n", "score: nowhere"),
        ("model: model\nitem: case\nscore: pased\n", "score: pased, did you mean 'passed'?"),
        ("model: model\nitem: case\nscore: passed\nmodels: {big: {price: x}}\n", "price_as: PROVIDER:MODEL"),
        ("- a\n", "a map names columns"),
        ("model: &x model\nitem: *x\nscore: passed\n", "map.yaml"),
        ("\0", "map"),
    ],
)
def test_a_map_that_does_not_fit_is_told_by_line(tmp_path: Path, evalkit: Evalkit, written: str, said: str) -> None:
    path = as_csv(tmp_path / "r.csv", records(2))
    (tmp_path / "map.yaml").write_text(written)
    ran = evalkit("import", "table", path, "--map", tmp_path / "map.yaml")
    assert ran.code == 2
    assert said in ran.err
    assert not run_folders(tmp_path / "results")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", b""),
        ("r.csv", b"model,case,score\n"),
        ("r.csv", b"\xff\xfe\x00"),
        ("r.csv", b'model,case,score\n"a,1,1\n'),
        ("r.csv", b"model,model,score\na,1,1\n"),
        ("r.csv.gz", b"no gzip"),
        ("r.jsonl", b"[1, 2]\n"),
        ("r.jsonl", b'{"model": "a", "case": {"x": 1}, "score": 1}\n'),
        ("r.jsonl", b'{"model": "a"'),
        ("r.parquet", b"PAR1"),
        ("r.xlsx", b"PK"),
    ],
)
def test_half_broken_files_leave_nothing_behind(tmp_path: Path, evalkit: Evalkit, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    ran = evalkit("import", "table", tmp_path / name)
    assert ran.code == 2
    assert name in ran.err
    assert "Traceback" not in ran.err
    assert not list((tmp_path / "results").glob("*"))


def test_own_costs_win_over_prices(tmp_path: Path, imported: Imported) -> None:
    rows = [{"model": "big", "case": n, "score": 1, "usd": cost} for n, cost in enumerate(["$0.123456789", "", "x"])]
    mapped = "model: model\nitem: case\nscore: score\ncost_usd: usd\nstarted_at: {const: 2026-03-01}\n"
    costs = [row.cost_usd for row in rows_of(imported(as_csv(tmp_path / "r.csv", rows), mapped)[0])]
    assert costs == [Decimal("0.123456789"), None, None]


def test_a_cost_that_nobody_understands_is_unknown_and_not_priced_anew(tmp_path: Path, imported: Imported) -> None:
    rows = [{"model": "m", "case": n, "score": 1, "usd": usd, "in": 9, "out": 9} for n, usd in enumerate(["", "1_0"])]
    mapped = (
        "model: model\nitem: case\nscore: score\ncost_usd: usd\ninput_tokens: in\noutput_tokens: out\n"
        "started_at: {const: 2026-03-01}\nmodels: {m: {price_as: 'openai:gpt-4.1'}}\n"
    )
    folder, said = imported(as_csv(tmp_path / "r.csv", rows), mapped)
    assert [row.cost_usd is None for row in rows_of(folder)] == [False, True]
    assert "cost_usd that were not understood" in said


def test_own_prices_win_over_the_book(tmp_path: Path, imported: Imported) -> None:
    (tmp_path / "own.yaml").write_text(
        "- {model: gpt-4.1, valid_from: 2026-01-01, input_per_mtok: 1, output_per_mtok: 1}\n"
    )
    path = as_csv(tmp_path / "r.csv", records(2))
    made = list(rows_of(imported(path, MAP, "--prices", str(tmp_path / "own.yaml"))[0]))
    assert {row.cost_usd for row in made if row.model == "big" and row.sample_id == "c0"} == {Decimal("0.0011")}


def test_cached_tokens_that_do_not_fit_leave_the_cost_unknown(tmp_path: Path, imported: Imported) -> None:
    rows = [{"model": "m", "case": 1, "score": 1, "in": 100, "out": 5, "hit": 900}]
    mapped = (
        "model: model\nitem: case\nscore: score\ninput_tokens: {}\noutput_tokens: out\ncached_tokens: hit\n"
        "started_at: {{const: 2026-03-01}}\nmodels: {{m: {{price_as: 'openai:gpt-4.1'}}}}\n"
    )
    path = as_csv(tmp_path / "r.csv", rows)
    (row,) = rows_of(imported(path, mapped.format("in"))[0])
    assert row.cost_usd is None
    (row,) = rows_of(imported(path, mapped.format("{sum: [in, hit]}"))[0])
    assert row.cost_usd == Decimal(100 * 2 + 5 * 8) / 10**6 + Decimal("0.5") * 900 / 10**6


def test_an_input_that_leaves_out_the_cache_is_added_up(tmp_path: Path, imported: Imported) -> None:
    """The names are those of Anthropic's usage: 1,000 fresh tokens beside 5,000 read and 300 written."""
    parts = {"input_tokens": 1000, "cache_read_input_tokens": 5000, "cache_creation_input_tokens": 300}
    path = as_csv(tmp_path / "r.csv", [{"model": "m", "item": "1", "score": 1, **parts, "output_tokens": 10}])
    folder, told = imported(path, None)
    (row,) = rows_of(folder)
    assert (row.input_tokens, row.cache_read_tokens, row.cache_write_other_tokens) == (6300, 5000, 300)
    assert "input_tokens: {sum: [input_tokens, cache_read_input_tokens, cache_creation_input_tokens]}" in told


def test_an_input_below_its_cached_tokens_is_unknown_and_told(tmp_path: Path, imported: Imported) -> None:
    lines = [
        {"model": "m", "item": n, "score": 1, "prompt_tokens": 1000, "cached_tokens": c} for n, c in ((1, 5000), (2, 9))
    ]
    folder, told = imported(as_csv(tmp_path / "r.csv", lines), None)
    assert [row.input_tokens for row in rows_of(folder)] == [None, 1000]
    assert "1 row with less input_tokens than cached and written ones together" in told
    assert "{sum: [INPUT, CACHED, WRITTEN]}" in told


def test_a_cost_of_nothing_beside_tokens_is_unknown_and_told(tmp_path: Path, imported: Imported) -> None:
    """Tools write 0 where they do not know the price: half of a bill would be missing."""
    lines = [
        {"model": "m", "item": "1", "score": 1, "prompt_tokens": 1000, "output_tokens": 10, "cost_usd": 0.01},
        {"model": "m", "item": "2", "score": 1, "prompt_tokens": 1000, "output_tokens": 10, "cost_usd": 0},
        {"model": "m", "item": "3", "score": 1, "prompt_tokens": 0, "output_tokens": 0, "cost_usd": 0},
    ]
    folder, told = imported(as_csv(tmp_path / "r.csv", lines), None)
    assert [row.cost_usd for row in rows_of(folder)] == [Decimal("0.01"), None, 0]
    assert "1 row with tokens and a cost of 0" in told
    assert "--prices FILE" in told


def test_values_inside_objects(tmp_path: Path, imported: Imported) -> None:
    line = {"m": "a", "id": 7, "r": {"score": 0.5}, "usage": {"in": 3}, "tags": {"lang": "fi", "n": 2}, "out": ["x"]}
    (tmp_path / "r.jsonl").write_text(json.dumps(line))
    mapped = "model: m\nitem: id\nscore: r.score\ninput_tokens: usage.in\nslices: tags\ntext: out\n"
    (row,) = rows_of(imported(tmp_path / "r.jsonl", mapped)[0])
    assert (row.sample_id, row.score, row.input_tokens, row.text) == ("7", 0.5, 3, '["x"]')
    assert dict(row.slices) == {"lang": "fi", "n": "2"}


def test_other_prompts_under_one_id_are_other_items(tmp_path: Path, imported: Imported) -> None:
    rows = [{"model": m, "case": 1, "score": 1, "prompt": p} for m, p in (("a", "x"), ("b", "y"))]
    folder, _ = imported(as_csv(tmp_path / "r.csv", rows), None)
    assert len({row.sample_digest for row in rows_of(folder)}) == 2


GATE = """\
name: ours
gate:
  baseline: big
  candidates: [small]
  rules:
    - {{{rule}}}
"""


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("quality: all, margin: 0.02", 1, "fail"),
        ("quality: refunds, margin: 0.02", 0, "pass"),
        ("cost: usd_per_sample, max_ratio: 0.5", 0, "pass"),
        ("latency: total_p95, max_ratio: 1.0", 0, "taken by Our harness, under a load that is not stated"),
        ("latency: total_p95, max_s: 1.0", 1, "taken by Our harness"),
        ("quality: nowhere, margin: 0.02", 2, "nowhere"),
    ],
)
def test_a_file_with_only_a_gate_decides(
    tmp_path: Path, evalkit: Evalkit, imported: Imported, rule: str, code: int, said: str
) -> None:
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records(400)))
    (tmp_path / "gate.yaml").write_text(GATE.format(rule=rule))
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    assert ran.code == code, ran.out + ran.err
    told = " ".join((ran.out + ran.err).split())
    assert said in told
    if code != 2:
        assert "on recorded answers: no model was asked for small" in told


def test_an_imported_run_is_never_told_to_run_a_suite_again(
    tmp_path: Path, evalkit: Evalkit, imported: Imported
) -> None:
    """It has no suite, and nothing of it comes from the cache."""
    rows = [row for row in records(60) if row["model"] == "big" or row["case"] != "c3"]
    rows[-1]["passed"] = "perhaps"
    rows[-2]["passed"] = ""
    folder, _ = imported(as_csv(tmp_path / "runs.csv", rows))
    (tmp_path / "gate.yaml").write_text(GATE.format(rule="quality: all, margin: 0.1"))
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    told = " ".join(ran.out.split())
    assert ran.code == 4
    assert "Import a file that has each item of each model equally often" in told
    assert "more than 1 %" in told
    assert "import them again" in told
    assert "cache" not in told
    assert "Run the same command" not in told
    without = evalkit("gate", folder.name)
    assert without.code == 2
    assert "was imported, so it has no gate yet" in without.err


@pytest.mark.parametrize("key", ["run: {max_error_rate: 0.5}", "judges: {}"])
def test_a_file_with_only_a_gate_names_the_key_that_it_cannot_have(
    tmp_path: Path, evalkit: Evalkit, imported: Imported, key: str
) -> None:
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records()))
    (tmp_path / "gate.yaml").write_text(GATE.format(rule="quality: all, margin: 0.1") + key + "\n")
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    assert ran.code == 2
    assert key.partition(":")[0] in ran.err
    assert "a file with only a gate has the keys name, about, gate" in ran.err
    assert "there is no model" not in ran.err


def test_a_ratio_of_times_that_nobody_vouches_for_is_not_decided(
    tmp_path: Path, evalkit: Evalkit, imported: Imported
) -> None:
    mapped = "\n".join(line for line in MAP.splitlines() if not line.startswith("times"))
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records(400)), mapped)
    (tmp_path / "gate.yaml").write_text(GATE.format(rule="latency: total_p95, max_ratio: 1.0"))
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    assert ran.code == 3
    assert "times: {measured_by: NAME}" in " ".join(ran.out.split())


def test_a_gate_alone_is_not_enough_for_a_run_that_evalkit_made(tmp_path: Path, evalkit: Evalkit) -> None:
    suite = tmp_path / "s.yaml"
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "2 + 2?", "target": "4"}\n')
    suite.write_text(
        "name: s\nmodels:\n  a: {adapter: scripted, replies: {'1': '4'}}\n"
        "tasks:\n  - {name: t, data: d.jsonl, prompt: '{{ q }}', target: '{{ target }}', score: numbers}\n"
    )
    ran = evalkit("run", suite)
    assert ran.code == 0, ran.err
    (tmp_path / "gate.yaml").write_text("name: s\ngate: {candidates: [a], rules: [{quality: all, min: 0.5}]}\n")
    ran = evalkit("gate", "latest", "--suite", tmp_path / "gate.yaml")
    assert ran.code == 2
    assert "give the whole suite" in ran.err


def test_two_tables_compare_only_where_their_scorer_is_named(
    tmp_path: Path, evalkit: Evalkit, imported: Imported
) -> None:
    unnamed = MAP.replace("scorer: unit tests\n", "")
    found = [
        imported(as_csv(tmp_path / f"{model}.csv", records(60, models=(model,))), mapped)[0].name
        for mapped in (MAP, unnamed)
        for model in ("big", "small")
    ]
    named = evalkit("compare", f"{found[0]}:big", f"{found[1]}:small")
    assert named.code == 0, named.err
    other = evalkit("compare", f"{found[2]}:big", f"{found[3]}:small")
    assert other.code == 2
    assert "scorer" in other.err
    assert "`scorer: NAME`" in other.err and "evalkit rescore" not in other.err and "same suite" not in other.err


@pytest.mark.parametrize(
    ("model", "task"),
    [("openai/gpt-4o", "a/b c"), ("openai:chat:gpt-4o-mini", "long, with commas"), ("Qwen 3 (thinking)", "x/y=z")],
)
def test_models_and_tasks_of_another_tool_are_gated_by_their_own_names(
    tmp_path: Path, evalkit: Evalkit, imported: Imported, model: str, task: str
) -> None:
    """Names of routers, promptfoo and Every Eval Ever hold slashes, colons and blanks."""
    rows = [{**row, "model": model} if row["model"] == "small" else row for row in records(400)]
    folder, _ = imported(
        as_csv(tmp_path / "runs.csv", rows), MAP.replace("task: task\n", f"task: {{const: {task!r}}}\n")
    )
    gate = {"baseline": "big", "candidates": [model], "rules": [{"quality": task, "margin": 0.5}]}
    (tmp_path / "gate.yaml").write_text(yaml.safe_dump({"name": "g", "gate": gate}))
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    assert ran.code == 0, ran.out + ran.err
    assert f"quality of {task}" in ran.out


@pytest.mark.parametrize("name", ["two\nlines", " blank", "\u202egpt"])
def test_a_name_of_several_lines_or_unseen_signs_is_refused(
    tmp_path: Path, evalkit: Evalkit, imported: Imported, name: str
) -> None:
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records()))
    gate = {"baseline": "big", "candidates": [name], "rules": [{"quality": "all", "margin": 0.5}]}
    (tmp_path / "gate.yaml").write_text(yaml.safe_dump({"name": "g", "gate": gate}))
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    assert ran.code == 2
    assert "a model's name is one line" in ran.err


@pytest.mark.parametrize(("calls", "tokens", "known"), [(1, 300_000, True), (9, 300_000, False), (9, 150_000, True)])
def test_the_price_of_long_prompts_is_not_taken_for_many_short_ones(
    tmp_path: Path, imported: Imported, calls: int, tokens: int, known: bool
) -> None:
    rows = [{"model": "m", "case": 1, "score": 1, "input_tokens": tokens, "output_tokens": 5, "turns": calls}]
    mapped = (
        "model: model\nitem: case\nscore: score\ninput_tokens: input_tokens\noutput_tokens: output_tokens\n"
        "calls: turns\nstarted_at: {const: 2025-12-15}\nmodels: {m: {price_as: 'google:gemini-2.5-pro'}}\n"
    )
    folder, said = imported(as_csv(tmp_path / "r.csv", rows), mapped)
    (row,) = rows_of(folder)
    assert (row.cost_usd is not None) is known
    assert ("depends on the length of each prompt" in said) is not known


def test_the_example_of_the_page_works(tmp_path: Path, evalkit: Evalkit) -> None:
    page = (REPO / "docs" / "import-table.md").read_text()
    table, mapped, gate, *_ = (found[1] for found in re.finditer(r"```(?:text|yaml)\n(.*?)```", page, re.DOTALL))
    (tmp_path / "outcomes.csv").write_text(table)
    (tmp_path / "map.yaml").write_text(mapped)
    (tmp_path / "gate.yaml").write_text(gate)
    ran = evalkit("import", "table", tmp_path / "outcomes.csv", "--map", tmp_path / "map.yaml")
    assert ran.code == 0, ran.err
    assert "note:" not in ran.err
    assert evalkit("show", "latest").code == 0
    decided = evalkit("gate", "latest", "--suite", tmp_path / "gate.yaml")
    assert decided.code == 3, decided.err  # two items show nothing yet
    assert "on recorded answers: no model was asked for cheaper" in " ".join(decided.out.split())


@pytest.mark.long(but=7)
@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("1764374400", "2025-11-29"),
        ("1764374400000", "2025-11-29"),
        ("1764374400000000", "2025-11-29"),  # microseconds
        ("1764374400000000000", "2025-11-29"),
        ("1764374400.25", "2025-11-29"),
        ("20260131", "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
        ("20260131.0", "2026-01-31"),
        ("20260131101530", "2026-01-31"),  # as milliseconds the year 2612
        ("20260131101530123", "2026-01-31"),
        ("20260131T1015", "2026-01-31"),
        ("2026-01-31 10:15:30 UTC", "2026-01-31"),
        ("2026/1/31 10:15", "2026-01-31"),
        ("1.7698e9", "2026-01-30"),
        ("Sat, 31 Jan 2026 10:15:30 GMT", "2026-01-31"),
        ("01/02/2026", None),  # the first of February, or the second of January
        ("2126-01-31", None),  # nobody has answered then
        ("4102444800", None),
        ("20261345101530", None),
        ("2026", None),
        ("46000", None),  # a spreadsheet's count of days
        ("12.5", None),
        ("20261345", None),
        ("9" * 30, None),
        ("1e300", None),
        ("-5", None),
        ("0001-01-01", None),
    ],
)
def test_moments_are_read_in_their_unit_or_unknown(
    tmp_path: Path, imported: Imported, cell: str, day: str | None
) -> None:
    mapped = "model: model\nitem: case\nscore: score\nstarted_at: at\nmodels: {big: {price_as: 'openai:gpt-4o'}}\n"
    path = as_csv(tmp_path / "r.csv", [{"model": "big", "case": "1", "score": 1, "at": cell}])
    folder, told = imported(path, mapped)
    (row,) = rows_of(folder)
    assert (datetime.fromtimestamp(row.started_at, UTC).date().isoformat() if row.started_at else None) == day
    assert ("cells of started_at that were not understood" in told) == (day is None)


def test_a_column_that_only_a_late_record_has_is_there(tmp_path: Path, evalkit: Evalkit, imported: Imported) -> None:
    """JSON records lack what is empty: of a thousand answers perhaps one has an error."""
    lines = [{"model": "a", "item": str(n), "score": 1} for n in range(150)]
    lines.append({"model": "a", "item": "late", "error": "timeout"})
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for mapped in (None, "model: model\nitem: item\nscore: score\nerror: error\n"):
        folder, _ = imported(tmp_path / "r.jsonl", mapped)
        (row,) = (row for row in rows_of(folder) if row.sample_id == "late")
        assert (row.outcome, row.error_kind, row.error) == ("errored", "imported_error", "timeout")
    (tmp_path / "map.yaml").write_text("model: model\nitem: item\nscore: score\nerror: exception\n")
    ran = evalkit("import", "table", tmp_path / "r.jsonl", "--map", tmp_path / "map.yaml")
    assert ran.code == 2
    assert "no such column as the map names (error: exception). It has error, item, model, score" in ran.err


def test_a_file_with_only_a_gate_may_say_what_it_is_about(tmp_path: Path, evalkit: Evalkit, imported: Imported) -> None:
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records(400)))
    text = GATE.format(rule="cost: usd_per_sample, max_ratio: 0.5")
    (tmp_path / "gate.yaml").write_text("about: our agents\n" + text)
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    assert ran.code == 0, ran.out + ran.err


@pytest.mark.parametrize(
    "text",
    [
        "model,item,score,repeat\nm,a,1,²\nm,a,1,³\n",
        "model,item,score,repeat\nm,a,1,٣\nm,a,1,①\n",
        f"model,item,score,repeat\nm,a,1,{'9' * 5_000}\nm,a,1,run-{'8' * 5_000}\n",
    ],
)
def test_repeats_may_be_spelled_in_any_digits(capsys: Capture, tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text, "utf-8")
    ran = run_evalkit(capsys, "import", "table", tmp_path / "t.csv", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("field", ["model", "task", "item", "repeat", "prompt", "target", "text", "cluster", "error"])
def test_half_a_character_is_spelled_out(capsys: Capture, tmp_path: Path, field: str) -> None:
    row = {"model": "m", "task": "t", "item": "i", "score": 1, field: "a\ud800"}
    (tmp_path / "t.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    ran = run_evalkit(capsys, "import", "table", tmp_path / "t.jsonl", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err


def test_money_with_an_underscore_is_unknown() -> None:
    with pytest.raises(Unread):
        money("1_0")
    assert money("$10") == 10


def test_two_names_of_one_model_are_two_models_of_the_other_tool(
    tmp_path: Path, evalkit: Evalkit, imported: Imported
) -> None:
    """Efforts are no column: gpt-5-high and gpt-5-medium ask one model id, and are no noise of one model."""
    mapped = MAP.partition("models:")[0] + "models: {big: {model: gpt-6}, small: {model: gpt-6}}\n"
    folder, _ = imported(as_csv(tmp_path / "runs.csv", records()), mapped)
    (tmp_path / "gate.yaml").write_text(GATE.format(rule="quality: all, margin: 0.5"))
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    told = " ".join(ran.out.split())
    assert "name: big → small (their settings are not known)" in told
    assert "the same model" not in told


def test_what_is_unknown_speaks_against_passing_a_rate(tmp_path: Path, evalkit: Evalkit, imported: Imported) -> None:
    rows = records(200)
    for row in rows[-3:]:
        row["passed"] = "perhaps"
    folder, _ = imported(as_csv(tmp_path / "runs.csv", rows))
    (tmp_path / "gate.yaml").write_text(
        "name: g\ngate:\n  candidates: [small]\n  rules:\n"
        "    - {rate: refused, max_rate: 0.5}\n    - {quality: all, min: 0.5}\n"
    )
    ran = evalkit("gate", folder.name, "--suite", tmp_path / "gate.yaml")
    told = " ".join(ran.out.split())
    assert "3 answers without a score count as 0 for passing and as 1 for failing" in told
    assert "3 answers without a score count as 1 for passing and as 0 for failing" in told


def test_of_two_spellings_of_one_name_the_exact_one_is_guessed(tmp_path: Path, imported: Imported) -> None:
    rows = [{"Model": "x", "model": "a", "Item": 9, "item": n, "Score": 0, "score": 1} for n in range(3)]
    made = list(rows_of(imported(as_csv(tmp_path / "r.csv", rows), None)[0]))
    assert {(row.model, row.sample_id, row.score) for row in made} == {("a", f"{n}", 1.0) for n in range(3)}


@pytest.mark.long(but=5)
@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("0:00:01.500000", 1.5),
        ("0 days 00:00:01.500000", 1.5),
        ("1 day, 0:00:02", 86_402.0),
        ("PT1.5S", 1.5),
        ("P0DT0H1M1.000000001S", 61.000000001),
        ("-1 day, 23:59:59", None),
        ("PT-1S", None),
        ("P", None),
        ("PT", None),
        ("1:30", None),
        ("0:99:00", None),
        ("2026-01-01 00:00:01", None),
    ],
)
def test_a_duration_that_says_its_unit_is_read_by_it(
    tmp_path: Path, imported: Imported, cell: str, seconds: float | None
) -> None:
    path = as_csv(tmp_path / "r.csv", [{"model": "a", "case": 1, "score": 1, "latency_ms": cell, "ttft_s": cell}])
    (row,) = rows_of(imported(path, None)[0])
    assert (row.total_s, row.ttft_s) == (seconds, seconds)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_of_arrow_are_seconds(tmp_path: Path, imported: Imported, unit: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    times = pa.array([3 * per, None], pa.duration(unit))
    table = pa.table({"model": ["a", "a"], "item": [1, 2], "score": [1, None], "total_s": times, "ttft_s": times})
    pq.write_table(table, tmp_path / "r.parquet")
    folder, said = imported(tmp_path / "r.parquet", None)
    assert {(row.sample_id, row.total_s, row.ttft_s) for row in rows_of(folder)} == {("1", 3.0, 3.0), ("2", None, None)}
    assert "score is empty" in said and "xxxx" not in said


def test_a_decimal_comma_is_named(tmp_path: Path, imported: Imported) -> None:
    (tmp_path / "r.csv").write_text("model;item;score\na;1;0,5\na;2;0,25\n")
    said = imported(tmp_path / "r.csv", None)[1]
    assert "a decimal comma is not read" in said and "another scale" not in said


@pytest.mark.parametrize("column", ["cluster", "target", "critical"])
def test_what_differs_between_models_of_a_table_has_a_way_out(
    tmp_path: Path, imported: Imported, evalkit: Evalkit, column: str
) -> None:
    values = {"a": "yes", "b": "no"}
    rows = [{"model": m, "item": n, "score": 1, column: values[m]} for m in values for n in range(20)]
    imported(as_csv(tmp_path / "r.csv", rows), None)
    ran = evalkit("compare", "latest:a", "latest:b")
    assert ran.code == 2
    assert "In a table of another tool, give each item the same value for every model" in ran.err


def test_records_with_new_names_each_are_refused_at_once(tmp_path: Path, evalkit: Evalkit) -> None:
    """A value that was written as a name: 30 MB of such lines took a gigabyte and minutes (R22-9)."""
    path = tmp_path / "t.jsonl"
    with path.open("w") as file:
        for n in range(6):
            more = {f"{n}k{k}": 1 for k in range(20_000)}
            file.write(json.dumps({"model": "m", "item": str(n), "score": 1, **more}) + "\n")
    ran = evalkit("import", "table", path)
    assert ran.code == 2 and "more than 100,000 different names" in ran.err
