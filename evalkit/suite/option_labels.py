"""Which option a record's label names.

    place_of("B", ("approve", "deny"), names=frozenset())       # 1
    place_of("Deny", ("approve", "deny"), names=frozenset())    # raises ValueError: ... did you mean 'deny'?

A label is taken for the text or the letter of exactly one option. What is only nearly one is refused, with the way to
write it: a guess here would be a right answer that nobody gave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from string import ascii_uppercase

from evalkit.suite.wording import composed, read_alike, short, spelled

_JSON_WORDS = frozenset({"true", "false"})
_LETTERED = re.compile(r"\(?([A-Za-z])[).:]*(?:\s+(.*))?", re.DOTALL)


def place_of(text: str, choices: Sequence[str], names: Collection[str]) -> int:
    """The place of the option, from 0; `names` are the variables that the target's template reads.

    A template that reads `letters` names a letter and one that reads `choices` a text; any other may do either. Raises
    ValueError (half a sentence) where no option or several are meant, or the two readings differ.
    """
    text = composed(text)
    by_text = [] if "letters" in names else [i for i, choice in enumerate(choices) if composed(choice.strip()) == text]
    position = -1 if "choices" in names or len(text) != 1 else ascii_uppercase.find(text)
    by_letter = position if 0 <= position < len(choices) else None
    if len(by_text) > 1 and by_letter is None:
        raise ValueError(f"{text!r} is the text of {len(by_text)} options; name the right one by its letter")
    if by_text and by_letter is not None and by_text != [by_letter]:
        raise ValueError(
            f"{text!r} is a letter and also the text of another option; write {{{{ letters[INDEX] }}}} for the "
            "letter or {{ choices[INDEX] }} for the text"
        )
    if by_text:
        return by_text[0]
    if by_letter is not None:
        return by_letter
    if "letters" not in names:
        alike = [i for i, choice in enumerate(choices) if read_alike(choice) == read_alike(text)]
        if len(alike) == 1:
            return alike[0]
    if text.casefold() in _JSON_WORDS:  # true in the data is True among the options
        alike = [i for i, choice in enumerate(choices) if choice.strip().casefold() == text.casefold()]
        if len(alike) == 1:
            return alike[0]
    raise ValueError(
        f"renders {short(text)}, which is none of the options {spelled(list(choices))}{_nearly(text, choices)}"
    )


def _nearly(text: str, choices: Sequence[str]) -> str:
    """What was most likely meant, and how to write it; empty where nothing is near."""
    if re.fullmatch(r"-?\d+", text):
        return "; for an index write {{ letters[FIELD] }}, where 0 is the first option"
    alike = [choice for choice in choices if choice.strip().casefold() == text.casefold()]
    if alike:
        for name, changed in (("lower", text.lower()), ("upper", text.upper()), ("capitalize", text.capitalize())):
            if changed == alike[0].strip():
                return f"; did you mean {alike[0]!r}? Add | {name}"
        return f"; did you mean {alike[0]!r}?"
    lettered = _LETTERED.fullmatch(text)
    if lettered is not None and (place := ascii_uppercase.find(lettered[1].upper())) < len(choices):
        rest = (lettered[2] or "").strip()
        if not rest or rest.casefold() == choices[place].strip().casefold():
            letter = ascii_uppercase[place]
            return f"; did you mean {letter!r}, the letter of {short(choices[place], 30)}? Write the letter alone"
    near = get_close_matches(text.casefold(), [choice.casefold() for choice in choices], n=1, cutoff=0.75)
    found = [choice for choice in choices if near and choice.casefold() == near[0]]
    return f"; did you mean {found[0]!r}?" if found else ""
