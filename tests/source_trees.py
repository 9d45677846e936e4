"""The code of evalkit as syntax trees, parsed once for all tests that walk it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import evalkit

ROOT = Path(evalkit.__file__).parent


@cache
def trees() -> dict[Path, ast.Module]:
    """Path of every module to its tree, in order of the paths."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}
