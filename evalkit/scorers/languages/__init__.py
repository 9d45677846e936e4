"""The words by which an answer is given, denied, doubted or taken back: one table, one row a language.

Choices, labels, numbers and maths read replies by these rows. A language is added by adding a row to the module of its
family; a kind by adding it to KINDS. Words are parted by "|", may be phrases, and are compared after `reply_words.fold`
(small letters, without Arabic and Hebrew vowel marks). What each kind of word does:

    noun      what is answered with: "the answer is B", "option B"
    field     what an answer is called in sorting: "Queue: billing", "the sentiment is neutral"; weaker than a noun
    be        joins a noun and a choice
    would     joins them, or supposes: "B would be right for France"
    right     "B is right"
    wrong     denies: "B is wrong", "the wrong answer is B"
    not       denies: "not B", "B cannot be", "all except B", "B rather than C" (denies C)
    choose    says that one takes a choice, or puts something under a label: "I choose B", "route this to billing"
    maybe     doubts a choice: "maybe B", "it could be B"
    unsure    doubts the whole reply: "I am not sure"
    gives_up  says that there is no answer: "I cannot answer". At the end of a reply it takes back every answer before,
              however far
    unknown   says that nobody can know, as a choice ("C. Cannot be determined") or of one
    or, and   name several choices at once
    if        supposes, or reports what others say: "if it were warm", "some may say that"
    former    puts an answer into the past: "B is what I first thought", "my first guess was B"
    says      reports what another person says: "my friend says that", "someone careless would answer"
    redo      takes back what was said: "wait", "I meant", "let me reconsider"
    turn      takes it back only where another choice follows: "actually", "correction"
    it        takes up the answer of the sentence before: "It cannot be correct."
    holds     says with a "not" that such an answer is none: "That does not fit." Says nothing elsewhere
    sure      is certain, by words that deny or doubt elsewhere: "B without a doubt"; says nothing else
    thing     what is put under a label: "a technical matter", "un problème technique"; says nothing by itself
    why       may follow a choice's text: "Lyon because ..."
    so        ends a train of thought: "so B", "hence B"; what stands before it has no say about B
    fill      says nothing by itself
    now       says that a statement holds today; says nothing by itself: "it was B, now it is C"
    beside    stands before a choice that only says where another one stands: "the letter after B"
    tail      stands behind a choice without changing it: "Bです", "B입니다"
"""

from __future__ import annotations

import re

from evalkit.scorers.languages import (
    east_asian,
    english,
    further_european,
    germanic,
    near_eastern,
    romance,
    slavic,
    south_asian,
)

KINDS = (
    "sure", "noun", "field", "be", "would", "right", "wrong", "not", "choose", "maybe", "gives_up", "unsure", "or",
    "and", "former", "if", "says", "redo", "turn", "so", "tail", "fill", "why", "it", "holds", "unknown",
    "now", "beside", "thing",
)  # fmt: skip
"""Where a language has a word under two kinds, the first counts."""

_BY_FAMILY = (english, germanic, romance, slavic, near_eastern, south_asian, east_asian, further_european)
_ORDER = (
    "en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "ar", "he", "hi", "bn", "ta", "zh", "ja", "ko",
    "vi", "th", "id", "el", "sv", "da", "fi", "cs", "hu", "ro", "bg", "hr", "ca", "fa", "ur", "sw", "ms", "tl", "et",
    "lt", "is",
)  # fmt: skip
"""Where a sentence fits several languages alike, the first counts: the more spoken ones first."""
_ROWS = {language: row for family in _BY_FAMILY for language, row in family.WORDS.items()}
WORDS: dict[str, dict[str, str]] = {language: _ROWS[language] for language in _ORDER}
"""Language → kind → words."""


_ABBREVIATED = ("bzw.", "resp.", "vs.", "popř.", "příp.", "ewent.", "Bzw.", "Resp.", "Vs.")
_ABBREVIATION = re.compile(rf"(?<!\w)({'|'.join(word[:-1] for word in _ABBREVIATED)})\.")


def without_points(text: str) -> str:
    """The text without the points of abbreviations between alternatives ("bzw."), which end no sentence."""
    for word in _ABBREVIATED:
        if word in text:
            return _ABBREVIATION.sub(r"\1", text)
    return text


def phrases_of(kind: str) -> tuple[str, ...]:
    """All words of one kind, whatever the language; each once."""
    return tuple(dict.fromkeys(word for row in WORDS.values() for word in row.get(kind, "").split("|") if word))


_NO_SPACES = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def any_phrase(
    *kinds: str,
    also: tuple[str, ...] = (),
    but: tuple[str, ...] = (),
    cased: tuple[str, ...] = (),
    more: str = "",
) -> re.Pattern[str]:
    """All words of these kinds as one pattern, those of scripts without spaces without word bounds.

    `also`: further words; `but`: words left out; `cased`: words that count in small letters only; `more`: a further
    pattern."""
    words = [word for kind in kinds for word in (*phrases_of(kind), *also) if word not in but]
    spaced = [re.escape(word) for word in words if not _NO_SPACES.search(word)]
    spaced += [f"(?-i:{re.escape(word)})" for word in cased]
    unspaced = [re.escape(word).replace("\\ ", " ?") for word in words if _NO_SPACES.search(word)]
    bounded = "|".join(sorted(spaced, key=len, reverse=True) + ([more] if more else []))
    return re.compile(
        "|".join((rf"(?<!\w)(?:{bounded})(?!\w)", *sorted(unspaced, key=len, reverse=True))), re.IGNORECASE
    )
