"""Cost ratios, latency percentiles, Holm and power: against scipy and statsmodels, and where they must not decide."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from evalkit import stats
from evalkit.stats import Verdict
from evalkit.stats.intervals import t_tail
from evalkit.stats.power import Needs


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded for each test apart, so that their order changes nothing."""
    return np.random.default_rng(21)


_COSTS = np.random.default_rng(21)
BASE = _COSTS.lognormal(0, 0.8, 400)
OTHER = BASE**0.6 * _COSTS.lognormal(0, 0.5, 400)


def test_a_cost_ratio_is_a_paired_t_test_on_the_bill() -> None:
    for ratio in (0.8, 1.0, 1.3):
        decision = stats.cost_ratio(BASE, OTHER, ratio)
        expected = scipy_stats.ttest_rel(ratio * BASE, OTHER, alternative="greater").pvalue
        saved = ratio * BASE - OTHER
        n, skew = saved.size, float(scipy_stats.skew(saved))
        d = saved.mean() / saved.std(ddof=1)
        johnson = math.sqrt(n) * (d + skew * d**2 / 3 + skew**2 * d**3 / 27 + skew / (6 * n))
        assert decision.p_pass == pytest.approx(max(expected, scipy_stats.t.sf(johnson, n - 1)), abs=1e-9)
        assert decision.p_fail == pytest.approx(1 - expected, abs=1e-9)


def test_the_bounds_of_a_cost_ratio_are_where_its_verdict_turns() -> None:
    decision = stats.cost_ratio(BASE, OTHER, 1.0)
    assert decision.value == pytest.approx(OTHER.mean() / BASE.mean())
    assert decision.low is not None
    assert decision.high is not None
    for ratio, verdict in [
        (decision.high * 1.001, Verdict.PASS),
        (decision.high * 0.999, Verdict.INCONCLUSIVE),
        (decision.low * 1.001, Verdict.INCONCLUSIVE),
        (decision.low * 0.999, Verdict.FAIL),
    ]:
        assert stats.cost_ratio(BASE, OTHER, ratio).verdict is verdict


def test_clustered_costs_have_wider_bounds(rng: np.random.Generator) -> None:
    labels = [f"talk {i // 20}" for i in range(400)]
    shared = np.repeat(rng.lognormal(0, 0.6, 20), 20)
    alone, together = (
        stats.cost_ratio(BASE, OTHER * shared, 1.0),
        stats.cost_ratio(BASE, OTHER * shared, 1.0, 0.05, labels),
    )
    assert alone.high is not None
    assert together.high is not None
    assert together.high > alone.high


@pytest.mark.parametrize(
    ("baseline", "candidate", "ratio", "verdict"),
    [
        ([0.01] * 20, [0.004] * 20, 0.5, Verdict.PASS),  # flat prices: no spread, no doubt
        ([0.01] * 20, [0.006] * 20, 0.5, Verdict.FAIL),
        ([0.01] * 20, [0.005] * 20, 0.5, Verdict.INCONCLUSIVE),  # an exact tie
        ([0.01] * 14, [0.004] * 14, 0.5, Verdict.INCONCLUSIVE),  # too few
        ([0.0] * 50, [0.0] * 50, 0.5, Verdict.INCONCLUSIVE),  # nothing billed on either side
        ([0.0] * 50, [0.01] * 50, 0.5, Verdict.FAIL),
    ],
)
def test_flat_free_and_few_costs(baseline: list[float], candidate: list[float], ratio: float, verdict: Verdict) -> None:
    assert stats.cost_ratio(baseline, candidate, ratio).verdict is verdict


@pytest.mark.parametrize("dear", [0.0, 5e-324, 1e-12])
@pytest.mark.parametrize("cap", [None, 0.5])
def test_a_candidate_that_is_free_or_nearly_has_an_interval(dear: float, cap: float | None) -> None:
    """Weights of one's own, priced at nothing: the search for the upper end begins at no zero."""
    baseline = np.random.default_rng(1).lognormal(0, 0.5, 200)
    candidate = np.r_[np.zeros(199), dear]
    found = stats.cost_ratio(baseline, candidate, 0.5, cap=cap)
    assert found.verdict is Verdict.PASS
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= 1e-9 < found.high <= 0.5
    if cap is None:
        assert found.high < 1e-5


@pytest.mark.parametrize("unit", [1e-14, 1e-11, 0.01, 1e200])
def test_a_bill_is_the_same_in_any_currency(unit: float) -> None:
    """At 1e-12 dollars an answer a spread between clusters was taken for rounding, and the rule failed with p = 0."""
    clusters = np.arange(400) // 4
    for ratio, cap in ((0.9, None), (1.1, 20.0)):
        dollars = stats.cost_ratio(BASE, OTHER, ratio, clusters=clusters, cap=cap)
        other = stats.cost_ratio(BASE * unit, OTHER * unit, ratio, clusters=clusters, cap=cap and cap * unit)
        assert 0 < dollars.p_fail < 1
        assert (other.p_pass, other.p_fail) == pytest.approx((dollars.p_pass, dollars.p_fail), rel=1e-9)
        assert (other.low, other.high) == pytest.approx((dollars.low, dollars.high), rel=1e-3)  # as finely as searched
    per_correct = stats.cost_per_correct(BASE * unit, OTHER > 1)
    expected = stats.cost_per_correct(BASE, OTHER > 1)
    assert per_correct is not None
    assert expected is not None
    assert per_correct[1] is not None
    assert expected[1] is not None
    assert per_correct[1].low / unit == pytest.approx(expected[1].low, rel=1e-9)


def test_a_ratio_to_a_cost_that_is_hardly_above_zero_does_not_pass() -> None:
    baseline = np.r_[np.zeros(199), 1.0]
    decision = stats.cost_ratio(baseline, np.zeros(200) + 1e-9 * np.arange(200), 2.0)
    assert decision.verdict is not Verdict.PASS
    assert decision.high is None


@pytest.mark.parametrize(
    ("baseline", "candidate", "ratio", "words"),
    [
        ([], [], 0.5, "known cost"),
        ([1.0], [1.0, 2.0], 0.5, "item by item"),
        ([1.0, math.nan], [1.0, 1.0], 0.5, "nan"),
        ([1.0, None], [1.0, 1.0], 0.5, "nan"),
        ([1.0, -1.0], [1.0, 1.0], 0.5, "negative"),
        ([1.0], [1.0], 0.0, "max_ratio"),
        ([1.0], [1.0], math.inf, "max_ratio"),
    ],
)
def test_costs_that_are_none_are_refused(baseline: list[Any], candidate: list[Any], ratio: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stats.cost_ratio(baseline, candidate, ratio)


def test_cost_per_correct_has_a_fieller_interval_that_covers(rng: np.random.Generator) -> None:
    covered = 0
    for _ in range(200):
        right = (rng.random(150) < 0.6) * 1.0
        found = stats.cost_per_correct(rng.lognormal(0, 0.5, 150), right)
        assert found is not None
        assert found[1] is not None
        covered += found[1].low <= math.exp(0.125) / 0.6 <= found[1].high
    assert 0.9 <= covered / 200 <= 0.99


def test_cost_per_correct_without_correct_answers_is_absent() -> None:
    assert stats.cost_per_correct([0.1, 0.2], [0, 0]) is None
    found = stats.cost_per_correct([0.1, 0.2, 0.1], [0, 1, 0])
    assert found is not None
    assert found[1] is None  # one right answer in three: the ratio has no upper end


def test_a_latency_ratio_is_a_paired_test_of_crossings(rng: np.random.Generator) -> None:
    base, other = rng.lognormal(0, 0.5, 800), rng.lognormal(0.05, 0.5, 800)
    decision = stats.latency_ratio(base, other, 0.5, 1.2)
    q = np.quantile(base, 0.5)
    again = stats.test((base <= q) * 1.0, (other <= 1.2 * q) * 1.0, 0.0)
    assert (decision.p_pass, decision.p_fail) == pytest.approx((again.p_pass, again.p_fail), abs=1e-6)
    assert decision.verdict is again.verdict


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_bounds_of_a_latency_ratio_are_where_its_verdict_turns(quantile: float, rng: np.random.Generator) -> None:
    base = rng.lognormal(0, 0.4, 600)
    decision = stats.latency_ratio(base, base * rng.lognormal(0.1, 0.2, 600), quantile, 1.1)
    assert decision.low is not None
    assert decision.high is not None
    assert decision.value is not None
    assert decision.low <= decision.value <= decision.high
    other = base * rng.lognormal(0.1, 0.2, 600)
    bounds = stats.latency_ratio(base, other, quantile, 1.1)
    assert bounds.high is not None
    assert bounds.low is not None
    assert stats.latency_ratio(base, other, quantile, bounds.high * 1.001).verdict is Verdict.PASS
    assert stats.latency_ratio(base, other, quantile, bounds.high * 0.999).verdict is Verdict.INCONCLUSIVE
    assert stats.latency_ratio(base, other, quantile, bounds.low * 0.999).verdict is Verdict.FAIL


def test_a_high_percentile_of_few_answers_says_what_it_rests_on(rng: np.random.Generator) -> None:
    for n, says in ((100, "rests on the slowest 5"), (40, "at least 100 answers")):
        (said,) = stats.latency_ratio(rng.lognormal(size=n), rng.lognormal(size=n), 0.95, 1.2).notes
        assert says in said
        assert ("100 answers of each model" in said) == (n < 100)
    (said,) = stats.latency_limit(rng.lognormal(size=30), 0.95, 9.0).notes
    assert "rests on the slowest 2: " in said and "at least 100 answers" in said
    assert stats.latency_ratio(BASE, BASE, 0.95, 1.2).notes == ()


def test_equal_clocks_prove_nothing() -> None:
    assert stats.latency_ratio([0.2] * 500, [0.2] * 500, 0.95, 1.2).verdict is Verdict.INCONCLUSIVE


def test_an_absolute_limit_is_a_binomial_test(rng: np.random.Generator) -> None:
    values = rng.lognormal(0, 0.5, 300)
    for limit in (1.5, 2.2, 3.0):
        slower = int((values > limit).sum())
        decision = stats.latency_limit(values, 0.95, limit)
        assert decision.p_pass == pytest.approx(scipy_stats.binom.cdf(slower, 300, 0.05), abs=1e-9)
        assert decision.p_fail == pytest.approx(scipy_stats.binom.sf(slower - 1, 300, 0.05), abs=1e-9)
        assert decision.low is not None
        assert decision.high is not None
        assert (decision.verdict is Verdict.PASS) == (decision.high <= limit)
        assert (decision.verdict is Verdict.FAIL) == (decision.low > limit)


@pytest.mark.long
def test_slow_answers_to_one_item_are_known_to_come_together(rng: np.random.Generator) -> None:
    """Forty items of four answers, one in twenty slow: with the prior of clusters .08 of such runs passed."""
    slow = rng.random((150, 40, 4)) < rng.beta(0.05 * 1.5, 0.95 * 1.5, (150, 40))[:, :, None]
    items = np.repeat(np.arange(40), 4)
    times = [np.where(run, 2.0, 0.5).ravel() for run in slow]
    as_clusters = [stats.decide_quantile(one, one, 0.95, max_s=1.0, clusters=items) for one in times]
    as_items = [stats.decide_quantile(one, one, 0.95, max_s=1.0, items=items) for one in times]
    assert as_items.count(Verdict.PASS) < as_clusters.count(Verdict.PASS)
    assert as_items.count(Verdict.PASS) <= 0.06 * len(times)
    quickest = min(times, key=lambda one: float((one > 1.0).sum()))
    limit = stats.latency_limit(quickest, 0.95, 1.0, groups=items, items=items)
    assert limit.p_pass == stats.test_floor(quickest <= 1.0, 0.95, items=items).p_pass


def test_too_few_answers_have_no_upper_bound_and_do_not_pass() -> None:
    decision = stats.latency_limit([0.1] * 58, 0.95, 10.0)
    assert decision.high is None
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert stats.latency_limit([0.1] * 59, 0.95, 10.0).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("values", "quantile", "limit", "words"),
    [
        ([], 0.5, 1.0, "no latency"),
        ([0.1, 0.0], 0.5, 1.0, "not positive"),
        ([0.1, None], 0.5, 1.0, "nan"),
        ([0.1], 95, 1.0, "quantile"),
        ([0.1], 0.5, 0.0, "max_s"),
    ],
)
def test_durations_that_are_none_are_refused(values: list[Any], quantile: float, limit: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stats.latency_limit(values, quantile, limit)
    with pytest.raises(ValueError, match=words.replace("no latency", "no baseline").replace("max_s", "max_ratio")):
        stats.latency_ratio(values, values, quantile, limit)


def test_unequal_latencies_are_refused() -> None:
    with pytest.raises(ValueError, match="item by item"):
        stats.latency_ratio([0.1, 0.2], [0.1], 0.5, 1.2)


@pytest.mark.long
def test_holm_equals_statsmodels(rng: np.random.Generator) -> None:
    for size in (1, 2, 9, 40):
        ps = rng.random(size) ** 3
        assert stats.holm(ps.tolist()) == pytest.approx(multipletests(ps, method="holm")[1])


def test_an_untested_task_still_counts_in_the_family() -> None:
    assert stats.holm([0.02, None, None]) == (pytest.approx(0.06), None, None)
    assert stats.holm([]) == ()
    with pytest.raises(ValueError, match="p-value 1 is nan"):
        stats.holm([0.1, math.nan])


@pytest.mark.long
def test_power_is_what_simulation_finds(rng: np.random.Generator) -> None:
    n, delta, margin, share = 250, -0.09, 0.02, 0.2
    expected = stats.power_of(n, delta, margin, 0.05, share)
    draws = rng.choice([-1, 0, 1], (400, n), p=[(share - delta) / 2, 1 - share, (share + delta) / 2])
    failed = np.mean([stats.decide((d < 0) * 1.0, (d > 0) * 1.0, margin) is Verdict.FAIL for d in draws])
    assert failed == pytest.approx(expected.failing, abs=0.07)
    assert expected.passing < 0.001


def test_the_smallest_regression_fails_four_times_in_five() -> None:
    for n in (100, 500, 20_000):
        drop = stats.smallest_regression(n, 0.02, 0.05, 0.15)
        assert drop is not None
        assert drop > 0.02
        assert stats.power_of(n, -drop, 0.02, 0.05, max(0.15, drop)).failing == pytest.approx(0.8, abs=0.03)
    assert stats.smallest_regression(2, 0.02, 0.05, 0.15) is None


def test_power_at_a_difference_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="discordant"):
        stats.power_of(100, -0.3, 0.02, 0.05, 0.1)


def test_items_needed_follow_the_formula() -> None:
    z = scipy_stats.norm.ppf(0.95) + scipy_stats.norm.ppf(0.8)
    assert Needs(sd=0.4).total(0.0, 0.02, 0.05) == math.ceil((z * 0.4 / 0.02) ** 2)
    assert [Needs(sd=0.0).total(0.0, m, 0.05) for m in (0.01, 0.02, 0.05)] == [299, 149, 59]
    assert Needs(sd=0.01, guard=True).total(0.0, 0.02, 0.05) == 149
    assert Needs(sd=0.4).total(-0.02, 0.02, 0.05) is None


def test_the_door_opens_without_numpy() -> None:
    code = "import sys, evalkit.stats, evalkit.stats.intervals; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert all(getattr(stats, name) is not None for name in stats.__all__)
    with pytest.raises(AttributeError, match="decide"):
        _ = stats.decision  # type: ignore[attr-defined]


@pytest.mark.parametrize("df", [0.4, 1, 3.7, 29, 499, 501, 1e4, 1e7])
def test_the_t_tail_equals_scipy(df: float) -> None:
    for t in (-40.0, -2.0, -1e-3, 0.0, 0.5, 1.7, 6.0):
        assert t_tail(t, df) == pytest.approx(scipy_stats.t.sf(t, df), abs=1e-7)


@pytest.mark.long
def test_an_interval_ends_where_the_test_of_that_limit_turns(rng: np.random.Generator) -> None:
    """Its search may leave a dear test out; the verdict at a limit never does."""
    groups, weights = np.repeat(np.arange(40), 10), rng.lognormal(0, 0.6, 400)
    before = rng.lognormal(0, 0.5, 400)
    after = before * rng.lognormal(0, 0.3, 400)
    for rows in ({}, {"clusters": groups}, {"weights": weights}, {"clusters": groups, "weights": weights}):
        more = {"groups": rows.get("clusters"), "weights": rows.get("weights")}
        for q in (0.5, 0.9):
            ratio = stats.latency_ratio(before, after, q, 1.1, **more)
            limit = stats.latency_limit(after, q, 1.6, **more)
            for found, name, data in ((ratio, "max_ratio", (before, after)), (limit, "max_s", (after, after))):
                assert found.low is not None
                assert found.high is not None
                for end, inside, outside in ((found.high, "inconclusive", "pass"), (found.low, "fail", "inconclusive")):
                    said = [stats.decide_quantile(*data, q, **{name: end * x}, **rows) for x in (0.998, 1.002)]
                    assert said == [inside, outside], (name, q, list(rows), end)


def test_the_law_of_weighted_signs_is_the_one_that_adding_them_up_gives(rng: np.random.Generator) -> None:
    from evalkit.stats.sign_flips import sign_flip_ps

    steps = np.rint(rng.lognormal(2, 0.8, 60)) * rng.choice([-1, 1], 60)
    law = {0: 1.0}
    for step in np.abs(steps).astype(int).tolist():
        after: dict[int, float] = {}
        for place, chance in law.items():
            for way in (place + step, place - step):
                after[way] = after.get(way, 0.0) + chance / 2
        law = after
    up, down = (sum(c for place, c in law.items() if place >= end) for end in (steps.sum(), -steps.sum()))
    assert sign_flip_ps(steps) == pytest.approx((up, down), abs=1e-12)


def test_a_few_heavy_answers_that_were_fast_do_not_show_that_few_are_slow() -> None:
    """Twelve of 150 rows have nearly all the weight, none of them slow; one in twenty may be, and .95^12 is .54."""
    weights, times = np.ones(150), np.full(150, 0.5)
    weights[:12] = 200.0
    times[[20, 90]] = 2.0
    found = stats.latency_limit(times, 0.95, 1.0, weights=weights)
    assert found.p_pass > 0.25
    assert found.verdict == stats.decide_quantile(None, times, 0.95, max_s=1.0, weights=weights) == "inconclusive"
    assert found.high is None or found.high > 1.0


@pytest.mark.parametrize("guess", [1.0, 0.97, 1.3, 0.0, math.inf])
def test_a_cheap_guess_leads_the_search_for_a_limit_and_decides_nothing(guess: float) -> None:
    from evalkit.stats.inversion import largest_failing, least_passing

    asked: list[float] = []

    def passes(limit: float) -> bool:
        asked.append(limit)
        return limit >= 0.73

    alone = least_passing(passes, 1.0)
    plain = len(asked)
    assert least_passing(passes, 1.0, lambda limit: limit >= 0.73 * guess) == alone  # inf: the guess says never
    assert largest_failing(lambda limit: limit <= 0.73, 1.0, lambda limit: limit <= 0.73 * guess) == pytest.approx(
        largest_failing(lambda limit: limit <= 0.73, 1.0), rel=1e-12
    )
    if guess == 1.0:
        assert len(asked) - plain == 2 < plain


def test_slow_answers_in_clusters_are_drawn_as_the_one_kind_of_event_that_they_are() -> None:
    from evalkit.stats.cluster_counts import ClusterCounts, KnownOfPairs

    slow = np.array([0, 0, 1, 0, 2, 0, 0, 0, 1, 0] * 3, dtype=float)
    one_kind = ClusterCounts(np.full(30, 6.0), 0 * slow, slow, KnownOfPairs(only_losses=True)).p_value(0.2)
    # A rate of wins as small as one in ten million is drawn as two kinds, and no win is ever seen.
    both = ClusterCounts(np.full(30, 6.0), 0 * slow, slow)
    both._rates = lambda _: (0.2, 1e-7)  # type: ignore[method-assign]
    assert both.p_value(0.2) == pytest.approx(one_kind, abs=1e-6)
