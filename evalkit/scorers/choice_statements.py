"""What a reply says of each choice that it names: stated, denied, doubted, supposed, one of several.

    [(said.index, said.stance) for said in statements(words, known)]
    # "The answer is A. Wait, no, it's B."  ->  [(0, "states"), (None, "retracts"), (1, "states")]

Every named choice is judged by the words around it within its sentence: to the left the noun and the verb that lead
to it ("the answer is"), what denies or doubts it; to the right what is said of it ("is correct", "is wrong", "?").
`choice_decision` weighs the result.
"""

from __future__ import annotations

from itertools import pairwise

from evalkit.scorers.choice_set import ChoiceSet
from evalkit.scorers.denials import clauses, denies_it
from evalkit.scorers.joined_choices import BOUNDS, join_choices
from evalkit.scorers.landmarks import is_landmark
from evalkit.scorers.reply_words import Word, word_set
from evalkit.scorers.said_before import Left, look_left
from evalkit.scorers.said_behind import Right, look_right
from evalkit.scorers.sentences import FAR, ends, opens_line, stands_alone
from evalkit.scorers.stances import Statement


def statements(words: list[Word], known: ChoiceSet) -> list[Statement]:
    """From left to right."""
    found: list[Statement] = []
    by_place: dict[int, Statement] = {}
    behind = _FAR_BEHIND  # sentences since a choice was named
    before = "line"  # the role of the word before
    for place, word in enumerate(words):
        role = word.role
        if word.choice is not None:
            behind = 0
            left, right = look_left(words, place), look_right(words, place, known)
            landmark = is_landmark(words, place)
            said = Statement(place, word.choice, "names" if landmark else _stance(words, place, left, right))
            said.share, said.past, said.now = right.share, left.past, left.now
            if right.onward:
                said.stance = "supposes" if left.suppose else "several"
            if not landmark:
                join_choices(said, left, right, by_place, words)
            found.append(said)
            by_place[id(word)] = said
        elif role in _ENDS:
            behind = _FAR_BEHIND if role == "ask" else behind + (before not in _ENDS)
        elif before in _STARTS and found and (stance := _taken_up(words, place, found, behind)) is not None:
            found.append(Statement(place, None, stance))
            behind = _FAR_BEHIND
        if word.choice is None:
            if found and found[-1].stance == "asks" and _answers_yes(words, place, found[-1]):
                found[-1].stance = "states"  # "Is it B? Yes."
            elif role in _GESTURES and (gesture := _gesture(words, place, known)) is not None:
                found.append(Statement(place, None, gesture))
        before = role
    _share_out(words, found)
    return found


def _share_out(words: list[Word], found: list[Statement]) -> None:
    """Choices that share a probability are several: "B with probability 0.2 and C with probability 0.8"."""
    shared = [one for one in found if one.share is not None]
    for one, other in pairwise(shared):
        if one.index == other.index:
            continue
        listed = opens_line(words, one.place) and opens_line(words, other.place)
        if listed or not any(ends(words, at) for at in range(one.place, other.place)):
            for said in (one, other):
                if said.stance != "denies":
                    said.stance, said.framed = "several", True


_ENDS = frozenset(("end", "line", "ask"))
_STARTS = _ENDS | {"colon"}
_GESTURES = frozenset(("redo", "turn", "unsure", "maybe", "wrong", "not", "be", "colon"))
"""Kinds of words that may do something to the whole reply."""


def _answers_yes(words: list[Word], place: int, asked: Statement) -> bool:
    return place - asked.place < FAR and _confirms(words, place, asked)


def _taken_up(words: list[Word], place: int, found: list[Statement], behind: int) -> str | None:
    """What a sentence that begins here does to the answer before by a pronoun: "affirms" or "denies it"."""
    if _checked(found) and _affirms(words, place):
        return "affirms"
    denies = 0 < behind < _FAR_BEHIND and words[place - 1].role != "colon" and _next_denies(words, place)
    return "denies it" if denies else None


_FAR_BEHIND = 3
"""Sentences behind a choice from which an "it" no longer takes it up. The second may be an interjection ("Hmm.")."""


_MAY_DENY = ("not", "wrong", "unsure", "redo")


_LONGEST_DENIAL = 16
"""Words."""


def _checked(found: list[Statement]) -> bool:
    """Whether a "wait" stands among the last things that were said, and no question is open."""
    return any(one.stance == "retracts" for one in found[-3:]) and found[-1].stance != "asks"


def _affirms(words: list[Word], place: int) -> bool:
    """Whether a sentence that begins here says yes to what was checked: "Yes, that is right."."""
    if words[place - 1].role not in ("end", "line", "ask", "colon"):
        return False
    end = place
    while end < len(words) and not ends(words, end):
        if words[end].choice is not None or (words[end].role not in _AFFIRMING and words[end].text not in _YES):
            return False
        end += 1
    said = words[place:end]
    return not (end < len(words) and words[end].role == "ask") and any(
        word.role == "right" or word.text in _YES for word in said
    )


_AFFIRMING = frozenset(("fill", "be", "noun", "right", "wrap", "comma", "tail", "why", "so", "choose"))


def _next_denies(words: list[Word], place: int) -> bool:
    """Whether the sentence that begins here denies what the one before named: "It cannot be correct."."""
    end = place
    while end < len(words) and not ends(words, end):
        if words[end].choice is not None or end - place > _LONGEST_DENIAL:
            return False
        end += 1
    if end < len(words) and words[end].role == "ask":
        return False
    if not any(word.role in _MAY_DENY or word.kind == "run" for word in words[place:end]):
        return False
    parts = [(word.text if word.kind == "run" else f" {word.text} ") for word in words[place:end]]
    return denies_it(clauses("".join(parts))[0])


def _stance(words: list[Word], place: int, left: Left, right: Right) -> str:  # noqa: PLR0911 - a table, read from the top
    word = words[place]
    if word.text[:1].isdigit() and place > 0 and words[place - 1].text in BOUNDS:
        return "names"  # "after 1939"
    denials = left.denials - (left.passed if right.right else 0)
    if right.denied or denials % 2:
        return "denies"
    if denials:
        return "supposes"
    if right.asked:
        return "asks"
    framed = _framed(word, left, right)
    if left.suppose or right.supposed or (left.would and right.right and not left.led):  # "then B would be right"
        return "supposes"
    if left.doubt or right.doubt:
        return "doubts"
    if word.clash and (framed or left.alone):
        return "clash"
    if framed:
        return framed
    return _unframed(word, left, right)


_BARE_LABEL = 5
"""Characters of a label with its brackets. A longer one has its own text behind it."""


def _framed(word: Word, left: Left, right: Right) -> str:  # noqa: PLR0911 - a table, read from the top
    """answers or states, where the words around it make it the answer; "" otherwise."""
    if right.right:
        return "answers" if right.named or (left.noun and left.be) else "states"
    if right.chosen and not left.would and (left.alone or left.noun or left.led):
        return "answers"
    if right.verb:  # "the answer is B: Lyon is the capital"
        whole = word.how == "label" and word.end - word.start > _BARE_LABEL and not right.would
        return "answers" if whole and left.noun and (left.be or left.colon) else ""
    if left.box or left.choose or (left.noun and (left.be or left.colon)):
        return "answers"
    if right.other:
        return ""
    if left.would:
        return ""
    if (left.be or (left.colon and left.key <= 3)) and left.right:
        return "states"
    if left.be and left.kind and (word.how == "label" or left.bridged <= 5):
        return "states"
    if left.be and left.alone and (right.ends or right.pause or left.led):
        return "states"
    if left.colon and left.kind:
        return "states"
    if left.colon and word.how == "text" and 0 < left.key <= 4 and right.ends and not word.text[:1].isdigit():
        return "states"
    if left.near_noun and left.alone and right.ends and not left.inside:  # not "the letter after B"
        return "answers" if left.right else "states"
    return "states" if left.led and left.alone and (right.ends or right.pause) else ""


_OPENERS = word_set("first second third fourth last next well right so now finally")
"""Texts that open a sentence as other words do: "First, let me think"."""


def _unframed(word: Word, left: Left, right: Right) -> str:  # noqa: PLR0911 - a table, read from the top
    if ((right.verb or right.other) and not right.pause) or (left.near_noun and left.inside):
        return "names"
    if left.alone and right.ends:
        return "line" if left.first else "mentions"
    if right.figure and word.how == "text" and word.text[-1:].isdigit():
        return "names"  # one of a row of numbers: "12, 24, 36"
    if left.first and right.pause:
        figure = word.how == "label" and right.figure
        return "names" if figure or (word.how == "text" and word.text in _OPENERS) else "opens"
    if word.how == "label" and not word.small and right.ends and (word.marked or (left.near_noun and left.alone)):
        return "mentions"
    if (left.be or left.colon) and word.how == "text" and (right.ends or right.pause):
        return "mentions"
    return "names"


_YES = word_set(
    "yes yeah yep correct exactly indeed ja genau richtig oui exact sí exacto sim sì esatto да так tak evet نعم "
    "ναι כן "
    "हाँ हां igen kyllä ya vâng đúng はい そうです 是 是的 对 對 네 예 ใช่"
)


def _whole_sentence(words: list[Word], place: int) -> bool:
    """Whether the word is a sentence by itself: "The answer is B. Maybe."."""
    return place > 0 and words[place - 1].role in ("end", "ask", "line") and ends(words, place + 1)


def _confirms(words: list[Word], place: int, asked: Statement) -> bool:
    """Whether the word is a "yes" that answers a question, with nothing behind it but "it is" or the same choice."""
    if words[place].text not in _YES or place == 0 or words[place - 1].role not in ("ask", "wrap", "line"):
        return False
    after = place + 1
    while after < len(words) and after - place < 10 and not ends(words, after):
        word = words[after]
        if word.choice != asked.index if word.choice is not None else word.role not in _ECHO:
            return False
        after += 1
    return ends(words, after)


_ECHO = frozenset(("fill", "be", "noun", "right", "wrap", "comma", "tail"))


def _gesture(words: list[Word], place: int, known: ChoiceSet) -> str | None:  # noqa: PLR0911 - a table, read from the top
    """What a word does to the whole reply."""
    role = words[place].role
    if role == "redo":
        if known.polar and len(words[place].text) > 8 and any(part in words[place].text for part in _WRONG_PARTS):
            return None
        if (
            place
            and words[place - 1].role not in _BREAKS
            and words[place - 1].choice is None
            and not (words[place - 1].role == "why" and words[place].text.startswith("none of"))
            and not (words[place - 1].role == "fill" and words[place - 1].text in _HUMS)
        ):
            return None
        return "retracts" if words[place].text not in _SOFT else "turns"
    if role == "turn":
        return "turns"
    if role == "unsure" or (role == "maybe" and _whole_sentence(words, place)):
        return "unsure"
    if role == "wrong" and not known.polar and stands_alone(words, place) and words[place + 1].role != "colon":
        between = words[place - 1].role in ("comma", "dash") and words[place + 1].role in ("comma", "dash")
        opens = place == 0 or words[place - 1].role in ("end", "ask", "line")
        return "retracts" if opens or between else None
    if role == "not" and not known.polar and stands_alone(words, place):
        before = place - 1
        while before >= 0 and words[before].role == "fill":
            before -= 1
        opens = before < 0 or words[before].role in ("end", "ask", "line", "dash", "comma")
        return "retracts" if opens else None
    if role in {"be", "colon"}:
        return _outside(words, place, known)
    return None


_BREAKS = frozenset(("end", "ask", "line", "comma", "dash", "colon", "redo", "turn", "so", "wrap", "not", "or"))


_HUMS = word_set("oh ah ok okay well yes")


_WRONG_PARTS = (
    "wrong",
    "incorrect",
    "not right",
    "not correct",
    "isn't right",
    "falsch",
    "stimmt nicht",
    "faux",
    "incorrecto",
    "errado",
    "sbagliato",
    "fout",
)


_SOFT = word_set(
    "sorry i apologize i mean perdón perdon lo siento désolé pardon desculpe scusa sorry 抱歉 对不起 "
    "對不起 すみません 죄송합니다 maaf xin lỗi"
) | {"i apologize", "i mean", "lo siento", "xin lỗi"}


def _outside(words: list[Word], place: int, known: ChoiceSet) -> str | None:
    """ "The answer is E" where there is no E."""
    after = place + 1
    while after < len(words) and words[after].role == "wrap":
        after += 1
    if after >= len(words) or words[after].kind != "word" or words[after].choice is not None:
        return None
    word = words[after]
    if len(word.text) != 1 or not word.text.isascii() or word.end - word.start != 1 or not ends(words, after + 1):
        return None
    before = place - 1
    while before >= 0 and words[before].role in ("fill", "wrap", "right"):
        before -= 1
    return (
        "outside" if before >= 0 and words[before].role == "noun" and word.text.upper() not in known.by_label else None
    )
