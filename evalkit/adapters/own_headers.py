"""Headers that a suite asks for by the names of variables: `header_env: {X-Org: EVALKIT_ORG}`.

A header's value comes from the environment alone, and goes only to a host to which the person lets this very variable
go (`--allow-key-host EVALKIT_ORG@gateway.example`): the same rule as for keys, whatever the header is for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.keys import (
    api_key,
    keep_login_out_of_replies,
    keep_parts_out_of_replies,
    login_in,
    refuse_odd_key,
)
from evalkit.errors import SuiteError
from evalkit.frozen import dataclass

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OF_THE_CLIENT = frozenset(
    "host content-length content-type content-encoding transfer-encoding connection upgrade te trailer expect".split()  # noqa: SIM905
)
"""Headers by which a request would be another one than the one that is checked."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class OwnHeaders:
    """What goes with every request."""

    headers: Mapping[str, str]
    secrets: tuple[str, ...]
    """Their values, which are cut out of every reply."""
    variables: tuple[str, ...]


def own_headers(
    spec: ModelSpec, named: Mapping[str, str] | None, base_url: str, taken: Collection[str] = ()
) -> OwnHeaders:
    """The headers with their values; one that may not go to this host of one's own is left out.

    `taken`: headers in lower case that the adapter sets itself. Raises SuiteError for a header that a suite cannot set,
    and for a host that may not get the value; MissingKey for a variable that is not set.
    """
    headers: dict[str, str] = {}
    secrets: list[str] = []
    place = f"{spec.place}.header_env"
    for header, variable in (named or {}).items():
        if not _HEADER.fullmatch(header) or header.lower() in _OF_THE_CLIENT:
            raise SuiteError(f"{place}.{header}: a suite cannot set this header")
        if header.lower() in taken:
            raise SuiteError(f"{place}.{header}: carries the model's key already; key_env names its variable")
        if not _VARIABLE.fullmatch(variable):
            raise SuiteError(f"{place}.{header}: takes the name of a variable of the environment, never a value")
        key = api_key((variable,), base_url, (), spec, named_by_suite=True)
        if key is None:
            continue
        refuse_odd_key(key, (variable,), spec, blanks=True)
        scheme, blank, rest = key.partition(" ")
        secret = rest if blank and header.lower() == "authorization" and scheme.isalpha() else key
        keep_parts_out_of_replies(secret, header, variable)  # Cookie: session=SECRET; theme=dark, or ApiKey ID:SECRET
        if (login := login_in(key)) is not None:
            keep_login_out_of_replies(*login)
        secrets.append(secret)
        headers[header] = f"Bearer {key}" if header.lower() == "authorization" and secret is key else key
    return OwnHeaders(headers, tuple(secrets), tuple((named or {}).values()))
