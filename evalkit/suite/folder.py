"""The suites of a folder: `evalkit run FOLDER` runs each, and says of every other YAML file why it was left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.suite.loading import read_text
from evalkit.suite.source_map import parse

_KEYS = ("models", "tasks")


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file of the folder."""

    path: Path
    left_out: str | None = None
    """Why it is no suite: a price file, a policy and the like may stand beside suites. None: it is one."""
    problem: str | None = None
    """Why it cannot be read, so that nobody knows whether it is a suite. None: it can."""


def yaml_files(folder: Path) -> Iterator[YamlFile]:
    """The YAML files of a folder by name, folders inside it left out."""
    for path in sorted(folder.iterdir()):
        if path.suffix in {".yaml", ".yml"} and not path.is_dir():
            yield _looked_at(path)


def _looked_at(path: Path) -> YamlFile:
    try:
        tree = parse(read_text(path), str(path))
    except SuiteError as error:
        return YamlFile(path, problem=str(error))
    if tree.complaints:  # broken YAML may be a suite: running it says what is wrong
        return YamlFile(path)
    missing = [key for key in _KEYS if not isinstance(tree.data, dict) or key not in tree.data]
    return YamlFile(path, left_out=f"it has no `{'` and no `'.join(missing)}`" if missing else None)
