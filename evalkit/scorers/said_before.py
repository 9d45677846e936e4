"""What leads to a named choice: the words to its left, back to the beginning of its clause. See `choice_statements`."""

from __future__ import annotations

from dataclasses import field

from evalkit.frozen import dataclass
from evalkit.scorers.choice_texts import THINGS
from evalkit.scorers.clause_endings import WAS, little_sure
from evalkit.scorers.clause_words import (
    BUT,
    NOW,
    after_noun,
    assigns,
    cross,
    dated,
    is_certain_remark,
    is_short_line,
    joined,
    judged_clause,
    numbered,
    numbering,
    only_small,
    opens_that_clause,
    others_choose,
    parenthetical_start,
    puts_under,
    reason_opens,
    supposed_before,
    supposes,
)
from evalkit.scorers.reply_markup import ANSWER_MARK
from evalkit.scorers.reply_words import ARROW, Word, word_set
from evalkit.scorers.sentences import DENIES_BEFORE, FAR, options_begin, stands_alone


@dataclass(slots=True)
class Left:
    """What leads to a named choice, from its sentence's beginning."""

    be: bool = False
    noun: bool = False
    kind: bool = False
    """A word for what sorting assigns."""
    past: bool = False
    """The verb that joins it to its noun is in the past: "the answer was B"."""
    would: bool = False
    inside: bool = False
    """A preposition stands before it: "in option D"."""
    near_noun: bool = False
    right: bool = False
    choose: bool = False
    box: bool = False
    now: bool = False
    """A word such as "now" or "here" stands before it."""
    led: bool = False
    """By "so", "correction", "wait"."""
    colon: bool = False
    key: int = 0
    """Words before the colon on its line."""
    denials: int = 0
    passed: int = 0
    """Those of the denials that may belong to the choice before: "B wrong C"."""
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
    of_text: bool = False
    """The choice is named by its text, not by its label."""
    of_words: bool = False
    """That text begins with a letter."""


def look_left(words: list[Word], place: int) -> Left:  # noqa: PLR0912, PLR0915 - a table, read from the top
    left = Left(of_text=words[place].how == "text")
    left.of_words = left.of_text and words[place].text[:1].isalpha()
    bridged = 0  # words since the last that belongs to the frame
    crossed = broken = False
    seen = 0
    i = place - 1
    while i >= 0 and seen < FAR:
        word = words[i]
        role = word.role
        seen += 1
        if word.text == ANSWER_MARK:
            left.box = left.box or bridged == 0
        elif word.choice is not None:
            if left.before is None and bridged == 0 and _may_join(left.joins):
                left.before = word
            break
        elif role == "line":
            framed = left.noun or left.be or left.choose or left.box
            step = None if crossed or bridged or framed or options_begin(words, place) else cross(words, i)
            if step is None:
                left.first = bridged == 0
                break
            crossed, i = True, step + 1
        elif role in ("end", "ask"):
            if not (role == "end" and numbering(words, i)):
                break
        elif role in {"wrap", "tail"}:
            if word.text in ("(", "["):
                left.joins.append("bracket")
        elif word.text == ":" and bridged == 0 and reason_opens(words, i):
            left.led = True
            left.joins.append("so")
            break
        elif role == "comma" and bridged == 0 and is_certain_remark(words, i):
            i -= 2  # "It is, without question, B."
        elif role == "comma" and left.be and bridged == 0 and (start := parenthetical_start(words, i)):
            i = start  # "The answer, in fact, is B."
        elif role == "comma" or (role == "dash" and not after_noun(words, i)):
            left.joins.append("comma")
            if opens_that_clause(words, i):
                _take_matrix(left, words, i)
            if "but" not in left.joins and supposed_before(words, i):
                left.suppose = True
            if bridged == 0 and reason_opens(words, i):
                left.led = True
                left.joins.append("so")
                break
            if not (bridged == 0 and only_small(words, i)):
                broken = i > 0 and not left.joins[:-1]
                break
        elif numbered(words, i):
            pass
        elif words[i].text == "%" and i and words[i - 1].text == "100":
            i -= 1  # "100 % B"
        elif left.of_text and bridged == 0 and assigns(words, i):
            i, left.colon, left.key = i - 1, True, 1  # "So x = -7"
        elif dated(words, i):
            i, left.now = i - 1, True  # "since 2020 it is B"
        else:
            bridged, stop = _take_left(left, words, i, bridged)
            if stop:
                break
        i -= 1
    else:
        left.first = bridged == 0 and i < 0
    clause = "redo" in left.joins or ("but" in left.joins and left.near_noun)
    clause = clause or ("be" in left.joins and any(join in left.joins for join in ("comma", "but", "so")))
    left.alone = bridged == 0 and not broken and (left.before is None or clause)
    return left


def _may_join(joins: list[str]) -> bool:
    """Whether what stands between two choices may join them."""
    return len(joins) <= 6


def _take_left(left: Left, words: list[Word], i: int, bridged: int) -> tuple[int, bool]:
    """Take one word of the clause in: (words since the frame, whether the clause begins here).

    The parts below are asked in this order, and the first that knows the word takes it."""
    word, role = words[i], words[i].role
    left.doubt = left.doubt or little_sure(words, i)
    if word.text == "to conclude" and i > 0 and words[i - 1].role not in ("end", "ask", "line", "comma"):
        return bridged, False  # "it is too early to conclude that"
    if role in ("so", "redo", "turn"):
        return bridged, _opens_clause(left, words, i, bridged)
    left.now = left.now or word.text in NOW
    if word.text in BUT:
        left.led = left.led or (bridged == 0 and left.now)  # "B in general, but here C"
        left.joins.append("but")
        return bridged, not joined(words, i)
    if _denies(left, words, i, bridged) or _doubts(left, words, i, bridged) or _announces(left, words, i, bridged):
        return bridged, False
    in_frame = _frames(left, words, i, bridged)
    if in_frame is not None:
        return in_frame, False
    return _fills(left, words, i, bridged)


def _opens_clause(left: Left, words: list[Word], i: int, bridged: int) -> bool:
    """A word that leads to an answer ("so", "wait", "instead"): whether the clause begins with it."""
    word, role = words[i], words[i].role
    if role == "so" and word.text in _THEN:
        left.suppose = left.suppose or supposed_before(words, i - 1)
        if joined(words, i) and words[i - 1].role != "comma":
            left.joins.append("and")  # "B then C"
            return False
    left.led = left.led or bridged == 0
    if role == "so":
        left.joins.append("so")
        return True
    left.joins += ["but", "turn"] if role == "turn" else ["but" if word.text in BUT else role]
    return not (bridged == 0 and joined(words, i))


def _denies(left: Left, words: list[Word], i: int, bridged: int) -> bool:
    """Whether the word denies what follows, or what came before it."""
    word, role = words[i], words[i].role
    if word.text in DENIES_BEFORE and joined(words, i, across=("be",)):
        left.joins.append("but")
    elif role == "not" and stands_alone(words, i):
        left.led = left.led or bridged == 0
        left.joins.append("redo")
    elif role == "not":
        left.denials += 1
        left.joins.append("not")
    elif role == "wrong":
        counts = (bridged == 0 or left.be) and not left.inside
        left.denials += counts
        left.passed += counts and joined(words, i, across=("be",))
        left.joins.append("wrong")
    else:
        return False
    return True


def _doubts(left: Left, words: list[Word], i: int, bridged: int) -> bool:
    """Whether the word makes what follows unsure, supposed or somebody else's."""
    word, role = words[i], words[i].role
    if word.text in _RATHER and left.of_words and bridged == 0 and i > 0 and words[i - 1].role == "be":
        pass  # "the tone is rather negative"
    elif role in ("maybe", "unsure"):
        left.doubt = True
        left.joins.append("maybe")
    elif role == "says" or (role == "if" and supposes(words, i)):
        left.suppose = True
    else:
        return False
    return True


def _announces(left: Left, words: list[Word], i: int, bridged: int) -> bool:
    """Whether it is a sign behind which an answer stands: an arrow, a colon, a dash, "="."""
    word, role = words[i], words[i].role
    if word.text == ARROW and joined(words, i):
        left.joins.append("comma" if left.joins else "or")  # "A -> no, B", "A -> B"
    elif role in ("colon", "dash") and (word.text == ":" or after_noun(words, i) or is_short_line(words, i)):
        left.colon = left.colon or bridged == 0
        left.kind = left.kind or (bridged == 0 and words[i - 1].text in _FINAL)
        _take_key(left, words, i)
    elif word.text == "=" and i >= 1 and (i == 1 or words[i - 2].role == "line"):
        left.colon = left.colon or bridged == 0
        left.key = 1
    else:
        return role == "colon" and (
            i == 0 or words[i - 1].role == "be" or (word.text != "=" and words[i - 1].role == "line")
        )
    return True


def _frames(left: Left, words: list[Word], i: int, bridged: int) -> int | None:
    """Words since the frame of an answer ("the right answer that I choose is"), where this word may belong to it; None
    where it does not."""
    word, role = words[i], words[i].role
    if role in ("be", "would"):
        left.would = left.would or (role == "would" and not left.be)
        left.past = left.past or (word.text in WAS and not left.be)
        left.be = left.be or bridged == 0
        left.joins.append("be")
    elif word.text in THINGS and left.of_text and (bridged == 0 or left.be):
        left.kind = True
    elif role == "field":
        left.kind = left.kind or left.be or left.colon or bridged == 0
        left.bridged = max(left.bridged, bridged)
    elif role == "noun":
        return _take_noun(left, words, i, bridged)
    elif role == "right":
        left.right = left.right or bridged <= 1
    elif role == "choose":
        if not left.choose and bridged <= 1 and others_choose(words, i):
            left.suppose = True
        left.choose = left.choose or bridged <= 1
        return 0 if left.choose else bridged
    else:
        return None
    return bridged


def _take_noun(left: Left, words: list[Word], i: int, bridged: int) -> int:
    """Take in a word for what is offered or asked for: words since the frame."""
    word = words[i]
    if word.text in _LISTED and (words[i + 1].text in _ARE or (left.colon and not left.be)):
        return bridged + 1
    if left.colon and not left.be and i > 0 and words[i - 1].text in _EACH:
        return bridged + 1  # "consider each choice:"
    left.near_noun = left.near_noun or (bridged == 0 and not left.be and not left.colon)
    left.noun = left.noun or (bridged <= 8 and (left.be or left.colon)) or bridged == 0
    return 0 if left.noun and (left.be or left.colon) else bridged


def _fills(left: Left, words: list[Word], i: int, bridged: int) -> tuple[int, bool]:
    """Take in any other word, as `_take_left` does."""
    word, role = words[i], words[i].role
    if role in ("or", "and"):
        left.joins.append(role)
        return bridged + (role == "and" and not joined(words, i)), False
    if bridged == 0 and puts_under(words, i):
        left.choose = True  # "I'd classify this ticket as pending"
        return bridged, False
    if role not in ("fill", "why"):
        return bridged + 1, False
    if role == "why":
        left.joins.append("why")
        if word.text in REASONS:
            return bridged + 1, True
    left.suppose = left.suppose or judged_clause(words, i)
    left.inside = left.inside or (word.text in _PREPOSITIONS and not left.be and not left.colon)
    return bridged, False


_RATHER = word_set("eher plutôt about")
"""Before a label's text they say how much, or what it is about; before a letter or a number they doubt."""


_THEN = word_set("then dann alors entonces então allora dan то тогда wtedy тоді 那么 そのとき 그러면 thì maka så")


_LISTED = word_set("options choices optionen möglichkeiten choix opciones opções opzioni варианты opcje seçenekler")


_EACH = word_set("each every jede jeder jedes jeden chaque cada ogni elke każdą каждый кожен her setiap mỗi varje hver")


_ARE = word_set("are were sind waren sont étaient son eran são eram sono erano zijn")
"""They announce what is offered where a colon follows, not an answer."""


REASONS = word_set(
    "because since while whereas although though weil denn obwohl car parce puisque porque aunque poiché perché "
    "omdat "
    "want потому поскольку ponieważ çünkü karena"
)
"""They open a clause to which the answer before has no say: "B is right because Paris (A) is ..."."""


_PREPOSITIONS = word_set(
    "after before above below behind beyond near against in for with of by from on für bei en pour dans para por per"
)


_FINAL = word_set("final finale finally endgültig итог итого وأخيرا 最終 最终 最後 最后")
"""They name an answer where a colon follows."""


def _take_key(left: Left, words: list[Word], i: int) -> None:
    left.key = 0
    while (
        left.key < 12 and i - left.key - 1 >= 0 and words[i - left.key - 1].role not in ("line", "end", "ask", "comma")
    ):
        left.key += 1


def _take_matrix(left: Left, words: list[Word], comma: int) -> None:
    """What the clause before "that" denies, doubts or reports holds for what follows."""
    i = comma - 1
    while i >= 0 and comma - i < FAR and words[i].role not in ("end", "ask", "line", "so") and words[i].choice is None:
        role = words[i].role
        left.denials += role in ("not", "wrong")
        left.doubt = left.doubt or role in ("maybe", "unsure")
        left.suppose = left.suppose or role in ("if", "says")
        i -= 1
