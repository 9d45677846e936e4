"""A reply as words, and the table of `languages` turned round: from words to the languages and kinds that have them.

    [word.text for word in pieces_of("It's not B.")]      # ["it", "'s", "not", "b", "."]

One pass, in linear time. Chinese, Japanese, Korean and Thai are cut by the longest word of the table that fits. The
part that a word plays in its sentence: `word_roles`.
"""

from __future__ import annotations

import re
import unicodedata

from evalkit.frozen import dataclass
from evalkit.scorers.languages import KINDS, WORDS


@dataclass(slots=True)
class Word:
    """A word, a number, a symbol or a line break of a reply."""

    text: str
    """As `fold` leaves it."""
    start: int
    end: int
    kind: str
    """word, number, symbol, line; `run` for a piece of a script without spaces."""
    role: str = ""
    """A kind of `languages`, or: end (of a sentence), ask (a question mark), comma, colon, wrap (brackets,
    quotes, emoji), ""."""
    choice: int | None = None
    """The choice that it names."""
    how: str = ""
    """Where it names a choice: "label" or "text"."""
    marked: bool = False
    """A label in brackets or of capital form that cannot be another word."""
    small: bool = False
    """A label written small."""
    clash: bool = False
    """A label that stands with another choice's text."""


_RUN = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e4e\u0e80-\u0eff"


_LETTER = (
    ""
    "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0300-\u036f\u0370-\u037d\u037f\u0386\u0388-\u03ff"
    ""
    "\u0400-\u0481\u048a-\u0559\u0560-\u0588\u0591-\u05bd\u05bf\u05c1\u05c2\u05d0-\u05f4\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc"
    ""
    "\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0750-\u077f\u0900-\u0963\u0971-\u09e5\u09f0-\u0a65\u0a70-\u0ae5\u0b01-\u0b65\u0b71-\u0be5"
    "\u0c00-\u0c65\u0c80-\u0ce5\u0d00-\u0d65\u0d80-\u0de5\u10a0-\u10ff\u1200-\u135a\u1780-\u17d3\u1e00-\u1fff"
)


_TOKEN = re.compile(
    rf"(?P<line>\n)|(?P<word>[{_LETTER}]+(?:['_-][{_LETTER}]+)*)|(?P<number>\d+(?:[.,]\d+)*)|(?P<run>[{_RUN}]+)"
    rf"|(?P<arrow>[-=]{{1,3}}>)|(?P<symbol>\S)"
)


_SYMBOLS = {
    **dict.fromkeys(".!;。！।॥؛…。\u06d4", "end"),
    **dict.fromkeys("?？؟", "ask"),
    **dict.fromkeys(",،、，", "comma"),
    **dict.fromkeys(":：=→⇒➜➡", "colon"),
    **dict.fromkeys("-–—", "dash"),
    **dict.fromkeys("()[]{}<>\"'“”‘’«»„「」『』【】《》〈〉_#|~•·", "wrap"),
    **dict.fromkeys("/&+", "or"),
    "∴": "so",
    **dict.fromkeys("✅✔☑✓🗹", "right"),
    **dict.fromkeys("❌✗✘✖❎🚫👎⛔🙅🔴☐☒⬜", "wrong"),
}


ARROW = "→"
"""How every arrow reads, "->" and "=>" too."""


ACCUSATIVE = "-t"
"""What Hungarian puts behind a letter that a verb takes: "a B-t választom"."""


_MARKS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u064b-\u0652\u0640]")


_ALEF = str.maketrans("أإآى", "اااي")


def fold(text: str) -> str:
    """As words compare: small letters, Arabic and Hebrew without vowel marks, one form of alef."""
    text = text.casefold()
    return text if text.isascii() else _MARKS.sub("", text).translate(_ALEF)


def word_set(words: str) -> frozenset[str]:
    """Words parted by spaces, as a set."""
    return frozenset(words.split())


def phrase_set(phrases: str) -> frozenset[str]:
    """Words and phrases parted by "|", as a set."""
    return frozenset(phrases.split("|"))


def group_thousands(number: str) -> str:
    """1,000 as 1000; any other number as it is."""
    return number.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number) else number


Role = dict[str, str]
"""Language → kind."""


SINGLE: dict[str, Role] = {}


PHRASES: dict[str, dict[str, list[tuple[tuple[str, ...], Role]]]] = {}
"""First word → second word → phrases, the longest first."""


_RUN_LANGUAGES = ("zh", "ja", "ko", "th")


RUN_WORDS: dict[str, dict[str, str]] = {language: {} for language in _RUN_LANGUAGES}


_LONGEST_RUN_WORD = 20


_PLAYED_AS = {"former": "if", "gives_up": "unsure", "now": "fill", "sure": "fill"}
"""Kinds that play the part of another one beside a choice."""


_LAST = ("gives_up",)
"""Kinds that yield to every other one."""


_APART = ("it", "holds", "unknown", "beside", "thing")
"""Kinds that play no part beside a choice: see `denials`, `choice_reading`, `landmarks` and `choice_texts`."""


def _build() -> None:
    """The table turned round: from words to languages."""
    phrases: dict[tuple[str, ...], Role] = {}
    entries = [
        (language, _PLAYED_AS.get(kind, kind), fold(unicodedata.normalize("NFKC", entry)).replace("\u200c", ""))
        for kinds in (KINDS, _LAST)
        for language, row in WORDS.items()
        for kind in sorted(row, key=KINDS.index)
        if (kind in _LAST) == (kinds is _LAST) and kind not in _APART
        for entry in row[kind].split("|")
        if entry
    ]
    for language, kind, word in entries:
        if language in RUN_WORDS and " " not in word:
            RUN_WORDS[language].setdefault(word, kind)
        elif " " not in word:
            SINGLE.setdefault(word, {}).setdefault(language, kind)
    for language, kind, word in entries:
        if " " in word:
            parts = tuple(piece.text for piece in pieces_of(word))
            if word.endswith("'"):  # what goes on without a space: "il s'agit d'une question"
                parts = (*parts[:-2], f"{parts[-2]}'")
            phrases.setdefault(parts, {}).setdefault(language, kind)
    for parts, role in phrases.items():
        PHRASES.setdefault(parts[0], {}).setdefault(parts[1] if len(parts) > 1 else "", []).append((parts, role))
    RUN_WORDS["zh"] = {**RUN_WORDS["ja"], **RUN_WORDS["zh"]}  # Japanese without kana looks Chinese
    for by_second in PHRASES.values():
        for found in by_second.values():
            found.sort(key=lambda phrase: -len(phrase[0]))


def pieces_of(text: str, run_texts: tuple[str, ...] = ()) -> list[Word]:
    """The words of a text, without roles and phrases."""
    pieces: list[Word] = []
    for match in _TOKEN.finditer(text):
        kind, start, end = match.lastgroup or "", match.start(), match.end()
        if kind == "word":
            raw = match[0]
            if raw[1:] == ACCUSATIVE:
                pieces.append(Word(raw[0].lower(), start, start + 1, kind))
                pieces.append(Word(ACCUSATIVE, start + 1, end, kind))
            elif raw.isascii() and "'" not in raw:
                pieces.append(Word(raw.lower(), start, end, kind))
            else:
                _add_word(pieces, text, start, end)
        elif kind == "run":
            _add_run(pieces, text, start, end, run_texts)
        elif kind == "number":
            pieces.append(Word(group_thousands(match[0]), start, end, kind))
        elif kind == "arrow":
            pieces.append(Word(ARROW, start, end, "symbol", _SYMBOLS[ARROW]))
        elif kind == "symbol":
            role = _SYMBOLS.get(match[0])
            if role is None and unicodedata.category(match[0]) in ("So", "Sk", "Mn", "Cf", "Cc", "Co", "Cs"):
                role = "wrap"
            pieces.append(Word(match[0], start, end, kind, role or ""))
        else:
            pieces.append(Word("\n", start, end, "line", "line"))
    return pieces


def _add_word(pieces: list[Word], text: str, start: int, end: int, depth: int = 0) -> None:
    """One piece, or two where an apostrophe joins two words: "it's", "l'option", "B'dir"."""
    word = fold(text[start:end])
    cut = word.find("'")
    if cut < 0 or depth > 2:
        pieces.append(Word(word, start, end, "word"))
        return
    if word in SINGLE or len(word) != end - start:
        pieces.append(Word(word, start, end, "word"))
    elif word[cut:] in ("'s", "'d", "'re", "'ll", "'m", "'ve") or word[cut + 1 :] in _TURKISH_TAILS:
        tail = word[cut:] if word[cut:] == "'s" or word[cut:] == "'d" else word[cut + 1 :]
        pieces.append(Word(word[:cut], start, start + cut, "word"))
        pieces.append(Word(tail, start + cut, end, "word"))
    elif cut <= 4:
        pieces.append(Word(word[: cut + 1], start, start + cut + 1, "word"))
        _add_word(pieces, text, start + cut + 1, end, depth + 1)
    else:
        pieces.append(Word(word, start, end, "word"))


_TURKISH_TAILS = ("dir", "dır", "dur", "dür", "tir", "tır", "yi", "yı", "yu", "yü")


def _add_run(pieces: list[Word], text: str, start: int, end: int, run_texts: tuple[str, ...]) -> None:
    """Cut by the longest word of the language or of the choices; what fits nothing stays single letters."""
    run = text[start:end]
    table = RUN_WORDS[_run_language(text, start, end)]
    place = 0
    while place < len(run):
        size = next(
            (n for n in range(min(_LONGEST_RUN_WORD, len(run) - place), 0, -1) if run[place : place + n] in table), 0
        )
        named = next((len(choice) for choice in run_texts if run.startswith(choice, place)), 0)
        role = table[run[place : place + size]] if size > named else ""
        size = max(size, named, 1)
        pieces.append(Word(run[place : place + size], start + place, start + place + size, "run", role))
        place += size


def _run_language(text: str, start: int, end: int) -> str:
    letter = text[start]
    if "\u0e00" <= letter <= "\u0eff":
        return "th"
    if "\uac00" <= letter <= "\ud7af":
        return "ko"
    near = text[max(0, start - 30) : end + 30]
    return "ja" if any("\u3040" <= other <= "\u30ff" for other in near) else "zh"


_build()
