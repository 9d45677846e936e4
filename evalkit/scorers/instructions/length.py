"""IFEval's `length_constraints:*`: words, sentences, paragraphs.

Sentences are counted without a trained splitter: one ends at `.`, `!`, `?` or an ellipsis (with closing quotes and
brackets) before white space, small letter behind it or not, unless the period closes an abbreviation or an initial, or
a number or an ellipsis is followed by a small letter. A list number ("1.") therefore ends one, as it does for NLTK's
punkt, which IFEval uses; docs/scoring.md gives the agreement.

Other scripts have their own full stops. Those of Chinese and Japanese (and of the languages of India, Urdu, Amharic)
need no space behind them; one before a closing corner bracket ends what is quoted, not the sentence. A semicolon behind
a Greek letter is a question mark. Words of scripts without spaces: each character of Chinese and Japanese is one (as
word processors count them), and of Thai, Lao, Khmer, Burmese and Tibetan three syllable clusters make about one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from evalkit.scorers.instructions.base import COUNT, RELATION, WORD, Kind, Parameters, holds
from evalkit.scorers.words import CHARACTER_WORDS, CLUSTER_WORDS, is_mark

_WORD = re.compile(r"\w+")
# As \w+, and with the marks of Indic, Semitic and other letters, which are no letters themselves.
_MARKED_WORD = re.compile(
    r"\w(?:\w|[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u065f\u0670\u06d6-\u06ed\u0900-\u0d7f\u200c\u200d])*+"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]*]{0,4}\s+")
_OTHER_STOPS = "。！？｡।॥۔؟።፧။"
_ANY_END = re.compile(
    rf"(?<=[.!?…\u037e])[\"'”’)\]*]{{0,4}}\s+|(?<=[\u0370-\u03ff\u1f00-\u1fff];)[\"'”’)\]*]{{0,4}}\s+|(?<=[{_OTHER_STOPS}])(?![{_OTHER_STOPS}!?…])[\"'”’)\]*]{{0,4}}(?:[」』）】》]+(?=\s|$))?(?![」』）】》])\s*"
)
_CLUSTERS_A_WORD = 3
_LAST_WORD = re.compile(r"[^\s\"'“‘(\[*]*$")
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "rev", "hon", "gen", "col", "lt", "sgt", "capt", "ph.d",
    "vs", "etc", "e.g", "i.e", "a.m", "p.m", "no", "fig", "approx", "est", "dept", "inc", "ltd", "co", "corp",
    "u.s", "u.k", "u.n", "d.c",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
})  # fmt: skip


def count_words(reply: str) -> int:
    """Runs of letters, digits and underscores: "don't" is two, as in IFEval."""
    if reply.isascii():
        return len(_WORD.findall(reply))
    plain = CLUSTER_WORDS.sub(" ", CHARACTER_WORDS.sub(" ", reply))
    n_clusters = sum(not is_mark(character) for character in CLUSTER_WORDS.findall(reply))
    return len(_MARKED_WORD.findall(plain)) + len(CHARACTER_WORDS.findall(reply)) + -(-n_clusters // _CLUSTERS_A_WORD)


def count_sentences(reply: str) -> int:
    """Sentences by the rules above; text behind the last end counts as one more."""
    return len(split_sentences(reply))


@lru_cache(maxsize=4)  # every instruction of a sample asks anew
def split_sentences(reply: str) -> tuple[str, ...]:
    """The sentences, each with its marks and without the white space behind it."""
    text = reply.strip()
    found, start = [], 0
    for match in (_SENTENCE_END if text.isascii() else _ANY_END).finditer(text):
        if _ends(text, match, start):
            found.append(text[start : match.end()].rstrip())
            start = match.end()
    return (*found, text[start:]) if start < len(text) else tuple(found)


def _ends(text: str, match: re.Match[str], start: int) -> bool:
    """Whether a sentence ends at this candidate."""
    mark = text[match.start() - 1]
    if mark in "!?;\u037e" or mark in _OTHER_STOPS:
        return True
    small = text[match.end() : match.end() + 1].islower()
    if mark == "…" or text.endswith("..", 0, match.start()):
        return not small
    found = _LAST_WORD.search(text, max(start, match.start() - 40), match.start() - 1)
    word = found.group() if found else ""
    if word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "I"):
        return False
    return not (small and word.isdigit())


def words(reply: str, given: Parameters) -> bool:
    """So many words."""
    return holds(count_words(reply), given.text("relation"), given.number("num_words"))


def sentences(reply: str, given: Parameters) -> bool:
    """So many sentences."""
    return holds(count_sentences(reply), given.text("relation"), given.number("num_sentences"))


def paragraphs(reply: str, given: Parameters) -> bool:
    """Exactly so many paragraphs, divided by `***`; only before the first and after the last may one be empty."""
    parts = [part.strip() for part in reply.split("***")]
    if not all(parts[1:-1]):
        return False
    return sum(map(bool, parts)) == given.number("num_paragraphs")


def first_word_of_paragraph(reply: str, given: Parameters) -> bool:
    """Exactly so many paragraphs divided by an empty line, and the n-th (from 1) begins with the word."""
    parts = reply.split("\n\n")
    nth = int(given.number("nth_paragraph"))
    if not 1 <= nth <= len(parts) or not (paragraph := parts[nth - 1].strip()):
        return False
    opening = paragraph.split(None, 1)[0].lstrip("'").lstrip('"')
    first = re.split(r"[.,?!'\"]", opening, maxsplit=1)[0]
    n = sum(bool(part.strip()) for part in parts)
    return bool(n == given.number("num_paragraphs")) and first.lower() == given.text("first_word").lower()


KINDS = {
    "length_constraints:number_words": Kind(words, {"num_words": COUNT, "relation": RELATION}),
    "length_constraints:number_sentences": Kind(sentences, {"num_sentences": COUNT, "relation": RELATION}),
    "length_constraints:number_paragraphs": Kind(paragraphs, {"num_paragraphs": COUNT}),
    "length_constraints:nth_paragraph_first_word": Kind(
        first_word_of_paragraph, {"num_paragraphs": COUNT, "nth_paragraph": COUNT, "first_word": WORD}
    ),
}
