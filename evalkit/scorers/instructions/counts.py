"""IFBench's `count:*` and `ratio:*`: how many words, names, marks or kinds of sentence there are."""

from __future__ import annotations

import re
import string

from evalkit.scorers.instructions.base import COUNT, TEXT, WORD, Kind, Parameters, alone
from evalkit.scorers.instructions.length import count_words, split_sentences
from evalkit.scorers.instructions.small_words import CONJUNCTIONS, NAMES, PRONOUNS, STOP_WORDS

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]")
_TIMES = (1, 2, 3, 5, 7)


def plain_words(reply: str) -> list[str]:
    """The words without the marks around them, in small letters; words that are only marks are left out."""
    return [word for raw in reply.lower().split() if (word := raw.strip(string.punctuation + "“”‘’…—–"))]


def word_range(reply: str, given: Parameters) -> bool:
    """Between so many and so many words."""
    return given.number("min_words") <= count_words(reply) <= given.number("max_words")


def unique_words(reply: str, given: Parameters) -> bool:
    """At least N different words."""
    return len(set(plain_words(reply))) >= given.number("N")


def conjunctions(reply: str, given: Parameters) -> bool:
    """At least so many different coordinating conjunctions."""
    return len(CONJUNCTIONS & set(plain_words(reply))) >= given.number("small_n")


def keywords_multiple(reply: str, given: Parameters) -> bool:
    """The five keywords once, twice, three, five and seven times."""
    reply = reply.lower()
    return all(
        reply.count(given.text(f"keyword{n}").lower()) == times for n, times in enumerate(_TIMES, 1)
    )  # fmt: skip


def numbers(reply: str, given: Parameters) -> bool:
    """Exactly N numbers; marks are dropped first, so that 1,000 and 3.5 are one each."""
    bare = reply.translate(str.maketrans("", "", string.punctuation))
    return len(_NUMBER.findall(bare)) == given.number("N")


def person_names(reply: str, given: Parameters) -> bool:
    """At least N different names of the list in the prompt."""
    return len(NAMES & set(_WORD.findall(reply))) >= given.number("N")


def pronouns(reply: str, given: Parameters) -> bool:
    """At least N pronouns."""
    return sum(word in PRONOUNS for word in _WORD.findall(reply.lower())) >= given.number("N")


def punctuation(reply: str) -> bool:
    """Every standard mark at least once: . , ! ? ; : and the interrobang."""
    interrobang = next((mark for mark in ("?!", "!?", "‽") if mark in reply), None)
    return interrobang is not None and all(mark in reply.replace(interrobang, "") for mark in ".,!?;:")


def words_japanese(reply: str, given: Parameters) -> bool:
    """Every N-th word is Japanese."""
    words = reply.split()
    nth = max(1, int(given.number("N")))
    chosen = words[nth - 1 :: nth]
    return all(_JAPANESE.search(word) for word in chosen)


def stop_words(reply: str, given: Parameters) -> bool:
    """At most so many percent of the words are stop words."""
    words = _WORD.findall(reply.lower())
    return bool(words) and 100 * sum(word in STOP_WORDS for word in words) / len(words) <= given.number("percentage")


def sentence_type(reply: str) -> bool:
    """Two declarative sentences to one interrogative."""
    stated, asked, _ = _types(reply)
    return stated == 2 * asked


def sentence_balance(reply: str) -> bool:
    """As many declarative as interrogative as exclamatory sentences."""
    return len(set(_types(reply))) == 1


def _types(reply: str) -> tuple[int, int, int]:
    ends = [sentence.rstrip("\"'”’)*_ ")[-1:] for sentence in split_sentences(reply)]
    return ends.count("."), ends.count("?"), ends.count("!")


def overlap(reply: str, given: Parameters) -> bool:
    """The share of the reply's trigrams that the reference has, within 2 points of the percentage."""
    said, wanted = _trigrams(reply), _trigrams(given.text("reference_text"))
    if not said:
        return False
    share = 100 * len(said & wanted) / len(said)
    return given.number("percentage") - 2 <= share <= given.number("percentage") + 2


def _trigrams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}


def sentence_words(reply: str) -> bool:
    """Three sentences of the same number of characters with no word in common."""
    sentences = split_sentences(reply)
    words = [word for sentence in sentences for word in set(plain_words(sentence))]
    return len(sentences) == 3 and len({len(s) for s in sentences}) == 1 and len(words) == len(set(words))


KINDS = {
    "count:word_count_range": Kind(word_range, {"min_words": COUNT, "max_words": COUNT}),
    "count:unique_word_count": Kind(unique_words, {"N": COUNT}),
    "count:conjunctions": Kind(conjunctions, {"small_n": COUNT}),
    "count:keywords_multiple": Kind(keywords_multiple, {f"keyword{n}": WORD for n in range(1, 6)}),
    "count:numbers": Kind(numbers, {"N": COUNT}),
    "count:person_names": Kind(person_names, {"N": COUNT}),
    "count:pronouns": Kind(pronouns, {"N": COUNT}),
    "count:punctuation": Kind(alone(punctuation)),
    "count:words_japanese": Kind(words_japanese, {"N": COUNT}),
    "ratio:stop_words": Kind(stop_words, {"percentage": COUNT}),
    "ratio:sentence_type": Kind(alone(sentence_type)),
    "ratio:sentence_balance": Kind(alone(sentence_balance)),
    "ratio:overlap": Kind(overlap, {"reference_text": TEXT, "percentage": COUNT}),
    "ratio:sentence_words": Kind(alone(sentence_words)),
}
