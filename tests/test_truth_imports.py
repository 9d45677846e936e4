"""Results of other tools: what their numbers mean there is what they mean here, or they are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.runs import read_facts
from evalkit.store.sealing import rows_of
from tests.data_world import DataWorld
from tests.test_import_export import WHEN, generated, weighed
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]


def lm_eval(
    capsys: Capture, folder: Path, lines: list[dict[str, Any]], *args: object, **results: Any
) -> tuple[Ran, list[Any]]:
    out = folder / "out" / "m"
    out.mkdir(parents=True, exist_ok=True)
    (out / f"samples_t_{WHEN}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (out / f"results_{WHEN}.json").write_text(json.dumps({"model_name": "x", **results}))
    ran = evalkit(capsys, "import", "lm-eval", folder / "out", "--results", folder / "results", *args)
    folders = run_folders(folder / "results") if (folder / "results").is_dir() else []
    rows = sorted(rows_of(folders[-1]), key=lambda r: (r.sample_id, r.repeat)) if ran.code == 0 and folders else []
    return ran, rows


def with_metric(name: str, *values: Any) -> list[dict[str, Any]]:
    made = []
    for number, value in enumerate(values):
        line = generated(number, "none", 0.0)
        line.pop("exact_match")
        made.append({**line, "metrics": [name], name: value})
    return made


@pytest.mark.parametrize("metric", ["wer", "perplexity", "ter", "brier_score", "my_loss"])
def test_a_metric_that_is_better_when_lower_is_no_score(capsys: Capture, tmp_path: Path, metric: str) -> None:
    ran, _ = lm_eval(capsys, tmp_path, with_metric(metric, 0.9, 0.1), higher_is_better={"t": {metric: False}})
    assert ran.code == 2 and metric in ran.err and "lower" in ran.err


def test_nor_when_it_is_asked_for(capsys: Capture, tmp_path: Path) -> None:
    lines = [{**weighed(n, 1.0), "metrics": ["acc", "wer"], "wer": 0.5} for n in range(2)]
    ran, rows = lm_eval(capsys, tmp_path, lines, "--metric", "wer", higher_is_better={"t": {"wer": False}})
    assert ran.code == 2 and "lower" in ran.err
    ran, rows = lm_eval(capsys, tmp_path, lines, higher_is_better={"t": {"acc": True, "wer": False}})
    assert ran.code == 0 and rows[0].score == 1.0 and "wer" not in rows[0].parts


@pytest.mark.parametrize(
    "values", [(0.5, 37.0, 80.0), (37.0, 0.5, 80.0), (0.0, 0.0, 100.0), (1.0, 1.0, 1.01), (0.2, -0.4, 0.1)]
)
def test_a_metric_out_of_a_hundred_is_no_score(capsys: Capture, tmp_path: Path, values: tuple[float, ...]) -> None:
    ran, _ = lm_eval(capsys, tmp_path, with_metric("f1", *values))
    assert ran.code == 2 and "f1" in ran.err and "from 0 to 1" in ran.err


@pytest.mark.parametrize("first", [None, float("nan"), "n/a"])
def test_a_first_line_without_a_value_hides_no_metric(capsys: Capture, tmp_path: Path, first: Any) -> None:
    lines = [{**weighed(0, 1.0), "acc": first}, weighed(1, 1.0)]
    ran, rows = lm_eval(capsys, tmp_path, lines)
    assert ran.code == 0, ran.err
    assert [(str(row.outcome), row.score) for row in rows] == [("errored", None), ("right", 1.0)]
    assert "1 of 2" in ran.out + ran.err


def test_exported_repeats_are_repeats_again(capsys: Capture, tmp_path: Path) -> None:
    world = DataWorld(tmp_path, capsys)
    _ran, rows = world.run([{"id": "1", "q": "b", "a": "x"}, {"id": "2", "q": "c", "a": "y"}], run={"repeats": 3})
    assert len(rows) == 6
    folder = run_folders(tmp_path / "results")[-1]
    assert evalkit(capsys, "export", folder, "--to", "lm-eval", "--out", tmp_path / "exp").code == 0
    back = evalkit(capsys, "import", "lm-eval", tmp_path / "exp", "--results", tmp_path / "again")
    assert back.code == 0, back.err
    found = list(rows_of(run_folders(tmp_path / "again")[-1]))
    assert sorted((row.sample_id, row.occurrence, row.repeat) for row in found) == [
        (name, 0, repeat) for name in "12" for repeat in range(3)
    ]
    assert read_facts(run_folders(tmp_path / "again")[-1])["tasks"]["t"]["n"] == 2


def inspect(
    capsys: Capture, folder: Path, samples: list[dict[str, Any]], *args: object, **about: Any
) -> tuple[Ran, list[Any]]:
    log = {"version": 2, "status": "success", "eval": {"task": "t", "model": "openai/m", **about}, "samples": samples}
    (folder / "log.json").write_text(json.dumps(log))
    ran = evalkit(capsys, "import", "inspect", folder / "log.json", "--results", folder / "results", *args)
    folders = run_folders(folder / "results") if (folder / "results").is_dir() else []
    rows = sorted(rows_of(folders[-1]), key=lambda r: (int(r.sample_id), r.repeat)) if ran.code == 0 else []
    return ran, rows


def sample(number: int, value: Any, **more: Any) -> dict[str, Any]:
    output = {"completion": "A", "usage": {"input_tokens": 5, "output_tokens": 2}}
    return {
        "id": number,
        "epoch": 1,
        "input": f"q{number}",
        "target": "A",
        "output": output,
        "scores": {"s": {"value": value}},
        **more,
    }


WORDS: list[tuple[Any, float | None]] = [
    ("C", 1.0),
    ("I", 0.0),
    ("P", 0.5),
    ("N", 0.0),
    ("yes", 1.0),
    ("No", 0.0),
    ("true", 1.0),
    ("FALSE", 0.0),
    ("1", 1.0),
    ("0", 0.0),
    ("0.5", 0.5),
    (True, 1.0),
    (0.25, 0.25),
    (7, None),
    ("7", None),
    ("maybe", None),
    ("nan", None),
    ("", None),
    (None, None),
    (["C"], None),
    ({"acc": 1}, None),
]


@pytest.mark.long(but=7)
@pytest.mark.parametrize(("value", "score"), WORDS)
def test_inspects_words_are_read_as_inspect_reads_them(
    capsys: Capture, tmp_path: Path, value: Any, score: float | None
) -> None:
    ran, rows = inspect(capsys, tmp_path, [sample(0, value), sample(1, "C")])
    assert ran.code == 0, ran.err
    assert rows[0].score == score
    assert ("1 of 2" in ran.out + ran.err) is (score is None)
    if score is None:
        assert str(rows[0].outcome) == "errored" and rows[0].reason


def test_a_value_of_several_numbers_is_taken_by_its_key(capsys: Capture, tmp_path: Path) -> None:
    samples = [sample(n, {"acc": n, "f1": 0.5}) for n in range(2)]
    ran, rows = inspect(capsys, tmp_path, samples, "--scorer", "s.acc")
    assert ran.code == 0, ran.err
    assert [row.score for row in rows] == [0.0, 1.0]
    ran, _ = inspect(capsys, tmp_path, samples)
    assert "s.acc" in ran.out + ran.err


def test_every_call_of_a_sample_is_counted(capsys: Capture, tmp_path: Path) -> None:
    usage = {"openai/m": {"input_tokens": 900, "output_tokens": 40, "reasoning_tokens": 9}}
    grader = {"openai/grader": {"input_tokens": 10_000, "output_tokens": 10_000}}
    samples = [sample(0, "C", model_usage={**usage, **grader}), sample(1, "C"), sample(2, "C", model_usage=grader)]
    _, rows = inspect(capsys, tmp_path, samples)
    assert [(row.input_tokens, row.output_tokens) for row in rows] == [(900, 40), (5, 2), (5, 2)]
    assert rows[0].reasoning_tokens == 9


def test_an_epoch_is_a_repeat(capsys: Capture, tmp_path: Path) -> None:
    samples = [sample(0, "C"), {**sample(0, "I"), "epoch": 2}]
    _, rows = inspect(capsys, tmp_path, samples)
    assert [(row.repeat, row.occurrence, row.score) for row in rows] == [(0, 0, 1.0), (1, 0, 0.0)]


def test_a_sample_of_inspect_keeps_the_day_on_which_it_was_asked(capsys: Capture, tmp_path: Path) -> None:
    """They were all of 1970, so that price lists of one's own, which have dates, priced none of them."""
    samples = [sample(0, "C", started_at="2025-03-01T10:00:00+00:00"), sample(1, "C")]
    _, rows = inspect(capsys, tmp_path, samples, created="2025-02-01T00:00:00+00:00", model="openai/gpt-4o")
    assert [datetime.fromtimestamp(row.started_at, UTC).date().isoformat() for row in rows] == [
        "2025-03-01",
        "2025-02-01",
    ]
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "- {model: gpt-4o, valid_from: 2025-01-01, until: 2026-01-01, currency: USD, "
        "input_per_mtok: 1, output_per_mtok: 1}\n"
        "- {model: gpt-4o, valid_from: 2026-01-01, currency: USD, input_per_mtok: 9, output_per_mtok: 9}\n"
    )
    ran = evalkit(capsys, "price", "latest", "--results", tmp_path / "results", "--prices", prices, "--json")
    assert ran.code == 0 and "0.000014" in ran.out


@pytest.mark.parametrize("metric", ["bits_per_byte", "word_perplexity", "cer", "my_loss", "ece"])
def test_a_name_that_says_lower_is_no_score_where_the_results_say_nothing(
    capsys: Capture, tmp_path: Path, metric: str
) -> None:
    ran, _ = lm_eval(capsys, tmp_path, with_metric(metric, 0.5, 0.9))
    assert ran.code == 2 and metric in ran.err and "lower" in ran.err
    ran, rows = lm_eval(capsys, tmp_path, with_metric(metric, 0.5, 0.9), higher_is_better={"t": {metric: True}})
    assert ran.code == 0 and [row.score for row in rows] == [0.5, 0.9]


def test_lines_of_another_filter_are_said(capsys: Capture, tmp_path: Path) -> None:
    both = [generated(0, "strict-match", 0.0), generated(0, "flexible-extract", 1.0)]
    ran, rows = lm_eval(capsys, tmp_path, both)
    assert [row.score for row in rows] == [0.0] and "flexible-extract" in ran.out + ran.err
    ran, rows = lm_eval(capsys, tmp_path, both, "--metric", "exact_match,flexible-extract")
    assert [row.score for row in rows] == [1.0]
