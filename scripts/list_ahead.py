"""Write evalkit/ahead.txt: the modules that a plain run compiles, in their order (`evalkit.compiling_ahead`).

    python scripts/list_ahead.py

Runs a suite of three questions against the fake provider on loopback. Again whenever the imports of a run change:
tests/test_compiling_ahead.py says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from evalkit.testing.fake_provider import FakeProvider

REPO = Path(__file__).parent.parent
FIRST_REQUEST = "# up to here: before the first request"
HEAD = "# Modules in the order in which a plain run compiles them. Written by scripts/list_ahead.py"
SUITE = """name: plain
models: {{m: {{adapter: openai_chat, model: fake, base_url: "{url}"}}}}
tasks:
  - name: questions
    data: {{path: rows.jsonl}}
    prompt: "{{{{ question }}}} {{{{ options }}}}"
    choices: "{{{{ choices }}}}"
    target: "{{{{ letters[answer] }}}}"
    score: choice
"""
ROWS = '{"question": "Which?", "choices": ["river", "stone"], "answer": 1}\n'
LOOK = f"""
import atexit, sys
import importlib._bootstrap_external as loaders
names, get_code = [], loaders.SourceLoader.get_code
def noted(self, name):
    if name not in names and name != "__main__" and ("site-packages" in self.path or name.split(".")[0] == "evalkit"):
        names.append(name)
    return get_code(self, name)
def look(event, args):
    if event == "socket.connect" and {FIRST_REQUEST!r} not in names:
        names.append({FIRST_REQUEST!r})
loaders.SourceLoader.get_code = noted
atexit.register(lambda: open(sys.argv.pop(), "w").write("\\n".join(names)))
sys.addaudithook(look)
from evalkit import compiling_ahead
from evalkit.__main__ import main
compiling_ahead.start = lambda: None  # what a copy compiled is not seen here
file = sys.argv.pop()
sys.argv[0] = "evalkit"
atexit.register(lambda: sys.argv.append(file))
main()
"""
_BEFORE = ("evalkit", "evalkit.__main__", "evalkit.compiling_ahead")
"""Imported before anything can be compiled ahead."""


def modules_of_a_run() -> list[str]:
    """The modules, in the order in which their code is wanted; FIRST_REQUEST stands where it is made."""
    with tempfile.TemporaryDirectory() as name, FakeProvider.in_process() as provider:
        folder = Path(name)
        (folder / "suite.yaml").write_text(SUITE.format(url=provider.base_url), encoding="utf-8")
        (folder / "rows.jsonl").write_text(ROWS * 3, encoding="utf-8")
        command = [sys.executable, "-c", LOOK, "run", "suite.yaml", "--no-cache", "--quiet", str(folder / "names")]
        env = {**os.environ, "PYTHONPATH": str(REPO), "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = (folder / "names").read_text(encoding="utf-8").splitlines()
    return [name for name in names if name not in _BEFORE]


def main() -> None:
    """Write the list."""
    names = modules_of_a_run()
    (REPO / "evalkit" / "ahead.txt").write_text("\n".join([HEAD, *names, ""]), encoding="ascii")
    print(f"{len(names) - 1} modules, {names.index(FIRST_REQUEST)} of them before the first request")


if __name__ == "__main__":
    main()
