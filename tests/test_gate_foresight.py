"""What a gate can see before anything is paid for."""

from __future__ import annotations

import pytest

from evalkit.decide.power import forecast_floors, forecast_power
from evalkit.suite.schema import GateEntry


def gate(*rules: dict[str, object]) -> GateEntry:
    return GateEntry.model_validate({"baseline": "a", "candidates": ["b"], "rules": list(rules)})


def test_more_items_see_smaller_regressions() -> None:
    rule = {"quality": "all", "margin": 0.02}
    few, many = (next(forecast_power(gate(rule), {"t": n})).smallest_regression for n in (200, 2000))
    assert few is not None
    assert many is not None
    assert 0.02 < many < few


def test_all_is_every_task_and_a_task_is_itself() -> None:
    looks = list(
        forecast_power(gate({"quality": "all", "margin": 0.02}, {"quality": "u", "margin": 0.02}), {"t": 300, "u": 100})
    )
    assert [look.n for look in looks] == [400, 100]


def test_what_is_not_about_quality_or_is_arithmetic_has_no_power_to_tell() -> None:
    rules = ({"cost": "usd_per_sample", "max_ratio": 1.0}, {"quality": "all", "margin": 0.0, "scope": "suite"})
    assert list(forecast_power(gate(*rules), {"t": 300})) == []


def test_no_number_of_items_passes_equal_models_at_a_margin_of_zero() -> None:
    (look,) = forecast_power(gate({"quality": "all", "margin": 0.0}), {"t": 300})
    assert look.n_needed is None
    assert look.chance_equal_passes == pytest.approx(0.05, abs=0.03)


def test_the_items_needed_are_enough() -> None:
    rule = {"quality": "all", "margin": 0.05}
    (look,) = forecast_power(gate(rule), {"t": 100})
    assert look.n_needed is not None
    (then,) = forecast_power(gate(rule), {"t": look.n_needed})
    assert then.chance_equal_passes == pytest.approx(0.8, abs=0.03)


def test_a_slice_of_unknown_size_is_said_to_be_unknown() -> None:
    (look,) = forecast_power(gate({"quality": "t/lang=de", "margin": 0.05}), {"t": 100})
    assert (look.n, look.smallest_regression, look.chance_equal_passes) == (0, None, None)


def test_a_floor_passes_and_fails_whom_it_says_as_often_as_it_says() -> None:
    import numpy as np

    from evalkit.stats import Verdict, decide_floor

    rules = ({"quality": "all", "min": 0.85}, {"rate": "unparseable", "max_rate": 0.02})
    floor, rate = forecast_floors(gate(*rules), {"t": 300})
    assert floor.passes_from is not None
    assert floor.fails_at is not None
    assert floor.fails_at < 0.85 < floor.passes_from
    rng = np.random.default_rng(3)
    for truth, verdict in ((floor.passes_from, Verdict.PASS), (floor.fails_at, Verdict.FAIL)):
        right = rng.binomial(300, truth, 1000)
        said = [decide_floor(np.arange(300) < n, 0.85) for n in right]
        assert np.mean([one is verdict for one in said]) == pytest.approx(0.8, abs=0.04)
    # Of a rate the lower one passes.
    assert rate.is_rate
    assert rate.passes_from is not None
    assert rate.fails_at is not None
    assert rate.passes_from < 0.02 < rate.fails_at


def test_a_floor_that_few_items_cannot_show_is_said_to_pass_nobody() -> None:
    (few,) = forecast_floors(gate({"quality": "all", "min": 0.95}), {"t": 58})
    (enough,) = forecast_floors(gate({"quality": "all", "min": 0.95}), {"t": 59})
    assert few.passes_from is None
    assert enough.passes_from == pytest.approx(0.8 ** (1 / 59))  # all 59 have to be right


def test_what_is_arithmetic_or_compares_has_no_floor_to_see() -> None:
    rules = ({"quality": "all", "margin": 0.02}, {"quality": "all", "min": 0.9, "scope": "suite"})
    assert list(forecast_floors(gate(*rules), {"t": 300})) == []
    (unknown,) = forecast_floors(gate({"quality": "t/lang=de", "min": 0.9}), {"t": 300})
    assert (unknown.n, unknown.passes_from, unknown.fails_at) == (0, None, None)


def test_copies_make_a_floor_harder_to_show() -> None:
    rule = {"quality": "all", "min": 0.85}
    (alone,) = forecast_floors(gate(rule), {"t": 300})
    (copied,) = forecast_floors(gate(rule), {"t": 300}, {"t": 100.0, "all": 100.0})
    assert alone.passes_from is not None
    assert copied.passes_from is not None
    assert copied.passes_from > alone.passes_from
