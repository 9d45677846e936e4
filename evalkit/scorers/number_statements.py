r"""Which number of a reply is its answer, as a careful person reads it.

    find_answer("36 + 36 = 72. The answer is 72.", "final").number.value      # 72
    find_answer("The answer is not 72.", "final")                             # no number: it is denied
    find_answer("The answer is 5. Wait, it should be 6.", "final")            # 6

A statement ("the answer is ..", `\boxed{..}`, `#### ..`, in a dozen languages) gives its number only where the number
is said outright: not denied, hedged or bounded ("at least 5", "probably 5"), no alternative ("5 or 6"), no part of a
larger expression, and not taken back in what follows. Where one of these holds the reply gives no number: falling back
to another one would be a guess.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

from evalkit.scorers import number_words as words
from evalkit.scorers.denials import denial_behind
from evalkit.scorers.languages import without_points
from evalkit.scorers.number_boxes import (
    CUE,
    FoundNumber,
    box_denied,
    box_in_doubt,
    denied_before,
    find_box,
    find_heading,
    read_box,
    shortened,
    up_to_bold,
    without_check,
    without_precision,
)
from evalkit.scorers.number_doubts import (
    LONGEST_STATEMENT,
    SENTENCE_END,
    clause_unsaid,
    denied_at,
    is_supposed,
    linked,
    opens_with_or,
    unsaid,
    was_former,
)
from evalkit.scorers.number_relations import (
    is_circumstance,
    is_fraction,
    is_part_of,
    is_rate,
    is_word_rate,
    only_difference,
)
from evalkit.scorers.numerals import Number, find_quantities, simplify
from evalkit.scorers.reply_markup import ANSWER_MARK
from evalkit.scorers.struck import without_crossed
from evalkit.scorers.wrappers import ANSWER_TAG, open_tags, without_tags_in_sentences

_AFTERWARDS = 4000  # characters behind a number in which it can be taken back


_MOST_STATEMENTS = 200  # from the end of a reply: a run-on of more says nothing new


_CONDITION = re.compile(
    r"\b(?:if|suppose|supposing|assum\w+|whether|unless|say|imagine)(?: that)?(?: the| an?| my| your| its)?"
    r"(?: final| correct| right| actual)? ?$",
    re.IGNORECASE,
)


_DISOWNED = re.compile(
    r"(?:\b(?:wrong|incorrect|false(?: to \w+)?|doubt|deny|untrue|mistaken|erroneous|bogus|naive|naïve|tempting"
    r"|intuitive|knee-jerk|hasty|trick|partial|incomplete|intermediate|preliminary)"
    r"|(?:n['’]t|\bnot|\bnever) (?:think|believe|say|sure|know|tell|agree|certain|claim|true|clear))"
    r"(?: if| whether)?(?: that)?(?: the| an?| my| your)?(?: final| correct| right)? ?$",
    re.IGNORECASE,
)


_BUT = re.compile(r"\b(?:but|sondern|sino|mais|ma|maar|а|lecz|tapi)\b|而是|ではなく|아니라", re.IGNORECASE)


_ITS = re.compile(
    r"[.;!,\s*—–。；-]{1,6}(?:(?:but|rather|instead|actually|in fact|no),? ){0,2}(?:it(?:['’]s| is| equals"
    r"| should be| must be)|es ist|c['’]est|es"
    r"|è|é|это|是|而是|それは|het is|to jest)(?!\w)[ :]*(?=[$€£*\\\s(-]{0,4}\d)",
    re.IGNORECASE,
)
"""Behind a denied answer: the sentence that gives the right one."""
_UNIT_ALONE = re.compile(
    r"(?!\W*(?:[^\W\d]+\W+)?(?:times|more|less|fewer|higher|lower|greater|smaller|longer|shorter|off|mal|mehr|weniger|fois|plus"
    r"|moins|veces|más|menos|volte|più|meno)\b)\W*(?:[^\W\d]+\W*){0,2}",
    re.IGNORECASE,
)
"""What such a sentence may say behind its number: a unit. "It is 3 times as much", "It's 5 o'clock now" give none."""


_GAP, _SPACE = re.compile(r"[\n。]|[.!?] "), re.compile(r"\s")
_NOTES = re.compile(r"<<[^<>]{0,200}>>")
"""GSM8K's calculator notes: `48/2 = <<48/2=24>>24`."""

_AT_CUT = FoundNumber(None, None, "the number at the cut may lack digits")


def find_answer(reply: str, pick: str, *, cut: bool = False) -> FoundNumber:
    """The number that counts by `pick` (see `evalkit.scorers.numbers`). `cut`: stopped by the output limit."""
    reply = without_precision(_without_tags(without_crossed(reply)))
    if pick == "final":
        reply = up_to_bold(without_check(reply)) if not cut else reply
    text = simplify(_NOTES.sub("", re.sub(r"(?<!\d)\*\*|\*\*(?!\d)|__", "", reply)))
    text = without_points(text)
    if pick in ("boxed", "final") and (box := find_box(text)) is not None:
        return _boxed(text, box) if pick == "final" else read_box(text[box[0] : box[1]])
    if pick == "boxed":
        return FoundNumber(None, None, "nothing is boxed")
    if pick == "final" and (found_in := _last_statement(text, cut=cut)) is not None:
        return found_in
    if cut and pick != "first":
        return FoundNumber(None, None, "no final statement before the cut")
    return _bare(text) if pick == "final" else _first_or_last(text, pick, cut=cut)


def _without_tags(reply: str) -> str:
    """The reply with `<answer>5</answer>` as a statement, and without the other tags that hold no reasoning."""
    if "</" not in reply:
        return reply
    stated = ANSWER_TAG.sub(r"\nAnswer: \2\n", without_tags_in_sentences(reply))
    return open_tags(stated).replace(ANSWER_MARK, "")


def _boxed(text: str, box: tuple[int, int]) -> FoundNumber:
    """The number in a box, unless the words around it deny, doubt or correct it."""
    start, end = box
    why = "what is boxed is denied" if denied_before(text[:start]) else None
    why = why or box_in_doubt(text, start) or ("what is boxed is denied" if box_denied(text[end + 1 :]) else None)
    if why is not None:
        return FoundNumber(None, None, f"{why}: {shortened(text[max(0, start - 40) : end + 40])}", blocks=True)
    return _kept(read_box(text[start:end]), text, end + 1)


def _first_or_last(text: str, pick: str, *, cut: bool) -> FoundNumber:
    if pick == "first":
        number = next((quantity for quantity in find_quantities(text) if quantity.kind != "other"), None)
    else:
        number = next(iter(_last_two(text)[-1:]), None)
    if number is None:
        return FoundNumber(None, None, "there is no number")
    if cut and number.end == len(text):
        return _AT_CUT
    if number.kind == "part":
        return _part(text, number)
    return FoundNumber(number, text[number.start : number.end], f"{pick} number")


def _last_statement(text: str, *, cut: bool) -> FoundNumber | None:  # noqa: PLR0911 - a table, read from the top
    """What the last final statement that says anything gives; None when there is none."""
    conditional = False
    for match in islice(reversed(list(words.ANSWER.finditer(text))), _MOST_STATEMENTS):
        rest = text[match.end() : match.end() + LONGEST_STATEMENT]
        sentence, start = _sentence(rest, match.end())
        before = SENTENCE_END.split(text[max(0, match.start() - 80) : match.start()])[-1]
        if _CONDITION.search(before):
            conditional = True
            continue
        found = _clause(sentence, "final statement")
        if found.number is None and not found.blocks:
            continue
        if cut and found.number is not None and match.end() + len(rest) == len(text) and rest.rstrip()[-1:].isdigit():
            return _AT_CUT
        if found.number is not None and was_former(before, match[0], sentence[found.number.end :]):
            return FoundNumber(
                None, None, f"the answer is a former one: {shortened(text[match.start() :])}", blocks=True
            )
        if words.REPORTED.search(before):
            return FoundNumber(
                None, None, f"the answer is what others say: {shortened(text[match.start() :])}", blocks=True
            )
        if words.DENIED.search(match[0]) and (but := _BUT.search(sentence)) and not _DISOWNED.search(before):
            found = _clause(sentence[but.end() :], "final statement")  # "the answer isn't 72 but 71"
            return _kept(found, text, start + len(sentence))
        refused = found.blocks or words.DENIED.search(match[0])
        if refused and (instead := _ITS.match(text, start + len(sentence))) and not _DISOWNED.search(before):
            after, start = _sentence(text[instead.end() : instead.end() + LONGEST_STATEMENT], instead.end())
            number = (given := _clause(after, "final statement")).number
            if number is not None and _UNIT_ALONE.fullmatch(after, number.end):  # "The answer is not 72; it is 71."
                return _kept(given, text, start + number.end)
        if _DISOWNED.search(before) or words.DENIED.search(match[0]) or words.HEDGED.search(match[0]):
            return FoundNumber(
                None, None, f"the statement is denied or hedged: {shortened(text[match.start() :])}", blocks=True
            )
        end = start + (found.number.end if found.number is not None else len(sentence))
        return _kept(found, text, end)
    return FoundNumber(None, None, "the answer is only supposed", blocks=True) if conditional else None


def _bare(text: str) -> FoundNumber:
    """The last number of a reply without a final statement."""
    before = _last_two(text)
    if not before:
        return FoundNumber(None, None, "there is no number")
    last = before[-1]
    if (heading := find_heading(text)) is not None and heading.end <= last.start:
        return _kept(FoundNumber(heading, text[heading.start : heading.end], "opening line"), text, heading.end)
    start = _sentence_start(text, last.start)
    end = SENTENCE_END.search(text, last.end)
    sentence = text[start : end.start() if end else len(text)]
    if (given := _by_total(text, start, sentence)) is not None:
        return given
    if last.kind == "part":
        return _part(text, last)
    previous = before[-2] if len(before) > 1 else None
    if previous is not None and previous.start < start and not opens_with_or(text[start : last.start]):
        previous = None
    if (alone := _related(text, start, sentence, last, previous)) is not None:
        return alone
    if previous is not None and is_part_of(text[previous.end : last.start]) and previous.kind == "plain":
        last, previous = previous, None  # "5 out of 6"
    if (
        previous is not None
        and previous.kind == "plain"
        and is_circumstance(text[previous.end : last.start], text[last.end : start + len(sentence)])
    ):
        last, previous = previous, None  # "27 pens after giving away 3"
    asks = _ASKS.match(sentence.strip()) is not None or len(_WORDS.findall(sentence)) <= _FEW_WORDS
    asked = end is not None and end[0] in ("?", "？") and asks
    return _last_of(text, start, sentence, last, previous, asked=asked)


def _by_total(text: str, start: int, sentence: str) -> FoundNumber | None:
    """What the sentence calls the total, the result or the value; None where it does not."""
    total = list(words.TOTAL.finditer(sentence))
    if not total:
        return None
    if _DISOWNED.search(sentence[: total[-1].start()]):
        return FoundNumber(None, None, f"the last statement is no final one: {shortened(sentence)}", blocks=True)
    behind = total[-1].end()
    found = _clause(sentence[behind : behind + 2 * LONGEST_STATEMENT], "last statement")
    if found.number is None and not found.blocks:
        return None
    return _kept(found, text, start + behind + (found.number.end if found.number else 0))


_SIZES = re.compile(r"[\s*_$-]*(?:by|[x×])[\s*_$-]*", re.IGNORECASE)
"""Between two sides of something: "64 squares on an 8 by 8 board"."""


def _related(text: str, start: int, sentence: str, last: Number, previous: Number | None) -> FoundNumber | None:
    """Why the last number of a sentence gives none by what it is to the one before; None where it may give one."""
    if previous is not None:
        gap, around = (
            text[previous.end : last.start],
            text[start : previous.start] + text[last.end : start + len(sentence)],
        )
        if (is_part_of(gap) and is_fraction(sentence)) or is_rate(gap, around) or _SIZES.fullmatch(gap):
            return _part(text, previous)
    if is_word_rate(text[start : last.start]):
        return _part(text, last)
    if only_difference(text, last.end) and not text[start : last.start].strip(" *$_"):
        return FoundNumber(None, None, f"the last number is only a difference: {shortened(sentence)}", blocks=True)
    return None


def _last_two(text: str) -> list[Number]:
    """The last two quantities of a text, looked for from its end in growing pieces: replies can be very long."""
    for size in (4_000, 64_000, len(text)):
        start = max(0, len(text) - size)
        if start:
            gap = _GAP.search(text, start, start + size // 2) or _SPACE.search(text, start, start + size // 2)
            start = gap.end() if gap else start
        found = [quantity for quantity in find_quantities(text[start:]) if quantity.kind != "other"][-2:]
        if len(found) == 2 or not start or size == len(text):
            return [replace(quantity, start=quantity.start + start, end=quantity.end + start) for quantity in found]
    return []


def _last_of(
    text: str, start: int, sentence: str, last: Number, previous: Number | None, *, asked: bool
) -> FoundNumber:
    """The last number of a sentence, or the one before it where the last is denied ("6, not 5")."""
    lead = text[max(start, last.start - 60) : last.start]
    before = "" if previous is None else text[max(start, previous.start - 60) : previous.start]
    if denied_at(lead):
        if previous is None or previous.kind != "plain" or denied_at(before):
            return FoundNumber(None, None, f"the last number is denied: {shortened(sentence)}", blocks=True)
        lead, last, previous = before, previous, None
    if previous is not None and previous.value == last.value and denied_at(before):
        return FoundNumber(None, None, f"the last number is denied: {shortened(sentence)}", blocks=True)
    if text[start - 1 : start] == ";":
        sentence = text[_sentence_start(text, start - 1) : start] + sentence
    why = "asked about" if asked else unsaid(text, last, lead, previous, sentence)
    if why is not None:
        return FoundNumber(None, None, f"the last number is {why}: {shortened(sentence)}", blocks=True)
    return _kept(FoundNumber(last, text[last.start : last.end], "last number"), text, last.end)


_WORDS, _FEW_WORDS = re.compile(r"[^\W\d_]{2,}"), 2
"""Words of a question up to which it is about its number: "15 clips?"."""


_ASKS = re.compile(
    r"(?:so |and |or |but )?(?:is|are|was|were|could|can|does|do|did|would|should|might|may|what|how|which|shall)\b",
    re.IGNORECASE,
)


def _clause(clause: str, name: str) -> FoundNumber:  # noqa: PLR0911 - a table, read from the top
    """The number that a statement gives: behind its last `=` when it has one, else its first."""
    if "=" in clause:
        return _behind_equals(clause, name)
    quantities = list(find_quantities(clause))
    if not quantities:
        blocks = words.SAYS_UNKNOWN.search(clause) is not None or words.SPELLED.search(clause) is not None
        blocks = blocks or words.ROMAN.fullmatch(clause) is not None
        return FoundNumber(None, None, f"the {name} holds no number: {shortened(clause)}", blocks=blocks)
    lead = clause[: quantities[0].start]
    if words.DENIED.search(lead) or words.UNEQUAL.search(lead):  # "not 70 but 72"
        but = _BUT.search(clause, quantities[0].end)
        quantities = [quantity for quantity in quantities if but and quantity.start >= but.end()]
        why = None if quantities else "is denied"
    else:
        why = clause_unsaid(clause, quantities[0])
    if why is None and words.DENIED_AFTER.match(clause, quantities[0].end):
        why = "is denied"
    if why is not None:
        return FoundNumber(None, None, f"the {name} {why}: {shortened(clause)}", blocks=True)
    number, second = quantities[0], quantities[1] if len(quantities) > 1 else None
    gap = "" if second is None else clause[number.end : second.start]
    if number.kind != "plain" or (is_part_of(gap) and is_fraction(clause)):
        return _part(clause, number)
    if only_difference(clause, number.end):
        return FoundNumber(None, None, f"the {name} is only a difference: {shortened(clause)}", blocks=True)
    apart = second is None or is_part_of(gap) or _is_note(clause, second)
    if second is not None and not apart and linked(gap, number, second):
        return FoundNumber(None, None, f"the {name} gives several numbers: {shortened(clause)}", blocks=True)
    return FoundNumber(number, clause[number.start : number.end], name)


def _behind_equals(clause: str, name: str) -> FoundNumber:
    head, _, result = clause.rpartition("=")
    if re.search(r"[<>!≠]$|\\(?:neq?|geq?|leq?) *$", head.rstrip()):
        return FoundNumber(None, None, f"the {name} is a bound: {shortened(clause)}", blocks=True)
    several = re.search(rf"(?:{words.OR.pattern}) *[\w\\{{}}]{{0,12}} *$", head, re.IGNORECASE)
    if several or (words.DENIED.search(head) and not _BUT.search(head)):
        return FoundNumber(
            None, None, f"the {name} gives several numbers or denies one: {shortened(clause)}", blocks=True
        )
    inner = _clause(result, name)
    if inner.number is None:
        return inner
    shift = len(head) + 1
    moved = replace(inner.number, start=inner.number.start + shift, end=inner.number.end + shift)
    return inner._replace(number=moved)


def _is_note(clause: str, number: Number) -> bool:
    """Whether a number is a citation like [1]."""
    return clause[max(0, number.start - 1) : number.start] == "[" and clause[number.end : number.end + 1] == "]"


def _kept(found: FoundNumber, text: str, end: int) -> FoundNumber:
    """The number, unless what follows takes it back: then the number that is given instead, or none."""
    if found.number is None:
        return found
    if is_supposed(text, end - 1):
        return FoundNumber(None, None, "the number is only supposed", blocks=True)
    behind = text[end : end + _AFTERWARDS]
    cue = CUE.search(behind)
    said, after = (cue.start("cue"), cue.end()) if cue is not None else (0, None)
    denied = denial_behind(behind)
    if denied is not None and (after is None or denied < after):
        said, after = 0, denied
    if after is None:
        return found
    instead = _bare(behind[after:]) if any(c.isdigit() for c in behind[after:]) else None
    if instead is None or instead.number is None:
        return FoundNumber(None, None, f"the answer is taken back: {shortened(behind[said:])}", blocks=True)
    return FoundNumber(instead.number, instead.shown, "corrected afterwards")


def _part(text: str, number: Number) -> FoundNumber:
    around = text[max(0, number.start - 20) : number.end + 20]
    return FoundNumber(None, None, f"the number is part of something larger: {shortened(around)}", blocks=True)


def _sentence(text: str, at: int) -> tuple[str, int]:
    """Up to the end of the line that has a word in it, or of the sentence; and where that begins in the reply."""
    stripped = text.lstrip(" \t\n:：*")
    start = at + len(text) - len(stripped)
    end = SENTENCE_END.search(stripped)
    return (stripped if end is None else stripped[: end.start()]), start


def _sentence_start(text: str, position: int) -> int:
    start = max(0, position - 400)
    ends = list(SENTENCE_END.finditer(text, start, position))
    if ends and ends[-1].end() == position and text[position - 1] in ".!?;…":
        ends.pop()  # "12;34" is one sentence
    return ends[-1].end() if ends else start
