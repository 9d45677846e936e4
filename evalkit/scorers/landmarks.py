"""Choices that only say where another one stands: "the letter after B" names no B. Used by `choice_statements`."""

from __future__ import annotations

from evalkit.scorers.languages import phrases_of
from evalkit.scorers.reply_words import Word, fold, phrase_set, pieces_of, word_set

_BY_LAST: dict[str, list[tuple[str, ...]]] = {}
"""The last word of each phrase of the kind "beside" → the phrases."""
for _phrase in phrases_of("beside"):
    _parts = tuple(piece.text for piece in pieces_of(fold(_phrase)))
    _BY_LAST.setdefault(_parts[-1], []).append(_parts)
_WEAK = phrase_set(
    "after the|below|above|under|beneath|following|over|past|behind|nach|über|unter|hinter|na|za|po|pod|nad|sous|sur"
    "|après la|dopo|sau|prin|dưới|trên|sotto|sopra|bajo|от|под|над|за|kwa|efter|ennen"
)
"""They say where something stands only behind a word for what is offered: "the option below B"."""
_OFFERED = word_set(
    "one letter option choice answer item line entry buchstabe option antwort auswahl möglichkeit die der das lettre "
    "choix réponse celle letra opción respuesta lettera opzione risposta quella opção resposta keuze antwoord optie "
    "буква вариант ответ litera opcja odpowiedź písmeno bokstaven alternativet chữ đáp án pilihan huruf right "
    "directly "
    "immediately just direkt unmittelbar gleich juste justo subito logo bezprostředně сразу the"
)
_BETWEEN = word_set(
    "the letter option choice answer item l' la le les el los il lo die der das dem den o a à alla alle auf de "
    "del di da do na za "
    "za-to букву буквой буквы варианта вариантом buchstabe buchstaben lettre letra lettera letter huruf chữ harf"
)
_BEHIND = (
    *(
        "之后",
        "之後",
        "后面",
        "後面",
        "前面",
        "之前",
        "的下一个",
        "的下一個",
        "的上一个",
        "的上一個",
        "旁边",
        "旁邊",
        "后一个",
        "前一个",
    ),
    *("の次", "の前", "の後", "の隣", "の一つ", "のひとつ", "の直後", "の直前", "の下", "の上", "の右", "の左"),
    *("다음", "바로다음", "앞", "뒤", "옆", "이전", "보다", "의다음", "의앞"),
    *("के बाद", "से पहले", "के पहले", "के ठीक", "के आगे"),
)
"""What follows such a choice in languages that put it behind."""
_FAR = 4


def is_landmark(words: list[Word], place: int) -> bool:
    """Whether the choice named here only says where another one stands."""
    return _beside_before(words, place) or _beside_behind(words, place)


def _beside_before(words: list[Word], place: int) -> bool:
    for at in range(place - 1, max(-1, place - 1 - _FAR), -1):
        word = words[at]
        if word.role in ("end", "ask", "line", "comma", "dash", "colon") or word.choice is not None:
            return False
        if word.text in _WEAK and at and words[at - 1].text in _OFFERED:
            return True
        for phrase in _BY_LAST.get(word.text, ()):
            start = at + 1 - len(phrase)
            if start >= 0 and all(words[start + n].text == part for n, part in enumerate(phrase)):
                return not _compared(words, start)
        if word.text not in _BETWEEN and word.role != "wrap":
            return False
    return False


def _compared(words: list[Word], start: int) -> bool:
    """Whether the words only put another choice behind this one: "I would pick C before B"."""
    return start > 0 and words[start - 1].choice is not None


def _beside_behind(words: list[Word], place: int) -> bool:
    behind = words[place + 1 : place + 6]
    if not behind or behind[0].kind not in ("run", "word") or behind[0].text[:1] < "\u0900":
        return False
    spaced = behind[0].kind == "word"
    said = (" " if spaced else "").join(word.text for word in behind)
    return said.startswith(_BEHIND)
