"""The aiohttp session under every adapter: limits, proxy, certificates, and what its errors mean.

    session = open_session(url, tls, ...)      # headers and bodies within limits, no cookies, no netrc
    network_error(error, where, idle_s)        # aiohttp.ClientConnectorError -> ConnectionFailed(sent=False)

Of the environment only HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR count: the proxy is looked up once, never
for loopback, and a certificate file that is not there is said before anything is sent.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from evalkit.adapters.connecting import one_connection
from evalkit.adapters.http_errors import Where
from evalkit.adapters.keys import keep_login_out_of_replies, keep_out_of_replies
from evalkit.adapters.reply_body import HEADER_LIMITS
from evalkit.addresses import is_loopback
from evalkit.errors import BadReply, ConnectionFailed, Rejected, RequestError, Stalled, SuiteError
from evalkit.text.secrets import without_keys

CONNECT_TIMEOUT_S = 15.0
_QUOTED = re.compile(r"[\n<]|\bb?['\"]|['\"]")
NETWORK_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises for anything that a network, a proxy or a server's HTTP does."""


class Connector(aiohttp.TCPConnector):
    """aiohttp's own, which notes how long each new connection takes."""

    async def _create_connection(self, *given: Any, **named: Any) -> Any:
        with one_connection():
            return await super()._create_connection(*given, **named)


def open_session(url: str, **arguments: Any) -> aiohttp.ClientSession:
    """A session for the server at this address; bodies stay packed, `reply_body` unpacks them within limits."""
    return aiohttp.ClientSession(
        **HEADER_LIMITS,
        **arguments,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy_for(url),
        trust_env=False,  # it would read netrc, and look the proxy up in a thread for every request
    )


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address; None for none, and always for loopback.

    Without a scheme it is taken for plain http, as curl takes it.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxy = getproxies().get(parts.scheme)
    if not proxy:
        return None
    written = proxy if "://" in proxy else f"http://{proxy}"
    _keep_secret(written)
    try:
        user = urlsplit(written).netloc.rpartition("@")[0]
    except ValueError as error:  # the address is not shown: it may hold a password
        raise SuiteError(f"the proxy {_proxy_named()} is no address that can be read: set it again.") from error
    name, _, password = map(unquote, user.partition(":"))
    if ":" in name or any(sign > "\xff" for sign in name + password):
        raise SuiteError(
            f"the user or the password of the proxy {_proxy_named()} holds a sign that no header takes: set it again."
        )
    return written


def _keep_secret(proxy: str) -> None:
    """A proxy repeats what it was sent, and an error the address that it cannot read: cut the user's password out."""
    user, at, _ = proxy.partition("://")[2].rpartition("@")
    if not at:
        return
    name, _, password = user.partition(":")
    for secret in (user, password):
        keep_out_of_replies(secret, "PASSWORD")
    keep_login_out_of_replies(unquote(name), unquote(password))


def network_error(error: Exception, where: Where, idle_s: float) -> RequestError:  # noqa: PLR0911 (read from the top)
    """What an error of the network means. Most specific first: an error that says nothing was sent must not be taken
    for a dropped answer."""
    place = f"models.{where.name}: {where.host}"
    way_out = f"Is the server running, and is models.{where.name}.base_url right?"
    said = where.clean(str(getattr(error, "strerror", None) or error)) or type(error).__name__
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _proxy_error(error, place, where)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ConnectionFailed(f"{place}: no connection to the proxy {_proxy_named()} ({said}).", sent=False)
    if isinstance(error, aiohttp.InvalidURL):
        # The error quotes the whole address, with its password.
        return ConnectionFailed(f"{place}: the proxy {_proxy_named()} is no address that can be read.", sent=False)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ConnectionFailed(f"{place}: the name does not resolve. {way_out}", sent=False)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return ConnectionFailed(
            f"{place}: no TLS connection ({said}). If the certificate is your own, SSL_CERT_FILE names its issuer.",
            sent=False,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectionFailed(f"{place}: no connection ({said}). {way_out}", sent=False)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectionFailed(f"{place}: no connection within {CONNECT_TIMEOUT_S:g} s. {way_out}", sent=False)
    if isinstance(error, TimeoutError):
        return Stalled(f"{place}: nothing came for {idle_s:g} s (run.idle_timeout_s)")
    if isinstance(error, aiohttp.ClientResponseError):
        # The error carries the request's headers, the key among them, into every repr of this cause.
        error.request_info = aiohttp.RequestInfo(error.request_info.url, "POST", CIMultiDictProxy(CIMultiDict()))
        error.args = ()
        return BadReply(f"{place}: the reply is no valid HTTP ({where.clean(_unquoted(error.message))})")
    if isinstance(error, aiohttp.ClientPayloadError):
        said = where.clean(_unquoted(str(error)))
    if isinstance(error, aiohttp.ServerDisconnectedError):
        said = "server disconnected"  # its message may be the head as far as it came, which ends anywhere
    return ConnectionFailed(f"{place}: the connection dropped before the answer was complete ({said})")


def _unquoted(text: str) -> str:
    """What aiohttp says of a reply, without what it quotes: it begins where a packet does and ends after some bytes,
    in the middle of a key or a number, of which no piece may stay."""
    return _QUOTED.split(text, maxsplit=1)[0].rstrip(" :")


def _proxy_error(error: aiohttp.ClientHttpProxyError, place: str, where: Where) -> RequestError:
    error.request_info = aiohttp.RequestInfo(error.request_info.url, "CONNECT", CIMultiDictProxy(CIMultiDict()))
    error.args = ()
    said = f"{place}: the proxy {_proxy_named()} answered {error.status} {where.clean(without_keys(error.message))}"
    if error.status == 407:
        said += "; it wants a user and a password (http://USER:PASSWORD@HOST:PORT)"
    kind = ConnectionFailed if error.status >= 500 else Rejected
    return kind(f"{said}. Nothing was sent to {where.host}.", status=error.status, sent=False)


def _proxy_named() -> str:
    """The proxies of the environment, for a person, without their passwords. What stands there need be no address."""
    hosts = sorted({_host_of(proxy) for proxy in getproxies().values()} - {""})
    return f"{' or '.join(hosts[:2])} (HTTPS_PROXY)" if hosts else "named by HTTPS_PROXY"


def _host_of(proxy: str) -> str:
    """What stands behind the last @, since a password may hold any sign, and before a path."""
    return re.split(r"[/?#]", proxy.rpartition("://")[2].rpartition("@")[2], maxsplit=1)[0]
