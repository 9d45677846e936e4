"""What a word is, in scripts with spaces and without them.

    has_word("答案是巴黎。", "巴黎")         # True: Chinese puts no space between words
    has_word("I know", "no")                 # False
    has_word("It costs 5.50", "5", whole_value=True)    # False
    split_words("iPhone 手机很好")           # ["iPhone", "手", "机", "很", "好"]

Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan write no spaces. Without a dictionary nobody can tell their
words apart, so each character (with the marks that belong to it) stands for one. Korean writes spaces, and hangs its
particles on the word: a word may be followed by more Hangul there, but not preceded by it. Combining marks belong to
the letter before them in every script. Texts are expected in Unicode's composed form (NFC).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
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


_NUMBER = re.compile(r"(?:(?<!\w)[.٫])?\d+(?:[.,'’٫٬·]\d+)*")
"""A number as it is written, its separators and a leading point included."""
_GROUPS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_MINUSES = "-\u2212\u2010\u2011\ufe63\uff0d"
_SIGN = re.compile(rf"(?:^|[^\w)\]}}{_MINUSES}])[{_MINUSES}]$")
"""A minus before a number: not one between two numbers, and no dash."""
_NAMED_FURTHER = re.compile(r"#(?!\w)|\+(?!\w)|\+\+")
"""Behind a letter: what makes another name of it, as in C#, C++, A+, Disney+."""
_GRADE_BELOW = re.compile(rf"[{_MINUSES}](?!\w)")
"""Behind a letter alone: A- is no A."""


def has_word(text: str, word: str, *, whole_value: bool = False) -> bool:
    """Whether the word stands in the text and is no part of a longer one. Compares as given: fold case beforehand.

    `whole_value`: nor a part of a longer number or of another name. So 5 does not stand in 5.5, 1,500 or -5, nor C in
    C++ or C#. It does stand in "2, 5 and 7" and, of three or more numbers, in "2,5,7".
    """
    if not word:
        return False
    numbers = _longer_numbers(text) if whole_value and (word[0].isdigit() or word[-1].isdigit()) else ()
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        before = text[start - 1] if start else ""
        if (
            not _goes_on(before, word[0], left=True)
            and not _goes_on(text[end : end + 1], word[-1], left=False)
            and not (whole_value and _is_of_another(text, word, start, numbers))
        ):
            return True
        start = text.find(word, start + 1)
    return False


def _longer_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """Where the numbers of the text stand, as (start, end), in order; lists without spaces ("2,5,7") left out."""
    found = []
    for number in _NUMBER.finditer(text):
        is_list = number[0].count(",") > 1 and not _GROUPS.fullmatch(number[0])
        if not is_list:
            found.append(number.span())
    return tuple(found)


def _is_of_another(text: str, word: str, start: int, numbers: tuple[tuple[int, int], ...]) -> bool:
    """Whether the word at this place is a part of a longer number, has a sign before it, or is a part of a name."""
    end = start + len(word)
    if word[0].isdigit():
        if _begins_within(start, numbers):
            return True
        if _SIGN.search(text, max(0, start - 2), start):
            return True
    if word[-1].isdigit():
        return _begins_within(end, numbers)
    if not word[-1].isalpha():
        return False
    if _NAMED_FURTHER.match(text, end):
        return True
    return len(word) == 1 and not text[start - 1 : start].isalnum() and _GRADE_BELOW.match(text, end) is not None


def _begins_within(place: int, numbers: tuple[tuple[int, int], ...]) -> bool:
    """Whether the place lies strictly inside one of the numbers."""
    at = bisect_left(numbers, (place, 0)) - 1
    return at >= 0 and numbers[at][0] < place < numbers[at][1]


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
