"""`${NAME}` in a suite: an environment variable, where a suite may need one and nowhere else.

Allowed in `base_url`, `model` and the path of a task's data. A suite may come from a pull request, and a value would be
sent to the suite's own address or stand in a result. So it can name variables of evalkit's own (EVALKIT_...) and those
that the person running it allows (--allow-env NAME, EVALKIT_ALLOWED_ENV), and none that looks like a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.child import looks_like_a_credential
from evalkit.late import late
from evalkit.suite.source_map import Loc, SourceMap
from evalkit.trust import ALLOWED_ENV

_VARIABLE = late(r"\$\{([^{}\s]*)\}")
_NAME = late(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "EVALKIT_"


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
    from evalkit.suite.secret_values import names_a_secret  # most suites name no variable

    filled = _VARIABLE.sub(lambda match: _value(match[1], loc, tree, environ), value)
    named = [name for name in found if name not in ALLOWED_ENV.names(environ)]
    if named and names_a_secret(filled) and not names_a_secret(_VARIABLE.sub("", value)):
        tree.refuse(
            loc,
            f"${{{named[0]}}} would stand where an address has a password or a key, and a suite may not use one: "
            f"evalkit sends keys itself, to their providers only. If it is none, say so: --allow-env {named[0]}",
        )
    return filled


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
    from evalkit.suite.secret_values import BEGINS, why_secret

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
    elif (found := why_secret(environ[name])) == BEGINS or (found and name not in ALLOWED_ENV.names(environ)):
        tree.refuse(
            loc,
            f"${{{name}}} holds what looks like a key, a token or an address with a password, and a suite may not use "
            "one: evalkit sends keys itself, to their providers only. If it is none, write it into the suite"
            + ("" if found == BEGINS else f", or say so: --allow-env {name}"),
        )
    else:
        return environ[name]
    return "unset"
