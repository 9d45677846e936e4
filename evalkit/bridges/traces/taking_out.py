"""Personal data taken out of what is written: evalkit's own kinds, names of a list, and patterns of the person's.

out = TakingOut(redactor, names_of(["Ada Lovelace", "Grace"]))
out.text("Ada Lovelace, ada@x.org")         # "[NAME], [EMAIL]"
out.counts                                  # Counter({"name": 1, "email": 1})
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

from evalkit.errors import UserError
from evalkit.reading import read_small_text
from evalkit.suite.redaction import Redactor
from evalkit.text.spellings import plainly

_LETTERS = r"(?:[^\W_][\u0300-\u036f]*)+"
"""With the accents that some systems write apart."""
_WORD = re.compile(rf"{_LETTERS}(?:['’-](?![sS](?![^\W_])){_LETTERS})*")
"""The s of a genitive is a word of its own: `Ada Lovelace's parcel` names Ada Lovelace."""
_MOST_NAMES = 1_000_000
_LONGEST = 6
"""Words of one name."""
Names = Mapping[str, frozenset[tuple[str, ...]]]
"""By first word the names that begin with it, as words."""


@dataclass(slots=True)
class TakingOut:
    """What is taken out, and how much was."""

    redactor: Redactor | None
    names: Names
    counts: Counter[str] = field(default_factory=Counter)
    _alike: dict[str, dict[str, int]] = field(default_factory=dict)
    """By what is left of it, each name that was taken out and its number."""

    def text(self, text: str) -> str:
        """The text with each finding replaced by its kind in brackets."""
        if self.redactor is not None:
            text = self.redactor.text(text, self.counts)
        return self._without_names(text) if self.names else text

    def name(self, name: str) -> str:
        """The name of somebody or something; those that look alike without personal data are numbered, to tell them
        apart still."""
        if (made := self.text(name)) == name:
            return name
        known = self._alike.setdefault(made, {})
        return f"{made} {known.setdefault(name, len(known) + 1)}"

    def value(self, value: object) -> Any:
        """The same for every text of a value, in its groups, their names and its lists."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._group(value)
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        if isinstance(value, float) and value.is_integer():  # as JSON of other tools writes whole numbers
            return value if (made := self.value(int(value))) == int(value) else made
        if isinstance(value, int) and not isinstance(value, bool):  # a card, a phone, what a pattern of one's own finds
            return value if (made := self.text(str(value))) == str(value) else made
        return value

    def _group(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, inner in value.items():
            name = base = self.text(key) if isinstance(key, str) else key
            n = 1
            while name in made:
                n += 1
                name = f"{base} {n}"
            made[name] = self.value(inner)
        return made

    def _without_names(self, text: str) -> str:
        """The text as it was written, but for names, however JSON, addresses and pages spell them."""
        read = plainly(text)
        found = [one.span() for one in _WORD.finditer(read.text)]
        words = [_word(read.text[start:stop]) for start, stop in found]
        made: list[str] = []
        end = n = 0
        while n < len(words):
            longest = max(
                (len(name) for name in self.names.get(words[n], ()) if tuple(words[n : n + len(name)]) == name),
                default=0,
            )
            if longest:
                first, last = found[n], found[n + longest - 1]
                start, stop = read.span((first[0], last[1]))
                made += [text[end:start], "[NAME]"]
                self.counts["name"] += 1
                n += longest
                end = stop
            else:
                n += 1
        return "".join([*made, text[end:]]) if made else text


def _word(said: str) -> str:
    """One spelling for all: whatever its case, accents as one character with their letter or apart."""
    return said.casefold() if said.isascii() else normalize("NFC", said).casefold()


def names_of(lines: Iterable[str]) -> Names:
    """Names, one a line, whatever their case."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for line in lines:
        words = tuple(_word(one[0]) for one in _WORD.finditer(line))
        if words:
            found.setdefault(words[0], set()).add(words[:_LONGEST])
    return {first: frozenset(names) for first, names in found.items()}


def read_names(path: Path | None) -> Names:
    """The names of a file. Raises UserError where it cannot be read."""
    if path is None:
        return {}
    _, text = read_small_text(path, "the list of names", 50_000_000)
    lines = text.split("\n")
    if len(lines) > _MOST_NAMES:
        raise UserError(f"the list of names {path} has more than {_MOST_NAMES:,} lines")
    return names_of(lines)
