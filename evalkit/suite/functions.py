"""What is known of a function that a person gives as a model or a scorer: its name, and a digest of its source.

    identify(ask)      # FunctionIdentity("support.models:ask", "3f9c0d...")

The digest covers the source text, default arguments, and what the function refers to, as far as it can be read: texts
and numbers by value, further functions and classes of one's own by their source, packages and other objects by name.
It is None where the source cannot be read (typed into a plain Python prompt, made by `exec`, built in).

It tells two versions of a function apart. It does not promise that equal digests answer alike: a function may read
files, the clock or the network.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import sys
import sysconfig
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from evalkit.suite.digests import digest

_MOST_PARTS = 300
"""Functions and values that one digest looks at; what is further away is taken by name."""
_LONGEST = 1_000_000
"""Characters of a text that is taken by value."""
_PROCESS = uuid.uuid4().hex[:12]
_same: dict[str, str] = {}
"""Digest of a function after a run that changed what it refers to (a log, a counter) -> its digest before."""
_unread: dict[int, tuple[object, str]] = {}
"""By id: functions without a source, held so that no other one gets their id, and the word that stands for each."""


@dataclass(frozen=True, slots=True)
class FunctionIdentity:
    """Name and source digest of a function."""

    name: str
    """module:qualified name, like `support.models:ask`."""
    source_sha256: str | None
    """First 32 hex characters of the sha256 of its source and what it refers to; None: its source cannot be read."""
    key: str
    """Equal for equal functions. Of a function whose source is not known: good in this process alone."""

    @property
    def facts(self) -> dict[str, str]:
        """For run.json."""
        return {"function": self.name, "source_sha256": self.source_sha256 or "unknown"}


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function that a person gave, with its identity."""

    call: Callable[..., Any]
    identity: FunctionIdentity

    @classmethod
    def of(cls, call: Callable[..., Any]) -> OwnFunction:
        """The function with its identity taken now: what it refers to may change later."""
        return cls(call, identify(call))

    def forgive(self) -> None:
        """After a run: what the function itself changed in what it refers to (a log, a counter) makes it no other one,
        as long as this process lives. What a person changes does."""
        now = identify(self.call)
        if now.source_sha256 is not None and now.key != self.identity.key:
            _same[now.key] = self.identity.key


def identify(function: Callable[..., object]) -> FunctionIdentity:
    """The identity of a function, method, partial or callable object. Reads source files, never calls anything."""
    name = _name(function)
    try:
        parts = list(_Parts().of(function))
    except _NoSource:
        _, word = _unread.setdefault(id(function), (function, f"unknown {_PROCESS}-{len(_unread)}"))
        return FunctionIdentity(name, None, word)
    parts = [part.encode("utf-8", "backslashreplace").decode() for part in parts]  # half a sign pair has no UTF-8
    found = digest("evalkit.function/1", {"name": name, "parts": parts})
    found = _same.get(found, found)
    return FunctionIdentity(name, found, found)


class _NoSource(Exception):
    """The source of the function itself cannot be read."""


class _Parts:
    """Walks over a function and what it refers to, each thing once."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def of(self, thing: object, *, first: bool = True) -> Iterator[str]:
        """What of this thing decides how it behaves, as texts in a stable order."""
        if thing is None or isinstance(thing, bool | int | float | complex | str | bytes):
            yield f"{type(thing).__name__} {str(thing)[:_LONGEST]}"
            return
        if isinstance(thing, Decimal | date | time | timedelta | PurePath | re.Pattern | Enum):
            yield f"{type(thing).__name__} {thing!r}"
            return
        if id(thing) in self._seen or len(self._seen) >= _MOST_PARTS:
            yield f"again {_name(thing)}"
            return
        self._seen.add(id(thing))
        if isinstance(thing, functools.partial):
            yield from self.of(thing.func, first=first)
            yield from self._several((thing.args, thing.keywords))
        elif isinstance(thing, MethodType):
            yield from self.of(thing.__func__, first=first)
            yield from self._instance(thing.__self__)
        elif isinstance(thing, FunctionType):
            yield from self._function(thing, first=first)
        elif isinstance(thing, type):
            yield from self._class(thing, first=first)
        elif isinstance(thing, tuple | list | Mapping | set | frozenset):
            yield from self._several(thing)
        elif isinstance(thing, ModuleType | BuiltinFunctionType):
            if first:
                raise _NoSource
            yield f"named {_name(thing)}"
        elif first and callable(thing):
            yield from self._class(type(thing), first=True)
            yield from self._instance(thing)
        else:
            yield f"object {_name(type(thing))}"

    def _function(self, function: FunctionType, *, first: bool) -> Iterator[str]:
        function = inspect.unwrap(function)
        if not first and _is_installed(function):
            yield f"named {_name(function)}"
            return
        yield f"source {_source(function, first=first)}"
        yield from self._several((function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            try:
                yield from self.of(cell.cell_contents, first=False)
            except ValueError:  # nothing in it yet
                yield "empty"
        for name in sorted(_names(function.__code__)):
            if name in function.__globals__:
                yield f"global {name}"
                yield from self.of(function.__globals__[name], first=False)

    def _class(self, kind: type, *, first: bool) -> Iterator[str]:
        if _is_installed(kind):
            if first:
                raise _NoSource
            yield f"named {_name(kind)}"
            return
        yield f"source {_source(kind, first=first)}"
        for name, value in sorted(vars(kind).items()):
            function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            if isinstance(function, FunctionType):
                yield f"method {name}"
                yield from self.of(function, first=False)

    def _instance(self, thing: object) -> Iterator[str]:
        """The fields of an object of one's own: plain ones by value."""
        if isinstance(thing, type):
            yield from self.of(thing, first=False)
            return
        fields = getattr(thing, "__dict__", {})
        for name in sorted(fields):
            yield f"field {name}"
            yield from self.of(fields[name], first=False)

    def _several(self, things: Any) -> Iterator[str]:
        if isinstance(things, Mapping):
            pairs = sorted(things.items(), key=lambda pair: str(pair[0]))
            things = [one for pair in pairs for one in pair]
        elif isinstance(things, set | frozenset):
            things = sorted(things, key=repr)
        yield f"{len(things)} of"
        for one in things:
            yield from self.of(one, first=False)


def _name(thing: object) -> str:
    """module:qualified name; of a partial and of an object that can be called, those of its function or class."""
    while isinstance(thing, functools.partial):
        thing = thing.func
    named = thing if hasattr(thing, "__qualname__") or isinstance(thing, ModuleType) else type(thing)
    qualified = getattr(named, "__qualname__", None) or getattr(named, "__name__", "?")
    return f"{getattr(named, '__module__', None) or 'builtins'}:{qualified}"


def _source(thing: Any, *, first: bool) -> str:
    """The source text. Raises _NoSource for the function itself; others are taken by their code, or by name."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError) as error:
        if first:
            raise _NoSource from error
    code = getattr(thing, "__code__", None)
    return f"code {hashlib.sha256(code.co_code).hexdigest()}" if code is not None else f"named {_name(thing)}"


def _names(code: CodeType) -> set[str]:
    """The names that the code, and the functions inside it, look up."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def _is_installed(thing: object) -> bool:
    """Whether it belongs to Python itself or to an installed package: those are known by their names and versions."""
    name = getattr(thing, "__module__", "") or ""
    if name.partition(".")[0] == "evalkit":  # also where it is a clone of the repository, not in site-packages
        return True
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None:
        return getattr(thing, "__module__", None) in {"builtins", *sys.builtin_module_names}
    return file.startswith(_installed()) or "/site-packages/" in file


@functools.cache
def _installed() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})
