"""Intervals against scipy and statsmodels, and where they must say that they do not know."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from evalkit.stats.intervals import Interval, clustered, student_t, student_t_of, t_quantile, wilson
from tests.tables import table

PS = (0.0005, 0.05, 0.3, 0.4999, 0.5001, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9999)
DFS = (0.3, 0.5, 1, 1.7, 2, 3, 4.5, 10, 29, 100, 499.9, 500.1, 1e3, 1e5, 1e9)


@table("p, df", product(PS, DFS))
def test_the_t_quantile_equals_scipy(p: float, df: float) -> None:
    # Beyond 500 degrees of freedom an expansion of four terms stands for the law.
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9 if df <= 500 else 1e-8)


# (p, degrees of freedom, quantile): .95 to .9995 as in any printed table, then the ends of what is asked for; 1 and 2
# degrees of freedom by their closed forms, tan(pi (p - 1/2)) and (2p - 1) / sqrt(2 p (1 - p)), the others by
# SciPy 1.17.
TABLE = [
    (0.95, 1, 6.313751514675038),
    (0.975, 1, 12.70620473617469),
    (0.975, 2, 4.302652729749464),
    (0.95, 5, 2.0150483733330233),
    (0.975, 10, 2.2281388519649385),
    (0.995, 30, 2.7499956535672257),
    (0.9995, 120, 3.373453768562533),
    (0.975, 499, 1.9647293909876886),
    (0.500001, 3, 2.7206990464555036e-06),
    (0.51, 0.1, 0.06809220394777968),
    (0.9995, 0.1, 1.642931922604366e29),
    (1 - 1e-12, 2.7, 26172.299259085823),
    (1 - 1e-12, 333, 7.309923370423077),
]


@pytest.mark.parametrize(("p", "df", "expected"), TABLE)
def test_the_t_quantile_is_that_of_printed_tables(p: float, df: float, expected: float) -> None:
    assert t_quantile(p, df) == pytest.approx(expected, rel=1e-9)
    assert t_quantile(1 - p, df) == pytest.approx(-expected, rel=1e-9 if p < 0.9999 else 1e-3)  # 1 - p loses digits


def test_the_median_of_t_is_zero_and_nonsense_is_refused() -> None:
    assert t_quantile(0.5, 3) == 0.0
    for p, df in [(0, 3), (1, 3), (0.9, 0), (0.9, -1), (float("nan"), 3)]:
        with pytest.raises(ValueError, match="t_quantile needs"):
            t_quantile(p, df)


@given(n=st.integers(1, 5000), share=st.floats(0, 1), confidence=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_wilson_equals_statsmodels_and_stays_within_zero_and_one(n: int, share: float, confidence: float) -> None:
    right = round(n * share)
    low, high = proportion_confint(right, n, alpha=1 - confidence, method="wilson")
    interval = wilson(right, n, confidence)
    assert interval is not None
    assert interval.low == pytest.approx(low, abs=1e-12)
    assert interval.high == pytest.approx(high, abs=1e-12)
    assert 0 <= interval.low <= right / n <= interval.high <= 1
    assert interval.low < interval.high


def test_no_answers_have_no_interval_rather_than_zero() -> None:
    assert wilson(0, 0) is None
    assert student_t([]) is None
    assert clustered([], []) is None


def test_one_value_has_no_interval_but_one_right_answer_has_a_wide_one() -> None:
    assert student_t([0.4]) is None
    interval = wilson(1, 1)
    assert interval is not None
    assert interval.low < 0.25
    assert interval.high == 1.0


@pytest.mark.parametrize(("right", "n"), [(-1, 3), (4, 3), (0, -1)])
def test_impossible_counts_are_refused(right: int, n: int) -> None:
    with pytest.raises(ValueError, match="right"):
        wilson(right, n)


def test_a_confidence_in_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        wilson(3, 4, 95)
    with pytest.raises(ValueError, match="confidence"):
        student_t([0.1, 0.3], 95)


def test_student_t_equals_scipy() -> None:
    values = np.random.default_rng(0).beta(2, 1, size=41)
    low, high = stats.t.interval(0.9, 40, loc=values.mean(), scale=stats.sem(values))
    interval = student_t(values, 0.9)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)
    assert student_t_of(float(values.mean()), float(values.std(ddof=1)), 41, 0.9) == interval


def test_equal_scores_are_not_certainty() -> None:
    assert student_t([0.1] * 30) is None
    assert student_t_of(0.7, 0.0, 50) is None
    assert clustered([1.0] * 6, list("aabbcc")) is None


def test_absent_scores_may_not_be_passed_as_nan() -> None:
    with pytest.raises(ValueError, match="finite"):
        student_t([0.1, float("nan")])


def test_clusters_of_one_give_the_plain_t_interval() -> None:
    values = np.random.default_rng(1).uniform(size=25)
    alone, plain = clustered(values, list(range(25))), student_t(values)
    assert alone is not None
    assert plain is not None
    assert (alone.low, alone.high) == pytest.approx((plain.low, plain.high), rel=1e-9)


def test_the_cluster_interval_is_the_jackknife_done_by_hand() -> None:
    values, clusters = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0], ["a", "a", "a", "b", "c", "c"]
    array, labels = np.array(values), np.array(clusters)
    without = np.array([array[labels != c].mean() for c in "abc"])
    se = np.sqrt(2 / 3 * ((without - array.mean()) ** 2).sum())
    df = 36 / (9 + 1 + 4) - 1
    half = stats.t.ppf(0.975, df) * se
    interval = clustered(values, clusters)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((array.mean() - half, array.mean() + half), rel=1e-9)


def test_answers_that_move_together_widen_the_interval() -> None:
    values = np.repeat(np.random.default_rng(2).integers(0, 2, 20), 10).astype(float)
    together, apart = clustered(values, list(np.repeat(range(20), 10))), student_t(values)
    assert together is not None
    assert apart is not None
    assert together.high - together.low > 2.5 * (apart.high - apart.low)


def test_one_cluster_says_nothing_and_unequal_lengths_are_refused() -> None:
    assert clustered([0.0, 1.0, 1.0], ["a", "a", "a"]) is None
    with pytest.raises(ValueError, match="one cluster for each value"):
        clustered([0.0, 1.0], ["a"])


@pytest.mark.parametrize("sizes", [[20] * 60, [1, 2, 4, 8, 16, 32] * 5])
def test_cluster_intervals_cover_the_truth_about_as_often_as_they_say(sizes: list[int]) -> None:
    rng = np.random.default_rng(3)
    labels = [i for i, size in enumerate(sizes) for _ in range(size)]
    hits = 0
    for _ in range(200):
        level = rng.beta(3.5, 1.5, size=len(sizes))
        hits += _holds(clustered(rng.random(len(labels)) < level[labels], labels), 0.7)
    assert hits >= 0.88 * 200


def _holds(interval: Interval | None, truth: float) -> bool:
    assert interval is not None
    return interval.low <= truth <= interval.high
