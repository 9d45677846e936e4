"""A run with many faults neither grows nor leaks. `make soak` is the long form."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.soaking import soak


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_memory_and_open_files_stay_flat_through_thousands_of_faulty_requests(tmp_path: Path) -> None:
    seen = soak(tmp_path, 2_000)
    assert seen.code == 0
    assert seen.n_requests > 2_000, "faults were met and asked again"
    assert seen.grown_mb() < 30
    before, after = seen.most_files()
    assert after <= before + 16, "connections are given back"
