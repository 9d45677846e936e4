"""Samples and responses for the scorers' tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.records import Message, Response, Sample, Score, StopReason, Timing
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.registry import make_scorer


def sample(target: str | None = None, choices: tuple[str, ...] = (), **fields: Any) -> Sample:
    return Sample(
        task="t", id="1", digest="d", target_digest="t", occurrence=0, messages=(Message("user", "?"),),
        target=target, choices=choices, fields=fields,
    )  # fmt: skip


def said(text: str, stop_reason: StopReason = "stop", **more: Any) -> Response:
    return Response(text=text, stop_reason=stop_reason, timing=Timing(sent_at=0.0, total_s=0.1), **more)


def mark(
    name: str, options: Mapping[str, Any], item: Sample, text: str, stop_reason: StopReason = "stop", **more: Any
) -> Score:
    """What the engine would store."""
    return score_response(item, said(text, stop_reason, **more), make_scorer(name, options))
