"""What a new user meets in the first hour: their own file, no key yet, a damaged run, a plan, a bill, a break-even."""

from __future__ import annotations

import io
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.experience import _learned
from evalkit.render.bill import render_bill, render_plan
from evalkit.store import runs
from tests.board_world import a_row, a_run
from tests.run_facts import made_run, set_facts
from tests.test_board_pages import draw, words
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
SUITE = """name: tickets
models:
  gpt: {adapter: %s, model: %s}
tasks:
  - name: triage
    data: {path: my.csv, id: "Ticket Id"}
    prompt: "{{ row['Customer Message'] }}"
    choices: [billing, technical, other]
    target: "{{ Queue%s }}"
    score: choice
"""


def a_suite(folder: Path, adapter: str = "openai", model: str = "gpt-6-luna", lower: str = " | lower") -> Path:
    lines = ["Ticket Id,Customer Message,Queue"]
    lines += [f"T{n},Message {n} of a customer,{('Billing', 'Technical', 'Other')[n % 3]}" for n in range(30)]
    (folder / "my.csv").write_text("\n".join(lines) + "\n")
    (folder / "suite.yaml").write_text(SUITE % (adapter, model, lower))
    return folder / "suite.yaml"


PROVIDERS = ["openai", "anthropic", "gemini", "together", "mistral", "xai", "deepseek", "bedrock"]


@pytest.mark.long(but=8)
@pytest.mark.parametrize("adapter", PROVIDERS)
@pytest.mark.parametrize("command", ["check", "plan"])
def test_what_sends_nothing_needs_no_key(tmp_path: Path, capsys: Capture, adapter: str, command: str) -> None:
    suite = a_suite(tmp_path, adapter)
    if adapter == "bedrock":
        suite.write_text(suite.read_text().replace("model: gpt-6-luna}", "model: gpt-6-luna, region: us-east-1}"))
    ran = evalkit(capsys, command, suite, "--results", tmp_path / "r") if command == "plan" else evalkit(
        capsys, command, suite
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "a run cannot start yet" in " ".join(ran.out.split())
    started = evalkit(capsys, "run", suite, "--results", tmp_path / "r")
    assert started.code == 2
    assert "in the environment" in started.err
    assert not (tmp_path / "r").exists() or not list((tmp_path / "r").iterdir())


def test_labels_in_another_case_are_one_line_that_says_lower(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "check", a_suite(tmp_path, lower=""))
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert "| lower" in line and "and 29 more like this" in line
    assert "did you mean 'billing'" in line


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_file_with_another_sign_between_its_fields_is_read_or_explained(
    tmp_path: Path, capsys: Capture, sign: str
) -> None:
    suite = a_suite(tmp_path)
    (tmp_path / "my.csv").write_text((tmp_path / "my.csv").read_text().replace(",", sign))
    ran = evalkit(capsys, "check", suite)
    if ran.code == 0:
        assert "30 rows" in ran.out
    else:
        assert len(ran.err.splitlines()) == 1
        assert "delimiter" in ran.err or repr(sign) in ran.err or "separat" in ran.err, ran.err


@pytest.mark.long
def test_list_and_board_leave_out_the_same_damaged_runs(tmp_path: Path, capsys: Capture) -> None:
    whole = a_run(tmp_path, ("gpt", "qwen"), n=10)
    cut = a_run(tmp_path, ("gpt", "qwen"), n=10)
    edited = a_run(tmp_path, ("gpt", "qwen"), n=10)
    part = next(cut.glob("rows-*.parquet"))
    part.write_bytes(part.read_bytes()[:-200])
    facts = edited / runs.FACTS
    facts.write_text(facts.read_text().replace('"n_errored": 0', '"n_errored": 7'))
    listed = evalkit(capsys, "list", "--results", tmp_path).out
    assert listed.count("unreadable") == 2
    at = draw("runs", tmp_path)
    assert any("2 of 3 run folders cannot be read" in one.label for one in at.expander)
    drawn = at.dataframe[0].value
    assert drawn["run"].tolist() == [whole.name, *sorted((cut.name, edited.name), reverse=True)]
    assert drawn["status"].tolist() == ["complete", "cannot be read", "cannot be read"]
    told = " ".join(element.value for kind in (at.markdown, at.caption, at.error, at.text) for element in kind)
    assert cut.name in told.replace("\\", "") and edited.name in told.replace("\\", "")
    assert draw("leaderboard", tmp_path, columns="true").dataframe[0].value["run"].unique().tolist() == [whole.name]


@pytest.mark.parametrize("name", ["rows-1.parquet", "texts-1.parquet"])
def test_a_run_whose_judges_rows_are_damaged_is_unreadable_everywhere(
    tmp_path: Path, capsys: Capture, name: str
) -> None:
    folder = a_run(tmp_path, ("gpt",), n=5)
    shutil.copytree(folder, tmp_path / "inner")
    (tmp_path / "inner").rename(folder / "judging")
    assert evalkit(capsys, "list", "--results", tmp_path, "--json").json[0]["problem"] is None
    part = folder / "judging" / name
    part.write_bytes(part.read_bytes()[:-100])
    assert f"judging/{name} is damaged" in evalkit(capsys, "list", "--results", tmp_path, "--json").json[0]["problem"]
    assert f"judging/{name} is damaged" in evalkit(capsys, "show", folder, "--results", tmp_path).err
    assert draw("runs", tmp_path).dataframe[0].value["status"].tolist() == ["cannot be read"]


def test_a_point_estimate_lies_in_its_own_range() -> None:
    """Few very long answers lift the mean above nine of ten."""
    for values in ([1.0] * 99 + [100_000.0], [0.001] + [5.0] * 9, [3.0], [1.0, 2.0]):
        found = _learned(values)
        assert found is not None
        assert found.low <= found.mean <= found.high


def test_a_spend_that_is_known_in_part_is_said_in_part(tmp_path: Path) -> None:
    rows = [a_row("gpt", "refunds", n) for n in range(4)] + [a_row("tiny", "refunds", n) for n in range(3)]
    folder = a_run(tmp_path, ("gpt", "tiny"), rows=rows, n=4)
    assert draw("runs", tmp_path).dataframe[0].value["spent"].tolist() == ["$0.008 + 3 unpriced"]
    set_facts(folder, spent_usd=Decimal("6.01"))
    assert draw("runs", tmp_path).dataframe[0].value["spent"].tolist() == ["$6.01 + 3 unpriced"]


def test_a_session_that_has_not_ended_says_what_is_known_of_its_spend(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), rows=[a_row("tiny", "refunds", n) for n in range(4)], n=4, status="running")
    judge = a_run(tmp_path / "inner", ("judge",), rows=[a_row("gpt", "refunds", n) for n in range(4)], n=4)
    judge.rename(folder / "judging")
    (spent,) = draw("runs", tmp_path).dataframe[0].value["spent"].tolist()
    assert re.fullmatch(r"\$[0-9.]+ \+ 4 unpriced", spent), spent


def test_the_break_even_of_the_board_takes_what_the_load_sweep_measured(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt", "tiny"), n=10)
    hosting = {"gpus": 2, "usd_per_gpu_hour": 2.5}
    suite = {"name": "support", "models": {"tiny": {"adapter": "vllm", "model": "tiny", "hosting": hosting}}}
    set_facts(folder, suite_resolved=suite)
    at = draw("cost", tmp_path)
    assert [box.label for box in at.selectbox if box.label == "Own machines"] == []
    sweep = made_run(tmp_path / "load", "support", "a1" * 6, {
        "kind": "load", "model_name": "tiny", "model": "tiny",
        "load": {"serves": {"tokens_per_s": {"value": 1020.0, "low": 1000.0, "high": 1040.0},
                            "requests_per_s": {"value": 10.0, "low": 9.9, "high": 10.1}, "step": "open 10",
                            "output_tokens_per_s": 120.0, "basis": "within the SLO"}},
    })  # fmt: skip
    set_facts(sweep, status="complete")
    at = draw("cost", tmp_path)
    assert at.selectbox(key="own").value == "tiny"
    said = words(at).replace("\\", "")
    assert "$5.00 an hour a copy, 10 requests/s" in said  # 102 tokens a request
    assert sweep.name in said
    assert "1 copy" in said
    at.selectbox(key="own").set_value("by hand").run()
    assert "1 GPU" in words(at)


PLAN: dict[str, Any] = {
    "suite": "s", "digest": "0" * 32, "continues": None,
    "sensitivity": "public", "tasks": {"t": 5}, "repeats": 1, "judges": [], "tools": [], "gate": [], "notes": [],
    "models": [
        {"model": "provider/a-model-with-a-long-name-7b", "n_requests": 12_345, "n_cached": 1_234,
         "input_tokens": {"low": 1_000_000, "value": 2_000_000, "high": 3_000_000}, "input_basis": "assumed",
         "output_tokens": {"low": 1_000_000, "value": 2_000_000, "high": 3_000_000}, "output_basis": {"t": "learned"},
         "usd": {"low": "1.00", "value": "2.00", "high": "3.00"}, "usd_per_1k_requests": None, "price_known": True,
         "minutes": 3.0,
         "minutes_basis": "so", "receiver": "h", "place": "p"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_fits_the_page_and_calls_what_is_cached_so(width: int) -> None:
    file = io.StringIO()
    render_plan(PLAN, width=width, file=file)  # type: ignore[arg-type]
    assert max(map(len, file.getvalue().splitlines())) <= width
    assert "cached" in file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_bill_fits_the_page(tmp_path: Path, width: int) -> None:
    from evalkit.cli.pricing import bill_of
    from evalkit.results import read_facts

    folder = a_run(tmp_path, ("gpt", "qwen", "tiny"), n=10)
    file = io.StringIO()
    render_bill(bill_of(folder, read_facts(folder), tmp_path), width=width, file=file)
    assert max(map(len, file.getvalue().splitlines())) <= width
