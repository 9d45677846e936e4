"""Data files that a user's task file names: looked for beside it, where lm-eval looks in the working directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lm_eval.tasks._factory import TaskFactory

from evalkit.bridges.lm_eval_data import confined
from evalkit.bridges.lm_eval_index import TaskFiles


class Factory(TaskFactory):  # type: ignore[misc]  # lm-eval has no types
    """lm-eval's factory for the tasks of one index."""

    def __init__(self, index: TaskFiles, suite: Path, *, trusted: bool) -> None:
        """`suite` is the suite's folder; `trusted`: the task files of the user may read and run whatever they like."""
        super().__init__()
        self._index = index
        self._suite = suite
        self._trusted = trusted

    def _build_task(self, entry: Any, overrides: dict[str, Any] | None) -> Any:
        path = entry.yaml_path
        own = path is not None and self._index.is_own(Path(path))
        if not self._trusted and (own or overrides):  # a group of the user may override what a shipped task reads
            cfg = self._load_full_config(entry, overrides)
            beside = Path(path).parent if own and path is not None else self._suite
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


def _beside(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _beside(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_beside(inner, folder) for inner in value]
    near = folder / str(value)
    return str(near) if near.exists() else value
