"""Choices whose text a reply gives while it says that this is not among the options. Used by `letters`."""

from __future__ import annotations

from evalkit.scorers.reply_words import Word, fold, word_set
from evalkit.scorers.sentences import ends
from evalkit.scorers.stances import Statement

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
