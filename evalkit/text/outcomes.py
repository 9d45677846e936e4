"""How answers end, in a reader's words: what every page, table and verdict shows.

    outcome_word("unparseable")      # "unreadable"

Files, columns and the keys of a suite keep the names of `evalkit.records.Outcome`.
"""

from __future__ import annotations

_WORDS = {"unparseable": "unreadable", "truncated": "cut off", "errored": "failed"}


def outcome_word(outcome: str) -> str:
    """The word for an outcome; a name that is none of ours as it is."""
    return _WORDS.get(outcome, str(outcome))
