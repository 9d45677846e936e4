"""The plug-ins of this environment and the presets of the user, as lines of `evalkit doctor`. Imports none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalkit import plugins
from evalkit.adapters import own_presets
from evalkit.adapters.registry import own_adapters
from evalkit.errors import UserError
from evalkit.plugins import Kind, folded
from evalkit.scorers.registry import own_scorers
from evalkit.suite import builtin_tasks
from evalkit.suite.schema.rules import own_rules


def plugin_lines() -> Iterator[tuple[str, str, str]]:
    """(what, ok or missing or note, what is said of it) for each plug-in and each preset of the user's own."""
    own: dict[Kind, set[str]] = {
        "adapters": set(own_adapters()),
        "presets": set(own_adapters()),
        "scorers": set(own_scorers()),
        "tasks": set(builtin_tasks.names()),
        "rules": set(own_rules()),
    }
    for plugin in plugins.installed():
        where = f"{plugin.origin}, {plugin.value}, in {plugin.folder}"
        what = f"plug-in {plugin.kind.removesuffix('s')} {plugin.name}"
        if folded(plugin.name) in {folded(name) for name in own[plugin.kind]}:
            yield what, "missing", f"never used: evalkit has this name itself; from {where}"
        elif folded(plugin.name) in plugins.doubled(plugin.kind):
            yield what, "missing", f"in two packages, uninstall one; this one from {where}"
        else:
            yield what, "ok", f"from {where}"
    yield from _user_presets(own["presets"])


def _user_presets(own: set[str]) -> Iterator[tuple[str, str, str]]:
    try:
        found = own_presets.user_presets()
    except UserError as error:
        yield "own presets", "missing", str(error)
        return
    for name, path in found.items():
        if folded(name) in {folded(one) for one in own}:
            yield f"own preset {name}", "missing", f"never used: evalkit has this name itself; {path}"
        else:
            yield from _user_preset(name, path)


def _user_preset(name: str, path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        own_presets.find_preset(name)
    except UserError as error:
        yield f"own preset {name}", "missing", str(error)
    else:
        yield f"own preset {name}", "ok", f"from {path}"
