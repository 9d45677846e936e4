"""Whether the value of a variable looks like a key, a token, or an address with a password.

    why_secret("bob:word@proxy.corp.example:3128")      # "holds a login"
    why_secret("Qwen/Qwen3-30B-A3B-Instruct-FP8")       # None

Keys are known by how they begin, by being named (`?key=`), and by rows of signs that may be drawn at random. Git's
digests (40 hex digits), dates, versions and names of models are none.
"""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

from evalkit.child import looks_like_a_credential
from evalkit.late import late

_SECRET_VALUE = late(
    r"""://[^/?\#\s@]*:[^/\s@]+@
    |(?<![A-Za-z0-9])(?:
        sk[-_]|gsk_|xai-|hf_|gh[opsur]_|github_pat_|gl(?:pat|dt|rt|ptt|cbt|oas)-|xox[abeprs]-|xapp-|AIza|A[KS]IA|ABSK
        |fw_|tgp_v1_|nvapi-|pplx-|csk-|r8_|rk_live_|npm_|pypi-|dop_v1_|SG\.|shp(?:at|ca|pa|ss)_|ntn_|lin_api_|glsa_
        |dckr_pat_|ATATT|tskey-|lsv2_|jina_|hvs\.|CFPAT-
    )[A-Za-z0-9_-]{16}
    |(?<![A-Za-z0-9])(?:dapi|voy-|key-|e?secret_|together_|vercel_|pa-|co-)[A-Za-z0-9]{20}
    |(?<![A-Za-z0-9])(?:ya29\.|1//)[A-Za-z0-9_-]{16}
    |(?i:AccountKey|SharedAccess(?:Key|Signature)|Password|Pwd|api_?key|access_token|[?&;]sig|[?&;]token)=[^\s&;]
    |hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/|webhook\.office\.com/|api\.telegram\.org/bot
    |ingest\.sentry\.io|(?<![A-Za-z])(?i:Bearer|Basic)[ ]
    |(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.eyJ|-----BEGIN[ ]""",
    re.VERBOSE,
)
"""What keys of providers and tokens of services begin with, addresses with a password or that are a secret by
themselves, connection strings, signed tokens, private keys."""
_DIGEST = late(r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})(?![0-9A-Za-z])")
"""Of a commit, a file, a device: hex digits in small letters."""
_ROW, _ROW_OF_BASE64 = late(r"[A-Za-z0-9+=_-]{20,}"), late(r"[A-Za-z0-9+=_/-]{20,}")
_FOLDER = late(r"[a-z0-9]{4,}|[A-Z0-9]{4,}|[A-Z][a-z]{3,}")
"""A name between two slashes; where one stands, they divide folders and are no signs of base64."""
_WORD = late(r"(?<![A-Za-z0-9])[A-Z]?[a-z]{3,}|[A-Z]?[a-z]{4,}|[A-Z]{5,}|[0-9]{4,}")
_SHORTEST_DRAWN = 20
_ROW_IN_PARTS = late(r"[A-Za-z0-9+=_.:-]{20,}")
_DIVIDERS, _FEWEST_DIVIDERS = late(r"[-_/+=.:]"), 3
_PIECE = late(r"(?=.{1,12}\Z)[A-Za-z]*[0-9]*[A-Za-z]*[0-9]*")
_WORD_OF_NAME = late(r"(?:[a-z]{3,}|[A-Z]{3,}|(?:[A-Z][a-z]{2,})+[A-Z]*)[0-9]*")
BEGINS = "begins as keys do"
_LOGIN = late(
    r"""(?:(?<!mailto):(?![\\/]|[0-9]{1,5}[/?\#])[^\s@]{1,256}@    # user:password; no scheme, drive or port
    |://[^/?\#\s@:]{0,64}:(?![0-9]{1,5}[/?\#])[^\s@]{1,256}@)    # behind a scheme any password
    (?!(?:[0-9]+|[0-9a-f]{7,40}|v[0-9][\w.-]*|latest|default|main|master|stable)(?![\w.:-])|sha(?:256|512):)
    [\w\[]                                                    # a host, and no version of what stands before
    """,
    re.VERBOSE,
)
_FIELD = late(r"(?:(?<![\w.\[\]-])|(?<=%26))([A-Za-z][\w.\[\]-]{0,60})[\"']?=[\"']?(?=[^\s&;\#\"'])")
"""A name with a value, as addresses have them behind `?` and `#`, and connection strings anywhere."""
_WORDS = late(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_OF_NO_KEY = frozenset(
    ["tokens", "tokenizer", "tokenizers", "tokenization", "keyword", "keywords", "author", "authors", "keyboard"]
)
"""Words of a name that hold those of credentials, and are none."""
_FURTHER_KEYS = frozenset(["code", "sig", "pass", "pw", "passwd", "apikey", "key"])
_HEX_IN_PARTS = late(
    r"(?:(?<![0-9A-Za-z])|(?<=\b0[xX]))"
    r"(?:(?:[0-9a-f]{2,}[._:-]{1,2})*[0-9a-f]{2,}|(?:[0-9A-F]{2,}[._:-]{1,2})*[0-9A-F]{2,})(?![0-9A-Za-z])"
)
_FEWEST_HEX = 24
_IPV6 = late(r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z:])")
_REVISION = late(r"[0-9a-f]{40}")
_UUID = late(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OF_CONTENT = late(r"sha(?:1|256|512)[:-][0-9a-f]{40,128}(?![0-9A-Za-z])")
_FINE_TUNED = late(r"ft:[a-z0-9.-]{1,60}:[\w-]{0,60}:[\w-]{0,60}:[A-Za-z0-9]{6,12}")
"""OpenAI's names of tuned models end in an id."""
_ADDRESS = late(r"(?i:https?|wss?)://[^/?\#\s]*")


def why_secret(value: str) -> str | None:
    """Why a value looks like a key, whoever gave it out: by how it begins (`BEGINS`), by what names it, or by a long
    row of signs that may be drawn at random (tokens, base64, hex digits); None where it does not."""
    if _SECRET_VALUE.search(value) is not None:
        return BEGINS
    if _FINE_TUNED.fullmatch(value) is not None:
        return None
    if (why := names_a_secret(value)) is not None:
        return why
    plain = _DIGEST.sub(" ", value)
    rows = [row for row in _ROW_OF_BASE64.findall(plain) if not any(map(_FOLDER.fullmatch, row.split("/")))]
    rows += [*_ROW.findall(plain), *_ROW_IN_PARTS.findall(plain)]
    drawn = any(_may_be_drawn(row) and not _is_name(row) for row in rows)
    return "has a row that may be drawn" if drawn or _has_drawn_hex(value) else None


def names_a_secret(text: str) -> str | None:
    """Why an address or a connection string says itself that it holds a credential; None where it does not."""
    for said in {text, unquote(text)}:
        if _LOGIN.search(said) is not None:
            return "holds a login"
        if any(_is_of_a_key(name) for name in _FIELD.findall(said)):
            return "names a credential"
    return None


def _is_of_a_key(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name) if word.lower() not in _OF_NO_KEY]
    return looks_like_a_credential("_".join(words)) or not _FURTHER_KEYS.isdisjoint(words)


def _has_drawn_hex(value: str) -> bool:
    """Whether hex digits stand there that a key may be: 24 or more in a row, in parts too. None are a git's digest, a
    digest that says so, what stands between the slashes of a path or of a name, and an address of IPv6."""
    plain = _OF_CONTENT.sub(" ", value)
    address = _ADDRESS.match(plain)
    if address is None:
        pieces = [] if "/" in plain else [plain]
    else:
        pieces = [one for one in re.split(r"[/?&#=;]", plain[address.end() :]) if not _UUID.fullmatch(one)]
    for row in (row for piece in pieces for row in _HEX_IN_PARTS.findall(_IPV6.sub(" ", piece))):
        signs = [one for one in row if one.isalnum()]
        letters = sum(map(str.isalpha, signs))
        if len(signs) >= _FEWEST_HEX and 2 < letters < len(signs) - 2 and not _REVISION.fullmatch(row):
            return True
    return False


def _is_name(row: str) -> bool:
    """Whether a row is a name in pieces (`Qwen3-30B-A3B-Instruct-FP8`): short ones, with few runs of digits, two of
    them words. Of 43 signs of base64 that are drawn fewer than one in a thousand are."""
    pieces = _DIVIDERS.split(row)
    return (
        len(pieces) > _FEWEST_DIVIDERS
        and all(_PIECE.fullmatch(piece) for piece in pieces)
        and sum(_WORD_OF_NAME.fullmatch(piece) is not None for piece in pieces) >= 2
    )


def _may_be_drawn(row: str) -> bool:
    """Whether capitals, small letters and digits are mixed as in no name. Of 24 letters and digits that are drawn one
    row in eighty looks like a name, of 40 one in five hundred."""
    signs = [one for one in row if one.isalnum()]
    if len(signs) < _SHORTEST_DRAWN or row.islower() or row.isupper():
        return False
    pairs = [(_kind(a), _kind(b)) for a, b in pairwise(row) if a.isalnum() and b.isalnum()]
    changes = sum(a != b and (a, b) != ("A", "a") for a, b in pairs)  # Word: one capital before small letters
    in_words = sum(map(len, _WORD.findall(row)))
    return in_words < 0.55 * len(signs) and changes >= max(4, 0.16 * len(pairs))


def _kind(sign: str) -> str:
    return "0" if sign.isdigit() else "a" if sign.islower() else "A"
