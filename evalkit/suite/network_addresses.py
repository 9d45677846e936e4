"""Addresses of mail and of machines (IPv4, IPv6) in a text.

list(emails("write to ann@example.org"))      # [(9, 24)]
list(addresses("from 2001:db8::1 on"))        # [(5, 16)]
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator

Span = tuple[int, int]
_EMAIL = re.compile(r"(?:\"[^\"\n]{1,64}\"|[\w.%+'-]{1,64})@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IPV4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?!\.?[0-9])")
_IPV6 = re.compile(r"(?<![0-9A-Fa-f:])[0-9A-Fa-f:]{2,45}(?:\.[0-9]{1,3}){0,3}")
_WORD = re.compile(r"[A-Za-z0-9_]")
_DIGIT = re.compile("[0-9]")
_SURE = re.compile(r"[0-9]|[A-Fa-f]{3}|:.*:.*:")
"""What makes an address of hex digits and colons one: `a::b` is a name in C++."""


def emails(text: str) -> Iterator[Span]:
    return (match.span() for match in _EMAIL.finditer(_with_letters(text)))


def _with_letters(text: str) -> str:
    """The text with a letter in the place of each mark that belongs to the letter before it: e and ´, vowels of Indic
    and Thai writing, points of Arabic. Places stay."""
    if text.isascii() or "@" not in text:
        return text
    return "".join("a" if unicodedata.category(one)[0] == "M" else one for one in text)


def addresses(text: str) -> Iterator[Span]:
    for span in (*(match.span() for match in _IPV4.finditer(text)), *_six(text)):
        written = text[slice(*span)]
        if ":" not in written and "." not in written:
            continue
        try:
            ipaddress.ip_address(_unpadded(written))
        except ValueError:
            continue
        if _SURE.search(written):
            yield span


def _unpadded(address: str) -> str:
    """An address with its zeros taken off where each number has three digits: 192.168.001.010."""
    parts = address.split(".")
    if ":" in address or len(parts) != 4:
        return address
    return ".".join(str(int(part)) if len(part) == 3 else part for part in parts)


def _six(text: str) -> Iterator[Span]:
    """What may be an address of IPv6; colons beside it belong to what stands there (`ip:2001:db8::1: refused`)."""
    for match in _IPV6.finditer(text):
        start, end = match.span()
        before = text[start - 1 : start]
        if text.startswith(":", start) and not text.startswith("::", start):
            start += 1
        elif _WORD.match(before) and before != "_":
            if text.startswith("::", start):
                continue  # Name::add
            if not text[start].isdigit():  # the end of a word of other letters: `src:2001:db8::1`
                start = text.find(":", start, end) + 1
                if not start or text.startswith(":", start):
                    continue
        if text.endswith(":", start, end) and not text.endswith("::", start, end):
            end -= 1
        if not _WORD.match(text, end) or (text[end] == "_" and _DIGIT.search(text, start, end)):  # Name::add_all
            yield start, end
