"""Numbers of payment cards in a text: 13 to 19 digits with the right check digit (Luhn), as people write them.

    list(found("4111 1111 1111 1111 12/27 123"))      # [(0, 19)]: what stands beside it is not taken for a part of it

Digits in one piece, or with single blanks and hyphens between any of them, are a number where their check digit is
right. Beside further digits (a security code, a year, a count) a number is one that begins as cards do and is divided
as they are: 4-4-4-4, 4-6-5, 4-6-4, 6-13, 8-8, or in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]
_ANY = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_GROUP = re.compile(r"[0-9]+")
_GAP = re.compile(r" {1,3}|\t| ?[-./_+·] ?")
_FIRST = re.compile(r"[456]|3[0-9]|8[12]|22[0-9]|2[3-6]|27[01]|2720|9792")
"""How numbers of cards begin that people carry (ISO/IEC 7812): no year and no small count does."""
_OF_FIFTEEN = re.compile(r"3[47]")
"""American Express, which alone has 4-6-5, and has nothing else."""
_FORMS = frozenset(
    {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13), (8, 8), (4, 4, 4, 4, 2), (4, 4, 5), (4, 4, 4, 2)}
)
_MOST_GROUPS = max(map(len, _FORMS))
_BEGIN = frozenset(form[0] for form in _FORMS)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def found(text: str) -> Iterator[Span]:
    """Where each begins and ends; spans may overlap."""
    for match in _ANY.finditer(text):
        if _is_right(match[0]):
            yield match.span()
    for group in _GROUP.finditer(text):
        start, stop = group.span()
        if 13 <= stop - start <= 19:
            if _is_right(group[0]):
                yield start, stop
        elif stop - start in _BEGIN and _FIRST.match(text, start):
            yield from _divided(text, start, stop)


def _divided(text: str, start: int, stop: int) -> Iterator[Span]:
    """The numbers whose first group of digits stands there, their gaps alike."""
    form: tuple[int, ...] = (stop - start,)
    gap = _GAP.match(text, stop)
    while gap is not None and len(form) < _MOST_GROUPS:
        group = _GROUP.match(text, gap.end())
        if group is None:
            return
        form = (*form, len(group[0]))
        fits = form in _FORMS and (form == (4, 6, 5)) == (_OF_FIFTEEN.match(text, start) is not None)
        if fits and _is_right(text[start : group.end()]):
            yield start, group.end()
        before, gap = gap[0], _GAP.match(text, group.end())
        if gap is not None and gap[0] != before:
            return


def _is_right(written: str) -> bool:
    """Whether the last digit is the check digit of those before it (Luhn, ISO/IEC 7812-1); not of one digit alone."""
    digits = [ord(one) - 48 for one in written if "0" <= one <= "9"]
    if len(set(digits)) < 2:
        return False
    return (sum(digits[-1::-2]) + sum(_DOUBLED[one] for one in digits[-2::-2])) % 10 == 0
