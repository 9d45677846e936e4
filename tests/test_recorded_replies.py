"""Recorded replies of real providers, read through the adapters on loopback, against values that readers of their own
(no code of evalkit) found in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent


@pytest.mark.long
def test_every_recorded_reply_reads_as_expected(shared_data: Path) -> None:
    recorded = shared_data / "recorded"
    if not (recorded / "index.json").is_file():
        pytest.skip(f"no recorded replies at {recorded}")
    check = [sys.executable, str(recorded / "replay_check.py"), str(recorded), str(REPO), "--inside", "--show", "20"]
    done = subprocess.run(
        check,
        cwd=REPO,
        env={"PATH": "/usr/bin", "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "\nall " in done.stdout
