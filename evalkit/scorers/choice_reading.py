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

Replies that fill in a form of several fields: which of them is the answer.

    Primary: technical
    Secondary: billing

Two fields name two choices. A field whose name says that it is the second, the former, the rejected or the doubtful one
is no answer; where the others agree on one choice, that is what the reply says.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from evalkit.scorers.choice_decision import LONGEST_FOR_MENTIONS, named_by_answer, weigh
from evalkit.scorers.choice_names import words_of
from evalkit.scorers.choice_set import ChoiceReading, ChoiceSet, cleaned, prepare
from evalkit.scorers.choice_statements import statements
from evalkit.scorers.labels import LETTERS, labels
from evalkit.scorers.plain_replies import (
    LONGEST_KEPT,
    is_longer_than_a_letter,
    says_none_of,
    stand_ins,
    words_of_plain_reply,
)
from evalkit.scorers.reply_markup import ANSWER_MARK, plain, simplify, with_slashes
from evalkit.scorers.reply_words import Word, fold, word_set
from evalkit.scorers.stances import Statement
from evalkit.scorers.struck import with_boxes, without_struck
from evalkit.scorers.wrappers import open_tags, read_object

_FIELD = re.compile(
    r"^[\s\W_]*(?P<name>[^\W\d_][^:=→>\n]{0,40}?)[\s*_`\"']*(?::|=>?|->|→|–|—)\s*(?P<value>[^\n?？]{1,120})$"
)
_PARTS = re.compile(r"[\n;|]+|,\s+(?=[^,:\n]{1,40}:)")
_LONGEST = 2_000
_BESIDE = word_set(
    "secondary second 2nd third alternative alternatives alternate alt other others also possible possibly fallback "
    "backup runner runner-up runnerup least less next not no never except excluding excluded exclude rejected reject "
    "discarded dismissed eliminated incorrect wrong false unlikely old older former formerly previous previously "
    "prior past before earlier original originally initial initially draft was outdated legacy distractor "
    "secondaire seconde deuxième autre autres aussi non exclu exclue rejeté ancien "
    "ancienne précédent précédente auparavant avant initiale faux incorrecte "
    "sekundär sekundäre zweite zweiter zweites zweitwahl alternativ andere auch möglich nicht kein "
    "ausgeschlossen verworfen falsch alte alter altes früher frühere früherer vorher zuvor bisher bisherige "
    "bisheriger ursprünglich vormals ehemals "
    "secundario secundaria segundo segunda alternativa otra otro también posible descartado descartada rechazado "
    "incorrecto anterior antes antigua antiguo previo previa "
    "secondaria secondario seconda secondo altra altro anche possibile scartata scartato esclusa errato precedente "
    "prima vecchia vecchio "
    "secundária secundário outra outro também possível incorreto antiga antigo "
    "tweede secundair ander ook mogelijk niet vorige oude eerder "
    "drugi druga inny inna także możliwe nie odrzucone poprzednio poprzednia "
    "второй вторая вторичный другой также возможно не отклонено раньше прежняя прежний предыдущая предыдущий "
    "次点 以前 旧 代替 備選 备选 次选 以前的 原 排除 다른 이전 보조"
)
"""Words in the name of a field that is no answer."""
_WORD = re.compile(r"[\w-]+")


def answer_among_fields(reply: str, reading: ChoiceReading, known: ChoiceSet) -> ChoiceReading:
    """`reading`; where it rests on a field that is no answer, the one choice of those that are, if there is one."""
    if len(reply) > _LONGEST:
        return reading
    answers: set[int] = set()
    beside: set[int] = set()
    rest: list[str] = []
    for part in _PARTS.split(reply):
        field = _FIELD.match(part.strip())
        index = None if field is None else _choice(field["value"], known)
        names = set() if field is None or index is None else {fold(word) for word in _WORD.findall(field["name"])}
        if index is None or not names & _BESIDE:
            rest.append(part)
        if index is not None:
            (beside if names & _BESIDE else answers).add(index)
    if len(answers) != 1 and len(answers | beside) > 1 and reading.index in beside - answers:
        words = words_of(cleaned(simplify("\n".join(rest)), known), known)
        if weigh(words, statements(words, known), known, len(reply)).index == reading.index:
            return reading  # "P(not R) = 0.4 ... The answer is (C).": said outside of these fields too
        return ChoiceReading(None, "the field that names it is not the answer")
    if not beside or len(answers) != 1 or beside <= answers:
        return reading
    (index,) = answers
    if reading.index is not None and reading.index not in beside:
        return reading
    return ChoiceReading(index, "the one field that is the answer")


def _choice(value: str, known: ChoiceSet) -> int | None:
    """The choice that a field holds and nothing else."""
    text = plain(simplify(value))
    index = known.by_text.get(text)
    return known.by_label.get(text.upper()) if index is None else index


__all__ = ["LETTERS", "ChoiceReading", "labels", "read_choice"]


LONGEST_REPLY = 32_000
"""Characters that are read: of a longer reply its beginning and its end."""


_HEAD = 4_000


def read_choice(reply: str, choices: tuple[str, ...], *, pick: str = "last") -> ChoiceReading:
    """The choice that the reply names, by the rules above.

    `pick: first` lets the first final statement decide instead of the last, and reads no last line: for base models,
    which answer and then go on to invent the next question with its own answer.
    """
    bare = reply.strip()
    # What well-behaved models say is a letter: nothing else is tried, nor prepared where no choice is a letter itself.
    if len(bare) == 1 and bare in labels(len(choices)) and all(map(is_longer_than_a_letter, choices)):
        return ChoiceReading(labels(len(choices)).index(bare), "letter alone")
    plain_words = words_of_plain_reply(reply) if len(reply) <= LONGEST_KEPT else None
    if plain_words is not None and len(bare) > 1 and says_none_of(plain_words, choices):
        return _read_by_label(reply, len(choices), pick)
    known = prepare(choices)
    if len(bare) == 1 and bare in known.by_label and bare.casefold() not in known.by_text:
        return ChoiceReading(known.by_label[bare], "letter alone")
    if plain_words is not None and known.ordinary and plain_words.isdisjoint(known.by_first):
        return _read_by_label(reply, len(choices), pick)
    return _read(reply, choices, known, pick)


@lru_cache(maxsize=1024)
def _read_by_label(reply: str, n: int, pick: str) -> ChoiceReading:
    """What a reply names that says no word of any choice: the same, whatever the choices are."""
    choices = stand_ins(n)
    return _read(reply, choices, prepare(choices), pick)


def _read(reply: str, choices: tuple[str, ...], known: ChoiceSet, pick: str) -> ChoiceReading:
    bare = reply.strip()
    if len(reply) > LONGEST_REPLY:
        kept = reply[:LONGEST_REPLY] if pick == "first" else reply[:_HEAD] + "\n" + reply[_HEAD - LONGEST_REPLY :]
        reply = kept
    reply = reply.replace(ANSWER_MARK, " ")
    text = cleaned(simplify(open_tags(with_boxes(without_struck(reply)))), known)
    if (reading := _read_whole(text, known) or _read_fraction(text, known)) is not None:
        return reading
    runs_on = pick == "first" and not bare.startswith("{")
    if not runs_on and (reading := read_object(reply, known, lambda part: _read_part(part, known))) is not None:
        return reading
    if pick == "first":
        paragraph = text[: end + 2] if (end := text.find("\n\n", 1)) > 0 else ""
        if paragraph and (early := _first_answer(words_of(paragraph, known), known)) is not None:
            return early
    words = words_of(text, known)
    said = statements(words, known)
    if pick == "first":
        return _first(words, said, known, len(text))
    reading = answer_among_fields(reply, weigh(words, said, known, len(text)), known)
    if reading.index is None:
        return _only_bold(reply, words, known) or _only_capitals(reply, choices, words, known) or reading
    return reading


def _read_part(part: str, known: ChoiceSet) -> ChoiceReading | None:
    return _read_alone(cleaned(simplify(part), known), known)


_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")


_LONGEST_FOR_BOLD = 300


_SPEAKERS = word_set("i you your we our us me my ich du sie wir je tu vous nous yo tú usted io voi eu você я ты вы мы")


_UNSURE_ROLES = frozenset(("not", "wrong", "maybe", "unsure", "if", "says", "or", "redo", "turn", "would", "ask"))


def _only_bold(reply: str, words: list[Word], known: ChoiceSet) -> ChoiceReading | None:
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


def _only_capitals(reply: str, choices: tuple[str, ...], words: list[Word], known: ChoiceSet) -> ChoiceReading | None:
    """The only choice that one plain sentence writes in capitals, where all choices are: "The text SUPPORTS this"."""
    if len(reply) > _LONGEST_FOR_BOLD or known.polar or not all(_CAPITALS.fullmatch(choice) for choice in choices):
        return None
    if len(_CAPITAL_WORD.findall(reply)) != 1:
        return None
    named = [index for index, choice in enumerate(choices) if re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", reply)]
    body = [word for word in words if word.role not in ("wrap", "line")]
    while body and body[-1].role == "end":
        body.pop()
    if len(named) != 1 or any(
        word.role in _UNSURE_ROLES or word.role == "end" or word.text in _SPEAKERS for word in body
    ):
        return None
    return ChoiceReading(named[0], "the only words in capitals")


_CAPITALS = re.compile(r"[A-Z]{3,}(?:[ _-][A-Z]{2,})*")
_CAPITAL_WORD = re.compile(r"(?<!\w)[A-Z]{3,}(?:[ _-][A-Z]{2,})*(?!\w)")


def _read_whole(text: str, known: ChoiceSet) -> ChoiceReading | None:
    """A reply that is a choice's text from end to end; a label is left to the words."""
    if len(text) > _LONGEST:
        return None
    said = with_slashes(plain(text))
    if said[:1] == "+" and said[1:2].isdigit() and said not in known.by_text:
        said = said[1:]
    index = known.by_text.get(said)
    if index is None or said.upper() in known.by_label or _is_question(text, known.texts[index]):
        return None
    return ChoiceReading(index, "text of a choice")


_FRACTION = re.compile(r"\s*(-?[0-9]{1,9}) ?[/⁄] ?([1-9][0-9]{0,8})\s*\.?\s*")


_DECIMAL = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


def _read_fraction(text: str, known: ChoiceSet) -> ChoiceReading | None:
    """A reply that is a fraction and nothing else, where the choices are decimals: "1/2" is 0.5."""
    said = _FRACTION.fullmatch(text)
    if said is None or not all(_DECIMAL.fullmatch(choice) for choice in known.by_text):
        return None
    value = Fraction(int(said[1]), int(said[2]))
    equal = [index for choice, index in known.by_text.items() if Fraction(choice) == value]
    return ChoiceReading(equal[0], "value of a choice") if len(equal) == 1 else None


def _is_question(text: str, words: tuple[str, ...]) -> bool:
    return text.rstrip().endswith(("?", "？", "؟")) and words[-1:] != ("?",)


def _read_alone(text: str, known: ChoiceSet) -> ChoiceReading | None:
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


def _first(words: list[Word], said: list[Statement], known: ChoiceSet, size: int) -> ChoiceReading:
    """For replies that run on: the first answer that is named as such, else the first statement, else what rules
    2 to 4 find."""
    if (reading := _first_answer(words, known)) is not None:
        return reading
    if size > LONGEST_FOR_MENTIONS:
        return weigh(words, [one for one in said if one.stance != "states"], known, size)  # "A is true" in a derivation
    first = next((one for one in said if one.stance == "states"), None)
    return weigh(words, said, known, size) if first is None else ChoiceReading(first.index, "final statement")


def _first_answer(words: list[Word], known: ChoiceSet) -> ChoiceReading | None:
    for one in statements(words, known):
        if one.stance == "answers":
            return ChoiceReading(one.index, "final statement")
        if one.stance == "several" and one.framed and named_by_answer(words, one):
            return ChoiceReading(None, "the statement names more than one choice")
        if one.stance == "clash":
            return ChoiceReading(None, f"{known.labels[one.index or 0]} stands with the text of another choice")
    return None
