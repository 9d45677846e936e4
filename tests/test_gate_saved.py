"""What an early verdict saved is what was not asked; and a verdict of before is not told a reason that is not true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.decide import sequential_test
from evalkit.decide.early_stopping import EarlyStopping
from evalkit.decide.sequential_test import RuleTest
from evalkit.records import Row
from evalkit.suite.schema import GateEntry
from tests.gate_world import Gate, dollars, gate, one, stored

N = 300
Stopped = Callable[..., Path]


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gate:
    return Gate(capsys, tmp_path)


def rows_of(seed: int, loss: float) -> list[Row]:
    rng = np.random.default_rng(seed)
    base = (rng.random(N) < 0.9).astype(float)
    cand = np.where(rng.random(N) < loss, 1 - base, base)
    return [one(n, m, float(v[n]), **dollars("0.01")) for m, v in (("base", base), ("cand", cand)) for n in range(N)]


def walked(section: dict[str, Any], rows: list[Row]) -> EarlyStopping:
    items = [(row.task, row.sample_digest, row.occurrence, {}) for row in rows[:N]]
    walk = EarlyStopping(GateEntry.model_validate(section), items, 0, passes_early=True)
    for row in rows:
        walk.take(row)
    return walk


def stopped(results: Path, section: dict[str, Any], rows: list[Row], walk: EarlyStopping, ahead: int) -> Path:
    """The run as it is stored when `ahead` items more than the verdict needed had been asked."""
    facts = walk.facts()
    assert facts is not None
    used = facts.candidates["cand"].n_used
    assert used is not None
    asked = set(walk._order[: used + ahead])
    kept = [row for row in rows if (row.task, row.sample_digest, row.occurrence) in asked]
    counts = {"base": [], "cand": []}
    return stored(results, counts, section, rows=kept, tasks={"t": N}, stopped_early=facts.as_json())


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (0, "items: {left} items and about ${usd} saved"),
        (20, "items: {left} items and about ${usd} saved"),
        (-1, "items: 1 item and about $0.01 saved"),
        (N, "items; all of them had been asked by then, so nothing was saved"),
    ],
    ids=["none ahead", "20 ahead", "one left", "all asked"],
)
def test_saved_is_what_was_not_asked(judge: Gate, ahead: int, said: str) -> None:
    section, rows = gate({"quality": "t", "margin": 0.05}, early_stop="curtail"), rows_of(1, 0.5)
    walk = walked(section, rows)
    facts = walk.facts()
    assert facts is not None
    used = facts.candidates["cand"].n_used
    assert used is not None
    more = N - used - 1 if ahead < 0 else min(ahead, N - used)
    run = stopped(judge.results, section, rows, walk, more)
    left = N - used - more
    (found,) = judge(run, "--json").json["candidates"]
    assert found["verdict"] == "fail"
    assert found["saved"] == {
        "n_used": used,
        "n_asked": N - left,
        "n_items": N,
        "usd": pytest.approx(left * 0.01) if left else 0.0,
    }
    shown = " ".join(judge(run).out.split())
    expected = said.format(left=left, usd=f"{left / 100:.2f}")
    assert f"settled after {used} of {N} {expected}" in shown, shown
    assert "observed" in shown and "[90 %]" not in shown, "no interval is shown, so none is announced"


def test_a_fail_that_fewer_counted_rules_made_says_so(judge: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, each rule of a whole suite failed at alpha; such a run lacks the items that alpha / rules asks for."""
    rules = [{"quality": "t", "margin": m, "scope": "suite"} for m in (0.05, 0.06, 0.07, 0.08)]
    section = gate(*rules, early_stop="curtail")
    now = RuleTest.__init__

    def before(self: RuleTest, condition: Any, n_items: int, alpha: float, n_rules: int, *more: Any) -> None:
        now(self, condition, n_items, alpha, 1, *more)

    rows = rows_of(1, 0.14)  # fails one rule at alpha some items before it does at alpha / 4
    monkeypatch.setattr(sequential_test.RuleTest, "__init__", before)
    walk = walked(section, rows)
    monkeypatch.setattr(sequential_test.RuleTest, "__init__", now)
    run = stopped(judge.results, section, rows, walk, 0)
    ran = judge(run)
    shown = " ".join(ran.out.split())
    assert ran.code == 4, shown
    assert "by an evalkit that tested each rule of a whole suite at alpha. Each is tested at alpha / 4 now" in shown
    assert "another gate" not in shown
