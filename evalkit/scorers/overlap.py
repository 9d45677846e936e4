"""Free text against reference texts by the words (or letters) that they share.

    make({"metric": "rougeL"})                      the target is the reference
    make({"metric": "f1", "field": "answers"})      the best of the record's references

* `f1`: words in common, SQuAD's (Rajpurkar et al. 2016): small letters, no punctuation, no a/an/the, in any order;
* `rouge1`, `rouge2`, `rougeL`, `rougeLsum`: F-measure by the package rouge-score, with Porter stems unless `stem:
  false`;
* `bleu`, `chrf`: sentence BLEU (effective order, exponential smoothing) and chrF by sacrebleu.

Latin letters are cut into words exactly as SQuAD and rouge-score do. Both see no words in other scripts (rouge-score
drops every letter but a to z; SQuAD looks for spaces), so these are cut by `evalkit.scorers.words`: letters with their
marks are a word, and each character is one where no spaces are written. BLEU's words are those of `tokenize`. Texts are
compared in Unicode's composed form (NFC).

The score is in [0, 1] and graded; with several references the best counts (BLEU and chrF take them together, as their
definitions do). Sentence scores average to another figure than the corpus BLEU and chrF that papers print: those are
corpus metrics (`corpus_bleu`, `corpus_chrf`), shown and not gated. Replies longer than 20,000 characters are cut there.

Figures of a whole task that are no mean over its samples: macro-F1, corpus BLEU and chrF, pass@k.

They are shown beside the scores and not gated: a gate compares sample with sample, and these have no value for one.
Every function here is pure; None means that the figure is not defined for what was given (no sample, no class).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any
from unicodedata import normalize

from evalkit.errors import MissingPackage
from evalkit.installed import install_hint
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import Flag, OneOf, OptionRule, Text, read
from evalkit.scorers.scores import graded, unscored
from evalkit.scorers.text import right_answers
from evalkit.scorers.words import split_words

LONGEST = 20_000
"""Characters. ROUGE-L takes time in the product of both lengths; a reply beyond this is degenerate."""
_BY_SEQUENCE = ("rougeL", "rougeLsum")
_ROUGE = ("rouge1", "rouge2", *_BY_SEQUENCE)
_LONGEST_FOR_LCS = 1_500  # words of either side: ROUGE-L's table has a cell for each pair
MOST_REFERENCES, MOST_CHARACTERS, MOST_WORDS = 1_000, 500_000, 20_000
"""References of one sample, their characters, and their words where ROUGE-L compares each with each of the reply."""
_A_LINE = 10
"""Words that a further line costs as much as."""
_METRICS = ("f1", *_ROUGE, "bleu", "chrf")
_RULES: Mapping[str, OptionRule] = {
    "metric": OneOf(_METRICS, "f1"),
    "stem": Flag(True),
    "tokenize": OneOf(("13a", "char", "intl", "zh"), "13a"),
    "field": Text(),
}

_KEPT, _SHORT = 4_096, 200
"""Texts whose words are kept, and their characters: sentences, where each is a text of its own. Of longer ones two."""
Measure = Callable[[str, Sequence[str]], float]
"""(reply, references) -> overlap in [0, 1]."""


def make(given: Mapping[str, object]) -> Scorer:
    """`tokenize` is BLEU's: 13a, intl, char, zh. Raises MissingPackage where the metric's package is not installed."""
    options = read("overlap", given, _RULES)
    measure = measure_of(options.text("metric"), stem=options.flag("stem"), tokenize=options.text("tokenize"))

    def score(sample: Sample, response: Response) -> Score:
        references = references_of(sample)
        if not references:
            return unscored("the sample has no reference text")
        if (why := _too_many(references, options.text("metric"))) is not None:
            return unscored(why)
        reply, *references = (normalize("NFC", text) for text in (response.text[:LONGEST], *references))
        value = min(1.0, max(0.0, measure(reply, references)))
        # A sum of many terms may come out a hair under 1 for the reference itself.
        return graded(1.0 if value > 1 - 1e-9 else value, None)

    def references_of(sample: Sample) -> list[str]:
        return [text[:LONGEST] for text in right_answers(sample, options) if text.strip()]

    def gold(sample: Sample) -> str | None:
        references = references_of(sample)
        if _too_many(references, options.text("metric")) is not None:
            return None
        return next((text for text in right_answers(sample, options) if text.strip()), None)

    return Scorer("overlap", 4, score, gold, options=options, whole=True)


def _too_many(references: Sequence[str], metric: str) -> str | None:
    """Why a sample has more reference texts than one reply is compared with; None where it has not."""
    if len(references) > MOST_REFERENCES:
        return f"the sample has {len(references):,} references; at most {MOST_REFERENCES:,} are compared"
    if (n := sum(map(len, references))) > MOST_CHARACTERS:
        return f"the references of the sample have {n:,} characters; at most {MOST_CHARACTERS:,} are compared"
    if metric in _BY_SEQUENCE:
        of_line = _A_LINE if metric == "rougeLsum" else 0  # which compares each line with each
        n = sum(min(len(one.split()), _LONGEST_FOR_LCS) + of_line * one.count("\n") for one in references)
        if n > MOST_WORDS:
            return f"the references of the sample have {n:,} words; {metric} compares at most {MOST_WORDS:,}"
    return None


def measure_of(metric: str, *, stem: bool = True, tokenize: str = "13a") -> Measure:
    """The function behind a metric's name. Raises MissingPackage."""
    if metric == "f1":
        return lambda reply, references: max(token_f1(reply, reference) for reference in references)
    try:
        if metric in _ROUGE:
            return _rouge(metric, stem=stem)
        return _sacrebleu(metric, tokenize)
    except ImportError as error:
        raise MissingPackage(
            f"metric {metric} needs the package {error.name}. Install the extra: {install_hint('metrics')}"
        ) from error


_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# A letter outside the Latin blocks (Basic to Extended-B, Phonetic, Additional); marks and symbols are none.
_OTHER_LETTER = re.compile(r"[^\W\d_\u0000-\u02af\u1d00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\ufb00-\ufb06\uff21-\uff5a]")


def plain_words(text: str) -> list[str]:
    """SQuAD's words: small letters, punctuation dropped, articles dropped; other scripts' words as above."""
    words = _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()
    if text.isascii():
        return words
    return [part for word in words for part in (split_words(word) if _OTHER_LETTER.search(word) else [word])]


_kept_words = lru_cache(maxsize=2)(plain_words)


def token_f1(reply: str, reference: str) -> float:
    """Harmonic mean of precision and recall over words; 0.0 where one side has none.

    Where neither has a word that counts (the answer is "The", or a sign), 1.0 for the same text and 0.0 for another:
    SQuAD's own script calls any two of them equal.
    """
    said, wanted = _kept_words(reply), plain_words(reference)
    if not said and not wanted:
        return float(reply.lower().split() == reference.lower().split())
    if not said or not wanted:
        return 0.0
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))


class _Tokenizer:
    """rouge-score's own words for Latin letters, and those of `evalkit.scorers.words` for every other script."""

    def __init__(self, own: Any) -> None:
        self._own = own
        self._kept, self._kept_short = (lru_cache(maxsize=n)(self._words) for n in (2, _KEPT))

    def tokenize(self, text: str) -> list[str]:
        """The words in order: rouge-score's, small and stemmed, between those of other scripts. Kept for a while: it is
        asked for those of the reply again with each reference."""
        return self._kept_short(text) if len(text) < _SHORT else self._kept(text)

    def _words(self, text: str) -> list[str]:
        if not _OTHER_LETTER.search(text):
            return list(self._own.tokenize(text))
        found: list[str] = []
        for word in split_words(text.lower()):
            found += [word] if _OTHER_LETTER.search(word) else self._own.tokenize(word)
        return found


@cache
def _rouge(metric: str, *, stem: bool) -> Measure:
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import DefaultTokenizer

    scorer = RougeScorer([metric], tokenizer=_Tokenizer(DefaultTokenizer(stem)))

    def measure(reply: str, references: Sequence[str]) -> float:
        if metric in _BY_SEQUENCE:
            reply, references = _cut(reply), [_cut(reference) for reference in references]
        return max(float(scorer.score(reference, reply)[metric].fmeasure) for reference in references)

    return measure


def _cut(text: str) -> str:
    """The first words, with their line breaks, which divide the sentences of rougeLsum."""
    end = next((match.end() for n, match in enumerate(re.finditer(r"\S+", text), 1) if n == _LONGEST_FOR_LCS), None)
    return text if end is None else text[:end]


@cache
def _sacrebleu(metric: str, tokenize: str) -> Measure:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    scorer = BLEU(effective_order=True, tokenize=tokenize) if metric == "bleu" else CHRF()

    def measure(reply: str, references: Sequence[str]) -> float:
        return float(scorer.sentence_score(reply, list(references)).score) / 100

    return measure


def macro_f1(said: Sequence[str | None], right: Sequence[str]) -> float | None:
    """Mean over the classes that stand in `right` of each one's F1, every class alike; None without samples.

    An answer that could not be read (None) is no class: it misses its own and spoils no other. A class that is said
    but never right has no F1 of its own here; it lowers the others' recall. (scikit-learn counts it as a class with 0.)
    """
    hits = Counter(r for s, r in zip(said, right, strict=True) if s == r)
    n_said = Counter(s for s in said if s is not None)
    n_right = Counter(right)
    if not n_right:
        return None
    return sum(2 * hits[name] / (n_said[name] + n_right[name]) for name in n_right) / len(n_right)


def corpus_bleu(replies: Sequence[str], references: Sequence[str], *, tokenize: str = "13a") -> float | None:
    """BLEU in [0, 1] by sacrebleu, one reference a reply; None without replies. Raises MissingPackage."""
    if not replies:
        return None
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise _missing() from error
    return float(BLEU(tokenize=tokenize).corpus_score(list(replies), [list(references)]).score) / 100


def corpus_chrf(replies: Sequence[str], references: Sequence[str]) -> float | None:
    """chrF in [0, 1] by sacrebleu; None without replies. Raises MissingPackage."""
    if not replies:
        return None
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise _missing() from error
    return float(CHRF().corpus_score(list(replies), [list(references)]).score) / 100


def _missing() -> MissingPackage:
    return MissingPackage(f"this metric needs sacrebleu. Install the extra: {install_hint('metrics')}")
