"""Packages on sys.path that were never built: a dist-info and modules, as an installer would leave them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def install(
    folder: Path, package: str, points: Mapping[str, Mapping[str, str]], version: str = "1.0", **modules: str
) -> None:
    """Write a distribution into this folder: its entry points by group, and the source of its modules by name."""
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = []
    for group, named in points.items():
        lines += [f"[evalkit.{group}]", *(f"{name} = {value}" for name, value in named.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)


@contextmanager
def on_path(*folders: Path) -> Iterator[None]:
    """These folders at the end of sys.path; modules that were imported from them are forgotten afterwards."""
    before = set(sys.modules)
    sys.path.extend(map(str, folders))
    try:
        yield
    finally:
        for folder in folders:
            sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if any(Path(file).is_relative_to(folder) for folder in folders if file):
                del sys.modules[name]
