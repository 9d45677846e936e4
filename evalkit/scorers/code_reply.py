"""Which lines of a reply are the program: fenced blocks, usage and output beside them, sessions, bodies, prose.

    whole_function("def f(x):\\n", "```python\\ndef f(x):\\n    return x\\n```\\nUsage:\\n```\\nf(1)\\n```", "f")

* Of several blocks the last that defines the function counts; blocks that only use it, show output or are in another
  language do not. A block before or after it that only defines what it uses goes with it.
* `<pre><code>` is a fence too. A session (`>>> def f(x): ...`, `In [1]: def f(x):`) is read without its prompts, where
  nothing else defines the function.
* Where nothing defines the function, the reply continues the prompt: as it is where that can be compiled, else with its
  indentation made to fit.
* Without a fence, prose before and after the function is left out, as far as Python's parser tells it from code.

Nothing is run here; programs are only parsed.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from html import unescape

from evalkit.scorers.fences import Block, fenced_blocks, plain_lines

LONGEST = 50_000
"""Characters of a program that are parsed here. Longer ones are loops of a degenerate model."""
_MOST_BLOCKS = 50  # from the end of the reply
_MOST_CUTS = 40  # lines at which prose may begin; each one tried costs a parse
_OTHER = frozenset({
    "bash", "sh", "shell", "console", "zsh", "fish", "powershell", "ps1", "cmd", "bat", "text", "txt", "plain",
    "plaintext", "output", "out", "stdout", "log", "json", "jsonl", "yaml", "yml", "toml", "ini", "xml", "html",
    "css", "javascript", "js", "jsx", "typescript", "ts", "tsx", "java", "kotlin", "c", "cpp", "c++", "cs",
    "csharp", "c#", "go", "rust", "ruby", "php", "perl", "r", "swift", "scala", "haskell", "lua", "sql", "markdown",
    "md", "diff", "latex", "tex", "mermaid", "dockerfile", "makefile",
})  # fmt: skip
_SESSION_LINE = re.compile(r"[ \t]*(?:>>>|\.\.\.:?|In \[\d{1,4}\]:)(?: |$)")
_PROMPT = re.compile(rf"^{_SESSION_LINE.pattern}", re.MULTILINE)
_HTML = re.compile(r"<pre\b[^<>]{0,200}>\s*<code\b[^<>]{0,200}>(.*?)</code>\s*</pre>", re.DOTALL | re.IGNORECASE)
_ODD_INDENT = re.compile(r"^[ \t]*[\u00a0\u2007\u202f][ \t\u00a0\u2007\u202f]*", re.MULTILINE)
"""No-break blanks before a line, as web pages write an indentation."""
_SIGN_OF_CODE = re.compile(
    r"^\s*(?:def|class|return|import|from|for|while|if|with|try|raise|yield|assert|pass|print|lambda|@)\b"
    r"|[=(){}\[\]]|```|~~~|>>>|<code",
    re.MULTILINE,
)
_CODE_START = re.compile(r"(?:async )?def |class |import |from \w|@\w|#|[A-Za-z_]\w*\s*(?::[^=\n]+)?= ?")


def whole_function(prompt: str, reply: str, entry: str) -> str:  # noqa: PLR0911 - a table, read from the top
    """The program that the reply stands for: itself where it defines the function, else what continues the prompt."""
    text = plain_lines(reply)
    if len(text) > LONGEST:
        return text
    text = _ODD_INDENT.sub(lambda blanks: " " * len(blanks[0].expandtabs(4)), text)
    text = _HTML.sub(lambda block: f"```\n{unescape(block[1])}\n```", text)
    blocks = [block for block in fenced_blocks(text) if block.language not in _OTHER][-_MOST_BLOCKS:]
    programs = [_program(block) for block in blocks]
    defining = [n for n, program in enumerate(programs) if _defines(program, entry)]
    if defining:
        chosen = programs[defining[-1]]
        others = [program for n, program in enumerate(programs) if n not in defining]
        return _standing(prompt, _with_helpers(chosen, others), entry)
    sessions = [session for block in blocks if _defines(session := _session(block.text), entry)]
    if sessions:
        return _standing(prompt, sessions[-1], entry)
    bare = _to_the_left(_unfenced(text), entry)
    if not blocks and not _defines(bare, entry) and _defines(typed := _session(bare), entry):
        return _standing(prompt, typed, entry)
    if programs and (all(block.closed for block in blocks) or not _defines(bare, entry)):
        joined = [_joined(prompt, program) for program in programs]
        good = [program for program in joined if _parses(program) and _returns(program, entry)]
        return good[0] if good else joined[-1]
    if _defines(bare, entry):
        return _standing(prompt, _without_prose(bare, entry), entry)
    return _joined(prompt, bare)


def _program(block: Block) -> str:
    """The block's text; one that is indented as a whole and does not continue a function is moved to the left."""
    return textwrap.dedent(block.text) if re.search(r"^[ \t]+(?:async )?(?:def|class)\b", block.text) else block.text


def _unfenced(text: str) -> str:
    """The text without fences that opened or closed nothing."""
    kept = [line for line in text.split("\n") if not re.fullmatch(r"[ \t]*(?:```|~~~)[\w+-]{0,20}[ \t]*", line)]
    return "\n".join(kept) if "```" in text or "~~~" in text else text


def _to_the_left(text: str, entry: str) -> str:
    """A text that defines the function and is indented as a whole, moved to the left."""
    return textwrap.dedent(text) if text[:1] in (" ", "\t") and _defines(text, entry) else text


def holds_code(reply: str) -> bool:
    """Whether anything in the reply looks like a program; a refusal and plain sentences do not."""
    return _SIGN_OF_CODE.search(reply) is not None


def _session(text: str) -> str:
    """What was typed in a Python session; "" where the text is none."""
    if not _PROMPT.search(text):
        return ""
    typed = [_SESSION_LINE.sub("", line, count=1) for line in text.split("\n") if _SESSION_LINE.match(line)]
    return "\n".join(typed)


def _defines(code: str, entry: str) -> bool:
    name = re.escape(entry)
    found = re.search(rf"^[ \t]*(?:async )?def {name}\b|^{name}\s*(?::[^=\n]+)?=(?!=)", code, re.MULTILINE)
    return found is not None


def _standing(prompt: str, code: str, entry: str) -> str:
    """A program that defines the function: with the prompt's imports and helpers before it."""
    before = re.split(rf"^(?:async )?def {re.escape(entry)}\b", prompt, maxsplit=1, flags=re.MULTILINE)[0]
    if before == prompt or not _parses(before):
        before = "\n".join(line for line in prompt.split("\n") if line.startswith(("import ", "from ")))
    future = [line for line in code.split("\n") if line.startswith("from __future__ ")]
    rest = "\n".join(line for line in code.split("\n") if not line.startswith("from __future__ ")) if future else code
    return "\n".join([*future, before, rest])


def _with_helpers(chosen: str, others: list[str]) -> str:
    """The chosen block after those that only define what it uses and does not define itself."""
    tree = _tree(chosen)
    if tree is None or not others:
        return chosen
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - _defined(tree)
    helpers = []
    for other in others:
        found = _tree(other)
        if found is not None and _only_defines(found) and used & _defined(found):
            helpers.append(other)
    return "\n\n".join([*helpers, chosen])


def _only_defines(tree: ast.Module) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    return bool(tree.body) and all(isinstance(node, kinds) for node in tree.body)


def _defined(tree: ast.Module) -> set[str]:
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _joined(prompt: str, code: str) -> str:
    """The prompt continued by the code: as it stands where that parses, else with indentation that fits."""
    as_it_is = prompt + code
    if not code.strip() or _parses(as_it_is):
        return as_it_is
    indent = _indentation(prompt)
    lines = code.expandtabs(4).split("\n")
    first = next(line for line in lines if line.strip())
    shift = len(first) - len(first.lstrip())
    # Where only the first line lost its indentation (a template's white space was stripped), the others keep theirs.
    kept = "\n".join([indent + first.lstrip(), *lines[lines.index(first) + 1 :]])
    moved = textwrap.indent(textwrap.dedent("\n".join(lines)), indent)
    cut = textwrap.indent(
        "\n".join(line[shift:] if line[:shift].isspace() or not shift else line for line in lines), indent
    )
    start = prompt if prompt.endswith("\n") else prompt + "\n"
    return next((whole for body in (kept, moved, cut) if _parses(whole := start + body)), as_it_is)


def _indentation(prompt: str) -> str:
    """That of the prompt's last line with text in it, four spaces where that has none."""
    last = next((line for line in reversed(prompt.split("\n")) if line.strip()), "")
    return last[: len(last) - len(last.lstrip())].expandtabs(4) or "    "


def _without_prose(text: str, entry: str) -> str:
    """The part of a reply without fences that is code; the whole of it where no part parses."""
    if _parses(text):
        return text
    lines = text.split("\n")
    at = next(
        (
            n
            for n, line in enumerate(lines)
            if re.match(rf"(?:async )?def {re.escape(entry)}\b|{re.escape(entry)}\s*=", line)
        ),
        None,
    )
    if at is None:
        return text
    start = at
    while start > 0 and (
        not lines[start - 1].strip() or lines[start - 1][:1] in " \t" or _CODE_START.match(lines[start - 1])
    ):
        start -= 1
    ends = [n for n in range(at + 1, len(lines)) if lines[n].strip() and lines[n][:1] not in " \t)]}"]
    for begin in dict.fromkeys((start, at)):
        for end in [len(lines), *reversed(ends[:_MOST_CUTS])]:
            part = "\n".join(lines[begin:end])
            if _parses(part):
                return part
    return text


def _returns(program: str, entry: str) -> bool:
    """Whether the function, as the program defines it, returns something."""
    tree = _tree(program)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry] if tree else []
    return any(isinstance(node, ast.Return | ast.Yield) for function in found for node in ast.walk(function))


def _parses(code: str) -> bool:
    tree = _tree(code)
    if tree is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "solution", "exec", dont_inherit=True)  # sees a `return` outside a function, which parses
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _tree(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
