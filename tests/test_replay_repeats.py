"""Recorded answers with several answers to a sample, guessed columns, and figures whose origin a gate tells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.sealing import rows_of
from tests.world import Ran, evalkit, run_folders

Run = Callable[..., Ran]
SUITE = """
name: logs
models:
  old: {adapter: replay, path: old.jsonl%s}
  new: {adapter: replay, path: new.jsonl%s}
tasks:
  - name: asked
    data: {path: items.jsonl, id: id}
    prompt: "{{ q }}"
    target: "{{ a }}"
    score: exact
run: {repeats: 3}
gate:
  baseline: old
  candidates: [new]
  early_stop: "off"
  rules:
    - {quality: all, margin: 0.1}
    - {latency: total_p50, max_ratio: 1.0}
    - {latency: total_p95, max_s: 9}
    - {cost: usd_per_sample, max_ratio: 0.9}
"""
N = 100


def rows(factor: float, *, repeats: int = 3) -> list[dict[str, Any]]:
    """N samples times so many answers, in an order of their own."""
    return [
        {
            **{"id": str(n), "text": f"a{n}", "run": f"run-{repeat}", "prompt_tokens": 10, "completion_tokens": 2},
            **{"latency_ms": 1000 * factor * (1 + n / N), "cost": 0.001 * factor, "timestamp": "2026-03-01T10:00:00Z"},
        }
        for repeat in (10, 2, 1)[3 - repeats :]
        for n in range(N)
    ]


def written(
    folder: Path, old: list[dict[str, Any]], new: list[dict[str, Any]], *, options: str = ", columns: guess"
) -> Path:
    items = [{"id": str(n), "q": f"Q {n}?", "a": f"a{n}"} for n in range(N)]
    for name, records in (("items", items), ("old", old), ("new", new)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    (folder / "suite.yaml").write_text(SUITE % (options, options), "utf-8")
    return folder / "suite.yaml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda suite, *more: evalkit(capsys, "run", suite, "--results", suite.parent / "results", *more)


def flat(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


def test_the_file_s_repeats_are_the_run_s_and_their_figures_those_of_each(tmp_path: Path, run: Run) -> None:
    old = rows(1.0)
    for record in old:
        record["text"] += "" if record["run"] != "run-10" else " not"
        record["prompt_tokens"] += int(record["run"].removeprefix("run-"))
    suite = written(tmp_path, old, rows(0.5))
    ran = run(suite)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    found = {(row.sample_id, row.repeat): row for row in rows_of(folder) if row.model == "old"}
    assert len(found) == 3 * N
    three = [found["7", n] for n in range(3)]
    assert [row.input_tokens for row in three] == [11, 12, 20], "run-10 is the last one"
    assert [row.score for row in three] == [1.0, 1.0, 0.0]
    assert three[0].total_s == pytest.approx(1.07)
    assert (three[0].output_tokens, float(three[0].cost_usd or 0)) == (2, 0.001)
    assert three[0].started_at == pytest.approx(1772359200, abs=1)
    told = flat(ran)
    assert (
        "of old.jsonl these columns were guessed: {input_tokens: prompt_tokens, output_tokens: completion_tokens"
        in told
    )
    assert "total_s: {column: latency_ms, unit: ms}" in told
    assert "repeat: run" in told


@pytest.mark.long
def test_a_gate_says_where_the_figures_come_from(tmp_path: Path, run: Run) -> None:
    suite = written(tmp_path, rows(1.0), rows(0.5))
    silent = flat(run(suite, "--gate"))
    assert "one harness took the times of both sides" in silent, "nobody says who took the times"
    assert "times of new stand in a file of answers; they were taken by nobody knows whom" in silent
    assert "tokens and dollars of new are what a file of answers says; evalkit metered nothing" in silent
    measured = ", columns: guess, times: {measured_by: our harness, in_flight: 8}"
    suite = written(tmp_path, rows(1.0), rows(0.5), options=measured)
    ran = run(suite, "--gate", "--new")
    assert ran.code == 0, ran.out + ran.err
    assert "they were taken by 'our harness', with 8 requests in flight; evalkit measured nothing" in flat(ran)
    suite.write_text(suite.read_text("utf-8").replace("in_flight: 8", "in_flight: 9", 1), "utf-8")
    assert "one harness took the times of both sides" in flat(run(suite, "--gate", "--new")), "another load"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda old: rows(1.0, repeats=2), "old.jsonl holds 2 repeats (run-1, run-2), and run.repeats asks 3"),
        (
            lambda old: [one for one in old if (one["id"], one["run"]) != ("7", "run-10")],
            "old.jsonl has no answer to the repeat 'run-10' of 1 sample of asked ('7'). Complete the file",
        ),
        (lambda old: [*old, {**old[0], "run": "run-11"}], "holds 4 repeats, and run.repeats asks 3"),
        (lambda old: [*old, old[0]], "the id '0' stood already in line 1"),
        (lambda old: [{**one, "run": one["id"] + one["run"]} for one in old], "holds 300 repeats, and run.repeats"),
    ],
)
def test_too_few_and_too_many_repeats_are_said(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], said: str, tmp_path: Path, run: Run
) -> None:
    ran = run(written(tmp_path, change(rows(1.0)), rows(1.0)))
    assert ran.code == 2
    assert said in flat(ran), ran.err
    assert not run_folders(tmp_path / "results")


def test_repeats_without_a_column_are_refused_with_the_way_out(tmp_path: Path, run: Run) -> None:
    ran = run(written(tmp_path, rows(1.0), rows(1.0), options=""))
    assert ran.code == 2
    assert "If it was asked several times: columns: {repeat: COLUMN}" in flat(ran)
    ran = run(written(tmp_path, rows(1.0)[:N], rows(1.0)[:N], options=""))
    assert ran.code == 2
    assert "name the column that tells several answers apart: columns: {repeat: COLUMN}" in flat(ran)


def test_a_lacking_repeat_is_incomplete_where_the_file_is_partial(tmp_path: Path, run: Run) -> None:
    old = [one for one in rows(1.0) if (one["id"], one["run"]) != ("7", "run-10")]
    ran = run(written(tmp_path, old, rows(1.0), options=", columns: {repeat: run}, partial: true"))
    assert ran.code == 4
    (folder,) = run_folders(tmp_path / "results")
    lost = [row for row in rows_of(folder) if row.outcome == "errored"]
    assert [(row.model, row.sample_id, row.repeat) for row in lost] == [("old", "7", 2)]
    assert "has no answer to its repeat 3" in str(lost[0].error)


def test_what_a_guessed_column_does_not_say_is_unknown_and_counted(tmp_path: Path, run: Run) -> None:
    old = rows(1.0)
    old[0] |= {"prompt_tokens": "1,234", "cost": "", "latency_ms": None}
    del old[1]["cost"]
    ran = run(written(tmp_path, old, rows(1.0)))
    assert ran.code == 0, ran.err
    told = flat(ran)
    assert (
        "not understood, and unknown, of 300 answers of old.jsonl: input_tokens for 1 (the first: old.jsonl:1" in told
    )
    assert "looks like '0,000'" in told or "looks like 0,000" in told
    assert "unknown, of 300 answers of old.jsonl: cost_usd for 2, total_s for 1" in told, "one note, not one a column"
    (folder,) = run_folders(tmp_path / "results")
    row = next(row for row in rows_of(folder) if (row.model, row.sample_id, row.repeat) == ("old", "0", 2))
    assert (row.input_tokens, row.cost_usd, row.total_s, row.output_tokens) == (None, None, None, 2)


def test_columns_have_units_sums_and_constants_as_in_the_map_of_a_table(tmp_path: Path, run: Run) -> None:
    columns = (
        ", columns: {repeat: run, input_tokens: {sum: [plain, usage.cached]}, cached_tokens: usage.cached, "
        "total_s: {column: latency_ms, unit: ms}, started_at: {const: '2026-03-01'}}"
    )
    more = [{**one, "plain": 7, "usage": {"cached": 3}} for one in rows(1.0)]
    ran = run(written(tmp_path, more, more, options=columns))
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    row = next(rows_of(folder))
    assert (row.input_tokens, row.cache_read_tokens) == (10, 3)
    assert row.total_s is not None and 1.0 <= row.total_s < 2.0
    wrong = written(tmp_path, more, more, options=", columns: {total_s: {column: latency_ms, unit: hours}}")
    ran = run(wrong)
    assert ran.code == 2
    assert "unit is one of s, ms, us, ns" in flat(ran)
    ran = run(written(tmp_path, more, more, options=", columns: {tokens: x}"))
    assert ran.code == 2 and "columns" in ran.err
    ran = run(written(tmp_path, more, more, options=", times: {measured: x}"))
    assert ran.code == 2 and "measured_by" in ran.err


def test_a_protected_gate_refuses_a_candidate_that_became_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Repeats, figures and who took them change nothing about that."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        written(folder, rows(1.0), rows(0.5), options=", columns: guess, times: {measured_by: us}")
    protected = ours / "suite.yaml"
    asked = "  new: {adapter: openai_chat, model: new, base_url: 'http://127.0.0.1:9/v1'}"
    text = protected.read_text("utf-8")
    line = next(one for one in text.splitlines() if one.startswith("  new:"))
    protected.write_text(text.replace(line, asked), "utf-8")
    results = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", theirs / "suite.yaml", *results).code == 0
    ran = evalkit(capsys, "gate", "latest", "--suite", protected, *results)
    assert ran.code == 2
    assert "its answers were read from a file (adapter: replay)" in flat(ran)
    protected.write_text(text, "utf-8")
    assert evalkit(capsys, "gate", "latest", "--suite", protected, *results).code == 0, "the suite has the same entry"
    other = text.replace("times: {measured_by: us}}\ntasks", "times: {measured_by: them}}\ntasks")
    assert other != text
    protected.write_text(other, "utf-8")
    assert evalkit(capsys, "gate", "latest", "--suite", protected, *results).code == 2


@pytest.mark.long
def test_what_was_guessed_can_be_written_as_columns_whatever_they_are_called(tmp_path: Path, run: Run) -> None:
    names = {"prompt_tokens": "Prompt Tokens #", "completion_tokens": "- completion_tokens", "run": "Run #"}
    old, new = ([{names.get(key, key): value for key, value in row.items()} for row in rows(f)] for f in (1.0, 0.5))
    suite = written(tmp_path, old, new)
    ran = run(suite)
    assert ran.code == 0, ran.err
    guessed = re.search(r"of old.jsonl these columns were guessed: (\{.*?\})\. Write them as columns:", flat(ran))
    assert guessed is not None
    suite = written(tmp_path, old, new, options=f", columns: {guessed[1]}")
    ran = run(suite, "--new")
    assert ran.code == 0, ran.err
    first, second = (
        sorted((row.model, row.sample_id, row.repeat, row.input_tokens, row.output_tokens) for row in rows_of(folder))
        for folder in run_folders(tmp_path / "results")
    )
    assert first == second
    assert all(tokens for *_, tokens, _ in first)


@pytest.mark.parametrize("repeats", [1, 2])
def test_an_answer_that_lacks_to_a_repeat_that_is_asked_is_said_before_the_run(
    repeats: int, tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the file has more repeats than are asked."""
    old = [record for record in rows(1.0) if (record["id"], record["run"]) != ("7", "run-1")]
    suite = written(tmp_path, old, rows(0.5), options=", columns: {repeat: run}, partial: true")
    suite.write_text(suite.read_text("utf-8").replace("repeats: 3", f"repeats: {repeats}"), "utf-8")
    lacks = "models.old: old.jsonl has no answer to the repeat 'run-1' of 1 sample of asked ('7')"
    assert lacks in flat(evalkit(capsys, "check", suite))
    ran = run(suite)
    assert ran.code == 4
    assert lacks in flat(ran)
    assert "Run the same command again" not in flat(ran), "the file will not have it then either"


def test_recorded_answers_are_not_paid_again_and_use_up_no_budget(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = written(tmp_path, rows(1.0), rows(0.5))
    ran = run(suite, "--max-cost", "0.001")
    assert ran.code == 0, ran.err
    assert "the budget is used" not in flat(ran)
    (folder,) = run_folders(tmp_path / "results")
    found = list(rows_of(folder))
    assert {row.spend_usd for row in found} == {0}
    assert {float(row.cost_usd or 0) for row in found} == {0.001, 0.0005}, "what a rule about cost compares"
    bill = json.loads(evalkit(capsys, "price", folder.name, "--results", folder.parent, "--json").out)
    total = bill["models"]["old"]["total"]
    assert float(total["billed_usd"]) == pytest.approx(0.3)
    assert float(total["spend_usd"]) == 0


def test_an_answer_that_the_file_lacks_costs_nothing(tmp_path: Path, run: Run) -> None:
    old = rows(1.0)
    old[0]["text"] = None
    ran = run(written(tmp_path, old, rows(0.5)), "--max-cost", "0.001")
    assert "the budget is used" not in flat(ran)
    (folder,) = run_folders(tmp_path / "results")
    assert {row.spend_usd for row in rows_of(folder) if row.model == "old"} == {0}


@pytest.mark.long
def test_one_answer_without_a_token_count_is_named_where_its_model_has_a_price(tmp_path: Path, run: Run) -> None:
    old, new = rows(1.0), rows(0.5)
    for record in (*old, *new):
        del record["cost"]
    old[7]["completion_tokens"] = None
    suite = written(tmp_path, old, new, options=', columns: guess, price_as: "openai:gpt-4.1"')
    told = flat(run(suite, "--gate"))
    assert "of old 1 of 300 answers has no output_tokens" in told
    assert "Write the missing counts into its file of answers" in told
    assert "name one with price_as" not in told


def test_a_bill_of_unknown_cost_is_no_unknown_price_on_the_site(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = rows(1.0), rows(0.5)
    del old[7]["cost"]
    run(written(tmp_path, old, new))
    made = evalkit(capsys, "report", "--site", tmp_path / "site", "--results", tmp_path / "results")
    assert made.code == 0, made.err
    assert "What 1 of 300 answers of old cost is not known." in (tmp_path / "site" / "index.html").read_text("utf-8")


@pytest.mark.long
def test_the_recorded_part_of_a_pipeline_is_not_paid_again(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = written(tmp_path, rows(1.0), [one | {"text": "safe"} for one in rows(0.5)])
    pipeline = "  both: {adapter: pipeline, model: old, before: new, blocked: unsafe, passed: safe}\ntasks:"
    suite.write_text(suite.read_text("utf-8").replace("tasks:", pipeline, 1), "utf-8")
    ran = run(suite, "--max-cost", "0.001")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    found = [row for row in rows_of(folder) if row.model == "both"]
    assert {float(row.cost_usd or 0) for row in found} == {0.0015}
    assert {row.spend_usd for row in found} == {0}
    bill = evalkit(capsys, "price", folder.name, "--results", folder.parent, "--json").out
    paid = re.findall(r'"spend_usd": ?("[^"]*"|null)', bill)
    assert len(paid) >= 5, "each model, and each part of the pipeline"
    assert {float(one.strip('"')) for one in paid} == {0.0}
