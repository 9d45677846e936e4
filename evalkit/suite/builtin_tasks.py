"""The tasks that ship with evalkit: definitions as data, in `builtin/*.yaml`.

A definition says how records are asked and marked, under a version. It holds no data and fetches none: it runs on a
copy of yours (`with: {path: FILE}`), and its `revision` names the commit at which its source was read and its parity
tested, or `unverified`. A plug-in (entry points `evalkit.tasks`) adds definitions of the same form.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from evalkit import plugins
from evalkit.errors import SuiteError
from evalkit.plugins import Plugin
from evalkit.reading import read_file
from evalkit.suite.schema import BuiltinEntry, DataEntry, ShotsEntry, WithEntry
from evalkit.suite.source_map import parse

Entry = TypeVar("Entry", DataEntry, ShotsEntry)


def names() -> list[str]:
    """Every built-in task, sorted."""
    folder = files("evalkit.suite") / "builtin"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def definition(name: str) -> BuiltinEntry:
    """The definition as it ships. Raises SuiteError for a name that nobody has, with near ones, and PluginError."""
    known = names()
    if name not in known:
        if (plugin := plugins.find("tasks", name)) is not None:
            return _of_plugin(plugin, name)
        known += [plugin.name for plugin in plugins.installed("tasks")]
        near = get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        raise SuiteError(f"there is no built-in task {name!r}; {hint}")
    return _own(name)


@cache
def _own(name: str) -> BuiltinEntry:
    text = (files("evalkit.suite") / "builtin" / f"{name}.yaml").read_text("utf-8")
    return BuiltinEntry.model_validate({**parse(text, name).data, "use": name})


def origin_of(name: str) -> str | None:
    """The package and version of a plug-in's task, for run.json; None: evalkit's own, or nobody's."""
    plugin = None if name in names() else plugins.find("tasks", name)
    return None if plugin is None else plugin.origin


def _of_plugin(plugin: Plugin, name: str) -> BuiltinEntry:
    """The definition of a plug-in: a mapping, or the path of a YAML file. Raises PluginError for what is none."""
    with plugin.running(f"reading {plugin.value}"):
        return _read_definition(plugin, name)


def _read_definition(plugin: Plugin, name: str) -> BuiltinEntry:
    found = plugin.import_object()
    if isinstance(found, Path):
        try:
            tree = parse(read_file(found).decode("utf-8"), str(found))
        except (OSError, UnicodeDecodeError) as error:
            raise plugin.wrong(f"the path of a YAML file that can be read ({error})", found) from error
        if tree.complaints:
            raise plugin.wrong(f"the path of a YAML file without mistakes ({tree.complaints[0]})", found)
        found = tree.data
    if not isinstance(found, Mapping):
        raise plugin.wrong("a mapping, or the Path of a YAML file, like those of evalkit/suite/builtin", found)
    try:
        return BuiltinEntry.model_validate({"revision": "unverified", **found, "name": plugin.name, "use": name})
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"]))
        raise plugin.wrong(f"the definition of a task ({where}: {detail['msg']})", found) from error


def adjusted(name: str, changes: WithEntry | None, own_name: str | None) -> BuiltinEntry:
    """The definition with a suite's `with` applied. Raises SuiteError as `definition`, and where data is missing."""
    entry = definition(name)
    update: dict[str, object] = {}
    for key in changes.model_fields_set - {"path", "data", "shots", "judges"} if changes else ():
        update[key] = getattr(changes, key)
    if changes is not None and changes.judges is not None:
        if entry.score is None or "by" not in entry.score.options:
            raise SuiteError(f"no judge scores {name!r}; leave out `judges`")
        options = {**entry.score.options, "by": list(changes.judges)}
        update["score"] = entry.score.model_copy(update={"options": options})
    data = entry.data or DataEntry()
    if changes is not None and changes.data is not None:
        data = _over(data, changes.data)
    if changes is not None and changes.path is not None:
        data = _over(data, DataEntry(path=changes.path))
    if changes is not None and changes.shots is not None:
        own_source = changes.shots.path is not None or changes.shots.records is not None
        base = ShotsEntry() if own_source or entry.shots is None else entry.shots
        update["shots"] = _over(base, changes.shots)
    if data.path is None and data.hub is None:
        raise SuiteError(
            f"{name!r} needs your copy of its data: with: {{path: FILE}}. {_origin(entry.revision)}{entry.source}"
        )
    update["data"] = data
    if own_name is not None:
        update["name"] = own_name
    return entry.model_copy(update=update)


def _origin(revision: str) -> str:
    """Where to get the data, as a sentence; empty where no copy has been compared."""
    if revision == "unverified":
        return ""
    repository, _, place = revision.partition("@")
    commit, _, path = place.partition(":")
    return f"It was tested on https://github.com/{repository}/tree/{commit}{'/' + path if path else ''}. "


def _over(base: Entry, changes: Entry) -> Entry:
    """The base with every key that `changes` writes."""
    return base.model_copy(update={key: getattr(changes, key) for key in changes.model_fields_set})
