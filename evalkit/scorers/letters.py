r"""Which choice a reply names: careful reading, and None rather than a guess.

    read_choice("B is tempting, but the answer is (C).", ("x", "y", "z"))   # Reading(2, "final statement")
    read_choice("A or B", ("x", "y", "z"))                                  # Reading(None, ...)

The rules, the first that decides:

1. The reply is a letter and nothing else: `C`, `c`, `(C)`, `C.`, `**C**`, `\boxed{C}`.
2. The reply is the text of a choice, apart from case, spaces, quotes and final punctuation.
3. Final statements: "the answer is C", "Answer: C", "option C is correct", `\boxed{C}`, "I choose C", a last line that
   is only a letter. The last statement wins; one that names two letters, or a letter with another choice's text,
   decides for none. "The answer is not C" takes an earlier C back.
4. The letter that opens the reply: `C) text`, `C. text`, `C: text`, `C - text`, `C` alone on the first line. Lines
   that open with different letters (the model listed the choices) decide for none.
5. A first or last line that is the text of a choice.
6. In a reply of up to 600 characters, marked mentions: `(C)`, "option C", "it is C". They must all name one letter.

Small letters count only where they stand alone (rule 1 and at the end of a statement's line). "A" and "I" are also
English words: followed by more words they count only when marked. Full-width letters and Markdown are read through.
Choices are labelled A, B, C ...; where there are more than 26, they are labelled 1, 2, 3 ... instead.
"""

from __future__ import annotations

import re

from evalkit.scorers.labelled import (
    LETTERS,
    Labelled,
    Reading,
    contradicts,
    label_alone,
    labels,
    next_label,
    plain,
    prepare,
    simplify,
)  # fmt: skip
from evalkit.scorers.statements import read_first_statement, read_statements

__all__ = ["LETTERS", "Reading", "labels", "read_choice"]

LONGEST_FOR_MENTIONS = 600
"""Characters. In longer replies (derivations, lists) a lone `(C)` is more often a formula than an answer."""


def read_choice(reply: str, choices: tuple[str, ...], *, pick: str = "last") -> Reading:
    """The choice that the reply names, by the rules above.

    `pick: first` lets the first final statement decide instead of the last, and reads no last line: for base models,
    which answer and then go on to invent the next question with its own answer.
    """
    known = prepare(choices)
    bare = reply.strip()
    if len(bare) == 1 and bare in known.by_label and bare.casefold() not in known.by_text:
        return Reading(known.by_label[bare], "letter alone")  # what well-behaved models say: nothing else is tried
    text = simplify(reply)
    if pick == "first":
        for rule in (_read_alone, read_first_statement, _read_openings, _read_mentions):
            if (reading := rule(text, known)) is not None:
                return reading
        return Reading(None, "no choice is named")
    for rule in (_read_alone, read_statements, _read_openings, _read_lines, _read_mentions):
        reading = rule(text, known)
        if reading is not None:
            return reading
    return Reading(None, "no choice is named")


def _read_alone(text: str, known: Labelled) -> Reading | None:
    """Rules 1 and 2."""
    by_label = label_alone(text.strip(), known, small=True)
    longest = len(known.by_length[0][0]) if known.by_length else 0
    by_text = known.by_text.get(plain(text)) if len(text) <= 2 * longest + 80 else None
    if by_label is not None and by_text is not None and by_label != by_text:
        return Reading(None, "the reply is the label of one choice and the text of another")
    if by_label is not None:
        return Reading(by_label, "letter alone")
    return None if by_text is None else Reading(by_text, "text of a choice")


_OPENING = re.compile(
    r"^[ \t>#\-]{0,4}[(\[]?(?P<label>[A-Z]|[0-9]{1,4})"
    r"(?P<mark>[)\]][.:,]?|[.:,]|[ \t]{1,3}[-–—:]{1,2})?(?=[ \t\n]|$)[ \t]*(?P<end>$)?",
    re.MULTILINE,
)


def _read_openings(text: str, known: Labelled) -> Reading | None:
    """Rule 4: None when no line opens with a label."""
    text = text.lstrip()
    first: int | None = None
    for match in _OPENING.finditer(text):
        index = known.by_label.get(match["label"])
        if index is None or (match["mark"] is None and match["end"] is None):
            continue  # an unmarked capital before other words: "A dog", "I think"
        if first is None and match.start() != 0:
            return None  # labels further down: a list perhaps, not an opening
        if first is not None and index != first:
            return Reading(None, "several lines open with different letters")
        end = match.end("label")
        if contradicts(text, end, index, known):
            return Reading(None, f"{match['label']} stands with the text of another choice")
        other = next_label(text, end, known)
        if other is not None and other != index:
            return Reading(None, "more than one letter is named")
        first = index
    return None if first is None else Reading(first, "opening letter")


def _read_lines(text: str, known: Labelled) -> Reading | None:
    """Rule 5: None when neither the first nor the last line is the text of a choice."""
    text = text.strip()
    lines = (text[:2000].split("\n", 1)[0], text[-2000:].rsplit("\n", 1)[-1])
    named = {known.by_text[said] for line in lines if (said := plain(line)) in known.by_text}
    if len(named) > 1:
        return Reading(None, "the first and the last line are different choices")
    return Reading(named.pop(), "a line is the text of a choice") if named else None


_NOT_LATER = re.compile(
    r"[ \t]{0,2}(?:isn't|is not|is wrong|is incorrect|is false|was wrong|cannot be)\b", re.IGNORECASE
)
_MENTION = re.compile(
    r"(?P<no>\b(?:not|isn't|never|neither|nor|exclude|eliminate|rule out|than) )?"
    r"(?:(?<![\w)])\((?P<round>[A-Z])\)(?![\w(])"
    r"|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ll]etter) (?P<named>[A-Z])(?![\w'])"
    r"|\b(?:[Ii]t is|[Ii]t's|[Tt]hat is|[Tt]hat's|[Tt]his is|[Tt]hink|[Ss]ay|[Gg]uess|[Bb]elieve|[Dd]efinitely"
    r"|[Pp]robably|[Ll]ikely|[Cc]learly|[Ss]o|[Cc]hoose|[Pp]ick|[Ss]elect|[Ww]ith|[Mm]aybe|[Pp]erhaps),?:? "
    r"(?P<said>[A-Z])(?=[.!,;\n]|$))"
)


def _read_mentions(text: str, known: Labelled) -> Reading | None:
    """Rule 6: None when nothing is marked as a choice, or the reply is too long for a stray letter to mean anything."""
    if len(text) > LONGEST_FOR_MENTIONS:
        return None
    named: set[int] = set()
    for match in _MENTION.finditer(text):
        index = known.by_label.get(match["round"] or match["named"] or match["said"])
        if index is not None and match["no"] is None and not _NOT_LATER.match(text, match.end()):
            if contradicts(text, match.end(), index, known):
                return Reading(None, f"{known.labels[index]} stands with the text of another choice")
            named.add(index)
            other = next_label(text, match.end(), known)
            if other is not None:
                named.add(other)
    if len(named) > 1:
        return Reading(None, f"several letters are named: {', '.join(known.labels[i] for i in sorted(named))}")
    return Reading(named.pop(), "the only letter named") if named else None
