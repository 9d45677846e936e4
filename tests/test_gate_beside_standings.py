"""A verdict beside a standing: who is behind on a leaderboard and passes a gate, and why that is no contradiction."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.store.summary import write_summary
from tests.gate_world import Gate, gate, scores, stored
from tests.world import evalkit

WITHIN = "cand measured 1.5 points below base, within the loss of 5.0 points that the gate accepts"
QUESTION = "The gate asks another question: whether a candidate loses more than 5.0 points to its baseline."
SECTION = gate({"quality": "all", "margin": 0.05})


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gate:
    return Gate(capsys, tmp_path)


def a_run_behind(judge: Gate) -> Path:
    """`cand` loses 6 of 400 items and wins none: behind, and within a margin of 5 points."""
    run = stored(judge.results, {"base": scores(400), "cand": scores(400, range(6))}, SECTION)
    write_summary(run)
    return run


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_terminal_says_what_a_loss_is_to_the_gate(judge: Gate) -> None:
    run = a_run_behind(judge)
    shown = flat(judge.cli("show", run).out)
    assert "base leads (1.000). cand is 1.5 points behind." in shown and QUESTION in shown
    markdown = judge.results.parent / "gate.md"
    ran = judge(run, "--markdown", markdown)
    assert ran.code == 0 and WITHIN in flat(ran.out)
    assert WITHIN in flat(markdown.read_text("utf-8"))


def test_pages_say_the_same(judge: Gate, tmp_path: Path) -> None:
    run = a_run_behind(judge)
    assert judge.cli("report", run, "--html", tmp_path / "r.html").code == 0
    assert judge.cli("report", "--site", tmp_path / "site").code == 0
    for page in (tmp_path / "r.html", tmp_path / "site" / "index.html"):
        said = flat(page.read_text("utf-8"))
        assert QUESTION in said and f"passes the required rule: it {WITHIN.removeprefix('cand ')}." in said


def test_where_nobody_is_behind_nothing_is_explained(judge: Gate) -> None:
    run = stored(judge.results, {"base": scores(400, range(3)), "cand": scores(400)}, SECTION)
    write_summary(run)
    assert "another question" not in judge.cli("show", run).out
    assert "that the gate accepts" not in judge(run).out


def test_a_loss_that_is_not_settled_is_said_to_be_so(judge: Gate) -> None:
    others = [{"rate": kind, "max_increase": 0.05} for kind in ("refused", "truncated", "unparseable")]
    run = stored(
        judge.results,
        {"base": scores(400), "cand": scores(400, range(30))},
        gate({"quality": "all", "margin": 0.05}, *others),
    )
    said = flat(judge(run).out)
    assert "cand measured 7.5 points below base, not shown to be within the loss of 5.0 points" in said
    assert "fails alone, not after correcting for 4 rules (Holm), as its interval is not" in said
    page = judge.results.parent / "r.html"
    write_summary(run)
    assert judge.cli("report", run, "--html", page).code == 0
    assert "fails alone, not after correcting for 4 rules" in flat(page.read_text("utf-8").split("</header>")[-1])


def test_a_report_takes_promoted_baselines_from_the_folder_that_the_gate_takes(judge: Gate, tmp_path: Path) -> None:
    old = a_run_behind(judge)
    assert judge.promote(old).code == 0
    new = stored(judge.results, {"cand": scores(400, range(6))}, {**SECTION, "baseline": "baseline@prod"})
    write_summary(new)
    assert judge(new).code == 0
    for given, verdict in (((), False), (("--baselines", judge.baselines), True)):
        assert judge.cli("report", new, "--html", tmp_path / "r.html", "--force", *given).code == 0
        assert ("promoted by Ada" in (tmp_path / "r.html").read_text("utf-8")) is verdict


def test_board_report_and_gate_name_the_folder_of_baselines_alike(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("gate", "report", "board", "run"):
        assert "--baselines PATH" in evalkit(capsys, command, "--help").out
