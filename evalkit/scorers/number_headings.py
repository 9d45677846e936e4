"""A number that is a heading of its own: "540 m", and a short remark in the next paragraph."""

from __future__ import annotations

import re
from dataclasses import replace

from evalkit.scorers import number_words as words
from evalkit.scorers.numerals import Number, find_quantities

CUE = re.compile(
    rf"(?:[.!?…,;:—\n。！？，；]|-|^)[\s\"'*()]*(?:(?:but|and|oh|well|ah)[, ] ?)?(?P<cue>{words.CORRECTED.pattern})",
    re.IGNORECASE,
)


_OPENING = re.compile(r"\s*(?P<line>[^\n]{1,40})\n[ \t]*\n(?P<rest>(?:[^\n]{1,400}\n?){1,3})\s*")


_UNIT_BEHIND = re.compile(r"[ \w/²³€£¥$%°]{0,24}\.?\s*")


_WORKS = re.compile(
    r"[=≈→:]|\b(?:total|totals?|altogether|in all|sum|so|thus|therefore|hence|makes?|gives?|equals|leaves"
    r"|left|remain\w*|gets?|insgesamt|also|zusammen|donc|soit|au total|en total|entonces|portanto|no total|quindi"
    r"|in totale|итого|всего|razem|toplam\w*|jadi|tổng)\b|[总共合計계]|所以|따라서",
    re.IGNORECASE,
)


def find_heading(text: str) -> Number | None:
    """The number that is a paragraph of its own before a short remark without any working: "540 m\n\nThree runs ..".

    A remark that works something out, adds up or corrects itself may end with another answer."""
    found = _OPENING.fullmatch(text)
    if found is None or _WORKS.search(found["rest"]) or words.TOTAL.search(found["rest"]) or CUE.search(found["rest"]):
        return None
    numbers = list(find_quantities(found["line"]))
    if len(numbers) != 1 or numbers[0].kind != "plain":
        return None
    before, behind = found["line"][: numbers[0].start], found["line"][numbers[0].end :]
    if before.strip(" $€£¥") or not _UNIT_BEHIND.fullmatch(behind):
        return None
    shift = found.start("line")
    return replace(numbers[0], start=numbers[0].start + shift, end=numbers[0].end + shift)
