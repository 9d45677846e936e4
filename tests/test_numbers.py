"""How numbers look: the tables are the specification."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.text import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "unknown"),
        (0, "$0"),
        (Decimal("0.0012"), "$0.0012"),
        (Decimal("0.00123456"), "$0.00123"),
        (0.1, "$0.10"),
        (0.5, "$0.50"),
        (0.994, "$0.994"),
        (0.9999, "$1.00"),
        (1.005, "$1.00"),
        (12.346, "$12.35"),
        (999.99, "$999.99"),
        (1234.5, "$1,234"),
        (Decimal("27375"), "$27,375"),
        (0.0000012, "$0.0000012"),
        (1e-9, "<$0.000001"),
        (-0.25, "−$0.25"),
        (math.nan, "unknown"),
    ],
)
def test_dollars(value: Any, shown: str) -> None:
    assert numbers.usd(value) == shown


def test_a_number_with_its_noun() -> None:
    assert [numbers.plural(n, "run") for n in (0, 1, 1319)] == ["0 runs", "1 run", "1,319 runs"]
    assert [numbers.plural(n, "copy", "copies") for n in (1, 2)] == ["1 copy", "2 copies"]


@pytest.mark.parametrize("off", [0.0, 1e-15, -1e-15])
def test_one_figure_is_rounded_one_way_whichever_sums_it_came_by(off: float) -> None:
    for tie in (0.0875, 0.8125, 0.0005, 0.3335):
        assert numbers.difference(-tie + off) == numbers.difference(-tie)
        assert numbers.quality(tie + off) == numbers.quality(tie)


@pytest.mark.parametrize(
    ("mean", "low", "high", "shown"),
    [
        (0.8342, 0.801, 0.862, "0.834 [0.80, 0.86]"),
        (0.8342, 0.8301, 0.8383, "0.834 [0.830, 0.838]"),
        (1.0, 0.98, 1.0, "1.000 [0.98, 1.00]"),
        (0.99999, 0.97, 1.0, "0.999 [0.97, 1.00]"),
        (0.0001, 0.0, 0.02, "0.001 [0.00, 0.02]"),
        (0.0, 0.0, 0.01, "0.000 [0.000, 0.010]"),
        (0.5, None, None, "0.500"),
        (None, None, None, "–"),
        (math.nan, None, None, "–"),
    ],
)
def test_quality(mean: Any, low: Any, high: Any, shown: str) -> None:
    assert numbers.quality_with_interval(mean, low, high) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0123, "+1.2 points"),
        (-0.0123, "−1.2 points"),
        (0.0, "0.0 points"),
        (0.0001, "+<0.1 points"),
        (-0.0004, "−<0.1 points"),
        (None, "–"),
    ],
)
def test_differences_carry_a_sign_and_are_in_points(value: Any, shown: str) -> None:
    assert numbers.difference(value) == shown


@pytest.mark.parametrize(
    ("value", "shown", "exact"),
    [(0.0042, "0.4 %", "0.42 %"), (0.02, "2.0 %", "2.0 %"), (0.0, "0.0 %", "0.0 %"), (1.0, "100.0 %", "100.0 %"),
     (0.0001, "<0.1 %", "0.01 %"), (0.99999, ">99.9 %", "99.999 %"), (None, "–", "–")],
)  # fmt: skip
def test_shares_of_answers_are_per_cent_and_a_limit_keeps_its_digits(value: Any, shown: str, exact: str) -> None:
    assert numbers.percent(value) == shown
    assert numbers.percent(value, exact=True) == exact
    assert numbers.difference(-0.0025, exact=True) == "−0.25 points", "no limit is rounded"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 %"), (0.001, "<1 %"), (0.12, "12 %"), (0.995, ">99 %"), (1, "100 %"), (None, "–")],
)
def test_shares(value: Any, shown: str) -> None:
    assert numbers.share(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0031, "3.1 ms"), (0.312, "312 ms"), (0.9996, "1,000 ms"), (1.234, "1.23 s"), (123.4, "123 s"), (None, "–")],
)
def test_times_carry_their_unit(value: Any, shown: str) -> None:
    assert numbers.time(value) == shown


def test_a_column_of_times_shares_one_unit() -> None:
    assert numbers.time_unit([0.01, None, 0.9]) == "ms"
    assert numbers.time_unit([0.01, 1.0]) == "s"
    assert numbers.time_in("s", 0.01) == "0.01"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (273600, "3 d 4 h"),
        (None, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_durations(value: Any, shown: str) -> None:
    assert numbers.duration(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.05, "0.05"), (5.55, "5.5"), (56.4, "56"), (1234, "1,234"), (0, "0.0"), (None, "–")]
)
def test_rates(value: Any, shown: str) -> None:
    assert numbers.rate(value) == shown


def test_counts_and_ratios() -> None:
    assert (numbers.count(1319), numbers.count(None)) == ("1,319", "unknown")
    assert [numbers.ratio(x) for x in (0.5, 12.34, 140.4, None)] == ["0.50×", "12.3×", "140×", "–"]
    assert [numbers.ratio(x) for x in (0, 0.00252, 0.00001)] == ["0.00×", "0.0025×", "<0.0001×"]


@given(st.floats(min_value=1e-12, max_value=1e9))
def test_what_is_not_zero_never_looks_like_zero(value: float) -> None:
    assert numbers.usd(value) != "$0"
    assert numbers.difference(value) != "0.000"
    assert numbers.share(min(value, 1.0)) != "0 %"
    assert numbers.quality(min(value, 1.0)) != "0.000"


@given(st.decimals(min_value="0.000001", max_value="1000000", places=9))
def test_dollars_are_right_to_the_digits_shown(value: Decimal) -> None:
    shown = Decimal(numbers.usd(value).strip("$").replace(",", ""))
    assert abs(shown - value) <= max(value * Decimal("0.0051"), Decimal("1e-9"))


def test_ascii_keeps_the_sense() -> None:
    assert numbers.plain_ascii("−0.012 – 3× …") == "-0.012 - 3x ..."


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.0213, 0.012, "[−2.1, +1.2]"),
        (0.0, 0.5, "[0.0, +50.0]"),
        (None, 0.1, ""),
        (-0.0001, 0.0, "[−0.0, 0.0]"),
    ],
)
def test_bounds_of_a_difference_show_the_digits_that_a_margin_has(
    low: float | None, high: float | None, text: str
) -> None:
    assert numbers.difference_interval(low, high) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.5, "0.50"), (0.0123, "0.012"), (1e-9, "<0.001"), (None, "–"), (1.0, "1.00")]
)
def test_a_p_value_is_never_zero(p: float | None, text: str) -> None:
    assert numbers.p_value(p) == text
