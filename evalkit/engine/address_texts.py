"""Addresses in texts that a suite writes, however they are written: each is a way by which a prompt may leave.

list(addresses("tools[0]", {"server_url": "https://mcp.example/x"}))    # [Callout("tools[0].server_url", ...)]
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from unicodedata import normalize

from evalkit.addresses import BadAddress, read_address
from evalkit.frozen import dataclass
from evalkit.suite.extra_fields import (
    plain_name,
)
from evalkit.text.spellings import plainly

_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\"'<>]*|(?<![\w/:])//(?:\[[0-9A-Fa-f:.]{2,45}\]|[\w-]{1,63}\.\w)[^\s\"'<>]*"
    r"|(?<![A-Za-z])(?:https?|wss?|ftps?):/?(?:\[[0-9A-Fa-f:.]{2,45}\]|[.-]{0,200}[\w@])[^\s\"'<>]*",
    re.IGNORECASE,
)
"""With the slashes that servers and browsers take for granted after some schemes."""
_MAILBOX = re.compile(
    r"(?<![^\s<(,;:\"'])(?:\"[^\"\n]{1,64}\"|[^\s@:/<(,;\"']{1,64})@"
    r"(\[[0-9A-Fa-f:.]{2,45}\]|[\w-]{1,63}(?:\.[\w-]{1,63})+)"
)
_WITH_PORT = re.compile(
    r"(?<![\w.@/:-])(\[[0-9A-Fa-f:.]{2,45}\]|\d{1,3}(?:\.\d{1,3}){3}"
    r"|[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}\.[^\W\d_]{2,63})\.?:\d{2,5}(?![\w.:])"
)
"""A host with its port anywhere in a text. A number without one may be a version there."""
_ADDRESS_KEY = re.compile(r"(^|_)(url|uri|endpoint|host|hostname|webhook|server|callback|domain|origin)s?$")
_BARE_ADDRESS = re.compile(
    r"""\s*(?:mailto:)?(?:
      (?P<ip>\d{1,3}(?:\.\d{1,3}){3}) (?::\d{1,5})?
    | \[?(?P<six>[0-9A-Fa-f:.]{2,45})\]?(?:(?<=\]):\d{1,5})?
    | (?:[^\s@:/]{1,64}@)(?P<mail>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)
    | (?P<name>[\w-]{1,63}(?:\.[\w-]{1,63})*\.[^\W\d_]{2,63}) \.?:\d{1,5}
    )(?:[/?#]\S*)?\s*""",
    re.VERBOSE,
)
"""A text that is an address and names no scheme: a number, a host with its port, a mailbox."""
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class Callout:
    """One way by which parts of a prompt may leave the provider."""

    place: str
    """The field: tools[0]"""
    kind: str
    """What it is: mcp, web_search, address ... By this name the person allows it."""
    host: str | None = None
    """Where it goes; None where the provider decides."""
    known: bool = True
    """Whether evalkit knows the field, or holds it to be a way out because it does not."""
    odd_text: bool = False
    """Whether the field is known, and takes plain words alone, which this is none of."""

    def __str__(self) -> str:
        return f"{self.place} ({self.kind}{f' at {self.host}' if self.host else ''})"


def addresses(place: str, value: object, key: str = "") -> Iterator[Callout]:
    """Addresses anywhere in a value, keys included."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "$schema":
                continue  # the name of a JSON schema's dialect, which nobody fetches
            yield from in_text(f"{place}.{name}", str(name), "")
            yield from addresses(f"{place}.{name}", inner, plain_name(str(name)))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from addresses(f"{place}[{i}]", inner, key)
    elif isinstance(value, str):
        yield from in_text(place, value, key or plain_name(place.rpartition(".")[2]))


def in_text(place: str, text: str, key: str) -> Iterator[Callout]:
    """Addresses in a text, whatever spells them; `key`: the field that holds it."""
    for said in readings(text):
        for _, host in written_addresses(said):
            yield Callout(place, "address", host)
        yield from bare_address(place, said, key)


def readings(text: str) -> tuple[str, ...]:
    """A text as it stands, and as addresses, pages and JSON mean it, with slashes for backslashes and plain signs for
    full-width ones."""
    meant = plainly(text).text.replace("\\", "/")
    plain = meant if meant.isascii() else normalize("NFKC", meant).replace("。", ".")
    return tuple(dict.fromkeys((text, meant, plain)))


def written_addresses(text: str) -> Iterator[tuple[str, str | None]]:
    """What in a text is an address or a mailbox wherever it stands, with its host."""
    for address in _ADDRESS.findall(text):
        yield address, host_of(address)
    for found in (*_MAILBOX.finditer(text), *_WITH_PORT.finditer(text)):
        yield found[0], found[1].lower().strip("[]")


def bare_address(place: str, text: str, key: str) -> Iterator[Callout]:
    """A text that as a whole is an address without a scheme; any word in a field that holds one."""
    if (bare := _BARE_ADDRESS.fullmatch(text)) and (host := _bare_host(bare)) is not None:
        yield Callout(place, "address", host)
    elif _ADDRESS_KEY.search(key) and "//" not in text and text.strip():
        host = text.strip().partition("/")[0].partition(":")[0]
        yield Callout(place, "address", host.lower() if _HOST.fullmatch(host) else None)


def _bare_host(bare: re.Match[str]) -> str | None:
    """The host of such an address; None for digits and colons that are none."""
    if (six := bare["six"]) is None:
        return next(host for host in bare.group("ip", "mail", "name") if host).lower()
    try:
        return str(ipaddress.IPv6Address(six)) if any(one.isdigit() for one in six) else None
    except ValueError:
        return None


def host_of(address: str) -> str | None:
    """The host that an address names; None where it names none that evalkit reads."""
    scheme, colon, rest = ("", "", address) if address.startswith("//") else address.partition(":")
    rest = rest.lstrip("/") if colon else address.lstrip("/")
    try:
        return read_address(f"{scheme.lower() if scheme.lower() == 'http' else 'https'}://{rest}").host
    except BadAddress:
        return None
