"""How evalkit was installed here, so that a hint names the command that adds an extra to this very installation.

    install_hint("app")      # uv sync --extra app                                  in a clone
                             # uv tool install --force 'evalkit-harness[app]'       a tool of uv
                             # uvx --from 'evalkit-harness[app]' evalkit            run by uvx
                             # pipx install --force 'evalkit-harness[app]'          pipx
                             # pip install 'evalkit-harness[app]'                   any other environment

A package that came from a Git repository or a folder is named with it.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Literal

from evalkit.frozen import dataclass

Kind = Literal["clone", "uv tool", "uvx", "pipx", "image", "pip"]
IMAGE_EXTRAS = "EVALKIT_IMAGE_EXTRAS"
"""Set in the container image alone: the extras that it was built with."""
PACKAGE = "evalkit-harness"
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Installation:
    """Where evalkit lies."""

    kind: Kind
    source: str | None = None
    """`git+https://...` or `file:///...`, where it came from there; None: from the package index."""
    extras: str = ""
    """Those that are there, separated by commas: of the container image, or of a tool of uv, which a new installation
    would take away."""

    @property
    def compiling(self) -> str:
        """The command that compiles everything once, for places where Python writes no byte code by itself."""
        if self.kind == "clone":
            return "uv sync --compile-bytecode && uv run python -m compileall -q evalkit"
        import sysconfig
        from shlex import quote

        return f"{quote(sys.executable)} -m compileall -q {quote(sysconfig.get_path('purelib'))}"

    def command(self, extra: str) -> str:
        """The command that adds an extra."""
        if self.kind == "clone":
            return f"uv sync --extra {extra}"
        if self.kind == "image":  # nothing can be added to one that runs
            extras = ",".join(filter(None, (self.extras, extra)))
            return f"docker build --build-arg EXTRAS={extras} -t evalkit ."
        extras = ",".join(dict.fromkeys(filter(None, (*self.extras.split(","), extra))))
        wanted = f"{PACKAGE}[{extras}]" + (f" @ {self.source}" if self.source else "")
        start = {
            "uv tool": "uv tool install --force",
            "uvx": "uvx --from",
            "pipx": "pipx install --force",
            "pip": "pip install",
        }[self.kind]
        return f"{start} '{wanted}'" + (" evalkit ..." if self.kind == "uvx" else "")


def install_hint(extra: str) -> str:
    """The command that adds this extra to the installation that runs."""
    return _own().command(extra)


def compile_hint() -> str | None:
    """The command that compiles what each start compiles anew; None where there is byte code, or the next start writes
    it."""
    if has_byte_code("pyarrow") and has_byte_code("evalkit.errors"):
        return None
    written = not sys.dont_write_bytecode and os.access(_HERE, os.W_OK)
    return None if written else _own().compiling


def has_byte_code(module: str) -> bool:
    """Whether a module is compiled on disk, so that a start need not do it. It is not imported."""
    from importlib.util import find_spec

    spec = find_spec(module)
    return spec is not None and spec.cached is not None and Path(spec.cached).is_file()


def _own() -> Installation:
    return found(Path(sys.prefix), _HERE, _direct_url(), os.environ.get(IMAGE_EXTRAS))


def found(prefix: Path, package: Path, direct_url: str | None, image: str | None = None) -> Installation:
    """Which kind of installation it is. `prefix`: the environment; `package`: the folder of evalkit's code;
    `direct_url`: the text of `direct_url.json` (PEP 610), None where there is none; `image`: the extras of the
    container image, None outside of it."""
    if image is not None:
        return Installation("image", extras=image)
    if (package.parent / "pyproject.toml").is_file():
        return Installation("clone")
    source, words = _source(direct_url), [*prefix.parts]
    pairs = list(pairwise(words))
    receipt = prefix / "uv-receipt.toml"
    if ("uv", "tools") in pairs or receipt.is_file():
        return Installation("uv tool", source, _extras(receipt))
    if any(word in {"archive-v0", "environments-v2"} for word in words) or ("uv", "builds-v0") in pairs:
        return Installation("uvx", source)
    if ("pipx", "venvs") in pairs:
        return Installation("pipx", source)
    return Installation("pip", source)


def _extras(receipt: Path) -> str:
    """The extras with which uv installed a tool, by its receipt; empty where it does not say."""
    import tomllib

    try:
        told = tomllib.loads(receipt.read_text("utf-8")).get("tool", {}).get("requirements", [])
        named = [one for one in told if isinstance(one, dict) and one.get("name") == PACKAGE]
        return ",".join(str(extra) for one in named for extra in one.get("extras", []))
    except (OSError, ValueError, AttributeError, TypeError):
        return ""


def first_commands() -> tuple[str, ...]:
    """What to type for a first run that needs no key and no network: the suite of a clone, or, in a folder of one's
    own, a starter suite."""
    if Path("suites/quickstart.yaml").is_file():
        return ("evalkit run suites/quickstart.yaml",)
    return "evalkit init", "evalkit run evals/suite.yaml"


def _direct_url() -> str | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        return None


def _source(direct_url: str | None) -> str | None:
    try:
        told = json.loads(direct_url or "{}")
    except ValueError:
        return None
    url = told.get("url") if isinstance(told, dict) else None
    if not isinstance(url, str):
        return None
    vcs = told.get("vcs_info")
    if isinstance(vcs, dict) and vcs.get("vcs") == "git":
        commit = vcs.get("requested_revision") or vcs.get("commit_id")
        return f"git+{url}" + (f"@{commit}" if isinstance(commit, str) else "")
    return url
