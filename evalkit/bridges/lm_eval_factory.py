"""lm-eval's factory, with a door: of the user's files lm-eval gets what evalkit has read, plain data, and nothing else.

Which files a task leads to is lm-eval's own affair (groups in groups, tags, overrides, tasks that are written inside a
group). So nothing here rests on a list that was made beforehand: each is read when lm-eval asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.tasks._factory import TaskFactory

from evalkit.bridges.lm_eval_code import runs_text
from evalkit.bridges.lm_eval_data import confined
from evalkit.bridges.lm_eval_index import TaskFiles
from evalkit.bridges.lm_eval_trust import ALLOW_CODE, config_dangers, foreign_data, keys_of, plain_config
from evalkit.errors import SuiteError

if TYPE_CHECKING:
    from lm_eval.tasks._index import Entry


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
            if own or self._strange:
                said = keys_of(Path(path), self._index.shipped) if own and path is not None else frozenset()
                _refuse(foreign_data(str(entry.name), cfg, said | (overrides or {}).keys()))
            made = confined(cfg.get("dataset_kwargs") or {}, cfg.get("dataset_path"), beside, self._suite)
            return super()._build_task(entry, {**(overrides or {}), "dataset_kwargs": made})
        if path is not None and self._index.is_own(Path(path)):
            given = {
                **((entry.cfg or {}).get("dataset_kwargs") or {}),
                **((overrides or {}).get("dataset_kwargs") or {}),
            }
            if "data_files" in given:
                files = _beside(given["data_files"], Path(path).parent)
                overrides = {**(overrides or {}), "dataset_kwargs": {**given, "data_files": files}}
        return super()._build_task(entry, overrides)

    def _build_group_members(
        self, member_list: list[Any], group_name: str, overrides: dict[str, object] | None, registry: TaskFiles
    ) -> Any:
        """Tasks that are written inside the group are made by lm-eval without `_build_task`."""
        if self._strange:
            member_list = [self._confined_member(one, overrides or {}, registry) for one in member_list]
        return super()._build_group_members(member_list, group_name, overrides, registry)

    def _confined_member(self, member: object, overrides: dict[str, object], registry: TaskFiles) -> Any:
        item = {"task": member} if isinstance(member, str) else member
        if not isinstance(item, dict) or "group" in item or item.get("task") in registry:
            return member
        merged = {**overrides, **item}
        _refuse(config_dangers(str(item.get("task")), merged))
        _refuse(foreign_data(str(item.get("task")), merged, merged.keys()))
        made = confined(merged.get("dataset_kwargs") or {}, merged.get("dataset_path"), self._beside, self._suite)
        return {**item, "dataset_kwargs": made}

    def _check_file(self, path: Path) -> None:
        if path in self._passed:
            return
        if (why := next(runs_text([path], self._index.shipped), None)) is not None:
            raise SuiteError(
                f"it runs code that a model or a data set writes, on this machine ({why}); allow it: {ALLOW_CODE}"
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
