"""lm-eval and datasets, imported without what no task has asked for: seconds before the first request are its price.

    import_lm_eval()                      # raises ModuleNotFoundError, as the import itself would
    with unasked("scipy.io"):             # an import of it fails as on a machine that has not got it
        build(task)

Two packages are looked for by others only because they happen to be installed: `requests` takes `chardet` (0.9 s of
CPU) for replies that name no encoding, and `datasets` takes `scipy.io` (0.6 s) to read MATLAB files from the network.
Both go on without, as they do where the package is absent; whoever imports either afterwards gets it.
"""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from evalkit.errors import SuiteError

_FACTORIES = {"datasets.load": "dataset_module_factory", "evaluate.loading": "evaluation_module_factory"}
"""Module -> its function that finds what a name means: a folder where one stands first, the hub after it."""
_trust = {"from_here": False}
"""Whether the person lets names mean programs and data of the working directory."""


def import_lm_eval() -> None:
    """Everything of lm-eval that a task needs. Raises ModuleNotFoundError where it is not installed."""
    with _uncollected(), unasked("chardet"):
        import datasets
        import lm_eval.tasks  # noqa: F401
    _guard()
    # Both write progress bars and notes of their own between our lines.
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()


@contextmanager
def unasked(*names: str) -> Iterator[None]:
    """Modules that are not loaded yet cannot be imported meanwhile: ModuleNotFoundError, as where they are absent."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is the import system's word for it
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Modules are kept for good: a garbage collector that walks them again and again costs a tenth of the import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def local_programs(*, allowed: bool) -> None:
    """Whether names that lm-eval's tasks load (a metric "rouge", a dataset "org/name") may mean folders of the working
    directory. `evaluate` runs such a folder as a program, and a pull request may have brought it along."""
    _trust["from_here"] = allowed


def _guard() -> None:
    for name in _FACTORIES:
        if (module := sys.modules.get(name)) is not None:
            _guard_module(module)
    if not any(isinstance(finder, _Guarding) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Guarding())


def _guard_module(module: ModuleType) -> None:
    attribute = _FACTORIES[module.__name__]
    found = getattr(module, attribute)
    if not hasattr(found, "__wrapped__"):
        setattr(module, attribute, _refusing_folders(found))


def _refusing_folders(found: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(path: str, *args: Any, **kwargs: Any) -> Any:
        if not _trust["from_here"] and os.path.lexists(path):
            raise SuiteError(
                f"{path!r} is meant by its name on the hub, but it is a file or folder where you stand, and that would "
                "be taken instead. Run evalkit from another folder, or allow it: --allow-suite-code"
            )
        return found(path, *args, **kwargs)

    guarded.__wrapped__ = found  # type: ignore[attr-defined]
    return guarded


class _Guarding(MetaPathFinder):
    """Guards those modules that are imported later: lm-eval's tasks import `evaluate` by themselves."""

    def __init__(self) -> None:
        self._busy = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The usual way to load a module, with the guard put in once it is loaded."""
        if fullname not in _FACTORIES or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._busy = False
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            _guard_module(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
