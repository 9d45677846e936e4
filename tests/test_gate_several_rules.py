"""Several rules of one gate, walked early: none may fail by the number of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import gate_cells
from benchmarks.gate_rules import early_fails, made_pairs
from evalkit.decide.regression_scan import critical
from evalkit.decide.rules.base import Condition
from evalkit.decide.sequential_test import RuleTest
from evalkit.stats.verdict import Verdict


@pytest.mark.long
@pytest.mark.parametrize("plan", ["curtail", "save"])
def test_five_rules_about_whole_suites_fail_early_no_oftener_than_one(plan: str) -> None:
    assert early_fails(5, 100, plan) <= 0.11  # .05 and three standard errors; .19 when each was tested at alpha


def test_a_whole_suite_passes_where_only_the_laxer_test_had_failed_it() -> None:
    rule = RuleTest(Condition("quality", "all", "margin", 0.05, scope="suite"), 200, 0.05, 1_000, "curtail")
    base = np.array([1.0] * 18 + [0.0] * 10 + [1.0] * 172)
    cand = np.array([0.0] * 18 + [1.0] * 10 + [1.0] * 172)
    for at in range(0, 200, 10):
        if rule.verdict is None:
            rule.update(base[at : at + 10].tolist(), cand[at : at + 10].tolist())
    assert rule.verdict is Verdict.PASS  # a net loss of 8 of 200 items, all of it at the beginning
    assert rule.walked()[0] is Verdict.PASS
    assert rule.finding().verdict is Verdict.PASS


def test_a_critical_item_says_what_chance_may_have_to_do_with_it() -> None:
    n, zeros = 3, np.zeros(3, dtype=np.int64)
    once = critical(made_pairs(np.ones(n), np.zeros(n), zeros, np.arange(n), np.full(n, -1)))
    assert once is not None
    assert "each was asked once" in once.notes[1]
    again = critical(made_pairs(np.array([1.0, 1.0, 0.0]), np.zeros(n), zeros, zeros, np.full(n, -1)))
    assert again is not None
    assert "waver on 1 of them" in again.notes[1]
    steady = critical(made_pairs(np.ones(n), np.zeros(n), zeros, zeros, np.full(n, -1)))
    assert steady is not None
    assert len(steady.notes) == 1


@pytest.mark.long
def test_the_calibration_goes_on_where_it_was_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every cell is drawn to the same end, whether in one piece or in two; the table says seed and date."""
    whole, pieces = tmp_path / "whole.jsonl", tmp_path / "pieces.jsonl"
    gate_cells.calibrate(whole, 50, ["bills"], None)
    pieces.write_text("".join(whole.read_text("utf-8").splitlines(keepends=True)[:7]) + '{"cell": "torn', "utf-8")
    pieces.write_text(pieces.read_text("utf-8") + "\n", "utf-8")
    gate_cells.calibrate(pieces, 50, ["bills"], 0.0)  # no time left: only the table
    first = capsys.readouterr().out
    goals = gate_cells.calibrate(pieces, 50, ["bills"], None)
    said = capsys.readouterr().out
    read = [{line for line in path.read_text("utf-8").splitlines() if line.endswith("}")} for path in (whole, pieces)]
    assert read[0] == read[1]
    assert "bills: 7 cells" in first and "bills: 42 cells, 50 draws" in said
    assert f"seed {gate_cells.SEED}, 20" in said
    assert [goal.goal for goal in goals] == [0.06]


def test_the_logit_normal_law_has_its_mean_and_its_icc() -> None:
    rng = np.random.default_rng(1)
    for mean, icc in ((0.02, 0.2), (0.25, 0.5), (0.9, 0.2)):
        middle, spread = gate_cells.logit_normal(mean, icc)
        rates = 1 / (1 + np.exp(-(middle + spread * rng.standard_normal(400_000))))
        assert rates.mean() == pytest.approx(mean, rel=0.02)
        assert rates.var() == pytest.approx(icc * mean * (1 - mean), rel=0.03)
