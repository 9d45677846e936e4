"""Which language a reply is in, told by script, common words and letters; no model, no chance.

IFEval uses langdetect, which is unseeded. Here: a script that only one language of the list writes decides at once;
among languages that share a script (Latin, Cyrillic, Arabic, Devanagari) it is the one to whose common words, letters
and triples of letters the text comes nearest (naive Bayes over `language_words.py`). A reply without letters follows
any language, as it does in IFEval.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from math import log

from evalkit.scorers.instructions.base import Kind, Parameters
from evalkit.scorers.instructions.language_words import COMMON_WORDS, TELLING_LETTERS

_SAMPLE = 20_000  # characters looked at: more would not change the verdict

_SCRIPTS = {
    "LATIN": "en de fr es it pt nl sv fi vi sw",
    "CYRILLIC": "ru bg uk",
    "ARABIC": "ar fa ur",
    "DEVANAGARI": "hi mr ne",
    "BENGALI": "bn", "GUJARATI": "gu", "GURMUKHI": "pa", "KANNADA": "kn", "MALAYALAM": "ml", "TAMIL": "ta",
    "TELUGU": "te", "THAI": "th", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "HEBREW": "he",
    "GREEK": "el",
}  # fmt: skip

_COMMON = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}
_TELLING = {code: letters for letters, code in TELLING_LETTERS.items()}
_KNOWN_WORD, _TELLING_LETTER, _TRIPLE = 4.0, 3.0, 0.35
_WORDS_WEIGHED = 300  # of different words, the commonest: more would not change the verdict
_FEW = 10  # words from which on repetition tells
_LONGEST_WORD = 30
_LEAST_SHARE = 0.15  # of another language's words, before a text is not English: "fare" alone makes no Italian
_VOWEL = re.compile("[aeiouyà-æè-ïò-öù-ý]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][^\s.,!?;:()\"'«»।،؟\d]*+")


def mostly_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin; true for text without letters."""
    return text.isascii() or _scripts(text).most_common(1)[0][0] in ("LATIN", "")


def language_of(text: str) -> str | None:
    """The code of the language (`de`), by the rules above; None when there are no letters or nothing tells."""
    text = text[:_SAMPLE]
    found = _scripts(text)
    if found["HIRAGANA"] + found["KATAKANA"] > 0 and found["CJK"] > 0:
        return "ja"
    script = found.most_common(1)[0][0]
    candidates = _SCRIPTS.get(script, "").split()
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    return nearest(words_of(text), tuple(candidates))


def is_english(text: str) -> bool:
    """Whether a reply in Latin letters is English rather than another language, a loop or no language at all.

    A single word or two are given the benefit of the doubt, where langdetect decides by chance.
    """
    if not mostly_latin(text):
        return False
    words = words_of(text[:_SAMPLE])
    n = words.total()
    if n >= _FEW and len(words) <= max(2, n // 25):
        return False  # one word again and again
    if n > 2 and 2 * sum(count for word, count in words.items() if _VOWEL.search(word) is None) > n:
        return False  # letters without a language, such as "jjjj kkkk"
    if 2 * sum(len(word) * count for word, count in words.items() if len(word) > _LONGEST_WORD) > sum(
        len(word) * count for word, count in words.items()
    ):
        return False
    signs = _signs(words, tuple(_SCRIPTS["LATIN"].split()))
    strongest = max(signs.values())
    return signs["en"] >= strongest or strongest < max(2.0, _LEAST_SHARE * n) * _KNOWN_WORD


def words_of(text: str) -> Counter[str]:
    """How often each word is there, in small letters."""
    return Counter(match.group().casefold().strip("*_") for match in _WORD.finditer(text))


def nearest(words: Counter[str], candidates: tuple[str, ...]) -> str | None:
    """The language to which the words come nearest; None where none of them has a word or a letter of its own."""
    scores = _signs(words, candidates)
    any_sign = any(score > 0 for score in scores.values())
    for word, count in words.most_common(_WORDS_WEIGHED):
        for triple in _triples(word):
            for code in candidates:
                counts, total = _PROFILES[code]
                scores[code] += _TRIPLE * count * log((counts[triple] + 0.1) / (total + 400))
    return max(scores, key=lambda code: scores[code]) if any_sign or words else None


def _signs(words: Counter[str], candidates: tuple[str, ...]) -> dict[str, float]:
    """For each language how much speaks for it: its common words, and letters that it alone writes."""
    letters = Counter[str]()
    for word, count in words.items():
        for letter in word:
            letters[letter] += count
    scores = {}
    for code in candidates:
        n_known = sum(count for word, count in words.items() if word in _COMMON[code])
        n_telling = sum(letters[letter] for letter in _TELLING.get(code, ""))
        scores[code] = _KNOWN_WORD * n_known + _TELLING_LETTER * min(n_telling, 10)
    return scores


def _triples(word: str) -> Iterator[str]:
    padded = f" {word[:_LONGEST_WORD]} "
    return (padded[place : place + 3] for place in range(len(padded) - 2))


def _profile(code: str) -> tuple[Counter[str], int]:
    counts = Counter(triple for word in COMMON_WORDS[code].split() for triple in _triples(word))
    return counts, counts.total()


def is_in(reply: str, given: Parameters) -> bool:
    """The reply is in the language; a reply without letters is too."""
    found = language_of(reply)
    return found == given.text("language") or (found is None and not any(map(str.isalpha, reply[:_SAMPLE])))


def _scripts(text: str) -> Counter[str]:
    """How many letters of each script; {"": 0} when there are none, so that the commonest always exists."""
    scripts: Counter[str] = Counter({"": 0})
    for character, count in Counter(text).items():
        if character.isalpha():
            scripts[unicodedata.name(character, "").split(" ", 1)[0]] += count
    return scripts


_PROFILES = {code: _profile(code) for code in COMMON_WORDS}
KNOWN = tuple(sorted({code for codes in _SCRIPTS.values() for code in codes.split()}))

KINDS = {
    "language:response_language": Kind(
        is_in, {"language": (lambda value: value in KNOWN, f"one of {', '.join(KNOWN)}")}
    ),
}
