"""`${NAME}` in a suite: an environment variable, where a suite may need one and nowhere else.

Allowed in `base_url`, `model` and the path of a task's data. A suite may come from a pull request, and a value would be
sent to the suite's own address or stand in a result. So it can name variables of evalkit's own (EVALKIT_...) and those
that the person running it allows (--allow-env NAME, EVALKIT_ALLOWED_ENV), and none that looks like a credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from evalkit.child import looks_like_a_credential
from evalkit.late import late
from evalkit.suite.source_map import Loc, SourceMap
from evalkit.trust import ALLOWED_ENV

_VARIABLE = late(r"\$\{([^{}\s]*)\}")
_NAME = late(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "EVALKIT_"
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
_DIVIDERS, _FEWEST_DIVIDERS = late(r"[-_/+=]"), 3
_PIECE = late(r"(?=.{1,12}\Z)[A-Za-z]*[0-9]*[A-Za-z]*[0-9]*")
_WORD_OF_NAME = late(r"(?:[a-z]{3,}|[A-Z]{3,}|(?:[A-Z][a-z]{2,})+[A-Z]*)[0-9]*")
BEGINS = "begins as keys do"


def _is_secret(value: str) -> str | None:
    """Why a value looks like a key, whoever gave it out: by how it begins (`BEGINS`), or by a long row of signs that
    may be drawn at random (tokens, base64); None where it does not."""
    if _SECRET_VALUE.search(value) is not None:
        return BEGINS
    plain = _DIGEST.sub(" ", value)
    rows = [row for row in _ROW_OF_BASE64.findall(plain) if not any(map(_FOLDER.fullmatch, row.split("/")))]
    drawn = any(_may_be_drawn(row) and not _is_name(row) for row in [*_ROW.findall(plain), *rows])
    return "has a row that may be drawn" if drawn else None


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


def fill(tree: SourceMap, environ: Mapping[str, str]) -> Any:
    """The tree's data with variables filled in; what may not be is added to the tree's complaints.

    `tree.data` itself stays as written, for the record of the run.
    """
    return _fill(tree.data, (), tree, environ)


def _fill(value: object, loc: Loc, tree: SourceMap, environ: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _fill(item, (*loc, key), tree, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, (*loc, i), tree, environ) for i, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value or _is_data(loc):
        return value
    found = [name for name in _VARIABLE.findall(value) if _NAME.fullmatch(name)]
    if not _may_hold(loc):
        if found:
            tree.refuse(
                loc,
                f"${{{found[0]}}} is filled in only in base_url, model and data.path; for these very characters in a "
                f"template write {{{{ '$' }}}}{{{found[0]}}}",
            )
        return value
    return _VARIABLE.sub(lambda match: _value(match[1], loc, tree, environ), value)


def _may_hold(loc: Loc) -> bool:
    match loc:
        case ("models" | "judges", str(), "base_url" | "model"):
            return True
        case ("models" | "judges", str(), "variants", str(), "base_url" | "model"):
            return True
        case ("tasks", int(), "data") | ("tasks", int(), "data", "path"):
            return True
        case ("tasks", int(), "with", "path" | "data") | ("tasks", int(), "with", "data", "path"):
            return True
    return False


def _is_data(loc: Loc) -> bool:
    """Whether it is a record's own text, which nobody fills in."""
    return len(loc) > 2 and loc[0] == "tasks" and loc[2] == "cases"


def _value(name: str, loc: Loc, tree: SourceMap, environ: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        tree.refuse(loc, f"${{{name}}} is no variable's name: letters, digits and _, like ${{MODEL_SERVER}}")
    elif looks_like_a_credential(name):
        tree.refuse(
            loc,
            f"${{{name}}} looks like a credential, and a suite may not use one: evalkit sends keys itself, to their "
            "providers only. If it is none, give the value a variable of another name",
        )
    elif not name.startswith(_OURS) and name not in ALLOWED_ENV.names(environ):
        tree.refuse(
            loc,
            f"a suite may not read the environment variable {name}. If you trust it with the value: "
            f"--allow-env {name}, or EVALKIT_ALLOWED_ENV={name} (a name that starts with {_OURS} needs no word)",
        )
    elif not environ.get(name):
        tree.refuse(loc, f"the environment variable {name} is not set: export {name}=...")
    elif (found := _is_secret(environ[name])) == BEGINS or (found and name not in ALLOWED_ENV.names(environ)):
        tree.refuse(
            loc,
            f"${{{name}}} holds what looks like a key, a token or an address with a password, and a suite may not use "
            "one: evalkit sends keys itself, to their providers only. If it is none, write it into the suite"
            + ("" if found == BEGINS else f", or say so: --allow-env {name}"),
        )
    else:
        return environ[name]
    return "unset"
