"""Presets that evalkit does not ship: those among the user's own settings, and those of plug-ins.

    ~/.config/evalkit/presets/acme.yaml  ->  adapter: acme

    dialect: chat
    base_url: https://llm.acme.example/v1
    key_env: [ACME_API_KEY]
    key_hosts: [llm.acme.example]

The folder is below $XDG_CONFIG_HOME where that is set, or the one that EVALKIT_PRESETS names. A preset names hosts that
receive keys. So none is read from the checkout, the suite's folder or the working directory, which may hold what
somebody else proposed, nor from any checkout unless EVALKIT_PRESETS names it: such a folder is refused with a sentence.
A preset with a name of evalkit's own is never read.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

from evalkit import plugins
from evalkit.adapters.presets import Preset, checked
from evalkit.addresses import BadAddress, read_address
from evalkit.checkouts import checkouts_around, home_folder, own_settings, refuse_in_checkout, way_of
from evalkit.errors import UserError
from evalkit.frozen import dataclass
from evalkit.plugins import Plugin, folded
from evalkit.reading import read_small_text

VARIABLE = "EVALKIT_PRESETS"
_INSTEAD = (
    f"name the folder of presets, which counts for suites and work outside of that checkout: {VARIABLE}=/whole/path"
)
_LARGEST = 100_000
"""Bytes of a preset: it is a page of facts."""
_TEMPLATE = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class OwnPreset:
    """A preset, and whose it is."""

    preset: Preset
    origin: str
    """For run.json."""
    plugin: Plugin | None = None
    """None: it stands among the user's settings."""


def find_preset(name: str, folder: str = ".") -> OwnPreset | None:
    """The preset of that name among the user's settings, else of a plug-in; None where there is none.

    `folder` is the suite's. Raises UserError for a file that cannot be used, or that stands where none is read from.
    """
    paths = {folded(known): path for known, path in user_presets(folder).items()}
    if (path := paths.get(folded(name))) is not None:
        return _of_user(path)
    plugin = plugins.find("presets", name)
    return None if plugin is None else _of_plugin(plugin)


def user_presets(folder: str = ".") -> dict[str, Path]:
    """Presets among the user's settings, by name. Opens none of them. Raises UserError as `find_preset`."""
    place = user_folder()
    if not place.is_dir():
        return {}
    found = {path.stem: path for path in sorted(place.glob("*.yaml"))}
    for path in (place, *found.values()) if found else ():
        if not _named():
            refuse_in_checkout(path, _INSTEAD)
        _refuse_strangers(path, folder)
    return found


def user_folder() -> Path:
    """Where the user's presets are; it need not exist. Raises UserError where EVALKIT_PRESETS is no whole path, or
    names none and it lies in a checkout."""
    if named := _named():
        path = Path(os.path.expanduser(named))  # noqa: PTH111  # never raises
        if not path.is_absolute():
            raise UserError(
                f"{VARIABLE} is {named!r}, which depends on the working directory; write the whole path, like "
                f"{VARIABLE}=$HOME/.config/evalkit/presets"
            )
        return path
    return own_settings("presets", _INSTEAD)


def _named() -> str:
    return os.environ.get(VARIABLE, "").strip()


def _refuse_strangers(path: Path, folder: str) -> None:
    """Raises UserError for what stands in the suite's folder or the working directory, or in the checkout around one of
    them, or is reached by way of a link there.

    A folder around the home folder is none of those: somebody may work in their home folder, where it is no checkout.
    """
    home = home_folder()
    passed = [place for place, _ in way_of(path)]
    for other, what in ((folder, "the suite's folder"), (".", "the working directory")):
        real = Path(os.path.realpath(other))
        places = {tree: f"the checkout around {what}" for tree in checkouts_around(real)}
        if home is None or not home.is_relative_to(real):
            places[real] = what
        for place, said in places.items():
            if any(one.is_relative_to(place) for one in passed):
                raise UserError(
                    f"{path} is in {said}, and presets name the hosts that receive keys: none is read from there. "
                    f"Keep yours in a folder outside of {place}, and name it: {VARIABLE}=/whole/path"
                )


def _of_user(path: Path) -> OwnPreset:
    content, data = _parsed(path)
    digest = hashlib.sha256(content).hexdigest()
    about = {"about": "A preset of your own.", "source": str(path), **data}
    return OwnPreset(_made(path.stem, about, str(path)), f"preset of the user's settings, sha256 {digest[:16]}")


@cache
def _of_plugin(plugin: Plugin) -> OwnPreset:
    """The preset of a package. Raises UserError for what is none."""
    with plugin.running(f"reading {plugin.value}"):
        return _read_plugin(plugin)


def _read_plugin(plugin: Plugin) -> OwnPreset:
    found = plugin.import_object()
    if isinstance(found, Preset):
        return OwnPreset(found, plugin.origin, plugin)
    data = _parsed(found)[1] if isinstance(found, Path) else found
    if not isinstance(data, Mapping):
        raise plugin.wrong("a Preset, a mapping, or the Path of a YAML file", found)
    about = {"about": f"Of {plugin.origin}.", "source": plugin.origin, **data}
    return OwnPreset(_made(plugin.name, about, f"{plugin.value} of the package {plugin.origin}"), plugin.origin, plugin)


def _parsed(path: Path) -> tuple[bytes, dict[str, object]]:
    """The file's bytes, and its mapping. Raises UserError with every complaint."""
    from evalkit.suite.source_map import parse

    content, text = read_small_text(path, "the preset", _LARGEST)
    tree = parse(text, str(path))
    if tree.complaints:
        raise UserError("\n".join(tree.complaints))
    if not isinstance(tree.data, dict):
        raise UserError(f"the preset {path} must be a mapping with dialect, base_url, key_env and key_hosts")
    return content, dict(tree.data)


def _made(name: str, data: Mapping[str, object], place: str) -> Preset:
    """The preset, with every value of the right kind. Raises UserError."""
    from pydantic import TypeAdapter, ValidationError

    known = [field.name for field in fields(Preset) if field.name != "name"]
    if unknown := [key for key in data if key not in known]:
        hint = plugins.near(str(unknown[0]), known).strip() or f"it may have {', '.join(known)}"
        raise UserError(f"the preset {place} has no key {unknown[0]!r}; {hint}")
    try:
        TypeAdapter(Preset).validate_python({"name": name, **data})
        preset = checked(name, dict(data))
        if preset.base_url is not None:
            read_address(_TEMPLATE.sub("x", preset.base_url))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        key, said = detail["loc"][0], detail["msg"]
        if detail["type"] in ("tuple_type", "frozen_set_type"):
            given = data.get(str(key))
            said = f"a list of names belongs here, like [{given if isinstance(given, str) else 'NAME'}]"
        raise UserError(f"the preset {place}: {key}: {said}") from error
    except BadAddress as error:
        raise UserError(f"the preset {place}: base_url {error}") from error
    except ValueError as error:
        raise UserError(f"the preset {place}: {str(error).partition(': ')[2] or error}") from error
    return preset
