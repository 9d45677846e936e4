"""The exact paired test against brute force, scipy and statsmodels, and the false-verdict bound that it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import exact
from evalkit.stats.tango import FEW, discordance_of, estimated, normal_quantile, tango, tango_of


def law(n: int, discordance: float, difference: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every table (wins, losses) of n pairs with its probability, by scipy."""
    wins, losses = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    inside = wins + losses <= n
    wins, losses = wins[inside], losses[inside]
    win, lose = (discordance + difference) / 2, (discordance - difference) / 2
    chances = scipy_stats.multinomial.pmf(
        np.stack([wins, losses, n - wins - losses], axis=1), n, [win, lose, 1 - win - lose]
    )
    return wins, losses, np.nan_to_num(chances)


def test_tango_equals_its_definition_by_constrained_likelihood() -> None:
    """The variance is n (discordance - difference²) with the discordance that makes the table most likely."""
    for wins, losses, n, difference in [(12, 5, 200, -0.02), (3, 9, 40, 0.05), (0, 4, 30, -0.05), (7, 0, 25, 0.0)]:
        shares = np.linspace(abs(difference) + 1e-9, 1 - 1e-9, 400_001)
        with np.errstate(divide="ignore"):
            logs = (
                np.where(wins, wins * np.log((shares + difference) / 2), 0)
                + np.where(losses, losses * np.log((shares - difference) / 2), 0)
                + (n - wins - losses) * np.log(1 - shares)
            )
        likely = shares[np.argmax(logs)]
        expected = (wins - losses - n * difference) / np.sqrt(n * (likely - difference**2))
        assert tango(wins, losses, n, difference) == pytest.approx(expected, abs=2e-3)


@given(n=st.integers(1, 400), wins=st.integers(0, 400), losses=st.integers(0, 400), d=st.floats(-0.9, 0.9))
@settings(max_examples=80, deadline=None)
def test_swapping_the_models_flips_the_statistic(n: int, wins: int, losses: int, d: float) -> None:
    wins, losses = wins % (n + 1), losses % (n + 1)
    if wins + losses > n:
        wins, losses = n - wins, n - losses
    assert tango(wins, losses, n, d) == pytest.approx(-tango(losses, wins, n, -d), abs=1e-6)
    many = tango_of(np.array([float(wins)]), np.array([float(losses)]), n, d)
    assert many[0] == pytest.approx(tango(wins, losses, n, d), abs=1e-9)


@pytest.mark.parametrize("difference", [-0.05, -0.01, 0.0, 0.03])
def test_the_probability_of_a_region_equals_the_sum_over_all_its_tables(difference: float) -> None:
    n = 35
    for statistic in (-0.5, 0.4, 1.6, 3.0):
        edge = exact.boundary(statistic, n, difference, n)
        for discordance in (abs(difference), 0.1, 0.4, 0.999):
            if discordance < abs(difference):
                continue
            wins, losses, chances = law(n, discordance, difference)
            reached = tango_of(wins.astype(float), losses.astype(float), n, difference) >= statistic - 1e-9
            mine = exact.rejection(edge, n, np.array([discordance]), difference)[0]
            assert mine == pytest.approx(chances[reached].sum(), abs=1e-9)


@pytest.mark.long
def test_a_p_value_is_the_largest_chance_over_the_allowed_discordances() -> None:
    wins, losses = 6, 2
    for n, difference in ((40, -0.05), (FEW + 1, -0.02)):
        low, high = exact.allowed(wins + losses, n)
        largest = 0.0
        for discordance in np.linspace(max(low, abs(difference)), high, 150):
            w, v, chances = law(n, discordance, difference)
            if n <= FEW:
                order = estimated(n, difference)
                as_good = order[w + v, w] <= order[wins + losses, wins] * (1 + 1e-9)
            else:
                statistics = tango_of(w.astype(float), v.astype(float), n, difference)
                as_good = statistics >= tango(wins, losses, n, difference) - 1e-9
            largest = max(largest, chances[as_good].sum())
        assert exact.p_value(wins, losses, n, difference) == pytest.approx(largest + exact.MISLED, abs=2e-5)


def test_few_pairs_are_ordered_by_how_often_chance_reaches_tango_at_their_own_discordance() -> None:
    n, difference = 40, 0.02
    w, v, _ = law(n, 0.5, difference)
    statistics = tango_of(w.astype(float), v.astype(float), n, difference)
    for wins, losses in ((5, 1), (9, 4), (2, 2), (12, 0)):
        statistic = tango(wins, losses, n, difference)
        likeliest = discordance_of(np.array([float(wins)]), np.array([float(losses)]), n, difference)[0]
        _, _, chances = law(n, likeliest, difference)
        expected = chances[statistics >= statistic - 1e-9].sum()
        assert estimated(n, difference)[wins + losses, wins] == pytest.approx(expected, rel=0.03)


@pytest.mark.long(but=4)
@pytest.mark.parametrize("margin", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("n", [8, 25, 45])
def test_no_truth_at_or_beyond_the_margin_is_misjudged_more_often_than_alpha(n: int, margin: float) -> None:
    wins, losses, _ = law(n, 0.5, 0.0)
    tables = list(zip(wins.tolist(), losses.tolist(), strict=True))
    passes = np.array([exact.p_value(w, v, n, -margin) <= 0.05 for w, v in tables])
    fails = np.array([exact.p_value(v, w, n, margin) <= 0.05 for w, v in tables])
    assert not (passes & fails).any()
    for discordance in (margin + 1e-9, margin + 0.01, 0.13, 0.3, 0.6, 0.97):
        for beyond in (0.0, 0.03):
            if margin + beyond <= discordance:
                _, _, chances = law(n, discordance, -margin - beyond)
                assert chances[passes].sum() <= 0.05
            if abs(-margin + beyond) <= discordance:
                _, _, chances = law(n, discordance, -margin + beyond)
                assert chances[fails].sum() <= 0.05


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("n", "difference"), [(45, -0.05), (45, 0.05), (30, 0.0)])
def test_more_wins_or_fewer_losses_never_weaken_the_evidence(n: int, difference: float) -> None:
    for d in range(n):
        for wins in range(d + 1):
            losses = d - wins
            here = exact.p_value(wins, losses, n, difference)
            if here <= 0.05:
                assert exact.p_value(wins + 1, losses, n, difference) <= 0.05
                assert not losses or exact.p_value(wins, losses - 1, n, difference) <= 0.05
                assert not losses or exact.p_value(wins + 1, losses - 1, n, difference) <= 0.05


def test_the_critical_value_agrees_with_the_p_value() -> None:
    for n, difference, d in [(50, -0.02, 9), (200, 0.01, 20), (300, 0.0, 45)]:
        asked = exact.critical(n, difference, 0.05, d)
        for wins in range(d + 1):
            statistic = tango(wins, d - wins, n, difference)
            if abs(statistic - asked) > 2e-3:
                assert (statistic > asked) == (exact.p_value(wins, d - wins, n, difference) <= 0.05)
    assert exact.critical(3, 0.0, 0.05, 3) == float("inf")


def test_many_pairs_with_few_differences_are_not_left_to_the_normal_approximation() -> None:
    """Nine losses in 10,000 where five are allowed: Tango alone would fail a candidate that chance excuses."""
    assert tango(9, 0, 10_000, 0.0005) > normal_quantile(0.95)
    by_chance = scipy_stats.binom.sf(8, 10_000, 0.0005)
    assert by_chance > 0.06
    assert exact.p_value(9, 0, 10_000, 0.0005) >= by_chance


def test_where_tango_takes_over_it_gives_the_exact_figure() -> None:
    beyond = exact.p_value(690, 610, exact.LIMIT + 1, 0.0)
    assert beyond == pytest.approx(exact.p_value(690, 610, exact.LIMIT, 0.0), abs=5e-4)


def test_the_worst_case_is_found_where_the_law_has_a_kink() -> None:
    """Where the discordance just leaves room for the difference: 38 won, none lost, of 101."""
    for wins, losses, n, difference in ((38, 0, 101, 0.3), (36, 2, 88, 0.3), (26, 2, 88, 0.2), (74, 1, 210, 0.3)):
        if n <= FEW:
            order = estimated(n, difference)
            edge = np.array([(row[: d + 1] > order[wins + losses, wins]).sum() for d, row in enumerate(order)])
        else:
            edge = exact.boundary(tango(wins, losses, n, difference), n, difference, n)
        at_kink = float(exact.rejection(edge, n, np.array([difference]), difference)[0])
        assert exact.p_value(wins, losses, n, difference) >= at_kink


def test_the_order_of_few_pairs_has_a_boundary_that_the_law_can_be_summed_over() -> None:
    """One more discordant pair moves it by one win at most."""
    for n in (7, 60, 150, FEW):
        for difference in (-0.3, -0.02, 0.0, 0.01, 0.25):
            order = estimated(n, difference)
            for level in (0.001, 0.05, 0.4, 0.9):
                fewest = [(row[: d + 1] > level).sum() for d, row in enumerate(order)]
                assert set(np.diff(fewest)) <= {0, 1}
