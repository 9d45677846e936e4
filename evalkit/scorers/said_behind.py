"""What is said of a named choice behind it, to the end of its sentence. Used by `statements`."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.scorers.labelled import Labelled, is_unknown, says_unknown
from evalkit.scorers.reply_words import Word, phrase_set, word_set
from evalkit.scorers.sentences import DENIES_BEFORE, FAR, ends


@dataclass(slots=True)
class Right:
    """What is said of a named choice behind it, to its sentence's end."""

    ends: bool = True
    asked: bool = False
    denied: bool = False
    right: bool = False
    named: bool = False
    """It is called the answer: "B is the right answer"."""
    supposed: bool = False
    doubt: bool = False
    other: bool = False
    """A word of no known part follows."""
    verb: bool = False
    """A verb follows that says something else of it: "B is tempting"."""
    would: bool = False
    """The verb only supposes: "B would be tempting"."""
    pause: bool = False
    """A comma, a dash, a colon or a bracket follows."""
    figure: bool = False
    """A figure follows the pause: "A: 10%"."""


def look_right(words: list[Word], place: int, known: Labelled) -> Right:  # noqa: PLR0911 - a table, read from the top
    right = Right()
    polar = known.polar
    i = place + 1
    n = len(words)
    while i < n and i - place < 6 and words[i].role in ("wrap", "tail"):
        right.pause = right.pause or words[i].text in ("(", "[")
        i += 1
    if i >= n or words[i].role == "line":
        return right
    role = words[i].role
    if role == "end":
        return right
    if role == "ask":
        right.asked = True
        return right
    if role == "be" and _verb_last(words, i):
        right.asked = ends(words, i + 1) and i + 1 < n and words[i + 1].role == "ask"
        return right
    if role == "be" and (comma := _verb_then_comma(words, i)):
        i, role = comma, "comma"
    right.ends = False
    right.doubt = _little_share(words, i)
    bracket = right.pause
    if role in ("comma", "dash", "colon", "why") or bracket:
        right.pause = True
        right.figure = _figure(words, i if bracket else i + 1)
        right.denied = not polar and _denied_after_pause(words, i)
        right.doubt = right.doubt or _doubted_to_end(words, place, i, known)
        right.right = role in ("dash", "colon") and _right_to_end(words, i + 1)
        if bracket and not polar:
            _remark(words, i, right)
        said = any(word.role == "says" for word in words[i + 1 : i + 3])
        right.supposed = not bracket and (said or _if_to_end(words, i))
        right.asked = _asked(words, i)
        return right
    if [word.text for word in words[i : i + 2]] == ["it", "is"] and ends(words, i + 2):
        right.right = True  # "B it is."
        return right
    _predicate(words, i, right)
    right.asked = _asked(words, i) and not right.right
    if right.right and _asked(words, i):
        right.asked, right.right = True, False
    return right


_ANSWERS = word_set(
    "answer antwort lösung réponse respuesta resposta risposta antwoord odpowiedź ответ відповідь cevap 答案 正解 答え "
    "정답 الإجابة الجواب उत्तर"
)


def _figure(words: list[Word], i: int) -> bool:
    """Whether a number stands here by itself."""
    if i + 1 >= len(words) or words[i].kind != "number":
        return i < len(words) and words[i].kind == "number"
    return words[i + 1].text == "%" or words[i + 1].role in ("comma", "end", "wrap", "line")


_AS = word_set("as als comme como come som jako как")


def _predicate(words: list[Word], i: int, right: Right) -> None:  # noqa: PLR0911, PLR0912 - a table, read from the top
    """What is said of the choice by the words that follow it at once."""
    n, start = len(words), i
    verb = would = False
    while i < n and i - start < 9:
        word, role = words[i], words[i].role
        if role in ("be", "would"):
            verb, would = True, would or role == "would"
            right.would = would
        elif word.text in _AS:
            verb = True
        elif role == "not":
            right.denied = word.text in DENIES_BEFORE or not _choice_next(words, i)
            right.pause = not right.denied and not verb
            return
        elif role == "wrong":
            right.denied = True
            return
        elif role == "maybe":
            right.doubt = True
        elif (verb or word.text == "only") and _adverb(words, i):
            right.verb, right.other = verb, True  # "A is only the largest city", "A is best known for"
            return
        elif role == "right" or (role in ("noun", "field") and verb):
            if _denied_later(words, i) or _denied_tail(words, i):
                right.denied = True
                return
            right.right = True
            right.named = verb and any(w.text in _ANSWERS for w in words[i : i + 3])
            right.supposed = (
                _if_to_end(words, i) or (would and not _ends_soon(words, i)) or _of_the_past(words, start, i)
            )
            return
        elif role == "choose" and verb and word.text in _OWN:
            past = any(one.text in _WAS for one in words[start:i])  # "B was my answer."
            right.supposed, right.right, right.named = past, not past, not past
            return
        elif role in ("if", "says"):
            right.supposed = True
            return
        elif role in ("or", "and", "why", "so", "choose", "redo", "turn", "end", "ask", "line", "comma") and not verb:
            right.supposed = _if_to_end(words, i)
            return
        elif word.choice is not None or role in ("end", "ask", "line", "comma"):
            break
        elif role not in ("fill", "wrap", "tail", "noun", "and", "why", "field"):
            right.verb, right.other = verb, True
            return
        i += 1
    right.verb = verb


_OWN = phrase_set("my answer|my vote")
_WAS = word_set("was were war waren était era fue foi was waren был была była byla var")
_PAST = word_set(
    "last previous earlier yesterday formerly once ago old letzten letztes letzte gestern früher vorigen dernier "
    "dernière précédent hier avant pasado pasada ayer anterior antes passado scorso scorsa precedente ieri vorig vorige "
    "gisteren прошлом прошлый вчера раньше poprzednim wczoraj"
)


def _of_the_past(words: list[Word], start: int, i: int) -> bool:
    """Whether a choice was right at another time: "B was the answer in last year's exam"."""
    if not any(word.text in _WAS for word in words[start:i]):
        return False
    end = i
    while end < len(words) and not ends(words, end) and end - i < 8:
        if words[end].text in _PAST:
            return True
        end += 1
    return False


_ADVERBS = word_set("only best better closest nearest right")
_GROUNDS = word_set("because since as here given")
_ARTICLES = word_set("the our my its probably")


def _adverb(words: list[Word], i: int) -> bool:
    """Whether a word such as "best" says how, and not that the choice is right: "is best known", "is only a city"."""
    if words[i].text not in _ADVERBS or words[i - 1].text in _ARTICLES:
        return False
    following = words[i + 1] if i + 1 < len(words) else None
    if following is None or following.kind != "word":
        return False
    if words[i].text in ("only", "right"):
        return not following.role or (words[i].text == "only" and following.role in ("fill", "right"))
    return following.role not in ("noun", "field", "right") and following.text not in _GROUNDS


_SMALL = frozenset(("be", "fill", "tail", "noun", "field", "right", "wrap"))
_RELATIVE = word_set("to that which who")


def _denied_later(words: list[Word], i: int) -> bool:
    """Whether the denial closes the sentence, as in Korean, Japanese or Hindi: "B is the answer not"."""
    i += 1
    while i < len(words) and (words[i].role in _SMALL or words[i].text in _RELATIVE):
        i += 1
    return i < len(words) and words[i].role == "not" and not _choice_next(words, i)


def _verb_last(words: list[Word], i: int) -> bool:
    """Whether the verb closes the sentence behind the choice, as in Hindi or Persian."""
    while i < len(words) and words[i].role in ("be", "tail", "wrap"):
        i += 1
    return ends(words, i)


def _verb_then_comma(words: list[Word], i: int) -> int:
    """Where the comma behind such a verb stands; 0 where there is none, or the verb may take more words."""
    while i < len(words) and words[i].role in ("be", "tail", "wrap") and words[i].text[:1] > "\u036f":
        i += 1
    return i if i < len(words) and words[i].role == "comma" else 0


def _ends_soon(words: list[Word], i: int) -> bool:
    """Whether nothing but the noun follows: "would be the right answer."."""
    i += 1
    while i < len(words) and words[i].role in ("noun", "right", "wrap", "tail"):
        i += 1
    return ends(words, i) or words[i].role == "comma"


def _choice_next(words: list[Word], i: int) -> bool:
    i += 1
    while i < len(words) and words[i].role in ("fill", "wrap", "noun", "be"):
        i += 1
    return i < len(words) and words[i].choice is not None


def _denied_after_pause(words: list[Word], i: int) -> bool:
    """ "B - no", "B: not correct", "B, wrong": a denial that the sentence ends with."""
    denied = False
    start = i
    while i < len(words) and i - start < 10 and not ends(words, i):
        role = words[i].role
        if role in ("not", "wrong"):
            denied = not denied
        elif role == "why" and words[i].text in _ANAPHORA:
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


_ANAPHORA = word_set(
    "which this that it but though das was aber ce qui mais lo que pero mas che ma dat maar 但 但是 这"
)
"""They take up what was just named: "B, which is wrong"."""


def _denied_tail(words: list[Word], i: int) -> bool:
    """Whether a denial of the whole follows behind a comma: "B is the answer, which is an error"."""
    start = i
    while i < len(words) and i - start < FAR and not ends(words, i):
        if words[i].role in ("comma", "dash"):
            return _denied_after_pause(words, i)
        i += 1
    return False


def _remark(words: list[Word], i: int, right: Right) -> None:
    """What a remark in brackets says: "B (wrong)", "B (correct)"."""
    roles: list[str] = []
    while i < len(words) and len(roles) < 5 and words[i].text not in (")", "]"):
        roles.append(words[i].role)
        i += 1
    if i < len(words) and words[i].text in (")", "]") and set(roles) <= {"not", "wrong", "right", "fill", "noun", "be"}:
        denials = roles.count("not") + roles.count("wrong")
        right.denied = right.denied or denials % 2 == 1
        right.right = right.right or (denials == 0 and "right" in roles)


_CONFIDENCE = word_set(
    "confidence confident certainty certain sure probability likelihood chance likely sicherheit wahrscheinlichkeit "
    "sicher confiance probabilité confianza probabilidad seguridad certeza confiança certezza probabilità уверенность "
    "уверенностью вероятность вероятностью pewności zekerheid"
)
_HALF = 50


def _little_share(words: list[Word], i: int) -> bool:
    """Whether the reply gives the choice half of its confidence or less: "B with about 40% confidence"."""
    for at in range(i, min(i + 6, len(words) - 1)):
        if ends(words, at) or words[at].choice is not None:
            return False
        if words[at].kind == "number" and words[at + 1].text == "%" and words[at].text.isdigit():
            near = any(word.text in _CONFIDENCE for word in words[at - 3 : at + 4])
            return near and int(words[at].text) <= _HALF
    return False


def _right_to_end(words: list[Word], i: int) -> bool:
    """ "B: correct"."""
    found = False
    while i < len(words) and not ends(words, i):
        found = found or words[i].role == "right"
        if words[i].role not in ("right", "fill", "noun", "wrap", "be", "tail"):
            return False
        i += 1
    return found


def _doubted_to_end(words: list[Word], place: int, i: int, known: Labelled) -> bool:
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


def _if_to_end(words: list[Word], i: int) -> bool:
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


def _asked(words: list[Word], i: int) -> bool:
    """Whether the sentence is a question."""
    start = i
    while i < len(words) and i - start < FAR:
        if words[i].role in ("end", "line"):
            return False
        if words[i].role == "ask":
            return True
        i += 1
    return False
