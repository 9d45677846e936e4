"""The other side of `adapter: python`: a process that calls one function for each line that it reads.

It runs in a child of `evalkit.child`. Standard output is the line to evalkit and nobody else's: what the function
prints goes to standard error. The function is called as one that was given in Python (`adapters.function`): async or
not, its errors are those of its line alone.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import orjson

from evalkit.adapters.application_record import error_record, request_of, response_record
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.function import FunctionAdapter, FunctionOptions, not_callable_with
from evalkit.errors import RequestError
from evalkit.suite.functions import OwnFunction

_LONGEST_LINE = 256 * 2**20


def serve(target: str, name: str, model: str) -> None:
    """Answers until its input ends. `target`: the path of a file, or the name of a module."""
    out = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        function = _loaded(target, name)
    except BaseException as error:  # noqa: BLE001 - whatever the module does, its user is told
        said = f"{Path(target).name}:{name} cannot be used: {type(error).__name__}: {error}"
        _write(out, {"id": 0, "ready": False, "error": said})
        return
    _write(out, {"id": 0, "ready": True})
    own = OwnFunction.of(function)
    adapter = FunctionAdapter(ModelSpec(model, "function", own.identity.name, function=own), own, FunctionOptions())
    asyncio.run(_answer_all(adapter, out))


def _loaded(target: str, name: str) -> Callable[..., object]:
    if target.endswith(".py"):
        path = Path(target)
        sys.path.insert(0, str(path.parent))  # what lies beside it, as Python does for a program
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ImportError("it is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(target)
    found: object = module
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"it is no function ({type(found).__name__})")
    if (why := not_callable_with(found, 1)) is not None:
        raise TypeError(f"it is called as f(request), and {why}")
    return found


async def _answer_all(adapter: FunctionAdapter, out: int) -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    asked: set[asyncio.Task[None]] = set()
    while line := await lines.readline():
        task = asyncio.create_task(_answer(adapter, cast("dict[str, object]", orjson.loads(line)), out))
        asked.add(task)
        task.add_done_callback(asked.discard)
    os._exit(0)  # threads of functions that hang are nobody's any more


async def _answer(adapter: FunctionAdapter, record: dict[str, object], out: int) -> None:
    try:
        made = response_record(await adapter.respond(request_of(record)))
    except RequestError as error:
        made = error_record(error)
    _write(out, {"id": record["id"], **made})


def _write(out: int, record: dict[str, object]) -> None:
    try:
        line = orjson.dumps(record)
    except TypeError:  # half a character
        line = orjson.dumps({"id": record["id"], "error": {"kind": "rejected", "message": "it is no valid text"}})
    line += b"\n"
    while line:
        line = line[os.write(out, line) :]
