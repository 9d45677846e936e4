"""Rule 3 of `letters`: final statements like "the answer is C", and what takes them back.

read_statements("The answer is B. No: the answer is not B.", known)   # Reading(None, "... takes the answer back")
read_first_statement("Answer: A\\n\\nQuestion: ... Answer: D", known)    # Reading(0, ...): base models run on
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalkit.scorers.labelled import Labelled, Reading, label_alone, label_at, read_at

_VERB = r"(?:(?:is|was|are|would be|should be|must be|will be|has to be)\b|=|:|->|→|-|–|—)"
_STATEMENT = re.compile(
    r"\b(?:"
    # "the correct answer (from the options) is", "Answer:", "answer -"
    r"(?:answer|option|choice|solution|conclusion|response)s?\b(?: (?:choice|option|letter))?"
    r"(?: (?:here|to this question|to the question|for this question|above|below))?[ \t]{0,3}" + _VERB + r"|boxed:"
    r"|(?:i|we|i'd|i'll|let's|we'd|we'll|would|will) (?:\w{1,20} )?(?:choose|pick|select|go with|opt for|answer))",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:[ \t:=\n>({\[\"'“-]|(?:therefore|thus|probably|likely|definitely|clearly|simply|indeed|actually|most)\b"
    r"|therefore,|the following\b|(?:the )?(?:letter|option|choice|answer|statement|number)\b"
    r"|(?:labell?ed|is|be|are)\b){0,8}",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"(?:[ \t:]|(?:clearly|definitely|probably|certainly|therefore)\b){0,4}(?:not|neither|never|isn't|no longer)\b",
    re.IGNORECASE,
)
_CORRECT = re.compile(
    r"(?<![\w'.])[(\[]?(?P<label>[A-HJ-Z])[)\]]?(?:[.:)] [^.\n]{1,120})? (?:is|would be|seems|must be|should be) "
    r"(?P<no>not )?(?:clearly |definitely |therefore |probably |likely )?(?:the |also )?(?:only |most |single )?"
    r"(?:correct|right|best|likely|accurate|appropriate|answer)(?! (?:that|if|of|to)\b)"
)


def read_statements(text: str, known: Labelled) -> Reading | None:
    """Rule 3: the last statement decides; None when there is no statement that says anything."""
    current: Reading | None = None
    for negated, reading in _statements(text, known):
        if not negated:
            current = reading
        elif current is not None and current.index == reading.index:
            current = Reading(None, "the last statement takes the answer back")
    lines = text.rstrip().rsplit("\n", 1)
    if len(lines) == 2 and (index := label_alone(lines[1], known, small=False)) is not None:
        return Reading(index, "last line")
    return current


def read_first_statement(text: str, known: Labelled) -> Reading | None:
    """Rule 3 for `pick: first`: the first statement that is not a denial; None when there is none."""
    return next((reading for negated, reading in _statements(text, known) if not negated), None)


def _statements(text: str, known: Labelled) -> Iterator[tuple[bool, Reading]]:
    """(whether it is denied, what is stated), from left to right."""
    found: list[tuple[int, bool, Reading]] = []
    for match in _STATEMENT.finditer(text):
        start = match.end()
        if denial := _NEGATION.match(text, start):
            index = label_at(text, _skip_lead(text, denial.end()), known)[0]
            if index is not None:
                found.append((start, True, Reading(index, "denied")))
            continue
        reading = read_at(text, _skip_lead(text, start), known)
        if reading is not None:
            found.append((start, False, reading))
    for match in _CORRECT.finditer(text):
        index = known.by_label.get(match["label"])
        if index is not None:
            found.append((match.start(), match["no"] is not None, Reading(index, "final statement")))
    found.sort(key=lambda item: item[0])
    for _, denied, reading in found:
        yield denied, reading


def _skip_lead(text: str, start: int) -> int:
    lead = _LEAD.match(text, start)
    return start if lead is None else lead.end()
