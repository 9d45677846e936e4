"""Killed at any moment, by any signal, with a torn journal: nothing is lost, and little is bought twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.storms import PHASES, storm


@pytest.mark.long
def test_five_kills_in_every_phase_lose_nothing(tmp_path: Path) -> None:
    """`make soak` has 60 kills."""
    told = storm(tmp_path, n_kills=len(PHASES), seed=1)
    assert told["kills"] == 5
