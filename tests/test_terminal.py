"""What a person reads after a run: golden text in tests/golden, reviewed like code.

To renew the golden files after a wanted change: RENEW_GOLDEN=1 uv run pytest tests/test_terminal.py
"""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome, Row
from evalkit.render.terminal import render_runs
from evalkit.store.journal import Journal
from evalkit.store.runs import list_runs
from evalkit.text.page import Column, Page
from tests.run_facts import made_run
from tests.summaries import render_comparison, render_slices, render_summary, summarise

GOLDEN = Path(__file__).parent / "golden"
RENEW = bool(os.environ.get("RENEW_GOLDEN"))


def cell(
    mean: float | None = 0.8342,
    n: int = 300,
    *,
    outcomes: dict[str, int] | None = None,
    usd: tuple[Any, Any] = (None, None),
    times: tuple[float | None, ...] = (0.0121, 0.0312, 0.0451, 0.0982),
    speed: float | None = 512.3,
    cached: float = 0.0,
) -> dict[str, Any]:
    """One cell of a summary, as store.summary makes it."""
    quality = {"mean": mean, "low": None, "high": None, "n": n}
    if mean is not None:
        quality |= {"low": mean - 0.035, "high": min(mean + 0.028, 1)}
    errored = (outcomes or {}).get("errored", 0)
    wrong = (mean or 0.0) * n / (n + errored)
    ttft50, ttft95, total50, total95 = times
    return {
        "n": n + errored,
        "outcomes": {"right": 200, "wrong": 50, **(outcomes or {})},
        "quality": quality,
        "quality_failures_wrong": {
            "mean": wrong,
            "low": max(wrong - 0.035, 0.0),
            "high": wrong + 0.028,
            "n": n + errored,
        },
        "n_unscored": 0,
        "cost": {
            "total_usd": usd[0],
            "known_usd": usd[0] or 0.0,
            "n_unknown": 0 if usd[0] else n,
            "usd_per_1k_samples": usd[0],
            "usd_per_correct": usd[1],
            "spend_usd": usd[0],
        },
        "latency": {
            "n_measured": n,
            "ttft_s": {"p50": ttft50, "p95": ttft95},
            "total_s": {"p50": total50, "p95": total95, "p99": total95},
            "output_tokens_per_s": speed,
            "tpot_s": {"p50": 1 / speed if speed else None, "p95": None},
        },
        "cached_share": cached,
    }


def swap() -> dict[str, Any]:
    """A run of two embedded models and a closed one, with one of everything that can go wrong."""
    slow = (0.412, 0.9934, 1.234, 4.56)
    models = {
        "tiny": {
            "all": cell(n=900),
            "tasks": {"mmlu": cell(0.812), "triage": cell(0.9967), "ifeval": cell(0.7)},
        },
        "tiny-int8": {
            "all": cell(0.8103, 900, outcomes={"unparseable": 3, "truncated": 12}),
            "tasks": {"mmlu": cell(0.8), "triage": cell(0.99), "ifeval": cell(0.65, outcomes={"truncated": 12})},
        },
        "gpt-production": {
            "all": cell(
                0.9012,
                888,
                outcomes={"refused": 2, "errored": 12},
                usd=(1.2345, 0.00137),
                times=slow,
                speed=61.4,
                cached=0.004,
            ),
            "tasks": {
                "mmlu": cell(0.93, usd=(1.2, 0.0013), times=slow, speed=60.0),
                "triage": cell(None, 0, outcomes={"errored": 300}, times=(None,) * 4, speed=None),
            },
        },
    }
    return {"schema_version": 1, "run": "r", "models": models}


def printed(render: Any, *args: Any, **options: Any) -> str:
    file = io.StringIO()
    render(*args, file=file, **options)
    return file.getvalue()


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if RENEW:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_a_run_as_it_is_shown_at_100_columns() -> None:
    text = printed(render_summary, swap())
    assert max(map(len, text.splitlines())) <= 100
    golden("summary_100.txt", text)


def test_a_narrow_terminal_gets_two_tables_and_loses_nothing() -> None:
    text = printed(render_summary, swap(), width=80)
    assert max(map(len, text.splitlines())) <= 80
    golden("summary_80.txt", text)


def test_two_models_side_by_side() -> None:
    models = swap()["models"]
    labels = ("swap-20261120:gpt-production", "swap-20261120:tiny-int8")
    golden("comparison.txt", printed(render_comparison, models["gpt-production"], models["tiny-int8"], labels=labels))


def test_the_runs_of_a_folder() -> None:
    runs = [
        {"name": "swap-20261120T100155Z-9f3c21", "suite": "swap", "status": "complete"}
        | {"started_at": "2026-11-20T10:01:55Z", "problem": None},
        {"name": "old", "problem": "run.json was written by a newer evalkit (schema 9). Upgrade to read it."},
    ]
    golden("runs.txt", printed(render_runs, runs))


def test_an_empty_folder_names_the_first_command() -> None:
    assert "evalkit run suites/quickstart.yaml" in printed(render_runs, [])


def test_a_run_without_rows_says_so() -> None:
    assert "no rows" in printed(render_summary, {"schema_version": 1, "run": "r", "models": {}})


def test_a_real_run_folder_is_shown_and_compared(tmp_path: Path) -> None:
    folder = made_run(tmp_path, "swap", "abcdef0123", {"models": ["a", "b"], "tasks": ["mmlu", "triage"]})
    with Journal.open(folder, "main") as journal:
        for model, price in (("a", Decimal("0.001")), ("b", None)):
            for task in ("mmlu", "triage"):
                for n in range(20):
                    right = n % 4 != 0 or model == "a"
                    journal.append(
                        Row(
                            task=task,
                            sample_id=str(n),
                            sample_digest=f"{task}{n}",
                            target_digest="t",
                            occurrence=0,
                            model=model,
                            repeat=0,
                            outcome=Outcome.RIGHT if right else Outcome.WRONG,
                            score=float(right),
                            started_at=1.8e9 + n,
                            ttft_s=0.1,
                            total_s=0.5,
                            output_tokens=50,
                            cost_usd=price,
                            spend_usd=price,
                        )
                    )
        journal.append(dataclasses.replace(_errored(), task="mmlu", model="b"))
    summary = summarise(folder)
    text = printed(render_summary, summary)
    assert "a      1.000 [0.91, 1.00]  40       0     $1.00    $0.001  100/100   500/500     0 %" in text
    assert "tok/s" not in text  # nothing was streamed
    assert "b: quality with failures as wrong 0.732" in text
    a, b = summary["models"]["a"], summary["models"]["b"]
    assert "−25.0 points" in printed(render_comparison, a, b, labels=("a", "b"))
    assert folder.name in printed(render_runs, [dataclasses.asdict(info) for info in list_runs(tmp_path)])


def test_a_run_of_one_task_is_one_table() -> None:
    summary = swap()
    for model in summary["models"].values():
        model["tasks"] = {"mmlu": model["tasks"]["mmlu"]}
    text = printed(render_summary, summary)
    assert text.count("quality") == 1
    assert "overall" not in text


def test_a_reader_without_utf8_gets_ascii() -> None:
    class Latin(io.StringIO):
        encoding = "latin-1"

    file = Latin()
    models = swap()["models"]
    render_comparison(models["tiny"], models["gpt-production"], labels=("a", "modèle"), file=file)
    render_summary(swap(), file=file)
    assert file.getvalue().isascii()
    assert "+6.7 points" in file.getvalue()


def test_a_terminal_gets_bold_headings_and_a_file_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    render_summary(swap(), file=terminal)
    assert "\x1b[1m" in terminal.getvalue()
    assert "\x1b" not in printed(render_summary, swap())


@pytest.mark.parametrize(
    "name", ["[red]gpt[/red]", "gpt\x1b[2J", "gpt\u202etxt", "\\[bold]", ":smile:", "a\nb", "\ud800"]
)
def test_a_name_is_never_markup_nor_control(name: str) -> None:
    summary = {"schema_version": 1, "run": "r", "models": {name: {"all": cell(), "tasks": {name: cell()}}}}
    text = printed(render_summary, summary)
    assert "\x1b" not in text
    assert "\u202e" not in text
    text.encode("utf-8")
    if name.startswith(("[", ":", "\\")):
        assert name in text


def test_a_long_name_is_folded_before_columns_are_lost() -> None:
    long = "meta-llama/Llama-3.3-70B-Instruct-Turbo-FP8"
    summary = {"schema_version": 1, "run": "r", "models": {long: {"all": cell(), "tasks": {"t": cell()}}}}
    for width in (80, 100):
        lines = printed(render_summary, summary, width=width).splitlines()
        assert max(map(len, lines)) <= width
    assert "cached" in printed(render_summary, summary, width=80)


def test_a_figure_is_never_cut_short_however_narrow_the_page() -> None:
    wide, narrow = (printed(render_summary, swap(), width=width) for width in (200, 20))
    for figure in ("$0.00137", "0.901 [0.87, 0.93]", "1.23/4.56", "unknown"):
        assert wide.count(figure) == narrow.count(figure)


def test_nothing_right_at_a_known_price_is_undefined_not_unknown() -> None:
    lines = printed(render_summary, one(cell(0.0, usd=(1.0, None)))).splitlines()
    row = next(line for line in lines if line.startswith("m "))
    assert "–" in row
    assert "unknown" not in row


def test_two_runs_that_share_no_task_still_print() -> None:
    a, b = one(cell(), "x")["models"]["m"], one(cell(), "y")["models"]["m"]
    text = printed(render_comparison, a, b, labels=("A:m", "B:m"))
    assert "Only A has x" in text
    assert "Only B has y" in text


def test_showing_results_imports_no_sdk_and_rich_only_to_print() -> None:
    code = (
        "import sys, evalkit.render.terminal, evalkit.render.progress, evalkit.text.page\n"
        "print([m for m in ('rich', 'openai', 'anthropic', 'numpy', 'pandas', 'genai_prices') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def one(figures: dict[str, Any], task: str = "t") -> dict[str, Any]:
    return {"schema_version": 1, "run": "r", "models": {"m": {"all": figures, "tasks": {task: figures}}}}


def _errored() -> Row:
    return Row(
        task="t",
        sample_id="e",
        sample_digest="e",
        target_digest="t",
        occurrence=0,
        model="m",
        repeat=0,
        outcome=Outcome.ERRORED,
        score=None,
        started_at=1.8e9,
        error_kind="server_error",
    )


def many(n_models: int, n_tasks: int) -> dict[str, Any]:
    tasks = [f"a-task-with-a-long-name-{n}" for n in range(n_tasks)]
    models = {
        f"provider/some-model-of-{n}-billion": {
            "all": cell(0.5 + n / 100),
            "tasks": {task: cell(0.5 + n / 100) for task in tasks},
        }
        for n in range(n_models)
    }
    return {"schema_version": 1, "run": "r", "models": models}


@pytest.mark.parametrize("width", [80, 120])
def test_many_models_and_tasks_are_one_grid_best_first_and_overall_comes_last(width: int) -> None:
    text = printed(render_summary, many(13, 7), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert text.startswith("quality by task")
    assert text.index("overall") > text.index("quality by task")
    first, *_ = [line for line in text.splitlines() if line.startswith("provider/some-model-of-")]
    assert "of-12-" in first
    assert len([line for line in text.splitlines() if "of-12-" in line]) <= 6


@pytest.mark.parametrize("width", [80, 120])
def test_slices_of_many_models_fit_the_page(width: int) -> None:
    told = many(13, 1)
    for model in told["models"].values():
        (task,) = model["tasks"].values()
        task["slices"] = {
            f"language={name}": {"n": 9, "outcomes": task["outcomes"], "quality": task["quality"]}
            for name in ("de", "differences-in-words", "en")
        }
    lines = printed(render_slices, told, width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert "differences-" in "\n".join(lines)


def test_no_word_of_a_name_is_split_where_a_joint_is() -> None:
    told = {"schema_version": 1, "run": "r", "models": {"some-organisation/quantisation-aware-model": {
        "all": cell(usd=(1.0, 1.0)), "tasks": {"t": cell(usd=(1.0, 1.0))}}}}  # fmt: skip
    text = printed(render_summary, told, width=80)
    assert all(word in text for word in ("organisation/", "quantisation-", "aware-", "model"))


def test_a_timestamp_is_never_wrapped_and_a_runs_name_can_be_copied() -> None:
    name = "a-suite-with-quite-a-long-name-20261128T235202Z-7ea383"
    run = {
        "name": name,
        "suite": "a-suite-with-quite-a-long-name",
        "started_at": "2026-11-28T23:52:02.116Z",
        "state": "judging 474 of 1,032",
    }
    for width in (80, 120):
        text = printed(render_runs, [run], width=width)
        assert max(map(len, text.splitlines())) <= width
        assert f"{name}  " in text and "  judging 474 of 1,032" in text
        assert ("holds the time at which it started" in text) == ("started (UTC)" not in text) == (width == 80)
    assert "2026-11-28 23:52" in text


def test_graded_scores_at_a_known_price_say_why_no_answer_has_a_cost_of_a_correct_one() -> None:
    graded = printed(render_summary, one(cell(0.7, outcomes={"scored": 50}, usd=(1.0, None))))
    said = "m: no cost per correct answer: scores between 0 and 1 say neither right nor wrong"
    assert said in " ".join(graded.split())
    for known in (cell(0.0, usd=(1.0, None)), cell(0.7, outcomes={"scored": 50})):
        assert "no cost per correct" not in printed(render_summary, one(known))


def test_what_is_to_say_of_every_model_is_said_once() -> None:
    graded = one(cell(0.7, outcomes={"scored": 50}, usd=(1.0, None)))
    same = graded["models"]["m"]
    for n, times in ((2, 2), (5, 1)):
        models = {f"m{k}": same for k in range(n)}
        text = " ".join(printed(render_summary, graded | {"models": models}).split())
        assert text.count("no cost per correct answer") == times
        assert ("every model: no cost per correct answer" in text) == (times == 1)


def test_a_share_and_an_interval_are_never_broken_over_two_lines() -> None:
    for width in range(20, 60):
        file = io.StringIO()
        with Page(width, file) as page:
            page.say("so it costs 67 % of the other and lies in [−0.06, +0.08] of it, or [0.1, ∞]; that is 5 % more")
        for held in ("67 %", "[−0.06, +0.08]", "[0.1, ∞]", "5 %"):
            assert any(held in line for line in file.getvalue().split("\n")), (width, held)


def test_names_of_models_are_whole_at_80_columns() -> None:
    names = [f"claude-sonnet-5-{n}-latest" for n in range(13)]
    file = io.StringIO()
    with Page(80, file) as page:
        figures = [Column(f"figure {n}", ["0.885 [0.84, 0.93]"] * len(names)) for n in range(4)]
        page.grid("", Column("model", names, left=True, folds=True), figures)
    assert all(file.getvalue().count(f"{name} ") == 2 for name in names)
    assert max(map(len, file.getvalue().split("\n"))) <= 80


def test_what_some_models_share_is_said_once_with_their_names() -> None:
    graded = one(cell(0.7, outcomes={"scored": 50}, usd=(1.0, None)))["models"]["m"]
    plain = one(cell(0.7))["models"]["m"]
    models = {name: graded if name in "ab" else plain for name in "abcdef"}
    text = " ".join(printed(render_summary, one(cell(0.7)) | {"models": models}).split())
    assert text.count("no cost per correct answer") == 1 and "a, b: no cost per correct answer" in text
