"""Results of other tools get their costs: by the price book at the day of the answers, or by a person's own prices."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.sealing import rows_of
from tests.test_import_harbor import ATIF
from tests.test_import_other_tools import promptfoo, result
from tests.world import Ran
from tests.world import evalkit as run_evalkit

Capture = pytest.CaptureFixture[str]
Import = Callable[..., tuple[Ran, list[Any]]]
TOKENS = {"prompt": 1000, "completion": 500}


@pytest.fixture
def imported(capsys: Capture, tmp_path: Path) -> Import:
    """Runs an import; what it said, and its rows."""

    def run(*words: object) -> tuple[Ran, list[Any]]:
        ran = run_evalkit(capsys, "import", *words, "--results", tmp_path / "results")
        assert ran.code == 0, ran.err
        return ran, list(rows_of(Path(ran.out.strip())))

    return run


def of_inspect(tmp_path: Path, model: str) -> Path:
    usage = {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500}
    sample = {
        "id": 1, "epoch": 1, "input": "q", "target": "a", "scores": {"match": {"value": "C"}},
        "model_usage": {model: usage}, "started_at": "2025-05-12T20:00:00Z",
    }  # fmt: skip
    log = {"version": 2, "status": "success", "eval": {"task": "t", "model": model}, "samples": [sample]}
    (tmp_path / "i.json").write_text(json.dumps(log))
    return tmp_path / "i.json"


def of_eee(tmp_path: Path) -> Path:
    sample = {
        "schema_version": "0.3.0", "evaluation_name": "t", "sample_id": "1", "model_id": "org/gpt",
        "evaluation": {"score": 1.0, "is_correct": True},
        "token_usage": {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500},
    }  # fmt: skip
    (tmp_path / "e_samples.jsonl").write_text(json.dumps(sample))
    return tmp_path / "e_samples.jsonl"


def of_evalscope(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs" / "20250512_153500"
    score = {"score": {"value": {"acc": 1.0}, "main_score_name": "acc"}}
    review = {"index": 0, "sample_score": score, "messages": [{"role": "user", "content": "q"}]}
    answer = {
        "index": 0, "model": "gpt", "model_output": {"usage": {"input_tokens": 1000, "output_tokens": 500}, "time": 1},
    }  # fmt: skip
    for kind, line in (("reviews", review), ("predictions", answer)):
        (folder / kind / "gpt").mkdir(parents=True)
        (folder / kind / "gpt" / "t.jsonl").write_text(json.dumps(line))
    return folder


def of_harbor(tmp_path: Path) -> Path:
    (tmp_path / "t.json").write_text(
        json.dumps({**ATIF, "final_metrics": {"total_prompt_tokens": 1000, "total_completion_tokens": 500}})
    )
    return tmp_path / "t.json"


def of_promptfoo(tmp_path: Path) -> Path:
    return promptfoo(tmp_path, result(response={"output": "hi", "tokenUsage": TOKENS}))


MINIS = Decimal("0.00045")
"""1,000 tokens in and 500 out of gpt-4o-mini: $0.15 and $0.60 a million."""


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("tool", "made", "more"),
    [
        ("inspect", lambda folder: of_inspect(folder, "mockllm/x"), ()),
        ("promptfoo", of_promptfoo, ()),
        ("evalscope", of_evalscope, ()),
        ("harbor", of_harbor, ()),
        ("every-eval-ever", of_eee, ("--at", "2026-03-01")),
    ],
)
def test_each_import_is_priced_by_the_book_or_by_ones_own_prices_once_somebody_says_who_bills(
    tmp_path: Path, imported: Import, tool: str, made: Callable[[Path], Path], more: tuple[str, ...]
) -> None:
    file = made(tmp_path)
    ran, (row,) = imported(tool, file, *more)
    assert row.cost_usd is None
    assert "--price-as PROVIDER:MODEL" in ran.err and "--prices FILE" in ran.err and "in the map" not in ran.err
    ran, (row,) = imported(tool, file, *more, "--price-as", "openai:gpt-4o-mini")
    assert row.cost_usd == MINIS and "no price" not in ran.err, ran.err
    own = "- {model: mine-1, valid_from: 2024-01-01, input_per_mtok: 1, output_per_mtok: 2}\n"
    (tmp_path / "prices.yaml").write_text(own)
    ran, (row,) = imported(tool, file, *more, "--prices", tmp_path / "prices.yaml", "--price-as", "mine:mine-1")
    assert row.cost_usd == Decimal("0.002"), ran.err


def test_a_log_of_inspect_names_its_provider_and_is_priced_at_its_day(tmp_path: Path, imported: Import) -> None:
    ran, (row,) = imported("inspect", of_inspect(tmp_path, "openai/gpt-4o-mini"))
    assert row.cost_usd == MINIS and "no price" not in ran.err


def test_the_real_log_of_inspect_costs_what_its_tokens_do(shared_data: Path, imported: Import) -> None:
    log = shared_data / "traces" / "inspect_ai" / "2025-05-12T20-28-26-04-00_security-guide.json"
    _, rows = imported("inspect", log)
    priced = [row for row in rows if row.cost_usd is not None]
    assert len(priced) == len(rows) == 3
    assert 0 < sum(row.cost_usd for row in rows) < Decimal("0.001")


def test_a_day_that_the_file_says_is_kept(tmp_path: Path, imported: Import) -> None:
    _, (row,) = imported("evalscope", of_evalscope(tmp_path), "--at", "2026-01-01")
    assert row.started_at == 1747064100.0  # 2025-05-12 15:35, the name of the folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--price-as", "gpt-4o"], "write PROVIDER:MODEL, or NAME=PROVIDER:MODEL"),
        (["--price-as", "openai:gpt-4o"], "there are 2 models here (a, b); say whose it is"),
        (["--price-as", "c=openai:gpt-4o"], "there is no model 'c' here"),
        (["--price-as", "a=openai:gpt-4o", "--price-as", "a=openai:gpt-5"], "is said twice"),
        (["--at", "yesterday"], "write a date: 2026-11-01"),
    ],
)
def test_who_bills_is_asked_for_in_a_sentence(tmp_path: Path, capsys: Capture, words: list[str], said: str) -> None:
    two = [result(provider={"id": name, "label": name}) for name in ("a", "b")]
    ran = run_evalkit(capsys, "import", "promptfoo", promptfoo(tmp_path, *two), *words, "--results", tmp_path / "r")
    assert ran.code == 2 and said in ran.err, ran.err
    assert not (tmp_path / "r").exists()


def test_each_of_several_models_has_its_own_prices(tmp_path: Path, imported: Import) -> None:
    two = [
        result(provider={"id": name, "label": name}, response={"output": "hi", "tokenUsage": TOKENS})
        for name in ("a", "openai:chat:b")
    ]
    named = ["--price-as", "a=openai:gpt-4o-mini", "--price-as", "openai:chat:b=openai:gpt-4o"]
    _, rows = imported("promptfoo", promptfoo(tmp_path, *two), *named)
    assert {row.model: row.cost_usd for row in rows} == {"a": MINIS, "openai:chat:b": Decimal("0.0075")}
