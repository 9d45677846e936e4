"""Small questions about the lines and sentences of a reply that names choices. Used by `choice_decision`.

Besides: choices whose text a reply gives while it says that this is not among the options.
"""

from __future__ import annotations

from evalkit.scorers.reply_words import Word, fold, word_set
from evalkit.scorers.sentences import ends, opens_line
from evalkit.scorers.stances import Statement


def side_by_side(words: list[Word], first: int, second: int) -> bool:
    """Whether only a comma parts two choices: "B, C or D"."""
    between = words[first + 1 : second] if second - first < 6 else []
    return bool(between) and all(word.role in ("comma", "wrap", "or") and word.text != "(" for word in between)


def list_begins(words: list[Word], place: int, index: int) -> bool:
    """Whether the choice opens a line and the next choice opens the next line, as where the options are repeated."""
    if not opens_line(words, place) or not whole_line(words, place):
        return False
    place += 1
    while place < len(words) and words[place].role != "line":
        place += 1
    place += 1
    while place < len(words) and words[place].role in ("wrap", "dash"):
        place += 1
    return place < len(words) and words[place].choice == index + 1


def last_words(words: list[Word], place: int) -> bool:
    """Whether no further sentence follows."""
    while place < len(words) and not ends(words, place):
        place += 1
    return all(word.role in ("end", "line", "wrap", "ask") for word in words[place:])


_FAR = 200


def sentences_between(words: list[Word], first: int, last: int) -> int:
    if last - first > _FAR:
        return _FAR
    ends = [word.role in ("end", "ask") for word in words[first:last]]
    return sum(one and not before for one, before in zip(ends, [False, *ends], strict=False))


def find_last_line(words: list[Word]) -> int:
    """Where the last line that has words begins."""
    end = len(words) - 1
    while end >= 0 and words[end].role in ("line", "wrap", "end"):
        end -= 1
    while end > 0 and words[end - 1].role != "line":
        end -= 1
    return max(end, 0)


def whole_line(words: list[Word], place: int) -> bool:
    place += 1
    while place < len(words) and words[place].role in ("wrap", "end", "tail"):
        place += 1
    return place >= len(words) or words[place].role == "line"


def first_word(words: list[Word], place: int) -> bool:
    """Whether nothing but brackets and bullets stands before."""
    return place <= 12 and all(
        word.role in ("wrap", "dash", "line", "fill", "so") or word.text in "#>1." for word in words[:place]
    )


def is_listed(words: list[Word], said: list[Statement]) -> bool:
    """Whether lines open with different choices, as where the reply repeats the options or goes through them."""
    opening = [
        one for one in said if one.stance in ("line", "opens", "several", "clash") and opens_line(words, one.place)
    ]
    repeated = {one.index for one in opening if one.stance != "line" or whole_line(words, one.place)}
    return len(repeated) > 1 or len({one.index for one in opening}) > 2


def stands_apart(words: list[Word], place: int) -> bool:
    """Whether the choice is the whole first line, and words of no choice follow in a line of their own: a heading such
    as "Explanation:", behind which the options may be gone through."""
    if place > 2 or not whole_line(words, place):
        return False
    place += 1
    while place < len(words) and words[place].role in ("wrap", "end", "line", "dash", "tail"):
        place += 1
    line = words[place : place + 12]
    end = next((n for n, word in enumerate(line) if word.role == "line"), len(line))
    return end < len(line) and all(word.choice is None for word in line[:end])


NAMED = ("answers", "states", "line", "mentions", "opens")
"""Stances by which a text may be the answer."""

_OFFERED = word_set(
    "listed list available offered provided given auswahl options opciones opções opzioni opties варианты вариантов "
    "opcji seçenekler arasında liste lista vermeld choix 选项 選項 選択肢 보기 선택지 option choice choices "
    "answers alternatives opción opção opzione optie вариант seçenek"
)


def not_offered(words: list[Word], said: list[Statement]) -> set[int | None]:
    """Choices whose text the reply says is not on offer: "840 is not an option", "it is 840, which is not listed".

    The reply does not choose them by that text."""
    return {
        one.index
        for one in said
        if words[one.place].how == "text"
        and one.stance in ("denies", *NAMED)
        and _of_the_offer(words, one.place + 1, one.stance != "denies")
    }


_IT = word_set(
    "it this that which es das dies was ce cela qui esto esta eso esa que lo isso isto questo dat dit это этого его то"
)


def _of_the_offer(words: list[Word], start: int, taken_up: bool) -> bool:
    """Whether a "not" and then a word for the options follow. `taken_up`: said of an "it", here or a sentence later."""
    denied, meant, sentences = False, not taken_up, 0
    for place in range(start, min(start + 16, len(words))):
        word = words[place]
        sentences += ends(words, place)
        if word.choice is not None or sentences > taken_up or word.role in ("right", "or"):
            return False  # "840 is not the right option"
        meant = meant or word.text in _IT or word.kind == "run" or words[place - 1].role in ("why", "turn")
        denied = denied or (meant and word.role == "not")
        if denied and any(part in _OFFERED for part in fold(word.text).split()):
            return True
    return False
