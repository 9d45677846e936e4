"""What the gate's rules are called where people read: words on pages, in tables and on axes; keys in files."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from evalkit.decide.stored import decision_of
from evalkit.render.charts import rules_by_scale
from evalkit.render.rule_text import rendered_rules_of
from evalkit.results.reader import ResultsReader
from evalkit.text.rule_names import axis_words
from tests.board_world import a_run
from tests.world import evalkit

RULES = [
    {"quality": "all", "margin": 0.3},
    {"cost": "usd_per_1k_samples", "max_usd": 5},
    {"cost": "usd_per_correct", "max_usd": 1, "required": False},
    {"latency": "total_p95", "max_s": 10},
    {"latency": "ttft_p50", "max_ratio": 1000},
    {"rate": "truncated", "max_increase": 0.9},
    {"rate": "errored", "max_rate": 0.9},
]
WORDS = (
    "quality of all tasks",
    "cost of 1,000 samples",
    "cost per correct answer",
    "p95 of total time",
    "p50 of time to first token",
    "rate of answers cut off",
    "rate of failed answers",
)
KEYS = ("usd_per", "total_p95", "ttft_p50", "rate truncated", "rate errored", "errored")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    a_run(folder, gate={"baseline": "gpt", "candidates": ["qwen"], "rules": RULES})
    return folder


@pytest.mark.long
def test_rules_are_in_words_where_people_read_and_keys_in_files(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = {name: tmp_path / f"gate.{name}" for name in ("markdown", "junit")}
    ran = evalkit(
        capsys, "gate", "latest", "--results", results, *(x for n, f in written.items() for x in (f"--{n}", f))
    )
    page = tmp_path / "report.html"
    assert evalkit(capsys, "report", "latest", "--results", results, "--html", page).code == 0
    for shown in (ran.out, written["markdown"].read_text("utf-8"), page.read_text("utf-8")):
        flat = " ".join(shown.split())
        assert [words for words in WORDS if words not in flat] == []
        assert [key for key in KEYS if key in flat] == []
    (suite,) = ElementTree.fromstring(written["junit"].read_text("utf-8"))
    names = [case.get("name") for case in suite.findall("testcase")]
    assert names[1] == "cost usd_per_1k_samples (max_usd 5)", "stable from run to run"


def test_the_axis_of_a_chart_of_rules_is_in_words_with_its_unit(results: Path) -> None:
    reader = ResultsReader(results)
    (run,) = reader.runs()
    rules = rendered_rules_of(decision_of(reader, run.name))
    drawn = [chart.alt.partition(" of qwen.")[0] for chart in rules_by_scale(rules, "qwen")]
    assert "p95 of total time, s" in drawn
    assert "cost, USD" in drawn, "of 1,000 samples and of a correct answer"


def test_an_axis_that_several_figures_share_names_what_they_share() -> None:
    assert axis_words("max_s", ["p95 of total time", "p50 of time to first token"]) == "time, s"
    assert axis_words("max_usd", ["cost of 1,000 samples"]) == "cost of 1,000 samples, USD"
    assert axis_words("max_rudeness", ["politeness all"]) == "max_rudeness"
