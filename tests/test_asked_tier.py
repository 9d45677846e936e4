"""A tier of service is known in every dialect's own spelling: a cap and a bill rest on it."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.suite.extra_fields import asked_tier


@pytest.mark.parametrize(
    ("extra", "tier"),
    [
        ({}, None),
        ({"service_tier": "flex"}, "flex"),
        ({"serviceTier": "priority"}, "priority"),
        ({"service-tier": "priority"}, "priority"),
        ({"serviceTier": {"type": "priority"}}, "priority"),
        ({"serviceTier": {"Type": "reserved"}}, "reserved"),
        ({"performanceConfig": {"latency": "optimized"}}, "latency-optimized"),
        ({"performance_config": {"latency": "standard"}}, None),
        ({"performanceConfig": {}}, None),
        ({"speed": "fast"}, "fast"),
        ({"speed": "FAST"}, "FAST"),
        ({"speed": "standard"}, None),
        ({"additionalModelRequestFields": {"speed": "fast"}}, "fast"),
        ({"additionalModelRequestFields": {"service_tier": "priority"}}, "priority"),
        ({"config": [{"deep": {"serviceTier": "flex"}}]}, "flex"),
        ({"service_tier": "auto", "serviceTier": "priority"}, "priority"),
        ({"service_tier": "default"}, "default"),
        ({"serviceTier": {}}, "None"),
        ({"serviceTier": 2}, "2"),
        ({"speed": 3}, "3"),
        ({"service_tier": None}, None),
        ({"tools": [{"function": {"parameters": {"properties": {"speed": {"type": "string"}}}}}]}, None),
    ],
)
def test_every_spelling_is_read(extra: dict[str, Any], tier: str | None) -> None:
    assert asked_tier(extra) == tier
