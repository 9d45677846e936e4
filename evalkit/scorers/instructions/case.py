"""IFEval's `change_case:*`: all capitals, all small letters, so many words in capitals.

IFEval also asks langdetect whether the reply is English. Here a reply counts as English when most of its letters are
Latin: a detector that is unseeded and wrong on short texts would mark short replies by chance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.scorers.instructions.base import COUNT, RELATION, Kind, holds
from evalkit.scorers.instructions.language import mostly_latin

# What stands between white space, without punctuation at its ends; inner apostrophes split as a tokenizer would.
_TOKEN = re.compile(r"[^\W_]++(?:[-./&_][^\W_]++)*+")


def all_capitals(reply: str, given: Mapping[str, Any]) -> bool:
    """At least one letter, and no small one."""
    del given
    return reply.isupper() and mostly_latin(reply)


def all_small(reply: str, given: Mapping[str, Any]) -> bool:
    """At least one letter, and no capital."""
    del given
    return reply.islower() and mostly_latin(reply)


def words_in_capitals(reply: str, given: Mapping[str, Any]) -> bool:
    """So many words are written in capitals, "A" and "I" included, hyphenated ones as one."""
    count = sum(match.group().isupper() for match in _TOKEN.finditer(reply))
    return holds(count, given["capital_relation"], given["capital_frequency"])


KINDS = {
    "change_case:english_capital": Kind(all_capitals),
    "change_case:english_lowercase": Kind(all_small),
    "change_case:capital_word_frequency": Kind(
        words_in_capitals, {"capital_frequency": COUNT, "capital_relation": RELATION}
    ),
}
