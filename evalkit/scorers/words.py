"""What a word is, in scripts with spaces and without them.

    has_word("答案是巴黎。", "巴黎")         # True: Chinese puts no space between words
    has_word("I know", "no")                 # False
    split_words("iPhone 手机很好")           # ["iPhone", "手", "机", "很", "好"]

Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan write no spaces. Without a dictionary nobody can tell their
words apart, so each character (with the marks that belong to it) stands for one. Korean writes spaces, and hangs its
particles on the word: a word may be followed by more Hangul there, but not preceded by it. Combining marks belong to
the letter before them in every script. Texts are expected in Unicode's composed form (NFC).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
_NO_SPACES = (
    "\u3005-\u3007\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_CLUSTERED = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0edf\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3\u1a20-\u1a5e"
CHARACTER_WORDS = re.compile(f"[{_NO_SPACES}]")
"""A character of Chinese or Japanese."""
CLUSTER_WORDS = re.compile(f"[{_CLUSTERED}]")
"""A character of Thai, Lao, Tibetan, Burmese or Khmer."""
_UNSPACED = re.compile(f"[{_NO_SPACES}{_CLUSTERED}]")
_KOREAN = re.compile(f"[{_HANGUL}]")


def has_word(text: str, word: str) -> bool:
    """Whether the word stands in the text and is no part of a longer one. Compares as given: fold case beforehand."""
    if not word:
        return False
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        before = text[start - 1] if start else ""
        if not _goes_on(before, word[0], left=True) and not _goes_on(text[end : end + 1], word[-1], left=False):
            return True
        start = text.find(word, start + 1)
    return False


def _goes_on(neighbour: str, edge: str, *, left: bool) -> bool:
    """Whether the word goes on in this neighbour of its first (`left`) or last character."""
    if not neighbour or not is_inner(neighbour):
        return False
    if is_mark(edge if left else neighbour):
        return True
    if _UNSPACED.match(neighbour) or _UNSPACED.match(edge):
        return False
    return left or not (_KOREAN.match(neighbour) and _KOREAN.match(edge))


def is_inner(character: str) -> bool:
    """Whether a character may stand inside a word: a letter, a digit, an underscore, a mark on a letter."""
    return character.isalnum() or character == "_" or is_mark(character)


def is_mark(character: str) -> bool:
    """Whether a character belongs to the letter before it: an accent, a vowel sign, a virama, a joiner."""
    return character > "\u02ff" and (unicodedata.category(character)[0] == "M" or character in "\u200c\u200d")


def split_words(text: str) -> list[str]:
    """The words of a text, in order: runs of letters, digits and marks; each character where no spaces are written."""
    return list(_words(text))


def _words(text: str) -> Iterator[str]:
    run: list[str] = []
    unspaced = False
    for character in text:
        if run and is_mark(character):
            run.append(character)
        elif not is_inner(character):
            if run:
                yield "".join(run)
            run = []
        else:
            alone = _UNSPACED.match(character) is not None
            if run and (alone or unspaced):
                yield "".join(run)
                run = []
            run.append(character)
            unspaced = alone
    if run:
        yield "".join(run)
