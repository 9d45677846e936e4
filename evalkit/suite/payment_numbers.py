"""Numbers that money is paid by, in a text: of payment cards and of accounts (IBAN), as people write them.

    list(cards("4111 1111 1111 1111 12/27 123"))    # [(0, 19)]: what stands beside it is not taken for a part of it
    list(ibans("DE89 3704 0044 0532 0130 00"))      # [(0, 27)]
    list(ibans("be1653ffb449f79440000000000000"))   # []: Belgium's have 16 signs, digits all

A card has 13 to 19 digits with the right check digit (Luhn); an account (ISO 13616) a country of the registry, as long
and built as that country's, and the right checksum.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache

Span = tuple[int, int]
_ANY_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_GROUP = re.compile(r"[0-9]+")
_CARD_GAP = re.compile(r" {1,3}|\t| ?[-./_+·] ?")
_ISSUED = re.compile(r"[456]|3[0-9]|8[12]|22[0-9]|2[3-6]|27[01]|2720|9792")
"""How numbers of cards begin that people carry (ISO/IEC 7812): no year and no small count does."""
_OF_FIFTEEN = re.compile(r"3[47]")
"""American Express, which alone has 4-6-5, and has nothing else."""
_CARD_FORMS = frozenset(
    {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13), (8, 8), (4, 4, 4, 4, 2), (4, 4, 5), (4, 4, 4, 2)}
)
_MOST_GROUPS = max(map(len, _CARD_FORMS))
_CARD_BEGINS = frozenset(form[0] for form in _CARD_FORMS)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def cards(text: str) -> Iterator[Span]:
    """Where each number of a card begins and ends; spans may overlap.

    Digits in one piece, or with single blanks and hyphens between any of them, are a number where their check digit is
    right. Beside further digits (a security code, a year, a count) a number is one that begins as cards do and is
    divided as they are: 4-4-4-4, 4-6-5, 4-6-4, 6-13, 8-8, or in one piece.
    """
    exact = list(_exactly(text))
    yield from exact
    for match in _ANY_CARD.finditer(text):
        start, stop = match.span()
        # One in ten of a card and the digits beside it has a check digit too; these belong to what stands there.
        place = bisect_left(exact, (start, 0))
        holds = place < len(exact) and exact[place][1] <= stop
        if not holds and _has_check_digit(match[0]):
            yield start, stop


def is_exactly_one(written: str) -> bool:
    """Whether this card is divided as cards are, or not at all."""
    return (0, len(written)) in _exactly(written)


def _exactly(text: str) -> Iterator[Span]:
    """In order: the numbers that are divided as cards are, or stand in one piece."""
    for group in _GROUP.finditer(text):
        start, stop = group.span()
        if 13 <= stop - start <= 19:
            if _has_check_digit(group[0]):
                yield start, stop
        elif stop - start in _CARD_BEGINS and _ISSUED.match(text, start):
            yield from _divided(text, start, stop)


def _divided(text: str, start: int, stop: int) -> Iterator[Span]:
    """The numbers whose first group of digits stands there, their gaps alike."""
    form: tuple[int, ...] = (stop - start,)
    gap = _CARD_GAP.match(text, stop)
    while gap is not None and len(form) < _MOST_GROUPS:
        group = _GROUP.match(text, gap.end())
        if group is None:
            return
        form = (*form, len(group[0]))
        fits = form in _CARD_FORMS and (form == (4, 6, 5)) == (_OF_FIFTEEN.match(text, start) is not None)
        if fits and _has_check_digit(text[start : group.end()]):
            yield start, group.end()
        before, gap = gap[0], _CARD_GAP.match(text, group.end())
        if gap is not None and gap[0] != before:
            return


def _has_check_digit(written: str) -> bool:
    """Whether the last digit is the check digit of those before it (Luhn, ISO/IEC 7812-1); not of one digit alone."""
    digits = [ord(one) - 48 for one in written if "0" <= one <= "9"]
    if len(set(digits)) < 2:
        return False
    return (sum(digits[-1::-2]) + sum(_DOUBLED[one] for one in digits[-2::-2])) % 10 == 0


_IBAN_HEAD = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=IBAN)|(?<=iban)|(?<=Iban))[A-Za-z]{2}(?=[0-9]{2})")
_IBAN_GAP = r"(?: {1,2}|[-.\t])?"
_REGISTRY = (
    "AD:8n12c AE:19n AL:8n16c AT:16n AZ:4a20c BA:16n BE:12n BG:4a6n8c BH:4a14c BI:23n BR:23n1a1c BY:4c4n16c "
    "CH:5n12c CR:18n CY:8n16c CZ:20n DE:18n DJ:23n DK:14n DO:4c20n EE:16n EG:25n ES:20n FI:14n FK:2a12n FO:14n "
    "FR:10n11c2n GB:4a14n GE:2a16n GI:4a15c GL:14n GR:7n16c GT:24c HN:4a20n HR:17n HU:24n IE:4a14n IL:19n IQ:4a15n "
    "IS:22n IT:1a10n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c LI:5n12c LT:16n LU:3n13c LV:4a13c LY:21n "
    "MC:10n11c2n MD:20c ME:18n MK:3n10c2n MN:16n MR:23n MT:4a5n18c MU:4a19n3a NI:4a20n NL:4a10n NO:11n OM:3n16c "
    "PK:4a16c PL:24n PS:4a21c PT:21n QA:4a21c RO:4a16c RS:18n RU:14n15c SA:2n18c SC:4a20n3a SD:14n SE:20n SI:15n "
    "SK:20n SM:1a10n12c SO:19n ST:21n SV:4a20n TL:19n TN:20n TR:6n16c UA:6n19c VA:18n VG:4a16n XK:16n YE:4a4n18c"
)
"""By country what stands behind its code and the two check digits (release 101 of SWIFT's registry): so many digits
(n), letters (a), or either (c)."""
_COUNTRIES = dict(one.split(":") for one in _REGISTRY.split(" "))
_PART = re.compile("([0-9]+)([nac])")
_SIGNS = {"n": "[0-9]", "a": "[A-Za-z]", "c": "[A-Za-z0-9]"}


def ibans(text: str) -> Iterator[Span]:
    """Where each IBAN begins and ends; its signs may stand apart: a blank or two, a hyphen or a dot between them."""
    for head in _IBAN_HEAD.finditer(text):
        form = _form(head[0].upper())
        match = None if form is None else form.match(text, head.start())
        if match is not None and _has_checksum(match[0]):
            yield match.span()


@cache
def _form(country: str) -> re.Pattern[str] | None:
    if country not in _COUNTRIES:
        return None
    parts = "".join(f"(?:{_IBAN_GAP}{_SIGNS[kind]}){{{n}}}" for n, kind in _PART.findall(_COUNTRIES[country]))
    return re.compile(f"[A-Za-z]{{2}}[0-9]{{2}}{parts}")


def _has_checksum(written: str) -> bool:
    signs = re.sub("[-. \\t]", "", written).upper()
    return int("".join(str(int(one, 36)) for one in signs[4:] + signs[:4])) % 97 == 1
