"""Several rules of one gate, walked early: none may fail by the number of the others."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gate_rules import early_fails, made_pairs
from evalkit.decide.regression_scan import critical
from evalkit.decide.rules.base import Condition
from evalkit.decide.sequential_test import RuleTest
from evalkit.stats.verdict import Verdict


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
