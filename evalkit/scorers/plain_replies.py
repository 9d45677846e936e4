"""Short replies that say no word of any choice: they are read by their labels alone, so one reading serves all samples.

    words_of_plain_reply("The answer is B.")      # {"the", "answer", "is", "b", "."}
    words_of_plain_reply("B or <b>C</b>?")        # None: it is read anew for each sample

What such a reply names depends on the number of choices and on nothing else about them, where the choices are ordinary
words (`ChoiceSet.ordinary`) of which it has none. A model says "The answer is B." to a thousand questions.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from evalkit.scorers.choice_set import POLAR, says_unknown
from evalkit.scorers.reply_markup import simplify
from evalkit.scorers.reply_words import pieces_of

LONGEST_KEPT = 100
"""Characters. A longer reply is hardly ever said twice."""
_PLAIN = re.compile(r"[A-Za-z0-9 .,:!?()*'\"-]+")
"""One line without anything that `choice_reading` opens, strikes or puts together before it cuts a reply into words."""
_CAPITALS = re.compile(r"[A-Z]{3}")
"""Words in capitals mean something where every choice is written so."""


@lru_cache(maxsize=1024)
def words_of_plain_reply(reply: str) -> frozenset[str] | None:
    """Every word of the reply, however its parts are cut; None where its reading may rest on what the choices say."""
    if _PLAIN.fullmatch(reply) is None or _CAPITALS.search(reply) is not None:
        return None
    text = simplify(reply)
    if says_unknown(text):  # "We cannot know" answers, where a choice says so
        return None
    words = {piece.text for said in (text, simplify(reply.replace("*", " "))) for piece in pieces_of(said)}
    return frozenset((*words, "not") if "n't" in reply else words)


_ORDINARY = re.compile(r"[A-Za-z][A-Za-z ,.;:?!]*(?:\0[A-Za-z][A-Za-z ,.;:?!]*)*")
_FIRST_WORD = re.compile(r"(?:^|\0)([a-z]+)")
_OF_OPPOSITES = ("not", "neither")
"""Words by which one of two or three choices is also named: "not true" for "false"."""


def says_none_of(words: frozenset[str], choices: tuple[str, ...]) -> bool:
    """Whether choices are surely ordinary, and a reply of these words says the first word of none; False where that is
    to be seen. A twentieth of what `prepare` takes."""
    joined = "\0".join(choices)
    if _ORDINARY.fullmatch(joined) is None:
        return False
    first = _FIRST_WORD.findall(joined.lower())
    return words.isdisjoint(first) and words.isdisjoint(_OF_OPPOSITES) and POLAR.isdisjoint(first)


_TWO_LETTERS = re.compile(r"[A-Za-z]{2}")
_MARKUP = re.compile(r"[\\<\[]")


def is_longer_than_a_letter(choice: str) -> bool:
    """Whether a choice's text is surely no single letter, whatever of it is markup; False where that is to be seen."""
    return choice.isascii() and _TWO_LETTERS.search(choice) is not None and _MARKUP.search(choice) is None


@cache
def stand_ins(n: int) -> tuple[str, ...]:
    """So many ordinary choices that no plain reply has a word of: they are no ASCII."""
    return tuple("ж" + "".join(chr(0x430 + int(digit)) for digit in str(at)) for at in range(n))
