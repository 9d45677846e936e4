"""The choices of a sample as they may be named, and where a reply names them.

    known = prepare(("New York", "New"))
    [(word.choice, word.how) for word in words_of(simplify("B: New, I think"), known)][0]     # (1, "label")

A choice is named by its label (B, (b), "option B") or by its text. Texts compare without case, odd spaces, Markdown
and TeX
wrappers; the longest text that fits wins, so that "not spam" is never read as "spam". Bounded: replies may be 100 kB
of one word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from evalkit.scorers.labels import LETTERS, labels
from evalkit.scorers.languages import ABBREVIATED, any_phrase
from evalkit.scorers.reply_words import Word, any_role, behind_joint, fold, pieces_of, split, word_set


@dataclass(frozen=True, slots=True)
class ChoiceReading:
    """What was read: the index of a choice, or None; and one line that says why."""

    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The choices of a sample prepared for reading. Kept by `prepare`, since repeats and models share samples."""

    labels: tuple[str, ...]
    by_label: dict[str, int]
    texts: tuple[tuple[str, ...], ...]
    """The words of each choice's text; () for one that is empty."""
    by_first: dict[str, tuple[tuple[tuple[str, ...], int], ...]]
    """First word → (words, index), the longest first."""
    may_name: frozenset[str]
    """The words with which a label or a text may begin."""
    by_text: dict[str, int]
    """The text as `plain` leaves it."""
    run_texts: tuple[str, ...]
    """Texts in scripts without spaces, the longest first."""
    polar: bool
    """Whether "no" or "false" is a choice: then these words take nothing back."""


_POLAR = word_set(
    "no yes true false incorrect correct wrong right nein ja falsch richtig non oui faux vrai sí "
    "si falso verdadero não sim nee nie tak нет да ложь истина ні так hayır evet لا نعم לא כן "
    "नहीं हाँ 否 是 不 いいえ はい 아니요 예 không có ไม่ ใช่ tidak ya όχι ναι nej nei ei kyllä ne ano nem "
    "igen nu"
)


_LOOKS_LIKE = {"А": "A", "С": "C", "Α": "A", "Β": "B", "Ε": "E", "Ι": "I"}
"""Cyrillic and Greek letters that are the same choice by their looks and by their place in the alphabet (or have no
rival)."""
_OPENS, _CLOSES = frozenset("([{<\"'“「『«【《"), frozenset(")]}>\"'”」』»】》")


@lru_cache(maxsize=1024)
def prepare(choices: tuple[str, ...]) -> Labelled:
    """Everything that reading needs to know of a sample's choices."""
    names = labels(len(choices))
    simple = [simplify(choice) for choice in choices]
    runs = tuple(sorted({fold(text) for text in simple if _RUN_TEXT.fullmatch(text)}, key=len, reverse=True))
    texts = tuple(_text_words(text, runs) for text in simple)
    by_first: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for index, words in enumerate(texts):
        if words and words not in texts[:index]:
            by_first.setdefault(words[0], []).append((words, index))
    by_text: dict[str, int] = {}
    for index, text in enumerate(simple):
        if said := plain(text):
            by_text.setdefault(said, index)
    return Labelled(
        names,
        {name: i for i, name in enumerate(names)},
        texts,
        {first: tuple(sorted(found, key=lambda item: -len(item[0]))) for first, found in by_first.items()},
        frozenset(
            (*by_first, *(name.casefold() for name in names), *_OPENS, *(letter.casefold() for letter in _LOOKS_LIKE))
        ),
        by_text,
        runs,
        any(said in _POLAR for said in by_text),
    )


_UNKNOWN = any_phrase("unknown", "gives_up")
_LONGEST_UNKNOWN = 80


def says_unknown(text: str) -> bool:
    """Whether a choice's text, or words of a reply, say that nobody can know: "Not enough information"."""
    said = plain(text)
    return len(said) <= _LONGEST_UNKNOWN and _UNKNOWN.search(said) is not None


def is_unknown(choice: int | None, known: Labelled) -> bool:
    """Whether a choice says that nobody can know."""
    return choice is not None and says_unknown(" ".join(known.texts[choice]))


_RUN_TEXT = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e4e]+")


def _text_words(text: str, runs: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a choice's text, without the punctuation around it that replies leave out."""
    words = [word.text for word in pieces_of(text.strip(), runs) if word.kind != "line"]
    while words and words[-1] in ".,;:!。":
        words.pop()
    if len(words) > 1 and words[0] in "\"'“" and words[-1] in "\"'”":
        words = words[1:-1]
    return tuple(words)


# ASCII text pays only for the replacements; the rest is folded first (full-width letters, odd spaces).
_TEX = re.compile(
    r"\\(?:text|textbf|mathrm|mathbf|textit|mbox|mathsf|textsf|emph|operatorname|mathit|textrm|mathbb)\s?\{([^{}\n]{0,200})\}"
)
_BOX = re.compile(r"\\(?:boxed|fbox|framebox|colorbox)\s{0,2}(?=\{|[A-Z]\b)")
_EMPHASIS = re.compile(r"(?<![^\W_])_{1,3}(?!_)|(?<!_)_{1,3}(?![^\W_])|___+")
_SPECIAL = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]")
_INVISIBLE = dict.fromkeys(
    map(
        ord,
        "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ufe0f",
    )
)
_DROPPED = str.maketrans(
    {
        "*": "",
        "`": "",
        "$": "",
        "\\": "",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "–": "-",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "\u00a0": " ",
    }
)
_CIRCLED = {0x1F130 + n: letter for n, letter in enumerate(LETTERS)} | {
    0x1F150 + n: letter for n, letter in enumerate(LETTERS)
}
_CIRCLED |= {0x1F170 + n: letter for n, letter in enumerate(LETTERS)}
ANSWER_MARK = "\x02"
"""Stands where a box or an answer tag opened."""


def simplify(text: str) -> str:
    """The text without Markdown emphasis, TeX wrappers, full-width and circled forms; lines stay lines."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_CIRCLED)).translate(_INVISIBLE)
    text = text.replace("\r", "")
    if "\\" in text:
        text = _BOX.sub(ANSWER_MARK, _TEX.sub(r"\1", _TEX.sub(r"\1", text)))
        for mark in ("\\(", "\\)", "\\[", "\\]", "\\,", "\\ ", "\\;", "\\!", "\\quad"):
            text = text.replace(mark, " ")
    if "<" in text or "[" in text:
        text = _SPECIAL.sub(" ", text)
    text = ABBREVIATED.sub(r"\1", text.translate(_DROPPED))
    return _EMPHASIS.sub("", text) if "_" in text else text


def plain(text: str) -> str:
    """As whole texts are compared: small letters, single spaces, without quotes around and punctuation behind."""
    return " ".join(fold(text).split()).strip(" .,;:!?\"'“”。！、")


def words_of(text: str, known: Labelled) -> list[Word]:
    """The words of a text that `simplify` has been over, with every choice that is named as one word."""

    def names(words: list[Word], place: int) -> tuple[Word, int] | None:
        return _name_at(text, words, place, known)

    return split(text, names, known.may_name, known.run_texts)


def _name_at(text: str, words: list[Word], place: int, known: Labelled) -> tuple[Word, int] | None:
    by_text = _text_at(text, words, place, known)
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


def _with_label(text: str, words: list[Word], named: Word, after: int, known: Labelled) -> tuple[Word, int]:
    """A choice's text with the label in brackets behind it: "Lyon (B)"; another choice's label makes it a clash."""
    if after >= len(words) or words[after].text not in ("(", "["):
        return named, after
    label = _label_at(text, words, after, known)
    if label is None or not label[0].marked or label[0].clash:
        return named, after
    if not _same_text(label[0].choice, named.choice, known):
        return replace(named, clash=True), after
    return replace(named, end=label[0].end), label[1]


def _label_at(text: str, words: list[Word], place: int, known: Labelled) -> tuple[Word, int] | None:
    """A label, with the brackets around it and its own text behind it."""
    inner = place
    while inner < len(words) and inner - place < 3 and words[inner].text in _OPENS:
        inner += 1
    if inner >= len(words) or words[inner].end - words[inner].start > 4:
        return None
    raw = text[words[inner].start : words[inner].end]
    name = _LOOKS_LIKE.get(raw, raw)
    index = known.by_label.get(name.upper())
    if index is None or _glued(words, inner):
        return None
    after = inner + 1
    while after < len(words) and after - inner <= inner - place and words[after].text in _CLOSES:
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
    return _with_text(text, words, place, after, word, known)


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
    if following.kind in ("word", "number") and following.text not in ("dir", "dır", "dur", "dür", "tir", "tır"):
        return True
    if following.text in ("+", "#", "%", "^", "'", "°"):
        return following.text != "'" or not (place and words[place - 1].text == "'")
    beyond = words[place + 2] if place + 2 < len(words) else None
    if beyond is None or beyond.start != following.end or beyond.kind not in ("word", "number"):
        return False
    return following.text in (".", ",") and beyond.end - beyond.start == 1 and following.text == "."


_ARTICLES = frozenset("AIOEYUVWZKS")
_STAYS = frozenset(("be", "would", "not", "or", "and", "if", "maybe", "tail", "redo", "turn"))


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
        return after + 1 < len(words) and words[after + 1].text in _BE_WORDS  # "A B", but "A D é a correta"
    if words[place].text.isascii() and words[after].text[:1] > "\u036f":
        return False  # an article stands before words of its own script
    if _joins_label(words, after):
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


def _with_text(text: str, words: list[Word], place: int, after: int, label: Word, known: Labelled) -> tuple[Word, int]:
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
        found = [at for start in starts if (at := _text_at(text, words, start, known, behind_label=True)) is not None]
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


def _same_text(one: int | None, other: int | None, known: Labelled) -> bool:
    return one is not None and other is not None and known.texts[one] == known.texts[other]


_TURKISH_IS = word_set("dir dır dur dür tir tır tur tür")
_SIGNS = frozenset("-+<>^*/×·÷~≈≥≤√±")


def _text_at(
    text: str, words: list[Word], place: int, known: Labelled, *, behind_label: bool = False
) -> tuple[Word, int] | None:
    """A choice's text that stands here as a whole, the longest that does."""
    if place >= len(words):
        return None
    for wanted, index in known.by_first.get(words[place].text, ()):
        if wanted == (known.labels[index].casefold(),):
            continue  # a text that is its own label: labels have rules of their own
        after = place + len(wanted)
        if after <= len(words) and all(words[place + n].text == wanted[n] for n in range(1, len(wanted))):
            if wanted[0] == "-" and words[place + 1 : place + 2] and words[place].end != words[place + 1].start:
                continue  # a bullet
            if _signed(words, place, behind_label) or _goes_on(words, place, after):
                continue
            start, end = words[place].start, words[after - 1].end
            return Word(fold(text[start:end]), start, end, "word", "", index, "text"), after
    return None


def _signed(words: list[Word], place: int, behind_label: bool) -> bool:
    """Whether a sign or an operator before the text makes it another one: -5 is not 5."""
    if not place or words[place - 1].text not in _SIGNS:
        return (
            bool(place)
            and words[place].kind != "run"
            and words[place - 1].end == words[place].start
            and words[place - 1].kind in ("word", "number")
        )
    before, first = words[place - 1], words[place]
    glued = before.end == first.start
    short = first.kind == "number" or first.end - first.start == 1
    if before.text in "/<>" and not short:
        return False
    if before.text == "-" and behind_label and not (glued and first.kind == "number"):
        return False
    opens = place == 1 or words[place - 2].kind == "line"
    if before.text in "-+" and not short:
        return glued and not opens
    return short and (glued or first.kind == "number")


def _goes_on(words: list[Word], place: int, after: int) -> bool:  # noqa: PLR0911 - a table, read from the top
    """Whether the text goes on into something else: "5 apples", "5^2", "Technical support"."""
    if after >= len(words):
        return False
    last, following = words[after - 1], words[after]
    glued = following.start == last.end
    if glued and (
        (following.text in ("+", "#", "%", "^", "°", "²", "³", "!") and last.kind == "number")
        or (following.text in "#^%+" and following.kind == "symbol")
    ):
        return True
    if last.kind == "number" and (
        following.text in _SIGNS - {"-"} or following.text in "%°" or (following.text == "-" and glued)
    ):
        return True
    if following.kind == "number" and (glued or last.kind == "number" or after - place <= 2):
        return True
    if following.kind == "word" and following.end - following.start == 1 and not glued:
        behind = words[after + 1].text if after + 1 < len(words) else ""
        if behind in (".", ")", ":"):
            return False  # the next label: "A. Paris B. Lyon"
    if glued and following.text in _TURKISH_IS:
        return False  # "Canberra'dır": "is Canberra"
    if following.kind == "word":
        return (glued and last.kind != "run") or (after - place <= 2 and not any_role(following))
    if following.kind == "run" and last.kind == "run":
        return not following.role
    return False
