r"""Replies compared as text: `exact`, `contains` and `regex`.

    make_exact({"ignore_case": True})           "Refund\n" for target "refund": right
    make_contains({"field": "must_say"})        every text of the record's list `must_say` stands in the reply
    make_regex({"pattern": r"Ticket (\d+)"})    the group of the last match equals the target

All of them compare in Unicode's composed form (NFC), so that é is é however it was typed. Nothing else is forgiven
unless an option says so: `ignore_case`, `collapse_spaces` (any white space becomes one space), `strip` (on by default).
Right answers come from the target, from the record's field named by `field` (a text or a list of texts), or from the
suite: `text`.

An answer without what a model wraps around it: `exact` with `ignore_wrapping`, as the built-in `bbh` asks for it.

    says_plainly("**(B)**.", "(B)")                     # True
    says_plainly("$\boxed{\text{No}}$", "No")           # True
    says_plainly("No, they did not.", "No")             # True
    says_plainly("(B) or (C)", "(B)")                   # False

Taken off both ends: white space, emphasis, quotation marks, backticks, dollar signs on both sides, `\boxed{}`,
`\text{}`, a final stop.
Further, by the kind of the right answer:

* an option's letter, `(B)`: also `B`, and the letter with the option's text behind it;
* one word: words of explanation behind a comma or a full stop, or on the next line;
* a whole number: one to three words behind it that name what was counted.

What stands behind must take nothing back: no other option, no second answer, no "not", "or", "wait".
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.options import Flag, OneOf, OptionRule, OptionValues, Text, Texts, read
from evalkit.scorers.patterns import LONGEST_TEXT, Pattern
from evalkit.scorers.scores import right_or_wrong, unparseable, unscored
from evalkit.scorers.words import has_word

_FOLDING: Mapping[str, OptionRule] = {
    "strip": Flag(True),
    "ignore_case": Flag(False),
    "collapse_spaces": Flag(False),
    "field": Text(),
}
_SHOWN = 200  # characters of a whole reply kept as "extracted": the full text is stored beside it


def make_exact(given: Mapping[str, object]) -> Scorer:
    """Right when the reply is one of the right answers and nothing else.

    `escapes` compares line breaks as source code writes them (two characters), so that a text and its literal agree.
    `ignore_wrapping` reads through emphasis, quotation marks and the like (`unwrapped`).
    """
    options = read(
        "exact", given, {**_FOLDING, "text": Texts(), "escapes": Flag(False), "ignore_wrapping": Flag(False)}
    )
    same = says_plainly if options.flag("ignore_wrapping") else str.__eq__

    def score(sample: Sample, response: Response) -> Score:
        accepted = right_answers(sample, options)
        if not accepted:
            return unscored(_nothing_to_compare(options))
        reply = fold(response.text, options)
        return right_or_wrong(any(same(reply, fold(answer, options)) for answer in accepted), reply[:_SHOWN])

    def gold(sample: Sample) -> str | None:
        return next(iter(right_answers(sample, options)), None) or None

    return Scorer("exact", 4, score, gold, options=options, whole=True)


def make_contains(given: Mapping[str, object]) -> Scorer:
    """Right when all (or any) of the right answers stand in the reply.

    `whole_words` keeps "no" out of "know", 5 out of 5.5 and C out of C++. Where a script writes no spaces, a word may
    stand beside any other.
    """
    rules: Mapping[str, OptionRule] = {
        **_FOLDING,
        "text": Texts(),
        "match": OneOf(("all", "any"), "all"),
        "whole_words": Flag(False),
    }
    options = read("contains", given, rules)
    enough = all if options.text("match") == "all" else any

    def score(sample: Sample, response: Response) -> Score:
        wanted = [fold(answer, options) for answer in right_answers(sample, options)]
        if not wanted or not all(wanted):
            return unscored(_nothing_to_compare(options))
        reply = fold(response.text, options)
        found = [contains(reply, text, whole_words=options.flag("whole_words")) for text in wanted]
        said = [text for text, there in zip(wanted, found, strict=True) if there]
        missing = [text for text, there in zip(wanted, found, strict=True) if not there]
        reason = f"not in the reply: {', '.join(map(repr, missing[:5]))}" if missing else None
        return right_or_wrong(enough(found), "; ".join(said)[:_SHOWN] or None, reason)

    def gold(sample: Sample) -> str | None:
        return "\n".join(right_answers(sample, options)) or None

    return Scorer("contains", 3, score, gold, options=options, whole=True)


def make_regex(given: Mapping[str, object]) -> Scorer:
    """Right when what the pattern takes out of the reply is a right answer.

    That is the group named `answer`, else, of another alternative or without such a group, the first group that took
    part in the match, else the whole match. Groups that all matched nothing are unparseable.

    `pick` says which match counts, the last by default. `compare: found` asks only that there is a match.
    The pattern is RE2's (`evalkit.scorers.patterns`). Of a longer reply the last 100,000 characters are read, or the
    first where `pick` says so.
    The gold reply is the record's `example`, else the target where the pattern reads it, else none.
    """
    rules: Mapping[str, OptionRule] = {
        **_FOLDING,
        "pattern": Text(),
        "pick": OneOf(("last", "first"), "last"),
        "compare": OneOf(("target", "found"), "target"),
    }
    options = read("regex", given, rules)
    if (written := options.optional_text("pattern")) is None:
        raise SuiteError("scorer regex: option 'pattern' is missing: give the regular expression to look for")
    try:
        pattern = Pattern.compile(written)
    except SuiteError as error:
        raise SuiteError(f"scorer regex: {error}") from error
    last, only_found = options.text("pick") == "last", options.text("compare") == "found"

    def extract(text: str) -> str | None:
        matches = pattern.find_all(text[-LONGEST_TEXT:] if last else text[:LONGEST_TEXT])
        return matches[-1 if last else 0] if matches else None

    def score(sample: Sample, response: Response) -> Score:
        accepted = right_answers(sample, options)
        if not accepted and not only_found:
            return unscored(_nothing_to_compare(options))
        found = extract(response.text)
        if only_found:
            return right_or_wrong(found is not None, found, None if found is not None else "no match")
        if found is None:
            return unparseable("the pattern does not match")
        answer = fold(found, options)
        right = any(answer == fold(wanted, options) for wanted in accepted)
        if not answer and not right:
            return unparseable("the pattern matches, and its groups hold nothing")
        return right_or_wrong(right, answer)

    def gold(sample: Sample) -> str | None:
        if isinstance(example := sample.fields.get("example"), str):
            return example
        for answer in right_answers(sample, options):
            found = extract(answer)
            if found is not None and fold(found, options) == fold(answer, options):
                return answer
        return None

    return Scorer("regex", 3, score, gold, options=options, whole=only_found)


def fold(text: str, options: OptionValues) -> str:
    """The text as it is compared under the options."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if options.flag("ignore_case"):
        text = text.casefold()
    if options.flag("collapse_spaces"):
        text = " ".join(text.split())
    if options.get("escapes"):
        text = text.replace("\n", "\\n")
    return text.strip() if options.flag("strip") else text


def right_answers(sample: Sample, options: OptionValues) -> tuple[str, ...]:
    """The accepted answers: what the suite itself says, the record's field when one is named, else the target. Empty
    when there are none."""
    field = options.optional_text("field")
    if (said := options.texts("text") if "text" in options else None) is not None:
        return said
    value = sample.fields.get(field) if field is not None else sample.target
    if isinstance(value, list | tuple):
        return tuple(_written(item) for item in value if item is not None)
    return () if value is None else (_written(value),)


def _written(value: object) -> str:
    """A right answer as templates write it: true, lists and mappings as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | dict) else str(value)


def contains(text: str, part: str, *, whole_words: bool) -> bool:
    """Whether the part stands in the text; with `whole_words` not inside a longer word, number or name
    (`evalkit.scorers.words`)."""
    return has_word(text, part, whole_value=True) if whole_words else part in text


def _nothing_to_compare(options: OptionValues) -> str:
    field = options.optional_text("field")
    return f"the record has no text in its field {field!r}" if field else "the sample has no target"


_ENDS = " \t\r\n*_`\"'“”„‟‘’‚‛«»‹›「」『』《》〈〉＂"
_COMMAND = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf|fbox)\s*\{([^{}]*)\}")
_LETTER = re.compile(r"\(([A-Za-z])\)")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"-?\d+")
_TAKEN_BACK = re.compile(
r"\([A-Za-z]\)|\b(?:or|not|n't|no|yes|true|false|valid|invalid|wait|actually|but|however|unless|maybe|perhaps|either|neither|"
    r"wrong|incorrect|rather|instead|sorry|correction|although|though|suppose|guess|probably|possibly|likely)\b|n't\b|n’t\b|\?",
    re.IGNORECASE,
)  # fmt: skip
_NO_UNIT = re.compile(
r"\d|[+/^%=*-]|\b(?:dozens?|hundreds?|thousands?|millions?|billions?|"
    r"percent|per cent|prozent|pour ?cent|por ?cento|por ?ciento|per ?cento|процент\w*|point|times|and|to|minus|plus|"
    r"half|halves|thirds?|more|"
    r"less|fewer|squared|cubed|over|divided|than|k|m)\b", re.IGNORECASE,
)  # fmt: skip
_LONGEST = 2_000
_NO_CHOICE = "\ue000"
"""Beside the one word that is looked for, `choice` is given one that no reply has."""


def says_plainly(reply: str, right: str) -> bool:
    """Whether the reply is the right answer and nothing else, by the rules above. Case counts: fold it beforehand."""
    said, wanted = unwrapped(reply[:_LONGEST]), unwrapped(right)
    if not wanted or said == wanted:
        return bool(wanted) and said == wanted
    if letter := _LETTER.fullmatch(wanted):
        return _names(said, letter[1])
    if _WORD.fullmatch(wanted):
        return _leads(said, wanted, ",.;:!–—") and _stands(said, wanted)
    if _NUMBER.fullmatch(wanted) and said.startswith(wanted + " "):
        rest = said[len(wanted) :].strip()
        if len(rest.split()) > 3 or _NO_UNIT.search(rest) or _TAKEN_BACK.search(rest):
            return False
        return _is_number(said, wanted) and not _opens_with_or(rest)
    return False


def _stands(said: str, word: str) -> bool:
    """Whether what follows a word leaves it standing, in the languages that `choice` reads: no other one, no doubt."""
    from evalkit.scorers.choice_reading import read_choice

    if _opens_with_or(said[len(word) :].lstrip(" \t,;:.!–—")):
        return False
    return read_choice(said, (word, _NO_CHOICE)).index == 0


def _is_number(said: str, wanted: str) -> bool:
    """Whether `numbers` reads this number: not "5 Tausend", not "5 at most"."""
    from evalkit.scorers.number_statements import find_answer

    found = find_answer(said, "final").number
    return found is not None and found.value == int(wanted)


def _opens_with_or(rest: str) -> bool:
    from evalkit.scorers.number_doubts import opens_with_or

    return opens_with_or(rest)


def unwrapped(text: str) -> str:
    """The text without what stands around it."""
    for _ in range(6):
        before = text
        text = text.strip(_ENDS).rstrip(".。!;,").strip(_ENDS)
        if text[:1] == text[-1:] == "$" and len(text) > 1:
            text = text.strip("$")  # mathematics; a sign of one side alone is money
        text = text.removeprefix("\\(").removesuffix("\\)") if text.startswith("\\(") else text
        text = _COMMAND.sub(r"\1", text)
        if text == before:
            break
    return text


def _names(said: str, letter: str) -> bool:
    """Whether an option's letter is named, alone or with the option's text behind it."""
    found = re.match(rf"(?:\({re.escape(letter)}\)|{re.escape(letter)}(?=$|[).:,]))[).:,]*", said)
    if found is None:
        return False
    rest = said[found.end() :]
    return not rest or (rest[0].isspace() and _TAKEN_BACK.search(rest) is None)


def _leads(said: str, word: str, ends: str) -> bool:
    rest = said[len(word) :]
    ended = rest.strip(_ENDS)[:1] in tuple(ends) or re.match(r"[*_`\"'” ]*\n", rest) is not None
    if not said.startswith(word) or not ended or rest[:1].isalnum():
        return False
    return _TAKEN_BACK.search(re.sub(r"\bnot\b|n['’]t\b", "", rest) if word.lower() == "no" else rest) is None
