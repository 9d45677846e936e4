"""A suite that was made in Python, written as a suite file that says the same."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalkit.errors import UserError
from evalkit.suite.rows_in_memory import Rows
from evalkit.writing import write_file


def as_yaml(written: Mapping[str, Any], rows: Mapping[int, Rows], path: Path | None, *, force: bool = False) -> str:
    """The text of the file, written to `path` if there is one, with the records in memory beside it, by task.

    Raises UserError where there are such records and no path, where a file cannot be written, and, without `force`,
    where records would replace a file of other content: then nothing is written.
    """
    if rows and path is None:
        raise UserError("the suite has records in memory, which need a file of their own: to_yaml(PATH) writes it too")
    tasks = [dict(task) for task in written["tasks"]]
    names: dict[int, str] = {}
    for n in rows:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(tasks[n].get("name") or tasks[n].get("use"))) or f"task-{n}"
        names[n] = f"{name}.jsonl" if f"{name}.jsonl" not in names.values() else f"{name}-{n}.jsonl"
        inside = dict(tasks[n]["with"]) if "use" in tasks[n] else tasks[n]
        inside["data"] = {**inside["data"], "path": names[n]}
        if "use" in tasks[n]:
            tasks[n]["with"] = inside
    text = _dumped({**written, "tasks": tasks})
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for n, content in rows.items():
                if not force and _is_other(path.parent / names[n], content.content):
                    raise UserError(
                        f"{path.parent / names[n]} is there already, with other content: it would be replaced by the "
                        f"records of tasks[{n}]. Name another folder, or replace it: to_yaml(PATH, force=True)."
                    )
            for n, content in rows.items():
                write_file(path.parent / names[n], content.content)
            write_file(path, text)
        except OSError as error:
            raise UserError(f"{error.filename or path} cannot be written ({error.strerror}). Name another.") from error
    return text


def _is_other(path: Path, content: bytes) -> bool:
    """Whether something stands there that is no file of this content. Raises OSError where that cannot be read."""
    if not path.exists():
        return path.is_symlink()
    return not path.is_file() or path.stat().st_size != len(content) or path.read_bytes() != content


def _dumped(data: Mapping[str, Any]) -> str:
    """YAML 1.2 in which every text is quoted that could be read as something else."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # keeps the order of the keys
    yaml.allow_unicode = True
    yaml.width = 1_000_000
    stream = io.StringIO()
    yaml.dump(dict(data), stream)
    return stream.getvalue()
