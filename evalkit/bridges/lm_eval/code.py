"""Tasks that ship with lm-eval and run text as a program: what a model wrote, or what a data set holds.

    list(runs_text([shipped / "longproc/countdown_2k.yaml"], shipped))      # ["longproc/metrics.py:178 calls eval"]

lm-eval has a key for that (`unsafe_code`), but not every task that does so carries it. So the Python behind a task file
is read, not run: the modules that it names by `!function`, and what those import from lm-eval's own task folder. A call
that is found somewhere in such a module counts, whether this very task reaches it or not: when in doubt, the person
decides (`--allow-suite-code`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from evalkit.reading import read_file

_FUNCTION = re.compile(r"!function\s+[\"']?([\w.]+)\.\w+")
_SAID = re.compile(r"^unsafe_code\s*:\s*[\"']?(?!false\b|no\b|off\b|null\b|~)\S", re.MULTILINE | re.IGNORECASE)
_INCLUDE = re.compile(r"^include[ \t]*:((?:[^\n#]*)(?:\n[ \t]*-[^\n#]*)*)", re.MULTILINE)
_WORD = re.compile(r"[^\s\"'\[\],]+")
_BARE = frozenset({"eval", "exec", "__import__"})
"""Python's own; as methods these words mean other things (`model.eval()`)."""
_CALLS = frozenset(
    """
    system popen Popen check_output check_call getoutput getstatusoutput execv execve execvp execvpe posix_spawn spawnl
    spawnv startfile run_path run_module parse_expr sympify runcode runsource unsafe_load
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Under any owner: programs, and SymPy's readers, which evaluate what they read."""
_OWNED = frozenset(
    {("subprocess", "run"), ("subprocess", "call"), ("pickle", "load"), ("pickle", "loads"), ("marshal", "loads")}
    | {("dill", "load"), ("dill", "loads"), ("joblib", "load"), ("builtins", "eval"), ("builtins", "exec")}
)


def runs_text(files: Iterable[Path], shipped: Path) -> Iterator[str]:
    """Where the modules behind these task files of lm-eval call what runs text, like `mbpp/utils.py:4 calls eval`.

    `shipped`: lm-eval's own task folder. Of a user's task files only what they include counts here; what they call
    themselves is for `trust`. Never raises.
    """
    root = shipped.resolve()
    seen: set[Path] = set()
    waiting = [path.resolve() for path in files]
    while waiting:
        path = waiting.pop()
        ours = path.is_relative_to(root)
        if path in seen or not path.is_file() or (path.suffix == ".py" and not ours):
            continue
        seen.add(path)
        try:
            text = read_file(path).decode("utf-8", "replace")
        except OSError as error:
            yield f"{path.name} cannot be read: {error.strerror or error}"
            continue
        if path.suffix != ".py":
            if ours and _SAID.search(text):
                yield f"{path.relative_to(root)} says unsafe_code"
            included = [name for names in _INCLUDE.findall(text) for name in _WORD.findall(names) if name != "-"]
            waiting += [(path.parent / name).resolve() for name in included]
            waiting += [place for name in _FUNCTION.findall(text) for place in _modules(name, path.parent, root)]
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue  # Python cannot run it either
        if found := next(_calls(tree), None):
            yield f"{path.relative_to(root)}:{found}"
        waiting += [place for name in _imports(tree) for place in _modules(name, path.parent, root)]


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in _BARE | _CALLS:
            yield f"{node.lineno} calls {called.id}"
        elif isinstance(called, ast.Attribute):
            owner = called.value.id if isinstance(called.value, ast.Name) else ""
            if called.attr in _CALLS or (owner, called.attr) in _OWNED:
                yield f"{node.lineno} calls {called.attr}"


def _imports(tree: ast.AST) -> Iterator[str]:
    """Names of the modules that this one imports; a name that is taken from a package may be a module as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            joint = "" if base.endswith(".") or not base else "."
            yield from (base, *(f"{base}{joint}{name.name}" for name in node.names))


def _modules(name: str, beside: Path, root: Path) -> list[Path]:
    """The files that a module's name may mean, of lm-eval's own tasks; there may be none."""
    bare = name.lstrip(".")
    folder = beside
    for _ in range(max(0, len(name) - len(bare) - 1)):
        folder = folder.parent
    parts = bare.split(".")
    if parts[:2] == ["lm_eval", "tasks"]:
        folder, parts = root, parts[2:]
    place = folder.joinpath(*parts)
    return [place.with_name(f"{place.name}.py"), place / "__init__.py"]
