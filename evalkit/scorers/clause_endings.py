"""Small questions about how a sentence goes on behind a named choice. Used by `said_behind`."""

from __future__ import annotations

import re

from evalkit.scorers.choice_set import ChoiceSet, is_unknown, says_unknown
from evalkit.scorers.clause_words import REASON_WORDS
from evalkit.scorers.reply_words import Word, phrase_set, word_set
from evalkit.scorers.sentences import FAR, ends


def is_figure(words: list[Word], i: int) -> bool:
    """Whether a number stands here by itself."""
    if i + 1 >= len(words) or words[i].kind != "number":
        return i < len(words) and words[i].kind == "number"
    return words[i + 1].text == "%" or words[i + 1].role in ("comma", "end", "wrap", "line")


WAS = word_set("was were war waren était era fue foi was waren был была była byla var")


_PAST = word_set(
    "last previous earlier yesterday formerly once ago old letzten letztes letzte gestern früher vorigen dernier "
    "dernière précédent hier avant pasado pasada ayer anterior antes passado scorso scorsa precedente ieri vorig "
    "vorige gisteren прошлом прошлый вчера раньше poprzednim wczoraj"
)


def of_the_past(words: list[Word], start: int, i: int) -> bool:
    """Whether a choice was right at another time: "B was the answer in last year's exam"."""
    if not any(word.text in WAS for word in words[start:i]):
        return False
    end = i
    while end < len(words) and not ends(words, end) and end - i < 8:
        if words[end].text in _PAST:
            return True
        end += 1
    return False


_SMALL = frozenset(("be", "fill", "tail", "noun", "field", "right", "wrap"))


_RELATIVE = word_set("to that which who")


def denied_later(words: list[Word], i: int) -> bool:
    """Whether the denial closes the sentence, as in Korean, Japanese or Hindi: "B is the answer not"."""
    i += 1
    while i < len(words) and (words[i].role in _SMALL or words[i].text in _RELATIVE):
        i += 1
    return i < len(words) and words[i].role == "not" and not choice_next(words, i)


def verb_last(words: list[Word], i: int) -> bool:
    """Whether the verb closes the sentence behind the choice, as in Hindi or Persian."""
    while i < len(words) and words[i].role in ("be", "tail", "wrap"):
        i += 1
    return ends(words, i)


def verb_then_comma(words: list[Word], i: int) -> int:
    """Where the comma behind such a verb stands; 0 where there is none, or the verb may take more words."""
    while i < len(words) and words[i].role in ("be", "tail", "wrap") and words[i].text[:1] > "\u036f":
        i += 1
    return i if i < len(words) and words[i].role == "comma" else 0


def ends_soon(words: list[Word], i: int) -> bool:
    """Whether nothing but the noun follows: "would be the right answer."."""
    i += 1
    while i < len(words) and words[i].role in ("noun", "right", "wrap", "tail"):
        i += 1
    return ends(words, i) or words[i].role == "comma"


def choice_next(words: list[Word], i: int) -> bool:
    i += 1
    while i < len(words) and words[i].role in ("fill", "wrap", "noun", "be"):
        i += 1
    return i < len(words) and words[i].choice is not None


def denied_after_pause(words: list[Word], i: int) -> bool:
    """ "B - no", "B: not correct", "B, wrong": a denial that the sentence ends with."""
    denied = False
    start = i
    while i < len(words) and i - start < 10 and not ends(words, i):
        role = words[i].role
        if role in ("not", "wrong") or (role == "redo" and words[i].text in _THAT_IS_WRONG):
            denied = not denied
        elif (role == "why" and words[i].text in _ANAPHORA) or words[i].text in _TOO:
            pass
        elif words[i].choice is not None or role not in (
            "comma",
            "dash",
            "colon",
            "fill",
            "right",
            "noun",
            "be",
            "wrap",
            "tail",
        ):
            return False
        i += 1
    return denied and ends(words, i)


_THAT_IS_WRONG = phrase_set(
    "that is wrong|that's wrong|that is incorrect|that's incorrect|that is not right|that's not right"
)


_TOO = word_set("too either also well itself auch aussi también anche também ook też также")
"""They add a denial to others: "B is closest, though it is wrong as well"."""


_ANAPHORA = word_set(
    "which this that it but though although yet however das was aber ce qui mais lo que pero mas che ma dat maar 但 "
    "但是 这"
)
"""They take up what was just named: "B, which is wrong"."""


def denied_tail(words: list[Word], i: int) -> bool:
    """Whether a denial of the whole follows behind a comma: "B is the answer, which is an error"."""
    start = i
    while i < len(words) and i - start < FAR and not ends(words, i):
        if words[i].role in ("comma", "dash"):
            return denied_after_pause(words, i)
        i += 1
    return False


_CONFIDENCE = word_set(
    "confidence confident prob odds probable certainty certain sure probability likelihood chance likely "
    "sicherheit wahrscheinlichkeit "
    "sicher confiance probabilité confianza probabilidad seguridad certeza confiança certezza probabilità "
    "уверенность "
    "уверенностью вероятность вероятностью pewności zekerheid"
)


HALF = 0.5
_OF_ONE = re.compile(r"[01][.,][0-9]{1,4}")


def share_of(words: list[Word], i: int) -> float | None:
    """The share of its confidence that the reply gives a choice: .4 of "B with about 40% confidence", "B (p = 0.4)"."""
    for at in range(i, min(i + 6, len(words))):
        if words[at].kind == "number" and any(word.text in _CONFIDENCE for word in words[max(0, at - 4) : at + 4]):
            after = words[at + 1].text if at + 1 < len(words) else ""
            if after in ("%", "percent", "prozent", "pour", "por", "процентов", "percento", "procent"):
                return float(words[at].text) / 100 if words[at].text.isdigit() else None
            of_it = not any(word.role in ("be", "comma", "so") or word.text in REASON_WORDS for word in words[i:at])
            if of_it and _OF_ONE.fullmatch(words[at].text):  # not "B: the probability is 0.2"
                return float(words[at].text.replace(",", "."))
            return None
        if ends(words, at) or words[at].choice is not None:
            return None
    return None


_PER_CENT = ("%", "percent", "prozent", "procent", "процентов")
_WHOLE = 100


def bare_share(words: list[Word], i: int, *, of_one: bool) -> float | None:
    """The share that stands behind a choice and says nothing else: 1.0 of "B (100%)", .98 of "technical: 0.98".

    `of_one`: also as a part of one, which behind a letter is the answer's value: "The answer is C (0.25)"."""
    while i < len(words) and (words[i].role in ("wrap", "comma", "dash", "colon") or words[i].text == "~"):
        i += 1
    if i >= len(words) or words[i].kind != "number":
        return None
    said = words[i].text
    behind = i + 1
    if behind < len(words) and words[behind].text in _PER_CENT:
        if not re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{1,3})?", said) or float(said.replace(",", ".")) > _WHOLE:
            return None
        share, behind = float(said.replace(",", ".")) / _WHOLE, behind + 1
    elif of_one and _OF_ONE.fullmatch(said) and float(said.replace(",", ".")) <= 1:
        share = float(said.replace(",", "."))
    else:
        return None
    while behind < len(words) and words[behind].role in ("wrap", "fill", "right"):
        behind += 1
    return share if ends(words, behind) or words[behind].role in ("comma", "or", "and") else None


def chosen_to_end(words: list[Word], i: int) -> bool:
    """Whether the verb here, by which one takes the choice before it, closes the sentence."""
    i += 1
    while i < len(words) and words[i].role in ("tail", "fill", "wrap", "be", "choose"):
        i += 1
    return ends(words, i) or words[i].role in ("comma", "why")


def little_sure(words: list[Word], i: int) -> bool:
    """Whether a word of confidence stands behind a share of half or less: "I'm 20% sure"."""
    if words[i].text not in _CONFIDENCE or i < 2 or words[i - 1].text not in ("%", "percent", "prozent", "procent"):
        return False
    return words[i - 2].kind == "number" and words[i - 2].text.isdigit() and int(words[i - 2].text[:4]) <= HALF * 100


def right_to_end(words: list[Word], i: int) -> bool:
    """ "B: correct"."""
    found = False
    while i < len(words) and not ends(words, i):
        found = found or words[i].role == "right"
        if words[i].role not in ("right", "fill", "noun", "wrap", "be", "tail"):
            return False
        i += 1
    return found


def doubted_to_end(words: list[Word], place: int, i: int, known: ChoiceSet) -> bool:
    """ "B, I guess", "B, but I am not sure"; not "B, we cannot know" where B says so itself."""
    start = i
    doubted = False
    while i < len(words) and i - start < FAR and not ends(words, i):
        if words[i].role == "unsure":
            return not (says_unknown(words[i].text) and is_unknown(words[place].choice, known))
        if words[i].role == "maybe" and i - start <= 4:
            doubted = True
        elif (
            words[i].choice is not None
            or words[i].role in ("so",)
            or (doubted and words[i].role not in ("fill", "wrap", "why", "maybe", "not"))
        ):
            return False
        i += 1
    return doubted


def if_to_end(words: list[Word], i: int) -> bool:
    """Whether the sentence goes on with a condition."""
    start = i
    while i < len(words) and i - start < 12 and not ends(words, i):
        if words[i].role == "if":
            return words[i - 1].text not in _EVEN
        if words[i].choice is not None or words[i].text in _CONTRAST:
            return False  # "B, although some would say A"
        i += 1
    return False


_EVEN = word_set("even auch selbst même anche mesmo incluso")


_CONTRAST = word_set("although though whereas obwohl obgleich aunque embora sebbene hoewel хотя chociaż")


def is_asked(words: list[Word], i: int) -> bool:
    """Whether the sentence is a question."""
    start = i
    while i < len(words) and i - start < FAR:
        if words[i].role in ("end", "line"):
            return False
        if words[i].role == "ask":
            return True
        i += 1
    return False
