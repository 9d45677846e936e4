"""Where lm-eval's tasks are: its own index reads 14,000 YAML files one by one (seven seconds), this one reads names.

    index = TaskFiles([Path("my_tasks")])
    index["arc_challenge"]      # lm-eval's Entry, parsed when it is asked for
    "mmlu_generative" in index

One pass of regular expressions over the bytes of the files finds every name (half a second); a file is parsed only
when a task that is wanted, or a group that leads to it, needs it. What the names do not show (a tag that a file
inherits from another one) is left to lm-eval's own index, which is then built after all.

`Factory` builds tasks of it, as lm-eval's does, with a door: of the user's files lm-eval gets what evalkit has read,
plain data, and nothing else. Which files a task leads to is lm-eval's own affair (groups in groups, tags, overrides,
tasks that are written inside a group). So nothing there rests on a list that was made beforehand: each is read when
lm-eval asks for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.tasks._factory import TaskFactory

from evalkit.bridges.lm_eval.code import runs_text
from evalkit.bridges.lm_eval.data import confined
from evalkit.bridges.lm_eval.loading import suites_data
from evalkit.bridges.lm_eval.trust import (
    ALLOW_CODE,
    LARGEST,
    chooses_data,
    config_dangers,
    external_data,
    keys_of,
    plain_config,
)
from evalkit.errors import SuiteError
from evalkit.reading import read_file

if TYPE_CHECKING:
    from lm_eval.tasks._index import Entry

_NAME = re.compile(
    rb"""^["']?(task|group|tag)["']?[ \t]*:[ \t]*["']?([^\s"'\[\]{}#,]+)["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE
)
_TAGS = re.compile(rb"""^["']?tag["']?[ \t]*:[ \t]*(?:#.*)?\r?\n((?:[ \t]*-[ \t]*\S+[ \t]*\r?\n?)+)""", re.MULTILINE)
_LISTED = re.compile(rb"""-[ \t]*["']?([^\s"'#]+)""")
_SKIPPED = ("__pycache__", ".ipynb_checkpoints")


class TaskFiles(dict[str, Any]):
    """Name → lm-eval's `Entry`, as its factory wants it; entries are parsed on first use."""

    def __init__(
        self, own_folders: Iterable[Path] = (), *, read: Callable[[Path], Mapping[str, object]] | None = None
    ) -> None:
        """`read` gives what a file of the user's says, and raises SuiteError for one that may not be read; None:
        lm-eval reads them itself."""
        super().__init__()
        self._read = read
        self.refused: list[str] = []
        """Complaints about files of the user's that were passed over while a name was looked for."""
        import lm_eval.tasks

        self._files: dict[str, Path] = {}
        self._tags: dict[str, set[str]] = {}
        self._complete = self._own_complete = False
        self.own_folders = tuple(own_folders)
        """Folders of the user; their tasks win over those of the same name that lm-eval ships."""
        self.shipped = Path(str(lm_eval.tasks.__file__)).parent
        """lm-eval's own task folder."""
        for folder in (self.shipped, *self.own_folders):
            self._read_names(folder)

    def file_of(self, name: str) -> Path | None:
        """The file that defines a task or group; None for a tag, and for what is not there."""
        return self._files.get(name)

    def is_own(self, path: Path) -> bool:
        """Whether a file came from the user and not with lm-eval."""
        return not path.resolve().is_relative_to(self.shipped.resolve())

    def names(self) -> set[str]:
        """Every name that is known so far: tasks, groups and tags."""
        return {*self._files, *self._tags}

    def find(self, name: str) -> bool:
        """Whether there is such a task, group or tag. Before this says no of a name that stands somewhere in lm-eval's
        files, its whole index is built, which takes seconds; or `refused` says which of the user's were not read."""
        if name not in self:
            self._complete_own()
        if name not in self and not self.refused and self._is_said(name):
            self._complete_index()  # not where a file was refused: the name may be in there, and a person needs that
        return name in self

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in self._files or name in self._tags

    def get(self, name: str, default: object = None) -> Any:
        """The entry, or `default`."""
        return self[name] if name in self else default  # noqa: SIM401  # dict.get is what this is

    def __missing__(self, name: str) -> Any:
        from lm_eval.tasks._index import Entry, Kind

        if (path := self._files.get(name)) is not None:
            found = self._entries(path)
            if name in found:
                self[name] = found[name]
                return found[name]
            if name not in self._tags:
                raise SuiteError(
                    f"{path.name} has a line that reads like the name {name!r}, and defines {_named(found)}"
                )
        if name in self._tags:
            self[name] = entry = Entry(name=name, kind=Kind.TAG, yaml_path=None, tags=self._tags[name])
            return entry
        raise KeyError(name)

    def _entries(self, path: Path) -> dict[str, Any]:
        """What one file defines. Raises SuiteError where it may not be parsed, or cannot be."""
        from lm_eval.tasks._index import TaskIndex
        from lm_eval.tasks._yaml_loader import load_yaml

        found: dict[str, object] = {}
        try:
            ours = self._read is not None and self.is_own(path)
            config = self._read(path) if ours and self._read else load_yaml(path, resolve_func=False, recursive=True)
            if config.keys() & {"task", "group", "class"}:  # others are there to be included
                TaskIndex.process_cfg(config, path, found)
        except SuiteError:
            raise
        except Exception as error:  # a file of the user's may hold anything
            raise SuiteError(f"{path.name} is no task file that lm-eval reads: {str(error)[:300]}") from error
        return found

    def _read_names(self, folder: Path) -> None:
        files: dict[str, Path] = {}
        # The first of two files with one name counts, in the order of their paths, as in lm-eval.
        for path in sorted(_task_files(folder)):
            text = _text_of(path) if folder == self.shipped else _read_own(path)
            named = {kind: value.decode("utf-8", "replace") for kind, value in reversed(_NAME.findall(text))}
            name = named.get(b"group") or named.get(b"task")
            if name is None:
                continue
            files.setdefault(name, Path(path))
            if b"group" not in named:
                listed = _TAGS.search(text)
                tags = [value.decode("utf-8", "replace") for value in _LISTED.findall(listed[1])] if listed else []
                for tag in (*tags, *([named[b"tag"]] if b"tag" in named else [])):
                    self._tags.setdefault(tag, set()).add(name)
        self._files |= files

    def _is_said(self, name: str) -> bool:
        """Whether the name stands in any file that lm-eval ships, as it does where one defines it."""
        wanted = name.encode("utf-8", "surrogatepass")
        return any(wanted in _text_of(path) for path in _task_files(self.shipped, without=(".py", ".md")))

    def _complete_index(self) -> None:
        """Everything that lm-eval's own index has and this one has not."""
        if self._complete:
            return
        from lm_eval.tasks._index import TaskIndex

        self._complete = True
        for name, entry in TaskIndex.build([self.shipped]).items():
            if name not in self:
                self[name] = entry

    def _complete_own(self) -> None:
        """What the user's own files define in ways that a look at their lines does not show."""
        if self._own_complete:
            return
        self._own_complete = True
        for folder in self.own_folders:
            for path in sorted(_task_files(folder)):
                try:
                    found = self._entries(Path(path))
                except SuiteError as error:
                    self.refused += error.complaints
                    continue
                for name, entry in found.items():
                    if name not in self:
                        self[name] = entry
                    elif entry.yaml_path is None:  # a tag
                        self[name].tags.update(entry.tags)


def _named(found: Iterable[str]) -> str:
    return ", ".join(found) or "no task"


def _text_of(path: str) -> bytes:
    """A file that lm-eval ships."""
    with open(path, "rb") as file:  # noqa: PTH123  # 14,000 times: a Path each would double the time
        return file.read()


def _read_own(path: str) -> bytes:
    """A file of the user's; nothing where it is none, or is larger than any that would be read. `_entries` says so."""
    try:
        return read_file(Path(path), most=LARGEST)
    except OSError:
        return b""


def _task_files(folder: Path, *, without: tuple[str, ...] | None = None) -> Iterator[str]:
    """The YAML files below a folder; `without`: all but those whose names end so. What is included may be called
    anything."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        yield from (f"{place}/{name}" for name in names if _is_wanted(name, without))


def _is_wanted(name: str, without: tuple[str, ...] | None) -> bool:
    return name.endswith(".yaml") if without is None else not name.endswith(without)


class Factory(TaskFactory):  # type: ignore[misc]  # lm-eval has no types
    """lm-eval's factory for the tasks of one index."""

    def __init__(self, index: TaskFiles, suite: Path, *, trusted: bool) -> None:
        """`suite` is the suite's folder; `trusted`: the task files of the user may read and run whatever they like."""
        super().__init__()
        self._index = index
        self._suite = suite
        self._trusted = trusted
        self._beside = suite
        """The folder of the group that is being built."""
        self._strange = False
        """Whether what is being built may be overridden by a group of the user's."""
        self._passed: set[Path] = set()

    def build(self, entry: Entry, *, overrides: dict[str, object] | None = None, registry: object) -> Any:
        """As lm-eval's. Raises SuiteError for what an untrusted file may not ask for."""
        before = self._beside, self._strange
        if entry.yaml_path is not None and self._index.is_own(Path(entry.yaml_path)):
            self._beside, self._strange = Path(entry.yaml_path).parent, not self._trusted
        try:
            return super().build(entry, overrides=overrides, registry=registry)
        finally:
            self._beside, self._strange = before

    def _load_full_config(self, entry: Entry, overrides: dict[str, object] | None = None) -> Any:
        if not self._trusted and entry.yaml_path is not None:
            path = Path(entry.yaml_path)
            self._check_file(path)
            if self._index.is_own(path):  # lm-eval never opens it
                folders = (self._suite, *self._index.own_folders)
                said = plain_config(path, self._index.shipped, folders, functions=True)
                entry = replace(entry, yaml_path=None, cfg=said)
        return super()._load_full_config(entry, overrides)

    def _build_task(self, entry: Entry, overrides: dict[str, Any] | None) -> Any:
        path = entry.yaml_path
        own = path is not None and self._index.is_own(Path(path))
        if not self._trusted and (own or overrides):  # a group of the user may override what a shipped task reads
            cfg = self._load_full_config(entry, overrides)
            if self._strange:  # the file itself was checked as it was loaded
                _refuse(config_dangers(str(entry.name), overrides or {}))
            beside = Path(path).parent if own and path is not None else self._suite
            said: frozenset[str] = frozenset()
            if own or self._strange:
                said = keys_of(Path(path), self._index.shipped) if own and path is not None else said
                said |= (overrides or {}).keys()
                _refuse(external_data(str(entry.name), cfg, said))
            made = confined(cfg.get("dataset_kwargs") or {}, cfg.get("dataset_path"), beside, self._suite)
            with suites_data((own or self._strange) and chooses_data(cfg, said)):
                return super()._build_task(entry, {**(overrides or {}), "dataset_kwargs": made})
        if path is not None and self._index.is_own(Path(path)):
            given = {
                **((entry.cfg or {}).get("dataset_kwargs") or {}),
                **((overrides or {}).get("dataset_kwargs") or {}),
            }
            if "data_files" in given:
                files = _beside(given["data_files"], Path(path).parent)
                overrides = {**(overrides or {}), "dataset_kwargs": {**given, "data_files": files}}
        with suites_data(chosen=False):
            return super()._build_task(entry, overrides)

    def _build_group_members(
        self, member_list: list[Any], group_name: str, overrides: dict[str, object] | None, registry: TaskFiles
    ) -> Any:
        """Tasks that are written inside the group are made by lm-eval without `_build_task`."""
        if self._strange:
            member_list = [self._confined_member(one, overrides or {}, registry) for one in member_list]
            with suites_data():
                return super()._build_group_members(member_list, group_name, overrides, registry)
        return super()._build_group_members(member_list, group_name, overrides, registry)

    def _confined_member(self, member: object, overrides: dict[str, object], registry: TaskFiles) -> Any:
        item = {"task": member} if isinstance(member, str) else member
        if not isinstance(item, dict) or "group" in item or item.get("task") in registry:
            return member
        merged = {**overrides, **item}
        _refuse(config_dangers(str(item.get("task")), merged))
        _refuse(external_data(str(item.get("task")), merged, merged.keys()))
        made = confined(merged.get("dataset_kwargs") or {}, merged.get("dataset_path"), self._beside, self._suite)
        return {**item, "dataset_kwargs": made}

    def _check_file(self, path: Path) -> None:
        if path in self._passed:
            return
        if (why := next(runs_text([path], self._index.shipped), None)) is not None:
            raise SuiteError(
                f"it runs code that a model or a data set writes on this machine, or may ask other hosts ({why}); "
                f"allow it: {ALLOW_CODE}"
            )
        self._passed.add(path)


def _refuse(found: Iterable[str]) -> None:
    if complaints := list(dict.fromkeys(found)):
        raise SuiteError([f"{why}. If you trust these files, allow it: {ALLOW_CODE}" for why in complaints])


def _beside(value: object, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _beside(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_beside(inner, folder) for inner in value]
    near = folder / str(value)
    return str(near) if near.exists() else value
