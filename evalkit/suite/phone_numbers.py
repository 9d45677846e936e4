"""Phone numbers in a text: as they are written nearly everywhere, and by the rules of countries that a person names.

    list(usual("call +49 30 1234567"))                         # [(5, 19)]
    list(of_countries("call 06.12.34.56.78", ("FR",)))         # [(5, 19)]

The rules of countries are those of Google's libphonenumber. A number that they allow may be another one all the same:
what is written as a date, an amount, a version, a time in seconds or the number of an order stays (`_is_another`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from evalkit.errors import SuiteError
from evalkit.suite.wording import near

Span = tuple[int, int]
_USUAL = re.compile(
    r"(?<![A-Za-z0-9_.])(?:\+|(?<![0-9][ -])00)[1-9](?:[ ()./-]{0,3}[0-9]){6,14}(?![0-9])"  # +49 (0)30 12, 0033 1 23
    r"|(?<![A-Za-z0-9_.])\(0?[0-9]{2,4}\)[ -]?[0-9](?:[ ./-]?[0-9]){4,9}(?![0-9])"  # (030) 123456, (555) 123-4567
    r"|(?<![A-Za-z0-9_.-])[0-9]{3}([-. ])[0-9]{3}\1[0-9]{4}(?![A-Za-z0-9_-])"  # 555-123-4567
    r"|(?<![A-Za-z0-9_.])(?<![0-9][ -])0[1-9](?:[ /-]{0,3}[0-9]){6,11}(?![0-9])"  # 030/123456, 01 23 45 67 89
    # Beside further digits: divided as only telephone numbers are, not as dates and rows of figures.
    r"|(?<=[0-9] )(?:0[1-9][0-9]{1,3}|00[1-9][0-9]{0,2}[ ./-][1-9][0-9]{1,3})[ ./-][0-9]{5,9}(?![0-9])"
)
_GLUED = re.compile(r"(?<=[A-Za-z0-9_.])\+[1-9](?:[ ()./-]{0,3}[0-9]){6,14}(?![0-9])")
"""With the code of a country, right behind a letter, a digit or a dot (`Tel.+49 30 12`): a number where it has a length
that its country has, behind a digit where it is one that may be given out; else a sum."""
_HOUR = re.compile(r"\+[0-9]{1,2} {1,2}(?:19|20)[0-9]{2}[-./](?:0[1-9]|1[0-2])[-./]")  # GMT+1 2024-12-01
_ALONE = re.compile(
    r"(?:(?:\+|00)[1-9](?:[ ()./-]{0,3}[0-9]){6,14}"
    r"|\(0?[0-9]{2,4}\)[ -]?[0-9](?:[ ./-]?[0-9]){4,9}"
    r"|[0-9]{3}([-. ])[0-9]{3}\1[0-9]{4}"
    r"|0[1-9](?:[ /-]{0,3}[0-9]){6,11})(?![0-9])"
)
"""The usual ways, whatever stands before them."""
_PREFIX_APART = re.compile(
    r"(?<![A-Za-z0-9_.:,])(?<![0-9)\]][ -])(?<!\b[0-9a-fA-F]{2} )(?:00|\+)[ (-]{1,2}"
    r"([1-9](?:[ ()./-]{0,3}[0-9]){6,14})(?![0-9A-Za-z])"
)
"""A blank in the prefix: `00 49 30 1234567`. Rows of figures and sums look like it, so libphonenumber is asked."""
_FIRST_GROUP = re.compile("[0-9]+")
_OF_PAIRS = re.compile("[0-9]{2}(?: [0-9]{2})+")
_MOST_ASKED = 5_000
"""Times that libphonenumber is asked in a text; what is glued beyond them counts as a number."""
_TRIES = 2**62
"""What libphonenumber may look at in one text; by itself it ends without a word after 65,535."""
_LAST_GROUP = re.compile(r"(?:^\+|[ ()./-]+)[0-9]+$")
_IN_BASE64 = re.compile(r"[A-Za-z0-9+/]{40}$")
_NAMED_AND_GLUED = re.compile(
    r"(?<![A-Za-z])(?:(?:tel|telefon|telephone|phone|fon|fax|mob|mobil|mobile|handy|cell|ph|call)"
    r"(?:[. -]{0,2}(?:nr|no))?\.?|[tmfp]\.)"
    r"(00[1-9](?:[ ()./-]{0,3}[0-9]){6,14}|\(0?[0-9]{2,4}\)[ -]?[0-9](?:[ ./-]?[0-9]){4,9}"
    r"|0[1-9](?:[ /.-]{0,3}[0-9]){6,11}|[0-9]{3}([-. ])[0-9]{3}\2[0-9]{4})(?![0-9])",
    re.IGNORECASE,
)
"""Without that code, right behind a word for it: `Tel.030/1234567`."""
_DIGITS = re.compile(r"[(+]?[0-9](?:[ ()./-]{0,3}[0-9]){6,24}")
"""Seven digits or more that may be one number: libphonenumber is asked of nothing else."""
_LONGEST = 48
"""Characters of a number that is asked about alone."""
_AROUND = 12
"""Characters around such digits that libphonenumber sees too: it takes no number out of a longer word."""
_WITHIN_WORD = re.compile(r"(?:[\w#@&][=/.,:-]?|[?&]\w*=)$", re.ASCII)
"""Before a number: a letter or a digit, a path or a query of an address. After `Tel.:` and `phone:` a number stands by
itself (`_NAMED`)."""
_NAMED = re.compile(r"[A-Za-z]{2,}\.?[:=]$")
_IN_A_LIST = re.compile(r"[^\w\s@&+]{0,2}|_")
"""Between two numbers that stand side by side without a blank."""
_GOES_ON = re.compile(r"[\w@&=_]|[-.,:/][0-9A-Za-z]", re.ASCII)
_MONEY = r"[€$£¥₹%]|(?:EUR|USD|GBP|CHF|NOK|SEK|DKK|INR|CNY|HKD|SGD|JPY|kr)\b"
_MONEY_BEFORE = re.compile(rf"(?:{_MONEY})\s?$")
_MONEY_BEHIND = re.compile(rf"\s?(?:{_MONEY})")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ ]?(?:0[1-9]|1[0-2])[-./ ]?(?:0[1-9]|[12][0-9]|3[01])(?:[ T]?[0-9]{1,6})?"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-./](?:0?[1-9]|[12][0-9]|3[01])[-./](?:19|20)[0-9]{2}"
    r"|(?:19|20)[0-9]{2} ?[-/] ?(?:19|20)[0-9]{2}"  # years from to
)
_DAY_FIRST = re.compile(r"(?:0[1-9]|[12][0-9]|3[01])([-/. ])(?:0[1-9]|1[0-2])\1(?:19|20)[0-9]{2}(?:[ T][0-9]{1,2})?")
"""A date with its hour, if there is one, which has the form of a number with a leading 0."""
_THOUSANDS = re.compile(r"[1-9][0-9]?(?:([. ])[0-9]{3})(?:\1[0-9]{3})+")
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,2}")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_BELOW_ONE = re.compile(r"(?<![0-9])0\.[0-9]{4}")
_SECONDS = re.compile(r"1[4-9][0-9]{8}")
"""Of Unix, from 2014 on."""
_NUMBER_OF = re.compile(
    r"(?:order|invoice|ticket|case|account|customer|item|article|part|product|sku|reference|ref|tracking|serial|"
    r"bestellung|bestellnummer|auftrag|rechnung|kundennummer|commande|facture|pedido|factura|id)s?"
    r"(?:[ _-]?(?:number|nummer|no|nr|num|id))?[\"']?[\s.:#=]{0,4}[\"']?$",
    re.IGNORECASE,
)
"""What says of bare digits behind it that they are the number of something else."""


def usual(text: str) -> Iterator[Span]:
    """Numbers with the code of a country (+ or 00), in brackets, with a leading 0, or as 555-123-4567."""
    yield from (match.span() for match in _USUAL.finditer(text) if not _DAY_FIRST.fullmatch(match[0]))
    asked = [0]
    if "+" in text:
        yield from (span for match in _GLUED.finditer(text) for span in _by_itself(text, match, asked))
    yield from (match.span(1) for match in _NAMED_AND_GLUED.finditer(text))
    for match in _PREFIX_APART.finditer(text):
        if (stop := _end_abroad(match, asked)) > match.start():
            yield match.start(), stop


def _by_itself(text: str, found: re.Match[str], asked: list[int]) -> Iterator[Span]:
    """The number in what is glued to the word before it, without further digits behind it; none where it is a sum."""
    start = found.start()
    if _HOUR.match(text, start) or _IN_BASE64.search(text, max(0, start - 40), start):
        return
    from phonenumbers import NumberParseException, is_possible_number, is_valid_number, parse

    said: str = found[0]
    counts = is_valid_number if text[start - 1].isdigit() else is_possible_number
    while said:
        asked[0] += 1
        try:
            if asked[0] > _MOST_ASKED or counts(parse(said)):
                yield start, start + len(said)
                return
        except NumberParseException:
            pass
        said = _LAST_GROUP.sub("", said)


def _end_abroad(found: re.Match[str], asked: list[int]) -> int:
    """Where the number ends whose prefix stands apart; where it begins, if these digits are none: their first group is
    the code of no country, or they are not as long as its numbers. A row of pairs has to be one that is given out."""
    from phonenumbers import NumberParseException, is_possible_number, is_valid_number, parse

    said: str = found[1]
    code = _FIRST_GROUP.match(said)
    while len(said) > 6:
        asked[0] += 1
        if asked[0] > _MOST_ASKED:
            return found.end()
        try:
            number = parse("+" + said)
            counts = is_valid_number if _OF_PAIRS.fullmatch(said) else is_possible_number
            if code is not None and code[0] == str(number.country_code) and counts(number):
                return found.start(1) + len(said)
        except NumberParseException:
            pass
        said = _LAST_GROUP.sub("", said)
    return found.start()


def alone(countries: Sequence[str]) -> Callable[[str], int]:
    """Of a text: where the number ends that it begins with, whatever stood before it; 0: it begins with none.

    For one text: libphonenumber is asked so often (`_MOST_ASKED`), and what comes after that counts as a number.
    """
    asked = [0]

    def ends(text: str) -> int:
        found = _ALONE.match(text)
        end = 0 if found is None else found.end()
        if (apart := _PREFIX_APART.match(text)) is not None:
            end = max(end, _end_abroad(apart, asked))
        if countries and (digits := _DIGITS.match(text)) is not None and end < digits.end():
            asked[0] += len(countries)
            if asked[0] > _MOST_ASKED:
                return digits.end()
            first = next(of_countries(text[:_LONGEST], countries), None)
            end = max(end, first[1]) if first is not None and first[0] == 0 else end
        return end

    return ends


def begins_abroad(text: str, span: Span) -> bool:
    """Whether these digits are those of a number with the code of a country, its + before them."""
    start = span[0] - 1 if text[span[0] - 1 : span[0]] == "+" else span[0]
    found = _USUAL.match(text, start) if text.startswith(("+", "00"), start) else None
    return found is not None and found.end() >= span[1]


def of_countries(text: str, countries: Sequence[str]) -> Iterator[Span]:
    """Numbers as these countries (ISO 3166: FR, US) write their own; the same one may come twice."""
    asked = [found.span() for found in _DIGITS.finditer(text)] if countries else []
    if not asked:
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for first, last in _windows(asked, len(text)):
        shown = text[first:last]
        found: set[Span] = set()
        for country in countries:
            for match in PhoneNumberMatcher(shown, country, leniency=Leniency.VALID, max_tries=_TRIES):
                found.add((first + match.start, first + match.end))
        for run in _runs(text, sorted(found)):
            if _is_within(text, run[0][0], max(stop for _, stop in run)):
                continue
            yield from (span for span in run if not _is_another(text, span))


def _runs(text: str, spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The spans, together those that are divided by a sign or two: each is no part of something longer but of a list of
    numbers."""
    run: list[Span] = []
    for span in spans:
        if run and not _IN_A_LIST.fullmatch(text, run[-1][1], max(run[-1][1], span[0])):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def refuse_unknown(countries: Sequence[str], where: str) -> None:
    """Raises SuiteError for what is no country that has phone numbers."""
    if not countries:
        return
    from phonenumbers import SUPPORTED_REGIONS

    for country in countries:
        if country not in SUPPORTED_REGIONS:
            likely = {"UK": "GB", "EN": "GB", "USA": "US", "EU": "DE"}.get(country.upper(), country.upper())
            hint = (
                f"did you mean {likely}?" if likely in SUPPORTED_REGIONS else near(country, sorted(SUPPORTED_REGIONS))
            )
            raise SuiteError(f"{where}: {country!r:.40} is no country of ISO 3166 in two letters, like FR; {hint}")


def _windows(spans: Sequence[Span], n: int) -> Iterator[Span]:
    """The spans with what is around them; those that touch are one."""
    first, last = 0, 0
    for start, end in spans:
        if start - _AROUND > last or not last:
            if last:
                yield first, last
            first = max(0, start - _AROUND)
        last = min(n, end + _AROUND)
    yield first, last


def _is_within(text: str, start: int, end: int) -> bool:
    """Whether these digits are an amount, or a part of something longer."""
    before, behind = text[max(0, start - 40) : start], text[end : end + 8]
    if text[start] not in "+(" and _WITHIN_WORD.search(before) and (before[-1:] == "=" or not _NAMED.search(before)):
        return True
    return bool(_GOES_ON.match(behind) or _MONEY_BEFORE.search(before) or _MONEY_BEHIND.match(behind))


def _is_another(text: str, span: Span) -> bool:
    """Whether these digits are a date, a version, seconds, or the number of something else."""
    start, end = span
    said, before = text[start:end], text[max(0, start - 40) : start]
    if any(form.fullmatch(said) for form in (_DATE, _THOUSANDS, _VERSION, _DECIMAL, _SECONDS)) or _BELOW_ONE.search(
        said
    ):
        return True
    return said.isdigit() and _NUMBER_OF.search(before) is not None
