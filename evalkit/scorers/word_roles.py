"""The part that each word of a reply plays in giving an answer, in the language of its sentence.

    sentence = "Die Antwort ist nicht B."
    [(word.text, word.role) for word in split(sentence, no_names)]
    # [("die", "fill"), ("antwort", "noun"), ("ist", "be"), ("nicht", "not"), ("b", ""), (".", "end")]

Where languages share a word ("no", "o", "die"), the language with the most words in the sentence decides.
"""

from __future__ import annotations

from collections.abc import Callable

from evalkit.scorers.languages import WORDS
from evalkit.scorers.outdated_sources import mark_outdated
from evalkit.scorers.reply_words import PHRASES, RUN_WORDS, SINGLE, Role, Word, pieces_of

Names = Callable[[list[Word], int], tuple[Word, int] | None]
"""From the words and a place: the word that names a choice there and the place behind it; None where none does."""


def split(
    text: str, names: Names, may_name: frozenset[str] = frozenset(), run_texts: tuple[str, ...] = ()
) -> list[Word]:
    """The words of a text that `simplify` has been over; choices named in it are single words. `may_name` has
    the words that a choice's
    name may begin with; `run_texts` are choices in scripts without spaces, which the cutting must not break."""
    pieces = pieces_of(text, run_texts)
    words: list[Word] = []
    roles: list[Role | None] = []
    place = 0
    while place < len(pieces):
        phrase, after = _phrase_at(pieces, place)
        named = names(pieces, place) if pieces[place].text in may_name else None
        if named is not None and named[1] >= after:
            words.append(named[0])
            roles.append(None)
            place = named[1]
        elif phrase is not None:
            first, last = pieces[place], pieces[after - 1]
            words.append(Word(text[first.start : last.end], first.start, last.end, "word"))
            roles.append(phrase)
            place = after
        else:
            words.append(pieces[place])
            roles.append(_single(pieces[place].text) if pieces[place].kind == "word" else None)
            place += 1
    _assign_roles(words, roles)
    mark_outdated(words)
    return words


def _single(word: str) -> Role | None:
    """The role of a word; of a name such as `final_answer` that of its last part, unless a part denies."""
    if "_" not in word or word in SINGLE:
        return SINGLE.get(word)
    parts = [SINGLE.get(part) or {} for part in word.split("_")]
    return next((part for part in parts if part.get("en") in ("wrong", "not")), parts[-1]) or None


def any_role(word: Word) -> bool:
    """Whether the word is in the table, whatever the language."""
    return bool(word.role) or word.text in SINGLE or word.text in PHRASES


def behind_joint(pieces: list[Word], place: int) -> int:
    """The place behind an "or" or an "and" of some language that stands here ("ili", "ya da").

    The place itself where none does."""
    role, after = _phrase_at(pieces, place)
    if role is not None and _JOINTS & set(role.values()):
        return after
    single = pieces[place].role == "or" or _JOINTS & set(SINGLE.get(pieces[place].text, {}).values())
    return place + 1 if single else place


_JOINTS = {"or", "and"}


def role_of(text: str) -> str:
    """The role of a single word that is the same in every language that has it; "" otherwise."""
    kinds = set(SINGLE.get(text, {}).values())
    if not kinds:
        kinds = {table[text] for table in RUN_WORDS.values() if text in table}
    return kinds.pop() if len(kinds) == 1 else ""


def _phrase_at(pieces: list[Word], place: int) -> tuple[Role | None, int]:
    """The longest phrase of the table that begins here, and where it ends."""
    by_second = PHRASES.get(pieces[place].text)
    if by_second is None or place + 1 >= len(pieces):
        return None, place + 1
    for parts, role in by_second.get(pieces[place + 1].text, ()):
        after = place + len(parts)
        if after <= len(pieces) and all(
            piece.text == part for piece, part in zip(pieces[place + 2 : after], parts[2:], strict=True)
        ):
            return role, after
    return None, place + 1


def _assign_roles(words: list[Word], roles: list[Role | None]) -> None:
    """Give each word its role in the language of its sentence."""
    first = 0
    for place, word in enumerate(words):
        if word.role in ("end", "ask", "line") or place == len(words) - 1:
            _assign_in_sentence(words[first : place + 1], roles[first : place + 1])
            first = place + 1


def _assign_in_sentence(words: list[Word], roles: list[Role | None]) -> None:
    counts: dict[str, int] = {}
    # A word counts once: the letters of a formula are words of some language.
    for text, languages in {word.text: role for word, role in zip(words, roles, strict=True) if role}.items():
        for language in languages:
            counts[language] = counts.get(language, 0) + 1 + text.count(" ")
    if not counts:
        return
    most = max(counts.values())
    spoken = [language for language in WORDS if counts.get(language) == most]
    for word, role in zip(words, roles, strict=True):
        if role:
            kinds = [role[language] for language in spoken if language in role]
            if not kinds and most < _SURE:
                kinds = list(role.values())
            if not kinds:
                continue
            if len(set(kinds)) == 1 or (spoken[0] in role and most > 1):
                word.role = kinds[0]
            else:
                word.role = _common(kinds)


_SURE = 4
"""Words of one language from which on other languages are not looked at."""


def _common(kinds: list[str]) -> str:
    """Where languages disagree: a denial or a doubt stands, anything else says nothing."""
    return next((kind for kind in ("not", "wrong", "maybe", "unsure") if kind in kinds), "fill")
