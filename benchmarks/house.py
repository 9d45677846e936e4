"""Figures about the code itself: `python -m benchmarks.house`.

What docs/architecture.md states of the code is counted here, from the syntax trees of `evalkit/`: lines, untyped
mappings, small modules with one importer, class names that live in several modules, long functions and parameter lists,
import cycles. Nothing is imported and nothing is timed.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "evalkit"
UNTYPED = re.compile(r"\b(?:dict|Mapping|MutableMapping)\[str, Any\]")
ANY_ANNOTATION = re.compile(r"(?:: |-> )Any\b")
SMALL_MODULE_LINES = 140


def name_of(path: Path) -> str:
    """Dotted name of a module; a package is named for its folder."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.Module, names: set[str], *, anywhere: bool) -> set[str]:
    """Modules of evalkit that a module imports: at its top, or (`anywhere`) also inside functions."""
    found: set[str] = set()
    for node in ast.walk(tree) if anywhere else tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                found.add(dotted if dotted in names else node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found & names


def cycles_of(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other in a ring (Tarjan 1972), each sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    rings: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            ring = []
            while True:
                ring.append(stack.pop())
                if ring[-1] == node:
                    break
            if len(ring) > 1:
                rings.append(sorted(ring))

    sys.setrecursionlimit(10_000)
    for node in graph:
        if node not in index:
            visit(node)
    return rings


def measure() -> dict[str, object]:
    """All figures by name. Counts are whole numbers, lists name what was counted."""
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    trees = {name: ast.parse(text) for name, text in texts.items()}
    names = set(texts)
    importers: dict[str, set[str]] = defaultdict(set)
    for name, tree in trees.items():
        for other in imports_of(tree, names, anywhere=True):
            importers[other].add(name)
    top = {name: imports_of(tree, names, anywhere=False) - {name} for name, tree in trees.items()}
    classes: dict[str, set[str]] = defaultdict(set)
    longest_parameters, long_functions = (0, ""), []
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].add(name)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                where = f"{name}.{node.name}"
                count = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs)
                if not node.name.startswith("_"):
                    longest_parameters = max(longest_parameters, (count, where))
                if (lines := (node.end_lineno or 0) - node.lineno + 1) > 80:
                    long_functions.append(f"{where} {lines}")
    lone = [
        name
        for name, text in texts.items()
        if len(importers[name]) == 1 and text.count("\n") <= SMALL_MODULE_LINES and text.strip()
    ]
    return {
        "modules": len(texts),
        "lines": sum(text.count("\n") for text in texts.values()),
        "mappings of str to Any": sum(len(UNTYPED.findall(text)) for text in texts.values()),
        "annotations that are Any": sum(len(ANY_ANNOTATION.findall(text)) for text in texts.values()),
        f"modules of up to {SMALL_MODULE_LINES} lines with one importer": len(lone),
        "class names in several modules": {k: sorted(v) for k, v in sorted(classes.items()) if len(v) > 1},
        "most parameters of a public function": list(longest_parameters),
        "functions over 80 lines": long_functions,
        "modules over 300 lines": sorted(f"{k} {v.count(chr(10))}" for k, v in texts.items() if v.count("\n") > 300),
        "import cycles (imports at the top of a module)": cycles_of(top),
        "lone modules": lone,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
