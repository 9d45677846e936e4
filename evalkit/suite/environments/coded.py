"""Tools that are methods of a Python class of the suite: its source is read here, and never run.

    code = class_code(PythonEntry(...), Path("suites"), "desk.environment.yaml")
    code.digest                 # of its source and its limits: part of the environment's identity
    CodedFunction(entry, code, runner).call(state, '{"parcel": "P-1"}')

The class runs where somebody gives a `CodeRunner` (`evalkit.scorers.caged_class`), which takes the person's word
(--allow-suite-code). It is one file that imports Python's own library alone: its text is all that it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Protocol, cast

from evalkit import child
from evalkit.errors import SuiteError
from evalkit.facts.base import Json, JsonMap
from evalkit.paths import find, named
from evalkit.records import Tool
from evalkit.suite.digests import digest
from evalkit.suite.environments import state as states
from evalkit.suite.environments.arguments import ArgumentCheck, RefusedCall
from evalkit.suite.environments.recorded import SAMPLE, USED
from evalkit.suite.environments.tool import LONGEST_RESULT, Called
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.schema.environments import EnvironmentTool, PythonEntry
from evalkit.suite.tools import read_tools

LARGEST_SOURCE = 1_000_000
"""Bytes of a file with a class."""
CALLS = "calls"
"""Below `USED` in the state: how many calls of the sample came before, so that no two get one seed."""
_TARGET = re.compile(r"(?P<where>[^:\0]+\.py|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class ClassCode:
    """A class as a suite has it."""

    written: str
    """`desk.py:Desk`, for messages."""
    file: str
    """Name of its file, for the places of its errors."""
    name: str
    source: str
    timeout_s: float
    memory_mb: int

    @property
    def digest(self) -> str:
        """Identity of what it does: where its file lies is free."""
        content = {"class": self.name, "source": hashlib.sha256(self.source.encode()).hexdigest()}
        limits = {"timeout_s": self.timeout_s, "memory_mb": self.memory_mb}
        return digest("evalkit.environment_class/1", {**content, **limits})


@dataclass(frozen=True, slots=True)
class CodeReply:
    """What one call of a method came to."""

    refused: str | None = None
    """What the model is told of a call that the class refused; None: it was carried out."""
    returned: Json = None
    state: Mapping[str, Json] | None = None
    """The state afterwards; None where it was refused."""


class CodeRunner(Protocol):
    """Who runs the class."""

    def call(self, tool: str, arguments: JsonMap, state: JsonMap, seed: int) -> CodeReply:
        """What one call comes to. Raises BrokenEnvironment where the class fails."""


@dataclass(frozen=True, slots=True)
class CodedFunction:
    """One tool that is a method of a class."""

    tool: Tool
    arguments: ArgumentCheck
    code: ClassCode
    runner: CodeRunner | None = None
    """None: nobody allowed the class to run."""
    ends: bool = False
    writes: bool = True

    def read(self, arguments: str) -> dict[str, Json]:
        """The arguments of a call as a model wrote them. Raises RefusedCall."""
        return self.arguments.read(arguments)

    def call(self, state: JsonMap, arguments: str) -> Called:
        """Carry out a call. Raises BrokenEnvironment."""
        try:
            read = self.read(arguments)
        except RefusedCall as error:
            return Called(f"Error: {error}", failed=True, state=state)
        if self.runner is None:
            raise BrokenEnvironment(
                f"{self.code.written} is code of the suite, which runs with --allow-suite-code alone"
            )
        used = state.get(USED)
        hidden: dict[str, Json] = dict(used) if isinstance(used, dict) else {}
        before = hidden.get(CALLS)
        n = before if isinstance(before, int) else 0
        own = {key: value for key, value in state.items() if key != USED}
        reply = self.runner.call(self.tool.name, read, own, seed_of(str(hidden.get(SAMPLE)), n))
        if reply.refused is None:
            after, returned = dict(reply.state or {}), reply.returned
            text = "ok" if returned in (None, "") else returned if isinstance(returned, str) else _json(returned)
            too_long = f"the result would be longer than {LONGEST_RESULT:,} characters"
            refused = too_long if len(text) > LONGEST_RESULT else None
            if states.size(cast(Json, after)) > states.MOST_STATE:
                refused = "there is no room for so much"
            if refused is None:
                return Called(text, failed=False, state={**after, USED: {**hidden, CALLS: n + 1}})
        else:
            refused = reply.refused[:LONGEST_RESULT]
        return Called(f"Error: {refused}", failed=True, state=state)


def seed_of(sample: str, n: int) -> int:
    """The seed of the n-th call of a sample: the same for every model, repeat and run."""
    return int.from_bytes(hashlib.sha256(f"{sample}\0{n}".encode()).digest()[:6])


def class_code(entry: PythonEntry, folder: Path, place: str) -> ClassCode:
    """The class that an environment file names, its source read. Raises SuiteError."""
    found = _TARGET.fullmatch(entry.name)
    if found is None:
        raise SuiteError(
            f"{place}: python.class: {entry.name[:80]!r} names no class; write FILE.py:NAME for a file beside the "
            "suite, or package.module:NAME"
        )
    where = found["where"]
    source = _beside(where, folder, place) if where.endswith(".py") else _installed(where, place)
    return ClassCode(entry.name, Path(where).name, found["name"], source, entry.timeout_s, entry.memory_mb)


def _beside(written: str, folder: Path, place: str) -> str:
    file = find(written, folder, label=f"{place}: python.class: {written}")
    if not file.is_file():
        raise SuiteError(f"{place}: python.class: there is no file {written!r} beside the suite")
    try:
        return file.text("utf-8-sig", most=LARGEST_SOURCE)
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{place}: python.class: {written} cannot be read as text in UTF-8") from error


def _installed(module: str, place: str) -> str:
    """The source of an installed module; nothing is imported, its packages neither."""
    where: list[str] | None = child.import_path()
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        found = PathFinder.find_spec(".".join(parts[:n]), where)
        where = None if found is None else found.submodule_search_locations
        if found is None or (n < len(parts) and where is None):
            break
        if n == len(parts) and found.origin is not None and found.origin.endswith(".py"):
            try:
                return named(Path(found.origin)).text("utf-8-sig", most=LARGEST_SOURCE)
            except (OSError, UnicodeDecodeError):
                break
    raise SuiteError(
        f"{place}: python.class: no module {module!r} is installed as a file of Python; a file beside the suite is "
        "named with its ending, like desk.py:Desk"
    )


def coded_functions(entries: tuple[EnvironmentTool, ...], code: ClassCode) -> dict[str, CodedFunction]:
    """The tools by name, which nobody may run yet. Raises ValueError (half a sentence)."""
    found: dict[str, CodedFunction] = {}
    for entry in entries:
        if entry.name in found:
            raise ValueError(f"there are two tools {entry.name!r}")
        if entry.do or entry.returns is not None:
            raise ValueError(f"{entry.name}: `do` and `returns` belong to tools without python; the class does it")
        if not entry.name.isidentifier():
            raise ValueError(f"{entry.name}: a tool of a class has the name of its method")
        declared = {"name": entry.name, "description": entry.description, "parameters": dict(entry.parameters)}
        (tool,) = read_tools([declared])
        found[entry.name] = CodedFunction(
            tool, ArgumentCheck(cast(JsonMap, tool.parameters), entry.name), code, ends=entry.ends
        )
    return found


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
