"""Which of several columns of labels the texts of a file decide: the one whose labels their words foretell best.

    foretold(records, ("message",), ["Department", "Priority"])     # {"Department": 0.58, "Priority": -0.06}

A department can be read off a message, and a priority that somebody set by hand cannot. Each record's label is guessed
from the words of the others (naive Bayes, leave one out); what counts is how much more often that is right than always
saying the commonest label.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

from evalkit.bridges.first_suite.looking import text_of

MOST_RECORDS, MOST_WORDS, MOST_COLUMNS = 300, 30, 12
"""Looked at: so that a file with many columns of labels takes no second."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def foretold(
    records: Sequence[Mapping[str, object]], question: Sequence[str], columns: Sequence[str]
) -> dict[str, float]:
    """By column, the share of the first records whose label their words foretell, less the share of the commonest
    label: 0 or below where words say nothing. Columns beyond the first dozen are not looked at."""
    texts = [
        frozenset(_WORD.findall(" ".join(text_of(one.get(name)) for name in question).casefold())[:MOST_WORDS])
        for one in records[:MOST_RECORDS]
    ]
    found = {}
    for name in columns[:MOST_COLUMNS]:
        labels = [text_of(one.get(name)).casefold() for one in records[:MOST_RECORDS]]
        found[name] = _beyond_commonest(texts, labels)
    return found


def _beyond_commonest(texts: Sequence[frozenset[str]], labels: Sequence[str]) -> float:
    if not labels:
        return 0.0
    n_of = Counter(labels)
    words: dict[str, Counter[str]] = {label: Counter() for label in n_of}
    for text, label in zip(texts, labels, strict=True):
        words[label].update(text)
    n_right = sum(_guess(text, label, n_of, words) == label for text, label in zip(texts, labels, strict=True))
    return (n_right - max(n_of.values())) / len(labels)


def _guess(text: frozenset[str], own: str, n_of: Counter[str], words: Mapping[str, Counter[str]]) -> str:
    """The likeliest label by the other records."""
    best, highest = "", float("-inf")
    for label, n in n_of.items():
        left = int(label == own)
        others = n - left
        if not others:
            continue
        # The record itself is left out of its own label's counts.
        seen = words[label]
        likely = log(others) + sum(log((seen[word] - left + 0.5) / (others + 1)) for word in text)
        if likely > highest:
            best, highest = label, likely
    return best
