"""IFEval's `change_case:*`: all capitals, all small letters, so many words in capitals.

IFEval also asks langdetect whether the reply is English. Here `language.is_english` says it: no other language, no loop
of one word, no list of names. langdetect is unseeded and wrong on single words, which count as English here.
"""

from __future__ import annotations

import re

from evalkit.scorers.instructions.base import COUNT, RELATION, Kind, Parameters, alone, holds
from evalkit.scorers.instructions.language import is_english

# What stands between white space, without punctuation at its ends; inner apostrophes split as a tokenizer would.
_TOKEN = re.compile(r"[^\W_]++(?:[-./&_][^\W_]++)*+")


def all_capitals(reply: str) -> bool:
    """At least one letter, and no small one."""
    return reply.isupper() and is_english(reply)


def all_small(reply: str) -> bool:
    """At least one letter, and no capital."""
    return reply.islower() and is_english(reply)


def words_in_capitals(reply: str, given: Parameters) -> bool:
    """So many words are written in capitals, "A" and "I" included, hyphenated ones as one."""
    count = sum(match.group().isupper() for match in _TOKEN.finditer(reply))
    return holds(count, given.text("capital_relation"), given.number("capital_frequency"))


KINDS = {
    "change_case:english_capital": Kind(alone(all_capitals)),
    "change_case:english_lowercase": Kind(alone(all_small)),
    "change_case:capital_word_frequency": Kind(
        words_in_capitals, {"capital_frequency": COUNT, "capital_relation": RELATION}
    ),
}
