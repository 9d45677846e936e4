"""The figures of a run as a record: read from summary.json, or computed from the rows where that file does not fit."""

from __future__ import annotations

from pathlib import Path

from evalkit.facts import Summary
from evalkit.store import summary


def read_summary(folder: Path) -> Summary:
    """The figures of a run, sealed or still running. Changes nothing. Raises StoreError when the run cannot be read."""
    return summary.read_summary(folder)
