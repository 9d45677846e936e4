"""Tasks that ship with lm-eval and run text as a program (what a model wrote, or what a data set holds), or take it
elsewhere.

    list(runs_text([shipped / "longproc/countdown_2k.yaml"], shipped))      # ["longproc/metrics.py:178 calls eval"]
    list(runs_text([shipped / "pisa/pisa_en_llm_judged.yaml"], shipped))    # ["pisa/utils.py:7 imports openai"]

lm-eval has a key for the first (`unsafe_code`), but not every task that does so carries it. So the Python behind a task
file is read, not run: the modules that it names by `!function`, and what those import from lm-eval's own task folder. A
call or an import that is found somewhere in such a module counts, whether this very task reaches it or not: when in
doubt, the person decides (`--allow-suite-code`). Of imports the allow-list is of packages that only compute, or fetch
data: any other may ask a host, with answers and keys, or load programs from where one stands.
"""

from __future__ import annotations

import ast
import re
import sys
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
    spawnv startfile run_path run_module import_module parse_expr sympify runcode runsource unsafe_load
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Under any owner: programs, and SymPy's readers, which evaluate what they read."""
_OWNED = frozenset(
    {("subprocess", "run"), ("subprocess", "call"), ("pickle", "load"), ("pickle", "loads"), ("marshal", "loads")}
    | {("dill", "load"), ("dill", "loads"), ("joblib", "load"), ("builtins", "eval"), ("builtins", "exec")}
    | {("torch", "load"), ("pd", "read_pickle"), ("pandas", "read_pickle")}
)
_COMPUTES = frozenset(
    """
    absl antlr4 datasets emoji evaluate fugashi fuzzywuzzy huggingface_hub immutabledict iso639 jieba jsonschema
    langcodes langdetect lark latex2sympy2_extended lm_eval.api lm_eval.filters lm_eval.tasks lm_eval.utils
    math_verify neologdn nltk numpy packaging pandas pddl
    pkg_resources psutil pycountry pymorphy3 regex rouge rouge_score sacrebleu scipy sklearn statsmodels sympy tarski
    torch tqdm transformers.data wonderwords word2number yaml
    """.split()  # noqa: SIM905
)
"""Packages, or parts of one, that send no text anywhere and run no program from where one stands."""
_BY_SIGNALS = frozenset({"signal", "math_verify"})
_ASKS = frozenset(
    """
    asyncio ctypes ftplib http imaplib multiprocessing.connection nntplib poplib smtplib socket socketserver ssl
    telnetlib urllib.request webbrowser xmlrpc
    """.split()  # noqa: SIM905
)
"""Parts of Python itself that may."""


def runs_text(files: Iterable[Path], shipped: Path) -> Iterator[str]:
    """Where the modules behind these task files of lm-eval call what runs text, like `mbpp/utils.py:4 calls eval`.

    `shipped`: lm-eval's own task folder. Of a user's task files only what they include counts here; what they call
    themselves is for `trust`. Never raises.
    """
    root = shipped.resolve()
    for path, found in _behind(files, root):
        ours = path.is_relative_to(root)
        if isinstance(found, OSError):
            if ours or path.suffix != ".py":
                yield f"{path.name} cannot be read: {found.strerror or found}"
        elif isinstance(found, str):
            if ours and _SAID.search(found):
                yield f"{path.relative_to(root)} says unsafe_code"
        elif ours and (said := next(_calls(found), None) or next(_asks(found, path.parent, root), None)):
            yield f"{path.relative_to(root)}:{said}"


def uses_signals(files: Iterable[Path], shipped: Path) -> bool:
    """Whether a module behind these task files, the user's own too, limits its time by signals: it can only do so in
    the main thread. Never raises."""
    return any(
        name.partition(".")[0] in _BY_SIGNALS
        for _, found in _behind(files, shipped.resolve())
        if isinstance(found, ast.AST)
        for name in _imports(found)
    )


def _behind(files: Iterable[Path], root: Path) -> Iterator[tuple[Path, str | ast.AST | OSError]]:
    """Every file behind task files: YAML as text, modules as trees, and what cannot be read."""
    seen: set[Path] = set()
    waiting = [path.resolve() for path in files]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        try:
            text = read_file(path).decode("utf-8", "replace")
        except OSError as error:
            yield path, error
            continue
        if path.suffix != ".py":
            yield path, text
            included = [name for names in _INCLUDE.findall(text) for name in _WORD.findall(names) if name != "-"]
            waiting += [(path.parent / name).resolve() for name in included]
            waiting += [place for name in _FUNCTION.findall(text) for place in _modules(name, path.parent, root)]
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue  # Python cannot run it either
        yield path, tree
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


def _asks(tree: ast.AST, beside: Path, root: Path) -> Iterator[str]:
    """Imports of what may ask a host, but for modules of lm-eval's own tasks, which are looked at themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named = [(name.name, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            named = [(node.module, f"{node.module}.{name.name}") for name in node.names]
        else:
            continue
        for module, name in named:
            if not (_computes(name) or any(place.is_file() for place in _modules(module, beside, root))):
                yield f"{node.lineno} imports {name}"


def _computes(name: str) -> bool:
    parts = name.split(".")
    heads = {".".join(parts[: n + 1]) for n in range(len(parts))}
    return not heads & _ASKS if parts[0] in sys.stdlib_module_names else bool(heads & _COMPUTES)


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
