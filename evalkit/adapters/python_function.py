"""A function of a suite's own as a model: `function: app.py:answer`, or `package.module:answer` of installed packages.

    def answer(request):                    # async or not; request: evalkit.records.Request
        return "In Ulm."                    # or a mapping: {"text": ..., "usage": {"input": 9}, "cost_usd": 0.0002}

Runs with --allow-suite-code alone, in a process of its own without the keys of this one (`command` says what it sees).
There the function is called as `adapters.function` calls one that was given in Python, with the same errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evalkit import child
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.command import ProgramAdapter, ProgramOptions, environment, refused_code, source_digest
from evalkit.adapters.options import read_options
from evalkit.adapters.worker_pool import Program
from evalkit.errors import SuiteError
from evalkit.paths import find
from evalkit.suite.schema.parts import Text

_TARGET = re.compile(r"(?P<file>[^:\0]+\.py)(?=:)|(?P<module>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)(?=:)")
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class PythonOptions(ProgramOptions):
    """What a suite says of a function."""

    function: Text | None = None
    """FILE.py:NAME beside the suite, or package.module:NAME of an installed package; called as f(request)."""


Options = PythonOptions


def make(spec: ModelSpec) -> ProgramAdapter:
    """An adapter for one function. Raises SuiteError with every complaint, MissingKey."""
    place = f"models.{spec.name}"
    options = read_options(PythonOptions, spec, _complaints(spec, place))
    written = options.function or ""
    target, _, name = written.rpartition(":")
    files: list[Path] = []
    if target.endswith(".py"):
        file = find(target, Path(spec.folder), label=f"{place}.function: {target}")
        if not file.is_file():
            raise SuiteError(f"{place}.function: there is no file {target!r} beside the suite")
        files.append(file.real)
        target = str(file.real)
    argv = child.function("evalkit.adapters.python_worker:serve", target, name, spec.name, flags=("-W", "ignore"))
    seen = environment(options.env or (), spec.folder, f"{place}.env", sends=spec.sends)
    program = Program(tuple(argv), seen, written, greets=True)
    adapter = ProgramAdapter(spec, program, options, source_digest(files), written)
    adapter.endpoint = replace(adapter.endpoint, facts={**adapter.endpoint.facts, "function": written})
    return adapter


def _complaints(spec: ModelSpec, place: str) -> Iterator[str]:
    yield from refused_code(spec, "Python code")
    given = spec.options.get("function")
    if given is None:
        yield f"{place}.function: is required, and missing: the function that answers, like app.py:answer"
    elif isinstance(given, str):
        found = _TARGET.match(given)
        name = given.rpartition(":")[2]
        if found is None or not _NAME.fullmatch(name) or found.end() != len(given) - len(name) - 1:
            yield (
                f"{place}.function: {given[:80]!r} names no function; write FILE.py:NAME for a file beside the suite, "
                "or package.module:NAME"
            )
