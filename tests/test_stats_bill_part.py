"""A part of the items was asked: what its bill says of the bill for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalkit import stats
from evalkit.stats import Verdict
from evalkit.stats.bill_part import BillTest, missed


def made(n: int, seed: int, k: int = 8, most: float = 4.0) -> np.ndarray:
    """float64[k, n]: bills of k models whose answers to long questions are long, cut by an output limit."""
    rng = np.random.default_rng(seed)
    bills = np.exp(0.6 * rng.normal(size=n) + 0.5 * rng.normal(size=(k, n)))
    return np.asarray(np.minimum(bills, most * bills.mean()) * np.linspace(0.5, 2, k)[:, None])


def part_of(bills: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Baseline, candidate with gaps, older models."""
    asked = np.random.default_rng(seed).permutation(bills.shape[1])[:n]
    candidate = np.full(bills.shape[1], np.nan)
    candidate[asked] = bills[1, asked]
    return bills[0], candidate, bills[2:]


def test_older_bills_decide_what_the_asked_items_alone_do_not() -> None:
    bills = made(1000, 1)
    limit = 1.12 * float(bills[1].sum() / bills[0].sum())
    decided = {True: 0, False: 0}
    for seed in range(40):
        base, cand, older = part_of(bills, 100, seed)
        for helped in decided:
            found = stats.test_bill_part(base, cand, older if helped else older[:0], limit, cap=float(bills[1].max()))
            decided[helped] += found.verdict is Verdict.PASS
            assert found.verdict is not Verdict.FAIL
    assert decided[True] >= 1.3 * decided[False] > 0, decided


@pytest.mark.parametrize("n", [60, 300])
def test_at_the_limit_it_is_wrong_no_more_often_than_promised(n: int) -> None:
    bills = made(1000, 2)
    rng = np.random.default_rng(3)
    parts = np.array([rng.permutation(1000)[:n] for _ in range(1500)])
    test = BillTest(bills[0], bills[2:], parts, bills[1][parts], float(bills[1].max()))
    limit = float(bills[1].sum() / bills[0].sum())
    assert np.median(test.left) < 0.7
    for side in (1, -1):
        assert (test.p_value(limit, side) <= 0.05).mean() <= 0.068  # three standard errors above .05


def test_answers_at_the_output_limit_that_were_not_asked_are_counted_with() -> None:
    base, cand, older = part_of(made(1000, 4), 100, 1)
    limit = 1.5 * float(np.nanmean(cand) / base.mean())
    near, far = (stats.test_bill_part(base, cand, older, limit, cap=cap) for cap in (4.0, 400.0))
    assert near.verdict is Verdict.PASS
    assert far.verdict is Verdict.INCONCLUSIVE
    # 400 at so little saving: a handful of the 900 items left would do, and is missed more often than not
    assert far.p_pass > 0.5


def test_without_a_dearest_answer_nothing_passes_and_a_dear_model_fails() -> None:
    base, cand, older = part_of(made(1000, 5), 200, 1)
    ratio = float(np.nanmean(cand) / base.mean())
    assert stats.test_bill_part(base, cand, older, 10 * ratio).verdict is Verdict.INCONCLUSIVE
    assert stats.test_bill_part(base, cand, older, 0.5 * ratio).verdict is Verdict.FAIL


def test_the_interval_lies_within_the_limit_exactly_when_it_passes() -> None:
    base, cand, older = part_of(made(1000, 6), 150, 1)
    ratio = stats.test_bill_part(base, cand, older, 1.0, cap=5.0).ratio
    seen = set()
    for times in (0.7, 0.9, 1.0, 1.1, 1.3, 1.6):
        limit = ratio * times
        found = stats.test_bill_part(base, cand, older, limit, cap=5.0)
        seen.add(found.verdict)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.ratio < found.high
        assert (found.high <= limit) == (found.verdict is Verdict.PASS)
        assert (found.low >= limit) == (found.verdict is Verdict.FAIL)
    assert seen == set(Verdict)


def test_the_currency_changes_nothing() -> None:
    base, cand, older = part_of(made(400, 7), 80, 1)
    cents = stats.test_bill_part(100 * base, 100 * cand, older, 1.0, cap=500.0)
    dollars = stats.test_bill_part(base, cand, 1e6 * older, 1.0, cap=5.0)
    assert (cents.verdict, cents.ratio, cents.p_pass) == pytest.approx((dollars.verdict, dollars.ratio, dollars.p_pass))


def test_few_items_decide_nothing() -> None:
    base, cand, older = part_of(made(1000, 8), 49, 1)
    found = stats.test_bill_part(base, cand, older, 100.0, cap=5.0)
    assert (found.verdict, found.low, found.high) == (Verdict.INCONCLUSIVE, None, None)


def test_items_are_missed_as_often_as_a_sample_without_replacement_misses_them() -> None:
    many = np.array([0.0, 1.0, 7.0, 60.0, 95.0])
    assert missed(100, 30, many) == pytest.approx(scipy_stats.hypergeom.pmf(0, 100, many, 30))


BASE, CAND = np.ones(60), np.where(np.arange(60) < 55, 1.0, np.nan)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((BASE, BASE, BASE), "60 of 60 items were asked"),
        ((BASE, CAND[:50], BASE), "0 of 60 items were asked"),
        ((-BASE, CAND, BASE), "baseline has a cost that is unknown or negative"),
        ((BASE, CAND, np.full(60, np.nan)), "older has a cost that is unknown"),
        ((BASE, CAND, 0 * BASE), "older costs nothing at all"),
        ((0 * BASE, CAND, BASE), "baseline costs nothing at all"),
    ],
)
def test_what_is_no_part_of_a_bill_is_refused(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stats.test_bill_part(*arguments, 1.0)


def test_a_cap_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="cap is a positive number"):
        stats.test_bill_part(BASE, CAND, BASE, 1.0, cap=-1.0)
