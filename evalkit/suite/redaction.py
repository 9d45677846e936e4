"""Personal data taken out of records as they are read, so that nothing made of them can hold it.

    redactor = make_redactor(RedactEntry(what=("email",)))
    redactor.record({"text": "write to a@b.org"}, counts)      # {"text": "write to [EMAIL]"}; counts["email"] == 1

Prompts, examples, options, right answers, judges' prompts and stored rows are all made from the redacted record. A
card counts with its check digit (Luhn) and an IBAN with its checksum and its country's form (ISO 13616): other long
numbers stay.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.suite import network_addresses, own_patterns, payment_numbers, phone_numbers, side_by_side
from evalkit.suite.schema.suite_file import RedactEntry
from evalkit.suite.side_by_side import Find
from evalkit.text.pattern_time import complaint
from evalkit.text.spellings import Plainly, plainly

Span = tuple[int, int]
_LONGEST_PATTERN = 2_000
_GROWS_TIMES, _GROWS_BY = 20, 1_000
"""A redacted text is at most so many times as long as it was, and so many characters. Names of findings are read by the
patterns after them: without a bound, fifty patterns make a text 82 to the 50th times as long."""
_ESCAPE = re.compile(r"(?<!\\)\\+u([0-9A-Fa-f]{4})")
_PROBES = ("", "a", "1 b", "\n", "é")
_QUERY = re.compile(r"(?:[?&;]|^)[\w.\[\]-]{1,64}=[^\s&#\"'<>]+")
"""One name and its value as an address has them behind its ?, and a form that is sent."""
_BLANK = re.compile(r"(?<=[0-9A-Za-z)])\+(?=[0-9A-Za-z(+])")
_FINDERS: Mapping[str, Callable[[str], Iterator[Span]]] = {
    "iban": payment_numbers.ibans,
    "card": payment_numbers.cards,
    "email": network_addresses.emails,
    "ip": network_addresses.addresses,
    "phone": phone_numbers.usual,
}
"""In this order: a part of an IBAN may look like a phone number."""
_BEGINS_AS = {
    "iban": re.compile(r"[A-Za-z]{2}[0-9]{2}"),
    "card": re.compile(r"[0-9](?:[ ./_+·\t-]{0,3}[0-9]){12}"),
    "email": re.compile(r"[^@]{1,66}@"),
    "ip": re.compile(r"[0-9A-Fa-f]{0,4}:|[0-9]{1,3}\.[0-9]{1,3}\."),
}
"""What a text begins with where it may begin with one of these."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """What to take out."""

    what: tuple[str, ...]
    patterns: Mapping[str, str]
    countries: tuple[str, ...] = ()
    """Whose own way to write phone numbers is known, beside the usual ones."""

    def identity(self) -> dict[str, object]:
        """What is taken out, for the identity of what is made of the texts."""
        said: dict[str, object] = {"what": list(self.what), "patterns": dict(self.patterns)}
        if self.countries:  # a key that most have not: results from before it stay comparable
            said["countries"] = list(self.countries)
        return said

    def record(self, record: Mapping[str, object], counts: Counter[str], keep: str | None = None) -> dict[str, object]:
        """The record with every text redacted, in lists, groups and names of fields too; `keep` is left as it is.

        Raises SuiteError where a pattern finds so much that the text would grow without bound, and for a record that is
        nested too deeply.
        """
        try:
            return self._record(record, counts, keep)
        except RecursionError as error:
            raise SuiteError("redact: a record is nested too deeply for what is in it to be found") from error

    def _record(self, record: Mapping[str, object], counts: Counter[str], keep: str | None) -> dict[str, object]:
        made: dict[str, object] = {}
        for written, value in record.items():
            stays = written == keep or _is_plain(written)
            name = base = written if stays else self.text(written, counts)
            n = 1
            while name in made or (name != written and name in record):
                n += 1
                name = f"{base} {n}"
            made[name] = value if written == keep else self._value(value, counts)
        return made

    def text(self, text: str, counts: Counter[str]) -> str:
        """The text with each finding replaced by its kind in brackets; `counts` counts them by kind.

        A text that would grow without bound becomes the one name of the pattern that finds so much in it.
        """
        return self._text(text, counts)[0]

    def _text(self, text: str, counts: Counter[str]) -> tuple[str, str | None]:
        """(redacted text, the pattern that would have made it grow without bound; None: none)."""
        if (read := without_escapes(text)) != text:
            inner: Counter[str] = Counter()
            found = self._found(read, inner)
            counts.update(inner)
            return found if inner else (text, None)
        return self._found(text, counts)

    def _found(self, text: str, counts: Counter[str]) -> tuple[str, str | None]:
        most = _GROWS_TIMES * len(text) + _GROWS_BY
        read: Plainly | None = None
        alone = self._alone()
        for kind, find in _FINDERS.items():
            if kind in self.what:
                read = read or plainly(text)
                finds = self._with_rests(text, self._finds(kind, find, text, read, alone))
                if (grown_by := self._grown_by(text, finds, most)) is not None:
                    return f"[{grown_by.upper()}]", grown_by
                text, read = _replaced(text, finds, counts), None if finds else read
        for name, pattern in self.patterns.items():
            finds = [(start, stop, name) for start, stop in own_patterns.spans_of(text, pattern)]
            if finds and alone:
                finds = side_by_side.beside(_plain(text), finds, alone, _is_firm)
            finds = self._with_rests(text, finds)
            if (grown_by := self._grown_by(text, finds, most)) is not None:
                counts[name] += len(finds)
                return f"[{grown_by.upper()}]", grown_by
            text = _replaced(text, finds, counts)
        return text, None

    def _grown_by(self, text: str, finds: list[Find], most: int) -> str | None:
        """The own pattern whose name, put in the place of these finds, makes the text longer than `most`; None: none
        does."""
        own = Counter(kind for _, _, kind in finds if kind in self.patterns)
        if not own or len(text) + sum(n * (len(kind) + 1) for kind, n in own.items()) <= most:
            return None
        return max(own, key=lambda kind: own[kind] * len(kind))

    def _alone(self) -> Mapping[str, side_by_side.Alone]:
        """What finds a number of each kind at the beginning of a text."""
        ways: dict[str, side_by_side.Alone] = {kind: partial(_end_of, kind) for kind in _BEGINS_AS}
        ways["phone"] = phone_numbers.alone(self.countries)
        return {kind: ways[kind] for kind in self.what}

    def _with_rests(self, text: str, finds: list[Find]) -> list[Find]:
        """The finds, and what they leave of what the suite's own patterns find."""
        taken: list[Find] = []
        for name, pattern in self.patterns.items() if finds else ():
            own = [(start, stop, name) for start, stop in own_patterns.spans_of(text, pattern)]
            own = [one for one in own if not _meets(one, taken)]
            finds = side_by_side.rests(text, finds, own) if own else finds
            taken = sorted([*taken, *own])
        return finds

    def _finds(
        self,
        kind: str,
        find: Callable[[str], Iterator[Span]],
        written: str,
        read: Plainly,
        alone: Mapping[str, side_by_side.Alone],
    ) -> list[Find]:
        """Where this kind stands in a text, also spelt as in an address or on a page, and what stands beside it."""
        as_written = self._finds_in(kind, find, _plain(written), alone)
        if not read.passes:
            return as_written
        # The letter of an escape is no part of what stands behind it: \nann@example.org.
        found = self._finds_in(kind, find, _plain(read.text), alone)
        finds = _joined([(*read.span((start, stop)), kind) for start, stop, kind in found])
        return _joined([*finds, *(one for one in as_written if not _meets(one, finds))])

    def _finds_in(
        self, kind: str, find: Callable[[str], Iterator[Span]], text: str, alone: Mapping[str, side_by_side.Alone]
    ) -> list[Find]:
        """Where this kind stands in a text, the blanks of a query being blanks or, in an address of mail, a plus."""
        found = self._spans_as_written(kind, find, text)
        read = text
        if "+" in text and "=" in text and (read := _QUERY.sub(_with_blanks, text)) != text:
            found += self._spans_as_written(kind, find, read)
        finds = _joined([(start, stop, kind) for start, stop in found])
        return side_by_side.beside(read, finds, alone, _is_firm) if finds else finds

    def _spans_as_written(self, kind: str, find: Callable[[str], Iterator[Span]], text: str) -> list[Span]:
        found = list(find(text))
        if kind == "phone":
            return [*found, *phone_numbers.of_countries(text, self.countries)]
        if kind == "card" and "phone" in self.what:  # one number in ten has a card's check digit
            return [span for span in found if not phone_numbers.begins_abroad(text, span)]
        return found

    def _value(self, value: object, counts: Counter[str]) -> object:
        if isinstance(value, str):
            made, grown_by = self._text(value, counts)
            if grown_by is not None:
                raise SuiteError(
                    f"redact.patterns.{grown_by}: with its name in the place of each finding a text of {len(value):,} "
                    f"characters becomes more than {_GROWS_TIMES} times as long; let it find whole words, or give it a "
                    "shorter name"
                )
            return made
        if isinstance(value, Mapping):
            return self._group(value, counts)
        if isinstance(value, list | tuple):
            return [self._value(inner, counts) for inner in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return self._number(value, str(value), counts)
        if isinstance(value, float) and value.is_integer():  # a column of numbers with a gap in it is read as floats
            return self._number(value, str(int(value)), counts)
        return value

    def _group(self, value: Mapping[object, object], counts: Counter[str]) -> dict[object, object]:
        """A group, its names redacted too: a template shows them. Names that become alike are numbered."""
        made: dict[object, object] = {}
        alike: Counter[object] = Counter()
        for key, inner in value.items():
            name = base = self._value(key, counts) if isinstance(key, str | int | float) else key
            while name in made:
                alike[base] += 1
                name = f"{base} {alike[base] + 1}"
            made[name] = self._value(inner, counts)
        return made

    def _number(self, value: float, written: str, counts: Counter[str]) -> Any:
        """The number; a text where what it says in digits is a finding."""
        return value if (made := self.text(written, counts)) == written else made


def _is_plain(name: str) -> bool:
    """Whether the name of a field is a word as templates use it, in which no finding stands."""
    return name.isidentifier() and sum(one.isdecimal() for one in name) < 6


def _with_blanks(found: re.Match[str]) -> str:
    return _BLANK.sub(" ", found[0])


def without_escapes(text: str) -> str:
    """The text with letters and signs in the place of JSON's escapes of them (`\\u002B49 30` is `+49 30`, however often
    they were escaped); those that its form needs stay: quotation marks, backslashes, control characters, halves."""
    return _ESCAPE.sub(_read_escape, text) if "\\u" in text else text


def _read_escape(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return found[0] if char < " " or char in '"\\' or "\ud800" <= char <= "\udfff" else char


def storing_redactor(entry: RedactEntry | None) -> Redactor | None:
    """What is taken out of rows before they are stored; None where the suite stores them as they came."""
    return make_redactor(entry) if entry is not None and "storing" in entry.where else None


def make_redactor(entry: RedactEntry | None) -> Redactor | None:
    """None where the suite redacts nothing. Raises SuiteError for a pattern that RE2 does not read, and for a country
    that there is not."""
    if entry is not None and entry.countries:
        if "phone" not in entry.what:
            raise SuiteError("redact.countries: are of phone numbers; name phone in redact.what, or leave them out")
        phone_numbers.refuse_unknown(entry.countries, "redact.countries")
    if entry is None or not (entry.what or entry.patterns):
        return None
    for name, pattern in entry.patterns.items():
        if len(pattern) > _LONGEST_PATTERN:
            raise SuiteError(f"redact.patterns.{name}: is longer than {_LONGEST_PATTERN:,} characters")
        try:
            finds_nothing = any(own_patterns.finds_no_text(text, pattern) for text in _PROBES)
        except ValueError as error:
            raise SuiteError(f"redact.patterns.{name}: is no pattern that RE2 reads: {error}") from error
        if finds_nothing:
            raise SuiteError(
                f"redact.patterns.{name}: {pattern!r:.80} also matches no text at all, and would put its name between "
                "all letters; let it match at least one character"
            )
    if (wrong := complaint(entry.patterns.values())) is not None:
        raise SuiteError(f"redact.patterns: {', '.join(entry.patterns):.80} {wrong}")
    return Redactor(entry.what, dict(entry.patterns), entry.countries)


def _replaced(text: str, finds: list[Find], counts: Counter[str]) -> str:
    made, end = [], 0
    for start, stop, kind in finds:
        made += [text[end:start], f"[{kind.upper()}]"]
        counts[kind] += 1
        end = stop
    return "".join([*made, text[end:]]) if made else text


def _end_of(kind: str, text: str) -> int:
    """Where the number of this kind ends that a text begins with; 0: it begins with none."""
    if not _BEGINS_AS[kind].match(text):
        return 0
    return max((stop for start, stop in _FINDERS[kind](text) if start == 0), default=0)


def _is_firm(kind: str, written: str) -> bool:
    """Whether a find is one number exactly: by its length, its form, or a pattern of the suite's own."""
    if kind == "card":
        return payment_numbers.is_exactly_one(written)
    return kind not in ("phone", "email", "ip") or (kind == "ip" and ":" not in written)


def _joined(finds: list[Find]) -> list[Find]:
    """The finds in order; those that overlap are one."""
    joined: list[Find] = []
    for start, stop, kind in sorted(finds):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]), joined[-1][2])
        else:
            joined.append((start, stop, kind))
    return joined


def _meets(find: Find, finds: list[Find]) -> bool:
    """Whether a find overlaps one of these, which are in order and apart."""
    place = bisect_right(finds, find)
    return (place > 0 and finds[place - 1][1] > find[0]) or (place < len(finds) and finds[place][0] < find[1])


def _plain(text: str) -> str:
    """The text, character by character, with digits and signs of other scripts as ASCII, so that places stay."""
    return text if text.isascii() else "".join(_ascii(one) for one in text)


def _ascii(one: str) -> str:
    if one.isascii():
        return one
    if one.isdecimal():
        return str(unicodedata.decimal(one))
    if one in "\u00a0\u2007\u2009\u202f":
        return " "
    if one in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc":
        return "-"
    plain = unicodedata.normalize("NFKC", one)
    return plain if len(plain) == 1 else one
