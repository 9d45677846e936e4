"""IFBench's `words:*` and `sentence:*`: letters, syllables and places of words, and how sentences follow each other.

Syllables are counted by groups of vowels (a final silent e is none), verbs are told by a list; IFBench uses packages.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from itertools import pairwise

from evalkit.scorers.instructions.base import COUNT, WORD, Kind, Parameters, alone
from evalkit.scorers.instructions.counts import plain_words
from evalkit.scorers.instructions.length import split_sentences
from evalkit.scorers.instructions.small_words import VERBS

_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxyz]{2}", re.IGNORECASE)
_VOWELS = re.compile(r"[aeiouy]+")
_LONGEST_WORD = 1_000  # characters: a longer one is no word, and whether its length is prime is nobody's question


def alphabet(reply: str) -> bool:
    """Each word starts with the letter after the one before it, A after Z."""
    firsts = [word[0] for word in plain_words(reply)]
    if not firsts or not all(first in string.ascii_lowercase for first in firsts):
        return False
    return all((ord(b) - ord(a)) % 26 == 1 for a, b in pairwise(firsts))


def vowels(reply: str) -> bool:
    """At most three different vowels."""
    return len(set("aeiou") & set(reply.lower())) <= 3


def consonants(reply: str) -> bool:
    """Each word has two consonants together."""
    return all(_CLUSTER.search(word) for word in reply.split())


def palindromes(reply: str) -> bool:
    """At least ten palindromes of five letters or more."""
    return sum(len(word) >= 5 and word == word[::-1] for word in plain_words(reply)) >= 10


def prime_lengths(reply: str) -> bool:
    """The length of every word is a prime number."""
    return all(_is_prime(n) for n in {len(word) for word in plain_words(reply)})


def _is_prime(n: int) -> bool:
    return 1 < n <= _LONGEST_WORD and all(n % d for d in range(2, int(n**0.5) + 1))


def repeats(reply: str, given: Parameters) -> bool:
    """No word more often than so many times."""
    return max(Counter(plain_words(reply)).values(), default=0) <= given.number("small_n")


def no_consecutive(reply: str) -> bool:
    """No two words in a row with the same first letter."""
    words = reply.lower().translate(str.maketrans("", "", string.punctuation)).split()
    return all(a[0] != b[0] for a, b in pairwise(words))


def start_verb(reply: str) -> bool:
    """The first word is a verb, in any of its forms."""
    words = plain_words(reply[:500])
    return bool(words) and _is_verb(words[0])


def _is_verb(word: str) -> bool:
    """Whether the word, or what it is regularly formed of (-s, -ed, -ing), stands in the list of verbs."""
    if word in VERBS or word.partition("'")[0].partition("’")[0] in VERBS:
        return True
    for ending in ("ing", "ed", "es", "s"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            single = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
            changed = stem[:-1] + "y" if stem.endswith("i") else stem
            if not VERBS.isdisjoint((stem, stem + "e", single, changed)):
                return True
    return False


def syllables(reply: str) -> bool:
    """Words of odd and even numbers of syllables take turns."""
    counts = [_syllables(word) % 2 for word in plain_words(reply)]
    return all(a != b for a, b in pairwise(counts))


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee", "ye")) and groups > 1
    return max(1, groups - silent)


def last_first(reply: str) -> bool:
    """The last word of each sentence is the first word of the next."""
    words = [found for sentence in split_sentences(reply) if (found := plain_words(sentence))]
    return all(a[-1] == b[0] for a, b in pairwise(words))


def paragraph_last_first(reply: str) -> bool:
    """Each paragraph (a line) ends with the word it started with."""
    words = [found for line in reply.split("\n") if (found := plain_words(line))]
    return all(found[0] == found[-1] for found in words)


def keyword_at(reply: str, given: Parameters) -> bool:
    """The keyword is the m-th word of the n-th sentence."""
    sentences = split_sentences(reply)
    nth, mth = int(given.number("n")), int(given.number("m"))
    if not 1 <= nth <= len(sentences):
        return False
    words = plain_words(sentences[nth - 1])
    return 1 <= mth <= len(words) and words[mth - 1] == given.text("keyword").lower()


def second_words(reply: str, given: Parameters) -> bool:
    """The second word and the last but one are the keyword."""
    words = plain_words(reply)
    keyword = given.text("keyword").lower()
    return len(words) >= 2 and words[1] == keyword == words[-2]


def keyword_in_sentence(reply: str, given: Parameters) -> bool:
    """The keyword stands in the N-th sentence."""
    sentences = split_sentences(reply)
    nth = int(given.number("N"))
    return 1 <= nth <= len(sentences) and given.text("word").lower() in sentences[nth - 1].lower()


def increment(reply: str, given: Parameters) -> bool:
    """Each sentence has exactly so many more words than the one before."""
    counts = [len(sentence.split()) for sentence in split_sentences(reply)]
    return all(b - a == given.number("small_n") for a, b in pairwise(counts))


def alliteration(reply: str) -> bool:
    """The longest run of words with one first letter grows from sentence to sentence."""
    runs = [_longest_run(plain_words(sentence)) for sentence in split_sentences(reply)]
    return all(a < b for a, b in pairwise(runs))


def _longest_run(words: list[str]) -> int:
    best = run = 1
    for a, b in pairwise(words):
        run = run + 1 if a[0] == b[0] else 1
        best = max(best, run)
    return best


KINDS = {
    "words:alphabet": Kind(alone(alphabet)),
    "words:vowel": Kind(alone(vowels)),
    "words:consonants": Kind(alone(consonants)),
    "words:palindrome": Kind(alone(palindromes)),
    "words:prime_lengths": Kind(alone(prime_lengths)),
    "words:repeats": Kind(repeats, {"small_n": COUNT}),
    "words:no_consecutive": Kind(alone(no_consecutive)),
    "words:start_verb": Kind(alone(start_verb)),
    "words:odd_even_syllables": Kind(alone(syllables)),
    "words:last_first": Kind(alone(last_first)),
    "words:paragraph_last_first": Kind(alone(paragraph_last_first)),
    "words:keywords_specific_position": Kind(keyword_at, {"keyword": WORD, "n": COUNT, "m": COUNT}),
    "words:words_position": Kind(second_words, {"keyword": WORD}),
    "sentence:keyword": Kind(keyword_in_sentence, {"word": WORD, "N": COUNT}),
    "sentence:increment": Kind(increment, {"small_n": COUNT}),
    "sentence:alliteration_increment": Kind(alone(alliteration)),
}
