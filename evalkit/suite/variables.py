"""`${NAME}` in a suite: an environment variable, where a suite may need one and nowhere else.

Allowed in `base_url`, `model` and the path of a task's data. A suite may come from a pull request, and a value would be
sent to the suite's own address or stand in a result. So it can name variables of evalkit's own (EVALKIT_...) and those
that the person running it allows (--allow-env NAME, EVALKIT_ALLOWED_ENV), and none that looks like a credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.suite.source_map import Loc, SourceMap
from evalkit.trust import ALLOWED_ENV

_VARIABLE = re.compile(r"\$\{([^{}\s]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "EVALKIT_"
_CREDENTIAL = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|BEARER|COOKIE|SESSION|PRIVATE|SIGNATURE|JWT|PW$"
    r"|(^|_)(PASS|CREDS?|HMAC|PWD|PAT|SAS|DSN|PIN|OTP)$",
    re.IGNORECASE,
)


_SECRET_VALUE = re.compile(
    r"""://[^/?\#\s@]*:[^/\s@]+@
    |(?<![A-Za-z0-9])(?:sk-|gsk_|xai-|hf_|gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|AIza|A[KS]IA)[A-Za-z0-9_-]{16}
    |hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/
    |(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.eyJ|-----BEGIN[ ]""",
    re.VERBOSE,
)
"""What keys of providers, GitHub, GitLab, Slack, Google and AWS begin with, addresses with a password or that are a
secret by themselves, signed tokens, private keys."""


def looks_like_a_credential(name: str) -> bool:
    """Whether a variable of this name may hold a key, a password or a token."""
    return _CREDENTIAL.search(name) is not None


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
    elif _SECRET_VALUE.search(environ[name]):
        tree.refuse(
            loc,
            f"${{{name}}} holds what looks like a key, a token or an address with a password, and a suite may not use "
            "one: evalkit sends keys itself, to their providers only",
        )
    else:
        return environ[name]
    return "unset"
