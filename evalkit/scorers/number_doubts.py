"""Why a number is not given outright by the words around it: denied, hedged, bounded, one of several, of the past.

Used by `number_statements`, which finds the number.
"""

from __future__ import annotations

import re

from evalkit.scorers import number_words as words
from evalkit.scorers.number_relations import lists_things, several_things
from evalkit.scorers.numbers_in_words import PAIRED
from evalkit.scorers.numerals import Number

LONGEST_STATEMENT = 200  # characters after the words; beyond that it is prose


SENTENCE_END = re.compile(r"\n|[.!?;…](?=[\s\"')\]*]|$)|[。！？；।]")


_LINKS = frozenset(
    {*",;&/~:-、，和与與とか", "and", ", and", "to", "through", "until", "und", "y", "e", "et", "en", "и", "i", "bis",
     "a", "au", "hay", "vai", "ama",
     "ja", "és", "og", "och", "ve", "dan", "và", "și", "si", "و", "और", "και", "та", "і",
     "à", "до", "至", "到", "から", "和 ", "และ", ",and", "- ", "; and", "plus or minus"}
)  # fmt: skip


_SIGNS = re.compile(r"[\s$€£¥₹()\[\]{}\\*_`\"']+")


_FORMER_ANSWER = re.compile(
    r"\b(?:first|initial|earlier|previous|original|old|former|premi[eè]re|erste|ursprüngliche|primera|prima|primeira"
    r"|eerste|первый|pierwsza)(?: \w+)? ?$"
    r"|(?:最初|原来|一开始|처음)的?の? ?$",
    re.IGNORECASE,
)


def was_former(before: str, answer: str, behind: str) -> bool:
    """Whether a statement gives an answer of the past: "my initial answer was 8", "it is 8, I thought at first"."""
    past = re.search(r"\b(?:was|were|war|était|era|fue|foi|był\w*|var)\b", answer, re.IGNORECASE) is not None
    return (past and _FORMER_ANSWER.search(before) is not None) or _former_behind(behind)


def _former_behind(behind: str) -> bool:
    """Whether words behind a number, up to the next one, put it into the past."""
    behind = re.split(r"\d", behind, maxsplit=1)[0]
    found = words.FORMER.search(behind)
    return found is not None and not words.AS_FORMER.search(behind[: found.start()] + " ")


def is_supposed(text: str, start: int) -> bool:
    """Whether the number that begins here stands in a sentence about what is not so: "If he had sold 5 more, he would
    have 23." A train of thought that goes on behind it ("so he has 18") is a sentence of its own; what is concluded
    or worked out answers a question about what is not so ("Therefore, he would have had 23.")."""
    begin = max((end.end() for end in SENTENCE_END.finditer(text, max(0, start - LONGEST_STATEMENT), start)), default=0)
    begin = max(begin, start - LONGEST_STATEMENT)
    said = max((so.end() for so in words.THEREFORE.finditer(text, begin, start)), default=begin)
    end = SENTENCE_END.search(text, start)
    sentence = text[said : min(end.start() if end else len(text), start + LONGEST_STATEMENT)]
    worked_out = text[begin:start].rstrip("0123456789., $€£({*").endswith("=")
    if worked_out or words.CONCLUDES.match(text, begin):
        return False
    return any(pattern.search(sentence) for pattern in words.COUNTERFACTUAL)


def opens_with_or(lead: str) -> bool:
    """Whether a sentence adds another value to the one before: "6; or 5", "6. Alternatively, 5"."""
    found = words.OR.search(lead)
    return found is not None and len(lead) <= 40 and not re.search(r"\w", lead[: found.start()])


def denied_at(lead: str) -> bool:
    denied = re.search(rf"(?:{words.DENIED.pattern})(?: \w+)?[ $€£]*$", lead, re.IGNORECASE)
    return denied is not None or words.UNEQUAL.search(lead) is not None


_DIRECT_HEDGE = re.compile(
    r"\b(?:may be|might be|could be|probably|possibly|perhaps|maybe|likely)(?: about| around)? [$€£]?$|可能是?$"
    r"|大概是?$|也许是?$|quizás? $|tal vez $|vielleicht $|peut-être $|может быть $|возможно,? $",
    re.IGNORECASE,
)


_BOUNDED_BEFORE = re.compile(rf"(?:{words.BOUND.pattern})[是为]?[ ($€£]*$", re.IGNORECASE)
_HEDGED_BEFORE = re.compile(rf"(?:{words.HEDGED.pattern})(?:[,:]? \w+)?[ ,:$€£]*$", re.IGNORECASE)


_NO_WAY = re.compile(r"\b(?:no way|by no means|in no case|anything but|far from|impossible)\b", re.IGNORECASE)
_NO_WAY_BEFORE = re.compile(
    rf"(?:{_NO_WAY.pattern}|\b(?:anything|everything|any number|any value) (?:but|except|other than)\b"
    r"|\b(?:alles (?:außer|andere als)|tout sauf|todo menos|tutto tranne|tudo menos)\b)(?: (?:about|the"
    r"|a))?[ $€£]*$",
    re.IGNORECASE,
)
_POINTED_TO = re.compile(
    r"\b(?:in|from|see|by|using|via|of|under|on) (?:the )?(?:steps?|equations?|eqs?\.?|lines?|tables?|figures?"
    r"|fig\.?|"
    r"sections?|examples?|theorem|lemma|chapter|appendix|footnote|exercise|pages?|p\.|rows?|columns?|slide) ?[(#]?$"
    r"|\b(?:divisible by|such as"
    r"|e\.g\.,?|"
    r"for example,?|prime,? like|ending (?:in|with)|starting with|begins with|ends (?:in|with)) ?[$€£]?$",
    re.IGNORECASE,
)
"""Before a number that only points to a place, or describes the answer: "it is given in equation 5"."""
_IF = r"(?<!\w)(?:if|when|wenn|falls|si|se|als|если|jeśli)(?!\w)"
_ELSE = (
    r"(?<!\w)(?:otherwise|else|sonst|andernfalls|sinon|si no|altrimenti|senão|caso contrário|anders|иначе"
    r"|w przeciwnym razie)(?!\w)"
)
_TO_NUMBER = r"[^.?!;]{1,60}?\d[\d.,]*(?: \w+)? "
_DEPENDS = re.compile(
    rf"{_IF}{_TO_NUMBER}(?:{_IF}|{_ELSE})|{_IF}[^.?!;]{{1,60}}?{_ELSE}[^.?!;\d]{{0,12}}\d"
    rf"|\bbefore\b{_TO_NUMBER}after\b|\bwith\b{_TO_NUMBER}without\b|\bwithout\b{_TO_NUMBER}with\b",
    re.IGNORECASE,
)
"""Two numbers of which each holds in a case of its own: "5 if x is even, 6 otherwise"."""


_NOT_GIVEN = ((_NO_WAY_BEFORE, "is denied"), (_POINTED_TO, "only points to a number, or describes one"))
"""What stands before a number that a statement does not give, and why."""


def unsaid(text: str, number: Number, lead: str, previous: Number | None, sentence: str) -> str | None:
    """Why the number is not given outright by the sentence around it; None where it is.

    `lead`: what stands before it in its sentence; `previous`: the number before it there."""
    tail = text[number.end : number.end + 60]
    apart = lead if previous is None else lead[-max(0, number.start - previous.end) :]
    alone = (sentence if previous is None else apart).partition(text[number.start : number.end])[0]
    return (
        _hedged(lead, tail, sentence, _rest(text, number))
        or _of_others(text, number, lead, alone)
        or _denied(lead, tail, apart)
        or _of_several(text, number, previous, sentence)
    )


def _hedged(lead: str, tail: str, sentence: str, rest: str) -> str | None:
    if _BOUNDED_BEFORE.search(lead) or words.BOUNDED_AFTER.match(tail):
        return "a bound"
    hedged = (
        _DIRECT_HEDGE.search(lead)
        or _HEDGED_BEFORE.search(lead)
        or words.HEDGED_AFTER.match(rest)
        or words.UNSURE.search(sentence)
    )
    return "hedged" if hedged else None


def _of_others(text: str, number: Number, lead: str, alone: str) -> str | None:
    """Whether the speaker does not hold the number now: `alone` is what leads to this number and to no other."""
    former = words.FORMER.search(alone)
    if former is not None and words.AS_FORMER.search(alone[: former.start()]):
        former = None
    if former is not None or _former_behind(_rest(text, number)):
        return "a former opinion"
    if words.SUPPOSED.search(alone) or words.SUPPOSES.search(alone):
        return "supposed"
    others = words.REPORTED.search(lead) or words.OTHERS_ANSWER.search(lead)
    if others or (words.RELATIVES_ANSWER.search(lead) and not _rest(text, number).strip()):
        return "what others say"
    return None


def _denied(lead: str, tail: str, apart: str) -> str | None:
    denied = _NO_WAY.search(lead) or words.DISBELIEVED.search(apart) or words.DENIED_AFTER.match(tail)
    return "denied" if denied else None


_EDGE = r"(?:[-+−]? ?[\d.]+|[-+−]? ?(?:∞|\\infty|inf\b))"
_INTERVAL = re.compile(rf"[\[(] ?{_EDGE} ?[,;] ?{_EDGE} ?[\])]")
_OF_OPTIONS = re.compile(
    r"\W*(?:options?|possibilit(?:y|ies)|case|scenario|alternative|reading|interpretation|möglichkeit|fall|cas|caso|opción|opzione)"
    r" (?:\#?[2-9]|[b-d]|two|three|zwei|drei|deux|trois|dos|tres|due|tre)\b ?[:.)–—-]",
    re.IGNORECASE,
)
"""Opens the sentence of one value of several: "Case 2: 70"."""


def _of_several(text: str, number: Number, previous: Number | None, sentence: str) -> str | None:
    near = _INTERVAL.finditer(text, max(0, number.start - 40), number.end + 40)
    if any(found.start() < number.start < found.end() for found in near):
        return "the end of an interval, or of a pair"
    if _OF_OPTIONS.match(sentence.lstrip()):
        return "one of several"
    if previous is None:
        return None
    gap = text[previous.end : number.start]
    several = PAIRED.search(sentence) or lists_things(sentence) or linked(gap, previous, number, words_only=sentence)
    return "one of several" if several else None


def _rest(text: str, number: Number) -> str:
    """What follows a number in its sentence."""
    rest = text[number.end : number.end + LONGEST_STATEMENT]
    end = SENTENCE_END.search(rest)
    return rest[: end.start()] if end else rest


def linked(gap: str, first: Number, second: Number, *, words_only: str | None = None) -> bool:  # noqa: PLR0911 - a table, read from the top
    """Whether two numbers are alternatives, a list or a range, by what stands between them."""
    if first.kind == second.kind == "plain" and first.value == second.value:
        return False
    if len(gap) <= 40 and words.OR_BEFORE.search(gap):
        return True
    if len(gap) <= 40 and (found := words.OR.search(gap)):
        return SENTENCE_END.search(gap) is None or SENTENCE_END.split(gap)[-1].strip()[:1] == found[0][:1]
    if gap == ": ":
        return False  # an explanation follows
    if several_things(gap):
        return True
    between = _SIGNS.sub(" ", gap).strip().lower()
    if words_only is not None and between in {
        ",",
        "/",
        ":",
        ";",
        "|",
        "か",
    }:  # prose has commas between numbers: not so a bare list
        return re.search(r"[^\W\d_]", words_only.rpartition(":")[2] if between == "," else words_only) is None
    return between in _LINKS or gap.strip() in _LINKS


def clause_unsaid(clause: str, number: Number) -> str | None:
    """Why a statement does not give its first number outright; None where it does."""
    lead = clause[: number.start]
    for said_before, why in _NOT_GIVEN:
        if said_before.search(lead):
            return why
    if words.BOUND.search(lead) or words.BOUNDED_AFTER.match(clause, number.end):
        return "gives a bound"
    if PAIRED.search(clause) or _DEPENDS.search(clause, number.end):
        return "gives several numbers"
    if words.HEDGED.search(lead) or words.HEDGED_AFTER.match(clause, number.end):
        return "is hedged"
    if words.UNSURE.search(clause) or re.search(r"\beither\b", lead, re.IGNORECASE):
        return "is hedged"
    return None
