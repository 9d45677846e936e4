r"""Which choice a reply names: careful reading, and None rather than a guess.

    read_choice("B is tempting, but the answer is (C).", ("x", "y", "z"))   # ChoiceReading(2, "final statement")
    read_choice("A or B", ("x", "y", "z"))                                  # ChoiceReading(None, ...)

The rules, the first that decides:

1. The reply is a letter or a choice's text and nothing else: `C`, `c`, `(C)`, `**C**`, `\boxed{C}`,
`<answer>C</answer>`, `{"answer": "C"}`.
2. Final statements, in some thirty languages: "the answer is C", "Antwort: C", "option C is correct", "I choose C",
"so C", a last line that
   is only a choice. The last one wins. Denying the choice, a "wait" or an "I am not sure" behind it takes it
   back; one that names two
   choices, or a label with another choice's text, decides for none. Questions, suppositions and remarks about
   other choices do not count.
3. What opens the reply: `C) text`, `C, because`, `Yes, it does`. Lines that open with different choices (a list of
them) decide for none.
4. In a reply of up to 600 characters, the one choice that is named in brackets, after "option", or at the end of
"the ... is".

A reply that only doubts ("maybe C", "probably true", "either A or C") or denies names no choice. Small letters count
only where they
stand alone. "A" and "I" are also English words: followed by more words they count only when marked. Choices are
labelled A, B, C ...;
where there are more than 26, they are labelled 1, 2, 3 ... instead.
"""

from __future__ import annotations

import re
from fractions import Fraction

from evalkit.scorers.labelled import (
    ANSWER_MARK,
    ChoiceReading,
    Labelled,
    is_unknown,
    plain,
    prepare,
    says_unknown,
    simplify,
    words_of,
)
from evalkit.scorers.labels import LETTERS, labels
from evalkit.scorers.languages import phrases_of
from evalkit.scorers.not_offered import NAMED, not_offered
from evalkit.scorers.reply_words import Word, fold, word_set
from evalkit.scorers.said_before import OTHERS, REASONS
from evalkit.scorers.sentences import ends, opens_line, stands_alone
from evalkit.scorers.statements import Statement, statements
from evalkit.scorers.struck import with_boxes, without_struck
from evalkit.scorers.wrappers import open_tags, read_object

__all__ = ["LETTERS", "ChoiceReading", "labels", "read_choice"]

LONGEST_FOR_MENTIONS = 600
"""Characters. In longer replies (derivations, lists) a lone `(C)` is more often a formula than an answer."""
LONGEST_REPLY = 32_000
"""Characters that are read: of a longer reply its beginning and its end."""
_HEAD = 4_000


def read_choice(reply: str, choices: tuple[str, ...], *, pick: str = "last") -> ChoiceReading:
    """The choice that the reply names, by the rules above.

    `pick: first` lets the first final statement decide instead of the last, and reads no last line: for base models,
    which answer and then go on to invent the next question with its own answer.
    """
    known = prepare(choices)
    bare = reply.strip()
    if len(bare) == 1 and bare in known.by_label and bare.casefold() not in known.by_text:
        return ChoiceReading(
            known.by_label[bare], "letter alone"
        )  # what well-behaved models say: nothing else is tried
    if len(reply) > LONGEST_REPLY:
        kept = reply[:LONGEST_REPLY] if pick == "first" else reply[:_HEAD] + "\n" + reply[_HEAD - LONGEST_REPLY :]
        reply = kept
    reply = reply.replace(ANSWER_MARK, " ")
    text = simplify(open_tags(with_boxes(without_struck(reply))))
    if (reading := _read_whole(text, known) or _read_fraction(text, known)) is not None:
        return reading
    runs_on = pick == "first" and not bare.startswith("{")
    if (
        not runs_on
        and (reading := read_object(reply, known, lambda part: _read_alone(simplify(part), known))) is not None
    ):
        return reading
    if pick == "first":
        paragraph = text[: end + 2] if (end := text.find("\n\n", 1)) > 0 else ""
        if paragraph and (early := _first_answer(words_of(paragraph, known), known)) is not None:
            return early
    words = words_of(text, known)
    said = statements(words, known)
    if pick == "first":
        return _first(words, said, known, len(text))
    reading = _weigh(words, said, known, len(text))
    return (_only_bold(reply, words, known) or reading) if reading.index is None else reading


_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_LONGEST_FOR_BOLD = 300
_SPEAKERS = word_set("i you your we our us me my ich du sie wir je tu vous nous yo tú usted io voi eu você я ты вы мы")
_UNSURE_ROLES = frozenset(("not", "wrong", "maybe", "unsure", "if", "says", "or", "redo", "turn", "would", "ask"))


def _only_bold(reply: str, words: list[Word], known: Labelled) -> ChoiceReading | None:
    """The choice whose text is all that one plain sentence puts in bold: "Insulin is made in the **pancreas**."."""
    if len(reply) > _LONGEST_FOR_BOLD or known.polar:
        return None
    bold = _BOLD.findall(reply)
    index = known.by_text.get(plain(simplify(bold[0]))) if len(bold) == 1 else None
    body = [word for word in words if word.role not in ("wrap", "line")]
    while body and body[-1].role == "end":
        body.pop()
    said = {word.choice for word in body if word.choice is not None}
    if index is None or said != {index} or any(word.text in _SPEAKERS for word in body):
        return None
    if any(word.role in _UNSURE_ROLES or word.role == "end" for word in body):
        return None
    return ChoiceReading(index, "the only words in bold")


def _read_whole(text: str, known: Labelled) -> ChoiceReading | None:
    """A reply that is a choice's text from end to end; a label is left to the words."""
    index = known.by_text.get(plain(text)) if len(text) <= 2_000 else None
    if index is None or plain(text).upper() in known.by_label or _is_question(text, known.texts[index]):
        return None
    return ChoiceReading(index, "text of a choice")


_FRACTION = re.compile(r"\s*(-?[0-9]{1,9}) ?[/⁄] ?([1-9][0-9]{0,8})\s*\.?\s*")
_DECIMAL = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


def _read_fraction(text: str, known: Labelled) -> ChoiceReading | None:
    """A reply that is a fraction and nothing else, where the choices are decimals: "1/2" is 0.5."""
    said = _FRACTION.fullmatch(text)
    if said is None or not all(_DECIMAL.fullmatch(choice) for choice in known.by_text):
        return None
    value = Fraction(int(said[1]), int(said[2]))
    equal = [index for choice, index in known.by_text.items() if Fraction(choice) == value]
    return ChoiceReading(equal[0], "value of a choice") if len(equal) == 1 else None


def _is_question(text: str, words: tuple[str, ...]) -> bool:
    return text.rstrip().endswith(("?", "？", "؟")) and words[-1:] != ("?",)


def _read_alone(text: str, known: Labelled) -> ChoiceReading | None:
    """A field's value: a label or a text and nothing else."""
    if (reading := _read_whole(text, known)) is not None:
        return reading
    words = (
        [word for word in words_of(text, known) if word.role not in ("wrap", "end", "line")]
        if len(text) < 2_000
        else []
    )
    if len(words) == 1 and words[0].choice is not None and not words[0].clash:
        return ChoiceReading(words[0].choice, "letter alone")
    return None


def _first(words: list[Word], said: list[Statement], known: Labelled, size: int) -> ChoiceReading:
    """For replies that run on: the first answer that is named as such, else the first statement, else what rules
    2 to 4 find."""
    if (reading := _first_answer(words, known)) is not None:
        return reading
    if size > LONGEST_FOR_MENTIONS:
        return _weigh(
            words, [one for one in said if one.stance != "states"], known, size
        )  # "A is true" in a derivation
    first = next((one for one in said if one.stance == "states"), None)
    return _weigh(words, said, known, size) if first is None else ChoiceReading(first.index, "final statement")


def _first_answer(words: list[Word], known: Labelled) -> ChoiceReading | None:
    for one in statements(words, known):
        if one.stance == "answers":
            return ChoiceReading(one.index, "final statement")
        if one.stance == "several" and one.framed and _named_by_answer(words, one):
            return ChoiceReading(None, "the statement names more than one choice")
        if one.stance == "clash":
            return ChoiceReading(None, f"{known.labels[one.index or 0]} stands with the text of another choice")
    return None


def _named_by_answer(words: list[Word], one: Statement) -> bool:
    return any(word.role in ("noun", "choose") for word in words[max(0, one.place - 4) : one.place])


class _State:
    """The answer so far."""

    def __init__(self) -> None:
        self.index: int | None = None
        self.tier = 0  # 4: named as the answer, 3: stated, 2: opens the reply
        self.place = 0
        self.why = ""
        self.blocked = ""
        self.retracted = -1  # the place of a "wait" that no choice has followed yet
        self.turned = -1
        self.named = (-1, -1)  # the place and the index of the choice named last

    def take(self, index: int | None, tier: int, place: int, why: str) -> None:
        self.index, self.tier, self.place, self.why, self.blocked = index, tier, place, why, ""
        self.retracted = self.turned = -1

    def drop(self, why: str) -> None:
        self.index, self.tier, self.blocked = None, 0, why


_NEAR = 14
"""Words behind "wait" or "actually" within which a choice is what the correction says."""


def _weigh(words: list[Word], said: list[Statement], known: Labelled, size: int) -> ChoiceReading:
    """Rules 2 to 4."""
    state = _State()
    last_line = _last_line(words)
    opened = _listed(words, said)
    lines: dict[int, int] = {}
    absent = not_offered(words, said)
    said = [one for one in said if one.index not in absent or words[one.place].how != "text" or one.stance not in NAMED]
    for one in said:
        _settle(state, one, words, known, last_line, opened, lines)
        if one.index is not None:
            state.named = (one.place, one.index)
    if state.index is not None:
        return ChoiceReading(state.index, state.why)
    if state.blocked:
        return ChoiceReading(None, state.blocked)
    return _mentioned(said, known, size)


def _settle(
    state: _State,
    one: Statement,
    words: list[Word],
    known: Labelled,
    last_line: int,
    listed: bool,
    lines: dict[int, int],
) -> None:
    """Let one thing that is said change the answer so far."""
    place, stance, index = one.place, one.stance, one.index
    if stance in ("retracts", "turns", "unsure", "outside", "denies it"):
        unknown = stance == "unsure" and says_unknown(words[place].text) and is_unknown(state.index, known)
        if not unknown:  # "The answer is C: we cannot know." where C says so
            _settle_gesture(state, one, words)
        return
    if _settle_beside(state, one, words):
        return
    corrects = max(state.retracted, state.turned)
    near = corrects >= 0 and place - corrects <= _NEAR and stance in ("line", "opens", "mentions")
    if stance == "answers" or near or (stance == "states" and (state.tier < 4 or corrects >= 0)):
        state.take(index, 3 + (stance == "answers"), place, "final statement")
    elif stance in ("line", "opens"):
        _settle_line(state, one, words, last_line, listed)
    elif stance == "clash":
        state.drop(f"{known.labels[index or 0]} stands with the text of another choice")
    elif stance == "several":
        opens = state.tier < 3 and (one.framed or _first_word(words, place))
        beside = state.index is not None and _side_by_side(words, state.place, place)
        if opens or beside or (one.framed and _named_by_answer(words, one)):
            state.drop("more than one choice is named")
    elif stance == "denies" and state.index == index:
        state.drop("the answer is taken back")
    elif stance == "asks" and state.index not in (None, index) and _or_before(words, place):
        state.drop("the reply is in doubt")  # "B. Or is it C?"
    elif stance == "doubts":
        _settle_doubt(state, one, words, index, n=len(known.labels))


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


def _settle_beside(state: _State, one: Statement, words: list[Word]) -> bool:
    """What stands beside the answer so far and changes it, though nothing is said of it by itself."""
    place, stance, index = one.place, one.stance, one.index
    if stance in ("answers", "states") and index is not None and _list_begins(words, place, index):
        return True  # "Possible answers:\nA. Paris\nB. Lyon"
    if state.index not in (None, index) and _opens_with_or(words, place):
        state.drop("more than one choice is named")  # "The answer is B. Or C."
        return True
    beside = state.tier == 2 and state.index != index and stance in ("names", "opens", "several")
    if beside and _next_clause(words, state, place):
        state.drop("more than one choice is named")  # "A for Paris, B for Lyon"
        return True
    if stance == "mentions" and place > 0 and words[place - 1].role == "ask" and _whole_line(words, place):
        state.take(index, 3, place, "final statement")  # "B or C? B."
        return True
    return stance in ("names", "mentions", "several") and _added(state, one, words)


def _settle_line(state: _State, one: Statement, words: list[Word], last_line: int, listed: bool) -> None:
    """A choice that stands alone on a line or in a sentence, or opens the reply."""
    place = one.place
    if listed and not _stands_apart(words, place):
        return
    first = place <= 2 and _whole_line(words, place)
    if one.stance == "line" and place >= last_line:
        state.take(one.index, 4, place, "last line" if not first else "the reply names it alone")
    elif one.stance == "line" and first:
        state.take(one.index, 3, place, "first line")
    elif _first_word(words, place):
        state.take(one.index, 2, place, "opening of the reply")


def _side_by_side(words: list[Word], first: int, second: int) -> bool:
    """Whether only a comma parts two choices: "B, C or D"."""
    between = words[first + 1 : second] if second - first < 6 else []
    return bool(between) and all(word.role in ("comma", "wrap", "or") and word.text != "(" for word in between)


def _list_begins(words: list[Word], place: int, index: int) -> bool:
    """Whether the choice opens a line and the next choice opens the next line, as where the options are repeated."""
    if not opens_line(words, place) or not _whole_line(words, place):
        return False
    place += 1
    while place < len(words) and words[place].role != "line":
        place += 1
    place += 1
    while place < len(words) and words[place].role in ("wrap", "dash"):
        place += 1
    return place < len(words) and words[place].choice == index + 1


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


def _settle_doubt(state: _State, one: Statement, words: list[Word], index: int | None, n: int) -> None:
    if (
        state.index is None
        or (_sentences_between(words, state.place, one.place) == 0 and _it_may_be(words, one.place))
        or (n == 2 and _sentences_between(words, state.place, one.place) <= 1)  # what is left of two is in doubt, too
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


def _settle_gesture(state: _State, one: Statement, words: list[Word]) -> None:
    if one.stance == "turns":
        state.turned = one.place
    elif one.stance == "unsure":
        if fold(words[one.place].text) in _GIVING_UP and _last_words(words, one.place):
            state.drop("the reply gives no answer in the end")
        elif state.index is not None and _sentences_between(words, state.place, one.place) <= 1:
            state.drop("the reply is in doubt")
        elif state.index is None:
            state.blocked = state.blocked or "the reply is in doubt"
    elif one.stance == "denies it":
        if state.index is not None and state.index == state.named[1]:
            state.retracted = one.place
            state.drop("the next sentence denies the answer")
    elif one.stance == "outside":
        state.drop("the answer is none of the choices")
    elif state.index is None or _sentences_between(words, state.place, one.place) <= 3:
        state.retracted = one.place
        if state.index is not None:
            state.drop("the answer is taken back")


_GIVING_UP = frozenset(fold(phrase) for phrase in phrases_of("gives_up"))


def _last_words(words: list[Word], place: int) -> bool:
    """Whether no further sentence follows."""
    while place < len(words) and not ends(words, place):
        place += 1
    return all(word.role in ("end", "line", "wrap", "ask") for word in words[place:])


_FAR = 200


def _sentences_between(words: list[Word], first: int, last: int) -> int:
    if last - first > _FAR:
        return _FAR
    ends = [word.role in ("end", "ask") for word in words[first:last]]
    return sum(one and not before for one, before in zip(ends, [False, *ends], strict=False))


def _last_line(words: list[Word]) -> int:
    """Where the last line that has words begins."""
    end = len(words) - 1
    while end >= 0 and words[end].role in ("line", "wrap", "end"):
        end -= 1
    while end > 0 and words[end - 1].role != "line":
        end -= 1
    return max(end, 0)


def _whole_line(words: list[Word], place: int) -> bool:
    place += 1
    while place < len(words) and words[place].role in ("wrap", "end", "tail"):
        place += 1
    return place >= len(words) or words[place].role == "line"


def _first_word(words: list[Word], place: int) -> bool:
    """Whether nothing but brackets and bullets stands before."""
    return place <= 12 and all(
        word.role in ("wrap", "dash", "line", "fill", "so") or word.text in "#>1." for word in words[:place]
    )


def _listed(words: list[Word], said: list[Statement]) -> bool:
    """Whether lines open with different choices, as where the reply repeats the options or goes through them."""
    opening = [
        one for one in said if one.stance in ("line", "opens", "several", "clash") and opens_line(words, one.place)
    ]
    repeated = {one.index for one in opening if one.stance != "line" or _whole_line(words, one.place)}
    return len(repeated) > 1 or len({one.index for one in opening}) > 2


def _stands_apart(words: list[Word], place: int) -> bool:
    """Whether the choice is the whole first line, and words of no choice follow in a line of their own: a heading such
    as "Explanation:", behind which the options may be gone through."""
    if place > 2 or not _whole_line(words, place):
        return False
    place += 1
    while place < len(words) and words[place].role in ("wrap", "end", "line", "dash", "tail"):
        place += 1
    line = words[place : place + 12]
    end = next((n for n, word in enumerate(line) if word.role == "line"), len(line))
    return end < len(line) and all(word.choice is None for word in line[:end])


def _mentioned(said: list[Statement], known: Labelled, size: int) -> ChoiceReading:
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
