"""One value out of the facts of a run, which a person may have edited: never an error.

value_at({"models": {"cand": {"adapter": "replay"}}}, "models", "cand", "adapter")     # "replay"
"""

from __future__ import annotations

from typing import Any


def value_at(facts: object, *path: str) -> Any:
    """What stands at this place; None where nothing does, or something on the way is no mapping."""
    for key in path:
        facts = facts.get(key) if isinstance(facts, dict) else None
    return facts
