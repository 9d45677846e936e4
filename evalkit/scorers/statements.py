"""What a reply says of each choice that it names: stated, denied, doubted, supposed, one of several.

    [(said.index, said.stance) for said in statements(words, known)]
    # "The answer is A. Wait, no, it's B."  ->  [(0, "states"), (None, "retracts"), (1, "states")]

Every named choice is judged by the words around it within its sentence: to the left the noun and the verb that lead to it ("the
answer is"), what denies or doubts it; to the right what is said of it ("is correct", "is wrong", "?"). `letters` weighs the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evalkit.scorers.labelled import ANSWER_MARK, Labelled
from evalkit.scorers.reply_words import Word

STATED = ("answers", "states")


@dataclass(slots=True)
class Said:
    """What is said at one place of the reply."""

    place: int
    """Of the word."""
    index: int | None
    """Of the choice; None for what concerns no single one."""
    stance: str
    """answers: "the answer is B", "I choose B"; states: "B is correct", "it is B", "Queue: billing"; opens: "B, because"; line: a sentence or line that is the choice alone;
    mentions: in brackets, or behind "is" with other words before it; denies; doubts; supposes; several; clash: a label with another
    choice's text; retracts: "wait", "that is wrong"; turns: "actually"; unsure: "I am not sure"; outside: an answer that is no choice."""
    framed: bool = False
    """Where several are named: whether it is they that the answer names."""


@dataclass(slots=True)
class _Left:
    """What leads to a named choice, from its sentence's beginning."""

    be: bool = False
    noun: bool = False
    kind: bool = False
    """A word for what sorting assigns."""
    would: bool = False
    inside: bool = False
    """A preposition stands before it: "in option D"."""
    near_noun: bool = False
    right: bool = False
    choose: bool = False
    box: bool = False
    led: bool = False
    """By "so", "correction", "wait"."""
    colon: bool = False
    key: int = 0
    """Words before the colon on its line."""
    denials: int = 0
    doubt: bool = False
    suppose: bool = False
    alone: bool = False
    """Nothing but words that say nothing stands before it in its sentence."""
    first: bool = False
    """The same, and it opens the line."""
    before: Word | None = None
    """The choice named directly before it, with nothing but small words between."""
    joins: list[str] = field(default_factory=list)
    """The roles between it and the choice before it."""
    bridged: int = 0
    """Words of no known part between the choice and its noun."""


@dataclass(slots=True)
class _Right:
    """What is said of a named choice behind it, to its sentence's end."""

    ends: bool = True
    asked: bool = False
    denied: bool = False
    right: bool = False
    supposed: bool = False
    doubt: bool = False
    other: bool = False
    """A word of no known part follows."""
    verb: bool = False
    """A verb follows that says something else of it: "B is tempting"."""
    pause: bool = False
    """A comma, a dash, a colon or a bracket follows."""


_BUT = frozenset(
    ["but", "sondern", "sino", "pero", "mais", "ma", "bensì", "mas", "maar", "lecz", "ale", "а", "но", "але", "ama", "بل", "אלא", "而是", "بلکه", "melainkan", "mà", "αλλά", "utan", "men", "vaan", "hanem", "ci", "however"]
)
_FAR = 30
"""Words looked at on either side."""


def statements(words: list[Word], known: Labelled) -> list[Said]:
    """From left to right."""
    found: list[Said] = []
    by_place: dict[int, Said] = {}
    for place, word in enumerate(words):
        if word.choice is not None:
            left, right = _look_left(words, place), _look_right(words, place, known.polar)
            said = Said(place, word.choice, _stance(words, place, left, right))
            _join(said, left, right, by_place, words)
            found.append(said)
            by_place[id(word)] = said
        elif (stance := _gesture(words, place, known)) is not None:
            found.append(Said(place, None, stance))
    return found


def _stance(words: list[Word], place: int, left: _Left, right: _Right) -> str:
    word = words[place]
    if right.denied or left.denials % 2:
        return "denies"
    if left.denials:
        return "supposes"
    if right.asked:
        return "asks"
    framed = _framed(word, left, right)
    if left.suppose or right.supposed:
        return "supposes"
    if left.doubt or right.doubt:
        return "doubts"
    if word.clash and (framed or left.alone):
        return "clash"
    if framed:
        return framed
    return _unframed(word, left, right)


def _framed(word: Word, left: _Left, right: _Right) -> str:
    """answers or states, where the words around it make it the answer; "" otherwise."""
    if right.right:
        return "answers" if left.noun and left.be else "states"
    if right.verb:
        return ""
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
    if left.near_noun and left.alone and right.ends:
        return "answers" if left.right else "states"
    return "states" if left.led and left.alone and (right.ends or right.pause) else ""


def _unframed(word: Word, left: _Left, right: _Right) -> str:
    if (right.verb or right.other) and not right.pause:
        return "names"
    if left.alone and right.ends:
        return "line" if left.first else "mentions"
    if left.first and right.pause:
        return "opens"
    if word.how == "label" and not word.small and (word.marked or left.near_noun):
        return "mentions"
    if left.be and word.how == "text" and (right.ends or right.pause):
        return "mentions"
    return "names"


def _look_left(words: list[Word], place: int) -> _Left:
    left = _Left()
    bridged = 0  # words since the last that belongs to the frame
    crossed = broken = False
    seen = 0
    i = place - 1
    while i >= 0 and seen < _FAR:
        word = words[i]
        role = word.role
        seen += 1
        if word.text == ANSWER_MARK:
            left.box = left.box or bridged == 0
        elif word.choice is not None:
            if left.before is None and bridged == 0 and clause_joins(left.joins):
                left.before = word
            break
        elif role == "line":
            framed = left.noun or left.be or left.choose or left.box
            step = None if crossed or bridged or framed else _cross(words, i)
            if step is None:
                left.first = bridged == 0
                break
            crossed, i = True, step + 1
        elif role in ("end", "ask"):
            if not (role == "end" and _numbering(words, i)):
                break
        elif role == "wrap" or role == "tail":
            pass
        elif role == "comma" or (role == "dash" and not _after_noun(words, i)):
            left.joins.append("comma")
            if "but" not in left.joins and _supposed_before(words, i):
                left.suppose = True
            if not (bridged == 0 and _only_small(words, i)):
                broken = i > 0 and not left.joins[:-1]
                break
        elif _numbered(words, i):
            pass
        else:
            bridged, stop = _take_left(left, words, i, bridged)
            if stop:
                break
        i -= 1
    else:
        left.first = bridged == 0 and i < 0
    clause = "redo" in left.joins or "be" in left.joins and any(join in left.joins for join in ("comma", "but", "so"))
    left.alone = bridged == 0 and not broken and (left.before is None or clause)
    return left


def clause_joins(joins: list[str]) -> bool:
    """Whether what stands between two choices may join them."""
    return len(joins) <= 6


def _take_left(left: _Left, words: list[Word], i: int, bridged: int) -> tuple[int, bool]:
    """Take one word of the clause in: (words since the frame, whether the clause begins here)."""
    word, role = words[i], words[i].role
    if role == "so":
        left.led = left.led or bridged == 0
        left.joins.append("so")
        return bridged, True
    if role in ("redo", "turn"):
        left.led = left.led or bridged == 0
        left.joins.append("but" if word.text in _BUT or role == "turn" else role)
        if bridged == 0 and _joined(words, i):
            return bridged, False
        return bridged, True
    if word.text in _BUT:
        left.joins.append("but")
        return bridged, not _joined(words, i)
    if role == "not" and _stands_alone(words, i):
        left.led = left.led or bridged == 0
        left.joins.append("redo")
    elif role == "not":
        left.denials += 1
        left.joins.append("not")
    elif role == "wrong":
        left.denials += 1 if (bridged == 0 or left.be) and not left.inside else 0
        left.joins.append("wrong")
    elif role in ("maybe", "unsure"):
        left.doubt = True
        left.joins.append("maybe")
    elif role == "if":
        left.suppose = True
    elif role in ("colon", "dash") and (word.text == ":" or _after_noun(words, i)):
        left.colon = left.colon or bridged == 0
        _take_key(left, words, i)
        return bridged, False
    elif word.text == "=" and i >= 1 and (i == 1 or words[i - 2].role == "line"):
        left.colon = left.colon or bridged == 0
        left.key = 1
    elif role == "colon" and (
        i == 0 or words[i - 1].role == "be" or (word.text != "=" and words[i - 1].role == "line")
    ):
        return bridged, False
    elif role in ("be", "would"):
        left.would = left.would or (role == "would" and not left.be)
        left.be = left.be or bridged == 0
        left.joins.append("be")
    elif role == "field":
        left.kind = left.kind or left.be or left.colon or bridged == 0
        left.bridged = max(left.bridged, bridged)
    elif role == "noun":
        left.near_noun = left.near_noun or (bridged == 0 and not left.be and not left.colon)
        left.noun = left.noun or (bridged <= 8 and (left.be or left.colon)) or bridged == 0
        bridged = 0 if left.noun and (left.be or left.colon) else bridged
    elif role == "right":
        left.right = left.right or bridged <= 1
    elif role == "choose":
        left.choose = left.choose or bridged <= 1
        bridged = 0 if left.choose else bridged
    elif role in ("or", "and"):
        left.joins.append(role)
        bridged += role == "and" and not _joined(words, i)
    elif role in ("fill", "why"):
        if role == "why":
            left.joins.append("why")
        left.inside = left.inside or (word.text in _PREPOSITIONS and not left.be and not left.colon)
    else:
        bridged += 1
    return bridged, False


_PREPOSITIONS = frozenset(["in", "for", "with", "of", "by", "from", "on", "für", "bei", "en", "pour", "dans", "para", "por", "per"])


def _take_key(left: _Left, words: list[Word], i: int) -> None:
    left.key = 0
    while (
        left.key < 12 and i - left.key - 1 >= 0 and words[i - left.key - 1].role not in ("line", "end", "ask", "comma")
    ):
        left.key += 1


def _joined(words: list[Word], i: int) -> bool:
    """Whether a choice is named directly before, apart from commas and brackets."""
    i -= 1
    while i >= 0 and words[i].role in ("comma", "wrap", "tail", "fill", "dash"):
        i -= 1
    return i >= 0 and words[i].choice is not None


def _only_small(words: list[Word], i: int) -> bool:
    """Whether only words that lead or join stand before a comma, or a choice does: "So, B", "Wait, no, B", "A, B"."""
    if _joined(words, i):
        return True
    i -= 1
    steps = 0
    while (
        i >= 0 and words[i].role in ("so", "fill", "redo", "turn", "not", "maybe", "comma", "wrap", "why") and steps < 8
    ):
        if words[i].role in ("not",) and not _stands_alone(words, i):
            return False
        i -= 1
        steps += 1
    return i < 0 or words[i].role in ("end", "ask", "line") or words[i].choice is not None


def _stands_alone(words: list[Word], i: int) -> bool:
    """Whether a "no" is a sentence of its own, to which the rest is not subject."""
    return i + 1 < len(words) and words[i + 1].role in ("comma", "end", "dash", "redo", "ask", "colon")


def _supposed_before(words: list[Word], i: int) -> bool:
    """Whether an "if" opens what stands before a comma."""
    steps = 0
    while i >= 0 and words[i].role not in ("end", "ask", "line") and steps < _FAR:
        if words[i].role == "if":
            return True
        if words[i].role == "so":
            return False
        i -= 1
        steps += 1
    return False


def _after_noun(words: list[Word], i: int) -> bool:
    """Whether a dash joins like a verb: "Answer - B"."""
    i -= 1
    while i >= 0 and words[i].role in ("wrap", "fill", "right"):
        i -= 1
    return i >= 0 and words[i].role in ("noun", "right")


def _numbered(words: list[Word], i: int) -> bool:
    """Whether this is a list's number: the "1" of "1. B"."""
    return words[i].kind == "number" and i + 1 < len(words) and _numbering(words, i + 1)


def _numbering(words: list[Word], i: int) -> bool:
    """Whether a full stop belongs to a list's number: "1. B"."""
    return i >= 1 and words[i - 1].kind == "number" and (i == 1 or words[i - 2].role == "line")


def _cross(words: list[Word], i: int) -> int | None:
    """Where the line before ends that leads over to this one: "The answer is:", "## Answer"; None when it does not."""
    while i >= 0 and words[i].role in ("line", "wrap"):
        i -= 1
    if i < 0:
        return None
    if words[i].role in ("colon", "be"):
        return i
    end, steps = i, 0
    while i >= 0 and words[i].role in ("noun", "fill", "right", "wrap", "symbol") and steps < 8:
        i -= 1
        steps += 1
    heading = i < 0 or words[i].role == "line"
    return end if heading and any(word.role == "noun" for word in words[i + 1 : end + 1]) else None


def _look_right(words: list[Word], place: int, polar: bool) -> _Right:
    right = _Right()
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
        right.asked = _ends(words, i + 1) and i + 1 < n and words[i + 1].role == "ask"
        return right
    right.ends = False
    bracket = right.pause
    if role in ("comma", "dash", "colon", "why") or bracket:
        right.pause = True
        right.denied = not polar and _denied_after_pause(words, i)
        right.doubt = _doubted_to_end(words, i)
        right.right = role in ("dash", "colon") and _right_to_end(words, i + 1)
        right.supposed = not bracket and _if_to_end(words, i)
        right.asked = _asked(words, i)
        return right
    _predicate(words, i, right)
    right.asked = _asked(words, i) and not right.right
    if right.right and _asked(words, i):
        right.asked, right.right = True, False
    return right


_AS = frozenset(["as", "als", "comme", "como", "come", "som", "jako", "как"])


def _predicate(words: list[Word], i: int, right: _Right) -> None:
    """What is said of the choice by the words that follow it at once."""
    n, start = len(words), i
    verb = would = False
    while i < n and i - start < 9:
        word, role = words[i], words[i].role
        if role in ("be", "would"):
            verb, would = True, would or role == "would"
        elif word.text in _AS:
            verb = True
        elif role == "not":
            right.denied = not _choice_next(words, i)
            return
        elif role == "wrong":
            right.denied = True
            return
        elif role == "maybe":
            right.doubt = True
        elif role == "right" or (role in ("noun", "field") and verb):
            if _denied_later(words, i):
                right.denied = True
                return
            right.right = True
            right.supposed = _if_to_end(words, i) or (would and not _ends_soon(words, i))
            return
        elif role == "if":
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


def _denied_later(words: list[Word], i: int) -> bool:
    """Whether the denial closes the sentence, as in Korean, Japanese or Hindi: "B is the answer not"."""
    i += 1
    while i < len(words) and words[i].role in ("be", "fill", "tail", "noun", "field", "right", "wrap"):
        i += 1
    return i < len(words) and words[i].role == "not" and not _choice_next(words, i)


def _verb_last(words: list[Word], i: int) -> bool:
    """Whether the verb closes the sentence behind the choice, as in Hindi or Persian."""
    while i < len(words) and words[i].role in ("be", "tail", "wrap"):
        i += 1
    return _ends(words, i)


def _ends(words: list[Word], i: int) -> bool:
    return i >= len(words) or words[i].role in ("end", "ask", "line")


def _ends_soon(words: list[Word], i: int) -> bool:
    """Whether nothing but the noun follows: "would be the right answer."."""
    i += 1
    while i < len(words) and words[i].role in ("noun", "right", "wrap", "tail"):
        i += 1
    return _ends(words, i) or words[i].role == "comma"


def _choice_next(words: list[Word], i: int) -> bool:
    i += 1
    while i < len(words) and words[i].role in ("fill", "wrap", "noun", "be"):
        i += 1
    return i < len(words) and words[i].choice is not None


def _denied_after_pause(words: list[Word], i: int) -> bool:
    """ "B - no", "B: not correct", "B, wrong": a denial that the sentence ends with."""
    denied = False
    start = i
    while i < len(words) and i - start < 8 and not _ends(words, i):
        role = words[i].role
        if role in ("not", "wrong"):
            denied = True
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
    return denied and _ends(words, i)


def _right_to_end(words: list[Word], i: int) -> bool:
    """ "B: correct"."""
    found = False
    while i < len(words) and not _ends(words, i):
        found = found or words[i].role == "right"
        if words[i].role not in ("right", "fill", "noun", "wrap", "be", "tail"):
            return False
        i += 1
    return found


def _doubted_to_end(words: list[Word], i: int) -> bool:
    """ "B, I guess", "B, but I am not sure"."""
    start = i
    doubted = False
    while i < len(words) and i - start < _FAR and not _ends(words, i):
        if words[i].role == "unsure":
            return True
        if words[i].role == "maybe" and i - start <= 4:
            doubted = True
        elif words[i].choice is not None or words[i].role in ("so",) or (doubted and words[i].role not in ("fill", "wrap", "why", "maybe", "not")):
            return False
        i += 1
    return doubted


def _if_to_end(words: list[Word], i: int) -> bool:
    """Whether the sentence goes on with a condition."""
    start = i
    while i < len(words) and i - start < 12 and not _ends(words, i):
        if words[i].role == "if":
            return True
        if words[i].choice is not None:
            return False
        i += 1
    return False


def _asked(words: list[Word], i: int) -> bool:
    """Whether the sentence is a question."""
    start = i
    while i < len(words) and i - start < _FAR:
        if words[i].role in ("end", "line"):
            return False
        if words[i].role == "ask":
            return True
        i += 1
    return False


def _join(said: Said, left: _Left, right: _Right, by_place: dict[int, Said], words: list[Word]) -> None:
    """Two choices side by side: "A or B" names several, "not A but B" hands the statement on, "B rather than A" does not."""
    if left.before is None:
        return
    other = by_place.get(id(left.before))
    if other is None or other.index == said.index:
        return
    joins = left.joins
    if "but" in joins or (other.stance == "denies" and "or" not in joins and "and" not in joins and "not" not in joins):
        if other.stance in ("denies", *STATED, "line", "opens", "mentions") and said.stance not in (
            "denies",
            "doubts",
            "supposes",
        ):
            ends = right.ends or right.pause or right.right
            said.stance = "states" if ends and not right.verb and said.stance not in STATED else said.stance
            if "but" in joins and other.stance != "denies" and said.stance in STATED:
                other.stance = "names"
        return
    if said.stance == "denies":
        if "not" not in joins and "or" in joins and other.stance != "denies":
            other.stance = "several"
        elif "not" not in joins and "and" in joins and right.denied and other.stance in ("names", "mentions", "line"):
            other.stance = "denies"
        return
    if "why" in joins or "so" in joins or "redo" in joins or ("be" in joins and "or" not in joins and "and" not in joins):
        return
    if (
        "or" in joins
        or "and" in joins
        or not joins
        or ("comma" in joins and (right.ends or right.pause) and not right.verb)
    ):
        if joins == ["comma"] and other.stance == "opens" and said.stance in STATED and left.be:
            return
        framed = other.framed or other.stance in STATED or said.stance in STATED
        for one in (other, said):
            if one.stance != "denies":
                one.stance, one.framed = "several", framed


def _gesture(words: list[Word], place: int, known: Labelled) -> str | None:
    """What a word does to the whole reply."""
    role = words[place].role
    if role == "redo":
        if known.polar and len(words[place].text) > 8 and any(part in words[place].text for part in _WRONG_PARTS):
            return None
        if (
            place
            and words[place - 1].role not in _BREAKS
            and not (words[place - 1].role == "fill" and words[place - 1].text in _HUMS)
        ):
            return None
        return "retracts" if words[place].text not in _SOFT else "turns"
    if role == "turn":
        return "turns"
    if role == "unsure":
        return "unsure"
    if role == "wrong" and not known.polar and _stands_alone(words, place):
        return "retracts" if place == 0 or words[place - 1].role in ("end", "ask", "line") else None
    if role == "not" and not known.polar and _stands_alone(words, place):
        opens = place == 0 or words[place - 1].role in ("end", "ask", "line", "dash", "comma")
        return "retracts" if opens else None
    if role == "be" or role == "colon":
        return _outside(words, place, known)
    return None


_BREAKS = frozenset(("end", "ask", "line", "comma", "dash", "colon", "redo", "turn", "so", "wrap", "not", "or"))
_HUMS = frozenset(["oh", "ah", "ok", "okay", "well", "yes"])
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
_SOFT = frozenset(
    ["sorry", "i", "apologize", "i", "mean", "perdón", "perdon", "lo", "siento", "désolé", "pardon", "desculpe", "scusa", "sorry", "抱歉", "对不起", "對不起", "すみません", "죄송합니다", "maaf", "xin", "lỗi"]
) | {"i apologize", "i mean", "lo siento", "xin lỗi"}


def _outside(words: list[Word], place: int, known: Labelled) -> str | None:
    """ "The answer is E" where there is no E."""
    after = place + 1
    while after < len(words) and words[after].role == "wrap":
        after += 1
    if after >= len(words) or words[after].kind != "word" or words[after].choice is not None:
        return None
    word = words[after]
    if len(word.text) != 1 or not word.text.isascii() or word.end - word.start != 1 or not _ends(words, after + 1):
        return None
    before = place - 1
    while before >= 0 and words[before].role in ("fill", "wrap", "right"):
        before -= 1
    return (
        "outside" if before >= 0 and words[before].role == "noun" and word.text.upper() not in known.by_label else None
    )
