"""The tasks that ship with evalkit: definitions as data, in `builtin/*.yaml`.

A definition says how records are asked and marked, under a version. It holds no data and fetches none: it runs on a
copy of yours (`with: {path: FILE}`), and its `revision` names the commit at which its source was read and its parity
tested, or `unverified`.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from evalkit.errors import SuiteError
from evalkit.suite.schema import BuiltinEntry, DataEntry, ShotsEntry, WithEntry
from evalkit.suite.source_map import parse

Entry = TypeVar("Entry", DataEntry, ShotsEntry)


def names() -> list[str]:
    """Every built-in task, sorted."""
    folder = files("evalkit.suite") / "builtin"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


@cache
def definition(name: str) -> BuiltinEntry:
    """The definition as it ships. Raises SuiteError for a name that is not built in, with near ones."""
    known = names()
    if name not in known:
        near = get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        raise SuiteError(f"there is no built-in task {name!r}; {hint}")
    text = (files("evalkit.suite") / "builtin" / f"{name}.yaml").read_text("utf-8")
    return BuiltinEntry.model_validate({**parse(text, name).data, "use": name})


def adjusted(name: str, changes: WithEntry | None, own_name: str | None) -> BuiltinEntry:
    """The definition with a suite's `with` applied. Raises SuiteError as `definition`, and where data is missing."""
    entry = definition(name)
    update: dict[str, Any] = {}
    for key in changes.model_fields_set - {"path", "data", "shots", "judges"} if changes else ():
        update[key] = getattr(changes, key)
    if changes is not None and changes.judges is not None:
        if entry.score is None or "by" not in entry.score.options:
            raise SuiteError(f"no judge marks {name!r}; leave out `judges`")
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
