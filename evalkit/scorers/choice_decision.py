"""Which choice a reply answers with, by what it states of each: rules 2 to 4 of `choice_reading`.

Statements are gone through from left to right. What names a choice as the answer outranks what only states it; among
equals the last counts; a denial, a doubt or a "wait" behind it takes it back.
"""

from __future__ import annotations

from evalkit.scorers.choice_set import ChoiceReading, ChoiceSet, is_unknown, says_unknown
from evalkit.scorers.clause_words import OTHERS
from evalkit.scorers.languages import phrases_of
from evalkit.scorers.reply_lines import (
    NAMED,
    find_last_line,
    first_word,
    is_listed,
    last_words,
    list_begins,
    not_offered,
    sentences_between,
    side_by_side,
    stands_apart,
    whole_line,
)
from evalkit.scorers.reply_words import Word, fold, phrase_set
from evalkit.scorers.said_before import REASONS
from evalkit.scorers.sentences import ends, stands_alone
from evalkit.scorers.stances import Statement

LONGEST_FOR_MENTIONS = 600
"""Characters. In longer replies (derivations, lists) a lone `(C)` is more often a formula than an answer."""


def named_by_answer(words: list[Word], one: Statement) -> bool:
    return any(word.role in ("noun", "choose") for word in words[max(0, one.place - 4) : one.place])


class _State:
    """The answer so far."""

    def __init__(self) -> None:
        self.index: int | None = None
        self.tier = 0  # 4: named as the answer, 3: stated, 2: opens the reply
        self.place = 0
        self.why = ""
        self.blocked = ""
        self.past = False  # the answer so far is one of another time: "the answer was B"
        self.retracted = -1  # the place of a "wait" that no choice has followed yet
        self.turned = -1
        self.checked: int | None = None
        """The answer that a "wait" took back, until the reply affirms it or names another one."""
        self.named = (-1, -1)  # the place and the index of the choice named last

    def take(self, index: int | None, tier: int, place: int, why: str) -> None:
        self.index, self.tier, self.place, self.why, self.blocked = index, tier, place, why, ""
        self.retracted = self.turned = -1

    def drop(self, why: str) -> None:
        self.index, self.tier, self.blocked = None, 0, why


_PAUSES = phrase_set(
    "wait|no wait|hold on|moment|warte|halt|attends|attendez|espera|aspetta|wacht|czekaj|подождите|стоп"
    "|等等|等一下|待って|잠깐"
)
"""They take an answer back, and may introduce a check that bears it out."""
_NEAR = 14
"""Words behind "wait" or "actually" within which a choice is what the correction says."""


def weigh(words: list[Word], said: list[Statement], known: ChoiceSet, size: int) -> ChoiceReading:
    """Rules 2 to 4."""
    state = _State()
    last_line = find_last_line(words)
    opened = is_listed(words, said)
    lines: dict[int, int] = {}
    absent = not_offered(words, said)
    said = [one for one in said if one.index not in absent or words[one.place].how != "text" or one.stance not in NAMED]
    for one in said:
        _apply(state, one, words, known, last_line, opened, lines)
        if one.index is not None:
            state.named = (one.place, one.index)
    if state.index is not None:
        return ChoiceReading(state.index, state.why)
    if state.blocked:
        return ChoiceReading(None, state.blocked)
    return _mentioned(said, known, size)


def _apply(
    state: _State,
    one: Statement,
    words: list[Word],
    known: ChoiceSet,
    last_line: int,
    listed: bool,
    lines: dict[int, int],
) -> None:
    """Let one thing that is said change the answer so far."""
    place, stance, index = one.place, one.stance, one.index
    if stance in ("retracts", "turns", "unsure", "outside", "denies it", "affirms"):
        unknown = stance == "unsure" and says_unknown(words[place].text) and is_unknown(state.index, known)
        if not unknown:  # "The answer is C: we cannot know." where C says so
            _apply_gesture(state, one, words)
        return
    if _apply_beside(state, one, words):
        return
    corrects = max(state.retracted, state.turned)
    near = corrects >= 0 and place - corrects <= _NEAR and stance in ("line", "opens", "mentions")
    if (
        stance == "answers"
        or near
        or (stance == "states" and (state.tier < 4 or corrects >= 0 or (state.past and one.now)))
    ):
        state.take(index, 3 + (stance == "answers"), place, "final statement")
        state.past = one.past
    elif stance in ("line", "opens"):
        _apply_line(state, one, words, last_line, listed)
    elif stance == "clash":
        state.drop(f"{known.labels[index or 0]} stands with the text of another choice")
    elif stance == "several":
        opens = state.tier < 3 and (one.framed or first_word(words, place))
        beside = state.index is not None and side_by_side(words, state.place, place)
        if opens or beside or (one.framed and named_by_answer(words, one)):
            state.drop("more than one choice is named")
    elif stance == "denies" and state.index == index:
        state.drop("the answer is taken back")
    elif stance == "asks" and state.index not in (None, index) and _or_before(words, place):
        state.drop("the reply is in doubt")  # "B. Or is it C?"
    elif stance == "doubts":
        _apply_doubt(state, one, words, index, n=len(known.labels))


def _added(state: _State, one: Statement, words: list[Word]) -> bool:
    """Whether the choice is put behind a sentence that names another one: "The answer is B, oh no, C."."""
    before, index = state.named
    if index in (-1, one.index) or one.place - before > _NEAR or not _trails(words, one.place):
        return False
    between = words[before + 1 : one.place]
    if any(word.role in ("end", "ask", "line") and word.text != ";" for word in between):
        return False
    corrected = any(
        word.role in ("redo", "turn") or (word.role == "not" and stands_alone(words, before + 1 + n))
        for n, word in enumerate(between)
    )
    if corrected:
        state.take(one.index, 3, one.place, "final statement")
    elif state.index == index:
        state.drop("more than one choice is named")
    else:
        return False
    return True


def _trails(words: list[Word], place: int) -> bool:
    """Whether a choice ends its sentence and nothing but small words stands between it and a comma."""
    if not ends(words, place + 1):
        return False
    place -= 1
    while place > 0 and words[place].role in ("fill", "wrap", "noun", "be", "tail", "redo", "turn"):
        place -= 1
    return words[place].role in ("comma", "dash", "redo", "turn") or words[place].text == ";"


def _apply_beside(state: _State, one: Statement, words: list[Word]) -> bool:
    """What stands beside the answer so far and changes it, though nothing is said of it by itself."""
    place, stance, index = one.place, one.stance, one.index
    if stance in ("answers", "states") and index is not None and list_begins(words, place, index):
        return True  # "Possible answers:\nA. Paris\nB. Lyon"
    if state.index not in (None, index) and _opens_with_or(words, place):
        state.drop("more than one choice is named")  # "The answer is B. Or C."
        return True
    beside = state.tier == 2 and state.index != index and stance in ("names", "opens", "several")
    if beside and _next_clause(words, state, place):
        state.drop("more than one choice is named")  # "A for Paris, B for Lyon"
        return True
    if stance == "mentions" and place > 0 and words[place - 1].role == "ask" and whole_line(words, place):
        state.take(index, 3, place, "final statement")  # "B or C? B."
        return True
    return stance in ("names", "mentions", "several") and _added(state, one, words)


def _apply_line(state: _State, one: Statement, words: list[Word], last_line: int, listed: bool) -> None:
    """A choice that stands alone on a line or in a sentence, or opens the reply."""
    place = one.place
    if listed and not stands_apart(words, place):
        return
    first = place <= 2 and whole_line(words, place)
    if one.stance == "line" and place >= last_line:
        state.take(one.index, 4, place, "last line" if not first else "the reply names it alone")
    elif one.stance == "line" and first:
        state.take(one.index, 3, place, "first line")
    elif first_word(words, place):
        state.take(one.index, 2, place, "opening of the reply")


def _next_clause(words: list[Word], state: _State, place: int) -> bool:
    """Whether the choice opens a clause behind a comma, in the sentence whose first word is the answer so far."""
    comma = place > 0 and (words[place - 1].role in ("comma", "dash") or words[place - 1].text == ";")
    between = words[state.place + 1 : place]
    apart = any((word.role in ("end", "ask", "line") and word.text != ";") or word.text in REASONS for word in between)
    return comma and not apart


def _opens_with_or(words: list[Word], place: int) -> bool:
    before = place - 1
    while before > 0 and words[before].role == "fill":
        before -= 1
    return before > 0 and words[before].role == "or" and words[before - 1].role in ("end", "ask", "line")


def _it_may_be(words: list[Word], place: int) -> bool:
    """Whether the doubt names another answer: "I think it is B, but it might be C"; not "C might be argued", nor "many
    would guess C"."""
    if not ends(words, place + 1):
        return False
    doubts = [at for at in range(max(0, place - 3), place) if words[at].role == "maybe"]
    return any(not any(word.text in OTHERS for word in words[max(0, at - 3) : at]) for at in doubts)


def _or_before(words: list[Word], place: int) -> bool:
    return any(word.role == "or" for word in words[max(0, place - 3) : place])


def _apply_doubt(state: _State, one: Statement, words: list[Word], index: int | None, n: int) -> None:
    if (
        state.index is None
        or (sentences_between(words, state.place, one.place) == 0 and _it_may_be(words, one.place))
        or (n == 2 and sentences_between(words, state.place, one.place) <= 1)  # what is left of two is in doubt, too
        or (state.index != index and state.tier < 3)
        or (
            state.index != index
            and any(
                word.text in ("also", "or", "auch", "aussi", "también", "或")
                for word in words[max(0, one.place - 4) : one.place]
            )
        )
    ):
        state.drop("the reply is in doubt")


def _apply_gesture(state: _State, one: Statement, words: list[Word]) -> None:
    if one.stance == "turns":
        state.turned = one.place
    elif one.stance == "unsure":
        _apply_unsure(state, one, words)
    elif one.stance == "affirms":
        if state.retracted >= 0 and state.index is None and state.checked is not None:
            state.take(state.checked, 3, one.place, "affirmed after a check")
    elif one.stance == "denies it":
        if state.index is not None and state.index == state.named[1]:
            state.retracted = one.place
            state.drop("the next sentence denies the answer")
    elif one.stance == "outside":
        state.drop("the answer is none of the choices")
    elif state.index is None or sentences_between(words, state.place, one.place) <= 3:
        _apply_retraction(state, one, words)


def _apply_unsure(state: _State, one: Statement, words: list[Word]) -> None:
    if fold(words[one.place].text) in _GIVING_UP and last_words(words, one.place):
        state.drop("the reply gives no answer in the end")
    elif state.index is not None and sentences_between(words, state.place, one.place) <= 1:
        state.drop("the reply is in doubt")
    elif state.index is None:
        state.blocked = state.blocked or "the reply is in doubt"


def _apply_retraction(state: _State, one: Statement, words: list[Word]) -> None:
    said = fold(words[one.place].text)
    checks = said.startswith("let me") or said in _PAUSES
    state.retracted = one.place
    if state.index is not None:
        state.checked = state.index if checks else None
        state.drop("the answer is taken back")
    elif not checks:
        state.checked = None


_GIVING_UP = frozenset(fold(phrase) for phrase in phrases_of("gives_up"))


def _mentioned(said: list[Statement], known: ChoiceSet, size: int) -> ChoiceReading:
    """Rule 4."""
    if size > LONGEST_FOR_MENTIONS:
        return ChoiceReading(None, "no choice is named")
    named = {one.index for one in said if one.stance in ("mentions", "line", "opens") and one.index is not None}
    if len(named) > 1:
        return ChoiceReading(None, f"several choices are named: {', '.join(known.labels[i] for i in sorted(named))}")
    if any(one.stance in ("several", "doubts", "unsure", "asks", "clash") for one in said):
        return ChoiceReading(None, "the reply settles on no choice")
    denied = {one.index for one in said if one.stance in ("denies", "supposes")}
    beside = {one.index for one in said if one.stance == "names"}
    if len(known.labels) == 2 and beside - named and len(beside | named) > 1:
        return ChoiceReading(None, "both choices are named")
    if len(known.labels) == 2 and beside - named:
        return ChoiceReading(None, "a choice is named, but not as the answer")
    return (
        ChoiceReading(named.pop(), "the only choice named")
        if named - denied
        else ChoiceReading(None, "no choice is named")
    )
