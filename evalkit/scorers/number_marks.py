"""What a reply's layout says of its last number: the words in bold of the last sentence, and a check behind the answer.

without_check("So x = 13.\n\nCheck: 2*13 + 1 = 27 ✓")             # "So x = 13."
up_to_bold("He pays **64 dollars** for 16 glasses.")             # "He pays **64 dollars**"

It also says which number is a heading of its own: "540 m", and a short remark in the next paragraph.
"""

from __future__ import annotations

import re
from dataclasses import replace

from evalkit.scorers import number_words as words
from evalkit.scorers.numerals import Number, find_quantities

_CHECK = re.compile(
    r"\n[ \t*_#>-]{0,12}(?:(?:quick |sanity |final |double[- ])?check(?:ing)?|verification|verifying|verify|proof"
    r"|to verify|let(?:'|’)?s verify|probe|kontrolle|überprüfung"
    r"|vérification|on vérifie|comprobación|verificación|verificação|verifica|controle|проверка|перевірка"
    r"|sprawdzenie|kontrola|doğrulama|sağlama|kontroll|验证|驗證|验算|驗算|检验|検算|確認|검산|확인"
    r"|kiểm tra|التحقق|जाँच|जांच)[*_ ]{0,4}(?:[:：—–-]|\n)(?P<rest>(?:[^\n]|\n(?![ \t]*\n)){0,400})\Z",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"≠|!=|\\neq?\b|[✗❌✘]|\?|(?<!\w)(?:so|therefore|hence|thus|instead|not|no|wrong|incorrect|mistake|oops|wait"
    r"|but|however|also|answers?|result|total|final|antwort|réponse|respuesta|risposta|resposta|daher|donc|entonces|then)(?!\w)"
    r"|答案|答え|正解|정답|所以|因此|よって|따라서|ответ|итого",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*(?P<in>[^\w*\n]{0,4}\d[^*\n]{0,60})\*\*(?! ?[:：])")
_LAST_LINE = re.compile(r"[^\n]*\S[^\n]*\s*\Z")
_SENTENCES = re.compile(r"(?<=[.!?。！？])\s+")
_LONGEST = 600
_LONGEST_CHECK = 800
"""Characters at the end of a reply in which a check is looked for."""


def without_check(text: str) -> str:
    """The text without a last line that checks the answer before it, and bears it out."""
    whole = text.rstrip()
    found = _CHECK.search(whole, max(0, len(whole) - _LONGEST_CHECK))
    if found is None or _GOES_ON.search(found["rest"]) or not any(c.isdigit() for c in text[: found.start()]):
        return text
    return text[: found.start()]


def up_to_bold(text: str) -> str:
    """The text up to the only words in bold of its last sentence, where they hold a number and the rest says nothing
    of it; else the whole text."""
    if "**" not in text:
        return text
    line = _LAST_LINE.search(text, max(0, len(text) - _LONGEST))
    if line is None:
        return text
    start = line.start() + max((found.end() for found in _SENTENCES.finditer(line[0].rstrip())), default=0)
    bold = list(_BOLD.finditer(text, start))
    if len(bold) != 1 or text.count("**", start) != 2:
        return text
    rest = text[bold[0].end() :]
    if "=" in rest or not any(c.isdigit() for c in rest) or _doubted(rest):
        return text
    return text[: bold[0].end()]


def _doubted(rest: str) -> bool:
    patterns = (
        words.DENIED,
        words.HEDGED,
        words.UNSURE,
        words.OR,
        words.CORRECTED,
        words.FORMER,
        words.BOUND,
        words.TOTAL,
    )
    return (
        any(pattern.search(rest) for pattern in patterns)
        or re.match(r"\s*(?:[-–~/+*×=^]|to\b|and\b)", rest) is not None
    )


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
