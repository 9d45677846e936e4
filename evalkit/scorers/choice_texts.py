"""Where a choice's text stands in a reply as a whole, not as a part of something larger: not "5" in "-5" or "5^2"."""

from __future__ import annotations

from evalkit.scorers.choice_set import ChoiceSet
from evalkit.scorers.languages import phrases_of
from evalkit.scorers.reply_words import Word, fold, word_set
from evalkit.scorers.word_roles import any_role

_TURKISH_IS = word_set("dir dır dur dür tir tır tur tür")


_SIGNS = frozenset("-+<>^*/×·÷~≈≥≤√±")


def text_at(
    text: str, words: list[Word], place: int, known: ChoiceSet, *, behind_label: bool = False
) -> tuple[Word, int] | None:
    """A choice's text that stands here as a whole, the longest that does."""
    if place >= len(words):
        return None
    for wanted, index in known.by_first.get(words[place].text, ()):
        if wanted == (known.labels[index].casefold(),):
            continue  # a text that is its own label: labels have rules of their own
        after = place + len(wanted)
        if after <= len(words) and all(words[place + n].text == wanted[n] for n in range(1, len(wanted))):
            if not known.polar and wanted[-1].isalpha():  # "a technical matter", but not "no problem", "5 cases"
                after = behind_thing(words, after)
            if wanted[0] == "-" and words[place + 1 : place + 2] and words[place].end != words[place + 1].start:
                continue  # a bullet
            if _signed(words, place, behind_label) or _goes_on(words, place, after):
                continue
            start, end = words[place].start, words[after - 1].end
            return Word(fold(text[start:end]), start, end, "word", "", index, "text"), after
    return None


THINGS = frozenset(fold(phrase) for phrase in phrases_of("thing"))
"""What is put under a label: "matter", "issue"."""
_LONGEST_THING = 9
"""Characters of such a word in Chinese, Japanese or Korean."""


def behind_thing(words: list[Word], place: int) -> int:
    """The place behind a word for what is put under a label that stands here: behind the "matter" of "technical
    matter". The place itself where none does."""
    if place >= len(words):
        return place
    if words[place].kind == "word":
        return place + 1 if words[place].text in THINGS else place
    said, end, found = "", place, place
    while end < len(words) and words[end].kind == "run" and len(said) < _LONGEST_THING:
        said += words[end].text
        end += 1
        found = end if said in THINGS else found
    return found


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
