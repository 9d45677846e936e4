"""A run without byte code compiles its modules on two cores: a copy of this process compiles those that come later.

Containers usually set PYTHONDONTWRITEBYTECODE, and then each start compiles some 600 modules: more than half of the
time to the first request. The copy is made by fork before anything is imported. It compiles what `ahead.txt` names,
in that order and a little ahead of this process, and hands the code over in shared memory. Nothing is written to any
disk, and no code comes from anywhere but the files that this process would compile itself. A module that the list
lacks, or that is not ready when it is wanted, is compiled here as ever.

    start()          # before the first import; nothing where byte code may be written, or there is only one core
    ...
    end()            # the copy is over, and imports go their usual way
"""

from __future__ import annotations

import marshal
import mmap
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
from types import CodeType

LIST = os.path.join(os.path.dirname(__file__), "ahead.txt")  # noqa: PTH118, PTH120 - pathlib is not imported yet
"""Modules in the order in which a plain run compiles them, a name a line; `scripts/list_ahead.py` writes it."""
_ROOM = 48 * 2**20
"""Bytes of shared memory for code; what is never written takes no memory."""
_AHEAD = 3
"""How far before this process the copy begins: the next modules are compiled here before it could hand them over."""
_TAKEN, _MADE = b"\1", b"\2"
"""What shared memory says of a module: this process has come to it; the copy has compiled it."""
_RECORD = 12
"""Bytes by which the copy tells of one module: its place in the list, where its code begins, and where it ends."""


class _Shared:
    """The list, and what both processes see: a byte for each module, and code."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.place = {name: n for n, name in enumerate(names)}
        self.memory = mmap.mmap(-1, len(names) + _ROOM)
        self.heard, self.told = os.pipe()


class _Ahead:
    """Finds the modules of the list as ever, and takes their code from the copy where that has it."""

    def __init__(self, shared: _Shared, copy: int) -> None:
        self._shared, self.copy = shared, copy
        self._ready: dict[str, tuple[int, int]] = {}
        os.set_blocking(shared.heard, False)
        os.close(shared.told)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """As `importlib` asks for it."""
        if name not in self._shared.place:
            return None
        spec = PathFinder.find_spec(name, path, target)  # type: ignore[arg-type]
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(self, name, spec.loader.path)
        return spec

    def code(self, name: str) -> CodeType | None:
        """What the copy made of the module's file; None where it has not."""
        shared = self._shared
        place = shared.place[name]
        shared.memory[place : place + 1] = _TAKEN
        self._listen()
        if (found := self._ready.pop(name, None)) is None:
            return None
        with memoryview(shared.memory)[slice(*found)] as code:
            made: CodeType = marshal.loads(code)
        return made

    def _listen(self) -> None:
        try:
            told = os.read(self._shared.heard, _RECORD * 2**12)
        except BlockingIOError:
            return
        for at in range(0, len(told), _RECORD):
            n, begin, end = (int.from_bytes(told[at + i : at + i + 4], "little") for i in (0, 4, 8))
            self._ready[self._shared.names[n]] = begin, end

    def close(self) -> None:
        """End the copy."""
        os.close(self._shared.heard)  # which ends it, if it is not done
        os.kill(self.copy, 9)
        os.waitpid(self.copy, 0)


class _Loader(SourceFileLoader):
    def __init__(self, ahead: _Ahead, name: str, path: str) -> None:
        super().__init__(name, path)
        self._ahead = ahead

    def get_code(self, fullname: str) -> CodeType | None:
        code = self._ahead.code(fullname)
        if code is not None and code.co_filename == self.path:  # where imports were led elsewhere since, it is not
            return code
        return super().get_code(fullname)


_running: list[_Ahead] = []


def start() -> None:
    """Make the copy, where it helps: evalkit has no byte code and may write none, and there is a second core."""
    own = os.path.dirname(__file__)  # noqa: PTH120
    may_write = not sys.dont_write_bytecode and os.access(own, os.W_OK)
    if may_write or not hasattr(os, "fork") or _cores() < 2 or _has_byte_code(os.path.join(own, "errors.py")):  # noqa: PTH118
        return
    try:
        with open(LIST, encoding="ascii") as file:  # noqa: PTH123
            shared = _Shared([line for line in file.read().splitlines() if not line.startswith("#")])
        if (copy := os.fork()) == 0:
            try:
                _compile_ahead(shared, os.getppid())
            finally:
                os._exit(0)
    except OSError:  # no memory or no process to be had: everything is compiled here
        return
    _running.append(_Ahead(shared, copy))
    sys.meta_path.insert(0, _running[0])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _has_byte_code(file: str) -> bool:
    return os.path.exists(cache_from_source(file))  # noqa: PTH110


def end() -> None:
    """Nothing more is compiled ahead."""
    for ahead in _running:
        sys.meta_path.remove(ahead)
        ahead.close()
    _running.clear()


def _compile_ahead(shared: _Shared, parent: int) -> None:
    """In the copy: compile module after module, a little ahead of the process that imports them."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # whoever reads what the command says does not wait for the copy
        os.dup2(nowhere, number)
    os.close(shared.heard)
    names, memory = shared.names, shared.memory
    at = len(names)
    folders: dict[str, list[str]] = {}
    for ahead in (_AHEAD, 0):  # the second time what was passed over the first time
        for n, name in enumerate(names):
            if os.getppid() != parent:
                return
            near = memory[max(0, n - ahead) : n + 1]
            if n < ahead or _TAKEN in near or near[-1:] == _MADE or (file := _file(name, folders)) is None:
                continue
            memory[n : n + 1] = _MADE
            try:
                code = marshal.dumps(SourceFileLoader(name, file).get_code(name))
            except (OSError, SyntaxError, ValueError):  # whoever imports it meets the same
                continue
            if at + len(code) > len(memory):
                return
            memory[at : at + len(code)] = code
            os.write(shared.told, b"".join(i.to_bytes(4, "little") for i in (n, at, at + len(code))))
            at += len(code)


def _file(name: str, folders: dict[str, list[str]]) -> str | None:
    """The file that a module is compiled from; None where there is none, or it has byte code."""
    top, *_ = parts = name.split(".")
    if top not in folders:
        spec = PathFinder.find_spec(top)
        if spec is None:
            folders[top] = []
        else:
            places = spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])
            folders[top] = [os.path.dirname(place) for place in places]  # noqa: PTH120
    for folder in folders[top]:
        base = os.path.join(folder, *parts)  # noqa: PTH118
        for file in (os.path.join(base, "__init__.py"), base + ".py"):  # noqa: PTH118
            if os.path.isfile(file):  # noqa: PTH113
                return None if _has_byte_code(file) else file
    return None
