"""Where a reply names a choice: by its label (B, (b), "option B") or by its text.

    known = prepare(("New York", "New"))
    [(word.choice, word.how) for word in words_of(simplify("B: New, I think"), known)][0]     # (1, "label")

The longest text that fits wins, so that "not spam" is never read as "spam". Bounded: replies may be 100 kB of one word.
"""

from __future__ import annotations

from dataclasses import replace

from evalkit.scorers.choice_set import BY_PLACE, CLOSES, LOOKS_LIKE, OPENS, ChoiceSet
from evalkit.scorers.choice_texts import text_at
from evalkit.scorers.reply_markup import ANSWER_MARK
from evalkit.scorers.reply_words import ACCUSATIVE, SINGLE, Word, fold, word_set
from evalkit.scorers.word_roles import behind_joint, split


def words_of(text: str, known: ChoiceSet) -> list[Word]:
    """The words of a text that `simplify` has been over, with every choice that is named as one word."""

    def names(words: list[Word], place: int) -> tuple[Word, int] | None:
        return _name_at(text, words, place, known)

    words = split(text, names, known.may_name, known.run_texts)
    if known.polar:
        for word in words:
            if word.role == "right" and fold(word.text) == "most likely":
                word.role = "maybe"  # "Most likely false" doubts; "most likely B" may be the likeliest of four
    return words


def _name_at(text: str, words: list[Word], place: int, known: ChoiceSet) -> tuple[Word, int] | None:
    by_text = text_at(text, words, place, known)
    by_label = _label_at(text, words, place, known)
    if by_label is None and by_text is not None:
        return _with_label(text, words, *by_text, known)
    if by_label is None or by_text is None:
        return by_label
    label, text_word = by_label[0], by_text[0]
    if label.choice == text_word.choice:
        return by_label
    if by_text[1] != by_label[1]:
        return by_text if by_text[1] > by_label[1] else by_label
    if label.marked and known.labels[label.choice or 0] != text[text_word.start : text_word.end]:
        return by_label  # "(C)" is a label also where "c" is a choice
    return replace(label, clash=True), by_label[1]


def _with_label(text: str, words: list[Word], named: Word, after: int, known: ChoiceSet) -> tuple[Word, int]:
    """A choice's text with the label in brackets behind it: "Lyon (B)"; another choice's label makes it a clash."""
    if after >= len(words) or words[after].text not in ("(", "["):
        return named, after
    label = _label_at(text, words, after, known)
    if label is None or not label[0].marked or label[0].clash:
        return named, after
    if not _same_text(label[0].choice, named.choice, known):
        return replace(named, clash=True), after
    return replace(named, end=label[0].end), label[1]


def _label_at(  # noqa: PLR0911 - a table, read from the top
    text: str, words: list[Word], place: int, known: ChoiceSet
) -> tuple[Word, int] | None:
    """A label, with the brackets around it and its own text behind it."""
    inner = place
    while inner < len(words) and inner - place < 3 and words[inner].text in OPENS:
        inner += 1
    if inner >= len(words) or words[inner].end - words[inner].start > 4:
        return None
    raw = text[words[inner].start : words[inner].end]
    name = LOOKS_LIKE.get(raw) or (BY_PLACE.get(raw, raw) if inner > place else raw)
    index = known.by_label.get(name.upper())
    if index is None or _glued(words, inner):
        return None
    after = inner + 1
    while after < len(words) and after - inner <= inner - place and words[after].text in CLOSES:
        after += 1
    bracketed = inner > place and after > inner + 1
    small = name.isalpha() and name != name.upper()
    if inner > place and not bracketed:
        return None
    if _is_formula(words, place, inner, after) or (inner == place and _in_formula(words, place)):
        return None
    closed = (
        not bracketed
        and after < len(words)
        and words[after].text in (")", "]")
        and words[after].start == words[inner].end
    )
    if (
        not bracketed
        and not closed
        and (_is_word(words, inner, after, name) or (small and not _alone(words, inner, after)))
    ):
        return None
    end = words[after - 1].end
    word = Word(raw, words[place].start, end, "word", "", index, "label", bracketed or closed, small)
    found = _with_text(text, words, place, after, word, known)
    if raw in BY_PLACE and (found[0].clash or found[1] == after):
        return None  # a letter of another alphabet counts with its own text only
    return found


def _is_formula(words: list[Word], place: int, inner: int, after: int) -> bool:
    """Whether the letter is a variable: `I = 5`, `[A]^2`, `k[A]`, `H(Y)`, `x_{A}`."""
    following = words[after] if after < len(words) else None
    if following is not None and following.text in ("=", "^", "_"):
        return True
    before = words[place - 1] if place else None
    if inner == place:
        glued = following is not None and following.start == words[inner].end and following.text == "("
        return (
            glued
            and after + 1 < len(words)
            and (words[after + 1].kind == "number" or words[after + 1].end - words[after + 1].start == 1)
            and not (after + 2 < len(words) and words[after + 2].text == "%")  # "B(100%)"
        )
    if words[place].text == "{":
        return before is not None and before.text not in (ANSWER_MARK, ":") and before.kind != "line"
    if (
        following is not None
        and following.start == words[after - 1].end
        and following.text in ("{", "[", "(", "+", "*")
    ):
        return True
    return (
        before is not None
        and before.end == words[place].start
        and (before.kind in ("word", "number") or before.text in "])}=+*/^")
    )


def _in_formula(words: list[Word], place: int) -> bool:
    """Whether the letter is all that stands in the brackets of a formula: the A of `[A] = 2` and of `k[A]`."""
    opened = place > 0 and words[place - 1].text in "([{" and words[place - 1].end == words[place].start
    closed = place + 1 < len(words) and words[place + 1].text in ")]}"
    before = words[place - 2] if place > 1 else None
    given = before is not None and before.text == "="  # "answer=(b)"
    if before is not None and words[place - 1].text == "{":
        given = before.end != words[place - 1].start  # "the answer is {B}"
    return opened and closed and not given and _is_formula(words, place - 1, place, place + 2)


def _glued(words: list[Word], place: int) -> bool:  # noqa: PLR0911 - a table, read from the top
    """Whether the letter is part of something else: A1, U.S., C++, 5%, C-section."""
    word = words[place]
    if (
        place
        and words[place - 1].end == word.start
        and words[place - 1].kind in ("word", "number")
        and words[place - 1].role != "tail"
    ):
        return True
    if (
        place > 1
        and words[place - 1].text == "."
        and words[place - 1].end == word.start
        and words[place - 2].end == words[place - 1].start
    ):
        return words[place - 2].kind in ("word", "number") and words[place - 2].end - words[place - 2].start == 1
    if place and words[place - 1].end == word.start and words[place - 1].text in "^+#@":
        return True
    following = words[place + 1] if place + 1 < len(words) else None
    if following is None or following.start != word.end:
        return False
    if following.kind in ("word", "number") and following.text not in _TAILS:
        return True
    if following.text in ("+", "#", "%", "^", "'", "°"):
        return following.text != "'" or not (place and words[place - 1].text == "'")
    beyond = words[place + 2] if place + 2 < len(words) else None
    if beyond is None or beyond.start != following.end or beyond.kind not in ("word", "number"):
        return False
    return following.text in (".", ",") and beyond.end - beyond.start == 1 and following.text == "."


_TAILS = word_set("dir dır dur dür tir tır yi yı yu yü") | {ACCUSATIVE}
"""Turkish and Hungarian endings behind a letter."""


_ARTICLES = frozenset("AIOEYUVWZKS")


def _is_word(words: list[Word], place: int, after: int, name: str) -> bool:
    """Whether a bare "A", "I" or another one-letter word begins a phrase: "A dog", "I think", "A resposta"."""
    if (
        name not in _ARTICLES
        or after >= len(words)
        or words[after].kind not in ("word", "number")
        or words[after].text in _FOLLOW
    ):
        return False
    if words[after].end - words[after].start == 1 and words[after].text in "bcdfgh":
        behind = words[after + 1].text if after + 1 < len(words) else ""
        return behind in _BE_WORDS or behind == ACCUSATIVE  # "A B", but "A D é a correta", "A B-t választom"
    if words[place].text.isascii() and words[after].text[:1] > "\u036f":
        return False  # an article stands before words of its own script
    if _joins_label(words, after) or _is_tail(words[after].text):
        return False
    if words[place].text == "i" and words[after].text in (
        "was",
        "am",
        "were",
        "would",
        "can't",
        "cannot",
        "could",
        "might",
        "may",
    ):
        return True
    return words[after].text not in _BE_WORDS


def _is_tail(word: str) -> bool:
    """Whether a word only closes a choice's name in some language but English: "A seçeneğidir"."""
    return any(kind == "tail" and language != "en" for language, kind in SINGLE.get(word, {}).items())


def _joins_label(words: list[Word], place: int) -> bool:
    """Whether an "or" or "and" of some language stands here, and a lone capital letter behind it: "A ili B"."""
    end = place
    while end < len(words) and end - place < 4 and (after := behind_joint(words, end)) > end:
        end = after
    return place < end < len(words) and words[end].kind == "word" and words[end].end - words[end].start == 1


_FOLLOW = word_set(
    "because since as which for due based or and with if but is isn't not oder und ou et o y e of "
    "en lub или и ist nicht est n'est es değil sai salah "
    "đúng benar falsch richtig rätt fel fout juist"
)


_BE_WORDS = word_set(
    "is isn't was would ist wäre war est serait es sería são é è jest это является είναι är er on "
    "je este is's adalah là"
)


def _alone(words: list[Word], place: int, after: int) -> bool:
    """Whether a bare small letter ends a sentence, or opens one as a label: "the answer is c.", "b. Lyon"."""
    opens = place == 0 or words[place - 1].kind == "line"
    following = words[after] if after < len(words) else None
    if following is None or following.kind == "line":
        return True
    beyond = words[after + 1] if after + 1 < len(words) else None
    if following.text in ".!)\"'”}]>" and following.start == words[place].end:
        return opens or beyond is None or beyond.kind == "line" or beyond.role in ("end", "wrap")
    return opens and following.text == ":"


def _opens_line(words: list[Word], place: int) -> bool:
    for before in reversed(words[max(0, place - 6) : place]):
        if before.role not in ("wrap", "dash"):
            return before.kind == "line"
    return place <= 6


def _ends_sentence(words: list[Word], place: int) -> bool:
    return place >= len(words) or words[place].role in ("end", "ask", "line", "wrap")


def _with_text(text: str, words: list[Word], place: int, after: int, label: Word, known: ChoiceSet) -> tuple[Word, int]:
    """The label with what stands behind it: its own text belongs to it, another choice's text makes it a clash."""
    if (
        after < len(words) and words[after].text in ("(", "[", ":", ".", ")", "-", ",", "=", '"', "'", "|")
    ) or _touches(words, after, label):
        starts = [after]
        while (
            starts[-1] < len(words)
            and len(starts) <= 4
            and words[starts[-1]].text in ("(", "[", ":", ".", ")", "-", ",", '"', "'", "|")
        ):
            starts.append(starts[-1] + 1)
        found = [at for start in starts if (at := text_at(text, words, start, known, behind_label=True)) is not None]
        own = next((at for at in found if _same_text(at[0].choice, label.choice, known)), None)
        if own is not None:
            end = own[1]
            if words[after].text == "." and not _opens_line(words, place) and not _pair_ends(words, end):
                return label, after  # "The answer is B. Lyon lies on the Rhone."
            if (
                end < len(words)
                and words[end].text in (")", "]", '"', "'")
                and words[after].text in ("(", "[", '"', "'")
            ):
                end += 1
            return replace(label, end=words[end - 1].end, marked=True), end
        new_sentence = words[after].text == "." and not _opens_line(words, place)
        if found and not (new_sentence and not any(_pair_ends(words, end) for _, end in found)):
            return replace(label, clash=True), after  # not "The answer is B. Sydney is only the largest city."
    return label, after


def _pair_ends(words: list[Word], end: int) -> bool:
    """Whether nothing goes on behind a label and its text but the next label: "A. Paris B. Lyon"."""
    return _ends_sentence(words, end) or (words[end].kind == "word" and words[end].end - words[end].start == 1)


def _touches(words: list[Word], after: int, label: Word) -> bool:
    return after < len(words) and words[after].kind != "line" and (label.marked or words[after].start == label.end)


def _same_text(one: int | None, other: int | None, known: ChoiceSet) -> bool:
    return one is not None and other is not None and known.texts[one] == known.texts[other]
