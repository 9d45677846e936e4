"""What is said of a named choice behind it, to the end of its sentence. Used by `choice_statements`."""

from __future__ import annotations

from evalkit.frozen import dataclass
from evalkit.scorers.choice_set import ChoiceSet
from evalkit.scorers.clause_endings import (
    HALF,
    WAS,
    bare_share,
    choice_next,
    chosen_to_end,
    denied_after_pause,
    denied_later,
    denied_tail,
    doubted_to_end,
    ends_soon,
    if_to_end,
    is_asked,
    is_figure,
    of_the_past,
    right_to_end,
    share_of,
    verb_last,
    verb_then_comma,
)
from evalkit.scorers.clause_words import SURE
from evalkit.scorers.outdated_sources import OLD
from evalkit.scorers.reply_words import ARROW, Word, fold, phrase_set, word_set
from evalkit.scorers.sentences import DENIES_BEFORE, ends


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
    share: float | None = None
    """The probability that the reply gives the choice, from 0 to 1; None where it gives none."""
    figure: bool = False
    """A figure follows the pause: "A: 10%"."""
    chosen: bool = False
    """The verb that takes it closes the sentence: "저는 B를 선택합니다", "मैं B चुनता हूँ"."""
    onward: bool = False
    """An arrow leads from it to another choice: "A -> B"."""


def look_right(words: list[Word], place: int, known: ChoiceSet) -> Right:  # noqa: PLR0911, PLR0912 - a table, read from the top
    right = Right()
    polar = known.polar
    i = place + 1
    n = len(words)
    while i < n and i - place < 6 and (words[i].role in ("wrap", "tail") or fold(words[i].text) in SURE):
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
    if role == "be" and verb_last(words, i):
        right.asked = ends(words, i + 1) and i + 1 < n and words[i + 1].role == "ask"
        return right
    if role == "be" and (comma := verb_then_comma(words, i)):
        i, role = comma, "comma"
    right.ends = False
    if words[i].text == ARROW and choice_next(words, i):
        right.other = right.onward = True
        return right
    right.share = share_of(words, i)
    if right.share is None and not known.numeric:
        right.share = bare_share(words, i, of_one=words[place].how == "text")
    right.doubt = right.share is not None and right.share <= HALF
    bracket = right.pause
    if role in ("comma", "dash", "colon", "why") or bracket:
        right.pause = True
        right.figure = right.share is None and is_figure(words, i if bracket else i + 1)
        right.denied = not polar and denied_after_pause(words, i)
        right.doubt = right.doubt or doubted_to_end(words, place, i, known)
        right.right = role in ("dash", "colon") and right_to_end(words, i + 1)
        if bracket and not polar:
            _remark(words, i, right)
        said = any(word.role == "says" for word in words[i + 1 : i + 3])
        right.supposed = not bracket and (said or if_to_end(words, i))
        right.asked = is_asked(words, i)
        return right
    if words[i].kind == "number" and right.share is not None:  # "B 95%"
        right.pause = True
        return right
    if role == "choose" and chosen_to_end(words, i):
        right.chosen = True
        right.asked = is_asked(words, i)
        return right
    if [word.text for word in words[i : i + 2]] == ["it", "is"] and (
        ends(words, i + 2) or words[i + 2].role in ("colon", "comma", "dash")
    ):
        right.right = True  # "B it is."
        return right
    _predicate(words, i, right)
    right.asked = is_asked(words, i) and not right.right
    if right.right and is_asked(words, i):
        right.asked, right.right = True, False
    return right


_ANSWERS = word_set(
    "answer antwort lösung réponse respuesta resposta risposta antwoord odpowiedź ответ відповідь cevap 答案 正解 答え "
    "정답 الإجابة الجواب उत्तर"
)


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
            right.denied = word.text in DENIES_BEFORE or not choice_next(words, i)
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
            if denied_later(words, i) or denied_tail(words, i):
                right.denied = True
                return
            right.right = True
            right.named = verb and any(w.text in _ANSWERS for w in words[i : i + 3])
            right.supposed = if_to_end(words, i) or (would and not ends_soon(words, i)) or of_the_past(words, start, i)
            return
        elif role == "choose" and verb and word.text in _OWN:
            past = any(one.text in WAS for one in words[start:i])  # "B was my answer."
            right.supposed, right.right, right.named = past, not past, not past
            return
        elif role in ("if", "says"):
            right.supposed = True
            return
        elif role in ("or", "and", "why", "so", "choose", "redo", "turn", "end", "ask", "line", "comma") and not verb:
            right.supposed = if_to_end(words, i)
            return
        elif word.choice is not None or role in ("end", "ask", "line", "comma"):
            break
        elif role not in ("fill", "wrap", "tail", "noun", "and", "why", "field"):
            right.verb, right.other = verb, True
            return
        i += 1
    right.verb = verb


_OWN = phrase_set("my answer|my vote")


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


def _remark(words: list[Word], i: int, right: Right) -> None:
    """What a remark in brackets says: "B (wrong)", "B (correct)"."""
    roles: list[str] = []
    while i < len(words) and len(roles) < 5 and words[i].text not in (")", "]"):
        roles.append(words[i].role)
        i += 1
    said = [word.text for word in words[i - len(roles) : i]]
    if said and all(one in OLD or role in ("fill", "be", "turn") for one, role in zip(said, roles, strict=True)):
        right.denied = right.denied or any(one in OLD for one in said)  # "B (outdated)"
    if i < len(words) and words[i].text in (")", "]") and set(roles) <= {"not", "wrong", "right", "fill", "noun", "be"}:
        denials = roles.count("not") + roles.count("wrong")
        right.denied = right.denied or denials % 2 == 1
        right.right = right.right or (denials == 0 and "right" in roles)
