"""What a gate can see before anything is paid for."""

from __future__ import annotations

import pytest

from evalkit.decide.power import forecast_power
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
