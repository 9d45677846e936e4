"""Data files that a user's task file names: looked for beside it, where lm-eval looks in the working directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lm_eval.tasks._factory import TaskFactory

from evalkit.bridges.lm_eval_index import TaskFiles


class Factory(TaskFactory):  # type: ignore[misc]  # lm-eval has no types
    """lm-eval's factory for the tasks of one index."""

    def __init__(self, index: TaskFiles) -> None:
        super().__init__()
        self._index = index

    def _build_task(self, entry: Any, overrides: dict[str, Any] | None) -> Any:
        path = entry.yaml_path
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
