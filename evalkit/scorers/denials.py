"""Sentences that deny the answer before them by a pronoun: "The answer is B. It cannot be correct."

    denies_it("It cannot be correct")            # True
    denies_it("It cannot be simplified")         # False: of something else
    denial_behind(" That is impossible. So 6.")  # 20: where the denying sentence ends

Such a sentence has a "not" or a word such as "wrong", a pronoun (languages that leave it out: a word such as
"correct"), and otherwise nothing but small words of one language (`evalkit.scorers.languages`). So a sentence about
anything else never counts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from evalkit.scorers.languages import KINDS, WORDS
from evalkit.scorers.reply_words import fold, word_set

_SMALL = ("be", "would", "fill", "tail", "why", "turn", "so", "field", "noun", "holds", "right")
_PRONOUN_NEEDED = frozenset(("en", "de", "fr", "nl", "sv", "da"))
"""Languages whose sentences have a subject."""
_LONGEST = 120
"""Characters of a clause that denies and says nothing else."""
_LETTERS = r"[^\s.,;:!?()\[\]…'’]"
_TOKEN = re.compile(rf"['’]?{_LETTERS}+(?:['’]{_LETTERS}+)*['’]?|\S")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SENTENCE = re.compile(r"[.!?。！？।؟…]+(?=[\s\"')\]*_]|$)|(?<=[。！？।])|\n+")
_CLOSES = re.compile(r"[\s.]{0,4}[}$)\]*_]+[\s.]{1,4}")
"""Behind a box or a formula a new sentence may begin without a point."""
_TAKES_UP = {
    **{"which": "that", "was": "das", "ce qui": "cela", "lo que": "eso", "lo cual": "eso", "o que": "isso"},
    **{"il che": "ciò", "wat": "dat", "что": "это", "что же": "это", "co": "to", "což": "to", "vilket": "det"},
    **{"hvilket": "det", "hvad": "det"},
}
"""The word that opens a relative clause about a whole statement, and the pronoun that it stands for."""
_RELATIVE = re.compile(
    rf"[^.!?\n,]{{0,30}}, ({'|'.join(sorted(_TAKES_UP, key=len, reverse=True))}) ([^.!?\n]{{1,80}})", re.IGNORECASE
)
_CLAUSE = re.compile(r"[,;:，；、]|\s[-–—]+\s|—")
_DECORATION = str.maketrans(dict.fromkeys('*_`$#>"“”()\u200c\u200e\u200f\ufeff', ""))


def _plain(text: str) -> str:
    return fold(unicodedata.normalize("NFKC", text.translate(_DECORATION))).replace("’", "'")


_OF_SPEAKERS = (
    "i",
    "we",
    "my",
    "our",
    "your",
    "given",
    "certain",
    "sure",
    "confident",
    "believe",
    "think",
    "say",
    "class",
    "queue",
)
"""Small words with which a sentence is about something else: "It is not given."."""
_LEADS = frozenset(
    _plain(word) for row in WORDS.values() for kind in ("not", "turn", "why", "so", "redo", "fill", "wrong", "holds")
    for word in row.get(kind, "").split("|")
)  # fmt: skip
"""Words that open such a sentence before a comma: "No, it is not."."""
_REASONS = word_set(
    "because since as for denn weil car parce porque pues pois perché poiché want omdat ponieważ bo потому так "
    "eftersom fordi koska protože mert pentru που çünkü vì karena 因为 ので から"
)


@cache
def _vocabulary(language: str) -> tuple[dict[str, str], int]:
    """Word → kind, as far as it matters here, and the number of parts of the longest phrase."""
    row = WORDS[language]
    found: dict[str, str] = {}
    for kind in ("it", "holds", *KINDS):
        if kind in (*_SMALL, "it", "not", "wrong"):
            for word in row.get(kind, "").split("|"):
                found.setdefault(_plain(word), kind)
    for word in ("", *_OF_SPEAKERS):
        found.pop(word, None)
    return found, max((len(_TOKEN.findall(word)) for word in found), default=1)


def denies_it(clause: str) -> bool:
    """Whether a clause says of the answer before it that it is wrong, and nothing else."""
    text = _plain(clause).strip()
    if (
        not text
        or len(text) > _LONGEST
        or re.search(r"\d|[<>=\\/]", text)
        or re.search(r"(?<!\w)(?:[B-HJ-Z](?![\w'’])|A\W*$)", clause)
    ):
        return False
    if _UNSPACED.search(text):
        languages = (
            ["th"]
            if re.search("[\u0e00-\u0eff]", text)
            else ["ko"]
            if re.search("[\uac00-\ud7af]", text)
            else ["zh", "ja"]
        )
    else:
        languages = [language for language in WORDS if language not in ("zh", "ja", "ko", "th")]
    return any(_denied_in(text, language) for language in languages)


def _denied_in(text: str, language: str) -> bool:
    vocabulary, longest = _vocabulary(language)
    kinds = (
        _kinds_unspaced(text, vocabulary) if language in ("zh", "ja", "ko", "th") else _kinds(text, vocabulary, longest)
    )
    if kinds is None:
        return False
    if language in _PRONOUN_NEEDED:
        if "it" not in kinds and not any(
            vocabulary.get(part) == "it" for token in _TOKEN.findall(text) for part in _parts(token, {})
        ):
            return False
    elif not {"it", "right", "holds", "wrong"} & set(kinds):
        return False
    return ("not" in kinds) != (kinds.count("wrong") % 2 == 1)


_JUDGED = ("right", "wrong", "holds", "not")


def _kinds(text: str, vocabulary: dict[str, str], longest: int) -> list[str] | None:
    """The kinds of the words, the longest phrases first; None where a word is not known."""
    tokens = [piece for token in _TOKEN.findall(text) for piece in _parts(token, vocabulary)]
    kinds: list[str] = []
    place = 0
    while place < len(tokens):
        for size in range(min(longest, len(tokens) - place), 0, -1):
            kind = vocabulary.get(" ".join(tokens[place : place + size]).replace("' ", "'"))
            if kind is not None:
                if tokens[place] == "that" and kinds and kinds[-1] in _JUDGED and place + size < len(tokens):
                    return None  # "it is not true that ..."
                kinds.append(kind)
                place += size
                break
        else:
            return None
    return kinds


def _parts(token: str, vocabulary: dict[str, str]) -> list[str]:
    """A word, or the two that an apostrophe joins: "it's", "c'est"."""
    if "'" not in token or token in vocabulary:
        return [token]
    head, _, tail = token.partition("'")
    if tail in ("s", "d", "re", "ll", "ve"):
        return [head, f"'{tail}"]
    return [f"{head}'", tail] if tail else [head]


def _kinds_unspaced(text: str, vocabulary: dict[str, str]) -> list[str] | None:
    """The same for languages without spaces."""
    run = "".join(text.split())
    kinds: list[str] = []
    place = 0
    table = _without_spaces(vocabulary)
    while place < len(run):
        size = next((n for n in range(min(12, len(run) - place), 0, -1) if run[place : place + n] in table), 0)
        if not size:
            return None
        kinds.append(table[run[place : place + size]])
        place += size
    return kinds


def _without_spaces(vocabulary: dict[str, str]) -> dict[str, str]:
    return {word.replace(" ", ""): kind for word, kind in vocabulary.items()}


def denial_behind(behind: str) -> int | None:
    """Where the sentence ends that denies the answer right before `behind`; None where the next sentence does not.

    The rest of the answer's own sentence is passed over, and one short interjection ("Hmm.")."""
    if (clause := _RELATIVE.match(behind)) is not None and denies_it(
        f"{_TAKES_UP[clause[1].lower()]} {clauses(clause[2])[0]}"
    ):
        return clause.end()
    closed = _CLOSES.match(behind)
    at_once = closed is not None and behind[closed.end() : closed.end() + 1].isupper()
    start = closed if at_once else _SENTENCE.search(behind[:400])
    if start is None:
        return None
    place = start.end()
    for _ in range(2):
        rest = behind[place : place + 400].lstrip()
        place = len(behind) - len(behind[place:].lstrip())
        end = _SENTENCE.search(rest)
        sentence = rest[: end.start()] if end else rest
        if end is not None and end[0][:1] in "?？؟":
            return None
        if any(denies_it(clause) for clause in clauses(sentence)[:1]):
            return place + len(sentence)
        if len(sentence) > 8 or not end:
            return None
        place += end.end()
    return None


def clauses(sentence: str) -> list[str]:
    """The clauses of a sentence, without words such as "No," and "However," before the first, and up to a reason."""
    parts = [part.strip() for part in _CLAUSE.split(sentence)]
    while len(parts) > 1 and _leads(parts[0]):
        parts.pop(0)
    first = parts[0].split()
    reason = next((n for n, word in enumerate(first) if n and word.casefold() in _REASONS), len(first))
    return [" ".join(first[:reason]), *parts[1:]]


def _leads(part: str) -> bool:
    return _plain(part).strip() in _LEADS
