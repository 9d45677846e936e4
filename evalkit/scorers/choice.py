"""Multiple choice, in one of three declared modes.

    make({"mode": "generate"})        the choice that the reply names (how it is read: evalkit.scorers.choice_reading)
    make({"mode": "likelihood"})      the choice whose text the model finds most likely
    make({"mode": "first_token"})     the letter that the model finds most likely as its first token

`Sample.target` is the text of the right choice (its letter is accepted too), `Sample.choices` are all of them in the
order in which they are asked. The mode belongs to the meaning of the score: figures of different modes do not compare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evalkit.reasoning import SIGNS
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.labels import LETTERS, labels
from evalkit.scorers.options import OneOf, read
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored

_RULES = {
    "mode": OneOf(("generate", "likelihood", "first_token"), "generate"),
    "pick": OneOf(("last", "first"), "last"),
    "reads": OneOf(("words", "letter"), "words"),
    "normalise": OneOf(("none", "tokens", "chars", "bytes"), "none"),
}


def make(given: Mapping[str, object]) -> Scorer:
    """`pick: first` is for replies that run on into further questions (base models); generate mode only.

    `reads: letter` takes the reply for a letter and nothing else (with `extract`, which cuts it out): a letter that no
    choice has is then a wrong answer, and texts of choices are not looked at.

    `normalise` matters in likelihood mode only: divide each log-likelihood by the continuation's own length."""
    options = read("choice", given, _RULES)
    if options.text("mode") == "generate":
        pick = options.text("pick")
        if options.text("reads") == "letter":
            return Scorer("choice", 2, score_letter, _gold_letter, options=options)
        return Scorer(
            "choice",
            10,
            lambda sample, response: score_reply(sample, response, pick),
            _gold,
            sure=_is_sure,
            options=options,
        )
    if options.text("mode") == "first_token":
        return Scorer("choice", 1, score_first_token, _gold_letter, gold_tokens=_gold_tokens, options=options)

    def score(sample: Sample, response: Response) -> Score:
        return score_likelihoods(sample, response, normalise=options.text("normalise"))

    return Scorer("choice", 1, score, lambda sample: None, needs="likelihood", options=options)


def continuations(sample: Sample) -> tuple[str, ...]:
    """What likelihood mode asks about: the text of each choice after a space, in the order of the choices."""
    return tuple(f" {choice}" for choice in sample.choices)


def target_index(sample: Sample) -> int | None:
    """Which choice is right; None when the target is neither the text nor the letter of one.

    Text goes first: for the choices ["B", "A"] the target "A" is the second choice.
    """
    if sample.target is None:
        return None
    if sample.target in sample.choices:
        return sample.choices.index(sample.target)
    stripped = sample.target.strip()
    for names in ([choice.strip() for choice in sample.choices], labels(len(sample.choices))):
        if stripped in names:
            return names.index(stripped)
    return None


def score_reply(sample: Sample, response: Response, pick: str = "last") -> Score:
    """Generate mode: unparseable when the reply names no choice, or more than one."""
    right = target_index(sample)
    if right is None:
        return unscored(_NO_TARGET)
    said = response.text.strip()
    ends = enumerate(choice.rstrip() for choice in sample.choices)
    whole = [index for index, end in ends if said.endswith(end) and said in _spelled(sample, index)]
    if len(whole) == 1:  # to the letter: signs, dashes and brackets inside a text are no words about it
        return right_or_wrong(_same(sample, whole[0], right), _shown(sample, whole[0]), "letter and text")
    exact = [index for index, choice in enumerate(sample.choices) if choice.strip() == said]
    if len(exact) == 1 and said.upper() not in labels(len(sample.choices)):  # "Billing" where "billing" is a choice too
        return right_or_wrong(_same(sample, exact[0], right), _shown(sample, exact[0]), "text of a choice")
    from evalkit.scorers.choice_reading import read_choice  # slow to load: `outcomes.prepare`

    reading = read_choice(response.text, sample.choices, pick=pick)
    if reading.index is None:
        return unparseable(reading.reason)
    return right_or_wrong(_same(sample, reading.index, right), _shown(sample, reading.index), reading.reason)


def score_letter(sample: Sample, response: Response) -> Score:
    """Generate mode with `reads: letter`: the reply is a label, wrapped in whatever is no letter or digit."""
    right = target_index(sample)
    if right is None:
        return unscored(_NO_TARGET)
    letter = response.text.strip(_AROUND_LETTER).upper()
    names = labels(len(sample.choices))
    if letter in names:
        return right_or_wrong(_same(sample, names.index(letter), right), _shown(sample, names.index(letter)))
    if len(letter) == 1 and letter in LETTERS:
        return right_or_wrong(False, letter, "no choice has this letter")
    return unparseable("the reply is not a letter alone")


def score_likelihoods(sample: Sample, response: Response, *, normalise: str) -> Score:
    """Likelihood mode: the largest (normalised) log-likelihood wins; a tie goes to the first and is noted.

    `tokens` divides by the tokens of the continuation, `chars` by the characters of the choice without the space before
    it (lm-eval's acc_norm), `bytes` by its UTF-8 bytes. Absent when the adapter did not bring what is needed.
    """
    right = target_index(sample)
    if right is None:
        return unscored(_NO_TARGET)
    values = response.logliks
    if values is None or len(values) != len(sample.choices):
        return unscored(f"{len(sample.choices)} log-likelihoods were asked for, {len(values or ())} came")
    if any(math.isnan(value) for value in values) or all(value == -math.inf for value in values):
        return unscored("the log-likelihoods are not numbers that can be compared")
    lengths: Sequence[int] | None = None
    if normalise == "tokens":
        lengths = response.loglik_tokens
        if lengths is None or len(lengths) != len(values):
            return unscored("normalise: tokens needs the token count of each continuation, which did not come")
    elif normalise == "chars":
        lengths = [len(choice) for choice in sample.choices]
    elif normalise == "bytes":
        lengths = [len(choice.encode("utf-8", "replace")) for choice in sample.choices]
    if lengths is not None:
        values = tuple(value / max(1, length) for value, length in zip(values, lengths, strict=True))
    return _best(sample, dict(enumerate(values)), right)


def score_first_token(sample: Sample, response: Response) -> Score:
    """First-token mode: tokens that spell the same letter (` C`, `C`, `(C`) add up; the likeliest letter wins.

    Unparseable when no letter of a choice is among the alternatives; absent when no log-probabilities came.
    """
    right = target_index(sample)
    if right is None:
        return unscored(_NO_TARGET)
    if not response.top_logprobs:
        return unscored("mode first_token needs top_logprobs, and none came")
    names = labels(len(sample.choices))
    mass: dict[int, float] = {}
    for token, logprob in response.top_logprobs[0].items():
        name = token.strip(" \t\n▁Ġ(*.:)")
        if name in names and not math.isnan(logprob):
            index = names.index(name)
            mass[index] = mass.get(index, 0.0) + math.exp(min(logprob, 0.0))
    if not mass:
        return unparseable("no letter of a choice is among the first token's alternatives")
    return _best(sample, dict(sorted(mass.items())), right)


_AROUND_LETTER = " \t\n()[]{}.:,;*_`'\"$"
_NO_TARGET = "the sample's target is not one of its choices"


def _best(sample: Sample, values: Mapping[int, float], right: int) -> Score:
    best = max(values, key=lambda index: values[index])  # the first of equals
    n_equal = sum(value == values[best] for value in values.values())
    reason = f"{n_equal} choices are equally likely: the first of them counts" if n_equal > 1 else None
    return right_or_wrong(_same(sample, best, right), _shown(sample, best), reason)


def _same(sample: Sample, index: int, right: int) -> bool:
    """Choices with the same text are the same answer."""
    return index == right or sample.choices[index] == sample.choices[right]


def _shown(sample: Sample, index: int) -> str:
    return f"{labels(len(sample.choices))[index]}) {sample.choices[index]}"


def _spelled(sample: Sample, index: int) -> tuple[str, ...]:
    """A choice with its letter, as replies spell the two: `B) Paris`, `(B) Paris`, `B. Paris`, `B: Paris`."""
    label, text = labels(len(sample.choices))[index], sample.choices[index]
    return tuple(f"{before} {text}".strip() for before in (f"{label})", f"({label})", f"{label}.", f"{label}:"))


def _gold_letter(sample: Sample) -> str | None:
    """The right letter, as `reads: letter` wants it."""
    right = target_index(sample)
    return sample.target if right is None else labels(len(sample.choices))[right]


def _gold_tokens(sample: Sample) -> Mapping[str, float]:
    """A first token that is surely the right letter; some letter where the target is no choice."""
    right = target_index(sample)
    return {labels(len(sample.choices))[right or 0]: 0.0}


def _is_sure(sample: Sample) -> bool:
    """Whether the gold is read word for word: `B) Paris` is the letter and the text of one choice, and no other begins
    with this letter. Where the text may hold a tag of reasoning, nothing is said."""
    target = sample.target
    return target is not None and target in sample.choices and not any(sign in target for sign in SIGNS)


def _gold(sample: Sample) -> str | None:
    """Letter and text together, which is never ambiguous. A target outside the choices is given back as it is."""
    right = target_index(sample)
    return sample.target if right is None else _shown(sample, right)
