"""One reading of an endpoint's address, so that the host which is checked is the host that is reached.

    read_address("https://api.example.com/v1")      # Address("https", "api.example.com", None)

Libraries disagree about odd addresses (look-alike letters, decimal or octal IPv4, zone ids, userinfo, backslashes).
Whatever two of them could read differently is refused here, with the reason.
"""

from __future__ import annotations

import ipaddress
import re

from evalkit.frozen import dataclass

_WHOLE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_PORT = re.compile(r"[0-9]{1,5}")
LOOKS_LIKE = "it looks like https://api.example.com/v1 or http://127.0.0.1:8000/v1"


class BadAddress(ValueError):
    """Why an address cannot be used: half a sentence without the address, which may hold a password."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address."""

    scheme: str
    """http or https."""
    host: str
    """Lower case; IPv6 without brackets."""
    port: int | None
    """None: the scheme's own."""

    @property
    def is_loopback(self) -> bool:
        """Whether this is the machine itself."""
        return is_loopback(self.host)


_OWN = (
    *(".local", ".internal", ".lan", ".home.arpa", ".localhost", ".localdomain", ".corp", ".intranet", ".svc"),
    *(".ts.net", ".ngrok.io", ".ngrok.app", ".ngrok.dev", ".ngrok-free.app", ".ngrok-free.dev", ".loca.lt"),
    *(".trycloudflare.com", ".proxy.runpod.net", ".gradio.live", ".serveo.net", ".lhr.life"),
)
"""Names of a network of one's own, and of tunnels that lead into one."""


def is_private(host: str) -> bool:
    """Whether a host name is a server of one's own: this machine or one of the same network (a private address, a name
    without a dot, or one that no public server has), or one behind a tunnel. Names are not resolved."""
    host = host.strip("[]").lower().rstrip(".")
    if is_loopback(host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_OWN)


def read_address(url: str) -> Address:
    """The address. Raises BadAddress for what is no http(s) address, or could be read in two ways."""
    if not url.isascii():
        raise BadAddress(
            "holds characters beyond ASCII, which can look like others; write a host of another script as xn--..."
        )
    if not url.isprintable() or " " in url or "\\" in url:
        raise BadAddress("holds a blank, a backslash or a control character")
    found = _WHOLE.fullmatch(url)
    if found is None or found["scheme"].lower() not in {"http", "https"}:
        raise BadAddress(f"needs http:// or https:// and a host: {LOOKS_LIKE}")
    authority = found["authority"]
    if "@" in authority:
        raise BadAddress("carries a user or password (not shown); keys come from the environment")
    host, port = _split(authority)
    return Address(found["scheme"].lower(), host, port)


def one_server(netloc: str) -> str:
    """One spelling for `host:port` however it is written: this machine is 127.0.0.1, and usual ports are left out.

    one_server("localhost:8000")       # "127.0.0.1:8000"
    one_server("API.example:443")      # "api.example"
    """
    host, colon, port = netloc.lower().rpartition(":")
    if not colon or not port.isdecimal():
        host, port = netloc.lower(), ""
    host = "127.0.0.1" if is_loopback(host) else host
    return host if port in {"", "443", "80"} else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine: `localhost`, 127.0.0.0/8 or ::1. Names are not resolved."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _split(authority: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        inner, bracket, after = authority[1:].partition("]")
        if not bracket or "%" in inner:
            raise BadAddress("names no IPv6 address; write it like [::1], without a zone")
        try:
            host = str(ipaddress.IPv6Address(inner))
        except ValueError:
            raise BadAddress("names no IPv6 address; write it like [::1]") from None
        if after and not after.startswith(":"):
            raise BadAddress("has something between ] and the port")
        return host, _port(after[1:]) if after else None
    host, colon, port = authority.partition(":")
    return _host(host), _port(port) if colon else None


def _host(host: str) -> str:
    if not host:
        raise BadAddress(f"names no host; {LOOKS_LIKE}")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadAddress("names a host with other characters than letters, digits, hyphens and single dots")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise BadAddress("writes an IPv4 address in another form than four numbers from 0 to 255") from None
    return host.lower()


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 0 < int(text) < 65_536:
        raise BadAddress("has a port that is no number from 1 to 65535")
    return int(text)
