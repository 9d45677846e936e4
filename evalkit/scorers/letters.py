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
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_FOR_MENTIONS = 600
"""Characters. In longer replies (derivations, lists) a lone `(C)` is more often a formula than an answer."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the index of a choice, or None; and one line that says why."""

    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Choices:
    """The choices of a sample prepared for reading. Kept by `_prepare`, since repeats and models share samples."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    """Plain texts; "" for one that is empty."""
    by_text: dict[str, int]
    by_label: dict[str, int]
    by_length: tuple[tuple[str, int], ...]
    """(text, index), the longest first, so that "New York" is read before "New"."""


def labels(n: int) -> tuple[str, ...]:
    """The labels of n choices: A to Z, or 1 to n where letters do not suffice."""
    return tuple(LETTERS[:n]) if n <= len(LETTERS) else tuple(str(i) for i in range(1, n + 1))


def read_choice(reply: str, choices: tuple[str, ...], *, pick: str = "last") -> Reading:
    """The choice that the reply names, by the rules above.

    `pick: first` lets the first final statement decide instead of the last, and reads no last line: for base models,
    which answer and then go on to invent the next question with its own answer.
    """
    known = _prepare(choices)
    bare = reply.strip()
    if len(bare) == 1 and bare in known.by_label and bare.casefold() not in known.by_text:
        return Reading(known.by_label[bare], "letter alone")  # what well-behaved models say: nothing else is tried
    text = _simplify(reply)
    if pick == "first":
        for rule in (_read_alone, _read_first_statement, _read_openings, _read_mentions):
            if (reading := rule(text, known)) is not None:
                return reading
        return Reading(None, "no choice is named")
    for rule in (_read_alone, _read_statements, _read_openings, _read_lines, _read_mentions):
        reading = rule(text, known)
        if reading is not None:
            return reading
    return Reading(None, "no choice is named")


@lru_cache(maxsize=1024)
def _prepare(choices: tuple[str, ...]) -> _Choices:
    names = labels(len(choices))
    texts = tuple(_plain(_simplify(choice)) for choice in choices)
    by_text: dict[str, int] = {}
    for index, text in enumerate(texts):
        if text:
            by_text.setdefault(text, index)
    by_length = tuple(sorted(by_text.items(), key=lambda item: -len(item[0])))
    return _Choices(names, texts, by_text, {name: i for i, name in enumerate(names)}, by_length)


# ASCII text pays only for the replacements; the rest is folded first (full-width letters, odd spaces).
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|textit|mbox)\s?\{([^{}\n]{0,200})\}")
_DROPPED = str.maketrans(
    {"*": "", "`": "", "$": "", "\\": "", "\u200b": "", "\ufeff": "", "’": "'", "‘": "'", "–": "-", "−": "-"}
)


def _simplify(text: str) -> str:
    """The text without Markdown emphasis, TeX wrappers and full-width forms; lines stay lines."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("（", "(").replace("）", ")")
    if "\\" in text:
        text = _TEX.sub(r"\1", text)
        text = text.replace("\\boxed", "\\ boxed:").replace("\\(", " ").replace("\\)", " ").replace("\\[", " ")
        text = text.replace("\\]", " ")
    return text.translate(_DROPPED).replace("__", "")


def _plain(text: str) -> str:
    """As texts are compared: small letters, single spaces, without quotes around and punctuation behind."""
    return " ".join(text.casefold().split()).strip(" .,;:!?\"'“”")


_LABEL_ALONE = re.compile(r"(?:boxed: ?)?[(\[{<\"'“]{0,2} ?([A-Za-z]|[0-9]{1,4}) ?[)\]}>\"'”]{0,2} ?[.:,;!)]?")


def _label_alone(line: str, known: _Choices, *, small: bool) -> int | None:
    """The choice whose label is all that the line says; None when it says anything else."""
    if len(line) > 24:
        return None
    found = _LABEL_ALONE.fullmatch(line.strip())
    if found is None:
        return None
    name = found[1]
    return known.by_label.get(name.upper() if small else name)


def _read_alone(text: str, known: _Choices) -> Reading | None:
    """Rules 1 and 2."""
    by_label = _label_alone(text.strip(), known, small=True)
    longest = len(known.by_length[0][0]) if known.by_length else 0
    by_text = known.by_text.get(_plain(text)) if len(text) <= 2 * longest + 80 else None
    if by_label is not None and by_text is not None and by_label != by_text:
        return Reading(None, "the reply is the label of one choice and the text of another")
    if by_label is not None:
        return Reading(by_label, "letter alone")
    return None if by_text is None else Reading(by_text, "text of a choice")


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
_NOT_LATER = re.compile(
    r"[ \t]{0,2}(?:isn't|is not|is wrong|is incorrect|is false|was wrong|cannot be)\b", re.IGNORECASE
)


def _read_statements(text: str, known: _Choices) -> Reading | None:
    """Rule 3: the last statement decides; None when there is no statement that says anything."""
    current: Reading | None = None
    for negated, reading in _statements(text, known):
        if not negated:
            current = reading
        elif current is not None and current.index == reading.index:
            current = Reading(None, "the last statement takes the answer back")
    lines = text.rstrip().rsplit("\n", 1)
    if len(lines) == 2 and (index := _label_alone(lines[1], known, small=False)) is not None:
        return Reading(index, "last line")
    return current


def _read_first_statement(text: str, known: _Choices) -> Reading | None:
    """Rule 3 for `pick: first`: the first statement that is not a denial; None when there is none."""
    return next((reading for negated, reading in _statements(text, known) if not negated), None)


def _statements(text: str, known: _Choices) -> Iterator[tuple[bool, Reading]]:
    """(whether it is denied, what is stated), from left to right."""
    found: list[tuple[int, bool, Reading]] = []
    for match in _STATEMENT.finditer(text):
        start = match.end()
        if denial := _NEGATION.match(text, start):
            index = _label_at(text, _skip_lead(text, denial.end()), known)[0]
            if index is not None:
                found.append((start, True, Reading(index, "denied")))
            continue
        reading = _read_at(text, _skip_lead(text, start), known)
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


_AFTER_LABEL = re.compile(r"[)\]}.:,;\"'”]{0,3}[ \t]{0,3}(?P<dash>[-–—:]{0,2}[ \t]{0,3})")
_NEXT_LABEL = re.compile(
    r"[)\]}.;]{0,2}[ \t]{0,2}(?:,? ?(?:or|and|and/or)\b|[,/&+])[ \t]{0,2}(?:option |choice |also |possibly |maybe )?"
    r"[(\[]?([A-Z])(?![\w']|(?<=[AI])[ \t]+[a-z])"
)
_ARTICLE = re.compile(r"[ \t]+(?!(?:because|since|as|which|for|due|based|and|or|is|with|given|if)\b)\w", re.IGNORECASE)


def _label_at(text: str, start: int, known: _Choices) -> tuple[int | None, int]:
    """(index, where the label ends) of a label that stands at this place, or (None, start)."""
    end = start + 1
    if text[start:end].isdigit():
        while end - start < 4 and text[end : end + 1].isdigit():
            end += 1
    name = text[start:end]
    after = text[end : end + 2]
    if not name or after[:1].isalnum() or after[:1] in ("_", "'", "+", "#", "%"):
        return None, start
    if after[:1] in ("-", ".", ",") and after[1:].isalnum():
        return None, start  # C-section, U.S., 1.5
    index = known.by_label.get(name)
    if index is not None and name in "AI" and _ARTICLE.match(text, end):
        return None, start
    if index is None and name.isalpha() and (index := known.by_label.get(name.upper())) is not None:
        rest = text[end : end + 80].split("\n", 1)[0]
        if rest.strip(" \t.)]}!\"'”"):
            return None, start  # a small letter followed by more words is a word
    return (index, end) if index is not None else (None, start)


def _text_at(text: str, start: int, known: _Choices) -> int | None:
    """The choice whose text stands at this place and ends there as a whole; None when none does."""
    if not known.by_length:
        return None
    window = " ".join(text[start : start + 2 * len(known.by_length[0][0]) + 8].casefold().split()).lstrip(" \"'“(")
    for wanted, index in known.by_length:
        if window.startswith(wanted):
            after = window[len(wanted) : len(wanted) + 2]
            if not after[:1].isalnum() and not (after[:1] in ("-", ".", ",", "/", "'", "_") and after[1:].isalnum()):
                return index
    return None


def _read_at(text: str, start: int, known: _Choices) -> Reading | None:
    """What a statement names at this place; None when nothing can be read there."""
    by_text = _text_at(text, start, known)
    index, end = _label_at(text, start, known)
    if index is None:
        return None if by_text is None else Reading(by_text, "final statement, by text")
    if by_text is not None and by_text != index and len(known.texts[by_text]) > 1:
        return Reading(by_text, "final statement, by text")
    if by_text is not None and by_text != index:
        return Reading(None, "the statement names the label of one choice and the text of another")
    if contradicts(text, end, index, known):
        return Reading(None, f"the statement names {known.labels[index]} with the text of another choice")
    other = _NEXT_LABEL.match(text, end)
    if other is not None and known.by_label.get(other[1], index) != index and not _own_text(text, end, index, known):
        return Reading(None, "the statement names more than one letter")
    return Reading(index, "final statement")


def contradicts(text: str, end: int, index: int, known: _Choices) -> bool:
    """Whether the label that ends here is followed by another choice's text instead of its own."""
    named = _texts_after(text, end, known)
    return bool(named) and all(known.texts[name] != known.texts[index] for name in named)


def _own_text(text: str, end: int, index: int, known: _Choices) -> bool:
    return index in _texts_after(text, end, known)


def _texts_after(text: str, end: int, known: _Choices) -> list[int]:
    """The choices whose text may stand behind a label: a dash before it is read as its sign, and as mere punctuation.

    "C) -1" names -1 where -1 is a choice, and 1 where only 1 is; both come back, since either is what was said.
    """
    after = _AFTER_LABEL.match(text, end)
    if after is None or after.end() == end:
        return []
    starts = {after.start("dash"), after.end()} - {end}
    return [index for start in sorted(starts) if (index := _text_at(text, start, known)) is not None]


_OPENING = re.compile(
    r"^[ \t>#\-]{0,4}[(\[]?(?P<label>[A-Z]|[0-9]{1,4})"
    r"(?P<mark>[)\]][.:,]?|[.:,]|[ \t]{1,3}[-–—:]{1,2})?(?=[ \t\n]|$)[ \t]*(?P<end>$)?",
    re.MULTILINE,
)


def _read_openings(text: str, known: _Choices) -> Reading | None:
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
        other = _NEXT_LABEL.match(text, end)
        if other is not None and known.by_label.get(other[1], index) != index:
            return Reading(None, "more than one letter is named")
        first = index
    return None if first is None else Reading(first, "opening letter")


def _read_lines(text: str, known: _Choices) -> Reading | None:
    """Rule 5: None when neither the first nor the last line is the text of a choice."""
    text = text.strip()
    lines = (text[:2000].split("\n", 1)[0], text[-2000:].rsplit("\n", 1)[-1])
    named = {known.by_text[plain] for line in lines if (plain := _plain(line)) in known.by_text}
    if len(named) > 1:
        return Reading(None, "the first and the last line are different choices")
    return Reading(named.pop(), "a line is the text of a choice") if named else None


_MENTION = re.compile(
    r"(?P<no>\b(?:not|isn't|never|neither|nor|exclude|eliminate|rule out|than) )?"
    r"(?:(?<![\w)])\((?P<round>[A-Z])\)(?![\w(])"
    r"|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ll]etter) (?P<named>[A-Z])(?![\w'])"
    r"|\b(?:[Ii]t is|[Ii]t's|[Tt]hat is|[Tt]hat's|[Tt]his is|[Tt]hink|[Ss]ay|[Gg]uess|[Bb]elieve|[Dd]efinitely"
    r"|[Pp]robably|[Ll]ikely|[Cc]learly|[Ss]o|[Cc]hoose|[Pp]ick|[Ss]elect|[Ww]ith|[Mm]aybe|[Pp]erhaps),?:? "
    r"(?P<said>[A-Z])(?=[.!,;\n]|$))"
)


def _read_mentions(text: str, known: _Choices) -> Reading | None:
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
            other = _NEXT_LABEL.match(text, match.end())
            if other is not None and other[1] in known.by_label:
                named.add(known.by_label[other[1]])
    if len(named) > 1:
        return Reading(None, f"several letters are named: {', '.join(known.labels[i] for i in sorted(named))}")
    return Reading(named.pop(), "the only letter named") if named else None
