r"""An answer without what a model wraps around it: `exact` with `ignore_wrapping`, as the built-in `bbh` asks for it.

    says_plainly("**(B)**.", "(B)")                     # True
    says_plainly("$\boxed{\text{No}}$", "No")           # True
    says_plainly("No, they did not.", "No")             # True
    says_plainly("(B) or (C)", "(B)")                   # False

Taken off both ends: white space, emphasis, quotation marks, backticks, dollar signs, `\boxed{}`, `\text{}`, a final
stop.
Further, by the kind of the right answer:

* an option's letter, `(B)`: also `B`, and the letter with the option's text behind it;
* one word: words of explanation behind a comma or a full stop, or on the next line;
* a whole number: one to three words behind it that name what was counted.

What stands behind must take nothing back: no other option, no second answer, no "not", "or", "wait".
"""

from __future__ import annotations

import re

_ENDS = " \t\r\n*_`\"'“”‘’«»$"
_COMMAND = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf|fbox)\s*\{([^{}]*)\}")
_LETTER = re.compile(r"\(([A-Za-z])\)")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"-?\d+")
_TAKEN_BACK = re.compile(
r"\([A-Za-z]\)|\b(?:or|not|n't|no|yes|true|false|valid|invalid|wait|actually|but|however|unless|maybe|perhaps|either|neither|"
    r"wrong|incorrect|rather|instead|sorry|correction)\b|n't\b|n’t\b|\?", re.IGNORECASE,
)  # fmt: skip
_NO_UNIT = re.compile(
r"\d|[+/^%=*-]|\b(?:dozens?|hundreds?|thousands?|millions?|billions?|percent|point|times|and|to|minus|plus|half|halves|thirds?|more|"
    r"less|fewer|squared|cubed|over|divided|than|k|m)\b", re.IGNORECASE,
)  # fmt: skip
_LONGEST = 2_000


def says_plainly(reply: str, right: str) -> bool:
    """Whether the reply is the right answer and nothing else, by the rules above. Case counts: fold it beforehand."""
    said, wanted = unwrapped(reply[:_LONGEST]), unwrapped(right)
    if not wanted or said == wanted:
        return bool(wanted) and said == wanted
    if letter := _LETTER.fullmatch(wanted):
        return _names(said, letter[1])
    if _WORD.fullmatch(wanted):
        return _leads(said, wanted, ",.;:!–—")
    if _NUMBER.fullmatch(wanted) and said.startswith(wanted + " "):
        rest = said[len(wanted) :].strip()
        return len(rest.split()) <= 3 and not _NO_UNIT.search(rest) and not _TAKEN_BACK.search(rest)
    return False


def unwrapped(text: str) -> str:
    """The text without what stands around it."""
    for _ in range(6):
        before = text
        text = text.strip(_ENDS).rstrip(".。!;,").strip(_ENDS)
        text = text.removeprefix("\\(").removesuffix("\\)") if text.startswith("\\(") else text
        text = _COMMAND.sub(r"\1", text)
        if text == before:
            break
    return text


def _names(said: str, letter: str) -> bool:
    """Whether an option's letter is named, alone or with the option's text behind it."""
    found = re.match(rf"(?:\({re.escape(letter)}\)|{re.escape(letter)}(?=$|[).:,]))[).:,]*", said)
    if found is None:
        return False
    rest = said[found.end() :]
    return not rest or (rest[0].isspace() and _TAKEN_BACK.search(rest) is None)


def _leads(said: str, word: str, ends: str) -> bool:
    rest = said[len(word) :]
    ended = rest.strip(_ENDS)[:1] in tuple(ends) or re.match(r"[*_`\"'” ]*\n", rest) is not None
    if not said.startswith(word) or not ended or rest[:1].isalnum():
        return False
    return _TAKEN_BACK.search(re.sub(r"\bnot\b|n['’]t\b", "", rest) if word.lower() == "no" else rest) is None
