"""What a reply's layout says of its number: boxes, words in bold, headings, a check behind the answer; and the form in
which a number is found.

last_boxed("so $\\boxed{\\frac{1}{2}}$")                        # "\\frac{1}{2}"
without_check("So x = 13.\n\nCheck: 2*13 + 1 = 27 ✓")             # "So x = 13."
up_to_bold("He pays **64 dollars** for 16 glasses.")             # "He pays **64 dollars**"

It also says which number is a heading of its own: "540 m", and a short remark in the next paragraph.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from evalkit.scorers import number_words as words
from evalkit.scorers.languages import any_phrase
from evalkit.scorers.number_doubts import is_supposed
from evalkit.scorers.numerals import Number, find_quantities


class FoundNumber(NamedTuple):
    """What a reply gives as its number."""

    number: Number | None
    shown: str | None
    """The number as written."""
    reason: str
    blocks: bool = False
    """Whether the words settle that no number is given, so that no other may be taken."""


def last_boxed(text: str) -> str | None:
    r"""What stands in the last `\boxed{..}`, braces matched; None when nothing is boxed or the brace never closes."""
    box = find_box(text)
    return None if box is None else text[box[0] : box[1]]


_BOX = re.compile(r"\\f?box(?:ed)? {0,3}\{")


def find_box(text: str) -> tuple[int, int] | None:
    last = None
    for last in _BOX.finditer(text):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return None
    depth = 0
    for position in range(last.end() - 1, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return last.end(), position
    return None


_UNIT = re.compile(
    r"\\(?:text|mathrm|textbf|mbox|textrm|rm|operatorname)\s?\{[^{}]{0,60}\}(?:\^\{?-?\d\}?)?|\^?\{?\\circ\}?"
    r"|\\(?:degree|approx|quad|qquad|displaystyle)\b|\\[()\[\]]|\\(?:d|t)?frac(?=\W*$)|[A-Za-z]{1,4}\^\{?-?\d\}?|[A-Za-z]+/[A-Za-z]+"
    r"|-[A-Za-z]{2,}"
)


def read_box(content: str) -> FoundNumber:
    """The number that is boxed: nothing else may be computed or said beside it."""
    plain = content.rpartition("=")[2] if "=" in content else content
    if re.search(r"[<>≤≥≠]|\\(?:neq?|geq?|leq?|gt|lt)\b", content):
        return FoundNumber(None, None, f"the box is not a single number: {shortened(content)}", blocks=True)
    found = next(find_quantities(plain), None)
    if found is None:
        return FoundNumber(None, None, f"the box holds no number: {shortened(content)}", blocks=True)
    around = plain[: found.start] + " " + plain[found.end :]
    left = _UNIT.sub(" ", around)
    said = (words.BOUND, words.DENIED, words.HEDGED, re.compile(r"\b(?:minus|negative|or|and)\b", re.IGNORECASE))
    if (
        found.kind != "plain"
        or re.search(r"[\d\\+*^<>±√π|_!]|-(?!\s*$)|(?<![A-Za-z])[xyzwnkpq](?![A-Za-z])", left)
        or any(pattern.search(around) for pattern in said)
    ):
        return FoundNumber(None, None, f"the box is not a single number: {shortened(content)}", blocks=True)
    return FoundNumber(found, plain[found.start : found.end], "boxed")


_NO_THEN = re.compile(
    r"(?:^|[\n.!?])[\s*]*(?:no|nope|non|nein|nee|não|nie|нет|hayır)[:,.;!][\s$*:(\[\\]*\\?f?box(?:ed)? ?\{?$",
    re.IGNORECASE,
)
"""A no to what was asked before, and then the answer: "Maybe 14? No: \\boxed{15}"."""


def denied_before(before: str) -> bool:
    """Whether the words that lead to a box deny it: "it is not \\boxed{..}"."""
    return words.DENIED_BOX.search(before[-100:]) is not None and _NO_THEN.search(before[-40:]) is None


_DENIED_BEHIND = re.compile(
    r"[\s}$*)\]\\]*(?:[,–—-] ?)?(?:(?:which|this|that|it|but (?:that|this|it)) )?"
    rf"(?:(?:{any_phrase('be', 'would').pattern})(?: \w+ly)? (?:(?:{any_phrase('wrong').pattern})"
    r"|not (?:the|my|a|an) (?:\w+ )?(?:answer|solution))(?!\w)"
    r"|(?:isn'?t|wasn'?t|ain'?t) (?:right|correct|true|possible|valid|it"
    r"|(?:the|my|a|an) (?:\w+ )?(?:answer|solution))\b"
    r"|(?:can(?:not|'?t| not)|could(?: not|n'?t)) (?:\w+ly )?be (?:right|correct|true|it|the (?:\w+ )?answer)\b)",
    re.IGNORECASE,
)


def box_denied(behind: str) -> bool:
    """Whether the sentence of a box goes on to deny it: "$\\boxed{5}$ cannot be right, because .."."""
    return _DENIED_BEHIND.match(behind) is not None


_ONE_SENTENCE = 120
"""Characters of a reply that may be one sentence."""
_ENDS = re.compile(r"\n|[.!?](?=\s|$)|[。！？]")
_OPENS = r"[\s$*:(\[\\]*\\f?box(?:ed)? {0,3}\{"
_GUESSED = re.compile(
    rf"(?:{words.HEDGED.pattern}|{words.DISBELIEVED.pattern}|{words.UNSURE.pattern}|\bi(?:'d| would)? guess\b)"
    rf"(?: be| it(?:'s| is)| that it(?:'s| is))?{_OPENS}$",
    re.IGNORECASE,
)


def box_in_doubt(reply: str, at: int) -> str | None:
    """Why a box whose content begins at `at` is no answer: it is only supposed or, where the reply is one sentence,
    asked or guessed. None where it is one."""
    if is_supposed(reply, at):
        return "what is boxed is only supposed"
    sentence = reply.strip()
    if len(sentence) > _ONE_SENTENCE or _ENDS.search(sentence.rstrip(".!?。？！$ ")):
        return None
    if sentence.rstrip("$ ")[-1:] in {"?", "？"}:
        return "the reply is a question"
    behind = sentence.rpartition("}")[2]
    hedged = _GUESSED.search(reply[:at]) or words.HEDGED_AFTER.match(behind)
    return "what is boxed is hedged" if hedged else None


def shortened(text: str) -> str:
    return repr(text.strip()[:80])


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


_PRECISION = re.compile(
    r"\b(?:round\w*|correct|accurate|gerundet|arrondi\w*|redonde\w*|arrotond\w*|arredond\w*|afgerond|zaokrągl\w*"
    r"|округл\w*)(?!\w)[^.!?\n\d]{0,30}?(?<!\w)(?:to|auf|à|a|su|op|do|до)(?: about)? \d{1,2} ?"
    r"(?:decimals?(?: (?:places?|points?|digits?))?|d\.?p\b\.?|significant (?:figures?|digits?)|sig\.? figs?"
    r"|(?:nachkomma|dezimal)stellen|décimales?|decimales|decimali|casas decimais|decimalen|miejsc\w*|знак\w*)",
    re.IGNORECASE,
)


def without_precision(reply: str) -> str:
    """The reply without how far a result is rounded ("rounded to 2 decimals"): that number is no result."""
    return _PRECISION.sub("rounded", reply)
