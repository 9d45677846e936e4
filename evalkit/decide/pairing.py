"""The rows that a gate decides on, for who makes them up: `decide.gate.findings` takes them (`results.pairs`)."""

from __future__ import annotations

from evalkit.results.pairs import OUTCOMES, Half, Pairs

__all__ = ["OUTCOMES", "Half", "Pairs"]
