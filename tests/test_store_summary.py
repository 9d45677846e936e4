"""The figures of a run: what is unknown is null, failures are shown both ways, a cache is never a latency."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.errors import StoreError
from evalkit.records import Outcome, Row
from evalkit.stats.intervals import clustered, student_t, wilson
from evalkit.store.sealing import seal
from tests.store_rows import a_hostile_row, a_row, a_run, an_error, write
from tests.summaries import read_summary, summarise, write_summary


def _of(results: Path, rows: Iterable[Row], model: str = "gpt") -> dict[str, Any]:
    return summarise(a_run(results, rows))["models"][model]["all"]


def _nulls(block: object) -> bool:
    return all(_nulls(v) for v in block.values()) if isinstance(block, dict) else block is None


def test_right_and_wrong_answers_get_wilsons_interval(tmp_path: Path) -> None:
    block = _of(tmp_path, [a_row(n) for n in range(100)])
    expected = wilson(80, 100)
    assert expected is not None
    assert block["quality"] == {
        "mean": 0.8,
        "low": expected.low,
        "high": expected.high,
        "n": 100,
        "interval": "wilson",
    }
    assert block["quality_failures_wrong"] == block["quality"]
    assert block["outcomes"]["right"] == 80
    assert block["outcomes"]["errored"] == 0


def test_an_outage_is_no_wrong_answer_but_is_shown_both_ways(tmp_path: Path) -> None:
    block = _of(tmp_path, [a_row(1), a_row(2), an_error(3), an_error(4)])
    assert (block["n"], block["n_answered"], block["outcomes"]["errored"]) == (4, 2, 2)
    assert (block["quality"]["mean"], block["quality"]["n"]) == (1.0, 2)
    assert (block["quality_failures_wrong"]["mean"], block["quality_failures_wrong"]["n"]) == (0.5, 4)


def test_a_run_of_nothing_but_errors_has_no_figures_rather_than_zeros(tmp_path: Path) -> None:
    block = _of(tmp_path, [an_error(n) for n in range(3)])
    assert block["quality"] == {"mean": None, "low": None, "high": None, "n": 0, "interval": None}
    assert block["quality_failures_wrong"]["mean"] == 0.0
    assert block["cost"]["total_usd"] is None
    assert block["cost"]["usd_per_1k_samples"] is None
    assert block["latency"]["n_measured"] == 0
    assert _nulls(block["latency"]["total_s"])
    assert _nulls(block["tokens"])
    assert block["cached_share"] is None


def test_an_answer_that_a_judge_could_not_mark_is_left_out_and_counted(tmp_path: Path) -> None:
    block = _of(tmp_path, [a_row(1), a_row(2, score=None, outcome=Outcome.SCORED)])
    assert block["n_unscored"] == 1
    assert (block["quality"]["n"], block["quality_failures_wrong"]["n"]) == (1, 1)


def test_repeats_are_averaged_within_the_sample_first(tmp_path: Path) -> None:
    rows = [a_row(1, repeat=r, score=1.0) for r in range(9)] + [a_row(2, score=0.0), a_row(3, score=0.5)]
    block = _of(tmp_path, rows)
    expected = student_t([1.0, 0.0, 0.5])
    assert expected is not None
    assert block["n_samples"] == 3
    assert block["quality"]["mean"] == pytest.approx(0.5)
    assert block["quality"]["interval"] == "t"
    assert (block["quality"]["low"], block["quality"]["high"]) == (max(0, expected.low), min(1, expected.high))


def test_items_that_move_together_get_a_cluster_interval(tmp_path: Path) -> None:
    rows = [a_row(n, cluster=f"talk {n // 4}" if n < 32 else None) for n in range(40)]
    block = _of(tmp_path, rows)
    expected = clustered([r.score or 0.0 for r in rows], [r.cluster or r.sample_id for r in rows])
    assert expected is not None
    assert block["quality"]["interval"] == "clustered"
    assert (block["quality"]["low"], block["quality"]["high"]) == pytest.approx((expected.low, expected.high))


def test_graded_scores_that_are_all_alike_have_no_interval_and_all_right_is_not_certainty(tmp_path: Path) -> None:
    graded = _of(tmp_path / "a", [a_row(n, outcome=Outcome.SCORED, score=0.7) for n in range(9)])
    assert graded["quality"] == {"mean": pytest.approx(0.7), "low": None, "high": None, "n": 9, "interval": None}
    rows = [a_row(n, outcome=Outcome.RIGHT, score=1.0, cluster=str(n % 3)) for n in range(9)]
    alike, three = _of(tmp_path / "b", rows), wilson(3, 3)
    assert three is not None
    assert (alike["quality"]["low"], alike["quality"]["interval"]) == (three.low, "wilson")


def test_an_unknown_price_makes_the_bill_unknown_not_smaller(tmp_path: Path) -> None:
    rows = [a_row(1), a_row(2, cost_usd=None, spend_usd=None)]
    cost = _of(tmp_path, rows)["cost"]
    assert cost == {
        "total_usd": None,
        "known_usd": 0.000131,
        "n_unknown": 1,
        "usd_per_1k_samples": None,
        "usd_per_correct": None,
        "spend_usd": None,
    }


def test_cost_is_exact_per_thousand_and_per_correct_answer(tmp_path: Path) -> None:
    rows = [a_row(n, cost_usd=Decimal("0.1"), spend_usd=Decimal(n % 2) / 10) for n in range(10)] + [an_error(99)]
    cost = _of(tmp_path, rows)["cost"]
    assert (cost["total_usd"], cost["usd_per_1k_samples"], cost["usd_per_correct"]) == (1.0, 100.0, 0.125)
    assert cost["spend_usd"] == 0.5


def test_cost_per_correct_answer_is_null_when_none_is_or_when_scores_are_graded(tmp_path: Path) -> None:
    assert _of(tmp_path / "a", [a_row(0), a_row(5)])["cost"]["usd_per_correct"] is None
    graded = [a_row(n, outcome=Outcome.SCORED, score=1.0) for n in range(3)]
    assert _of(tmp_path / "b", graded)["cost"]["usd_per_correct"] is None


def test_cost_per_correct_answer_is_there_for_all_models_of_a_run_or_for_none(tmp_path: Path) -> None:
    """A model whose answers to a graded task could not be read has no cheaper right answers than one that was read."""
    plain = [a_row(n, model=model) for model in ("gpt", "qwen") for n in range(1, 5)]
    read = [a_row(n, task="f1", sample_digest=f"f{n}", outcome=Outcome.SCORED, score=0.5) for n in range(3)]
    unread = [
        a_row(n, model="qwen", task="f1", sample_digest=f"f{n}", outcome=Outcome.UNPARSEABLE, score=0.0)
        for n in range(3)
    ]
    both = summarise(a_run(tmp_path / "a", [*plain, *read, *unread]))["models"]
    assert [both[model]["all"]["cost"]["usd_per_correct"] for model in ("gpt", "qwen")] == [None, None]
    assert both["qwen"]["tasks"]["mmlu"]["cost"]["usd_per_correct"] is not None
    alone = summarise(a_run(tmp_path / "b", [*plain, *unread]))["models"]
    assert alone["qwen"]["all"]["cost"]["usd_per_correct"] is None, "nobody can say what kind of scores that task has"


def test_a_free_model_costs_zero_and_not_nothing(tmp_path: Path) -> None:
    cost = _of(tmp_path, [a_row(1, cost_usd=Decimal(0), spend_usd=Decimal(0))])["cost"]
    assert (cost["total_usd"], cost["usd_per_correct"], cost["spend_usd"]) == (0.0, 0.0, 0.0)


def test_latency_comes_from_answers_that_were_waited_for(tmp_path: Path) -> None:
    rows = [a_row(n) for n in range(11)]
    rows += [a_row(n, cached=True, ttft_s=50.0, total_s=60.0) for n in range(20, 30)] + [an_error(40, total_s=90.0)]
    block = _of(tmp_path, rows)
    latency, measured = block["latency"], rows[:11]
    assert latency["n_measured"] == 11
    assert latency["ttft_s"]["p50"] == pytest.approx(0.205)
    assert latency["total_s"]["p99"] == pytest.approx(np.percentile([r.total_s for r in measured], 99))
    assert latency["output_tokens_per_s"] == pytest.approx(20 / 0.405)
    assert latency["queue_s_mean"] == pytest.approx(0.01)
    assert block["cached_share"] == pytest.approx(10 / 21)


def test_a_model_that_does_not_stream_has_no_first_token_time(tmp_path: Path) -> None:
    latency = _of(tmp_path, [a_row(n, ttft_s=None, tpot_s=None, total_s=0.0) for n in range(3)])["latency"]
    assert latency["ttft_s"] == {"p50": None, "p95": None}
    assert latency["tpot_s"] == {"p50": None, "p95": None}
    assert latency["output_tokens_per_s"] is None


def test_tokens_are_unknown_when_one_answer_did_not_report_them(tmp_path: Path) -> None:
    tokens = _of(tmp_path, [a_row(1, reasoning_tokens=5), a_row(2, output_tokens=None), an_error(3)])["tokens"]
    assert tokens == {"input": 160, "output": None, "reasoning": None, "cache_read": None, "per_answer": None}
    assert _of(tmp_path / "b", [a_row(1), a_row(2, output_tokens=40)])["tokens"]["per_answer"] == 110


def test_all_pools_the_samples_of_every_task(tmp_path: Path) -> None:
    rows = [a_row(n) for n in range(10)] + [
        a_row(n, task="refunds", outcome=Outcome.WRONG, score=0.0) for n in range(30)
    ]
    model = summarise(a_run(tmp_path, rows))["models"]["gpt"]
    assert model["tasks"]["mmlu"]["quality"]["mean"] == 0.8
    assert model["tasks"]["refunds"]["quality"]["mean"] == 0.0
    assert model["all"]["quality"] | {"low": 0, "high": 0} == {
        "mean": 0.2,
        "low": 0,
        "high": 0,
        "n": 40,
        "interval": "wilson",
    }


def test_models_and_tasks_keep_the_order_of_the_suite(tmp_path: Path) -> None:
    rows = [a_row(n, model=m, task=t) for n in range(2) for m in ("alpha", "gpt", "zeta") for t in ("b", "a")]
    ordered = summarise(a_run(tmp_path, rows, models={"zeta": {}, "gpt": {}}, tasks=["b", "a"]))["models"]
    assert list(ordered) == ["zeta", "gpt", "alpha"]
    assert list(ordered["gpt"]["tasks"]) == ["b", "a"]


def test_the_summary_is_the_same_before_and_after_sealing_and_resuming(tmp_path: Path) -> None:
    rows = [a_row(n, model=m) for n in range(30) for m in ("gpt", "claude")] + [a_hostile_row(), an_error(50)]
    folder = a_run(tmp_path, [an_error(3), *rows])
    before = summarise(folder)
    seal(folder)
    assert summarise(folder)["models"] == before["models"]
    write(folder, [replace(an_error(50), outcome=Outcome.RIGHT, score=1.0), rows[3]])
    resumed = summarise(folder)
    seal(folder)
    assert summarise(folder)["models"] == resumed["models"]
    assert before["n_rows"] == resumed["n_rows"] == 62
    assert resumed["models"]["gpt"]["all"]["outcomes"]["errored"] == 0


def test_the_summary_is_plain_json_and_can_be_rebuilt(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [a_row(n) for n in range(10)])
    written = write_summary(folder)
    assert json.loads((folder / "summary.json").read_text()) == written == read_summary(folder)
    for damaged in ("", "[]", '{"schema_version": 99}'):
        (folder / "summary.json").write_text(damaged)
        assert read_summary(folder) == written


def test_a_stored_summary_that_is_older_than_the_rows_is_not_shown(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [a_row(1)])
    seal(folder)
    write_summary(folder)
    write(folder, [a_row(2)])
    assert read_summary(folder)["n_rows"] == 2
    seal(folder)
    assert read_summary(folder)["n_rows"] == 2


def test_an_answer_wins_over_an_error_whatever_their_order(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [a_row(1), an_error(1), an_error(2), a_row(2)])
    for _ in range(2):
        outcomes = summarise(folder)["models"]["gpt"]["all"]["outcomes"]
        assert (outcomes["right"], outcomes["errored"]) == (2, 0)
        seal(folder)
        write(folder, [an_error(1)])


def test_a_run_without_rows_has_no_models(tmp_path: Path) -> None:
    summary = summarise(a_run(tmp_path))
    assert (summary["n_rows"], summary["models"]) == (0, {})


def test_a_folder_that_is_no_run_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run"):
        summarise(tmp_path)
